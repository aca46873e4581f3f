//! A frame around things that belong together.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

use super::{Kind, Tone, actions, link_button, tag};

/// A card with a heading of level 2; `corner` stands at its right (a tag, a small link).
pub fn card(lang: Lang, title: &Text, corner: Markup, body: Markup) -> Markup {
    html! { section.card { header { h2 { (title.get(lang)) } (corner) } (body) } }
}

pub(super) fn example(lang: Lang) -> Markup {
    let body = html! {
        p { (text("株式会社みどり医療情報。第2回の評価中です。", "Midori Medical Information Inc.; round 2 is in review.").get(lang)) }
        (actions(link_button(lang, Kind::Secondary, &text("案件を開く", "Open the case"), "#")))
    };
    html! {
        div.columns {
            (card(lang, &text("Care-Note Cloud", "Care-Note Cloud"), tag(lang, Tone::Info, &text("評価中", "In review")), body))
            (card(lang, &text("みまもりEHR", "Mimamori EHR"), tag(lang, Tone::Neutral, &text("下書き", "Draft")), html! { p { (text("まだ提出していません。", "Not submitted yet.").get(lang)) } }))
        }
    }
}
