//! Registers from writing to listing: every register takes its own example, nothing of a bad import stays, tenants are apart.

mod common;

use std::collections::BTreeSet;

use app::read::registers::{Wanted, title};
use common::{World, refusal, worlds};
use rules::command::Command;
use rules::evidence::Label;
use rules::id::{self, Id, Pos};
use rules::refusal::Why;
use rules::register::{FieldKind, Register, Written, sort_key};

fn write(register: &str, fields: Written) -> Command {
    Command::WriteEntry { register: register.into(), entry: None, base: Pos::NEVER, label: None, fields }
}

/// The example of a register as a form sends it, with whatever it has to link to.
fn example(w: &World, register: &Register, n: usize) -> Written {
    let mut fields = Written::new();
    for field in register.fields.iter().filter(|f| !matches!(f.kind, FieldKind::Entry | FieldKind::File)) {
        if let Some(typed) = register.example.get(&field.id) {
            // Nobody else has the same.
            let typed = if field.unique { format!("{typed}-{n}") } else { typed.clone() };
            fields.insert(field.id.clone(), vec![typed]);
        }
    }
    // What is missing the register says itself: an entry or a file is made for each.
    for _ in 0..4 {
        let told =
            w.app.execute(w.actor("officer"), Command::ImportEntries { register: register.id.clone(), rows: vec![fields.clone(), bad()] });
        let missing: Vec<_> = refusal(told).faults.into_iter().filter(|f| f.row == Some(1)).collect();
        if missing.is_empty() {
            break;
        }
        for fault in missing {
            let field = register.field(&fault.field).unwrap();
            let typed = match field.kind {
                FieldKind::Entry => entry_of(w, field.to.as_deref().unwrap(), n),
                FieldKind::File => {
                    let file = w.app.add_evidence(w.actor("officer"), "証明書.txt", &b"proof"[..], Label::Disclosable, None, None);
                    file.unwrap().made.unwrap()
                }
                _ => panic!("{}: the example is refused: {fault:?}", register.id),
            };
            fields.insert(field.id.clone(), vec![typed]);
        }
    }
    fields
}

/// A row that no register takes: with it, an import only tells.
fn bad() -> Written {
    Written::from([("no_such_field".to_owned(), vec!["x".to_owned()])])
}

fn entry_of(w: &World, register: &str, n: usize) -> String {
    let fields = example(w, w.app.register(register).unwrap(), n + 1000);
    w.act("officer", write(register, fields)).made.unwrap()
}

fn all(w: &World) -> Vec<Register> {
    w.app.registers(w.actor("officer")).unwrap().into_iter().map(|r| r.register.clone()).collect()
}

#[test]
fn every_register_takes_its_own_example_and_keeps_it_on_both_engines() {
    for w in worlds() {
        let registers = all(&w);
        assert_eq!(registers.len(), 25);
        for register in &registers {
            let fields = example(&w, register, 1);
            let made: Id<id::Entry> = w.act("officer", write(&register.id, fields)).made.unwrap().parse().unwrap();
            let read = w.app.entry(w.actor("colleague"), made).unwrap();
            assert_eq!(read.standing.entry.register, register.id);
            assert!(!title(register, &read.standing.entry).starts_with("entry_"), "{}: an entry has a name", register.id);
            // Changed once, it has two versions, and the form's own words change nothing.
            let kept = read.standing.entry.fields.clone();
            let again = |fields: Written, base: Pos, label: Option<Label>| Command::WriteEntry {
                register: register.id.clone(),
                entry: Some(made),
                base,
                label,
                fields,
            };
            let done = w.act("officer", again(kept.clone(), read.standing.pos, None));
            assert_eq!(done.changes, 0, "{}", register.id);
            w.act("officer", again(kept.clone(), read.standing.pos, Some(Label::Public)));
            assert_eq!(w.app.entry(w.actor("officer"), made).unwrap().history.len(), 2);
            // Who opened the first version is told that there is a second.
            let late = refusal(w.app.execute(w.actor("colleague"), again(kept, read.standing.pos, Some(Label::Confidential))));
            assert_eq!(late.why, Why::Conflict, "{}", register.id);
        }
        let expected = w.app.store().read(store::rebuild::contents).unwrap();
        for target in store::testing::both_engines() {
            store::rebuild::rebuild(w.app.store(), &target, |_| {}).unwrap();
            let rebuilt = target.read(store::rebuild::contents).unwrap();
            for table in ["register_entry", "register_now", "register_cell"] {
                assert!(!expected[table].is_empty());
                assert_eq!(rebuilt[table], expected[table], "{table}");
            }
        }
    }
}

