//! The words of a file, for search: what is read of each kind, under limits of size, whatever the file declares.
//!
//! Most readers are somebody else's code and every file is a stranger's: a panic in one is a damaged file here. Time is the
//! caller's: reading ends soon after `stop` is set.

mod pdf;
mod xml;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::opened::Limits;
use crate::opened::delimited::decode;
use crate::read_table::read_table;
use crate::unreadable::Unreadable;

/// The largest file whose words are read, in bytes: a PDF is held in memory.
pub const LARGEST: u64 = 64 << 20;
/// Bytes of text that are kept of one file; the rest is left out, and said so. A thousand pages have about 3 MB.
const MOST: usize = 4 << 20;
/// Pages, slides and worksheets that are read of one file.
const PAGES: usize = 5_000;

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Words {
    /// By page, slide or worksheet; other kinds of file are one page.
    pub pages: Vec<String>,
    /// Whether there was more than is kept.
    pub cut: bool,
}

/// Why no words of a file are known. The names go into the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotRead {
    /// It opens with a password.
    Encrypted,
    Damaged,
    /// There is nothing but pictures, or its fonts do not say which characters they draw.
    NoWords,
    /// A kind whose words are not read.
    Kind,
    TooLarge,
    /// It took longer than one file may.
    Stopped,
    /// Malware was found in it.
    Locked,
}

impl NotRead {
    pub const ALL: [NotRead; 7] =
        [NotRead::Encrypted, NotRead::Damaged, NotRead::NoWords, NotRead::Kind, NotRead::TooLarge, NotRead::Stopped, NotRead::Locked];
    pub const fn word(self) -> &'static str {
        match self {
            NotRead::Encrypted => "encrypted",
            NotRead::Damaged => "damaged",
            NotRead::NoWords => "no_words",
            NotRead::Kind => "kind",
            NotRead::TooLarge => "too_large",
            NotRead::Stopped => "stopped",
            NotRead::Locked => "locked",
        }
    }
}

/// Text that grows to a limit.
struct Growing<'s> {
    words: Words,
    bytes: usize,
    stop: &'s AtomicBool,
}

impl<'s> Growing<'s> {
    fn new(stop: &'s AtomicBool) -> Growing<'s> {
        Growing { words: Words::default(), bytes: 0, stop }
    }

    /// Begins a page; whether there is room for one.
    fn page(&mut self) -> bool {
        if self.words.pages.len() >= PAGES {
            self.words.cut = true;
        }
        if !self.words.cut {
            self.words.pages.push(String::new());
        }
        !self.words.cut
    }

    /// Adds to the page; whether there was room.
    fn push(&mut self, text: &str) -> bool {
        if self.bytes + text.len() > MOST {
            self.words.cut = true;
        }
        if self.words.cut {
            return false;
        }
        if self.words.pages.is_empty() {
            self.words.pages.push(String::new());
        }
        self.bytes += text.len();
        if let Some(page) = self.words.pages.last_mut() {
            page.push_str(text);
        }
        true
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn goes_on(&self) -> Result<(), NotRead> {
        if self.stopped() { Err(NotRead::Stopped) } else { Ok(()) }
    }
}

impl From<Unreadable> for NotRead {
    fn from(why: Unreadable) -> NotRead {
        match why {
            Unreadable::Encrypted => NotRead::Encrypted,
            Unreadable::Empty => NotRead::NoWords,
            Unreadable::OtherType { .. } => NotRead::Kind,
            Unreadable::TooLarge { .. } | Unreadable::Unpacks { .. } | Unreadable::TooMany { .. } => NotRead::TooLarge,
            Unreadable::Damaged { .. } | Unreadable::Encoding => NotRead::Damaged,
        }
    }
}

/// Reads the words of a file of a media type.
///
/// Reading may go deep: call it on a thread with a large stack.
///
/// # Errors
/// Why no words are known; never a panic.
pub fn words(media: &str, bytes: Vec<u8>, stop: &AtomicBool) -> Result<Words, NotRead> {
    if bytes.len() as u64 > LARGEST {
        return Err(NotRead::TooLarge);
    }
    let read = catch_unwind(AssertUnwindSafe(|| read(media, bytes, stop))).unwrap_or(Err(NotRead::Damaged))?;
    if stop.load(Ordering::Relaxed) {
        return Err(NotRead::Stopped);
    }
    if read.pages.iter().all(|page| page.trim().is_empty()) { Err(NotRead::NoWords) } else { Ok(read) }
}

fn read(media: &str, bytes: Vec<u8>, stop: &AtomicBool) -> Result<Words, NotRead> {
    let mut out = Growing::new(stop);
    match media {
        "application/pdf" => pdf::read(bytes, &mut out)?,
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => xml::word(&bytes, &mut out)?,
        "application/vnd.openxmlformats-officedocument.presentationml.presentation" => xml::slides(&bytes, &mut out)?,
        "application/vnd.oasis.opendocument.text" | "application/vnd.oasis.opendocument.presentation" => xml::open(&bytes, &mut out)?,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        | "application/vnd.ms-excel"
        | "application/vnd.oasis.opendocument.spreadsheet" => sheets(&bytes, &mut out)?,
        "text/plain" | "text/csv" => {
            let (text, _) = decode(&bytes)?;
            // As much as there is room for, cut between characters.
            let mut end = text.len().min(MOST);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            out.push(&text[..end]);
            out.words.cut |= end < text.len();
        }
        _ => return Err(NotRead::Kind),
    }
    Ok(out.words)
}

fn sheets(bytes: &[u8], out: &mut Growing<'_>) -> Result<(), NotRead> {
    let table = read_table(bytes, "", &Limits { file: LARGEST, ..Limits::default() })?;
    for sheet in &table.book.worksheets {
        if !out.page() {
            break;
        }
        out.push(&sheet.name);
        for (_, cells) in sheet.rows() {
            out.goes_on()?;
            let row = cells.values().map(|value| value.shown()).collect::<Vec<_>>().join("\t");
            if !out.push("\n") || !out.push(&row) {
                return Ok(());
            }
        }
    }
    Ok(())
}
