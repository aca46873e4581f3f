//! Drafts: files that somebody sent and still looks at, kept for a day and for nobody else.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rules::act::Actor;
use rules::refusal::{Refusal, Why};
use rules::text::text;

use crate::{App, Error, digest, fresh_secret};

/// How long a draft is kept.
const LIFE: SignedDuration = SignedDuration::from_hours(24);
/// How many drafts one person has at a time; the oldest makes room.
const MOST: usize = 8;

/// A file that waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// As the person named it.
    pub name: String,
    pub bytes: Vec<u8>,
}

fn gone() -> Error {
    Refusal::new(
        Why::NotFound,
        text(
            "アップロードしたファイルが見つかりません。保管期限（1日）が過ぎたか、取込みが済んでいます。もう一度ファイルを選んでください。",
            "The uploaded file is no longer here: a day has passed, or it was taken over. Choose the file again.",
        ),
    )
    .at("file")
    .into()
}

fn broken(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |e| Error::Broken(format!("cannot use the draft {}: {e}", path.display()))
}

/// The first line of a draft's file says its name and when it came.
fn head(bytes: &[u8]) -> Option<(String, Timestamp, &[u8])> {
    let end = bytes.iter().position(|b| *b == b'\n')?;
    let (name, at): (String, Timestamp) = serde_json::from_slice(&bytes[..end]).ok()?;
    Some((name, at, &bytes[end + 1..]))
}

impl App {
    /// The drafts of one person; nobody else looks into this folder.
    fn drafts_of(&self, actor: &Actor) -> Result<PathBuf, Error> {
        let person = actor.person.ok_or(Refusal::forbidden())?;
        Ok(self.config.data.join("drafts").join(person.to_string()))
    }

    /// Keeps a file for the actor and returns the token it is found by.
    ///
    /// # Errors
    /// Larger than an upload may be; or the folder cannot be written.
    pub fn keep_draft(&self, actor: &Actor, name: &str, bytes: &[u8]) -> Result<String, Error> {
        if bytes.len() as u64 > self.config.upload_limit {
            return Err(crate::upload::too_large(name, self.config.upload_limit).into());
        }
        let folder = self.drafts_of(actor)?;
        fs::create_dir_all(&folder).map_err(broken(&folder))?;
        self.make_room(&folder)?;
        let token = fresh_secret()?;
        let path = folder.join(digest(&token));
        let partial = path.with_extension("part");
        let head = serde_json::to_string(&(name, self.clock.now())).map_err(|e| Error::Broken(e.to_string()))?;
        let mut file = fs::File::create(&partial).map_err(broken(&partial))?;
        file.write_all(format!("{head}\n").as_bytes()).and_then(|()| file.write_all(bytes)).map_err(broken(&partial))?;
        fs::rename(&partial, &path).map_err(broken(&path))?;
        Ok(token)
    }

    /// The actor's own draft; another person's token finds nothing.
    pub fn draft(&self, actor: &Actor, token: &str) -> Result<Draft, Error> {
        let path = self.drafts_of(actor)?.join(digest(token));
        let bytes = match fs::read(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Err(gone()),
            other => other.map_err(broken(&path))?,
        };
        match head(&bytes) {
            Some((name, at, content)) if at + LIFE > self.clock.now() => Ok(Draft { name, bytes: content.to_vec() }),
            _ => Err(gone()),
        }
    }

    /// Forgets a draft that is no longer needed.
    pub fn drop_draft(&self, actor: &Actor, token: &str) -> Result<(), Error> {
        let path = self.drafts_of(actor)?.join(digest(token));
        match fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(broken(&path)(e)),
            _ => Ok(()),
        }
    }

    /// Removes everybody's drafts that are over; returns how many. A job asks for it every day.
    pub fn clear_drafts(&self) -> Result<usize, Error> {
        let root = self.config.data.join("drafts");
        let mut removed = 0;
        for person in entries(&root)? {
            for (path, _) in self.kept(&person)?.into_iter().filter(|(_, at)| at.is_none_or(|at| at + LIFE <= self.clock.now())) {
                fs::remove_file(&path).map_err(broken(&path))?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// The drafts of a folder with the time they came; without one where the file is incomplete.
    fn kept(&self, folder: &Path) -> Result<Vec<(PathBuf, Option<Timestamp>)>, Error> {
        let mut out = vec![];
        for path in entries(folder)? {
            let mut line = String::new();
            let read = fs::File::open(&path).and_then(|f| std::io::BufRead::read_line(&mut std::io::BufReader::new(f), &mut line));
            let at = read.ok().and_then(|_| head(line.as_bytes())).map(|(_, at, _)| at);
            out.push((path, at));
        }
        out.sort_by_key(|(_, at)| *at);
        Ok(out)
    }

    fn make_room(&self, folder: &Path) -> Result<(), Error> {
        let kept = self.kept(folder)?;
        let over = (kept.len() + 1).saturating_sub(MOST);
        for (path, _) in kept.into_iter().take(over) {
            fs::remove_file(&path).map_err(broken(&path))?;
        }
        Ok(())
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    match fs::read_dir(folder) {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(vec![]),
        found => found.and_then(|all| all.map(|e| e.map(|e| e.path())).collect()).map_err(broken(folder)),
    }
}

#[cfg(test)]
mod tests {
    use rules::id::Id;

    use super::*;
    use crate::{Clock, Config};

    fn person(n: u8) -> Actor {
        Actor { person: Some(Id::new(1, [n; 10])), ..Actor::system() }
    }

    fn app(folder: &Path) -> App {
        App::open(Config { upload_limit: 100, ..Config::embedded(folder) }, Clock::set("2026-11-22T00:00:00Z".parse().unwrap())).unwrap()
    }

    #[test]
    fn a_draft_is_there_for_its_owner_for_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        let bytes = b"a\nb\n\0\xff";
        let token = app.keep_draft(&person(1), "回答\n票.xlsx", bytes).unwrap();
        assert_eq!(app.draft(&person(1), &token).unwrap(), Draft { name: "回答\n票.xlsx".into(), bytes: bytes.to_vec() });
        assert_eq!(app.draft(&person(2), &token).unwrap_err().refusal().unwrap().why, Why::NotFound);
        assert_eq!(app.draft(&person(1), "../..").unwrap_err().refusal().unwrap().why, Why::NotFound);
        assert_eq!(app.clear_drafts().unwrap(), 0);
        app.clock.advance(LIFE);
        assert!(app.draft(&person(1), &token).is_err());
        assert_eq!(app.clear_drafts().unwrap(), 1);
        assert!(app.keep_draft(&Actor::system(), "a", b"").is_err());
    }

    #[test]
    fn the_oldest_makes_room_and_what_is_too_large_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path());
        let mut tokens = vec![];
        for _ in 0..=MOST {
            tokens.push(app.keep_draft(&person(1), "a.csv", b"x").unwrap());
            app.clock.advance(SignedDuration::from_secs(1));
        }
        assert!(app.draft(&person(1), &tokens[0]).is_err());
        assert!(tokens[1..].iter().all(|t| app.draft(&person(1), t).is_ok()));
        app.drop_draft(&person(1), &tokens[1]).unwrap();
        assert!(app.draft(&person(1), &tokens[1]).is_err());
        let refused = app.keep_draft(&person(1), "a.csv", &[0; 101]).unwrap_err();
        assert_eq!(refused.refusal().unwrap().why, Why::TooLarge);
    }
}
