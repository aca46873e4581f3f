//! The form above a list that narrows it. It is a GET form: the address can be kept and sent.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

use super::{Button, Choice, Field, Kind, select};

/// `fields` are our own fields; `clear` is the address of the list without any filter.
pub fn filter(lang: Lang, action: &str, clear: &str, fields: Markup) -> Markup {
    html! {
        form.filter method="get" action=(action) role="search" {
            (fields)
            (Button::new(Kind::Secondary, text("絞り込む", "Filter")).submit(lang))
            (Button::new(Kind::Quiet, text("条件を消す", "Clear")).link(lang, clear))
        }
    }
}

/// The search field of a list; the key `/` puts the cursor into it.
pub fn search_field(lang: Lang, name: &str, label: Text, value: &str) -> Markup {
    let field = Field::new(name, label).value(value);
    html! {
        div.field.search-field {
            label for=(field.id()) { (field.label.get(lang)) " " kbd aria-hidden="true" { "/" } }
            input type="search" id=(field.id()) name=(name) value=(value) data-key="/" aria-keyshortcuts="/";
        }
    }
}

pub(super) fn example(lang: Lang) -> Markup {
    let verdicts = [Choice::new("conforms", text("適合", "Conforms")), Choice::new("open", text("保留", "Open"))];
    filter(
        lang,
        "#",
        "#",
        html! {
            (search_field(lang, "q", text("項目・対応策を探す", "Search items and answers"), ""))
            (select(lang, &Field::new("by-verdict", text("判定結果", "Verdict")), &verdicts))
        },
    )
}
