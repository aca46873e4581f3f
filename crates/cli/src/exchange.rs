//! `akashi import`, `akashi export` and `akashi evidence`: files between this machine and a server.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use rules::text::{Lang, Text, text, worded};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::remote::{Remote, Server};
use crate::{say, table};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Take {
    /// Takes over every difference that is listed.
    All,
    /// Only lists them.
    None,
}

#[derive(Debug, Args)]
pub struct Import {
    /// A filled sheet: .xlsx, .xls, .ods, .csv or .tsv.
    file: PathBuf,
    #[arg(long)]
    case: String,
    /// What to take over.
    #[arg(long, value_enum, default_value_t = Take::None)]
    take: Take,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Args)]
pub struct Export {
    #[arg(long)]
    case: String,
    /// Where to write; without it the server's name for the file is taken, in this folder.
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// CSV instead of Excel.
    #[arg(long)]
    csv: bool,
    /// The form without anybody's words.
    #[arg(long)]
    blank: bool,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Debug, Args)]
pub struct Evidence {
    #[command(subcommand)]
    what: EvidenceWhat,
}

#[derive(Debug, Subcommand)]
enum EvidenceWhat {
    /// Adds files, and claims each for an item where one is named.
    Add(Add),
}

#[derive(Debug, Args)]
struct Add {
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[arg(long, requires = "item")]
    case: Option<String>,
    #[arg(long, requires = "case")]
    item: Option<u16>,
    /// The page that shows it.
    #[arg(long, requires = "item")]
    page: Option<u32>,
    /// The section or other place that shows it.
    #[arg(long, requires = "item")]
    place: Option<String>,
    /// How confidential the files are: public, disclosable or confidential. None holds without a choice.
    #[arg(long)]
    label: String,
    /// Until when the files hold, as 2027-03-31.
    #[arg(long)]
    valid_until: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

/// Opens a file and draws how much of it was read.
fn opened(path: &Path) -> Result<(ProgressBar, impl Read), Failure> {
    let file = File::open(path).map_err(|e| Failure::file(path, &e))?;
    let size = file.metadata().map_err(|e| Failure::file(path, &e))?.len();
    let style = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes}").unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(size).with_style(style).with_message(bare(path));
    Ok((bar.clone(), bar.wrap_read(file)))
}

