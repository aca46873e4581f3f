//! A stranger with the program and a public key, in a folder of their own: what they are given is right, or they are told where not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use app::{App, Clock, Config};
use web::testing::World;

/// What a command printed, and how it ended.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// Runs the program where nothing of an installation is.
fn akashi(folder: &Path, args: &[&str]) -> Ran {
    let run = Command::new(env!("CARGO_BIN_EXE_akashi")).args(args).args(["--lang", "en"]).env_clear().current_dir(folder).output();
    let run = run.expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Ran { code: run.status.code().expect("an exit code"), out: text(run.stdout), err: text(run.stderr) }
}

/// An installation with an evaluation in it, its export, its closed database, and the public keys in a file.
struct Given {
    installation: tempfile::TempDir,
    stranger: tempfile::TempDir,
}

impl Given {
    fn new() -> Given {
        let (installation, stranger) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let app = App::open(Config::embedded(installation.path()), Clock::Machine).unwrap();
        app.fill_demo().unwrap();
        app.start().unwrap();
        app.checkpoint().unwrap();
        let heads = app.store().read(store::checkpoints::heads).map_err(|e: store::Error| e).unwrap();
        let (tenant, _) = heads.into_iter().max_by_key(|(_, edge)| edge.size()).unwrap();
        drop(app);
        let given = Given { installation, stranger };
        let export = given.at("a.akashi-ledger").display().to_string();
        let done = given.here(&["ledger", "export", "--tenant", &tenant, "--out", &export]);
        assert_eq!(done.code, 0, "{}", done.err);
        let keys = given.here(&["ledger", "keys"]);
        assert!(keys.code == 0 && keys.out.lines().count() >= 2, "{}{}", keys.out, keys.err);
        fs::write(given.at("keys"), keys.out).unwrap();
        given
    }

    fn here(&self, args: &[&str]) -> Ran {
        let data = self.installation.path().display().to_string();
        akashi(self.installation.path(), &[args, &["--data", &data]].concat())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.stranger.path().join(name)
    }

    fn verified(&self, file: &str) -> Ran {
        akashi(self.stranger.path(), &["verify", file, "--key", "keys"])
    }

    /// The stranger verifies these bytes instead.
    fn told_of(&self, bytes: &[u8]) -> Ran {
        fs::write(self.at("other"), bytes).unwrap();
        self.verified("other")
    }
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

#[test]
fn a_stranger_verifies_an_export_and_is_told_where_it_was_changed() {
    let given = Given::new();
    let sound = given.verified("a.akashi-ledger");
    assert_eq!(sound.code, 0, "{}{}", sound.out, sound.err);
    assert!(sound.out.contains("The ledger is sound"), "{}", sound.out);
    let json = akashi(given.stranger.path(), &["verify", "a.akashi-ledger", "--key", "keys", "--json"]);
    assert!(json.code == 0 && serde_json::from_str::<serde_json::Value>(&json.out).is_ok(), "{}{}", json.out, json.err);

    let bytes = fs::read(given.at("a.akashi-ledger")).unwrap();
    let all = lines(&bytes);
    let third = all.iter().position(|line| String::from_utf8_lossy(line).contains("\"seq\":30,")).expect("line 30");
    let start: usize = all[..third].iter().map(Vec::len).sum();
    // One byte with a hex editor, at the beginning, in the middle and at the end of the line.
    for at in [2, all[third].len() / 2, all[third].len() - 4] {
        let mut changed = bytes.clone();
        changed[start + at] ^= 1;
        let told = given.told_of(&changed);
        assert_eq!(told.code, 1, "{}{}", told.out, told.err);
        assert!(told.err.contains(&format!("line {}", third + 1)), "byte {at}: {}", told.err);
    }
    let without = |n: usize| all.iter().enumerate().filter(|(at, _)| *at != n).flat_map(|(_, line)| line.clone()).collect::<Vec<u8>>();
    let mut doubled = all.clone();
    doubled.insert(third, all[third].clone());
    let mut swapped = all.clone();
    swapped.swap(third, third + 1);
    for (what, changed) in [
        ("a line is gone", without(third)),
        ("a line stands twice", doubled.concat()),
        ("two lines are swapped", swapped.concat()),
        ("the last line is gone", without(all.len() - 1)),
        ("the tail is cut", all[..third].concat()),
        ("cut in the middle of a line", bytes[..start + 10].to_vec()),
    ] {
        let told = given.told_of(&changed);
        assert!(told.code == 1 && told.err.contains("not sound") && told.err.contains("line"), "{what}: {}{}", told.out, told.err);
    }
    // With the key of somebody else, nothing is right.
    let other = seal::SigningKey::from_seed("akashi/other", seal::note::Algorithm::Ed25519, [1; 32]).unwrap().verifier().to_string();
    let stranger = akashi(given.stranger.path(), &["verify", "a.akashi-ledger", "--key", &other]);
    assert_ne!(stranger.code, 0, "{}", stranger.out);
}

#[test]
fn a_stranger_verifies_a_database_and_changes_nothing_in_it() {
    let given = Given::new();
    let file = given.at("akashi.db");
    fs::copy(given.installation.path().join("akashi.db"), &file).unwrap();
    let before = fs::read(&file).unwrap();
    let sound = given.verified("akashi.db");
    assert!(sound.code == 0 && sound.out.contains("rows of the tables"), "{}{}", sound.out, sound.err);
    assert!(fs::read(&file).unwrap() == before && !given.at("akashi.db-wal").exists() && !given.at("akashi.db-shm").exists());
    // The name of a product, wherever it stands: in its row, in the payload of its line, in the search index.
    let name = "みどり画像アーカイブ".as_bytes();
    let places: Vec<usize> = (0..before.len() - name.len()).filter(|at| before[*at..].starts_with(name)).collect();
    assert!(places.len() >= 2, "{places:?}");
    for place in places {
        let mut changed = before.clone();
        changed[place + 2] ^= 1;
        let told = given.told_of(&changed);
        assert!(told.code == 1 && told.err.contains("not sound"), "byte {place}: {}{}", told.out, told.err);
    }
}

#[test]
fn the_address_of_an_installation_is_verified_with_a_key_that_somebody_has() {
    let world = World::fresh();
    let url = world.listen();
    let folder = tempfile::tempdir().unwrap();
    world.app.start().unwrap();
    world.app.checkpoint().unwrap();
    let keys = world.app.public_proof().unwrap().unwrap().keys;
    fs::write(folder.path().join("keys"), keys.join("\n")).unwrap();
    let run = |args: &[&str]| akashi(folder.path(), args);
    let sound = run(&["verify", &url, "--key", "keys"]);
    assert!(sound.code == 0 && sound.out.contains("is right") && sound.out.contains("signed by"), "{}{}", sound.out, sound.err);
    let unknown = run(&["verify", &url]);
    assert!(unknown.code == 0 && unknown.out.contains("Mind: no public key was given"), "{}{}", unknown.out, unknown.err);
    let other = seal::SigningKey::from_seed("akashi/other", seal::note::Algorithm::Ed25519, [1; 32]).unwrap().verifier().to_string();
    let wrong = run(&["verify", &url, "--key", &other]);
    assert!(wrong.code == 1 && wrong.err.contains("not sound"), "{}{}", wrong.out, wrong.err);
    let nobody = run(&["verify", "http://127.0.0.1:9", "--key", "keys"]);
    assert_eq!(nobody.code, 3, "{}{}", nobody.out, nobody.err);
}
