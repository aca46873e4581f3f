//! What the item asks, in which layer of its text one reads it, and why.

use maud::{Markup, html};
use rules::sheet::{Damage, Item, Layer};
use rules::text::{Lang, text, worded};

use super::super::contents;
use super::Look;
use crate::components::{Tone, card, details, diff, notice};
use crate::urls;

pub fn requirement(look: &Look) -> Markup {
    let lang = look.visit.lang;
    let item = look.read.item();
    let sheet = urls::sheet_item(&look.case().sheet.id, item.no);
    card(
        lang,
        &text("対策項目", "Requirement"),
        html! { a.small href=(sheet) { (text("原文の層を見る", "All layers of the text").get(lang)) } },
        html! {
            (contents::requirement(lang, look.case(), item))
            (damage(lang, look, item))
            (why(lang, look, item))
        },
    )
}

/// A warning where the transcription lost meaning and nobody has compared it yet.
fn damage(lang: Lang, look: &Look, item: &Item) -> Markup {
    if look.case().confirmed.contains_key(&item.no) {
        return html! {};
    }
    match item.text.damage {
        Damage::None | Damage::Minor => html! {},
        Damage::Meaning => notice(
            lang,
            Tone::Warn,
            &text(
                "書き起こしの誤りで、意味が原本と異なる疑いがあります。原本を確認してください。",
                "The transcription may differ from the original in meaning; look at the original.",
            ),
            html! {},
        ),
        Damage::Lost => notice(
            lang,
            Tone::Danger,
            &text(
                "書き起こしに文言の欠落があります。原本を確認してください。",
                "Words are missing in the transcription; look at the original.",
            ),
            html! {},
        ),
    }
}

/// How the text one reads came about: who confirmed it, or what was proposed against the transcription.
fn why(lang: Lang, look: &Look, item: &Item) -> Markup {
    let (shown, layer) = look.case().text(item);
    let confirmed = look.case().confirmed.get(&item.no);
    let nothing = layer == Layer::Transcribed && item.text.note.is_none() && item.text.suspects.is_empty();
    if nothing {
        return html! {};
    }
    details(
        lang,
        &text("文言の根拠（書き起こしとの違い）", "Where this wording comes from"),
        false,
        html! {
            @if let Some(confirmed) = confirmed {
                p { (worded(format!("{}さんが「{}」と照合しました（{}）。", confirmed.by, confirmed.source, super::super::signs::moment(confirmed.at)), format!("{} compared it with “{}” ({}).", confirmed.by, confirmed.source, super::super::signs::moment(confirmed.at))).get(lang)) }
            }
            @if shown != item.text.transcribed { div lang="ja" { (diff(lang, &item.text.transcribed, shown)) } }
            @if let Some(note) = &item.text.note { p { (note.get(lang)) } }
            @if !item.text.suspects.is_empty() {
                p { (text("ほかに疑わしい箇所", "Other wording in doubt").get(lang)) }
                ul lang="ja" { @for suspect in &item.text.suspects { li { "「" (suspect.transcribed) "」" @if let Some(likely) = &suspect.likely { " → 「" (likely) "」" } } } }
            }
        },
    )
}
