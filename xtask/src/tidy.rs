//! The rules of the house that no compiler knows; each is a named function, and all faults are told at once.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::{Command, ExitCode};

/// A rule: its name, and what finds the places that break it.
type Check = (&'static str, fn(&Tree, &mut Vec<Fault>));

static CHECKS: &[Check] = &[
    ("opens with a sentence", opens_with_a_sentence),
    ("fits into a head", fits_into_a_head),
    ("no unwrap", no_unwrap),
    ("SQL lives in store", sql_lives_in_store),
    ("HTML lives in web", html_lives_in_web),
    ("crates know only what they may", crates_know_only_what_they_may),
    ("dependencies stand once", dependencies_stand_once),
    ("house files exist", house_files_exist),
    ("named paths exist", named_paths_exist),
    ("named tests exist", named_tests_exist),
    ("no tabs, no trailing space", no_stray_space),
    ("text is plain UTF-8", text_is_plain_utf8),
    ("no word of the workshop", no_word_of_the_workshop),
    ("no work left in comments", no_work_left_in_comments),
    ("glossary is complete", glossary_is_complete),
];

/// Lines of one hand-written file, without its tests.
const LONGEST: usize = 400;

/// Files that are longer all the same, with the length they may have. This list may only shrink.
const LONG: &[(&str, usize)] = &[];

/// Which crate of ours may know which.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("rules", &[]),
    ("seal", &[]),
    ("identity", &["rules"]),
    ("store", &["rules", "seal"]),
    ("documents", &["rules"]),
    ("probes", &["rules"]),
    ("pdf", &["rules"]),
    ("app", &["rules", "seal", "identity", "store", "documents", "pdf"]),
    ("web", &["app", "rules"]),
    ("disk", &[]),
    ("mechanisms", &["rules", "seal", "identity", "store", "app", "web"]),
];

/// These start things or check them, so they may know everything.
const MAY_KNOW_ALL: &[&str] = &["cli", "xtask", "e2e", "fuzz"];

const HOUSE: &[&str] = &[
    "README.md",
    "README.ja.md",
    "ARCHITECTURE.md",
    "GLOSSARY.md",
    "STYLE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

/// The files of the repository by path, `/` between names.
#[derive(Default)]
struct Tree {
    files: BTreeMap<String, Vec<u8>>,
}

/// One place that breaks a rule.
struct Fault {
    path: String,
    line: Option<usize>,
    says: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.says),
            None => write!(f, "{}: {}", self.path, self.says),
        }
    }
}

/// Checks the repository at `root` and prints every fault; fails if there is one.
pub fn run(root: &Path) -> ExitCode {
    let tree = match Tree::read(root) {
        Ok(tree) => tree,
        Err(why) => {
            eprintln!("tidy cannot read the tree: {why}");
            return ExitCode::FAILURE;
        }
    };
    let faults = told(&tree);
    for fault in &faults {
        println!("{fault}");
    }
    println!("tidy: {} files, {} rules, {} faults", tree.files.len(), CHECKS.len(), faults.len());
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn told(tree: &Tree) -> Vec<String> {
    let mut all = Vec::new();
    for (name, check) in CHECKS {
        let mut faults = Vec::new();
        check(tree, &mut faults);
        all.extend(faults.iter().map(|fault| format!("{fault} [{name}]")));
    }
    all
}

impl Tree {
    /// Every file that git tracks or would add.
    fn read(root: &Path) -> Result<Tree, String> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .map_err(|e| format!("git does not start: {e}"))?;
        if !listed.status.success() {
            return Err(String::from_utf8_lossy(&listed.stderr).into_owned());
        }
        let paths = String::from_utf8(listed.stdout).map_err(|_| "a path is not UTF-8".to_owned())?;
        let mut files = BTreeMap::new();
        for path in paths.split('\0').filter(|path| !path.is_empty()) {
            // A tracked file that was just deleted is no fault of its own.
            if let Ok(bytes) = std::fs::read(root.join(path)) {
                files.insert(path.to_owned(), bytes);
            }
        }
        Ok(Tree { files })
    }

    /// Path and text of the files with one of these endings; what is not UTF-8 has a check of its own.
    fn texts<'t>(&'t self, endings: &'t [&str]) -> impl Iterator<Item = (&'t str, &'t str)> {
        self.files
            .iter()
            .filter(|(path, _)| endings.iter().any(|ending| path.ends_with(ending)))
            .filter_map(|(path, bytes)| Some((path.as_str(), std::str::from_utf8(bytes).ok()?)))
    }

    /// Rust that runs for users: without tests, xtask and e2e, each line with its number, comments left out.
    fn product_lines(&self) -> impl Iterator<Item = (&str, usize, &str)> {
        self.texts(&[".rs"]).filter(|(path, _)| !is_test(path)).flat_map(|(path, text)| {
            let lines = without_tests(text).lines().enumerate();
            lines.filter(|(_, line)| !line.trim_start().starts_with("//")).map(move |(n, line)| (path, n + 1, line))
        })
    }

    fn text(&self, path: &str) -> &str {
        self.files.get(path).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.files.contains_key(path) || self.files.keys().any(|file| file.starts_with(&folder))
    }
}

