//! The end of a round: counts, the return for improvement, and the decision with its grounds.

use maud::{Markup, html};
use rules::command::Kind as Act;
use rules::sheet::Class;
use rules::text::{Lang, Text, text, worded};

use super::Look;
use crate::components::{Area, Choice, Kind, Tile, checkboxes, csrf, details, link_button, radios, submit, textarea, tiles};
use crate::pages::signs;
use crate::pages::word;
use crate::urls;

/// How many items have which verdict, each a link to them on the workbench.
pub fn counts(look: &Look) -> Markup {
    let (lang, case) = (look.visit.lang, look.case);
    let total = case.progress().total;
    let bench = urls::bench(case.facts.case.id);
    let mut figures: Vec<Tile> = Class::ALL
        .iter()
        .map(|c| {
            Tile::new(signs::class_name(&case.sheet, *c), total.judged.get(c).copied().unwrap_or(0))
                .tone(signs::class_tone(*c))
                .link(format!("{bench}?class={}", word(c)))
        })
        .collect();
    let open = total.items - total.judged_total();
    figures.push(
        Tile::new(text("未判定", "Not judged"), open)
            .of(worded(format!("/ {}項目", total.items), format!("of {} items", total.items)))
            .link(format!("{bench}?class=none")),
    );
    html! {
        h2 { (text("判定の状況", "Verdicts so far").get(lang)) }
        (tiles(lang, &figures))
        p.row {
            (link_button(lang, Kind::Secondary, &text("評価ワークベンチを開く", "Open the workbench"), &bench))
            a href=(urls::case_page(case.facts.case.id, "rounds") + "?side=body") { (text("ラウンドの記録", "Rounds").get(lang)) }
            a href=(urls::case_page(case.facts.case.id, "quality") + "?side=body") { (text("品質チェック", "Quality check").get(lang)) }
        }
    }
}

/// Returning the round, as a whole or only chosen items; those with a 改善策 are ticked.
pub fn give_back(look: &Look) -> Markup {
    let (lang, case) = (look.visit.lang, look.case);
    let round = case.facts.case.round;
    if !look.may(Act::ReturnRound) {
        return html! {};
    }
    let form = look.form("return");
    let judged = |no| case.item(no).and_then(|(_, f)| f.verdict.as_ref()).filter(|v| v.round == round);
    let choices: Vec<Choice> = case
        .sheet
        .items
        .iter()
        .filter(|item| {
            judged(item.no).is_some_and(|v| !v.content.improvement.is_empty())
                || case
                    .sheet
                    .mark(judged(item.no).map_or("", |v| v.content.mark.as_str()))
                    .is_some_and(|m| matches!(m.class, Class::Partly | Class::Fails | Class::Open))
        })
        .map(|item| {
            Choice::new(item.no.to_string(), worded(format!("{} {}", item.no, item.title.ja), format!("{} {}", item.no, item.title.en)))
        })
        .collect();
    let asked: Vec<String> =
        case.items.iter().filter(|f| judged(f.no).is_some_and(|v| !v.content.improvement.is_empty())).map(|f| f.no.to_string()).collect();
    let typed: Vec<&str> = look.visit.form.all("flagged").collect();
    let ticked: Vec<&str> = if form.refused.is_some() { typed } else { asked.iter().map(String::as_str).collect() };
    let which = [
        Choice::new("all", text("すべての項目を戻す", "Return all items"))
            .hint(text("申請者は全項目を編集できます。", "The applicant may change every item.")),
        Choice::new("flagged", text("選んだ項目だけを戻す", "Return only chosen items"))
            .hint(text("改善策のある項目は必ず含めます。", "Those with an improvement are always among them.")),
    ];
    html! {
        h2 { (text("改善依頼（ラウンドを戻す）", "Return for improvement").get(lang)) }
        p { (text("戻すと、このラウンドの判定が申請者に表示されます。", "Once returned, the applicant sees the verdicts of this round.").get(lang)) }
        form method="post" action=(look.to("return")) data-keep=(look.keep("return")) {
            (csrf(&look.visit.csrf))
            (radios(lang, &form.field("which", text("戻す範囲", "What to return"), "all").required(), &which, false))
            @if !choices.is_empty() { (details(lang, &worded(format!("戻す項目を選ぶ（候補 {}件）", choices.len()), format!("Choose the items ({} to choose from)", choices.len())), form.refused.is_some(), checkboxes(lang, &form.field("flagged", text("戻す項目", "Items to return"), ""), &choices, &ticked))) }
            (textarea(lang, Area::default(), &form.field("message", text("申請者へのメッセージ", "Message to the applicant"), "")))
            (submit(lang, Kind::Secondary, &text("改善依頼として戻す", "Return the round")))
        }
    }
}

/// The decision: a person's act with grounds, beside what a careful reader would find.
pub fn decide(look: &Look) -> Markup {
    let (lang, case) = (look.visit.lang, look.case);
    html! {
        @if let Some(decision) = &case.facts.decision {
            h2 { (text("最終判定", "Decision").get(lang)) }
            p { strong { (outcome(decision.certify).get(lang)) } " · " (case.name(decision.by)) " · " (signs::time(decision.at)) }
            p.prose { (decision.grounds) }
        } @else if look.may(Act::DecideCase) { (decide_form(look, lang)) }
    }
}

const fn outcome(certify: bool) -> Text {
    if certify { text("認定する", "Certify") } else { text("認定しない", "Do not certify") }
}

fn decide_form(look: &Look, lang: Lang) -> Markup {
    let case = look.case;
    let remarks = case.remarks();
    let form = look.form("decide");
    let choices = [Choice::new("yes", outcome(true)), Choice::new("no", outcome(false))];
    html! {
        h2 { (text("最終判定", "Decision").get(lang)) }
        p {
            a href=(urls::case_page(case.facts.case.id, "quality") + "?side=body") { (worded(format!("品質チェックの指摘 {}件", remarks.len()), format!("{} remarks of the quality check", remarks.len())).get(lang)) }
            " " span.muted { (text("指摘があっても判定はできます。内容を確かめて判断してください。", "They forbid nothing; look at them before you decide.").get(lang)) }
        }
        @if !remarks.is_empty() {
            (details(lang, &text("指摘の内訳", "Remarks by check"), false, crate::pages::quality::by_check(lang, &remarks, &urls::bench(case.facts.case.id))))
        }
        form method="post" action=(look.to("decide")) data-keep=(look.keep("decide")) {
            (csrf(&look.visit.csrf))
            (radios(lang, &form.field("certify", text("判定", "Decision"), "").required(), &choices, true))
            (textarea(lang, Area { rows: 5, limit: Some(8000), ..Area::default() }, &form.field("grounds", text("判定の根拠", "Grounds"), "").required()))
            (submit(lang, Kind::Primary, &text("判定を確定する", "Decide")))
        }
    }
}
