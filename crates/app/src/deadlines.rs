//! Deadlines as they stand: gathered from registers, items, evidence and certificates, and shown to one actor.

mod tell;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use rules::act::{Actor, japan};
use rules::case::State;
use rules::deadline::{self, About, Duty, Feed, Urgency};
use rules::id::{self, Id, ItemNo};
use rules::party::{Person, Role};
use rules::policy::{KEEPERS, Side};
use rules::refusal::Refusal;
use rules::register::{Due, Entry, Register};
use rules::text::{Text, worded};
use store::Conn;
use store::tables::evaluation::{self, Whose};
use store::tables::register::{self as registers, Wanted};
use store::tables::{accounts, deadline as rows, evidence, party};

use crate::read::register_proof::proofs;
use crate::read::registers::title;
use crate::read::sight::Sight;
use crate::{App, Error};

/// The kind of secret that opens a calendar; the owner is the feed.
pub(crate) const FEED: &str = "feed";
/// The most urgent entries that are looked at for each field of a register, and for its review.
const EACH: usize = 500;
/// Entries among which a newer one is looked for.
const NEWER: usize = 1000;
/// Cases whose items count.
const CASES: u32 = 50;
/// Days for which what was done is shown.
const DONE_DAYS: i64 = 30;

/// A duty that stands, and what it is about by name.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub duty: Duty,
    pub title: Text,
    /// Somebody said that it is not needed.
    pub waived: Option<rows::Waived>,
}

/// Every duty of an organisation up to [`deadline::AHEAD`] days ahead, the earliest first.
///
/// They are made from what stands at this moment and kept nowhere: docs/decisions/0027.
pub(crate) fn gather(app: &App, conn: &mut Conn, organisation: Id<id::Organisation>, today: Date) -> Result<Vec<Found>, Error> {
    let until = today.checked_add(deadline::AHEAD.days()).unwrap_or(Date::MAX);
    let mut out: Vec<(Duty, Text)> = vec![];
    let held: BTreeSet<String> = registers::counts(conn, organisation)?.into_iter().map(|c| c.register).collect();
    for register in app.content.catalog.registers.iter().filter(|r| held.contains(&r.id)) {
        of_register(conn, register, organisation, until, &mut out)?;
    }
    of_cases(app, conn, organisation, &mut out)?;
    for file in evidence::expiring(conn, organisation, until)? {
        let name = worded(file.name.clone(), file.name.clone());
        let items = rows::shown_by(conn, file.series)?;
        out.extend(deadline::of_evidence(&file, items).map(|duty| (duty, name)));
    }
    let mut waived = rows::waived(conn, organisation)?;
    out.retain(|(duty, _)| duty.due <= until);
    out.sort_by(|(a, _), (b, _)| (a.due, &a.key).cmp(&(b.due, &b.key)));
    Ok(out.into_iter().map(|(duty, title)| Found { waived: waived.remove(&duty.key), duty, title }).collect())
}

fn states<'r>(register: &'r Register, due: &'r Due) -> impl Iterator<Item = &'r str> {
    let stands = |s: &&rules::register::State| if due.again.is_empty() { s.open } else { !due.dropped.contains(&s.id) };
    register.states.iter().filter(stands).map(|s| s.id.as_str())
}

fn of_register(
    conn: &mut Conn,
    register: &Register,
    organisation: Id<id::Organisation>,
    until: Date,
    out: &mut Vec<(Duty, Text)>,
) -> Result<(), Error> {
    let mut entries: BTreeMap<Id<id::Entry>, Entry> = BTreeMap::new();
    let dues = || register.fields.iter().filter_map(|f| Some((f, f.due.as_ref()?)));
    for (field, due) in dues() {
        // What is due some days after the field's day has the same bound: the day itself has come before.
        let found = registers::due(conn, organisation, &register.id, &field.id, states(register, due), until, EACH)?;
        entries.extend(found.into_iter().map(|e| (e.id, e)));
    }
    if register.review_months.is_some() {
        let open = register.states.iter().filter(|s| s.open).map(|s| s.id.as_str());
        let found = registers::longest_untouched(conn, organisation, &register.id, open, EACH)?;
        entries.extend(found.into_iter().map(|e| (e.id, e)));
    }
    let newest = newest_of_each(conn, register, organisation)?;
    for entry in entries.values() {
        let is_newest = |due: &Due| newest.get(&same(due, entry)).is_none_or(|id| *id <= entry.id);
        let name = title(register, entry);
        let name = worded(format!("{}: {name}", register.name.ja), format!("{}: {name}", register.name.en));
        out.extend(deadline::of_entry(register, entry, is_newest).into_iter().map(|duty| (duty, name.clone())));
    }
    Ok(())
}

/// What two entries have in common of which one takes over the duty of the other.
type Same = Vec<(String, Vec<String>)>;

fn same(due: &Due, entry: &Entry) -> Same {
    due.again.iter().map(|id| (id.clone(), entry.fields.get(id).cloned().unwrap_or_default())).collect()
}

