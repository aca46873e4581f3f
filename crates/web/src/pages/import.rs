//! A filled sheet into a case: upload, preview of every difference and fault, and taking over what is ticked.

use app::exchange::{Difference, Field as Part, Preview};
use app::read::CaseRead;
use maud::{Markup, html};
use rules::command::{Command, Kind as Act};
use rules::policy::{self, Place, Side};
use rules::refusal::{Refusal, Why};
use rules::text::{Text, text};

use super::case::case_page;
use super::import_view::{self, Taken};
use crate::answer;
use crate::components::{Field, Kind, Tone, csrf, file_field, link_button, notice, submit, upload_progress};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[
    get("/cases/{case}/import", Guard::SignedIn, show),
    post("/cases/{case}/import", Guard::SignedIn, upload),
    post("/cases/{case}/import/take", Guard::SignedIn, take),
];

/// The endings of files that are read.
pub(super) const ENDINGS: &str = ".xlsx,.xls,.ods,.csv,.tsv,.txt";

fn title() -> Text {
    text("Excel・CSVの取込み", "Import from Excel or CSV")
}

/// The case from the side that imports into it, if the visitor may.
fn open(visit: &Visit) -> Result<CaseRead, app::Error> {
    let side = visit.query.word("side")?.or(visit.form.word("side")?);
    let read = visit.app.case(visit.actor()?, visit.param("case")?, side)?;
    let kind = if read.side == Side::Body { Act::ImportVerdicts } else { Act::ImportAnswers };
    policy::may(kind, visit.actor()?, Place::Case(&read.facts))?;
    Ok(read)
}

/// What keeps this side from importing now.
fn closed(read: &CaseRead) -> Result<(), Refusal> {
    match read.side {
        Side::Applicant if !read.facts.case.state.is_open_to_applicant() => Err(Refusal::state(text(
            "申請後のため、回答は取り込めません。改善依頼で戻された後に取り込めます。",
            "The round is submitted; answers can be imported again when it is returned.",
        ))),
        Side::Body => read.facts.in_state(&[rules::case::State::InReview]),
        Side::Applicant | Side::Institution => Ok(()),
    }
}

/// The address of this page, from this side.
fn here(read: &CaseRead) -> String {
    format!("{}?side={}", urls::case_page(read.facts.case.id, "import"), urls::side_word(read.side))
}

fn page(visit: &Visit, read: &CaseRead, main: Markup) -> Page {
    case_page(visit, read, "import", title(), main)
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let read = open(visit)?;
    if let Some(done) = visit.query.get("done") {
        let taken = visit.app.draft(visit.actor()?, done).map(|d| Taken::read(&d));
        return Ok(page(visit, &read, import_view::result(visit, &read, taken.ok().flatten())).into());
    }
    let Some(token) = visit.query.get("draft") else {
        return Ok(page(visit, &read, upload_form(visit, &read, None)).into());
    };
    match preview(visit, &read, token) {
        Ok((file, preview)) => Ok(page(visit, &read, import_view::preview(visit, &read, token, &file, &preview, None)).into()),
        Err(app::Error::Refused(refusal)) => refuse_upload(visit, &read, &refusal),
        Err(other) => Err(other),
    }
}

/// The kept file's name, and what taking it over would change now.
fn preview(visit: &Visit, read: &CaseRead, token: &str) -> Result<(String, Preview), app::Error> {
    let draft = visit.app.draft(visit.actor()?, token)?;
    let preview = visit.app.preview_import(visit.actor()?, read.facts.case.id, Some(read.side), &draft.name, &draft.bytes)?;
    Ok((draft.name, preview))
}

fn refuse_upload(visit: &Visit, read: &CaseRead, refusal: &Refusal) -> Result<Answer, app::Error> {
    Ok(Answer::Refused(answer::status(refusal.why), Box::new(page(visit, read, upload_form(visit, read, Some(refusal))))))
}

fn upload_form(visit: &Visit, read: &CaseRead, refused: Option<&Refusal>) -> Markup {
    let lang = visit.lang;
    if let Err(why) = closed(read) {
        return notice(lang, Tone::Info, &why.text, html! {});
    }
    let columns = match read.side {
        Side::Body => text(
            "判定結果、評価者が確認したエビデンス、改善策、備考の列を読み込みます。",
            "The columns for verdict, confirmed evidence, improvement and remarks are read.",
        ),
        Side::Applicant | Side::Institution => {
            text("対応策、確認したエビデンス、備考の列を読み込みます。", "The columns for answer, evidence and remarks are read.")
        }
    };
    let limit = visit.app.config.upload_limit.min(app::form::largest());
    html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        p { (columns.get(lang)) " " (text("行は項目番号で見分けるため、順番や見出しの書き方は問いません。空のセルは何も変えません。", "Rows are found by item number, in any order and under any heading. An empty cell changes nothing.").get(lang)) }
        p { (text("次の画面で、変わるところをすべて確認してから取り込みます。ここではまだ何も変わりません。", "The next page shows every difference; nothing changes before you agree.").get(lang)) }
        form.narrow method="post" enctype="multipart/form-data" action=(here(read)) data-upload {
            (csrf(&visit.csrf))
            (file_field(lang, &Field::new("file", text("記入済みのシート", "Filled sheet")).error(refused.map(|r| &r.text)).required(), ENDINGS, limit, false))
            (submit(lang, Kind::Primary, &text("読み込んで確認する", "Read and preview")))
            (upload_progress(lang))
        }
        (link_button(lang, Kind::Quiet, &text("記入用のファイルを書き出す", "Download a file to fill in"), &format!("{}?side={}", urls::case_page(read.facts.case.id, "export"), urls::side_word(read.side))))
    }
}

