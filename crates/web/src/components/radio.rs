//! Radio buttons: a plain group, and the verdict marks with their number keys.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

use super::field::nth_id;
use super::{Choice, Field, Tone};

/// A group of radio buttons; `field.value` is the chosen value. `across` puts them side by side.
pub fn radios(lang: Lang, field: &Field, choices: &[Choice], across: bool) -> Markup {
    field.group(
        lang,
        html! {
            div.choices.across[across] {
                @for (at, choice) in choices.iter().enumerate() {
                    @let id = nth_id(field, at);
                    div.choice {
                        input type="radio" id=(id) name=(field.name) value=(choice.value) checked[choice.value == field.value] required[field.required];
                        label for=(id) { (choice.label.get(lang)) @if let Some(hint) = &choice.hint { span.hint { (hint.get(lang)) } } }
                    }
                }
            }
        },
    )
}

/// One mark of a verdict scale.
#[derive(Debug, Clone)]
pub struct Mark<'a> {
    pub value: &'a str,
    pub label: Text,
    pub tone: Tone,
}

/// The verdict scale as large radio buttons; the keys 1 to 9 choose by order.
pub fn marks(lang: Lang, field: &Field, marks: &[Mark]) -> Markup {
    field.group(
        lang,
        html! {
            div.marks {
                @for (at, mark) in marks.iter().enumerate() {
                    @let id = nth_id(field, at);
                    @let key = (at < 9).then_some(at + 1);
                    div.mark.(mark.tone.class()) {
                        input type="radio" id=(id) name=(field.name) value=(mark.value) checked[mark.value == field.value] required[field.required]
                            data-key=[key] aria-keyshortcuts=[key];
                        label for=(id) { (mark.label.get(lang)) @if let Some(key) = key { kbd aria-hidden="true" { (key) } } }
                    }
                }
            }
        },
    )
}

pub(super) fn example(lang: Lang) -> Markup {
    let scale = [
        Mark { value: "conforms", label: text("適合", "Conforms"), tone: Tone::Success },
        Mark { value: "partly", label: text("条件付適合", "Conforms with conditions"), tone: Tone::Warn },
        Mark { value: "fails", label: text("不適合", "Does not conform"), tone: Tone::Danger },
        Mark { value: "out", label: text("対象外", "Out of scope"), tone: Tone::Neutral },
        Mark { value: "open", label: text("保留", "Open"), tone: Tone::Info },
    ];
    let wrong = text("判定結果を選んでください。", "Choose a verdict.");
    let choices = [
        Choice::new("yes", text("はい", "Yes")).hint(text("外部のクラウドを使っています。", "The product uses an external cloud.")),
        Choice::new("no", text("いいえ", "No")),
    ];
    html! {
        (marks(lang, &Field::new("verdict", text("判定結果", "Verdict")).value("partly").required(), &scale))
        (marks(lang, &Field::new("verdict-wrong", text("判定結果", "Verdict")).error(Some(&wrong)).required(), &scale))
        (radios(lang, &Field::new("cloud", text("外部のクラウドを使いますか", "Is an external cloud used?")).value("yes"), &choices, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_have_number_keys_in_order() {
        let html = example(Lang::Ja).into_string();
        let at = |needle: &str| html.find(needle).unwrap_or_else(|| panic!("{needle} missing"));
        assert!(at(r#"value="conforms" required data-key="1""#) < at(r#"value="open" required data-key="5""#));
        assert!(html.contains(r#"value="partly" checked"#));
    }
}
