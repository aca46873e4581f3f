//! One item of a sheet: its three layers of text side by side, what is known of it, and the form to confirm its wording.

use app::read::SheetRead;
use maud::{Markup, html};
use rules::catalog::{self, Path};
use rules::command::{Command, Kind as Act};
use rules::id::ItemNo;
use rules::refusal::Refusal;
use rules::sheet::{Damage, Item, Layer, SheetId};
use rules::text::{Lang, Text, text, worded};

use super::contents::layer_tag;
use super::sheets::{category, damage_tag, may, term_key, terms, title};
use crate::answer;
use crate::components::{
    Area, Column, Crumb, Field, Kind, Row, Shortcut, Table, card, csrf, details, diff, facts, saved, submit, table, text_field, textarea,
};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[get("/sheets/{sheet}/{no}", Guard::SignedIn, show), post("/sheets/{sheet}/{no}", Guard::SignedIn, confirm)];

fn asked(visit: &Visit) -> Result<(SheetRead, ItemNo), app::Error> {
    let id = SheetId(visit.params.get("sheet").cloned().unwrap_or_default());
    let no = ItemNo(visit.param("no")?);
    let read = visit.app.sheet(visit.actor()?, &id)?;
    read.sheet.item(no).ok_or(Refusal::not_found())?;
    Ok((read, no))
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let (read, no) = asked(visit)?;
    Ok(page(visit, &read, no, None)?.into())
}

fn keep(read: &SheetRead, no: ItemNo) -> String {
    format!("confirm-{}-{no}", read.sheet.id)
}

fn page(visit: &Visit, read: &SheetRead, no: ItemNo, refused: Option<&Refusal>) -> Result<Page, app::Error> {
    let item = read.sheet.item(no).ok_or(Refusal::not_found())?;
    let name = worded(format!("項目{no} {}", item.title.ja), format!("Item {no}: {}", item.title.en));
    let mut page = visit.page(name, view(visit, read, item, refused));
    page.breadcrumb = vec![
        Crumb::link(title(), urls::sheets()),
        Crumb::link(read.sheet.title.clone(), urls::sheet(&read.sheet.id)),
        Crumb::here(worded(format!("項目{no}"), format!("Item {no}"))),
    ];
    page.lead = category(&read.sheet, item);
    page.corner = neighbours(visit.lang, read, no);
    page.shortcuts = vec![Shortcut::new("j / k", text("次・前の項目", "Next and previous item"))];
    if visit.query.is_on("saved") && refused.is_none() {
        page.notices = saved(visit.lang, &text("確認した原文を記録しました。", "The confirmed wording is recorded."), &keep(read, no));
    }
    Ok(page)
}

fn neighbours(lang: Lang, read: &SheetRead, no: ItemNo) -> Markup {
    let items = &read.sheet.items;
    let at = items.iter().position(|i| i.no == no);
    let before = at.and_then(|at| at.checked_sub(1)).and_then(|at| items.get(at));
    let after = at.and_then(|at| items.get(at + 1));
    let button = |item: &Item, label: Text, key| {
        crate::components::Button::new(Kind::Secondary, label).small().key(key).link(lang, &urls::sheet_item(&read.sheet.id, item.no))
    };
    html! {
        @if let Some(item) = before { (button(item, text("前の項目", "Previous item"), "k")) }
        @if let Some(item) = after { (button(item, text("次の項目", "Next item"), "j")) }
    }
}

fn view(visit: &Visit, read: &SheetRead, item: &Item, refused: Option<&Refusal>) -> Markup {
    let lang = visit.lang;
    html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        @if lang == Lang::En && !item.summary_en.is_empty() { p.prose { (item.summary_en) } }
        h2 { (text("対策項目の原文", "The requirement, layer by layer").get(lang)) }
        (layers(visit, read, item))
        (doubts(lang, item))
        h2 { (text("確認対象物例・エビデンス例", "Examples of evidence").get(lang)) }
        (evidence(lang, item))
        h2 { (text("項目の情報", "About the item").get(lang)) }
        (known(visit, read, item))
        @if may(visit, Act::ConfirmText) { (confirm_form(visit, read, item, refused)) }
    }
}

