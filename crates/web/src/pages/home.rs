//! The first page: whose turn it is in my cases, what I have to do, what expires.

use app::deadlines;
use app::read::home::{CaseRow, Home, Task};
use app::sign_in::SignedIn;
use maud::{Markup, html};
use rules::party::{Organisation, Role};
use rules::text::{Lang, text, worded};

use super::signs::{due, state_tag, status_tag, turn};
use crate::chart::{Expiry, expiries};
use crate::components::{
    Choice, Column, Field, Kind, Row, Table, Tile, Tone, actions, card, csrf, empty, link_button, notice, select, submit, table, tag, tiles,
};
use crate::route::{Answer, Guard, Route, get};
use crate::urls;
use crate::visit::Visit;

/// Deadlines that the page shows.
const OWN: usize = 10;

pub const ROUTES: &[Route] = &[get("/", Guard::Public, show)];

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let Some(signed) = &visit.signed else {
        if visit.app.is_new()? {
            return Ok(visit.page(text("証しへようこそ", "Welcome to Akashi"), start(visit.lang)).into());
        }
        return Ok(Answer::Go(urls::sign_in()));
    };
    let home = visit.app.home(&signed.actor)?;
    let belongs = if signed.memberships.len() > 1 { visit.app.own_organisations(&signed.actor)? } else { vec![] };
    let mut page = visit.page(text("ホーム", "Home"), view(visit, &home, &visit.app.own_tasks(&signed.actor)?));
    page.lead = Some(worded(
        format!("{}さん（{}）", signed.person.name, signed.organisation.name),
        format!("{} ({})", signed.person.name, signed.organisation.name),
    ));
    page.corner = switch(visit, &belongs);
    if let Some(notices) = just_in(visit, signed)? {
        page.notices = notices;
        // It is told once: nothing that leads back here says it again.
        page.here = urls::home();
    }
    Ok(page.into())
}

/// What somebody reads once after signing in, and the way on to where they wanted to go.
fn just_in(visit: &Visit, signed: &SignedIn) -> Result<Option<Markup>, app::Error> {
    let lang = visit.lang;
    let enrolled = match visit.query.text("in") {
        "" => return Ok(None),
        word => word == "enrolled",
    };
    let to = crate::session::inside(visit.query.text("to"));
    Ok(Some(html! {
        (super::account::last_sign_in(lang, signed))
        (super::factors::codes_notice(visit, &signed.actor, enrolled)?)
        @if to != "/" { p { (link_button(lang, Kind::Primary, &text("元の画面へ進む", "Go on to the page you asked for"), &to)) } }
    }))
}

/// Nobody is here yet: the console has the link.
fn start(lang: Lang) -> Markup {
    let words = text(
        "この環境はまだ初期設定されていません。サーバーのコンソールに表示された一度限りのリンクを開いて、最初の運用者を登録してください。",
        "This installation is not set up yet. Open the one-time link that the server printed on its console to make the first operator.",
    );
    notice(lang, Tone::Info, &words, html! {})
}

/// For people of several organisations.
fn switch(visit: &Visit, belongs: &[Organisation]) -> Markup {
    let Some(signed) = visit.signed.as_ref().filter(|_| belongs.len() > 1) else { return html! {} };
    let choices: Vec<Choice> = belongs.iter().map(|o| Choice::new(o.id.to_string(), worded(o.name.clone(), o.name.clone()))).collect();
    let now = signed.organisation.id.to_string();
    html! {
        form.row method="post" action=(urls::switch()) {
            (csrf(&visit.csrf))
            (select(visit.lang, &Field::new("organisation", text("所属を切り替える", "Act for")).value(&now).required(), &choices))
            (submit(visit.lang, Kind::Secondary, &text("切り替える", "Switch")))
        }
    }
}

fn view(visit: &Visit, home: &Home, own: &[deadlines::Task]) -> Markup {
    let lang = visit.lang;
    let ours = home.cases.iter().filter(|c| c.is_our_turn()).count();
    let overdue = home.tasks.iter().filter(|t| t.overdue).count();
    let applicant = visit.has(Role::Officer) || visit.has(Role::Colleague);
    html! {
        (tiles(lang, &[
            Tile::new(text("こちらの番の案件", "Cases waiting for you"), ours).tone(if ours > 0 { Tone::Warn } else { Tone::Success }).link("#cases"),
            Tile::new(text("担当の項目", "Your items"), home.tasks.len()).link("#tasks"),
            Tile::new(text("期限を過ぎた項目", "Overdue items"), overdue).tone(if overdue > 0 { Tone::Danger } else { Tone::Success }).link("#tasks"),
            Tile::new(text("期限の近い証跡", "Evidence that expires soon"), home.expiring.len()).link("#expiry"),
        ][..if applicant { 4 } else { 1 }]))
        div.stack {
            div #cases { (card(lang, &text("案件", "Cases"), html! { a href=(urls::cases()) { (text("すべて見る", "See all").get(lang)) } }, cases(visit, &home.cases))) }
            @if !own.is_empty() {
                div #deadlines { (card(lang, &super::tasks::title(), html! { a href={ (urls::tasks()) "?who=mine" } { (text("すべて見る", "See all").get(lang)) } }, deadlines_of(lang, own))) }
            }
            @if applicant {
                div #tasks { (card(lang, &text("担当の項目", "Your items"), html! {}, tasks(lang, &home.tasks))) }
                div #expiry { (card(lang, &text("証跡の有効期限", "Evidence that expires"), html! { a href=(urls::library()) { (text("証跡一覧", "All evidence").get(lang)) } }, expiring(lang, home))) }
            }
        }
    }
}

