//! Whether an entry may stand: every field read, every check of its register tried, every fault told at once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Check, Field, FieldKind, Holds, Register, Value};
use crate::text::{Text, text, worded};

/// What an entry says, by field: in form or cell spelling before [`check`], in the kept spelling after it.
pub type Written = BTreeMap<String, Vec<String>>;

/// An entry that another one links to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    pub register: String,
    pub state: String,
}

/// What a check has to know beside the entry itself.
#[derive(Debug, Clone)]
pub struct Facts {
    /// In Japan.
    pub today: Date,
    pub now: Timestamp,
    /// The entries of the same organisation that exist, as far as this one links to them, by id.
    pub entries: BTreeMap<String, Linked>,
    /// People, organisations and files that the writer may name by their ids, as far as the entry does.
    pub known: BTreeSet<String>,
    /// Values of unique fields that other entries in force have: field and kept spelling.
    pub taken: BTreeSet<(String, String)>,
}

/// One thing that is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field it is shown at.
    pub field: String,
    pub words: Text,
    /// The entry cannot stand like this. Otherwise it stands and needs attention: something ran out.
    pub refuses: bool,
}

impl Fault {
    fn refusing(field: &str, words: Text) -> Fault {
        Fault { field: field.to_owned(), words, refuses: true }
    }
}

/// Reads an entry and tells everything that is wrong with it.
///
/// The values are those of fields that could be read; with a refusing fault they are for showing, not for keeping.
pub fn check(register: &Register, written: &Written, facts: &Facts) -> (BTreeMap<String, Vec<Value>>, Vec<Fault>) {
    let mut faults = vec![];
    let mut values = BTreeMap::new();
    for unknown in written.keys().filter(|id| register.field(id).is_none()) {
        faults.push(Fault::refusing(
            unknown,
            worded(format!("「{unknown}」という欄はこの管理簿にありません。"), format!("This register has no field {unknown}.")),
        ));
    }
    for field in &register.fields {
        let cells: Vec<&str> = written.get(&field.id).into_iter().flatten().map(|s| s.trim()).filter(|s| !s.is_empty()).collect();
        let read = read_field(field, &cells, facts, &mut faults);
        if field.required && cells.is_empty() {
            faults.push(Fault::refusing(&field.id, text("必ず記入してください。", "This has to be filled in.")));
        }
        if !read.is_empty() {
            values.insert(field.id.clone(), read);
        }
    }
    // A check over a field that could not be read would only repeat that fault in other words.
    let unread: BTreeSet<String> = faults.iter().map(|fault| fault.field.clone()).collect();
    for check in &register.checks {
        if !check.holds.fields().iter().any(|field| unread.contains(*field)) {
            faults.extend(broken(check, &values, facts));
        }
    }
    (values, faults)
}

fn read_field(field: &Field, cells: &[&str], facts: &Facts, faults: &mut Vec<Fault>) -> Vec<Value> {
    let mut fault = |words| faults.push(Fault::refusing(&field.id, words));
    if cells.len() > 1 && !field.many {
        fault(text("値は1つだけ書いてください。", "Write one value only."));
        return vec![];
    }
    let mut out = vec![];
    for cell in cells {
        match Value::read(field, cell) {
            Err(words) => fault(words),
            Ok(value) => {
                let kept = value.to_string();
                if out.contains(&value) {
                    fault(worded(format!("「{kept}」が二度書かれています。"), format!("{kept} is written twice.")));
                } else if field.unique && facts.taken.contains(&(field.id.clone(), kept.clone())) {
                    fault(worded(format!("「{kept}」は別の記録で使われています。"), format!("Another entry has {kept} already.")));
                } else if field.kind != FieldKind::Entry && matches!(value, Value::Link(_)) && !facts.known.contains(&kept) {
                    fault(text("見つかりません。選び直してください。", "Not found; choose again."));
                } else if field.kind == FieldKind::Entry && !linked(field, &kept, facts) {
                    fault(text("その記録は、指定の管理簿にありません。", "There is no such entry in the register that this links to."));
                } else {
                    out.push(value);
                }
            }
        }
    }
    out
}

