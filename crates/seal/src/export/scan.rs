//! Reads a ledger line of an export where it lies: only its one canonical text is accepted, and nothing is copied that need not be.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::line::Fields;
use crate::merkle::Hash;

/// The largest whole number of canonical JSON: 2^53 - 1.
const LARGEST: u64 = (1 << 53) - 1;

/// Memory that lines share one after the other.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Texts that had escapes, one after the other, without them.
    plain: String,
    proof: Vec<Hash>,
}

/// A ledger line of an export.
#[derive(Debug)]
pub(crate) struct Scanned<'a> {
    pub head: Fields<'a>,
    pub leaf: Hash,
    pub proof: Option<&'a [Hash]>,
    /// Salt and text; `None` where they were erased.
    pub payload: Option<([u8; 16], &'a str)>,
}

/// The line is not the canonical text of a ledger line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotALine {
    /// Where reading stopped, in bytes from the line's start.
    pub at: usize,
    pub reason: &'static str,
}

/// Where a text lies: in the line, or in the scratch because it had escapes.
#[derive(Clone, Copy)]
struct Span {
    escaped: bool,
    from: usize,
    to: usize,
}

/// What every ledger line begins with.
pub(crate) const OPENING: &str = "{\"head\":";

/// Reads one line (without its newline).
pub(crate) fn line<'a>(text: &'a str, scratch: &'a mut Scratch) -> Result<Scanned<'a>, NotALine> {
    scratch.plain.clear();
    scratch.proof.clear();
    let mut cursor = Cursor { text, at: 0, plain: &mut scratch.plain };
    let c = &mut cursor;
    c.expect("{\"head\":{\"actor\":")?;
    let actor = c.string()?;
    c.expect(",\"address\":")?;
    let address = c.maybe()?;
    c.expect(",\"at\":")?;
    let at = c.string()?;
    c.expect(",\"kind\":")?;
    let kind = c.string()?;
    c.expect(",\"outcome\":")?;
    let outcome = c.string()?;
    c.expect(",\"payload_digest\":")?;
    let payload_digest = c.bytes::<32>()?;
    c.expect(",\"pos\":")?;
    let pos = c.number()?;
    c.expect(",\"seq\":")?;
    let seq = c.number()?;
    c.expect(",\"session\":")?;
    let session = c.maybe()?;
    c.expect(",\"subject\":")?;
    let subject = c.string()?;
    c.expect(",\"tenant\":")?;
    let tenant = c.string()?;
    c.expect("},\"leaf\":")?;
    let leaf = c.bytes::<32>()?;
    c.expect(",\"proof\":")?;
    let proved = !c.null();
    if proved {
        c.hashes(&mut scratch.proof)?;
    }
    c.expect(",\"salt\":")?;
    let salt = if c.null() { None } else { Some(c.bytes::<16>()?) };
    c.expect(",\"t\":\"line\",\"text\":")?;
    let payload = c.maybe()?;
    c.expect("}")?;
    if c.at != text.len() {
        return Err(c.not("more text after the end"));
    }
    if salt.is_some() != payload.is_some() {
        return Err(c.not("salt and text stand and leave together"));
    }
    let plain = &scratch.plain;
    let get = |span: Span| (if span.escaped { plain.as_str() } else { text }).get(span.from..span.to).unwrap_or_default();
    Ok(Scanned {
        head: Fields {
            pos,
            tenant: get(tenant),
            seq,
            at: get(at),
            actor: get(actor),
            session: session.map(get),
            address: address.map(get),
            kind: get(kind),
            subject: get(subject),
            outcome: get(outcome),
            payload_digest,
        },
        leaf,
        proof: proved.then_some(scratch.proof.as_slice()),
        payload: salt.zip(payload.map(get)),
    })
}

struct Cursor<'a, 'b> {
    text: &'a str,
    at: usize,
    plain: &'b mut String,
}

impl Cursor<'_, '_> {
    fn not(&self, reason: &'static str) -> NotALine {
        NotALine { at: self.at, reason }
    }

