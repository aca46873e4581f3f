//! Tokens for programs that act in one's name: issue with scope and expiry, see, revoke.

use jiff::civil::Date;
use maud::{Markup, html};
use rules::command::Command;
use rules::party::{TOKEN_DAYS, Token};
use rules::refusal::Refusal;
use rules::text::{Text, text, worded};

use crate::answer;
use crate::components::{
    Button, Choice, Column, Crumb, Field, Kind, Row, Table, Tone, csrf, date_field, empty, notice, radios, submit, table, tag, text_field,
};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] =
    &[get("/tokens", Guard::SignedIn, show), post("/tokens", Guard::SignedIn, issue), post("/tokens/revoke", Guard::SignedIn, revoke)];

fn title() -> Text {
    text("APIトークン", "API tokens")
}

fn page(visit: &Visit, refused: Option<&Refusal>, secret: Option<&str>) -> Result<Page, app::Error> {
    let tokens = visit.app.tokens(visit.actor()?)?;
    let lang = visit.lang;
    let main = html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        @if let Some(secret) = secret { (shown_once(visit, secret)) }
        (list(visit, &tokens))
        h2 { (text("トークンを発行する", "Issue a token").get(lang)) }
        (form(visit, refused))
    };
    let lead = text(
        "プログラムは、トークンを持つ人の権限の範囲で、この組織として動きます。",
        "A program with a token acts for this organisation, with your permissions.",
    );
    let mut page = Page { lead: Some(lead), ..visit.page(title(), main) };
    page.breadcrumb = vec![Crumb::link(text("アカウント", "Account"), urls::account()), Crumb::here(title())];
    if visit.query.text("saved") == "revoked" {
        page.notices = notice(lang, Tone::Success, &text("トークンを失効しました。", "The token is revoked."), html! {});
    }
    Ok(page)
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, None, None)?.into())
}

/// The secret is in this answer alone; the database keeps its digest.
fn shown_once(visit: &Visit, secret: &str) -> Markup {
    let lang = visit.lang;
    let how = text(
        "今だけ表示されます。コピーして、パスワードと同じように安全な場所に保管してください。HTTPヘッダー「Authorization: Bearer 〈トークン〉」で使います。",
        "It is shown only now. Copy it and keep it as safe as a password. Send it in the HTTP header “Authorization: Bearer <token>”.",
    );
    notice(
        lang,
        Tone::Success,
        &text("トークンを発行しました。", "Here is the token."),
        html! { p { code.secret { (secret) } } p { (how.get(lang)) } },
    )
}

fn list(visit: &Visit, tokens: &[Token]) -> Markup {
    let lang = visit.lang;
    if tokens.is_empty() {
        return empty(lang, &text("トークンはありません", "No tokens"), &text("下の欄から発行できます。", "Issue one below."), html! {});
    }
    table_of(visit, tokens, &urls::token_revoke())
}

/// Tokens with what becomes of them; a form at `revoke` takes one back.
pub fn table_of(visit: &Visit, tokens: &[Token], revoke: &str) -> Markup {
    let lang = visit.lang;
    let today = rules::act::japan(visit.app.clock.now()).date();
    let columns = vec![
        Column::new(text("名前", "Name")),
        Column::new(text("範囲", "Scope")),
        Column::new(text("期限", "Expires")),
        Column::new(text("状態", "State")),
        Column::new(text("操作", "Action")),
    ];
    let rows = tokens.iter().map(|token| {
        let (tone, state) = match (token.revoked, token.expires < today) {
            (true, _) => (Tone::Neutral, text("失効済み", "Revoked")),
            (false, true) => (Tone::Warn, text("期限切れ", "Expired")),
            (false, false) => (Tone::Success, text("有効", "Valid")),
        };
        let day = token.expires.to_string();
        Row::new(vec![
            html! { (token.name) },
            html! { (scope(token.write).get(lang)) },
            html! { time datetime=(day) { (day) } },
            tag(lang, tone, &state),
            html! { @if !token.revoked {
                form method="post" action=(revoke) {
                    (csrf(&visit.csrf))
                    input type="hidden" name="token" value=(token.id);
                    (Button::new(Kind::Secondary, text("失効する", "Revoke")).small().about(worded(token.name.clone(), token.name.clone())).submit(lang))
                }
            } },
        ])
    });
    table(lang, &Table::new(text("発行したトークン", "Tokens that were issued"), columns, rows.collect()))
}

const fn scope(write: bool) -> Text {
    if write { text("読み取りと書き込み", "Read and write") } else { text("読み取りのみ", "Read only") }
}

fn form(visit: &Visit, refused: Option<&Refusal>) -> Markup {
    let lang = visit.lang;
    let error = |name: &str| refused.filter(|r| r.field == Some(name)).map(|r| &r.text);
    let typed = |name: &str| if refused.is_some() { visit.form.text(name) } else { "" };
    let scopes = [Choice::new("read", scope(false)), Choice::new("write", scope(true))];
    let chosen = if typed("scope").is_empty() { "read" } else { typed("scope") };
    let latest =
        worded(format!("{TOKEN_DAYS}日先まで。例: 2027-03-31"), format!("At most {TOKEN_DAYS} days ahead. For example 2027-03-31"));
    html! {
        form.narrow method="post" action=(urls::tokens()) {
            (csrf(&visit.csrf))
            (text_field(lang, &Field::new("name", text("名前", "Name")).hint(text("何に使うかが分かる名前。", "What it is for.")).value(typed("name")).error(error("name")).required()))
            (radios(lang, &Field::new("scope", text("範囲", "Scope")).value(chosen).error(error("scope")).required(), &scopes, true))
            (date_field(lang, &Field::new("expires", text("期限", "Expires")).hint(latest).value(typed("expires")).error(error("expires")).required()))
            (submit(lang, Kind::Primary, &text("発行する", "Issue")))
        }
    }
}

/// The day on which a new token expires; there is none without.
pub fn expires(visit: &Visit) -> Result<Date, Refusal> {
    let missing = text("期限を入力してください。", "Enter the day on which it expires.");
    visit.form.date("expires")?.ok_or(Refusal::invalid("expires", missing))
}

fn command(visit: &Visit) -> Result<Command, Refusal> {
    let form = &visit.form;
    Ok(Command::IssueToken { name: form.text("name").to_owned(), write: form.text("scope") == "write", expires: expires(visit)? })
}

fn issue(visit: &Visit) -> Result<Answer, app::Error> {
    match command(visit).map_err(app::Error::from).and_then(|c| visit.app.execute(visit.actor()?, c)) {
        Ok(done) => Ok(page(visit, None, done.secret.as_deref())?.into()),
        Err(app::Error::Refused(refusal)) => Ok(Answer::Refused(answer::status(refusal.why), Box::new(page(visit, Some(&refusal), None)?))),
        Err(other) => Err(other),
    }
}

fn revoke(visit: &Visit) -> Result<Answer, app::Error> {
    visit.app.execute(visit.actor()?, Command::RevokeToken { token: visit.form.need("token")? })?;
    Ok(Answer::Go(format!("{}?saved=revoked", urls::tokens())))
}