/// The entry that was made last among those that have the same; ids rise with time.
fn newest_of_each(
    conn: &mut Conn,
    register: &Register,
    organisation: Id<id::Organisation>,
) -> Result<BTreeMap<Same, Id<id::Entry>>, Error> {
    let mut out = BTreeMap::new();
    let again: Vec<&Due> = register.fields.iter().filter_map(|f| f.due.as_ref()).filter(|due| !due.again.is_empty()).collect();
    if again.is_empty() {
        return Ok(out);
    }
    for standing in registers::list(conn, organisation, &register.id, &Wanted::default(), NEWER)?.entries {
        for due in again.iter().filter(|due| !due.dropped.contains(&standing.entry.state)) {
            let newest = out.entry(same(due, &standing.entry)).or_insert(standing.entry.id);
            *newest = standing.entry.id.max(*newest);
        }
    }
    Ok(out)
}

/// Items that recur, and certificates, of the provider's cases that are not over.
fn of_cases(app: &App, conn: &mut Conn, organisation: Id<id::Organisation>, out: &mut Vec<(Duty, Text)>) -> Result<(), Error> {
    let over = |state| matches!(state, State::Refused | State::Renewed | State::Expired | State::Withdrawn);
    let mut proven = None;
    for case in evaluation::list(conn, Whose::Provider(organisation), None, CASES)?.into_iter().filter(|c| !over(c.state)) {
        let sheet = app.content.sheet(&app.store, &case.sheet)?;
        let product = party::product(conn, case.product)?.map(|p| p.name).unwrap_or_default();
        let (owners, claimed) = (rows::owners(conn, case.id)?, rows::claimed(conn, case.id)?);
        if proven.is_none() {
            proven = Some(proofs(app, conn, organisation, |no| sheet.item(no).is_some_and(|item| item.recurring))?);
        }
        for item in sheet.items.iter().filter(|item| item.recurring) {
            let written = proven.as_ref().and_then(|p| p.get(&item.no)).copied();
            let last = [written, claimed.get(&item.no).copied()].into_iter().flatten().max();
            let Some(duty) = deadline::of_item(&case, item, last.map(|at| japan(at).date()), owners.get(&item.no).copied()) else {
                continue;
            };
            let name =
                worded(format!("{product}: 項目{} {}", item.no, item.title.ja), format!("{product}: item {}, {}", item.no, item.title.en));
            out.push((duty, name));
        }
        if case.state.is_certified()
            && let Some(certificate) = evaluation::facts(conn, case.id)?.and_then(|facts| facts.certificate)
        {
            out.extend(deadline::of_certificate(&certificate).map(|duty| (duty, worded(product.clone(), product.clone()))));
        }
    }
    Ok(())
}

/// A duty as one actor sees it.
#[derive(Debug, Clone)]
pub struct Task {
    pub duty: Duty,
    pub title: Text,
    pub urgency: Urgency,
    /// The name of whoever answers for it; empty where it is the officers.
    pub who: String,
    /// The actor answers for it.
    pub mine: bool,
}

/// A duty that is done, or is not needed.
#[derive(Debug, Clone)]
pub struct DoneTask {
    pub duty: Duty,
    pub title: Text,
    pub by: String,
    pub at: Timestamp,
    /// Why it is not needed; nothing where a new version did it.
    pub reason: Option<String>,
}

/// The deadlines of the actor's organisation.
#[derive(Debug, Clone)]
pub struct TasksRead {
    pub today: Date,
    /// The earliest first.
    pub tasks: Vec<Task>,
    /// Of the last 30 days, the newest first.
    pub done: Vec<DoneTask>,
    pub feeds: Vec<Feed>,
}

fn is_keeper(actor: &Actor) -> bool {
    KEEPERS.iter().any(|role| actor.has(*role))
}

fn works_on_cases(actor: &Actor) -> bool {
    actor.has(Role::Officer) || actor.has(Role::Colleague)
}

/// Whether the actor may know of it: entries are every keeper's, the others are of the applicant's side.
fn sees(conn: &mut Conn, actor: &Actor, sight: Option<&Sight>, duty: &Duty) -> Result<bool, Error> {
    Ok(match &duty.about {
        About::Entry { .. } => true,
        About::Item { .. } | About::Certificate { .. } => works_on_cases(actor),
        About::Evidence { evidence: file } => match sight.filter(|_| works_on_cases(actor)) {
            Some(sight) => evidence::one(conn, *file)?.is_some_and(|file| sight.shows(&file)),
            None => false,
        },
    })
}

fn name_of(conn: &mut Conn, person: &str) -> Result<String, Error> {
    let known = person.parse().ok().map(|id| party::person(conn, id)).transpose()?.flatten();
    Ok(known.map_or_else(|| person.to_owned(), |p| p.name))
}

