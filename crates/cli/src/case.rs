//! `akashi case`: cases of a server, listed, shown and submitted.

use std::io::Write;

use clap::{Args, Subcommand};
use rules::case::State;
use rules::text::{Lang, Text, text, worded};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::remote::Remote;
use crate::{say, table};

#[derive(Debug, Args)]
pub struct Case {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the cases that may be seen.
    List,
    /// Shows a case and how far it is.
    Show { case: String },
    /// Submits the case as it stands, as a new round.
    Submit { case: String },
}

/// A text of the answer; empty where there is none.
fn written(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn state(case: &Value, lang: Lang) -> String {
    serde_json::from_value::<State>(case["state"].clone()).map_or_else(|_| written(&case["state"]), |s| s.name().get(lang).to_owned())
}

impl Case {
    pub fn run(&self, lang: Lang) -> Result<(), Failure> {
        let server = self.remote.server(lang);
        match &self.what {
            What::List => {
                let (mut rows, mut next) = (vec![], Value::Null);
                loop {
                    let page = server.get(&next.as_str().map_or_else(|| "cases".to_owned(), |n| format!("cases?before={n}")))?;
                    rows.extend(page["cases"].as_array().into_iter().flatten().map(|case| row(case, lang)));
                    next = page["next"].clone();
                    if next.is_null() {
                        break;
                    }
                }
                let heading = [
                    text("案件", "Case"),
                    text("整理番号", "Number"),
                    text("プロダクト", "Product"),
                    text("状態", "State"),
                    text("回", "Round"),
                    text("期限", "Due"),
                ];
                say(|out| table::print(out, lang, &heading, &rows))
            }
            What::Show { case } => show(&server.get(&format!("cases/{case}"))?, lang),
            What::Submit { case } => {
                let done = server.act("submit_round", &json!({ "case": case }))?;
                let pos = written(&done["pos"]);
                let told = worded(format!("申請しました（台帳 {pos}）。"), format!("Submitted (ledger {pos})."));
                say(|out| writeln!(out, "{}", told.get(lang)))
            }
        }
    }
}

fn row(case: &Value, lang: Lang) -> Vec<String> {
    let at = |name: &str| written(&case[name]);
    vec![at("id"), at("number"), at("product_name"), state(case, lang), at("round"), at("due")]
}

fn show(case: &Value, lang: Lang) -> Result<(), Failure> {
    let at = |name: &str| written(&case[name]);
    let facts: [(Text, String); 7] = [
        (text("整理番号", "Number"), at("number")),
        (text("プロダクト", "Product"), at("product_name")),
        (text("評価申請元", "Applicant"), at("provider_name")),
        (text("評価機関", "Evaluation body"), at("body_name")),
        (text("状態", "State"), state(case, lang)),
        (text("回", "Round"), at("round")),
        (text("期限", "Due"), at("due")),
    ];
    let count = |counts: &Value, name: &str| written(&counts[name]);
    let judged = |counts: &Value| counts["judged"].as_object().map_or(0, |j| j.values().filter_map(Value::as_u64).sum::<u64>()).to_string();
    let line = |name: String, counts: &Value| {
        vec![
            name,
            count(counts, "items"),
            count(counts, "answered"),
            count(counts, "ready"),
            count(counts, "with_evidence"),
            judged(counts),
        ]
    };
    let progress = &case["progress"];
    let categories = progress["categories"].as_array().into_iter().flatten();
    let mut rows: Vec<Vec<String>> = categories.map(|c| line(written(&c["name"][lang.tag()]), &c["counts"])).collect();
    rows.push(line(text("合計", "Total").get(lang).to_owned(), &progress["total"]));
    let heading = [
        text("分類", "Category"),
        text("項目", "Items"),
        text("回答", "Answered"),
        text("準備完了", "Ready"),
        text("証跡", "Evidence"),
        text("判定", "Judged"),
    ];
    say(|out| {
        for (name, value) in facts.iter().filter(|(_, v)| !v.is_empty()) {
            writeln!(out, "{}: {value}", name.get(lang))?;
        }
        writeln!(out)?;
        table::print(out, lang, &heading, &rows)
    })
}
