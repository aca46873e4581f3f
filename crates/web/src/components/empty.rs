//! A list with nothing in it says why, and what to do next.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

use super::{Kind, actions, link_button};

/// `next` is a button or link, or nothing.
pub fn empty(lang: Lang, title: &Text, why: &Text, next: Markup) -> Markup {
    html! {
        div.empty {
            p.empty-title { (title.get(lang)) }
            p.muted { (why.get(lang)) }
            @if !next.0.is_empty() { (actions(next)) }
        }
    }
}

pub(super) fn example(lang: Lang) -> Markup {
    empty(
        lang,
        &text("証拠はまだありません", "No evidence yet"),
        &text("PDFや画像を加えると、項目の根拠として示せます。", "Add a PDF or picture to show it as grounds for items."),
        link_button(lang, Kind::Primary, &text("証拠を加える", "Add evidence"), "#"),
    )
}
