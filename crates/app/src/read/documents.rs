//! Documents as their keepers read them: the list with states and gaps, one with its clauses and versions, and papers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use rules::act::{Actor, japan};
use rules::document::facts::Facts;
use rules::document::paper::Paper;
use rules::document::{self, Clause, ClauseVersion, Document, Kept, Made, Standing, State, Version, clause};
use rules::id::{self, Id, ItemNo, Pos};
use rules::refusal::Refusal;
use rules::register::Field;
use rules::text::Lang;
use store::Conn;
use store::tables::{document as rows, register};

use super::registers::{Names, keeper, person, title};
use crate::document_facts::{Gathering, discloses};
use crate::{App, Error};

/// One document of an organisation in a list.
#[derive(Debug, Clone)]
pub struct DocumentRow<'a> {
    pub document: &'a Document,
    /// The newest version and where it stands; nothing where none was proposed.
    pub newest: Option<(Standing, State)>,
    /// Versions that are in force: one, or one for each entry.
    pub in_force: usize,
    /// Questions that have to be answered and are not.
    pub open: usize,
    /// A clause was saved after the newest version was proposed.
    pub changed: bool,
    /// When the version in force is to be looked at again.
    pub review: Option<Date>,
    /// Items that name the document and that no clause that stands answers.
    pub gaps: Vec<ItemNo>,
}

/// One clause as it stands.
#[derive(Debug, Clone)]
pub struct ClauseRead<'a> {
    pub clause: &'a Clause,
    /// The newest version of what is kept, and where it stands in the ledger.
    pub standing: Option<(ClauseVersion, Pos)>,
    /// Required questions without an answer.
    pub open: Vec<&'a Field>,
}

impl ClauseRead<'_> {
    pub fn kept(&self) -> Kept {
        self.standing.as_ref().map(|(version, _)| version.kept.clone()).unwrap_or_default()
    }
    pub fn base(&self) -> Pos {
        self.standing.as_ref().map_or(Pos::NEVER, |(_, pos)| *pos)
    }
}

/// One clause with its past.
#[derive(Debug, Clone)]
pub struct ClauseHistory<'a> {
    pub document: &'a Document,
    pub clause: ClauseRead<'a>,
    /// The newest first.
    pub history: Vec<(ClauseVersion, Pos)>,
    /// Of people, and of whatever answers link to.
    pub names: Names,
}

/// One document with everything around it.
#[derive(Debug, Clone)]
pub struct DocumentRead<'a> {
    pub row: DocumentRow<'a>,
    /// In the order of the document.
    pub clauses: Vec<ClauseRead<'a>>,
    /// The newest first.
    pub versions: Vec<(Standing, State)>,
    /// The paper as it would be proposed now; nothing of a document that is made for entries.
    pub draft: Option<Paper>,
    /// It shows the answers of a case, which has to be chosen.
    pub discloses: bool,
    /// Of people and entries.
    pub names: Names,
}

/// One version with its paper as it is read.
#[derive(Debug, Clone)]
pub struct VersionRead<'a> {
    pub document: &'a Document,
    pub standing: Standing,
    pub state: State,
    pub version: Version,
    pub paper: Paper,
    /// The version before it, of the same entry.
    pub before: Option<Version>,
    /// Of its people and its entry.
    pub names: Names,
}

/// A type of document with the versions made for one entry, and the names they need.
pub type EntryDocument<'a> = (&'a Document, Vec<(Standing, State)>, Names);

fn clause_of(clause: &Clause, standing: Option<(ClauseVersion, Pos)>) -> ClauseRead<'_> {
    let none = Kept::default();
    let kept = standing.as_ref().map_or(&none, |(version, _)| &version.kept);
    let open: BTreeSet<&str> = clause::open(clause, kept).map(|q| q.id.as_str()).collect();
    let open = clause.questions.iter().filter(|q| open.contains(q.id.as_str())).collect();
    ClauseRead { clause, standing, open }
}

