//! Why a file could not be opened at all, and what the person can do about it.

use rules::text::{Text, text, worded};

/// The file was refused before any cell was read; nothing of it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    Empty,
    /// Sizes in bytes.
    TooLarge {
        size: u64,
        limit: u64,
    },
    /// Unpacked, it would be larger than the limit in bytes; a zip bomb looks like this.
    Unpacks {
        limit: u64,
    },
    /// More parts, worksheets, cells or merged ranges than any check sheet has.
    TooMany {
        what: Text,
        limit: u64,
    },
    /// By its first bytes it is something else: a PDF, a picture, a Word document.
    OtherType {
        found: Text,
    },
    Encrypted,
    Damaged {
        format: &'static str,
        detail: String,
    },
    /// A text file in no known encoding.
    Encoding,
}

impl Unreadable {
    pub(crate) fn damaged(format: &'static str, detail: impl ToString) -> Unreadable {
        Unreadable::Damaged { format, detail: detail.to_string() }
    }

    /// What to tell the person who sent the file.
    pub fn text(&self) -> Text {
        match self {
            Unreadable::Empty => {
                text("ファイルが空です。内容のあるファイルを選んでください。", "The file is empty. Choose a file that has content.")
            }
            Unreadable::TooLarge { size, limit } => worded(
                format!(
                    "ファイルが大きすぎます（{}、上限は{}）。画像や不要なシートを削除して、もう一度お試しください。",
                    bytes(*size),
                    bytes(*limit)
                ),
                format!(
                    "The file is too large ({}; at most {}). Remove pictures or worksheets you do not need and try again.",
                    bytes(*size),
                    bytes(*limit)
                ),
            ),
            Unreadable::Unpacks { limit } => worded(
                format!(
                    "ファイルを展開すると上限（{}）を超えるため、読み込みを中止しました。値だけを新しいブックに貼り付けて保存し直してください。",
                    bytes(*limit)
                ),
                format!(
                    "Unpacked, the file exceeds the limit of {}, so reading was stopped. Paste the values into a new workbook and save it.",
                    bytes(*limit)
                ),
            ),
            Unreadable::TooMany { what, limit } => worded(
                format!("{}が多すぎます（上限は{limit}）。使っていない行・列・シートを削除して保存し直してください。", what.ja),
                format!(
                    "There are too many {} (at most {limit}). Delete unused rows, columns and worksheets, and save the file again.",
                    what.en
                ),
            ),
            Unreadable::OtherType { found } => worded(
                format!(
                    "このファイルは{}で、表として読み込めません。.xlsx、.xls、.ods、.csv、.tsv、.txt のいずれかで保存したファイルを選んでください。",
                    found.ja
                ),
                format!(
                    "This file is {} and cannot be read as a table. Choose a file saved as .xlsx, .xls, .ods, .csv, .tsv or .txt.",
                    found.en
                ),
            ),
            Unreadable::Encrypted => text(
                "ファイルにパスワードがかかっています。パスワードを解除して保存したファイルを選んでください。",
                "The file is protected by a password. Save it without the password and choose that file.",
            ),
            Unreadable::Damaged { format, detail } => worded(
                format!("{format} ファイルが壊れているため読み込めません（{detail}）。表計算ソフトで開いて保存し直してください。"),
                format!("The {format} file is damaged and cannot be read ({detail}). Open it in a spreadsheet program and save it again."),
            ),
            Unreadable::Encoding => text(
                "文字コードを判別できません。UTF-8 または Shift_JIS で保存し直してください。",
                "The text encoding is not known. Save the file as UTF-8 or Shift_JIS.",
            ),
        }
    }
}

fn bytes(n: u64) -> String {
    match n {
        n if n >= 1 << 20 => format!("{} MB", n >> 20),
        n if n >= 1 << 10 => format!("{} KB", n >> 10),
        n => format!("{n} B"),
    }
}
