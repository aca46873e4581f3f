//! What somebody sees first: their cases, their items, what expires; and the secretariat's board.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rules::act::Actor;
use rules::answer::Status;
use rules::case::{Case, State};
use rules::change::Change;
use rules::evidence::Evidence;
use rules::id::{self, Id, ItemNo};
use rules::party::Role;
use rules::policy::{self, Side};
use rules::text::Text;
use store::Conn;
use store::tables::evaluation::{self, Whose};
use store::tables::{evidence, items, party};

use crate::{App, Error};

/// How many cases a list page shows.
pub const PAGE: u32 = 50;
/// Days ahead that count as "expires soon".
pub const SOON: i32 = 60;

/// A case in a list.
#[derive(Debug, Clone)]
pub struct CaseRow {
    pub case: Case,
    pub provider: String,
    pub body: String,
    pub product: String,
    /// From which side the list shows it.
    pub side: Side,
}

impl CaseRow {
    /// It is this side's turn to do something.
    pub fn is_our_turn(&self) -> bool {
        policy::turn(self.case.state) == Some(self.side)
    }
}

/// An item somebody has to make ready.
#[derive(Debug, Clone)]
pub struct Task {
    pub case: Id<id::Case>,
    pub product: String,
    pub item: ItemNo,
    pub title: Text,
    pub due: Option<Date>,
    pub status: Status,
    pub overdue: bool,
}

/// The first page of a person.
#[derive(Debug, Clone)]
pub struct Home {
    pub cases: Vec<CaseRow>,
    pub tasks: Vec<Task>,
    /// Documents that expired or will soon.
    pub expiring: Vec<Evidence>,
    pub today: Date,
}

/// How far one case is, among the others of the organisation.
#[derive(Debug, Clone)]
pub struct Overview {
    pub row: CaseRow,
    pub sheet: std::sync::Arc<rules::sheet::Sheet>,
    pub progress: rules::progress::Progress,
}

/// The secretariat's cases by state.
#[derive(Debug, Clone)]
pub struct Board {
    pub columns: Vec<(State, Vec<CaseRow>)>,
    pub today: Date,
}

fn whose(actor: &Actor) -> Vec<(Whose, Side)> {
    let (Some(organisation), Some(person)) = (actor.organisation, actor.person) else { return vec![] };
    let mut out = vec![];
    if actor.has(Role::Officer) || actor.has(Role::Colleague) {
        out.push((Whose::Provider(organisation), Side::Applicant));
    }
    if actor.has(Role::Secretariat) || actor.has(Role::Decider) {
        out.push((Whose::Body(organisation), Side::Body));
    } else if actor.has(Role::Evaluator) {
        out.push((Whose::Evaluator { person, body: organisation }, Side::Body));
    }
    if actor.has(Role::InstitutionOfficer) {
        out.push((Whose::Institution(organisation), Side::Institution));
    }
    out
}

fn rows(conn: &mut Conn, actor: &Actor, before: Option<Id<id::Case>>, limit: u32) -> Result<Vec<CaseRow>, Error> {
    rows_of(conn, actor, &whose(actor), before, limit)
}

fn rows_of(
    conn: &mut Conn,
    actor: &Actor,
    whose: &[(Whose, Side)],
    before: Option<Id<id::Case>>,
    limit: u32,
) -> Result<Vec<CaseRow>, Error> {
    let mut names: BTreeMap<Id<id::Organisation>, String> = BTreeMap::new();
    let mut out = vec![];
    for (whose, side) in whose.iter().copied() {
        for case in evaluation::list(conn, whose, before, limit)? {
            // As `policy::sides`: nobody judges their own organisation, unless it evaluates itself.
            if side == Side::Body && !case.is_self_evaluation() && actor.belongs_to.contains(&case.provider) {
                continue;
            }
            for id in [case.provider, case.body] {
                if let (false, Some(o)) = (names.contains_key(&id), party::organisation(conn, id)?) {
                    names.insert(id, o.name);
                }
            }
            let name = |id| names.get(&id).cloned().unwrap_or_default();
            let product = party::product(conn, case.product)?.map(|p| p.name).unwrap_or_default();
            out.push(CaseRow { provider: name(case.provider), body: name(case.body), product, side, case });
        }
    }
    out.sort_by_key(|row| std::cmp::Reverse(row.case.id));
    Ok(out)
}

