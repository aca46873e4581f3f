//! Sheets as files: the export of a case, and the preview of an import before anything changes.

use std::collections::BTreeMap;

use documents::LoneEvidence;
use documents::form::{FilledRow, FilledSheet};
pub use documents::read_sheet::Fault;
use documents::read_sheet::{ReadSheet, Reading, read_sheet};
use documents::sheet_csv::sheet_csv;
use documents::sheet_xlsx::{Categories, Look, Paper, sheet_xlsx};
use rules::act::Actor;
use rules::command::{ImportedAnswer, ImportedVerdict};
use rules::evidence::Finding;
use rules::id::{self, Id, ItemNo, Pos};
use rules::item::ItemFacts;
use rules::label::HIDDEN;
use rules::policy::Side;
use rules::refusal::{Refusal, Why};
use rules::reuse::joined;
use rules::sheet::{Item, SheetId};
use rules::text::{Lang, Text, text, worded};
use rules::verdict::VerdictContent;

use crate::read::CaseRead;
use crate::{App, Error};

/// What an export looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    pub csv: bool,
    /// The form without anybody's words.
    pub blank: bool,
    /// Categories on every row with filters, instead of merged cells.
    pub filters: bool,
    pub a4: bool,
    pub lang: Lang,
}

/// A made file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub name: String,
    pub media: &'static str,
    pub bytes: Vec<u8>,
}

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// One value of a file beside what stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub item: ItemNo,
    pub field: Field,
    /// Where the file says it: `Sheet1!F12`.
    pub cell: String,
    pub stands: String,
    pub file: String,
}

/// A field that an import can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Answer,
    Evidence,
    Remarks,
    /// The two texts of its difference are codes of the sheet's scale.
    Verdict,
    Confirmed,
    Improvement,
    EvaluatorRemarks,
}

impl Field {
    pub const ALL: [Field; 7] =
        [Field::Answer, Field::Evidence, Field::Remarks, Field::Verdict, Field::Confirmed, Field::Improvement, Field::EvaluatorRemarks];
    /// The name in forms and JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Field::Answer => "answer",
            Field::Evidence => "evidence",
            Field::Remarks => "remarks",
            Field::Verdict => "verdict",
            Field::Confirmed => "confirmed",
            Field::Improvement => "improvement",
            Field::EvaluatorRemarks => "evaluator_remarks",
        }
    }
    pub const fn name(self) -> Text {
        match self {
            Field::Answer => text("対応策", "Answer"),
            Field::Evidence => text("確認したエビデンス", "Evidence"),
            Field::Remarks | Field::EvaluatorRemarks => text("備考", "Remarks"),
            Field::Verdict => text("判定結果", "Verdict"),
            Field::Confirmed => text("評価者が確認したエビデンス", "Confirmed evidence"),
            Field::Improvement => text("改善策", "Improvement"),
        }
    }
}

/// What an import would do; nothing has been changed.
#[derive(Debug, Clone)]
pub struct Preview {
    pub differences: Vec<Difference>,
    pub faults: Vec<Fault>,
    /// What was taken in a way the person should know.
    pub notes: Vec<Fault>,
    /// Items the file speaks of.
    pub items: usize,
    /// What taking over all or some items would execute, by item.
    pub answers: BTreeMap<ItemNo, ImportedAnswer>,
    pub verdicts: BTreeMap<ItemNo, ImportedVerdict>,
}

impl Preview {
    /// What taking over only some differences would execute.
    pub fn chosen(&self, ticked: impl Fn(&Difference) -> bool) -> (Vec<ImportedAnswer>, Vec<ImportedVerdict>) {
        let (mut answers, mut verdicts) = (self.answers.clone(), self.verdicts.clone());
        for left in self.differences.iter().filter(|d| !ticked(d)) {
            if let Some(answer) = answers.get_mut(&left.item) {
                match left.field {
                    Field::Answer => answer.text = None,
                    Field::Evidence => answer.evidence = None,
                    Field::Remarks => answer.remarks = None,
                    Field::Verdict | Field::Confirmed | Field::Improvement | Field::EvaluatorRemarks => {}
                }
            }
            if let Some(verdict) = verdicts.get_mut(&left.item) {
                let content = &mut verdict.content;
                let field = match left.field {
                    Field::Verdict => &mut content.mark,
                    Field::Confirmed => &mut content.evidence,
                    Field::Improvement => &mut content.improvement,
                    Field::EvaluatorRemarks => &mut content.remarks,
                    Field::Answer | Field::Evidence | Field::Remarks => continue,
                };
                field.clone_from(&left.stands);
            }
        }
        let taken: std::collections::BTreeSet<ItemNo> = self.differences.iter().filter(|d| ticked(d)).map(|d| d.item).collect();
        let (answers, verdicts) = (answers.into_values(), verdicts.into_values());
        (answers.filter(|a| taken.contains(&a.item)).collect(), verdicts.filter(|v| taken.contains(&v.item)).collect())
    }
}

