//! A statement of facts on a few pages, in Japanese and then in English: the certificate of an erasure, the record of a drill.

use jiff::civil::Date;
use rules::text::{Lang, Text, text};
use serde_json::{Value, json};

use crate::Error;
use crate::words::{GETA, printable};

/// What a statement says. All texts are people's or our own: they are printed, never interpreted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub title: Text,
    /// By which it is known for ever.
    pub number: String,
    /// One sentence over the facts: what is stated.
    pub says: Text,
    /// Name of each fact, and its lines.
    pub facts: Vec<(Text, Vec<Text>)>,
    /// The limits of what is stated.
    pub limits: Vec<Text>,
    /// Who states it.
    pub by: String,
    pub on: Date,
}

/// The statement as a tagged PDF/A-2b. Same input, same bytes.
pub fn statement(s: &Statement) -> Result<Vec<u8>, Error> {
    crate::page::write(include_str!("statement.typ"), &data(s), &s.number, s.on)
}

fn data(s: &Statement) -> Value {
    let part = |lang: Lang| {
        let say = |t: &Text| printable(t.get(lang).trim());
        let facts: Vec<Value> =
            s.facts.iter().map(|(name, lines)| json!({ "name": say(name), "lines": lines.iter().map(say).collect::<Vec<_>>() })).collect();
        let mut limits: Vec<String> = s.limits.iter().map(say).collect();
        if json!([facts, limits]).to_string().contains(GETA) {
            limits.push(say(&text("〓は、この書面の書体にない文字です。", "〓 stands for a character that this paper's font lacks.")));
        }
        json!({
            "lang": lang.tag(),
            "region": if lang == Lang::Ja { "jp" } else { "gb" },
            "title": say(&s.title),
            "says": say(&s.says),
            "facts": facts,
            "limits_name": say(&text("この書面が示さないこと", "What this paper does not say")),
            "limits": limits,
        })
    };
    json!({
        "title": printable(&s.title.ja),
        "number": printable(&s.number),
        "by": printable(&s.by),
        "on": s.on.to_string(),
        "parts": [part(Lang::Ja), part(Lang::En)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rules::text::worded;

    fn one(says: &str) -> Statement {
        Statement {
            title: text("消去証明書", "Certificate of Erasure"),
            number: "erasure_1".into(),
            says: worded(says, says),
            facts: (0..40)
                .map(|n| (worded(format!("項目{n}"), format!("Fact {n}")), vec![worded("値".repeat(60), "x".repeat(90)); 2]))
                .collect(),
            limits: vec![text("限界", "Limit")],
            by: "評価機構 #[evil] $x$".into(),
            on: jiff::civil::date(2026, 11, 22),
        }
    }

    #[test]
    fn a_statement_of_several_pages_is_set_and_is_the_same_bytes() {
        let made = statement(&one("消去したことを証します。")).unwrap();
        assert!(made.starts_with(b"%PDF-1.7") && made.len() > 10_000);
        assert_eq!(statement(&one("消去したことを証します。")).unwrap(), made);
        assert_ne!(statement(&one("別の文。")).unwrap(), made);
    }

    #[test]
    fn no_text_is_interpreted_and_any_can_be_set() {
        for words in ["#panic(\"x\")", "$ x $ *b* _i_ = h", "🏥\u{202e}\u{0}", "", "\\", "<a>@b"] {
            statement(&one(words)).unwrap();
        }
    }
}
