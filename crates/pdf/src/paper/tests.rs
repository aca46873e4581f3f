//! What every paper must keep: the same bytes, every word of it, tables over pages, and no text that is interpreted.

use rules::text::Lang;

use super::*;
use crate::oracle::{keep, oracle, pages};

const SVG: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 80" width="200" height="80"><rect x="5" y="5" width="90" height="40" fill="#fff" stroke="#000"/><text x="10" y="30" font-family="BIZ UDPGothic" font-size="12">責任者🏥</text></svg>"##;

fn on() -> Date {
    jiff::civil::date(2026, 11, 22)
}

fn table(rows: usize, columns: usize) -> Table {
    Table {
        name: "資産の一覧".into(),
        headings: (0..columns).map(|n| format!("見出し{n}")).collect(),
        rows: (0..rows).map(|r| (0..columns).map(|c| if c == 0 { r.to_string() } else { format!("行{r}列{c}") }).collect()).collect(),
        as_of: Some("2026-11-22T01:00:00Z".parse().unwrap()),
    }
}

fn sample(blocks: Vec<Block>) -> Paper {
    let inner = Section {
        anchor: "a1".into(),
        heading: "対象のサービス".into(),
        serves: vec!["1".into(), "214:2".into()],
        blocks,
        sections: vec![Section {
            anchor: "deep".into(),
            heading: "細則".into(),
            serves: vec![],
            blocks: vec![Block::Paragraph { words: "一行目\n二行目\n\n次の段落".into() }],
            sections: vec![],
        }],
    };
    let chapter = |anchor: &str, heading: &str, sections| Section {
        anchor: anchor.into(),
        heading: heading.into(),
        serves: vec![],
        blocks: vec![],
        sections,
    };
    Paper {
        lang: Lang::Ja,
        title: "運用管理規程".into(),
        by: "株式会社みどりクラウド".into(),
        about: vec![("版".into(), "3".into()), ("承認".into(), "2026-11-20 山田".into())],
        footer: "第3版 sha256:5a5a5a".into(),
        chapters: vec![chapter("one", "総則", vec![inner]), chapter("two", "雑則", vec![])],
    }
}

fn everything() -> Paper {
    sample(vec![
        Block::Paragraph { words: "この規程は、サービスの運用を定める。".into() },
        Block::List { numbered: true, items: vec!["手順その一".into(), "手順その二".into()] },
        Block::List { numbered: false, items: vec!["箇条".into()] },
        Block::Table(table(80, 4)),
        Block::Table(table(5, 14)),
        Block::Table(Table { name: "空の表".into(), headings: vec!["名".into()], ..Table::default() }),
        Block::Picture {
            name: "体制図".into(), words: "責任者が一人います。".into(), svg: SVG.into(), rows: Some(table(2, 3))
        },
        Block::Open { words: "連絡先が書かれていません。".into() },
    ])
}

/// The words that a reader of PDF finds, without spaces and line breaks.
fn read(pdf: &[u8]) -> Option<String> {
    oracle("pdftotext", &["-layout", "FILE", "-"], pdf).map(|all| all.split_whitespace().collect())
}

#[test]
fn a_paper_keeps_every_word_and_is_the_same_bytes() {
    let made = paper(&everything(), on()).unwrap();
    keep("paper.pdf", &made);
    assert_eq!(paper(&everything(), on()).unwrap(), made);
    oracle("qpdf", &["--check", "FILE"], &made);
    let Some(words) = read(&made) else { return };
    for expected in [
        "運用管理規程",
        "株式会社みどりクラウド",
        "2026-11-20山田",
        "目次",
        "項目1、214:2",
        "手順その二",
        "行79列3",
        "見出し13",
        "2026-11-2210:00現在",
        "（該当なし）",
        "責任者が一人います。",
        "未記入・要確認連絡先が書かれていません。",
        "二行目",
        "次の段落",
        "第3版sha256:5a5a5a",
    ] {
        assert!(words.contains(expected), "{expected} is not in the paper:\n{words}");
    }
    let all = pages(&made);
    assert!(words.contains(&format!("1/{all}")) && words.contains(&format!("{all}/{all}")), "of {all}: {words}");
    assert!(words.matches("見出し3").count() >= 3, "the headings of a table stand on each of its pages");
}

#[test]
fn headings_are_bookmarks_and_a_wide_table_lies_on_its_side() {
    let made = paper(&everything(), on()).unwrap();
    let plain = String::from_utf8_lossy(&made);
    assert!(plain.contains("/Outlines"));
    let Some(sizes) = oracle("pdfinfo", &["-f", "1", "-l", "99", "FILE"], &made) else { return };
    assert!(sizes.contains("841.89 x 595.276") && sizes.contains("595.276 x 841.89"), "{sizes}");
    assert!(sizes.contains("Tagged:          yes"), "{sizes}");
}

#[test]
fn a_table_of_five_hundred_rows_is_whole() {
    let made = paper(&sample(vec![Block::Table(table(500, 5))]), on()).unwrap();
    let Some(words) = read(&made) else { return };
    assert!((0..500).all(|r| words.contains(&format!("行{r}列4"))));
}

#[test]
fn an_empty_paper_can_be_set() {
    let empty = Paper { lang: Lang::En, title: String::new(), by: String::new(), about: vec![], footer: String::new(), chapters: vec![] };
    paper(&empty, on()).unwrap();
    let mut blank = sample(vec![
        Block::Paragraph { words: "\n\n".into() },
        Block::List { numbered: true, items: vec![] },
        Block::Table(Table::default()),
        Block::Open { words: String::new() },
        Block::Picture { name: String::new(), words: String::new(), svg: SVG.into(), rows: None },
    ]);
    blank.chapters[0].heading = " ".into();
    paper(&blank, on()).unwrap();
}

#[test]
fn no_text_is_interpreted_and_any_can_be_set() {
    for words in ["#panic(\"x\")", "$ x $ *b* _i_ = h", "🏥\u{202e}\u{0}", "\\", "<a>@b", "#read(\"/etc/passwd\")", "\r\r\n"] {
        let mut hostile = sample(vec![
            Block::Paragraph { words: words.into() },
            Block::List { numbered: false, items: vec![words.into()] },
            Block::Table(Table {
                name: words.into(),
                headings: vec![words.into()],
                rows: vec![vec![words.into(); 3], vec![]],
                as_of: None,
            }),
            Block::Open { words: words.into() },
            Block::Picture { name: words.into(), words: words.into(), svg: SVG.into(), rows: None },
        ]);
        hostile.title = words.into();
        hostile.by = words.into();
        hostile.footer = words.into();
        hostile.about.push((words.into(), words.into()));
        hostile.chapters[1].heading = words.into();
        hostile.chapters[1].serves = vec![words.into()];
        paper(&hostile, on()).unwrap();
    }
}

#[test]
fn a_drawing_that_cannot_be_set_is_said_to_be_missing() {
    for svg in ["", "<svg", "<svg xmlns='http://www.w3.org/2000/svg'><image href='/etc/passwd'/></svg>", "not a drawing"] {
        let broken = Block::Picture { name: "図".into(), words: "図の言葉".into(), svg: svg.into(), rows: Some(table(3, 2)) };
        let made = paper(&sample(vec![broken]), on()).unwrap();
        let Some(words) = read(&made) else { return };
        assert!(words.contains("図の言葉") && words.contains("行2列1"), "{svg}: {words}");
        assert!(svg.contains("image") || words.contains("この図は描けなかった"), "{svg}: {words}");
    }
}
