//! Signing in and out, choosing the language, and acting for another organisation.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use rules::command::Command;
use rules::refusal::{Refusal, Why};
use rules::text::{Lang, Text, text};
use serde_json::Value;

use super::kept::Kept;
use super::steps;
use crate::answer;
use crate::components::{Field, Input, Kind, Tone, csrf, input_field, notice, submit};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[
    get("/signin", Guard::Public, show),
    post("/signin", Guard::Public, sign_in),
    post("/signin/passkey/challenge", Guard::Public, challenge),
    post("/signin/passkey", Guard::Public, by_passkey),
    post("/signout", Guard::SignedIn, sign_out),
    post("/switch", Guard::SignedIn, switch),
    get("/lang", Guard::Public, lang),
];

fn title() -> Text {
    text("サインイン", "Sign in")
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    if visit.signed.is_some() {
        return Ok(Answer::Go(urls::home()));
    }
    if let Some(partial) = &visit.partial {
        return Ok(Answer::Go(steps::path(partial.stage).to_owned()));
    }
    let mut page = visit.page(title(), form(visit, None, &Kept::of_step(visit)));
    page.notices = match visit.query.text("after") {
        "leak" => super::account::leak_told(visit.lang),
        "reissue" => super::reissue::password_set(visit.lang),
        _ => html! {},
    };
    Ok(page.into())
}

/// The sign-in form in place of a page that needs a session. What was posted travels along if the form was `ours`.
pub fn instead(visit: &Visit, posted: bool, ours: bool) -> Response {
    let kept = if posted && !ours { Kept::default() } else { Kept::of_request(visit, posted) };
    let words = if kept.is_form() {
        text(
            "サインインの有効時間が過ぎました。入力した内容は残っています。サインインすると続けられます。",
            "Your session is over. What you typed is kept; sign in to go on.",
        )
    } else {
        text("このページを見るにはサインインしてください。", "Sign in to see this page.")
    };
    let main = html! {
        (notice(visit.lang, Tone::Info, &words, files_are_not_kept(visit)))
        (form(visit, None, &kept))
    };
    let here = if kept.is_form() { urls::sign_in() } else { kept.after(&urls::sign_in()) };
    answer::send(Answer::Refused(StatusCode::UNAUTHORIZED, Box::new(Page { here, ..visit.page(title(), main) })), visit)
}

/// Where a form waits that had files.
pub fn files_are_not_kept(visit: &Visit) -> Markup {
    if visit.uploads.is_empty() && visit.upload_refused.is_none() {
        return html! {};
    }
    let words = text("ファイルは残りません。続けた後に、もう一度選んでください。", "Files are not kept; choose them again afterwards.");
    html! { p { (words.get(visit.lang)) } }
}

fn form(visit: &Visit, refused: Option<&Refusal>, kept: &Kept) -> Markup {
    let lang = visit.lang;
    html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        form.narrow method="post" action=(urls::sign_in()) {
            (csrf(&visit.csrf))
            (kept.hidden())
            (input_field(lang, Input::Email, &Field::new("email", text("メールアドレス", "Mail address")).value(visit.form.text("email")).required()))
            (input_field(lang, Input::CurrentPassword, &Field::new("password", text("パスワード", "Password")).required()))
            (submit(lang, Kind::Primary, &text("サインイン", "Sign in")))
        }
        @if visit.app.passkeys.available() { (passkey(visit, kept)) }
        (super::elsewhere::buttons(visit))
    }
}

/// Without script there is no passkey, and no button for one.
fn passkey(visit: &Visit, kept: &Kept) -> Markup {
    let from = Some("/signin/passkey/challenge");
    let label = text("パスキーでサインイン", "Sign in with a passkey");
    let inside = html! {
        (kept.hidden())
        // The name of the challenge, which comes with it.
        input type="hidden" name="challenge";
    };
    html! {
        div.or-else hidden data-scripted {
            p.hint { (text("パスキーを登録してある場合は、パスワードなしでサインインできます。", "With a registered passkey no password is needed.").get(visit.lang)) }
            (steps::Passkey { act: "sign-in", to: "/signin/passkey", challenge: None, from, kind: Kind::Secondary, label }.form(visit, inside))
        }
    }
}

