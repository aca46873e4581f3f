//! `akashi package`: the card of an organisation, and a package decrypted for other programs, on the machine of the database.
//!
//! Sending and receiving are acts of a person in the browser: the policy asks for one.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use app::trust::spoken;
use app::{App, Clock};
use clap::{Args, Subcommand};
use rules::id::{self, Id};
use rules::text::{Lang, text, worded};

use crate::failure::Failure;
use crate::{Installation, say};

#[derive(Debug, Args)]
pub struct Package {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Prints the card of an organisation, for those it exchanges packages with.
    Card {
        #[command(flatten)]
        installation: Installation,
        /// The organisation's id.
        #[arg(long)]
        organisation: Id<id::Organisation>,
    },
    /// Decrypts a package that came, so that `akashi verify` and other programs can read it.
    Open {
        #[command(flatten)]
        installation: Installation,
        /// The organisation that it is for.
        #[arg(long)]
        organisation: Id<id::Organisation>,
        file: PathBuf,
        /// Where to: a new file, usually ending in .akashi. It holds the evidence in plain.
        #[arg(long)]
        out: PathBuf,
    },
}

impl Package {
    pub fn run(self, lang: Lang) -> Result<(), Failure> {
        match self.what {
            What::Card { installation, organisation } => {
                let app = App::open(installation.config(), Clock::Machine)?;
                let card = app.card_of(organisation)?.ok_or_else(|| {
                    Failure::refused(text(
                        "サービスを一度起動してください。カードの鍵はそのとき作られます。",
                        "Start the service once: the keys of the card are made then.",
                    ))
                })?;
                let told = worded(format!("指紋: {}", spoken(card.fingerprint())), format!("Fingerprint: {}", spoken(card.fingerprint())));
                // The fingerprint goes by another way than the card, and so does this line.
                eprintln!("{}", told.get(lang));
                say(|out| write!(out, "{}", card.text()))
            }
            What::Open { installation, organisation, file, out } => {
                let app = App::open(installation.config(), Clock::Machine)?;
                let made = File::create_new(&out).map_err(|e| Failure::file(&out, &e))?;
                let written = app.open_package(organisation, &file, BufWriter::with_capacity(1 << 20, &made));
                let size = match written {
                    Ok(size) => size,
                    Err(error) => {
                        let _ = std::fs::remove_file(&out);
                        return Err(error.into());
                    }
                };
                let shown = out.display();
                let told = worded(
                    format!(
                        "{size}バイトを {shown} に書きました。中身は暗号化されていません。`akashi verify {shown} --key …` で検証できます。"
                    ),
                    format!("{size} bytes are in {shown}, in plain; `akashi verify {shown} --key …` checks them."),
                );
                say(|out| writeln!(out, "{}", told.get(lang)))
            }
        }
    }
}
