//! What lies inside an archive that a stranger sends: looked through in a stream, under limits, and never unpacked to a disk.
//!
//! Office files are archives too. Sizes and counts that a file declares are never believed.

mod look;
mod names;

use rules::text::{Text, text, worded};
use rules::vault::Inside;

pub use look::look;
pub use names::{is_hidden, shown};

/// How much an archive may hold, with everything in the archives inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Entries of all archives together.
    pub entries: u64,
    /// Bytes, unpacked.
    pub unpacked: u64,
    /// How many times larger than packed an entry may be, once it has passed four megabytes.
    pub ratio: u64,
    /// How many archives may lie inside one another; the file itself is the first.
    pub depth: u32,
    /// Bytes of a zip file inside an archive that is held in memory to be looked into; one that is larger is noted as unseen.
    pub nested: u64,
    /// Bytes that the list of a zip file's entries may take.
    pub directory: u64,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { entries: 10_000, unpacked: 1 << 30, ratio: 400, depth: 4, nested: 16 << 20, directory: 8 << 20 }
    }
}

/// What was found in an archive that may stay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Looked {
    /// Each once, in a fixed order.
    pub inside: Vec<Inside>,
    pub entries: u64,
    /// Bytes, unpacked.
    pub unpacked: u64,
}

/// Why an archive is not taken. Names are as they stand in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hostile {
    TooManyEntries {
        limit: u64,
    },
    /// Bytes.
    Unpacks {
        limit: u64,
    },
    Ratio {
        name: String,
        ratio: u64,
    },
    Nested {
        depth: u32,
    },
    /// An entry leads out of the folder that it is unpacked in.
    Outside {
        name: String,
    },
    Absolute {
        name: String,
    },
    /// A link, a device, or anything but a file or a folder.
    Link {
        name: String,
    },
    /// Characters that nobody sees, or that turn the direction of reading.
    Hidden {
        name: String,
    },
    /// Entries share bytes, or one name stands for several: different programs would unpack different things.
    Ambiguous,
    Damaged {
        detail: String,
    },
}

impl Hostile {
    /// One word for the ledger, which holds no name of an entry.
    pub const fn word(&self) -> &'static str {
        match self {
            Hostile::TooManyEntries { .. } => "too many entries",
            Hostile::Unpacks { .. } => "too large unpacked",
            Hostile::Ratio { .. } => "packed too tightly",
            Hostile::Nested { .. } => "nested too deep",
            Hostile::Outside { .. } => "a path that leads outside",
            Hostile::Absolute { .. } => "an absolute path",
            Hostile::Link { .. } => "a link",
            Hostile::Hidden { .. } => "a name with hidden characters",
            Hostile::Ambiguous => "overlapping entries",
            Hostile::Damaged { .. } => "damaged",
        }
    }

    /// What to tell the person who sent the file.
    pub fn text(&self) -> Text {
        match self {
            Hostile::TooManyEntries { limit } => worded(
                format!("圧縮ファイルの中のファイルが多すぎます（上限{limit}件）。必要なものだけを入れて作り直してください。"),
                format!("The archive holds too many files (at most {limit}). Make it again with only what is needed."),
            ),
            Hostile::Unpacks { limit } => {
                let mb = limit >> 20;
                worded(
                    format!("展開すると{mb} MBを超えるため、中の確認を中止しました。分けるか、必要なものだけを入れて作り直してください。"),
                    format!(
                        "Unpacked, it exceeds {mb} MB, so looking through it was stopped. Divide it, or make it again with only what is needed."
                    ),
                )
            }
            Hostile::Ratio { name, ratio } => worded(
                format!(
                    "中の「{}」は圧縮率が高すぎます（{ratio}倍以上）。展開すると巨大になる攻撃用ファイルと区別できません。圧縮せずに登録してください。",
                    shown(name)
                ),
                format!(
                    "{} inside it is packed more than {ratio} times, which cannot be told from an attack that fills disks. Add it without packing.",
                    shown(name)
                ),
            ),
            Hostile::Nested { depth } => worded(
                format!("圧縮ファイルの中の圧縮ファイルが{depth}段を超えて重なっています。展開してから作り直してください。"),
                format!("More than {depth} archives lie inside one another. Unpack them and make it again."),
            ),
            Hostile::Outside { name } => worded(
                format!("中の「{}」は、展開先のフォルダーの外に書き込まれる名前です。作り直してください。", shown(name)),
                format!("{} inside it would be written outside the folder it is unpacked in. Make the archive again.", shown(name)),
            ),
            Hostile::Absolute { name } => worded(
                format!("中の「{}」は、絶対パスの名前です。フォルダーの中の相対パスで作り直してください。", shown(name)),
                format!("{} inside it has an absolute path. Make the archive again with relative paths.", shown(name)),
            ),
            Hostile::Link { name } => worded(
                format!("中の「{}」は、リンクなどの特別なファイルです。普通のファイルだけで作り直してください。", shown(name)),
                format!("{} inside it is a link or another special file. Make the archive again with ordinary files only.", shown(name)),
            ),
            Hostile::Hidden { name } => worded(
                format!("中の「{}」は、見えない文字や文字の向きを変える文字を含む名前です。名前を直してください。", shown(name)),
                format!("{} inside it has characters in its name that nobody sees, or that turn the text. Rename it.", shown(name)),
            ),
            Hostile::Ambiguous => text(
                "中のファイルが同じ部分を共有しているか、同じ名前が重なっています。展開するソフトによって中身が変わるため受け付けません。作り直してください。",
                "Entries share bytes or a name, so that programs would unpack different things. Make the archive again.",
            ),
            Hostile::Damaged { detail } => worded(
                format!("壊れているため、中を確認できません（{detail}）。元のソフトで開いて保存し直してください。"),
                format!("It is damaged and cannot be looked into ({detail}). Open it where it was made and save it again."),
            ),
        }
    }
}
