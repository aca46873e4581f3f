//! The check sheets: all of them, and one with its items by category, searched and narrowed, and its blank form.

use app::exchange::Wanted;
use app::read::SheetRead;
use maud::{Markup, html};
use rules::catalog::Path;
use rules::command::Kind as Act;
use rules::policy::{self, Place};
use rules::sheet::{Damage, Item, Sheet, SheetId};
use rules::text::{Lang, Text, text, worded};

use crate::components::{
    Choice, Column, Crumb, Field, Kind, NavLink, Row, Table, Tone, empty, filter, link_button, notice, search_field, select, table, tabs,
    tag,
};
use crate::route::{Answer, FileAnswer, FileContent, Guard, Route, get};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[
    get("/sheets", Guard::SignedIn, list),
    get("/sheets/{sheet}", Guard::SignedIn, show),
    get("/sheets/{sheet}/blank.xlsx", Guard::SignedIn, blank_xlsx),
    get("/sheets/{sheet}/blank.csv", Guard::SignedIn, blank_csv),
];

pub(super) fn title() -> Text {
    text("チェックシート", "Check sheets")
}

/// Whether the visitor may add a sheet, or confirm a wording.
pub(super) fn may(visit: &Visit, kind: Act) -> bool {
    visit.signed.as_ref().is_some_and(|s| policy::may(kind, &s.actor, Place::Installation).is_ok())
}

fn list(visit: &Visit) -> Result<Answer, app::Error> {
    let lang = visit.lang;
    let sheets = visit.app.sheets(visit.actor()?)?;
    let columns = vec![
        Column::new(text("名前", "Name")),
        Column::new(text("識別子と版", "Name and edition")),
        Column::new(text("項目", "Items")).number(),
    ];
    let rows = sheets.iter().map(|s| {
        Row::new(vec![
            html! { a href=(urls::sheet(&s.id)) data-row { (s.title.get(lang)) } },
            html! { code { (s.id) } },
            html! { (s.items.len()) },
        ])
    });
    let main = table(lang, &Table::new(text("チェックシートの一覧", "All check sheets"), columns, rows.collect()).caption_hidden());
    let mut page = visit.page(title(), main);
    if may(visit, Act::AddSheet) {
        page.corner =
            link_button(lang, Kind::Secondary, &text("Excel様式から追加する", "Add one from an Excel form"), &urls::import_form());
    }
    Ok(page.into())
}

/// What the list of items is narrowed to.
struct Narrow<'a> {
    words: Vec<String>,
    damage: Option<Damage>,
    major: &'a str,
    term: &'a str,
}

