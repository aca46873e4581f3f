//! A disk for tests of SQLite: it forgets what was not synced when the power goes, fills up, and fails.
//!
//! Everything that SQLite writes into one directory goes through to the real files, and is kept here a second
//! time: what a sync made durable apart from what came after it. An [`Image`] is the disk at one moment; from it
//! the files are made as they may be found after a power cut at that moment.

#[allow(unsafe_code, reason = "an SQLite VFS is a table of C functions")]
mod shim;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

/// The disks that were plugged in, by directory.
static PLUGGED: Mutex<Vec<Weak<Disk>>> = Mutex::new(Vec::new());

/// The disk under one directory, until it is dropped.
pub struct Disk {
    directory: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    image: Image,
    /// Writes, truncations, syncs and removals so far.
    operations: u64,
    watch: Option<(u64, Look)>,
    /// Bytes by which files may still grow; `None` is without end.
    space: Option<u64>,
    /// Syncs that will still work before some fail, and how many then fail.
    failing: Option<(u64, u64)>,
    /// How long a sync takes.
    delay: Duration,
    /// What faults were given to SQLite.
    given: u64,
}

type Look = Box<dyn FnOnce(&Image) + Send>;

/// What is on the disk at one moment.
#[derive(Clone, Default)]
pub struct Image {
    files: BTreeMap<String, Kept>,
    /// Files whose removal was not synced: they may come back.
    gone: BTreeMap<String, Vec<u8>>,
}

#[derive(Clone, Default)]
struct Kept {
    /// What a sync confirmed; `None`: not even the name.
    durable: Option<Vec<u8>>,
    pending: Vec<Pending>,
    /// Bytes, as programs see it.
    size: u64,
    /// The time of the file when it was handed over: another one says that somebody wrote it anew beside SQLite.
    left: Option<SystemTime>,
}

#[derive(Clone)]
enum Pending {
    Write { offset: u64, bytes: Vec<u8> },
    Truncate(u64),
}

/// What a power cut takes of what was not synced.
#[derive(Debug, Clone, Copy)]
pub enum Loss {
    Everything,
    /// Each sector of each write by itself, this many of 100.
    Sectors(u64),
}

/// What SQLite is told.
enum Refused {
    Full,
    Failed,
}

impl Disk {
    /// Plugs a disk in under a directory that exists; what is in it counts as durable.
    pub fn under(directory: &Path) -> Arc<Disk> {
        shim::register();
        let directory = directory.canonicalize().expect("the directory exists");
        let disk = Arc::new(Disk { directory, state: Mutex::default() });
        let mut plugged = PLUGGED.lock().unwrap_or_else(PoisonError::into_inner);
        plugged.retain(|other| other.strong_count() > 0);
        plugged.push(Arc::downgrade(&disk));
        disk
    }

