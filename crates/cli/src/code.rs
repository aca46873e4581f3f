//! `akashi code`: the one-time code of a key, as an authenticator app shows it; to try the demonstration without a telephone.

use std::io::Write;

use clap::Args;

use crate::failure::Failure;
use crate::say;

#[derive(Debug, Args)]
pub struct Code {
    /// The key in base32; without it, that of everybody in the demonstration.
    #[arg(default_value = app::demo::TOTP_KEY, hide_default_value = true)]
    key: String,
}

impl Code {
    pub fn run(self) -> Result<(), Failure> {
        let code = app::one_time_code(&self.key, app::Clock::Machine.now())?;
        say(|out| writeln!(out, "{code}"))
    }
}
