//! The list of cases, and opening a new one.

use app::read::home::PAGE;
use maud::{Markup, html};
use rules::command::Command;
use rules::party::{OrganisationKind, Role};
use rules::refusal::Refusal;
use rules::text::{Text, text, worded};

use super::form::{Again, Form, settle};
use super::home::case_row;
use crate::components::{Button, Choice, Column, Crumb, Kind, Table, actions, csrf, empty, link_button, select, submit, table};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

const OFFICERS: Guard = Guard::Roles(&[Role::Officer]);

pub const ROUTES: &[Route] = &[get("/cases", Guard::SignedIn, list), get("/cases/new", OFFICERS, new), post("/cases/new", OFFICERS, open)];

fn list(visit: &Visit) -> Result<Answer, app::Error> {
    let lang = visit.lang;
    let rows = visit.app.cases(visit.actor()?, visit.query.read("before")?)?;
    let viewed = visit.app.viewed_cases(visit.actor()?)?;
    let open = || link_button(lang, Kind::Primary, &text("案件を作成する", "Open a case"), &urls::new_case());
    let columns = || {
        vec![
            Column::new(text("評価対象プロダクト名", "Product")),
            Column::new(text("整理番号", "Reference number")),
            Column::new(text("申請元／評価機関", "Applicant / body")),
            Column::new(text("状態", "State")),
            Column::new(text("手番", "Turn")),
            Column::new(text("期限", "Due")),
        ]
    };
    let main = html! {
        @if !viewed.is_empty() {
            h2 { (text("閲覧を承認された組織の案件（読み取りのみ）", "Cases you may look at by an approved request (read only)").get(lang)) }
            (table(lang, &Table::new(text("閲覧を承認された案件", "Cases to look at"), columns(), viewed.iter().map(|r| case_row(lang, r)).collect()).caption_hidden()))
            h2 { (text("自組織の案件", "Your own cases").get(lang)) }
        }
        @if rows.is_empty() {
            (empty(lang, &text("案件はありません", "No cases"), &text("参加できる案件があると、ここに表示されます。", "Cases you take part in appear here."), if visit.has(Role::Officer) { open() } else { html! {} }))
        } @else {
            (table(lang, &Table::new(text("案件の一覧（新しい順）", "Cases, the newest first"), columns(), rows.iter().map(|r| case_row(lang, r)).collect())))
            @if let Some(last) = rows.last().filter(|_| rows.len() == PAGE as usize) {
                (actions(Button::new(Kind::Secondary, text("より古い案件", "Older cases")).link(lang, &format!("{}?before={}", urls::cases(), last.case.id))))
            }
        }
    };
    let mut page = visit.page(text("案件", "Cases"), main);
    page.corner = link_button(lang, Kind::Secondary, &text("進捗の一覧", "Progress of all cases"), &urls::overview());
    if visit.has(Role::Officer) || visit.has(Role::Secretariat) {
        page.corner = html! { (page.corner) (link_button(lang, Kind::Secondary, &super::packages::title(), &urls::packages())) };
    }
    if visit.has(Role::Officer) && !rows.is_empty() {
        page.corner = html! { (page.corner) (open()) };
    }
    Ok(page.into())
}

fn new(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(new_page(visit, None)?.into())
}

fn named(name: &str) -> Text {
    worded(name, name)
}

fn new_page(visit: &Visit, again: Again) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let actor = visit.actor()?;
    let products = visit.app.products(actor)?;
    let bodies = visit.app.organisations_of(actor, OrganisationKind::Body)?;
    let sheets = visit.app.content.sheets();
    let form = Form::new(visit, "open", again);
    let only = |choices: &[Choice]| if choices.len() == 1 { choices[0].value.to_string() } else { String::new() };
    let choose = |name: &'static str, label: Text, hint: Text, choices: Vec<Choice>| {
        let stands = only(&choices);
        let asked = visit.query.text(name);
        select(lang, &form.field(name, label, if asked.is_empty() { &stands } else { asked }).hint(hint).required(), &choices)
    };
    let main: Markup = if products.is_empty() {
        empty(
            lang,
            &text("プロダクトが登録されていません", "No product yet"),
            &text("案件を作成する前に、評価を受けるプロダクトを登録してください。", "Add the product to be evaluated first."),
            link_button(lang, Kind::Primary, &text("プロダクトを登録する", "Add a product"), &urls::products()),
        )
    } else {
        html! {
            (form.summary())
            form.narrow method="post" action=(urls::new_case()) {
                (csrf(&visit.csrf))
                (choose("product", text("評価対象プロダクト名", "Product"), text("適用範囲の質問への回答は、対象外の提案に使われます。", "Its applicability profile proposes what is out of scope."), products.iter().map(|p| Choice::new(p.id.to_string(), named(&p.name))).collect()))
                (choose("body", text("評価機関", "Evaluation body"), text("申請先です。自己評価の場合は自組織を選びます。", "Where the application goes; for a self-evaluation, your own organisation."), bodies.iter().map(|b| Choice::new(b.id.to_string(), named(&b.name))).collect()))
                (choose("sheet", text("チェックシート", "Check sheet"), text("あとから変更できません。", "It cannot be changed later."), sheets.iter().map(|s| Choice::new(s.id.0.clone(), s.title.clone())).collect()))
                (actions(submit(lang, Kind::Primary, &text("案件を作成する", "Open the case"))))
            }
        }
    };
    let title = text("案件の作成", "Open a case");
    let mut page = visit.page(title.clone(), main);
    page.breadcrumb = vec![Crumb::link(text("案件", "Cases"), urls::cases()), Crumb::here(title)];
    Ok(page)
}

fn opened(visit: &Visit) -> Result<String, app::Error> {
    let form = &visit.form;
    let command =
        Command::OpenCase { product: form.need("product")?, body: form.need("body")?, sheet: rules::sheet::SheetId(form.need("sheet")?) };
    let made = visit.app.execute(visit.actor()?, command)?.made;
    Ok(made.and_then(|id| id.parse().ok()).map(urls::case).ok_or(Refusal::not_found())?)
}

fn open(visit: &Visit) -> Result<Answer, app::Error> {
    settle(opened(visit), |refusal| new_page(visit, Some(("open", refusal))))
}