/// The mark before an evaluator's 備考 when both sides wrote one into the same cell.
const EVALUATOR_REMARKS: &str = "【評価者】";

fn remarks_cell(facts: &ItemFacts) -> String {
    let applicant = facts.answer.as_ref().map(|a| a.content.remarks.as_str()).unwrap_or_default();
    let evaluator = facts.verdict.as_ref().map(|v| v.content.remarks.as_str()).unwrap_or_default();
    match (applicant, evaluator) {
        (a, "") => a.to_owned(),
        ("", e) => format!("{EVALUATOR_REMARKS}{e}"),
        (a, e) => format!("{a}\n{EVALUATOR_REMARKS}{e}"),
    }
}

/// Takes the two sides' 備考 apart again.
fn remarks_of(cell: &str) -> (String, String) {
    match cell.split_once(EVALUATOR_REMARKS) {
        Some((applicant, evaluator)) => (applicant.trim_end_matches('\n').to_owned(), evaluator.to_owned()),
        None => (cell.to_owned(), String::new()),
    }
}

fn claims_cell(facts: &ItemFacts) -> String {
    facts.claims.iter().map(rules::evidence::Claim::written).collect::<Vec<_>>().join("\n")
}

/// What the evaluator confirmed: their own words, or the claims they saw.
fn confirmed_cell(facts: &ItemFacts) -> String {
    let written = facts.verdict.as_ref().map(|v| v.content.evidence.as_str()).unwrap_or_default();
    if !written.is_empty() {
        return written.to_owned();
    }
    let seen = facts.claims.iter().filter(|c| facts.confirmations.iter().any(|f| f.claim == c.id && f.finding == Finding::Seen));
    seen.map(rules::evidence::Claim::written).collect::<Vec<_>>().join("\n")
}

fn row(facts: &ItemFacts) -> FilledRow {
    let verdict = facts.verdict.as_ref().map(|v| v.content.clone()).unwrap_or_default();
    FilledRow {
        no: facts.no,
        answer: facts.answer.as_ref().map(|a| joined(&a.content)).unwrap_or_default(),
        evidence_claimed: claims_cell(facts),
        evidence_confirmed: confirmed_cell(facts),
        verdict: verdict.mark,
        improvement: verdict.improvement,
        remarks: remarks_cell(facts),
    }
}

fn filled(read: &CaseRead) -> FilledSheet {
    let evaluators: Vec<&str> = read.facts.assignments.iter().map(|a| read.name(a.person)).collect();
    let header = [
        ("reference_number", read.facts.case.number.clone().unwrap_or_default()),
        ("applicant", read.provider.name.clone()),
        (
            "evaluator",
            if evaluators.is_empty() { read.body.name.clone() } else { format!("{}（{}）", read.body.name, evaluators.join("、")) },
        ),
        ("product_name", read.product.name.clone()),
    ];
    FilledSheet { header: header.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(), rows: read.items.iter().map(row).collect() }
}

impl App {
    /// A case as a spreadsheet, as far as the actor may see it.
    pub fn export(&self, actor: &Actor, case: Id<id::Case>, side: Option<Side>, wanted: Wanted) -> Result<Made, Error> {
        self.sheet_of(&self.case(actor, case, side)?, wanted)
    }

    /// What was read of a case, as a spreadsheet.
    pub(crate) fn sheet_of(&self, read: &CaseRead, wanted: Wanted) -> Result<Made, Error> {
        let content = if wanted.blank { FilledSheet::default() } else { filled(read) };
        let stem = read.facts.case.number.clone().unwrap_or_else(|| read.product.name.clone());
        self.write_sheet(
            &read.sheet,
            &content,
            &|item| {
                let (t, l) = read.text(item);
                (t.to_owned(), l)
            },
            &stem,
            wanted,
        )
    }

