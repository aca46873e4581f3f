//! Asking again who it is, before a dangerous act; what was typed travels along and is sent afterwards.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use rules::account::FactorKind;
use rules::refusal::Refusal;
use rules::text::{Text, text};

use super::kept::Kept;
use super::{sign_in, steps};
use crate::answer;
use crate::components::{Field, Input, Kind, Tone, csrf, details, input_field, notice, submit};
use crate::route::{Answer, Guard, Route, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[post("/confirm", Guard::SignedIn, confirm)];

fn title() -> Text {
    text("本人の確認", "Confirm that it is you")
}

/// The question in place of what a dangerous act answers.
pub fn instead(visit: &Visit, posted: bool) -> Response {
    match question(visit, None, &Kept::of_request(visit, posted)) {
        Ok(page) => answer::send(Answer::Refused(StatusCode::PRECONDITION_REQUIRED, Box::new(page)), visit),
        Err(error) => answer::error(&error, Some(visit), visit.lang),
    }
}

fn question(visit: &Visit, refused: Option<&Refusal>, kept: &Kept) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let signed = visit.signed.as_ref().ok_or(Refusal::forbidden())?;
    let factors = visit.app.own_factors(&signed.actor)?;
    let challenge = visit.app.ask_own_passkey(signed.person.id)?;
    let words = if kept.is_form() {
        text(
            "重要な操作のため、続ける前に本人であることを確認します。入力した内容は残っています。",
            "This is an important act: confirm that it is you. What you typed is kept.",
        )
    } else {
        text("重要な操作のため、続ける前に本人であることを確認します。", "This is an important act: confirm that it is you.")
    };
    let form = |by: &str, inside: Markup| {
        html! {
            form.narrow method="post" action="/confirm" {
                (csrf(&visit.csrf))
                (kept.hidden())
                input type="hidden" name="by" value=(by);
                (inside)
            }
        }
    };
    let main = html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        (notice(lang, Tone::Info, &words, sign_in::files_are_not_kept(visit)))
        (form("password", html! {
            (input_field(lang, Input::CurrentPassword, &Field::new("password", text("パスワード", "Password")).required()))
            (submit(lang, Kind::Primary, &text("確認する", "Confirm")))
        }))
        @if let Some(challenge) = &challenge {
            @let label = text("パスキーで確認する", "Confirm with a passkey");
            (steps::Passkey { act: "confirm", to: "/confirm", challenge: Some(challenge), from: None, kind: Kind::Secondary, label }.form(visit, kept.hidden()))
        }
        @if factors.iter().any(|f| f.kind == FactorKind::Totp) {
            (details(lang, &text("ワンタイムコードで確認する", "Confirm with a one-time code"), false, form("totp", html! {
                (input_field(lang, Input::Code, &Field::new("code", text("ワンタイムコード（6桁）", "One-time code (6 digits)")).required()))
                (submit(lang, Kind::Secondary, &text("確認する", "Confirm")))
            })))
        }
    };
    Ok(page(visit, main))
}

/// The language switch of this page leads away from it, to an address that can be opened.
fn page(visit: &Visit, main: Markup) -> Page {
    Page { here: urls::home(), ..visit.page(title(), main) }
}

fn confirm(visit: &Visit) -> Result<Answer, app::Error> {
    let signed = visit.signed.as_ref().ok_or(Refusal::forbidden())?;
    let kept = Kept::of_step(visit);
    let proof = steps::proof(visit).ok_or(Refusal::forbidden())?;
    match visit.app.confirm(signed, &proof, visit.door()) {
        Ok(()) if !kept.is_form() => Ok(Answer::Go(kept.to().map_or_else(urls::home, str::to_owned))),
        Ok(()) => {
            let words = text("確認しました。次のボタンで操作を続けます。", "Confirmed. Go on with the button below.");
            let main = html! {
                (notice(visit.lang, Tone::Success, &words, html! {}))
                (kept.send(visit, &text("続ける", "Go on")))
            };
            Ok(page(visit, main).into())
        }
        Err(app::Error::Refused(refusal)) => {
            Ok(Answer::Refused(answer::status(refusal.why), Box::new(question(visit, Some(&refusal), &kept)?)))
        }
        Err(other) => Err(other),
    }
}
