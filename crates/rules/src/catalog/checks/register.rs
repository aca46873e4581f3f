//! Checks on registers: every id they name exists, every item they serve is there, and their own example stands.

use std::collections::BTreeSet;

use super::words::both;
use super::{Content, Found};
use crate::catalog::vocabulary::Path;
use crate::register::{Field, FieldKind, Holds, Register, Value};
use crate::sheet::Item;
use crate::text::worded;

fn file(register: &Register) -> String {
    format!("registers/{}.toml", register.id)
}

/// Ids are of the vocabulary and stand once, in the register as in its parts.
pub(super) fn ids(content: &Content, found: &mut Found) {
    for (register, path) in content.registers.iter().zip(content.register_files) {
        if *path != file(register) {
            let words = worded(format!("ファイル名は {} にしてください。", file(register)), format!("Name the file {}.", file(register)));
            found.at(path, "id", words);
        }
        if content.vocabulary.term(Path::Register, &register.id).is_none() {
            let words = worded(
                format!("「{}」は vocabulary/registers.toml にありません。", register.id),
                format!("`{}` is not in vocabulary/registers.toml.", register.id),
            );
            found.at(path, "id", words);
        }
        let fields = register.fields.iter().map(|f| ("fields", f.id.as_str()));
        let states = register.states.iter().map(|s| ("states", s.id.as_str()));
        let mut seen = BTreeSet::new();
        for (key, id) in fields.chain(states).filter(|part| !seen.insert(*part)) {
            found.at(path, format!("{key}.{id}"), worded(format!("「{id}」が重複しています。"), format!("`{id}` is there twice.")));
        }
        for field in &register.fields {
            let mut seen = BTreeSet::new();
            for choice in field.choices.iter().filter(|c| !seen.insert(&c.id)) {
                let words = worded(format!("「{}」が重複しています。", choice.id), format!("`{}` is there twice.", choice.id));
                found.at(path, format!("fields.{}.choices", field.id), words);
            }
        }
    }
}

/// Fields, states and registers that something names exist, and a field has what its kind needs.
pub(super) fn references(content: &Content, found: &mut Found) {
    for register in content.registers {
        let path = file(register);
        let mut missing = |key: String, id: &str| {
            found.at(&path, key, worded(format!("「{id}」はありません。"), format!("There is no `{id}`.")));
        };
        let field_lists = [("title".to_owned(), register.title.iter().map(String::as_str).collect::<Vec<_>>())]
            .into_iter()
            .chain(
                register.moves.iter().map(|m| (format!("moves.{}-{}.needs", m.from, m.to), m.needs.iter().map(String::as_str).collect())),
            )
            .chain(register.checks.iter().map(|c| (format!("checks.{}", c.words.en), c.holds.fields())))
            .chain(register.fields.iter().filter_map(|f| {
                let due = f.due.as_ref()?;
                let named = due.before.iter().chain(&due.done).chain(&due.again).map(String::as_str).collect();
                Some((format!("fields.{}.due", f.id), named))
            }))
            .chain([("responsible".to_owned(), register.responsible.iter().map(String::as_str).collect())])
            .chain([("example".to_owned(), register.example.keys().map(String::as_str).collect())]);
        for (key, ids) in field_lists {
            for id in ids.into_iter().filter(|id| register.field(id).is_none()) {
                missing(key.clone(), id);
            }
        }
        for step in &register.moves {
            for id in [&step.from, &step.to].into_iter().filter(|id| register.state(id).is_none()) {
                missing(format!("moves.{}-{}", step.from, step.to), id);
            }
        }
        for (field, due) in register.fields.iter().filter_map(|f| Some((f, f.due.as_ref()?))) {
            for id in due.dropped.iter().filter(|id| register.state(id).is_none()) {
                missing(format!("fields.{}.due.dropped", field.id), id);
            }
        }
        let other = |id: &str| content.registers.iter().find(|r| r.id == id);
        for field in &register.fields {
            if let Some(to) = field.to.as_deref().filter(|to| content.vocabulary.term(Path::Register, to).is_none()) {
                missing(format!("fields.{}.to", field.id), to);
            }
        }
        for check in &register.checks {
            match &check.holds {
                Holds::Linked { field, states } => {
                    let target = register.field(field).and_then(|f| f.to.as_deref()).and_then(other);
                    for state in states.iter().filter(|state| target.is_some_and(|t| t.state(state).is_none())) {
                        missing(format!("checks.{}", check.words.en), state);
                    }
                }
                Holds::NeededIf { other, is, .. } => {
                    let choices = register.field(other).filter(|f| f.kind == FieldKind::Choice);
                    for word in is.words().iter().filter(|word| choices.is_some_and(|f| f.choices.iter().all(|c| c.id != **word))) {
                        missing(format!("checks.{}", check.words.en), word);
                    }
                }
                _ => {}
            }
        }
    }
}

