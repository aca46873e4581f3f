//! Draws what registers say: people, networks, flows of data and risks, each as SVG, in words and as rows.
//!
//! The three with boxes and lines share one layout (`layout.rs`): boxes on a grid, framed by group, and lines only in the
//! gaps between them. Lines are numbered; their words stand in the rows. Everything can be read in black and white.

mod layout;
mod risks;
mod svg;

use std::collections::{BTreeMap, BTreeSet};

use rules::document::paper::{Block, Table};
use rules::text::{Lang, Text, text};

pub use risks::{Risk, Scales, risks};

use crate::form::clean;

/// A box: a person, a vendor, an asset, whoever gives or takes data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Node {
    /// By which links name it.
    pub id: String,
    pub name: String,
    /// What it is, in the language of the paper: 責任者, 委託先, サーバ.
    pub kind: String,
    /// What it is framed with: a responsibility, a zone, an organisation. Empty: no frame.
    pub group: String,
}

/// A line from one box to another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Link {
    pub from: String,
    pub to: String,
    /// What goes over it: a protocol, a kind of data, a report.
    pub name: String,
    pub path: Path,
    /// It leaves what the provider is responsible for.
    pub boundary: bool,
}

/// When a line is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Path {
    #[default]
    Normal,
    Emergency,
}

/// 体制図: people and vendors, framed by responsibility; links say who reports to whom.
pub fn organisation(nodes: &[Node], links: &[Link], lang: Lang) -> Block {
    let title = text("体制図", "Organisation");
    let legend = [Sample::Normal(text("報告・指示", "reports"))];
    drawn(nodes, links, &Said { title, line: text("関係", "Relation"), legend: &legend, network: false }, lang)
}

/// ネットワーク構成図: assets framed by zone, with normal and emergency paths and what crosses the boundary.
pub fn network(nodes: &[Node], links: &[Link], lang: Lang) -> Block {
    let title = text("ネットワーク構成図", "Network");
    let legend = [
        Sample::Normal(text("通常経路", "normal path")),
        Sample::Emergency(text("非常時経路", "emergency path")),
        Sample::Boundary(text("責任分界を越える接続", "crosses the boundary")),
    ];
    drawn(nodes, links, &Said { title, line: text("接続", "Connection"), legend: &legend, network: true }, lang)
}

/// データフロー: who gives what to whom.
pub fn data_flow(nodes: &[Node], links: &[Link], lang: Lang) -> Block {
    let title = text("データフロー", "Data flow");
    let legend = [Sample::Normal(text("データの流れ", "flow")), Sample::Boundary(text("責任分界を越える流れ", "crosses the boundary"))];
    drawn(nodes, links, &Said { title, line: text("データ", "Data"), legend: &legend, network: false }, lang)
}

/// What a kind of drawing says around its boxes.
struct Said<'a> {
    title: Text,
    /// Heading of what goes over a line.
    line: Text,
    legend: &'a [Sample],
    /// Its rows tell the path of each line.
    network: bool,
}

/// A line of the legend.
enum Sample {
    Normal(Text),
    Emergency(Text),
    Boundary(Text),
}

const NONE: Text = text("まだ登録がありません。", "Nothing is registered yet.");
const UNKNOWN: Text = text("登録にないもの", "Not registered");
const YES: Text = text("越える", "crosses");
const DASH: &str = "—";
/// Characters of the words that stand for a drawing; its rows have everything.
const WORDS: usize = 600;

fn drawn(nodes: &[Node], links: &[Link], said: &Said<'_>, lang: Lang) -> Block {
    let (nodes, links) = whole(nodes, links, lang);
    let laid = layout::laid(&nodes, &links);
    let title = said.title.get(lang).to_owned();
    let words = words(&nodes, &links, lang);
    Block::Picture {
        svg: svg::boxes(&laid, &links, &title, said.legend, lang),
        rows: Some(if links.is_empty() { of_nodes(&nodes, &title, lang) } else { of_links(&nodes, &links, &title, said, lang) }),
        name: title,
        words,
    }
}

/// Names without what nobody sees, each id once, and a box for every end of a line: nothing is left out of the drawing.
fn whole(nodes: &[Node], links: &[Link], lang: Lang) -> (Vec<Node>, Vec<Link>) {
    let mut seen = BTreeSet::new();
    let mut all: Vec<Node> = nodes
        .iter()
        .filter(|n| seen.insert(n.id.clone()))
        .map(|n| Node { id: n.id.clone(), name: visible(&n.name), kind: visible(&n.kind), group: visible(&n.group) })
        .collect();
    for end in links.iter().flat_map(|l| [&l.from, &l.to]) {
        if seen.insert(end.clone()) {
            all.push(Node { id: end.clone(), name: visible(end), kind: UNKNOWN.get(lang).to_owned(), group: UNKNOWN.get(lang).to_owned() });
        }
    }
    let links = links.iter().map(|l| Link { name: visible(&l.name), ..l.clone() }).collect();
    // Boxes of a group stand together, groups in the order in which they first appear.
    let order: BTreeMap<String, usize> = all.iter().rev().enumerate().map(|(n, node)| (node.group.clone(), all.len() - n)).collect();
    all.sort_by_key(|n| order.get(&n.group).copied());
    (all, links)
}

