//! Times the largest paper there is, a disclosure sheet of 112 items with long answers: `cargo run --release -p pdf --example paper`.

use std::time::Instant;

use rules::document::paper::{Block, Paper, Section, Table};
use rules::text::Lang;

/// Items that are for disclosure on the sheet of 253.
const ITEMS: usize = 112;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clause = |n: usize| Section {
        anchor: format!("c{n}"),
        heading: format!("第{n}条 対象のサービス及び資料の開示"),
        serves: vec![n.to_string()],
        blocks: vec![Block::Paragraph {
            words: "この開示書は、サービスの仕様、運用及び情報セキュリティ対策について提示する。".repeat(4)
        }],
        sections: vec![],
    };
    let rows = (1..=ITEMS)
        .map(|n| {
            let asks = "医療情報を格納する機器等の所在地、管理の体制及び委託先の範囲を医療機関等に開示すること。".repeat(3);
            let answer = format!("回答{n}。").repeat(2) + &"当社は、国内の2拠点で運用し、四半期ごとに点検して結果を報告する。".repeat(20);
            vec![n.to_string(), asks, answer, "規程類、点検記録".to_owned()]
        })
        .collect();
    let table = Table {
        name: "開示する項目".to_owned(),
        headings: ["項目", "対策項目", "回答", "資料"].map(str::to_owned).to_vec(),
        rows,
        as_of: Some("2026-11-22T01:00:00Z".parse()?),
    };
    let all = Section {
        anchor: "all".to_owned(),
        heading: "項目ごとの回答".to_owned(),
        serves: vec![],
        blocks: vec![Block::Table(table)],
        sections: vec![],
    };
    let general = Section {
        anchor: "one".to_owned(),
        heading: "総則".to_owned(),
        serves: vec![],
        blocks: vec![],
        sections: (1..=20).map(clause).collect(),
    };
    let paper = Paper {
        lang: Lang::Ja,
        title: "サービス仕様適合開示書".to_owned(),
        by: "株式会社みどりクラウド".to_owned(),
        about: vec![("版".to_owned(), "1".to_owned())],
        footer: "第1版 sha256:5a5a".to_owned(),
        chapters: vec![general, all],
    };
    for turn in ["first", "second", "third"] {
        let begin = Instant::now();
        let made = pdf::paper(&paper, jiff::civil::date(2026, 11, 22))?;
        println!("{turn}: {} bytes in {:.2} s (<= 2 s)", made.len(), begin.elapsed().as_secs_f64());
        if let Some(path) = std::env::args().nth(1) {
            std::fs::write(path, made)?;
        }
    }
    Ok(())
}
