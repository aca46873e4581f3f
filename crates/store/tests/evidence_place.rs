//! The place of the evidence files is gone, full or read-only: files are refused in words, and nothing half-written stays.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::told;
use store::{Blobs, Error, EvidencePlace, FileKeys};

const PLACE: &str = "AKASHI_TEST_PLACE";
/// The largest file that the program with little space may write, in bytes.
const SPACE: usize = 128 * 1024;

fn keys() -> FileKeys {
    FileKeys::new([7; 32], age::x25519::Identity::generate(), vec![])
}

fn open(folder: &Path) -> Result<Blobs, Error> {
    Blobs::open(folder, &EvidencePlace::Folder)
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn names_the_place(error: &Error, folder: &Path) -> bool {
    matches!(error, Error::File { path, .. } if path.starts_with(folder))
}

#[test]
fn a_place_that_is_gone_refuses_and_is_not_taken_for_an_empty_one() {
    let directory = tempfile::tempdir().unwrap();
    let (folder, away) = (directory.path().join("evidence"), directory.path().join("away"));
    let (blobs, keys) = (open(&folder).unwrap(), keys());
    let kept = blobs.put(&keys, &b"before"[..], 100).unwrap().digest;
    // The disk is pulled out; then something else stands in its place.
    fs::rename(&folder, &away).unwrap();
    for stand_in in [None, Some(&b"a file"[..])] {
        if let Some(content) = stand_in {
            fs::write(&folder, content).unwrap();
        }
        assert!(blobs.probe().is_err());
        let refused = blobs.put(&keys, &b"meanwhile"[..], 100).unwrap_err();
        assert!(names_the_place(&refused, &folder), "{refused}");
        let lost = blobs.get(&keys, kept).err().unwrap();
        assert!(names_the_place(&lost, &folder), "a file that cannot be reached is not one that never was: {lost}");
        assert!(blobs.check(&keys, kept).is_err());
    }
    fs::remove_file(&folder).unwrap();
    fs::rename(&away, &folder).unwrap();
    blobs.probe().unwrap();
    assert_eq!(blobs.check(&keys, kept).unwrap(), 6);
    let after = blobs.put(&keys, &b"afterwards"[..], 100).unwrap().digest;
    assert_eq!(blobs.check(&keys, after).unwrap(), 10);
}

/// As a program without rights on the place, or with little space: what it may do is set by who starts it.
#[test]
#[ignore = "the program that the others start"]
fn a_program_in_need() {
    let place = told(PLACE);
    let (need, folder) = place.split_once(':').unwrap();
    let folder = Path::new(folder);
    let (blobs, keys) = (open(folder).unwrap(), keys());
    let before = files(folder);
    let refused = blobs.put(&keys, &vec![1; 2 * SPACE][..], u64::MAX).unwrap_err();
    assert!(names_the_place(&refused, folder), "{refused}");
    assert_eq!(files(folder), before, "nothing stays behind");
    match need {
        "rights" => {
            let words = refused.to_string();
            assert!(words.contains("denied") || words.contains("Read-only"), "{words}");
            assert!(blobs.probe().is_err());
        }
        _ => {
            // What fits is taken still.
            let small = blobs.put(&keys, &[2; 1000][..], u64::MAX).unwrap().digest;
            assert_eq!(blobs.check(&keys, small).unwrap(), 1000);
        }
    }
}

fn in_need(command: &mut Command, need: &str, folder: &Path) {
    // Where a user without rights can reach it too.
    let program = folder.parent().unwrap().join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let done = command
        .arg(&program)
        .args(["--exact", "a_program_in_need", "--ignored", "--nocapture"])
        .env(PLACE, format!("{need}:{}", folder.display()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn a_full_place_refuses_and_keeps_nothing_of_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("evidence");
    open(&folder).unwrap();
    // No file may grow beyond this: writing more fails as it does on a full disk. `ulimit` counts in 512 bytes.
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", SPACE / 512);
    in_need(Command::new("sh").args(["-c", &script, "sh"]), "space", &folder);
}

#[test]
fn a_read_only_place_refuses() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("evidence");
    open(&folder).unwrap();
    let set = |mode| {
        for path in [directory.path().to_owned(), folder.clone(), folder.join("incoming")] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    set(0o555);
    // Rights do not bind root: the program runs as nobody.
    let is_root = fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command
    } else {
        // The copy of the program needs a place.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new("env");
        command.arg("--");
        command
    };
    in_need(&mut command, "rights", &folder);
    set(0o755);
}
