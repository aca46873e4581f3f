//! The quality check of a case, grouped by check and by item, for either side.

use std::collections::BTreeMap;

use app::read::case::CaseRead;
use maud::{Markup, html};
use rules::id::ItemNo;
use rules::policy::Side;
use rules::quality::{CHECKS, Remark};
use rules::text::{Lang, Text, text, worded};

use super::contents;
use crate::components::{Kind, NavLink, Tile, details, empty, link_button, tabs, tiles};
use crate::route::{Answer, Guard, Route, get};
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[get("/cases/{case}/quality", Guard::SignedIn, show)];

/// What a check is called, and what to do about it.
fn check_name(check: &str) -> Text {
    match check {
        "not_answered" => text("回答がない", "Not answered"),
        "point_not_answered" => text("小項目に回答がない", "A sub-point is not answered"),
        "copied_not_confirmed" => text("転記・提案のまま未確認", "Copied or proposed, not confirmed"),
        "not_ready" => text("準備完了になっていない", "Not marked ready"),
        "review_objects" => text("社内確認で差戻し中", "The internal review objects"),
        "no_evidence" => text("証跡がない", "No evidence"),
        "claim_without_page" => text("証跡にページ・箇所がない", "Evidence without page or section"),
        "claim_without_file" => text("証跡のファイルがない", "Evidence without a file"),
        "evidence_expired" => text("証跡の有効期限切れ", "Evidence has expired"),
        "related_differ" => text("関連項目と回答が食い違う", "Related items differ"),
        "improvement_not_answered" => text("改善策への回答がない", "Improvement not answered"),
        "no_verdict" => text("判定がない", "No verdict"),
        "verdict_open" => text("判定が保留", "Verdict on hold"),
        "passes_without_evidence" => text("確認した証跡がないまま適合", "Passes without confirmed evidence"),
        "verdict_before_change" => text("判定後に回答・証跡が変わった", "Changed after the verdict"),
        other => worded(other.to_owned(), other.to_owned()),
    }
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let side = visit.query.word("side")?;
    let case = visit.app.case(visit.actor()?, visit.param("case")?, side)?;
    // The check is a tool of the two sides; an institution reads what was decided.
    if case.side == Side::Institution {
        return Err(rules::refusal::Refusal::not_found().into());
    }
    let by_item = visit.query.text("by") == "item";
    let title = text("品質チェック", "Quality check");
    let mut page = visit.page(title.clone(), view(visit.lang, &case, by_item));
    page.breadcrumb = contents::crumbs(&case, title);
    page.lead = Some(match case.side {
        Side::Applicant => text(
            "申請の前に、注意深い読み手が気付くことを示します。指摘があっても申請はできます。",
            "What a careful reader would find before you submit. It forbids nothing.",
        ),
        _ => text(
            "判定の前に、注意深い読み手が気付くことを示します。指摘があっても判定はできます。",
            "What a careful reader would find before you decide. It forbids nothing.",
        ),
    });
    Ok(page.into())
}

fn items_at(case: &CaseRead) -> String {
    let id = case.facts.case.id;
    if case.side == Side::Body { urls::bench(id) } else { urls::case_page(id, "items") }
}

fn view(lang: Lang, case: &CaseRead, by_item: bool) -> Markup {
    let remarks = case.remarks();
    let here = urls::case_page(case.facts.case.id, "quality") + "?side=" + urls::side_word(case.side);
    let at = items_at(case);
    let touched = remarks.iter().map(|r| r.item).collect::<std::collections::BTreeSet<_>>().len();
    let ways = [
        NavLink::new(text("チェックごと", "By check"), here.clone()).current(!by_item),
        NavLink::new(text("項目ごと", "By item"), format!("{here}&by=item")).current(by_item),
    ];
    html! {
        @if remarks.is_empty() {
            (empty(lang, &text("指摘はありません", "Nothing was found"), &text("すべてのチェックを通りました。", "Every check is content."), link_button(lang, Kind::Secondary, &text("項目を見る", "See the items"), &at)))
        } @else {
            (tiles(lang, &[
                Tile::new(text("指摘", "Remarks"), remarks.len()),
                Tile::new(text("指摘のある項目", "Items with remarks"), touched).of(worded(format!("/ {}項目", case.items.len()), format!("of {}", case.items.len()))),
            ]))
            (tabs(lang, &text("並べ方", "Grouping"), &ways))
            @if by_item { (grouped_by_item(lang, case, &remarks, &at)) } @else { (by_check(lang, &remarks, &at)) }
        }
    }
}

/// Remarks by check; few are open at once, and many stay folded. `at` is where the items are.
pub fn by_check(lang: Lang, remarks: &[Remark], at: &str) -> Markup {
    html! {
        @for check in CHECKS {
            @let own: Vec<&Remark> = remarks.iter().filter(|r| r.check == check.name).collect();
            @if !own.is_empty() {
                @let name = check_name(check.name);
                (details(lang, &worded(format!("{}（{}件）", name.ja, own.len()), format!("{} ({})", name.en, own.len())), own.len() <= 20, html! {
                    // Where every remark of a check says the same, the numbers are enough.
                    @if own.iter().all(|r| r.text == own[0].text) {
                        p { (own[0].text.get(lang)) }
                        p { @for (n, remark) in own.iter().enumerate() { @if n > 0 { (text("、", ", ").get(lang)) } a href={ (at) "/" (remark.item) } { (item_name(remark.item).get(lang)) } } }
                    } @else {
                        ul { @for remark in &own { li { a href={ (at) "/" (remark.item) } { (item_name(remark.item).get(lang)) } " " (remark.text.get(lang)) } } }
                    }
                }))
            }
        }
    }
}

fn item_name(no: ItemNo) -> Text {
    worded(format!("項目{no}"), format!("Item {no}"))
}

fn grouped_by_item(lang: Lang, case: &CaseRead, remarks: &[Remark], at: &str) -> Markup {
    let mut groups: BTreeMap<ItemNo, Vec<&Remark>> = BTreeMap::new();
    for remark in remarks {
        groups.entry(remark.item).or_default().push(remark);
    }
    html! {
        ul.stack data-rows {
            @for (no, own) in &groups {
                @let title = case.sheet.item(*no).map(|i| i.title.get(lang)).unwrap_or_default();
                li {
                    a href={ (at) "/" (no) } data-row { (no) ". " (title) }
                    ul { @for remark in own { li { (remark.text.get(lang)) } } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_a_name_for_people() {
        for check in CHECKS {
            assert_ne!(check_name(check.name).en, check.name, "name the check {}", check.name);
        }
    }
}
