//! The frame of every page: head, navigation, main part, foot; and the plain frame for print views.

use maud::{DOCTYPE, Markup, html};
use rules::text::{Lang, Text, text, worded};

use crate::assets;
use crate::components::{Crumb, EXAMPLES, Kind, NavLink, SHORTCUTS_DIALOG, Shortcut, breadcrumb, csrf, shortcuts_dialog, submit, tabs};

/// Where the language switch goes: GET with `lang` (`ja`, `en`) and `to` (the page to come back to).
pub const LANG_PATH: &str = "/lang";
/// Where the sign-out button posts to.
pub const SIGN_OUT_PATH: &str = "/signout";

/// The policy every page keeps; send it as `Content-Security-Policy`.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// htmx without what the policy forbids, and without a copy of pages in the browser's storage.
/// 409 and 422 answers carry a page with errors to show; other failures leave the page as it is.
const HTMX_CONFIG: &str = r#"{"allowEval":false,"allowScriptTags":false,"includeIndicatorStyles":false,"selfRequestsOnly":true,"historyCacheSize":0,"refreshOnHistoryMiss":true,"attributesToSettle":["class"],"responseHandling":[{"code":"204","swap":false},{"code":"[23]..","swap":true},{"code":"4(09|22)","swap":true},{"code":"[45]..","swap":false,"error":true}]}"#;

/// Who is signed in.
#[derive(Debug, Clone)]
pub struct Signed {
    /// Keeps what one person typed apart from what another typed in the same browser.
    pub id: String,
    pub name: String,
    pub organisation: String,
    pub csrf: String,
}

/// A page to be drawn.
#[derive(Debug, Clone)]
pub struct Page {
    pub lang: Lang,
    /// The heading of the page and the title of the window.
    pub title: Text,
    /// A line under the heading.
    pub lead: Option<Text>,
    /// The address of this page, for the language switch.
    pub here: String,
    pub nav: Vec<NavLink>,
    pub who: Option<Signed>,
    pub breadcrumb: Vec<Crumb>,
    /// Buttons at the right of the heading.
    pub corner: Markup,
    /// Banners above the main part.
    pub notices: Markup,
    pub main: Markup,
    pub aside: Option<Markup>,
    /// The workbench uses the whole width.
    pub wide: bool,
    /// Keys of this page, listed in the help.
    pub shortcuts: Vec<Shortcut>,
}

impl Page {
    /// A page with a heading and its main part.
    pub fn new(lang: Lang, title: Text, main: Markup) -> Page {
        Page {
            lang,
            title,
            lead: None,
            here: "/".to_owned(),
            nav: Vec::new(),
            who: None,
            breadcrumb: Vec::new(),
            corner: html! {},
            notices: html! {},
            main,
            aside: None,
            wide: false,
            shortcuts: Vec::new(),
        }
    }

