//! A Word document keeps every word of its paper, its parts are well-formed, and its marks are Word's own.

use std::io::Read as _;
use std::sync::atomic::AtomicBool;

use quick_xml::Reader;
use quick_xml::events::Event;
use rules::document::paper::{Block, Section, Table};
use zip::ZipArchive;

use super::*;
use crate::words::words;

const SVG: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 80"><rect x="5" y="5" width="190" height="70" fill="#fff" stroke="#000"/></svg>"##;
const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

pub fn table(rows: usize, columns: usize) -> Table {
    Table {
        name: "資産の一覧".into(),
        headings: (0..columns).map(|n| format!("見出し{n}")).collect(),
        rows: (0..rows).map(|r| (0..columns).map(|c| if c == 0 { r.to_string() } else { format!("行{r}列{c}") }).collect()).collect(),
        as_of: Some("2026-11-22T01:00:00Z".parse().unwrap()),
    }
}

pub fn sample(blocks: Vec<Block>) -> Paper {
    let section = |anchor: &str, heading: &str, blocks, sections| Section {
        anchor: anchor.into(),
        heading: heading.into(),
        serves: if sections == vec![] { vec!["1".into(), "214:2".into()] } else { vec![] },
        blocks,
        sections,
    };
    let inner = section("service", "対象のサービス", blocks, vec![]);
    Paper {
        lang: Lang::Ja,
        title: "運用管理規程".into(),
        by: "株式会社みどりクラウド".into(),
        about: vec![("版".into(), "3".into()), ("承認".into(), "2026-11-20 山田".into())],
        footer: "第3版 sha256:5a5a5a".into(),
        chapters: vec![section("one", "総則", vec![], vec![inner]), section("two", "雑則", vec![], vec![])],
    }
}

pub fn everything() -> Paper {
    sample(vec![
        Block::Paragraph { words: "この規程は、サービスの運用を定める。".into() },
        Block::List { numbered: true, items: vec!["手順その一".into(), "手順その二".into()] },
        Block::List { numbered: false, items: vec!["箇条".into()] },
        Block::Table(table(80, 4)),
        Block::Table(table(5, 14)),
        Block::Table(Table { name: "空の表".into(), headings: vec!["名".into()], ..Table::default() }),
        Block::Picture {
            name: "体制図".into(),
            words: "責任者が一人います。".into(),
            svg: SVG.into(),
            rows: Some(Table { name: "体制図の行".into(), ..table(2, 3) }),
        },
        Block::Open { words: "連絡先が書かれていません。".into() },
    ])
}

/// A paper in which every text is this.
pub fn hostile(words: &str) -> Paper {
    let said = || words.to_owned();
    let mut paper = sample(vec![
        Block::Paragraph { words: said() },
        Block::List { numbered: true, items: vec![said()] },
        Block::Table(Table { name: said(), headings: vec![said()], rows: vec![vec![said(); 3], vec![]], as_of: None }),
        Block::Open { words: said() },
        Block::Picture { name: said(), words: said(), svg: said(), rows: None },
        Block::Picture { name: said(), words: said(), svg: SVG.into(), rows: None },
    ]);
    (paper.title, paper.by, paper.footer) = (said(), said(), said());
    paper.about.push((said(), said()));
    paper.chapters[1].heading = said();
    paper.chapters[1].serves = vec![said()];
    paper
}

/// Every part by its name, each read to its end as XML.
fn parts(bytes: &[u8]) -> std::collections::BTreeMap<String, String> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut all = std::collections::BTreeMap::new();
    for n in 0..zip.len() {
        let mut part = zip.by_index(n).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut bytes = vec![];
        part.read_to_end(&mut bytes).unwrap();
        if name.ends_with(".png") {
            continue;
        }
        let xml = String::from_utf8(bytes).unwrap();
        let mut reader = Reader::from_str(&xml);
        loop {
            match reader.read_event() {
                Ok(Event::Eof) => break,
                Ok(_) => {}
                Err(why) => panic!("{name}: {why}\n{xml}"),
            }
        }
        all.insert(name, xml);
    }
    all
}

fn read(paper: &Paper) -> String {
    words(WORD, write(paper).unwrap(), &AtomicBool::new(false)).unwrap().pages.concat()
}

