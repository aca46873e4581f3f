//! A new password by a single-use link, which an administrator's request made after checking who somebody is.

use axum::http::StatusCode;
use maud::{Markup, html};
use rules::act::Actor;
use rules::command::{Command, Secret};
use rules::refusal::Refusal;
use rules::text::{Lang, Text, text};

use crate::answer;
use crate::components::{Field, Input, Kind, Tone, csrf, input_field, link_button, notice, submit};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[get("/reissue", Guard::Public, show), post("/reissue", Guard::Public, set)];

fn title() -> Text {
    text("新しいパスワードの設定", "Set a new password")
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    page(visit, visit.query.text("link"), None)
}

/// The form, or what to do where the link is used, too old or none at all: these are not told apart.
fn page(visit: &Visit, link: &str, refused: Option<&Refusal>) -> Result<Answer, app::Error> {
    let Some((request, _)) = visit.app.reissue_by_link(link)? else {
        return Ok(Answer::Refused(
            StatusCode::NOT_FOUND,
            Box::new(Page { here: urls::reissue(), ..visit.page(title(), unusable(visit)) }),
        ));
    };
    let lang = visit.lang;
    let access = visit.app.own_access(&Actor { organisation: Some(request.organisation), ..Actor::system() })?;
    let hint = super::account::password_rules(visit.app.profile(&access));
    let error = refused.filter(|r| r.field == Some("password")).map(|r| &r.text);
    let words = text(
        "新しいパスワードを決めて入力してください。設定した後、いつものメールアドレスとこのパスワードでサインインします。",
        "Choose a new password. Afterwards sign in with your mail address and this password.",
    );
    let main = html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        p { (words.get(lang)) }
        form.narrow method="post" action=(urls::reissue()) {
            (csrf(&visit.csrf))
            input type="hidden" name="link" value=(link);
            (input_field(lang, Input::NewPassword, &Field::new("password", text("新しいパスワード", "New password")).hint(hint).error(error).required()))
            (submit(lang, Kind::Primary, &text("設定する", "Set")))
        }
    };
    let link: String = form_urlencoded::byte_serialize(link.as_bytes()).collect();
    let page = Page { here: format!("{}?link={link}", urls::reissue()), ..visit.page(title(), main) };
    Ok(match refused {
        Some(refusal) => Answer::Refused(answer::status(refusal.why), Box::new(page)),
        None => page.into(),
    })
}

fn unusable(visit: &Visit) -> Markup {
    let lang = visit.lang;
    let what = text("このリンクは使えません。", "This link does not work.");
    let why = text(
        "リンクは24時間以内に一度だけ使えます。すでにパスワードを設定した場合は、そのままサインインしてください。まだの場合は、組織管理者に再発行を依頼してください。",
        "A link works once, within 24 hours. If you have set your password already, sign in. If not, ask your administrator for another.",
    );
    html! {
        (notice(lang, Tone::Info, &what, html! { p { (why.get(lang)) } }))
        (link_button(lang, Kind::Primary, &text("サインインへ", "To the sign-in"), &urls::sign_in()))
    }
}

fn set(visit: &Visit) -> Result<Answer, app::Error> {
    let link = visit.form.text("link");
    let secret = |name| Secret(visit.form.text(name).to_owned());
    let installation = Actor { address: visit.address.clone(), ..Actor::system() };
    match visit.app.execute(&installation, Command::SetNewPassword { link: secret("link"), password: secret("password") }) {
        Ok(_) => Ok(Answer::Go(format!("{}?after=reissue", urls::sign_in()))),
        Err(app::Error::Refused(refusal)) => page(visit, link, Some(&refusal)),
        Err(other) => Err(other),
    }
}

/// On the sign-in page, after the password was set.
pub fn password_set(lang: Lang) -> Markup {
    let words = text("新しいパスワードを設定しました。サインインしてください。", "The new password is set. Please sign in.");
    notice(lang, Tone::Success, &words, html! {})
}
