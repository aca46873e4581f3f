//! Where the page stands.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

/// One step of the way; the last one, the page itself, has no link.
#[derive(Debug, Clone)]
pub struct Crumb {
    pub label: Text,
    pub href: Option<String>,
}

impl Crumb {
    pub fn link(label: Text, href: impl Into<String>) -> Crumb {
        Crumb { label, href: Some(href.into()) }
    }

    pub fn here(label: Text) -> Crumb {
        Crumb { label, href: None }
    }
}

/// Draws nothing for an empty way.
pub fn breadcrumb(lang: Lang, crumbs: &[Crumb]) -> Markup {
    if crumbs.is_empty() {
        return html! {};
    }
    html! {
        nav.breadcrumb aria-label=(text("現在地", "Breadcrumb").get(lang)) {
            ol {
                @for crumb in crumbs {
                    li { @if let Some(href) = &crumb.href { a href=(href) { (crumb.label.get(lang)) } } @else { span aria-current="page" { (crumb.label.get(lang)) } } }
                }
            }
        }
    }
}

pub(super) fn example(lang: Lang) -> Markup {
    breadcrumb(
        lang,
        &[
            Crumb::link(text("案件", "Cases"), "#"),
            Crumb::link(text("Care-Note Cloud", "Care-Note Cloud"), "#"),
            Crumb::here(text("項目12", "Item 12")),
        ],
    )
}
