//! Every page, in both languages, for somebody who may see it: what holds for all of them.

mod filled;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use filled::filled;
use rules::text::Lang;
use scraper::{ElementRef, Html, Node, Selector};
use web::route::{Guard, Method, Route, all};
use web::testing::{
    AT_ENROL, AT_FACTOR, AT_PASSWORD, COLLEAGUE, DECIDER, EVALUATOR, HOSPITAL, OFFICER, OPERATOR, Reply, SECRETARIAT, STRANGER, World,
};

/// Pages that do not keep a rule yet: `(rule, path)`. This list may only become shorter.
const EXCEPTIONS: &[(&str, &str)] = &[];

/// Addresses that go elsewhere when they are asked for without what leads to them: a link, or the step before.
const NO_PAGE: &[&str] = &[
    "/lang",
    "/welcome",
    "/invitation",
    "/reissue",
    "/sheets/import/columns",
    "/sheets/import/items",
    "/questionnaires/new",
    "/signin/elsewhere/{provider}",
    "/signin/elsewhere/{provider}/return",
];

const EVERYBODY: [&str; 11] =
    [OFFICER, SECRETARIAT, EVALUATOR, DECIDER, COLLEAGUE, HOSPITAL, OPERATOR, STRANGER, AT_FACTOR, AT_PASSWORD, AT_ENROL];

struct Seen {
    route: &'static Route,
    lang: Lang,
    who: Option<&'static str>,
    reply: Reply,
}

impl Seen {
    fn is_html(&self) -> bool {
        self.reply.header("content-type").starts_with("text/html")
    }
    fn name(&self) -> String {
        format!("{} ({}, {})", self.route.path, self.lang.tag(), self.who.unwrap_or("signed out"))
    }
}

/// Every page that somebody may see, each in both languages, in the first case that shows it to them.
fn pages(world: &World, people: &[&'static str]) -> Vec<Seen> {
    let mut out = vec![];
    for route in all().filter(|r| r.method == Method::Get && !NO_PAGE.contains(&r.path)) {
        let public = route.guard == Guard::Public;
        for lang in [Lang::Ja, Lang::En] {
            let whos = public.then_some(None).into_iter().chain(people.iter().map(|p| Some(*p)));
            let cases = [world.running, world.certified, world.strange];
            for who in whos {
                let seen = cases.iter().map(|case| world.page(&filled(world, route.path, *case), who, lang)).find(|r| r.status == 200);
                out.extend(seen.map(|reply| Seen { route, lang, who, reply }));
            }
        }
    }
    out
}

/// What everybody sees, fetched once.
fn everybodys() -> &'static [Seen] {
    static SEEN: OnceLock<Vec<Seen>> = OnceLock::new();
    SEEN.get_or_init(|| pages(World::shared(), &EVERYBODY))
}

/// Fails with one line for each page that breaks a rule, and for exceptions that are not needed any more.
fn judge(rule: &str, seen: &[Seen], check: impl Fn(&Seen, &Html) -> Vec<String>) {
    let mut faults: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    for page in seen.iter().filter(|s| s.is_html()) {
        let html = Html::parse_document(&page.reply.text());
        for fault in check(page, &html) {
            faults.entry(page.route.path).or_default().entry(fault).or_insert_with(|| page.name());
        }
    }
    let excepted = |path: &str| EXCEPTIONS.iter().any(|(r, p)| *r == rule && *p == path);
    let told = |found: &BTreeMap<String, String>| {
        let more = found.len().saturating_sub(6);
        let shown = found.iter().take(6).map(|(fault, page)| format!("{page}: {fault}"));
        shown.chain((more > 0).then(|| format!("  and {more} more there"))).collect::<Vec<_>>()
    };
    let mut lines: Vec<String> = faults.iter().filter(|(path, _)| !excepted(path)).flat_map(|(_, found)| told(found)).collect();
    lines.extend(
        EXCEPTIONS
            .iter()
            .filter(|(r, p)| *r == rule && !faults.contains_key(p))
            .map(|(_, p)| format!("{p} keeps the rule now: take it off the list")),
    );
    assert!(lines.is_empty(), "{rule}:\n{}", lines.join("\n"));
}

fn all_of<'a>(html: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    html.select(&Selector::parse(selector).unwrap()).collect()
}

