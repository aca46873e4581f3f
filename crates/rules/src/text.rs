//! Words that people read, in both languages side by side.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The language a person reads. Japanese is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    #[default]
    Ja,
    En,
}

impl Lang {
    /// The BCP 47 tag for `lang=` attributes.
    pub const fn tag(self) -> &'static str {
        match self {
            Lang::Ja => "ja",
            Lang::En => "en",
        }
    }

    /// Reads a BCP 47 tag such as `en-GB`; anything but English is Japanese.
    pub fn from_tag(tag: &str) -> Lang {
        if tag.trim().to_ascii_lowercase().starts_with("en") { Lang::En } else { Lang::Ja }
    }
}

/// One text in both languages; there is no way to write only one of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Text {
    pub ja: Cow<'static, str>,
    pub en: Cow<'static, str>,
}

/// A fixed text: `text("保存", "Save")`.
pub const fn text(ja: &'static str, en: &'static str) -> Text {
    Text { ja: Cow::Borrowed(ja), en: Cow::Borrowed(en) }
}

/// A text with values in it: `worded(format!("{n}件"), format!("{n} items"))`.
pub fn worded(ja: impl Into<String>, en: impl Into<String>) -> Text {
    Text { ja: Cow::Owned(ja.into()), en: Cow::Owned(en.into()) }
}

impl Text {
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ja => &self.ja,
            Lang::En => &self.en,
        }
    }
}
