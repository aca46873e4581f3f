//! Reads a ledger line of an export where it lies: only its one canonical text is accepted, and nothing is copied that need not be.

use crate::line::Fields;
use crate::merkle::Hash;

/// The largest whole number of canonical JSON: 2^53 - 1.
const LARGEST: u64 = (1 << 53) - 1;

/// Memory that lines share one after the other.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Texts that had escapes, one after the other, without them.
    plain: Vec<u8>,
    proof: Vec<Hash>,
}

/// A ledger line of an export.
#[derive(Debug)]
pub(crate) struct Scanned<'a> {
    pub head: Fields<'a>,
    pub leaf: Hash,
    pub proof: Option<&'a [Hash]>,
    /// Salt and text in UTF-8; `None` where they were erased.
    pub payload: Option<([u8; 16], &'a [u8])>,
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
    let bytes = |span: Span| (if span.escaped { plain.as_slice() } else { text.as_bytes() }).get(span.from..span.to).unwrap_or_default();
    // Never fails: what lies between two ASCII characters of a text is text, and so is what an escape stands for.
    let get = |span: Span| {
        if span.escaped { std::str::from_utf8(bytes(span)).unwrap_or_default() } else { text.get(span.from..span.to).unwrap_or_default() }
    };
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
        payload: salt.zip(payload.map(bytes)),
    })
}

struct Cursor<'a, 'b> {
    text: &'a str,
    at: usize,
    plain: &'b mut Vec<u8>,
}

impl Cursor<'_, '_> {
    fn not(&self, reason: &'static str) -> NotALine {
        NotALine { at: self.at, reason }
    }

    fn rest(&self) -> &[u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    // Inlined, the comparison with a known text takes a few instructions instead of a call.
    #[inline(always)]
    fn expect(&mut self, what: &'static str) -> Result<(), NotALine> {
        if !self.rest().starts_with(what.as_bytes()) {
            return Err(self.not("a field is missing, unknown, out of order or not written in the canonical way"));
        }
        self.at += what.len();
        Ok(())
    }

    #[inline(always)]
    fn null(&mut self) -> bool {
        let null = self.rest().starts_with(b"null");
        if null {
            self.at += 4;
        }
        null
    }

    #[inline(always)]
    fn maybe(&mut self) -> Result<Option<Span>, NotALine> {
        if self.null() { Ok(None) } else { self.string().map(Some) }
    }

    #[inline(always)]
    fn number(&mut self) -> Result<u64, NotALine> {
        let (mut number, mut digits) = (0_u64, 0);
        for digit in self.rest().iter().take(17).take_while(|byte| byte.is_ascii_digit()) {
            number = number * 10 + u64::from(digit - b'0');
            digits += 1;
        }
        let padded = digits > 1 && self.rest().first() == Some(&b'0');
        if digits == 0 || padded || number > LARGEST {
            return Err(self.not("not a whole number up to 2^53 - 1"));
        }
        self.at += digits;
        Ok(number)
    }

    /// A text: as it lies when it has no escape, else copied without them.
    fn string(&mut self) -> Result<Span, NotALine> {
        self.expect("\"")?;
        let from = self.at;
        self.at += plain_bytes(self.rest());
        if self.rest().first() == Some(&b'"') {
            self.at += 1;
            return Ok(Span { escaped: false, from, to: self.at - 1 });
        }
        let (start, length) = (self.plain.len(), self.at - from);
        // Without escapes it is never longer than with them.
        self.plain.resize(start + self.text.len() - from, 0);
        let not = self.not("a text that does not end, or a control character in it");
        let (source, out) = (self.text.as_bytes().get(from..).unwrap_or_default(), self.plain.get_mut(start..).unwrap_or_default());
        let (read, written) = unescape(source, out, length).map_err(|at| NotALine { at: from + at, ..not })?;
        self.plain.truncate(start + written);
        self.at = from + read;
        Ok(Span { escaped: true, from: start, to: start + written })
    }

    /// Bytes in base64, padded and without spare bits.
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], NotALine> {
        let wrong = self.not("not base64 of the right length");
        let length = N.div_ceil(3) * 4;
        let [b'"', rest @ ..] = self.rest() else { return Err(wrong) };
        let (Some(text), Some(b'"')) = (rest.get(..length), rest.get(length)) else { return Err(wrong) };
        let bytes = decoded(text).ok_or(wrong)?;
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

/// Marks, in eight bytes, the first quote, backslash or control character: its place is the number of zero bits below, over 8.
fn marked(word: [u8; 8]) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let word = u64::from_le_bytes(word);
    let (quote, backslash) = (word ^ (ONES * b'"' as u64), word ^ (ONES * b'\\' as u64));
    // The lowest mark is exact: a borrow marks wrongly only above a byte that is rightly marked.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    (zero(quote) | zero(backslash) | (word.wrapping_sub(ONES * 0x20) & !word)) & (ONES << 7)
}

/// How many bytes come before the next quote, backslash or control character.
fn plain_bytes(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let marks = marked(*word);
        if marks != 0 {
            return i * 8 + marks.trailing_zeros() as usize / 8;
        }
    }
    words.len() * 8 + rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20).unwrap_or(rest.len())
}

