//! The own second factors: which there are, registering and removing them, and recovery codes for paper.

use maud::{Markup, html};
use rules::account::{Factor, FactorKind};
use rules::act::Actor;
use rules::command::{Command, Secret};
use rules::refusal::Refusal;
use rules::text::{Lang, Text, text, worded};

use super::form::{self, Again, Form};
use super::{account, signs, steps};
use crate::answer;
use crate::components::{Button, Crumb, Field, Kind, Tone, actions, card, csrf, details, link_button, notice, submit, text_field};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[
    get("/account/totp", Guard::SignedIn, show_totp),
    post("/account/totp", Guard::SignedIn, add_totp),
    get("/account/passkey", Guard::SignedIn, show_passkey),
    post("/account/passkey", Guard::SignedIn, add_passkey),
    post("/account/factors/remove", Guard::SignedIn, remove),
    post("/account/recovery", Guard::SignedIn, recovery),
];

/// Codes left at which the person is told to print new ones.
const FEW: usize = 3;

/// The card on the account page.
pub fn part(visit: &Visit, actor: &Actor, again: Again) -> Result<Markup, app::Error> {
    let lang = visit.lang;
    let factors = visit.app.own_factors(actor)?;
    let left = visit.app.recovery_codes_left(actor)?;
    let refused = Form::new(visit, "factors", again).summary();
    let strong: Vec<&Factor> = factors.iter().filter(|f| f.kind != FactorKind::Recovery).collect();
    let body = html! {
        (refused)
        @if strong.is_empty() {
            p { (text("まだ登録されていません。登録すると、パスワードを知られても、ほかの人はサインインできません。", "None yet. With one, nobody signs in by knowing your password alone.").get(lang)) }
        } @else {
            ul.plain.lines { @for factor in &strong { li { (line(visit, factor)) } } }
        }
        (actions(html! {
            (link_button(lang, Kind::Secondary, &text("認証アプリを登録する", "Add an authenticator app"), &urls::account_act("totp")))
            @if visit.app.passkeys.available() {
                (link_button(lang, Kind::Secondary, &text("パスキーを登録する", "Add a passkey"), &urls::account_act("passkey")))
            }
        }))
        @if let Some(why) = visit.app.passkeys.unavailable() { p.hint { (why.text().get(lang)) } }
        h3 { (FactorKind::Recovery.name().get(lang)) }
        p { (codes_left(left).get(lang)) }
        form method="post" action=(urls::account_act("recovery")) {
            (csrf(&visit.csrf))
            (submit(lang, Kind::Secondary, &match left {
                Some(_) => text("新しいリカバリーコードを作る", "Make new recovery codes"),
                None => text("リカバリーコードを作る", "Make recovery codes"),
            }))
        }
    };
    Ok(card(lang, &text("2段階目の認証", "Second factor"), html! {}, body))
}

fn codes_left(left: Option<usize>) -> Text {
    match left {
        None => text(
            "認証アプリやパスキーを使えなくなったときのための、紙に控えるコードです。まだ作られていません。",
            "Codes on paper for when the app or passkey is lost. You have none yet.",
        ),
        Some(0) => text("すべて使い終わりました。新しく作ってください。", "All are used. Make new ones."),
        Some(left) => worded(
            format!("残り{left}個です。新しく作ると、これまでのコードは使えなくなります。"),
            format!("{left} left. New ones replace them."),
        ),
    }
}

/// A name the person gave; the rules give one in Japanese where there was none.
fn own_name(factor: &Factor) -> Option<&str> {
    Some(factor.name.as_str()).filter(|name| *name != factor.kind.name().ja)
}

fn line(visit: &Visit, factor: &Factor) -> Markup {
    let lang = visit.lang;
    let what = about(factor);
    html! {
        p { strong { (what.get(lang)) } " " span.muted { (text("登録: ", "added ").get(lang)) (signs::time(factor.added)) } }
        (details(lang, &text("削除", "Remove"), false, html! {
            p { (text("削除すると、この要素ではサインインできなくなります。", "You cannot sign in with it afterwards.").get(lang)) }
            form method="post" action=(urls::account_act("factors/remove")) {
                (csrf(&visit.csrf))
                input type="hidden" name="factor" value=(factor.id);
                (Button::new(Kind::Danger, text("削除する", "Remove")).small().about(what).submit(lang))
            }
        }))
    }
}

fn about(factor: &Factor) -> Text {
    let kind = factor.kind.name();
    match own_name(factor) {
        Some(name) => worded(format!("{}（{name}）", kind.ja), format!("{} ({name})", kind.en)),
        None => kind,
    }
}

/// After signing in: whoever has no codes on paper is told of them once, and again when few are left.
pub fn codes_notice(visit: &Visit, actor: &Actor, enrolled: bool) -> Result<Markup, app::Error> {
    let lang = visit.lang;
    let title = match visit.app.recovery_codes_left(actor)? {
        None if enrolled => text(
            "登録しました。認証アプリやパスキーを使えなくなったときのために、リカバリーコードを作って控えておいてください。",
            "Registered. Make recovery codes now, for when the app or passkey is lost.",
        ),
        Some(left) if left <= FEW => worded(format!("リカバリーコードの残りは{left}個です。"), format!("{left} recovery codes are left.")),
        _ => return Ok(html! {}),
    };
    let link = text("リカバリーコードの画面へ", "To the recovery codes");
    Ok(notice(lang, Tone::Info, &title, html! { p { a href={ (urls::account()) "#factors" } { (link.get(lang)) } } }))
}