#[test]
fn nothing_of_a_register_is_seen_or_linked_by_another_organisation() {
    for w in worlds() {
        let made: Id<id::Entry> = entry_of(&w, "asset_ledger", 1).parse().unwrap();
        assert_eq!(refusal(w.app.entry(w.actor("stranger"), made)).why, Why::NotFound);
        let list = w.app.entries(w.actor("stranger"), "asset_ledger", &Wanted::default(), 50).unwrap();
        assert!(list.listed.entries.is_empty());
        assert_eq!(refusal(w.app.registers(w.actor("hospital")).map(drop)).why, Why::Forbidden);
        // A link to it is no link.
        let linking = all(&w).into_iter().find_map(|r| {
            let field = r.fields.iter().find(|f| f.kind == FieldKind::Entry && f.to.as_deref() == Some("asset_ledger"))?;
            Some((r.id.clone(), field.id.clone()))
        });
        let (register, field) = linking.unwrap();
        let fields = Written::from([(field.clone(), vec![made.to_string()])]);
        let faults = refusal(w.app.execute(w.actor("stranger"), write(&register, fields))).faults;
        assert!(faults.iter().any(|f| f.field == field), "{faults:?}");
    }
}

#[test]
fn an_import_with_a_bad_row_tells_every_fault_and_changes_nothing() {
    for w in worlds() {
        let register = w.app.register("software_register").unwrap().clone();
        let good = |n| example(&w, &register, n);
        let required = register.fields.iter().find(|f| f.required && f.kind == FieldKind::Line).unwrap().id.clone();
        let (mut first, mut third) = (good(1), good(3));
        first.remove(&required);
        third.extend(bad());
        let lines = |w: &World| w.app.entries(w.actor("officer"), &register.id, &Wanted::default(), 100).unwrap().listed.entries.len();
        let before = lines(&w);
        let import = |rows| Command::ImportEntries { register: register.id.clone(), rows };
        let told = refusal(w.app.execute(w.actor("officer"), import(vec![first, good(2), third])));
        let rows: BTreeSet<Option<usize>> = told.faults.iter().map(|f| f.row).collect();
        assert_eq!(rows, [Some(1), Some(3)].into(), "{told:?}");
        assert_eq!(lines(&w), before);
        w.act("officer", import((10..40).map(good).collect()));
        assert_eq!(lines(&w), before + 30);
        // What no two entries may share, two rows of one file may not either.
        let assets = w.app.register("asset_ledger").unwrap().clone();
        let unique = assets.fields.iter().find(|f| f.unique).unwrap().id.clone();
        let (one, mut two) = (example(&w, &assets, 1), example(&w, &assets, 2));
        two.insert(unique.clone(), one[&unique].iter().map(|v| v.to_lowercase()).collect());
        let told = refusal(w.app.execute(w.actor("officer"), Command::ImportEntries { register: assets.id, rows: vec![one, two] }));
        assert_eq!(told.faults.iter().map(|f| (f.row, f.field.clone())).collect::<Vec<_>>(), [(Some(2), unique)]);
    }
}

