//! Entries of a register: each version stays, who asks never approves, and what is kept breaks none of its checks.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Facts, Fault, Register, Value, Written, check};
use crate::evidence::Label;
use crate::id::{self, Id, Pos};
use crate::party::Role;
use crate::refusal::{FieldFault, Refusal, Why};
use crate::text::{text, worded};

/// One version of an entry. Nothing is written over: the newest counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// All versions share it.
    pub id: Id<id::Entry>,
    pub register: String,
    pub organisation: Id<id::Organisation>,
    /// From 1.
    pub version: u32,
    pub state: String,
    pub label: Label,
    /// In the kept spelling.
    pub fields: Written,
    pub by: Id<id::Person>,
    pub at: Timestamp,
}

/// An entry as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    pub entry: Entry,
    /// Where its newest version stands in the ledger.
    pub pos: Pos,
    /// Who made its first version.
    pub made_by: Id<id::Person>,
    /// Who took the last step, if any was taken.
    pub moved_by: Option<Id<id::Person>>,
}

/// What happens to entries. Each is a kind of ledger line of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Registering {
    EntryWritten(Entry),
    /// The entry went on to another state; the version says how it stood.
    EntryMoved {
        from: String,
        note: String,
        entry: Entry,
    },
}

impl Registering {
    pub const fn kind(&self) -> &'static str {
        match self {
            Registering::EntryWritten(_) => "entry_written",
            Registering::EntryMoved { .. } => "entry_moved",
        }
    }
    pub const fn entry(&self) -> &Entry {
        match self {
            Registering::EntryWritten(entry) | Registering::EntryMoved { entry, .. } => entry,
        }
    }
    pub fn subject(&self) -> String {
        self.entry().id.to_string()
    }
}

/// The refusal of an entry field by field, everything at once; `row` where it is one of many.
pub fn faulty(faults: Vec<Fault>, row: Option<usize>) -> Refusal {
    Refusal::faulty(faults.into_iter().map(|fault| FieldFault { row, field: fault.field, text: fault.words }).collect())
}

/// Who writes, when, and what is known of the world.
#[derive(Debug, Clone)]
pub struct Writing<'a> {
    pub organisation: Id<id::Organisation>,
    pub by: Id<id::Person>,
    pub roles: &'a [Role],
    pub at: Timestamp,
    pub facts: &'a Facts,
}

/// Somebody else changed the entry since `base` was read.
fn same_base(standing: &Standing, base: Pos) -> Result<(), Refusal> {
    if standing.pos == base {
        return Ok(());
    }
    Err(Refusal::new(
        Why::Conflict,
        text(
            "この記録は、開いた後に別の人が変更しました。新しい内容と見比べて、もう一度保存してください。",
            "Somebody else changed this entry after you opened it. Compare with what stands now, and save again.",
        ),
    ))
}

/// A new entry, or another version of one. A version like the one that stands changes nothing.
///
/// # Errors
/// Every fault of every field; a conflict; an entry with which nothing is left to do.
pub fn write(
    register: &Register,
    standing: Option<(&Standing, Pos)>,
    id: Id<id::Entry>,
    label: Label,
    written: &Written,
    writing: &Writing,
) -> Result<Option<Registering>, Refusal> {
    let (version, state) = match standing {
        None => (1, register.states.first().map(|s| s.id.clone()).unwrap_or_default()),
        Some((standing, base)) => {
            same_base(standing, base)?;
            let state = register.state(&standing.entry.state);
            if state.is_some_and(|state| !state.open) {
                return Err(closed());
            }
            (standing.entry.version + 1, standing.entry.state.clone())
        }
    };
    let fields = taken(register, written, writing.facts)?;
    if standing.is_some_and(|(now, _)| now.entry.fields == fields && now.entry.label == label) {
        return Ok(None);
    }
    let (organisation, by, at) = (writing.organisation, writing.by, writing.at);
    Ok(Some(Registering::EntryWritten(Entry { id, register: register.id.clone(), organisation, version, state, label, fields, by, at })))
}

/// The fields in the kept spelling, if nothing refuses them.
fn taken(register: &Register, written: &Written, facts: &Facts) -> Result<Written, Refusal> {
    let (values, mut faults) = check(register, written, facts);
    faults.retain(|fault| fault.refuses);
    if !faults.is_empty() {
        return Err(faulty(faults, None));
    }
    Ok(values.iter().map(|(id, values)| (id.clone(), values.iter().map(Value::to_string).collect())).collect())
}

