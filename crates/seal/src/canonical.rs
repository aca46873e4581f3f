//! Canonical JSON: one value has exactly one text, so a digest of the text is a digest of the value.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// The largest whole number every JSON reader keeps exactly: 2^53 - 1 (RFC 7493).
const LARGEST: u64 = (1 << 53) - 1;

/// The value has no canonical text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotCanonical {
    /// Where in the value, as a JSON pointer (RFC 6901); empty for the whole.
    pub at: String,
    pub reason: String,
}

impl fmt::Display for NotCanonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no canonical JSON at '{}': {}", self.at, self.reason)
    }
}
impl std::error::Error for NotCanonical {}

/// Writes a value by RFC 8785, narrowed: keys sorted by UTF-16 code units, no white space, whole numbers only.
///
/// Fails on fractions, on whole numbers beyond ±(2^53 - 1), and on values that `serde_json` cannot hold.
pub fn canonical(value: &impl Serialize) -> Result<String, NotCanonical> {
    let value = serde_json::to_value(value).map_err(|e| NotCanonical { at: String::new(), reason: e.to_string() })?;
    let mut out = String::new();
    let mut path = Vec::new();
    write(&value, &mut path, &mut out)?;
    Ok(out)
}

fn write<'a>(value: &'a Value, path: &mut Vec<&'a str>, out: &mut String) -> Result<(), NotCanonical> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => {
            let size = n.as_u64().or_else(|| n.as_i64().map(i64::unsigned_abs));
            if size.is_none_or(|size| size > LARGEST) {
                return Err(NotCanonical { at: pointer(path), reason: format!("{n} is not a whole number within ±(2^53 - 1)") });
            }
            out.push_str(&n.to_string());
        }
        Value::String(s) => quote(s, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                path.push("-");
                write(item, path, out)?;
                path.pop();
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut keys: Vec<&'a String> = map.keys().collect();
            keys.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                quote(key, out);
                out.push(':');
                path.push(key);
                write(&map[key], path, out)?;
                path.pop();
            }
            out.push('}');
        }
    }
    Ok(())
}

/// `serde_json` escapes strings just as RFC 8785 wants: the short forms, \u00xx in lower case, all else as it is.
fn quote(s: &str, out: &mut String) {
    out.push_str(&Value::from(s).to_string());
}

fn pointer(path: &[&str]) -> String {
    path.iter().map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn keys_are_sorted_at_every_depth_and_nothing_is_padded() {
        let value = json!({"b": [1, {"z": null, "a": true}], "a": "対応策\n\u{1}", "": -3});
        assert_eq!(canonical(&value).unwrap(), r#"{"":-3,"a":"対応策\n\u0001","b":[1,{"a":true,"z":null}]}"#);
    }

    #[test]
    fn keys_sort_by_utf16_as_rfc_8785_section_3_2_3_shows() {
        let value = json!({"\u{20ac}": 1, "\r": 2, "\u{fb33}": 3, "1": 4, "\u{1f600}": 5, "\u{80}": 6, "\u{f6}": 7});
        let text = canonical(&value).unwrap();
        let order: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(
            order.into_iter().collect::<String>(),
            "2146".to_owned() + "7153",
            "keys: \\r, 1, U+0080, U+00F6, U+20AC, U+1F600, U+FB33; {text}"
        );
    }

    #[test]
    fn fractions_and_numbers_that_readers_round_are_refused() {
        assert_eq!(canonical(&json!({"a": {"b/c": 0.5}})).unwrap_err().at, "/a/b~1c");
        assert!(canonical(&json!(1_u64 << 53)).is_err());
        assert!(canonical(&json!(-(1_i64 << 53))).is_err());
        assert_eq!(canonical(&json!((1_u64 << 53) - 1)).unwrap(), "9007199254740991");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<String>().prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map(any::<String>(), inner, 0..6).prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_text_reads_back_as_the_value_and_is_its_own_canonical_text(value in any_json()) {
            let text = canonical(&value).unwrap();
            let back: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&back, &value);
            prop_assert_eq!(canonical(&back).unwrap(), text);
        }
    }
}
