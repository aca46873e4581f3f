//! A conversation with clamd: its version, and a file sent to it in pieces. Whatever it does, it costs no more than its time.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rules::vault::Scan;

use super::{FAILED, Place, Scanner, TOO_LARGE, UNREACHABLE};

/// The longest answer that is read.
const ANSWER: usize = 4096;
/// The longest name of malware that is kept.
const NAME: usize = 200;
/// A whole conversation may take so many times what one silence may.
const SILENCES: u32 = 4;

enum Line {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// One conversation. It ends when its time is over, however slowly the other side speaks.
pub(super) struct Talk {
    line: Line,
    patience: Duration,
    until: Instant,
}

impl Talk {
    fn open(scanner: &Scanner) -> io::Result<Talk> {
        let line = match &scanner.place {
            Place::Unix(path) => Line::Unix(UnixStream::connect(path)?),
            Place::Tcp(address) => {
                let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
                let mut found = None;
                for one in address.to_socket_addrs()? {
                    match TcpStream::connect_timeout(&one, scanner.patience.min(Duration::from_secs(3))) {
                        Ok(stream) => {
                            found = Some(stream);
                            break;
                        }
                        Err(error) => last = error,
                    }
                }
                let stream = found.ok_or(last)?;
                stream.set_nodelay(true)?;
                Line::Tcp(stream)
            }
        };
        Ok(Talk { line, patience: scanner.patience, until: Instant::now() + scanner.patience * SILENCES })
    }

    /// How long the next word may take.
    fn wait(&mut self) -> io::Result<()> {
        let left = self.until.saturating_duration_since(Instant::now()).min(self.patience);
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match &self.line {
            Line::Tcp(s) => s.set_read_timeout(Some(left)).and_then(|()| s.set_write_timeout(Some(left))),
            Line::Unix(s) => s.set_read_timeout(Some(left)).and_then(|()| s.set_write_timeout(Some(left))),
        }
    }

    fn say(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.wait()?;
            let n = match &mut self.line {
                Line::Tcp(s) => s.write(bytes),
                Line::Unix(s) => s.write(bytes),
            }?;
            if n == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            bytes = &bytes[n..];
        }
        Ok(())
    }

    /// The answer up to its zero byte; one that ends before it was cut off and is none.
    fn hear(&mut self) -> io::Result<String> {
        let mut out = vec![];
        let mut buffer = [0; 512];
        loop {
            self.wait()?;
            let n = match &mut self.line {
                Line::Tcp(s) => s.read(&mut buffer),
                Line::Unix(s) => s.read(&mut buffer),
            }?;
            if n == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            out.extend_from_slice(&buffer[..n]);
            if let Some(end) = out.iter().position(|b| *b == 0) {
                out.truncate(end);
                return Ok(String::from_utf8_lossy(&out).into_owned());
            }
            if out.len() > ANSWER {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }

    /// Begins to send a file.
    pub(super) fn begin(scanner: &Scanner) -> io::Result<Talk> {
        let mut talk = Talk::open(scanner)?;
        talk.say(b"zINSTREAM\0")?;
        Ok(talk)
    }

    pub(super) fn send(&mut self, piece: &[u8]) -> io::Result<()> {
        let length = u32::try_from(piece.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        self.say(&length.to_be_bytes())?;
        self.say(piece)
    }

    /// What the scanner says to all that was sent.
    pub(super) fn finish(&mut self) -> Scan {
        match self.say(&0_u32.to_be_bytes()).and_then(|()| self.hear()) {
            Ok(answer) => read(&answer, true),
            Err(_) => unscanned(UNREACHABLE),
        }
    }

    /// What the scanner says when it stopped listening in the middle: never that the file is clean.
    pub(super) fn broken(&mut self) -> Scan {
        self.hear().map_or_else(|_| unscanned(UNREACHABLE), |answer| read(&answer, false))
    }
}

pub(super) fn unscanned(why: &str) -> Scan {
    Scan::NotScanned { why: why.to_owned() }
}

fn read(answer: &str, whole: bool) -> Scan {
    match answer.strip_prefix("stream: ") {
        Some("OK") if whole => Scan::Clean,
        Some(said) => match said.strip_suffix(" FOUND") {
            Some(name) => Scan::Found { name: name.chars().filter(|c| !c.is_control()).take(NAME).collect() },
            None => unscanned(FAILED),
        },
        None if answer.contains("size limit exceeded") => unscanned(TOO_LARGE),
        None => unscanned(FAILED),
    }
}

/// Which scanner it is, and the date of its signatures where it tells one.
pub(super) fn version(scanner: &Scanner) -> io::Result<(String, Option<Timestamp>)> {
    let mut talk = Talk::open(scanner)?;
    talk.say(b"zVERSION\0")?;
    let said = talk.hear()?;
    let clean = |text: &str| text.chars().filter(|c| !c.is_control()).take(NAME).collect::<String>();
    if !said.starts_with("ClamAV ") {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it does not answer as clamd does"));
    }
    let mut parts = said.splitn(3, '/');
    let (engine, number, date) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let engine = number.map_or_else(|| clean(engine), |number| clean(&format!("{engine}/{number}")));
    Ok((engine, date.and_then(day)))
}

/// `Sat Nov 21 09:24:01 2026`, as C writes times; hours are of the scanner's place, and days are what counts here.
fn day(written: &str) -> Option<Timestamp> {
    let (_, rest) = written.trim().split_once(' ')?;
    let rest = rest.split_whitespace().collect::<Vec<_>>().join(" ");
    let at = jiff::civil::DateTime::strptime("%b %d %H:%M:%S %Y", rest).ok()?;
    at.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|z| z.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_and_plain_ok_is_clean() {
        assert_eq!(read("stream: OK", true), Scan::Clean);
        for (answer, whole) in
            [("stream: OK", false), ("OK", true), ("stream: OK ", true), ("", true), ("stream: ok", true), ("PONG", true)]
        {
            assert!(matches!(read(answer, whole), Scan::NotScanned { .. }), "{answer:?}");
        }
        assert_eq!(read("stream: Eicar FOUND", false), Scan::Found { name: "Eicar".into() });
        assert_eq!(read("INSTREAM size limit exceeded. ERROR", false), unscanned(TOO_LARGE));
    }

    #[test]
    fn the_date_of_the_signatures_is_read_or_unknown() {
        assert_eq!(day("Sat Nov  7 09:24:01 2026").map(|t| t.to_string()), Some("2026-11-07T09:24:01Z".into()));
        for none in ["", "yesterday", "Sat Nov 40 09:24:01 2026", "0"] {
            assert_eq!(day(none), None, "{none:?}");
        }
    }
}
