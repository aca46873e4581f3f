//! What changed between two versions of a text, in marks that need no colour.

use maud::{Markup, html};
use rules::text::{Lang, text};
use similar::{ChangeTag, TextDiff};

/// Word by word. A removal stands as ［－…］ and an addition as ［＋…］, and each says so to screen readers.
pub fn diff(lang: Lang, old: &str, new: &str) -> Markup {
    let changes = runs(old, new);
    if changes.iter().all(|(tag, _)| *tag == ChangeTag::Equal) {
        return html! { p.muted { (text("違いはありません。", "There is no difference.").get(lang)) } };
    }
    html! {
        div.diff {
            @for (tag, words) in &changes {
                @match tag {
                    ChangeTag::Equal => { (words) },
                    ChangeTag::Delete => { del { span.hidden-text { (text("削除: ", "removed: ").get(lang)) } span.edge aria-hidden="true" { "［－" } (words) span.edge aria-hidden="true" { "］" } } },
                    ChangeTag::Insert => { ins { span.hidden-text { (text("追加: ", "added: ").get(lang)) } span.edge aria-hidden="true" { "［＋" } (words) span.edge aria-hidden="true" { "］" } } },
                }
            }
        }
    }
}

/// Neighbouring changes of one kind as one run; a removal comes before the addition that replaces it.
fn runs(old: &str, new: &str) -> Vec<(ChangeTag, String)> {
    let mut out: Vec<(ChangeTag, String)> = Vec::new();
    for change in TextDiff::from_unicode_words(old, new).iter_all_changes() {
        match out.last_mut() {
            Some((tag, words)) if *tag == change.tag() => words.push_str(change.value()),
            _ => out.push((change.tag(), change.value().to_owned())),
        }
    }
    out
}

pub(super) fn example(lang: Lang) -> Markup {
    let (old, new) = match lang {
        Lang::Ja => ("運用管理規程を年1回見直しています。", "運用管理規程を半年に1回、情報セキュリティ委員会で見直しています。"),
        Lang::En => ("The rules are reviewed once a year.", "The rules are reviewed twice a year by the security committee."),
    };
    html! { (diff(lang, old, new)) (diff(lang, old, old)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_can_be_read_back() {
        let (old, new) = ("年1回見直す。\n終", "半年に1回、見直す。\n終");
        let text_of =
            |skip: ChangeTag| runs(old, new).into_iter().filter(|(tag, _)| *tag != skip).map(|(_, words)| words).collect::<String>();
        assert_eq!(text_of(ChangeTag::Insert), old);
        assert_eq!(text_of(ChangeTag::Delete), new);
    }
}
