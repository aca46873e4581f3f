//! A version of a document as a file, and as evidence for the items that its clauses answer.

use std::collections::BTreeMap;

use rules::act::{Actor, japan};
use rules::command::{Command, Kind};
use rules::document::paper::{Paper, Section};
use rules::document::{State, words};
use rules::evidence::ClaimContent;
use rules::id::{self, Id, ItemNo, PointNo};
use rules::policy::{Place, Side, may};
use rules::refusal::Refusal;
use rules::text::{Lang, text};

use crate::{App, Error};

impl App {
    /// A version as PDF: the name of the file, and its bytes, which are always the same.
    pub fn document_pdf(&self, actor: &Actor, version: Id<id::Document>, lang: Lang) -> Result<(String, Vec<u8>), Error> {
        let read = self.document_version(actor, version, lang)?;
        let name = match lang {
            Lang::Ja => format!("{} 第{}版.pdf", read.paper.title, read.standing.number),
            Lang::En => format!("{} version {}.pdf", read.paper.title, read.standing.number),
        };
        let day = japan(read.version.at).date();
        let bytes = set(&read.paper, day).map_err(|e| Error::Broken(format!("cannot set {version}: {e}")))?;
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
        let (name, bytes) = self.document_pdf(actor, version, lang)?;
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

/// The paper as a document of chapters; what stands under its title comes first.
fn set(paper: &Paper, day: jiff::civil::Date) -> Result<Vec<u8>, pdf::Error> {
    fn body(section: &Section) -> String {
        let inner = section.sections.iter().map(|s| format!("{}\n\n{}", s.heading, body(s)));
        let own = Some(words(section)).filter(|w| !w.is_empty());
        own.into_iter().chain(inner).collect::<Vec<_>>().join("\n\n")
    }
    let head = match paper.lang {
        Lang::Ja => "文書情報",
        Lang::En => "About this document",
    };
    let about: Vec<String> = paper.about.iter().map(|(name, value)| format!("{name}: {value}")).chain([paper.footer.clone()]).collect();
    let about = about.join("\n");
    let bodies: Vec<(&str, String)> = paper.chapters.iter().map(|chapter| (chapter.heading.as_str(), body(chapter))).collect();
    let chapters: Vec<(&str, &str)> =
        std::iter::once((head, about.as_str())).chain(bodies.iter().map(|(heading, body)| (*heading, body.as_str()))).collect();
    pdf::plain(&paper.title, &paper.by, &chapters, day)
}
