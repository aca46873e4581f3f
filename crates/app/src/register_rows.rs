//! Registers as files: every entry out, and rows in, each fault told with its row and column before anything changes.

use std::collections::BTreeMap;

use documents::read_table::Limits;
use documents::rows::{fold, read_rows, rows_csv, rows_xlsx};
use rules::act::Actor;
use rules::command::Command;
use rules::refusal::{FieldFault, Refusal};
use rules::register::{FieldKind, Register, Written, typed};
use rules::text::{Lang, Text, text, worded};

use crate::execute::registers::ROWS;
use crate::read::registers::{Cursor, Names, Wanted};
use crate::{App, Done, Error};

/// Entries that are read at once.
const PAGE: usize = 500;

/// The two kinds of file that an export makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowsFormat {
    Csv,
    Xlsx,
}

/// The words for the column of states; an import passes it over.
const STATE: Text = text("状態", "State");

impl App {
    /// Every entry of a register, the oldest first, under headings in the given language.
    pub fn export_register(&self, actor: &Actor, register: &str, format: RowsFormat, lang: Lang) -> Result<Vec<u8>, Error> {
        let register = self.register(register)?;
        let mut rows = vec![];
        let mut wanted = Wanted::default();
        loop {
            let read = self.entries(actor, &register.id, &wanted, PAGE)?;
            for standing in &read.listed.entries {
                let mut row: Vec<String> =
                    register.fields.iter().map(|field| shown(field, &standing.entry.fields, &read.names, lang)).collect();
                row.push(
                    register.state(&standing.entry.state).map_or_else(|| standing.entry.state.clone(), |s| s.name.get(lang).to_owned()),
                );
                rows.push(row);
            }
            match read.listed.next {
                Some(next @ Cursor::Pos { .. }) => wanted.after = Some(next),
                _ => break,
            }
        }
        rows.reverse();
        let headings = register.fields.iter().map(|f| f.name.get(lang).to_owned()).chain([STATE.get(lang).to_owned()]).collect();
        rows.insert(0, headings);
        match format {
            RowsFormat::Csv => Ok(rows_csv(&rows)),
            RowsFormat::Xlsx => {
                rows_xlsx(register.name.get(lang), &rows).map_err(|e| Error::Broken(format!("the register could not be written: {e}")))
            }
        }
    }

    /// Takes every row of a spreadsheet as an entry, or none of them and says what is wrong with each.
    pub fn import_register(&self, actor: &Actor, register: &str, bytes: &[u8], file_name: &str) -> Result<Done, Error> {
        let of = self.register(register)?;
        // Before a stranger's file is read: it is nobody else's to try.
        rules::policy::may(rules::command::Kind::ImportEntries, actor, rules::policy::Place::Installation)?;
        let read = read_rows(bytes, file_name, &Limits::default()).map_err(|e| Refusal::invalid("file", e.text()))?;
        let columns = columns(of, &read.headings)?;
        let mut faults = vec![];
        for row in &read.rows {
            for (column, broken) in row.broken.iter().filter(|(column, _)| columns.contains_key(column)) {
                let words = worded(
                    format!("数式がエラーになっています（{broken}）。値に直してください。"),
                    format!("The formula ends in an error ({broken}); put a value there."),
                );
                faults.push(FieldFault { row: Some(row.row as usize), field: columns[column].to_owned(), text: words });
            }
        }
        if read.rows.len() > ROWS {
            let words = worded(
                format!("行が多すぎます（{}行）。{ROWS}行以内に分けてください。", read.rows.len()),
                format!("There are {} rows; split them into at most {ROWS}.", read.rows.len()),
            );
            return Err(Refusal::invalid("file", words).into());
        }
        if !faults.is_empty() {
            return Err(Refusal::faulty(faults).into());
        }
        let rows: Vec<Written> = read.rows.iter().map(|row| written(of, &columns, &row.cells)).collect();
        let command = Command::ImportEntries { register: register.to_owned(), rows };
        self.execute(actor, command).map_err(|error| match error {
            // The rule counts what it was given; people count rows of their file.
            Error::Refused(mut refusal) => {
                for fault in &mut refusal.faults {
                    fault.row = fault.row.and_then(|n| read.rows.get(n - 1)).map(|row| row.row as usize);
                }
                Error::Refused(refusal)
            }
            other => other,
        })
    }
}

/// Which column holds which field, by its name in either language or its id. A column that is none is a fault: its words would be lost.
fn columns<'r>(register: &'r Register, headings: &[String]) -> Result<BTreeMap<usize, &'r str>, Refusal> {
    let same = |name: &str, heading: &str| fold(name) == fold(heading);
    let mut found = BTreeMap::new();
    let mut faults = vec![];
    for (column, heading) in headings.iter().enumerate().filter(|(_, heading)| !heading.trim().is_empty()) {
        let field = register.fields.iter().find(|f| same(&f.name.ja, heading) || same(&f.name.en, heading) || f.id == *heading);
        match field {
            Some(field) if found.values().any(|id| *id == field.id) => {
                faults.push((heading, text("同じ見出しの列が二つあります。", "Two columns have this heading.")))
            }
            Some(field) => {
                found.insert(column, field.id.as_str());
            }
            None if same(&STATE.ja, heading) || same(&STATE.en, heading) => {}
            None => faults.push((
                heading,
                text(
                    "この見出しの欄は、この管理簿にありません。列を消すか、見出しを直してください。",
                    "This register has no such field. Remove the column, or mend its heading.",
                ),
            )),
        }
    }
    if !faults.is_empty() {
        return Err(Refusal::faulty(
            faults.into_iter().map(|(heading, text)| FieldFault { row: Some(1), field: heading.clone(), text }).collect(),
        ));
    }
    Ok(found)
}

/// One row as the command takes it: several values stand one a line.
fn written(register: &Register, columns: &BTreeMap<usize, &str>, cells: &[String]) -> Written {
    let mut out = Written::new();
    for (column, id) in columns {
        let cell = cells.get(*column).map(String::as_str).unwrap_or_default();
        let many = register.field(id).is_some_and(|f| f.many);
        let values: Vec<String> = if many { cell.lines().map(str::to_owned).collect() } else { vec![cell.to_owned()] };
        out.insert((*id).to_owned(), values.into_iter().filter(|v| !v.trim().is_empty()).collect());
    }
    out
}

/// What stands in a field as an import reads it back: names for links, choices by name, moments in Japanese time.
pub(crate) fn shown(field: &rules::register::Field, fields: &Written, names: &Names, lang: Lang) -> String {
    let one = |kept: &String| match field.kind {
        FieldKind::Choice => field.choices.iter().find(|c| c.id == *kept).map_or_else(|| kept.clone(), |c| c.name.get(lang).to_owned()),
        FieldKind::Moment => typed(kept),
        FieldKind::Person | FieldKind::Organisation => names.get(kept).cloned().unwrap_or_else(|| kept.clone()),
        _ => kept.clone(),
    };
    fields.get(&field.id).into_iter().flatten().map(one).collect::<Vec<_>>().join("\n")
}