#[test]
fn every_way_through_a_list_shows_each_entry_once_in_order() {
    for w in worlds() {
        let register = w.app.register("software_register").unwrap().clone();
        let line = register
            .fields
            .iter()
            .find(|f| f.kind == FieldKind::Line && f.required && !f.unique)
            .or_else(|| register.fields.iter().find(|f| f.kind == FieldKind::Line && f.required));
        let (line, blank) =
            (line.unwrap().id.clone(), register.fields.iter().find(|f| !f.required && f.kind == FieldKind::Line).unwrap().id.clone());
        let rows = (0..23).map(|n| {
            let mut fields = example(&w, &register, n);
            fields.insert(line.clone(), vec![["10", "9", "い", "b", "A", "2026-11-20"][n % 6].to_owned() + &format!("-{n}")]);
            // Some have nothing in the other field.
            if n % 3 == 0 {
                fields.remove(&blank)
            } else {
                fields.insert(blank.clone(), vec![format!("v{}", n % 4)])
            };
            fields
        });
        w.act("officer", Command::ImportEntries { register: register.id.clone(), rows: rows.collect() });
        for (sort, falling) in [(None, false), (Some(&line), false), (Some(&line), true), (Some(&blank), false), (Some(&blank), true)] {
            let mut wanted = Wanted { sort: sort.cloned(), falling, ..Wanted::default() };
            let mut seen = vec![];
            loop {
                let page = w.app.entries(w.actor("officer"), &register.id, &wanted, 5).unwrap().listed;
                seen.extend(page.entries);
                match page.next {
                    Some(next) => wanted.after = Some(next),
                    None => break,
                }
            }
            let ids: BTreeSet<_> = seen.iter().map(|s| s.entry.id).collect();
            assert_eq!((seen.len(), ids.len()), (23, 23), "{sort:?} {falling}");
            let Some(sort) = sort else { continue };
            let keys: Vec<String> = seen.iter().filter_map(|s| s.entry.fields.get(sort)?.first().map(|v| sort_key(v))).collect();
            let mut sorted = keys.clone();
            sorted.sort();
            if falling {
                sorted.reverse();
            }
            assert_eq!(keys, sorted);
            // Those without a value come last.
            let with = seen.iter().take_while(|s| s.entry.fields.get(sort).is_some_and(|v| !v.is_empty())).count();
            assert_eq!(with, keys.len());
        }
        let filtered = Wanted { field: Some((blank.clone(), "v1".into())), ..Wanted::default() };
        let found = w.app.entries(w.actor("officer"), &register.id, &filtered, 100).unwrap().listed.entries;
        assert!(!found.is_empty() && found.iter().all(|s| s.entry.fields[&blank] == ["v1"]));
        let with = |words: &str| {
            let wanted = Wanted { words: words.to_owned(), ..Wanted::default() };
            w.app.entries(w.actor("officer"), &register.id, &wanted, 100).unwrap().listed.entries.len()
        };
        // Whole, in capitals, in full width; never by the name of a field or by what LIKE or JSON mean by a sign.
        assert_eq!(["b-3", "B-3", "Ｂ－３"].map(with), [1, 1, 1]);
        assert_eq!([line.as_str(), "%", "b_3", "\":[", "b-3い"].map(with), [0; 5]);
    }
}

#[test]
fn an_item_says_which_sub_points_have_nothing_in_its_registers() {
    for w in worlds() {
        let item = rules::id::ItemNo(214);
        let of = |w: &World| {
            w.app.item_registers(w.actor("officer"), item).unwrap().into_iter().next().map(|r| (r.entries, r.missing.len())).unwrap()
        };
        let (entries, missing) = of(&w);
        assert!(entries == 0 && missing > 0);
        let register = w.app.register("disposal_record").unwrap().clone();
        w.act("officer", write(&register.id, example(&w, &register, 1)));
        let (entries, still) = of(&w);
        assert!(entries == 1 && still < missing, "{still} of {missing}");
    }
}
