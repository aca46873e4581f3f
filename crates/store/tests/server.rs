//! A PostgreSQL server of our own that stops, crashes and throws connections out under sixteen writers.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Acknowledged, Crowd, Random, nothing_is_lost};
use postgres::NoTls;
use store::{Location, Store};

/// A server in a temporary directory, reached by a socket in it and by nothing else.
struct Server {
    directory: tempfile::TempDir,
    programs: PathBuf,
}

/// Where PostgreSQL's own programs are; they are rarely on the path.
fn programs() -> Option<PathBuf> {
    let beside = |programs: &Path| programs.join("initdb").exists();
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(found) = std::env::split_paths(&path).find(|programs| beside(programs)) {
        return Some(found);
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    versions.filter_map(|version| Some(version.ok()?.path().join("bin"))).find(|programs| beside(programs))
}

impl Server {
    fn start() -> Option<Server> {
        let Some(programs) = programs() else {
            assert!(std::env::var_os("CI").is_none(), "PostgreSQL's initdb and pg_ctl are needed for these tests");
            eprintln!("\n!!! NOT TESTED: PostgreSQL's initdb is not on this machine !!!\n");
            return None;
        };
        let server = Server { directory: tempfile::tempdir().unwrap(), programs };
        if is_root() {
            // PostgreSQL refuses to run as root.
            run(Command::new("chown").arg("postgres").arg(server.directory.path()));
        }
        run(server
            .command("initdb")
            .args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(server.data()));
        server.up();
        Some(server)
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// One of PostgreSQL's programs, as a user who is not root.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.directory.path());
        command
    }

    fn up(&self) {
        self.up_with("");
    }

    fn up_with(&self, more: &str) {
        let place = self.directory.path().display();
        let options = format!("-c listen_addresses= -c unix_socket_directories={place} -c shared_buffers=8MB {more}");
        let log = self.directory.path().join("log");
        run(self.command("pg_ctl").args(["start", "-w", "-o", &options, "-D"]).arg(self.data()).arg("-l").arg(log));
    }

    /// `fast` throws everybody out and ends in order; `immediate` is a crash.
    fn down(&self, mode: &str) {
        run(self.command("pg_ctl").args(["stop", "-w", "-m", mode, "-D"]).arg(self.data()));
    }

    fn address(&self) -> String {
        let socket = self.directory.path().display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{socket}/postgres")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.command("pg_ctl").args(["stop", "-w", "-m", "immediate", "-D"]).arg(self.data()).output();
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    id.stdout.trim_ascii() == b"0"
}

fn run(command: &mut Command) {
    // A server that is started keeps our pipes open: its words go to its log.
    let done = command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).status().expect("it runs");
    assert!(done.success(), "{command:?}");
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited 30 s until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Begins with a working crowd, does `harm`, waits until it works again, and compares.
fn under_load(store: &Arc<Store>, all: &mut Acknowledged, name: &str, harm: impl FnOnce()) -> usize {
    let crowd = Crowd::start(store, name);
    wait_until("acts are confirmed", || crowd.count() > 30);
    harm();
    let before = crowd.count();
    wait_until("acts are confirmed again", || crowd.count() > before + 30);
    let (acknowledged, refusals) = crowd.stop();
    all.extend(acknowledged);
    nothing_is_lost(store, all, name);
    refusals.len()
}

#[test]
fn a_server_that_restarts_crashes_or_throws_out_loses_nothing_confirmed() {
    let mut random = Random::seeded("postgresql restarts");
    let Some(server) = Server::start() else { return };
    let store = Arc::new(Store::open(&Location::parse(&server.address()).unwrap(), 4).unwrap());
    let mut all = Acknowledged::new();
    let mut refused = 0;
    for round in 0..3 {
        for mode in ["fast", "immediate"] {
            refused += under_load(&store, &mut all, &format!("{mode}/{round}"), || {
                server.down(mode);
                // Long enough that somebody asks while nobody answers.
                std::thread::sleep(Duration::from_millis(random.between(50, 400)));
                server.up();
            });
        }
        refused += under_load(&store, &mut all, &format!("storm/{round}"), || {
            let mut client = postgres::Client::connect(&server.address(), NoTls).unwrap();
            for _ in 0..30 {
                let others = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'akashi'";
                client.execute(others, &[]).unwrap();
                std::thread::sleep(Duration::from_millis(random.between(1, 30)));
            }
        });
    }
    println!("postgresql: 6 restarts and 90 storms, {} acts confirmed, {refused} refused, none lost", all.len());
    assert!(refused > 6, "{refused} refusals: nobody noticed");
}

#[test]
fn settings_by_which_a_server_forgets_what_it_confirmed_are_named() {
    let Some(server) = Server::start() else { return };
    let off = || -> Vec<String> {
        let store = Store::open(&Location::parse(&server.address()).unwrap(), 1).unwrap();
        store.read(store::durability::off).unwrap()
    };
    assert_eq!(off(), Vec::<String>::new());
    server.down("fast");
    // This program sets `synchronous_commit` on each of its connections, so that the server's own does no harm.
    server.up_with("-c fsync=off -c full_page_writes=off -c synchronous_commit=off");
    assert_eq!(off(), ["fsync", "full_page_writes"]);
}
