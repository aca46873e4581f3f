//! Files through the interface: export, import, evidence and the certificate.

use app::exchange::{Made, Wanted};
use rules::command::Command;
use rules::id::{self, Id};
use rules::policy::Side;

use super::call::{Body, Call};
use super::problem::{self, Failure};
use super::reads::json;
use super::{Reply, views};
use crate::route::{FileAnswer, FileContent};

fn export(call: &Call, csv: bool) -> Result<Reply, Failure> {
    let on = |name| call.query.is_on(name);
    let wanted = Wanted { csv, blank: on("blank"), filters: on("filters"), a4: on("a4"), lang: call.lang };
    let Made { name, media, bytes } = call.app.export(call.actor()?, call.param("case")?, call.side()?, wanted)?;
    Ok(Reply::File(FileAnswer { media: media.to_owned(), name, content: FileContent::Bytes(bytes), inline: false }))
}

pub fn export_xlsx(call: &Call) -> Result<Reply, Failure> {
    export(call, false)
}

pub fn export_csv(call: &Call) -> Result<Reply, Failure> {
    export(call, true)
}

pub fn certificate(call: &Call) -> Result<Reply, Failure> {
    let (name, bytes) = call.app.certificate_pdf(call.actor()?, call.param("case")?, call.lang)?;
    Ok(Reply::File(FileAnswer { media: "application/pdf".to_owned(), name, content: FileContent::Bytes(bytes), inline: false }))
}

pub fn file(call: &Call) -> Result<Reply, Failure> {
    let (evidence, open) = call.app.file(call.actor()?, call.param("evidence")?, call.query.read("case")?)?;
    Ok(Reply::File(FileAnswer { media: evidence.media, name: evidence.name, content: FileContent::Open(Box::new(open)), inline: false }))
}

pub fn add_evidence(call: &Call) -> Result<Reply, Failure> {
    let Body::Form(fields, uploads, _) = &call.body else { return Err(problem::broken()) };
    let upload = uploads.iter().find(|u| u.field == "file").ok_or_else(|| problem::missing("file"))?;
    let content = std::fs::File::open(&upload.path).map_err(|e| app::Error::Broken(format!("cannot read the upload: {e}")))?;
    let label = fields.word("label")?.ok_or_else(|| problem::missing("label"))?;
    let done = call.app.add_evidence(call.actor()?, &upload.name, content, label, fields.date("valid_until")?, fields.read("series")?)?;
    json(&views::Done::from(done))
}

/// The sheet that came, by name and content.
fn sheet_of(call: &Call) -> Result<(String, Vec<u8>), Failure> {
    match &call.body {
        Body::Form(_, uploads, _) => {
            let upload = uploads.iter().find(|u| u.field == "file").ok_or_else(|| problem::missing("file"))?;
            Ok((upload.name.clone(), crate::server::bytes_of(upload)?))
        }
        // The format shows in the content; a name only makes what is said of it clearer.
        Body::Bytes(bytes) => Ok((call.query.get("name").unwrap_or("import").to_owned(), bytes.clone())),
        Body::Nothing | Body::Json(_) => Err(problem::broken()),
    }
}

/// Shows what a file would change, and changes it only where `take=all` says so.
pub fn import(call: &Call) -> Result<Reply, Failure> {
    let take = match call.query.text("take") {
        "" | "none" => false,
        "all" => true,
        _ => return Err(problem::unreadable(Some("take"), "`all` or `none` is wanted")),
    };
    let (name, bytes) = sheet_of(call)?;
    let (case, actor): (Id<id::Case>, _) = (call.param("case")?, call.actor()?);
    let side = call.app.case(actor, case, call.side()?)?.side;
    let preview = call.app.preview_import(actor, case, Some(side), &name, &bytes)?;
    // What has a fault is not among the differences, so it cannot be taken over.
    let (answers, verdicts) = if take { preview.chosen(|_| true) } else { (vec![], vec![]) };
    let command = match side {
        Side::Applicant | Side::Institution if !answers.is_empty() => Some(Command::ImportAnswers { case, file: name, rows: answers }),
        Side::Body if !verdicts.is_empty() => Some(Command::ImportVerdicts { case, file: name, rows: verdicts }),
        _ => None,
    };
    let taken = command.map(|c| call.app.execute(actor, c)).transpose()?;
    json(&views::Import::of(preview, side, taken))
}
