//! What people say about an answer: the evaluator's verdict and the reply to it, the second look, the question thread.

use maud::{Markup, html};
use rules::answer::LONGEST;
use rules::command::Kind as Act;
use rules::id::Pos;
use rules::policy::Side;
use rules::text::{text, worded};

use super::super::case::may;
use super::super::form::Form;
use super::super::signs::{moment, time, verdict_tag};
use super::Look;
use crate::components::{Area, Button, Event, Kind, Tone, actions, card, csrf, facts, submit, tag, textarea, timeline};

/// The verdict in view with its 改善策 and the answer to it; nothing before the first return.
pub fn verdict(look: &Look) -> Markup {
    let lang = look.visit.lang;
    let found = look.read.facts();
    let Some(verdict) = &found.verdict else { return html! {} };
    let content = &verdict.content;
    let mut pairs = vec![(
        text("判定結果", "Verdict"),
        html! { (verdict_tag(lang, &look.case().sheet, found)) " " span.small.muted { (worded(format!("第{}回", verdict.round), format!("round {}", verdict.round)).get(lang)) " · " (time(verdict.at)) } },
    )];
    for (name, words) in [
        (text("確認したエビデンス", "Evidence seen"), &content.evidence),
        (text("改善策", "Improvement"), &content.improvement),
        (text("備考", "Remarks"), &content.remarks),
    ] {
        if !words.is_empty() {
            pairs.push((name, super::super::signs::prose(words)));
        }
    }
    card(lang, &text("評価者の判定", "The evaluator's verdict"), html! {}, html! { (facts(lang, &pairs)) (improvement(look)) })
}

/// The applicant's answer to the 改善策, and the form for it while the round is back.
fn improvement(look: &Look) -> Markup {
    let lang = look.visit.lang;
    let found = look.read.facts();
    let asks = found.verdict.as_ref().is_some_and(|v| !v.content.improvement.is_empty());
    if !asks {
        return html! {};
    }
    let form = Form::new(look.visit, "improvement", look.again);
    let said = found.improvement_answer.as_ref().filter(|_| found.improvement_is_answered());
    let open = look.may_write() && may(look.visit, look.case(), Act::AnswerImprovement);
    html! {
        h3 { (text("改善策への回答", "Answer to the improvement").get(lang)) }
        @match said {
            Some(answer) => { p.prose { (answer.text) } p.small.muted { (look.case().name(answer.by)) " · " (time(answer.at)) } },
            None => { p { (tag(lang, Tone::Warn, &text("未回答", "Not answered"))) } },
        }
        @if open {
            (form.summary())
            form method="post" action=(look.act("improvement")) data-keep={ "improvement-" (look.case().facts.case.id) "-" (look.read.no) } data-submit-key {
                (csrf(&look.visit.csrf))
                (textarea(lang, Area { rows: 4, limit: Some(LONGEST), key: None }, &form.field("text", text("改善策への回答", "Answer to the improvement"), said.map_or("", |a| &a.text)).required()))
                (submit(lang, Kind::Primary, &text("改善策に回答する", "Answer the improvement")))
            }
        }
    }
}

/// The applicant's own four eyes: a second person looks at this very version.
pub fn review(look: &Look) -> Markup {
    let lang = look.visit.lang;
    let found = look.read.facts();
    let Some(answer) = found.answer.as_ref().filter(|a| look.case().side == Side::Applicant && !a.content.is_empty()) else {
        return html! {};
    };
    let form = Form::new(look.visit, "review", look.again);
    let author = look.visit.signed.as_ref().is_some_and(|s| s.actor.is(answer.by));
    let open = look.closed().is_none() && !author && may(look.visit, look.case(), Act::ReviewAnswer);
    let current = found.review.as_ref().filter(|r| r.answer == answer.pos);
    html! {
        div #review {
            (card(lang, &text("社内確認", "Internal review"), html! {}, html! {
                (form.summary())
                @match current {
                    Some(review) => {
                        p { (if review.ok { tag(lang, Tone::Success, &text("確認済み", "Reviewed")) } else { tag(lang, Tone::Danger, &text("差戻し", "Sent back")) }) " " span.small.muted { (look.case().name(review.by)) " · " (time(review.at)) } }
                        @if !review.comment.is_empty() { p.prose { (review.comment) } }
                    },
                    None => { p.muted { (text("この版はまだ確認されていません。", "Nobody has reviewed this version yet.").get(lang)) } },
                }
                @if author && look.closed().is_none() { p.small.muted { (text("回答を書いた本人以外が確認します。", "Somebody other than the author reviews it.").get(lang)) } }
                @if open { (review_form(look, form, answer.pos)) }
            }))
        }
    }
}

fn review_form(look: &Look, form: Form, seen: Pos) -> Markup {
    let lang = look.visit.lang;
    html! {
        form method="post" action=(look.act("review")) {
            (csrf(&look.visit.csrf))
            input type="hidden" name="seen" value=(seen.0);
            (textarea(lang, Area { rows: 2, limit: Some(2000), key: None }, &form.field("comment", text("コメント", "Comment"), "").hint(text("差し戻す場合は、直す点を書いてください。", "To send it back, say what has to change."))))
            (actions(html! {
                (Button::new(Kind::Primary, text("確認済みにする", "Review is fine")).act("ok", "yes").submit(lang))
                (Button::new(Kind::Secondary, text("差し戻す", "Send back")).act("ok", "no").submit(lang))
            }))
        }
    }
}

/// The question thread (質疑) with the evaluators.
pub fn thread(look: &Look) -> Markup {
    let lang = look.visit.lang;
    if look.case().side == Side::Institution {
        return html! {};
    }
    let form = Form::new(look.visit, "messages", look.again);
    let open = may(look.visit, look.case(), Act::SendMessage);
    let messages = &look.read.messages;
    if messages.is_empty() && !open {
        return html! {};
    }
    let events: Vec<Event> = messages
        .iter()
        .map(|m| {
            let (what, tone) = match m.side {
                Side::Applicant => (text("申請者", "Applicant"), None),
                Side::Body | Side::Institution => (text("評価者", "Evaluator"), Some(Tone::Info)),
            };
            Event {
                time: (m.at.to_string(), moment(m.at)),
                what,
                who: Some(look.case().name(m.by).to_owned()),
                tone,
                more: Some(super::super::signs::prose(&m.text)),
            }
        })
        .collect();
    html! {
        div #messages {
            (card(lang, &text("質疑", "Questions"), html! {}, html! {
                @if events.is_empty() { p.muted { (text("やり取りはまだありません。", "Nothing was asked yet.").get(lang)) } } @else { (timeline(lang, &events)) }
                @if open {
                    (form.summary())
                    form method="post" action=(look.act("messages")) data-keep={ "message-" (look.case().facts.case.id) "-" (look.read.no) } {
                        (csrf(&look.visit.csrf))
                        (textarea(lang, Area { rows: 3, limit: Some(4000), key: None }, &form.field("text", text("メッセージ", "Message"), "").required()))
                        (submit(lang, Kind::Secondary, &text("送信する", "Send")))
                    }
                }
            }))
        }
    }
}
