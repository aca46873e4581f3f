//! リスクの行列: how many risks lie at each likelihood and impact, darker where both are high.

use rules::document::paper::{Block, Table};
use rules::text::{Lang, text};

use super::layout::Rect;
use super::svg::{INK, QUIET, page, rect, said};
use super::{headings, layout, or_dash, visible};

/// One risk, by places on the scales; `None` where nobody has judged it yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Risk {
    pub name: String,
    pub likelihood: Option<usize>,
    pub impact: Option<usize>,
}

/// The names of the steps, from low to high, in the language of the paper.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scales {
    pub likelihood: Vec<String>,
    pub impact: Vec<String>,
}

const CELL: i32 = 92;
const HEIGHT: i32 = 56;
const SIDE: i32 = 120;
const TOP: i32 = 34;
const FOOT: i32 = 40;

/// The matrix with the number of risks in each cell. What is not judged, or not on the scale, is counted beside it.
pub fn risks(risks: &[Risk], scales: &Scales, lang: Lang) -> Block {
    let title = text("リスクの行列", "Risk matrix").get(lang).to_owned();
    let (down, across) = (scales.likelihood.len(), scales.impact.len());
    let place = |risk: &Risk| Some((risk.likelihood.filter(|n| *n < down)?, risk.impact.filter(|n| *n < across)?));
    let count = |likelihood: usize, impact: usize| risks.iter().filter(|r| place(r) == Some((likelihood, impact))).count();
    let unjudged = risks.iter().filter(|r| place(r).is_none()).count();
    let (width, height) = (SIDE + CELL * across as i32 + 12, TOP + HEIGHT * down as i32 + FOOT);
    let mut inner = String::new();
    let middle = r#" text-anchor="middle""#;
    inner.push_str(&said(text("発生可能性", "Likelihood").get(lang), (10, TOP - 12), 11, QUIET, ""));
    for row in 0..down {
        // The highest likelihood stands on top.
        let likelihood = down - 1 - row;
        let y = TOP + HEIGHT * row as i32;
        inner.push_str(&said(&fitting(&scales.likelihood[likelihood], SIDE - 20), (10, y + HEIGHT / 2 + 4), 12, INK, ""));
        for impact in 0..across {
            let x = SIDE + CELL * impact as i32;
            let found = count(likelihood, impact);
            inner.push_str(&rect(Rect { x, y, width: CELL, height: HEIGHT }, shade(likelihood, impact, down, across), INK, ""));
            let (size, words) = if found == 0 { (12, "0".to_owned()) } else { (20, found.to_string()) };
            inner.push_str(&said(&words, (x + CELL / 2, y + HEIGHT / 2 + size / 3), size, INK, middle));
        }
    }
    let y = TOP + HEIGHT * down as i32;
    for (impact, name) in (0i32..).zip(&scales.impact) {
        inner.push_str(&said(&fitting(name, CELL - 8), (SIDE + CELL * impact + CELL / 2, y + 17), 12, INK, middle));
    }
    inner.push_str(&said(text("影響度", "Impact").get(lang), (SIDE + CELL * across as i32 / 2, y + 34), 11, QUIET, middle));
    let high = risks.iter().filter(|r| place(r).is_some_and(|(l, i)| l + 1 == down && i + 1 == across)).count();
    let words = match lang {
        Lang::Ja => {
            format!(
                "{}件のリスクのうち、発生可能性と影響度がともに最も高いものは{high}件、まだ評価されていないものは{unjudged}件です。",
                risks.len()
            )
        }
        Lang::En => format!("Of {} risks, {high} are highest in both likelihood and impact; {unjudged} are not judged yet.", risks.len()),
    };
    let unknown = text("未評価", "not judged");
    let step =
        |names: &[String], at: Option<usize>| at.and_then(|n| names.get(n)).map_or_else(|| unknown.get(lang).to_owned(), |n| visible(n));
    let rows = risks
        .iter()
        .map(|r| vec![or_dash(&visible(&r.name)), step(&scales.likelihood, r.likelihood), step(&scales.impact, r.impact)])
        .collect();
    let named = [text("リスク", "Risk"), text("発生可能性", "Likelihood"), text("影響度", "Impact")];
    let rows = Some(Table { name: title.clone(), headings: headings(&named, lang), rows, as_of: None });
    Block::Picture { svg: page(width.max(SIDE + CELL), height, &title, &inner), name: title, words, rows }
}

/// From white to a grey on which black is still read easily.
fn shade(likelihood: usize, impact: usize, down: usize, across: usize) -> &'static str {
    const STEPS: [&str; 5] = ["white", "#f0f0f2", "#e0e0e4", "#cfcfd5", "#bcbcc4"];
    let most = (down + across).saturating_sub(2).max(1);
    STEPS[(likelihood + impact) * (STEPS.len() - 1) / most]
}

/// A name cut to a room, ending in `…`; the rows have it whole.
fn fitting(name: &str, room: i32) -> String {
    let mut name = visible(name);
    if layout::width(&name, layout::NAME) <= room {
        return name;
    }
    while layout::width(&format!("{name}…"), layout::NAME) > room && name.pop().is_some() {}
    format!("{name}…")
}
