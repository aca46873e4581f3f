//! How far something has come: a bar and the same in words.

use maud::{Markup, html};
use rules::text::{Lang, Text, text, worded};

/// `done` of `total`; nothing at all counts as done when there is nothing to do.
pub fn progress(lang: Lang, label: &Text, done: usize, total: usize) -> Markup {
    let percent = (done * 100).checked_div(total).unwrap_or(100);
    let words = worded(format!("{total}件中 {done}件（{percent}%）"), format!("{done} of {total} ({percent}%)"));
    html! {
        div.progress {
            div.words { span { (label.get(lang)) } span { (words.get(lang)) } }
            progress value=(done) max=(total.max(1)) aria-label=(label.get(lang)) { (words.get(lang)) }
        }
    }
}

pub(super) fn example(lang: Lang) -> Markup {
    html! {
        (progress(lang, &text("分類1 組織的安全管理", "Category 1: organisational measures"), 31, 40))
        (progress(lang, &text("分類2 物理的安全管理", "Category 2: physical measures"), 0, 22))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_do_is_not_a_division_by_zero() {
        assert!(progress(Lang::En, &text("甲", "A"), 0, 0).into_string().contains("0 of 0 (100%)"));
    }
}
