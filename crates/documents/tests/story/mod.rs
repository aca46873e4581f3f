//! What the tests share: the real sheet of 253 items, a filled copy, and a plain look.
#![allow(dead_code)] // each test file uses its part

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use documents::form::{FilledRow, FilledSheet};
use documents::sheet_xlsx::{Categories, Look, Paper};
use rules::id::ItemNo;
use rules::sheet::{Item, Layer, Sheet};
use rules::text::Lang;

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

/// The sheet of the catalogue.
pub fn sheet() -> &'static Sheet {
    static SHEET: OnceLock<Sheet> = OnceLock::new();
    SHEET.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog");
        let mut files = Vec::new();
        gather(&root, &root, &mut files);
        let (catalog, _) = rules::catalog::read(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        let sheet = catalog.sheets.into_iter().find(|s| s.items.len() == 253);
        sheet.expect("the catalogue holds the sheet of 253 items")
    })
}

fn gather(root: &Path, dir: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(dir).expect("the catalogue can be listed") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(root, &path, files);
        } else if path.extension().is_some_and(|e| e == "toml") {
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
            files.push((name, std::fs::read_to_string(&path).expect("a readable file")));
        }
    }
}

pub fn look(lang: Lang, categories: Categories) -> Look<'static> {
    Look { lang, categories, paper: Paper::A3, requirement: &best, made_at: jiff::Timestamp::UNIX_EPOCH }
}

fn best(item: &Item) -> (String, Layer) {
    let (text, layer) = item.best_text();
    (text.to_owned(), layer)
}

pub fn row(no: u16) -> FilledRow {
    FilledRow::blank(ItemNo(no))
}

/// Every item answered and judged, in words of the length people write.
pub fn filled(sheet: &Sheet) -> FilledSheet {
    let header = [
        ("reference_number", "HISPRO-2026-0142"),
        ("applicant", "株式会社メディカルクラウド"),
        ("evaluator", "評価 花子"),
        ("product_name", "電子カルテ「みどり」 v3"),
    ];
    let rows = sheet.items.iter().enumerate().map(|(i, item)| FilledRow {
        no: item.no,
        answer: format!(
            "運用管理規程第{}条に定め、年1回見直しています。\n担当: 情報セキュリティ責任者（{}）",
            i + 1,
            "手順書に従い記録を残します。".repeat(i % 6)
        ),
        evidence_claimed: format!("運用管理規程 p.{}\nサービス仕様適合開示書 2.{}", i + 3, i % 9),
        evidence_confirmed: if i % 3 == 0 { format!("運用管理規程 p.{} を確認", i + 3) } else { String::new() },
        verdict: sheet.scale[i % sheet.scale.len()].code.clone(),
        improvement: if i % 4 == 2 { "次回の更新までに手順書を改訂してください。".to_owned() } else { String::new() },
        remarks: if i % 5 == 0 { "=SUM(A1) は数式ではありません".to_owned() } else { String::new() },
    });
    FilledSheet { header: header.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>(), rows: rows.collect() }
}