fn bare(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

fn encoded(name: &str) -> String {
    name.bytes()
        .map(|b| if b.is_ascii_alphanumeric() || b"-._".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

impl Import {
    pub fn run(&self, lang: Lang) -> Result<(), Failure> {
        let server = self.remote.server(lang);
        let (bar, content) = opened(&self.file)?;
        let take = if self.take == Take::All { "all" } else { "none" };
        let path = format!("cases/{}/import?take={take}&name={}", self.case, encoded(&bare(&self.file)));
        let told = server.send(&path, "application/octet-stream", content);
        bar.finish_and_clear();
        let told = told?;
        show(&told, lang)?;
        let faults = told["faults"].as_array().map_or(0, Vec::len);
        if faults > 0 {
            let words = worded(
                format!("読み取れない箇所が{faults}件あります。その箇所は取り込んでいません。"),
                format!("{faults} faults; nothing of those cells is taken over."),
            );
            return Err(Failure::refused(words));
        }
        Ok(())
    }
}

fn show(told: &Value, lang: Lang) -> Result<(), Failure> {
    let written = |v: &Value| v.as_str().map_or_else(|| if v.is_null() { String::new() } else { v.to_string() }, str::to_owned);
    let field = |code: &Value| {
        let known = app::exchange::Field::ALL.into_iter().find(|f| code.as_str() == Some(f.code()));
        known.map_or_else(|| written(code), |f| f.name().get(lang).to_owned())
    };
    let differences = told["differences"].as_array().map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<Vec<String>> = differences
        .iter()
        .map(|d| vec![written(&d["item"]), field(&d["field"]), written(&d["cell"]), written(&d["stands"]), written(&d["file"])])
        .collect();
    let (items, count) = (written(&told["items"]), rows.len());
    let summary = match told["taken"]["changes"].as_u64() {
        Some(changes) => worded(
            format!("{items}項目を読み取り、{count}件の違いを取り込みました（変更{changes}件）。"),
            format!("{items} items read; {count} differences taken over ({changes} changes)."),
        ),
        None if count == 0 => worded(
            format!("{items}項目を読み取りました。今の内容との違いはありません。"),
            format!("{items} items read; nothing differs from what stands."),
        ),
        None => worded(
            format!(
                "{items}項目を読み取り、{count}件の違いがあります。まだ何も変更していません。取り込むには --take all を付けてください。"
            ),
            format!("{items} items read; {count} differences. Nothing was changed; add --take all to take them over."),
        ),
    };
    let heading =
        [text("項目", "Item"), text("欄", "Field"), text("セル", "Cell"), text("今の内容", "Stands"), text("ファイルの内容", "File")];
    say(|out| {
        if !rows.is_empty() {
            table::print(out, lang, &heading, &rows)?;
            writeln!(out)?;
        }
        for (name, list) in [(text("注意", "Note"), "notes"), (text("不備", "Fault"), "faults")] {
            for note in told[list].as_array().into_iter().flatten() {
                writeln!(out, "{}: {} {}", name.get(lang), written(&note["cell"]), written(&note["text"][lang.tag()]))?;
            }
        }
        writeln!(out, "{}", summary.get(lang))
    })
}

impl Export {
    pub fn run(&self, lang: Lang) -> Result<(), Failure> {
        let ending = if self.csv { "csv" } else { "xlsx" };
        let blank = if self.blank { "&blank=1" } else { "" };
        let (named, mut content) =
            self.remote.server(lang).file(&format!("cases/{}/export.{ending}?lang={}{blank}", self.case, lang.tag()))?;
        let path = self.output.clone().unwrap_or_else(|| named.unwrap_or_else(|| format!("export.{ending}")).into());
        // A name the server chose never takes the place of a file that is there.
        let opened = if self.output.is_some() { File::create(&path) } else { File::create_new(&path) };
        let mut file = opened.map_err(|e| Failure::file(&path, &e))?;
        let bytes = std::io::copy(&mut content, &mut file).map_err(|e| Failure::file(&path, &e))?;
        let told = worded(
            format!("{} に書き込みました（{bytes} バイト）。", path.display()),
            format!("Wrote {} ({bytes} bytes).", path.display()),
        );
        say(|out| writeln!(out, "{}", told.get(lang)))
    }
}

impl Evidence {
    pub fn run(&self, lang: Lang) -> Result<(), Failure> {
        let EvidenceWhat::Add(add) = &self.what;
        let server = add.remote.server(lang);
        add.files.iter().try_for_each(|path| add.one(&server, path, lang))
    }
}

impl Add {
    fn one(&self, server: &Server, path: &Path, lang: Lang) -> Result<(), Failure> {
        let (bar, content) = opened(path)?;
        // No file holds this line by chance, and nobody gains by making one that does: it is their own upload.
        let limit = format!("akashi-{}", app::digest(&path.to_string_lossy()));
        let mut head = String::new();
        let fields = [("label", Some(&self.label)), ("valid_until", self.valid_until.as_ref())];
        for (name, value) in fields.into_iter().filter_map(|(n, v)| v.map(|v| (n, v))) {
            head.push_str(&format!("--{limit}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
        }
        let name = bare(path).replace('"', "%22").replace(['\r', '\n'], " ");
        head.push_str(&format!("--{limit}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n"));
        let tail = format!("\r\n--{limit}--\r\n");
        let body = head.as_bytes().chain(content).chain(tail.as_bytes());
        let done = server.send("evidence", &format!("multipart/form-data; boundary={limit}"), body);
        bar.finish_and_clear();
        let id = done?["made"].as_str().unwrap_or_default().to_owned();
        let mut told: Text = worded(format!("「{name}」を登録しました: {id}"), format!("Added {name}: {id}"));
        if let (Some(case), Some(item)) = (&self.case, self.item) {
            let content = json!({ "evidence": id, "page": self.page, "place": self.place.clone().unwrap_or_default() });
            server.act("make_claims", &json!({ "case": case, "items": [item], "content": content }))?;
            told = worded(format!("{}（項目{item}に紐付けました）", told.ja), format!("{} (claimed for item {item})", told.en));
        }
        say(|out| writeln!(out, "{}", told.get(lang)))
    }
}
