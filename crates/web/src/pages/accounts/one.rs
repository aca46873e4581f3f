//! One account: how it stands, and what its administrators may do with it.

use app::read::AccountRead;
use maud::{Markup, html};
use rules::account::{AccountKind, Standing};
use rules::command::{Command, Kind as Act};
use rules::id::{self, Id};
use rules::party::{TOKEN_DAYS, Token};
use rules::policy::{self, Place};
use rules::refusal::{Refusal, Why};
use rules::text::{Text, text, worded};

use super::super::form::{Again, Form, act, settle};
use super::super::organisations::role_names;
use super::super::signs::{date, time};
use super::super::tokens;
use super::{factors, states, title};
use crate::components::{
    Choice, Crumb, Kind, Tone, actions, card, csrf, date_field, details, empty, facts, link_button, notice, radios, submit, text_field,
};
use crate::route::Answer;
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

/// Whether the visitor may do it, if need be after proving again who they are.
pub fn may_after_proof(visit: &Visit, kind: Act, place: Place) -> bool {
    visit.signed.as_ref().is_some_and(|s| match policy::may(kind, &s.actor, place) {
        Ok(()) => true,
        Err(refusal) => refusal.why == Why::Confirm,
    })
}

pub(super) fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, None, None)?.into())
}

fn person(visit: &Visit) -> Result<Id<id::Person>, Refusal> {
    visit.param("person")
}

fn page(visit: &Visit, again: Again, token: Option<&str>) -> Result<Page, app::Error> {
    let (lang, id) = (visit.lang, person(visit)?);
    let actor = visit.actor()?;
    let all = visit.app.accounts(actor)?;
    let of = all.accounts.iter().find(|a| a.person.id == id).ok_or(Refusal::not_found())?;
    let tokens = if of.account.kind == AccountKind::Machine { visit.app.machine_tokens(actor, id)? } else { vec![] };
    let main = html! {
        @if let Some(token) = token { (token_once(visit, token)) }
        div.columns {
            (card(lang, &text("アカウント", "Account"), html! {}, about(visit, of)))
            @if of.own && of.account.standing != Standing::Closed { (card(lang, &text("申請する", "Make a request"), html! {}, requests(visit, of))) }
        }
        @if of.account.kind == AccountKind::Machine { (machine(visit, of, &tokens, again)) }
        @if of.own && !actor.is(id) { (acts(visit, of, again)) }
        @if actor.is(id) { p.muted { (text("自分自身のアカウントは、ここでは停止・廃止できません。", "You cannot suspend or close your own account.").get(lang)) } }
    };
    let name = worded(of.person.name.clone(), of.person.name.clone());
    let mut page = visit.page(name.clone(), main);
    page.corner = states(lang, of);
    page.breadcrumb = vec![Crumb::link(title(), urls::accounts()), Crumb::here(name)];
    let said = match visit.query.text("saved") {
        "added" => Some(text("登録しました。", "It is added.")),
        "suspend" => Some(text(
            "停止しました。セッションとトークンはすべて無効になりました。",
            "It is suspended; every session and token has ended.",
        )),
        "close" => Some(text("廃止しました。このIDは再び使われません。", "It is closed; the id is never given again.")),
        "last-day" => Some(text("利用最終日を保存しました。", "The last day is saved.")),
        "sessions" => Some(text("すべてのセッションを終了しました。", "Every session has ended.")),
        "leak" => Some(text("認証情報を無効にし、本人に知らせました。", "The credentials are revoked, and the person is told.")),
        "revoked" => Some(text("トークンを失効しました。", "The token is revoked.")),
        _ => None,
    };
    page.notices = html! { @if let Some(said) = said.filter(|_| again.is_none()) { (notice(lang, Tone::Success, &said, html! {})) } };
    Ok(page)
}

