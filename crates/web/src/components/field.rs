//! What every form field has: its name, label, hint, value and error, and the frame that ties them together for screen readers.

use std::borrow::Cow;

use maud::{Markup, html};
use rules::text::{Lang, Text};

use super::words;

/// One field of a form.
#[derive(Debug, Clone)]
pub struct Field<'a> {
    /// Goes before the id; needed only when a page has two fields of the same name.
    pub form: &'a str,
    pub name: &'a str,
    pub label: Text,
    pub hint: Option<Text>,
    pub value: &'a str,
    pub error: Option<&'a Text>,
    pub required: bool,
}

impl<'a> Field<'a> {
    /// An empty optional field.
    pub fn new(name: &'a str, label: Text) -> Field<'a> {
        Field { form: "", name, label, hint: None, value: "", error: None, required: false }
    }

    pub fn form(self, form: &'a str) -> Self {
        Field { form, ..self }
    }

    pub fn hint(self, hint: Text) -> Self {
        Field { hint: Some(hint), ..self }
    }

    pub fn value(self, value: &'a str) -> Self {
        Field { value, ..self }
    }

    pub fn error(self, error: Option<&'a Text>) -> Self {
        Field { error, ..self }
    }

    pub fn required(self) -> Self {
        Field { required: true, ..self }
    }

    /// The id of the input (of the first one in a group); an error summary links to it.
    pub fn id(&self) -> String {
        if self.form.is_empty() { format!("f-{}", self.name) } else { format!("f-{}-{}", self.form, self.name) }
    }

    pub(super) fn hint_id(&self) -> String {
        format!("{}-hint", self.id())
    }

    pub(super) fn error_id(&self) -> String {
        format!("{}-error", self.id())
    }

    /// For `aria-describedby`: the hint and the error, if they are there.
    pub(super) fn described_by(&self) -> Option<String> {
        let parts = [self.hint.as_ref().map(|_| self.hint_id()), self.error.map(|_| self.error_id())];
        let ids: Vec<String> = parts.into_iter().flatten().collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    pub(super) fn invalid(&self) -> Option<&'static str> {
        self.error.map(|_| "true")
    }

    fn notes(&self, lang: Lang) -> Markup {
        html! {
            @if let Some(hint) = &self.hint { p.hint id=(self.hint_id()) { (hint.get(lang)) } }
            @if let Some(error) = self.error {
                p.field-error id=(self.error_id()) { span.hidden-text { (words::ERROR.get(lang)) ": " } (error.get(lang)) }
            }
        }
    }

    fn need(&self, lang: Lang) -> Markup {
        html! {
            @if self.required { span.need { (words::REQUIRED.get(lang)) } } @else { span.need.may { (words::OPTIONAL.get(lang)) } }
        }
    }

    /// Label, hint and error around a single input.
    pub(super) fn frame(&self, lang: Lang, input: Markup) -> Markup {
        html! {
            div.field.wrong[self.error.is_some()] {
                label for=(self.id()) { (self.label.get(lang)) (self.need(lang)) }
                (self.notes(lang))
                (input)
            }
        }
    }

    /// Legend, hint and error around a group of inputs.
    pub(super) fn group(&self, lang: Lang, inputs: Markup) -> Markup {
        html! {
            fieldset.field.wrong[self.error.is_some()] aria-describedby=[self.described_by()] {
                legend { (self.label.get(lang)) (self.need(lang)) }
                (self.notes(lang))
                (inputs)
            }
        }
    }
}

/// One thing to choose from.
#[derive(Debug, Clone)]
pub struct Choice<'a> {
    pub value: Cow<'a, str>,
    pub label: Text,
    pub hint: Option<Text>,
}

impl<'a> Choice<'a> {
    pub fn new(value: impl Into<Cow<'a, str>>, label: Text) -> Choice<'a> {
        Choice { value: value.into(), label, hint: None }
    }

    pub fn hint(self, hint: Text) -> Self {
        Choice { hint: Some(hint), ..self }
    }
}

/// The id of the `at`-th input of a group: the first has the field's own id.
pub(super) fn nth_id(field: &Field, at: usize) -> String {
    if at == 0 { field.id() } else { format!("{}-{}", field.id(), at + 1) }
}
