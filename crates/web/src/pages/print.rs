//! A print view of a case that a meeting can use: all items, or those of a category or verdict.

use app::read::case::CaseRead;
use maud::{Markup, html};
use rules::item::ItemFacts;
use rules::policy::Side;
use rules::sheet::{Class, Item};
use rules::text::{Lang, text, worded};

use super::{contents, signs, word};
use crate::components::{Choice, Column, Field, Row, Table, filter, print_head, select, table};
use crate::route::{Answer, Guard, Route, get};
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[get("/cases/{case}/print", Guard::SignedIn, show)];

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let case = visit.app.case(visit.actor()?, visit.param("case")?, visit.query.word("side")?)?;
    // An institution has its own page of what is disclosed to it.
    if case.side == Side::Institution {
        return Err(rules::refusal::Refusal::not_found().into());
    }
    let lang = visit.lang;
    let (minor, class) = (visit.query.text("minor"), visit.query.text("class"));
    let shown: Vec<(&Item, &ItemFacts)> =
        case.sheet.items.iter().zip(&case.items).filter(|(item, own)| fits(&case, item, own, minor, class)).collect();
    let main = html! {
        (narrow(lang, &case, minor, class))
        (items(lang, &case, &shown))
    };
    let mut page = visit.page(text("評価チェックシート", "Check sheet"), main);
    page.here = urls::case(case.facts.case.id);
    Ok(Answer::Html(page.print(head(lang, &case, shown.len()))))
}

fn fits(case: &CaseRead, item: &Item, own: &ItemFacts, minor: &str, class: &str) -> bool {
    let of = || own.verdict.as_ref().and_then(|v| case.sheet.mark(&v.content.mark)).map_or_else(|| "none".to_owned(), |m| word(&m.class));
    (minor.is_empty() || item.minor == minor) && (class.is_empty() || of() == class)
}

fn head(lang: Lang, case: &CaseRead, shown: usize) -> Markup {
    let own = &case.facts.case;
    let evaluators = case.facts.assignments.iter().map(|a| case.name(a.person)).collect::<Vec<_>>().join(text("、", ", ").get(lang));
    print_head(
        lang,
        &worded(format!("{} 評価チェックシート", case.product.name), format!("{}: check sheet", case.product.name)),
        &[
            (text("整理番号", "Reference number"), html! { (own.number.as_deref().unwrap_or("—")) }),
            (text("評価申請元", "Applicant"), html! { (case.provider.name) }),
            (text("評価者", "Evaluator"), html! { (case.body.name) @if !evaluators.is_empty() { " " (evaluators) } }),
            (text("評価対象プロダクト名", "Product"), html! { (case.product.name) }),
            (
                text("状態", "State"),
                html! { (own.state.name().get(lang)) " " (worded(format!("第{}回", own.round), format!("round {}", own.round)).get(lang)) },
            ),
            (
                text("印刷日・項目数", "Printed on, items"),
                html! { (signs::date(case.today)) " " (worded(format!("{shown}項目"), format!("{shown} items")).get(lang)) },
            ),
        ],
    )
}

fn narrow(lang: Lang, case: &CaseRead, minor: &str, class: &str) -> Markup {
    let here = urls::case_page(case.facts.case.id, "print");
    let side = urls::side_word(case.side);
    let minors: Vec<Choice> =
        case.sheet.majors.iter().flat_map(|m| &m.minors).map(|m| Choice::new(m.id.as_str(), m.name.clone())).collect();
    let mut classes = vec![Choice::new("none", contents::NOT_JUDGED)];
    classes.extend(Class::ALL.iter().map(|c| Choice::new(word(c), signs::class_name(&case.sheet, *c))));
    filter(
        lang,
        &here,
        &format!("{here}?side={side}"),
        html! {
            input type="hidden" name="side" value=(side);
            (select(lang, &Field::new("minor", text("分類", "Category")).value(minor), &minors))
            (select(lang, &Field::new("class", text("判定結果", "Verdict")).value(class), &classes))
        },
    )
}

fn items(lang: Lang, case: &CaseRead, shown: &[(&Item, &ItemFacts)]) -> Markup {
    let columns = vec![
        Column::new(text("番号", "No.")).number(),
        Column::new(text("対策項目", "Requirement")),
        Column::new(text("対応策", "Answer")),
        Column::new(text("確認したエビデンス", "Evidence checked")),
        Column::new(text("判定結果・改善策・備考", "Verdict, improvement, remarks")),
    ];
    let rows = shown.iter().map(|(item, own)| {
        Row::new(vec![
            html! { (item.no) },
            html! { strong { (item.title.get(lang)) } span.prose lang="ja" { "\n" (case.text(item).0) } },
            html! { span.prose { (contents::answer_text(lang, item, own.answer.as_ref())) } },
            html! { span.prose { (evidence(own)) } },
            verdict(lang, case, own),
        ])
    });
    table(lang, &Table::new(text("項目", "Items"), columns, rows.collect()).caption_hidden())
}

/// What the evaluator wrote, else what the applicant claims.
fn evidence(own: &ItemFacts) -> String {
    match &own.verdict {
        Some(verdict) if !verdict.content.evidence.is_empty() => verdict.content.evidence.clone(),
        _ => contents::claims_text(&own.claims),
    }
}

fn verdict(lang: Lang, case: &CaseRead, own: &ItemFacts) -> Markup {
    let Some(verdict) = &own.verdict else { return html! { (contents::NOT_JUDGED.get(lang)) } };
    let content = &verdict.content;
    html! {
        (contents::mark_tag(lang, &case.sheet, Some(&content.mark)))
        @for (name, words) in [(text("改善策", "Improvement"), &content.improvement), (text("備考", "Remarks"), &content.remarks)] {
            @if !words.is_empty() { p.prose.small { strong { (name.get(lang)) } "\n" (words) } }
        }
    }
}
