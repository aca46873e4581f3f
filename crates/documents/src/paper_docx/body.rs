//! The body of a Word document: each block of a paper as Word's own paragraph, list, table or drawing.

use std::fmt::Write as _;

use quick_xml::Reader;
use quick_xml::events::Event;
use rules::document::paper::{Block, Paper, Section, Table};
use rules::text::Lang;

use super::{fixed, plain};
use crate::paper_words::{CONTENTS, CONTINUED, Length, NONE, OPEN, as_of, lengths, serves, squared};

/// Twentieths of a point: what Word measures pages in. A4 with margins of 20 mm.
const SHORT_SIDE: usize = 11_906;
const LONG_SIDE: usize = 16_838;
const MARGIN: usize = 1_134;
/// A half-width character of a table's text (8.5 points), and the space beside a cell's words.
const HALF: usize = 100;
const GUTTER: usize = 300;
/// A column whose longest line has so many half-width characters is as wide as its words.
const BRIEF: usize = 18;
/// What a longer column has at least, in half-width characters.
const LEAST: usize = 24;
/// Word shows no table with more than 63 columns.
const COLUMNS: usize = 60;
/// Word's units of a drawing: so many in a pixel of SVG (96 to an inch), and in a twentieth of a point.
const PIXEL: f64 = 9_525.0;
const TWENTIETH: f64 = 635.0;

/// A document while it is written.
pub struct Body {
    lang: Lang,
    xml: String,
    /// The SVG of each drawing, in order.
    pub drawings: Vec<String>,
    /// Numbered lists so far; each counts from 1.
    pub numbered: usize,
    headings: usize,
    sideways: bool,
}

impl Body {
    pub fn of(paper: &Paper) -> Body {
        let mut body = Body { lang: paper.lang, xml: String::new(), drawings: vec![], numbered: 0, headings: 0, sideways: false };
        body.paragraph("Title", &paper.title);
        body.paragraph("Subtitle", &paper.by);
        if !paper.about.is_empty() {
            let rows = paper.about.iter().map(|(name, words)| vec![name.clone(), words.clone()]).collect();
            body.rows(&Table { rows, ..Table::default() }, false);
        }
        if paper.chapters.len() > 1 {
            body.contents(&paper.chapters);
        }
        for chapter in &paper.chapters {
            body.section(chapter, 1);
        }
        body
    }

