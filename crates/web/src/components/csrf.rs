//! The hidden field that proves a form came from our own page.

use maud::{Markup, html};
use rules::text::Lang;

/// The name of the field the server reads.
pub const CSRF_FIELD: &str = "csrf";

/// Stands in every form that posts.
pub fn csrf(token: &str) -> Markup {
    html! { input type="hidden" name=(CSRF_FIELD) value=(token); }
}

pub(super) fn example(_: Lang) -> Markup {
    csrf("example")
}
