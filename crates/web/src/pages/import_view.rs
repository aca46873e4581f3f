//! What an import would change, line by line, and what it changed.

use app::draft::Draft;
use app::exchange::{Difference, Fault, Field as Part, Preview};
use app::read::CaseRead;
use maud::{Markup, html};
use rules::id::ItemNo;
use rules::policy::Side;
use rules::refusal::Refusal;
use rules::text::{Text, text, worded};

use super::import::{part, tick};
use crate::answer;
use crate::components::{
    Column, Kind, Row, Table, Tone, csrf, diff, empty, facts, link_button, notice, row_checkbox, select_all, submit, table, tag,
};
use crate::urls;
use crate::visit::Visit;

/// What was taken over: item, field and cell of each difference.
pub(super) struct Taken {
    pub rows: Vec<(ItemNo, Part, String)>,
}

impl Taken {
    /// As it is kept until the page that tells of it is shown.
    pub fn written(&self) -> Vec<u8> {
        let rows: Vec<_> = self.rows.iter().map(|(no, part, cell)| (no.0, part.code(), cell)).collect();
        serde_json::json!(rows).to_string().into_bytes()
    }

    pub fn read(draft: &Draft) -> Option<Taken> {
        let rows: Vec<(u16, String, String)> = serde_json::from_slice(&draft.bytes).ok()?;
        Some(Taken { rows: rows.into_iter().filter_map(|(no, code, cell)| Some((ItemNo(no), part(&code)?, cell))).collect() })
    }
}

/// A fault, note or difference names its item with a link.
fn item_link(visit: &Visit, read: &CaseRead, no: ItemNo) -> Markup {
    let case = read.facts.case.id;
    let href = if read.side == Side::Body { urls::bench_item(case, no) } else { urls::item(case, no) };
    html! { a href=(href) { (no) @if let Some(item) = read.sheet.item(no) { " " (item.title.get(visit.lang)) } } }
}

pub(super) fn preview(visit: &Visit, read: &CaseRead, token: &str, file: &str, found: &Preview, refused: Option<&Refusal>) -> Markup {
    let lang = visit.lang;
    let counts = worded(
        format!(
            "「{file}」: {}項目を読み、違いが{}か所、読み込めないところが{}か所あります。まだ何も変わっていません。",
            found.items,
            found.differences.len(),
            found.faults.len()
        ),
        format!(
            "{file}: {} read, {}, {}. Nothing has changed yet.",
            plural(found.items, "item"),
            plural(found.differences.len(), "difference"),
            plural(found.faults.len(), "fault")
        ),
    );
    html! {
        // The fields it may name are those of the file, not of this page.
        @if let Some(refusal) = refused { (answer::summary(lang, &Refusal { field: None, ..refusal.clone() })) }
        p { strong { (counts.get(lang)) } }
        (faults(visit, read, text("読み込めなかったところ（取り込みません）", "Faults: these are not taken"), &found.faults))
        (faults(visit, read, text("読み込み方についての注意", "How the file was read"), &found.notes))
        @if found.differences.is_empty() {
            (empty(lang, &text("違いはありません", "No differences"), &text("ファイルの内容は、いまの内容と同じか、空です。", "The file says what stands already, or nothing."), again(visit, read)))
        } @else { (choices(visit, read, token, &found.differences, refused.is_some())) }
    }
}

fn again(visit: &Visit, read: &CaseRead) -> Markup {
    let href = format!("{}?side={}", urls::case_page(read.facts.case.id, "import"), urls::side_word(read.side));
    link_button(visit.lang, Kind::Secondary, &text("別のファイルを選ぶ", "Choose another file"), &href)
}

fn faults(visit: &Visit, read: &CaseRead, title: Text, found: &[Fault]) -> Markup {
    let lang = visit.lang;
    let rows = found.iter().map(|fault| {
        let item = html! { @if let Some(no) = fault.item { (item_link(visit, read, no)) } };
        Row::new(vec![html! { span.nowrap { (fault.cell) } }, item, html! { (fault.text.get(lang)) }])
    });
    let columns = vec![Column::new(text("セル", "Cell")), Column::new(text("項目", "Item")), Column::new(text("内容", "What"))];
    let title = worded(format!("{}（{}件）", title.ja, found.len()), format!("{} ({})", title.en, found.len()));
    html! { @if !found.is_empty() { (table(lang, &Table::new(title, columns, rows.collect()).head_cell(None))) } }
}

