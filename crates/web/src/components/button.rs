//! Buttons, links that look like buttons, and the row they stand in.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

/// How much a button asks to be pressed. One primary per form; danger for what cannot be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    #[default]
    Primary,
    Secondary,
    Quiet,
    Danger,
}

impl Kind {
    const fn class(self) -> &'static str {
        match self {
            Kind::Primary => "primary",
            Kind::Secondary => "secondary",
            Kind::Quiet => "quiet",
            Kind::Danger => "danger",
        }
    }
}

/// A submit button that can carry a name and value, a shortcut key, or be small.
#[derive(Debug, Clone)]
pub struct Button<'a> {
    pub label: Text,
    pub kind: Kind,
    /// `name` and `value` sent when this button submits the form.
    pub act: Option<(&'a str, &'a str)>,
    /// The key that presses it, shown beside the label.
    pub key: Option<&'a str>,
    pub small: bool,
    pub disabled: bool,
    /// Said to screen readers after the label when several buttons look alike ("item 12").
    pub about: Option<Text>,
}

impl<'a> Button<'a> {
    pub fn new(kind: Kind, label: Text) -> Button<'a> {
        Button { label, kind, act: None, key: None, small: false, disabled: false, about: None }
    }

    pub fn act(self, name: &'a str, value: &'a str) -> Self {
        Button { act: Some((name, value)), ..self }
    }

    pub fn key(self, key: &'a str) -> Self {
        Button { key: Some(key), ..self }
    }

    pub fn small(self) -> Self {
        Button { small: true, ..self }
    }

    pub fn disabled(self, disabled: bool) -> Self {
        Button { disabled, ..self }
    }

    pub fn about(self, about: Text) -> Self {
        Button { about: Some(about), ..self }
    }

    /// As a submit button.
    pub fn submit(&self, lang: Lang) -> Markup {
        html! {
            button.button.(self.kind.class()).small[self.small] type="submit" name=[self.act.map(|a| a.0)] value=[self.act.map(|a| a.1)]
                data-key=[self.key] aria-keyshortcuts=[self.key] disabled[self.disabled] { (self.inside(lang)) }
        }
    }

    /// As a link to `href`.
    pub fn link(&self, lang: Lang, href: &str) -> Markup {
        html! {
            a.button.(self.kind.class()).small[self.small] href=(href) data-key=[self.key] aria-keyshortcuts=[self.key] { (self.inside(lang)) }
        }
    }

    fn inside(&self, lang: Lang) -> Markup {
        html! {
            (self.label.get(lang))
            @if let Some(about) = &self.about { span.hidden-text { " " (about.get(lang)) } }
            @if let Some(key) = self.key { kbd aria-hidden="true" { (key) } }
        }
    }
}

/// A plain submit button.
pub fn submit(lang: Lang, kind: Kind, label: &Text) -> Markup {
    Button::new(kind, label.clone()).submit(lang)
}

/// A link that looks like a button.
pub fn link_button(lang: Lang, kind: Kind, label: &Text, href: &str) -> Markup {
    Button::new(kind, label.clone()).link(lang, href)
}

/// A row of buttons, the primary one first.
pub fn actions(buttons: Markup) -> Markup {
    html! { div.actions { (buttons) } }
}

pub(super) fn example(lang: Lang) -> Markup {
    actions(html! {
        (submit(lang, Kind::Primary, &text("保存する", "Save")))
        (submit(lang, Kind::Secondary, &text("下書きに戻す", "Back to draft")))
        (submit(lang, Kind::Danger, &text("申請を取り下げる", "Withdraw the application")))
        (submit(lang, Kind::Quiet, &text("やめる", "Cancel")))
        (link_button(lang, Kind::Secondary, &text("Excelで書き出す", "Export to Excel"), "#"))
        (Button::new(Kind::Secondary, text("次の項目", "Next item")).key("j").link(lang, "#"))
        (Button::new(Kind::Secondary, text("承認する", "Approve")).act("act", "approve").small().about(text("項目12", "item 12")).submit(lang))
        (Button::new(Kind::Primary, text("提出する", "Submit")).disabled(true).submit(lang))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_sends_its_name_and_says_its_key() {
        let html = Button::new(Kind::Primary, text("保存", "Save")).act("act", "save").key("s").submit(Lang::En).into_string();
        assert!(html.contains(r#"name="act" value="save" data-key="s" aria-keyshortcuts="s""#), "{html}");
        assert!(html.contains("Save"));
    }
}
