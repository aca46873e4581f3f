//! One request: what it asks, and what the visitor may do with it: decide, withdraw, end, review.

use app::read::RequestRead;
use maud::{Markup, html};
use rules::command::{Command, Kind as Act};
use rules::id::{self, Id};
use rules::party::Role;
use rules::policy::Place;
use rules::refusal::Refusal;
use rules::request::{Ask, AskKind, RequestState};
use rules::text::{Lang, Text, text, worded};

use super::super::accounts::may_after_proof;
use super::super::form::{Again, Form, act, saved_at, saved_notice, settle};
use super::super::signs::time;
use super::{about, found, is_exceptional, is_held, span, state_tag, title};
use crate::components::{Area, Button, Crumb, Kind, Tone, actions, card, csrf, facts, link_button, notice, submit, text_field, textarea};
use crate::route::Answer;
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub(super) fn show(visit: &Visit, id: Id<id::Request>) -> Result<Answer, app::Error> {
    Ok(page(visit, id, None, None)?.into())
}

/// `once` is what an approval made, on the one page that shows it.
fn page(visit: &Visit, id: Id<id::Request>, again: Again, once: Option<&str>) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let read = found(visit, id)?;
    let kind = read.request.ask.kind();
    let main = html! {
        (saved_notice(visit, ""))
        @if let Some(secret) = once { (shown_once(visit, &read, secret)) }
        (standing(visit, &read))
        (facts(lang, &about_it(lang, visit, &read)))
        @if read.decides && read.request.state.is_open() { (decide_form(visit, &read, again)) }
        @else if read.own && read.request.state == RequestState::Pending { p.muted { (text("別の人の判断を待っています。あなた自身は承認できません。", "It waits for somebody else's decision; you cannot approve it yourself.").get(lang)) } }
        @if read.decides && read.request.awaits_review() { (review_form(visit, &read, again)) }
        (end_form(visit, &read, again))
    };
    let mut page = visit.page(kind.name(), main);
    page.breadcrumb = vec![Crumb::link(title(), urls::requests()), Crumb::here(kind.name())];
    page.corner = state_tag(lang, &read.request);
    Ok(page)
}

/// An emergency says so, with the time at which it ends by itself.
fn standing(visit: &Visit, read: &RequestRead) -> Markup {
    let lang = visit.lang;
    let now = visit.app.clock.now();
    let until = super::super::signs::moment(read.request.until);
    if !is_held(&read.request, now) || !is_exceptional(&read.request) {
        return html! {};
    }
    let words = if read.request.ask.kind() == AskKind::BreakGlass {
        worded(
            format!("非常時アカウントが有効です。{until}（日本時間）に自動で閉じます。使用はすべて記録されています。"),
            format!("The emergency account is open. It closes by itself at {until} (Japan). All its use is recorded."),
        )
    } else {
        worded(
            format!("緊急の理由により、承認の前に閲覧できる状態です。{until}（日本時間）に自動で終わります。承認または却下してください。"),
            format!("Viewing is open before approval, in an emergency. It ends by itself at {until} (Japan). Approve or refuse it."),
        )
    };
    notice(lang, Tone::Danger, &words, html! {})
}

fn roles(lang: Lang, all: &[Role]) -> String {
    all.iter().map(|r| r.name().get(lang).to_owned()).collect::<Vec<_>>().join(if lang == Lang::Ja { "、" } else { ", " })
}

fn about_it(lang: Lang, visit: &Visit, read: &RequestRead) -> Vec<(Text, Markup)> {
    let request = &read.request;
    let mut out = vec![
        (text("申請者", "By"), html! { (read.by) " " (time(request.at)) }),
        (text("対象", "About"), html! { (about(read, lang)) }),
        (text("理由", "Reason"), html! { p.prose { (request.reason) } }),
    ];
    match &request.ask {
        Ask::Register { roles: asked, .. } | Ask::ChangeRoles { roles: asked, .. } => {
            out.push((text("役割", "Roles"), html! { (roles(lang, asked)) }));
        }
        Ask::Reissue { identity, factors, initial, .. } => {
            out.push((text("本人確認の方法", "How the identity was checked"), html! { p.prose { (identity) } }));
            let too = if *factors {
                text("パスワードと第2の認証要素", "Password and second factors")
            } else {
                text("パスワード", "Password")
            };
            out.push((text("無効にするもの", "What is revoked"), html! { (too.get(lang)) }));
            let handed = if *initial {
                text("初期パスワード", "Initial password")
            } else {
                text("新しいパスワードを設定するリンク", "Link to set a new password")
            };
            out.push((text("渡すもの", "What is handed over"), html! { (handed.get(lang)) }));
        }
        Ask::Alternate { identity, .. } => {
            out.push((text("本人確認の方法", "How the identity was checked"), html! { p.prose { (identity) } }));
        }
        Ask::View { emergency } => {
            let told = if *emergency {
                text("緊急（承認の前に閲覧）", "Emergency, before approval")
            } else {
                text("承認後に閲覧", "After approval")
            };
            out.push((text("閲覧の方法", "How"), html! { (told.get(lang)) }));
        }
        Ask::Resume { .. }
        | Ask::OutOfHours { .. }
        | Ask::Privilege
        | Ask::BreakGlass { .. }
        | Ask::LiftHold { .. }
        | Ask::Erase { .. }
        | Ask::OpenEscrow => {}
    }
    out.push((text("期間（日本時間）", "Time (Japan)"), span(lang, request, visit.app.clock.now())));
    if let Some(by) = &read.decided_by {
        out.push((text("判断した人", "Decided by"), html! { (by) @if let Some(at) = request.decided { " " (time(at)) } }));
    }
    if !request.statement.is_empty() {
        out.push((text("判断の理由", "Statement"), html! { p.prose { (request.statement) } }));
    }
    if !request.finding.is_empty() {
        out.push((text("事後確認の所見", "Finding"), html! { p.prose { (request.finding) } }));
    }
    out
}

