//! A field of one line.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

use super::Field;

/// What is typed into the field: decides keyboard and autofill (WCAG 2.2, 1.3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Input {
    #[default]
    Text,
    Email,
    Name,
    Organisation,
    CurrentPassword,
    NewPassword,
    /// A one-time code.
    Code,
    Number,
    Tel,
    Url,
    Search,
    /// A day and a time on the visitor's clock.
    Moment,
}

impl Input {
    /// The `type` and `autocomplete` attributes.
    const fn attributes(self) -> (&'static str, Option<&'static str>) {
        match self {
            Input::Text => ("text", None),
            Input::Email => ("email", Some("email")),
            Input::Name => ("text", Some("name")),
            Input::Organisation => ("text", Some("organization")),
            Input::CurrentPassword => ("password", Some("current-password")),
            Input::NewPassword => ("password", Some("new-password")),
            Input::Code => ("text", Some("one-time-code")),
            Input::Number => ("number", None),
            Input::Tel => ("tel", Some("tel")),
            Input::Url => ("url", Some("url")),
            Input::Search => ("search", None),
            Input::Moment => ("datetime-local", None),
        }
    }
}

/// A field of free text.
pub fn text_field(lang: Lang, field: &Field) -> Markup {
    input_field(lang, Input::Text, field)
}

/// A field of one line with a kind. A password is never written back into the page.
pub fn input_field(lang: Lang, input: Input, field: &Field) -> Markup {
    let (kind, autocomplete) = input.attributes();
    // Six digits: telephones show their number keys.
    let keys = matches!(input, Input::Code).then_some("numeric");
    let value = if kind == "password" { "" } else { field.value };
    field.frame(
        lang,
        html! {
            input type=(kind) id=(field.id()) name=(field.name) value=(value) autocomplete=[autocomplete] inputmode=[keys] required[field.required]
                aria-describedby=[field.described_by()] aria-invalid=[field.invalid()];
        },
    )
}

pub(super) fn example(lang: Lang) -> Markup {
    let wrong: Text = text("製品名を入力してください。", "Enter the name of the product.");
    html! {
        (text_field(lang, &Field::new("product", text("評価対象プロダクト名", "Product")).required().hint(text("申請書に載る名前です。", "As it appears on the application.")).value("Care-Note Cloud")))
        (text_field(lang, &Field::new("product-wrong", text("評価対象プロダクト名", "Product")).required().error(Some(&wrong))))
        (input_field(lang, Input::Email, &Field::new("mail", text("メールアドレス", "Mail address"))))
        (input_field(lang, Input::CurrentPassword, &Field::new("password", text("パスワード", "Password")).required().value("never shown")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_tied_to_its_field() {
        let wrong = text("入力してください。", "Enter it.");
        let html = text_field(Lang::Ja, &Field::new("a", text("甲", "A")).error(Some(&wrong))).into_string();
        assert!(html.contains(r#"aria-describedby="f-a-error" aria-invalid="true""#), "{html}");
        assert!(html.contains(r#"id="f-a-error""#));
    }

    #[test]
    fn a_password_is_not_sent_back() {
        let html = input_field(Lang::Ja, Input::NewPassword, &Field::new("p", text("甲", "A")).value("secret")).into_string();
        assert!(!html.contains("secret"));
    }
}
