//! What the tests of survival share: acts that leave traces in three places, and the check that all are there.

#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher};
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rules::id::Pos;
use store::ledger::lines_after;
use store::{Error, LineDraft, Location, Store, Tx};

/// How many write at once.
pub const WRITERS: usize = 16;

/// Kinds of the two rows that each act leaves beside its line.
const ROWS: [&str; 2] = ["left", "right"];

/// Random numbers that can be had again: splitmix64.
pub struct Random(u64);

impl Random {
    /// From `AKASHI_TEST_SEED` when it is set; printed, so that a failure can be repeated.
    pub fn seeded(test: &str) -> Random {
        let set = std::env::var_os("AKASHI_TEST_SEED").and_then(|seed| seed.to_str()?.parse().ok());
        let seed = set.unwrap_or_else(|| std::hash::RandomState::new().build_hasher().finish());
        println!("{test}: repeat with AKASHI_TEST_SEED={seed}");
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `from` up to, not including, `to`.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from)
    }
}

pub fn draft(tenant: &str, name: &str, size: usize) -> LineDraft {
    LineDraft {
        tenant: tenant.to_owned(),
        at: "2026-11-22T05:06:07.123456Z".parse().expect("a time"),
        actor: "person_1".to_owned(),
        session: None,
        address: Some("192.0.2.7".to_owned()),
        kind: "answer_saved".to_owned(),
        subject: name.to_owned(),
        outcome: "done".to_owned(),
        payload: format!(r#"{{"name":"{name}","text":"{}"}}"#, "証".repeat(size)),
        salt: [7; 16],
    }
}

/// One act: a line and two rows under its name.
pub fn act(tx: &mut Tx<'_>, tenant: &str, name: &str, size: usize) -> Result<Pos, Error> {
    let pos = tx.record(draft(tenant, name, size))?;
    for row in ROWS {
        tx.put_secret(name, row, &pos.0.to_string())?;
    }
    Ok(pos)
}

/// What was confirmed, by name.
pub type Acknowledged = BTreeMap<String, Pos>;

/// What an act that is refused on purpose says.
#[derive(Debug)]
pub enum Told {
    OnPurpose,
    Store(Error),
}

impl From<Error> for Told {
    fn from(error: Error) -> Told {
        Told::Store(error)
    }
}

/// Acts number `n` of one writer; every seventh is refused after it has written.
pub fn try_act(store: &Store, writer: &str, n: u64) -> Result<(String, Pos), Told> {
    let refused = n % 7 == 6;
    let name = format!("{}{writer}/{n:06}", if refused { "refused/" } else { "" });
    // Sizes from a line to several pages.
    let size = [10, 40, 500, 3000][n as usize % 4];
    store.write(|tx| {
        let pos = act(tx, &format!("org_{}", n % 3), &name, size)?;
        if refused { Err(Told::OnPurpose) } else { Ok((name.clone(), pos)) }
    })
}

/// Sixteen writers in the background.
pub struct Crowd {
    pub acknowledged: Arc<Mutex<Acknowledged>>,
    pub refusals: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Crowd {
    /// Writers that go on whatever they are told; `name` sets their acts apart from those of other crowds.
    pub fn start(store: &Arc<Store>, name: &str) -> Crowd {
        let mut crowd = Crowd { acknowledged: Arc::default(), refusals: Arc::default(), stop: Arc::default(), threads: Vec::new() };
        for writer in 0..WRITERS {
            let (store, acknowledged, refusals, stop) =
                (store.clone(), crowd.acknowledged.clone(), crowd.refusals.clone(), crowd.stop.clone());
            let writer = format!("{name}/{writer:02}");
            crowd.threads.push(thread::spawn(move || {
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    match try_act(&store, &writer, n) {
                        Ok((name, pos)) => drop(acknowledged.lock().unwrap().insert(name, pos)),
                        Err(Told::OnPurpose) => {}
                        Err(Told::Store(error)) => {
                            refusals.lock().unwrap().push(error.to_string());
                            thread::sleep(std::time::Duration::from_millis(2));
                        }
                    }
                }
            }));
        }
        crowd
    }

    pub fn count(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    pub fn refused(&self) -> usize {
        self.refusals.lock().unwrap().len()
    }

    /// What was confirmed and what was refused, not on purpose.
    pub fn stop(self) -> (Acknowledged, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("a writer does not panic");
        }
        let take = |refusals: &Mutex<Vec<String>>| std::mem::take(&mut *refusals.lock().unwrap());
        (std::mem::take(&mut *self.acknowledged.lock().unwrap()), take(&self.refusals))
    }
}

/// Opens what is left, makes all hashes anew, and compares lines and rows. Fails with what is wrong.
///
/// Returns the names of confirmed acts that are lost.
pub fn lost(store: &Store, acknowledged: &Acknowledged) -> Result<Vec<String>, String> {
    let verified = store.verify().map_err(|e| e.to_string())?;
    let mut lines = BTreeMap::new();
    let mut rows: Vec<Vec<String>> = Vec::new();
    store
        .read(|conn| {
            lines_after(conn, Pos::NEVER, i64::MAX, |line| {
                lines.insert(line.head.subject.clone(), line.head.pos);
                Ok(())
            })?;
            for row in ROWS {
                rows.push(conn.secret_owners(row, u32::MAX >> 1)?);
            }
            Ok(())
        })
        .map_err(|e: Error| e.to_string())?;
    if lines.len() as u64 != verified.lines {
        return Err(format!("{} names in {} lines", lines.len(), verified.lines));
    }
    for row in &rows {
        if !row.iter().eq(lines.keys()) {
            return Err(format!("half-written: {} rows for {} lines", row.len(), lines.len()));
        }
    }
    if let Some(name) = lines.keys().find(|name| name.starts_with("refused")) {
        return Err(format!("{name} was refused and is there"));
    }
    Ok(acknowledged.iter().filter(|(name, pos)| lines.get(*name) != Some(&(pos.0 as u64))).map(|(name, _)| name.clone()).collect())
}

/// As [`lost`], where nothing may be.
pub fn nothing_is_lost(store: &Store, acknowledged: &Acknowledged, when: &str) {
    match lost(store, acknowledged) {
        Ok(lost) => assert!(lost.is_empty(), "{when}: {} of {} confirmed acts are lost: {lost:.5?}", lost.len(), acknowledged.len()),
        Err(wrong) => panic!("{when}: {wrong}"),
    }
}

pub fn sqlite_at(directory: &Path) -> Location {
    Location::file(directory.join("akashi.db"))
}

/// This program once more, running its ignored test `name` alone, with `work` in its environment.
pub fn again(name: &str, work: &[(&str, &str)]) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"])
        .envs(work.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("it starts")
}

/// What the environment says; for programs started by [`again`] only.
pub fn told(name: &str) -> String {
    let value = std::env::var_os(name).unwrap_or_else(|| panic!("{name} is set by who starts this"));
    value.into_string().expect("text")
}

/// Writes a line at once, whole: a reader of the pipe sees all of it or nothing.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).expect("somebody reads");
}
