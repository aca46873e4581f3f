//! What registers prove for items: entries and their age, sub-points without any, and a snapshot of them as evidence.

use std::collections::{BTreeMap, BTreeSet};

use documents::rows::rows_csv;
use jiff::Timestamp;
use rules::act::{Actor, japan};
use rules::answer::writable;
use rules::command::Command;
use rules::evidence::{ClaimContent, Label};
use rules::id::{self, Id, ItemNo, PointNo};
use rules::policy::Side;
use rules::refusal::Refusal;
use rules::register::{Entry, Field, Register, Standing};
use rules::text::{Lang, text, worded};
use store::Conn;
use store::tables::register as rows;

use super::case::CaseRead;
use super::registers::{Cursor, Wanted, keeper};
use crate::execute::registers::ROWS;
use crate::register_rows::shown;
use crate::{App, Done, Error};

/// Entries that are read at once.
const PAGE: usize = 500;

/// What one register holds for an item.
#[derive(Debug, Clone)]
pub struct ItemRegister<'a> {
    pub register: &'a Register,
    pub entries: u64,
    /// When the newest version of any entry was written.
    pub newest: Option<Timestamp>,
    /// Sub-points of the item that the register could answer and no entry does.
    pub missing: Vec<PointNo>,
}

/// How an item stands with the registers that can show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proven {
    /// An entry that shows it was written or changed this month.
    ThisMonth,
    /// There are entries, all older.
    Earlier,
    /// A register can show it, and holds nothing for it.
    Nothing,
    /// No register is meant to show it.
    NoRegister,
}

/// When the newest entry was written in a register that shows an item, for the items that are asked for.
pub(crate) fn proofs(
    app: &App,
    conn: &mut Conn,
    organisation: Id<id::Organisation>,
    wanted: impl Fn(ItemNo) -> bool,
) -> Result<BTreeMap<ItemNo, Timestamp>, Error> {
    let mut out: BTreeMap<ItemNo, Timestamp> = BTreeMap::new();
    let held: BTreeSet<String> = rows::counts(conn, organisation)?.into_iter().map(|c| c.register).collect();
    for register in app.content.catalog.registers.iter().filter(|r| held.contains(&r.id)) {
        let newest = rows::list(conn, organisation, &register.id, &Wanted::default(), 1)?;
        let Some(at) = newest.entries.first().map(|s| s.entry.at) else { continue };
        for field in &register.fields {
            let items: BTreeSet<ItemNo> = field.serves.iter().map(|s| s.item).filter(|no| wanted(*no)).collect();
            if items.iter().all(|no| out.get(no).is_some_and(|known| *known >= at)) {
                continue;
            }
            if rows::filled(conn, organisation, &register.id, &field.id)? {
                for no in items {
                    let known = out.entry(no).or_insert(at);
                    *known = at.max(*known);
                }
            }
        }
    }
    Ok(out)
}

