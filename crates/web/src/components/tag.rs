//! A state in one word: a sign, the word, and a colour that is never alone.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

/// The feeling of a state, shared by tags, notices, tiles and marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tone {
    #[default]
    Neutral,
    Info,
    Success,
    Warn,
    Danger,
}

impl Tone {
    pub const fn class(self) -> &'static str {
        match self {
            Tone::Neutral => "tone-neutral",
            Tone::Info => "tone-info",
            Tone::Success => "tone-success",
            Tone::Warn => "tone-warn",
            Tone::Danger => "tone-danger",
        }
    }

    /// A sign of its own shape, so that the tone is seen without colour.
    pub const fn sign(self) -> &'static str {
        match self {
            Tone::Neutral => "―",
            Tone::Info => "●",
            Tone::Success => "✓",
            Tone::Warn => "▲",
            Tone::Danger => "✕",
        }
    }
}

/// A tag.
pub fn tag(lang: Lang, tone: Tone, label: &Text) -> Markup {
    html! { span.tag.(tone.class()) { span.sign aria-hidden="true" { (tone.sign()) } (label.get(lang)) } }
}

pub(super) fn example(lang: Lang) -> Markup {
    html! {
        div.row {
            (tag(lang, Tone::Success, &text("適合", "Conforms")))
            (tag(lang, Tone::Warn, &text("条件付適合", "Conditional")))
            (tag(lang, Tone::Danger, &text("不適合", "Does not conform")))
            (tag(lang, Tone::Neutral, &text("対象外", "Out of scope")))
            (tag(lang, Tone::Info, &text("回答済み", "Answered")))
        }
    }
}
