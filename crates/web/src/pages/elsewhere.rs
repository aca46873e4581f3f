//! Signing in at an organisation's own provider: the button, the way there and the way back.

use maud::{Markup, html};
use rules::refusal::Refusal;
use rules::text::text;

use super::kept::Kept;
use crate::answer;
use crate::components::{Kind, Tone, actions, link_button, notice};
use crate::route::{Answer, Guard, Route, get};
use crate::session::under_way_cookie;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] =
    &[get("/signin/elsewhere/{provider}", Guard::Public, leave), get("/signin/elsewhere/{provider}/return", Guard::Public, come_back)];

/// A button for each provider; nothing where there is none. The page that was wanted travels along.
pub fn buttons(visit: &Visit) -> Markup {
    let wanted = visit.form.get("to").or_else(|| visit.query.get("to")).unwrap_or_default();
    // A form that waits does not travel by a link.
    let is_page = visit.form.0.is_empty() && !visit.here.starts_with(&urls::sign_in());
    let to = if is_page { &visit.here } else { wanted };
    let mut providers = visit.app.providers().peekable();
    html! {
        @if providers.peek().is_some() {
            h2 { (text("所属組織の認証基盤でサインインする", "Sign in by your organisation").get(visit.lang)) }
            (actions(html! {
                @for (id, title) in providers { (link_button(visit.lang, Kind::Secondary, title, &urls::elsewhere(id, to))) }
            }))
        }
    }
}

fn leave(visit: &Visit) -> Result<Answer, app::Error> {
    if visit.signed.is_some() {
        return Ok(Answer::Go(urls::home()));
    }
    match visit.app.elsewhere_start(&visit.param::<String>("provider")?, visit.query.text("to"), visit.door()) {
        Ok(leaving) => Ok(Answer::Cookie(under_way_cookie(visit, Some(&leaving.cookie)), Box::new(Answer::Away(leaving.go_to)))),
        Err(app::Error::Refused(refusal)) => Ok(refused(visit, &refusal)),
        Err(other) => Err(other),
    }
}

fn come_back(visit: &Visit) -> Result<Answer, app::Error> {
    let query = visit.here.split_once('?').map_or("", |(_, query)| query);
    let done = visit.app.elsewhere_finish(&visit.param::<String>("provider")?, visit.under_way.as_deref(), query, visit.door());
    let answer = match done {
        Ok(back) => {
            super::sign_in::left_behind(visit)?;
            super::steps::opened(visit, &back.session, &Kept::of_address(back.to))?
        }
        Err(app::Error::Refused(refusal)) => refused(visit, &refusal),
        Err(other) => return Err(other),
    };
    // It was good for this answer only.
    Ok(Answer::Cookie(under_way_cookie(visit, None), Box::new(answer)))
}

fn refused(visit: &Visit, refusal: &Refusal) -> Answer {
    let lang = visit.lang;
    let main = html! {
        (notice(lang, Tone::Danger, &refusal.text, html! {}))
        p { (link_button(lang, Kind::Secondary, &text("サインインの画面へ", "To the sign-in page"), &urls::sign_in())) }
    };
    Answer::Refused(answer::status(refusal.why), Box::new(visit.page(text("サインイン", "Sign in"), main)))
}