impl App {
    /// What the registers of the actor's organisation hold for an item, and which sub-points have nothing.
    pub fn item_registers(&self, actor: &Actor, item: ItemNo) -> Result<Vec<ItemRegister<'_>>, Error> {
        let Ok(organisation) = keeper(actor) else { return Ok(vec![]) };
        self.store.read(|conn| {
            let mut out = vec![];
            let counts = rows::counts(conn, organisation)?;
            for register in self.content.catalog.registers.iter().filter(|r| r.is_for(item)) {
                let newest = rows::list(conn, organisation, &register.id, &Wanted::default(), 1)?;
                let entries = counts.iter().filter(|c| c.register == register.id).map(|c| c.entries).sum();
                let mut answered: BTreeMap<PointNo, bool> = BTreeMap::new();
                for field in &register.fields {
                    for served in field.serves.iter().filter(|s| s.item == item) {
                        let filled = entries > 0 && rows::filled(conn, organisation, &register.id, &field.id)?;
                        *answered.entry(served.point).or_default() |= filled;
                    }
                }
                let missing = answered.into_iter().filter(|(_, filled)| !filled).map(|(point, _)| point).collect();
                let newest = newest.entries.first().map(|s| s.entry.at);
                out.push(ItemRegister { register, entries, newest, missing });
            }
            Ok(out)
        })
    }

    /// How each item of a case stands with the registers of its applicant; nobody has to open the sheet for it.
    pub fn proven(&self, actor: &Actor, case: Id<id::Case>) -> Result<(CaseRead, Vec<Proven>), Error> {
        let read = self.case(actor, case, Some(Side::Applicant))?;
        let organisation = keeper(actor)?;
        let month = |at: Timestamp| {
            let day = japan(at).date();
            (day.year(), day.month())
        };
        let now = month(self.clock.now());
        let newest = self.store.read(|conn| proofs(self, conn, organisation, |_| true))?;
        let proven = read.sheet.items.iter().map(|item| match newest.get(&item.no) {
            Some(at) if month(*at) == now => Proven::ThisMonth,
            Some(_) => Proven::Earlier,
            None if self.content.catalog.registers.iter().any(|r| r.is_for(item.no)) => Proven::Nothing,
            None => Proven::NoRegister,
        });
        let proven = proven.collect();
        Ok((read, proven))
    }

    /// Keeps the entries that show an item as a document of the evidence, and claims it for the item and its sub-points, and
    /// for related items that the same register shows, as far as the actor may change them. Judging it stays with people.
    pub fn snapshot_register(&self, actor: &Actor, case: Id<id::Case>, no: ItemNo, register: &str) -> Result<Done, Error> {
        let read = self.item(actor, case, Some(Side::Applicant), no)?;
        let facts = &read.case.facts;
        rules::policy::may(rules::command::Kind::MakeClaims, actor, rules::policy::Place::Case(facts))?;
        writable(facts, no)?;
        let register = self.register(register)?;
        if !register.is_for(no) {
            return Err(Refusal::not_found().at("register").into());
        }
        let item = read.case.sheet.item(no).ok_or(Refusal::not_found())?;
        let own = |no: &ItemNo| {
            let works = read.case.item(*no).is_some_and(|(_, f)| f.work.owner.is_some_and(|owner| actor.is(owner)));
            (actor.has(rules::party::Role::Officer) || works) && writable(facts, *no).is_ok()
        };
        let shared = item.related.iter().filter(|other| **other != no && own(other) && register.is_for(**other));
        let items: Vec<ItemNo> = [no].into_iter().chain(shared.copied()).collect();
        let (entries, rows) = self.entries_for(actor, register, &items)?;
        let today = japan(self.clock.now()).date();
        let of = format!("{}_項目{no}", register.name.ja);
        let name = format!("{of}_{today}.csv");
        // Versions of one snapshot are versions of one document.
        let before = read.library.iter().find(|e| e.name.starts_with(&format!("{of}_")) && e.name.ends_with(".csv"));
        let label = entries.iter().map(|e| e.label).max().unwrap_or(Label::Confidential);
        let whose = actor.organisation.ok_or(Refusal::forbidden())?;
        let file = self.take_file(actor, whose, &name, rows_csv(&rows).as_slice())?;
        let place = worded(format!("{}（{}件）", register.name.ja, entries.len()), String::new()).ja.into_owned();
        let old: Vec<(ItemNo, Id<id::Claim>)> = before.map_or_else(Vec::new, |before| {
            let of_series = |id: &Id<id::Evidence>| read.case.evidence.get(id).is_some_and(|e| e.series == before.series);
            let here = items.iter().filter_map(|no| read.case.item(*no));
            here.flat_map(|(item, f)| f.claims.iter().filter(|c| c.evidence.as_ref().is_some_and(of_series)).map(move |c| (item.no, c.id)))
                .collect()
        });
        let add = Command::AddEvidence { file, label, valid_until: None, series: before.map(|b| b.series) };
        self.execute_with(actor, add, |made| {
            let evidence = Some(made.parse().map_err(|_| Refusal::not_found())?);
            let mut rest: Vec<Command> =
                old.iter().map(|(item, claim)| Command::WithdrawClaim { case, item: *item, claim: *claim }).collect();
            for no in &items {
                let mut points = register.points_answered(*no, entries.iter());
                let known = |point: &PointNo| read.case.sheet.item(*no).is_some_and(|item| item.has_point(*point));
                points.retain(known);
                if points.is_empty() {
                    continue;
                }
                for point in points {
                    let content = ClaimContent { point, evidence, page: None, place: place.clone(), ..ClaimContent::default() };
                    rest.push(Command::MakeClaims { case, items: vec![*no], content });
                }
            }
            Ok(rest)
        })
    }

    /// The entries of a register that answer one of these items, and the rows of their snapshot: what names an entry, what
    /// answers the items, where it stands, and which version it is.
    fn entries_for(&self, actor: &Actor, register: &Register, items: &[ItemNo]) -> Result<(Vec<Entry>, Vec<Vec<String>>), Error> {
        let lang = Lang::Ja;
        let wanted: BTreeSet<&str> = items.iter().flat_map(|no| register.fields_for(*no)).map(|f| f.id.as_str()).collect();
        let fields: Vec<&Field> =
            register.fields.iter().filter(|f| wanted.contains(f.id.as_str()) || register.title.contains(&f.id)).collect();
        let more =
            [text("状態", "State"), text("版", "Version"), text("記録日時", "Written at"), text("台帳の位置", "Position in the ledger")];
        let heading = fields.iter().map(|f| f.name.get(lang)).chain(more.iter().map(|t| t.get(lang))).map(str::to_owned).collect();
        let (mut entries, mut rows) = (vec![], vec![heading]);
        let mut page = Wanted::default();
        loop {
            let read = self.entries(actor, &register.id, &page, PAGE)?;
            for Standing { entry, pos, .. } in read.listed.entries {
                if !items.iter().any(|no| register.answers(*no, &entry)) {
                    continue;
                }
                let mut row: Vec<String> = fields.iter().map(|field| shown(field, &entry.fields, &read.names, lang)).collect();
                row.push(register.state(&entry.state).map_or_else(|| entry.state.clone(), |s| s.name.get(lang).to_owned()));
                row.extend([entry.version.to_string(), japan(entry.at).strftime("%Y-%m-%d %H:%M:%S").to_string(), pos.0.to_string()]);
                rows.push(row);
                entries.push(entry);
            }
            match read.listed.next {
                Some(next @ Cursor::Pos { .. }) if entries.len() < ROWS => page.after = Some(next),
                _ => break,
            }
        }
        if entries.is_empty() {
            let words =
                text("この項目に答える記録がまだありません。記録を追加してください。", "No entry answers this item yet; add one first.");
            return Err(Refusal::invalid("register", words).into());
        }
        Ok((entries, rows))
    }
}
