//! Earlier versions of the answer and the verdict, each with what it changed.

use maud::{Markup, html};
use rules::text::{Text, text, worded};

use super::super::contents::answer_text;
use super::super::signs::{mark_tag, moment};
use super::Look;
use super::answer_form::origin;
use crate::components::{card, details, diff};

/// Versions newest first; the differences are to the version before. Nothing before the second version.
pub fn history(look: &Look) -> Markup {
    let lang = look.visit.lang;
    let (answers, verdicts) = (&look.read.answers, &look.read.verdicts);
    if answers.len() < 2 && verdicts.len() < 2 {
        return html! {};
    }
    card(
        lang,
        &text("履歴", "History"),
        html! {},
        html! {
            @if answers.len() > 1 {
                h3 { (text("回答の履歴", "Versions of the answer").get(lang)) }
                @for (n, answer) in answers.iter().enumerate() {
                    @let from = origin(&answer.origin);
                    @let who = look.case().name(answer.by);
                    (details(lang, &version(answers.len() - n, answer.at, who, &from), n == 0, diff(lang, &answer_text(lang, look.read.item(), answers.get(n + 1)), &answer_text(lang, look.read.item(), Some(answer)))))
                }
            }
            @if verdicts.len() > 1 {
                h3 { (text("判定の履歴", "Versions of the verdict").get(lang)) }
                @for verdict in verdicts {
                    p {
                        span.small.muted { (worded(format!("第{}回", verdict.round), format!("Round {}", verdict.round)).get(lang)) " · " (moment(verdict.at)) " " }
                        @if let Some(mark) = look.case().sheet.mark(&verdict.content.mark) { (mark_tag(lang, mark)) }
                        " " (verdict.content.improvement)
                    }
                }
            }
        },
    )
}

fn version(n: usize, at: jiff::Timestamp, who: &str, from: &Text) -> Text {
    let when = moment(at);
    worded(format!("第{n}版 {when} {who}（{}）", from.ja), format!("Version {n}, {when}, {who} ({})", from.en))
}