    fn rest(&self) -> &[u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn expect(&mut self, what: &'static str) -> Result<(), NotALine> {
        if !self.rest().starts_with(what.as_bytes()) {
            return Err(self.not("a field is missing, unknown, out of order or not written in the canonical way"));
        }
        self.at += what.len();
        Ok(())
    }

    fn null(&mut self) -> bool {
        let null = self.rest().starts_with(b"null");
        if null {
            self.at += 4;
        }
        null
    }

    fn maybe(&mut self) -> Result<Option<Span>, NotALine> {
        if self.null() { Ok(None) } else { self.string().map(Some) }
    }

    fn number(&mut self) -> Result<u64, NotALine> {
        let digits = self.rest().iter().take_while(|b| b.is_ascii_digit()).take(17).count();
        let text = self.text.get(self.at..self.at + digits).unwrap_or_default();
        match text.parse() {
            Ok(number) if number <= LARGEST && (digits == 1 || !text.starts_with('0')) => {
                self.at += digits;
                Ok(number)
            }
            _ => Err(self.not("not a whole number up to 2^53 - 1")),
        }
    }

    /// A text: as it lies when it has no escape, else copied without them.
    fn string(&mut self) -> Result<Span, NotALine> {
        self.expect("\"")?;
        let from = self.at;
        let length = self.run();
        self.at += length;
        if self.rest().first() == Some(&b'"') {
            self.at += 1;
            return Ok(Span { escaped: false, from, to: from + length });
        }
        let start = self.plain.len();
        let mut from = from;
        loop {
            self.plain.push_str(self.text.get(from..self.at).unwrap_or_default());
            match self.rest() {
                [b'"', ..] => {
                    self.at += 1;
                    return Ok(Span { escaped: true, from: start, to: self.plain.len() });
                }
                [b'\\', rest @ ..] => {
                    let (plain, length) = unescaped(rest).ok_or(self.not("an escape that canonical JSON does not have"))?;
                    self.plain.push(plain);
                    self.at += 1 + length;
                }
                _ => return Err(self.not("a text that does not end, or a control character in it")),
            }
            from = self.at;
            self.at += self.run();
        }
    }

    /// How many bytes come before the next quote, escape or control character.
    fn run(&self) -> usize {
        let rest = self.rest();
        rest.iter().position(|&b| b == b'"' || b == b'\\' || b < 0x20).unwrap_or(rest.len())
    }

    /// Bytes in base64, padded and without spare bits.
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], NotALine> {
        let wrong = self.not("not base64 of the right length");
        let length = N.div_ceil(3) * 4;
        let [b'"', rest @ ..] = self.rest() else { return Err(wrong) };
        let (Some(text), Some(b'"')) = (rest.get(..length), rest.get(length)) else { return Err(wrong) };
        // The engine wants room for whole groups of three.
        let mut out = [0; 36];
        let written = STANDARD.decode_slice(text, &mut out).map_err(|_| wrong)?;
        let bytes = out.get(..written).and_then(|bytes| bytes.try_into().ok()).ok_or(wrong)?;
        self.at += length + 2;
        Ok(bytes)
    }

    fn hashes(&mut self, out: &mut Vec<Hash>) -> Result<(), NotALine> {
        self.expect("[")?;
        while self.rest().first() != Some(&b']') {
            if !out.is_empty() {
                self.expect(",")?;
            }
            // A tree has at most 64 levels.
            if out.len() == 64 {
                return Err(self.not("more hashes than a proof has"));
            }
            out.push(self.bytes()?);
        }
        self.expect("]")
    }
}

/// What stands after a backslash, and how many bytes it takes: the short forms, and \u00xx for the other control characters.
fn unescaped(rest: &[u8]) -> Option<(char, usize)> {
    Some(match rest {
        [b'"', ..] => ('"', 1),
        [b'\\', ..] => ('\\', 1),
        [b'n', ..] => ('\n', 1),
        [b't', ..] => ('\t', 1),
        [b'r', ..] => ('\r', 1),
        [b'b', ..] => ('\u{8}', 1),
        [b'f', ..] => ('\u{c}', 1),
        [b'u', b'0', b'0', high @ b'0'..=b'1', low @ (b'0'..=b'9' | b'a'..=b'f'), ..] => {
            let digit = if low.is_ascii_digit() { low - b'0' } else { low - b'a' + 10 };
            let plain = (high - b'0') * 16 + digit;
            if matches!(plain, 8 | 9 | 10 | 12 | 13) {
                return None;
            }
            (char::from(plain), 5)
        }
        _ => return None,
    })
}
