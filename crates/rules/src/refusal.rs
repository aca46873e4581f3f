//! Why something was not done: in both languages, with the field it concerns.

use schemars::JsonSchema;
use serde::Serialize;

use crate::text::{Text, text};

/// What kind of no it is; `web` turns it into a status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Nobody is signed in, or not well enough.
    SignIn,
    /// Signed in, and the person has to prove again that it is them.
    Confirm,
    /// Too many tries; later it may be right.
    TooMany,
    /// Signed in, but not allowed to.
    Forbidden,
    /// Not there, or not for this person to know of: the two answers are equal.
    NotFound,
    /// The input breaks a rule that the person can mend.
    Invalid,
    /// The thing is in a state that does not allow it now.
    State,
    /// Somebody else changed it in the meantime.
    Conflict,
    /// Too large.
    TooLarge,
    /// Something that Akashi needs for it cannot be reached now; nothing is wrong with what was asked for.
    Unavailable,
}

/// A refusal: nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub why: Why,
    pub text: Text,
    /// The input field it concerns, by its name in the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    /// Everything that is wrong, where it is more than one thing or stands in a row of many.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FieldFault>,
}

/// One thing that is wrong with one field of what was handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldFault {
    /// Of an import, from 1; the heading is not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<usize>,
    pub field: String,
    pub text: Text,
}

impl Refusal {
    pub const fn new(why: Why, text: Text) -> Refusal {
        Refusal { why, text, field: None, faults: Vec::new() }
    }
    pub const fn at(mut self, field: &'static str) -> Refusal {
        self.field = Some(field);
        self
    }
    /// Everything at once: `faults` is not empty.
    pub fn faulty(faults: Vec<FieldFault>) -> Refusal {
        let words = crate::text::worded(
            format!("{}か所に誤りがあります。何も登録していません。", faults.len()),
            format!("{} faults; nothing was written.", faults.len()),
        );
        Refusal { faults, ..Refusal::new(Why::Invalid, words) }
    }
    pub const fn invalid(field: &'static str, text: Text) -> Refusal {
        Refusal::new(Why::Invalid, text).at(field)
    }
    pub const fn forbidden() -> Refusal {
        Refusal::new(Why::Forbidden, text("この操作を行う権限がありません。", "You are not allowed to do this."))
    }
    pub const fn confirm() -> Refusal {
        Refusal::new(Why::Confirm, text("続けるには、本人であることをもう一度確認してください。", "Confirm that it is you to go on."))
    }
    pub const fn not_found() -> Refusal {
        Refusal::new(
            Why::NotFound,
            text("見つかりません。削除されたか、閲覧できる範囲にありません。", "Not found: it does not exist, or it is not yours to see."),
        )
    }
    pub const fn state(text: Text) -> Refusal {
        Refusal::new(Why::State, text)
    }
    pub const fn unavailable(text: Text) -> Refusal {
        Refusal::new(Why::Unavailable, text)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text.en)
    }
}
impl std::error::Error for Refusal {}