fn sign_in(visit: &Visit) -> Result<Answer, app::Error> {
    let done = visit.app.sign_in_from(visit.form.text("email"), visit.form.text("password"), visit.door(), None);
    answered(visit, done)
}

fn answered(visit: &Visit, done: Result<app::sign_in::NewSession, app::Error>) -> Result<Answer, app::Error> {
    let kept = Kept::of_step(visit);
    match done {
        Ok(session) => {
            left_behind(visit)?;
            steps::opened(visit, &session, &kept)
        }
        Err(app::Error::Refused(refusal)) => {
            let page = Page { here: kept.after(&urls::sign_in()), ..visit.page(title(), form(visit, Some(&refusal), &kept)) };
            Ok(Answer::Refused(answer::status(refusal.why), Box::new(page)))
        }
        Err(other) => Err(other),
    }
}

/// A new sign-in ends what the browser had open before (OWASP ASVS 7.2.4).
pub fn left_behind(visit: &Visit) -> Result<(), app::Error> {
    if let Some(signed) = &visit.signed {
        visit.app.sign_out(signed)?;
    }
    if let Some(partial) = &visit.partial {
        visit.app.give_up(partial)?;
    }
    Ok(())
}

/// What the browser asks a device for, and the name under which its answer comes back.
fn challenge(visit: &Visit) -> Result<Answer, app::Error> {
    if !visit.app.passkeys.available() {
        return Err(Refusal::not_found().into());
    }
    let (challenge, name) = visit.app.ask_passkey()?;
    let mut told: Value = serde_json::from_str(&challenge).map_err(|e| app::Error::Broken(format!("a challenge is no JSON: {e}")))?;
    told["name"] = Value::String(name);
    Ok(Answer::Json(StatusCode::OK, told))
}

fn by_passkey(visit: &Visit) -> Result<Answer, app::Error> {
    let response = visit.form.text("passkey");
    if response.is_empty() {
        let words = text(
            "パスキーの応答がありません。もう一度お試しいただくか、パスワードでサインインしてください。",
            "No passkey answered. Try again, or sign in with the password.",
        );
        return answered(visit, Err(Refusal::new(Why::Invalid, words).into()));
    }
    let done = visit.app.sign_in_by_passkey(visit.form.text("challenge"), response, visit.door());
    answered(
        visit,
        done.map_err(|error| match error {
            // The words of the door speak of mail address and password.
            app::Error::Refused(refusal) if refusal.why == Why::SignIn => {
                let words = text(
                    "認証に失敗しました。もう一度お試しいただくか、パスワードでサインインしてください。",
                    "Sign-in failed. Try again, or sign in with the password.",
                );
                Refusal::new(Why::SignIn, words).into()
            }
            other => other,
        }),
    )
}

/// The page after a sign-in that interrupted a form: `visit` is already the new session's.
pub fn go_on(visit: &Visit, told: Markup, kept: &Kept) -> Page {
    let words = text(
        "サインインしました。中断した入力内容を、次のボタンで送信できます。",
        "You are signed in. Send the form that was interrupted with the button below.",
    );
    let main = html! {
        (told)
        (notice(visit.lang, Tone::Success, &words, html! {}))
        (kept.send(visit, &text("続けて送信する", "Go on and send")))
    };
    visit.page(text("入力の再開", "Go on"), main)
}

fn sign_out(visit: &Visit) -> Result<Answer, app::Error> {
    if let Some(signed) = &visit.signed {
        visit.app.sign_out(signed)?;
    }
    Ok(Answer::Session(None, urls::sign_in()))
}

fn switch(visit: &Visit) -> Result<Answer, app::Error> {
    let Some(signed) = &visit.signed else { return Err(Refusal::forbidden().into()) };
    let fresh = visit.app.switch(signed, visit.form.need("organisation")?, visit.door())?;
    let to = if fresh.stage == rules::account::Stage::Full { urls::home() } else { steps::path(fresh.stage).to_owned() };
    Ok(Answer::Session(Some(fresh.secret), to))
}

fn lang(visit: &Visit) -> Result<Answer, app::Error> {
    let lang = Lang::from_tag(visit.query.text("lang"));
    if let Some(signed) = visit.signed.as_ref().filter(|s| s.person.lang != lang) {
        visit.app.execute(&signed.actor, Command::SetLanguage { lang })?;
    }
    Ok(Answer::Language(lang, visit.query.text("to").to_owned()))
}