    /// The whole document.
    pub fn render(&self) -> Markup {
        let lang = self.lang;
        let content = html! {
            a.skip href="#main" { (text("本文へ移る", "Skip to main content").get(lang)) }
            (self.head())
            main #main.site-main.wide[self.wide].with-aside[self.aside.is_some()] {
                (breadcrumb(lang, &self.breadcrumb))
                div.page-head {
                    div { h1 tabindex="-1" { (self.title.get(lang)) } @if let Some(lead) = &self.lead { p { (lead.get(lang)) } } }
                    @if !self.corner.0.is_empty() { div.row { (self.corner) } }
                }
                div.page-notices { (self.notices) }
                @if let Some(aside) = &self.aside {
                    div { (self.main) }
                    aside aria-label=(text("補足", "Related").get(lang)) { (aside) }
                } @else { (self.main) }
            }
            (self.foot())
            (shortcuts_dialog(lang, &self.shortcuts))
            (keep_offer(lang))
        };
        self.document(content)
    }

    /// The document for paper: no navigation, the given head instead of the heading, and a button that prints.
    pub fn print(&self, head: Markup) -> Markup {
        let lang = self.lang;
        self.document(html! {
            main #main.site-main {
                div.row.no-print {
                    a href=(self.here) { (text("戻る", "Back").get(lang)) }
                    button.button.secondary type="button" hidden data-scripted data-print { (text("印刷する", "Print").get(lang)) }
                }
                (head)
                (self.main)
            }
        })
    }

    fn document(&self, content: Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang=(self.lang.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="referrer" content="same-origin";
                    meta name="htmx-config" content=(HTMX_CONFIG);
                    title { (self.title.get(self.lang)) " – Akashi" }
                    link rel="icon" type="image/svg+xml" href=(assets::href("akashi.svg"));
                    link rel="stylesheet" href=(assets::href("akashi.css"));
                    script src=(assets::href("htmx.min.js")) defer { }
                    script src=(assets::href("akashi.js")) defer { }
                }
                body data-who=[self.who.as_ref().map(|who| &who.id)] { (content) }
            }
        }
    }

    fn head(&self) -> Markup {
        let lang = self.lang;
        html! {
            header.site-head {
                div.site-bar {
                    a.brand href="/" { (mark()) span lang="ja" { "証し" } " Akashi" }
                    @if !self.nav.is_empty() { nav.site-nav aria-label=(text("主なページ", "Main").get(lang)) { (crate::components::nav_list(lang, &self.nav)) } }
                    div.site-who {
                        (self.languages())
                        @if let Some(who) = &self.who {
                            a.who href=(crate::urls::account()) { (who.name) small { (who.organisation) } }
                            form method="post" action=(SIGN_OUT_PATH) data-forget { (csrf(&who.csrf)) (submit(lang, Kind::Quiet, &text("サインアウト", "Sign out"))) }
                        }
                    }
                }
            }
        }
    }

    /// Each language is offered in itself.
    fn languages(&self) -> Markup {
        let (other, name) = match self.lang {
            Lang::Ja => (Lang::En, "English"),
            Lang::En => (Lang::Ja, "日本語"),
        };
        html! {
            form method="get" action=(LANG_PATH) {
                input type="hidden" name="to" value=(self.here);
                button.button.quiet type="submit" name="lang" value=(other.tag()) lang=(other.tag()) { (name) }
            }
        }
    }

    fn foot(&self) -> Markup {
        let lang = self.lang;
        html! {
            footer.site-foot {
                p { (text("証し Akashi – 医療情報を扱うクラウドサービスの評価", "Akashi – evaluation of cloud services that handle medical information").get(lang)) }
                a href=(crate::urls::verify()) { (text("認定証の検証", "Verify a certificate").get(lang)) }
                a href=(crate::urls::registry()) { (text("公開レジストリ", "Public registry").get(lang)) }
                button.button.quiet.small type="button" hidden data-scripted data-dialog=(SHORTCUTS_DIALOG) data-key="?" aria-keyshortcuts="?" {
                    (text("ショートカットキー", "Keyboard shortcuts").get(lang)) kbd aria-hidden="true" { "?" }
                }
            }
        }
    }
}

/// The seal: a disc with a tick.
fn mark() -> Markup {
    html! {
        svg viewBox="0 0 32 32" aria-hidden="true" focusable="false" {
            circle cx="16" cy="16" r="14" fill="#0017c1" { }
            path d="M9 16.5l5 5 9.5-11" fill="none" stroke="#fff" stroke-width="3.5" stroke-linecap="round" stroke-linejoin="round" { }
        }
    }
}

/// The script puts a copy at the head of a form whose typing it kept.
fn keep_offer(lang: Lang) -> Markup {
    html! {
        template #keep-offer {
            div.notice.tone-info.keep-offer role="status" {
                p.notice-title { (text("保存していない入力が残っています。", "Something you typed here was not saved.").get(lang)) }
                div.actions {
                    button.button.secondary type="button" data-restore { (text("入力を戻す", "Bring it back").get(lang)) }
                    button.button.quiet type="button" data-discard { (text("捨てる", "Discard").get(lang)) }
                }
            }
        }
    }
}

