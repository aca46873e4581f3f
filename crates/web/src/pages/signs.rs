//! How states, verdicts and times look, the same on every page.

use app::scan::ScanRead;
use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};
use rules::answer::Status;
use rules::case::State;
use rules::evidence::{Finding, Label};
use rules::item::ItemFacts;
use rules::policy::{self, Side};
use rules::sheet::{Class, Mark, Sheet};
use rules::text::{Lang, Text, text};
use rules::vault::Inside;

use crate::chart::Shade;
use crate::components::{Tone, tag};

pub const fn state_tone(state: State) -> Tone {
    match state {
        State::Draft | State::Renewed => Tone::Neutral,
        State::Submitted | State::InReview | State::Decided => Tone::Info,
        State::Returned | State::Watched => Tone::Warn,
        State::Certified => Tone::Success,
        State::Refused | State::Expired | State::Withdrawn => Tone::Danger,
    }
}

/// How a file stands with the malware scanner: only what was seen with new eyes is green.
pub fn scan_tag(lang: Lang, scan: &ScanRead) -> Markup {
    let tone = match scan {
        ScanRead::Clean { .. } => Tone::Success,
        ScanRead::OldSignatures { .. } | ScanRead::NotScanned { .. } => Tone::Warn,
        ScanRead::Found { .. } => Tone::Danger,
    };
    tag(lang, tone, &scan.name())
}

/// What was found inside an archive or an Office file; the empty dash is for what is neither.
pub fn inside_tags(lang: Lang, inside: Option<&[Inside]>) -> Markup {
    html! {
        @match inside {
            None => { span.muted { "―" } },
            Some([]) => { (tag(lang, Tone::Success, &text("確認済み（マクロ・暗号化なし）", "Looked into: no macros, nothing encrypted"))) },
            Some(found) => { @for one in found { (tag(lang, Tone::Warn, &one.name())) " " } },
        }
    }
}

/// A case's state as a tag.
pub fn state_tag(lang: Lang, state: State) -> Markup {
    tag(lang, state_tone(state), &state.name())
}

pub const fn status_tone(status: Status) -> Tone {
    match status {
        Status::Open => Tone::Neutral,
        Status::InProgress => Tone::Info,
        Status::Ready => Tone::Success,
    }
}

/// How far the applicant is with an item, as a tag.
pub fn status_tag(lang: Lang, status: Status) -> Markup {
    tag(lang, status_tone(status), &status.name())
}

pub const fn class_tone(class: Class) -> Tone {
    match class {
        Class::Conforms => Tone::Success,
        Class::Partly => Tone::Warn,
        Class::Fails => Tone::Danger,
        Class::OutOfScope => Tone::Neutral,
        Class::Open => Tone::Info,
    }
}

pub const fn class_shade(class: Class) -> Shade {
    match class {
        Class::Conforms => Shade::Good,
        Class::Partly => Shade::Partly,
        Class::Fails => Shade::Bad,
        Class::OutOfScope => Shade::Out,
        Class::Open => Shade::Open,
    }
}

/// The name of a class as the sheet's own scale says it.
pub fn class_name(sheet: &Sheet, class: Class) -> Text {
    let own = sheet.scale.iter().find(|m| m.class == class).map(|m| m.name.clone());
    own.unwrap_or(match class {
        Class::Conforms => text("適合", "Conforms"),
        Class::Partly => text("条件付適合", "Conforms in part"),
        Class::Fails => text("不適合", "Fails"),
        Class::OutOfScope => text("対象外", "Out of scope"),
        Class::Open => text("保留", "Open"),
    })
}

pub fn mark_tag(lang: Lang, mark: &Mark) -> Markup {
    tag(lang, class_tone(mark.class), &mark.name)
}

/// The verdict in view, as a tag; nothing where there is none.
pub fn verdict_tag(lang: Lang, sheet: &Sheet, facts: &ItemFacts) -> Markup {
    match facts.verdict.as_ref().and_then(|v| sheet.mark(&v.content.mark)) {
        Some(mark) => mark_tag(lang, mark),
        None => html! {},
    }
}

pub const fn finding_tone(finding: Finding) -> Tone {
    match finding {
        Finding::Seen => Tone::Success,
        Finding::Insufficient => Tone::Warn,
        Finding::Missing => Tone::Danger,
    }
}

pub const fn label_tone(label: Label) -> Tone {
    match label {
        Label::Public => Tone::Success,
        Label::Disclosable => Tone::Info,
        Label::Confidential => Tone::Warn,
    }
}

/// Whose turn it is, seen from a side.
pub fn turn(state: State, own: Side) -> Text {
    match policy::turn(state) {
        Some(side) if side == own => text("こちらの番です", "Your turn"),
        Some(Side::Applicant) => text("申請者の番です", "The applicant's turn"),
        Some(_) => text("評価機関の番です", "The evaluation body's turn"),
        None => text("作業はありません", "Nothing to do"),
    }
}

/// A time on clocks in Japan, to the minute.
pub fn moment(at: Timestamp) -> String {
    rules::act::japan(at).strftime("%Y-%m-%d %H:%M").to_string()
}

pub fn time(at: Timestamp) -> Markup {
    html! { time.nowrap datetime=(at) { (moment(at)) } }
}

pub fn date(day: Date) -> Markup {
    html! { time.nowrap datetime=(day) { (day) } }
}

/// A due date; one that is over says so in words.
pub fn due(lang: Lang, day: Option<Date>, overdue: bool) -> Markup {
    match day {
        Some(day) if overdue => html! { (date(day)) " " (tag(lang, Tone::Danger, &text("超過", "Overdue"))) },
        Some(day) => date(day),
        None => html! {},
    }
}

/// Words that came from people, in the language they wrote: a paragraph that keeps its line breaks.
pub fn prose(words: &str) -> Markup {
    html! { p.prose { (words) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_tone_and_a_shade_of_its_own() {
        let tones: std::collections::BTreeSet<&str> = Class::ALL.iter().map(|c| class_tone(*c).class()).collect();
        let shades: std::collections::BTreeSet<Shade> = Class::ALL.iter().map(|c| class_shade(*c)).collect();
        assert_eq!((tones.len(), shades.len()), (5, 5));
    }

    #[test]
    fn whose_turn_it_is_depends_on_who_looks() {
        assert_eq!(turn(State::Draft, Side::Applicant).en, "Your turn");
        assert_eq!(turn(State::Draft, Side::Body).en, "The applicant's turn");
        assert_eq!(turn(State::Certified, Side::Body).en, "Nothing to do");
    }
}
