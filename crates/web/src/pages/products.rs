//! The products that are evaluated: list, new, and one product with its name, description and profile.

use maud::{Markup, html};
use rules::command::{Command, Kind as Act};
use rules::party::{Product, Role};
use rules::policy::{self, Place};
use rules::refusal::Refusal;
use rules::text::{Text, text, worded};

use super::product_profile;
use crate::answer;
use crate::components::{Area, Column, Crumb, Field, Kind, Row, Table, csrf, empty, facts, saved, submit, table, text_field, textarea};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

const WHO: Guard = Guard::Roles(&[Role::Officer, Role::Colleague]);

pub const ROUTES: &[Route] = &[
    get("/products", WHO, list),
    post("/products", WHO, create),
    get("/products/{product}", WHO, show),
    post("/products/{product}", WHO, revise),
];

fn title() -> Text {
    text("プロダクト", "Products")
}

fn may(visit: &Visit, kind: Act) -> bool {
    visit.signed.as_ref().is_some_and(|s| policy::may(kind, &s.actor, Place::Installation).is_ok())
}

fn list(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(visit.page(title(), list_view(visit, None)?).into())
}

fn list_view(visit: &Visit, refused: Option<&Refusal>) -> Result<Markup, app::Error> {
    let lang = visit.lang;
    let products = visit.app.products(visit.actor()?)?;
    let questions = product_profile::questions(visit)?;
    let columns = vec![
        Column::new(text("名前", "Name")),
        Column::new(text("説明", "Description")),
        Column::new(text("適用範囲の質問", "Profile questions")).number(),
    ];
    let rows = products.iter().map(|p| {
        let answered = questions.iter().filter(|q| p.profile.contains_key(&q.id)).count();
        let words = worded(format!("{}問中 {answered}問に回答", questions.len()), format!("{answered} of {} answered", questions.len()));
        let about: String = p.description.chars().take(80).collect();
        Row::new(vec![html! { a href=(urls::product(p.id)) data-row { (p.name) } }, html! { (about) }, html! { (words.get(lang)) }])
    });
    Ok(html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        @if products.is_empty() {
            (empty(lang, &text("プロダクトはまだありません", "No products yet"), &text("評価を申請するには、まず評価対象のプロダクトを登録します。", "Add the product to be evaluated before you apply."), html! {}))
        } @else {
            (table(lang, &Table::new(text("評価対象のプロダクト", "Products to be evaluated"), columns, rows.collect()).caption_hidden()))
        }
        @if may(visit, Act::CreateProduct) {
            h2 { (text("プロダクトを登録する", "Add a product").get(lang)) }
            form method="post" action=(urls::products()) data-keep="product-new" {
                (csrf(&visit.csrf))
                (name_fields(visit, visit.form.text("name"), visit.form.text("description"), refused))
                (submit(lang, Kind::Primary, &text("登録する", "Add")))
            }
        }
    })
}

fn name_fields(visit: &Visit, name: &str, description: &str, refused: Option<&Refusal>) -> Markup {
    let lang = visit.lang;
    let error = |name: &str| refused.filter(|r| r.field == Some(name)).map(|r| &r.text);
    let as_printed = text("シートと認定証に載る名前です。", "As it stands on the sheet and the certificate.");
    html! {
        (text_field(lang, &Field::new("name", text("評価対象プロダクト名", "Product")).hint(as_printed).value(name).error(error("name")).required()))
        (textarea(lang, Area { rows: 3, limit: Some(4000), key: None }, &Field::new("description", text("説明", "Description")).value(description).error(error("description"))))
    }
}

fn create(visit: &Visit) -> Result<Answer, app::Error> {
    let words = |name| visit.form.text(name).to_owned();
    match visit.app.execute(visit.actor()?, Command::CreateProduct { name: words("name"), description: words("description") }) {
        Ok(done) => Ok(Answer::Go(format!("{}/{}?saved=created", urls::products(), done.made.unwrap_or_default()))),
        Err(app::Error::Refused(refusal)) => {
            Ok(Answer::Refused(answer::status(refusal.why), Box::new(visit.page(title(), list_view(visit, Some(&refusal))?))))
        }
        Err(other) => Err(other),
    }
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let product = visit.app.product(visit.actor()?, visit.param("product")?)?;
    Ok(page(visit, &product, None)?.into())
}

fn page(visit: &Visit, product: &Product, refused: Option<&Refusal>) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let name = worded(product.name.clone(), product.name.clone());
    let keep = format!("product-{}", product.id);
    let typed = |field: &str, stands: &str| if refused.is_some() { visit.form.text(field).to_owned() } else { stands.to_owned() };
    let change = may(visit, Act::ReviseProduct);
    let main = html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        @if change {
            form method="post" action=(urls::product(product.id)) data-keep=(keep) data-submit-key {
                (csrf(&visit.csrf))
                (name_fields(visit, &typed("name", &product.name), &typed("description", &product.description), refused))
                (product_profile::form(visit, &product.profile, refused.is_some())?)
                div.actions { (submit(lang, Kind::Primary, &text("保存する", "Save"))) }
            }
        } @else {
            (facts(lang, &[(text("説明", "Description"), html! { (product.description) })]))
            (product_profile::read(visit, &product.profile)?)
        }
    };
    let mut page = visit.page(name.clone(), main);
    page.breadcrumb = vec![Crumb::link(title(), urls::products()), Crumb::here(name)];
    page.notices = match visit.query.text("saved") {
        "created" => saved(
            lang,
            &text(
                "プロダクトを登録しました。続けて適用範囲の質問に答えてください。",
                "The product is added. Now answer the questions about it.",
            ),
            "product-new",
        ),
        "1" => saved(lang, &text("保存しました。", "Saved."), &keep),
        _ => html! {},
    };
    Ok(page)
}

fn revise(visit: &Visit) -> Result<Answer, app::Error> {
    let product = visit.app.product(visit.actor()?, visit.param("product")?)?;
    let words = |name| visit.form.text(name).to_owned();
    let profile = product_profile::written(visit);
    match visit.app.execute(
        visit.actor()?,
        Command::ReviseProduct { product: product.id, name: words("name"), description: words("description"), profile },
    ) {
        Ok(_) => Ok(Answer::Go(format!("{}?saved=1", urls::product(product.id)))),
        Err(app::Error::Refused(refusal)) => {
            Ok(Answer::Refused(answer::status(refusal.why), Box::new(page(visit, &product, Some(&refusal))?)))
        }
        Err(other) => Err(other),
    }
}