/// A whole page with every component, or with only the one called `only`, for looking at.
pub fn gallery_page(lang: Lang, only: Option<&str>) -> Markup {
    let main = match only.and_then(|only| EXAMPLES.iter().find(|(name, _)| *name == only)) {
        Some((_, example)) => example(lang),
        None => crate::components::gallery(lang),
    };
    let mut page = Page::new(lang, text("部品の見本", "Gallery of components"), main);
    page.wide = only.is_some();
    page.lead = Some(worded("すべての部品を、すべての状態で示します。", "Every component in every state."));
    page.here = "/gallery".to_owned();
    page.nav = vec![
        NavLink::new(text("案件", "Cases"), "#").current(true),
        NavLink::new(text("証拠", "Evidence"), "#").count(41),
        NavLink::new(text("組織", "Organisations"), "#"),
        NavLink::new(text("チェックシート", "Check sheet"), "#"),
    ];
    page.who = Some(Signed {
        id: "example".to_owned(),
        name: text("佐藤 花子", "Hanako Sato").get(lang).to_owned(),
        organisation: text("株式会社みどり医療情報", "Midori Medical Information Inc.").get(lang).to_owned(),
        csrf: "example".to_owned(),
    });
    page.breadcrumb = vec![Crumb::link(text("案件", "Cases"), "#"), Crumb::here(text("部品の見本", "Gallery of components"))];
    page.notices = tabs(lang, &text("見本の表示", "Views of the gallery"), &[NavLink::new(text("すべて", "All"), "#").current(true)]);
    page.render()
}

#[cfg(test)]
mod tests {
    use scraper::{Html, Selector};

    use super::*;

    fn one(html: &Html, selector: &str) -> String {
        let found: Vec<_> = html.select(&Selector::parse(selector).unwrap()).map(|e| e.inner_html()).collect();
        assert_eq!(found.len(), 1, "{selector}: {found:?}");
        found.into_iter().next().unwrap()
    }

    #[test]
    fn a_page_has_language_title_heading_and_a_way_past_the_navigation() {
        for (lang, title) in [(Lang::Ja, "案件"), (Lang::En, "Cases")] {
            let html = Html::parse_document(&Page::new(lang, text("案件", "Cases"), html! { p { "x" } }).render().into_string());
            assert_eq!(html.root_element().attr("lang"), Some(lang.tag()));
            assert_eq!(one(&html, "title"), format!("{title} – Akashi"));
            assert_eq!(one(&html, "main#main h1"), title);
            assert!(one(&html, "a.skip[href='#main']").len() > 3);
        }
    }

    #[test]
    fn scripts_and_styles_come_from_our_own_hashed_files() {
        let html = Html::parse_document(&gallery_page(Lang::Ja, None).into_string());
        let files: Vec<_> = html
            .select(&Selector::parse("script, link[rel=stylesheet]").unwrap())
            .map(|e| e.attr("src").or(e.attr("href")).unwrap().to_owned())
            .collect();
        assert_eq!(files.len(), 3);
        for file in files {
            assert!(assets::get(file.strip_prefix(assets::PREFIX).unwrap()).is_some(), "{file}");
        }
        let config: serde_json::Value = serde_json::from_str(HTMX_CONFIG).unwrap();
        assert_eq!(config["allowEval"], false);
    }

    #[test]
    fn who_typed_is_known_to_the_page_and_signing_out_posts() {
        let html = Html::parse_document(&gallery_page(Lang::En, None).into_string());
        assert!(html.select(&Selector::parse("body[data-who=example]").unwrap()).next().is_some());
        one(&html, "form[method=post][action='/signout'] input[name=csrf]");
        one(&html, "form[action='/lang'] button[value=ja]");
    }

    #[test]
    fn ids_are_unique_in_the_whole_document() {
        let html = Html::parse_document(&gallery_page(Lang::Ja, None).into_string());
        let mut seen = std::collections::BTreeSet::new();
        let selector = Selector::parse("[id]").unwrap();
        let twice: Vec<_> = html.select(&selector).filter_map(|e| e.attr("id")).filter(|id| !seen.insert(*id)).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }

    #[test]
    fn a_print_view_has_no_navigation() {
        let html = Html::parse_document(&Page::new(Lang::Ja, text("進捗", "Progress"), html! {}).print(html! { h1 { "x" } }).into_string());
        assert!(html.select(&Selector::parse("nav, .site-head").unwrap()).next().is_none());
        one(&html, "h1");
    }
}
