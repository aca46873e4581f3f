//! The frame in which a file of evidence is looked at, and the way to open it by itself.

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

use super::Button;
use super::Kind;

/// What is shown.
#[derive(Debug, Clone)]
pub struct Viewer<'a> {
    /// The name of the file; also the title of the frame.
    pub name: &'a str,
    pub href: &'a str,
    /// "Page 3", "Section 4.2".
    pub place: Option<Text>,
    /// A browser's own PDF viewer refuses to run in a sandboxed frame; it is a sandbox itself.
    /// Everything else gets `sandbox=""`: no scripts, no forms, no origin.
    pub pdf: bool,
    /// What everybody must know before they believe the file: that nobody scanned it, or that it is locked.
    pub note: Option<Markup>,
}

/// Draws the frame. The file's answer needs `frame-ancestors 'self'`, and the page `frame-src 'self'`.
pub fn viewer(lang: Lang, view: &Viewer) -> Markup {
    let title = match &view.place {
        Some(place) => format!("{} ({})", view.name, place.get(lang)),
        None => view.name.to_owned(),
    };
    html! {
        figure.viewer {
            figcaption {
                strong { (view.name) }
                @if let Some(place) = &view.place { span { (place.get(lang)) } }
                @if let Some(note) = &view.note { (note) }
                (Button::new(Kind::Quiet, text("ファイルだけを開く", "Open the file by itself")).small().link(lang, view.href))
            }
            iframe src=(view.href) title=(title) loading="lazy" sandbox=[(!view.pdf).then_some("")] { }
        }
    }
}

pub(super) fn example(lang: Lang) -> Markup {
    viewer(
        lang,
        &Viewer { name: "operations-rules-v3.txt", href: "about:blank", place: Some(text("3ページ", "Page 3")), pdf: false, note: None },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_pdf_is_without_sandbox() {
        let html = |pdf| viewer(Lang::Ja, &Viewer { name: "a", href: "/f#page=3", place: None, pdf, note: None }).into_string();
        assert!(html(false).contains(r#"sandbox="""#));
        assert!(!html(true).contains("sandbox"));
        assert!(html(true).contains(r#"title="a""#));
    }
}
