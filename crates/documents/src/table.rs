//! A workbook as plain cells, whatever file it came from; sparse, with merged ranges and cell names such as `Sheet1!F12`.

use std::collections::BTreeMap;

/// The worksheets of one file, in their order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Workbook {
    pub worksheets: Vec<Worksheet>,
}

/// One worksheet: only the cells that hold something.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Worksheet {
    /// Empty for files without worksheets (CSV).
    pub name: String,
    rows: BTreeMap<u32, BTreeMap<u32, Value>>,
    /// By left column and top row; ranges do not overlap.
    merged: BTreeMap<(u32, u32), Merged>,
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(String),
    Number(f64),
    /// A date or time, in ISO 8601.
    Date(String),
    Bool(bool),
    /// A formula's error, such as `#REF!`.
    Error(String),
}

/// A merged range, corners included, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merged {
    pub top: u32,
    pub left: u32,
    pub bottom: u32,
    pub right: u32,
}

impl Value {
    /// As a person reads it in the cell: a whole number without decimals.
    pub fn shown(&self) -> String {
        match self {
            Value::Text(t) | Value::Date(t) | Value::Error(t) => t.clone(),
            Value::Number(n) => n.to_string(),
            Value::Bool(b) => if *b { "TRUE" } else { "FALSE" }.to_owned(),
        }
    }

    pub fn is_blank(&self) -> bool {
        matches!(self, Value::Text(t) if t.trim().is_empty())
    }
}

impl Worksheet {
    pub fn named(name: impl Into<String>) -> Worksheet {
        Worksheet { name: name.into(), ..Worksheet::default() }
    }

    /// Row and column count from 0. A blank value is not kept.
    pub fn put(&mut self, row: u32, column: u32, value: Value) {
        if !value.is_blank() {
            self.rows.entry(row).or_default().insert(column, value);
        }
    }

    pub fn merge(&mut self, range: Merged) {
        if range.bottom > range.top || range.right > range.left {
            self.merged.insert((range.left, range.top), range);
        }
    }

    /// What the cell itself holds.
    pub fn own(&self, row: u32, column: u32) -> Option<&Value> {
        self.rows.get(&row)?.get(&column)
    }

    /// The merged range whose left column holds the cell.
    pub fn merged_at(&self, row: u32, column: u32) -> Option<Merged> {
        let (_, range) = self.merged.range((column, 0)..=(column, row)).next_back()?;
        (range.bottom >= row).then_some(*range)
    }

    /// What the cell shows, and where that stands: a value merged over several rows belongs to each of them.
    /// A range merged over columns speaks for its left column only, so that no value is read under two headings.
    pub fn at(&self, row: u32, column: u32) -> Option<(&Value, (u32, u32))> {
        if let Some(value) = self.own(row, column) {
            return Some((value, (row, column)));
        }
        let range = self.merged_at(row, column)?;
        self.own(range.top, column).map(|value| (value, (range.top, column)))
    }

    /// The rows that hold something, from 0.
    pub fn rows(&self) -> impl Iterator<Item = (u32, &BTreeMap<u32, Value>)> {
        self.rows.iter().map(|(row, cells)| (*row, cells))
    }

    /// The cells of one row that hold something.
    pub fn row(&self, row: u32) -> Option<&BTreeMap<u32, Value>> {
        self.rows.get(&row)
    }

    /// One past the last used row and column; (0, 0) when nothing is used.
    pub fn size(&self) -> (u32, u32) {
        let rows = self.rows.keys().next_back().map_or(0, |r| r + 1);
        let columns = self.rows.values().filter_map(|cells| cells.keys().next_back()).max().map_or(0, |c| c + 1);
        (rows, columns)
    }

    /// The cell's name as Excel writes it: `Sheet1!F12`, `'2026 年'!F12`, `F12` where there is no worksheet.
    pub fn cell(&self, row: u32, column: u32) -> String {
        let cell = format!("{}{}", letters(column), u64::from(row) + 1);
        if self.name.is_empty() {
            cell
        } else if self.name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            format!("{}!{cell}", self.name)
        } else {
            format!("'{}'!{cell}", self.name.replace('\'', "''"))
        }
    }
}

/// The letters of a column, from 0: `A`, `Z`, `AA`.
pub fn letters(column: u32) -> String {
    let mut rest = u64::from(column) + 1;
    let mut out = Vec::new();
    while rest > 0 {
        rest -= 1;
        out.push(b'A' + (rest % 26) as u8);
        rest /= 26;
    }
    out.iter().rev().map(|b| char::from(*b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        assert_eq!([0, 25, 26, 701, 702, 16_383].map(letters), ["A", "Z", "AA", "ZZ", "AAA", "XFD"].map(str::to_owned));
    }

    #[test]
    fn a_merged_value_belongs_to_every_row_of_its_range_and_to_one_column() {
        let mut sheet = Worksheet::named("表 1");
        sheet.put(2, 1, Value::Text("契約".into()));
        sheet.merge(Merged { top: 2, left: 1, bottom: 4, right: 2 });
        assert_eq!(sheet.at(4, 1).map(|(v, place)| (v.shown(), place)), Some(("契約".to_owned(), (2, 1))));
        assert_eq!(sheet.at(4, 2), None);
        assert_eq!(sheet.at(5, 1), None);
        assert_eq!(sheet.cell(11, 5), "'表 1'!F12");
        assert_eq!(sheet.size(), (3, 2));
    }
}
