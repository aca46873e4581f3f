//! Backups: made while people work, restored within and across engines, tried, and refused when they are not whole.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use app::backup::{Schedule, Step, identities, restore};
use app::vault::MasterSource;
use app::{App, Clock, Config, Error};
use jiff::SignedDuration;
use rules::act::Actor;
use rules::change::Change;
use rules::party::Role;
use rules::running::{EpochReason, Running};
use store::INSTALLATION;
use store::tables::running;
use store::testing::{Scratch, both_engines};

const NOW: &str = "2026-11-22T01:00:00Z";

fn quiet(_: Step) {}

fn open(scratch: &Scratch, master: Option<&Path>) -> App {
    let master = master.map_or_else(MasterSource::default, |path| MasterSource::File(path.to_owned()));
    let config = Config { master, ..Config::embedded(scratch.directory()) };
    App::open_at(config, scratch.location(), Clock::set(NOW.parse().unwrap())).unwrap()
}

/// A filled installation on a fresh database.
fn filled(scratch: &Scratch) -> App {
    let app = open(scratch, None);
    assert!(app.fill_demo().unwrap());
    app.start().unwrap();
    app
}

fn made(app: &App, folder: &Path) -> app::backup::Made {
    app.back_up(folder, &[], &mut quiet).unwrap()
}

fn config_at(scratch: &Scratch) -> Config {
    Config { database: scratch.address(), ..Config::embedded(scratch.directory()) }
}

fn words<T>(result: Result<T, Error>) -> String {
    result.err().expect("it was not refused").to_string()
}

#[test]
fn a_backup_is_restored_within_and_across_engines_and_goes_on_in_a_new_epoch() {
    for source in both_engines() {
        let app = filled(&source);
        let folder = tempfile::tempdir().unwrap();
        let expected = app.store().read(store::rebuild::contents).unwrap();
        let roots = app.verify().unwrap().roots;
        let epochs = app.store().read(|conn| running::epochs(conn, INSTALLATION)).unwrap();
        let made = made(&app, folder.path());
        assert!(made.backup.files > 0 && made.copied.missing.is_empty(), "{made:?}");
        assert_eq!(std::fs::metadata(&made.path).unwrap().len(), made.backup.size);
        let key = identities(&app.backup_key()).unwrap();
        for target in both_engines() {
            let restored = restore(&config_at(&target), &made.path, &key, &mut quiet).unwrap();
            assert_eq!((restored.lines, restored.files), (made.backup.lines, made.backup.files));
            let is = target.read(store::rebuild::contents).unwrap();
            for table in store::rebuild::compared() {
                assert_eq!(is[table], expected[table], "{table} from {:?} to {:?}", source.engine(), target.engine());
            }
            assert_eq!(target.verify().unwrap().roots, roots);
            // Occupied now, and not written over.
            assert!(words(restore(&config_at(&target), &made.path, &key, &mut quiet)).contains("not empty"));
            // With its master key it goes on: in an epoch that says why, with every file, and with nobody signed in.
            let again = open(&target, Some(&source.directory().join("keys/master.key")));
            for kind in ["session", "token", "invitation", "founding", "mail", "hook", "reissue"] {
                assert_eq!(again.store().read(|conn| conn.secret_owners(kind, 9)).unwrap(), Vec::<String>::new(), "{kind}");
            }
            assert!(!again.store().read(|conn| conn.secret_owners("password", 9)).unwrap().is_empty());
            again.start().unwrap();
            let begun = again.store().read(|conn| running::epochs(conn, INSTALLATION)).unwrap();
            assert_eq!(begun.len(), epochs.len() + 1);
            let newest = begun.last().unwrap();
            assert_eq!((newest.reason, newest.epoch), (EpochReason::Restored, epochs.last().unwrap().epoch + 1));
            assert!(newest.authority.contains(&made.backup.id.to_string()), "{}", newest.authority);
            again.verify().unwrap();
            // The next start continues it.
            again.start().unwrap();
            assert_eq!(again.store().read(|conn| running::epochs(conn, INSTALLATION)).unwrap().len(), begun.len());
            let second = tempfile::tempdir().unwrap();
            let next = again.back_up(second.path(), &[], &mut quiet).unwrap();
            assert_eq!((next.backup.files, next.copied.missing.len()), (made.backup.files, 0), "every file opens");
        }
    }
}

