//! The outbox: which mails wait, were sent or failed, and, after a fresh proof, what a waiting one says.

use maud::{Markup, html};
use rules::id::{self, Id};
use rules::party::Role;
use rules::text::{Lang, Text, text};

use super::signs::time;
use crate::components::{Button, Column, Crumb, Kind, Row, Table, Tone, csrf, empty, facts, link_button, notice, table, tag};
use crate::route::{Answer, Guard, Route, get, post};
use crate::urls;
use crate::visit::Visit;

const OPERATORS: Guard = Guard::Roles(&[Role::Operator]);

pub const ROUTES: &[Route] = &[get("/outbox", OPERATORS, show), post("/outbox", OPERATORS, open)];

fn title() -> Text {
    text("送信箱", "Outbox")
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let lang = visit.lang;
    let mails = visit.app.outbox(visit.actor()?)?;
    let columns = vec![
        Column::new(text("日時", "Written")),
        Column::new(text("宛先", "To")),
        Column::new(text("件名", "Subject")),
        Column::new(text("状態", "State")),
        Column::new(text("送信回数", "Tries")).number(),
        Column::new(text("最後の試行", "Last try")),
        Column::new(text("本文", "Text")),
    ];
    let rows = mails.iter().map(|queued| {
        Row::new(vec![
            time(queued.mail.at),
            html! { (queued.mail.to) },
            subject(&queued.mail.subject),
            state(lang, &queued.state),
            html! { (queued.tries) },
            html! {
                @if let Some(at) = queued.tried { (time(at)) } @else { "―" }
                // The words are the mail server's or our own in Japanese.
                @if !queued.words.is_empty() { br; span.small lang="ja" { (queued.words) } }
            },
            html! { @if queued.state != "sent" {
                form method="post" action=(urls::outbox()) {
                    (csrf(&visit.csrf))
                    input type="hidden" name="mail" value=(queued.mail.id);
                    (Button::new(Kind::Secondary, text("開く", "Open")).small().about(rules::text::worded(format!("（{} 宛て）", queued.mail.to), format!("the mail to {}", queued.mail.to))).submit(lang))
                }
            } @else { "―" } },
        ])
    });
    let main = html! {
        (server(visit))
        @if mails.is_empty() {
            (empty(lang, &text("メールはありません", "No mails"), &text("例: 招待、申請の承認依頼、警告のメールが、ここに並びます。", "For example invitations, requests to approve, and alerts are listed here."), html! {}))
        } @else { (table(lang, &Table::new(text("メール（新しい順）", "Mails, the newest first"), columns, rows.collect()))) }
    };
    let mut page = visit.page(title(), main);
    page.breadcrumb = vec![Crumb::link(text("警告", "Alerts"), urls::alerts()), Crumb::here(title())];
    Ok(page.into())
}

/// Whether mail goes out at all.
fn server(visit: &Visit) -> Markup {
    let lang = visit.lang;
    if visit.app.config.mail.is_some() {
        return notice(
            lang,
            Tone::Info,
            &text(
                "メールサーバーが設定されています。待機中のメールは自動で送信します。",
                "A mail server is set; mails that wait are sent by themselves.",
            ),
            html! {},
        );
    }
    let how = text(
        "メールは送信されず、ここに残ります。急ぐものは開いて、本人だけに届く方法で渡してください。開いたことは記録されます。送信するには、起動時の設定でメールサーバーを指定してください。",
        "Mails are not sent and stay here. Open what is urgent and hand it to that person alone; that you opened it is recorded. To send mails, set a mail server when Akashi is started.",
    );
    notice(lang, Tone::Warn, &text("メールサーバーが設定されていません。", "No mail server is set."), html! { p { (how.get(lang)) } })
}

/// A subject is in its reader's language, whatever the operator's is.
fn subject(written: &str) -> Markup {
    html! { @if written.is_ascii() { span lang="en" { (written) } } @else { span lang="ja" { (written) } } }
}

fn state(lang: Lang, word: &str) -> Markup {
    match word {
        "sent" => tag(lang, Tone::Success, &text("送信済み", "Sent")),
        "failed" => tag(lang, Tone::Danger, &text("送信失敗", "Failed")),
        _ => tag(lang, Tone::Info, &text("待機中", "Waiting")),
    }
}

/// Shows the text in this answer alone.
fn open(visit: &Visit) -> Result<Answer, app::Error> {
    let lang = visit.lang;
    let mail: Id<id::Mail> = visit.form.need("mail")?;
    let (queued, body) = visit.app.open_mail(visit.actor()?, mail)?;
    let told = text(
        "このメールを開いたことは記録されました。リンクが含まれる場合は、本人だけに届く方法で渡してください。",
        "That you opened this mail is recorded. If it holds a link, hand it to that person alone.",
    );
    let main = html! {
        (notice(lang, Tone::Info, &told, html! {}))
        (facts(lang, &[
            (text("宛先", "To"), html! { (queued.mail.to) }),
            (text("件名", "Subject"), subject(&queued.mail.subject)),
            (text("日時", "Written"), time(queued.mail.at)),
        ]))
        @match &body {
            Some(body) => { pre.prose lang=(if body.is_ascii() { "en" } else { "ja" }) { (body) } },
            None => { p.muted { (text("送信済みのため、本文は残っていません。", "It was sent, so its text is not kept.").get(lang)) } },
        }
        (link_button(lang, Kind::Secondary, &text("送信箱へ戻る", "Back to the outbox"), &urls::outbox()))
    };
    let here = text("メールの本文", "Text of a mail");
    let mut page = visit.page(here.clone(), main);
    page.breadcrumb = vec![Crumb::link(title(), urls::outbox()), Crumb::here(here)];
    Ok(page.into())
}
