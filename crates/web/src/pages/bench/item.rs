//! The item on the workbench: what it asks, what the applicant answers, what changed, and the evidence claimed.

use maud::{Markup, html};
use rules::answer::Answer;
use rules::evidence::{Claim, Finding};
use rules::item::ItemFacts;
use rules::text::{text, worded};

use super::Look;
use super::narrow::was_returned;
use crate::components::{Button, Field, Kind, Tone, csrf, details, diff, tag, text_field};
use crate::pages::contents;
use crate::pages::form::Form;
use crate::pages::signs;
use crate::pages::word;
use crate::urls;

pub fn item(look: &Look) -> Markup {
    let (lang, case, item, facts) = (look.visit.lang, look.case(), look.read.item(), look.read.facts());
    html! {
        div.row {
            (contents::mark_tag(lang, &case.sheet, facts.verdict.as_ref().map(|v| v.content.mark.as_str())))
            @if case.changed(facts) { (tag(lang, Tone::Warn, &text("前回から変更", "Changed since the last round"))) }
            @if was_returned(case, facts) { (tag(lang, Tone::Info, &text("前回改善を依頼", "Returned in the last round"))) }
            @if facts.messages > 0 { a.small href="#thread" { (worded(format!("質疑 {}件", facts.messages), format!("{} messages", facts.messages)).get(lang)) } }
        }
        h2 { (text("対策項目", "Requirement").get(lang)) }
        (contents::requirement(lang, case, item))
        @if let Some(drift) = &item.rule_drift { (details(lang, &text("現行ガイドラインとの違い", "Where current guidelines differ"), false, html! { p lang="ja" { (drift) } })) }
        h2 { (text("対応策", "Answer").get(lang)) }
        @match &facts.answer {
            Some(given) if !given.content.is_empty() => { (given_answer(look, given)) },
            _ => { p.muted { (text("回答がありません。", "There is no answer.").get(lang)) } },
        }
        (improvement(look, facts))
        h2 { (text("証跡", "Evidence").get(lang)) }
        (Form::new(look.visit, "confirm", look.refused).summary())
        @if facts.claims.is_empty() { p.muted { (text("紐付けられた証跡はありません。", "No evidence is claimed.").get(lang)) } }
        // A confirmation swaps this list only, where there is a script: the place on the page stays.
        @else { ul.stack #claims { @for claim in &facts.claims { li { (claimed(look, facts, claim)) } } } }
    }
}

fn given_answer(look: &Look, given: &Answer) -> Markup {
    let (lang, case, item) = (look.visit.lang, look.case(), look.read.item());
    // The newest version that the round before had; the versions come newest first.
    let before = look.read.answers.iter().find(|a| a.pos <= case.previous_cut);
    let changed = case.facts.case.round > 1 && given.pos > case.previous_cut;
    html! {
        (contents::answer_body(lang, item, given))
        p.small.muted { (case.name(given.by)) " · " (signs::time(given.at)) }
        @if changed {
            (details(lang, &text("前回の回答との違い", "Difference to the last round"), true, diff(lang, &contents::answer_text(lang, item, before), &contents::answer_text(lang, item, Some(given)))))
        }
    }
}

/// The 改善策 of an earlier round and what the applicant says to it.
fn improvement(look: &Look, facts: &ItemFacts) -> Markup {
    let (lang, case) = (look.visit.lang, look.case());
    let asked = look.read.verdicts.iter().find(|v| v.round < case.facts.case.round && !v.content.improvement.is_empty());
    let said = facts.improvement_answer.as_ref();
    html! {
        @if asked.is_some() || said.is_some() {
            h2 { (text("前回の改善策と回答", "Last improvement and its answer").get(lang)) }
            @if let Some(verdict) = asked {
                p.small.muted { (worded(format!("第{}回の改善策", verdict.round), format!("Improvement asked for in round {}", verdict.round)).get(lang)) }
                p.prose { (verdict.content.improvement) }
            }
            @match said {
                Some(answer) => {
                    p.small.muted { (text("申請者の回答", "The applicant's answer").get(lang)) " · " (case.name(answer.by)) " · " (signs::time(answer.at)) }
                    p.prose { (answer.text) }
                },
                None => { p.muted { (text("改善策への回答はまだありません。", "It is not answered yet.").get(lang)) } },
            }
        }
    }
}

fn claimed(look: &Look, facts: &ItemFacts, claim: &Claim) -> Markup {
    let (lang, case) = (look.visit.lang, look.case());
    let found = facts.confirmations.iter().find(|c| c.claim == claim.id);
    let file = claim.evidence.and_then(|id| case.evidence.get(&id));
    let shown = look.chosen().is_some_and(|c| c.id == claim.id);
    let id = claim.id.to_string();
    html! {
        div.row id=(id) {
            @match file {
                Some(_) => { a href=(urls::bench_item(case.facts.case.id, look.read.no) + &look.narrow.query(&[("claim", &id)])) aria-current=[shown.then_some("true")] { (claim.document) } },
                None => { span { (claim.document) } (tag(lang, Tone::Warn, &text("ファイルなし", "No file"))) },
            }
            span.small { (contents::point_name(lang, claim.point)) @if let Some(place) = contents::place(claim) { " · " (place.get(lang)) } }
            @if file.and_then(|f| f.valid_until).is_some_and(|until| until < case.today) { (tag(lang, Tone::Danger, &text("有効期限切れ", "Expired"))) }
            @match found {
                Some(found) => { (tag(lang, signs::finding_tone(found.finding), &found.finding.name())) span.small.muted { (case.name(found.by)) " " (found.comment) } },
                None => { (tag(lang, Tone::Neutral, &text("未確認", "Not confirmed"))) },
            }
        }
        @if look.may_confirm() { (confirm_form(look, claim, &id)) }
    }
}

fn confirm_form(look: &Look, claim: &Claim, id: &str) -> Markup {
    let lang = look.visit.lang;
    let typed = look.typed("confirm").filter(|form| form.text("claim") == id).map_or("", |form| form.text("comment"));
    let about = worded(claim.written(), claim.written());
    html! {
        form.row method="post" action=(look.act("confirm")) hx-post=(look.act("confirm")) hx-target="#claims" hx-select="#claims" hx-swap="outerHTML" {
            (csrf(&look.visit.csrf))
            (look.narrow.hidden())
            input type="hidden" name="claim" value=(id);
            @for finding in Finding::ALL {
                (Button::new(if finding == Finding::Seen { Kind::Secondary } else { Kind::Quiet }, finding.name()).act("finding", &word(&finding)).small().about(about.clone()).submit(lang))
            }
            (text_field(lang, &Field::new("comment", text("確認のコメント", "Comment")).form(id).value(typed)))
        }
    }
}