/// A text on one line, without characters that show nothing or turn the reading direction.
fn visible(words: &str) -> String {
    let hidden = |c: char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    clean(words).chars().filter(|c| !hidden(*c)).map(|c| if c == '\n' || c == '\t' { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// What a person hears who does not see the drawing.
fn words(nodes: &[Node], links: &[Link], lang: Lang) -> String {
    if nodes.is_empty() {
        return NONE.get(lang).to_owned();
    }
    let groups: Vec<String> = nodes
        .chunk_by(|a, b| a.group == b.group)
        .map(|of| {
            let names: Vec<&str> = of.iter().map(|n| n.name.as_str()).collect();
            match (lang, of[0].group.as_str()) {
                (Lang::Ja, "") => names.join("、"),
                (Lang::En, "") => names.join(", "),
                (Lang::Ja, group) => format!("{group}：{}", names.join("、")),
                (Lang::En, group) => format!("{group}: {}", names.join(", ")),
            }
        })
        .collect();
    let all = match lang {
        Lang::Ja => format!("{}件と、その間の{}本の線。{}", nodes.len(), links.len(), groups.join("／")),
        Lang::En => format!("{} boxes and {} lines between them. {}", nodes.len(), links.len(), groups.join("; ")),
    };
    if all.chars().count() <= WORDS { all } else { all.chars().take(WORDS).chain(['…']).collect() }
}

fn headings(all: &[Text], lang: Lang) -> Vec<String> {
    all.iter().map(|t| t.get(lang).to_owned()).collect()
}

fn or_dash(words: &str) -> String {
    if words.is_empty() { DASH.to_owned() } else { words.to_owned() }
}

fn of_nodes(nodes: &[Node], name: &str, lang: Lang) -> Table {
    let rows = nodes.iter().map(|n| vec![or_dash(&n.group), or_dash(&n.name), or_dash(&n.kind)]).collect();
    Table {
        name: name.to_owned(),
        headings: headings(&[text("区分", "Group"), text("名称", "Name"), text("種別", "Kind")], lang),
        rows,
        as_of: None,
    }
}

/// A row for each line by its number, and one for each box without lines.
fn of_links(nodes: &[Node], links: &[Link], name: &str, said: &Said<'_>, lang: Lang) -> Table {
    let called = |id: &str| {
        let Some(node) = nodes.iter().find(|n| n.id == id) else { return or_dash(id) };
        let more: Vec<&str> = [node.group.as_str(), node.kind.as_str()].into_iter().filter(|w| !w.is_empty()).collect();
        match (lang, more.as_slice()) {
            (_, []) => or_dash(&node.name),
            (Lang::Ja, more) => format!("{}（{}）", node.name, more.join("・")),
            (Lang::En, more) => format!("{} ({})", node.name, more.join(", ")),
        }
    };
    let of_path = |path| match path {
        Path::Normal => text("通常", "normal"),
        Path::Emergency => text("非常時", "emergency"),
    };
    let mut named = vec![text("番号", "No."), text("から", "From"), text("まで", "To"), said.line.clone()];
    named.extend(said.network.then(|| text("経路", "Path")));
    named.push(text("責任分界", "Boundary"));
    let mut rows: Vec<Vec<String>> = links
        .iter()
        .enumerate()
        .map(|(n, l)| {
            let mut row = vec![(n + 1).to_string(), called(&l.from), called(&l.to), or_dash(&l.name)];
            row.extend(said.network.then(|| of_path(l.path).get(lang).to_owned()));
            row.push(if l.boundary { YES.get(lang).to_owned() } else { DASH.to_owned() });
            row
        })
        .collect();
    let linked: BTreeSet<&str> = links.iter().flat_map(|l| [l.from.as_str(), l.to.as_str()]).collect();
    for alone in nodes.iter().filter(|n| !linked.contains(n.id.as_str())) {
        let mut row = vec![DASH.to_owned(); named.len()];
        row[1] = called(&alone.id);
        rows.push(row);
    }
    Table { name: name.to_owned(), headings: headings(&named, lang), rows, as_of: None }
}

#[cfg(test)]
mod tests;
