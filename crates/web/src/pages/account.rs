//! The own account: who one is and how one came in, factors, sessions, password, language, and what to do after a leak.

use app::sign_in::SignedIn;
use maud::{Markup, html};
use rules::command::{Command, Secret};
use rules::password::Profile;
use rules::refusal::Refusal;
use rules::text::{Lang, Text, text, worded};

use super::form::{self, Again, Form};
use super::{factors, own_sessions, signs};
use crate::components::{
    Area, Choice, Field, Input, Kind, Tone, card, csrf, details, facts, input_field, link_button, notice, radios, submit, textarea,
};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[
    get("/account", Guard::SignedIn, show),
    post("/account/password", Guard::SignedIn, password),
    post("/account/language", Guard::SignedIn, language),
    post("/account/leak", Guard::SignedIn, leak),
];

pub fn title() -> Text {
    text("アカウント", "Account")
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let mut page = page(visit, None)?;
    let said = match visit.query.text("saved") {
        "password" => text("パスワードを変更しました。", "The password is changed."),
        "factor" => text("認証の要素を登録しました。", "The factor is registered."),
        "removed" => text("認証の要素を削除しました。", "The factor is removed."),
        "sessions" => text("セッションを終了しました。", "The session is ended."),
        _ => return Ok(page.into()),
    };
    page.notices = notice(visit.lang, Tone::Success, &said, html! {});
    Ok(page.into())
}

/// The address of the page, saying what was done on it.
pub fn saved_at(what: &str) -> String {
    format!("{}?saved={what}", urls::account())
}

/// The whole page; a form that was refused says why.
pub fn page(visit: &Visit, again: Again) -> Result<Page, app::Error> {
    Ok(Page { here: urls::account(), ..visit.page(title(), view(visit, again)?) })
}

fn view(visit: &Visit, again: Again) -> Result<Markup, app::Error> {
    let lang = visit.lang;
    let signed = visit.signed.as_ref().ok_or(Refusal::forbidden())?;
    let roles: Vec<String> = signed.actor.roles.iter().map(|r| r.name().get(lang).to_owned()).collect();
    let access = visit.app.own_access(&signed.actor)?;
    Ok(html! {
        (facts(lang, &[
            (text("名前", "Name"), html! { (signed.person.name) }),
            (text("メールアドレス", "Mail address"), html! { (signed.person.email) }),
            (text("組織", "Organisation"), html! { (signed.organisation.name) }),
            (text("役割", "Roles"), html! { (roles.join(if lang == Lang::Ja { "、" } else { ", " })) }),
            (text("今回のサインイン", "This sign-in"), html! { (signs::time(signed.since)) " " (signed.method.name().get(lang)) }),
            (text("前回のサインイン", "Sign-in before it"), before(lang, signed)),
        ]))
        div.columns {
            div #factors { (factors::part(visit, &signed.actor, again)?) }
            div #sessions { (own_sessions::part(visit, signed, again)?) }
            (card(lang, &text("パスワードの変更", "Change the password"), html! {}, password_form(visit, visit.app.profile(&access), again)))
            (card(lang, &text("認証情報が漏れたかもしれないとき", "If your credentials may have leaked"), html! {}, leak_form(visit, again)))
            (card(lang, &text("表示言語", "Language"), html! {}, language_form(visit)))
            (card(lang, &text("APIトークン", "API tokens"), html! {}, html! {
                p { (text("プログラムから操作するためのトークンを発行、失効できます。", "Issue and revoke tokens for programs that act in your name.").get(lang)) }
                (link_button(lang, Kind::Secondary, &text("トークンの一覧", "Your tokens"), &urls::tokens()))
            }))
        }
    })
}

fn before(lang: Lang, signed: &SignedIn) -> Markup {
    html! {
        @match signed.prior_in {
            Some(at) => (signs::time(at)),
            None => (text("なし（初めてのサインイン）", "None: this is the first").get(lang)),
        }
        @if signed.prior_failed > 0 { p { (failures(signed).get(lang)) } }
    }
}

fn failures(signed: &SignedIn) -> Text {
    let n = signed.prior_failed;
    let (ja, en) = signed
        .prior_failed_at
        .map(signs::moment)
        .map_or_else(Default::default, |at| (format!("（最後の失敗：{at}、日本時間）"), format!(" (the last on {at}, Japan)")));
    worded(
        format!("その後、サインインの失敗が{n}回ありました{ja}。"),
        format!("Since then {n} {} failed{en}.", if n == 1 { "sign-in" } else { "sign-ins" }),
    )
}

/// When the person was last here, and a warning where somebody tried to come in since (item 92(1)).
pub fn last_sign_in(lang: Lang, signed: &SignedIn) -> Markup {
    let last = match signed.prior_in.map(signs::moment) {
        Some(at) => worded(format!("前回のサインイン：{at}（日本時間）"), format!("Your last sign-in: {at} (Japan)")),
        None => text("初めてのサインインです。", "This is your first sign-in."),
    };
    if signed.prior_failed == 0 {
        return notice(lang, Tone::Info, &last, html! {});
    }
    let title = text("第三者による不正なサインインの試みがあった可能性があります。", "Somebody else may have tried to sign in as you.");
    let advice = text(
        "ご自身の入力間違いでなければ、パスワードを変更し、組織管理者に連絡してください。",
        "If it was not you who mistyped, change your password and tell your administrator.",
    );
    let body = html! {
        p { (last.get(lang)) " " (failures(signed).get(lang)) }
        p { (advice.get(lang)) " " a href=(urls::account()) { (text("アカウントの画面へ", "To your account").get(lang)) } }
    };
    notice(lang, Tone::Warn, &title, body)
}