impl<'a> Narrow<'a> {
    fn of(visit: &'a Visit) -> Result<Narrow<'a>, app::Error> {
        let words = visit.query.text("q").split_whitespace().map(str::to_lowercase).collect();
        Ok(Narrow { words, damage: visit.query.word("damage")?, major: visit.query.text("major"), term: visit.query.text("term") })
    }

    fn holds(&self, item: &Item, read: &SheetRead) -> bool {
        let damage = item.text.damage.max(item.evidence.damage);
        self.damage.is_none_or(|d| damage == d)
            && (self.major.is_empty() || item.major == self.major)
            && (self.term.is_empty() || terms(item).any(|(path, id)| term_key(path, id) == self.term))
            && (self.words.is_empty() || self.words_in(item, read))
    }

    fn words_in(&self, item: &Item, read: &SheetRead) -> bool {
        let confirmed = read.confirmed.get(&item.no).map_or("", |c| c.text.as_str());
        let parts = [
            item.title.ja.as_ref(),
            &item.title.en,
            &item.summary_en,
            &item.text.transcribed,
            item.text.proposed.as_deref().unwrap_or(""),
            confirmed,
            &item.evidence.transcribed,
        ];
        let all = format!("{} {}", item.no, parts.join("\n")).to_lowercase();
        self.words.iter().all(|w| all.contains(w))
    }
}

/// The vocabulary an item links to.
pub(super) fn terms(item: &Item) -> impl Iterator<Item = (Path, &str)> {
    let of = |path| match path {
        Path::Mechanism => &item.mechanisms,
        Path::Probe => &item.probes,
        Path::Register => &item.registers,
        Path::Document => &item.documents,
    };
    Path::ALL.into_iter().flat_map(move |path| of(path).iter().map(move |id| (path, id.as_str())))
}

/// Names a term of the vocabulary in an address: `mechanisms.audit_log`.
pub(super) fn term_key(path: Path, id: &str) -> String {
    format!("{}.{id}", path.key())
}

/// How much of the transcription was lost, as a tag; nothing where it is whole.
pub(super) fn damage_tag(lang: Lang, damage: Damage) -> Markup {
    match damage {
        Damage::None => html! {},
        Damage::Minor => tag(lang, Tone::Info, &damage_name(damage)),
        Damage::Meaning => tag(lang, Tone::Warn, &damage_name(damage)),
        Damage::Lost => tag(lang, Tone::Danger, &damage_name(damage)),
    }
}

fn damage_name(damage: Damage) -> Text {
    match damage {
        Damage::None => text("損傷なし", "No damage"),
        Damage::Minor => text("誤記の疑い", "Spelling in doubt"),
        Damage::Meaning => text("意味に関わる疑い", "Meaning in doubt"),
        Damage::Lost => text("欠落", "Words missing"),
    }
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let id: SheetId = SheetId(visit.params.get("sheet").cloned().unwrap_or_default());
    let read = visit.app.sheet(visit.actor()?, &id)?;
    let narrow = Narrow::of(visit)?;
    let mut page = Page { lead: Some(read.sheet.source.clone()), ..visit.page(read.sheet.title.clone(), view(visit, &read, &narrow)) };
    page.breadcrumb = vec![Crumb::link(title(), urls::sheets()), Crumb::here(read.sheet.title.clone())];
    if visit.query.is_on("saved") {
        page.notices = notice(
            visit.lang,
            Tone::Success,
            &text("シートを追加しました。案件を作るときに選べます。", "The sheet is added and can be chosen for a case."),
            html! {},
        );
    }
    Ok(page.into())
}

fn view(visit: &Visit, read: &SheetRead, narrow: &Narrow) -> Markup {
    let (lang, sheet) = (visit.lang, &read.sheet);
    let shown: Vec<&Item> = sheet.items.iter().filter(|i| narrow.holds(i, read)).collect();
    html! {
        (tabs(lang, &text("大分類", "Categories"), &major_links(visit, sheet, narrow)))
        (narrow_form(visit, sheet, narrow))
        p role="status" { (worded(format!("{}項目中 {}項目を表示", sheet.items.len(), shown.len()), format!("{} of {} items", shown.len(), sheet.items.len())).get(lang)) }
        @if shown.is_empty() { (empty(lang, &text("当てはまる項目がありません", "No item fits"), &text("条件を減らしてください。", "Use fewer conditions."), html! {})) }
        (by_category(visit, read, &shown))
        (blank_form(visit, sheet))
    }
}

fn major_links(visit: &Visit, sheet: &Sheet, narrow: &Narrow) -> Vec<NavLink> {
    let count = |major: &str| sheet.items.iter().filter(|i| i.major == major).count();
    let here = urls::sheet(&sheet.id);
    let q = form_urlencoded::Serializer::new(String::new()).append_pair("q", visit.query.text("q")).finish();
    let all = NavLink::new(text("すべて", "All"), format!("{here}?{q}")).current(narrow.major.is_empty()).count(sheet.items.len());
    let majors = sheet
        .majors
        .iter()
        .map(|m| NavLink::new(m.name.clone(), format!("{here}?major={}&{q}", m.id)).current(narrow.major == m.id).count(count(&m.id)));
    std::iter::once(all).chain(majors).collect()
}

fn narrow_form(visit: &Visit, sheet: &Sheet, narrow: &Narrow) -> Markup {
    let lang = visit.lang;
    let here = urls::sheet(&sheet.id);
    let damages: Vec<Choice> =
        [Damage::Lost, Damage::Meaning, Damage::Minor, Damage::None].map(|d| Choice::new(super::word(&d), damage_name(d))).into();
    let vocabulary = &visit.app.content.catalog.vocabulary;
    let used: std::collections::BTreeSet<String> = sheet.items.iter().flat_map(terms).map(|(p, id)| term_key(p, id)).collect();
    let known: Vec<Choice> = Path::ALL
        .into_iter()
        .flat_map(|path| vocabulary.terms(path).iter().map(move |t| (term_key(path, &t.id), t.name.clone())))
        .filter(|(key, _)| used.contains(key))
        .map(|(key, name)| Choice::new(key, name))
        .collect();
    let damage = visit.query.text("damage");
    filter(
        lang,
        &here,
        &here,
        html! {
            @if !narrow.major.is_empty() { input type="hidden" name="major" value=(narrow.major); }
            (search_field(lang, "q", text("番号・原文・エビデンス例から探す", "Search numbers, wording, evidence"), visit.query.text("q")))
            (select(lang, &Field::new("damage", text("書き起こしの状態", "State of the transcription")).value(damage), &damages))
            @if !known.is_empty() { (select(lang, &Field::new("term", text("示し方", "Shown by")).value(narrow.term), &known)) }
        },
    )
}

/// 大分類 and 中分類 of an item, said once where they are called the same.
pub(super) fn category(sheet: &Sheet, item: &Item) -> Option<Text> {
    let (major, minor) = sheet.minor(&item.minor)?;
    if major.name == minor.name {
        return Some(major.name.clone());
    }
    Some(worded(format!("{} ／ {}", major.name.ja, minor.name.ja), format!("{} / {}", major.name.en, minor.name.en)))
}

fn by_category(visit: &Visit, read: &SheetRead, shown: &[&Item]) -> Markup {
    let sheet = &read.sheet;
    let name = |run: &[&Item]| sheet.majors.iter().find(|m| m.id == run[0].major).map(|m| m.name.clone());
    html! { @for run in shown.chunk_by(|a, b| a.major == b.major) { (items_table(visit, read, run, name(run).unwrap_or(text("項目", "Items")))) } }
}

fn items_table(visit: &Visit, read: &SheetRead, run: &[&Item], caption: Text) -> Markup {
    let lang = visit.lang;
    let columns = vec![
        Column::new(text("番号", "No.")).number(),
        Column::new(text("項目", "Item")),
        Column::new(text("中分類", "Minor category")),
        Column::new(text("原文の状態", "State of the wording")),
    ];
    let rows = run.iter().map(|item| {
        let state = match read.confirmed.contains_key(&item.no) {
            true => tag(lang, Tone::Success, &text("原本と照合済み", "Compared with the original")),
            false => damage_tag(lang, item.text.damage.max(item.evidence.damage)),
        };
        let minor = read.sheet.minor(&item.minor).map(|(_, minor)| minor.name.get(lang));
        let name = html! { a href=(urls::sheet_item(&read.sheet.id, item.no)) data-row { (item.title.get(lang)) } };
        Row::new(vec![html! { (item.no) }, name, html! { @if let Some(minor) = minor { (minor) } }, state])
    });
    table(lang, &Table::new(caption, columns, rows.collect()).head_cell(Some(1)))
}

fn blank_form(visit: &Visit, sheet: &Sheet) -> Markup {
    let lang = visit.lang;
    html! {
        section {
            h2 { (text("白紙の様式", "Blank form").get(lang)) }
            p { (text("記入してから、案件の「取込み」で読み込めます。", "Fill it in and read it back in a case under Import.").get(lang)) }
            div.actions {
                (link_button(lang, Kind::Secondary, &text("Excel（A3、結合セル）", "Excel (A3, merged cells)"), &urls::sheet_page(&sheet.id, "blank.xlsx")))
                (link_button(lang, Kind::Secondary, &text("Excel（A4、フィルター付き）", "Excel (A4, filters)"), &urls::sheet_page(&sheet.id, "blank.xlsx?paper=a4&categories=filters")))
                (link_button(lang, Kind::Secondary, &text("CSV", "CSV"), &urls::sheet_page(&sheet.id, "blank.csv")))
            }
        }
    }
}

/// What an address asks of a file: `paper=a4`, `categories=filters`, `blank=yes`, `lang=en`.
pub(super) fn wanted(visit: &Visit, csv: bool) -> Wanted {
    let query = &visit.query;
    let lang = query.get("lang").map_or(visit.lang, Lang::from_tag);
    Wanted { csv, blank: query.is_on("blank"), filters: query.text("categories") == "filters", a4: query.text("paper") == "a4", lang }
}

pub(super) fn download(made: app::exchange::Made) -> Answer {
    Answer::File(FileAnswer { media: made.media.to_owned(), name: made.name, content: FileContent::Bytes(made.bytes), inline: false })
}

fn blank(visit: &Visit, csv: bool) -> Result<Answer, app::Error> {
    let id = SheetId(visit.params.get("sheet").cloned().unwrap_or_default());
    Ok(download(visit.app.blank(visit.actor()?, &id, wanted(visit, csv))?))
}

fn blank_xlsx(visit: &Visit) -> Result<Answer, app::Error> {
    blank(visit, false)
}

fn blank_csv(visit: &Visit) -> Result<Answer, app::Error> {
    blank(visit, true)
}
