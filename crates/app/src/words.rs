//! Words of files are read after their upload, a few at a turn, so that people find files by what is in them.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command as Program, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;
use std::time::Duration;

use documents::words::{LARGEST, NotRead, Words, words};
use rules::evidence::Evidence;
use rules::text::{Text, text, worded};
use rules::vault::Scan;
use store::tables::scan;
use store::words::{self as kept, State, Waiting};

use crate::{App, Error};

/// Files that one turn of the job reads.
const TURN: u32 = 20;
/// How long the reading of one file may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// A reader goes into what lies inside one another; a file that goes deeper than this is none that anybody made.
const STACK: usize = 256 << 20;
/// The longest answer of a reader that is heard, in bytes: the words as JSON.
const ANSWER: u64 = 64 << 20;

/// How a file stands with the search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WordsRead {
    /// Its turn has not come.
    NotYet,
    /// Found by its words; of so many pages, slides or worksheets.
    Read { pages: u32, cut: bool },
    /// Found by its name alone.
    NotRead { why: Text },
}

impl WordsRead {
    pub fn name(&self) -> Text {
        match self {
            WordsRead::NotYet => text("文言はまだ読み取っていません", "Words not read yet"),
            WordsRead::Read { pages, cut: false } => {
                worded(format!("文言を検索できます（{pages}ページ・シート）"), format!("Words can be searched ({pages} pages or sheets)"))
            }
            WordsRead::Read { cut: true, .. } => {
                text("文言を途中まで検索できます（長いため以降は対象外）", "Words can be searched up to a limit; the file is longer")
            }
            WordsRead::NotRead { .. } => text("文言は検索できません", "Words cannot be searched"),
        }
    }

    /// Why words cannot be searched.
    pub fn detail(&self) -> Option<&Text> {
        if let WordsRead::NotRead { why } = self { Some(why) } else { None }
    }
}

fn told(why: &str) -> Text {
    match NotRead::ALL.into_iter().find(|known| known.word() == why) {
        Some(NotRead::Encrypted) => text("パスワードで保護されています。", "It opens with a password only."),
        Some(NotRead::NoWords) => text(
            "画像だけか、文字の情報を持たないファイルです。",
            "It holds pictures only, or its fonts do not say which characters they draw.",
        ),
        Some(NotRead::Kind) => text("この種類のファイルの文言は読み取りません。", "The words of this kind of file are not read."),
        Some(NotRead::TooLarge) => text("大きすぎるファイルです。", "It is too large."),
        Some(NotRead::Stopped) => text("読み取りに時間がかかりすぎるため中止しました。", "Reading it took too long and was stopped."),
        Some(NotRead::Locked) => text("マルウェアが見つかったファイルです。", "Malware was found in it."),
        Some(NotRead::Damaged) | None => text("ファイルが壊れているか、正しい形式ではありません。", "It is damaged, or not of its format."),
    }
}

/// Reads a file's words in this process, on a thread with a stack large enough for what people make.
pub fn read_here(media: &str, bytes: Vec<u8>) -> Result<Words, NotRead> {
    let media = media.to_owned();
    let reader = std::thread::Builder::new().stack_size(STACK).spawn(move || words(&media, bytes, &AtomicBool::new(false)));
    reader.map_or(Err(NotRead::Stopped), |reader| reader.join().unwrap_or(Err(NotRead::Damaged)))
}

/// Reads a file's words in a process of its own, `program read-words MEDIA`: whatever the file does to its reader, this one
/// goes on. It is ended when its time is over.
pub fn read_apart(program: &Path, media: &str, bytes: Vec<u8>, patience: Duration) -> Result<Words, NotRead> {
    let failed = |error: std::io::Error| {
        tracing::error!(%error, "the reader of words cannot be started");
        NotRead::Stopped
    };
    let mut child = Program::new(program)
        .args(["read-words", media])
        // Of this process it needs nothing, and it must know no key.
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let (mut input, output) = (child.stdin.take(), child.stdout.take());
    // A reader that ended early does not hear the rest.
    std::thread::spawn(move || input.as_mut().map(|input| input.write_all(&bytes)));
    let (told, heard) = mpsc::channel();
    std::thread::spawn(move || {
        let mut answer = vec![];
        let read = output.map(|output| output.take(ANSWER).read_to_end(&mut answer));
        // Nobody listens any more when the time is over.
        let _ = told.send(read.filter(Result::is_ok).map(|_| answer));
    });
    let answer = heard.recv_timeout(patience);
    // It has said everything, or its time is over.
    let _ = child.kill();
    let _ = child.wait();
    match answer {
        Err(_) => Err(NotRead::Stopped),
        Ok(answer) => answer.and_then(|answer| serde_json::from_slice(&answer).ok()).unwrap_or(Err(NotRead::Damaged)),
    }
}

impl App {
    /// Reads the words of files that nobody has read; a bounded number at a turn. Returns how many.
    pub fn read_words(&self) -> Result<usize, Error> {
        let mut done = 0;
        for waiting in self.store.read(|conn| kept::waiting(conn, TURN))? {
            // What is damaged in the vault is told by the vault, and read when it is back.
            let Ok(read) = self.words_of(&waiting) else { continue };
            let (keys, now) = (self.file_keys(waiting.organisation)?, self.clock.now());
            self.store.write(|tx| -> Result<(), Error> {
                match &read {
                    Ok(words) => tx.keep_words(&keys, waiting.evidence, &words.pages, words.cut, now)?,
                    Err(why) => tx.keep_unread(waiting.evidence, why.word(), now)?,
                }
                Ok(())
            })?;
            done += 1;
        }
        Ok(done)
    }

    fn words_of(&self, waiting: &Waiting) -> Result<Result<Words, NotRead>, Error> {
        if let Some(Scan::Found { .. }) = self.store.read(|conn| scan::of(conn, waiting.digest))?.map(|s| s.scan) {
            return Ok(Err(NotRead::Locked));
        }
        if waiting.size > LARGEST {
            return Ok(Err(NotRead::TooLarge));
        }
        let mut bytes = vec![];
        let file = self.kept_file(waiting.organisation, waiting.digest)?;
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|e| Error::Broken(format!("a file cannot be read: {e}")))?;
        Ok(match &self.config.reader {
            Some(program) => read_apart(program, &waiting.media, bytes, PATIENCE),
            None => read_here(&waiting.media, bytes),
        })
    }

    /// How a document that somebody sees stands with the search.
    pub fn words_read(&self, evidence: &Evidence) -> Result<WordsRead, Error> {
        Ok(match self.store.read(|conn| kept::state(conn, evidence.id))? {
            None => WordsRead::NotYet,
            Some(State::Read { pages, cut }) => WordsRead::Read { pages, cut },
            Some(State::NotRead { why }) => WordsRead::NotRead { why: told(&why) },
        })
    }
}
