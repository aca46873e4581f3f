//! Telling people and programs outside Akashi: by mail, or by a call to an address. When a try fails, it says whether another may help.
//!
//! Nothing here keeps anything: what is to be sent waits elsewhere until it is out, and the time is an argument.

mod post;
mod settings;
mod webhook;

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use rules::text::{Text, worded};

pub use post::{Message, Post};
pub use settings::MailSettings;
pub use webhook::{Event, Webhook, verify};

/// Why something did not go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// For the operator: what happened and what to do. Holds no password, no key and no address of a webhook; what a mail
    /// server answers about a receiver may name the receiver.
    pub words: Text,
    /// The other side has said no for good, or the message itself is at fault: another try brings the same.
    pub permanent: bool,
}

impl Undelivered {
    fn for_now(words: Text) -> Undelivered {
        Undelivered { words, permanent: false }
    }
    fn for_good(words: Text) -> Undelivered {
        Undelivered { words, permanent: true }
    }
}

/// How often something is tried. With the waits below the last try comes some 16 hours after the first.
const TRIES: u32 = 12;
const FIRST_WAIT: SignedDuration = SignedDuration::from_mins(1);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(4);

/// When to try again after `tries` tries, the last of them at `last`: after a minute, then twice as long each time,
/// at most four hours. `None` after the twelfth: a person has to look at it.
pub fn next_try(tries: u32, last: Timestamp) -> Option<Timestamp> {
    let wait = match tries {
        0 => SignedDuration::ZERO,
        1..TRIES => FIRST_WAIT.checked_mul(1 << (tries - 1)).map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT)),
        TRIES.. => return None,
    };
    last.checked_add(wait).ok()
}

/// What is said to it never leaves this machine.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    // RFC 6761 section 6.3: this name is this machine, whatever a name server says.
    bare.parse::<IpAddr>().map_or(bare == "localhost", |address| address.is_loopback())
}

/// Whether a text would break out of its header line, or hide something in it.
fn breaks_a_line(text: &str) -> bool {
    text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
}

/// The longest part of a stranger's answer that is shown, in characters.
const QUOTED: usize = 300;

/// What another program has said, in one line of bounded length.
fn quoted(said: &str) -> String {
    let line: String = said.chars().map(|c| if breaks_a_line(c.encode_utf8(&mut [0; 4])) { ' ' } else { c }).take(QUOTED).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Authorities of the operator's own, for servers inside a hospital.
fn no_authority(why: &str) -> Text {
    let why = quoted(why);
    worded(
        format!("認証局の証明書を読み取れません（{why}）。PEM形式のファイルを指定してください。"),
        format!("The certificates of the authorities cannot be read ({why}). Name a file in PEM format."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_a_minute_to_four_hours_and_end_after_twelve_tries() {
        let last: Timestamp = "2026-07-01T00:00:00Z".parse().unwrap();
        let minutes = |tries| next_try(tries, last).map(|next| next.duration_since(last).as_mins());
        let waits: Vec<_> = (0..14).map(minutes).collect();
        let expected = [0, 1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240].map(Some);
        assert_eq!(waits[..12], expected);
        assert_eq!(waits[12..], [None, None]);
        assert_eq!(next_try(u32::MAX, last), None);
        assert_eq!(next_try(1, Timestamp::MAX), None, "the end of time is no reason to stop the program");
    }

    #[test]
    fn only_this_machine_is_this_machine() {
        for here in ["127.0.0.1", "127.9.9.9", "[::1]", "::1", "localhost"] {
            assert!(is_loopback(here), "{here}");
        }
        for elsewhere in ["127.0.0.1.example.jp", "localhost.example.jp", "0.0.0.0", "[::]", "10.0.0.1", "127.1", ""] {
            assert!(!is_loopback(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn what_others_say_is_shown_in_one_short_line() {
        assert_eq!(quoted("5.1.1 no\r\nsuch\u{1b}[31m user\u{2028}here"), "5.1.1 no such [31m user here");
        assert_eq!(quoted(&"長".repeat(1000)).chars().count(), QUOTED);
    }
}
