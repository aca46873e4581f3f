//! A disk that is full or fails: acts are refused in words, and what was confirmed stays, also after a power cut.

mod common;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Acknowledged, Crowd, Random, lost, nothing_is_lost, sqlite_at, try_act};
use disk::{Disk, Loss};
use store::Store;
use store::testing::opened_with;

/// Checkpoints often, or a short run would see none.
const OFTEN: &str = "pragma wal_autocheckpoint = 60";

fn fresh(directory: &Path) -> (Arc<Disk>, Arc<Store>) {
    let disk = Disk::under(directory);
    disk.slow(Duration::from_micros(400));
    let store = Arc::new(opened_with(&sqlite_at(directory), OFTEN).unwrap());
    (disk, store)
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited 20 s until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// What a restart finds after a power cut right now, with each kind of loss.
fn cut_now(disk: &Disk, acknowledged: &Acknowledged, random: &mut Random, when: &str) {
    for loss in [Loss::Everything, Loss::Sectors(0), Loss::Sectors(50)] {
        let directory = tempfile::tempdir().unwrap();
        disk.image().after_power_cut(loss, directory.path(), &mut || random.next() % 100);
        let store = Store::open(&sqlite_at(directory.path()), 2).unwrap();
        nothing_is_lost(&store, acknowledged, &format!("{when}, power cut that took {loss:?}"));
    }
}

#[test]
fn a_full_disk_refuses_in_words_and_work_goes_on_when_there_is_space() {
    let mut random = Random::seeded("full disk");
    let directory = tempfile::tempdir().unwrap();
    let (disk, store) = fresh(directory.path());
    let mut all = Acknowledged::new();
    let mut refused = 0;
    for round in 0..8 {
        let crowd = Crowd::start(&store, &format!("{round}"));
        wait_until("acts are confirmed", || crowd.count() > 20);
        // Anywhere: within a page, a commit, a checkpoint.
        disk.leave(Some(random.between(0, 300_000)));
        wait_until("acts are refused", || crowd.refused() > 20);
        // What is there can be read and checked meanwhile.
        store.verify().unwrap();
        let before = crowd.count();
        disk.leave(None);
        wait_until("acts are confirmed again", || crowd.count() > before + 20);
        let (acknowledged, refusals) = crowd.stop();
        all.extend(acknowledged);
        refused += refusals.len();
        for words in refusals {
            assert!(words.contains("database or disk is full"), "{words}");
        }
        nothing_is_lost(&store, &all, &format!("round {round}"));
        cut_now(&disk, &all, &mut random, &format!("round {round}"));
    }
    assert!(disk.faults() > 8, "{} faults", disk.faults());
    println!("full disk: {} acts confirmed, {refused} refused, {} faults", all.len(), disk.faults());
}

#[test]
fn a_disk_that_fails_to_sync_is_never_believed() {
    let mut random = Random::seeded("failed syncs");
    let directory = tempfile::tempdir().unwrap();
    let (disk, store) = fresh(directory.path());
    let mut all = Acknowledged::new();
    let mut refused = 0;
    for round in 0..12 {
        let crowd = Crowd::start(&store, &format!("{round}"));
        wait_until("acts are confirmed", || crowd.count() > 20);
        let before = disk.faults();
        // Of a commit or of a checkpoint, one or several in turn.
        let bad = random.between(1, 6);
        disk.fail_syncs(random.between(0, 30), bad);
        wait_until("syncs have failed", || disk.faults() >= before + bad);
        cut_now(&disk, &crowd.acknowledged.lock().unwrap().clone(), &mut random, &format!("round {round}, right after"));
        let before = crowd.count();
        wait_until("acts are confirmed again", || crowd.count() > before + 20);
        let (acknowledged, refusals) = crowd.stop();
        all.extend(acknowledged);
        refused += refusals.len();
        for words in refusals {
            assert!(words.contains("disk I/O error"), "{words}");
        }
        nothing_is_lost(&store, &all, &format!("round {round}"));
        cut_now(&disk, &all, &mut random, &format!("round {round}"));
    }
    assert!(refused > 12, "{refused} refusals");
    println!("failed syncs: {} acts confirmed, {refused} refused, {} faults", all.len(), disk.faults());
}

/// The system forgets what it could not write and shows it all the same. A program that is killed then and
/// starts again reads it from there: what it builds upon it must survive a power cut as well.
#[test]
fn a_restart_after_a_failed_sync_builds_on_nothing_that_the_disk_has_forgotten() {
    let mut random = Random::seeded("restart after a failed sync");
    for round in 0..6 {
        let directory = tempfile::tempdir().unwrap();
        let (disk, store) = fresh(directory.path());
        let mut all = Acknowledged::new();
        for n in 0..3 {
            all.extend([try_act(&store, "before", n).unwrap()]);
        }
        disk.fail_syncs(0, 1);
        let failed = try_act(&store, "failed", round).expect_err("the sync fails");
        assert!(format!("{failed:?}").contains("disk I/O error"), "{failed:?}");

        // Killed: no last checkpoint, the files stay as the system shows them. The memory of the log is new.
        let after = tempfile::tempdir().unwrap();
        let second = Disk::under(after.path());
        disk.hand_over(&second);
        drop((store, disk));
        let store = Store::open(&sqlite_at(after.path()), 2).unwrap();
        for n in 0..5 {
            all.extend([try_act(&store, "after", n).unwrap()]);
        }
        nothing_is_lost(&store, &all, "after the restart");
        cut_now(&second, &all, &mut random, &format!("round {round}"));
    }
}

/// A power cut after a failed commit may bring its acts back or not; never a half of them.
#[test]
fn what_was_not_confirmed_is_there_as_a_whole_or_not_at_all() {
    let mut random = Random::seeded("unconfirmed");
    let directory = tempfile::tempdir().unwrap();
    let (disk, store) = fresh(directory.path());
    try_act(&store, "before", 0).unwrap();
    disk.fail_syncs(0, 1);
    try_act(&store, "failed", 3).expect_err("the sync fails");
    for n in 0..20 {
        let directory = tempfile::tempdir().unwrap();
        disk.image().after_power_cut(Loss::Sectors(n * 5), directory.path(), &mut || random.next() % 100);
        let store = Store::open(&sqlite_at(directory.path()), 2).unwrap();
        assert_eq!(lost(&store, &Acknowledged::new()), Ok(vec![]));
    }
}
