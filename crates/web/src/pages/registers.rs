//! The registers of an organisation: which there are, and the entries of one.

use app::read::registers::{Cursor, Wanted};
use app::read::registers::{ListRead, Names, RegisterRow, title};
use maud::{Markup, html};
use rules::id::Pos;
use rules::policy::KEEPERS;
use rules::register::{Entry, Field, FieldKind, Register, Standing};
use rules::text::{Lang, Text, text, worded};

use super::signs::{prose, time};
use crate::components::{
    Choice, Column, Direction, Field as Input, Kind, Row, Table, Tone, actions, details, empty, filter, link_button, notice, search_field,
    select, table, tag,
};
use crate::route::{Answer, Guard, Route, get};
use crate::urls;
use crate::visit::{Fields, Visit};

pub(super) const KEEPER: Guard = Guard::Roles(&KEEPERS);

pub const ROUTES: &[Route] = &[get("/registers", KEEPER, index), get("/registers/{register}", KEEPER, list)];

/// Entries on a page.
const PAGE: usize = 50;
/// Fields that a list shows beside the title.
const SHOWN: usize = 4;

pub fn heading() -> Text {
    text("管理簿", "Registers")
}

fn index(visit: &Visit) -> Result<Answer, app::Error> {
    let lang = visit.lang;
    let all = visit.app.registers(visit.actor()?)?;
    let columns = vec![
        Column::new(text("管理簿", "Register")),
        Column::new(text("記録", "Entries")).number(),
        Column::new(text("未完了", "Open")).number(),
        Column::new(text("対象の項目", "Items")),
    ];
    let row = |r: &RegisterRow| {
        let items: Vec<String> = r.register.items.iter().map(|s| s.item.to_string()).collect();
        Row::new(vec![
            html! { a href=(urls::register(&r.register.id, "")) { (r.register.name.get(lang)) } p.small.muted { (r.register.about.get(lang)) } },
            html! { @if r.entries == 0 { (tag(lang, Tone::Neutral, &text("なし", "None"))) } @else { (r.entries) } },
            html! { (r.open) },
            html! { span.small { (items.join(", ")) } },
        ])
    };
    let main = table(lang, &Table::new(heading(), columns, all.iter().map(row).collect()).caption_hidden());
    let mut page = visit.page(heading(), main);
    page.lead = Some(text(
        "日々の記録が、そのままチェックシートの証跡になります。",
        "What is written here day by day is the evidence of the check sheet.",
    ));
    Ok(page.into())
}

/// What the address asks the list for.
fn wanted(query: &Fields, register: &Register) -> Wanted {
    let sort = query.text("sort");
    let field = query.text("field");
    let after = match (query.text("key"), query.text("entry"), query.text("pos").parse::<i64>()) {
        ("", _, Ok(pos)) => Some(Cursor::Pos { pos: Pos(pos), blank: query.is_on("blank") }),
        (key, entry, Err(_)) if !key.is_empty() => Some(Cursor::Key { key: key.to_owned(), entry: entry.to_owned() }),
        _ => None,
    };
    Wanted {
        state: register.state(query.text("state")).map(|s| s.id.clone()).unwrap_or_default(),
        words: query.text("q").trim().to_owned(),
        field: register.field(field).map(|f| (f.id.clone(), query.text("value").to_owned())),
        sort: register.field(sort).map(|f| f.id.clone()),
        falling: query.text("way") == "down",
        after,
    }
}

/// The address of the list with these parameters, as far as they are not empty.
fn address(register: &Register, parameters: &[(&str, &str)]) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    parameters.iter().filter(|(_, value)| !value.is_empty()).for_each(|(name, value)| {
        out.append_pair(name, value);
    });
    let query = out.finish();
    let path = urls::register(&register.id, "");
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

