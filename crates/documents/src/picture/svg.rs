//! Writes a laid-out drawing as SVG: no script, no style sheet, no name that could meet another; every text escaped.

use std::fmt::Write as _;

use quick_xml::escape::escape;
use rules::text::Lang;

use super::layout::{KIND, Laid, Letters, NAME, Rect, width};
use super::{Link, Path, Sample};

pub const INK: &str = "#1a1a1c";
pub const QUIET: &str = "#4d4d4d";
const FRAME: &str = "#8a8a8f";
/// What the embedded font of the PDF is called, and what computers in Japan have.
const FONTS: &str = "BIZ UDPGothic, BIZ UDPゴシック, Hiragino Sans, Yu Gothic, Meiryo, Noto Sans JP, sans-serif";
/// Of the legend under a drawing.
const LEGEND: i32 = 26;

/// The root with a white ground, which is there on dark pages too.
pub fn page(width: i32, height: i32, title: &str, inner: &str) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" font-family="{FONTS}"><title>{}</title><rect x="0" y="0" width="{width}" height="{height}" fill="white"/>{inner}</svg>"#,
        escape(title)
    )
}

/// A text at its baseline.
pub fn said(words: &str, (x, y): (i32, i32), size: i32, fill: &str, more: &str) -> String {
    format!(r#"<text x="{x}" y="{y}" font-size="{size}" fill="{fill}"{more}>{}</text>"#, escape(words))
}

pub fn rect(at: Rect, fill: &str, stroke: &str, more: &str) -> String {
    let Rect { x, y, width, height } = at;
    format!(r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}" stroke="{stroke}"{more}/>"#)
}

/// Boxes, lines and frames with a legend.
pub fn boxes(laid: &Laid, links: &[Link], title: &str, legend: &[Sample], lang: Lang) -> String {
    let mut out = String::new();
    for frame in &laid.frames {
        out.push_str(&rect(frame.at, "#f4f4f6", FRAME, r#" rx="4""#));
        lines(&mut out, &frame.name, (frame.at.x + 8, frame.at.y + 8), NAME, QUIET, r#" font-weight="bold""#);
    }
    for (line, link) in laid.lines.iter().zip(links) {
        let corners: Vec<String> = line.corners.iter().map(|(x, y)| format!("{x},{y}")).collect();
        let dashes = if link.path == Path::Emergency { r#" stroke-dasharray="5 4""# } else { "" };
        let _ = write!(out, r#"<polyline points="{}" fill="none" stroke="{INK}"{dashes}/>"#, corners.join(" "));
        if let [.., (_, before), (x, y)] = line.corners.as_slice() {
            let back = if before < y { y - 8 } else { y + 8 };
            let _ = write!(out, r#"<polygon points="{x},{y} {},{back} {},{back}" fill="{INK}"/>"#, x - 4, x + 4);
        }
    }
    for shown in &laid.boxes {
        out.push_str(&rect(shown.at, "white", INK, ""));
        let after = lines(&mut out, &shown.name, (shown.at.x + 8, shown.at.y + 8), NAME, INK, r#" font-weight="bold""#);
        lines(&mut out, &shown.kind, (shown.at.x + 8, after), KIND, QUIET, "");
    }
    for (n, (line, link)) in laid.lines.iter().zip(links).enumerate() {
        number(&mut out, &(n + 1).to_string(), line.number, link.boundary);
    }
    let (mut x, y) = (8, laid.height + LEGEND / 2);
    let mut widest = laid.width;
    if !links.is_empty() {
        for sample in legend {
            let words = match sample {
                Sample::Normal(words) | Sample::Emergency(words) | Sample::Boundary(words) => words.get(lang),
            };
            match sample {
                Sample::Normal(_) => out.push_str(&ruled(x, y, "")),
                Sample::Emergency(_) => out.push_str(&ruled(x, y, r#" stroke-dasharray="5 4""#)),
                Sample::Boundary(_) => number(&mut out, "1", (x + 14, y), true),
            }
            out.push_str(&said(words, (x + 34, y + 4), KIND.size, INK, ""));
            x += 34 + width(words, KIND) + 20;
        }
        widest = widest.max(x);
    }
    page(widest, laid.height + if links.is_empty() { 0 } else { LEGEND }, title, &out)
}

fn ruled(x: i32, y: i32, more: &str) -> String {
    format!(r#"<line x1="{x}" y1="{y}" x2="{}" y2="{y}" stroke="{INK}"{more}/>"#, x + 28)
}

/// A line's number: white on black where it crosses the boundary.
fn number(out: &mut String, words: &str, (x, y): (i32, i32), boundary: bool) {
    let (ground, ink) = if boundary { (INK, "white") } else { ("white", INK) };
    out.push_str(&rect(Rect { x: x - 9, y: y - 6, width: 18, height: 12 }, ground, INK, r#" rx="3""#));
    out.push_str(&said(words, (x, y + 3), 9, ink, r#" text-anchor="middle""#));
}

/// Lines of a text from the top; returns where the next would begin.
fn lines(out: &mut String, all: &[String], (x, top): (i32, i32), letters: Letters, fill: &str, more: &str) -> i32 {
    for (n, line) in (0i32..).zip(all) {
        out.push_str(&said(line, (x, top + letters.line * n + letters.size), letters.size, fill, more));
    }
    top + letters.line * all.len() as i32
}
