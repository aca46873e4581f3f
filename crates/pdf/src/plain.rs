//! A plain document: a title, who wrote it, and chapters, each on a page of its own.

use jiff::civil::Date;
use serde_json::json;

use crate::Error;
use crate::words::printable;

/// Sets a document of chapters (heading, text). The title page is page 1, so chapter n is on page n + 1.
pub fn plain(title: &str, author: &str, chapters: &[(&str, &str)], issued_on: Date) -> Result<Vec<u8>, Error> {
    let chapters: Vec<_> =
        chapters.iter().map(|(heading, body)| json!({ "heading": printable(heading), "body": printable(body) })).collect();
    let data = json!({ "title": printable(title), "author": printable(author), "date": issued_on.to_string(), "chapters": chapters });
    crate::page::write(include_str!("plain.typ"), &data, title, issued_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chapters_are_set_as_text_never_as_markup() {
        let day = jiff::civil::date(2026, 11, 22);
        let once = plain("規程", "事業者", &[("第1章 #import \"x\"", "*本文* $x$ \\ #read(\"/etc/passwd\")")], day).unwrap();
        assert!(once.starts_with(b"%PDF-"));
        assert_eq!(once, plain("規程", "事業者", &[("第1章 #import \"x\"", "*本文* $x$ \\ #read(\"/etc/passwd\")")], day).unwrap());
    }
}