fn is_test(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts[0], "xtask" | "e2e" | "fixtures")
        || parts.iter().any(|part| matches!(*part, "tests" | "examples" | "benches"))
        || path.ends_with("/tests.rs")
}

/// The text up to its module of tests; nothing of a file that is one as a whole.
fn without_tests(text: &str) -> &str {
    if text.lines().take(5).any(|line| line == "#![cfg(test)]") {
        return "";
    }
    let starts = ["#[cfg(test)]\nmod ", "#[cfg(test)]\npub(crate) mod "];
    starts.iter().filter_map(|start| text.find(start)).min().map_or(text, |at| &text[..at])
}

/// Written by others and kept as it came, or written by a program.
fn is_foreign(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "Cargo.lock" | "package-lock.json" | "OFL.txt")
        || name.starts_with("LICENSE")
        || path.contains("/vendor/")
        || name.contains(".min.")
        || path.starts_with("fixtures/")
}

fn fault(faults: &mut Vec<Fault>, path: &str, line: impl Into<Option<usize>>, says: impl Into<String>) {
    faults.push(Fault { path: path.to_owned(), line: line.into(), says: says.into() });
}

fn opens_with_a_sentence(tree: &Tree, faults: &mut Vec<Fault>) {
    for (path, text) in tree.texts(&[".rs"]) {
        if !text.lines().take(3).any(|line| line.starts_with("//! ")) {
            fault(faults, path, 1, "open the file with one `//!` sentence for a newcomer");
        }
    }
}

fn fits_into_a_head(tree: &Tree, faults: &mut Vec<Fault>) {
    for (path, text) in tree.texts(&[".rs"]).filter(|(path, _)| !is_test(path) || path.starts_with("xtask")) {
        let lines = without_tests(text).lines().count();
        match LONG.iter().find(|(long, _)| *long == path) {
            None if lines > LONGEST => {
                fault(faults, path, None, format!("{lines} lines without tests; split it by ideas (at most {LONGEST})"));
            }
            Some((_, allowed)) if lines > *allowed => {
                fault(faults, path, None, format!("grew from {allowed} to {lines} lines; split it by ideas"));
            }
            Some(_) if lines <= LONGEST => fault(faults, path, None, "is short now: take it off the list in tidy.rs"),
            _ => {}
        }
    }
}

fn no_unwrap(tree: &Tree, faults: &mut Vec<Fault>) {
    for (path, n, _) in tree.product_lines().filter(|(_, _, line)| line.contains(".unwrap()")) {
        fault(faults, path, n, "say why it cannot fail with `expect`, or handle the failure");
    }
}

fn sql_lives_in_store(tree: &Tree, faults: &mut Vec<Fault>) {
    let words = ["SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "ALTER TABLE "];
    for (path, n, line) in tree.product_lines().filter(|(path, ..)| !path.starts_with("crates/store/")) {
        if words.iter().any(|word| line.contains(word)) {
            fault(faults, path, n, "SQL outside crates/store");
        }
    }
}

fn html_lives_in_web(tree: &Tree, faults: &mut Vec<Fault>) {
    for (path, n, line) in tree.product_lines().filter(|(path, ..)| !path.starts_with("crates/web/")) {
        if line.contains("html!") || line.contains("maud::") {
            fault(faults, path, n, "HTML outside crates/web");
        }
    }
}

/// The manifests of our crates by name.
fn manifests<'t>(tree: &'t Tree, faults: &mut Vec<Fault>) -> Vec<(&'t str, &'t str, toml::Table)> {
    let mut found = Vec::new();
    for (path, text) in tree.texts(&["/Cargo.toml"]) {
        let name = path.trim_end_matches("/Cargo.toml").rsplit('/').next().unwrap_or(path);
        match text.parse() {
            Ok(manifest) => found.push((path, name, manifest)),
            Err(why) => fault(faults, path, None, format!("cannot be read: {why}")),
        }
    }
    found
}

