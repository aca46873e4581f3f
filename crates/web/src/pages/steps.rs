//! The steps between the password and an open session: second factor, a new password, registering a factor.

use std::collections::BTreeMap;

use app::sign_in::NewSession;
use app::sign_in::factors::Proof;
use maud::{Markup, html};
use rules::account::{FactorKind, Stage};
use rules::act::Actor;
use rules::command::{Command, Secret};
use rules::refusal::Refusal;
use rules::text::{Text, text};

use super::kept::Kept;
use crate::answer;
use crate::components::{Fault, Field, Input, Kind, csrf, details, error_summary, input_field, submit, text_field};
use crate::route::{Answer, Guard, Route, get, post};
use crate::session;
use crate::shell::Page;
use crate::urls;
use crate::visit::{Fields, Visit};

const FACTOR: Guard = Guard::Step(Stage::Factor);
const PASSWORD: Guard = Guard::Step(Stage::Password);
const ENROL: Guard = Guard::Step(Stage::Enrol);

pub const ROUTES: &[Route] = &[
    get("/signin/factor", FACTOR, show_factor),
    post("/signin/factor", FACTOR, factor),
    get("/signin/password", PASSWORD, show_password),
    post("/signin/password", PASSWORD, password),
    get("/signin/enrol", ENROL, show_enrol),
    post("/signin/enrol/totp", ENROL, enrol_totp),
    post("/signin/enrol/passkey", ENROL, enrol_passkey),
    post("/signin/cancel", Guard::Public, cancel),
];

/// Where a step is done.
pub const fn path(stage: Stage) -> &'static str {
    match stage {
        Stage::Full => "/",
        Stage::Factor => "/signin/factor",
        Stage::Password => "/signin/password",
        Stage::Enrol => "/signin/enrol",
    }
}

/// What follows a right answer at the door: the next step, or the open session. What was wanted before comes along.
pub fn opened(visit: &Visit, session: &NewSession, kept: &Kept) -> Result<Answer, app::Error> {
    let secret = || Some(session.secret.clone());
    // A form travels in the page itself, and only there: the next page is the answer to this one.
    if kept.is_form() {
        let next = within(visit, session)?;
        let page = match session.stage {
            Stage::Full => {
                let told = next.signed.as_ref().filter(|s| s.prior_failed > 0);
                super::sign_in::go_on(
                    &next,
                    html! { @if let Some(signed) = told { (super::account::last_sign_in(next.lang, signed)) } },
                    kept,
                )
            }
            Stage::Factor => factor_page(&next, None, kept)?,
            Stage::Password => password_page(&next, None, kept)?,
            Stage::Enrol => enrol_page(&next, None, kept)?,
        };
        return Ok(Answer::SessionPage(session.secret.clone(), Box::new(page)));
    }
    if session.stage != Stage::Full {
        return Ok(Answer::Session(secret(), kept.after(path(session.stage))));
    }
    let enrolled = visit.partial.as_ref().is_some_and(|p| p.stage == Stage::Enrol);
    let failed = visit.app.session_from(&session.secret, visit.door())?.is_some_and(|s| s.prior_failed > 0);
    let to = match kept.to() {
        // What has to be read first is read first, with a link to where somebody wanted to go.
        Some(to) if !enrolled && !failed => to.to_owned(),
        _ => kept.after(&urls::come_in(enrolled)),
    };
    Ok(Answer::Session(secret(), to))
}

/// The visitor as the next request would find them, in the session that was opened a moment ago.
fn within<'a>(visit: &Visit<'a>, session: &NewSession) -> Result<Visit<'a>, app::Error> {
    let (app, door) = (visit.app, visit.door());
    Ok(Visit {
        app,
        signed: app.session_from(&session.secret, door)?,
        partial: app.partial(&session.secret, door)?,
        lang: visit.lang,
        here: path(session.stage).to_owned(),
        params: BTreeMap::new(),
        query: Fields::default(),
        form: Fields::default(),
        uploads: vec![],
        upload_refused: None,
        fragment: false,
        address: visit.address.clone(),
        certificate: visit.certificate,
        csrf: session::csrf_of(&session.secret),
        under_way: None,
    })
}

/// A step's page; its address is the one that can be opened again.
fn page(visit: &Visit, stage: Stage, title: Text, main: Markup, kept: &Kept) -> Page {
    Page { here: kept.after(path(stage)), ..visit.page(title, main) }
}