/// Every difference with its tick. What would replace something that stands is marked, and not ticked beforehand.
fn choices(visit: &Visit, read: &CaseRead, token: &str, differences: &[Difference], typed: bool) -> Markup {
    let lang = visit.lang;
    let ticked: Vec<&str> = visit.form.all("take").collect();
    let on = |d: &Difference| if typed { ticked.contains(&tick(d).as_str()) } else { d.stands.is_empty() };
    let replaced = differences.iter().filter(|d| !d.stands.is_empty()).count();
    let rows = differences.iter().map(|d| {
        let label =
            worded(format!("項目{}の{}を取り込む", d.item, d.field.name().ja), format!("Take {} of item {}", d.field.name().en, d.item));
        Row::new(vec![
            row_checkbox(lang, "take", &tick(d), &label, on(d)),
            item_link(visit, read, d.item),
            html! { span.nowrap { (d.field.name().get(lang)) } },
            html! { span.nowrap { (d.cell) } },
            change(visit, read, d),
        ])
    });
    let columns = vec![
        Column::new(text("取込み", "Take")),
        Column::new(text("項目", "Item")),
        Column::new(text("欄", "Field")),
        Column::new(text("セル", "Cell")),
        Column::new(text("違い", "Difference")),
    ];
    let caption = worded(format!("違い（{}か所）", differences.len()), format!("Differences ({})", differences.len()));
    let warning = worded(
        format!(
            "すでに入力されている内容を置き換えるものが{replaced}か所あります。置き換えてよいものだけ、チェックを入れてください。元の内容は履歴に残ります。"
        ),
        format!("{replaced} of them would replace something that stands. Tick only what may be replaced; the history keeps the old words."),
    );
    html! {
        @if replaced > 0 { (notice(lang, Tone::Warn, &warning, html! {})) }
        form method="post" action=(format!("{}?side={}", urls::case_page(read.facts.case.id, "import/take"), urls::side_word(read.side))) {
            (csrf(&visit.csrf))
            input type="hidden" name="draft" value=(token);
            (select_all(lang, "take"))
            (table(lang, &Table::new(caption, columns, rows.collect()).head_cell(Some(1))))
            div.actions { (submit(lang, Kind::Primary, &text("チェックしたものを取り込む", "Take over what is ticked"))) (again(visit, read)) }
        }
    }
}

/// What a difference says, with the words of the scale for a verdict's code.
fn words<'a>(visit: &Visit, read: &'a CaseRead, difference: &Difference, said: &'a str) -> &'a str {
    match difference.field {
        Part::Verdict => read.sheet.mark(said).map_or(said, |m| m.name.get(visit.lang)),
        Part::Answer | Part::Evidence | Part::Remarks | Part::Confirmed | Part::Improvement | Part::EvaluatorRemarks => said,
    }
}

fn change(visit: &Visit, read: &CaseRead, d: &Difference) -> Markup {
    let lang = visit.lang;
    let own = if d.field == Part::Verdict { lang.tag() } else { "ja" };
    if d.stands.is_empty() {
        return html! { (tag(lang, Tone::Success, &text("新規", "New"))) div.prose lang=(own) { (words(visit, read, d, &d.file)) } };
    }
    let (old, new) = (words(visit, read, d, &d.stands), words(visit, read, d, &d.file));
    // Of two texts that share little, a difference word by word is only noise.
    let alike = similar::TextDiff::from_unicode_words(old, new).ratio() >= 0.5;
    html! {
        (tag(lang, Tone::Warn, &text("置き換え", "Replaces")))
        @if alike { div lang=(own) { (diff(lang, old, new)) } }
        @else {
            (facts(lang, &[
                (text("いまの内容", "Stands now"), html! { div.prose lang=(own) { (old) } }),
                (text("ファイルの内容", "In the file"), html! { div.prose lang=(own) { (new) } }),
            ]))
        }
    }
}

fn plural(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}

/// Exactly what was changed.
pub(super) fn result(visit: &Visit, read: &CaseRead, taken: Option<Taken>) -> Markup {
    let lang = visit.lang;
    let case = read.facts.case.id;
    let Some(taken) = taken else {
        return notice(
            lang,
            Tone::Info,
            &text("取り込んだ内容は、各項目の履歴で確認できます。", "What was imported stands in the history of each item."),
            again(visit, read),
        );
    };
    let items: std::collections::BTreeSet<ItemNo> = taken.rows.iter().map(|(no, ..)| *no).collect();
    let said = worded(
        format!("{}項目の{}か所を取り込みました。ほかは何も変わっていません。", items.len(), taken.rows.len()),
        format!("Imported: {} of {}. Nothing else has changed.", plural(taken.rows.len(), "field"), plural(items.len(), "item")),
    );
    let rows = taken
        .rows
        .iter()
        .map(|(no, part, cell)| Row::new(vec![item_link(visit, read, *no), html! { (part.name().get(lang)) }, html! { (cell) }]));
    let columns = vec![Column::new(text("項目", "Item")), Column::new(text("欄", "Field")), Column::new(text("セル", "Cell"))];
    let next = if read.side == Side::Body { urls::bench(case) } else { urls::case_page(case, "items") };
    html! {
        (notice(lang, Tone::Success, &said, html! {}))
        (table(lang, &Table::new(text("取り込んだもの", "What was imported"), columns, rows.collect())))
        div.actions { (link_button(lang, Kind::Primary, &text("項目の一覧へ", "To the items"), &next)) (again(visit, read)) }
    }
}