/// What a profile asks of a password, for the hint at its field.
pub fn password_rules(profile: &Profile) -> Text {
    let (shortest, classes, history) = (profile.shortest, profile.classes, profile.history);
    let (kinds_ja, kinds_en) = if classes > 1 {
        (
            format!("英小文字、英大文字、数字、記号、日本語の文字のうち{classes}種類以上を使います。"),
            format!(" Use {classes} or more of: lower-case letters, upper-case letters, digits, signs, Japanese letters."),
        )
    } else {
        Default::default()
    };
    worded(
        format!(
            "{shortest}文字以上。{kinds_ja}関係のない言葉をいくつも並べると、覚えやすく推測されにくくなります。氏名や組織名を主としたもの、最近使った{history}個は使えません。"
        ),
        format!(
            "At least {shortest} characters.{kinds_en} Several unrelated words are easy to remember and hard to guess. Not mainly your name or organisation, and none of the last {history}."
        ),
    )
}

fn password_form(visit: &Visit, profile: &Profile, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "password", again);
    html! {
        (form.summary())
        form method="post" action=(urls::account_act("password")) {
            (csrf(&visit.csrf))
            (input_field(lang, Input::CurrentPassword, &form.field("current", text("現在のパスワード", "Current password"), "").required()))
            (input_field(lang, Input::NewPassword, &form.field("password", text("新しいパスワード", "New password"), "").hint(password_rules(profile)).required()))
            p.hint { (text("変更すると、ほかの端末のセッションは終了します。", "Your sessions on other devices end with it.").get(lang)) }
            (submit(lang, Kind::Primary, &text("変更する", "Change")))
        }
    }
}

fn leak_form(visit: &Visit, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "leak", again);
    let what = text(
        "届け出ると、パスワードはすぐに使えなくなり、すべてのセッションとAPIトークンが終了します。組織管理者が本人確認のうえ、新しいパスワードを設定するための手段を用意します。",
        "Your password stops at once, and all sessions and API tokens end. Your administrator checks your identity and then lets you set a new password.",
    );
    let reason = form.field("reason", text("状況", "What happened"), "");
    let hint =
        text("例：不審なメールのリンク先でパスワードを入力した。", "For example: typed the password on a page from a suspicious mail.");
    html! {
        p { (text("パスワードを他人に知られた、端末を失くした、身に覚えのないサインインがある。そのようなときは、すぐに届け出てください。", "Somebody knows your password, a device is lost, a sign-in was not yours: report it at once.").get(lang)) }
        (details(lang, &text("漏えいを届け出る", "Report a leak"), form.refused.is_some(), html! {
            (form.summary())
            p { (what.get(lang)) }
            form method="post" action=(urls::account_act("leak")) {
                (csrf(&visit.csrf))
                (textarea(lang, Area { rows: 3, limit: Some(500), ..Area::default() }, &reason.hint(hint).required()))
                (submit(lang, Kind::Danger, &text("届け出て認証情報を止める", "Report, and stop my credentials")))
            }
        }))
    }
}

/// On the sign-in page, after the report has ended the session.
pub fn leak_told(lang: Lang) -> Markup {
    let title = text("届出を受け付け、認証情報を止めました。", "Your report is in, and your credentials are stopped.");
    let next = text(
        "これまでのパスワードでは、誰もサインインできません。組織管理者に通知しました。組織管理者が本人確認をした後、新しいパスワードを設定するためのリンクか初期パスワードを受け取ってください。",
        "Nobody can sign in with the old password. Your administrators are told. After they have checked your identity you get a link, or a first password, to set a new one.",
    );
    let more = text(
        "認証アプリやパスキーの入った端末も失くした場合は、そのことも組織管理者に伝えてください。同じパスワードをほかのサービスで使っている場合は、そちらも変更してください。",
        "If a device with your authenticator app or passkey is lost too, tell them so. Change the same password wherever else you use it.",
    );
    notice(lang, Tone::Success, &title, html! { p { (next.get(lang)) } p { (more.get(lang)) } })
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
    let command = Command::ChangePassword { current: secret("current"), new: secret("password") };
    match visit.app.execute(visit.actor()?, command) {
        // The old password's sessions are over, this one too; the person goes on in a new one.
        Ok(_) => {
            let signed = visit.signed.as_ref().ok_or(Refusal::forbidden())?;
            let fresh = visit.app.reopen(signed, visit.door())?;
            Ok(Answer::Session(Some(fresh.secret), saved_at("password")))
        }
        Err(error) => form::settle(Err(error), |refusal| page(visit, Some(("password", refusal)))),
    }
}

fn leak(visit: &Visit) -> Result<Answer, app::Error> {
    let command = Command::ReportLeak { person: None, reason: visit.form.text("reason").to_owned() };
    match visit.app.execute(visit.actor()?, command) {
        Ok(_) => Ok(Answer::Session(None, format!("{}?after=leak", urls::sign_in()))),
        Err(error) => form::settle(Err(error), |refusal| page(visit, Some(("leak", refusal)))),
    }
}

fn language(visit: &Visit) -> Result<Answer, app::Error> {
    let lang = Lang::from_tag(visit.form.text("lang"));
    visit.app.execute(visit.actor()?, Command::SetLanguage { lang })?;
    Ok(Answer::Language(lang, urls::account()))
}