fn crates_know_only_what_they_may(tree: &Tree, faults: &mut Vec<Fault>) {
    let manifests = manifests(tree, faults);
    let ours: Vec<&str> = manifests.iter().map(|(_, name, _)| *name).collect();
    let architecture = tree.text("ARCHITECTURE.md");
    for (path, name, manifest) in &manifests {
        if MAY_KNOW_ALL.contains(name) {
            continue;
        }
        let Some((_, may)) = MAY_KNOW.iter().find(|(known, _)| known == name) else {
            fault(faults, path, None, "a new crate: say in tidy.rs and ARCHITECTURE.md what it may know");
            continue;
        };
        let knows = manifest.get("dependencies").and_then(|table| table.as_table()).into_iter().flat_map(|table| table.keys());
        for other in knows.filter(|other| ours.contains(&other.as_str()) && !may.contains(&other.as_str())) {
            fault(faults, path, None, format!("`{name}` must not know `{other}`"));
        }
        let listed: Vec<String> = may.iter().map(|other| format!("`{other}`")).collect();
        let stated = format!("`{name}` → {}", if listed.is_empty() { "nothing".to_owned() } else { listed.join(", ") });
        if tree.has("ARCHITECTURE.md") && !architecture.contains(&stated) {
            fault(faults, "ARCHITECTURE.md", None, format!("must say: {stated}"));
        }
    }
}

fn dependencies_stand_once(tree: &Tree, faults: &mut Vec<Fault>) {
    for (path, _, manifest) in manifests(tree, faults) {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let table = manifest.get(section).and_then(|table| table.as_table());
            for (name, how) in table.into_iter().flatten() {
                if how.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
                    fault(faults, path, None, format!("write `{name}.workspace = true`; versions stand in the root Cargo.toml"));
                }
            }
        }
    }
}

fn house_files_exist(tree: &Tree, faults: &mut Vec<Fault>) {
    for path in HOUSE.iter().filter(|path| !tree.has(path)) {
        fault(faults, path, None, "is missing");
    }
}

/// Paths in backticks and links of the texts that newcomers read.
fn named_paths_exist(tree: &Tree, faults: &mut Vec<Fault>) {
    let tops = ["crates", "catalog", "docs", "fixtures", "e2e", "xtask", ".ci", ".cargo"];
    for (path, text) in tree.texts(&[".md"]).filter(|(path, _)| !path.contains('/') && *path != "CHANGELOG.md") {
        for (n, line) in text.lines().enumerate() {
            let quoted = line.split('`').skip(1).step_by(2).filter(|words| {
                words.split_once('/').is_some_and(|(top, _)| tops.contains(&top)) && !words.contains(['<', '*', '…', ' ', '{'])
            });
            let linked = line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
            let linked = linked.filter(|link| !link.is_empty() && !link.contains(':'));
            for named in quoted.chain(linked) {
                if !tree.has(named.trim_start_matches("./")) {
                    fault(faults, path, n + 1, format!("names `{named}`, which does not exist"));
                }
            }
        }
    }
}

/// Pages whose claims name the tests that show them.
const CLAIMS: [&str; 2] = ["ARCHITECTURE.md", "docs/security/asvs.md"];

/// A claim names its test as `test: name`.
fn named_tests_exist(tree: &Tree, faults: &mut Vec<Fault>) {
    for (path, n, line) in CLAIMS.iter().flat_map(|path| tree.text(path).lines().enumerate().map(move |(n, line)| (path, n, line))) {
        for rest in line.split("test: ").skip(1) {
            let name: String = rest.trim_start_matches('`').chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let function = format!("fn {name}(");
            if !tree.texts(&[".rs"]).any(|(_, text)| text.contains(&function)) {
                fault(faults, path, n + 1, format!("no test is called `{name}`"));
            }
        }
    }
}

