//! The power goes at any moment: with SQLite's full sync no confirmed act is lost, and with less some are.

mod common;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Acknowledged, Crowd, Random, lost, nothing_is_lost, sqlite_at};
use disk::{Disk, Image, Loss};
use store::Store;
use store::testing::opened_with;

/// A disk at the moment of a cut, and what had been confirmed by then.
type Cut = (Image, Acknowledged);

/// Lets sixteen writers work on a fresh disk and cuts the power at `cuts` random operations.
fn cut(settings: &str, cuts: usize, random: &mut Random) -> Vec<Cut> {
    let directory = tempfile::tempdir().unwrap();
    let disk = Disk::under(directory.path());
    // As long as a fast drive takes: without it no two acts ever wait together.
    disk.slow(Duration::from_micros(400));
    // Checkpoints every few commits, or a short run would see none.
    let settings = format!("{settings}; pragma wal_autocheckpoint = 60");
    let store = Arc::new(opened_with(&sqlite_at(directory.path()), &settings).unwrap());
    let crowd = Crowd::start(&store, "a");
    let seen: Arc<Mutex<Vec<Cut>>> = Arc::default();
    for n in 0..cuts {
        let (kept, acknowledged) = (seen.clone(), crowd.acknowledged.clone());
        disk.watch(disk.operations() + random.between(1, 300), move |image| {
            // Under the disk's lock: what was confirmed by now was synced by now.
            let acknowledged = acknowledged.lock().unwrap().clone();
            kept.lock().unwrap().push((image.clone(), acknowledged));
        });
        while seen.lock().unwrap().len() <= n {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    let (acknowledged, refusals) = crowd.stop();
    assert!(refusals.is_empty(), "{refusals:?}");
    nothing_is_lost(&store, &acknowledged, "without a cut");
    drop(store);
    let cuts = std::mem::take(&mut *seen.lock().unwrap());
    assert!(cuts.iter().filter(|(image, _)| image.unsynced() > 0).count() > cuts.len() / 2, "most cuts came amid writing");
    cuts
}

/// The store that a restart finds after the cut.
fn found(image: &Image, loss: Loss, random: &mut Random, into: &Path) -> Store {
    image.after_power_cut(loss, into, &mut || random.next() % 100);
    Store::open(&sqlite_at(into), 2).unwrap_or_else(|e| panic!("it does not open after a power cut that took {loss:?}: {e}"))
}

const LOSSES: [Loss; 5] = [Loss::Everything, Loss::Sectors(0), Loss::Sectors(10), Loss::Sectors(50), Loss::Sectors(90)];

#[test]
fn a_power_cut_loses_nothing_confirmed_and_leaves_nothing_half_written() {
    let mut random = Random::seeded("power cut");
    let mut confirmed = 0;
    for (n, (image, acknowledged)) in cut("pragma synchronous = full", 40, &mut random).into_iter().enumerate() {
        let loss = LOSSES[n % LOSSES.len()];
        for loss in [loss, LOSSES[(n + 2) % LOSSES.len()]] {
            let directory = tempfile::tempdir().unwrap();
            let store = found(&image, loss, &mut random, directory.path());
            nothing_is_lost(&store, &acknowledged, &format!("cut {n}, {loss:?}"));
            common::try_act(&store, "afterwards", 0).unwrap();
        }
        confirmed = acknowledged.len();
    }
    println!("80 power cuts, {confirmed} acts confirmed before the last: none lost");
    assert!(confirmed > 200, "{confirmed} acts are too few to say anything");
}

/// The same, with less than full sync: this shows that the test above can fail.
#[test]
fn without_full_sync_the_same_power_cuts_are_seen_to_lose_confirmed_acts() {
    let mut random = Random::seeded("power cut without full sync");
    let (mut rounds, mut most) = (0, 0);
    for (image, acknowledged) in cut("pragma synchronous = normal", 10, &mut random) {
        let directory = tempfile::tempdir().unwrap();
        let store = found(&image, Loss::Everything, &mut random, directory.path());
        // Old, but whole.
        let lost = lost(&store, &acknowledged).unwrap();
        rounds += usize::from(!lost.is_empty());
        most = most.max(lost.len());
    }
    println!("synchronous=normal: acts lost in {rounds} of 10 power cuts, up to {most}");
    assert!(rounds > 0, "nothing was lost: this disk forgets nothing");
}
