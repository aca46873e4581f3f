//! Why a command ended without doing what was asked: words in both languages, and an exit code that scripts can read.

use std::process::ExitCode;

use rules::text::{Lang, Text, worded};

/// The exit codes, for `akashi --help`.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  refused, or faults were found; nothing was changed unless the output says so
  2  the command line, or a file that it names, was not understood
  3  the server could not be reached, or broke";

/// A command that failed.
#[derive(Debug)]
pub struct Failure {
    pub text: Text,
    code: u8,
}

impl Failure {
    /// Somebody said no, or something was found wrong.
    pub fn refused(text: Text) -> Failure {
        Failure { text, code: 1 }
    }
    /// What was given cannot be used: an option, or a file that is not what it should be.
    pub fn usage(text: Text) -> Failure {
        Failure { text, code: 2 }
    }
    /// Not reached, or broken on the other side.
    pub fn unreachable(text: Text) -> Failure {
        Failure { text, code: 3 }
    }
    /// A file on this machine that cannot be read or written.
    pub fn file(path: &std::path::Path, error: &std::io::Error) -> Failure {
        let path = path.display();
        Failure::refused(worded(format!("{path} を読み書きできません: {error}"), format!("{path} cannot be read or written: {error}")))
    }
    /// Tells the person, and ends the program with this.
    pub fn tell(&self, lang: Lang) -> ExitCode {
        eprintln!("akashi: {}", self.text.get(lang));
        ExitCode::from(self.code)
    }
}

impl From<app::Error> for Failure {
    fn from(error: app::Error) -> Failure {
        match error {
            app::Error::Refused(refusal) => Failure::refused(refusal.text),
            other => Failure::unreachable(worded(other.to_string(), other.to_string())),
        }
    }
}
