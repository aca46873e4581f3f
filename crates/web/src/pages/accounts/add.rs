//! Adding what is no person: ids for other systems, and emergency accounts.

use maud::{Markup, html};
use rules::command::Command;
use rules::party::Organisation;
use rules::refusal::Refusal;
use rules::text::text;

use super::super::form::{Again, Form, settle};
use super::super::organisations::{open_roles, role_choices};
use super::page;
use crate::components::{Input, Kind, checkboxes, csrf, input_field, submit, text_field};
use crate::route::Answer;
use crate::urls;
use crate::visit::Visit;

pub(super) const MACHINE: &str = "machine";
pub(super) const EMERGENCY: &str = "emergency";

fn roles(visit: &Visit, of: &Organisation, form: &Form) -> Markup {
    let chosen: Vec<&str> = if form.refused.is_some() { visit.form.all("roles").collect() } else { vec![] };
    checkboxes(
        visit.lang,
        &form.field("roles", text("役割", "Roles"), "").hint(text("必要な役割だけを選びます。", "Only those it needs.")).required(),
        &role_choices(&open_roles(visit, of)),
        &chosen,
    )
}

pub(super) fn machine_form(visit: &Visit, of: &Organisation, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, MACHINE, again);
    html! {
        p { (text("ほかのシステムがAPIで使うIDです。パスワードを持たず、画面を開けません。登録後にトークンを発行します。", "An id with which another system uses the API. It has no password and opens no page; give it a token afterwards.").get(lang)) }
        (form.summary())
        form.narrow method="post" action="/accounts/machines" {
            (csrf(&visit.csrf))
            (text_field(lang, &form.field("name", text("名前", "Name"), "").hint(text("何に使うかが分かる名前。例: 夜間バックアップの監視", "What it is for, such as: nightly backup monitor")).required()))
            (roles(visit, of, &form))
            (submit(lang, Kind::Primary, &text("IDを登録する", "Add the id")))
        }
    }
}

pub(super) fn emergency_form(visit: &Visit, of: &Organisation, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, EMERGENCY, again);
    html! {
        p { (text("通常の手段でサインインできない非常時にだけ使います。申請と別の人の承認で有効になり、期限が来ると自動で閉じます。使用は直ちに警告され、終了後の確認まで記録が残ります。", "For emergencies in which nobody can sign in as usual. A request and another person's approval open it; it closes by itself. Its use warns at once and stays open until somebody has reviewed it.").get(lang)) }
        (form.summary())
        form.narrow method="post" action="/accounts/emergency" {
            (csrf(&visit.csrf))
            (text_field(lang, &form.field("name", text("名前", "Name"), "").hint(text("例: 非常時アカウント1", "For example: emergency 1")).required()))
            (input_field(lang, Input::Email, &form.field("email", text("ID（メールアドレスの形）", "Id, in the form of a mail address"), "").hint(text("一度も使われたことのないもの。例: emergency-1@example.jp", "One that was never used, such as emergency-1@example.jp")).required()))
            (roles(visit, of, &form))
            (submit(lang, Kind::Primary, &text("非常時アカウントを登録する", "Add the emergency account")))
        }
    }
}

fn made(visit: &Visit, command: Result<Command, Refusal>, form: &'static str) -> Result<Answer, app::Error> {
    let added = || -> Result<String, app::Error> {
        let made = visit.app.execute(visit.actor()?, command?)?.made;
        Ok(made.and_then(|id| id.parse().ok()).map(urls::account_of).ok_or(Refusal::not_found())? + "?saved=added")
    };
    settle(added(), |refusal| page(visit, Some((form, refusal))))
}

pub(super) fn machine(visit: &Visit) -> Result<Answer, app::Error> {
    let name = visit.form.text("name").to_owned();
    made(visit, visit.form.words("roles").map(|roles| Command::CreateMachine { name, roles }), MACHINE)
}

pub(super) fn emergency(visit: &Visit) -> Result<Answer, app::Error> {
    let (name, email) = (visit.form.text("name").to_owned(), visit.form.text("email").to_owned());
    made(visit, visit.form.words("roles").map(|roles| Command::CreateEmergency { name, email, roles }), EMERGENCY)
}