/// The layer that readers get stands first in words: its card says that it is read.
fn layers(visit: &Visit, read: &SheetRead, item: &Item) -> Markup {
    let lang = visit.lang;
    let confirmed = read.confirmed.get(&item.no);
    let shown = if confirmed.is_some() { Layer::Confirmed } else { item.best_text().1 };
    let reading = |layer| html! { @if layer == shown { span.small { (text("画面と帳票に表示", "Shown on pages and forms").get(lang)) } } };
    html! {
        div.columns {
            (card(lang, &text("書き起こし", "As transcribed"), html! { (reading(Layer::Transcribed)) (damage_tag(lang, item.text.damage)) }, html! { p.prose lang="ja" { (item.text.transcribed) } }))
            (card(lang, &text("修正案", "Proposed"), html! { (reading(Layer::Proposed)) }, match &item.text.proposed {
                Some(proposed) => html! {
                    p.small.muted { (text("正式な文言ではありません。", "This is not the official wording.").get(lang)) }
                    p.prose lang="ja" { (proposed) }
                    (differences(lang, &item.text.transcribed, proposed))
                },
                None => html! { p.muted { (text("修正案はありません。", "No correction is proposed.").get(lang)) } },
            }))
            (card(lang, &text("確認済み", "Confirmed"), html! { (reading(Layer::Confirmed)) }, match confirmed {
                Some(confirmed) => html! {
                    (layer_tag(lang, Layer::Confirmed))
                    p.prose lang="ja" { (confirmed.text) }
                    (differences(lang, item.best_text().0, &confirmed.text))
                    (facts(lang, &[
                        (text("確認した人", "By"), html! { (confirmed.by) }),
                        (text("照合した原本", "Compared with"), html! { (confirmed.source) }),
                        (text("日付", "On"), html! { (rules::act::japan(confirmed.at).date()) }),
                    ]))
                },
                None => html! { p.muted { (text("原本と照合した人はまだいません。", "Nobody has compared it with the original yet.").get(lang)) } },
            }))
        }
    }
}

/// What a layer changed in the one before it.
fn differences(lang: Lang, before: &str, after: &str) -> Markup {
    if before == after {
        return html! { p.small.muted { (text("前の層と同じ文言です。", "The same wording as the layer before.").get(lang)) } };
    }
    details(
        lang,
        &text("前の層との違い", "Differences from the layer before"),
        true,
        html! { div lang="ja" { (diff(lang, before, after)) } },
    )
}

fn doubts(lang: Lang, item: &Item) -> Markup {
    html! {
        @if let Some(note) = &item.text.note { h3 { (text("注記", "Note").get(lang)) } p { (note.get(lang)) } }
        @if !item.text.suspects.is_empty() {
            @let rows = item.text.suspects.iter().map(|s| Row::new(vec![html! { span lang="ja" { (s.transcribed) } }, html! { span lang="ja" { (s.likely.as_deref().unwrap_or("—")) } }])).collect();
            (table(lang, &Table::new(text("ほかに疑わしい箇所（修正していません）", "Other doubtful wording, not corrected"), vec![Column::new(text("書き起こし", "As transcribed")), Column::new(text("おそらく", "Likely"))], rows)))
        }
        @if let Some(drift) = &item.rule_drift { h3 { (text("現行ガイドラインとの違い", "Where current guidelines differ").get(lang)) } p lang="en" { (drift) } }
    }
}

fn evidence(lang: Lang, item: &Item) -> Markup {
    let evidence = &item.evidence;
    html! {
        @if evidence.transcribed.is_empty() && evidence.names.is_empty() { p.muted { (text("例示はありません。", "None is given.").get(lang)) } }
        @else {
            (facts(lang, &[
                (text("書き起こし", "As transcribed"), html! { span lang="ja" { (evidence.transcribed) } " " @if evidence.damage != Damage::None { (damage_tag(lang, evidence.damage)) } }),
                (text("整理した証跡名", "Normalised names"), html! { span lang="ja" { (evidence.names.join("、")) } }),
            ]))
        }
        @if let Some(note) = &evidence.note { p { (note.get(lang)) } }
    }
}