#[test]
fn every_word_of_a_paper_is_in_the_document_and_same_paper_same_bytes() {
    let bytes = write(&everything()).unwrap();
    assert_eq!(write(&everything()).unwrap(), bytes);
    if let Some(dir) = std::env::var_os("AKASHI_PAPERS") {
        std::fs::write(std::path::Path::new(&dir).join("paper.docx"), &bytes).unwrap();
    }
    let said = read(&everything());
    for expected in [
        "運用管理規程",
        "2026-11-20 山田",
        "目次",
        "項目 1、214:2",
        "手順その二",
        "行79列3",
        "見出し13",
        "2026-11-22 10:00 現在",
        "（該当なし）",
        "責任者が一人います。",
        "未記入・要確認  連絡先が書かれていません。",
        "第3版 sha256:5a5a5a",
    ] {
        assert!(said.contains(expected), "{expected} is not in the document:\n{said}");
    }
}

#[test]
fn headings_lists_and_tables_are_words_own() {
    let parts = parts(&write(&everything()).unwrap());
    let body = &parts["word/document.xml"];
    for mark in [r#"w:val="Heading1""#, r#"w:val="Heading2""#, "<w:tblHeader/>", "<w:numPr>", r#"w:orient="landscape""#, "svgBlip"] {
        assert!(body.contains(mark), "{mark}");
    }
    assert_eq!(body.matches("<w:sectPr>").count(), 3, "upright, on its side, upright");
    assert!(parts["word/footer1.xml"].contains(" PAGE ") && parts["word/footer1.xml"].contains(" NUMPAGES "));
    assert_eq!(parts["word/media/drawing0.svg"], SVG);
    let styles = &parts["word/styles.xml"];
    for used in body.match_indices("Style w:val=\"").map(|(at, mark)| body[at + mark.len()..].split('"').next().unwrap()) {
        assert!(styles.contains(&format!(r#"w:styleId="{used}""#)), "no style {used}");
    }
}

#[test]
fn each_numbered_list_counts_from_one() {
    let list = || Block::List { numbered: true, items: vec!["一".into()] };
    let parts = parts(&write(&sample(vec![list(), list()])).unwrap());
    assert!(parts["word/document.xml"].contains(r#"w:numId w:val="2""#) && parts["word/document.xml"].contains(r#"w:numId w:val="3""#));
    assert_eq!(parts["word/numbering.xml"].matches("startOverride").count(), 2);
}

#[test]
fn any_text_can_be_written_and_none_is_markup() {
    for words in ["</w:t></w:r>", "&amp;", "]]>", "🏥\u{202e}\u{0}\u{b}\u{ffff}", "\"'><", "a\r\nb\rc\t", "", "<svg"] {
        parts(&write(&hostile(words)).unwrap());
    }
    assert!(read(&hostile("</w:t>&amp;")).contains("</w:t>&amp;"));
}

#[test]
fn an_empty_paper_is_a_document() {
    let empty = Paper { lang: Lang::En, title: String::new(), by: String::new(), about: vec![], footer: String::new(), chapters: vec![] };
    parts(&write(&empty).unwrap());
    parts(&write(&sample(vec![Block::Table(Table::default()), Block::List { numbered: true, items: vec![] }])).unwrap());
}

#[test]
fn large_tables_are_whole_and_fit_on_their_page() {
    for (rows, columns) in [(500, 5), (2, 60), (2, 150)] {
        let paper = sample(vec![Block::Table(table(rows, columns))]);
        assert!(read(&paper).contains(&format!("行{}列{}", rows - 1, columns - 1)));
        let body = parts(&write(&paper).unwrap()).remove("word/document.xml").unwrap();
        for grid in body.split("<w:tblGrid>").skip(1).map(|g| g.split("</w:tblGrid>").next().unwrap()) {
            let widths: Vec<usize> = grid.split("w:w=\"").skip(1).map(|w| w.split('"').next().unwrap().parse().unwrap()).collect();
            assert!(widths.len() <= 60 && widths.iter().all(|w| *w > 0), "{widths:?}");
            assert!(widths.iter().sum::<usize>() <= 16_838 - 2 * 1_134, "{widths:?}");
        }
    }
}
