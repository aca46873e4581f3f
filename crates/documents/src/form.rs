//! A filled sheet between its two directions: what an export writes and what an import reads.

use std::collections::BTreeMap;

use rules::id::ItemNo;
use rules::sheet::ColumnKind;
use serde::{Deserialize, Serialize};

/// The contents people wrote into a sheet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilledSheet {
    /// By the id of the header field: `reference_number`, `applicant`, `evaluator`, `product_name`.
    pub header: BTreeMap<String, String>,
    /// In the order of the sheet, at most one per item.
    pub rows: Vec<FilledRow>,
}

/// What was written about one item. Empty means nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilledRow {
    pub no: ItemNo,
    /// 対応策
    pub answer: String,
    /// 確認したエビデンス as the applicant claims it
    pub evidence_claimed: String,
    /// 確認したエビデンス as the evaluator confirmed it
    pub evidence_confirmed: String,
    /// The code of a mark of the sheet's scale.
    pub verdict: String,
    /// 改善策
    pub improvement: String,
    /// 備考
    pub remarks: String,
}

/// The columns people fill, in the order of the sheet.
pub const FILLED: [ColumnKind; 6] = [
    ColumnKind::Answer,
    ColumnKind::EvidenceClaimed,
    ColumnKind::EvidenceConfirmed,
    ColumnKind::Verdict,
    ColumnKind::Improvement,
    ColumnKind::Remarks,
];

impl FilledRow {
    pub fn blank(no: ItemNo) -> FilledRow {
        FilledRow {
            no,
            answer: String::new(),
            evidence_claimed: String::new(),
            evidence_confirmed: String::new(),
            verdict: String::new(),
            improvement: String::new(),
            remarks: String::new(),
        }
    }

    pub fn is_blank(&self) -> bool {
        FILLED.iter().all(|kind| self.get(*kind).is_empty())
    }

    /// What stands in a column; empty for the columns that the sheet itself fills.
    pub fn get(&self, kind: ColumnKind) -> &str {
        match kind {
            ColumnKind::Answer => &self.answer,
            ColumnKind::EvidenceClaimed => &self.evidence_claimed,
            ColumnKind::EvidenceConfirmed => &self.evidence_confirmed,
            ColumnKind::Verdict => &self.verdict,
            ColumnKind::Improvement => &self.improvement,
            ColumnKind::Remarks => &self.remarks,
            ColumnKind::No | ColumnKind::Major | ColumnKind::Minor | ColumnKind::Requirement | ColumnKind::EvidenceExamples => "",
        }
    }

    /// The place of a column people fill; none for the columns of the sheet itself.
    pub fn get_mut(&mut self, kind: ColumnKind) -> Option<&mut String> {
        match kind {
            ColumnKind::Answer => Some(&mut self.answer),
            ColumnKind::EvidenceClaimed => Some(&mut self.evidence_claimed),
            ColumnKind::EvidenceConfirmed => Some(&mut self.evidence_confirmed),
            ColumnKind::Verdict => Some(&mut self.verdict),
            ColumnKind::Improvement => Some(&mut self.improvement),
            ColumnKind::Remarks => Some(&mut self.remarks),
            ColumnKind::No | ColumnKind::Major | ColumnKind::Minor | ColumnKind::Requirement | ColumnKind::EvidenceExamples => None,
        }
    }
}

/// A text as a spreadsheet keeps it, so that export and import are inverse: every line break is `\n`, white space alone
/// is nothing, and a control character (which no cell shows and XML forbids) becomes the replacement character.
pub fn clean(text: &str) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push('\n');
            }
            '\n' | '\t' => out.push(c),
            c if c.is_control() || ('\u{FFFE}'..='\u{FFFF}').contains(&c) => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_keeps_words_and_changes_only_what_a_cell_cannot_hold() {
        assert_eq!(clean("a\r\nb\rc\nd\te"), "a\nb\nc\nd\te");
        assert_eq!(clean(" \u{3000}\n"), "");
        assert_eq!(clean(" x\u{1}y\u{FFFF} "), " x\u{FFFD}y\u{FFFD} ");
    }
}
