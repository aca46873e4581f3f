//! A field for a day.

use maud::{Markup, html};
use rules::text::{Lang, text};

use super::Field;

/// A day; `field.value` and what is sent are `YYYY-MM-DD`, whatever the browser shows.
pub fn date_field(lang: Lang, field: &Field) -> Markup {
    let field = &Field { hint: field.hint.clone().or(Some(text("例: 2026-04-30", "For example 2026-04-30"))), ..field.clone() };
    field.frame(
        lang,
        html! {
            input type="date" id=(field.id()) name=(field.name) value=(field.value) required[field.required]
                aria-describedby=[field.described_by()] aria-invalid=[field.invalid()];
        },
    )
}

pub(super) fn example(lang: Lang) -> Markup {
    date_field(lang, &Field::new("due", text("期限", "Due date")).value("2026-12-18"))
}