fn words(element: ElementRef) -> String {
    element.text().collect::<String>().trim().to_owned()
}

#[test]
fn every_page_opens_for_somebody_in_both_languages() {
    let seen = everybodys();
    for route in all().filter(|r| r.method == Method::Get && !NO_PAGE.contains(&r.path)) {
        let langs: BTreeSet<&str> = seen.iter().filter(|s| s.route.path == route.path).map(|s| s.lang.tag()).collect();
        assert_eq!(langs, BTreeSet::from(["en", "ja"]), "{} opens for nobody", route.path);
    }
}

#[test]
fn every_page_is_a_sound_document() {
    let seen = everybodys();
    assert!(seen.iter().filter(|s| s.is_html()).count() > 20);
    judge("document", seen, |page, html| {
        let mut out = vec![];
        let fragment = !page.reply.text().starts_with("<!DOCTYPE");
        if fragment {
            return vec!["no doctype".into()];
        }
        if html.root_element().attr("lang") != Some(page.lang.tag()) {
            out.push(format!("html lang is {:?}", html.root_element().attr("lang")));
        }
        let headings = all_of(html, "h1");
        if headings.len() != 1 || words(headings[0]).is_empty() {
            out.push(format!("{} h1", headings.len()));
        }
        if all_of(html, "title").first().is_none_or(|t| words(*t).trim_end_matches("– Akashi").trim().is_empty()) {
            out.push("no title".into());
        }
        let mut ids = BTreeSet::new();
        out.extend(
            all_of(html, "[id]").iter().filter_map(|e| e.attr("id")).filter(|id| !ids.insert(*id)).map(|id| format!("id {id} twice")),
        );
        for named in ["for", "aria-describedby", "aria-labelledby"] {
            let refs = all_of(html, &format!("[{named}]")).into_iter().flat_map(|e| e.attr(named).unwrap_or_default().split_whitespace());
            out.extend(refs.filter(|id| !ids.contains(id)).map(|id| format!("{named}={id} names nothing")));
        }
        out
    });
}

#[test]
fn every_input_has_a_label() {
    judge("labels", everybodys(), |_, html| {
        let labels: BTreeSet<&str> = all_of(html, "label[for]").iter().filter_map(|l| l.attr("for")).collect();
        let fields = all_of(html, "input:not([type=hidden]):not([type=submit]):not([type=button]), select, textarea");
        let bare = |e: &ElementRef| {
            let named = e.attr("aria-label").is_some_and(|l| !l.trim().is_empty()) || e.attr("aria-labelledby").is_some();
            let inside = e.ancestors().filter_map(ElementRef::wrap).any(|a| a.value().name() == "label" && !words(a).is_empty());
            !named && !inside && !e.attr("id").is_some_and(|id| labels.contains(id))
        };
        let mut out: Vec<String> = fields.into_iter().filter(bare).map(|e| format!("{} has no label", e.html())).collect();
        let empty = |e: &ElementRef| words(*e).is_empty() && e.attr("aria-label").is_none() && e.attr("aria-labelledby").is_none();
        out.extend(all_of(html, "button, a[href]").into_iter().filter(empty).map(|e| format!("{} says nothing", e.html())));
        out
    });
}

#[test]
fn no_page_carries_scripts_or_styles_of_its_own() {
    judge("inline", everybodys(), |_, html| {
        let mut out = vec![];
        for element in html.tree.nodes().filter_map(ElementRef::wrap) {
            let name = element.value().name();
            if name == "style" || (name == "script" && element.attr("src").is_none()) {
                out.push(format!("<{name}> inside the page"));
            }
            for (attribute, value) in element.value().attrs() {
                let runs = attribute.starts_with("on") || attribute.starts_with("hx-on") || attribute == "style";
                let address =
                    matches!(attribute, "href" | "src" | "action" | "formaction") && value.trim().to_lowercase().starts_with("javascript:");
                if runs || address {
                    out.push(format!("<{name} {attribute}={value:?}>"));
                }
            }
        }
        out
    });
}

#[test]
fn forms_that_post_carry_their_proof() {
    judge("csrf", everybodys(), |_, html| {
        let proof = Selector::parse("input[type=hidden][name=csrf]").unwrap();
        let bare = |f: &ElementRef| f.select(&proof).next().is_none();
        all_of(html, "form[method=post i]").into_iter().filter(bare).map(|f| format!("{:?} has no csrf field", f.attr("action"))).collect()
    });
}

