//! A register (管理簿): what its file says of fields, states, moves and checks. Forms, lists, imports and exports follow from it.

mod check;
mod day;
mod entry;
mod proof;
pub(crate) mod samples;
mod value;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::evidence::Label;
use crate::id::{ItemNo, PointNo};
use crate::party::Role;
use crate::text::Text;

pub use check::{Facts, Fault, Linked, Written, check};
pub use day::{day, moment, typed};
pub use entry::{Entry, Registering, Standing, Writing, faulty, step, write};
pub use value::{Amount, NotRead, Value, sort_key};

/// One register, as its file in `catalog/registers` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// `disposal_record`; the name of its file and a word of the vocabulary.
    pub id: String,
    pub name: Text,
    /// What an entry is, and when one is made; shown where there is none yet.
    pub about: Text,
    /// Fields that name an entry in lists.
    pub title: Vec<String>,
    /// How confidential an entry is unless somebody says otherwise.
    pub label: Label,
    /// Months that an entry is kept after its last version.
    pub kept_months: u16,
    /// Months after which each entry is looked at again.
    #[serde(default)]
    pub review_months: Option<u16>,
    /// The field that names who answers for an entry's deadlines.
    #[serde(default)]
    pub responsible: Option<String>,
    /// Items of the check sheet that its entries are evidence for.
    pub items: Vec<Served>,
    /// In order; an entry begins in the first.
    pub states: Vec<State>,
    #[serde(default)]
    pub moves: Vec<Move>,
    pub fields: Vec<Field>,
    #[serde(default)]
    pub checks: Vec<Check>,
    /// A good entry, as people would type it.
    pub example: BTreeMap<String, String>,
}

impl Register {
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.id == id)
    }
    pub fn state(&self, id: &str) -> Option<&State> {
        self.states.iter().find(|s| s.id == id)
    }
    /// What can be done with an entry in `state`.
    pub fn moves_from<'a>(&'a self, state: &'a str) -> impl Iterator<Item = &'a Move> {
        self.moves.iter().filter(move |m| m.from == state)
    }
}

/// An item, or one of its sub-points: `214:2`. Point 0 is the item as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Served {
    pub item: ItemNo,
    pub point: PointNo,
}

impl From<Served> for String {
    fn from(served: Served) -> String {
        if served.point == PointNo::WHOLE { served.item.to_string() } else { format!("{}:{}", served.item, served.point.0) }
    }
}

impl TryFrom<String> for Served {
    type Error = String;
    fn try_from(written: String) -> Result<Served, String> {
        let number = |digits: &str| digits.parse::<u16>().ok().filter(|n| *n > 0);
        let read = match written.split_once(':') {
            None => number(&written).map(|item| (item, 0)),
            Some((item, point)) => number(item).zip(number(point)),
        };
        let (item, point) = read.ok_or_else(|| format!("{written:?} names no item; write 214, or 214:2 for a sub-point"))?;
        Ok(Served { item: ItemNo(item), point: PointNo(point) })
    }
}

/// Where an entry stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub id: String,
    pub name: Text,
    /// Something is left to do.
    #[serde(default = "yes")]
    pub open: bool,
}

fn yes() -> bool {
    true
}

/// A step from one state to another, and who may take it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    pub from: String,
    pub to: String,
    pub name: Text,
    pub roles: Vec<Role>,
    /// Fields that have to be filled first.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Not by whoever made the entry or took the step before: a requester never approves.
    #[serde(default)]
    pub other_person: bool,
}

/// One field of an entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    pub id: String,
    pub name: Text,
    #[serde(default)]
    pub help: Option<Text>,
    pub kind: FieldKind,
    #[serde(default)]
    pub required: bool,
    /// Takes several values.
    #[serde(default)]
    pub many: bool,
    /// Items and sub-points that it answers.
    #[serde(default)]
    pub serves: Vec<Served>,
    /// No two entries in force have the same value.
    #[serde(default)]
    pub unique: bool,
    /// `Entry`: the register it links to.
    #[serde(default)]
    pub to: Option<String>,
    /// `Amount`: what is counted.
    #[serde(default)]
    pub unit: Option<Text>,
    #[serde(default)]
    pub min: Option<f64>,
    #[serde(default)]
    pub max: Option<f64>,
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// `YesNo`: when a reason has to be given.
    #[serde(default)]
    pub reason: Reason,
    /// `Date` and `Moment`: by that day something has to be done.
    #[serde(default)]
    pub due: Option<Due>,
}

