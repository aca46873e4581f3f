//! The pages, one file each: its routes, handlers, forms, view and tests.
//!
//! How to add one: make `pages/<name>.rs` with `pub const ROUTES: &[Route]`, and list it below. A handler is a plain
//! function from a [`Visit`](crate::visit::Visit) to an [`Answer`](crate::route::Answer); it asks `visit.app` for a view or
//! executes a command, and holds no rule of its own. A refused form is shown again with what was typed.

pub mod access;
pub mod account;
pub mod account_review;
pub mod accounts;
pub mod alerts;
pub mod anchors;
pub mod api;
pub mod backups;
pub mod bench;
pub mod board;
pub mod body_case;
pub mod calendar;
pub mod case;
pub mod case_registers;
pub mod cases;
pub mod confirm;
pub mod contents;
pub mod disclosed;
pub mod document_clause;
pub mod documents;
pub mod elsewhere;
pub mod evidence;
pub mod export;
pub mod factors;
pub mod files;
pub mod form;
pub mod home;
pub mod import;
mod import_view;
pub mod item;
pub mod items;
pub mod keeping;
mod kept;
pub mod keys;
pub mod ledger;
pub mod ledger_chart;
mod ledger_kinds;
pub mod ledger_line;
mod ledger_query;
pub mod ledger_reviews;
pub mod ledger_subjects;
pub mod organisations;
pub mod outbox;
pub mod overview;
pub mod own_sessions;
pub mod packages;
pub mod papers;
pub mod print;
mod product_profile;
pub mod products;
pub mod public;
pub mod quality;
pub mod questionnaire;
pub mod questionnaires;
pub mod register_entry;
pub mod register_rows;
pub mod registers;
pub mod reissue;
pub mod requests;
pub mod rounds;
pub mod search;
pub mod settings;
pub mod sheet_import;
mod sheet_import_view;
pub mod sheet_item;
pub mod sheets;
pub mod sign_in;
pub mod signs;
pub mod steps;
pub mod tasks;
pub mod tokens;
pub mod trust;
pub mod viewings;
pub mod welcome;

use crate::route::Route;

/// The routes of every page.
pub const ROUTES: &[&[Route]] = &[
    access::ROUTES,
    account::ROUTES,
    account_review::ROUTES,
    accounts::ROUTES,
    alerts::ROUTES,
    anchors::ROUTES,
    api::ROUTES,
    backups::ROUTES,
    bench::ROUTES,
    board::ROUTES,
    body_case::ROUTES,
    calendar::ROUTES,
    case::ROUTES,
    case_registers::ROUTES,
    cases::ROUTES,
    confirm::ROUTES,
    disclosed::ROUTES,
    document_clause::ROUTES,
    documents::ROUTES,
    elsewhere::ROUTES,
    evidence::ROUTES,
    export::ROUTES,
    factors::ROUTES,
    files::ROUTES,
    home::ROUTES,
    import::ROUTES,
    item::ROUTES,
    items::ROUTES,
    keeping::ROUTES,
    keys::ROUTES,
    ledger::ROUTES,
    ledger_chart::ROUTES,
    ledger_line::ROUTES,
    ledger_reviews::ROUTES,
    ledger_subjects::ROUTES,
    organisations::ROUTES,
    outbox::ROUTES,
    overview::ROUTES,
    own_sessions::ROUTES,
    packages::ROUTES,
    papers::ROUTES,
    print::ROUTES,
    products::ROUTES,
    public::ROUTES,
    quality::ROUTES,
    questionnaire::ROUTES,
    questionnaires::ROUTES,
    register_entry::ROUTES,
    register_rows::ROUTES,
    registers::ROUTES,
    reissue::ROUTES,
    requests::ROUTES,
    rounds::ROUTES,
    search::ROUTES,
    settings::ROUTES,
    sheet_import::ROUTES,
    sheet_item::ROUTES,
    sheets::ROUTES,
    sign_in::ROUTES,
    steps::ROUTES,
    tasks::ROUTES,
    tokens::ROUTES,
    trust::ROUTES,
    viewings::ROUTES,
    welcome::ROUTES,
];

/// A small enumeration by its name in JSON, for the values of form fields.
pub fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("only unit variants have a word, not {other:?}"),
    }
}
