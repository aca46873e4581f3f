//! An S3-compatible store for tests: PyPI's moto on a free port of this machine, gone when it is dropped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::blobs::{EvidencePlace, S3Keys};

const SERVER: &str = "\
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
";

/// A running store with the bucket `akashi`.
pub struct Moto {
    child: Child,
    _alive: ChildStdin,
    pub port: u16,
}

impl Moto {
    /// `None`, said loudly, where Python or moto is missing; a failure when `CI` is set.
    pub fn start() -> Option<Moto> {
        let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/moto");
        let python = || {
            let mut command = Command::new("python3");
            command.env("PYTHONPATH", &library).stderr(Stdio::null());
            command
        };
        if !python().args(["-c", "import moto.server, flask"]).status().is_ok_and(|status| status.success()) {
            assert!(std::env::var_os("CI").is_none(), "S3 cannot be tested: python3 with moto[server] is missing; `.ci/run` installs it");
            let _ = writeln!(std::io::stderr(), "\n*** S3 TESTS DID NOT RUN: python3 with moto[server] is missing ***\n");
            return None;
        }
        let mut child =
            python().args(["-W", "ignore", "-c", SERVER]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a running moto");
        let alive = child.stdin.take().expect("its input");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("its port");
        let moto = Moto { child, _alive: alive, port: line.trim().parse().expect("a port") };
        let made = moto.ask("PUT", "/akashi");
        assert!(made.starts_with("HTTP/1.1 200"), "the bucket is made: {made}");
        Some(moto)
    }

    /// The address of the bucket, as an operator sets it.
    pub fn address(&self) -> String {
        format!("s3://akashi/evidence?endpoint=http://127.0.0.1:{}", self.port)
    }

    pub fn place(&self) -> EvidencePlace {
        EvidencePlace::parse(&self.address(), S3Keys { id: "test".into(), secret: "test".into() }).expect("an address")
    }

    /// Asks the store directly, as somebody with access to it can; the whole answer.
    pub fn ask(&self, method: &str, path: &str) -> String {
        String::from_utf8_lossy(&self.ask_with(method, path, b"")).into_owned()
    }

    pub fn ask_with(&self, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a connection to moto");
        let length = body.len();
        // It wants to see a signature, and looks at none.
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, \
             SignedHeaders=host, Signature=0\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).expect("a request");
        let mut answer = vec![];
        stream.read_to_end(&mut answer).expect("an answer");
        answer
    }

    /// The names of all objects.
    pub fn names(&self) -> Vec<String> {
        let listed = self.ask("GET", "/akashi?list-type=2");
        listed.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next()).map(str::to_owned).collect()
    }

    /// Stops it; whoever asks it now gets no answer.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.stop();
    }
}
