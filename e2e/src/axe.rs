//! axe-core's findings: what keeps people with disabilities from using a page.

use std::fmt;
use std::path::Path;

use serde::Deserialize;

/// One rule of axe-core that the page breaks.
#[derive(Debug, Clone, Deserialize)]
pub struct Violation {
    /// The rule, such as `color-contrast`.
    pub id: String,
    /// `minor`, `moderate`, `serious` or `critical`.
    #[serde(default)]
    pub impact: Option<String>,
    pub help: String,
    /// Selector and HTML of each faulty element.
    pub places: Vec<String>,
}

impl Violation {
    pub fn is_serious(&self) -> bool {
        matches!(self.impact.as_deref(), Some("serious" | "critical"))
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let impact = self.impact.as_deref().unwrap_or("?");
        write!(f, "{} ({impact}): {}\n    {}", self.id, self.help, self.places.join("\n    "))
    }
}

/// The library's source; `Err` says how to get it.
pub fn source() -> Result<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(path).map_err(|_| "axe-core is missing; run `npm ci` in e2e/".to_owned())
}

/// Runs every rule of WCAG 2.2 A and AA and axe's best practices; the answer goes to the last argument.
pub const RUN: &str = r#"
const done = arguments[arguments.length - 1];
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] }).then(
  (result) => done(result.violations.map((v) => ({
    id: v.id, impact: v.impact, help: v.help,
    places: v.nodes.map((n) => n.target.join(" ") + "  " + n.html),
  }))),
  (fault) => done([{ id: "axe-did-not-run", impact: "critical", help: String(fault), places: [] }]),
);
"#;
