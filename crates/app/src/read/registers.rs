//! Registers as their keepers read them: how many entries, lists, and one entry with its history.

use std::collections::BTreeMap;

use rules::act::{Actor, japan};
use rules::id::{self, Id};
use rules::party::Person;
use rules::policy::{KEEPERS, Side};
use rules::refusal::Refusal;
use rules::register::{Entry, Facts, Fault, Field, FieldKind, Move, Register, Standing, Written, check};
use store::Conn;
use store::tables::register as rows;
pub use store::tables::register::{Cursor, Listed, Version, Wanted};
use store::tables::{accounts, evidence, party};

use super::sight::Sight;
use crate::{App, Error};

/// Entries offered for a link, the newest first.
const OFFERED: usize = 200;

/// One register of an organisation.
#[derive(Debug, Clone)]
pub struct RegisterRow<'a> {
    pub register: &'a Register,
    pub entries: u64,
    /// With which something is left to do.
    pub open: u64,
}

/// Names by id: of people, organisations, files and entries that fields link to.
pub type Names = BTreeMap<String, String>;

/// A page of a register.
#[derive(Debug, Clone)]
pub struct ListRead<'a> {
    pub register: &'a Register,
    pub listed: Listed,
    pub names: Names,
}

/// One entry with everything around it.
#[derive(Debug, Clone)]
pub struct EntryRead<'a> {
    pub register: &'a Register,
    pub standing: Standing,
    /// The newest first.
    pub history: Vec<Version>,
    /// What no longer holds, or ran out.
    pub attention: Vec<Fault>,
    /// What the reader may do with it now.
    pub moves: Vec<&'a Move>,
    /// Entries that link to it: the register, the field, and them.
    pub linking: Vec<(&'a Register, &'a Field, Vec<Standing>)>,
    pub names: Names,
}

