//! A banner that says what happened.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

use super::Tone;

/// A banner. Danger is announced at once by screen readers, the others when they fall silent.
pub fn notice(lang: Lang, tone: Tone, title: &Text, body: Markup) -> Markup {
    let role = if tone == Tone::Danger { "alert" } else { "status" };
    html! {
        div.notice.(tone.class()) role=(role) {
            p.notice-title { span aria-hidden="true" { (tone.sign()) " " } (title.get(lang)) }
            (body)
        }
    }
}

/// "It is saved": also tells the script to forget the copy kept under `key` (`data-keep` of the form).
pub fn saved(lang: Lang, title: &Text, key: &str) -> Markup {
    html! { div data-saved=(key) { (notice(lang, Tone::Success, title, html! {})) } }
}

pub(super) fn example(lang: Lang) -> Markup {
    let more = text("評価者に知らせました。", "The evaluator has been told.");
    html! {
        (notice(lang, Tone::Info, &text("第2回の提出期限は12月18日です。", "Round 2 is due on 18 December."), html! {}))
        (notice(lang, Tone::Success, &text("第1回を提出しました。", "Round 1 is submitted."), html! { p { (more.get(lang)) } }))
        (notice(lang, Tone::Warn, &text("証拠3件の期限が近づいています。", "Three pieces of evidence expire soon."), html! { p { a href="#" { (text("期限の一覧を見る", "See the list of expiry dates").get(lang)) } } }))
        (notice(lang, Tone::Danger, &text("ファイルを受け取れませんでした。", "The file was not accepted."), html! {}))
        (saved(lang, &text("対応策を保存しました。", "The answer is saved."), "example"))
    }
}