#[test]
fn what_a_stranger_wrote_stays_text() {
    let seen = pages(World::shared(), &[STRANGER, OPERATOR]);
    let mut carried = 0;
    for page in &seen {
        let body = page.reply.text();
        if page.is_html() {
            assert!(!body.contains("<script>canary"), "{} lets a script through", page.name());
            carried += usize::from(body.contains("&lt;script&gt;canary"));
        }
    }
    assert!(carried >= 10, "only {carried} pages show what the stranger wrote; does this test still see any?");
}

/// Kana, kanji and the punctuation that goes with them.
fn is_japanese(c: char) -> bool {
    matches!(c, '\u{3001}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ff01}'..='\u{ff60}')
}

/// What people wrote in the demonstration: names, answers, documents. It stays as it was written in every language.
fn data(world: &World) -> String {
    let mut out = String::new();
    for somebody in app::demo::people() {
        out.push_str(&format!("{}\n{}\n", somebody.name, somebody.organisation));
    }
    // The newcomers at the steps of signing in.
    out.push_str("新しい人\n");
    let mut strings = |value: serde_json::Value| {
        fn walk(value: &serde_json::Value, out: &mut String) {
            match value {
                serde_json::Value::String(s) => out.push_str(&format!("{s}\n")),
                serde_json::Value::Array(all) => all.iter().for_each(|v| walk(v, out)),
                // Texts of the program itself are pairs of languages; they are no data.
                serde_json::Value::Object(all) if all.contains_key("ja") => {}
                serde_json::Value::Object(all) => all.values().for_each(|v| walk(v, out)),
                _ => {}
            }
        }
        walk(&value, &mut out);
    };
    // What tests/filled typed into a register.
    for register in &world.app.content.catalog.registers {
        strings(serde_json::to_value(register.example.values().collect::<Vec<_>>()).unwrap());
    }
    for email in [OFFICER, EVALUATOR] {
        let actor = world.actor(email);
        for case in [world.running, world.certified] {
            let Ok(read) = world.app.case(&actor, case, None) else { continue };
            strings(serde_json::to_value(&read.items).unwrap());
            strings(serde_json::to_value(&read.facts).unwrap());
            strings(serde_json::to_value([&read.product]).unwrap());
            for no in [9, 18] {
                strings(serde_json::to_value(world.app.item(&actor, case, None, rules::id::ItemNo(no)).unwrap().messages).unwrap());
            }
        }
        strings(serde_json::to_value(world.app.phrases(&actor).unwrap()).unwrap());
    }
    strings(serde_json::to_value(world.app.library(&world.actor(OFFICER)).unwrap()).unwrap());
    out
}

#[test]
fn english_pages_speak_english() {
    let world = World::shared();
    let data = data(world);
    judge("english", everybodys(), |page, html| {
        if page.lang != Lang::En {
            return vec![];
        }
        let mut out = BTreeSet::new();
        for node in html.tree.nodes() {
            let Node::Text(text) = node.value() else { continue };
            let inside = |e: &ElementRef| e.attr("lang") == Some("ja") || matches!(e.value().name(), "script" | "textarea");
            if !text.contains(is_japanese) || node.ancestors().filter_map(ElementRef::wrap).any(|e| inside(&e)) {
                continue;
            }
            // Each stretch of Japanese is either somebody's own words or a word that was not translated.
            for stretch in text.split(|c: char| !is_japanese(c)).filter(|s| !s.is_empty() && !data.contains(*s)) {
                out.insert(format!("「{stretch}」 in {:?}", text.trim().chars().take(60).collect::<String>()));
            }
        }
        for (selector, attribute) in [("[aria-label]", "aria-label"), ("[title]", "title"), ("[placeholder]", "placeholder")] {
            let found = all_of(html, selector).into_iter().filter(|e| e.attr("lang") != Some("ja"));
            for value in found
                .filter_map(|e| e.attr(attribute))
                .filter(|v| v.split(|c: char| !is_japanese(c)).any(|s| !s.is_empty() && !data.contains(s)))
            {
                out.insert(format!("{attribute}={value:?}"));
            }
        }
        out.into_iter().collect()
    });
}
