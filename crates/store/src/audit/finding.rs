//! What may be wrong with a database, in words.

use rules::text::{Text, text, worded};

use crate::error::Error;

/// How something differs from what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Odd {
    Missing,
    Added,
    Altered,
}

impl Odd {
    fn words(self) -> Text {
        match self {
            Odd::Missing => text("ありません", "is missing"),
            Odd::Added => text("余分にあります", "is there and should not be"),
            Odd::Altered => text("変更されています", "was altered"),
        }
    }
}

/// Something that is wrong with a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// What SQLite says of its own pages.
    Pages(String),
    /// It belongs to an earlier version of this program.
    Older { found: i64, known: i64 },
    /// It belongs to a later version of this program.
    Newer { found: i64, known: i64 },
    /// A table, column, index, trigger or anything else of the schema.
    Schema { what: String, odd: Odd },
    /// The first line that is wrong.
    Line(seal::Wrong),
    /// A line that cannot be done again.
    Replay { pos: u64, cause: String },
    /// What is kept beside the lines of a ledger: its tree, its tiles, its search index.
    Beside { tenant: String, problem: String },
    /// A checkpoint of the super-log, by its number, or the super-log itself.
    Signed { what: String, problem: String },
    /// The first row of a table that differs: its number in the table's order from 1, its first column, and the column that differs.
    Row { table: &'static str, n: u64, key: String, column: Option<String>, odd: Odd },
    /// The full-text index.
    Index(String),
    /// It could not be read on.
    Unreadable(String),
    /// It was changed while it was looked at.
    Meanwhile,
}

impl Finding {
    pub(super) fn of(error: Error) -> Finding {
        match error {
            Error::Ledger(wrong) => Finding::Line(wrong),
            Error::Tree { tenant, problem } => Finding::Beside { tenant, problem },
            Error::Edge { tenant } => Finding::Beside { tenant, problem: "its kept tree edge is damaged".to_owned() },
            Error::Replay { pos, cause } => Finding::Replay { pos, cause },
            other => Finding::Unreadable(other.to_string()),
        }
    }

    pub fn text(&self) -> Text {
        match self {
            Finding::Pages(said) => worded(
                format!("データベースファイルのページが壊れています: {said}"),
                format!("pages of the database file are damaged: {said}"),
            ),
            Finding::Older { found, known } => worded(
                format!(
                    "古い版のAkashiのデータベースです（スキーマ{found}、この版は{known}）。その版のAkashiで検証するか、この版で一度起動してから検証してください。"
                ),
                format!(
                    "it is a database of an older Akashi (schema {found}, this program has {known}): verify it with that version, or start this version on it once"
                ),
            ),
            Finding::Newer { found, known } => worded(
                format!("新しい版のAkashiのデータベースです（スキーマ{found}、この版は{known}まで）。新しい版で検証してください。"),
                format!(
                    "it is a database of a newer Akashi (schema {found}, this program knows up to {known}): verify it with that version"
                ),
            ),
            Finding::Schema { what, odd } => {
                let odd = odd.words();
                worded(format!("データベースの定義: {what} が{}。", odd.ja), format!("schema: {what} {}", odd.en))
            }
            Finding::Line(wrong) => worded(
                format!("台帳 {} の{}行目（位置{}）が正しくありません: {}", wrong.tenant, wrong.seq, wrong.pos, wrong.problem.ja()),
                wrong.to_string(),
            ),
            Finding::Replay { pos, cause } => worded(
                format!("台帳の位置{pos}の行を表に反映し直せません: {cause}"),
                format!("line {pos} of the ledger cannot be done again: {cause}"),
            ),
            Finding::Beside { tenant, problem } => worded(
                format!("台帳 {tenant} に付随するデータが正しくありません: {problem}"),
                format!("beside the ledger of {tenant}: {problem}"),
            ),
            Finding::Signed { what, problem } => worded(format!("署名済みの記録（{what}）: {problem}"), format!("{what}: {problem}")),
            Finding::Row { table, n, key, column, odd } => {
                let odd = odd.words();
                let (ja, en) = match column {
                    Some(column) => (format!("の列 {column} "), format!(", column {column},")),
                    None => (String::new(), String::new()),
                };
                worded(
                    format!("表 {table} の{n}行目（{key}）{ja}が{}。台帳から作り直した内容と異なります。", odd.ja),
                    format!("table {table}, row {n} ({key}){en} {}: the ledger makes another", odd.en),
                )
            }
            Finding::Index(problem) => worded(
                format!("全文検索の索引が本文と合いません: {problem}"),
                format!("the full-text index does not fit the texts: {problem}"),
            ),
            Finding::Unreadable(cause) => worded(format!("ここから先を読み取れません: {cause}"), format!("it cannot be read on: {cause}")),
            Finding::Meanwhile => text(
                "検証中にデータベースが変更されました。もう一度検証してください。",
                "the database was changed while it was looked at: verify it again",
            ),
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text().en)
    }
}
