//! A file of evidence as it is: saved, or shown in the sandboxed frame.

use crate::route::{Answer, FileAnswer, FileContent, Guard, Route, get};
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[get("/files/{evidence}", Guard::SignedIn, file)];

/// Media types that a browser shows by itself in the sandboxed frame; everything else is saved.
pub(super) const SHOWN: &[&str] = &["application/pdf", "image/png", "image/jpeg", "text/plain", "text/csv"];

fn file(visit: &Visit) -> Result<Answer, app::Error> {
    let (evidence, open) = visit.app.file(visit.actor()?, visit.param("evidence")?, visit.query.read("case")?)?;
    let inline = visit.query.is_on("view") && SHOWN.contains(&evidence.media.as_str());
    // Text is UTF-8 here; a CSV is shown as text, as browsers save it otherwise.
    let media = match evidence.media.as_str() {
        "text/csv" if inline => "text/plain; charset=utf-8".to_owned(),
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    };
    Ok(Answer::File(FileAnswer { media, name: evidence.name, content: FileContent::Open(Box::new(open)), inline }))
}
