//! A dialog over the page, and the one that lists the shortcut keys.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

/// The id of the shortcuts dialog; the shell opens it with the key `?`.
pub const SHORTCUTS_DIALOG: &str = "shortcuts";

/// A `<dialog>` that any element with `data-dialog=(id)` opens. Only for what a page can do without, as it needs scripts.
pub fn dialog(lang: Lang, id: &str, title: &Text, body: Markup) -> Markup {
    let heading = format!("{id}-title");
    html! {
        dialog id=(id) aria-labelledby=(heading) {
            h2 id=(heading) { (title.get(lang)) }
            (body)
            form method="dialog" { button.button.secondary type="submit" data-close { (text("閉じる", "Close").get(lang)) } }
        }
    }
}

/// One key and what it does.
#[derive(Debug, Clone)]
pub struct Shortcut {
    pub key: &'static str,
    pub does: Text,
}

impl Shortcut {
    pub const fn new(key: &'static str, does: Text) -> Shortcut {
        Shortcut { key, does }
    }
}

/// The keys of this page, after those every page has; single keys can be turned off here (WCAG 2.2, 2.1.4).
pub fn shortcuts_dialog(lang: Lang, more: &[Shortcut]) -> Markup {
    const EVERYWHERE: [Shortcut; 4] = [
        Shortcut::new("?", text("この一覧を開く", "Open this list")),
        Shortcut::new("/", text("検索欄へ移る", "Go to the search field")),
        Shortcut::new("Ctrl + Enter", text("入力中のフォームを送る（Macは⌘ + Enter）", "Send the form you are in (⌘ + Enter on a Mac)")),
        Shortcut::new("Esc", text("閉じる・入力欄から出る", "Close; leave the field")),
    ];
    let body = html! {
        dl.facts { @for shortcut in more.iter().chain(&EVERYWHERE) { dt { kbd { (shortcut.key) } } dd { (shortcut.does.get(lang)) } } }
        div.choice {
            input type="checkbox" id="shortcuts-on" data-shortcuts checked;
            label for="shortcuts-on" { (text("1文字のショートカットキーを使う", "Use single-key shortcuts").get(lang)) }
        }
    };
    dialog(lang, SHORTCUTS_DIALOG, &text("ショートカットキー", "Keyboard shortcuts"), body)
}

pub(super) fn example(lang: Lang) -> Markup {
    let body = html! { p { (text("前の版に戻すと、いまの対応策は履歴に残ります。", "If you go back, the present answer stays in the history.").get(lang)) } };
    html! {
        button.button.secondary type="button" data-dialog="example-dialog" hidden data-scripted { (text("説明を開く", "Open the explanation").get(lang)) }
        (dialog(lang, "example-dialog", &text("前の版", "Earlier version"), body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_the_page_come_before_those_of_every_page() {
        let html = shortcuts_dialog(Lang::En, &[Shortcut::new("j / k", text("次・前の項目", "Next and previous item"))]).into_string();
        assert!(html.find("j / k").unwrap() < html.find("Open this list").unwrap());
        assert!(html.contains(r#"id="shortcuts""#));
    }
}
