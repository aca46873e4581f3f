//! A description list: names and what they are.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

/// Pairs of a name and its value.
pub fn facts(lang: Lang, pairs: &[(Text, Markup)]) -> Markup {
    html! { dl.facts { @for (name, value) in pairs { dt { (name.get(lang)) } dd { (value) } } } }
}

pub(super) fn example(lang: Lang) -> Markup {
    facts(
        lang,
        &[
            (text("整理番号", "Reference number"), html! { "2026-014" }),
            (text("評価申請元", "Applicant"), html! { (text("株式会社みどり医療情報", "Midori Medical Information Inc.").get(lang)) }),
            (text("評価対象プロダクト名", "Product"), html! { "Care-Note Cloud" }),
        ],
    )
}
