//! What a case holds, as several pages show it: a requirement, an answer, a claim, a verdict.

use app::read::case::CaseRead;
use maud::{Markup, html};
use rules::answer::Answer as Given;
use rules::case::{CaseFacts, State};
use rules::command::Kind as Act;
use rules::evidence::Claim;
use rules::id::PointNo;
use rules::policy::{self, Place};
use rules::sheet::{Item, Layer, Sheet};
use rules::text::{Lang, Text, text, worded};

use super::signs;
use crate::components::{Crumb, Tone, tag};
use crate::urls;
use crate::visit::Visit;

pub const NOT_JUDGED: Text = text("未判定", "Not judged");

/// A verdict's mark and its tone; a missing one is "not judged".
pub fn mark_of(sheet: &Sheet, code: Option<&str>) -> (Tone, Text) {
    code.and_then(|c| sheet.mark(c)).map_or((Tone::Neutral, NOT_JUDGED), |m| (signs::class_tone(m.class), m.name.clone()))
}

pub fn mark_tag(lang: Lang, sheet: &Sheet, code: Option<&str>) -> Markup {
    let (tone, name) = mark_of(sheet, code);
    tag(lang, tone, &name)
}

/// Which layer of a requirement's text one reads, and what that means.
pub fn layer_tag(lang: Lang, layer: Layer) -> Markup {
    match layer {
        Layer::Confirmed => tag(lang, Tone::Success, &text("原本と照合済み", "Compared with the original")),
        Layer::Proposed => tag(lang, Tone::Warn, &text("修正案（正式な文言ではありません）", "Proposed wording, not official")),
        Layer::Transcribed => tag(lang, Tone::Neutral, &text("書き起こし（未照合）", "As transcribed, not compared")),
    }
}

/// What the item asks, with its layer; on English pages a summary stands first.
pub fn requirement(lang: Lang, case: &CaseRead, item: &Item) -> Markup {
    let (words, layer) = case.text(item);
    html! {
        div.row { (layer_tag(lang, layer)) @if item.disclosure { (tag(lang, Tone::Info, &text("医療機関への開示・説明", "To be shown to institutions"))) } }
        @if lang == Lang::En && !item.summary_en.is_empty() { p.prose { (item.summary_en) } }
        @if layer == Layer::Confirmed || item.points.is_empty() { p.prose lang="ja" { (words) } }
        @else {
            p.prose lang="ja" { (item.lead) }
            ul lang="ja" { @for point in &item.points { li { "(" (point.n.0) ") " (point.text) } } }
        }
        @if !item.evidence.names.is_empty() {
            p.small.muted { (text("エビデンス例", "Examples of evidence").get(lang)) ": " span lang="ja" { (item.evidence.names.join("、")) } }
        }
    }
}

/// A point's name: (1), or the item as a whole.
pub fn point_name(lang: Lang, point: PointNo) -> String {
    if point == PointNo::WHOLE { text("項目全体", "Whole item").get(lang).to_owned() } else { format!("({})", point.0) }
}

/// An answer with its sub-points, its 備考, and where its words come from.
pub fn answer_body(lang: Lang, item: &Item, given: &Given) -> Markup {
    let content = &given.content;
    html! {
        @if let Some(reason) = &content.out_of_scope {
            p { (tag(lang, Tone::Neutral, &text("対象外として申請", "Said to be out of scope"))) }
            p.prose { (reason) }
        }
        @if !content.text.is_empty() { p.prose { (content.text) } }
        @if !content.points.is_empty() {
            dl.facts {
                @for point in &item.points {
                    dt { "(" (point.n.0) ") " span.muted.small lang="ja" { (point.text) } }
                    dd.prose { @match content.points.get(&point.n) { Some(words) => { (words) }, None => { (text("回答なし", "No answer").get(lang)) } } }
                }
            }
        }
        @if !content.remarks.is_empty() { p.prose { strong { (text("備考", "Remarks").get(lang)) ": " } (content.remarks) } }
        @if given.origin.awaits_confirmation() { p { (tag(lang, Tone::Warn, &text("転記・提案のまま未確認", "Copied or proposed, not confirmed"))) } }
    }
}

/// A whole answer as one text, for comparing versions.
pub fn answer_text(lang: Lang, item: &Item, given: Option<&Given>) -> String {
    let Some(given) = given else { return String::new() };
    let content = &given.content;
    let mut lines = vec![];
    lines.extend(content.out_of_scope.iter().map(|reason| format!("{}: {reason}", text("対象外", "Out of scope").get(lang))));
    lines.extend((!content.text.is_empty()).then(|| content.text.clone()));
    lines.extend(item.points.iter().filter_map(|p| content.points.get(&p.n).map(|words| format!("({}) {words}", p.n.0))));
    lines.extend((!content.remarks.is_empty()).then(|| format!("{}: {}", text("備考", "Remarks").get(lang), content.remarks)));
    lines.join("\n")
}

/// Claims, one a line.
pub fn claims_text(claims: &[Claim]) -> String {
    claims
        .iter()
        .map(|c| if c.point == PointNo::WHOLE { c.written() } else { format!("({}) {}", c.point.0, c.written()) })
        .collect::<Vec<_>>()
        .join("\n")
}

/// A claim's place in words: page and section.
pub fn place(claim: &Claim) -> Option<Text> {
    let mut ja = claim.page.map(|p| format!("{p}ページ")).unwrap_or_default();
    let mut en = claim.page.map(|p| format!("page {p}")).unwrap_or_default();
    if !claim.place.is_empty() {
        for words in [&mut ja, &mut en] {
            words.push_str(if words.is_empty() { "" } else { " " });
            words.push_str(&claim.place);
        }
    }
    (!ja.is_empty()).then(|| worded(ja, en))
}

/// Nothing follows and no certificate stands.
pub fn is_over(state: State) -> bool {
    policy::turn(state).is_none() && !state.is_certified()
}

/// The actor may do this here, and it is the time for it.
pub fn may(visit: &Visit, kind: Act, facts: &CaseFacts) -> bool {
    visit.signed.as_ref().is_some_and(|s| policy::may(kind, &s.actor, Place::Case(facts)).is_ok())
}

/// The way to a page of a case.
pub fn crumbs(case: &CaseRead, here: Text) -> Vec<Crumb> {
    vec![
        Crumb::link(text("案件", "Cases"), urls::cases()),
        Crumb::link(worded(case.product.name.clone(), case.product.name.clone()), urls::case(case.facts.case.id)),
        Crumb::here(here),
    ]
}