/// What a day in a field asks for. It stands while the entry is open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Due {
    /// What has to be done.
    pub words: Text,
    /// Days before on which people are told.
    pub days: u16,
    /// Days after the field's day that it is due.
    #[serde(default)]
    pub after: u16,
    /// A field with an amount of days that it is due earlier.
    #[serde(default)]
    pub before: Option<String>,
    /// The field that is filled when it is done.
    #[serde(default)]
    pub done: Option<String>,
    /// It asks for a newer entry with the same in these fields, and stands until there is one, also when this one is closed.
    #[serde(default)]
    pub again: Vec<String>,
    /// States of an entry that asks for nothing and counts for nothing: it was cancelled.
    #[serde(default)]
    pub dropped: Vec<String>,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// One line of words.
    Line,
    /// Words with line breaks.
    Text,
    Date,
    /// A date and time.
    Moment,
    /// Somebody with an account, or a name.
    Person,
    /// An organisation that Akashi knows, or a name.
    Organisation,
    /// An entry of a register.
    Entry,
    Item,
    /// A file of the evidence vault.
    File,
    /// A number with a unit.
    Amount,
    Choice,
    YesNo,
}

/// One of a field's choices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub id: String,
    pub name: Text,
}

/// Which answer to yes or no needs a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Yes,
    No,
    Both,
    #[default]
    Never,
}

impl Reason {
    pub const fn wanted(self, yes: bool) -> bool {
        match self {
            Reason::Yes => yes,
            Reason::No => !yes,
            Reason::Both => true,
            Reason::Never => false,
        }
    }
}

/// Something that has to hold between fields, with the sentence a person reads where it does not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    #[serde(flatten)]
    pub holds: Holds,
    pub words: Text,
}

/// What has to hold. An empty field breaks only `NeededIf` and `OneOf`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Holds {
    /// `field` is not earlier, or smaller, than `other`.
    NotBefore { field: String, other: String },
    /// The day or moment has come.
    NotFuture { field: String },
    /// `field` is as many days or more before `other` as the amount in `by` says.
    Ahead { field: String, other: String, by: String },
    /// The day has not passed. Once it has, the entry needs attention; it is never refused for that.
    NotOver { field: String },
    /// `field` is filled where `other` is one of `is`.
    NeededIf { field: String, other: String, is: OneOrMore },
    /// Two people or links are not the same.
    Different { field: String, other: String },
    /// The entry that `field` links to is in one of these states.
    Linked { field: String, states: Vec<String> },
    /// At least one of these is filled.
    OneOf { fields: Vec<String> },
}

impl Holds {
    /// The fields it looks at; a fault stands at the first.
    pub fn fields(&self) -> Vec<&str> {
        match self {
            Holds::NotBefore { field, other } | Holds::NeededIf { field, other, .. } | Holds::Different { field, other } => {
                vec![field, other]
            }
            Holds::Ahead { field, other, by } => vec![field, other, by],
            Holds::NotFuture { field } | Holds::NotOver { field } | Holds::Linked { field, .. } => vec![field],
            Holds::OneOf { fields } => fields.iter().map(String::as_str).collect(),
        }
    }
}

/// One word, or a list of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    pub fn words(&self) -> &[String] {
        match self {
            OneOrMore::One(word) => std::slice::from_ref(word),
            OneOrMore::More(words) => words,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_or_a_sub_point_is_read_and_nothing_else() {
        let read = |s: &str| Served::try_from(s.to_owned());
        assert_eq!(read("214"), Ok(Served { item: ItemNo(214), point: PointNo(0) }));
        assert_eq!(read("214:2"), Ok(Served { item: ItemNo(214), point: PointNo(2) }));
        for odd in ["", "0", "214:", "214:0", ":2", "x", "214:2:3", "-1", "70000"] {
            assert!(read(odd).is_err(), "{odd}");
        }
        assert_eq!(String::from(read("30:11").unwrap()), "30:11");
    }
}
