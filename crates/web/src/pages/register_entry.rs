//! One entry of a register: its form, its fields with their history, and the steps it can take.

use std::collections::BTreeMap;

use app::read::registers::{EntryRead, Names, title};
use maud::{Markup, html};
use rules::command::Command;
use rules::evidence::Label;
use rules::id::{self, Id, Pos};
use rules::refusal::Refusal;
use rules::register::{Entry, Field as Asked, FieldKind, Reason, Register, Written};
use rules::text::{Lang, Text, text, worded};

use super::evidence::label_name;
use super::form::{saved_at, saved_notice, settle};
use super::registers::{KEEPER, example, heading, state, value};
use super::signs::{label_tone, time};
use super::word;
use crate::components::{
    Area, Choice, Crumb, Event, Fault, Field, Kind, Tone, actions, checkboxes, csrf, date_field, details, diff, error_summary, facts,
    link_button, notice, select, submit, tag, text_field, textarea, timeline,
};
use crate::route::{Answer, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[
    get("/registers/{register}/new", KEEPER, new),
    post("/registers/{register}/new", KEEPER, add),
    get("/entries/{entry}", KEEPER, show),
    get("/entries/{entry}/edit", KEEPER, edit),
    post("/entries/{entry}/edit", KEEPER, revise),
    post("/entries/{entry}/move", KEEPER, go),
];

/// Versions that the page shows in full.
const HISTORY: usize = 100;

fn new(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(form_page(visit, visit.app.register(&visit.param::<String>("register")?)?, None, None)?.into())
}

fn add(visit: &Visit) -> Result<Answer, app::Error> {
    let register = visit.app.register(&visit.param::<String>("register")?)?;
    settle(written(visit, register, None), |refusal| form_page(visit, register, None, Some(refusal)))
}

fn edit(visit: &Visit) -> Result<Answer, app::Error> {
    let read = visit.app.entry(visit.actor()?, visit.param("entry")?)?;
    Ok(form_page(visit, read.register, Some(&read), None)?.into())
}

fn revise(visit: &Visit) -> Result<Answer, app::Error> {
    let read = visit.app.entry(visit.actor()?, visit.param("entry")?)?;
    settle(written(visit, read.register, Some(read.standing.entry.id)), |refusal| {
        form_page(visit, read.register, Some(&read), Some(refusal))
    })
}

/// Writes what the form holds and says where the entry is.
fn written(visit: &Visit, register: &Register, entry: Option<Id<id::Entry>>) -> Result<String, app::Error> {
    let mut fields = Written::new();
    for field in &register.fields {
        let typed: Vec<String> = visit.form.all(&field.id).flat_map(|typed| values(field, typed)).collect();
        fields.insert(field.id.clone(), typed);
    }
    let base = Pos(visit.form.text("base").parse().unwrap_or(0));
    let label = visit.form.word::<Label>("label")?;
    let done = visit.app.execute(visit.actor()?, Command::WriteEntry { register: register.id.clone(), entry, base, label, fields })?;
    let made = done.made.and_then(|m| m.parse().ok()).ok_or(Refusal::not_found())?;
    Ok(saved_at(&urls::entry(made, "")))
}

/// The values in one input: one a line where a field takes several.
pub(super) fn values(field: &Asked, typed: &str) -> Vec<String> {
    if field.many && field.kind != FieldKind::Text {
        typed.lines().map(str::to_owned).filter(|line| !line.trim().is_empty()).collect()
    } else if typed.trim().is_empty() {
        vec![]
    } else {
        vec![typed.to_owned()]
    }
}

fn form_page(visit: &Visit, register: &Register, read: Option<&EntryRead>, refused: Option<&Refusal>) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let choices = visit.app.entry_choices(visit.actor()?, &register.id)?;
    let faults: BTreeMap<&str, &Text> = refused.iter().flat_map(|r| &r.faults).map(|f| (f.field.as_str(), &f.text)).collect();
    let standing = read.map(|r| &r.standing);
    let base = match refused {
        Some(_) => visit.form.text("base").to_owned(),
        None => standing.map_or(0, |s| s.pos.0).to_string(),
    };
    let inputs = register.fields.iter().map(|field| {
        let value = match (refused, standing) {
            (Some(_), _) => visit.form.all(&field.id).collect::<Vec<_>>().join("\n"),
            (None, Some(s)) => s
                .entry
                .fields
                .get(&field.id)
                .map(|kept| kept.iter().map(|k| typed(field, k, read.map(|r| &r.names))).collect::<Vec<_>>().join("\n"))
                .unwrap_or_default(),
            (None, None) => String::new(),
        };
        input(lang, field, &value, faults.get(field.id.as_str()).copied(), choices.get(&field.id))
    });
    let label = match (refused, standing) {
        (Some(_), _) => visit.form.text("label").to_owned(),
        (None, Some(s)) => word(&s.entry.label),
        (None, None) => word(&register.label),
    };
    let labels: Vec<Choice> = Label::ALL.iter().map(|l| Choice::new(word(l), l.name())).collect();
    let main = html! {
        (summary(lang, register, refused))
        form method="post" action=(visit.here.split('?').next().unwrap_or_default()) data-submit-key data-keep="entry" {
            (csrf(&visit.csrf))
            input type="hidden" name="base" value=(base);
            @for input in inputs { (input) }
            (select(lang, &Field::new("label", label_name()).value(&label).required(), &labels))
            (submit(lang, Kind::Primary, &text("保存する", "Save")))
        }
        (example(lang, register))
    };
    let (name, back) = match read {
        Some(read) => (worded("記録を変更する", "Change the entry"), urls::entry(read.standing.entry.id, "")),
        None => (
            worded(format!("{}に記録を追加する", register.name.ja), format!("Add an entry: {}", register.name.en)),
            urls::register(&register.id, ""),
        ),
    };
    let mut page = visit.page(name.clone(), main);
    page.lead = Some(register.about.clone());
    let of = read.map_or_else(
        || register.name.clone(),
        |r| {
            let t = title(register, &r.standing.entry);
            worded(t.clone(), t)
        },
    );
    page.breadcrumb = vec![Crumb::link(heading(), urls::registers()), Crumb::link(of, back), Crumb::here(name)];
    Ok(page)
}

