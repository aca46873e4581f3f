//! A field of several lines, with a count of the characters left where there is a limit.

use maud::{Markup, html};
use rules::text::{Lang, text, worded};

use super::Field;

/// Size and limit of a text area.
#[derive(Debug, Clone, Copy)]
pub struct Area<'a> {
    pub rows: u8,
    /// The most characters the rule accepts; the server checks it, the page only counts.
    pub limit: Option<usize>,
    /// The key that puts the cursor here.
    pub key: Option<&'a str>,
}

impl Default for Area<'_> {
    fn default() -> Self {
        Area { rows: 4, limit: None, key: None }
    }
}

/// A field of several lines.
pub fn textarea(lang: Lang, area: Area, field: &Field) -> Markup {
    let counter = area.limit.map(|_| format!("{}-count", field.id()));
    let described = [field.described_by(), counter.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    field.frame(
        lang,
        html! {
            textarea id=(field.id()) name=(field.name) rows=(area.rows) required[field.required] data-key=[area.key] aria-keyshortcuts=[area.key]
                aria-describedby=[(!described.is_empty()).then_some(&described)] aria-invalid=[field.invalid()]
                data-counter=[counter.as_ref()] data-limit=[area.limit] {
                // A browser drops the first line break after the tag; ours keeps the one the person typed.
                "\n" (field.value)
            }
            @if let (Some(id), Some(limit)) = (&counter, area.limit) {
                p.counter id=(id) data-left=(text("あと{n}文字", "{n} characters left").get(lang)) data-over=(text("{n}文字多すぎます", "{n} characters too many").get(lang)) {
                    (worded(format!("{limit}文字まで"), format!("Up to {limit} characters")).get(lang))
                }
            }
        },
    )
}

pub(super) fn example(lang: Lang) -> Markup {
    let value = match lang {
        Lang::Ja => "運用管理規程の第4章に定め、年1回、情報セキュリティ委員会で見直しています。",
        Lang::En => "Chapter 4 of the operations rules defines it; the security committee reviews it once a year.",
    };
    let field = Field::new("answer", text("対応策", "Answer"))
        .hint(text("証拠のある事実を書いてください。", "Write facts that evidence shows."))
        .value(value);
    html! {
        (textarea(lang, Area { limit: Some(4000), ..Area::default() }, &field))
        (textarea(lang, Area { rows: 2, ..Area::default() }, &Field::new("remark", text("備考", "Remarks"))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_break_of_a_text_survives() {
        let html = textarea(Lang::Ja, Area::default(), &Field::new("a", text("甲", "A")).value("\n二行目<")).into_string();
        assert!(html.contains(">\n\n二行目&lt;</textarea>"), "{html}");
    }
}