/// A new way in is set up only by somebody who has just proved who they are; its key is shown to nobody else.
fn proved<'a>(visit: &'a Visit) -> Result<&'a Actor, Refusal> {
    let actor = visit.actor()?;
    if actor.grants.confirmed { Ok(actor) } else { Err(Refusal::confirm()) }
}

fn framed(visit: &Visit, title: Text, here: &str, main: Markup) -> Page {
    let breadcrumb = vec![Crumb::link(account::title(), urls::account()), Crumb::here(title.clone())];
    Page { breadcrumb, here: urls::account_act(here), ..visit.page(title, main) }
}

fn name_field(visit: &Visit, refused: Option<&Refusal>) -> Markup {
    let error = refused.filter(|r| r.field == Some("name")).map(|r| &r.text);
    let hint = text("どの端末か分かる名前。例: 仕事用スマートフォン", "To tell your devices apart, for example: work phone.");
    text_field(
        visit.lang,
        &Field::new("name", text("端末の名前", "Name of the device")).hint(hint).value(visit.form.text("name")).error(error),
    )
}

fn show_totp(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(totp_page(visit, None)?.into())
}

fn totp_page(visit: &Visit, refused: Option<&Refusal>) -> Result<Page, app::Error> {
    let actor = proved(visit)?;
    let form = steps::totp_form(visit, actor, &urls::account_act("totp"), refused, name_field(visit, refused))?;
    let main = html! {
        @if let Some(refusal) = refused { (answer::summary(visit.lang, refusal)) }
        (form)
    };
    Ok(framed(visit, text("認証アプリの登録", "Add an authenticator app"), "totp", main))
}

fn add_totp(visit: &Visit) -> Result<Answer, app::Error> {
    let command = Command::AddTotp { name: visit.form.text("name").to_owned(), code: Secret(visit.form.text("code").to_owned()) };
    form::act(visit, Ok(command), account::saved_at("factor"), |refusal| again(visit, refusal, totp_page))
}

/// A form that is refused for want of a fresh proof is not shown again: the question of who it is comes in its place.
fn again(visit: &Visit, refusal: &Refusal, page: fn(&Visit, Option<&Refusal>) -> Result<Page, app::Error>) -> Result<Page, app::Error> {
    if refusal.why == rules::refusal::Why::Confirm { Err(refusal.clone().into()) } else { page(visit, Some(refusal)) }
}

fn show_passkey(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(passkey_page(visit, None)?.into())
}

fn passkey_page(visit: &Visit, refused: Option<&Refusal>) -> Result<Page, app::Error> {
    let lang = visit.lang;
    proved(visit)?;
    let signed = visit.signed.as_ref().ok_or(Refusal::forbidden())?;
    let challenge = visit.app.begin_passkey(&signed.person)?;
    let words = text(
        "この端末の指紋、顔、画面ロックや、セキュリティキーを登録します。登録すると、パスワードの代わりにも使えます。",
        "Register this device's fingerprint, face or screen lock, or a security key. It can then stand in for the password too.",
    );
    let main = html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        @if let Some(challenge) = &challenge {
            p { (words.get(lang)) }
            @let (to, label) = (urls::account_act("passkey"), text("パスキーを登録する", "Register a passkey"));
            (steps::Passkey { act: "register", to: &to, challenge: Some(challenge), from: None, kind: Kind::Primary, label }.form(visit, name_field(visit, refused)))
        }
        @if let Some(why) = visit.app.passkeys.unavailable() { (notice(lang, Tone::Info, &why.text(), html! {})) }
    };
    Ok(framed(visit, text("パスキーの登録", "Add a passkey"), "passkey", main))
}

fn add_passkey(visit: &Visit) -> Result<Answer, app::Error> {
    let command = Command::AddPasskey { name: visit.form.text("name").to_owned(), response: Secret(visit.form.text("passkey").to_owned()) };
    form::act(visit, Ok(command), account::saved_at("factor"), |refusal| again(visit, refusal, passkey_page))
}

fn remove(visit: &Visit) -> Result<Answer, app::Error> {
    let command = visit.form.need("factor").map(|factor| Command::RemoveFactor { factor });
    form::act(visit, command, account::saved_at("removed"), |refusal| account::page(visit, Some(("factors", refusal))))
}

fn recovery(visit: &Visit) -> Result<Answer, app::Error> {
    match visit.app.execute(visit.actor()?, Command::MakeRecoveryCodes {}) {
        Ok(done) => Ok(codes_page(visit, &done.secret.unwrap_or_default()).into()),
        Err(error) => form::settle(Err(error), |refusal| account::page(visit, Some(("factors", refusal)))),
    }
}

/// The codes are in this answer alone; the database keeps their digests.
fn codes_page(visit: &Visit, codes: &str) -> Page {
    let lang: Lang = visit.lang;
    let how = text(
        "今だけ表示されます。印刷するか書き写して、スマートフォンとは別の安全な場所に保管してください。2段階目の認証で、1つのコードを1回だけ使えます。これまでのコードは使えなくなりました。",
        "They are shown only now. Print or copy them, and keep them safe and apart from your phone. Each is good once, as second factor. Earlier codes no longer work.",
    );
    let main = html! {
        (notice(lang, Tone::Success, &text("リカバリーコードを作りました。", "Here are your recovery codes."), html! { p { (how.get(lang)) } }))
        ol.codes { @for code in codes.lines() { li { code.secret { (code) } } } }
        (actions(html! {
            button.button.secondary type="button" hidden data-scripted data-print { (text("印刷する", "Print").get(lang)) }
            (link_button(lang, Kind::Primary, &text("控えました", "I have kept them"), &urls::account()))
        }))
    };
    Page { here: urls::account(), ..framed(visit, FactorKind::Recovery.name(), "recovery", main) }
}