/// Copies a text without its escapes up to the quote that ends it; the first `plain` bytes are known to have none.
/// Gives how many bytes were read, with the quote, and written; or where the text is not canonical.
///
/// A payload is JSON within JSON: every few bytes there is an escaped quote. So eight bytes are copied at once, and those
/// from the escape on are overwritten.
fn unescape(source: &[u8], out: &mut [u8], plain: usize) -> Result<(usize, usize), usize> {
    if let (Some(source), Some(out)) = (source.get(..plain), out.get_mut(..plain)) {
        out.copy_from_slice(source);
    }
    let (mut read, mut written) = (plain, plain);
    loop {
        if let (Some(from), Some(to)) =
            (source.get(read..).and_then(<[u8]>::first_chunk::<8>), out.get_mut(written..).and_then(<[u8]>::first_chunk_mut))
        {
            *to = *from;
            // Of no mark there are 64 zero bits: all eight are plain.
            let plain = marked(*from).trailing_zeros() as usize / 8;
            (read, written) = (read + plain, written + plain);
            if plain == 8 {
                continue;
            }
        }
        let (Some(byte), Some(place)) = (source.get(read), out.get_mut(written)) else { return Err(read) };
        match (byte, source.get(read + 1)) {
            (b'\\', Some(quoted @ (b'"' | b'\\'))) => {
                *place = *quoted;
                read += 2;
            }
            (b'\\', _) => {
                let (meant, length) = unescaped(source.get(read + 1..).unwrap_or_default()).ok_or(read)?;
                *place = meant;
                read += 1 + length;
            }
            (b'"', _) => return Ok((read + 1, written)),
            (0..0x20, _) => return Err(read),
            (byte, _) => {
                *place = *byte;
                read += 1;
            }
        }
        written += 1;
    }
}

/// What stands after a backslash but for quote and backslash, and how many bytes it takes: the short forms, and \u00xx for
/// the other control characters.
fn unescaped(rest: &[u8]) -> Option<(u8, usize)> {
    Some(match rest {
        [b'n', ..] => (b'\n', 1),
        [b't', ..] => (b'\t', 1),
        [b'r', ..] => (b'\r', 1),
        [b'b', ..] => (8, 1),
        [b'f', ..] => (12, 1),
        [b'u', b'0', b'0', high @ b'0'..=b'1', low @ (b'0'..=b'9' | b'a'..=b'f'), ..] => {
            let digit = if low.is_ascii_digit() { low - b'0' } else { low - b'a' + 10 };
            let plain = (high - b'0') * 16 + digit;
            if matches!(plain, 8 | 9 | 10 | 12 | 13) {
                return None;
            }
            (plain, 5)
        }
        _ => return None,
    })
}

/// The value of each sign of base64 (RFC 4648, section 4); 64 for what is none.
const SIGNS: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut signs = [64; 256];
    let mut i = 0;
    while i < 64 {
        signs[alphabet[i] as usize] = i as u8;
        i += 1;
    }
    signs
};

