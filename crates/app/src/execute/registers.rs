//! Commands about registers: writing entries, one or many, and taking them from state to state.

use std::collections::{BTreeMap, BTreeSet};

use rules::command::{Command, Kind};
use rules::evidence::Label;
use rules::id::{self, Id, Pos};
use rules::policy::{Place, Side};
use rules::refusal::{FieldFault, Refusal};
use rules::register::{self, Facts, FieldKind, Linked, Register, Registering, Value, Written, sort_key};
use rules::text::worded;
use store::Conn;
use store::tables::{evidence, party, register as rows};

use super::Doing;
use crate::read::registers::members;
use crate::read::sight::Sight;
use crate::{App, Error};

/// Characters of a note to a step.
const NOTE: usize = 500;
/// Rows that are taken at once.
pub const ROWS: usize = 10_000;

impl App {
    /// A register of the catalogue.
    pub fn register(&self, id: &str) -> Result<&Register, Refusal> {
        self.content.catalog.register(id).ok_or(Refusal::not_found().at("register"))
    }
}

impl Doing<'_, '_> {
    pub(super) fn registers(&mut self, kind: Kind, command: Command) -> Result<(), Error> {
        self.allow(kind, Place::Installation)?;
        match command {
            Command::WriteEntry { register, entry, base, label, fields } => self.write_entry(&register, entry, base, label, fields),
            Command::MoveEntry { entry, base, to, note } => self.move_entry(entry, base, &to, &note),
            Command::ImportEntries { register, rows } => self.import_entries(&register, rows),
            other => unreachable!("{} is executed elsewhere", other.kind().code()),
        }
    }

    fn write_entry(
        &mut self,
        register: &str,
        entry: Option<Id<id::Entry>>,
        base: Pos,
        label: Option<Label>,
        fields: Written,
    ) -> Result<(), Error> {
        let (app, organisation) = (self.app, self.organisation()?);
        let register = app.register(register)?;
        let standing = match entry {
            Some(id) => {
                Some(rows::one(self.tx, organisation, id)?.filter(|s| s.entry.register == register.id).ok_or(Refusal::not_found())?)
            }
            None => None,
        };
        let id = entry.unwrap_or_else(|| self.act.fresh());
        let label = label.or(standing.as_ref().map(|s| s.entry.label)).unwrap_or(register.label);
        let people = people(self.tx, organisation)?;
        let fields = resolve(self.tx, register, organisation, &people, fields)?;
        let facts = self.register_facts(register, organisation, &fields, entry, &BTreeSet::new())?;
        let written =
            register::write(register, standing.as_ref().map(|s| (s, base)), id, label, &fields, &self.writing(organisation, &facts)?)?;
        self.done.made = Some(id.to_string());
        self.keep_entry(written)
    }

    fn keep_entry(&mut self, change: Option<Registering>) -> Result<(), Error> {
        match change {
            Some(change) => self.write(&rules::change::Change::Register(change)).map(drop),
            None => Ok(()),
        }
    }

    fn move_entry(&mut self, entry: Id<id::Entry>, base: Pos, to: &str, note: &str) -> Result<(), Error> {
        let (app, organisation) = (self.app, self.organisation()?);
        let standing = rows::one(self.tx, organisation, entry)?.ok_or(Refusal::not_found())?;
        let register = app.register(&standing.entry.register)?;
        let facts = self.register_facts(register, organisation, &standing.entry.fields, Some(entry), &BTreeSet::new())?;
        let note = if note.trim().is_empty() { String::new() } else { rules::party::line("note", note, NOTE)? };
        let moved = register::step(register, &standing, base, to, &note, &self.writing(organisation, &facts)?)?;
        self.keep_entry(Some(moved))
    }

    /// Every row or none: one bad row tells all bad rows and changes nothing.
    fn import_entries(&mut self, register: &str, all: Vec<Written>) -> Result<(), Error> {
        let (app, organisation) = (self.app, self.organisation()?);
        let register = app.register(register)?;
        if all.is_empty() || all.len() > ROWS {
            let words = worded(format!("1行から{ROWS}行までを一度に登録できます。"), format!("From 1 to {ROWS} rows are taken at once."));
            return Err(Refusal::invalid("rows", words).into());
        }
        let people = people(self.tx, organisation)?;
        let (mut faults, mut taken, mut ready): (Vec<FieldFault>, _, Vec<Registering>) = (vec![], BTreeSet::new(), vec![]);
        for (n, fields) in (1..).zip(all) {
            let fields = resolve(self.tx, register, organisation, &people, fields)?;
            let facts = self.register_facts(register, organisation, &fields, None, &taken)?;
            let id = self.act.fresh();
            match register::write(register, None, id, register.label, &fields, &self.writing(organisation, &facts)?) {
                Ok(written) => {
                    // What an earlier row has, a later one cannot have too.
                    for field in register.fields.iter().filter(|f| f.unique) {
                        let kept = written.iter().filter_map(|w| w.entry().fields.get(&field.id)).flatten();
                        taken.extend(kept.map(|kept| (field.id.clone(), sort_key(kept))));
                    }
                    ready.extend(written);
                }
                Err(refusal) if refusal.faults.is_empty() => return Err(refusal.into()),
                Err(refusal) => faults.extend(refusal.faults.into_iter().map(|fault| FieldFault { row: Some(n), ..fault })),
            }
        }
        if !faults.is_empty() {
            return Err(Refusal::faulty(faults).into());
        }
        ready.into_iter().try_for_each(|change| self.keep_entry(Some(change)))
    }

