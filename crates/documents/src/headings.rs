//! Finds out which column is which from the headings people really write, in either language and any width.

use std::collections::BTreeMap;

use rules::sheet::{ColumnKind, Sheet};

use crate::fold::{fold, without_parentheses};
use crate::table::Value;

/// Which evidence column a lone heading 確認したエビデンス means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LoneEvidence {
    #[default]
    Claimed,
    Confirmed,
}

/// Every heading known for the columns of one sheet, folded.
pub struct Headings {
    /// Heading → kind and how well it names it: 0 its name, 1 an alias of the sheet, 2 a common word.
    known: BTreeMap<String, Vec<(ColumnKind, u8)>>,
    lone: LoneEvidence,
}

/// Words that stand over such columns in other organisations' forms.
const COMMON: [(ColumnKind, &[&str]); 11] = [
    (
        ColumnKind::No,
        &["項目番号", "No.", "No", "番号", "項番", "通番", "項目No", "項目", "管理番号", "#", "Item number", "Item no.", "Item"],
    ),
    (ColumnKind::Major, &["大分類", "大項目", "分類", "カテゴリ", "区分", "Major category", "Category"]),
    (ColumnKind::Minor, &["中分類", "中項目", "小分類", "小項目", "Minor category", "Subcategory"]),
    (
        ColumnKind::Requirement,
        &[
            "対策項目",
            "確認項目",
            "要求事項",
            "確認事項",
            "評価項目",
            "チェック項目",
            "確認内容",
            "設問",
            "質問",
            "質問事項",
            "内容",
            "Requirement",
            "Question",
        ],
    ),
    (
        ColumnKind::EvidenceExamples,
        &["確認対象物例・エビデンス例", "確認対象物例・エビデンス等", "確認対象物例", "エビデンス例", "確認資料例", "Examples of evidence"],
    ),
    (
        ColumnKind::Answer,
        &[
            "対応策",
            "対応内容",
            "対応状況",
            "回答",
            "回答内容",
            "回答欄",
            "ご回答",
            "実施内容",
            "Measures taken",
            "Measure",
            "Answer",
            "Response",
        ],
    ),
    (ColumnKind::EvidenceClaimed, &[PLAIN_EVIDENCE, "エビデンス", "証跡", "根拠資料", "提出資料", "Evidence", "Evidence claimed"]),
    (
        ColumnKind::EvidenceConfirmed,
        &["評価者が確認したエビデンス", "評価員が確認したエビデンス", "確認済みエビデンス", "Evidence confirmed"],
    ),
    (ColumnKind::Verdict, &["判定結果", "判定", "評価結果", "評価", "適否", "Verdict", "Result"]),
    (ColumnKind::Improvement, &["改善策", "改善事項", "指摘事項", "要改善事項", "Improvement required", "Improvement"]),
    (ColumnKind::Remarks, &["備考", "参考", "コメント", "Remarks", "Notes", "Comments"]),
];

const PLAIN_EVIDENCE: &str = "確認したエビデンス";

impl Headings {
    pub fn of(sheet: &Sheet, lone: LoneEvidence) -> Headings {
        let mut headings = Headings { known: BTreeMap::new(), lone };
        for column in &sheet.columns {
            headings.add(&column.name.ja, column.kind, 0);
            headings.add(&column.name.en, column.kind, 0);
            column.aliases.iter().for_each(|alias| headings.add(alias, column.kind, 1));
        }
        let has: Vec<ColumnKind> = sheet.columns.iter().map(|c| c.kind).collect();
        headings.add_common(|kind| has.contains(&kind));
        headings
    }

    /// Without a sheet: for forms whose columns are not known yet.
    pub fn common() -> Headings {
        let mut headings = Headings { known: BTreeMap::new(), lone: LoneEvidence::Claimed };
        headings.add_common(|_| true);
        headings
    }

    fn add_common(&mut self, wanted: impl Fn(ColumnKind) -> bool) {
        for (kind, words) in COMMON.iter().filter(|(kind, _)| wanted(*kind)) {
            words.iter().for_each(|word| self.add(word, *kind, 2));
        }
    }

    fn add(&mut self, heading: &str, kind: ColumnKind, rank: u8) {
        let folded = fold(heading);
        for form in [without_parentheses(&folded), folded] {
            let kinds = self.known.entry(form).or_default();
            if !kinds.iter().any(|(k, _)| *k == kind) {
                kinds.push((kind, rank));
            }
        }
    }