    /// A sheet without any case: the blank form.
    pub fn blank(&self, actor: &Actor, sheet: &SheetId, wanted: Wanted) -> Result<Made, Error> {
        let read = self.sheet(actor, sheet)?;
        let text = |item: &Item| match read.confirmed.get(&item.no) {
            Some(confirmed) => (confirmed.text.clone(), rules::sheet::Layer::Confirmed),
            None => {
                let (t, l) = item.best_text();
                (t.to_owned(), l)
            }
        };
        self.write_sheet(&read.sheet, &FilledSheet::default(), &text, read.sheet.title.get(wanted.lang), wanted)
    }

    fn write_sheet(
        &self,
        sheet: &rules::sheet::Sheet,
        content: &FilledSheet,
        requirement: &dyn Fn(&Item) -> (String, rules::sheet::Layer),
        stem: &str,
        wanted: Wanted,
    ) -> Result<Made, Error> {
        let look = Look {
            lang: wanted.lang,
            categories: if wanted.filters { Categories::Repeated } else { Categories::Merged },
            paper: if wanted.a4 { Paper::A4 } else { Paper::A3 },
            requirement,
            made_at: self.clock.now(),
        };
        let stem: String = stem.chars().map(|c| if c.is_control() || r#"\/:*?"<>|"#.contains(c) { '_' } else { c }).collect();
        if wanted.csv {
            return Ok(Made { name: format!("{stem}.csv"), media: "text/csv; charset=utf-8", bytes: sheet_csv(sheet, content, &look) });
        }
        let bytes = sheet_xlsx(sheet, content, &look).map_err(|e| Error::Refused(Refusal::state(e.text())))?;
        Ok(Made { name: format!("{stem}.xlsx"), media: XLSX, bytes })
    }

    /// Compares a filled sheet with what stands. The applicant's columns count for the applicant,
    /// the evaluator's for the body; an empty cell changes nothing.
    pub fn preview_import(
        &self,
        actor: &Actor,
        case: Id<id::Case>,
        side: Option<Side>,
        name: &str,
        bytes: &[u8],
    ) -> Result<Preview, Error> {
        let read = self.case(actor, case, side)?;
        let lone = if read.side == Side::Body { LoneEvidence::Confirmed } else { LoneEvidence::Claimed };
        let reading = Reading { lone_evidence: lone, ..Reading::default() };
        let found = read_sheet(bytes, name, &read.sheet, &reading).map_err(|e| Refusal::new(Why::Invalid, e.text()).at("file"))?;
        Ok(match read.side {
            Side::Applicant => answers_preview(&read, found),
            Side::Body => verdicts_preview(&read, found),
            Side::Institution => return Err(Refusal::forbidden().into()),
        })
    }
}

fn cell(found: &ReadSheet, no: ItemNo, kind: rules::sheet::ColumnKind) -> String {
    found.cells.get(&no).and_then(|c| c.get(&kind)).cloned().unwrap_or_default()
}

fn empty_preview(found: &ReadSheet) -> Preview {
    Preview {
        differences: vec![],
        faults: found.faults.clone(),
        notes: found.notes.clone(),
        items: found.filled.rows.len(),
        answers: BTreeMap::new(),
        verdicts: BTreeMap::new(),
    }
}

fn answers_preview(read: &CaseRead, found: ReadSheet) -> Preview {
    use rules::sheet::ColumnKind as Kind;
    let mut preview = empty_preview(&found);
    for written in &found.filled.rows {
        let Some((_, facts)) = read.item(written.no) else { continue };
        let stands = row(facts);
        let mut taken = ImportedAnswer { item: written.no, base: facts.changed, ..ImportedAnswer::default() };
        let hidden = written.evidence_claimed.lines().any(|l| l.trim() == HIDDEN);
        // Whoever made the file does not see everything: nothing is withdrawn for that.
        if hidden && written.evidence_claimed != stands.evidence_claimed {
            preview.notes.push(Fault {
                cell: cell(&found, written.no, Kind::EvidenceClaimed),
                item: Some(written.no),
                text: worded(
                    format!("「{HIDDEN}」を含む証跡の欄は取り込みません。現在の紐付けのまま残ります。"),
                    format!("An evidence cell that says “{HIDDEN}” is not taken over; the claims stay as they are."),
                ),
            });
        }
        let claimed = if hidden { "" } else { written.evidence_claimed.as_str() };
        let mut differ = |field, kind, stands: &str, file: &str| {
            let changed = !file.is_empty() && file != stands;
            if changed {
                let cell = cell(&found, written.no, kind);
                preview.differences.push(Difference { item: written.no, field, cell, stands: stands.to_owned(), file: file.to_owned() });
            }
            changed.then(|| file.to_owned())
        };
        taken.text = differ(Field::Answer, Kind::Answer, &stands.answer, &written.answer);
        taken.evidence = differ(Field::Evidence, Kind::EvidenceClaimed, &stands.evidence_claimed, claimed);
        let own = facts.answer.as_ref().map(|a| a.content.remarks.as_str()).unwrap_or_default();
        taken.remarks = differ(Field::Remarks, Kind::Remarks, own, &remarks_of(&written.remarks).0);
        if taken.text.is_some() || taken.evidence.is_some() || taken.remarks.is_some() {
            preview.answers.insert(written.no, taken);
        }
    }
    preview
}

fn verdicts_preview(read: &CaseRead, found: ReadSheet) -> Preview {
    use rules::sheet::ColumnKind as Kind;
    let mut preview = empty_preview(&found);
    for written in &found.filled.rows {
        let Some((_, facts)) = read.item(written.no) else { continue };
        let stands = facts.verdict.as_ref().map(|v| v.content.clone()).unwrap_or_default();
        let keep = |file: &str, stands: &str| if file.is_empty() { stands.to_owned() } else { file.to_owned() };
        // What only repeats the confirmed claims is not the evaluator's own words.
        let evidence = if written.evidence_confirmed == confirmed_cell(facts) {
            stands.evidence.clone()
        } else {
            keep(&written.evidence_confirmed, &stands.evidence)
        };
        let content = VerdictContent {
            mark: keep(&written.verdict, &stands.mark),
            evidence,
            improvement: keep(&written.improvement, &stands.improvement),
            remarks: keep(&remarks_of(&written.remarks).1, &stands.remarks),
        };
        if content == stands {
            continue;
        }
        let fields = [
            (Field::Verdict, Kind::Verdict, &stands.mark, &content.mark),
            (Field::Confirmed, Kind::EvidenceConfirmed, &stands.evidence, &content.evidence),
            (Field::Improvement, Kind::Improvement, &stands.improvement, &content.improvement),
            (Field::EvaluatorRemarks, Kind::Remarks, &stands.remarks, &content.remarks),
        ];
        for (field, kind, stands, file) in fields.into_iter().filter(|(_, _, stands, file)| stands != file) {
            let cell = cell(&found, written.no, kind);
            preview.differences.push(Difference { item: written.no, field, cell, stands: stands.clone(), file: file.clone() });
        }
        let base = facts.verdict.as_ref().map_or(Pos::NEVER, |v| v.pos);
        preview.verdicts.insert(written.no, ImportedVerdict { item: written.no, base, content });
    }
    preview
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_of_both_sides_share_a_cell_and_come_apart() {
        for (cell, applicant, evaluator) in [("a", "a", ""), ("【評価者】b", "", "b"), ("a\n【評価者】b", "a", "b"), ("", "", "")]
        {
            assert_eq!(remarks_of(cell), (applicant.to_owned(), evaluator.to_owned()));
        }
    }

    #[test]
    fn what_is_not_ticked_stays_as_it_stands() {
        let difference = |field, stands: &str, file: &str| Difference {
            item: ItemNo(3),
            field,
            cell: "F3".into(),
            stands: stands.into(),
            file: file.into(),
        };
        let content = VerdictContent { mark: "fails".into(), improvement: "直す".into(), ..VerdictContent::default() };
        let answer = ImportedAnswer { item: ItemNo(4), text: Some("a".into()), remarks: Some("b".into()), ..ImportedAnswer::default() };
        let preview = Preview {
            differences: vec![
                difference(Field::Verdict, "conforms", "fails"),
                difference(Field::Improvement, "", "直す"),
                Difference { item: ItemNo(4), ..difference(Field::Answer, "", "a") },
                Difference { item: ItemNo(4), ..difference(Field::Remarks, "", "b") },
            ],
            faults: vec![],
            notes: vec![],
            items: 2,
            answers: [(ItemNo(4), answer)].into(),
            verdicts: [(ItemNo(3), ImportedVerdict { item: ItemNo(3), base: Pos(1), content })].into(),
        };
        let (answers, verdicts) = preview.chosen(|d| matches!(d.field, Field::Improvement | Field::Remarks));
        assert_eq!(
            verdicts[0].content,
            VerdictContent { mark: "conforms".into(), improvement: "直す".into(), ..VerdictContent::default() }
        );
        assert_eq!((answers[0].text.clone(), answers[0].remarks.clone()), (None, Some("b".into())));
        assert_eq!(preview.chosen(|_| false), (vec![], vec![]));
    }
}
