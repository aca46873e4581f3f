//! What holds for every component, in both languages.

use std::collections::BTreeSet;

use rules::text::Lang;
use scraper::{ElementRef, Html, Selector};

use super::{EXAMPLES, gallery};

const LANGS: [Lang; 2] = [Lang::Ja, Lang::En];

fn select<'a>(html: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    let selector = Selector::parse(selector).unwrap();
    html.select(&selector).collect()
}

/// Runs `check` on every example; it returns the faults.
fn every_example(check: impl Fn(&Html, Lang) -> Vec<String>) {
    let mut faults = Vec::new();
    for (name, example) in EXAMPLES {
        for lang in LANGS {
            let html = Html::parse_fragment(&example(lang).into_string());
            faults.extend(check(&html, lang).into_iter().map(|fault| format!("{name} ({}): {fault}", lang.tag())));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn ids_are_unique_in_the_whole_gallery() {
    for lang in LANGS {
        let html = Html::parse_fragment(&gallery(lang).into_string());
        let mut seen = BTreeSet::new();
        let twice: Vec<_> = select(&html, "[id]").iter().map(|e| e.attr("id").unwrap()).filter(|id| !seen.insert(*id)).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }
}

#[test]
fn every_field_has_a_name_for_screen_readers() {
    every_example(|html, _| {
        let labels: BTreeSet<&str> = select(html, "label[for]").iter().map(|e| e.attr("for").unwrap()).collect();
        let fields = select(html, "input:not([type=hidden]), select, textarea");
        let bare = fields.iter().filter(|e| e.attr("aria-label").is_none() && !e.attr("id").is_some_and(|id| labels.contains(id)));
        bare.map(|e| e.html()).collect()
    });
}

#[test]
fn every_reference_points_to_something() {
    every_example(|html, _| {
        let ids: BTreeSet<&str> = select(html, "[id]").iter().map(|e| e.attr("id").unwrap()).collect();
        let mut faults = Vec::new();
        for attribute in ["for", "aria-describedby", "aria-labelledby", "data-counter", "data-dialog"] {
            for element in select(html, &format!("[{attribute}]")) {
                let missing = element.attr(attribute).unwrap().split(' ').filter(|id| !ids.contains(id));
                faults.extend(missing.map(|id| format!("{attribute} points to {id}")));
            }
        }
        faults
    });
}

/// The strict content security policy would silently drop them.
#[test]
fn nothing_is_inline() {
    every_example(|html, _| {
        let all = select(html, "*");
        let inline = |e: &ElementRef| {
            e.value().attrs().any(|(name, value)| name == "style" || name.starts_with("on") || value.starts_with("javascript:"))
        };
        all.iter().filter(|e| inline(e) || matches!(e.value().name(), "script" | "style")).map(|e| e.html()).collect()
    });
}

#[test]
fn every_button_link_and_frame_says_what_it_is() {
    every_example(|html, _| {
        let said =
            |e: &ElementRef| !e.text().collect::<String>().trim().is_empty() || e.attr("aria-label").is_some() || e.attr("title").is_some();
        select(html, "a, button, iframe, summary, svg[role=img]").iter().filter(|e| !said(e)).map(|e| e.html()).collect()
    });
}

#[test]
fn an_english_page_has_no_japanese_words() {
    let japanese = |c: char| matches!(c, '\u{3041}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}');
    every_example(|html, lang| {
        let words = html
            .root_element()
            .text()
            .chain(select(html, "*").into_iter().flat_map(|e| e.value().attrs().map(|(_, value)| value)).collect::<Vec<_>>());
        words.filter(|words| lang == Lang::En && words.contains(japanese)).map(str::to_owned).collect()
    });
}

#[test]
fn the_two_languages_differ() {
    for (name, example) in EXAMPLES.iter().filter(|(name, _)| *name != "csrf") {
        assert_ne!(example(Lang::Ja).into_string(), example(Lang::En).into_string(), "{name}");
    }
}
