//! The own sessions: where one is signed in, and ending those that are not needed or not one's own.

use app::sign_in::{OwnSession, SignedIn};
use maud::{Markup, html};
use rules::command::Command;
use rules::refusal::Refusal;
use rules::text::{text, worded};

use super::form::{self, Again, Form};
use super::{account, signs};
use crate::components::{Button, Kind, Tone, card, csrf, submit, tag};
use crate::route::{Answer, Guard, Route, post};
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] =
    &[post("/account/sessions/end", Guard::SignedIn, end), post("/account/sessions/end-others", Guard::SignedIn, end_others)];

/// The card on the account page.
pub fn part(visit: &Visit, signed: &SignedIn, again: Again) -> Result<Markup, app::Error> {
    let lang = visit.lang;
    let sessions = visit.app.own_sessions(signed)?;
    let others = sessions.iter().filter(|s| !s.current).count();
    let body = html! {
        (Form::new(visit, "sessions", again).summary())
        p { (text("身に覚えのないものがあれば終了し、パスワードを変更してください。", "End any that is not yours, and change your password.").get(lang)) }
        ul.plain.lines { @for session in &sessions { li { (line(visit, session)) } } }
        @if others > 0 {
            form method="post" action=(urls::account_act("sessions/end-others")) {
                (csrf(&visit.csrf))
                (submit(lang, Kind::Secondary, &text("ほかのセッションをすべて終了する", "End all others")))
            }
        }
    };
    Ok(card(lang, &text("サインイン中のセッション", "Your sessions"), html! {}, body))
}

fn line(visit: &Visit, session: &OwnSession) -> Markup {
    let lang = visit.lang;
    let about = worded(
        format!("{}、{}から", session.address, signs::moment(session.since)),
        format!("{}, since {}", session.address, signs::moment(session.since)),
    );
    html! {
        p {
            strong { (session.address) } " " (session.method.name().get(lang)) " "
            @if session.current { (tag(lang, Tone::Info, &text("この画面", "This one"))) }
        }
        p.muted.small {
            (text("開始: ", "since ").get(lang)) (signs::time(session.since)) " "
            (text("最後の利用: ", "last used ").get(lang)) (signs::time(session.seen))
        }
        @if !session.current {
            form method="post" action=(urls::account_act("sessions/end")) {
                (csrf(&visit.csrf))
                input type="hidden" name="session" value=(session.id);
                (Button::new(Kind::Secondary, text("終了する", "End")).small().about(about).submit(lang))
            }
        }
    }
}

fn end(visit: &Visit) -> Result<Answer, app::Error> {
    let command = visit.form.need("session").map(|session| Command::EndSession { session });
    form::act(visit, command, account::saved_at("sessions"), |refusal| account::page(visit, Some(("sessions", refusal))))
}

fn end_others(visit: &Visit) -> Result<Answer, app::Error> {
    let signed = visit.signed.as_ref().ok_or(Refusal::forbidden())?;
    for session in visit.app.own_sessions(signed)?.into_iter().filter(|s| !s.current) {
        match visit.app.execute(&signed.actor, Command::EndSession { session: session.id }) {
            // It ended by itself in the meantime.
            Err(app::Error::Refused(refusal)) if refusal.why == rules::refusal::Why::NotFound => {}
            other => other.map(drop)?,
        }
    }
    Ok(Answer::Go(account::saved_at("sessions")))
}