/// The entry exists, in the register that the field names.
fn linked(field: &Field, id: &str, facts: &Facts) -> bool {
    facts.entries.get(id).is_some_and(|entry| field.to.as_ref().is_none_or(|to| entry.register == *to))
}

/// What is broken of one check; nothing where it holds or its fields are empty.
fn broken(check: &Check, values: &BTreeMap<String, Vec<Value>>, facts: &Facts) -> Option<Fault> {
    let all = |field: &str| values.get(field).map_or(&[][..], Vec::as_slice);
    let (first, holds, refuses) = match &check.holds {
        Holds::NotBefore { field, other } => {
            let ordered = |a: &Value| all(other).iter().all(|b| !earlier(a, b));
            (field, all(field).iter().all(ordered), true)
        }
        Holds::Ahead { field, other, by } => {
            let wanted = all(by).iter().find_map(|value| match value {
                Value::Amount(amount) => Some(amount.whole()),
                _ => None,
            });
            let in_time = |sent: &Value| {
                let enough = |planned: &Value| match (sent, planned) {
                    (Value::Date(sent), Value::Date(planned)) => wanted.is_none_or(|days| days_between(*sent, *planned) >= days),
                    _ => true,
                };
                all(other).iter().all(enough)
            };
            (field, all(field).iter().all(in_time), true)
        }
        Holds::NotFuture { field } => {
            let come = |value: &Value| match value {
                Value::Date(day) => *day <= facts.today,
                Value::Moment(moment) => *moment <= facts.now,
                _ => true,
            };
            (field, all(field).iter().all(come), true)
        }
        Holds::NotOver { field } => {
            let valid = |value: &Value| match value {
                Value::Date(day) => *day >= facts.today,
                Value::Moment(moment) => *moment >= facts.now,
                _ => true,
            };
            (field, all(field).iter().all(valid), false)
        }
        Holds::NeededIf { field, other, is } => {
            let wanted = all(other).iter().any(|value| is.words().iter().any(|word| says(value, word)));
            (field, !wanted || !all(field).is_empty(), true)
        }
        Holds::Different { field, other } => (field, !all(field).iter().any(|value| all(other).contains(value)), true),
        Holds::Linked { field, states } => {
            let right = |value: &Value| facts.entries.get(&value.to_string()).is_some_and(|entry| states.contains(&entry.state));
            (field, all(field).iter().all(right), true)
        }
        Holds::OneOf { fields } => (fields.first()?, fields.iter().any(|field| !all(field).is_empty()), true),
    };
    (!holds).then(|| Fault { field: first.clone(), words: check.words.clone(), refuses })
}

/// Days from `a` to `b`; negative where `b` is earlier.
fn days_between(a: Date, b: Date) -> i64 {
    i64::from(a.until(b).map_or(0, |span| span.get_days()))
}

/// `a` lies before `b`. What cannot be compared does not.
fn earlier(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Date(a), Value::Date(b)) => a < b,
        (Value::Moment(a), Value::Moment(b)) => a < b,
        (Value::Amount(a), Value::Amount(b)) => a < b,
        // A day is over when it ends, in Japan.
        (Value::Moment(a), Value::Date(b)) => in_japan(*a) < *b,
        (Value::Date(a), Value::Moment(b)) => *a < in_japan(*b),
        _ => false,
    }
}

fn in_japan(moment: Timestamp) -> Date {
    super::day::JAPAN.to_datetime(moment).date()
}

