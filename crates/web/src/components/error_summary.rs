//! What is wrong with a form, above it, each line a link to the field.

use maud::{Markup, html};
use rules::text::{Lang, Text, text, worded};

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The id of the field ([`super::Field::id`]); none when the whole form is wrong.
    pub at: Option<String>,
    pub what: Text,
}

/// Draws nothing when nothing is wrong. It takes the focus when the page opens.
pub fn error_summary(lang: Lang, faults: &[Fault]) -> Markup {
    if faults.is_empty() {
        return html! {};
    }
    let title = worded(
        format!("{}か所を直してください", faults.len()),
        match faults.len() {
            1 => "There is 1 problem".to_owned(),
            n => format!("There are {n} problems"),
        },
    );
    html! {
        div.notice.tone-danger.error-summary role="alert" tabindex="-1" {
            p.notice-title { (text("入力内容に誤りがあります。", "Something needs attention. ").get(lang)) (title.get(lang)) }
            ul {
                @for fault in faults {
                    li { @if let Some(at) = &fault.at { a href={ "#" (at) } { (fault.what.get(lang)) } } @else { (fault.what.get(lang)) } }
                }
            }
        }
    }
}

pub(super) fn example(lang: Lang) -> Markup {
    let faults = [
        Fault {
            at: Some("f-product-wrong".to_owned()), what: text("製品名を入力してください。", "Enter the name of the product.")
        },
        Fault {
            at: None,
            what: text("ほかの人が先に保存しました。両方の版を見比べてください。", "Someone else saved first. Compare both versions."),
        },
    ];
    error_summary(lang, &faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silent_when_nothing_is_wrong_and_linked_when_something_is() {
        assert_eq!(error_summary(Lang::Ja, &[]).into_string(), "");
        assert!(example(Lang::En).into_string().contains(r##"href="#f-product-wrong""##));
    }
}
