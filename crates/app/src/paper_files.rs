//! A version of a document as a file, and as evidence for the items that its clauses answer.

use std::collections::BTreeMap;

use rules::act::{Actor, japan};
use rules::command::{Command, Kind};
use rules::document::State;
use rules::evidence::ClaimContent;
use rules::id::{self, Id, ItemNo, PointNo};
use rules::policy::{Place, Side, may};
use rules::refusal::Refusal;
use rules::text::{Lang, text};

use crate::{App, Error};

/// The kinds of file that a version is handed out as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaperFormat {
    Pdf,
    Word,
    Excel,
}

impl PaperFormat {
    const fn ending(self) -> &'static str {
        match self {
            PaperFormat::Pdf => "pdf",
            PaperFormat::Word => "docx",
            PaperFormat::Excel => "xlsx",
        }
    }
    pub const fn media(self) -> &'static str {
        match self {
            PaperFormat::Pdf => "application/pdf",
            PaperFormat::Word => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            PaperFormat::Excel => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

impl App {
    /// A version as a file: its name, and its bytes, which are always the same.
    pub fn document_file(
        &self,
        actor: &Actor,
        version: Id<id::Document>,
        format: PaperFormat,
        lang: Lang,
    ) -> Result<(String, Vec<u8>), Error> {
        let read = self.document_version(actor, version, lang)?;
        let ending = format.ending();
        let name = match lang {
            Lang::Ja => format!("{} 第{}版.{ending}", read.paper.title, read.standing.number),
            Lang::En => format!("{} version {}.{ending}", read.paper.title, read.standing.number),
        };
        let broken = |why: String| Error::Broken(format!("cannot write {version} as {ending}: {why}"));
        let bytes = match format {
            PaperFormat::Pdf => pdf::paper(&read.paper, japan(read.version.at).date()).map_err(|e| broken(e.to_string()))?,
            PaperFormat::Word => documents::paper_docx::write(&read.paper).map_err(|e| broken(e.to_string()))?,
            PaperFormat::Excel => documents::paper_xlsx::write(&read.paper).map_err(|e| Refusal::state(e.text()))?,
        };
        Ok((name, bytes))
    }

    /// Puts an approved version into the evidence, and claims it for the items of a case that its clauses answer, all of it or
    /// nothing. Gives the evidence.
    pub fn document_as_evidence(
        &self,
        actor: &Actor,
        version: Id<id::Document>,
        case: Option<Id<id::Case>>,
        lang: Lang,
    ) -> Result<Id<id::Evidence>, Error> {
        may(Kind::AddEvidence, actor, Place::Installation)?;
        let read = self.document_version(actor, version, lang)?;
        if !matches!(read.state, State::InForce | State::Coming) {
            let told = text("承認された有効な版だけを証跡にできます。", "Only an approved version that is in force becomes evidence.");
            return Err(Refusal::state(told).into());
        }
        let mut claims: Vec<(PointNo, String, Vec<ItemNo>)> = vec![];
        if let Some(case) = case {
            let sheet = self.case(actor, case, Some(Side::Applicant))?.sheet;
            for clause in read.document.clauses() {
                if read.version.clauses.get(&clause.id).is_some_and(|kept| !kept.left_out.is_empty()) {
                    continue;
                }
                let mut by_point: BTreeMap<PointNo, Vec<ItemNo>> = BTreeMap::new();
                for served in clause.answers() {
                    // A sheet of another body may not have the item, or number its points in another way.
                    let there = sheet.item(served.item).is_some_and(|i| {
                        i.documents.contains(&read.document.id) && (served.point == PointNo::WHOLE || i.has_point(served.point))
                    });
                    let items = by_point.entry(served.point).or_default();
                    if there && !items.contains(&served.item) {
                        items.push(served.item);
                    }
                }
                by_point.retain(|_, items| !items.is_empty());
                claims.extend(by_point.into_iter().map(|(point, items)| (point, clause.name.get(lang).to_owned(), items)));
            }
        }
        let (name, bytes) = self.document_file(actor, version, PaperFormat::Pdf, lang)?;
        let whose = actor.organisation.ok_or(Refusal::forbidden())?;
        let file = self.take_file(actor, whose, &name, bytes.as_slice())?;
        let valid_until = read.standing.approval.as_ref().and_then(|approval| approval.until);
        let add = Command::AddEvidence { file, label: read.standing.label, valid_until, series: None };
        let done = self.execute_with(actor, add, |made| {
            let Some((case, evidence)) = case.zip(made.parse().ok()) else { return Ok(vec![]) };
            let claim = |(point, place, items): &(PointNo, String, Vec<ItemNo>)| Command::MakeClaims {
                case,
                items: items.clone(),
                content: ClaimContent { point: *point, evidence: Some(evidence), place: place.clone(), ..ClaimContent::default() },
            };
            Ok(claims.iter().map(claim).collect())
        })?;
        done.made.and_then(|made| made.parse().ok()).ok_or_else(|| Error::Broken("evidence was added without an id".into()))
    }
}
