//! A text as a square that a telephone's camera reads (ISO/IEC 18004).

use maud::{Markup, html};
use qrcode::{Color, EcLevel, QrCode};
use rules::text::{Lang, text};

/// Empty modules around the square, which readers need.
const MARGIN: usize = 4;

/// The square as inline SVG, dark on light in every colour scheme; nothing where the text is too long for one.
pub fn code_picture(lang: Lang, content: &str) -> Markup {
    let Ok(code) = QrCode::with_error_correction_level(content, EcLevel::M) else { return html! {} };
    let width = code.width();
    let size = width + 2 * MARGIN;
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            path.push_str(&format!("M{} {}h1v1h-1z", at % width + MARGIN, at / width + MARGIN));
        }
    }
    let name = text(
        "認証アプリで読み取る図。キーは下に文字でも表示しています。",
        "A square for an authenticator app; its key stands below as text.",
    );
    html! {
        svg.code-picture role="img" viewBox={ "0 0 " (size) " " (size) } width="240" height="240" {
            title { (name.get(lang)) }
            rect width=(size) height=(size) fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_becomes_a_square_and_what_is_too_long_becomes_nothing() {
        let made = code_picture(Lang::Ja, "otpauth://totp/Akashi:a@example.jp?secret=ABC").into_string();
        assert!(made.contains("<svg") && made.contains("M4 4h1v1h-1z"), "the corner is dark");
        assert_eq!(code_picture(Lang::Ja, &"x".repeat(5000)).into_string(), "");
    }
}
