//! What somebody wanted when a sign-in or a proof had to come first: it travels along in hidden fields and is sent afterwards.

use maud::{Markup, html};
use rules::text::Text;

use crate::components::{CSRF_FIELD, Kind, csrf, submit};
use crate::session;
use crate::visit::{Fields, Visit};

/// The prefix of the fields of a form that waits.
const KEPT: &str = "kept.";
/// What proves who somebody is never stands in a page; the form that waits asks for it again.
const PROOFS: [&str; 4] = ["password", "current", "code", "passkey"];

/// Where somebody wanted to go, or the form they had sent there.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    to: String,
    posted: bool,
    fields: Fields,
}

impl Kept {
    /// What this request asked for.
    pub fn of_request(visit: &Visit, posted: bool) -> Kept {
        let mut fields = Fields::default();
        if posted {
            let typed = visit.form.0.iter().filter(|(name, _)| name != CSRF_FIELD && !PROOFS.contains(&name.as_str()));
            fields.0 = typed.map(|(name, value)| (format!("{KEPT}{name}"), value.clone())).collect();
        }
        Kept { to: visit.here.clone(), posted, fields }
    }

    /// An address alone; an empty one where somebody simply signs in.
    pub fn of_address(to: String) -> Kept {
        Kept { to, ..Kept::default() }
    }

    /// What a page of the sign-in carries: a form of it brings it back, a link names the address alone.
    pub fn of_step(visit: &Visit) -> Kept {
        let form = &visit.form;
        let fields = Fields(form.0.iter().filter(|(name, _)| name.starts_with(KEPT)).cloned().collect());
        Kept { to: form.get("to").unwrap_or(visit.query.text("to")).to_owned(), posted: form.is_on("posted"), fields }
    }

    /// The address to go to; nothing where somebody simply signs in.
    pub fn to(&self) -> Option<&str> {
        Some(self.to.as_str()).filter(|to| !to.is_empty() && *to != "/")
    }

    /// A form waits, not only an address.
    pub const fn is_form(&self) -> bool {
        self.posted
    }

    /// The address of a step, with the address that waits.
    pub fn after(&self, step: &str) -> String {
        match self.to() {
            Some(to) => {
                let to: String = form_urlencoded::byte_serialize(to.as_bytes()).collect();
                format!("{step}{}to={to}", if step.contains('?') { '&' } else { '?' })
            }
            None => step.to_owned(),
        }
    }

    /// For every form on the way.
    pub fn hidden(&self) -> Markup {
        html! {
            @if !self.to.is_empty() { input type="hidden" name="to" value=(self.to); }
            @if self.posted { input type="hidden" name="posted" value="1"; }
            @for (name, value) in &self.fields.0 { input type="hidden" name=(name) value=(value); }
        }
    }

    /// Sends the form that waits; one press of a button, and no script is needed.
    pub fn send(&self, visit: &Visit, label: &Text) -> Markup {
        html! {
            form method="post" action=(session::inside(&self.to)) {
                (csrf(&visit.csrf))
                // Once only: a form that waits may itself carry a form that waits.
                @for (name, value) in &self.fields.0 { input type="hidden" name=(name.strip_prefix(KEPT).unwrap_or(name)) value=(value); }
                (submit(visit.lang, Kind::Primary, label))
            }
        }
    }
}
