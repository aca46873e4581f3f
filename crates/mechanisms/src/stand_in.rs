//! A server of a check's own on this machine: it stands in for a party outside that the program calls.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::Failed;

/// What it answers: a status, a media type and a body.
pub type Answer = (u16, &'static str, Vec<u8>);

/// It answers on a port that nobody else has, until it is dropped.
pub struct StandIn {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    answering: Option<JoinHandle<()>>,
}

impl StandIn {
    /// Answers the body of each call.
    pub fn start(answer: impl Fn(&[u8]) -> Answer + Send + 'static) -> Result<StandIn, Failed> {
        let odd = |e: std::io::Error| {
            Failed::new(format!("検査用のサーバーを用意できません: {e}"), format!("the server of this check cannot be made: {e}"))
        };
        let listener = TcpListener::bind("127.0.0.1:0").map_err(odd)?;
        let address = listener.local_addr().map_err(odd)?;
        let ended = Arc::new(AtomicBool::new(false));
        let ends = ended.clone();
        let answering = Some(std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::SeqCst) {
                    return;
                }
                // Who hangs up gets no answer, and tries again.
                let _ = stream.and_then(|stream| one(&stream, &answer));
            }
        }));
        Ok(StandIn { address, ended, answering })
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes it, so that it sees the end.
        let _ = TcpStream::connect(self.address);
        if let Some(answering) = self.answering.take() {
            let _ = answering.join();
        }
    }
}

fn one(stream: &TcpStream, answer: &impl Fn(&[u8]) -> Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some(said) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = said.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![];
    reader.take(length).read_to_end(&mut body)?;
    let (status, media, body) = answer(&body);
    let head = format!("HTTP/1.1 {status} -\r\ncontent-type: {media}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let mut out = stream;
    out.write_all(&[head.as_bytes(), &body].concat())
}
