//! What is shown of keeping: rules, what is due and when, holds, erasures with their certificates.

use jiff::civil::Date;
use rules::account::Standing;
use rules::act::{Actor, japan};
use rules::case::State;
use rules::id::{self, Id};
use rules::keeping::{Hold, Matter, Rule, Term, term};
use rules::log::LogQuery;
use rules::party::Role;
use rules::refusal::Refusal;
use rules::text::{Text, worded};
use store::Conn;
use store::tables::evaluation::Whose;
use store::tables::keeping::Erased;
use store::tables::{accounts, evaluation, evidence, keeping as rows, party};

use super::{holds_on, rules_for, starts, told};
use crate::{App, Error};

/// Cases that are looked at in one view.
const MOST: u32 = 1000;

/// Something that ends, or may end, with when it may leave.
#[derive(Debug, Clone)]
pub struct Due {
    pub matter: Matter,
    /// What people call it.
    pub name: Text,
    pub kept: Kept,
    /// The holds that keep it whatever the date.
    pub holds: Vec<Hold>,
}

/// How long it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The last day, where one is known.
    pub last: Option<Date>,
    /// The rule, or why there is no day.
    pub words: Text,
    pub over: bool,
}

#[derive(Debug, Clone)]
pub struct HoldRead {
    pub hold: Hold,
    /// What is held, in the words of people.
    pub name: Text,
    pub by: String,
    pub lifted_by: Option<String>,
}

/// What administrators see of retention, holds and erasures.
#[derive(Debug, Clone)]
pub struct KeepingRead {
    pub today: Date,
    /// The rules of the catalogue, then the organisation's own.
    pub rules: Vec<Rule>,
    pub own: Vec<Rule>,
    /// By day, those without one last.
    pub due: Vec<Due>,
    pub holds: Vec<HoldRead>,
    pub erased: Vec<Erased>,
    /// What a hold can be placed on, as value of a form and name.
    pub matters: Vec<(Matter, Text)>,
}

impl App {
    /// Retention and erasure for the administrators of the actor's organisation.
    pub fn keeping(&self, actor: &Actor) -> Result<KeepingRead, Error> {
        let organisation = actor.organisation.filter(|_| actor.has(Role::Administrator)).ok_or(Refusal::forbidden())?;
        let today = japan(self.clock.now()).date();
        self.store.read(|conn| {
            let known = matters(conn, organisation)?;
            let mut due = vec![];
            for (matter, name) in known.iter().filter(|(m, _)| !matches!(m, Matter::Organisation { .. })) {
                due.push(self.due(conn, matter.clone(), name.clone(), today)?);
            }
            due.sort_by_key(|d| (d.kept.last.is_none(), d.kept.last, d.matter.subject()));
            let name_of =
                |conn: &mut Conn, id| -> Result<String, store::Error> { Ok(party::person(conn, id)?.map(|p| p.name).unwrap_or_default()) };
            let mut holds = vec![];
            for hold in rows::holds(conn, organisation)? {
                let name =
                    known.iter().find(|(m, _)| *m == hold.matter).map_or_else(|| same(hold.matter.subject()), |(_, name)| name.clone());
                let by = name_of(conn, hold.by)?;
                let lifted_by = match &hold.lifted {
                    Some((_, by, _)) => Some(name_of(conn, *by)?),
                    None => None,
                };
                holds.push(HoldRead { hold, name, by, lifted_by });
            }
            let own = rows::rules(conn, organisation)?;
            let erased = rows::erasures(conn, organisation)?;
            Ok(KeepingRead { today, rules: self.keeping.rules.clone(), own, due, holds, erased, matters: known })
        })
    }

    /// What to look for in the own ledger to export all that a hold keeps of it: for a sealed bundle of evidence (item 252).
    pub fn hold_query(&self, actor: &Actor, hold: Id<id::Hold>) -> Result<LogQuery, Error> {
        let organisation = actor.organisation.filter(|_| actor.has(Role::Administrator)).ok_or(Refusal::forbidden())?;
        let known =
            self.store.read(|conn| rows::hold(conn, hold))?.filter(|h| h.organisation == organisation).ok_or(Refusal::not_found())?;
        // A hold on the organisation itself keeps its whole ledger.
        let subject = (!matches!(known.matter, Matter::Organisation { .. })).then(|| known.matter.subject());
        Ok(LogQuery { subject, rising: true, ..LogQuery::default() })
    }

    pub(super) fn due(&self, conn: &mut Conn, matter: Matter, name: Text, today: Date) -> Result<Due, Error> {
        let rules = rules_for(self, conn, &matter)?;
        let starts = starts(conn, &matter, false)?;
        let term = term(&rules, &starts, today);
        let last = if let Term::Until { last, .. } = &term { Some(*last) } else { None };
        let mut words = told(&term);
        let mut over = term.is_over(today);
        if let Matter::Evidence { series } = &matter
            && let Some(case) = store::erase::claiming(conn, *series)?.first()
        {
            over = false;
            words = worded(
                format!("案件 {case} が残っている間は保存します。{}", words.ja),
                format!("Kept while the case {case} is. {}", words.en),
            );
        }
        Ok(Due { holds: holds_on(conn, &matter)?, matter, name, kept: Kept { last, words, over } })
    }
}

/// What an organisation's administrators can hold or let go: ended cases and all documents, closed accounts, and itself.
pub(super) fn matters(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<(Matter, Text)>, Error> {
    let mut out = vec![];
    let mut cases = evaluation::list(conn, Whose::Provider(organisation), None, MOST)?;
    cases.extend(evaluation::list(conn, Whose::Body(organisation), None, MOST)?);
    cases.sort_by_key(|c| std::cmp::Reverse(c.id));
    cases.dedup_by_key(|c| c.id);
    for case in cases {
        let product = party::product(conn, case.product)?.map(|p| p.name).unwrap_or_default();
        let number = case.number.clone().unwrap_or_default();
        let state = State::name(case.state);
        out.push((
            Matter::Case { case: case.id },
            worded(format!("{product} {number}（{}）", state.ja), format!("{product} {number} ({})", state.en)),
        ));
    }
    for document in evidence::newest(conn, organisation)? {
        out.push((Matter::Evidence { series: document.series }, same(document.name)));
    }
    for account in
        accounts::accounts(conn, organisation)?.into_iter().filter(|a| a.standing == Standing::Closed && a.home == Some(organisation))
    {
        if let Some(person) = party::person(conn, account.person)?.filter(|p| p.email != rules::keeping::erased_email(p.id)) {
            out.push((Matter::Person { person: person.id }, same(format!("{} ({})", person.name, person.email))));
        }
    }
    let own = party::organisation(conn, organisation)?.map(|o| o.name).unwrap_or_default();
    out.push((Matter::Organisation { organisation }, same(own)));
    Ok(out)
}

/// What people wrote is the same in every language.
fn same(words: String) -> Text {
    worded(words.clone(), words)
}