fn known(visit: &Visit, read: &SheetRead, item: &Item) -> Markup {
    let lang = visit.lang;
    let word = |list: &'static [catalog::Word], code: &str| catalog::word(list, code).map_or(code.to_owned(), |t| t.get(lang).to_owned());
    let comma = if lang == Lang::Ja { "、" } else { ", " };
    let kinds: Vec<String> = item.kind.iter().map(|k| word(catalog::KINDS, k)).collect();
    let mut pairs: Vec<(Text, Markup)> = vec![];
    let mut fact = |name: Text, value: String| {
        if !value.is_empty() {
            pairs.push((name, html! { (value) }))
        }
    };
    fact(text("種類", "Kind"), kinds.join(comma));
    fact(text("最も確かな示し方", "Best shown by"), word(catalog::PATHS, &item.primary));
    fact(text("見直しの周期", "Reviewed"), word(catalog::CYCLES, &item.review_cycle));
    if item.disclosure {
        fact(
            text("開示", "Disclosure"),
            text("医療機関への提示・説明が必要です。", "To be presented or explained to institutions.").get(lang).to_owned(),
        );
    }
    let names = [text("仕組み", "Mechanisms"), text("測定", "Probes"), text("台帳", "Registers"), text("文書", "Documents")];
    for (path, name) in Path::ALL.into_iter().zip(names) {
        let links = term_links(visit, read, item, path);
        if !links.0.is_empty() {
            pairs.push((name, links));
        }
    }
    if !item.related.is_empty() {
        pairs.push((text("関連する項目", "Related items"), html! {
            ul.plain { @for no in &item.related { li { a href=(urls::sheet_item(&read.sheet.id, *no)) { (no) @if let Some(other) = read.sheet.item(*no) { " " (other.title.get(lang)) } } } } }
        }));
    }
    facts(lang, &pairs)
}

/// Each word of the vocabulary leads to the items that it can show.
fn term_links(visit: &Visit, read: &SheetRead, item: &Item, wanted: Path) -> Markup {
    let vocabulary = &visit.app.content.catalog.vocabulary;
    let found: Vec<_> = terms(item).filter(|(path, _)| *path == wanted).filter_map(|(path, id)| vocabulary.term(path, id)).collect();
    html! {
        @if !found.is_empty() {
            ul.plain { @for term in found {
                li { a href={ (urls::sheet(&read.sheet.id)) "?term=" (term_key(wanted, &term.id)) } { (term.name.get(visit.lang)) } " " span.small.muted { (term.about.get(visit.lang)) } }
            } }
        }
    }
}

fn confirm_form(visit: &Visit, read: &SheetRead, item: &Item, refused: Option<&Refusal>) -> Markup {
    let lang = visit.lang;
    let error = |name: &str| refused.filter(|r| r.field == Some(name)).map(|r| &r.text);
    let stands = read.confirmed.get(&item.no).map_or(item.best_text().0, |c| &c.text);
    let (words, source) = if refused.is_some() { (visit.form.text("text"), visit.form.text("source")) } else { (stands, "") };
    let hint = text(
        "シートの原本を見ながら、文言を一字ずつ確かめて直してください。",
        "Look at the original sheet and correct this text letter by letter.",
    );
    let which = text("例: 評価チェックシート 2024年版 PDF 12ページ", "For example: check sheet, 2024 edition, PDF page 12");
    html! {
        h2 { (text("原文を確認する", "Confirm the wording").get(lang)) }
        form method="post" action=(urls::sheet_item(&read.sheet.id, item.no)) data-keep=(keep(read, item.no)) data-submit-key {
            (csrf(&visit.csrf))
            (textarea(lang, Area { rows: 8, limit: Some(20_000), key: None }, &Field::new("text", text("確認した原文", "Confirmed wording")).hint(hint).value(words).error(error("text")).required()))
            (text_field(lang, &Field::new("source", text("照合した原本", "Compared with")).hint(which).value(source).error(error("source")).required()))
            (submit(lang, Kind::Primary, &text("照合した原文として記録する", "Record as compared")))
        }
    }
}

fn confirm(visit: &Visit) -> Result<Answer, app::Error> {
    let (read, no) = asked(visit)?;
    let words = |name| visit.form.text(name).to_owned();
    let command = Command::ConfirmText { sheet: read.sheet.id.clone(), item: no, text: words("text"), source: words("source") };
    match visit.app.execute(visit.actor()?, command) {
        Ok(_) => Ok(Answer::Go(format!("{}?saved=1", urls::sheet_item(&read.sheet.id, no)))),
        Err(app::Error::Refused(refusal)) => {
            Ok(Answer::Refused(answer::status(refusal.why), Box::new(page(visit, &read, no, Some(&refusal))?)))
        }
        Err(other) => Err(other),
    }
}