/// Why it is suspended or closed; the reasons that Akashi itself gives are told in both languages.
fn reason(of: &AccountRead) -> Text {
    let written = of.account.reason.as_str();
    match (of.account.kind, of.account.standing) {
        (AccountKind::Emergency, Standing::Suspended) => {
            text("申請と別の人の承認で有効になるまで使用できません。", "Shut until a request and another person's approval open it.")
        }
        _ if written == "the last day of the account is over" => text("利用最終日を過ぎたため。", "Its last day is over."),
        _ => worded(written, written),
    }
}

fn about(visit: &Visit, of: &AccountRead) -> Markup {
    let lang = visit.lang;
    let account = &of.account;
    let mut pairs = vec![
        (text("ID", "Id"), html! { (of.person.email) }),
        (text("種類", "Kind"), html! { (account.kind.name().get(lang)) }),
        (text("役割", "Roles"), html! { @if let Some(m) = &of.membership { (role_names(&m.roles, lang)) } @else { "―" } }),
        (text("認証要素", "Factors"), factors(lang, of)),
        (text("パスワードの設定日時", "Password set"), html! { @if let Some(at) = account.password_set { (time(at)) } @else { "―" } }),
        (text("最終サインイン", "Last sign-in"), html! { @if let Some(at) = account.last_in { (time(at)) } @else { "―" } }),
        (
            text("その後の失敗", "Failed since then"),
            html! { (account.failed) @if let Some(at) = account.last_failed { " （" (time(at)) "）" } },
        ),
        (
            text("利用最終日", "Last day"),
            html! { @if let Some(ends) = account.ends { (date(ends)) } @else { (text("定めなし", "None").get(lang)) } },
        ),
        (text("登録日時", "Added"), time(of.person.id.made())),
    ];
    let why = reason(of);
    if !why.ja.is_empty() {
        pairs.push((text("理由", "Reason"), html! { (why.get(lang)) }));
    }
    facts(lang, &pairs)
}

/// What another person has to approve begins as a request, filled in as far as it is known.
fn requests(visit: &Visit, of: &AccountRead) -> Markup {
    let lang = visit.lang;
    let link = |ask: &str, label: Text| link_button(lang, Kind::Secondary, &label, &urls::new_request_for(ask, of.person.id));
    match of.account.kind {
        AccountKind::Person => html! {
            p { (text("次の操作は、別の管理者の承認を受けてから有効になります。", "These take effect once another administrator approves.").get(lang)) }
            (actions(html! {
                @if of.account.standing == Standing::Suspended { (link("resume", text("停止の解除", "Resume"))) }
                (link("reissue", text("認証情報の再発行", "New credentials")))
                (link("alternate", text("代替認証", "Alternate sign-in")))
                (link("out_of_hours", text("時間外の利用", "Out-of-hours use")))
                @if of.membership.is_some() { (link("change_roles", text("権限の変更", "Change of rights"))) }
            }))
        },
        AccountKind::Emergency => html! {
            p { (text("非常時には、有効化を申請し、別の人の承認を受けます。", "In an emergency request its activation; another person approves.").get(lang)) }
            (actions(link("break_glass", text("有効化を申請する", "Request activation"))))
        },
        AccountKind::Machine => {
            html! { p { (text("このIDに申請できる操作はありません。", "Nothing can be requested for this id.").get(lang)) } }
        }
    }
}

struct Deed {
    form: &'static str,
    title: Text,
    hint: Text,
    label: Text,
    kind: Kind,
}