fn hidden(visit: &Visit, read: &RequestRead) -> Markup {
    html! { (csrf(&visit.csrf)) input type="hidden" name="request" value=(read.request.id); }
}

fn decide_form(visit: &Visit, read: &RequestRead, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "decide", again);
    if !may_after_proof(visit, Act::DecideRequest, Place::Installation) {
        return html! {};
    }
    card(
        lang,
        &text("承認または却下する", "Decide"),
        html! {},
        html! {
            (form.summary())
            form.narrow method="post" action=(urls::request_act("decide")) {
                (hidden(visit, read))
                (text_field(lang, &form.field("statement", text("判断の理由", "Statement"), "").hint(text("却下する場合は必ず入力してください。例: 所属長の確認が取れていないため", "Needed to refuse. For example: the head of the department has not confirmed it"))))
                (actions(html! {
                    (Button::new(Kind::Primary, text("承認する", "Approve")).act("act", "approve").submit(lang))
                    (Button::new(Kind::Danger, text("却下する", "Refuse")).act("act", "refuse").submit(lang))
                }))
            }
        },
    )
}

fn review_form(visit: &Visit, read: &RequestRead, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "review", again);
    card(
        lang,
        &text("事後確認", "Review afterwards"),
        html! {},
        html! {
            p { (text("記録で、何が行われたかを確認し、所見を残してください。残すまで、この申請は確認待ちのままです。", "Look at the records of what was done, and write down what you found. Until then it stays open.").get(lang)) }
            (form.summary())
            form.narrow method="post" action=(urls::request_act("review")) {
                (hidden(visit, read))
                (textarea(lang, Area { rows: 3, limit: Some(500), key: None }, &form.field("finding", text("所見", "Finding"), "").hint(text("例: 閲覧は案件2件の設定確認だけで、目的に合っている。", "For example: two cases were looked at, as the reason said.")).required()))
                (submit(lang, Kind::Primary, &text("確認済みにする", "Reviewed")))
            }
        },
    )
}

/// Taking back, or ending early: for who asked, and for who decides.
fn end_form(visit: &Visit, read: &RequestRead, again: Again) -> Markup {
    let lang = visit.lang;
    let now = visit.app.clock.now();
    let pending = read.request.state == RequestState::Pending;
    let decides = visit.signed.as_ref().is_some_and(|s| read.request.is_decided_by(&s.actor));
    let open = (pending && read.own) || (is_held(&read.request, now) && (read.own || decides));
    if !open {
        return html! {};
    }
    let form = Form::new(visit, "end", again);
    let label = if pending { text("申請を取り下げる", "Withdraw the request") } else { text("いま終了する", "End it now") };
    html! {
        (form.summary())
        form method="post" action=(urls::request_act("end")) {
            (hidden(visit, read))
            (actions(submit(lang, Kind::Secondary, &label)))
        }
    }
}

fn request(visit: &Visit) -> Result<Id<id::Request>, Refusal> {
    visit.form.need("request")
}

pub(super) fn decide(visit: &Visit) -> Result<Answer, app::Error> {
    let id = request(visit)?;
    let decided = || -> Result<app::Done, app::Error> {
        let approve = match visit.form.text("act") {
            "approve" => true,
            "refuse" => false,
            _ => return Err(Refusal::invalid("statement", text("承認するか却下するかを選んでください。", "Approve or refuse.")).into()),
        };
        let statement = visit.form.text("statement").to_owned();
        visit.app.execute(visit.actor()?, Command::DecideRequest { request: id, approve, statement })
    };
    match decided() {
        // No redirect: what is shown once would have to travel in an address.
        Ok(done) if done.secret.is_some() => Ok(page(visit, id, None, done.secret.as_deref())?.into()),
        Ok(_) => Ok(Answer::Go(saved_at(&urls::request(id)))),
        Err(error) => settle(Err(error), |refusal| page(visit, id, Some(("decide", refusal)), None)),
    }
}