#[test]
fn a_drill_finds_nothing_in_a_good_backup_and_each_planted_difference() {
    for source in both_engines() {
        let app = filled(&source);
        let folder = tempfile::tempdir().unwrap();
        let good = made(&app, folder.path());
        let drill = app.try_backup(&good.path, None, &mut quiet).unwrap();
        assert_eq!((drill.differences.as_slice(), drill.lines, drill.files), (&[][..], good.backup.lines, good.backup.files));
        assert_eq!(drill.backup, good.backup.id);
        // A file that is gone where it lies: the backup says so, and its drill too.
        let lost = first_file(&source.directory().join("evidence/sealed"));
        std::fs::remove_file(&lost).unwrap();
        let bad = app.back_up(&folder.path().join("second"), &[], &mut quiet).unwrap();
        assert_eq!(bad.copied.missing.len(), 1);
        let drill = app.try_backup(&bad.path, None, &mut quiet).unwrap();
        assert_eq!(drill.differences.len(), 1, "{:?}", drill.differences);
        // Both are on record, and the operators are warned.
        let tried = app.store().read(|conn| running::of_kind(conn, INSTALLATION, "backup_tried", 9)).unwrap();
        let made = app.store().read(|conn| running::of_kind(conn, INSTALLATION, "backup_made", 9)).unwrap();
        assert_eq!((tried.len(), made.len()), (2, 2));
        assert!(matches!(&tried[0].what, Running::BackupTried(drill) if drill.differences.len() == 1));
        let alerted = |subject: &str| {
            let kind = rules::review::AlertKind::BackupFailed;
            app.store().read(|conn| store::tables::requests::was_alerted(conn, kind, subject, jiff::Timestamp::UNIX_EPOCH)).unwrap()
        };
        assert!(alerted("differs") && alerted("incomplete") && !alerted("failed"));
        assert!(std::fs::read_dir(source.directory()).unwrap().flatten().all(|e| !e.file_name().to_string_lossy().starts_with("drill-")));
    }
}

fn first_file(folder: &Path) -> PathBuf {
    let entry = std::fs::read_dir(folder).unwrap().flatten().next().unwrap().path();
    if entry.is_dir() { first_file(&entry) } else { entry }
}

#[test]
fn a_backup_under_eight_writers_is_a_prefix_of_the_ledger() {
    for source in both_engines() {
        let app = filled(&source);
        let folder = tempfile::tempdir().unwrap();
        let stop = AtomicBool::new(false);
        let made = std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        app.warn_for_test();
                    }
                });
            }
            let made = made(&app, folder.path());
            stop.store(true, Ordering::Relaxed);
            made
        });
        let target = Scratch::sqlite();
        let key = identities(&app.backup_key()).unwrap();
        restore(&config_at(&target), &made.path, &key, &mut quiet).unwrap();
        // Each ledger of the copy is the beginning of the one that went on.
        let copied = target.verify().unwrap();
        assert!(copied.lines < app.verify().unwrap().lines, "nobody wrote meanwhile");
        for (tenant, size, root) in copied.roots {
            assert_eq!(app.store().read(|conn| store::ledger::root_at(conn, &tenant, size)).unwrap(), root, "{tenant}");
        }
    }
}

/// An act of the system that leaves a line.
trait Writes {
    fn warn_for_test(&self);
}

impl Writes for App {
    fn warn_for_test(&self) {
        let act = self.act(Actor::system()).unwrap();
        let line = Change::Running(Running::ClockChecked { server: "t".into(), offset_ms: 0, ok: true });
        self.store().write(|tx| tx.enact(&act, &line, [7; 16])).map(drop).unwrap();
    }
}

#[test]
fn another_key_a_cut_or_altered_file_and_a_half_restore_are_refused_in_words() {
    let source = Scratch::sqlite();
    let app = filled(&source);
    let folder = tempfile::tempdir().unwrap();
    let good = made(&app, folder.path());
    let key = identities(&app.backup_key()).unwrap();
    let target = Scratch::sqlite();
    let other = folder.path().join("other.txt");
    std::fs::write(&other, std::fs::read_to_string(app.backup_key()).unwrap().replace("AGE-SECRET-KEY-1", "# ")).unwrap();
    assert!(words(identities(&other)).contains("no key file"));
    let strange = filled(&Scratch::sqlite());
    strange.back_up(&folder.path().join("strange"), &[], &mut quiet).unwrap();
    let wrong = identities(&strange.backup_key()).unwrap();
    assert!(words(restore(&config_at(&target), &good.path, &wrong, &mut quiet)).contains("does not open"));
    let bytes = std::fs::read(&good.path).unwrap();
    let bad = folder.path().join("bad");
    for (what, content) in [
        ("cut", bytes[..bytes.len() / 2].to_vec()),
        ("altered", bytes.iter().enumerate().map(|(n, b)| if n == bytes.len() * 2 / 3 { b ^ 1 } else { *b }).collect()),
    ] {
        std::fs::write(&bad, content).unwrap();
        assert!(words(restore(&config_at(&target), &bad, &key, &mut quiet)).contains("damaged"), "{what}");
        assert_eq!(target.read(store::ledger::last_pos).unwrap(), rules::id::Pos::NEVER, "{what}: nothing was written");
        assert!(words(app.try_backup(&bad, None, &mut quiet)).contains("damaged"), "{what}");
    }
    // A restore that was cut off is neither started nor filled on.
    store::backup::Filling::begin(&target, store::backup::Known::default()).map(drop).unwrap();
    assert!(words(restore(&config_at(&target), &good.path, &key, &mut quiet)).contains("not empty"));
    let config = Config::embedded(target.directory());
    assert!(words(App::open_at(config, target.location(), Clock::set(NOW.parse().unwrap()))).contains("cut off"));
}

