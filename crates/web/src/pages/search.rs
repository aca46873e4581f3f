//! Search over items, answers and documents, as far as the visitor may read them.

use app::read::Hit;
use app::read::search::HitKind;
use maud::{Markup, html};
use rules::policy::Side;
use rules::text::{Text, text, worded};

use crate::components::{Button, Kind, empty, search_field};
use crate::route::{Answer, Guard, Route, get};
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[get("/search", Guard::SignedIn, show)];

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let query = visit.query.text("q");
    let hits = visit.app.search(visit.actor()?, query)?;
    Ok(visit.page(text("検索", "Search"), view(visit, query, &hits)).into())
}

fn view(visit: &Visit, query: &str, hits: &[Hit]) -> Markup {
    let lang = visit.lang;
    let groups = [
        (HitKind::Item, text("項目", "Items")),
        (HitKind::Answer, text("回答", "Answers")),
        (HitKind::Evidence, text("証跡", "Evidence")),
        (HitKind::Words, text("証跡のファイルの中", "Inside evidence files")),
    ];
    html! {
        // With a script the results follow what is typed; without one the button does the same.
        form.filter method="get" action=(urls::search()) role="search" hx-get=(urls::search()) hx-trigger="submit, input changed delay:300ms from:find input"
            hx-target="#results" hx-select="#results" hx-swap="outerHTML" hx-push-url="true" {
            (search_field(lang, "q", text("言葉（空白で区切ると、すべてを含むもの）、または項目番号", "Words (all of them must occur) or an item number"), query))
            (Button::new(Kind::Primary, text("検索する", "Search")).submit(lang))
        }
        div #results aria-live="polite" {
        @if !query.trim().is_empty() && hits.is_empty() {
            (empty(lang, &text("見つかりませんでした", "Nothing found"), &text("言葉を減らすか、別の言い方で探してください。", "Try fewer or other words."), html! {}))
        }
        @for (kind, name) in groups {
            @let found: Vec<&Hit> = hits.iter().filter(|h| h.kind == kind).collect();
            @if !found.is_empty() {
                section {
                    h2 { (worded(format!("{}（{}件）", name.ja, found.len()), format!("{} ({})", name.en, found.len())).get(lang)) }
                    ul.plain data-rows { @for hit in found { li { (one(visit, hit)) } } }
                }
            }
        }
        }
    }
}

fn one(visit: &Visit, hit: &Hit) -> Markup {
    let said: Text = hit.title.clone();
    html! {
        p.hit { @if let Some(href) = href(hit) { a href=(href) data-row { (said.get(visit.lang)) } } @else { (said.get(visit.lang)) } }
        @if let Some(page) = hit.page { p.muted { (worded(format!("{page}ページ（枚目）"), format!("Page or sheet {page}")).get(visit.lang)) } }
        // What people wrote is mostly Japanese, whatever the language of the page.
        @if !hit.snippet.is_empty() { p.muted lang="ja" { @for (piece, matches) in &hit.snippet { @if *matches { mark { (piece) } } @else { (piece) } } } }
    }
}

/// Where a hit is read, from the side that found it.
fn href(hit: &Hit) -> Option<String> {
    match (hit.kind, hit.case, hit.item) {
        (HitKind::Item, ..) => Some(urls::sheet_item(hit.sheet.as_ref()?, hit.item?)),
        (_, Some(case), Some(no)) if hit.side == Some(Side::Body) => Some(urls::bench_item(case, no)),
        (HitKind::Answer, Some(case), Some(no)) => {
            Some(format!("{}?side={}", urls::item(case, no), urls::side_word(hit.side.unwrap_or(Side::Applicant))))
        }
        (HitKind::Evidence | HitKind::Words, Some(case), _) if hit.side != Some(Side::Applicant) => {
            Some(urls::file(hit.evidence?, Some(case)))
        }
        (HitKind::Evidence | HitKind::Words, ..) => Some(urls::document(hit.evidence?)),
        (_, Some(case), None) => Some(urls::case(case)),
        (HitKind::Answer, None, _) => None,
    }
}
