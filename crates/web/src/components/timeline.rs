//! What happened, when and by whom.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

use super::Tone;

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct Event {
    /// For machines, as `datetime=` wants it; and as people read it.
    pub time: (String, String),
    pub what: Text,
    pub who: Option<String>,
    pub tone: Option<Tone>,
    pub more: Option<Markup>,
}

/// Draws the events in the order given.
pub fn timeline(lang: Lang, events: &[Event]) -> Markup {
    html! {
        ol.timeline {
            @for event in events {
                li.(event.tone.map_or("", Tone::class)) {
                    time datetime=(event.time.0) { (event.time.1) @if let Some(who) = &event.who { " · " (who) } }
                    p { (event.what.get(lang)) }
                    @if let Some(more) = &event.more { (more) }
                }
            }
        }
    }
}

pub(super) fn example(lang: Lang) -> Markup {
    let event = |time: &str, what: Text, tone, more| Event {
        time: (time.to_owned(), time.to_owned()),
        what,
        who: Some(text("佐藤 花子", "Hanako Sato").get(lang).to_owned()),
        tone,
        more,
    };
    timeline(
        lang,
        &[
            event("2026-11-20", text("対応策を保存しました。", "Saved the answer."), None, None),
            event(
                "2026-11-02",
                text("第1回が返却されました。", "Round 1 was returned."),
                Some(Tone::Warn),
                Some(html! { a href="#" { (text("指摘12件を見る", "See 12 findings").get(lang)) } }),
            ),
            event("2026-10-08", text("第1回を提出しました。", "Submitted round 1."), Some(Tone::Success), None),
        ],
    )
}