impl App {
    /// The duties that stand, as far as the actor may know of them.
    fn standing(&self, conn: &mut Conn, actor: &Actor) -> Result<(Vec<Task>, Vec<DoneTask>), Error> {
        let organisation = actor.organisation.filter(|_| is_keeper(actor)).ok_or(Refusal::forbidden())?;
        let today = japan(self.clock.now()).date();
        let sight = if works_on_cases(actor) { Some(Sight::of(conn, actor, Side::Applicant, organisation)?) } else { None };
        let (mut tasks, mut done) = (vec![], vec![]);
        for Found { duty, title, waived } in gather(self, conn, organisation, today)? {
            if !sees(conn, actor, sight.as_ref(), &duty)? {
                continue;
            }
            if let Some(waived) = waived {
                let by = name_of(conn, &waived.by.to_string())?;
                done.push(DoneTask { duty, title, by, at: waived.at, reason: Some(waived.reason) });
                continue;
            }
            let who = duty.person.as_deref().map(|person| name_of(conn, person)).transpose()?.unwrap_or_default();
            let mine = match duty.responsible() {
                Some(person) => actor.is(person),
                None => duty.person.is_none() && actor.has(Role::Officer),
            };
            tasks.push(Task { urgency: duty.urgency(today), duty, title, who, mine });
        }
        Ok((tasks, done))
    }

    /// The deadlines of the actor's organisation, what was done lately, and the actor's calendars.
    pub fn tasks(&self, actor: &Actor) -> Result<TasksRead, Error> {
        let now = self.clock.now();
        let since = now - SignedDuration::from_hours(24 * DONE_DAYS);
        self.store.read(|conn| {
            let (tasks, mut done) = self.standing(conn, actor)?;
            let (Some(organisation), Some(person)) = (actor.organisation, actor.person) else { return Err(Refusal::forbidden().into()) };
            for (old, new) in registers::replaced(conn, organisation, since, EACH)? {
                let Some(register) = self.content.catalog.register(&old.register) else { continue };
                // Whether a newer entry took over is another entry's doing.
                let before = deadline::of_entry(register, &old, |_| true);
                let after = deadline::of_entry(register, &new, |_| true);
                let name = title(register, &new);
                for duty in deadline::finished(before, &after) {
                    let title = worded(format!("{}: {name}", register.name.ja), format!("{}: {name}", register.name.en));
                    done.push(DoneTask { duty, title, by: name_of(conn, &new.by.to_string())?, at: new.at, reason: None });
                }
            }
            done.sort_by_key(|d| std::cmp::Reverse(d.at));
            let feeds = rows::feeds(conn, organisation, person)?;
            Ok(TasksRead { today: japan(now).date(), tasks, done, feeds })
        })
    }

    /// The actor's own duties that are due or overdue.
    pub fn own_tasks(&self, actor: &Actor) -> Result<Vec<Task>, Error> {
        if !is_keeper(actor) {
            return Ok(vec![]);
        }
        let (mut tasks, _) = self.store.read(|conn| self.standing(conn, actor))?;
        tasks.retain(|t| t.mine && t.urgency != Urgency::Upcoming);
        Ok(tasks)
    }

    /// Items of the actor's organisation for which something is overdue: they need attention.
    pub fn overdue_items(&self, actor: &Actor) -> Result<BTreeMap<ItemNo, Vec<Task>>, Error> {
        let mut out: BTreeMap<ItemNo, Vec<Task>> = BTreeMap::new();
        if !is_keeper(actor) {
            return Ok(out);
        }
        let (tasks, _) = self.store.read(|conn| self.standing(conn, actor))?;
        for task in tasks.into_iter().filter(|t| t.urgency == Urgency::Overdue) {
            for item in &task.duty.items {
                out.entry(*item).or_default().push(task.clone());
            }
        }
        Ok(out)
    }

    /// Whose calendar an address opens, with the duties in it; nothing where it was revoked or the person may not see them any more.
    pub(crate) fn fed(&self, secret: &str) -> Result<Option<(Person, Vec<Task>)>, Error> {
        let digest = identity::digest(secret).to_string();
        let today = japan(self.clock.now()).date();
        self.store.read(|conn| {
            let Some(id) = conn.secret_owner(FEED, &digest)?.and_then(|o| o.parse::<Id<id::Feed>>().ok()) else { return Ok(None) };
            let Some(feed) = rows::feed(conn, id)? else { return Ok(None) };
            if !accounts::account(conn, feed.person)?.is_some_and(|a| a.is_open(today)) {
                return Ok(None);
            }
            let memberships = party::memberships_of(conn, feed.person)?;
            let Some(current) = memberships.iter().find(|m| m.organisation == feed.organisation) else { return Ok(None) };
            let means = rules::act::Means::System;
            let actor = crate::sign_in::sessions::actor_of(current, &memberships, means, "");
            let all = actor.has(Role::Officer) || actor.has(Role::Administrator);
            if !is_keeper(&actor) || (feed.whole && !all) {
                return Ok(None);
            }
            let Some(person) = party::person(conn, feed.person)? else { return Ok(None) };
            let (mut tasks, _) = self.standing(conn, &actor)?;
            tasks.retain(|t| feed.whole || t.mine);
            Ok(Some((person, tasks)))
        })
    }
}