fn upload(visit: &Visit) -> Result<Answer, app::Error> {
    let read = open(visit)?;
    let kept = closed(&read).map_err(app::Error::from).and_then(|()| keep(visit, &read));
    match kept {
        Ok(token) => Ok(Answer::Go(format!("{}&draft={token}", here(&read)))),
        Err(app::Error::Refused(refusal)) => refuse_upload(visit, &read, &refusal),
        Err(other) => Err(other),
    }
}

/// The file that came with the form.
pub(super) fn sent<'a>(visit: &'a Visit) -> Result<(&'a str, Vec<u8>), app::Error> {
    let nothing = Refusal::invalid("file", text("ファイルを選んでください。", "Choose a file."));
    let upload = visit.uploads.iter().find(|u| u.field == "file").ok_or(nothing)?;
    Ok((&upload.name, crate::server::bytes_of(upload)?))
}

/// Keeps a file that can be read; any other is refused here, with the reason.
fn keep(visit: &Visit, read: &CaseRead) -> Result<String, app::Error> {
    let (name, bytes) = sent(visit)?;
    visit.app.preview_import(visit.actor()?, read.facts.case.id, Some(read.side), name, &bytes)?;
    visit.app.keep_draft(visit.actor()?, name, &bytes)
}

/// A tick names its difference and what stood when the person saw it.
pub(super) fn tick(difference: &Difference) -> String {
    let stood: String = app::digest(&difference.stands).chars().take(16).collect();
    format!("{}.{}.{stood}", difference.item, difference.field.code())
}

fn take(visit: &Visit) -> Result<Answer, app::Error> {
    let read = open(visit)?;
    let token = visit.form.text("draft");
    let (file, now) = preview(visit, &read, token)?;
    match take_ticked(visit, &read, &file, &now) {
        Ok(taken) => {
            visit.app.drop_draft(visit.actor()?, token)?;
            let done = visit.app.keep_draft(visit.actor()?, &file, &taken.written())?;
            Ok(Answer::Go(format!("{}&done={done}", here(&read))))
        }
        Err(app::Error::Refused(refusal)) => {
            let main = import_view::preview(visit, &read, token, &file, &now, Some(&refusal));
            Ok(Answer::Refused(answer::status(refusal.why), Box::new(page(visit, &read, main))))
        }
        Err(other) => Err(other),
    }
}

fn take_ticked(visit: &Visit, read: &CaseRead, file: &str, now: &Preview) -> Result<Taken, app::Error> {
    let ticks: Vec<&str> = visit.form.all("take").collect();
    if ticks.is_empty() {
        return Err(Refusal::invalid("take", text("取り込むものを1つ以上選んでください。", "Tick at least one difference.")).into());
    }
    let open: Vec<String> = now.differences.iter().map(tick).collect();
    if ticks.iter().any(|t| !open.iter().any(|o| o == t)) {
        let words = text(
            "確認しているあいだに、ほかの人が内容を変更しました。何も取り込んでいません。新しい違いを確かめて、もう一度選んでください。",
            "Somebody changed the case while you looked. Nothing was imported; look at the differences again and choose.",
        );
        return Err(Refusal::new(Why::Conflict, words).into());
    }
    let ticked = |d: &Difference| ticks.contains(&tick(d).as_str());
    let (answers, verdicts) = now.chosen(ticked);
    let case = read.facts.case.id;
    let command = match read.side {
        Side::Body => Command::ImportVerdicts { case, file: file.to_owned(), rows: verdicts },
        Side::Applicant | Side::Institution => Command::ImportAnswers { case, file: file.to_owned(), rows: answers },
    };
    visit.app.execute(visit.actor()?, command)?;
    Ok(Taken { rows: now.differences.iter().filter(|d| ticked(d)).map(|d| (d.item, d.field, d.cell.clone())).collect() })
}

/// The name of a field of a difference by its code.
pub(super) fn part(code: &str) -> Option<Part> {
    Part::ALL.into_iter().find(|p| p.code() == code)
}
