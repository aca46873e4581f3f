//! The answer (対応策): the whole, each sub-point, 対象外 with its reason, 備考; and both versions where two people collide.

use maud::{Markup, html};
use rules::answer::{Answer, Content, LONGEST, Origin};
use rules::id::Pos;
use rules::refusal::Why;
use rules::text::{Lang, Text, text, worded};

use super::super::contents::{answer_body, answer_text};
use super::super::form::Form;
use super::super::signs::time;
use super::{Look, acts, around};
use crate::components::{Area, Button, Kind, Tone, actions, card, checkbox, csrf, details, diff, notice, submit, tag, textarea};

fn title() -> Text {
    text("対応策", "Answer")
}

/// The answer for somebody who only reads.
pub fn read_only(look: &Look) -> Markup {
    let lang = look.visit.lang;
    card(
        lang,
        &title(),
        html! {},
        match &look.read.facts().answer {
            Some(given) if !given.content.is_empty() => html! { (answer_body(lang, look.read.item(), given)) (signature(look, given)) },
            _ => html! { p.muted { (text("回答はまだありません。", "There is no answer yet.").get(lang)) } },
        },
    )
}

/// Who wrote it, when, and where its words come from.
pub fn signature(look: &Look, given: &Answer) -> Markup {
    let lang = look.visit.lang;
    html! { p.small.muted { (look.case().name(given.by)) " · " (time(given.at)) " · " (origin(&given.origin).get(lang)) } }
}

/// Where an answer's words come from.
pub fn origin(origin: &Origin) -> Text {
    match origin {
        Origin::Written => text("入力", "written"),
        Origin::Copied { item, .. } => worded(format!("項目{item}から転記"), format!("copied from item {item}")),
        Origin::Imported { file } => worded(format!("「{file}」から取込み"), format!("imported from {file}")),
        Origin::Proposed { .. } => text("適用範囲から提案", "proposed by the profile"),
        Origin::Confirmed => text("転記・提案を確認", "copied words confirmed"),
    }
}

pub fn form(look: &Look) -> Markup {
    let lang = look.visit.lang;
    let form = Form::new(look.visit, "answer", look.again);
    let given = look.read.facts().answer.as_ref();
    let empty = Content::default();
    let stands = given.map_or(&empty, |a| &a.content);
    let base = given.map_or(Pos::NEVER, |a| a.pos);
    let out = form.is_on("out", stands.out_of_scope.is_some());
    let next = around(look.read).1;
    card(
        lang,
        &title(),
        corner(lang, given),
        html! {
            (form.summary())
            (Form::new(look.visit, "confirm", look.again).summary())
            (Form::new(look.visit, "copy", look.again).summary())
            @if form.refused.is_some_and(|r| r.why == Why::Conflict) { (both(look, given)) }
            (unconfirmed(look, given))
            form method="post" action=(look.act("answer")) data-keep=(look.keep()) data-submit-key {
                (csrf(&look.visit.csrf))
                // Saving rests on the version one sees: another one in between is a conflict, never overwritten in silence.
                input type="hidden" name="base" value=(base.0);
                @if let Some(next) = next { input type="hidden" name="next" value=(next); }
                (textarea(lang, Area { rows: 8, limit: Some(LONGEST), key: Some("i") }, &form.field("text", text("対応策（項目全体）", "Answer to the item as a whole"), &stands.text).hint(text("実施していること、その根拠となる規程や記録を具体的に書いてください。", "What is done, and the rules and records that show it."))))
                (points(look, form, stands))
                (details(lang, &text("対象外にする", "Out of scope"), out || form.refused.is_some(), html! {
                    (checkbox(lang, &form.field("out", text("この項目は対象外です", "This item is out of scope"), ""), out))
                    (textarea(lang, Area { rows: 2, ..Area::default() }, &form.field("out_of_scope", text("対象外とする理由", "Reason why it is out of scope"), stands.out_of_scope.as_deref().unwrap_or_default())))
                }))
                (textarea(lang, Area { rows: 2, ..Area::default() }, &form.field("remarks", text("備考", "Remarks"), &stands.remarks)))
                (actions(html! {
                    (Button::new(Kind::Primary, text("保存する", "Save")).act("do", "save").submit(lang))
                    (Button::new(Kind::Secondary, text("保存して準備完了にする", "Save and mark ready")).act("do", "ready").submit(lang))
                    @if next.is_some() { (Button::new(Kind::Secondary, text("準備完了にして次の項目へ", "Mark ready and go on")).act("do", "next").submit(lang)) }
                }))
            }
            @if let Some(given) = given { (signature(look, given)) }
        },
    )
}