/// Bytes from base64 that is padded and has no spare bits. Every line has three or more: the library takes three times as long.
fn decoded<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut out = [0; N];
    let (groups, rest) = text.as_chunks::<4>();
    let (whole, end) = out.as_chunks_mut::<3>();
    if !rest.is_empty() || groups.len() != N.div_ceil(3) {
        return None;
    }
    let mut wrong = 0;
    let mut value = |sign: u8| {
        let value = SIGNS[usize::from(sign)];
        wrong |= value;
        u32::from(value & 63)
    };
    for ([a, b, c, d], bytes) in groups.iter().zip(whole) {
        let [_, first, second, third] = (value(*a) << 18 | value(*b) << 12 | value(*c) << 6 | value(*d)).to_be_bytes();
        *bytes = [first, second, third];
    }
    // 16 and 32 bytes: one or two are left, and the rest of their group is zero.
    match (end, groups.last()) {
        ([], _) => {}
        ([first], Some([a, b, b'=', b'='])) => {
            let word = value(*a) << 6 | value(*b);
            *first = (word >> 4) as u8;
            wrong |= 64 * u8::from(word & 15 != 0);
        }
        ([first, second], Some([a, b, c, b'='])) => {
            let word = value(*a) << 12 | value(*b) << 6 | value(*c);
            [*first, *second] = [(word >> 10) as u8, (word >> 2) as u8];
            wrong |= 64 * u8::from(word & 3 != 0);
        }
        _ => return None,
    }
    (wrong < 64).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose::STANDARD};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn plain_bytes_end_where_the_slow_way_says(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'"'), Just(b'\\'), Just(0x1f), Just(0x20), Just(0x21), Just(0x5d), Just(0x80), Just(0xa2), Just(0x7f)], 0..40)) {
            let slow = bytes.iter().position(|&b| b == b'"' || b == b'\\' || b < 0x20).unwrap_or(bytes.len());
            prop_assert_eq!(plain_bytes(&bytes), slow);
        }

        #[test]
        fn base64_is_read_as_the_library_reads_it(bytes in any::<[u8; 32]>(), salt in any::<[u8; 16]>(), at in 0_usize..44, sign in any::<u8>()) {
            prop_assert_eq!(decoded::<32>(STANDARD.encode(bytes).as_bytes()), Some(bytes));
            prop_assert_eq!(decoded::<16>(STANDARD.encode(salt).as_bytes()), Some(salt));
            let mut bent = STANDARD.encode(bytes).into_bytes();
            bent[at] = sign;
            prop_assert_eq!(decoded::<32>(&bent).map(|bytes| bytes.to_vec()), STANDARD.decode(&bent).ok().filter(|b| b.len() == 32));
            let mut bent = STANDARD.encode(salt).into_bytes();
            bent[at % 24] = sign;
            prop_assert_eq!(decoded::<16>(&bent).map(|bytes| bytes.to_vec()), STANDARD.decode(&bent).ok().filter(|b| b.len() == 16));
        }

        #[test]
        fn every_text_is_read_as_serde_json_reads_it(text in any::<String>()) {
            let quoted = serde_json::to_string(&text).unwrap();
            let mut plain = Vec::new();
            let mut cursor = Cursor { text: &quoted, at: 0, plain: &mut plain };
            let span = cursor.string().unwrap();
            prop_assert_eq!(cursor.at, quoted.len());
            let read = if span.escaped { &plain[span.from..span.to] } else { &quoted.as_bytes()[span.from..span.to] };
            prop_assert_eq!(read, text.as_bytes());
        }

        #[test]
        fn what_is_accepted_is_what_serde_json_writes(text in "\"(\\\\[\"\\\\/bfnrtu]|\\\\u00[01][0-9a-fA-F]|[a \u{1}é\"]){0,12}\"") {
            let mut plain = Vec::new();
            let mut cursor = Cursor { text: &text, at: 0, plain: &mut plain };
            if let Ok(span) = cursor.string() {
                let read = text[..cursor.at].to_owned();
                let value = if span.escaped { String::from_utf8(plain[span.from..span.to].to_vec()).unwrap() } else { text[span.from..span.to].to_owned() };
                prop_assert_eq!(serde_json::to_string(&value).unwrap(), read);
            }
        }
    }
}