    fn writing<'f>(&'f self, organisation: Id<id::Organisation>, facts: &'f Facts) -> Result<register::Writing<'f>, Refusal> {
        let by = self.act.actor.person.ok_or(Refusal::forbidden())?;
        Ok(register::Writing { organisation, by, roles: &self.act.actor.roles, at: self.act.at, facts })
    }

    /// What a check has to know: the entries, people and files that the fields name, and values that are taken: by entries
    /// that stand, or under `taken` (field and sort key) by rows before this one.
    pub(super) fn register_facts(
        &mut self,
        register: &Register,
        organisation: Id<id::Organisation>,
        fields: &Written,
        own: Option<Id<id::Entry>>,
        taken: &BTreeSet<(String, String)>,
    ) -> Result<Facts, Error> {
        let mut facts =
            Facts { today: self.act.today(), now: self.act.at, entries: BTreeMap::new(), known: BTreeSet::new(), taken: BTreeSet::new() };
        for field in &register.fields {
            for cell in fields.get(&field.id).into_iter().flatten() {
                let Ok(value) = Value::read(field, cell) else { continue };
                if field.unique {
                    let (kept, of) = (value.to_string(), &field.id);
                    if taken.contains(&(of.clone(), sort_key(&kept))) || rows::taken(self.tx, organisation, &register.id, of, &kept, own)? {
                        facts.taken.insert((of.clone(), kept));
                    }
                }
                match (field.kind, value) {
                    (FieldKind::Entry, Value::Link(link)) => {
                        if let Some(s) = link.parse().ok().map(|id| rows::one(self.tx, organisation, id)).transpose()?.flatten() {
                            facts.entries.insert(link, Linked { register: s.entry.register, state: s.entry.state });
                        }
                    }
                    (FieldKind::Person, Value::Link(link)) => {
                        let held = link.parse().ok().map(|id| party::memberships_of(self.tx, id)).transpose()?.unwrap_or_default();
                        if held.iter().any(|m| m.organisation == organisation) {
                            facts.known.insert(link);
                        }
                    }
                    (FieldKind::Organisation, Value::Link(link)) => {
                        let found = link.parse().ok().map(|id| party::organisation(self.tx, id)).transpose()?.flatten();
                        facts.known.extend(found.map(|_| link));
                    }
                    (FieldKind::File, Value::Link(link)) => {
                        let file = link.parse().ok().map(|id| evidence::one(self.tx, id)).transpose()?.flatten();
                        if let Some(file) = file.filter(|f| f.organisation == organisation)
                            && Sight::of(self.tx, &self.act.actor, Side::Applicant, organisation)?.shows(&file)
                        {
                            facts.known.insert(link);
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(facts)
    }
}

/// Puts ids in place of names, as people and spreadsheets write links: of somebody of the organisation, and of an entry,
/// where exactly one has that name.
pub(super) fn resolve(
    conn: &mut Conn,
    register: &Register,
    organisation: Id<id::Organisation>,
    people: &BTreeMap<String, Option<Id<id::Person>>>,
    mut fields: Written,
) -> Result<Written, Error> {
    for field in &register.fields {
        for cell in fields.get_mut(&field.id).into_iter().flatten() {
            let name = cell.trim();
            let found = match (field.kind, &field.to) {
                (FieldKind::Person, _) => people.get(name).copied().flatten().map(|id| id.to_string()),
                (FieldKind::Entry, Some(to)) if !name.is_empty() && name.parse::<Id<id::Entry>>().is_err() => {
                    rows::named(conn, organisation, to, name)?.map(|id| id.to_string())
                }
                _ => None,
            };
            if let Some(id) = found {
                *cell = id;
            }
        }
    }
    Ok(fields)
}

/// The people of an organisation by name; nobody where two have one name.
pub(super) fn people(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<BTreeMap<String, Option<Id<id::Person>>>, Error> {
    let mut out = BTreeMap::new();
    for person in members(conn, organisation)? {
        out.entry(person.name).and_modify(|one| *one = None).or_insert(Some(person.id));
    }
    Ok(out)
}