fn corner(lang: Lang, given: Option<&Answer>) -> Markup {
    html! { @if given.is_some_and(|a| a.origin.awaits_confirmation()) { (tag(lang, Tone::Warn, &text("未確認", "Not confirmed"))) } }
}

/// A field for each numbered sub-point, tied to its words.
fn points(look: &Look, form: Form, stands: &Content) -> Markup {
    let lang = look.visit.lang;
    let item = look.read.item();
    if item.points.is_empty() {
        return html! {};
    }
    // The rule refuses "points" as one field: the summary leads here.
    html! {
        fieldset.field id="f-answer-points" {
            legend { (text("小項目ごとの回答", "Answers to the sub-points").get(lang)) }
            @for point in &item.points {
                @let name = format!("point-{}", point.n.0);
                @let written = stands.points.get(&point.n).map_or("", String::as_str);
                p.small lang="ja" { "(" (point.n.0) ") " (point.text) }
                (textarea(lang, Area { rows: 2, ..Area::default() }, &form.field(&name, worded(format!("小項目({})", point.n.0), format!("Sub-point ({})", point.n.0)), written)))
            }
        }
    }
}

/// Copied or proposed words wait for somebody to say that they hold here.
fn unconfirmed(look: &Look, given: Option<&Answer>) -> Markup {
    let lang = look.visit.lang;
    let Some(given) = given.filter(|a| a.origin.awaits_confirmation()) else { return html! {} };
    let from = origin(&given.origin);
    let title = worded(
        format!("{}された回答で、まだ確認されていません。", from.ja),
        format!("This answer was {} and nobody has confirmed it.", from.en),
    );
    notice(
        lang,
        Tone::Warn,
        &title,
        html! {
            form method="post" action=(look.act("confirm")) { (csrf(&look.visit.csrf)) (submit(lang, Kind::Secondary, &text("このまま確認済みにする", "Confirm it as it is"))) }
        },
    )
}

/// Somebody else saved in the meantime: what stands now beside what was typed, and the differences.
fn both(look: &Look, now: Option<&Answer>) -> Markup {
    let lang = look.visit.lang;
    let item = look.read.item();
    let typed = typed_as_answer(look, now);
    let (theirs, mine) = (answer_text(lang, item, now), answer_text(lang, item, typed.as_ref()));
    html! {
        div.columns {
            section {
                h3 { (text("いま保存されている内容", "What is saved now").get(lang)) }
                @if let Some(now) = now { p.small.muted { (look.case().name(now.by)) " · " (time(now.at)) } }
                p.prose { (theirs) }
            }
            section {
                h3 { (text("あなたが入力した内容", "What you typed").get(lang)) }
                p.prose { (mine) }
            }
        }
        h3 { (text("違い（保存済み → 入力）", "Differences: from saved to typed").get(lang)) }
        (diff(lang, &theirs, &mine))
        p { (text("下の欄にはあなたの入力が残っています。必要なら直してから保存してください。保存済みの内容も履歴に残ります。", "The form below still holds what you typed. Change it if needed and save again; the other version stays in the history.").get(lang)) }
    }
}

/// What was typed, in the shape that is drawn.
fn typed_as_answer(look: &Look, now: Option<&Answer>) -> Option<Answer> {
    now.map(|now| Answer { content: acts::content(&look.visit.form), origin: Origin::Written, ..now.clone() })
}
