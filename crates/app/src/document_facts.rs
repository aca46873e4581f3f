//! The dated facts that a document is composed of: entries of registers, the answers of a case, names.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rules::act::Actor;
use rules::document::facts::{Answered, Facts, Kept as Entries, MOST};
use rules::document::{Document, Kept, Shown};
use rules::id::{self, Id};
use rules::policy::{self, Side};
use rules::refusal::Refusal;
use rules::register::Entry;
use rules::reuse::joined;
use store::Conn;
use store::tables::{evaluation, party, register as rows};

use crate::execute::{all_items, sheet_in};
use crate::read::registers::{Names, Wanted};
use crate::{App, Error};

/// What is to be composed, for whom, and of what.
pub(crate) struct Gathering<'a> {
    pub actor: &'a Actor,
    pub organisation: Id<id::Organisation>,
    pub document: &'a Document,
    pub kept: &'a BTreeMap<String, Kept>,
    /// The entry it is made for.
    pub entry: Option<Entry>,
    /// Where its answers for disclosure come from.
    pub case: Option<Id<id::Case>>,
    pub at: Timestamp,
}

impl App {
    /// Everything that the document shows and nothing else.
    pub(crate) fn gather(&self, conn: &mut Conn, of: Gathering<'_>) -> Result<Facts, Error> {
        let Gathering { actor, organisation, document, kept, entry, case, at } = of;
        let mut names = Names::new();
        for clause in document.clauses() {
            if let Some(kept) = kept.get(&clause.id) {
                self.name_links(conn, actor, organisation, clause.questions.iter(), &kept.answers, &mut names)?;
            }
        }
        let mut registers = BTreeMap::new();
        let counts = rows::counts(conn, organisation)?;
        for (register, columns) in shown(document) {
            let Some(of) = self.content.catalog.register(register) else { continue };
            let mut found = Entries::default();
            for count in counts.iter().filter(|c| c.register == register) {
                found.counts.insert(count.state.clone(), count.entries);
            }
            // A count alone asks for no entry but the newest.
            let most = if columns.is_empty() { 1 } else { MOST };
            let listed = rows::list(conn, organisation, register, &Wanted::default(), most)?;
            found.entries = listed.entries.into_iter().map(|s| s.entry).collect();
            found.newest = found.entries.first().map(|entry| entry.at);
            for entry in &found.entries {
                let fields = of.fields.iter().filter(|f| columns.contains(f.id.as_str()));
                self.name_links(conn, actor, organisation, fields, &entry.fields, &mut names)?;
            }
            registers.insert(register.to_owned(), found);
        }
        if let Some(entry) = &entry
            && let Some(of) = self.content.catalog.register(&entry.register)
        {
            self.name_links(conn, actor, organisation, of.fields.iter(), &entry.fields, &mut names)?;
        }
        let items = match case {
            Some(case) if discloses(document) => Some(self.disclosed(conn, actor, organisation, document, case)?),
            _ => None,
        };
        let organisation = party::organisation(conn, organisation)?.map(|o| o.name).unwrap_or_default();
        Ok(Facts { at, organisation, names, registers, entry, items, pictures: vec![], measured: BTreeMap::new() })
    }

    /// The items of a case that are marked for disclosure or name the document, with the newest answers of its provider.
    fn disclosed(
        &self,
        conn: &mut Conn,
        actor: &Actor,
        organisation: Id<id::Organisation>,
        document: &Document,
        case: Id<id::Case>,
    ) -> Result<Vec<Answered>, Error> {
        let facts = evaluation::facts(conn, case)?.filter(|f| f.case.provider == organisation).ok_or(Refusal::not_found().at("case"))?;
        let view = policy::view(actor, &facts, Some(Side::Applicant))?;
        let sheet = sheet_in(self, conn, &facts)?;
        let found = all_items(conn, &sheet, &view)?;
        let answered = sheet.items.iter().zip(found).filter(|(item, _)| item.disclosure || item.documents.contains(&document.id));
        Ok(answered
            .map(|(item, facts)| Answered {
                no: item.no,
                title: item.title.clone(),
                words: facts.answer.map(|a| joined(&a.content)).unwrap_or_default(),
            })
            .collect())
    }
}

/// It shows the answers of a case.
pub(crate) fn discloses(document: &Document) -> bool {
    document.clauses().flat_map(|c| &c.shows).any(|shown| matches!(shown, Shown::Items { .. }))
}

/// The registers that a document shows, each with the fields that stand in tables.
fn shown(document: &Document) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut out: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for shown in document.clauses().flat_map(|clause| &clause.shows) {
        match shown {
            Shown::Table { register, columns, .. } => out.entry(register).or_default().extend(columns.iter().map(String::as_str)),
            Shown::Count { register, .. } => {
                out.entry(register).or_default();
            }
            Shown::Entry { .. } | Shown::Matrix { .. } | Shown::Items { .. } | Shown::Picture { .. } | Shown::Measured { .. } => {}
        }
    }
    out
}
