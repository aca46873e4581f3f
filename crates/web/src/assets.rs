//! The files a browser loads: styles, scripts, the mark. Embedded, and named by their content so that they may be cached for ever.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::sync::OnceLock;

use include_dir::{Dir, include_dir};

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/assets");

/// Where the router serves [`get`].
pub const PREFIX: &str = "/assets/";

/// What to send with an asset: its name changes whenever its content does.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// One embedded file.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    pub bytes: &'static [u8],
    pub content_type: &'static str,
}

/// The address of the file `name` of `assets/`, for example `/assets/akashi.0f3a….css`.
///
/// # Panics
/// When there is no such file: names are literals in our own pages, so this is a fault a page test finds.
pub fn href(name: &str) -> String {
    match hashed_names().get(name) {
        Some(hashed) => format!("{PREFIX}{hashed}"),
        None => panic!("there is no file {name} in crates/web/assets"),
    }
}

/// The file at `path` (what follows [`PREFIX`]), if the name carries the hash of today's content.
pub fn get(path: &str) -> Option<Asset> {
    let (name, _) = hashed_names().iter().find(|(_, hashed)| hashed.as_str() == path)?;
    let bytes = FILES.get_file(name)?.contents();
    Some(Asset { bytes, content_type: content_type(name) })
}

fn hashed_names() -> &'static BTreeMap<&'static str, String> {
    static NAMES: OnceLock<BTreeMap<&'static str, String>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let named = FILES.files().filter_map(|file| {
            let name = file.path().to_str()?;
            let (stem, ending) = name.rsplit_once('.')?;
            // Only browsers' caches look at this hash: a fixed-key SipHash is enough.
            let mut hasher = DefaultHasher::new();
            hasher.write(file.contents());
            Some((name, format!("{stem}.{:016x}.{ending}", hasher.finish())))
        });
        named.collect()
    })
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_its_hashed_name_only() {
        let href = href("akashi.css");
        let asset = get(href.strip_prefix(PREFIX).unwrap()).unwrap();
        assert_eq!(asset.content_type, "text/css; charset=utf-8");
        assert!(asset.bytes.starts_with(b"/*"));
        assert!(get("akashi.css").is_none());
        assert!(get("akashi.0000000000000000.css").is_none());
        assert!(get("../Cargo.toml").is_none());
    }

    #[test]
    fn the_style_sheet_stays_small_and_every_vendored_file_has_its_licence() {
        assert!(FILES.get_file("akashi.css").unwrap().contents().len() < 30_000);
        for licence in ["licences/htmx.txt", "licences/digital-go-jp-design-tokens.txt"] {
            assert!(FILES.get_file(licence).is_some(), "{licence} is missing");
        }
    }

    /// WCAG 2.2, 1.4.3 and 1.4.11, for both colour schemes.
    #[test]
    fn every_text_and_ground_pair_has_enough_contrast() {
        let css = FILES.get_file("akashi.css").unwrap().contents_utf8().unwrap();
        let (light_css, rest) = css.split_once("@media screen and (prefers-color-scheme: dark)").unwrap();
        let dark_css = rest.split_once("/* Ground */").unwrap().0;
        let light = variables(light_css);
        let mut dark = light.clone();
        dark.extend(variables(dark_css));
        let mut faults = Vec::new();
        for (scheme, values) in [("light", &light), ("dark", &dark)] {
            for (front, back, least) in PAIRS {
                let ratio = contrast(colour(values, front), colour(values, back));
                if ratio < *least {
                    faults.push(format!("{scheme}: {front} on {back} is {ratio:.2}, needs {least}"));
                }
            }
        }
        assert!(faults.is_empty(), "{faults:#?}");
    }

    const PAIRS: &[(&str, &str, f64)] = &[
        ("text", "ground", 4.5),
        ("text", "surface", 4.5),
        ("text", "sunken", 4.5),
        ("text", "chosen", 4.5),
        ("muted", "ground", 4.5),
        ("muted", "surface", 4.5),
        ("muted", "sunken", 4.5),
        ("muted", "chosen", 4.5),
        ("link", "ground", 4.5),
        ("link", "sunken", 4.5),
        ("link", "chosen", 4.5),
        ("visited", "ground", 4.5),
        ("visited", "sunken", 4.5),
        ("link-hover", "sunken", 4.5),
        ("primary", "surface", 4.5),
        ("primary-hover", "chosen", 4.5),
        ("on-primary", "primary", 4.5),
        ("on-primary", "primary-hover", 4.5),
        ("on-danger", "danger", 4.5),
        ("on-danger", "danger-hover", 4.5),
        ("danger-text", "ground", 4.5),
        ("danger-text", "surface", 4.5),
        ("danger-text", "sunken", 4.5),
        ("info-text", "info-ground", 4.5),
        ("info-text", "surface", 4.5),
        ("success-text", "success-ground", 4.5),
        ("success-text", "surface", 4.5),
        ("warn-text", "warn-ground", 4.5),
        ("warn-text", "surface", 4.5),
        ("danger-text", "danger-ground", 4.5),
        ("neutral-text", "neutral-ground", 4.5),
        ("neutral-text", "surface", 4.5),
        ("line-strong", "surface", 3.0),
        ("line-strong", "ground", 3.0),
        ("ring", "ground", 3.0),
        ("ring", "sunken", 3.0),
        ("chart-good", "ground", 3.0),
        ("chart-bad", "ground", 3.0),
        ("chart-ready", "ground", 3.0),
        ("chart-ink", "ground", 3.0),
        ("chart-ink", "chart-out", 3.0),
    ];

    fn variables(css: &str) -> BTreeMap<String, String> {
        let css: String = css.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, after)| after)).collect();
        let declarations = css.split([';', '{', '}']).filter_map(|part| part.trim().strip_prefix("--")?.split_once(':'));
        declarations.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
    }

    fn colour(values: &BTreeMap<String, String>, name: &str) -> [f64; 3] {
        let value = values.get(name).unwrap_or_else(|| panic!("--{name} is not set"));
        match value.strip_prefix("var(--").and_then(|rest| rest.strip_suffix(')')) {
            Some(other) => colour(values, other),
            None => {
                let number = u32::from_str_radix(value.trim_start_matches('#'), 16).unwrap();
                [16, 8, 0].map(|shift| f64::from((number >> shift) & 0xff) / 255.0)
            }
        }
    }

    /// The ratio as WCAG defines it, 1 to 21.
    fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
        let linear = |c: f64| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
        let light = |[r, g, b]: [f64; 3]| 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
        let (a, b) = (light(a), light(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }
}
