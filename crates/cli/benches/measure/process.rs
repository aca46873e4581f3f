//! The program as a process: how fast it starts, and how much memory it holds.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::{figure, print, world};

/// Starts in which the cold start is measured.
const STARTS: usize = 30;

struct Running {
    child: Child,
    address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(folder: &Path) -> Running {
    let mut child = Command::new(env!("CARGO_BIN_EXE_akashi"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let out = BufReader::new(child.stdout.take().expect("its output"));
    let address = out.lines().map_while(Result::ok).find_map(|l| l.strip_prefix("Akashi is at ").map(str::to_owned)).expect("an address");
    Running { child, address }
}

fn first_page(address: &str) -> usize {
    ureq::get(format!("{address}/signin")).call().expect("a page").body_mut().read_to_vec().expect("its body").len()
}

fn starts(what: &str, reach: &str, folder: &Path) {
    let times: Vec<Duration> = (0..STARTS)
        .map(|_| {
            let begin = Instant::now();
            let running = start(folder);
            first_page(&running.address);
            begin.elapsed()
        })
        .collect();
    print(what, reach, times);
}

pub fn cold_start() {
    let folder = tempfile::tempdir().expect("a folder");
    starts("cold start to first page, empty", "<= 300 ms", folder.path());
    let folder = tempfile::tempdir().expect("a folder");
    let filled = world::open(folder.path());
    filled.add_cases(1000, 253);
    drop(filled);
    starts("cold start to first page, 1,000 cases", "<= 600 ms", folder.path());
}

fn resident(running: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.child.id())).expect("the process");
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).expect("its memory");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).expect("a number") / 1024
}

pub fn memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let filled = world::open(folder.path());
    let case = filled.full_case();
    let cookie = filled.cookie.clone();
    drop(filled);
    let running = start(folder.path());
    first_page(&running.address);
    figure("resident memory, idle", &format!("{} MB", resident(&running)), "<= 60 MB");
    let url = format!("{}/cases/{case}/items", running.address);
    let peak = std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                (0..20).for_each(|_| drop(ureq::get(&url).header("cookie", &cookie).call().expect("a page").body_mut().read_to_vec()))
            });
        }
        let mut peak = 0;
        for _ in 0..20 {
            std::thread::sleep(Duration::from_millis(50));
            peak = peak.max(resident(&running));
        }
        peak
    });
    figure("resident memory, 32 clients reading 253 items", &format!("{peak} MB"), "<= 200 MB");
}
