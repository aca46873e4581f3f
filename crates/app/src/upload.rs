//! Files on their way in: sniffed by their first bytes, scanned, looked into, stored by digest, then recorded as evidence.

use std::io::Read;

use documents::archive::{self, Bounds};
use jiff::civil::Date;
use rules::act::Actor;
use rules::change::Change;
use rules::command::Command;
use rules::evidence::{Evidence, Label, Stored};
use rules::id::{self, Digest, Id};
use rules::refusal::{Refusal, Why};
use rules::text::{Text, text, worded};
use rules::vault::{Inside, Vaulting};

use crate::execute::Doing;
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
    ("application/vnd.oasis.opendocument.presentation", &["odp"]),
    ("application/vnd.ms-powerpoint", &["ppt"]),
    ("application/zip", &["zip"]),
    ("application/gzip", &["gz", "tgz"]),
    ("application/x-tar", &["tar"]),
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
        Some("application/x-ole-storage" | "application/msword" | "application/vnd.ms-excel" | "application/vnd.ms-powerpoint") => {
            matches!(named, "application/msword" | "application/vnd.ms-excel" | "application/vnd.ms-powerpoint")
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
        if name.chars().any(archive::is_hidden) {
            return Err(hidden_name(name).into());
        }
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
        self.look_into(actor, whose, name, stored.digest)?;
        Ok(Stored { name: name.to_owned(), media: media.to_owned(), size: stored.size, digest: stored.digest })
    }
}

impl App {
    /// Looks into an archive or an Office file that was just kept; what must not stay goes again, and why is written down.
    fn look_into(&self, actor: &Actor, whose: Id<id::Organisation>, name: &str, digest: Digest) -> Result<(), Error> {
        let kept = self.kept_file(whose, digest)?;
        let looked = archive::look(kept, &Bounds::default()).map_err(|e| Error::Broken(format!("cannot look into an upload: {e}")))?;
        let (why, words) = match looked {
            Ok(None) => return Ok(()),
            Ok(Some(found)) if found.inside.contains(&Inside::Macros) && self.config.refuse_macros => ("macros".to_owned(), macros()),
            Ok(Some(found)) => {
                let archive::Looked { inside, entries, unpacked } = found;
                let change = Change::Vault(Vaulting::FileLookedInto { digest, inside, entries, unpacked });
                return self.store.write(|tx| Doing::new(self, tx, actor.clone())?.write(&change).map(drop));
            }
            Err(hostile) => (format!("archive: {}", hostile.word()), hostile.text()),
        };
        self.forget_upload(whose, digest)?;
        let refused = Change::Vault(Vaulting::FileRefused { name: name.to_owned(), digest: Some(digest), why });
        self.store.write(|tx| -> Result<(), Error> { Doing::new(self, tx, actor.clone())?.write(&refused).map(drop) })?;
        Err(Refusal::invalid(
            "file",
            worded(format!("「{name}」は受け付けられません。{}", words.ja), format!("{name} is not taken. {}", words.en)),
        )
        .into())
    }

    /// What was found inside a document that somebody sees; `None` for what was not looked into.
    pub fn inside_of(&self, evidence: &Evidence) -> Result<Option<Vec<Inside>>, Error> {
        Ok(self.store.read(|conn| store::tables::inside::of(conn, evidence.digest))?)
    }
}

/// What is told to who sends macros to an installation that takes none.
fn macros() -> Text {
    text(
        "マクロが入っています。この組織のサービスでは、マクロを含むファイルを受け付けない設定になっています。マクロを含まない形式（.docx、.xlsx、.pptx、PDFなど）で保存し直してください。",
        "It holds macros, and this service is set to take no file with macros. Save it in a form without them, such as .docx, .xlsx, .pptx or PDF.",
    )
}

/// A name in which something is not seen can pass for another.
fn hidden_name(name: &str) -> Refusal {
    let name = archive::shown(name);
    Refusal::invalid(
        "file",
        worded(
            format!("ファイル名「{name}」に、見えない文字や文字の向きを変える文字が含まれています。名前を直して、もう一度選んでください。"),
            format!("The file's name, {name}, holds characters that nobody sees or that turn the text. Rename it and choose it again."),
        ),
    )
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
