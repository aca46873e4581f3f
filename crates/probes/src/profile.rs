//! Profiles: the figures that probes compare with, as files of the catalogue with their sources.

use rules::text::Text;
use serde::Deserialize;

/// One guideline's figures.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub id: String,
    pub title: Text,
    pub source: Text,
    /// Whether the figures were compared with the primary text.
    pub verified: bool,
    /// Ways to rule passwords; one of them is enough (item 80(3)).
    pub passwords: Vec<PasswordRule>,
    /// Days after which a password must be changed where there is no second factor (item 82).
    pub expiry_days: Option<u32>,
    pub limits: Limits,
}

/// A way to rule passwords.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordRule {
    /// In characters.
    pub shortest: u32,
    /// Kinds of characters: capital, small, digit, other.
    pub classes: u32,
    #[serde(default)]
    pub random: bool,
    #[serde(default)]
    pub second_factor: bool,
    pub max_age_days: Option<u32>,
}

/// Figures that the sheet does not name; proposed defaults.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Failed attempts before the lock, at most.
    pub lock_after: u32,
    /// How long the lock lasts, at least, in seconds.
    pub lock_seconds: u32,
    /// The pause after a failure, at least, in microseconds.
    pub delay_micros: u32,
    /// Age of virus definitions that is good, in hours.
    pub definitions_pass_hours: i64,
    /// Age of virus definitions that is still good with a warning, in hours.
    pub definitions_warn_hours: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    profiles: Vec<Profile>,
}

/// Reads a file of profiles, as `catalog/profiles/probes.toml`.
///
/// # Errors
/// What TOML says is wrong, with line and column.
pub fn profiles(content: &str) -> Result<Vec<Profile>, String> {
    toml::from_str::<File>(content).map(|file| file.profiles).map_err(|error| error.to_string())
}