fn kept_of(clauses: &BTreeMap<String, rows::Clause>) -> BTreeMap<String, Kept> {
    clauses.iter().map(|(id, (version, _))| (id.clone(), version.kept.clone())).collect()
}

impl App {
    /// Every type of document, in the order of the vocabulary.
    pub fn documents(&self, actor: &Actor) -> Result<Vec<DocumentRow<'_>>, Error> {
        let organisation = keeper(actor)?;
        self.store.read(|conn| {
            let all = rows::all(conn, organisation)?;
            let known = &self.content.catalog;
            let in_order = known.vocabulary.documents.iter().filter_map(|term| known.document(&term.id));
            in_order.map(|document| self.document_row(document, &all, &rows::clauses(conn, organisation, &document.id)?)).collect()
        })
    }

    fn document_row<'a>(
        &'a self,
        document: &'a Document,
        all: &[Standing],
        clauses: &BTreeMap<String, rows::Clause>,
    ) -> Result<DocumentRow<'a>, Error> {
        let today = japan(self.clock.now()).date();
        let own: Vec<Standing> = all.iter().filter(|v| v.document == document.id).cloned().collect();
        let states: Vec<State> = own.iter().map(|v| document::state(v, &own, today)).collect();
        let in_force = || own.iter().zip(&states).filter(|(_, state)| **state == State::InForce).map(|(v, _)| v);
        let newest = own.first().cloned().zip(states.first().copied());
        let kept = kept_of(clauses);
        let none = Kept::default();
        let of = |id: &str| kept.get(id).unwrap_or(&none);
        let saved = clauses.values().map(|(_, pos)| *pos).max();
        let left_out: BTreeSet<&str> = kept.iter().filter(|(_, k)| !k.left_out.is_empty()).map(|(id, _)| id.as_str()).collect();
        let months = i64::from(document.review_months).months();
        Ok(DocumentRow {
            document,
            in_force: in_force().count(),
            open: document.clauses().map(|clause| clause::open(clause, of(&clause.id)).count()).sum(),
            changed: newest.as_ref().is_some_and(|(v, _)| saved.is_some_and(|saved| saved > v.pos)),
            review: in_force().filter_map(|v| v.approval.as_ref()?.from.checked_add(months).ok()).min(),
            gaps: self.content.sheets().iter().flat_map(|sheet| document::gaps_without(document, &sheet.items, &left_out)).collect(),
            newest,
        })
    }

    /// One document of the actor's organisation. `case` is where its answers for disclosure come from.
    pub fn document_read(&self, actor: &Actor, id: &str, case: Option<Id<id::Case>>, lang: Lang) -> Result<DocumentRead<'_>, Error> {
        let organisation = keeper(actor)?;
        let document = self.document_type(id)?;
        let now = self.clock.now();
        let today = japan(now).date();
        self.store.read(|conn| {
            let all = rows::of(conn, organisation, &document.id)?;
            let standing = rows::clauses(conn, organisation, &document.id)?;
            let row = self.document_row(document, &all, &standing)?;
            let kept = kept_of(&standing);
            let versions: Vec<(Standing, State)> = all.iter().map(|v| (v.clone(), document::state(v, &all, today))).collect();
            let draft = match document.per_entry {
                Some(_) => None,
                None => {
                    let facts = self.gather(conn, Gathering { actor, organisation, document, kept: &kept, entry: None, case, at: now })?;
                    Some(self.composed(document, &kept, &facts, lang))
                }
            };
            let clauses: Vec<ClauseRead> = document.clauses().map(|of| clause_of(of, standing.get(&of.id).cloned())).collect();
            let mut names = Names::new();
            for (version, _) in &versions {
                self.name_version(conn, organisation, version, &mut names)?;
            }
            for read in &clauses {
                if let Some((version, _)) = &read.standing {
                    person(conn, &version.by.to_string(), &mut names)?;
                    self.name_links(conn, actor, organisation, read.clause.questions.iter(), &version.kept.answers, &mut names)?;
                }
            }
            Ok(DocumentRead { row, clauses, versions, draft, discloses: discloses(document), names })
        })
    }

    /// One clause with every version of it.
    pub fn clause_read(&self, actor: &Actor, document: &str, clause: &str) -> Result<ClauseHistory<'_>, Error> {
        let organisation = keeper(actor)?;
        let document = self.document_type(document)?;
        let of = document.clause(clause).ok_or(Refusal::not_found().at("clause"))?;
        self.store.read(|conn| {
            let history = rows::history(conn, organisation, &document.id, &of.id)?;
            let mut names = Names::new();
            for (version, _) in &history {
                person(conn, &version.by.to_string(), &mut names)?;
                self.name_links(conn, actor, organisation, of.questions.iter(), &version.kept.answers, &mut names)?;
            }
            Ok(ClauseHistory { document, clause: clause_of(of, history.first().cloned()), history, names })
        })
    }

    /// One version of the actor's organisation, with the paper in a language.
    pub fn document_version(&self, actor: &Actor, id: Id<id::Document>, lang: Lang) -> Result<VersionRead<'_>, Error> {
        let organisation = keeper(actor)?;
        let today = japan(self.clock.now()).date();
        self.store.read(|conn| {
            let version = rows::whole(conn, organisation, id)?.ok_or(Refusal::not_found())?;
            let document = self.document_type(&version.document)?;
            let all = rows::of(conn, organisation, &version.document)?;
            let standing = all.iter().find(|v| v.id == id).cloned().ok_or(Refusal::not_found())?;
            let before = all.iter().filter(|v| v.entry == version.entry && v.number < version.number).max_by_key(|v| v.number);
            let before = before.map(|v| rows::whole(conn, organisation, v.id)).transpose()?.flatten();
            let mut names = Names::new();
            self.name_version(conn, organisation, &standing, &mut names)?;
            let paper = document::dress(version.paper(lang).clone(), &standing, &names);
            let state = document::state(&standing, &all, today);
            Ok(VersionRead { document, standing, state, version, paper, before, names })
        })
    }

    /// The documents that are made for entries of a register, each with the versions made for this one, the newest first.
    pub fn entry_documents(&self, actor: &Actor, register: &str, entry: Id<id::Entry>) -> Result<Vec<EntryDocument<'_>>, Error> {
        let organisation = keeper(actor)?;
        let today = japan(self.clock.now()).date();
        self.store.read(|conn| {
            let mut out = vec![];
            for document in self.content.catalog.documents.iter().filter(|d| d.per_entry.as_deref() == Some(register)) {
                let mut all = rows::of(conn, organisation, &document.id)?;
                all.retain(|v| v.entry == Some(entry));
                let mut names = Names::new();
                for version in &all {
                    self.name_version(conn, organisation, version, &mut names)?;
                }
                out.push((document, all.iter().map(|v| (v.clone(), document::state(v, &all, today))).collect(), names));
            }
            Ok(out)
        })
    }

    fn composed(&self, document: &Document, kept: &BTreeMap<String, Kept>, facts: &Facts, lang: Lang) -> Paper {
        document::compose(&Made { document, registers: &self.content.catalog.registers, kept, facts }, lang)
    }

    /// The people of a version, and the entry it was made for.
    fn name_version(
        &self,
        conn: &mut Conn,
        organisation: Id<id::Organisation>,
        version: &Standing,
        names: &mut Names,
    ) -> Result<(), Error> {
        let approver = version.approval.as_ref().map(|a| a.by);
        let taker = version.withdrawal.as_ref().map(|w| w.by);
        for by in [Some(version.by), approver, taker].into_iter().flatten() {
            person(conn, &by.to_string(), names)?;
        }
        if let Some(entry) = version.entry
            && let Some(found) = register::one(conn, organisation, entry)?
            && let Some(of) = self.content.catalog.register(&found.entry.register)
        {
            names.insert(entry.to_string(), title(of, &found.entry));
        }
        Ok(())
    }
}
