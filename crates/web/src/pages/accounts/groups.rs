//! Information groups: whom a group of documents is shown to, beside the officers (items 65-67).

use maud::{Markup, html};
use rules::account::{AccountKind, Standing};
use rules::command::Command;
use rules::id::{self, Id};
use rules::party::Group;
use rules::refusal::Refusal;
use rules::text::{Text, text, worded};

use super::super::form::{Again, act, saved_at, saved_notice};
use super::title;
use crate::components::{
    Choice, Column, Crumb, Fault, Field, Kind, Row, Table, checkboxes, csrf, details, empty, error_summary, submit, table, text_field,
};
use crate::route::Answer;
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

fn named(name: &str) -> Text {
    worded(name, name)
}

pub(super) fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, None)?.into())
}

fn page(visit: &Visit, again: Again) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let read = visit.app.accounts(visit.actor()?)?;
    let members = read
        .accounts
        .iter()
        .filter(|a| a.membership.is_some() && a.account.kind == AccountKind::Person && a.account.standing != Standing::Closed);
    let people: Vec<(Id<id::Person>, &str)> = members.map(|a| (a.person.id, a.person.name.as_str())).collect();
    let choices: Vec<Choice> = people.iter().map(|(id, name)| Choice::new(id.to_string(), named(name))).collect();
    let typed: Option<Id<id::Group>> = again.and_then(|_| visit.form.read("group").ok().flatten());
    let main = html! {
        (saved_notice(visit, ""))
        p { (text("証跡を情報グループに入れると、担当責任者のほかは、そのグループの人だけが閲覧できます。", "Evidence filed in a group is shown to the people of the group only, beside the compliance officers.").get(lang)) }
        @if read.groups.is_empty() {
            (empty(lang, &text("情報グループはまだありません", "No information groups yet"), &text("例: 「契約書」グループを作り、契約の担当者だけを加えます。", "For example, make a group “Contracts” with the people who look after contracts."), html! {}))
        } @else {
            (list(visit, &read.groups, &people, &choices, again, typed))
        }
        h2 { (text("情報グループを作る", "Make an information group").get(lang)) }
        (form(visit, None, &choices, again.filter(|_| typed.is_none()).map(|a| a.1)))
    };
    let here = text("情報グループ", "Information groups");
    let mut page = visit.page(here.clone(), main);
    page.breadcrumb = vec![Crumb::link(title(), urls::accounts()), Crumb::here(here)];
    Ok(page)
}

fn list(
    visit: &Visit,
    groups: &[Group],
    people: &[(Id<id::Person>, &str)],
    choices: &[Choice],
    again: Again,
    typed: Option<Id<id::Group>>,
) -> Markup {
    let lang = visit.lang;
    let comma = text("、", ", ");
    let columns = vec![Column::new(text("名前", "Name")), Column::new(text("閲覧できる人", "People")), Column::new(text("変更", "Change"))];
    let rows = groups.iter().map(|group| {
        let names: Vec<&str> = group.members.iter().filter_map(|m| people.iter().find(|(id, _)| id == m)).map(|(_, n)| *n).collect();
        let wrong = again.filter(|_| typed == Some(group.id)).map(|a| a.1);
        Row::new(vec![
            html! { (group.name) },
            html! { @if names.is_empty() { (text("担当責任者のみ", "Compliance officers only").get(lang)) } @else { (names.join(comma.get(lang))) } },
            details(lang, &worded(format!("「{}」を変更する", group.name), format!("Change {}", group.name)), wrong.is_some(), form(visit, Some(group), choices, wrong)),
        ])
    });
    table(lang, &Table::new(text("情報グループの一覧", "Information groups"), columns, rows.collect()).caption_hidden())
}

fn form(visit: &Visit, group: Option<&Group>, choices: &[Choice], refused: Option<&Refusal>) -> Markup {
    let lang = visit.lang;
    let id = group.map(|g| g.id.to_string()).unwrap_or_default();
    let error = |name: &str| refused.filter(|r| r.field == Some(name)).map(|r| &r.text);
    let name = if refused.is_some() { visit.form.text("name") } else { group.map_or("", |g| g.name.as_str()) };
    let stands: Vec<String> = group.map(|g| g.members.iter().map(ToString::to_string).collect()).unwrap_or_default();
    let chosen: Vec<&str> =
        if refused.is_some() { visit.form.all("members").collect() } else { stands.iter().map(String::as_str).collect() };
    let label = if group.is_some() { text("保存する", "Save") } else { text("作る", "Make") };
    html! {
        @if let Some(refusal) = refused { (error_summary(lang, &[Fault { at: refusal.field.map(|n| Field::new(n, refusal.text.clone()).form(&id).id()), what: refusal.text.clone() }])) }
        form.narrow method="post" action=(urls::accounts_groups()) {
            (csrf(&visit.csrf))
            input type="hidden" name="group" value=(id);
            (text_field(lang, &Field::new("name", text("名前", "Name")).form(&id).value(name).error(error("name")).required()))
            (checkboxes(lang, &Field::new("members", text("閲覧できる人", "People")).form(&id).error(error("members")), choices, &chosen))
            (submit(lang, Kind::Primary, &label))
        }
    }
}

pub(super) fn save(visit: &Visit) -> Result<Answer, app::Error> {
    let form = &visit.form;
    let command = || -> Result<Command, Refusal> {
        Ok(Command::SaveGroup { group: form.read("group")?, name: form.text("name").to_owned(), members: form.each("members")? })
    };
    act(visit, command(), saved_at(&urls::accounts_groups()), |refusal| page(visit, Some(("group", refusal))))
}