fn acts(visit: &Visit, of: &AccountRead, again: Again) -> Markup {
    let lang = visit.lang;
    let place = of.account.home.map_or(Place::Installation, Place::Organisation);
    let may = |kind| may_after_proof(visit, kind, place);
    let active = of.account.standing == Standing::Active;
    let closed = of.account.standing == Standing::Closed;
    if closed {
        return html! {};
    }
    let person_kind = of.account.kind == AccountKind::Person;
    let deed = |form, title, hint, label, kind| by_reason(visit, of, again, &Deed { form, title, hint, label, kind });
    html! {
        h2 { (text("操作", "Acts").get(lang)) }
        @if may(Act::SetLastDay) { (last_day_form(visit, of, again)) }
        @if active && may(Act::EndSessions) { (deed("sessions", text("すべてのセッションを終了する", "End all sessions"), text("サインインし直せば、引き続き利用できます。", "The person can sign in again."), text("セッションを終了する", "End the sessions"), Kind::Secondary)) }
        @if person_kind && may(Act::ReportLeak) { (deed("leak", text("漏えいの疑いを届け出る", "Report a leak"), text("パスワードを直ちに無効にし、本人と管理者に知らせます。再び使うには再発行の申請が必要です。", "The password stops at once; the person and the administrators are told. New credentials need a request."), text("認証情報を無効にする", "Revoke the credentials"), Kind::Danger)) }
        @if active && may(Act::SuspendAccount) { (deed("suspend", text("停止する", "Suspend"), text("セッションとトークンは直ちに無効になります。解除には申請と別の人の承認が必要です。", "Sessions and tokens end at once. To resume it takes a request and another person's approval."), text("停止する", "Suspend"), Kind::Danger)) }
        @if may(Act::CloseAccount) { (deed("close", text("廃止する", "Close"), text("取り消せません。このIDは二度と使えなくなります。", "This cannot be taken back, and the id is never given again."), text("廃止する", "Close"), Kind::Danger)) }
    }
}

fn by_reason(visit: &Visit, of: &AccountRead, again: Again, deed: &Deed) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, deed.form, again);
    let example = text(
        "後から読む人に分かるように。例: 2026年11月末で退職",
        "So that others understand it later. For example: left at the end of November",
    );
    details(
        lang,
        &deed.title,
        form.refused.is_some(),
        html! {
            (form.summary())
            p { (deed.hint.get(lang)) }
            form.narrow method="post" action=(urls::account_deed(of.person.id, deed.form)) {
                (csrf(&visit.csrf))
                (text_field(lang, &form.field("reason", text("理由", "Reason"), "").hint(example).required()))
                (submit(lang, deed.kind, &deed.label))
            }
        },
    )
}

fn last_day_form(visit: &Visit, of: &AccountRead, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "last-day", again);
    let stands = of.account.ends.map(|d| d.to_string()).unwrap_or_default();
    details(
        lang,
        &text("利用最終日を定める", "Set the last day"),
        form.refused.is_some(),
        html! {
            (form.summary())
            form.narrow method="post" action=(urls::account_deed(of.person.id, "last-day")) {
                (csrf(&visit.csrf))
                (date_field(lang, &form.field("ends", text("利用最終日", "Last day"), &stands).hint(text("翌日に自動で停止します。空欄にすると定めません。例: 2027-03-31", "It is suspended the day after. Empty sets none. For example 2027-03-31"))))
                (submit(lang, Kind::Secondary, &text("保存する", "Save")))
            }
        },
    )
}

fn deed(visit: &Visit, form: &'static str, command: Result<Command, Refusal>) -> Result<Answer, app::Error> {
    let to = format!("{}?saved={form}", urls::account_of(person(visit)?));
    act(visit, command, to, |refusal| page(visit, Some((form, refusal)), None))
}

fn said(visit: &Visit) -> String {
    visit.form.text("reason").to_owned()
}

pub(super) fn suspend(visit: &Visit) -> Result<Answer, app::Error> {
    deed(visit, "suspend", person(visit).map(|person| Command::SuspendAccount { person, reason: said(visit) }))
}

pub(super) fn close(visit: &Visit) -> Result<Answer, app::Error> {
    deed(visit, "close", person(visit).map(|person| Command::CloseAccount { person, reason: said(visit) }))
}

pub(super) fn end_sessions(visit: &Visit) -> Result<Answer, app::Error> {
    deed(visit, "sessions", person(visit).map(|person| Command::EndSessions { person, reason: said(visit) }))
}

pub(super) fn leak(visit: &Visit) -> Result<Answer, app::Error> {
    deed(visit, "leak", person(visit).map(|person| Command::ReportLeak { person: Some(person), reason: said(visit) }))
}