fn list(visit: &Visit) -> Result<Answer, app::Error> {
    let lang = visit.lang;
    let id: String = visit.param("register")?;
    let register = visit.app.register(&id)?;
    let wanted = wanted(&visit.query, register);
    let read = visit.app.entries(visit.actor()?, &id, &wanted, PAGE)?;
    let narrowed = !wanted.state.is_empty() || !wanted.words.is_empty() || wanted.field.is_some() || wanted.after.is_some();
    let new = link_button(lang, Kind::Primary, &text("記録を追加する", "Add an entry"), &urls::register(&id, "new"));
    let main = html! {
        @if read.listed.entries.is_empty() && !narrowed {
            (empty(lang, &text("記録はまだありません", "No entries yet"), &register.about, html! { (new) (example(lang, register)) }))
        } @else {
            (narrow(visit, register, &wanted))
            (entries(lang, &read, &wanted))
            (next(lang, register, &wanted, &read))
        }
    };
    let mut page = visit.page(register.name.clone(), main);
    page.lead = Some(register.about.clone());
    page.breadcrumb =
        vec![crate::components::Crumb::link(heading(), urls::registers()), crate::components::Crumb::here(register.name.clone())];
    let files = html! {
        (link_button(lang, Kind::Secondary, &text("取込み", "Import"), &urls::register(&id, "import")))
        (link_button(lang, Kind::Secondary, &text("Excel", "Excel"), &urls::register(&id, "export.xlsx")))
        (link_button(lang, Kind::Secondary, &text("CSV", "CSV"), &urls::register(&id, "export.csv")))
    };
    page.corner = actions(html! { @if !read.listed.entries.is_empty() || narrowed { (new) } (files) });
    if let Ok(count) = visit.query.text("imported").parse::<usize>() {
        page.notices =
            notice(lang, Tone::Success, &worded(format!("{count}件を登録しました。"), format!("{count} entries were written.")), html! {});
    }
    Ok(page.into())
}

fn narrow(visit: &Visit, register: &Register, wanted: &Wanted) -> Markup {
    let lang = visit.lang;
    let any = Choice::new("", text("すべて", "All"));
    let states: Vec<Choice> = [any].into_iter().chain(register.states.iter().map(|s| Choice::new(s.id.as_str(), s.name.clone()))).collect();
    filter(
        lang,
        &urls::register(&register.id, ""),
        &urls::register(&register.id, ""),
        html! {
            (search_field(lang, "q", text("言葉", "Words"), &wanted.words))
            (select(lang, &Input::new("state", text("状態", "State")).value(&wanted.state), &states))
        },
    )
}

/// The fields a list shows: those that are not in the title and are short.
fn shown(register: &Register) -> impl Iterator<Item = &Field> {
    let short = |f: &&Field| !register.title.contains(&f.id) && !matches!(f.kind, FieldKind::Text | FieldKind::File);
    register.fields.iter().filter(short).take(SHOWN)
}

fn entries(lang: Lang, read: &ListRead, wanted: &Wanted) -> Markup {
    let register = read.register;
    let sorted = |field: &Field| {
        let now = wanted.sort.as_deref() == Some(&field.id);
        let way = if now && !wanted.falling { "down" } else { "" };
        let href = address(register, &[("q", &wanted.words), ("state", &wanted.state), ("sort", &field.id), ("way", way)]);
        Column::new(field.name.clone()).sort(href, now.then_some(if wanted.falling { Direction::Down } else { Direction::Up }))
    };
    let naming = register.title.first().and_then(|id| register.field(id));
    let mut columns = vec![naming.map_or_else(|| Column::new(text("記録", "Entry")), &sorted)];
    columns.extend(shown(register).map(&sorted));
    columns.push(Column::new(text("状態", "State")));
    columns.push(Column::new(text("更新", "Changed")));
    let row = |s: &Standing| {
        let mut cells = vec![html! { a href=(urls::entry(s.entry.id, "")) { (title(register, &s.entry)) } }];
        cells.extend(shown(register).map(|field| value(lang, field, &s.entry, &read.names)));
        cells.push(state(lang, register, &s.entry.state));
        cells.push(time(s.entry.at));
        Row::new(cells)
    };
    let rows: Vec<Row> = read.listed.entries.iter().map(row).collect();
    if rows.is_empty() {
        return html! { p.muted { (text("条件に合う記録はありません。", "No entry fits.").get(lang)) } };
    }
    table(lang, &Table::new(register.name.clone(), columns, rows).caption_hidden())
}