fn no_stray_space(tree: &Tree, faults: &mut Vec<Fault>) {
    for (path, text) in tree.texts(&[".rs"]) {
        for (n, line) in text.lines().enumerate() {
            if line.contains('\t') || line.ends_with(' ') {
                fault(faults, path, n + 1, "a tab or a space at the end of the line");
            }
        }
    }
}

fn text_is_plain_utf8(tree: &Tree, faults: &mut Vec<Fault>) {
    let endings = [".rs", ".md", ".toml", ".typ", ".css", ".js", ".json", ".sql"];
    let ours = |path: &str| !is_foreign(path) && (path.starts_with("catalog/") || endings.iter().any(|e| path.ends_with(e)));
    for (path, bytes) in tree.files.iter().filter(|(path, _)| ours(path)) {
        match std::str::from_utf8(bytes) {
            Err(why) => fault(faults, path, None, format!("is not UTF-8 ({why})")),
            Ok(text) if text.starts_with('\u{feff}') => fault(faults, path, 1, "starts with a byte-order mark"),
            Ok(text) if text.contains('\r') => fault(faults, path, None, "has carriage returns; lines end with \\n"),
            Ok(_) => {}
        }
    }
}

/// Where and with what a text was written is of no use to its reader.
fn no_word_of_the_workshop(tree: &Tree, faults: &mut Vec<Fault>) {
    // Spelled in pieces, or this file would break its own rule.
    let needles = [
        concat!("/wo", "rk/"),
        concat!("crates", ".io"),
        concat!("npm", "js.com"),
        concat!("npm", "js.org"),
        concat!("py", "pi.org"),
        concat!("python", "hosted.org"),
        concat!("cla", "ude"),
        concat!("anth", "ropic"),
        concat!("chat", "gpt"),
    ];
    for (path, bytes) in tree.files.iter().filter(|(path, _)| !is_foreign(path)) {
        let Ok(text) = std::str::from_utf8(bytes) else { continue };
        for (n, line) in text.lines().enumerate() {
            let line = line.to_lowercase();
            if let Some(needle) = needles.iter().find(|needle| line.contains(**needle)) {
                fault(faults, path, n + 1, format!("`{needle}` tells of the workshop, not of the work"));
            }
        }
    }
}

fn no_work_left_in_comments(tree: &Tree, faults: &mut Vec<Fault>) {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME")];
    for (path, text) in tree.texts(&[".rs", ".md", ".toml", ".typ", ".css", ".js", ".sql"]) {
        for (n, line) in text.lines().enumerate().filter(|_| !is_foreign(path)) {
            if marks.iter().any(|mark| line.contains(mark)) {
                fault(faults, path, n + 1, "do it, or open an issue; comments keep no work");
            }
        }
    }
}

