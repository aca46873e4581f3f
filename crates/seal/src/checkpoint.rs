//! Checkpoints: what a ledger was at a moment, as a text that is signed (C2SP tlog-checkpoint).

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::merkle::Hash;

/// A ledger's size and root, and when it had them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which ledger: see [`tenant_origin`] and [`super_origin`].
    pub origin: String,
    /// The number of lines.
    pub size: u64,
    /// The root of the tree of these lines.
    pub root: Hash,
    /// Rises when a backup was restored: lines of the epoch before may be lost.
    pub epoch: u32,
    /// When: RFC 3339, UTC, microseconds.
    pub at: String,
}

/// The text is no checkpoint of Akashi.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotACheckpoint {
    /// Why not, in English.
    pub reason: &'static str,
}

impl fmt::Display for NotACheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no checkpoint: {}", self.reason)
    }
}
impl std::error::Error for NotACheckpoint {}

fn not(reason: &'static str) -> NotACheckpoint {
    NotACheckpoint { reason }
}

/// The origin of the checkpoints of one tenant's ledger.
pub fn tenant_origin(installation: &str, tenant: &str) -> String {
    format!("akashi/{installation}/{tenant}")
}

/// The origin of the checkpoints of the super-log: its entries are the notes of all tenants' checkpoints.
pub fn super_origin(installation: &str) -> String {
    format!("akashi/{installation}")
}

/// The name that the signing keys of an installation bear.
pub fn key_name(installation: &str) -> String {
    format!("akashi-{installation}")
}

const EPOCH: &str = "akashi-epoch ";
const AT: &str = "akashi-at ";

impl Checkpoint {
    /// The text to be signed: origin, size, root in base64, epoch, time, each on a line.
    pub fn text(&self) -> String {
        let Checkpoint { origin, size, root, epoch, at } = self;
        format!("{origin}\n{size}\n{}\n{EPOCH}{epoch}\n{AT}{at}\n", STANDARD.encode(root))
    }

    /// Reads a text strictly: every accepted text is exactly what [`Checkpoint::text`] writes again.
    pub fn parse(text: &str) -> Result<Checkpoint, NotACheckpoint> {
        let lines: Vec<&str> = text.strip_suffix('\n').ok_or(not("it does not end in a newline"))?.split('\n').collect();
        let [origin, size, root, epoch, at] = lines[..] else { return Err(not("it does not have five lines")) };
        if origin.is_empty() || origin.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+') {
            return Err(not("the origin is empty or has white space, '+' or a control character"));
        }
        let size = decimal(size).ok_or(not("the size is not a whole number"))?;
        let root =
            STANDARD.decode(root).ok().and_then(|root| Hash::try_from(root).ok()).ok_or(not("the root is not 32 bytes in base64"))?;
        let epoch = epoch.strip_prefix(EPOCH).and_then(decimal).ok_or(not("the fourth line is not 'akashi-epoch' and a number"))?;
        let at = at.strip_prefix(AT).filter(|at| is_moment(at)).ok_or(not("the fifth line is not 'akashi-at' and a time"))?;
        Ok(Checkpoint {
            origin: origin.to_owned(),
            size,
            root,
            epoch: u32::try_from(epoch).map_err(|_| not("the epoch is too large"))?,
            at: at.to_owned(),
        })
    }
}

/// A number as it is written: digits only, no leading zero.
fn decimal(text: &str) -> Option<u64> {
    let number = text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()))?;
    (text.len() == 1 || !text.starts_with('0')).then_some(number)
}