/// A kept value as it is typed: people by name, moments in Japanese time.
pub(super) fn typed(field: &Asked, kept: &str, names: Option<&Names>) -> String {
    match field.kind {
        FieldKind::Person => names.and_then(|names| names.get(kept)).cloned().unwrap_or_else(|| kept.to_owned()),
        FieldKind::Moment => rules::register::typed(kept),
        _ => kept.to_owned(),
    }
}

pub(super) fn summary(lang: Lang, register: &Register, refused: Option<&Refusal>) -> Markup {
    let Some(refusal) = refused else { return html! {} };
    if refusal.faults.is_empty() {
        return html! { div.error-summary tabindex="-1" { (notice(lang, Tone::Danger, &refusal.text, html! {})) } };
    }
    let faults: Vec<Fault> = refusal
        .faults
        .iter()
        .map(|f| {
            let name = register.field(&f.field).map_or_else(|| worded(f.field.as_str(), f.field.as_str()), |field| field.name.clone());
            let what = worded(format!("{}: {}", name.ja, f.text.ja), format!("{}: {}", name.en, f.text.en));
            Fault { at: Some(Field::new(&f.field, name).id()), what }
        })
        .collect();
    error_summary(lang, &faults)
}

pub(super) fn input(lang: Lang, asked: &Asked, value: &str, fault: Option<&Text>, choices: Option<&Vec<(String, String)>>) -> Markup {
    let mut field = Field::new(&asked.id, label(asked)).value(value).error(fault);
    field.required = asked.required;
    let format = match asked.kind {
        FieldKind::Moment => Some(text("例: 2026-11-20 14:30", "For example 2026-11-20 14:30")),
        FieldKind::YesNo if asked.reason != Reason::Never => {
            Some(text("「はい」か「いいえ」。理由は「いいえ: 理由」", "yes or no; a reason as `no: reason`"))
        }
        FieldKind::Person if !asked.many => {
            Some(text("氏名。この組織の利用者は名前で結び付きます", "A name; people of this organisation are linked by it"))
        }
        _ if asked.many && !matches!(asked.kind, FieldKind::Entry | FieldKind::File | FieldKind::Choice) => {
            Some(text("1行に1つ", "One a line"))
        }
        _ => None,
    };
    let hint = match (&asked.help, format) {
        (Some(help), Some(format)) => Some(worded(format!("{} （{}）", help.ja, format.ja), format!("{} ({})", help.en, format.en))),
        (Some(help), None) => Some(help.clone()),
        (None, format) => format,
    };
    if let Some(hint) = hint {
        field = field.hint(hint);
    }
    let offered = || -> Vec<Choice> {
        let own = asked.choices.iter().map(|c| Choice::new(c.id.clone(), c.name.clone()));
        let linked = choices.into_iter().flatten().map(|(id, name)| Choice::new(id.clone(), worded(name.clone(), name.clone())));
        own.chain(linked).collect()
    };
    if matches!(asked.kind, FieldKind::Entry | FieldKind::File) && offered().is_empty() {
        field = field.hint(text("結び付けられる記録やファイルがまだありません。", "There is nothing to link to yet."));
    }
    match asked.kind {
        FieldKind::YesNo if asked.reason == Reason::Never => {
            let choices = [text("選択してください", "Choose"), text("はい", "Yes"), text("いいえ", "No")];
            let all: Vec<Choice> = ["", "yes", "no"].into_iter().zip(choices).map(|(word, name)| Choice::new(word, name)).collect();
            select(lang, &field, &all)
        }
        FieldKind::Choice | FieldKind::Entry | FieldKind::File if asked.many => {
            let chosen: Vec<&str> = value.lines().collect();
            checkboxes(lang, &field, &offered(), &chosen)
        }
        FieldKind::Choice | FieldKind::Entry | FieldKind::File => {
            let mut all = vec![Choice::new("", text("選択してください", "Choose"))];
            all.extend(offered());
            select(lang, &field, &all)
        }
        FieldKind::Text => textarea(lang, Area { rows: 4, ..Area::default() }, &field),
        _ if asked.many => textarea(lang, Area { rows: 3, ..Area::default() }, &field),
        FieldKind::Date => date_field(lang, &field),
        FieldKind::Line
        | FieldKind::Moment
        | FieldKind::Person
        | FieldKind::Organisation
        | FieldKind::Item
        | FieldKind::Amount
        | FieldKind::YesNo => text_field(lang, &field),
    }
}

