//! Something that opens when asked.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

/// A summary and what it hides.
pub fn details(lang: Lang, summary: &Text, open: bool, body: Markup) -> Markup {
    html! { details open[open] { summary { (summary.get(lang)) } div.inside { (body) } } }
}

pub(super) fn example(lang: Lang) -> Markup {
    details(
        lang,
        &text("良い証拠の例", "What good evidence looks like"),
        false,
        html! { p { (text("承認日と版が読める規程の写し。", "A copy of the rules that shows its approval date and version.").get(lang)) } },
    )
}
