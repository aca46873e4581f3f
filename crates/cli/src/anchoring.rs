//! The options by which signed checkpoints leave the installation, and the clock is compared with a time server.

use std::path::PathBuf;

use app::proof::anchors::Agent;
use app::proof::{Anchors, Authority, Witness};
use rules::text::{Text, text};

use crate::outside::content;

#[derive(Debug, Default, clap::Args)]
pub struct Anchoring {
    /// A file that every checkpoint is appended to, best on a write-once mount.
    #[arg(long, env = "AKASHI_ANCHOR_FILE", value_name = "FILE", value_delimiter = ',')]
    anchor_file: Vec<PathBuf>,
    /// Somebody outside who gets a checkpoint by mail once a day.
    #[arg(long, env = "AKASHI_ANCHOR_MAIL", value_name = "ADDRESS", value_delimiter = ',')]
    anchor_mail: Vec<String>,
    /// A witness of another party, as `akashi witness` prints it: KEY@https://witness.example.jp
    #[arg(long, env = "AKASHI_ANCHOR_WITNESS", value_name = "KEY@URL", value_delimiter = ',')]
    anchor_witness: Vec<String>,
    /// A time-stamping authority (RFC 3161) that stamps a checkpoint every hour.
    #[arg(long, env = "AKASHI_ANCHOR_STAMP", value_name = "URL", requires = "anchor_stamp_roots")]
    anchor_stamp: Option<String>,
    /// The root certificates (PEM) of the time-stamping authority.
    #[arg(long, env = "AKASHI_ANCHOR_STAMP_ROOTS", value_name = "FILE", requires = "anchor_stamp")]
    anchor_stamp_roots: Option<PathBuf>,
    /// Authorities (PEM) that alone may vouch for the servers of witnesses and time-stamping authorities.
    #[arg(long, env = "AKASHI_ANCHOR_CA", value_name = "FILE")]
    anchor_ca: Option<PathBuf>,
    /// A time server (NTP) that the clock is compared with every hour: ntp.nict.jp
    #[arg(long, env = "AKASHI_TIME_SERVER", value_name = "HOST")]
    time_server: Option<String>,
}

impl Anchoring {
    /// The time server, where one is named.
    pub fn time_server(&self) -> Option<String> {
        self.time_server.clone()
    }

    /// Reads everything, and tells every fault of it at once.
    pub fn read(&self) -> Result<Anchors, Vec<Text>> {
        let agent = match self.anchor_ca.as_deref().map(content).transpose() {
            Ok(pem) => Agent::new(pem.as_deref().map(str::as_bytes)).map_err(|fault| vec![fault])?,
            Err(fault) => return Err(vec![fault]),
        };
        let mut faults = vec![];
        let mut witnesses = vec![];
        for written in &self.anchor_witness {
            Witness::parse(written, agent.clone()).map_or_else(|fault| faults.push(fault), |witness| witnesses.push(witness));
        }
        let mut stamps = vec![];
        if let (Some(url), Some(roots)) = (&self.anchor_stamp, &self.anchor_stamp_roots) {
            let authority = content(roots).and_then(|roots| Authority::parse(url, roots.as_bytes(), agent));
            authority.map_or_else(|fault| faults.push(fault), |authority| stamps.push(authority));
        }
        if self.anchor_mail.iter().any(|address| !address.contains('@') || !address.is_ascii()) {
            faults.push(text(
                "--anchor-mail のメールアドレスが正しくありません。半角の英数字と記号で書いてください。",
                "An address of --anchor-mail is not right. Write it in ASCII, with @.",
            ));
        }
        let (files, mail) = (self.anchor_file.clone(), self.anchor_mail.clone());
        if faults.is_empty() { Ok(Anchors { files, mail, witnesses, stamps }) } else { Err(faults) }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        anchoring: Anchoring,
    }

    fn read(line: &str) -> Result<Anchors, Vec<Text>> {
        Line::try_parse_from(std::iter::once("akashi").chain(line.split_whitespace())).expect("a line").anchoring.read()
    }

    #[test]
    fn nothing_leaves_unless_it_is_named_and_every_fault_is_told_at_once() {
        assert!(read("").expect("no faults").is_empty());
        let files = read("--anchor-file /mnt/worm/a,/mnt/worm/b --anchor-mail a@example.jp").expect("no faults");
        assert_eq!((files.files.len(), files.mail.len()), (2, 1));
        let faults =
            read("--anchor-witness here --anchor-stamp http://tsa --anchor-stamp-roots /nowhere --anchor-mail x").expect_err("faults");
        assert_eq!(faults.len(), 3, "{faults:?}");
    }
}
