//! Checkboxes: a single one, a list, and the ones that tick rows of a table.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

use super::field::nth_id;
use super::{Choice, Field};

/// A single checkbox; it sends `yes` when ticked.
pub fn checkbox(lang: Lang, field: &Field, checked: bool) -> Markup {
    let described = field.described_by();
    html! {
        div.field.wrong[field.error.is_some()] {
            @if let Some(error) = field.error { p.field-error id=(field.error_id()) { (error.get(lang)) } }
            div.choice {
                input type="checkbox" id=(field.id()) name=(field.name) value="yes" checked[checked] required[field.required]
                    aria-describedby=[described] aria-invalid=[field.invalid()];
                label for=(field.id()) { (field.label.get(lang)) }
            }
            @if let Some(hint) = &field.hint { p.hint id=(field.hint_id()) { (hint.get(lang)) } }
        }
    }
}

/// A list of checkboxes of one name, of which `chosen` are ticked, with "all of them" above.
pub fn checkboxes(lang: Lang, field: &Field, choices: &[Choice], chosen: &[&str]) -> Markup {
    field.group(
        lang,
        html! {
            @if choices.len() > 2 { div.choice hidden data-scripted { (all_box(lang, field.name, &format!("{}-all", field.id()))) } }
            @for (at, choice) in choices.iter().enumerate() {
                @let id = nth_id(field, at);
                div.choice {
                    input type="checkbox" id=(id) name=(field.name) value=(choice.value) checked[chosen.contains(&choice.value.as_ref())];
                    label for=(id) { (choice.label.get(lang)) @if let Some(hint) = &choice.hint { span.hint { (hint.get(lang)) } } }
                }
            }
        },
    )
}

/// "Select all" for the boxes of [`row_checkbox`] in the same form. Seen only where scripts run.
pub fn select_all(lang: Lang, name: &str) -> Markup {
    html! { span.choice hidden data-scripted { (all_box(lang, name, &format!("all-{name}"))) } }
}

fn all_box(lang: Lang, name: &str, id: &str) -> Markup {
    html! {
        input type="checkbox" id=(id) data-select-all=(name);
        label for=(id) { (text("すべて選択", "Select all").get(lang)) }
    }
}

/// The checkbox of one row; its label ("Select item 12") is for screen readers.
pub fn row_checkbox(lang: Lang, name: &str, value: &str, label: &Text, checked: bool) -> Markup {
    html! { input type="checkbox" name=(name) value=(value) aria-label=(label.get(lang)) checked[checked]; }
}

pub(super) fn example(lang: Lang) -> Markup {
    let choices = [
        Choice::new("a", text("組織的安全管理", "Organisational measures")),
        Choice::new("b", text("物理的安全管理", "Physical measures")),
        Choice::new("c", text("技術的安全管理", "Technical measures")).hint(text("項目71から135", "Items 71 to 135")),
    ];
    let wrong = text("確認してチェックを入れてください。", "Confirm this by ticking it.");
    html! {
        (checkboxes(lang, &Field::new("category", text("割り当てる分類", "Categories to assign")), &choices, &["b"]))
        (checkbox(lang, &Field::new("confirm", text("利益相反がないことを申告します", "I declare that I have no conflict of interest")).required().error(Some(&wrong)), false))
        (select_all(lang, "items"))
        (row_checkbox(lang, "items", "12", &text("項目12を選択", "Select item 12"), true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_chosen_are_ticked() {
        let html = checkboxes(
            Lang::Ja,
            &Field::new("c", text("甲", "A")),
            &[Choice::new("a", text("甲", "A")), Choice::new("b", text("乙", "B"))],
            &["b"],
        )
        .into_string();
        assert!(html.contains(r#"value="b" checked"#) && html.matches(" checked").count() == 1, "{html}");
    }
}