pub(super) fn end(visit: &Visit) -> Result<Answer, app::Error> {
    let id = request(visit)?;
    act(visit, Ok(Command::EndRequest { request: id }), saved_at(&urls::request(id)), |refusal| {
        page(visit, id, Some(("end", refusal)), None)
    })
}

pub(super) fn review(visit: &Visit) -> Result<Answer, app::Error> {
    let id = request(visit)?;
    let finding = visit.form.text("finding").to_owned();
    act(visit, Ok(Command::ReviewRequest { request: id, finding }), saved_at(&urls::request(id)), |refusal| {
        page(visit, id, Some(("review", refusal)), None)
    })
}

/// The link, code or password that an approval made: in this answer alone, with how to hand it over.
fn shown_once(visit: &Visit, read: &RequestRead, secret: &str) -> Markup {
    let base = &visit.app.config.address;
    let (told, shown, how) = match read.request.ask.kind() {
        AskKind::Register => (
            text("承認しました。招待リンクです。", "Approved. Here is the invitation link."),
            format!("{base}{}?link={secret}", urls::invitation()),
            text(
                "今だけ表示されます。本人だけに届く方法で渡してください。同じリンクをメールでも本人に送ります。本人が開くと、名前とパスワードを登録できます。",
                "It is shown only now. Hand it to that person alone; it also goes to them by mail. Who opens it sets a name and a password.",
            ),
        ),
        AskKind::Reissue if matches!(read.request.ask, Ask::Reissue { initial: true, .. }) => (
            text(
                "承認しました。前の認証情報は無効になりました。初期パスワードです。",
                "Approved. The old credentials have stopped. Here is the initial password.",
            ),
            secret.to_owned(),
            text(
                "今だけ表示されます。本人確認をした相手に、口頭または手渡しで伝えてください。サインインすると、すぐに新しいパスワードの設定を求められます。",
                "It is shown only now. Tell it to the person whose identity was checked, by word of mouth or on paper. It opens nothing but the form to set a new password.",
            ),
        ),
        AskKind::Reissue => (
            text(
                "承認しました。前の認証情報は無効になりました。新しいパスワードを設定するリンクです。",
                "Approved. The old credentials have stopped. Here is the link to set a new password.",
            ),
            format!("{base}{}?link={secret}", urls::reissue()),
            text(
                "今だけ表示されます。本人確認をした相手に、直接または登録済みの連絡先で渡してください。一度だけ、期限まで使えます。",
                "It is shown only now. Hand it to the person whose identity was checked, in person or by the contact on file. It works once, until it ends.",
            ),
        ),
        AskKind::Alternate => (
            text("承認しました。代替認証コードです。", "Approved. Here is the code for alternate sign-in."),
            secret.to_owned(),
            text(
                "今だけ表示されます。本人確認をした相手に、口頭で伝えてください。サインイン画面の「ほかの方法」で使います。このサインインには記録に印が付きます。",
                "It is shown only now. Tell it to the person whose identity was checked. It is used under “Another way” when signing in, and what is done then is marked in the records.",
            ),
        ),
        AskKind::BreakGlass => (
            text("承認しました。非常時アカウントのパスワードです。", "Approved. Here is the password of the emergency account."),
            secret.to_owned(),
            text(
                "今だけ表示されます。申請した人に直接伝えてください。終了時刻に自動で無効になります。使用中の操作はすべて印を付けて記録され、終了後に確認が必要です。",
                "It is shown only now. Tell it to who asked, in person. It stops by itself at the end. All that is done with it is marked in the records and has to be reviewed afterwards.",
            ),
        ),
        AskKind::ChangeRoles
        | AskKind::Resume
        | AskKind::OutOfHours
        | AskKind::Privilege
        | AskKind::View
        | AskKind::LiftHold
        | AskKind::Erase
        | AskKind::OpenEscrow => {
            (text("承認しました。", "Approved."), secret.to_owned(), text("今だけ表示されます。", "It is shown only now."))
        }
    };
    let back = link_button(visit.lang, Kind::Secondary, &text("申請の一覧へ", "All requests"), &urls::requests());
    notice(visit.lang, Tone::Success, &told, html! { p { code.secret { (shown) } } p { (how.get(visit.lang)) } (back) })
}
