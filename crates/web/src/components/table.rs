//! A table that can be sorted by links, and that becomes a list of cards on a narrow screen.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

use super::{Tone, tag};

/// Ascending or descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Up,
    Down,
}

/// How a column is sorted: the link that sorts by it, and the direction it is sorted in now, if it is.
#[derive(Debug, Clone)]
pub struct Sort {
    pub href: String,
    pub now: Option<Direction>,
}

/// One column.
#[derive(Debug, Clone)]
pub struct Column {
    pub label: Text,
    pub number: bool,
    pub sort: Option<Sort>,
}

impl Column {
    pub fn new(label: Text) -> Column {
        Column { label, number: false, sort: None }
    }

    /// Right-aligned figures.
    pub fn number(self) -> Column {
        Column { number: true, ..self }
    }

    pub fn sort(self, href: impl Into<String>, now: Option<Direction>) -> Column {
        Column { sort: Some(Sort { href: href.into(), now }), ..self }
    }
}

/// What stands in a cell.
pub type Cell = Markup;

/// One row; the first cell names it.
#[derive(Debug, Clone, Default)]
pub struct Row {
    pub id: Option<String>,
    pub cells: Vec<Cell>,
}

impl Row {
    pub fn new(cells: Vec<Cell>) -> Row {
        Row { id: None, cells }
    }

    pub fn id(self, id: impl Into<String>) -> Row {
        Row { id: Some(id.into()), ..self }
    }
}

/// A whole table. Links marked `data-row` inside it are reached by j and k.
#[derive(Debug, Clone)]
pub struct Table {
    pub caption: Text,
    /// The caption repeats a heading above and is only for screen readers.
    pub caption_hidden: bool,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    /// Stays a table on a narrow screen and scrolls sideways instead of becoming cards: for figures.
    pub dense: bool,
    /// Which cell names its row (`<th scope="row">`), if any.
    pub head_cell: Option<usize>,
}

impl Table {
    pub fn new(caption: Text, columns: Vec<Column>, rows: Vec<Row>) -> Table {
        Table { caption, caption_hidden: false, columns, rows, dense: false, head_cell: Some(0) }
    }

    pub fn caption_hidden(self) -> Table {
        Table { caption_hidden: true, ..self }
    }

    pub fn dense(self) -> Table {
        Table { dense: true, ..self }
    }

    pub fn head_cell(self, head_cell: Option<usize>) -> Table {
        Table { head_cell, ..self }
    }
}

/// Draws a table.
pub fn table(lang: Lang, table: &Table) -> Markup {
    html! {
        // What scrolls can be reached by keyboard.
        div.table-frame role=[table.dense.then_some("group")] aria-label=[table.dense.then(|| table.caption.get(lang))] tabindex=[table.dense.then_some("0")] {
            table.stacks[!table.dense] data-rows {
                caption { span.hidden-text[table.caption_hidden] { (table.caption.get(lang)) } }
                thead { tr { @for column in &table.columns { (head(lang, column)) } } }
                tbody {
                    @for row in &table.rows {
                        tr id=[row.id.as_ref()] {
                            @for (at, cell) in row.cells.iter().enumerate() {
                                @let column = table.columns.get(at);
                                @let number = column.is_some_and(|c| c.number);
                                @if table.head_cell == Some(at) { th.number[number] scope="row" { (cell) } }
                                @else { td.number[number] data-label=[column.map(|c| c.label.get(lang)).filter(|l| !l.is_empty())] { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn head(lang: Lang, column: &Column) -> Markup {
    let now = column.sort.as_ref().and_then(|sort| sort.now);
    let (aria, sign) = match now {
        Some(Direction::Up) => (Some("ascending"), "▲"),
        Some(Direction::Down) => (Some("descending"), "▼"),
        None => (None, "↕"),
    };
    html! {
        th.number[column.number] scope="col" aria-sort=[aria] {
            @if let Some(sort) = &column.sort { a href=(sort.href) { (column.label.get(lang)) span.sort-sign aria-hidden="true" { (sign) } } }
            @else { (column.label.get(lang)) }
        }
    }
}

pub(super) fn example(lang: Lang) -> Markup {
    let columns = vec![
        Column::new(text("番号", "No.")).number().sort("?sort=-no", Some(Direction::Up)),
        Column::new(text("項目", "Item")),
        Column::new(text("担当者", "Owner")).sort("?sort=owner", None),
        Column::new(text("期限", "Due")),
        Column::new(text("判定結果", "Verdict")),
    ];
    let lines = [
        (
            12,
            text("個人情報の取扱いに関する方針を公表しているか", "Is the policy on personal data published?"),
            text("佐藤", "Sato"),
            Tone::Success,
            text("適合", "Conforms"),
        ),
        (
            13,
            text("運用管理規程を定め、見直しているか", "Are operations rules set and reviewed?"),
            text("鈴木", "Suzuki"),
            Tone::Warn,
            text("条件付適合", "Conditional"),
        ),
        (
            14,
            text("責任分界を契約で定めているか", "Does the contract divide responsibility?"),
            text("高橋", "Takahashi"),
            Tone::Danger,
            text("不適合", "Does not conform"),
        ),
        (
            15,
            text("再委託先を監督しているか", "Are subcontractors supervised?"),
            text("佐藤", "Sato"),
            Tone::Neutral,
            text("対象外", "Out of scope"),
        ),
    ];
    let rows = lines.iter().map(|(no, name, owner, tone, verdict)| {
        Row::new(vec![
            html! { (no) },
            html! { a href="#" data-row { (name.get(lang)) } },
            html! { (owner.get(lang)) },
            html! { time datetime="2026-12-18" { "2026-12-18" } },
            tag(lang, *tone, verdict),
        ])
    });
    table(lang, &Table::new(text("分類3の項目", "Items of category 3"), columns, rows.collect()).head_cell(Some(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sorted_column_says_so_and_rows_have_a_header() {
        let html = example(Lang::En).into_string();
        assert!(html.contains(r#"scope="col" aria-sort="ascending""#), "{html}");
        assert_eq!(html.matches(r#"scope="row""#).count(), 4);
        assert!(html.contains(r#"data-label="Owner""#));
    }
}
