//! Names inside archives: in which encoding they are, where they lead, and whether somebody can see all of them.

use encoding_rs::SHIFT_JIS;

use super::Hostile;

/// Characters that nobody sees, or that turn the direction in which the rest is read (UAX 9).
pub fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A name as it can be shown: hidden characters as their numbers, and no longer than a line.
pub fn shown(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars().take(80) {
        if is_hidden(c) {
            out.push_str(&format!("<U+{:04X}>", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    if name.chars().nth(80).is_some() {
        out.push('…');
    }
    out
}

/// A name in UTF-8, or as Japanese Windows writes it without saying so.
fn decoded(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => SHIFT_JIS.decode_without_bom_handling(raw).0.into_owned(),
    }
}

/// The name, when it stays in the folder that it is unpacked in, on every system.
pub(super) fn checked(raw: &[u8]) -> Result<String, Hostile> {
    let name = decoded(raw);
    if name.chars().any(is_hidden) {
        return Err(Hostile::Hidden { name });
    }
    let drive = name.as_bytes().get(1) == Some(&b':') && name.as_bytes()[0].is_ascii_alphabetic();
    if drive || name.starts_with(['/', '\\']) {
        return Err(Hostile::Absolute { name });
    }
    // Windows takes dots and spaces off the end of a part.
    let leads_up = |part: &str| part.starts_with("..") && part.trim_end_matches(['.', ' ']).is_empty();
    if name.split(['/', '\\']).any(leads_up) {
        return Err(Hostile::Outside { name });
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_folder_and_can_be_seen() {
        assert_eq!(checked("規程/第1章.docx".as_bytes()).unwrap(), "規程/第1章.docx");
        // 表 and ソ end in the byte of a backslash.
        let (japanese, ..) = SHIFT_JIS.encode("一覧表/ソフト..txt");
        assert_eq!(checked(&japanese).unwrap(), "一覧表/ソフト..txt");
        assert!(matches!(checked(b"a/../../b"), Err(Hostile::Outside { .. })));
        assert!(matches!(checked(b"a\\..\\b"), Err(Hostile::Outside { .. })));
        assert!(matches!(checked(b"a/.. /b"), Err(Hostile::Outside { .. })));
        assert!(matches!(checked(b"/etc/passwd"), Err(Hostile::Absolute { .. })));
        assert!(matches!(checked(b"C:\\a"), Err(Hostile::Absolute { .. })));
        assert!(matches!(checked(b"\\\\host\\a"), Err(Hostile::Absolute { .. })));
        assert!(matches!(checked("a\u{202e}fdp.exe".as_bytes()), Err(Hostile::Hidden { .. })));
        assert!(matches!(checked(b"a\nb"), Err(Hostile::Hidden { .. })));
        assert_eq!(shown("a\u{202e}b"), "a<U+202E>b");
        assert_eq!(shown(&"長".repeat(100)).chars().count(), 81);
    }
}