/// Every row of the glossary's tables has a Japanese word, an English word and a name in code.
fn glossary_is_complete(tree: &Tree, faults: &mut Vec<Fault>) {
    let rows = tree.text("GLOSSARY.md").lines().enumerate().filter(|(_, line)| line.starts_with('|'));
    for (n, row) in rows {
        let columns: Vec<&str> = row.trim().trim_matches('|').split('|').map(str::trim).collect();
        if columns.len() < 3 || columns[..3].iter().any(|column| column.is_empty()) {
            fault(faults, "GLOSSARY.md", n + 1, "each row needs Japanese, English and the name in code");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paths and texts.
    type Files<'t> = &'t [(&'t str, &'t str)];

    fn tree(files: Files) -> Tree {
        Tree { files: files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect() }
    }

    fn faults_of(name: &str, tree: &Tree) -> Vec<String> {
        let (_, check) = CHECKS.iter().find(|(known, _)| *known == name).expect("the check exists");
        let mut faults = Vec::new();
        check(tree, &mut faults);
        faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_tree_is_tidy() {
        let faults = told(&Tree::read(&crate::root()).expect("git lists the tree"));
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    /// For each check: a tree that breaks it once, and one that is near to it but right.
    #[test]
    fn every_check_can_fail_and_can_pass() {
        let long = format!("//! One.\n{}", "x\n".repeat(LONGEST));
        let fits = format!("//! One.\n{}#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(300), "y\n".repeat(300));
        let house: Vec<(&str, &str)> = HOUSE.iter().map(|path| (*path, "x")).collect();
        let left = concat!("// TO", "DO later");
        let shop = concat!("see /wo", "rk/notes");
        let query = "let q = \"SELECT 1\";";
        let knows_web = "[dependencies]\nweb.workspace = true\n";
        let cases: &[(&str, Files, Files)] = &[
            ("opens with a sentence", &[("a.rs", "fn a() {}\n")], &[("a.rs", "//! A.\nfn a() {}\n")]),
            ("fits into a head", &[("crates/a/src/a.rs", &long)], &[("crates/a/src/a.rs", &fits)]),
            (
                "no unwrap",
                &[("crates/a/src/a.rs", "x.unwrap();")],
                &[("crates/a/src/a.rs", "// .unwrap()\n#[cfg(test)]\nmod tests {\nx.unwrap();\n}"), ("e2e/src/a.rs", "x.unwrap()")],
            ),
            ("SQL lives in store", &[("crates/app/src/a.rs", query)], &[("crates/store/src/a.rs", query)]),
            ("HTML lives in web", &[("crates/app/src/a.rs", "html! {}")], &[("crates/web/src/a.rs", "html! {}")]),
            (
                "crates know only what they may",
                &[("crates/rules/Cargo.toml", knows_web), ("crates/web/Cargo.toml", "")],
                &[("crates/cli/Cargo.toml", knows_web), ("crates/web/Cargo.toml", "")],
            ),
            (
                "dependencies stand once",
                &[("crates/a/Cargo.toml", "[dependencies]\nserde = \"1\"\n")],
                &[("crates/a/Cargo.toml", "[dependencies]\nserde.workspace = true\n")],
            ),
            ("house files exist", &house[1..], &house),
            (
                "named paths exist",
                &[("README.md", "see `crates/none/`")],
                &[("README.md", "see `crates/a` and [b](crates/a/b.rs)"), ("crates/a/b.rs", "")],
            ),
            (
                "named tests exist",
                &[
                    ("ARCHITECTURE.md", "- x (test: `there`)"),
                    ("docs/security/asvs.md", "| x (test: `no_such`) |"),
                    ("a.rs", "fn there() {}"),
                ],
                &[
                    ("ARCHITECTURE.md", "- x (test: `there`)"),
                    ("docs/security/asvs.md", "| x (test: `there`) |"),
                    ("a.rs", "fn there() {}"),
                ],
            ),
            ("no tabs, no trailing space", &[("a.rs", "\tx")], &[("a.rs", "    x\n")]),
            ("text is plain UTF-8", &[("catalog/a.toml", "\u{feff}x")], &[("catalog/a.toml", "証し")]),
            ("no word of the workshop", &[("README.md", shop)], &[("Cargo.lock", shop), ("README.md", "the work")]),
            ("no work left in comments", &[("a.rs", left)], &[("a.rs", "// done")]),
            ("glossary is complete", &[("GLOSSARY.md", "| 証跡 | evidence | |")], &[("GLOSSARY.md", "| 証跡 | evidence | `Evidence` |")]),
        ];
        for (name, wrong, right) in cases {
            assert_eq!(faults_of(name, &tree(wrong)).len(), 1, "{name} must fail once: {:?}", faults_of(name, &tree(wrong)));
            assert_eq!(faults_of(name, &tree(right)), Vec::<String>::new(), "{name} must pass");
        }
        let tried: Vec<&str> = cases.iter().map(|(name, ..)| *name).collect();
        let all: Vec<&str> = CHECKS.iter().map(|(name, _)| *name).collect();
        assert_eq!(tried, all, "every check is tried here");
    }

    #[test]
    fn a_file_that_is_not_text_is_a_fault_in_the_catalogue() {
        let mut tree = Tree::default();
        tree.files.insert("catalog/a.toml".to_owned(), vec![0xff]);
        assert_eq!(faults_of("text is plain UTF-8", &tree).len(), 1);
    }

    #[test]
    fn the_architecture_states_the_directions() {
        let wrong = tree(&[("ARCHITECTURE.md", ""), ("crates/store/Cargo.toml", "")]);
        assert_eq!(faults_of("crates know only what they may", &wrong), ["ARCHITECTURE.md: must say: `store` → `rules`, `seal`"]);
    }
}