fn next(lang: Lang, register: &Register, wanted: &Wanted, read: &ListRead) -> Markup {
    let Some(cursor) = &read.listed.next else { return html! {} };
    let way = if wanted.falling { "down" } else { "" };
    let sort = wanted.sort.as_deref().unwrap_or_default();
    let same = [("q", wanted.words.as_str()), ("state", &wanted.state), ("sort", sort), ("way", way)];
    let href = match cursor {
        Cursor::Pos { pos, blank } => {
            let pos = pos.0.to_string();
            address(register, &[&same[..], &[("pos", &pos), ("blank", if *blank { "1" } else { "" })]].concat())
        }
        Cursor::Key { key, entry } => address(register, &[&same[..], &[("key", key), ("entry", entry)]].concat()),
    };
    html! { div.actions { (link_button(lang, Kind::Secondary, &text("次のページ", "Next page"), &href)) } }
}

/// The state of an entry: green where nothing is left to do.
pub fn state(lang: Lang, register: &Register, id: &str) -> Markup {
    match register.state(id) {
        Some(state) if state.open => tag(lang, Tone::Info, &state.name),
        Some(state) => tag(lang, Tone::Success, &state.name),
        None => tag(lang, Tone::Neutral, &worded(id, id)),
    }
}

/// What stands in a field, as people read it.
pub fn value(lang: Lang, field: &Field, entry: &Entry, names: &Names) -> Markup {
    let kept = entry.fields.get(&field.id).map_or(&[][..], Vec::as_slice);
    html! {
        @for (n, one) in kept.iter().enumerate() {
            @if n > 0 { br; }
            (one_value(lang, field, one, names))
        }
    }
}

fn one_value(lang: Lang, field: &Field, kept: &str, names: &Names) -> Markup {
    let named = || names.get(kept).map_or(kept, String::as_str);
    match field.kind {
        FieldKind::Text => prose(kept),
        FieldKind::Moment => kept.parse().map_or_else(|_| html! { (kept) }, time),
        FieldKind::Date => html! { time.nowrap datetime=(kept) { (kept) } },
        FieldKind::Entry => match kept.parse() {
            Ok(id) => html! { a href=(urls::entry(id, "")) { (named()) } },
            Err(_) => html! { (kept) },
        },
        FieldKind::File => match kept.parse() {
            Ok(id) if names.get(kept).is_none_or(|name| name != rules::label::HIDDEN) => {
                html! { a href=(urls::document(id)) { (named()) } }
            }
            _ => html! { (named()) },
        },
        FieldKind::Choice => html! { (field.choices.iter().find(|c| c.id == kept).map_or(kept, |c| c.name.get(lang))) },
        FieldKind::YesNo => {
            let (answer, reason) = kept.split_once(": ").unwrap_or((kept, ""));
            let answer = if answer == "yes" { text("はい", "Yes") } else { text("いいえ", "No") };
            html! { (answer.get(lang)) @if !reason.is_empty() { " – " (reason) } }
        }
        FieldKind::Amount => html! { (kept) @if let Some(unit) = &field.unit { " " (unit.get(lang)) } },
        FieldKind::Item => html! { (worded(format!("項目{kept}"), format!("Item {kept}")).get(lang)) },
        FieldKind::Line | FieldKind::Person | FieldKind::Organisation => html! { (named()) },
    }
}

/// A good entry, for whoever writes the first.
pub fn example(lang: Lang, register: &Register) -> Markup {
    let pairs = register
        .fields
        .iter()
        .filter_map(|f| Some((f.name.clone(), html! { span lang="ja" { (register.example.get(&f.id)?) } })))
        .collect::<Vec<_>>();
    details(lang, &text("記入例", "A good entry"), false, crate::components::facts(lang, &pairs))
}
