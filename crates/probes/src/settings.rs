//! Settings as Unix writes them: `key = value` files, and the module lines of PAM.

use std::collections::BTreeMap;

/// `key = value` or `key value`, or a bare key; `#` begins a comment. The last of two counts.
pub fn pairs(content: &str) -> BTreeMap<String, String> {
    content.lines().filter_map(|line| pair(line.split('#').next().unwrap_or(""))).collect()
}

fn pair(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let (key, value) = line.split_once(|c: char| c == '=' || c.is_whitespace()).unwrap_or((line, ""));
    let value = value.trim_start_matches(|c: char| c == '=' || c.is_whitespace());
    (!key.is_empty()).then(|| (key.to_ascii_lowercase(), value.to_owned()))
}

/// The arguments of the first active line of a stack of PAM that names `module`.
pub fn pam(content: &str, module: &str) -> Option<BTreeMap<String, String>> {
    let line =
        content.lines().map(|line| line.split('#').next().unwrap_or("")).find(|line| line.split_whitespace().any(|w| w == module))?;
    let arguments = line.split_whitespace().skip_while(|word| *word != module).skip(1);
    Some(arguments.filter_map(pair).collect())
}

/// A setting, or what counts where it is not written; none where it is no number.
pub fn number(settings: &BTreeMap<String, String>, key: &str, otherwise: i64) -> Option<i64> {
    settings.get(key).map_or(Some(otherwise), |value| value.trim().parse().ok())
}