    fn kinds(&self, heading: &str) -> &[(ColumnKind, u8)] {
        let folded = fold(heading);
        let found = self.known.get(&folded).or_else(|| self.known.get(&without_parentheses(&folded)));
        found.map_or(&[], Vec::as_slice)
    }

    /// The columns a row of headings names. None if the row is no row of headings: fewer than three columns of the
    /// sheet, or two without the item number.
    pub fn read(&self, row: &BTreeMap<u32, Value>) -> Option<Columns> {
        let columns = self.read_rest(row)?;
        let enough = columns.len() >= 3 || (columns.len() == 2 && columns.contains_key(&ColumnKind::No));
        enough.then_some(columns)
    }

    /// The columns a row names, however few: for the second row of a heading. None if it names none.
    pub fn read_rest(&self, row: &BTreeMap<u32, Value>) -> Option<Columns> {
        let mut best: BTreeMap<ColumnKind, (u8, u32)> = BTreeMap::new();
        let mut evidence = Vec::new();
        for (column, value) in row {
            let Value::Text(heading) = value else { continue };
            let kinds = self.kinds(heading);
            if is_plain_evidence(heading, kinds) {
                evidence.push(*column);
                continue;
            }
            for (kind, rank) in kinds {
                let place = best.entry(*kind).or_insert((*rank, *column));
                *place = (*place).min((*rank, *column));
            }
        }
        let mut columns: Columns = best.into_iter().map(|(kind, (_, column))| (kind, column)).collect();
        let mut free = [ColumnKind::EvidenceClaimed, ColumnKind::EvidenceConfirmed];
        if evidence.len() == 1 && self.lone == LoneEvidence::Confirmed {
            free.reverse();
        }
        let mut free = free.into_iter().filter(|kind| !columns.contains_key(kind)).collect::<Vec<_>>().into_iter();
        for column in evidence {
            if let Some(kind) = free.next() {
                columns.insert(kind, column);
            }
        }
        (!columns.is_empty()).then_some(columns)
    }
}

/// Column index by kind.
pub type Columns = BTreeMap<ColumnKind, u32>;

/// A heading that does not say who the evidence is by: two of them are the claimed and the confirmed one, left to right.
fn is_plain_evidence(heading: &str, kinds: &[(ColumnKind, u8)]) -> bool {
    let claimed = kinds.iter().any(|(kind, _)| *kind == ColumnKind::EvidenceClaimed);
    let confirmed = kinds.iter().any(|(kind, _)| *kind == ColumnKind::EvidenceConfirmed);
    claimed && (confirmed || without_parentheses(&fold(heading)) == PLAIN_EVIDENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headings: &[&str], lone: LoneEvidence) -> Option<Columns> {
        let row = headings.iter().enumerate().map(|(i, h)| (i as u32, Value::Text((*h).to_owned()))).collect();
        Headings { lone, ..Headings::common() }.read(&row)
    }

    #[test]
    fn the_left_of_two_equal_evidence_headings_is_claimed_and_a_lone_one_as_asked() {
        use ColumnKind::*;
        let two =
            read(&["Ｎｏ．", "対応策", "確認したエビデンス\n（文書名、ページ番号等）", "確認した エビデンス"], LoneEvidence::Confirmed)
                .unwrap();
        assert_eq!(two, [(No, 0), (Answer, 1), (EvidenceClaimed, 2), (EvidenceConfirmed, 3)].into());
        let one = ["No", "対応策", "確認したｴﾋﾞﾃﾞﾝｽ"];
        assert_eq!(read(&one, LoneEvidence::Claimed).unwrap().get(&EvidenceClaimed), Some(&2));
        assert_eq!(read(&one, LoneEvidence::Confirmed).unwrap().get(&EvidenceConfirmed), Some(&2));
        let named = read(&["No", "評価者が確認したエビデンス", "確認したエビデンス"], LoneEvidence::Confirmed).unwrap();
        assert_eq!(named, [(No, 0), (EvidenceConfirmed, 1), (EvidenceClaimed, 2)].into());
    }

    #[test]
    fn a_row_of_answers_is_no_row_of_headings() {
        assert_eq!(read(&["12", "備考", "回答します"], LoneEvidence::Claimed), None);
        assert!(read(&["No.", "判定"], LoneEvidence::Claimed).is_some());
    }
}