impl App {
    /// The cases the actor may see, the newest first; `before` continues the list.
    pub fn cases(&self, actor: &Actor, before: Option<Id<id::Case>>) -> Result<Vec<CaseRow>, Error> {
        self.store.read(|conn| {
            let mut found = rows(conn, actor, before, PAGE)?;
            found.truncate(PAGE as usize);
            Ok(found)
        })
    }

    /// Cases of organisations that the actor may look at by an approved request, read only, the newest first. That they were
    /// listed stands in the ledger of those whose cases they are, before they are shown (item 18).
    pub fn viewed_cases(&self, actor: &Actor) -> Result<Vec<CaseRow>, Error> {
        let mut out: Vec<CaseRow> = vec![];
        for (tenant, _) in &actor.grants.views {
            let act = self.act(Actor { organisation: Some(*tenant), ..actor.clone() })?;
            let change = Change::PageOpened { page: "/cases".into(), tenant: Some(*tenant) };
            self.store.write(|tx| -> Result<(), Error> { Ok(tx.enact(&act, &change, identity::random()?).map(drop)?) })?;
            let sides = [(Whose::Provider(*tenant), Side::Applicant), (Whose::Body(*tenant), Side::Body)];
            for row in self.store.read(|conn| rows_of(conn, actor, &sides, None, PAGE))? {
                // Two approvals may lead to the same case, and to the same side of it.
                if !out.iter().any(|known| known.case.id == row.case.id && known.side == row.side) {
                    out.push(row);
                }
            }
        }
        Ok(out)
    }

    /// The first page.
    pub fn home(&self, actor: &Actor) -> Result<Home, Error> {
        let today = rules::act::japan(self.clock.now()).date();
        self.store.read(|conn| {
            let mut cases = rows(conn, actor, None, 12)?;
            cases.sort_by_key(|c| (!c.is_our_turn(), c.case.due.is_none(), c.case.due, std::cmp::Reverse(c.case.id)));
            let (mut tasks, mut expiring) = (vec![], vec![]);
            if let (Some(person), Some(organisation)) = (actor.person, actor.organisation)
                && (actor.has(Role::Officer) || actor.has(Role::Colleague))
            {
                for owned in items::owned(conn, person, organisation, 100)? {
                    let Some(facts) = evaluation::facts(conn, owned.case)? else { continue };
                    let sheet = self.content.sheet(&self.store, &facts.case.sheet)?;
                    let product = party::product(conn, facts.case.product)?.map(|p| p.name).unwrap_or_default();
                    let Some(item) = sheet.item(owned.item) else { continue };
                    let overdue = owned.due.is_some_and(|d| d < today);
                    tasks.push(Task {
                        case: owned.case,
                        product,
                        item: owned.item,
                        title: item.title.clone(),
                        due: owned.due,
                        status: owned.status,
                        overdue,
                    });
                }
                let soon = today.checked_add(jiff::ToSpan::days(SOON)).unwrap_or(today);
                let sight = super::sight::Sight::of(conn, actor, Side::Applicant, organisation)?;
                expiring = evidence::expiring(conn, organisation, soon)?.into_iter().filter(|e| sight.shows(e)).collect();
            }
            Ok(Home { cases, tasks, expiring, today })
        })
    }

    /// Progress of the cases that are under way, the newest first, 20 at most.
    pub fn overview(&self, actor: &Actor) -> Result<Vec<Overview>, Error> {
        self.store.read(|conn| {
            let running = rows(conn, actor, None, PAGE)?.into_iter().filter(|r| policy::turn(r.case.state).is_some()).take(20);
            running
                .map(|row| {
                    let (read, _) = super::case::load(self, conn, actor, row.case.id, Some(row.side))?;
                    Ok(Overview { progress: read.progress(), sheet: read.sheet, row })
                })
                .collect()
        })
    }

    /// The board of a body's cases by state, 500 cases at most.
    pub fn board(&self, actor: &Actor) -> Result<Board, Error> {
        if !actor.has(Role::Secretariat) && !actor.has(Role::Decider) {
            return Err(rules::refusal::Refusal::forbidden().into());
        }
        let all: Vec<CaseRow> =
            self.store.read(|conn| rows(conn, actor, None, 500))?.into_iter().filter(|r| r.side == Side::Body).collect();
        let columns = State::ALL
            .into_iter()
            .filter(|s| *s != State::Draft)
            .map(|s| (s, all.iter().filter(|r| r.case.state == s).cloned().collect()))
            .collect();
        Ok(Board { columns, today: rules::act::japan(self.clock.now()).date() })
    }
}