fn label(asked: &Asked) -> Text {
    match &asked.unit {
        Some(unit) => worded(format!("{}（{}）", asked.name.ja, unit.ja), format!("{} ({})", asked.name.en, unit.en)),
        None => asked.name.clone(),
    }
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(entry_page(visit, &visit.app.entry(visit.actor()?, visit.param("entry")?)?, None)?.into())
}

fn go(visit: &Visit) -> Result<Answer, app::Error> {
    let read = visit.app.entry(visit.actor()?, visit.param("entry")?)?;
    let entry = read.standing.entry.id;
    let (base, to, note) =
        (Pos(visit.form.text("base").parse().unwrap_or(0)), visit.form.text("to").to_owned(), visit.form.text("note").to_owned());
    let done = visit.app.execute(visit.actor()?, Command::MoveEntry { entry, base, to, note });
    settle(done.map(|_| saved_at(&urls::entry(entry, ""))), |refusal| entry_page(visit, &read, Some(refusal)))
}

fn entry_page(visit: &Visit, read: &EntryRead, refused: Option<&Refusal>) -> Result<Page, app::Error> {
    let (lang, register, entry) = (visit.lang, read.register, &read.standing.entry);
    let name = title(register, entry);
    let mut pairs: Vec<(Text, Markup)> = vec![
        (text("状態", "State"), state(lang, register, &entry.state)),
        (label_name(), tag(lang, label_tone(entry.label), &entry.label.name())),
    ];
    pairs.extend(
        register
            .fields
            .iter()
            .filter(|f| entry.fields.get(&f.id).is_some_and(|v| !v.is_empty()))
            .map(|f| (f.name.clone(), value(lang, f, entry, &read.names))),
    );
    let open = register.state(&entry.state).is_some_and(|s| s.open);
    let main = html! {
        (summary(lang, register, refused))
        @if refused.is_none() { (saved_notice(visit, "entry")) }
        @for fault in &read.attention {
            (notice(lang, Tone::Warn, &fault.words, html! {}))
        }
        (facts(lang, &pairs))
        @if !read.moves.is_empty() { (steps(visit, read)) }
        @if !read.linking.is_empty() {
            h2 { (text("この記録を参照している記録", "Entries that link here").get(lang)) }
            ul {
                @for (from, field, found) in &read.linking {
                    @for s in found { li { (from.name.get(lang)) " / " (field.name.get(lang)) ": " a href=(urls::entry(s.entry.id, "")) { (title(from, &s.entry)) } } }
                }
            }
        }
        (super::papers::of_entry(visit, &register.id, entry.id)?)
        h2 { (text("履歴", "History").get(lang)) }
        (history(lang, read))
    };
    let mut page = visit.page(worded(name.clone(), name.clone()), main);
    page.breadcrumb = vec![
        Crumb::link(heading(), urls::registers()),
        Crumb::link(register.name.clone(), urls::register(&register.id, "")),
        Crumb::here(worded(name.clone(), name)),
    ];
    if open {
        page.corner = actions(link_button(lang, Kind::Secondary, &text("変更する", "Change"), &urls::entry(entry.id, "edit")));
    }
    Ok(page)
}

