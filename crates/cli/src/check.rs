//! `akashi catalog check` and `akashi doctor`: what is wrong, all of it at once.

use std::io::Write;
use std::path::{Path, PathBuf};

use app::doctor::Weight;
use clap::{Args, Subcommand};
use rules::text::{Lang, text, worded};

use crate::failure::Failure;
use crate::outside::{Outside, Reached, all_of};
use crate::tls::Way;
use crate::{Installation, say};

#[derive(Debug, Args)]
pub struct Catalog {
    #[command(subcommand)]
    what: CatalogWhat,
}

#[derive(Debug, Subcommand)]
enum CatalogWhat {
    /// Checks catalogue files and lists every fault; without a folder those inside this program.
    Check { folder: Option<PathBuf> },
}

#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    installation: Installation,
    #[command(flatten)]
    way: Way,
    #[command(flatten)]
    outside: Outside,
}

/// Every file under a folder as (path relative to it with slashes, text).
fn files(top: &Path, folder: &Path, out: &mut Vec<(String, String)>) -> Result<(), Failure> {
    for entry in std::fs::read_dir(folder).map_err(|e| Failure::file(folder, &e))? {
        let path = entry.map_err(|e| Failure::file(folder, &e))?.path();
        if path.is_dir() {
            files(top, &path, out)?;
        } else {
            let content = std::fs::read_to_string(&path).map_err(|e| Failure::file(&path, &e))?;
            let parts: Vec<_> = path.strip_prefix(top).unwrap_or(&path).iter().map(|p| p.to_string_lossy().into_owned()).collect();
            out.push((parts.join("/"), content));
        }
    }
    Ok(())
}

impl Catalog {
    pub fn run(&self, lang: Lang) -> Result<(), Failure> {
        let CatalogWhat::Check { folder } = &self.what;
        let mut read = vec![];
        match folder {
            Some(folder) => files(folder, folder, &mut read)?,
            None => read.extend(app::content::embedded_files().into_iter().map(|(p, t)| (p.to_owned(), t.to_owned()))),
        }
        if read.is_empty() {
            return Err(Failure::refused(text("カタログのファイルがありません。", "There are no catalogue files.")));
        }
        let faults = app::content::check(read.iter().map(|(p, t)| (p.as_str(), t.as_str())));
        say(|out| {
            for fault in &faults {
                writeln!(out, "{}: {}: {} [{}]", fault.file, fault.place.text().get(lang), fault.text.get(lang), fault.check)?;
            }
            Ok(())
        })?;
        let (n, count) = (read.len(), faults.len());
        if count > 0 {
            return Err(Failure::refused(worded(
                format!("{n}ファイルに不備が{count}件あります。"),
                format!("{count} faults in {n} files."),
            )));
        }
        let told = worded(format!("{n}ファイルに不備はありません。"), format!("No faults in {n} files."));
        say(|out| writeln!(out, "{}", told.get(lang)))
    }
}

impl Doctor {
    pub fn run(self, lang: Lang) -> Result<(), Failure> {
        let Reached { mail, webhook, providers, scanner, refuse_macros } = self.outside.read().map_err(all_of).map_err(app::Error::from)?;
        let config = app::Config { mail, webhook, providers, scanner, refuse_macros, ..self.installation.config() };
        let mut findings = app::doctor::examine(&config);
        findings.extend(self.way.exception().map_err(app::Error::from)?.map(|exception| {
            let (reason, until) = (&exception.reason, exception.until);
            app::doctor::known(
                worded(
                    format!("TLS 1.2 を{until}まで許可する設定です。理由: {reason}"),
                    format!("TLS 1.2 is allowed until {until}: {reason}"),
                ),
                text("期限までに、TLS 1.3 だけにしてください。", "Move everybody to TLS 1.3 by then."),
            )
        }));
        say(|out| {
            for finding in &findings {
                let sign = match finding.weight {
                    Weight::Good => text("良好", "good"),
                    Weight::Know => text("確認", "KNOW"),
                    Weight::Mend => text("要対応", "MEND"),
                };
                writeln!(out, "{}: {}", sign.get(lang), finding.text.get(lang))?;
                if let Some(mend) = &finding.mend {
                    writeln!(out, "    → {}", mend.get(lang))?;
                }
            }
            Ok(())
        })?;
        let bad = findings.iter().filter(|f| f.weight == Weight::Mend).count();
        if bad == 0 {
            Ok(())
        } else {
            Err(Failure::refused(worded(format!("対応が必要な点が{bad}件あります。"), format!("{bad} things to mend."))))
        }
    }
}
