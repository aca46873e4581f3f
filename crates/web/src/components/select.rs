//! A list to choose one from, for more choices than radio buttons carry well.

use maud::{Markup, html};
use rules::text::{Lang, text};

use super::{Choice, Field};

/// A drop-down list; `field.value` is the chosen value. An optional list begins with an empty choice.
pub fn select(lang: Lang, field: &Field, choices: &[Choice]) -> Markup {
    field.frame(
        lang,
        html! {
            select id=(field.id()) name=(field.name) required[field.required] aria-describedby=[field.described_by()] aria-invalid=[field.invalid()] {
                @if !field.required || field.value.is_empty() { option value="" selected[field.value.is_empty()] { (if field.required { text("選択してください", "Choose") } else { text("指定なし", "Not set") }.get(lang)) } }
                @for choice in choices {
                    option value=(choice.value) selected[choice.value == field.value] { (choice.label.get(lang)) }
                }
            }
        },
    )
}

pub(super) fn example(lang: Lang) -> Markup {
    let choices = [Choice::new("1", text("佐藤 花子", "Hanako Sato")), Choice::new("2", text("鈴木 一郎", "Ichiro Suzuki"))];
    select(lang, &Field::new("owner", text("担当者", "Owner")).value("2").required(), &choices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_value_is_chosen() {
        let html = example(Lang::Ja).into_string();
        assert_eq!(html.matches(" selected").count(), 1);
        assert!(html.contains(r#"<option value="2" selected>"#), "{html}");
    }
}