/// Everybody with an account in the organisation.
pub(crate) fn members(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<Person>, Error> {
    let mut out = vec![];
    for account in accounts::accounts(conn, organisation)? {
        out.extend(party::person(conn, account.person)?);
    }
    Ok(out)
}

pub(crate) fn keeper(actor: &Actor) -> Result<Id<id::Organisation>, Refusal> {
    actor.organisation.filter(|_| KEEPERS.iter().any(|role| actor.has(*role))).ok_or(Refusal::forbidden())
}

/// What an entry is called: the fields that its register names. Choices and links have names of their own, elsewhere.
pub fn title(register: &Register, entry: &Entry) -> String {
    let named = register.title.iter().filter_map(|id| register.field(id));
    let worded = named.filter(|f| !matches!(f.kind, FieldKind::Choice | FieldKind::Entry | FieldKind::File | FieldKind::YesNo));
    let mut words: Vec<String> = vec![];
    for field in worded {
        for kept in entry.fields.get(&field.id).into_iter().flatten() {
            words.extend(match field.kind {
                FieldKind::Moment => kept.parse().ok().map(|at| japan(at).strftime("%Y-%m-%d %H:%M").to_string()),
                FieldKind::Person if kept.parse::<Id<id::Person>>().is_ok() => None,
                FieldKind::Organisation if kept.parse::<Id<id::Organisation>>().is_ok() => None,
                _ => Some(kept.clone()),
            });
        }
    }
    if words.is_empty() { entry.id.to_string() } else { words.join(" ") }
}

impl App {
    /// Every register, in the order of the vocabulary, with its counts.
    pub fn registers(&self, actor: &Actor) -> Result<Vec<RegisterRow<'_>>, Error> {
        let organisation = keeper(actor)?;
        let counts = self.store.read(|conn| rows::counts(conn, organisation))?;
        let known = &self.content.catalog;
        let in_order = known.vocabulary.registers.iter().filter_map(|term| known.register(&term.id));
        Ok(in_order
            .map(|register| {
                let own = || counts.iter().filter(|c| c.register == register.id);
                let open = own().filter(|c| register.state(&c.state).is_some_and(|s| s.open)).map(|c| c.entries).sum();
                RegisterRow { register, entries: own().map(|c| c.entries).sum(), open }
            })
            .collect())
    }

    /// A page of a register of the actor's organisation.
    pub fn entries(&self, actor: &Actor, register: &str, wanted: &Wanted, limit: usize) -> Result<ListRead<'_>, Error> {
        let organisation = keeper(actor)?;
        let register = self.register(register)?;
        self.store.read(|conn| {
            let listed = rows::list(conn, organisation, &register.id, wanted, limit)?;
            let names = self.names(conn, actor, organisation, register, listed.entries.iter().map(|s| &s.entry))?;
            Ok(ListRead { register, listed, names })
        })
    }

    /// One entry of the actor's organisation.
    pub fn entry(&self, actor: &Actor, id: Id<id::Entry>) -> Result<EntryRead<'_>, Error> {
        let organisation = keeper(actor)?;
        let now = self.clock.now();
        self.store.read(|conn| {
            let standing = rows::one(conn, organisation, id)?.ok_or(Refusal::not_found())?;
            let register = self.register(&standing.entry.register)?;
            let history = rows::history(conn, organisation, id)?;
            let names = self.names(conn, actor, organisation, register, history.iter().map(|v| &v.entry))?;
            // Links were checked when they were written; here only time can have passed.
            let facts =
                Facts { today: japan(now).date(), now, entries: BTreeMap::new(), known: Default::default(), taken: Default::default() };
            let (_, mut attention) = check(register, &standing.entry.fields, &facts);
            // What ran out after its end needs nobody's attention.
            let open = register.state(&standing.entry.state).is_some_and(|state| state.open);
            attention.retain(|fault| open && !fault.refuses);
            let mut linking = vec![];
            for from in &self.content.catalog.registers {
                for field in from.fields.iter().filter(|f| f.to.as_deref() == Some(&register.id)) {
                    let found = rows::linking(conn, organisation, &from.id, &field.id, id)?;
                    if !found.is_empty() {
                        linking.push((from, field, found));
                    }
                }
            }
            let offered = |m: &&Move| m.from == standing.entry.state && m.roles.iter().any(|role| actor.has(*role));
            let moves: Vec<&Move> = register.moves.iter().filter(offered).collect();
            Ok(EntryRead { register, history, attention, moves, linking, names, standing })
        })
    }

    /// What a form offers for the fields that link to something, by field: id and name.
    pub fn entry_choices(&self, actor: &Actor, register: &str) -> Result<BTreeMap<String, Vec<(String, String)>>, Error> {
        self.offered(actor, self.register(register)?)
    }

    /// As [`App::entry_choices`], for the fields of a register or of anything that asks like one.
    pub fn offered(&self, actor: &Actor, register: &Register) -> Result<BTreeMap<String, Vec<(String, String)>>, Error> {
        let organisation = keeper(actor)?;
        self.store.read(|conn| {
            let mut out = BTreeMap::new();
            for field in &register.fields {
                let offered: Vec<(String, String)> = match field.kind {
                    FieldKind::Person => members(conn, organisation)?.into_iter().map(|p| (p.id.to_string(), p.name)).collect(),
                    FieldKind::Organisation => {
                        let own = party::organisation(conn, organisation)?;
                        own.into_iter().map(|o| (o.id.to_string(), o.name)).collect()
                    }
                    FieldKind::Entry => {
                        let Some(to) = field.to.as_deref().and_then(|to| self.content.catalog.register(to)) else { continue };
                        let found = rows::list(conn, organisation, &to.id, &Wanted::default(), OFFERED)?;
                        found.entries.iter().map(|s| (s.entry.id.to_string(), title(to, &s.entry))).collect()
                    }
                    FieldKind::File => {
                        let sight = Sight::of(conn, actor, Side::Applicant, organisation)?;
                        let files = evidence::newest(conn, organisation)?;
                        files.into_iter().filter(|f| sight.shows(f)).take(OFFERED).map(|f| (f.id.to_string(), f.name)).collect()
                    }
                    _ => continue,
                };
                out.insert(field.id.clone(), offered);
            }
            Ok(out)
        })
    }

    /// Names of whatever the entries link to, as far as the reader may know it.
    fn names<'e>(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        organisation: Id<id::Organisation>,
        register: &Register,
        entries: impl Iterator<Item = &'e Entry>,
    ) -> Result<Names, Error> {
        let mut names = Names::new();
        for entry in entries {
            person(conn, &entry.by.to_string(), &mut names)?;
            self.name_links(conn, actor, organisation, register.fields.iter(), &entry.fields, &mut names)?;
        }
        Ok(names)
    }

    /// Adds the names of whatever these fields link to.
    pub(crate) fn name_links<'f>(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        organisation: Id<id::Organisation>,
        fields: impl Iterator<Item = &'f Field>,
        written: &Written,
        names: &mut Names,
    ) -> Result<(), Error> {
        for field in fields {
            for kept in written.get(&field.id).into_iter().flatten().filter(|kept| !kept.is_empty()) {
                if names.contains_key(kept) {
                    continue;
                }
                match field.kind {
                    FieldKind::Person => person(conn, kept, names)?,
                    FieldKind::Organisation => {
                        let found = kept.parse().ok().map(|id| party::organisation(conn, id)).transpose()?.flatten();
                        names.extend(found.map(|o| (kept.clone(), o.name)));
                    }
                    FieldKind::Entry => {
                        let found = kept.parse().ok().map(|id| rows::one(conn, organisation, id)).transpose()?.flatten();
                        let named = found.and_then(|s| Some(title(self.content.catalog.register(&s.entry.register)?, &s.entry)));
                        names.extend(named.map(|name| (kept.clone(), name)));
                    }
                    FieldKind::File => {
                        let found = kept.parse().ok().map(|id| evidence::one(conn, id)).transpose()?.flatten();
                        let sight = Sight::of(conn, actor, Side::Applicant, organisation)?;
                        let shown = found.filter(|f| f.organisation == organisation && sight.shows(f));
                        names.insert(kept.clone(), shown.map_or_else(|| rules::label::HIDDEN.to_owned(), |f| f.name));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

pub(crate) fn person(conn: &mut Conn, kept: &str, names: &mut Names) -> Result<(), Error> {
    if let Some(found) = kept.parse().ok().map(|id| party::person(conn, id)).transpose()?.flatten() {
        names.insert(kept.to_owned(), found.name);
    }
    Ok(())
}
