//! `akashi mechanisms`: tries Akashi's own mechanisms on throw-away installations, and files the dated report as evidence.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use app::Clock;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use mechanisms::{ALL, Outcome, Report, Row};
use rules::text::{Lang, Text, text, worded};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::remote::{Remote, Server};
use crate::{say, table};

/// The document's name among the evidence; every run adds a version to it.
const DOCUMENT: &str = "akashi-mechanisms.csv";
/// The table role by operation, as another document, and the items about rights that it belongs to.
const ROLES: &str = "akashi-roles.md";
const ROLE_ITEMS: [u16; 4] = [32, 65, 67, 72];
/// The product whose self-evaluation gets the report where no case is named, and the sheet it is opened with.
const PRODUCT: &str = "Akashi";
const SHEET: &str = "medical-cloud-253@";

#[derive(Debug, Args)]
pub struct Mechanisms {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the mechanisms and what their checks promise.
    List,
    /// Runs every check on installations of its own, whole and broken.
    Verify(Verify),
}

#[derive(Debug, Args)]
struct Verify {
    /// Only this mechanism, by its id.
    #[arg(long)]
    only: Option<String>,
    /// Writes the report as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Writes the report as CSV.
    #[arg(long)]
    csv: Option<PathBuf>,
    /// Address of a server that gets the report as evidence.
    #[arg(long, requires = "token")]
    url: Option<String>,
    /// API token that may write, of an officer; better in the environment than in the history of your shell.
    #[arg(long, env = "AKASHI_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The case; without it the open self-evaluation of the product Akashi, which is made where there is none.
    #[arg(long, requires = "url")]
    case: Option<String>,
}

impl Mechanisms {
    pub fn run(self, lang: Lang) -> Result<(), Failure> {
        match self.what {
            What::List => list(lang),
            What::Verify(verify) => verify.run(lang),
        }
    }
}

/// `81(3)`: an item or one of its sub-points, as the sheet counts them.
fn place(item: u16, point: u16) -> String {
    if point == 0 { item.to_string() } else { format!("{item}({point})") }
}

fn list(lang: Lang) -> Result<(), Failure> {
    let shown = |shows: &[(u16, u16)]| shows.iter().map(|(item, point)| place(*item, *point)).collect::<Vec<_>>().join(", ");
    say(|out| {
        for mechanism in ALL {
            writeln!(out, "{}  {}", mechanism.id, mechanism.name.get(lang))?;
            for check in mechanism.checks {
                writeln!(out, "    {}  [{}]", check.what.get(lang), shown(check.shows))?;
            }
        }
        Ok(())
    })
}

impl Verify {
    fn run(self, lang: Lang) -> Result<(), Failure> {
        let chosen = ALL.iter().filter(|m| self.only.as_deref().is_none_or(|id| m.id == id));
        let checks = chosen.map(|m| m.checks.len() as u64).sum();
        if checks == 0 {
            return Err(Failure::refused(text(
                "この名前の仕組みはありません。akashi mechanisms list で一覧を確認してください。",
                "There is no such mechanism; see akashi mechanisms list.",
            )));
        }
        let report = tried(self.only.as_deref(), checks, lang);
        show(&report, lang)?;
        if let Some(path) = &self.json {
            std::fs::write(path, report.json()).map_err(|e| Failure::file(path, &e))?;
        }
        let csv = report.csv(lang).map_err(|e| Failure::file(Path::new(DOCUMENT), &e))?;
        if let Some(path) = &self.csv {
            std::fs::write(path, &csv).map_err(|e| Failure::file(path, &e))?;
        }
        if let (Some(url), Some(token)) = (self.url, self.token) {
            file(&Remote::to(url, token).server(lang), &report, &csv, self.case, lang)?;
        }
        match report.faults() {
            0 => Ok(()),
            n => Err(Failure::refused(worded(format!("成立しない行が{n}件あります。"), format!("{n} rows do not hold.")))),
        }
    }
}

fn tried(only: Option<&str>, checks: u64, lang: Lang) -> Report {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(checks).with_style(style);
    let report = mechanisms::verify(Clock::Machine.now(), only, |mechanism, _| {
        bar.set_message(mechanism.name.get(lang).to_owned());
        bar.inc(1);
    });
    bar.finish_and_clear();
    report
}