    /// The whole part, as `word/document.xml` holds it.
    pub fn document(&self) -> String {
        let end = page(self.sideways);
        format!(r#"{}<w:document {}><w:body>{}{end}</w:body></w:document>"#, fixed::HEAD, fixed::NAMES, self.xml)
    }

    fn add(&mut self, xml: &str) {
        self.xml.push_str(xml);
    }

    fn paragraph(&mut self, style: &str, words: &str) {
        let xml = format!(r#"<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{}</w:p>"#, run(words, ""));
        self.add(&xml);
    }

    /// Chapters and their sections as links; Word puts page numbers to them when a person refreshes the field.
    fn contents(&mut self, chapters: &[Section]) {
        self.paragraph("ContentsHeading", CONTENTS.get(self.lang));
        let mut lines = vec![];
        let mut n = 0;
        for chapter in chapters {
            listed(chapter, 1, &mut n, &mut lines);
        }
        let last = lines.len().saturating_sub(1);
        for (at, (level, bookmark, words)) in lines.into_iter().enumerate() {
            let begin = if at == 0 {
                r#"<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> TOC \o "1-2" \h \z \u </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>"#
            } else {
                ""
            };
            let end = if at == last { r#"<w:r><w:fldChar w:fldCharType="end"/></w:r>"# } else { "" };
            let words = run(words, "");
            let line = format!(
                r#"<w:p><w:pPr><w:pStyle w:val="TOC{level}"/></w:pPr>{begin}<w:hyperlink w:anchor="h{bookmark}">{words}</w:hyperlink>{end}</w:p>"#
            );
            self.add(&line);
        }
    }

    fn section(&mut self, of: &Section, level: usize) {
        self.upright();
        self.headings += 1;
        let n = self.headings;
        let heading = format!(
            r#"<w:p><w:pPr><w:pStyle w:val="Heading{}"/></w:pPr><w:bookmarkStart w:id="{n}" w:name="h{n}"/>{}<w:bookmarkEnd w:id="{n}"/></w:p>"#,
            level.min(fixed::LEVELS),
            run(&of.heading.replace(['\r', '\n'], " "), "")
        );
        self.add(&heading);
        if !of.serves.is_empty() {
            self.paragraph("Serves", &serves(&of.serves, self.lang));
        }
        for block in &of.blocks {
            self.block(block);
        }
        for inner in &of.sections {
            self.section(inner, level + 1);
        }
    }

    fn block(&mut self, block: &Block) {
        if !matches!(block, Block::Table(_)) {
            self.upright();
        }
        match block {
            // A blank line parts paragraphs.
            Block::Paragraph { words } => {
                words
                    .replace("\r\n", "\n")
                    .split("\n\n")
                    .filter(|p| !p.trim().is_empty())
                    .for_each(|p| self.paragraph("Normal", p.trim_matches('\n')));
            }
            Block::List { numbered, items } => self.list(*numbered, items),
            Block::Table(table) => self.table(table),
            Block::Picture { name, words, svg, rows } => {
                self.paragraph("TableName", name);
                self.drawing(words, svg);
                self.paragraph("Note", words);
                if let Some(rows) = rows {
                    self.table(rows);
                }
            }
            Block::Open { words } => {
                let label = run(&format!("{}  ", OPEN.get(self.lang)), "<w:b/>");
                let xml = format!(r#"<w:p><w:pPr><w:pStyle w:val="Open"/></w:pPr>{label}{}</w:p>"#, run(words, ""));
                self.add(&xml);
            }
        }
    }

    fn list(&mut self, numbered: bool, items: &[String]) {
        if numbered && !items.is_empty() {
            self.numbered += 1;
        }
        let id = if numbered { fixed::BULLETS + self.numbered } else { fixed::BULLETS };
        for item in items {
            let xml = format!(
                r#"<w:p><w:pPr><w:pStyle w:val="ListParagraph"/><w:numPr><w:ilvl w:val="0"/><w:numId w:val="{id}"/></w:numPr></w:pPr>{}</w:p>"#,
                run(item, "")
            );
            self.add(&xml);
        }
    }

    fn table(&mut self, table: &Table) {
        let table = squared(table);
        let needs: usize = lengths(&table).iter().map(|l| l.longest.min(LEAST) * HALF + GUTTER).sum();
        self.turn(needs > SHORT_SIDE - 2 * MARGIN);
        let mut name = table.name.clone();
        for from in (0..table.headings.len().max(1)).step_by(COLUMNS) {
            let part = |row: &Vec<String>| row.iter().skip(from).take(COLUMNS).cloned().collect::<Vec<_>>();
            let when = as_of(&table, self.lang);
            if !name.is_empty() || !when.is_empty() {
                self.paragraph("TableName", &[name.as_str(), &when].join("  "));
            }
            self.rows(&Table { headings: part(&table.headings), rows: table.rows.iter().map(part).collect(), ..Table::default() }, true);
            name = format!("{}{}", table.name, CONTINUED.get(self.lang));
        }
    }

    /// The cells of a table; its headings are written on each page again.
    fn rows(&mut self, table: &Table, headed: bool) {
        let table = squared(table);
        if table.rows.is_empty() || table.headings.is_empty() {
            self.paragraph("Note", NONE.get(self.lang));
            return;
        }
        let widths = widths(&lengths(&table), self.room());
        let _ = write!(
            self.xml,
            r#"<w:tbl><w:tblPr><w:tblStyle w:val="PaperTable"/><w:tblW w:w="{}" w:type="dxa"/><w:tblLayout w:type="fixed"/><w:tblLook w:val="0{}"/></w:tblPr><w:tblGrid>"#,
            widths.iter().sum::<usize>(),
            if headed { "420" } else { "400" }
        );
        for width in &widths {
            let _ = write!(self.xml, r#"<w:gridCol w:w="{width}"/>"#);
        }
        self.add("</w:tblGrid>");
        if headed {
            self.row(&table.headings, &widths, r#"<w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>"#, "<w:b/>");
        }
        for row in &table.rows {
            self.row(row, &widths, "", "");
        }
        // Without a paragraph between them Word takes two tables for one.
        self.add(r#"</w:tbl><w:p><w:pPr><w:pStyle w:val="AfterTable"/></w:pPr></w:p>"#);
    }

    fn row(&mut self, cells: &[String], widths: &[usize], properties: &str, bold: &str) {
        let _ = write!(self.xml, "<w:tr>{properties}");
        for (cell, width) in cells.iter().zip(widths) {
            let _ = write!(
                self.xml,
                r#"<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr><w:p><w:pPr><w:pStyle w:val="Cell"/></w:pPr>{}</w:p></w:tc>"#,
                run(cell, bold)
            );
        }
        self.add("</w:tr>");
    }

    /// A drawing, as large as the page allows; one that is no SVG is left to its words and rows.
    fn drawing(&mut self, words: &str, svg: &str) {
        let Some((width, height)) = size(svg) else { return };
        let n = self.drawings.len();
        self.drawings.push(svg.to_owned());
        let (room, high) = (self.room() as f64 * TWENTIETH, (LONG_SIDE - 4 * MARGIN) as f64 * TWENTIETH);
        let share = (room / (width * PIXEL)).min(high / (height * PIXEL)).min(1.0);
        let (x, y) = ((width * PIXEL * share) as u64, (height * PIXEL * share) as u64);
        let id = n + 1;
        let words = plain(words).replace('\n', " ");
        let xml = format!(
            r#"<w:p><w:pPr><w:pStyle w:val="Normal"/></w:pPr><w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="{x}" cy="{y}"/><wp:docPr id="{id}" name="Drawing {id}" descr="{words}"/><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr><pic:cNvPr id="{id}" name="Drawing {id}" descr="{words}"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="blank"><a:extLst><a:ext uri="{{96DAC541-7B7A-43D3-8B79-37D633B846F1}}"><asvg:svgBlip r:embed="drawing{n}"/></a:ext></a:extLst></a:blip><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{x}" cy="{y}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"#
        );
        self.add(&xml);
    }

    fn upright(&mut self) {
        self.turn(false);
    }

    /// Begins a page of the other orientation, where the next block needs one.
    fn turn(&mut self, sideways: bool) {
        if self.sideways != sideways {
            let before = page(self.sideways);
            let xml = format!(r#"<w:p><w:pPr><w:pStyle w:val="AfterTable"/>{before}</w:pPr></w:p>"#);
            self.add(&xml);
            self.sideways = sideways;
        }
    }

    /// Width between the margins.
    fn room(&self) -> usize {
        (if self.sideways { LONG_SIDE } else { SHORT_SIDE }) - 2 * MARGIN
    }
}

/// The lines of the contents in the order of the headings, which count themselves.
fn listed<'s>(of: &'s Section, level: usize, n: &mut usize, lines: &mut Vec<(usize, usize, &'s str)>) {
    *n += 1;
    if level <= 2 {
        lines.push((level, *n, &of.heading));
    }
    for inner in &of.sections {
        listed(inner, level + 1, n, lines);
    }
}

/// Words in one run, with their line breaks.
fn run(words: &str, properties: &str) -> String {
    let lines = plain(words).replace('\t', " ").split('\n').map(|l| format!(r#"<w:t xml:space="preserve">{l}</w:t>"#)).collect::<Vec<_>>();
    format!("<w:r><w:rPr>{properties}</w:rPr>{}</w:r>", lines.join("<w:br/>"))
}

fn page(sideways: bool) -> String {
    let (width, height, turned) = if sideways { (LONG_SIDE, SHORT_SIDE, r#" w:orient="landscape""#) } else { (SHORT_SIDE, LONG_SIDE, "") };
    format!(
        r#"<w:sectPr><w:footerReference w:type="default" r:id="footer"/><w:pgSz w:w="{width}" w:h="{height}"{turned}/><w:pgMar w:top="{MARGIN}" w:right="{MARGIN}" w:bottom="{MARGIN}" w:left="{MARGIN}" w:header="567" w:footer="567" w:gutter="0"/></w:sectPr>"#
    )
}

/// Widths of columns that fill no more than `room`: brief ones as their words, others share the rest by the root of what stands in them.
fn widths(columns: &[Length], room: usize) -> Vec<usize> {
    let brief = |l: &Length| l.longest <= BRIEF;
    let own: Vec<usize> = columns.iter().map(|l| if brief(l) { l.longest.max(2) * HALF + GUTTER } else { 0 }).collect();
    let parts: Vec<f64> = columns.iter().map(|l| if brief(l) { 0.0 } else { (l.usual.max(LEAST) as f64).sqrt().min(22.0) }).collect();
    let long = parts.iter().filter(|p| **p > 0.0).count();
    let all: f64 = parts.iter().sum();
    let taken: usize = own.iter().sum();
    // However many brief columns there are, the others keep half of an even share.
    let kept = room * long / (2 * columns.len().max(1));
    let shrink = ((room - kept) as f64 / taken.max(1) as f64).min(1.0);
    let left = room as f64 - taken as f64 * shrink;
    own.iter()
        .zip(&parts)
        .map(|(own, part)| if *part > 0.0 { (left * part / all) as usize } else { (*own as f64 * shrink) as usize })
        .collect()
}

/// Width and height of an SVG in its pixels; `None` if it is none.
fn size(svg: &str) -> Option<(f64, f64)> {
    let mut reader = Reader::from_str(svg);
    let mut found = None;
    loop {
        match reader.read_event().ok()? {
            Event::Start(root) | Event::Empty(root) if found.is_none() => {
                if root.local_name().as_ref() != "svg" {
                    return None;
                }
                let read = |name: &str| root.try_get_attribute(name).ok().flatten().map(|a| a.value.to_string());
                let number = |name| read(name).and_then(|v| v.trim_end_matches("px").parse::<f64>().ok());
                let sides: Vec<f64> = read("viewBox").unwrap_or_default().split([' ', ',']).filter_map(|n| n.parse().ok()).collect();
                let viewed = |at: usize| sides.get(at).copied();
                found = Some((number("width").or(viewed(2))?, number("height").or(viewed(3))?));
            }
            Event::Eof => return found.filter(|(w, h)| *w > 0.0 && *h > 0.0 && w.is_finite() && h.is_finite()),
            _ => {}
        }
    }
}
