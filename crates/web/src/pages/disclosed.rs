//! What a medical institution reads of a case disclosed to it: product, certificate, answers with verdicts, shared evidence.

use std::collections::BTreeMap;

use app::read::case::CaseRead;
use maud::{Markup, html};
use rules::evidence::{Evidence, Label};
use rules::id::{self, Id};
use rules::item::ItemFacts;
use rules::policy::Side;
use rules::sheet::Item;
use rules::text::{Lang, text, worded};

use super::{contents, signs};
use crate::components::Tone;
use crate::components::{Column, Kind, Row, Table, Tile, actions, details, facts, link_button, notice, size, table, tag, tiles};
use crate::route::{Answer, Guard, Route, get};
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[get("/cases/{case}/disclosed", Guard::SignedIn, show)];

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let case = visit.app.case(visit.actor()?, visit.param("case")?, Some(Side::Institution))?;
    let title = text("開示された評価結果", "Disclosed evaluation");
    let mut page = visit.page(title.clone(), view(visit.lang, &case));
    page.breadcrumb = contents::crumbs(&case, title);
    page.lead =
        Some(worded(format!("{} ／ {}", case.product.name, case.provider.name), format!("{} / {}", case.product.name, case.provider.name)));
    Ok(page.into())
}

/// The files this reader may open; confidential ones stay between provider and body.
fn shared(case: &CaseRead) -> BTreeMap<Id<id::Evidence>, &Evidence> {
    case.evidence.iter().filter(|(_, e)| e.label != Label::Confidential).map(|(id, e)| (*id, e)).collect()
}

fn view(lang: Lang, case: &CaseRead) -> Markup {
    let files = shared(case);
    html! {
        (standing(lang, case))
        (totals(lang, case))
        @if !files.is_empty() { h2 { (text("共有された証跡", "Shared evidence").get(lang)) } (documents(lang, case, &files)) }
        h2 { (text("項目ごとの回答と判定", "Answers and verdicts").get(lang)) }
        @for major in &case.sheet.majors {
            h3 { (major.name.get(lang)) }
            @for minor in &major.minors {
                @let own: Vec<(&Item, &ItemFacts)> = case.sheet.items_of(&minor.id).filter_map(|i| case.item(i.no)).collect();
                @if !own.is_empty() {
                    (details(lang, &worded(format!("{}（{}項目）", minor.name.ja, own.len()), format!("{} ({})", minor.name.en, own.len())), false, html! {
                        @for (item, facts) in own { (one(lang, case, item, facts, &files)) }
                    }))
                }
            }
        }
    }
}

fn standing(lang: Lang, case: &CaseRead) -> Markup {
    let own = &case.facts;
    let mut rows = vec![
        (text("評価対象プロダクト名", "Product"), html! { (case.product.name) }),
        (text("説明", "Description"), html! { span.prose { (case.product.description) } }),
        (text("事業者", "Provider"), html! { (case.provider.name) }),
        (
            text("評価機関", "Evaluation body"),
            html! { (case.body.name) @if own.case.is_self_evaluation() { " " (tag(lang, Tone::Info, &text("自己評価", "Self-evaluation"))) } },
        ),
        (text("状態", "State"), signs::state_tag(lang, own.case.state)),
    ];
    if let Some(decision) = &own.decision {
        rows.push((text("最終判定の根拠", "Grounds of the decision"), html! { span.prose { (decision.grounds) } }));
    }
    if let Some(certificate) = &own.certificate {
        rows.push((text("認定番号", "Certificate number"), html! { (certificate.number) }));
        rows.push((text("認定の範囲", "Scope"), html! { span.prose { (certificate.scope) } }));
        rows.push((text("有効期限", "Valid until"), html! { @match certificate.valid_until { Some(until) => { (signs::date(until)) }, None => { (text("定めなし", "No end set").get(lang)) } } }));
    }
    html! {
        (facts(lang, &rows))
        @if let Some(certificate) = &own.certificate {
            (actions(html! {
                (link_button(lang, Kind::Primary, &text("認定証（PDF）", "Certificate (PDF)"), &urls::case_page(own.case.id, &format!("certificate.pdf?lang={}", lang.tag()))))
                (link_button(lang, Kind::Secondary, &text("検証ページ", "Verification page"), &urls::verify_code(&certificate.code)))
            }))
        } @else { (notice(lang, Tone::Info, &text("認定証は発行されていません。", "There is no certificate."), html! {})) }
    }
}

fn totals(lang: Lang, case: &CaseRead) -> Markup {
    let total = case.progress().total;
    let figures: Vec<Tile> = total
        .judged
        .iter()
        .map(|(class, n)| Tile::new(signs::class_name(&case.sheet, *class), n).tone(signs::class_tone(*class)))
        .collect();
    html! { h2 { (text("判定結果の集計", "Verdicts in all").get(lang)) } (tiles(lang, &figures)) }
}

fn documents(lang: Lang, case: &CaseRead, files: &BTreeMap<Id<id::Evidence>, &Evidence>) -> Markup {
    let columns = vec![
        Column::new(text("文書", "Document")),
        Column::new(text("区分", "Label")),
        Column::new(text("有効期限", "Valid until")),
        Column::new(text("大きさ", "Size")).number(),
    ];
    let rows = files.values().map(|file| {
        Row::new(vec![
            html! { a href=(urls::file(file.id, Some(case.facts.case.id))) data-row { (file.name) } " v" (file.version) },
            tag(lang, signs::label_tone(file.label), &file.label.name()),
            file.valid_until.map_or_else(|| html! { "—" }, signs::date),
            html! { (size(file.size)) },
        ])
    });
    table(lang, &Table::new(text("共有された証跡", "Shared evidence"), columns, rows.collect()).caption_hidden())
}

fn one(lang: Lang, case: &CaseRead, item: &Item, own: &ItemFacts, files: &BTreeMap<Id<id::Evidence>, &Evidence>) -> Markup {
    html! {
        section {
            h4 { (item.no) ". " (item.title.get(lang)) }
            p { (contents::mark_tag(lang, &case.sheet, own.verdict.as_ref().map(|v| v.content.mark.as_str()))) }
            @match &own.answer {
                Some(given) => { (contents::answer_body(lang, item, given)) },
                None => { p.muted { (text("回答がありません。", "There is no answer.").get(lang)) } },
            }
            @for claim in &own.claims {
                @if let Some(file) = claim.evidence.and_then(|id| files.get(&id)) {
                    p.small { a href=(urls::file_view(file.id, Some(case.facts.case.id), claim.page)) { (claim.document) } @if let Some(place) = contents::place(claim) { " " (place.get(lang)) } }
                }
            }
            @if let Some(remarks) = own.verdict.as_ref().map(|v| &v.content.remarks).filter(|r| !r.is_empty()) {
                p.prose.small { strong { (text("評価者の備考", "The evaluator's remarks").get(lang)) ": " } (remarks) }
            }
        }
    }
}
