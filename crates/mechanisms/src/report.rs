//! What was tried on this program: a dated report with a row for each item, and a digest that tells it from any other.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use rules::text::{Lang, Text, text};
use serde::Serialize;

use crate::{ALL, Check, Failed, Mechanism, Scratch};

/// What became of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It holds, and it fails where the mechanism is broken.
    Shown,
    /// It does not hold.
    Failed,
    /// It holds also where the mechanism is broken, so that it shows nothing.
    Blind,
}

impl Outcome {
    pub const fn name(self) -> Text {
        match self {
            Outcome::Shown => text("動作を確認", "shown"),
            Outcome::Failed => text("動作しない", "FAILED"),
            Outcome::Blind => text("検証不能", "BLIND"),
        }
    }
}

/// One item or sub-point with the check that shows it.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    pub item: u16,
    /// 0 is the item as a whole.
    pub point: u16,
    pub mechanism: &'static str,
    pub name: Text,
    pub what: Text,
    pub outcome: Outcome,
    /// Why it did not hold, or what the check saw where the mechanism was broken.
    pub words: Text,
    /// How long the check took, in milliseconds.
    pub ms: u64,
}

/// All of them.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The program's version.
    pub version: &'static str,
    pub at: Timestamp,
    /// The database that the checks ran on.
    pub engine: &'static str,
    pub rows: Vec<Row>,
    /// SHA-256 of everything above as JSON.
    pub digest: String,
}

/// Tries every check, or those of one mechanism, each on an installation of its own and on one where it is broken.
/// `told` is called before each check. The report is sorted by item.
pub fn verify(at: Timestamp, only: Option<&str>, told: impl FnMut(&Mechanism, &Check) + Send) -> Report {
    let mut rows = vec![];
    for Judged { mechanism, check, outcome, words, ms } in judge_all(only, told) {
        rows.extend(check.shows.iter().map(|(item, point)| Row {
            item: *item,
            point: *point,
            mechanism: mechanism.id,
            name: mechanism.name.clone(),
            what: check.what.clone(),
            outcome,
            words: words.clone(),
            ms,
        }));
    }
    rows.sort_by_key(|row| (row.item, row.point));
    let mut report = Report { version: env!("CARGO_PKG_VERSION"), at, engine: "SQLite", rows, digest: String::new() };
    report.digest = app::digest(&serde_json::to_string(&report).unwrap_or_default());
    report
}

/// A check that was tried.
pub struct Judged {
    pub mechanism: &'static Mechanism,
    pub check: &'static Check,
    pub outcome: Outcome,
    /// Why it did not hold, or what it saw where the mechanism was broken.
    pub words: Text,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

/// How many checks are tried at once. Each mostly waits for its installation's disk.
const AT_ONCE: usize = 4;
/// Their checks depend on how quick the machine is (two answers in equal time; how much work opens an escrow), so nothing
/// else runs beside them.
const ALONE: [&str; 2] = ["login_feedback", "key_vault"];

/// Tries every check, or those of one mechanism, several at once: no two share an installation, because what one leaves
/// behind (a mail, a lock, a line) another may count. In the order of the vocabulary, those that measure times first.
pub fn judge_all(only: Option<&str>, told: impl FnMut(&Mechanism, &Check) + Send) -> Vec<Judged> {
    // As long as one lives, the others are quick copies.
    let _first = Scratch::fresh();
    let chosen = ALL.iter().filter(|m| only.is_none_or(|id| m.id == id));
    let all = chosen.flat_map(|mechanism| mechanism.checks.iter().map(move |check| (*mechanism, check)));
    let (alone, beside): (Vec<_>, Vec<_>) = all.partition(|(mechanism, _)| ALONE.contains(&mechanism.id));
    let told = Mutex::new(told);
    let (next, judged) = (AtomicUsize::new(0), Mutex::new(vec![]));
    let one = |place: usize, (mechanism, check): (&'static Mechanism, &'static Check)| {
        (told.lock().unwrap_or_else(PoisonError::into_inner))(mechanism, check);
        let begun = Instant::now();
        let (outcome, words) = judge(check);
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let done = (place, Judged { mechanism, check, outcome, words, ms });
        judged.lock().unwrap_or_else(PoisonError::into_inner).push(done);
    };
    for (place, check) in alone.iter().enumerate() {
        one(place, *check);
    }
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(check) = beside.get(place) else { return };
                    one(alone.len() + place, *check);
                }
            });
        }
    });
    let mut all = judged.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, judged)| judged).collect()
}

/// Tries one check; the words say why it did not hold, or what it saw where the mechanism was broken.
pub fn judge(check: &Check) -> (Outcome, Text) {
    if let Err(failed) = on_its_own(|scratch| (check.run)(scratch)) {
        return (Outcome::Failed, failed.words);
    }
    let broken = on_its_own(|scratch| {
        (check.break_it)(scratch)?;
        let seen = (check.run)(scratch);
        // Without the harm a failure is an accident.
        Ok(seen.err().filter(|_| scratch.is_broken()))
    });
    match broken {
        Ok(Some(seen)) => (Outcome::Shown, seen.words),
        Ok(None) | Err(_) => {
            (Outcome::Blind, text("仕組みを壊しても、それを検出しません。", "It does not notice that the mechanism is broken."))
        }
    }
}

/// Tries something on a fresh installation. What stops in the middle did not hold.
fn on_its_own<T>(run: impl FnOnce(&Scratch) -> Result<T, Failed>) -> Result<T, Failed> {
    let stopped = |_| Err(Failed::new("検査が途中で止まりました", "the check stopped in the middle"));
    catch_unwind(AssertUnwindSafe(|| run(&Scratch::fresh()))).unwrap_or_else(stopped)
}

impl Report {
    /// How many rows did not hold or show nothing.
    pub fn faults(&self) -> usize {
        self.rows.iter().filter(|row| row.outcome != Outcome::Shown).count()
    }

    /// The report as JSON.
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The report as CSV, as spreadsheets of Windows read it; every row names version, date and digest.
    pub fn csv(&self, lang: Lang) -> Result<Vec<u8>, std::io::Error> {
        let mut out = "\u{feff}".as_bytes().to_vec();
        let mut file = csv::Writer::from_writer(&mut out);
        let heading = [
            text("項目番号", "Item"),
            text("小項目", "Sub-point"),
            text("仕組み", "Mechanism"),
            text("確認した内容", "What was checked"),
            text("結果", "Result"),
            text("所要時間(ms)", "Time (ms)"),
            text("壊した場合に検出した内容、または動作しない理由", "Seen where it was broken, or why it failed"),
            text("プログラムの版", "Version"),
            text("実施日時(UTC)", "Date (UTC)"),
            text("データベース", "Database"),
            text("報告のSHA-256", "SHA-256 of the report"),
        ];
        file.write_record(heading.iter().map(|t| t.get(lang)))?;
        for row in &self.rows {
            let point = if row.point == 0 { String::new() } else { row.point.to_string() };
            let words = row.words.get(lang);
            let (item, ms, at) = (row.item.to_string(), row.ms.to_string(), self.at.to_string());
            let name = format!("{} ({})", row.name.get(lang), row.mechanism);
            file.write_record([
                &item,
                &point,
                &name,
                row.what.get(lang),
                row.outcome.name().get(lang),
                &ms,
                words,
                self.version,
                &at,
                self.engine,
                &self.digest,
            ])?;
        }
        file.flush()?;
        drop(file);
        out.flush()?;
        Ok(out)
    }
}
