//! Files on their way in: stored by digest, sniffed by their first bytes, then recorded as evidence.

use std::io::Read;

use jiff::civil::Date;
use rules::act::Actor;
use rules::command::Command;
use rules::evidence::{Label, Stored};
use rules::id::{self, Id};
use rules::refusal::{Refusal, Why};
use rules::text::{text, worded};

use crate::{App, Done, Error};

/// Kinds of file that are taken as evidence: media type, and the name endings that go with it.
pub const ACCEPTED: &[(&str, &[&str])] = &[
    ("application/pdf", &["pdf"]),
    ("image/png", &["png"]),
    ("image/jpeg", &["jpg", "jpeg"]),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &["xlsx"]),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", &["docx"]),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", &["pptx"]),
    ("application/vnd.ms-excel", &["xls"]),
    ("application/msword", &["doc"]),
    ("application/vnd.oasis.opendocument.spreadsheet", &["ods"]),
    ("application/vnd.oasis.opendocument.text", &["odt"]),
    ("application/zip", &["zip"]),
    ("text/plain", &["txt", "log", "md"]),
    ("text/csv", &["csv", "tsv"]),
];

/// The media type a file's name stands for, if it is one that is taken.
fn by_name(name: &str) -> Option<&'static str> {
    let ending = name.rsplit_once('.')?.1.to_lowercase();
    ACCEPTED.iter().find(|(_, endings)| endings.contains(&ending.as_str())).map(|(media, _)| *media)
}

/// The file's name without any path, whatever system it comes from.
fn bare(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name).trim()
}

/// Compares what the name says with what the first bytes say.
fn sniff(name: &str, head: &[u8]) -> Result<&'static str, Refusal> {
    let refused = |ja: &str, en: &str| Refusal::invalid("file", worded(format!("「{name}」{ja}"), format!("{name} {en}")));
    let Some(named) = by_name(name) else {
        let endings: Vec<&str> = ACCEPTED.iter().flat_map(|(_, e)| e.iter().copied()).collect();
        let list = endings.join(", ");
        return Err(refused(
            &format!("は受け付けられない種類のファイルです。使える種類: {list}"),
            &format!("is not a kind of file that is taken: {list}"),
        ));
    };
    let found = infer::get(head).map(|k| k.mime_type());
    let office = |m: &str| m.contains("openxmlformats") || m.contains("opendocument");
    let fits = match found {
        // Office files are zip files inside, old ones OLE; the first bytes cannot always tell which.
        Some("application/zip") => named == "application/zip" || office(named),
        Some(m) if office(m) => office(named),
        Some("application/x-ole-storage" | "application/msword" | "application/vnd.ms-excel") => {
            matches!(named, "application/msword" | "application/vnd.ms-excel")
        }
        Some(m) => m == named,
        None => named.starts_with("text/") && !head.contains(&0),
    };
    if fits {
        return Ok(named);
    }
    Err(refused(
        "は、名前の拡張子と中身の種類が一致しません。元のファイルを確認してください。",
        "is not what its name says; look at the original file.",
    ))
}

impl App {
    /// Stores a file and records it as evidence, or as a new version of `series`.
    pub fn add_evidence(
        &self,
        actor: &Actor,
        name: &str,
        content: impl Read,
        label: Label,
        valid_until: Option<Date>,
        series: Option<Id<id::Evidence>>,
    ) -> Result<Done, Error> {
        rules::policy::may(rules::command::Kind::AddEvidence, actor, rules::policy::Place::Installation)?;
        let whose = actor.organisation.ok_or(Refusal::forbidden())?;
        let file = self.take_file(actor, whose, name, content)?;
        self.execute(actor, Command::AddEvidence { file, label, valid_until, series })
    }

    /// Looks at a file that comes in and keeps it for an organisation: the one door of every file, whatever way it came.
    pub(crate) fn take_file(&self, actor: &Actor, whose: Id<id::Organisation>, name: &str, content: impl Read) -> Result<Stored, Error> {
        let name = bare(name);
        let mut content = content;
        let mut head = vec![];
        let io = |e: std::io::Error| Error::Broken(format!("cannot read the upload: {e}"));
        content.by_ref().take(8192).read_to_end(&mut head).map_err(io)?;
        if head.is_empty() {
            return Err(
                Refusal::invalid("file", text("ファイルが選ばれていないか、空です。", "No file was chosen, or it is empty.")).into()
            );
        }
        let media = sniff(name, &head)?;
        let stored = match self.keep_scanned(actor, whose, name, head.as_slice().chain(content)) {
            Err(Error::Store(store::Error::TooLarge { limit })) => return Err(too_large(name, limit).into()),
            other => other?,
        };
        Ok(Stored { name: name.to_owned(), media: media.to_owned(), size: stored.size, digest: stored.digest })
    }
}

/// The file is larger than the installation takes.
pub fn too_large(name: &str, limit: u64) -> Refusal {
    let mb = limit / (1024 * 1024);
    Refusal::new(
        Why::TooLarge,
        worded(
            format!("「{name}」は大きすぎます。{mb} MB以内のファイルを選んでください。"),
            format!("{name} is too large; at most {mb} MB."),
        ),
    )
    .at("file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_must_be_what_its_name_says() {
        assert_eq!(sniff("規程.pdf", b"%PDF-1.7 ..."), Ok("application/pdf"));
        assert!(sniff("規程.pdf", b"PK\x03\x04....").is_err());
        assert!(sniff("規程.exe", b"MZ").is_err());
        assert!(sniff("規程", b"%PDF-1.7").is_err());
        assert_eq!(
            sniff("a.xlsx", b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            Ok("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
        );
        assert_eq!(sniff("log.txt", "記録".as_bytes()), Ok("text/plain"));
        assert!(sniff("log.txt", b"a\0b").is_err());
    }

    #[test]
    fn a_path_is_no_name() {
        assert_eq!(bare(r"C:\docs\規程.pdf"), "規程.pdf");
        assert_eq!(bare("../../etc/passwd"), "passwd");
    }
}
