//! Deadlines in calendar programs: addresses with a secret, made, revoked and read; and the calendar as a file.

use app::deadlines::TasksRead;
use maud::{Markup, html};
use rules::command::Command;
use rules::party::Role;
use rules::text::{text, worded};

use super::form::{act, saved_at};
use super::registers::KEEPER;
use super::signs::time;
use super::tasks;
use crate::components::{Button, Column, Kind, Row, Table, Tone, csrf, link_button, notice, table};
use crate::route::{Answer, FileAnswer, FileContent, Guard, Route, get, post};
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[
    get("/tasks/calendar.ics", KEEPER, download),
    post("/tasks/feeds", KEEPER, make),
    post("/tasks/feeds/revoke", KEEPER, revoke),
    // A calendar program signs in nowhere: the secret in the address opens it.
    get("/calendar/{secret}", Guard::Public, feed),
];

fn file(content: String) -> Answer {
    Answer::File(FileAnswer {
        media: "text/calendar; charset=utf-8".to_owned(),
        name: "akashi.ics".to_owned(),
        content: FileContent::Bytes(content.into_bytes()),
        inline: false,
    })
}

fn feed(visit: &Visit) -> Result<Answer, app::Error> {
    let secret: String = visit.param("secret")?;
    Ok(file(visit.app.calendar(secret.strip_suffix(".ics").unwrap_or(&secret))?))
}

fn download(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(file(visit.app.calendar_file(visit.actor()?, visit.query.text("who") != "mine", visit.lang)?))
}

fn make(visit: &Visit) -> Result<Answer, app::Error> {
    let command = Command::MakeFeed { whole: visit.form.text("whole") == "yes" };
    match visit.app.execute(visit.actor()?, command) {
        Ok(done) => Ok(tasks::page(visit, None, done.secret.as_deref())?.into()),
        Err(app::Error::Refused(refusal)) => {
            Ok(Answer::Refused(crate::answer::status(refusal.why), Box::new(tasks::again(visit, &refusal)?)))
        }
        Err(other) => Err(other),
    }
}

fn revoke(visit: &Visit) -> Result<Answer, app::Error> {
    let command = visit.form.need("feed").map(|feed| Command::RevokeFeed { feed });
    act(visit, command, saved_at(&urls::tasks()), |refusal| tasks::again(visit, refusal))
}

/// The address of a calendar that was made just now. The database keeps its digest alone.
pub fn shown_once(visit: &Visit, secret: Option<&str>) -> Markup {
    let Some(secret) = secret else { return html! {} };
    let how = text(
        "今だけ表示されます。カレンダーのアプリに登録してください。この住所を知る人は期限を読めるため、パスワードと同じように扱い、漏れたら失効してください。",
        "It is shown only now. Give it to your calendar program. Whoever has it reads the deadlines: treat it like a password, and revoke it if it leaks.",
    );
    notice(
        visit.lang,
        Tone::Success,
        &text("カレンダーのアドレスを発行しました。", "Here is the address of the calendar."),
        html! { p { code.secret { (visit.app.config.address) "/calendar/" (secret) ".ics" } } p { (how.get(visit.lang)) } },
    )
}

/// The calendars of the visitor, and the ways to make one.
pub fn feeds(visit: &Visit, read: &TasksRead) -> Markup {
    let lang = visit.lang;
    let columns = vec![Column::new(text("カレンダー", "Calendar")), Column::new(text("発行", "Made")), Column::new(text("操作", "Action"))];
    let name =
        |whole| if whole { text("組織のすべての期限", "All of the organisation") } else { text("自分の期限", "My own") };
    let rows = read.feeds.iter().map(|feed| {
        Row::new(vec![
            html! { (name(feed.whole).get(lang)) },
            time(feed.at),
            html! {
                form method="post" action=(urls::tasks_act("feeds/revoke")) {
                    (csrf(&visit.csrf))
                    input type="hidden" name="feed" value=(feed.id);
                    (Button::new(Kind::Secondary, text("失効する", "Revoke")).small().about(worded(feed.id.to_string(), feed.id.to_string())).submit(lang))
                }
            },
        ])
    });
    let make = |whole: bool, label| {
        html! {
            form method="post" action=(urls::tasks_act("feeds")) {
                (csrf(&visit.csrf))
                @if whole { input type="hidden" name="whole" value="yes"; }
                (Button::new(Kind::Secondary, label).submit(lang))
            }
        }
    };
    html! {
        h2 { (text("カレンダーに表示する", "In your calendar").get(lang)) }
        p { (text(
            "カレンダーのアプリが読むアドレスを発行できます。管理簿の名称、対応の内容、期日だけを含み、記録の内容は含みません。",
            "A calendar program can read an address. It holds names of registers, what to do and the day, and nothing of the records.",
        ).get(lang)) }
        @if !read.feeds.is_empty() { (table(lang, &Table::new(text("発行したカレンダー", "Calendars"), columns, rows.collect()).caption_hidden())) }
        div.actions {
            (make(false, text("自分の期限のアドレスを発行する", "Make an address of my own")))
            @if visit.has(Role::Officer) || visit.has(Role::Administrator) {
                (make(true, text("組織の期限のアドレスを発行する", "Make one of the organisation")))
            }
            (link_button(lang, Kind::Quiet, &text("ファイルで保存する", "Save as a file"), &urls::tasks_act("calendar.ics")))
        }
    }
}
