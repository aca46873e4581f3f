//! Reads the questions of a medical institution's own form, and guesses which of its columns hold what.

use rules::questionnaire::{Asked, Layout, usual};
use rules::sheet::ColumnKind;
use rules::text::{text, worded};

use crate::fault::Fault;
use crate::fold::fold;
use crate::form::clean;
use crate::read_form::suggest_mapping;
use crate::read_table::Table;
use crate::table::{Value, Worksheet};

/// Headings of the column for the day by which a no becomes a yes.
const TARGET: [&str; 6] = ["目標日", "対応目標日", "改善目標日", "対応予定日", "実施予定日", "Target date"];

fn worksheet<'t>(table: &'t Table, name: &str) -> Option<&'t Worksheet> {
    table.book.worksheets.iter().find(|w| w.name == name)
}

/// What the headings suggest; a person looks at it before anything is read.
pub fn suggest_layout(table: &Table) -> Option<Layout> {
    let found = suggest_mapping(table)?;
    let at = |kind: ColumnKind| found.columns.get(&kind).copied();
    let answer = at(ColumnKind::Answer).or(at(ColumnKind::Verdict));
    let remarks = at(ColumnKind::Remarks);
    let sheet = worksheet(table, &found.worksheet)?;
    let headings = found.header_row.and_then(|row| sheet.row(row));
    let target = headings.and_then(|cells| {
        let named = |value: &Value| TARGET.iter().any(|t| fold(&value.shown()).starts_with(&fold(t)));
        cells.iter().find(|(_, value)| named(value)).map(|(column, _)| *column)
    });
    // A column for remarks beside the one for answers: the answer is はい or いいえ, and the words go beside it.
    let (choice, words) = if remarks.is_some() || target.is_some() { (answer, remarks) } else { (None, answer) };
    Some(Layout {
        worksheet: found.worksheet.clone(),
        first_row: found.first_row,
        number: at(ColumnKind::No),
        question: at(ColumnKind::Requirement)?,
        choice,
        words,
        target,
        says: usual(),
    })
}

/// Every question under the layout, in the order of the form. A row that is merged over question and answer is a
/// heading, and so is one without a cell of its own for the question.
pub fn read_questions(table: &Table, layout: &Layout) -> (Vec<Asked>, Vec<Fault>) {
    let (mut asked, mut faults) = (vec![], vec![]);
    let Some(sheet) = worksheet(table, &layout.worksheet) else {
        let words = worded(
            format!("シート「{}」がファイルにありません。", layout.worksheet),
            format!("The file has no worksheet “{}”.", layout.worksheet),
        );
        return (asked, vec![Fault { cell: String::new(), item: None, text: words }]);
    };
    for (row, _) in sheet.rows().filter(|(row, _)| *row >= layout.first_row) {
        let Some((value, place)) = sheet.at(row, layout.question) else { continue };
        if place != (row, layout.question) {
            continue;
        }
        let over = |column: Option<u32>| {
            let merged = column.and_then(|column| sheet.merged_at(row, column));
            merged.is_some_and(|m| (m.left..=m.right).contains(&layout.question))
        };
        if over(layout.choice) || over(layout.words) {
            continue;
        }
        if let Value::Error(error) = value {
            let words = worded(format!("設問のセルが数式のエラー（{error}）です。"), format!("The question is a formula error ({error})."));
            faults.push(Fault { cell: sheet.cell(row, layout.question), item: None, text: words });
            continue;
        }
        let words = clean(&value.shown()).trim().to_owned();
        if words.is_empty() {
            continue;
        }
        let number = layout.number.and_then(|column| sheet.at(row, column)).map(|(v, _)| clean(&v.shown()).trim().to_owned());
        asked.push(Asked { row, number: number.unwrap_or_default(), words });
    }
    if asked.is_empty() && faults.is_empty() {
        let words = text(
            "設問が1つも見つかりません。最初の行と設問の列を確認してください。",
            "No question was found. Check the first row and the column of the questions.",
        );
        faults.push(Fault { cell: sheet.cell(layout.first_row, layout.question), item: None, text: words });
    }
    (asked, faults)
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::{Format, Workbook};

    use super::*;
    use crate::read_table::{Limits, read_table};

    /// The shape of the yearly checklist for providers: はい / いいえ and a target day.
    fn checklist() -> Table {
        let mut book = Workbook::new();
        let page = book.add_worksheet().set_name("事業者確認用").unwrap();
        page.write_string(0, 0, "医療機関におけるサイバーセキュリティ対策チェックリスト").unwrap();
        for (column, heading) in ["No.", "チェック項目", "回答", "目標日", "備考"].into_iter().enumerate() {
            page.write_string(2, column as u16, heading).unwrap();
        }
        page.merge_range(3, 0, 3, 4, "１ 体制構築", &Format::new()).unwrap();
        page.write_number(4, 0, 1).unwrap();
        page.write_string(4, 1, "事業者内に、医療情報システム等の提供に係る管理責任者を設置している。").unwrap();
        page.merge_range(5, 1, 6, 1, "二行にわたる設問\n続き", &Format::new()).unwrap();
        page.write_string(8, 1, "　").unwrap();
        read_table(&book.save_to_buffer().unwrap(), "f.xlsx", &Limits::default()).unwrap()
    }

    #[test]
    fn a_yearly_checklist_is_read_without_its_headings() {
        let table = checklist();
        let layout = suggest_layout(&table).unwrap();
        let columns = (layout.number, layout.question, layout.choice, layout.words, layout.target);
        assert_eq!(columns, (Some(0), 1, Some(2), Some(4), Some(3)));
        let (asked, faults) = read_questions(&table, &layout);
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(asked.iter().map(|a| (a.row, a.number.as_str())).collect::<Vec<_>>(), [(4, "1"), (5, "")]);
        assert_eq!(asked[1].words, "二行にわたる設問\n続き");
    }

    #[test]
    fn a_wrong_layout_is_told_and_reads_nothing() {
        let table = checklist();
        let layout = suggest_layout(&table).unwrap();
        for wrong in [Layout { worksheet: "ない".into(), ..layout.clone() }, Layout { first_row: 100, ..layout.clone() }] {
            let (asked, faults) = read_questions(&table, &wrong);
            assert!(asked.is_empty() && faults.len() == 1);
        }
    }
}