/// Shows a step's page again, with what is wrong.
fn again(refusal: &Refusal, page: Page) -> Answer {
    Answer::Refused(answer::status(refusal.why), Box::new(page))
}

fn show_factor(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(factor_page(visit, None, &Kept::of_step(visit))?.into())
}

/// One field for the usual code; whatever else proves it stands below.
fn factor_page(visit: &Visit, refused: Option<&Refusal>, kept: &Kept) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let partial = visit.partial()?;
    let factors = visit.app.own_factors(&partial.actor)?;
    let has = |kind| factors.iter().any(|f| f.kind == kind);
    let challenge = visit.app.ask_own_passkey(partial.person.id)?;
    // Which of the forms was refused; the others stay as they are.
    let tried = refused.map(|_| visit.form.text("by"));
    let error = |by: &str| refused.filter(|_| tried == Some(by)).map(|r| &r.text);
    let code = |by: &'static str, label, error| Field::new("code", label).form(if by == "totp" { "" } else { by }).error(error).required();
    let form = |by: &str, inside: Markup| {
        html! {
            form.narrow method="post" action=(path(Stage::Factor)) {
                (csrf(&visit.csrf))
                (kept.hidden())
                input type="hidden" name="by" value=(by);
                (inside)
            }
        }
    };
    let passkey = challenge.as_deref().map(|challenge| {
        let (kind, label) = (if has(FactorKind::Totp) { Kind::Secondary } else { Kind::Primary }, text("パスキーを使う", "Use a passkey"));
        Passkey { act: "confirm", to: path(Stage::Factor), challenge: Some(challenge), from: None, kind, label }.form(visit, kept.hidden())
    });
    let other = matches!(tried, Some("recovery" | "alternate"));
    let main = html! {
        @if let Some(refusal) = refused {
            @let field = tried.filter(|by| matches!(*by, "totp" | "recovery" | "alternate")).filter(|_| refusal.field == Some("code"));
            @let at = field.map(|by| Field::new("code", refusal.text.clone()).form(if by == "totp" { "" } else { by }).id());
            (error_summary(lang, &[Fault { at, what: refusal.text.clone() }]))
        }
        @if has(FactorKind::Totp) {
            p { (text("認証アプリに表示されている6桁のコードを入力してください。", "Enter the six digits that your authenticator app shows.").get(lang)) }
            (form("totp", html! {
                (input_field(lang, Input::Code, &code("totp", text("ワンタイムコード（6桁）", "One-time code (6 digits)"), error("totp"))))
                (submit(lang, Kind::Primary, &text("確認する", "Go on")))
            }))
        } @else if let Some(passkey) = &passkey {
            p { (text("登録したパスキーで、本人であることを確認します。", "Confirm with your passkey that it is you.").get(lang)) }
            (passkey)
        }
        (details(lang, &text("ほかの方法", "Another way"), other, html! {
            @if let Some(passkey) = passkey.as_ref().filter(|_| has(FactorKind::Totp)) { (passkey) }
            @if has(FactorKind::Recovery) {
                (form("recovery", html! {
                    (text_field(lang, &code("recovery", text("リカバリーコード", "Recovery code"), error("recovery")).hint(text("紙などに控えたコードの1つです。1つのコードは1回だけ使えます。", "One of the codes you printed; each is good once."))))
                    (submit(lang, Kind::Secondary, &text("リカバリーコードを使う", "Use a recovery code")))
                }))
            }
            (form("alternate", html! {
                (text_field(lang, &code("alternate", text("代替認証コード", "Alternate code"), error("alternate")).hint(text("組織管理者が承認し、渡したコードです。", "The code that your administrator approved and gave to you."))))
                (submit(lang, Kind::Secondary, &text("代替認証コードを使う", "Use an alternate code")))
            }))
            p.hint { (text("どの方法も使えない場合は、組織管理者に再発行を依頼してください。", "If none of these works, ask your administrator for new credentials.").get(lang)) }
        }))
        (cancel_form(visit))
    };
    Ok(page(visit, Stage::Factor, text("2段階目の認証", "Second factor"), main, kept))
}

/// A form that the browser fills with a passkey's answer.
pub struct Passkey<'a> {
    /// `confirm`, `register` or `sign-in`, as `passkey.js` knows them.
    pub act: &'static str,
    pub to: &'a str,
    /// The challenge, or below the address that gives one when the button is pressed.
    pub challenge: Option<&'a str>,
    pub from: Option<&'static str>,
    pub kind: Kind,
    pub label: Text,
}