fn says(value: &Value, word: &str) -> bool {
    match value {
        Value::YesNo { yes, .. } => word == if *yes { "yes" } else { "no" },
        other => other.to_string() == word,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{ASSET, HANA, MEDIA, facts, register, written};
    use super::*;

    /// What is told of an entry: field and English words, `!` where it refuses.
    fn told(extra: &[(&str, &str)]) -> Vec<String> {
        let good = [("number", "D-1"), ("worked_on", "2026-11-20")];
        let mut all = written(&good);
        for (field, value) in extra {
            all.insert((*field).to_owned(), value.split('|').map(str::to_owned).collect());
        }
        let (_, faults) = check(&register(), &all, &facts());
        faults.iter().map(|f| format!("{}{} {}", if f.refuses { "!" } else { "" }, f.field, f.words.en)).collect()
    }

    #[test]
    fn a_good_entry_stands_and_is_kept_in_one_spelling() {
        let all =
            written(&[("number", " Ｄ-1 "), ("worked_on", "令和8年11月20日"), ("outside", "はい"), ("proof", "C-3"), ("asset", ASSET)]);
        let (values, faults) = check(&register(), &all, &facts());
        assert_eq!(faults, []);
        assert_eq!(values["worked_on"][0].to_string(), "2026-11-20");
        assert_eq!(values["outside"][0].to_string(), "yes");
    }

    #[test]
    fn every_check_can_fail() {
        assert_eq!(told(&[]), Vec::<String>::new());
        assert_eq!(told(&[("worked_on", "2026-11-19"), ("requested_at", "2026-11-20 00:00")]), ["!worked_on order"]);
        assert_eq!(told(&[("worked_on", "2026-11-21")]), ["!worked_on future"]);
        assert_eq!(told(&[("valid_until", "2026-11-19")]), ["valid_until over"]);
        assert_eq!(told(&[("valid_until", "2026-11-20")]), Vec::<String>::new());
        assert_eq!(told(&[("outside", "yes")]), ["!proof proof"]);
        assert_eq!(told(&[("requester", "佐藤"), ("approver", "佐藤")]), ["!approver same"]);
        assert_eq!(told(&[("worked_on", "")]), ["!worked_on one"]);
        assert_eq!(told(&[("number", "D-7")]), ["!number Another entry has D-7 already."]);
        assert_eq!(told(&[("number", "")]), ["!number This has to be filled in."]);
        assert_eq!(told(&[("number", "a|b")]), ["!number Write one value only."]);
        assert_eq!(told(&[("colour", "red")]), ["!colour This register has no field colour."]);
        let mut open = facts();
        open.entries.get_mut(ASSET).unwrap().state = "used".into();
        let (_, faults) = check(&register(), &written(&[("number", "D-1"), ("worked_on", "2026-11-20"), ("asset", ASSET)]), &open);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].words.en, "state");
    }

    #[test]
    fn a_link_leads_to_an_entry_of_the_right_register() {
        let none = "!asset There is no such entry in the register that this links to.";
        assert_eq!(told(&[("asset", MEDIA)]), [none]);
        assert_eq!(told(&[("asset", "entry_01890a5d000070008000000000000009")]), [none]);
        assert_eq!(told(&[("asset", &format!("{ASSET}|{ASSET}"))]), [format!("!asset {ASSET} is written twice.")]);
    }

    #[test]
    fn a_person_is_known_or_a_name() {
        assert_eq!(told(&[("requester", HANA), ("approver", "鈴木")]), Vec::<String>::new());
        let stranger = "person_01890a5d000070008000000000000009";
        assert_eq!(told(&[("requester", stranger)]), ["!requester Not found; choose again."]);
    }

    #[test]
    fn a_fault_is_told_once() {
        let faults = told(&[("worked_on", "tomorrow"), ("requested_at", "2026-11-20 10:00")]);
        assert_eq!(faults, ["!worked_on Write a day as 2026-11-20."]);
    }

    proptest! {
        /// An entry that stands breaks none of its own checks when it is read again as it is kept.
        #[test]
        fn what_stands_still_stands_as_it_is_kept(
            number in "[A-Z]-[0-9]{1,2}|",
            worked in "2026-11-(0[1-9]|1[0-9]|2[0-9])|令和8年11月[1-9]日||x",
            requested in "2026-11-1[0-9] 1[0-9]:30||-",
            outside in "yes|no|はい||maybe",
            proof in "C-1|",
            people in ("佐藤|鈴木|", "佐藤|鈴木|"),
        ) {
            let all = written(&[
                ("number", &number), ("worked_on", &worked), ("requested_at", &requested), ("outside", &outside), ("proof", &proof),
                ("requester", &people.0), ("approver", &people.1),
            ]);
            let (values, faults) = check(&register(), &all, &facts());
            if faults.iter().all(|fault| !fault.refuses) {
                let kept: Written = values.iter().map(|(id, v)| (id.clone(), v.iter().map(Value::to_string).collect())).collect();
                let (again, faults) = check(&register(), &kept, &facts());
                prop_assert_eq!(again, values);
                prop_assert_eq!(faults, vec![]);
            }
        }
    }
}
