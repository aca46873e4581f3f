//! A paper on a page: its contents list, chapters, clauses, tables and drawings, and what is open set apart.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use rules::document::facts::moment;
use rules::document::paper::{Block, Paper, Section, Table as Rows};
use rules::text::{Lang, Text, text, worded};

use super::{Column, Row, Table, Tone, facts, notice, table};

/// The whole paper under the page's heading; `corner` is what stands beside the heading of a clause.
pub fn paper(lang: Lang, paper: &Paper, corner: &dyn Fn(&Section) -> Markup) -> Markup {
    let about: Vec<(Text, Markup)> = paper.about.iter().map(|(name, value)| (same(name), html! { (value) })).collect();
    html! {
        @if !about.is_empty() { (facts(lang, &about)) }
        nav.contents aria-label=(text("目次", "Contents").get(lang)) {
            ol {
                @for chapter in &paper.chapters {
                    li {
                        a href=(format!("#{}", id(chapter))) { (chapter.heading) }
                        @if !chapter.sections.is_empty() {
                            ol { @for clause in &chapter.sections { li { a href=(format!("#{}", id(clause))) { (clause.heading) } } } }
                        }
                    }
                }
            }
        }
        article lang=(paper.lang.tag()) { @for chapter in &paper.chapters { (section(lang, chapter, 2, corner)) } }
        @if !paper.footer.is_empty() { p.small.muted { (paper.footer) } }
    }
}

/// The words of a paper are in its own language already.
fn same(words: &str) -> Text {
    worded(words, words)
}

/// The id of a section on the page; apart from those of forms.
fn id(section: &Section) -> String {
    format!("s-{}", section.anchor)
}

fn section(lang: Lang, of: &Section, level: u8, corner: &dyn Fn(&Section) -> Markup) -> Markup {
    let serves = worded(format!("項目 {}", of.serves.join(", ")), format!("Items {}", of.serves.join(", ")));
    html! {
        section id=(id(of)) {
            @match level {
                2 => h2 { (of.heading) },
                3 => h3 { (of.heading) },
                _ => h4 { (of.heading) },
            }
            @if !of.serves.is_empty() { p.small.muted { (serves.get(lang)) } }
            (corner(of))
            @for block in &of.blocks { (self::block(lang, block)) }
            @for inner in &of.sections { (section(lang, inner, level + 1, corner)) }
        }
    }
}

fn block(lang: Lang, block: &Block) -> Markup {
    match block {
        Block::Paragraph { words } => html! { p.prose { (words) } },
        Block::List { numbered: true, items } => html! { ol { @for item in items { li { (item) } } } },
        Block::List { numbered: false, items } => html! { ul { @for item in items { li { (item) } } } },
        Block::Table(rows) => drawn(lang, rows),
        // As an image a drawing runs no script, whatever stands in it.
        Block::Picture { name, words, svg, rows } => html! {
            figure {
                img alt=(words) src=(format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg)));
                figcaption { (name) }
            }
            @if let Some(rows) = rows { (drawn(lang, rows)) }
        },
        Block::Open { words } => notice(lang, Tone::Warn, &same(words), html! {}),
    }
}

fn drawn(lang: Lang, rows: &Rows) -> Markup {
    let columns = rows.headings.iter().map(|heading| Column::new(same(heading))).collect();
    let cells = |row: &Vec<String>| Row::new(row.iter().map(|cell| html! { span.prose { (cell) } }).collect());
    html! {
        (table(lang, &Table::new(same(&rows.name), columns, rows.rows.iter().map(cells).collect()).dense()))
        @if let Some(at) = rows.as_of {
            p.small.muted { (worded(format!("{} 現在", moment(at)), format!("As of {}", moment(at))).get(lang)) }
        }
    }
}

pub(super) fn example(lang: Lang) -> Markup {
    let said = |words: Text| words.get(lang).to_owned();
    let rows = Rows {
        name: said(text("資産", "Assets")),
        headings: vec![said(text("番号", "Number")), said(text("状態", "State"))],
        rows: vec![vec!["A-1".to_owned(), said(text("使用中", "in use"))]],
        as_of: jiff::Timestamp::from_second(1_795_000_000).ok(),
    };
    let clause = Section {
        anchor: "example-clause".into(),
        heading: said(text("適用範囲", "Scope")),
        serves: vec!["1:2".into(), "145".into()],
        blocks: vec![
            Block::Paragraph {
                words: said(text("本書はサービスの品質を定める。", "This sets the quality of the service."))
            },
            Block::List {
                numbered: true, items: vec![said(text("稼働率", "Availability")), said(text("応答時間", "Response time"))]
            },
            Block::Table(rows),
            Block::Open { words: said(text("「受付時間」が記入されていません。", "Hours of the desk: not answered.")) },
        ],
        sections: vec![],
    };
    let chapter = Section {
        anchor: "example".into(),
        heading: said(text("総則", "General")),
        serves: vec![],
        blocks: vec![],
        sections: vec![clause],
    };
    let whole = Paper {
        lang,
        title: said(text("SLA", "Service level agreement")),
        by: said(text("株式会社みどり医療情報", "Midori Medical Information Inc.")),
        about: vec![(said(text("版", "Version")), "2".into())],
        footer: "SHA-256 5f1c…".into(),
        chapters: vec![chapter],
    };
    paper(lang, &whole, &|_| html! {})
}