impl Passkey<'_> {
    /// Shown by scripts alone, which it needs. One stands on a page: it brings its script along.
    pub fn form(&self, visit: &Visit, inside: Markup) -> Markup {
        let lang = visit.lang;
        html! {
            noscript { p.hint { (text("パスキーを使うには、ブラウザのJavaScriptを有効にしてください。", "Passkeys need JavaScript in the browser.").get(lang)) } }
            form.narrow method="post" action=(self.to) hidden data-scripted data-passkey=(self.act) data-challenge=[self.challenge] data-challenge-from=[self.from] {
                (csrf(&visit.csrf))
                input type="hidden" name="by" value="passkey";
                input type="hidden" name="passkey";
                (inside)
                (submit(lang, self.kind, &self.label))
                p.hint data-passkey-missing hidden { (text("このブラウザではパスキーを使えません。", "This browser has no passkeys.").get(lang)) }
                p.field-error data-passkey-failed tabindex="-1" hidden { (text("パスキーを使えませんでした。もう一度お試しください。", "The passkey could not be used. Please try again.").get(lang)) }
                p.hint data-passkey-known tabindex="-1" hidden { (text("この端末のパスキーはすでに登録されています。", "This device's passkey is registered already.").get(lang)) }
            }
            script src=(crate::assets::href("passkey.js")) defer {}
        }
    }
}

fn cancel_form(visit: &Visit) -> Markup {
    html! {
        form method="post" action="/signin/cancel" {
            (csrf(&visit.csrf))
            (submit(visit.lang, Kind::Quiet, &text("サインインをやめる", "Cancel signing in")))
        }
    }
}

/// The proof that a form holds; the field says by which means.
pub fn proof(visit: &Visit) -> Option<Proof> {
    let code = || Secret(visit.form.text("code").to_owned());
    match visit.form.text("by") {
        "totp" => Some(Proof::Totp(code())),
        "recovery" => Some(Proof::Recovery(code())),
        "alternate" => Some(Proof::Alternate(code())),
        "passkey" => Some(Proof::Passkey(Secret(visit.form.text("passkey").to_owned()))),
        "password" => Some(Proof::Password(Secret(visit.form.text("password").to_owned()))),
        _ => None,
    }
}

fn factor(visit: &Visit) -> Result<Answer, app::Error> {
    let kept = Kept::of_step(visit);
    let none = || Refusal::invalid("code", text("コードを入力してください。", "Enter a code."));
    let done =
        proof(visit).ok_or_else(none).map_err(app::Error::from).and_then(|p| visit.app.second_factor(visit.partial()?, &p, visit.door()));
    match done {
        Ok(session) => opened(visit, &session, &kept),
        Err(app::Error::Refused(refusal)) => Ok(again(&refusal, factor_page(visit, Some(&refusal), &kept)?)),
        Err(other) => Err(other),
    }
}

fn show_password(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(password_page(visit, None, &Kept::of_step(visit))?.into())
}

fn password_page(visit: &Visit, refused: Option<&Refusal>, kept: &Kept) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let error = |name: &str| refused.filter(|r| r.field == Some(name)).map(|r| &r.text);
    let access = visit.app.own_access(&visit.partial()?.actor)?;
    let hint = super::account::password_rules(visit.app.profile(&access));
    let main = html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        p { (text("初期パスワード、または期限の過ぎたパスワードです。続けるには新しいパスワードを設定してください。", "This password was made for you, or is out of date. Set a new one to go on.").get(lang)) }
        form.narrow method="post" action=(path(Stage::Password)) {
            (csrf(&visit.csrf))
            (kept.hidden())
            (input_field(lang, Input::CurrentPassword, &Field::new("current", text("現在のパスワード", "Current password")).error(error("current")).required()))
            (input_field(lang, Input::NewPassword, &Field::new("password", text("新しいパスワード", "New password")).hint(hint).error(error("password")).required()))
            (submit(lang, Kind::Primary, &text("設定する", "Set")))
        }
        (cancel_form(visit))
    };
    Ok(page(visit, Stage::Password, text("新しいパスワードの設定", "Set a new password"), main, kept))
}

fn password(visit: &Visit) -> Result<Answer, app::Error> {
    let secret = |name| Secret(visit.form.text(name).to_owned());
    let kept = Kept::of_step(visit);
    let partial = visit.partial()?;
    match visit.app.execute(&partial.actor, Command::ChangePassword { current: secret("current"), new: secret("password") }) {
        Ok(_) => opened(visit, &visit.app.go_on(partial, visit.door())?, &kept),
        Err(app::Error::Refused(refusal)) => Ok(again(&refusal, password_page(visit, Some(&refusal), &kept)?)),
        Err(other) => Err(other),
    }
}