/// A field has what its kind needs and nothing of another kind; a way leads to every state.
pub(super) fn shape(content: &Content, found: &mut Found) {
    for register in content.registers {
        let path = file(register);
        if register.title.is_empty() || register.states.is_empty() {
            let words = worded("title と states には一つ以上必要です。", "`title` and `states` need at least one.");
            found.at(&path, "title", words);
        }
        for field in &register.fields {
            shape_of(field, &path, format!("fields.{}", field.id), found);
        }
        let of_people = |id: &String| register.field(id).is_none_or(|f| f.kind == FieldKind::Person && !f.many);
        if !register.responsible.iter().all(of_people) {
            let words = worded("responsible は、1人を書く人の欄にしてください。", "`responsible` names a field of one person.");
            found.at(&path, "responsible", words);
        }
        for state in register.states.iter().skip(1).filter(|s| register.moves.iter().all(|m| m.to != s.id)) {
            found.at(&path, format!("states.{}", state.id), worded("この状態へ進む手順がありません。", "No move leads to this state."));
        }
        for step in register.moves.iter().filter(|m| m.roles.is_empty()) {
            let words = worded("誰が行えるかを roles に書いてください。", "Say in `roles` who may do this.");
            found.at(&path, format!("moves.{}-{}", step.from, step.to), words);
        }
    }
}

/// A field has what its kind needs and nothing of another kind.
pub(super) fn shape_of(field: &Field, path: &str, key: String, found: &mut Found) {
    let kind = field.kind;
    let odd = [
        (kind == FieldKind::Choice) == field.choices.is_empty(),
        (kind == FieldKind::Entry) == field.to.is_none(),
        kind != FieldKind::Amount && (field.unit.is_some() || field.min.is_some() || field.max.is_some()),
        field.many && matches!(kind, FieldKind::YesNo | FieldKind::Text),
        field.due.is_some() && (field.many || !matches!(kind, FieldKind::Date | FieldKind::Moment)),
    ];
    if odd.contains(&true) {
        let words = worded(
            "この種類の欄に必要なもの（choices、to など）がないか、要らないものがあります。",
            "What this kind of field needs (choices, to …) is missing, or something of another kind stands there.",
        );
        found.at(path, key, words);
    }
}

/// Items and registers name each other, and each item is answered by a field.
pub(super) fn items(content: &Content, found: &mut Found) {
    // Registers serve the sheet whose items name them; another sheet reaches them by its map.
    let linking = |register: &Register| -> Vec<&Item> {
        content.sheets.iter().flat_map(|at| &at.sheet.items).filter(|item| item.registers.contains(&register.id)).collect()
    };
    for register in content.registers {
        let (path, linked) = (file(register), linking(register));
        for served in &register.items {
            if linked.iter().all(|item| item.no != served.item) {
                let words = worded(
                    format!("項目{}はこの管理簿を参照していません。", served.item),
                    format!("Item {} does not name this register.", served.item),
                );
                found.at(&path, "items", words);
            }
            if register.fields.iter().flat_map(|f| &f.serves).all(|s| s.item != served.item) {
                let words =
                    worded(format!("項目{}に答える欄がありません。", served.item), format!("No field answers item {}.", served.item));
                found.at(&path, "items", words);
            }
        }
        for item in linked.iter().filter(|item| register.items.iter().all(|s| s.item != item.no)) {
            let words = worded(
                format!("項目{}がこの管理簿を参照しています。items に加えてください。", item.no),
                format!("Item {} names this register; add it to `items`.", item.no),
            );
            found.at(&path, "items", words);
        }
        for field in &register.fields {
            for served in &field.serves {
                let item = linked.iter().find(|item| item.no == served.item);
                let there = item.is_some_and(|item| served.point.0 == 0 || item.points.iter().any(|p| p.n == served.point));
                if !there {
                    let served = String::from(*served);
                    let words = worded(format!("小項目「{served}」はシートにありません。"), format!("There is no {served} on the sheet."));
                    found.at(&path, format!("fields.{}.serves", field.id), words);
                }
            }
        }
    }
}

/// The example can be read, and has every field that is required.
pub(super) fn example(content: &Content, found: &mut Found) {
    for register in content.registers {
        let path = file(register);
        for field in &register.fields {
            let key = format!("example.{}", field.id);
            match register.example.get(&field.id) {
                None if field.required => {
                    found.at(&path, key, worded("必須の欄の例がありません。", "An example for a required field is missing."));
                }
                // What a link leads to exists in an installation only.
                Some(_) if matches!(field.kind, FieldKind::Entry | FieldKind::File) => {}
                Some(written) => {
                    if let Err(words) = Value::read(field, written) {
                        found.at(&path, key, words);
                    }
                }
                None => {}
            }
        }
    }
}

/// Whatever people read of a register is there in both languages.
pub(super) fn languages(content: &Content, found: &mut Found) {
    for register in content.registers {
        let path = file(register);
        both(&register.name, &path, "name", found);
        both(&register.about, &path, "about", found);
        for state in &register.states {
            both(&state.name, &path, &format!("states.{}", state.id), found);
        }
        for step in &register.moves {
            both(&step.name, &path, &format!("moves.{}-{}", step.from, step.to), found);
        }
        for field in &register.fields {
            let texts = field.help.iter().chain(&field.unit).chain(field.choices.iter().map(|c| &c.name)).chain([&field.name]);
            texts.for_each(|text| both(text, &path, &format!("fields.{}", field.id), found));
        }
        for check in &register.checks {
            both(&check.words, &path, "checks.words", found);
        }
    }
}
