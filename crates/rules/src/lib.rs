//! What Akashi decides: commands go in, changes or refusals come out. No I/O, clock, SQL or HTML.

pub mod access;
pub mod account;
pub mod act;
pub mod answer;
pub mod case;
pub mod catalog;
pub mod change;
pub mod command;
pub mod deadline;
pub mod document;
pub mod evidence;
pub mod exchange;
pub mod id;
pub mod item;
pub mod keeping;
pub mod label;
pub mod log;
pub mod party;
pub mod password;
pub mod policy;
pub mod progress;
pub mod quality;
pub mod questionnaire;
pub mod refusal;
pub mod register;
pub mod request;
pub mod reuse;
pub mod review;
pub mod roles;
pub mod round;
pub mod running;
pub mod sheet;
pub mod text;
pub mod vault;
pub mod verdict;
#[cfg(test)]
mod world;
