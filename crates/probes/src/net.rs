//! The only door to what is measured: it opens what the target names, reads it to a limit, and writes nothing.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use jiff::Timestamp;
use rules::text::text;

use crate::contract::{Reading, Snapshot, Target, Unreached};

/// The longest configuration file that is read, in bytes; real ones have some thousands.
const LONGEST: u64 = 1024 * 1024;

/// Linux' `O_NONBLOCK`: opening a pipe that nobody writes to comes back at once.
const NONBLOCK: i32 = 0o4000;

/// The way out of a probe, with the clock and the name of who looks.
pub struct Net {
    clock: Box<dyn Fn() -> Timestamp>,
    agent: String,
}

/// How much of a file is wanted.
#[derive(Clone, Copy)]
pub enum Part {
    Whole,
    /// The first bytes; the rest may be anything.
    Head(u64),
}

impl Net {
    pub fn new(agent: impl Into<String>, clock: impl Fn() -> Timestamp + 'static) -> Net {
        Net { clock: Box::new(clock), agent: agent.into() }
    }

    /// Reads the files of these roles. `clean` takes out of each text what must never be stored, before it is.
    ///
    /// # Errors
    /// `Unreached` where not one of the files gave its text.
    pub fn files(
        &mut self,
        target: &Target,
        probe: &str,
        roles: &[&str],
        part: Part,
        clean: fn(&str, String) -> String,
    ) -> Result<Snapshot, Unreached> {
        let started = (self.clock)();
        let mut read = BTreeMap::new();
        for role in roles {
            let reading = match target.files.get(*role).map(|path| file(path, part)) {
                None => Reading::NotNamed,
                Some(Reading::Text(content)) => Reading::Text(clean(role, content)),
                Some(other) => other,
            };
            read.insert((*role).to_owned(), reading);
        }
        if !read.values().any(|reading| matches!(reading, Reading::Text(_) | Reading::Denied)) {
            return Err(Unreached(text("読めるファイルが一つもありません。", "Not one of the files could be read.")));
        }
        Ok(Snapshot {
            probe: probe.to_owned(),
            target: target.id.clone(),
            started,
            ended: (self.clock)(),
            agent: self.agent.clone(),
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            read,
        })
    }
}

fn file(path: &Path, part: Part) -> Reading {
    match bytes(path, part) {
        Err(error) if error.kind() == ErrorKind::NotFound => Reading::Missing,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Reading::Denied,
        Err(error) => Reading::Unreadable(error.to_string()),
        Ok(bytes) if matches!(part, Part::Whole) && bytes.len() as u64 > LONGEST => Reading::TooLarge(LONGEST),
        Ok(bytes) => String::from_utf8(bytes).map_or_else(|_| Reading::Unreadable("not UTF-8".to_owned()), Reading::Text),
    }
}

fn bytes(path: &Path, part: Part) -> std::io::Result<Vec<u8>> {
    let file = OpenOptions::new().read(true).custom_flags(NONBLOCK).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("not a regular file"));
    }
    let limit = match part {
        Part::Whole => LONGEST + 1,
        Part::Head(n) => n,
    };
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
