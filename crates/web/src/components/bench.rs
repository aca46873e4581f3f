//! The workbench: the list at the left, the item in the middle, its evidence at the right; on a phone one under the other.

use maud::{Markup, html};
use rules::text::{Lang, text};

/// Without evidence the item takes the room.
pub fn bench(lang: Lang, list: Markup, item: Markup, evidence: Option<Markup>) -> Markup {
    html! {
        div.bench.three[evidence.is_some()] {
            aside.bench-list aria-label=(text("項目の一覧と絞り込み", "List of items and filter").get(lang)) { (list) }
            div.bench-item { (item) }
            @if let Some(evidence) = evidence { aside.bench-evidence aria-label=(text("証拠", "Evidence").get(lang)) { (evidence) } }
        }
    }
}

pub(super) fn example(lang: Lang) -> Markup {
    let item = html! { h3 { (text("項目12", "Item 12").get(lang)) } p { (text("個人情報の取扱いに関する方針を公表していますか。", "Is the policy on personal data published?").get(lang)) } };
    bench(
        lang,
        super::card(lang, &text("残りの項目", "Items left"), html! {}, html! { p { "12, 13, 14" } }),
        item,
        Some(html! { p.muted { (text("証拠を選ぶと、ここに表示されます。", "Choose a piece of evidence to see it here.").get(lang)) } }),
    )
}
