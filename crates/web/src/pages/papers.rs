//! One version of a document: its paper, its approval, what differs from the version before, its file, and its use as evidence.

use app::paper_files::PaperFormat;
use app::read::documents::VersionRead;
use maud::{Markup, html};
use rules::command::Command;
use rules::document::{State, compare};
use rules::id::{self, Id};
use rules::policy::{APPROVERS, Side};
use rules::refusal::Refusal;
use rules::text::{Text, text, worded};

use super::documents::{heading, state_tag, versions};
use super::form::{Form, act, saved_at, saved_notice, settle};
use super::registers::KEEPER;
use crate::components::{
    Choice, Crumb, Kind, Tone, actions, card, csrf, date_field, details, diff, link_button, notice, paper, select, submit, text_field,
};
use crate::route::{Answer, FileAnswer, FileContent, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

const APPROVER: Guard = Guard::Roles(&APPROVERS);

pub const ROUTES: &[Route] = &[
    get("/papers/{paper}", KEEPER, show),
    get("/papers/{paper}/changes", KEEPER, changes),
    get("/papers/{paper}/paper.pdf", KEEPER, pdf),
    get("/papers/{paper}/paper.docx", KEEPER, word),
    get("/papers/{paper}/paper.xlsx", KEEPER, excel),
    post("/papers/{paper}/approve", APPROVER, approve),
    post("/papers/{paper}/withdraw", APPROVER, withdraw),
    post("/papers/{paper}/evidence", KEEPER, evidence),
];

fn read<'a>(visit: &'a Visit) -> Result<VersionRead<'a>, app::Error> {
    visit.app.document_version(visit.actor()?, visit.param("paper")?, visit.lang)
}

fn name(read: &VersionRead) -> Text {
    let (ja, en) = (&read.document.name.ja, &read.document.name.en);
    worded(format!("{ja} 第{}版", read.standing.number), format!("{en}, version {}", read.standing.number))
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, None)?.into())
}