pub(super) fn last_day(visit: &Visit) -> Result<Answer, app::Error> {
    let command = || Ok(Command::SetLastDay { person: person(visit)?, ends: visit.form.date("ends")? });
    deed(visit, "last-day", command())
}

/// The tokens of another system.
fn machine(visit: &Visit, of: &AccountRead, tokens: &[Token], again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "token", again);
    let scope = if form.refused.is_some() { visit.form.text("scope") } else { "read" };
    let scopes =
        [Choice::new("read", text("読み取りのみ", "Read only")), Choice::new("write", text("読み取りと書き込み", "Read and write"))];
    let open = of.own && of.account.standing == Standing::Active;
    html! {
        h2 { (text("トークン", "Tokens").get(lang)) }
        @if tokens.is_empty() { (empty(lang, &text("トークンはまだありません", "No tokens yet"), &text("例: 「監視用」という名前で、読み取りのみ、期限1年のトークンを発行します。", "For example, a token “monitoring” that may only read, for a year."), html! {})) }
        @else { (tokens::table_of(visit, tokens, &urls::account_deed(of.person.id, "tokens/revoke"))) }
        @if open && may_after_proof(visit, Act::IssueMachineToken, Place::Installation) {
            h3 { (text("トークンを発行する", "Issue a token").get(lang)) }
            (form.summary())
            form.narrow method="post" action=(urls::account_deed(of.person.id, "tokens")) {
                (csrf(&visit.csrf))
                (text_field(lang, &form.field("name", text("名前", "Name"), "").required()))
                (radios(lang, &form.field("scope", text("範囲", "Scope"), "").value(scope).required(), &scopes, true))
                (date_field(lang, &form.field("expires", text("期限", "Expires"), "").hint(worded(format!("{TOKEN_DAYS}日先まで。例: 2027-03-31"), format!("At most {TOKEN_DAYS} days ahead. For example 2027-03-31"))).required()))
                (submit(lang, Kind::Primary, &text("発行する", "Issue")))
            }
        }
    }
}

/// The secret is in this answer alone; the database keeps its digest.
fn token_once(visit: &Visit, token: &str) -> Markup {
    let how = text(
        "今だけ表示されます。連携先のシステムの管理者に、本人だけに届く方法で渡してください。HTTPヘッダー「Authorization: Bearer 〈トークン〉」で使います。",
        "It is shown only now. Hand it to whoever runs the other system, and to nobody else. It goes into the HTTP header “Authorization: Bearer <token>”.",
    );
    let body = html! { p { code.secret { (token) } } p { (how.get(visit.lang)) } };
    notice(visit.lang, Tone::Success, &text("トークンを発行しました。", "Here is the token."), body)
}

pub(super) fn issue_token(visit: &Visit) -> Result<Answer, app::Error> {
    let form = &visit.form;
    let command = || -> Result<Command, Refusal> {
        let expires = tokens::expires(visit)?;
        Ok(Command::IssueMachineToken {
            machine: person(visit)?,
            name: form.text("name").to_owned(),
            write: form.text("scope") == "write",
            expires,
        })
    };
    let issued = command().map_err(app::Error::from).and_then(|c| visit.app.execute(visit.actor()?, c));
    match issued {
        // No redirect: the token would have to travel in an address.
        Ok(done) => Ok(page(visit, None, done.secret.as_deref())?.into()),
        Err(error) => settle(Err(error), |refusal| page(visit, Some(("token", refusal)), None)),
    }
}

pub(super) fn revoke_token(visit: &Visit) -> Result<Answer, app::Error> {
    let of = person(visit)?;
    // Only what stands on this page: a token of somebody else is not reached from here.
    let token: Id<id::Token> = visit.form.need("token")?;
    visit.app.machine_tokens(visit.actor()?, of)?.iter().find(|t| t.id == token).ok_or(Refusal::not_found())?;
    visit.app.execute(visit.actor()?, Command::RevokeToken { token })?;
    Ok(Answer::Go(format!("{}?saved=revoked", urls::account_of(of))))
}