#[test]
fn a_backup_never_goes_over_another_and_half_of_one_is_never_taken_for_one() {
    let source = Scratch::sqlite();
    let app = filled(&source);
    let folder = tempfile::tempdir().unwrap();
    let good = made(&app, folder.path());
    let before = std::fs::read(&good.path).unwrap();
    assert!(words(app.back_up(folder.path(), &[], &mut quiet)).contains("cannot be written"));
    assert!(words(app.back_up(&folder.path().join("no/such"), &[], &mut quiet)).contains("cannot be written"));
    assert!(words(app.back_up(&folder.path().join("x"), &["age1nobody".into()], &mut quiet)).contains("no recipient"));
    assert_eq!(std::fs::read(&good.path).unwrap(), before);
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!(names.len(), 1, "nothing half-written stays: {names:?}");
    // The key is its owner's alone, and neither it nor the master key is in the backup.
    use std::os::unix::fs::PermissionsExt;
    for path in [app.backup_key(), good.path.clone()] {
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
    // A named recipient opens it too.
    let named = filled(&Scratch::sqlite());
    named.back_up(&folder.path().join("of-named"), &[], &mut quiet).unwrap();
    let public = std::fs::read_to_string(named.backup_key()).unwrap();
    let public = public.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap().to_owned();
    let both = app.back_up(&folder.path().join("both"), &[public], &mut quiet).unwrap();
    let target = Scratch::sqlite();
    restore(&config_at(&target), &both.path, &identities(&named.backup_key()).unwrap(), &mut quiet).unwrap();
}

#[test]
fn backups_are_made_in_time_tried_at_once_and_the_oldest_go_when_the_newest_is_good() {
    for source in both_engines() {
        let folder = tempfile::tempdir().unwrap();
        let schedule = Schedule { folder: folder.path().to_owned(), hours: 24, keep: 2, recipients: vec![] };
        let config = Config { backups: Some(schedule), ..Config::embedded(source.directory()) };
        let app = App::open_at(config, source.location(), Clock::set(NOW.parse().unwrap())).unwrap();
        assert!(app.fill_demo().unwrap());
        app.start().unwrap();
        let kept = || {
            let mut names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().map(|e| e.file_name()).collect();
            names.sort();
            names
        };
        assert_eq!(app.back_up_in_time().unwrap(), 1, "the first is made at once");
        assert_eq!(app.back_up_in_time().unwrap(), 0);
        app.clock.advance(SignedDuration::from_hours(23));
        assert_eq!(app.back_up_in_time().unwrap(), 0, "not before its time");
        app.clock.advance(SignedDuration::from_hours(1));
        assert_eq!(app.back_up_in_time().unwrap(), 1);
        let before = kept();
        assert_eq!(before.len(), 2);
        app.clock.advance(SignedDuration::from_hours(24));
        assert_eq!(app.back_up_in_time().unwrap(), 1);
        let after = kept();
        assert_eq!((after.len(), &after[0]), (2, &before[1]), "the oldest went");

        // What cannot be restored whole takes no good one's place.
        std::fs::remove_file(first_file(&source.directory().join("evidence/sealed"))).unwrap();
        app.clock.advance(SignedDuration::from_hours(24));
        let _ = app.back_up_in_time();
        assert_eq!(kept().len(), 3, "none goes while the newest is bad");

        let operator = Actor { roles: vec![Role::Operator], ..Actor::system() };
        let read = app.backups(&operator).unwrap();
        assert_eq!(read.made.len(), 4);
        assert!(read.made[1].tried.as_ref().is_some_and(|drill| drill.differences.is_empty()));
        assert!(read.made[0].tried.as_ref().is_none_or(|drill| !drill.differences.is_empty()));
        assert!(!read.late);
        app.clock.advance(SignedDuration::from_hours(48));
        assert!(app.backups(&operator).unwrap().late);
        assert!(app.backups(&Actor::system()).is_err());
    }
}

#[test]
fn what_an_interrupted_backup_left_goes_and_what_is_being_written_stays() {
    let source = Scratch::sqlite();
    let app = filled(&source);
    let folder = tempfile::tempdir().unwrap();
    let part = folder.path().join(".akashi-backup-left.part");
    let writing = std::fs::File::create(&part).unwrap();
    writing.lock().unwrap();
    made(&app, folder.path());
    assert!(part.exists(), "somebody writes it still");
    drop(writing);
    app.back_up(&folder.path().join("second"), &[], &mut quiet).unwrap();
    assert!(!part.exists(), "nobody writes it any more");
}