fn page(visit: &Visit, refused: Option<(&'static str, &Refusal)>) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let read = read(visit)?;
    let version = read.standing.id;
    let main = html! {
        @if refused.is_none() { (saved_notice(visit, "paper")) }
        p { (state_tag(lang, read.state)) }
        (deciding(visit, &read, refused)?)
        (paper(lang, &read.paper, &|_| html! {}))
    };
    let mut page = visit.page(name(&read), main);
    page.breadcrumb = breadcrumb(&read, None);
    page.corner = actions(html! {
        @if read.before.is_some() { (link_button(lang, Kind::Secondary, &text("前の版との違い", "What changed"), &urls::paper(version, "changes"))) }
        (link_button(lang, Kind::Secondary, &text("PDF", "PDF"), &urls::paper(version, "paper.pdf")))
        (link_button(lang, Kind::Secondary, &text("Word", "Word"), &urls::paper(version, "paper.docx")))
        (link_button(lang, Kind::Secondary, &text("Excel", "Excel"), &urls::paper(version, "paper.xlsx")))
    });
    Ok(page)
}

fn breadcrumb(read: &VersionRead, here: Option<Text>) -> Vec<Crumb> {
    let document = Crumb::link(read.document.name.clone(), urls::document_type(&read.document.id, ""));
    let mut all = vec![Crumb::link(heading(), urls::documents()), document];
    match here {
        Some(here) => all.extend([Crumb::link(name(read), urls::paper(read.standing.id, "")), Crumb::here(here)]),
        None => all.push(Crumb::here(name(read))),
    }
    all
}

/// What can be done with the version now, by this visitor.
fn deciding(visit: &Visit, read: &VersionRead, refused: Option<(&'static str, &Refusal)>) -> Result<Markup, app::Error> {
    let (lang, version) = (visit.lang, read.standing.id);
    let approver = APPROVERS.iter().any(|role| visit.has(*role));
    let own = visit.actor()?.person == Some(read.standing.by);
    let [approval, withdrawal, use_of] = ["approve", "withdraw", "evidence"].map(|form| Form::new(visit, form, refused));
    let today = rules::act::japan(visit.app.clock.now()).date().to_string();
    let approving = html! {
        (approval.summary())
        form method="post" action=(urls::paper(version, "approve")) data-submit-key {
            (csrf(&visit.csrf))
            (date_field(lang, &approval.field("from", text("施行日", "In force from"), &today).required()))
            (date_field(lang, &approval.field("until", text("有効期限", "In force until"), "")))
            (submit(lang, Kind::Primary, &text("承認する", "Approve")))
        }
    };
    let withdrawing = html! {
        form method="post" action=(urls::paper(version, "withdraw")) data-submit-key {
            (csrf(&visit.csrf))
            (text_field(lang, &withdrawal.field("reason", text("理由", "Reason"), "").required()))
            (submit(lang, Kind::Danger, &text("取り下げる", "Withdraw")))
        }
    };
    Ok(html! {
        @if read.state == State::Proposed {
            @if own {
                (notice(lang, Tone::Info, &text("提出した人とは別の人が承認します。", "Somebody other than who proposed it approves."), html! {}))
            } @else if approver {
                (card(lang, &text("承認", "Approval"), html! {}, approving))
            }
        }
        @if matches!(read.state, State::InForce | State::Coming) { (using(visit, version, &use_of)?) }
        @if approver && read.state != State::Withdrawn {
            (withdrawal.summary())
            (details(lang, &text("この版を取り下げる", "Withdraw this version"), withdrawal.refused.is_some(), withdrawing))
        }
    })
}

/// The button that makes evidence of an approved version.
fn using(visit: &Visit, version: Id<id::Document>, form: &Form) -> Result<Markup, app::Error> {
    let lang = visit.lang;
    if !visit.has(rules::party::Role::Officer) && !visit.has(rules::party::Role::Colleague) {
        return Ok(html! {});
    }
    let all = visit.app.cases(visit.actor()?, None)?.into_iter().filter(|row| row.side == Side::Applicant);
    let cases: Vec<Choice> = all
        .map(|row| {
            let told = |open: &str, close: &str| format!("{}{open}{}{close}", row.product, row.body);
            Choice::new(row.case.id.to_string(), worded(told("（", "）"), told(" (", ")")))
        })
        .collect();
    let about = text(
        "この版をPDFとして証跡に登録します。案件を選ぶと、条項が答える項目と小項目に紐付けます。",
        "The version goes into the evidence as a PDF. With a case it is claimed for the items and sub-points that its clauses answer.",
    );
    let body = html! {
        (form.summary())
        p { (about.get(lang)) }
        form method="post" action=(urls::paper(version, "evidence")) data-submit-key {
            (csrf(&visit.csrf))
            (select(lang, &form.field("case", text("案件", "Case"), ""), &cases))
            (submit(lang, Kind::Secondary, &text("証跡として使う", "Use as evidence")))
        }
    };
    Ok(card(lang, &text("証跡", "Evidence"), html! {}, body))
}

fn approve(visit: &Visit) -> Result<Answer, app::Error> {
    let version = visit.param("paper")?;
    let command = || {
        let wanted = || Refusal::invalid("from", text("施行日を入力してください。", "Give the day from which it is in force."));
        Ok(Command::ApproveDocument { version, from: visit.form.date("from")?.ok_or_else(wanted)?, until: visit.form.date("until")? })
    };
    act(visit, command(), saved_at(&urls::paper(version, "")), |refusal| page(visit, Some(("approve", refusal))))
}

fn withdraw(visit: &Visit) -> Result<Answer, app::Error> {
    let version = visit.param("paper")?;
    let command = Command::WithdrawDocument { version, reason: visit.form.text("reason").to_owned() };
    act(visit, Ok(command), saved_at(&urls::paper(version, "")), |refusal| page(visit, Some(("withdraw", refusal))))
}

fn evidence(visit: &Visit) -> Result<Answer, app::Error> {
    let version: Id<id::Document> = visit.param("paper")?;
    let used = || -> Result<String, app::Error> {
        let file = visit.app.document_as_evidence(visit.actor()?, version, visit.form.read("case")?, visit.lang)?;
        Ok(urls::document(file))
    };
    settle(used(), |refusal| page(visit, Some(("evidence", refusal))))
}

fn pdf(visit: &Visit) -> Result<Answer, app::Error> {
    file(visit, PaperFormat::Pdf)
}

fn word(visit: &Visit) -> Result<Answer, app::Error> {
    file(visit, PaperFormat::Word)
}

fn excel(visit: &Visit) -> Result<Answer, app::Error> {
    file(visit, PaperFormat::Excel)
}

fn file(visit: &Visit, format: PaperFormat) -> Result<Answer, app::Error> {
    let (name, bytes) = visit.app.document_file(visit.actor()?, visit.param("paper")?, format, visit.lang)?;
    Ok(Answer::File(FileAnswer { media: format.media().into(), name, content: FileContent::Bytes(bytes), inline: false }))
}

fn changes(visit: &Visit) -> Result<Answer, app::Error> {
    let lang = visit.lang;
    let read = read(visit)?;
    let title = text("前の版との違い", "What changed since the version before");
    let main = match &read.before {
        None => html! { p.muted { (text("前の版はありません。", "There is no version before.").get(lang)) } },
        Some(before) => {
            let all = compare(before.paper(lang), read.version.paper(lang));
            html! {
                p { a href=(urls::paper(before.id, "")) { (worded(format!("第{}版", before.number), format!("Version {}", before.number)).get(lang)) } " → "
                    a href=(urls::paper(read.version.id, "")) { (worded(format!("第{}版", read.version.number), format!("Version {}", read.version.number)).get(lang)) } }
                @if all.is_empty() { p.muted { (text("違いはありません。", "There is no difference.").get(lang)) } }
                @for one in &all { h2 { (one.heading) } (diff(lang, &one.before, &one.after)) }
            }
        }
    };
    let mut page = visit.page(title.clone(), main);
    page.breadcrumb = breadcrumb(&read, Some(title));
    Ok(page.into())
}

/// What is made for an entry of a register: its versions, and the button that makes another.
pub(super) fn of_entry(visit: &Visit, register: &str, entry: Id<id::Entry>) -> Result<Markup, app::Error> {
    let lang = visit.lang;
    let all = visit.app.entry_documents(visit.actor()?, register, entry)?;
    Ok(html! {
        @for (document, made, names) in &all {
            h2 { (document.name.get(lang)) }
            @if !made.is_empty() { (versions(lang, made, names)) }
            form method="post" action=(urls::document_type(&document.id, "propose")) data-submit-key {
                (csrf(&visit.csrf))
                input type="hidden" name="entry" value=(entry);
                (submit(lang, Kind::Secondary, &worded(format!("{}を作成する", document.name.ja), format!("Make: {}", document.name.en))))
            }
        }
    })
}