fn show(report: &Report, lang: Lang) -> Result<(), Failure> {
    let heading = [
        text("項目", "Item"),
        text("仕組み", "Mechanism"),
        text("確認した内容", "What was checked"),
        text("結果", "Result"),
        text("ms", "ms"),
    ];
    let row = |r: &Row| {
        let (what, outcome) = (r.what.get(lang).to_owned(), r.outcome.name().get(lang).to_owned());
        vec![place(r.item, r.point), r.mechanism.to_owned(), what, outcome, r.ms.to_string()]
    };
    let rows: Vec<Vec<String>> = report.rows.iter().map(row).collect();
    let (n, shown) = (rows.len(), report.rows.iter().filter(|r| r.outcome == Outcome::Shown).count());
    let Report { version, at, engine, digest, .. } = report;
    say(|out| {
        table::print(out, lang, &heading, &rows)?;
        for row in report.rows.iter().filter(|r| r.outcome != Outcome::Shown) {
            writeln!(out, "{} {}: {}", place(row.item, row.point), row.mechanism, row.words.get(lang))?;
        }
        let summary = worded(
            format!("{n}行のうち{shown}行で動作を確認しました。Akashi {version}、{at}、{engine}\nSHA-256 {digest}"),
            format!("{shown} of {n} rows hold. Akashi {version}, {at}, {engine}\nSHA-256 {digest}"),
        );
        writeln!(out, "\n{}", summary.get(lang))
    })
}

/// Files the report on a server, and claims it for each item and sub-point that it shows.
fn file(server: &Server, report: &Report, csv: &[u8], case: Option<String>, lang: Lang) -> Result<(), Failure> {
    let case = match case {
        Some(case) => case,
        None => own_case(server)?,
    };
    // What stands is read before anything is sent: a case that may not be seen gets no document either.
    let stands = server.get(&format!("cases/{case}/items?side=applicant"))?;
    let evidence = upload(server, DOCUMENT, csv)?;
    let roles = upload(server, ROLES, rules::roles::document().as_bytes())?;
    let (mut shown, failed) = (BTreeSet::new(), failed(report));
    for row in report.rows.iter().filter(|r| !failed.contains(&(r.item, r.point))) {
        shown.insert((row.item, row.point));
    }
    for (item, claim) in earlier_claims(&stands) {
        server.act("withdraw_claim", &json!({ "case": case, "item": item, "claim": claim }))?;
    }
    let mut by_point: BTreeMap<u16, Vec<u16>> = BTreeMap::new();
    for (item, point) in &shown {
        by_point.entry(*point).or_default().push(*item);
    }
    let day = rules::act::japan(report.at).date();
    let there = worded(format!("項目番号の行（{day} 実施）"), format!("the rows of the item ({day})"));
    for (point, items) in by_point {
        let content = json!({ "evidence": evidence, "point": point, "place": there.get(lang) });
        server.act("make_claims", &json!({ "case": case, "items": items, "content": content }))?;
    }
    // Who may do what, made from the rules, beside the checks that hold it.
    let table = json!({ "evidence": roles, "point": 0, "place": text("操作の表", "the table of operations").get(lang) });
    let of_rights: Vec<u16> = ROLE_ITEMS.into_iter().filter(|no| shown.contains(&(*no, 0))).collect();
    if !of_rights.is_empty() {
        server.act("make_claims", &json!({ "case": case, "items": of_rights, "content": table }))?;
    }
    let n = shown.len() + of_rights.len();
    let told = worded(
        format!("{DOCUMENT} を登録し、{case} の{n}か所に紐付けました: {evidence}"),
        format!("Filed {DOCUMENT} and claimed it in {n} places of {case}: {evidence}"),
    );
    say(|out| writeln!(out, "{}", told.get(lang)))
}

/// Items and sub-points of which a check did not hold: no evidence for them.
fn failed(report: &Report) -> BTreeSet<(u16, u16)> {
    report.rows.iter().filter(|r| r.outcome != Outcome::Shown).map(|r| (r.item, r.point)).collect()
}

