//! Signing in and out, choosing the language, and acting for another organisation.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use rules::command::Command;
use rules::refusal::Refusal;
use rules::text::{Lang, text};

use crate::answer;
use crate::components::{CSRF_FIELD, Field, Input, Kind, Tone, csrf, input_field, notice, submit};
use crate::route::{Answer, Guard, Route, get, post};
use crate::urls;
use crate::visit::{Fields, Visit};

pub const ROUTES: &[Route] = &[
    get("/signin", Guard::Public, show),
    post("/signin", Guard::Public, sign_in),
    post("/signout", Guard::SignedIn, sign_out),
    post("/switch", Guard::SignedIn, switch),
    get("/lang", Guard::Public, lang),
];

/// The prefix of fields that a form had when its session was over.
const KEPT: &str = "kept.";

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    if visit.signed.is_some() {
        return Ok(Answer::Go(urls::home()));
    }
    Ok(visit.page(text("サインイン", "Sign in"), form(visit, None, visit.query.text("to"), &Fields::default())).into())
}

/// The sign-in form in place of a page that needs a session. What a posted form held travels along in hidden fields.
pub fn instead(visit: &Visit, posted: bool) -> Response {
    let mut kept = Fields::default();
    if posted {
        kept.0 = visit
            .form
            .0
            .iter()
            .filter(|(n, _)| n != CSRF_FIELD && n != "password")
            .map(|(n, v)| (format!("{KEPT}{n}"), v.clone()))
            .collect();
    }
    let words = if posted {
        text(
            "サインインの有効時間が過ぎました。入力した内容は残っています。サインインすると続けられます。",
            "Your session is over. What you typed is kept; sign in to go on.",
        )
    } else {
        text("このページを見るにはサインインしてください。", "Sign in to see this page.")
    };
    let main = html! {
        (notice(visit.lang, Tone::Info, &words, html! {}))
        (form(visit, None, &visit.here, &kept))
    };
    answer::send(Answer::Refused(StatusCode::UNAUTHORIZED, Box::new(visit.page(text("サインイン", "Sign in"), main))), visit)
}

fn form(visit: &Visit, refused: Option<&Refusal>, to: &str, kept: &Fields) -> Markup {
    let lang = visit.lang;
    html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        form.narrow method="post" action=(urls::sign_in()) {
            (csrf(&visit.csrf))
            input type="hidden" name="to" value=(to);
            @for (name, value) in &kept.0 { input type="hidden" name=(name) value=(value); }
            (input_field(lang, Input::Email, &Field::new("email", text("メールアドレス", "Mail address")).value(visit.form.text("email")).required()))
            (input_field(lang, Input::CurrentPassword, &Field::new("password", text("パスワード", "Password")).required()))
            (submit(lang, Kind::Primary, &text("サインイン", "Sign in")))
        }
    }
}

fn sign_in(visit: &Visit) -> Result<Answer, app::Error> {
    let kept = Fields(visit.form.0.iter().filter(|(n, _)| n.starts_with(KEPT)).cloned().collect());
    let to = visit.form.text("to");
    match visit.app.sign_in(visit.form.text("email"), visit.form.text("password"), &visit.address, None) {
        Ok(session) if kept.0.is_empty() => {
            Ok(Answer::Session(Some(session.secret), if to.is_empty() { urls::home() } else { to.to_owned() }))
        }
        Ok(session) => Ok(Answer::SessionPage(session.secret.clone(), Box::new(go_on(visit, &session.secret, to, &kept)))),
        Err(app::Error::Refused(refusal)) => {
            let page = visit.page(text("サインイン", "Sign in"), form(visit, Some(&refusal), to, &kept));
            Ok(Answer::Refused(answer::status(refusal.why), Box::new(page)))
        }
        Err(other) => Err(other),
    }
}

/// Sends the form that a finished session had interrupted; one press of a button, and no script is needed.
fn go_on(visit: &Visit, secret: &str, to: &str, kept: &Fields) -> crate::shell::Page {
    let lang = visit.lang;
    let words = text(
        "サインインしました。中断した入力内容を、次のボタンで送信できます。",
        "You are signed in. Send the form that was interrupted with the button below.",
    );
    let main = html! {
        (notice(lang, Tone::Success, &words, html! {}))
        form method="post" action=(crate::session::inside(to)) {
            (csrf(&crate::session::csrf_of(secret)))
            @for (name, value) in &kept.0 { input type="hidden" name=(name.trim_start_matches(KEPT)) value=(value); }
            (submit(lang, Kind::Primary, &text("続けて送信する", "Go on and send")))
        }
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
    let fresh = visit.app.switch(signed, visit.form.need("organisation")?)?;
    Ok(Answer::Session(Some(fresh.secret), urls::home()))
}

fn lang(visit: &Visit) -> Result<Answer, app::Error> {
    let lang = Lang::from_tag(visit.query.text("lang"));
    if let Some(signed) = visit.signed.as_ref().filter(|s| s.person.lang != lang) {
        visit.app.execute(&signed.actor, Command::SetLanguage { lang })?;
    }
    Ok(Answer::Language(lang, visit.query.text("to").to_owned()))
}