fn steps(visit: &Visit, read: &EntryRead) -> Markup {
    let lang = visit.lang;
    html! {
        h2 { (text("次の手順", "Next step").get(lang)) }
        form method="post" action=(urls::entry(read.standing.entry.id, "move")) data-submit-key {
            (csrf(&visit.csrf))
            input type="hidden" name="base" value=(read.standing.pos.0);
            (text_field(lang, &Field::new("note", text("メモ", "Note"))))
            (actions(html! {
                @for step in &read.moves {
                    (crate::components::Button::new(Kind::Secondary, step.name.clone()).act("to", &step.to).submit(lang))
                }
            }))
            @if read.moves.iter().any(|m| m.other_person) {
                p.small.muted { (text("承認や確認は、記録した人とは別の人が行います。", "Approval and confirmation are done by somebody other than who wrote the entry.").get(lang)) }
            }
        }
    }
}

fn history(lang: Lang, read: &EntryRead) -> Markup {
    let register = read.register;
    let by = |entry: &Entry| read.names.get(&entry.by.to_string()).cloned();
    let events: Vec<Event> = read
        .history
        .iter()
        .take(HISTORY)
        .enumerate()
        .map(|(n, version)| {
            let before = read.history.get(n + 1).map(|v| &v.entry);
            let state_name = |id: &str| register.state(id).map_or_else(|| worded(id, id), |s| s.name.clone());
            let what = match (&version.came_from, before) {
                (Some(from), _) => {
                    let (from, to) = (state_name(from), state_name(&version.entry.state));
                    worded(format!("{} → {}", from.ja, to.ja), format!("{} → {}", from.en, to.en))
                }
                (None, None) => text("登録", "Entered"),
                (None, Some(_)) => {
                    worded(format!("変更（第{}版）", version.entry.version), format!("Changed (version {})", version.entry.version))
                }
            };
            let more = html! {
                @if !version.note.is_empty() { p.prose { (version.note) } }
                @if let Some(before) = before { (changes(lang, register, before, &version.entry, &read.names)) }
            };
            Event {
                time: (version.entry.at.to_string(), rules::act::japan(version.entry.at).strftime("%Y-%m-%d %H:%M").to_string()),
                what,
                who: by(&version.entry),
                tone: None,
                more: Some(more),
            }
        })
        .collect();
    html! { (timeline(lang, &events)) @if read.history.len() > HISTORY { p.muted { (time(read.history[HISTORY].entry.at)) " …" } } }
}

/// Field by field what became of the version before.
fn changes(lang: Lang, register: &Register, before: &Entry, after: &Entry, names: &app::read::registers::Names) -> Markup {
    let told = |entry: &Entry, field: &Asked| {
        let kept = entry.fields.get(&field.id).map_or(&[][..], Vec::as_slice);
        kept.iter().map(|k| names.get(k).cloned().unwrap_or_else(|| k.clone())).collect::<Vec<_>>().join("\n")
    };
    let changed: Vec<(&Asked, String, String)> =
        register.fields.iter().map(|f| (f, told(before, f), told(after, f))).filter(|(_, old, new)| old != new).collect();
    html! {
        @if !changed.is_empty() {
            (details(lang, &worded(format!("変更点（{}）", changed.len()), format!("What changed ({})", changed.len())), false, html! {
                @for (field, old, new) in &changed { p { strong { (field.name.get(lang)) } } (diff(lang, old, new)) }
            }))
        }
    }
}
