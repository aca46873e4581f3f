//! The own account: who one is, the organisations one acts for, language and password.

use maud::{Markup, html};
use rules::command::{Command, Secret};
use rules::refusal::Refusal;
use rules::text::{Lang, Text, text};

use crate::answer;
use crate::components::{Choice, Field, Input, Kind, Tone, card, csrf, facts, input_field, link_button, notice, radios, submit};
use crate::route::{Answer, Guard, Route, get, post};
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[
    get("/account", Guard::SignedIn, show),
    post("/account/password", Guard::SignedIn, password),
    post("/account/language", Guard::SignedIn, language),
];

fn title() -> Text {
    text("アカウント", "Account")
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let mut page = visit.page(title(), view(visit, None)?);
    if visit.query.text("saved") == "password" {
        page.notices = notice(visit.lang, Tone::Success, &text("パスワードを変更しました。", "The password is changed."), html! {});
    }
    Ok(page.into())
}

fn view(visit: &Visit, refused: Option<&Refusal>) -> Result<Markup, app::Error> {
    let lang = visit.lang;
    let signed = visit.signed.as_ref().ok_or(Refusal::forbidden())?;
    let roles: Vec<String> = signed.actor.roles.iter().map(|r| r.name().get(lang).to_owned()).collect();
    Ok(html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        (facts(lang, &[
            (text("名前", "Name"), html! { (signed.person.name) }),
            (text("メールアドレス", "Mail address"), html! { (signed.person.email) }),
            (text("組織", "Organisation"), html! { (signed.organisation.name) }),
            (text("役割", "Roles"), html! { (roles.join(if lang == Lang::Ja { "、" } else { ", " })) }),
        ]))
        div.columns {
            (card(lang, &text("パスワードの変更", "Change the password"), html! {}, password_form(visit, refused)))
            (card(lang, &text("表示言語", "Language"), html! {}, language_form(visit)))
            (card(lang, &text("APIトークン", "API tokens"), html! {}, html! {
                p { (text("プログラムから操作するためのトークンを発行、失効できます。", "Issue and revoke tokens for programs that act in your name.").get(lang)) }
                (link_button(lang, Kind::Secondary, &text("トークンの一覧", "Your tokens"), &urls::tokens()))
            }))
        }
    })
}

fn password_form(visit: &Visit, refused: Option<&Refusal>) -> Markup {
    let lang = visit.lang;
    let error = |name: &str| refused.filter(|r| r.field == Some(name)).map(|r| &r.text);
    let hint = text("13文字以上。長い言葉の組み合わせが使えます。", "At least 13 characters; several long words do well.");
    html! {
        form method="post" action=(urls::account_act("password")) {
            (csrf(&visit.csrf))
            (input_field(lang, Input::CurrentPassword, &Field::new("current", text("現在のパスワード", "Current password")).error(error("current")).required()))
            (input_field(lang, Input::NewPassword, &Field::new("password", text("新しいパスワード", "New password")).hint(hint).error(error("password")).required()))
            (submit(lang, Kind::Primary, &text("変更する", "Change")))
        }
    }
}

fn language_form(visit: &Visit) -> Markup {
    let lang = visit.lang;
    let choices = [Choice::new("ja", text("日本語", "Japanese")), Choice::new("en", text("英語", "English"))];
    html! {
        form method="post" action=(urls::account_act("language")) {
            (csrf(&visit.csrf))
            (radios(lang, &Field::new("lang", text("画面の言語", "Language of the pages")).value(lang.tag()).required(), &choices, true))
            (submit(lang, Kind::Secondary, &text("切り替える", "Switch")))
        }
    }
}

fn password(visit: &Visit) -> Result<Answer, app::Error> {
    let secret = |name| Secret(visit.form.text(name).to_owned());
    match visit.app.execute(visit.actor()?, Command::ChangePassword { current: secret("current"), new: secret("password") }) {
        // The old password's sessions are over, this one too; the person goes on in a new one.
        Ok(_) => {
            let signed = visit.signed.as_ref().ok_or(Refusal::forbidden())?;
            let fresh =
                visit.app.sign_in(&signed.person.email, visit.form.text("password"), &visit.address, Some(signed.organisation.id))?;
            Ok(Answer::Session(Some(fresh.secret), format!("{}?saved=password", urls::account())))
        }
        Err(app::Error::Refused(refusal)) => {
            Ok(Answer::Refused(answer::status(refusal.why), Box::new(visit.page(title(), view(visit, Some(&refusal))?))))
        }
        Err(other) => Err(other),
    }
}

fn language(visit: &Visit) -> Result<Answer, app::Error> {
    let lang = Lang::from_tag(visit.form.text("lang"));
    visit.app.execute(visit.actor()?, Command::SetLanguage { lang })?;
    Ok(Answer::Language(lang, urls::account()))
}
