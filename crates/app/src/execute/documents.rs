//! Commands about documents: saving a clause, proposing a version, approving and withdrawing it.

use std::collections::{BTreeMap, BTreeSet};

use rules::change::Change;
use rules::command::{Command, Kind};
use rules::document::{self, Document, Documenting, Kept, Made, Standing, Version, clause};
use rules::evidence::Label;
use rules::id::{self, Digest, Id, Pos};
use rules::policy::Place;
use rules::refusal::Refusal;
use rules::text::{Lang, text};
use seal::merkle::sha256;
use store::tables::{document as rows, register};

use super::Doing;
use super::registers::{people, resolve};
use crate::document_facts::Gathering;
use crate::{App, Error};

impl App {
    /// A type of document of the catalogue.
    pub fn document_type(&self, id: &str) -> Result<&Document, Refusal> {
        self.content.catalog.document(id).ok_or(Refusal::not_found().at("document"))
    }
}

impl Doing<'_, '_> {
    pub(super) fn documents(&mut self, kind: Kind, command: Command) -> Result<(), Error> {
        self.allow(kind, Place::Installation)?;
        match command {
            Command::SaveClause { document, clause, base, kept } => self.save_clause(&document, &clause, base, kept),
            Command::ProposeDocument { document, entry, case, label } => self.propose(&document, entry, case, label),
            Command::ApproveDocument { version, from, until } => {
                let (standing, by) = self.version(version)?;
                let approved = document::approve(&standing, by, (from, until), self.act.at, self.act.today())?;
                self.write(&Change::Document(approved)).map(drop)
            }
            Command::WithdrawDocument { version, reason } => {
                let (standing, by) = self.version(version)?;
                let withdrawn = document::withdraw(&standing, by, &reason, self.act.at)?;
                self.write(&Change::Document(withdrawn)).map(drop)
            }
            other => unreachable!("{} is executed elsewhere", other.kind().code()),
        }
    }

    fn version(&mut self, version: Id<id::Document>) -> Result<(Standing, Id<id::Person>), Error> {
        let by = self.act.actor.person.ok_or(Refusal::forbidden())?;
        let organisation = self.organisation()?;
        Ok((rows::one(self.tx, organisation, version)?.ok_or(Refusal::not_found())?, by))
    }

    fn save_clause(&mut self, document: &str, of: &str, base: Pos, mut kept: Kept) -> Result<(), Error> {
        let (app, organisation) = (self.app, self.organisation()?);
        let by = self.act.actor.person.ok_or(Refusal::forbidden())?;
        let document = app.document_type(document)?;
        let of = document.clause(of).ok_or(Refusal::not_found().at("clause"))?;
        let form = clause::form(document, of);
        let people = people(self.tx, organisation)?;
        kept.answers = resolve(self.tx, &form, organisation, &people, kept.answers)?;
        let facts = self.register_facts(&form, organisation, &kept.answers, None, &BTreeSet::new())?;
        let standing = rows::clauses(self.tx, organisation, &document.id)?.remove(&of.id);
        let writing = clause::Writing { organisation, by, at: self.act.at, facts: &facts };
        let standing = standing.as_ref().map(|(version, pos)| (version, *pos));
        match clause::save(document, of, standing, base, &kept, &writing)? {
            Some(version) => self.write(&Change::Document(Documenting::ClauseSaved(version))).map(drop),
            None => Ok(()),
        }
    }

    fn propose(
        &mut self,
        document: &str,
        entry: Option<Id<id::Entry>>,
        case: Option<Id<id::Case>>,
        label: Option<Label>,
    ) -> Result<(), Error> {
        let (app, organisation) = (self.app, self.organisation()?);
        let by = self.act.actor.person.ok_or(Refusal::forbidden())?;
        let document = app.document_type(document)?;
        let made_for = match (&document.per_entry, entry) {
            (None, None) => None,
            (Some(register), Some(entry)) => {
                let found = register::one(self.tx, organisation, entry)?.filter(|s| s.entry.register == *register);
                Some(found.ok_or(Refusal::not_found().at("entry"))?.entry)
            }
            (Some(_), None) => {
                let words = text("この文書は記録ごとに作ります。記録を選んでください。", "This document is made for an entry; choose one.");
                return Err(Refusal::invalid("entry", words).into());
            }
            (None, Some(_)) => {
                let words = text("この文書は記録ごとには作りません。", "This document is not made for single entries.");
                return Err(Refusal::invalid("entry", words).into());
            }
        };
        let mut all = rows::of(self.tx, organisation, &document.id)?;
        all.retain(|version| version.entry == entry);
        let number = document::next(&all)?;
        let clauses: BTreeMap<String, Kept> =
            rows::clauses(self.tx, organisation, &document.id)?.into_iter().map(|(id, (version, _))| (id, version.kept)).collect();
        let actor = self.act.actor.clone();
        let at = self.act.at;
        let facts = app.gather(self.tx, Gathering { actor: &actor, organisation, document, kept: &clauses, entry: made_for, case, at })?;
        let made = Made { document, registers: &app.content.catalog.registers, kept: &clauses, facts: &facts };
        let [ja, en] = [Lang::Ja, Lang::En].map(|lang| document::compose(&made, lang));
        let told =
            seal::canonical(&(&ja, &en)).map_err(|e| Error::Broken(format!("the papers of {} cannot be sealed: {e}", document.id)))?;
        let version = Version {
            id: self.act.fresh(),
            organisation,
            document: document.id.clone(),
            entry,
            number,
            label: label.unwrap_or(document.label),
            clauses,
            ja,
            en,
            digest: Digest(sha256(&[told.as_bytes()])),
            by,
            at,
        };
        self.done.made = Some(version.id.to_string());
        self.write(&Change::Document(Documenting::DocumentProposed(Box::new(version)))).map(drop)
    }
}
