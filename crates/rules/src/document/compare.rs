//! What differs between two papers of one document, clause by clause, in words.

use std::collections::BTreeMap;

use super::paper::{Block, Paper, Section, Table};

/// A clause whose words are not the same in both papers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing {
    pub heading: String,
    /// Empty where the clause is new.
    pub before: String,
    /// Empty where the clause is gone.
    pub after: String,
}

/// The clauses that differ, in the order of the later paper, then those that are gone. When facts were read does not differ.
pub fn compare(before: &Paper, after: &Paper) -> Vec<Differing> {
    let (mut old, new) = (sections(before), sections(after));
    let mut out = vec![];
    for section in &new {
        let said = words(section);
        let was = old.iter().position(|s| s.anchor == section.anchor).map(|at| words(old.remove(at))).unwrap_or_default();
        if was != said {
            out.push(Differing { heading: section.heading.clone(), before: was, after: said });
        }
    }
    let gone = old.into_iter().map(|s| (s, words(s))).filter(|(_, was)| !was.is_empty());
    out.extend(gone.map(|(s, before)| Differing { heading: s.heading.clone(), before, after: String::new() }));
    out
}

fn sections(paper: &Paper) -> Vec<&Section> {
    fn with<'a>(section: &'a Section, out: &mut Vec<&'a Section>) {
        out.push(section);
        section.sections.iter().for_each(|s| with(s, out));
    }
    let mut out = vec![];
    paper.chapters.iter().for_each(|chapter| with(chapter, &mut out));
    out
}

/// The words of a section without those of the sections in it.
pub fn words(section: &Section) -> String {
    let row = |row: &Vec<String>| row.join(" | ");
    let table =
        |t: &Table| std::iter::once(t.name.clone()).chain([row(&t.headings)]).chain(t.rows.iter().map(row)).collect::<Vec<_>>().join("\n");
    let blocks = section.blocks.iter().map(|block| match block {
        Block::Paragraph { words } | Block::Open { words } => words.clone(),
        Block::List { items, .. } => items.iter().map(|item| format!("- {item}")).collect::<Vec<_>>().join("\n"),
        Block::Table(t) => table(t),
        Block::Picture { name, words, rows, .. } => {
            rows.as_ref().map_or_else(|| format!("{name}\n{words}"), |rows| format!("{name}\n{words}\n{}", table(rows)))
        }
    });
    blocks.collect::<Vec<_>>().join("\n\n")
}

/// How many blocks of a paper say that something is open, by the anchor of their section.
pub fn open_in(paper: &Paper) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for section in sections(paper) {
        let open = section.blocks.iter().filter(|block| matches!(block, Block::Open { .. })).count();
        if open > 0 {
            out.insert(section.anchor.clone(), open);
        }
    }
    out
}
