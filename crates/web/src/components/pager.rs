//! The way through a long list, page by page.

use maud::{Markup, html};
use rules::text::{Lang, text, worded};

/// Which part of a list is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pager {
    /// The page shown, from 1.
    pub page: usize,
    /// Rows on a page; at least 1.
    pub size: usize,
    /// Rows in all.
    pub total: usize,
}

impl Pager {
    pub fn pages(self) -> usize {
        self.total.div_ceil(self.size.max(1)).max(1)
    }
}

/// Draws the count, and links when there is more than one page; `href` gives the address of a page.
pub fn pager(lang: Lang, pager: Pager, href: impl Fn(usize) -> String) -> Markup {
    let pages = pager.pages();
    let page = pager.page.clamp(1, pages);
    let first = (page - 1) * pager.size + usize::from(pager.total > 0);
    let last = (page * pager.size).min(pager.total);
    let words = worded(format!("{}件中 {first}–{last}件", pager.total), format!("{first}–{last} of {}", pager.total));
    html! {
        nav.pager aria-label=(text("ページ送り", "Pages").get(lang)) {
            p { (words.get(lang)) }
            @if pages > 1 {
                ul {
                    @if page > 1 { li { a href=(href(page - 1)) rel="prev" { (text("前へ", "Previous").get(lang)) } } }
                    @for (at, shown) in shown(page, pages).into_iter().enumerate() {
                        @match shown {
                            Some(number) if number == page => { li { span.here aria-current="page" { (number) } } },
                            Some(number) => { li { a href=(href(number)) aria-label=(worded(format!("{number}ページ"), format!("Page {number}")).get(lang)) { (number) } } },
                            None => { li { span.gap data-gap=(at) { "…" } } },
                        }
                    }
                    @if page < pages { li { a href=(href(page + 1)) rel="next" { (text("次へ", "Next").get(lang)) } } }
                }
            }
        }
    }
}

/// First, last and the neighbours of `page`; a gap is none.
fn shown(page: usize, pages: usize) -> Vec<Option<usize>> {
    let mut out: Vec<Option<usize>> = Vec::new();
    for number in (1..=pages).filter(|n| *n == 1 || *n == pages || n.abs_diff(page) <= 1) {
        if out.last().copied().flatten().is_some_and(|before| before + 1 < number) {
            out.push(None);
        }
        out.push(Some(number));
    }
    out
}

pub(super) fn example(lang: Lang) -> Markup {
    pager(lang, Pager { page: 3, size: 50, total: 1012 }, |page| format!("?page={page}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_and_the_neighbours_are_shown() {
        assert_eq!(shown(5, 9), [Some(1), None, Some(4), Some(5), Some(6), None, Some(9)]);
        assert_eq!(shown(1, 3), [Some(1), Some(2), Some(3)]);
    }

    #[test]
    fn counts_hold_for_empty_and_last_page() {
        let words = |p: Pager| pager(Lang::En, p, |n| n.to_string()).into_string();
        assert!(words(Pager { page: 1, size: 50, total: 0 }).contains("0–0 of 0"));
        assert!(words(Pager { page: 6, size: 50, total: 253 }).contains("251–253 of 253"));
    }
}