fn closed() -> Refusal {
    Refusal::state(text(
        "この記録は完了しているため変更できません。訂正は新しい記録として登録してください。",
        "This entry is closed and no longer changes. Enter a correction as a new entry.",
    ))
}

/// Takes an entry from its state to another.
///
/// # Errors
/// No such step, the wrong role or person, a field that the step needs is empty, or the entry no longer passes its checks.
pub fn step(register: &Register, standing: &Standing, base: Pos, to: &str, note: &str, writing: &Writing) -> Result<Registering, Refusal> {
    same_base(standing, base)?;
    let from = &standing.entry.state;
    let Some(step) = register.moves_from(from).find(|m| m.to == to) else {
        return Err(
            Refusal::state(text("今の状態からは、この手順へ進めません。", "There is no such step from the state it is in.")).at("to")
        );
    };
    if !step.roles.iter().any(|role| writing.roles.contains(role)) {
        return Err(Refusal::forbidden());
    }
    let earlier = standing.moved_by.unwrap_or(standing.made_by);
    if step.other_person && (writing.by == standing.made_by || writing.by == earlier || writing.by == standing.entry.by) {
        return Err(Refusal::new(
            Why::Forbidden,
            text(
                "記録した人や前の手順を行った人とは別の人が行ってください。",
                "Somebody else has to do this: not who wrote the entry or took the step before.",
            ),
        ));
    }
    let fields = taken(register, &standing.entry.fields, writing.facts)?;
    let empty = |id: &&String| fields.get(*id).is_none_or(Vec::is_empty);
    let missing: Vec<Fault> = step.needs.iter().filter(empty).map(|id| missing(register, id, &step.name)).collect();
    if !missing.is_empty() {
        return Err(faulty(missing, None));
    }
    let entry = Entry {
        version: standing.entry.version + 1,
        state: to.to_owned(),
        fields,
        by: writing.by,
        at: writing.at,
        ..standing.entry.clone()
    };
    Ok(Registering::EntryMoved { from: from.clone(), note: note.trim().to_owned(), entry })
}

