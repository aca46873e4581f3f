//! The building blocks of pages: one file per component, each a typed function from data to HTML.
//!
//! How to add one:
//! 1. Make `components/<name>.rs` with a `pub fn <name>(lang: Lang, …) -> Markup`. Every word a person reads is a `Text`.
//! 2. End the file with `pub(super) fn example(lang: Lang) -> Markup` that shows every state of it.
//! 3. Name it in `mod`, `pub use` and [`EXAMPLES`] below. The tests of this file then hold for it in both languages
//!    (labels tied to fields, unique ids, no inline style or script, no Japanese words on an English page), and [`gallery`] shows it.
//! 4. Style it in `assets/akashi.css` with role variables (`--text`, `--tone-line` …), never with a raw colour.

mod bench;
mod breadcrumb;
mod button;
mod card;
mod checkbox;
mod csrf;
mod date;
mod details;
mod dialog;
mod diff;
mod empty;
mod error_summary;
mod facts;
mod field;
mod file;
mod filter;
mod items;
mod notice;
mod pager;
mod paper;
mod print_head;
mod progress;
mod radio;
mod select;
mod steps;
mod table;
mod tabs;
mod tag;
mod text_field;
mod textarea;
mod tiles;
mod timeline;
mod viewer;

pub use bench::bench;
pub use breadcrumb::{Crumb, breadcrumb};
pub use button::{Button, Kind, actions, link_button, submit};
pub use card::card;
pub use checkbox::{checkbox, checkboxes, row_checkbox, select_all};
pub use csrf::{CSRF_FIELD, csrf};
pub use date::date_field;
pub use details::details;
pub use dialog::{SHORTCUTS_DIALOG, Shortcut, dialog, shortcuts_dialog};
pub use diff::diff;
pub use empty::empty;
pub use error_summary::{Fault, error_summary};
pub use facts::facts;
pub use field::{Choice, Field};
pub use file::{file_field, size, upload_progress};
pub use filter::{filter, search_field};
pub use items::{ItemLink, items};
pub use notice::{notice, saved};
pub use pager::{Pager, pager};
pub use paper::paper;
pub use print_head::print_head;
pub use progress::progress;
pub use radio::{Mark, marks, radios};
pub use select::select;
pub use steps::{Step, StepState, steps};
pub use table::{Cell, Column, Direction, Row, Sort, Table, table};
pub(crate) use tabs::nav_list;
pub use tabs::{NavLink, tabs};
pub use tag::{Tone, tag};
pub use text_field::{Input, input_field, text_field};
pub use textarea::{Area, textarea};
pub use tiles::{Tile, tiles};
pub use timeline::{Event, timeline};
pub use viewer::{Viewer, viewer};

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

/// Draws the examples of one component.
pub type Example = fn(Lang) -> Markup;

/// Every component with its examples, in the order of the gallery.
pub const EXAMPLES: &[(&str, Example)] = &[
    ("button", button::example),
    ("field, text_field", text_field::example),
    ("textarea", textarea::example),
    ("select", select::example),
    ("radio, marks", radio::example),
    ("checkbox", checkbox::example),
    ("date", date::example),
    ("file", file::example),
    ("csrf", csrf::example),
    ("error_summary", error_summary::example),
    ("notice", notice::example),
    ("breadcrumb", breadcrumb::example),
    ("tabs", tabs::example),
    ("tag", tag::example),
    ("filter", filter::example),
    ("table", table::example),
    ("pager", pager::example),
    ("items", items::example),
    ("facts", facts::example),
    ("tiles", tiles::example),
    ("progress", progress::example),
    ("steps", steps::example),
    ("timeline", timeline::example),
    ("card", card::example),
    ("details", details::example),
    ("empty", empty::example),
    ("dialog", dialog::example),
    ("diff", diff::example),
    ("viewer", viewer::example),
    ("paper", paper::example),
    ("bench", bench::example),
    ("print_head", print_head::example),
    ("chart", crate::chart::example),
];

/// Every component in every state, for looking at and for screenshots.
pub fn gallery(lang: Lang) -> Markup {
    html! {
        @for (name, example) in EXAMPLES {
            section {
                h2 { code { (name) } }
                (example(lang))
            }
        }
    }
}

/// Words that several components say.
pub(crate) mod words {
    use super::{Text, text};
    pub const REQUIRED: Text = text("必須", "Required");
    pub const OPTIONAL: Text = text("任意", "Optional");
    pub const ERROR: Text = text("エラー", "Error");
}

#[cfg(test)]
mod tests;