fn show_enrol(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(enrol_page(visit, None, &Kept::of_step(visit))?.into())
}

fn enrol_page(visit: &Visit, refused: Option<&Refusal>, kept: &Kept) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let partial = visit.partial()?;
    let challenge = visit.app.begin_passkey(&partial.person)?;
    let why = match &challenge {
        Some(_) => text(
            "あなたの役割では、パスワードに加えて2段階目の認証が必要です。認証アプリかパスキーのどちらかを登録すると、利用を始められます。",
            "Your role needs a second factor beside the password. Register an authenticator app or a passkey, and you can begin.",
        ),
        None => text(
            "あなたの役割では、パスワードに加えて2段階目の認証が必要です。スマートフォンなどの認証アプリを登録すると、利用を始められます。",
            "Your role needs a second factor beside the password. Register an authenticator app, on a phone for example, and you can begin.",
        ),
    };
    let main = html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        p { (why.get(lang)) }
        h2 { (text("認証アプリ（ワンタイムコード）", "Authenticator app (one-time codes)").get(lang)) }
        (totp_form(visit, &partial.actor, "/signin/enrol/totp", refused, kept.hidden())?)
        @if let Some(challenge) = &challenge {
            h2 { (text("パスキー", "Passkey").get(lang)) }
            p { (text("この端末の指紋、顔、画面ロックや、セキュリティキーで確認します。", "Confirm with this device's fingerprint, face or screen lock, or with a security key.").get(lang)) }
            @let label = text("パスキーを登録する", "Register a passkey");
            (Passkey { act: "register", to: "/signin/enrol/passkey", challenge: Some(challenge), from: None, kind: Kind::Secondary, label }.form(visit, kept.hidden()))
        }
        (cancel_form(visit))
    };
    Ok(page(visit, Stage::Enrol, text("2段階認証の登録", "Register a second factor"), main, kept))
}

/// The key of a code generator, as a picture and as text, and the field for its first code.
pub fn totp_form(visit: &Visit, actor: &Actor, to: &str, refused: Option<&Refusal>, inside: Markup) -> Result<Markup, app::Error> {
    let lang = visit.lang;
    let setup = visit.app.begin_totp(actor)?;
    let error = refused.filter(|r| r.field == Some("code")).map(|r| &r.text);
    let grouped = setup.key.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned()).collect::<Vec<_>>().join(" ");
    Ok(html! {
        p { (text("認証アプリで次の図を読み取るか、キーを入力してください。その後、アプリに表示された6桁のコードを入力します。", "Scan the picture with an authenticator app, or type the key. Then enter the six digits that the app shows.").get(lang)) }
        (crate::chart::code_picture(lang, &setup.uri))
        p { (text("キー: ", "Key: ").get(lang)) code.secret { (grouped) } }
        form.narrow method="post" action=(to) {
            (csrf(&visit.csrf))
            (inside)
            (input_field(lang, Input::Code, &Field::new("code", text("表示された6桁のコード", "The six digits it shows")).error(error).required()))
            (submit(lang, Kind::Primary, &text("登録する", "Register")))
        }
    })
}

fn enrol_totp(visit: &Visit) -> Result<Answer, app::Error> {
    enrol(visit, Command::AddTotp { name: String::new(), code: Secret(visit.form.text("code").to_owned()) })
}

fn enrol_passkey(visit: &Visit) -> Result<Answer, app::Error> {
    enrol(visit, Command::AddPasskey { name: String::new(), response: Secret(visit.form.text("passkey").to_owned()) })
}

fn enrol(visit: &Visit, command: Command) -> Result<Answer, app::Error> {
    let kept = Kept::of_step(visit);
    let partial = visit.partial()?;
    match visit.app.execute(&partial.actor, command) {
        Ok(_) => opened(visit, &visit.app.go_on(partial, visit.door())?, &kept),
        Err(app::Error::Refused(refusal)) => Ok(again(&refusal, enrol_page(visit, Some(&refusal), &kept)?)),
        Err(other) => Err(other),
    }
}

fn cancel(visit: &Visit) -> Result<Answer, app::Error> {
    if visit.signed.is_some() {
        return Ok(Answer::Go(urls::home()));
    }
    if let Some(partial) = &visit.partial {
        visit.app.give_up(partial)?;
    }
    Ok(Answer::Session(None, urls::sign_in()))
}