fn missing(register: &Register, field: &str, step: &crate::text::Text) -> Fault {
    let name = register.field(field).map_or_else(|| worded(field, field), |f| f.name.clone());
    Fault {
        field: field.to_owned(),
        words: worded(
            format!("「{}」の前に「{}」を記入してください。", step.ja, name.ja),
            format!("Fill in {} before: {}.", name.en, step.en),
        ),
        refuses: true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{facts, register, written};
    use super::*;

    fn person(n: u8) -> Id<id::Person> {
        Id::new(u64::from(n), [n; 10])
    }

    fn with_steps() -> Register {
        let mut register = register();
        register.states = toml::from_str::<std::collections::BTreeMap<String, Vec<super::super::State>>>(
            r#"states = [
                { id = "planned", name = { ja = "予定", en = "Planned" } },
                { id = "done", name = { ja = "済", en = "Done" } },
                { id = "confirmed", name = { ja = "確認", en = "Confirmed" }, open = false },
            ]"#,
        )
        .unwrap()
        .remove("states")
        .unwrap();
        register.moves = toml::from_str::<std::collections::BTreeMap<String, Vec<super::super::Move>>>(
            r#"moves = [
                { from = "planned", to = "done", name = { ja = "実施", en = "Done" }, roles = ["officer", "colleague"], needs = ["worked_on"] },
                { from = "done", to = "confirmed", name = { ja = "確認", en = "Confirm" }, roles = ["officer"], other_person = true },
            ]"#,
        )
        .unwrap()
        .remove("moves")
        .unwrap();
        register
    }

    fn writing<'a>(by: u8, roles: &'a [Role], facts: &'a Facts) -> Writing<'a> {
        Writing { organisation: Id::new(9, [9; 10]), by: person(by), roles, at: facts.now, facts }
    }

    fn standing(change: Registering, pos: i64, made_by: u8, moved_by: Option<u8>) -> Standing {
        Standing { entry: change.entry().clone(), pos: Pos(pos), made_by: person(made_by), moved_by: moved_by.map(person) }
    }

    fn first(fields: &[(&str, &str)]) -> Standing {
        let (facts, id) = (facts(), Id::new(1, [1; 10]));
        let made = write(&with_steps(), None, id, Label::Confidential, &written(fields), &writing(1, &[Role::Colleague], &facts));
        standing(made.unwrap().unwrap(), 5, 1, None)
    }

    #[test]
    fn an_entry_begins_in_the_first_state_and_every_version_counts_up() {
        let (facts, old) = (facts(), first(&[("number", "D-1"), ("requested_at", "2026-11-20 10:00")]));
        assert_eq!((old.entry.version, old.entry.state.as_str()), (1, "planned"));
        let again = |base, fields: &[(&str, &str)]| {
            write(&with_steps(), Some((&old, Pos(base))), old.entry.id, Label::Confidential, &written(fields), &writing(2, &[], &facts))
        };
        let newer = again(5, &[("number", "D-2"), ("requested_at", "2026-11-20 10:00")]).unwrap().unwrap();
        assert_eq!((newer.entry().version, newer.entry().id), (2, old.entry.id));
        // The same words are no version.
        assert_eq!(again(5, &[("number", "D-1"), ("requested_at", "令和8年11月20日 10:00")]), Ok(None));
        // Somebody was faster.
        assert!(matches!(again(4, &[("number", "D-2")]), Err(r) if r.why == Why::Conflict));
        // Every fault at once.
        assert_eq!(again(5, &[("number", "D-7"), ("worked_on", "x")]).unwrap_err().faults.len(), 2);
    }

    #[test]
    fn who_asked_never_confirms() {
        let facts = facts();
        let register = with_steps();
        let go = |standing: &Standing, base, to: &str, by, roles: &[Role]| {
            step(&register, standing, Pos(base), to, "", &writing(by, roles, &facts))
        };
        let made = first(&[("number", "D-1"), ("worked_on", "2026-11-20")]);
        let done = standing(go(&made, 5, "done", 2, &[Role::Colleague]).unwrap(), 6, 1, Some(2));
        assert_eq!(done.entry.state, "done");
        for by in [1, 2] {
            assert!(matches!(go(&done, 6, "confirmed", by, &[Role::Officer]), Err(r) if r.why == Why::Forbidden));
        }
        assert!(matches!(go(&done, 6, "confirmed", 3, &[Role::Colleague]), Err(r) if r.why == Why::Forbidden));
        assert!(matches!(go(&done, 5, "confirmed", 3, &[Role::Officer]), Err(r) if r.why == Why::Conflict));
        assert!(matches!(go(&made, 5, "confirmed", 3, &[Role::Officer]), Err(r) if r.why == Why::State));
        let confirmed = standing(go(&done, 6, "confirmed", 3, &[Role::Officer]).unwrap(), 7, 1, Some(3));
        // A closed entry no longer changes.
        let id = confirmed.entry.id;
        let fields = written(&[("number", "D-3")]);
        let after = write(&register, Some((&confirmed, Pos(7))), id, Label::Public, &fields, &writing(1, &[], &facts));
        assert!(matches!(after, Err(r) if r.why == Why::State));
    }

    #[test]
    fn a_step_names_the_fields_it_needs() {
        let facts = facts();
        let made = first(&[("number", "D-1"), ("requested_at", "2026-11-20 10:00")]);
        let faults = step(&with_steps(), &made, Pos(5), "done", "", &writing(2, &[Role::Officer], &facts)).unwrap_err().faults;
        assert_eq!((faults.len(), faults[0].field.as_str()), (1, "worked_on"));
    }

    proptest! {
        /// No entry that was taken breaks a check of its own register.
        #[test]
        fn what_is_taken_breaks_no_check(
            number in "D-[0-9]|",
            worked in "2026-11-(1[0-9]|2[0-9])|",
            outside in "yes|no|",
            proof in "C-1|",
        ) {
            let facts = facts();
            let fields = written(&[("number", &number), ("worked_on", &worked), ("outside", &outside), ("proof", &proof)]);
            let made = write(&with_steps(), None, Id::new(1, [1; 10]), Label::Public, &fields, &writing(1, &[], &facts));
            if let Ok(Some(change)) = made {
                let (_, faults) = check(&with_steps(), &change.entry().fields, &facts);
                prop_assert_eq!(faults, vec![]);
            }
        }
    }
}