/// Whether a text is a time as the ledger writes it, `2026-11-22T05:06:07.000008Z`: two of them compare as texts as they do as times.
pub fn is_moment(text: &str) -> bool {
    let Ok(bytes) = <&[u8; 27]>::try_from(text.as_bytes()) else { return false };
    let mut fits = true;
    for (byte, sign) in bytes.iter().zip(b"0000-00-00T00:00:00.000000Z") {
        fits &= if *sign == b'0' { byte.is_ascii_digit() } else { byte == sign };
    }
    if !fits {
        return false;
    }
    let two = |at: usize| u16::from(bytes[at] - b'0') * 10 + u16::from(bytes[at + 1] - b'0');
    let (year, month, day) = (two(0) * 100 + two(2), two(5), two(8));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u16::from(leap),
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day) && two(11) < 24 && two(14) < 60 && two(17) < 60
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::Frontier;
    use crate::note::{Algorithm, Note, SigningKey};
    use proptest::prelude::*;

    fn checkpoint() -> Checkpoint {
        Checkpoint {
            origin: tenant_origin("0123456789abcdef", "org_1"),
            size: 20,
            root: Frontier::new().root(),
            epoch: 1,
            at: "2026-11-22T05:06:07.000008Z".into(),
        }
    }

    /// Pins the text: an outsider's kept checkpoints must be read for ever.
    #[test]
    fn the_text_does_not_change() {
        let text = "akashi/0123456789abcdef/org_1\n20\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nakashi-epoch 1\nakashi-at 2026-11-22T05:06:07.000008Z\n";
        assert_eq!(checkpoint().text(), text);
        assert_eq!(Checkpoint::parse(text), Ok(checkpoint()));
        let key = SigningKey::from_seed(&key_name("0123456789abcdef"), Algorithm::Ed25519, [1; 32]).unwrap();
        let note = Note::sign(text.into(), &[key]).unwrap();
        assert_eq!(Checkpoint::parse(&Note::parse(&note.to_string()).unwrap().text), Ok(checkpoint()));
    }

    #[test]
    fn a_text_in_any_other_form_is_refused() {
        let text = checkpoint().text();
        let others = [
            ("\n20\n", "\n020\n"),
            ("\n20\n", "\n+20\n"),
            ("\n20\n", "\n\n"),
            ("\n20\n", "\n18446744073709551616\n"),
            ("FU=\n", "FV=\n"),
            ("FU=\n", "FU\n"),
            ("epoch 1", "epoch 01"),
            ("epoch 1", "epoch 4294967296"),
            ("epoch 1\n", "epoch 1\nmore\n"),
            ("akashi-epoch 1\n", ""),
            ("akashi/", "akashi /"),
            ("07.000008Z", "07.00008Z"),
            ("07.000008Z", "07.000008+00:00"),
            ("2026-11-22", "2026-02-30"),
            ("000008Z\n", "000008Z"),
        ];
        for (from, to) in others {
            let other = text.replace(from, to);
            assert_ne!(other, text);
            assert!(Checkpoint::parse(&other).is_err(), "{other}");
        }
    }

    #[test]
    fn moments_are_those_of_the_calendar() {
        for good in ["2026-11-22T05:06:07.000008Z", "2024-02-29T23:59:59.999999Z", "2000-02-29T00:00:00.000000Z"] {
            assert!(is_moment(good), "{good}");
        }
        for bad in [
            "2026-02-29T00:00:00.000000Z",
            "1900-02-29T00:00:00.000000Z",
            "2026-13-01T00:00:00.000000Z",
            "2026-00-01T00:00:00.000000Z",
            "2026-01-00T00:00:00.000000Z",
            "2026-01-01T24:00:00.000000Z",
            "2026-01-01T00:60:00.000000Z",
            "2026-01-01t00:00:00.000000Z",
            "2026-01-01T00:00:00.000000z",
            "２026-01-01T00:00:00.0000Z",
        ] {
            assert!(!is_moment(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_back(at in 0_usize..160, byte in any::<char>()) {
            let mut text: Vec<char> = checkpoint().text().chars().collect();
            let at = at % text.len();
            text[at] = byte;
            let text: String = text.into_iter().collect();
            if let Ok(read) = Checkpoint::parse(&text) {
                prop_assert_eq!(read.text(), text);
            }
        }
    }
}
