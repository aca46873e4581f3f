//! How far an organisation is: every case that is under way, and their categories together.

use std::collections::BTreeMap;

use app::read::Overview;
use maud::{Markup, html};
use rules::text::{Lang, Text, text, worded};

use super::case::picture::{lengths, shades, without_empty};
use super::signs::state_tag;
use crate::chart::{Bar, Bars, Scale, bars};
use crate::components::{Column, Crumb, Row, Table, card, empty, table};
use crate::route::{Answer, Guard, Route, get};
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[get("/cases/progress", Guard::SignedIn, show)];

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let all = visit.app.overview(visit.actor()?)?;
    let title = text("進捗の一覧", "Progress of all cases");
    let mut page = visit.page(title.clone(), view(visit.lang, &all));
    page.lead = Some(text("進行中の案件を、新しい順に20件まで示します。", "Cases under way, the newest first, 20 at most."));
    page.breadcrumb = vec![Crumb::link(text("案件", "Cases"), urls::cases()), Crumb::here(title)];
    Ok(page.into())
}

fn name(row: &app::read::CaseRow) -> Text {
    let number = row.case.number.as_ref().map(|n| format!(" {n}")).unwrap_or_default();
    worded(format!("{}{number}", row.product), format!("{}{number}", row.product))
}

/// The case, from the side that the list shows it from.
fn link(row: &app::read::CaseRow) -> String {
    format!("{}?side={}", urls::case(row.case.id), urls::side_word(row.side))
}

fn view(lang: Lang, all: &[Overview]) -> Markup {
    if all.is_empty() {
        let why = text("案件が始まると、ここに進捗が表示されます。", "Once a case is under way, its progress is shown here.");
        return empty(lang, &text("進行中の案件はありません", "No case is under way"), &why, html! {});
    }
    // Cases of one sheet share a scale; each sheet has a picture of its own.
    let mut sheets: BTreeMap<&str, Vec<&Overview>> = BTreeMap::new();
    for one in all {
        sheets.entry(one.sheet.id.0.as_str()).or_default().push(one);
    }
    html! {
        div.stack {
            @for (n, cases) in sheets.values().enumerate() { (of_sheet(lang, n, cases)) }
        }
    }
}

fn of_sheet(lang: Lang, n: usize, cases: &[&Overview]) -> Markup {
    let sheet = &cases[0].sheet;
    let rows = cases.iter().map(|o| Bar { label: name(&o.row), href: Some(link(&o.row)), values: lengths(&o.progress.total) });
    let by_case = Bars {
        id: &format!("cases-{n}"),
        title: text("案件ごとの進捗", "Progress by case"),
        of: text("案件", "Case"),
        scale: Scale::Share,
        series: shades(sheet),
        rows: rows.collect(),
    };
    let categories = cases[0].progress.categories.iter().enumerate().map(|(at, category)| {
        let mut values = vec![0; shades(sheet).len()];
        for counts in cases.iter().filter_map(|o| o.progress.categories.get(at)).map(|c| lengths(&c.counts)) {
            values.iter_mut().zip(counts).for_each(|(sum, more)| *sum += more);
        }
        Bar { label: category.name.clone(), href: None, values }
    });
    let by_category = Bars {
        id: &format!("categories-{n}"),
        title: text("全案件を合わせた分類別の進捗", "Progress by category, all cases together"),
        of: text("中分類", "Category"),
        scale: Scale::Share,
        series: shades(sheet),
        rows: categories.collect(),
    };
    let states = Table::new(
        text("案件の状態", "States"),
        vec![
            Column::new(text("案件", "Case")),
            Column::new(text("状態", "State")),
            Column::new(text("準備完了", "Ready")).number(),
            Column::new(text("証跡あり", "With evidence")).number(),
        ],
        cases
            .iter()
            .map(|o| {
                let total = &o.progress.total;
                Row::new(vec![
                    html! { a href=(link(&o.row)) { (name(&o.row).get(lang)) } },
                    state_tag(lang, o.row.case.state),
                    html! { (total.ready) " / " (total.items) },
                    html! { (total.with_evidence) " / " (total.items) },
                ])
            })
            .collect(),
    );
    card(
        lang,
        &sheet.title,
        html! {},
        html! { (bars(lang, &without_empty(by_case))) (table(lang, &states)) (bars(lang, &without_empty(by_category))) },
    )
}
