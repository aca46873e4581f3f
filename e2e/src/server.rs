//! A running `akashi` with its data in a directory of its own, at a port of its own choice.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long the server may take to print its address (debug builds on a busy machine included).
const PATIENCE: Duration = Duration::from_secs(60);

/// Ended when dropped.
pub struct Server {
    child: Running,
    address: String,
    printed: Vec<String>,
    data: PathBuf,
    /// Removed with the server, where the server made it.
    _own: Option<tempfile::TempDir>,
}

impl Server {
    /// Starts `akashi demo`. `program` is the binary (`env!("CARGO_BIN_EXE_akashi")` in the tests of `cli`);
    /// `database_url` is a PostgreSQL database of the test's own, `None` the embedded SQLite.
    pub fn demo(program: impl AsRef<Path>, database_url: Option<&str>) -> Server {
        Server::start(program, "demo", database_url)
    }

    /// Starts any serving subcommand: `akashi <command> --listen 127.0.0.1:0 --data <temporary directory>`.
    pub fn start(program: impl AsRef<Path>, command: &str, database_url: Option<&str>) -> Server {
        let data = tempfile::tempdir().expect("a temporary directory can be made");
        let server = Server::start_in(program, command, database_url, data.path());
        Server { _own: Some(data), ..server }
    }

    /// As [`Server::start`], with the data in a directory that outlives the server: for restarts.
    pub fn start_in(program: impl AsRef<Path>, command: &str, database_url: Option<&str>, data: &Path) -> Server {
        let (child, lines) = spawn(program.as_ref(), command, database_url, data);
        let mut server = Server { child: Running(child), address: String::new(), printed: Vec::new(), data: data.to_owned(), _own: None };
        let start = Instant::now();
        while server.address.is_empty() {
            let left = PATIENCE.saturating_sub(start.elapsed());
            match lines.recv_timeout(left) {
                Ok(line) => {
                    server.address = address_in(&line).unwrap_or_default();
                    server.printed.push(line);
                }
                Err(_) => panic!("`akashi {command}` printed no address; it printed:\n{}", server.printed.join("\n")),
            }
        }
        // Sign-ins and the first operator's link may follow the address.
        while let Ok(line) = lines.recv_timeout(Duration::from_millis(300)) {
            server.printed.push(line);
        }
        server
    }

    /// `http://127.0.0.1:41234`, without a slash at the end.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The lines printed at the start, on stdout and stderr: sign-ins, one-time links.
    pub fn printed(&self) -> &[String] {
        &self.printed
    }

    /// The server's data directory.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Has the process stop in order, as a service manager does, and waits for it.
    pub fn stop(mut self) {
        let asked = Command::new("kill").arg(self.child.0.id().to_string()).status();
        assert!(asked.is_ok_and(|status| status.success()), "the server cannot be asked to stop");
        let ended = self.child.0.wait().expect("it ends");
        assert!(ended.success(), "it ends well: {ended}");
    }

    /// Ends the process at once, as a power cut does.
    pub fn kill(&mut self) {
        self.child.end();
    }
}

/// A process that ends with its owner.
struct Running(Child);

impl Running {
    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

fn spawn(program: &Path, command: &str, database_url: Option<&str>, data: &Path) -> (Child, Receiver<String>) {
    let mut akashi = Command::new(program);
    akashi.arg(command).args(["--listen", "127.0.0.1:0", "--data"]).arg(data);
    match database_url {
        Some(url) => akashi.env("AKASHI_DATABASE", url),
        None => akashi.env_remove("AKASHI_DATABASE"),
    };
    let mut child = akashi
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{} does not start: {e}", program.display()));
    let (sender, lines) = channel();
    let stdout = child.stdout.take().expect("stdout is piped");
    let stderr = child.stderr.take().expect("stderr is piped");
    let echo = sender.clone();
    std::thread::spawn(move || BufReader::new(stdout).lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
    std::thread::spawn(move || BufReader::new(stderr).lines().map_while(Result::ok).for_each(|line| drop(echo.send(line))));
    (child, lines)
}

/// `http://127.0.0.1:41234`, or the same of `localhost`, anywhere in a printed line.
fn address_in(line: &str) -> Option<String> {
    // By its name where the server says so: passkeys belong to a host name.
    ["http://localhost:", "http://127.0.0.1:"].into_iter().find_map(|start| {
        let (_, rest) = line.split_once(start)?;
        let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
        (!port.is_empty()).then(|| format!("{start}{port}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_a_printed_line() {
        assert_eq!(address_in("Open http://127.0.0.1:8080/ in a browser").as_deref(), Some("http://127.0.0.1:8080"));
        assert_eq!(address_in("Akashi is at http://localhost:8253").as_deref(), Some("http://localhost:8253"));
        assert_eq!(address_in("Open http://127.0.0.1:/"), None);
        assert_eq!(address_in("ready"), None);
    }

    #[test]
    fn what_a_program_prints_is_kept_and_its_address_read() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("akashi");
        std::fs::write(
            &program,
            "#!/bin/sh\necho \"command $1 db $AKASHI_DATABASE\"\necho 'http://127.0.0.1:7/'\necho sign-in\nexec sleep 60\n",
        )
        .unwrap();
        Command::new("chmod").arg("+x").arg(&program).status().unwrap();
        let server = Server::demo(&program, Some("postgres://x"));
        assert_eq!(server.address(), "http://127.0.0.1:7");
        assert_eq!(server.printed(), ["command demo db postgres://x", "http://127.0.0.1:7/", "sign-in"]);
    }

    #[test]
    #[should_panic(expected = "printed no address")]
    fn a_program_that_ends_early_is_reported_with_its_words() {
        let _ = Server::demo("/bin/echo", None);
    }
}
