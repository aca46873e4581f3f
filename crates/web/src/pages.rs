//! The pages, one file each: its routes, handlers, forms, view and tests.
//!
//! How to add one: make `pages/<name>.rs` with `pub const ROUTES: &[Route]`, and list it below. A handler is a plain
//! function from a [`Visit`](crate::visit::Visit) to an [`Answer`](crate::route::Answer); it asks `visit.app` for a view or
//! executes a command, and holds no rule of its own. A refused form is shown again with what was typed.

pub mod case;
pub mod bench;
pub mod cases;
pub mod contents;
pub mod settings;
pub mod rounds;
pub mod quality;
pub mod public;
pub mod print;
pub mod disclosed;
pub mod body_case;
pub mod board;
pub mod evidence;
pub mod form;
pub mod home;
pub mod item;
pub mod items;
pub mod sign_in;
pub mod signs;
pub mod welcome;
pub mod account;
pub mod api;
pub mod organisations;
mod product_profile;
pub mod products;
pub mod search;
pub mod tokens;
pub mod sheet_item;
pub mod sheets;
pub mod export;
pub mod import;
pub mod sheet_import;
mod import_view;
mod sheet_import_view;

use crate::route::Route;

/// The routes of every page.
pub const ROUTES: &[&[Route]] = &[sheet_import::ROUTES, import::ROUTES, export::ROUTES, sheet_item::ROUTES, sheets::ROUTES, account::ROUTES, api::ROUTES, organisations::ROUTES, products::ROUTES, search::ROUTES, tokens::ROUTES, case::ROUTES, cases::ROUTES, evidence::ROUTES, home::ROUTES, item::ROUTES, items::ROUTES, bench::ROUTES, settings::ROUTES, rounds::ROUTES, quality::ROUTES, public::ROUTES, print::ROUTES, disclosed::ROUTES, body_case::ROUTES, board::ROUTES, sign_in::ROUTES, welcome::ROUTES];

/// A small enumeration by its name in JSON, for the values of form fields.
pub fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("only unit variants have a word, not {other:?}"),
    }
}
