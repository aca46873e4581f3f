//! One form of a page that may have several: after a refusal it shows what was typed, with the error at its field.

use app::Error;
use maud::{Markup, html};
use rules::command::Command;
use rules::refusal::{Refusal, Why};
use rules::text::{Text, text};

use crate::answer;
use crate::components::{Fault, Field, Tone, error_summary, notice};
use crate::route::Answer;
use crate::shell::Page;
use crate::visit::Visit;

/// Which form of the page was refused, and why; nothing on a page that is simply opened.
pub type Again<'a> = Option<(&'static str, &'a Refusal)>;

/// One form. Its name sets its field ids apart from those of the other forms.
#[derive(Clone, Copy)]
pub struct Form<'a> {
    visit: &'a Visit<'a>,
    name: &'static str,
    pub refused: Option<&'a Refusal>,
}

impl<'a> Form<'a> {
    pub fn new(visit: &'a Visit<'a>, name: &'static str, again: Again<'a>) -> Form<'a> {
        Form { visit, name, refused: again.filter(|(form, _)| *form == name).map(|(_, refusal)| refusal) }
    }

    /// A field that shows what was typed where the form was refused, and otherwise what stands.
    pub fn field<'f>(&self, name: &'f str, label: Text, stands: &'f str) -> Field<'f>
    where
        'a: 'f,
    {
        let value = if self.refused.is_some() { self.visit.form.text(name) } else { stands };
        let error = self.refused.filter(|r| r.field == Some(name)).map(|r| &r.text);
        Field::new(name, label).form(self.name).value(value).error(error)
    }

    /// Whether a box is ticked: as it was sent, otherwise as it stands.
    pub fn is_on(&self, name: &str, stands: bool) -> bool {
        if self.refused.is_some() { self.visit.form.is_on(name) } else { stands }
    }

    /// The error summary of this form, or nothing. What concerns no field is no mistake in the input and says so plainly.
    pub fn summary(&self) -> Markup {
        match self.refused {
            Some(refusal) if refusal.field.is_some() => error_summary(self.visit.lang, &[self.fault(refusal)]),
            Some(refusal) => html! { div.error-summary tabindex="-1" { (notice(self.visit.lang, Tone::Danger, &refusal.text, html! {})) } },
            None => html! {},
        }
    }

    fn fault(&self, refusal: &Refusal) -> Fault {
        let at = refusal.field.map(|name| Field::new(name, refusal.text.clone()).form(self.name).id());
        Fault { at, what: refusal.text.clone() }
    }
}

/// Executes a command that a form asks for: goes on to `to`, or shows the page again with the refusal.
pub fn act(
    visit: &Visit,
    command: Result<Command, Refusal>,
    to: String,
    again: impl FnOnce(&Refusal) -> Result<Page, Error>,
) -> Result<Answer, Error> {
    let done = || visit.app.execute(visit.actor()?, command?);
    settle(done().map(|_| to), again)
}

/// Goes to the address, or shows the page again. What the visitor must not know of stays a page of its own.
pub fn settle(done: Result<String, Error>, again: impl FnOnce(&Refusal) -> Result<Page, Error>) -> Result<Answer, Error> {
    match done {
        Ok(to) => Ok(Answer::Go(to)),
        Err(Error::Refused(refusal)) if !matches!(refusal.why, Why::NotFound | Why::SignIn) || refusal.field.is_some() => {
            Ok(Answer::Refused(answer::status(refusal.why), Box::new(again(&refusal)?)))
        }
        Err(other) => Err(other),
    }
}

/// The address to go to after saving: the page then says that it is saved.
pub fn saved_at(url: &str) -> String {
    format!("{url}{}saved=1", if url.contains('?') { '&' } else { '?' })
}

/// "It is saved", on the page that follows a form; `key` is the form's `data-keep`.
pub fn saved_notice(visit: &Visit, key: &str) -> Markup {
    if visit.query.is_on("saved") {
        return crate::components::saved(visit.lang, &text("保存しました。", "Saved."), key);
    }
    html! {}
}