    /// The disk under a file, and the file's name on it.
    fn holding(path: &Path) -> Option<(Arc<Disk>, String)> {
        let plugged = PLUGGED.lock().unwrap_or_else(PoisonError::into_inner);
        let disk = plugged.iter().filter_map(Weak::upgrade).find(|disk| path.parent() == Some(&disk.directory))?;
        Some((disk, path.file_name()?.to_str()?.to_owned()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// How many faults SQLite was given so far.
    pub fn faults(&self) -> u64 {
        self.state().given
    }

    /// How long a sync takes from now on.
    pub fn slow(&self, delay: Duration) {
        self.state().delay = delay;
    }

    /// Shows the disk to `look` right before operation number `at` takes effect.
    pub fn watch(&self, at: u64, look: impl FnOnce(&Image) + Send + 'static) {
        self.state().watch = Some((at, Box::new(look)));
    }

    /// The disk as it is now.
    pub fn image(&self) -> Image {
        self.state().image.clone()
    }

    /// From now on files can grow by so many bytes and no more; `None` frees the space again.
    pub fn leave(&self, space: Option<u64>) {
        self.state().space = space;
    }

    /// After `good` more syncs, `bad` fail. What was to be synced is never written by a later sync either:
    /// the system has dropped it, as Linux does.
    pub fn fail_syncs(&self, good: u64, bad: u64) {
        self.state().failing = Some((good, bad));
    }

    /// Copies the files as programs see them under another disk, which knows what of them is not durable.
    ///
    /// A program that opens them there goes on as after a kill -9: without the log's index in shared memory.
    pub fn hand_over(&self, to: &Disk) {
        let mut image = self.image();
        for (name, kept) in &mut image.files {
            let path = to.directory.join(name);
            fs::copy(self.directory.join(name), &path).expect("the file is there");
            let file = fs::File::options().write(true).open(&path).expect("the file was just made");
            file.set_modified(SystemTime::UNIX_EPOCH).expect("its time can be set");
            kept.left = Some(SystemTime::UNIX_EPOCH);
        }
        to.state().image = image;
    }

    /// What a program wrote into the file beside SQLite is as good as durable; it is trusted to sync.
    fn written_beside(&self, name: &str, file: &mut Kept) {
        let path = self.directory.join(name);
        let is_so = |left| fs::metadata(&path).and_then(|m| m.modified()).is_ok_and(|now| now != left);
        if file.left.take().is_some_and(is_so) {
            file.durable = Some(fs::read(&path).expect("the file is there"));
            file.pending.clear();
        }
    }

    // What the shim tells.

    fn opened(&self, name: &str) {
        let mut state = self.state();
        if !state.image.files.contains_key(name) {
            // A file of before is durable; one that SQLite just made is empty and only a name.
            let found = fs::read(self.directory.join(name)).unwrap_or_default();
            let size = found.len() as u64;
            let durable = (!found.is_empty()).then_some(found);
            state.image.files.insert(name.to_owned(), Kept { durable, size, ..Kept::default() });
        }
    }

    /// Writes by `write`, which is told how many bytes there is space for.
    fn written(&self, name: &str, offset: u64, bytes: &[u8], write: impl FnOnce(usize) -> bool) -> Result<(), Refused> {
        let mut state = self.begin();
        let State { image, space, given, .. } = &mut *state;
        let file = image.files.entry(name.to_owned()).or_default();
        self.written_beside(name, file);
        let end = offset + bytes.len() as u64;
        let grows = end.saturating_sub(file.size);
        let fits = space.map_or(bytes.len(), |space| bytes.len() - (grows.saturating_sub(space) as usize).min(bytes.len()));
        if !write(fits) {
            return Err(Refused::Failed);
        }
        if let Some(space) = space {
            *space = space.saturating_sub(grows);
        }
        if fits > 0 {
            file.size = file.size.max(offset + fits as u64);
            file.pending.push(Pending::Write { offset, bytes: bytes[..fits].to_vec() });
        }
        if fits < bytes.len() {
            *given += 1;
            return Err(Refused::Full);
        }
        Ok(())
    }

    fn truncated(&self, name: &str, size: u64) {
        let mut state = self.begin();
        let file = state.image.files.entry(name.to_owned()).or_default();
        file.size = size;
        file.pending.push(Pending::Truncate(size));
    }

    fn synced(&self, name: &str) -> Result<(), Refused> {
        let delay = self.state().delay;
        if !delay.is_zero() {
            std::thread::sleep(delay);
        }
        let mut state = self.begin();
        let fails = match &mut state.failing {
            Some((0, 0)) | None => false,
            Some((0, bad)) => {
                *bad -= 1;
                true
            }
            Some((good, _)) => {
                *good -= 1;
                false
            }
        };
        let file = state.image.files.entry(name.to_owned()).or_default();
        let pending = std::mem::take(&mut file.pending);
        if fails {
            state.given += 1;
            return Err(Refused::Failed);
        }
        let is_new = file.durable.is_none();
        let durable = file.durable.get_or_insert_default();
        for change in pending {
            change.apply(durable);
        }
        if is_new {
            // SQLite syncs the directory with a new journal or log.
            state.image.gone.clear();
        }
        Ok(())
    }

    fn removed(&self, name: &str, synced: bool) {
        let mut state = self.begin();
        let durable = state.image.files.remove(name).and_then(|file| file.durable);
        match durable {
            Some(durable) if !synced => drop(state.image.gone.insert(name.to_owned(), durable)),
            _ if synced => state.image.gone.clear(),
            _ => {}
        }
    }

    /// One more operation; whoever watches for it looks now.
    fn begin(&self) -> MutexGuard<'_, State> {
        let mut state = self.state();
        state.operations += 1;
        let now = state.operations;
        if let Some((_, look)) = state.watch.take_if(|(at, _)| *at <= now) {
            look(&state.image);
        }
        state
    }
}

impl Pending {
    fn apply(self, content: &mut Vec<u8>) {
        match self {
            Pending::Write { offset, bytes } => put(content, offset as usize, &bytes),
            Pending::Truncate(size) => content.resize(size as usize, 0),
        }
    }
}

fn put(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

impl Image {
    /// Bytes that a cut would put at risk.
    pub fn unsynced(&self) -> u64 {
        let pending = self.files.values().flat_map(|file| &file.pending);
        pending.map(|change| if let Pending::Write { bytes, .. } = change { bytes.len() as u64 } else { 0 }).sum()
    }

    /// Writes into an empty directory what is found there after a power cut. `random` gives numbers below 100.
    pub fn after_power_cut(&self, loss: Loss, into: &Path, random: &mut impl FnMut() -> u64) {
        let mut found: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
        let lost = |random: &mut dyn FnMut() -> u64| match loss {
            Loss::Everything => true,
            Loss::Sectors(share) => random() < share,
        };
        for (name, content) in &self.gone {
            // A removal that was not synced is undone.
            if lost(random) {
                found.insert(name, content.clone());
            }
        }
        for (name, file) in &self.files {
            let mut content = match &file.durable {
                Some(durable) => durable.clone(),
                None if lost(random) => continue,
                None => Vec::new(),
            };
            for change in &file.pending {
                match change {
                    Pending::Truncate(_) if lost(random) => {}
                    Pending::Truncate(size) => content.resize(*size as usize, 0),
                    Pending::Write { offset, bytes } => {
                        let (mut at, end) = (*offset as usize, *offset as usize + bytes.len());
                        while at < end {
                            let next = end.min((at / SECTOR + 1) * SECTOR);
                            if !lost(random) {
                                let from = at - *offset as usize;
                                put(&mut content, at, &bytes[from..from + next - at]);
                            }
                            at = next;
                        }
                    }
                }
            }
            found.insert(name, content);
        }
        for (name, content) in found {
            fs::write(into.join(name), content).expect("the directory takes files");
        }
    }
}