fn cases(visit: &Visit, rows: &[CaseRow]) -> Markup {
    let lang = visit.lang;
    if rows.is_empty() {
        let next = if visit.has(Role::Officer) {
            link_button(lang, Kind::Primary, &text("案件を作成する", "Open a case"), &urls::new_case())
        } else {
            html! {}
        };
        return empty(
            lang,
            &text("案件はまだありません", "No cases yet"),
            &text("参加できる案件があると、ここに表示されます。", "Cases you take part in appear here."),
            next,
        );
    }
    let columns = vec![
        Column::new(text("評価対象プロダクト名", "Product")),
        Column::new(text("整理番号", "Reference number")),
        Column::new(text("申請元／評価機関", "Applicant / body")),
        Column::new(text("状態", "State")),
        Column::new(text("手番", "Turn")),
        Column::new(text("期限", "Due")),
    ];
    table(lang, &Table::new(text("案件の一覧", "Cases"), columns, rows.iter().map(|r| case_row(lang, r)).collect()).caption_hidden())
}

/// A case in a list.
pub fn case_row(lang: Lang, row: &CaseRow) -> Row {
    let href = format!("{}?side={}", urls::case(row.case.id), urls::side_word(row.side));
    let said = turn(row.case.state, row.side);
    Row::new(vec![
        html! { a href=(href) data-row { (row.product) } },
        html! { (row.case.number.as_deref().unwrap_or("―")) },
        html! { (row.provider) " / " (row.body) },
        state_tag(lang, row.case.state),
        html! { @if row.is_our_turn() { (tag(lang, Tone::Warn, &said)) } @else { span.muted { (said.get(lang)) } } },
        due(lang, row.case.due, false),
    ])
}

/// My own deadlines that are near or over.
fn deadlines_of(lang: Lang, own: &[deadlines::Task]) -> Markup {
    let columns = vec![
        Column::new(text("対象", "About")),
        Column::new(text("期限", "Due")),
        Column::new(text("状態", "State")),
        Column::new(text("対応", "What to do")),
    ];
    let rows = own.iter().take(OWN).map(|task| {
        Row::new(vec![
            html! { a href=(super::tasks::about(&task.duty.about)) data-row { (task.title.get(lang)) } },
            super::signs::date(task.duty.due),
            super::tasks::urgency_tag(lang, task.urgency),
            html! { (task.duty.what.get(lang)) },
        ])
    });
    table(lang, &Table::new(super::tasks::title(), columns, rows.collect()).caption_hidden())
}

fn tasks(lang: Lang, tasks: &[Task]) -> Markup {
    if tasks.is_empty() {
        return empty(
            lang,
            &text("担当の項目はありません", "Nothing is assigned to you"),
            &text("担当責任者が項目を割り当てると、ここに表示されます。", "Items that the compliance officer gives to you appear here."),
            html! {},
        );
    }
    let columns = vec![
        Column::new(text("項目", "Item")),
        Column::new(text("評価対象プロダクト名", "Product")),
        Column::new(text("期限", "Due")),
        Column::new(text("状態", "Status")),
    ];
    let rows = tasks.iter().map(|t| {
        Row::new(vec![
            html! { a href=(urls::item(t.case, t.item)) data-row { (t.item) ". " (t.title.get(lang)) } },
            html! { (t.product) },
            due(lang, t.due, t.overdue),
            status_tag(lang, t.status),
        ])
    });
    table(lang, &Table::new(text("担当の項目", "Your items"), columns, rows.collect()).caption_hidden())
}

fn expiring(lang: Lang, home: &Home) -> Markup {
    let list: Vec<Expiry> = home
        .expiring
        .iter()
        .filter_map(|e| {
            Some(Expiry { label: worded(e.name.clone(), e.name.clone()), on: e.valid_until?, href: Some(urls::document(e.id)) })
        })
        .collect();
    if list.is_empty() {
        return html! { p.muted { (text("60日以内に期限が切れる証跡はありません。", "Nothing expires within 60 days.").get(lang)) } };
    }
    html! {
        (expiries(lang, "home-expiry", &text("有効期限", "Valid until"), &list, home.today))
        (actions(link_button(lang, Kind::Secondary, &text("新しい版を登録する", "Add a new version"), &urls::library())))
    }
}