/// Claims of the documents' earlier versions; the new ones take their place.
fn earlier_claims(stands: &Value) -> Vec<(u64, String)> {
    let mut out = vec![];
    for item in stands["items"].as_array().into_iter().flatten() {
        for claim in item["claims"].as_array().into_iter().flatten().filter(|c| c["document"] == DOCUMENT || c["document"] == ROLES) {
            if let (Some(no), Some(id)) = (item["no"].as_u64(), claim["id"].as_str()) {
                out.push((no, id.to_owned()));
            }
        }
    }
    out
}

/// Adds a new version of the document, or its first.
fn upload(server: &Server, document: &str, content: &[u8]) -> Result<String, Failure> {
    let library = server.get("evidence")?;
    let known = library["evidence"].as_array().into_iter().flatten().find(|e| e["name"] == document);
    // A version that says the same is none.
    let same = std::str::from_utf8(content).is_ok_and(|text| known.is_some_and(|k| k["digest"] == app::digest(text)));
    if let Some(id) = known.and_then(|k| k["id"].as_str()).filter(|_| same) {
        return Ok(id.to_owned());
    }
    let edge = format!("akashi-{}", app::digest(document));
    let mut head = String::new();
    let series = known.and_then(|e| e["series"].as_str());
    for (name, value) in [("label", Some("disclosable")), ("series", series)] {
        if let Some(value) = value {
            head.push_str(&format!("--{edge}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
        }
    }
    head.push_str(&format!("--{edge}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{document}\"\r\n\r\n"));
    let tail = format!("\r\n--{edge}--\r\n");
    let body = head.as_bytes().chain(content).chain(tail.as_bytes());
    made(&server.send("evidence", &format!("multipart/form-data; boundary={edge}"), body)?)
}

fn made(done: &Value) -> Result<String, Failure> {
    done["made"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| Failure::unreachable(text("サーバーの応答に番号がありません。", "The server's answer names nothing that it made.")))
}

/// The open self-evaluation of this very Akashi; product and case are made where there are none.
fn own_case(server: &Server) -> Result<String, Failure> {
    let (mut cases, mut next) = (vec![], Value::Null);
    loop {
        let page = server.get(&next.as_str().map_or_else(|| "cases".to_owned(), |n| format!("cases?before={n}")))?;
        cases.extend(page["cases"].as_array().into_iter().flatten().cloned());
        next = page["next"].clone();
        if next.is_null() {
            break;
        }
    }
    let own = |c: &&Value| c["product_name"] == PRODUCT && c["provider"] == c["body"];
    let in_state = |states: &[&str]| cases.iter().filter(own).find(|c| states.iter().any(|s| c["state"] == *s));
    if let Some(id) = in_state(&["draft", "returned"]).and_then(|c| c["id"].as_str()) {
        return Ok(id.to_owned());
    }
    if let Some(case) = in_state(&["submitted", "in_review", "decided"]) {
        let id = case["id"].as_str().unwrap_or_default();
        return Err(Failure::refused(worded(
            format!("案件 {id} は評価中のため、証跡を追加できません。改善依頼の後か、--case で別の案件を指定して実行してください。"),
            format!("The case {id} is being evaluated and takes no evidence now. Run again after its return, or name another by --case."),
        )));
    }
    let me = server.get("me")?;
    let products = server.get("products")?;
    let product: Option<&Value> = products["products"].as_array().into_iter().flatten().find(|p| p["name"] == PRODUCT);
    let product = match product.and_then(|p| p["id"].as_str()) {
        Some(id) => id.to_owned(),
        None => {
            let about: Text = text("この評価に用いているAkashi自身です。", "This very Akashi, with which evaluations are done.");
            made(&server.act("create_product", &json!({ "name": PRODUCT, "description": about.ja }))?)?
        }
    };
    let sheets = server.get("sheets")?;
    let known = sheets["sheets"].as_array().into_iter().flatten().filter_map(|s| s["id"].as_str());
    let sheet = known.filter(|id| id.starts_with(SHEET)).max().unwrap_or_default();
    made(&server.act("open_case", &json!({ "product": product, "body": me["organisation"]["id"], "sheet": sheet }))?)
}
