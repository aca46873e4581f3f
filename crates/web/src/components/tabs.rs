//! Links between the views of one thing, and of the whole site.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

/// A link of a navigation.
#[derive(Debug, Clone)]
pub struct NavLink {
    pub label: Text,
    pub href: String,
    /// This is the page one is on.
    pub current: bool,
    /// How many things wait there.
    pub count: Option<usize>,
}

impl NavLink {
    pub fn new(label: Text, href: impl Into<String>) -> NavLink {
        NavLink { label, href: href.into(), current: false, count: None }
    }

    pub fn current(self, current: bool) -> NavLink {
        NavLink { current, ..self }
    }

    pub fn count(self, count: usize) -> NavLink {
        NavLink { count: Some(count), ..self }
    }
}

/// Tabs are links to pages of their own; `label` names the group for screen readers.
pub fn tabs(lang: Lang, label: &Text, links: &[NavLink]) -> Markup {
    html! { nav.tabs aria-label=(label.get(lang)) { (list(lang, links, Some("tab"))) } }
}

/// The list of the site's own navigation.
pub(crate) fn nav_list(lang: Lang, links: &[NavLink]) -> Markup {
    list(lang, links, None)
}

fn list(lang: Lang, links: &[NavLink], class: Option<&str>) -> Markup {
    html! {
        ul {
            @for link in links {
                li {
                    a class=[class] href=(link.href) aria-current=[link.current.then_some("page")] {
                        (link.label.get(lang))
                        @if let Some(count) = link.count { span.count { (count) } }
                    }
                }
            }
        }
    }
}

pub(super) fn example(lang: Lang) -> Markup {
    let links = [
        NavLink::new(text("概要", "Overview"), "#"),
        NavLink::new(text("項目", "Items"), "#").current(true).count(253),
        NavLink::new(text("証拠", "Evidence"), "#").count(41),
        NavLink::new(text("経過", "History"), "#"),
    ];
    tabs(lang, &text("案件の表示", "Views of the case"), &links)
}
