//! The head of a printed page: what it is, of which case, printed when.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

use super::facts;

/// A heading with facts under it.
pub fn print_head(lang: Lang, title: &Text, pairs: &[(Text, Markup)]) -> Markup {
    html! { header.print-head { h1 { (title.get(lang)) } (facts(lang, pairs)) } }
}

pub(super) fn example(lang: Lang) -> Markup {
    print_head(
        lang,
        &text("評価チェックシート 進捗", "Check sheet: progress"),
        &[(text("整理番号", "Reference number"), html! { "2026-014" }), (text("印刷日", "Printed on"), html! { "2026-11-22" })],
    )
}
