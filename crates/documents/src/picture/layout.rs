//! Where boxes and lines go: boxes on a grid in the order of their groups, lines only in the gaps between rows and columns.
//!
//! A line leaves a box at its lower or upper side, runs in a track of a gap, and enters the other box. Tracks lie apart, so
//! no line runs over a box or along another line, however many there are. Lengths are pixels of SVG.

use std::collections::BTreeMap;

use super::{Link, Node};
use crate::row_height::advance;

/// Sizes of the type, and the distance between its lines.
pub const NAME: Letters = Letters { size: 12, line: 16 };
pub const KIND: Letters = Letters { size: 10, line: 13 };
/// Space between a box's side and its words.
const PAD: i32 = 8;
/// The narrowest column of boxes.
const COLUMN: i32 = 150;
/// Between two lines at one side of a box: a number fits between them.
const PORT: i32 = 22;
/// Between two lines in one gap.
const TRACK: i32 = 7;
/// Beside a box in a gap: room for numbers and arrow heads, and the frame behind it.
const STUB: i32 = 24;
/// From a row of boxes to the frame around it.
pub const FRAME: i32 = 21;
/// A column's gap without lines.
const GAP: i32 = 18;
/// Width of the names of groups, left of the boxes.
const GROUP: i32 = 104;
/// Lines of a name and of a kind that are drawn; the rows under the drawing have the rest.
const NAME_LINES: usize = 4;
const KIND_LINES: usize = 2;

/// A size of type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letters {
    pub size: i32,
    pub line: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

/// A box with its words, broken into lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boxed {
    pub at: Rect,
    pub name: Vec<String>,
    pub kind: Vec<String>,
}

/// A line: its corners from one box to the other, and where its number stands (centre).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub corners: Vec<(i32, i32)>,
    pub number: (i32, i32),
}

/// A group's frame and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub at: Rect,
    pub name: Vec<String>,
}

/// A whole drawing; boxes and lines in the order of what they stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Laid {
    pub width: i32,
    pub height: i32,
    pub boxes: Vec<Boxed>,
    pub lines: Vec<Line>,
    pub frames: Vec<Frame>,
}

/// The side of a box at which a line begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Top,
    Bottom,
}

/// Where a line goes, in rows and columns.
#[derive(Debug, Clone, Copy)]
struct Route {
    ends: [(usize, Side); 2],
    /// Gaps between rows that it runs in: gap `n` lies over row `n`.
    rows: [usize; 2],
    /// The gap between columns that joins them, left of that column, and its track there.
    column: Option<(usize, usize)>,
}

/// Lays out boxes that stand in the order of their groups. Both ends of each link are among them.
pub fn laid(nodes: &[Node], links: &[Link]) -> Laid {
    let grid = grid(nodes, (3..6).find(|n| n * n >= nodes.len()).unwrap_or(6));
    let across = grid.iter().map(|(_, column)| column + 1).max().unwrap_or(0);
    let rows = grid.last().map_or(0, |(row, _)| row + 1);
    let mut routes = routes(nodes, links, &grid, across);
    let ports = ports(&grid, &routes);
    let tracks = column_tracks(&mut routes, across);
    // Columns: as wide as their busiest box.
    let grouped = nodes.iter().any(|n| !n.group.is_empty());
    let mut x = if grouped { GROUP + PAD } else { PAD };
    let (mut lefts, mut widths, mut gaps) = (vec![], vec![], vec![]);
    for (column, tracks) in tracks.iter().enumerate() {
        gaps.push(x + GAP / 2);
        x += GAP + TRACK * *tracks as i32;
        if column < across {
            let busiest = ports.iter().filter(|((node, _), _)| grid[*node].1 == column).map(|(_, lines)| lines.len()).max().unwrap_or(0);
            let width = COLUMN.max((busiest as i32 + 1) * PORT);
            lefts.push(x);
            widths.push(width);
            x += width;
        }
    }
    let width = x + PAD;
    let boxes: Vec<(Vec<String>, Vec<String>)> = nodes
        .iter()
        .zip(&grid)
        .map(|(node, (_, column))| {
            let room = widths[*column] - 2 * PAD;
            (broken(&node.name, NAME, room, NAME_LINES), broken(&node.kind, KIND, room, KIND_LINES))
        })
        .collect();
    let port = |end: usize, (node, side): (usize, Side), link: usize| {
        let (column, lines) = (grid[node].1, &ports[&(node, side)]);
        let slots = (widths[column] - PORT / 2) / PORT;
        let first = (slots - lines.len() as i32) / 2;
        // A line from a box to itself has two places at one side.
        let place = if end == 0 { lines.iter().position(|l| *l == link) } else { lines.iter().rposition(|l| *l == link) };
        let slot = first + place.unwrap_or(0) as i32;
        // Upper and lower sides are half a step apart: their lines never meet in a gap.
        lefts[column] + slot * PORT + if side == Side::Bottom { PORT / 2 } else { PORT }
    };
    let ends: Vec<[i32; 2]> = routes.iter().enumerate().map(|(n, r)| [0, 1].map(|end| port(end, r.ends[end], n))).collect();
    let middle = |r: &Route| r.column.map(|(gap, track)| gaps[gap] + TRACK * track as i32);
    let (runs, counts) = row_tracks(&routes, &ends, middle, rows);
    // Rows: as high as their highest box; gaps as high as their lines need.
    let mut y = PAD;
    let (mut tops, mut heights, mut row_gaps) = (vec![], vec![], vec![]);
    for (row, tracks) in counts.iter().enumerate() {
        row_gaps.push(y + STUB);
        y += 2 * STUB + TRACK * *tracks as i32;
        if row < rows {
            let of = |(n, (name, kind)): (usize, &(Vec<String>, Vec<String>))| {
                (grid[n].0 == row).then(|| 2 * PAD + NAME.line * name.len() as i32 + KIND.line * kind.len() as i32)
            };
            let height = boxes.iter().enumerate().filter_map(of).max().unwrap_or(0);
            tops.push(y);
            heights.push(height);
            y += height;
        }
    }
    let boxes: Vec<Boxed> = boxes
        .into_iter()
        .zip(&grid)
        .map(|((name, kind), (row, column))| Boxed {
            at: Rect { x: lefts[*column], y: tops[*row], width: widths[*column], height: heights[*row] },
            name,
            kind,
        })
        .collect();
    let lines = routes.iter().zip(&ends).zip(&runs).map(|((r, xs), tracks)| {
        let sides = r.ends.map(|(node, side)| if side == Side::Top { boxes[node].at.y } else { boxes[node].at.y + boxes[node].at.height });
        let runs = [0, 1].map(|n| row_gaps[r.rows[n]] + TRACK * tracks[n] as i32);
        let mut corners = vec![(xs[0], sides[0]), (xs[0], runs[0])];
        corners.extend(middle(r).into_iter().flat_map(|x| [(x, runs[0]), (x, runs[1])]));
        corners.extend([(xs[1], runs[1]), (xs[1], sides[1])]);
        let number = (xs[0], if r.ends[0].1 == Side::Top { sides[0] - STUB / 2 } else { sides[0] + STUB / 2 });
        Line { corners, number }
    });
    let lines = lines.collect();
    Laid { width, height: y + PAD, frames: frames(nodes, &boxes, width), boxes, lines }
}

/// Row and column of each box; a group begins a row.
fn grid(nodes: &[Node], across: usize) -> Vec<(usize, usize)> {
    let (mut out, mut row) = (vec![], 0);
    for group in nodes.chunk_by(|a, b| a.group == b.group) {
        out.extend((0..group.len()).map(|n| (row + n / across, n % across)));
        row += group.len().div_ceil(across);
    }
    out
}

fn routes(nodes: &[Node], links: &[Link], grid: &[(usize, usize)], across: usize) -> Vec<Route> {
    let places: BTreeMap<&str, usize> = nodes.iter().enumerate().map(|(n, node)| (node.id.as_str(), n)).collect();
    let mut used = vec![0_usize; across + 1];
    let mut out = vec![];
    for link in links {
        let (Some(&from), Some(&to)) = (places.get(link.from.as_str()), places.get(link.to.as_str())) else { continue };
        let ((above, left), (below, right)) = (grid[from], grid[to]);
        let (ends, rows) = match above.cmp(&below) {
            std::cmp::Ordering::Less => ([(from, Side::Bottom), (to, Side::Top)], [above + 1, below]),
            std::cmp::Ordering::Equal => ([(from, Side::Bottom), (to, Side::Bottom)], [above + 1, above + 1]),
            std::cmp::Ordering::Greater => ([(from, Side::Top), (to, Side::Bottom)], [above, below + 1]),
        };
        let column = (rows[0] != rows[1]).then(|| {
            let far = |gap: usize| (2 * gap).abs_diff(2 * left + 1) + (2 * gap).abs_diff(2 * right + 1);
            let gap = (0..=across).min_by_key(|gap| (far(*gap), used[*gap])).unwrap_or(0);
            used[gap] += 1;
            (gap, 0)
        });
        out.push(Route { ends, rows, column });
    }
    out
}

/// The lines at each side of each box, from left to right by where they go.
fn ports(grid: &[(usize, usize)], routes: &[Route]) -> BTreeMap<(usize, Side), Vec<usize>> {
    let mut out: BTreeMap<(usize, Side), Vec<(usize, usize)>> = BTreeMap::new();
    for (n, route) in routes.iter().enumerate() {
        for (end, other) in [(0, 1), (1, 0)] {
            out.entry(route.ends[end]).or_default().push((grid[route.ends[other].0].1, n));
        }
    }
    out.into_iter()
        .map(|(end, mut lines)| {
            lines.sort();
            (end, lines.into_iter().map(|(_, n)| n).collect())
        })
        .collect()
}

/// Gives each line that changes rows a track in its column's gap; tells how many tracks each gap has.
fn column_tracks(routes: &mut [Route], across: usize) -> Vec<usize> {
    let mut gaps: Vec<Tracks> = vec![Tracks::default(); across + 1];
    for route in routes {
        if let Some((gap, track)) = &mut route.column {
            let (from, to) = (route.rows[0].min(route.rows[1]) as i32, route.rows[0].max(route.rows[1]) as i32);
            *track = gaps[*gap].take(from, to);
        }
    }
    gaps.iter().map(|t| t.0.len()).collect()
}

/// Gives each run between columns a track in its row's gap; tells how many tracks each gap has.
fn row_tracks(routes: &[Route], ends: &[[i32; 2]], middle: impl Fn(&Route) -> Option<i32>, rows: usize) -> (Vec<[usize; 2]>, Vec<usize>) {
    let mut gaps: Vec<Tracks> = vec![Tracks::default(); rows + 1];
    let runs = routes
        .iter()
        .zip(ends)
        .map(|(r, [from, to])| {
            let mut take = |gap: usize, a: i32, b: i32| gaps[gap].take(a.min(b) - TRACK, a.max(b) + TRACK);
            match middle(r) {
                Some(x) => [take(r.rows[0], *from, x), take(r.rows[1], x, *to)],
                None => [take(r.rows[0], *from, *to); 2],
            }
        })
        .collect();
    (runs, gaps.iter().map(|t| t.0.len()).collect())
}

/// The tracks of one gap, each with the stretches that are taken.
#[derive(Debug, Clone, Default)]
struct Tracks(Vec<Vec<(i32, i32)>>);

impl Tracks {
    /// The first track that is free from one place to another.
    fn take(&mut self, from: i32, to: i32) -> usize {
        let free = |track: &Vec<(i32, i32)>| track.iter().all(|(a, b)| to < *a || *b < from);
        let track = self.0.iter().position(free).unwrap_or_else(|| {
            self.0.push(vec![]);
            self.0.len() - 1
        });
        self.0[track].push((from, to));
        track
    }
}

fn frames(nodes: &[Node], boxes: &[Boxed], width: i32) -> Vec<Frame> {
    let mut out = vec![];
    let mut first = 0;
    for group in nodes.chunk_by(|a, b| a.group == b.group) {
        let of = &boxes[first..first + group.len()];
        first += group.len();
        if group[0].group.is_empty() {
            continue;
        }
        let top = of.iter().map(|b| b.at.y).min().unwrap_or(0) - FRAME;
        let bottom = of.iter().map(|b| b.at.y + b.at.height).max().unwrap_or(0) + FRAME;
        let lines = usize::try_from((bottom - top - 2 * PAD) / NAME.line).unwrap_or(1);
        out.push(Frame {
            at: Rect { x: PAD / 2, y: top, width: width - PAD, height: bottom - top },
            name: broken(&group[0].group, NAME, GROUP - PAD, lines),
        });
    }
    out
}

/// Width of a text in pixels, as the fonts for Japanese have it.
pub fn width(words: &str, letters: Letters) -> i32 {
    let hundredths: u32 = words.chars().map(advance).sum();
    (hundredths as i32 * letters.size + 99) / 100
}

/// Breaks a text into lines that fit; Latin words stay whole where they can. What is too much ends in `…`.
fn broken(words: &str, letters: Letters, room: i32, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    let mut line = String::new();
    let mut rest = words;
    while let Some(c) = rest.chars().next() {
        let word = rest.chars().take_while(|c| c.is_ascii_graphic()).count();
        let mut piece = if word > 1 { &rest[..word] } else { &rest[..c.len_utf8()] };
        if width(&format!("{line}{piece}"), letters) > room && !line.is_empty() {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        while word > 1 && piece.len() > 1 && width(piece, letters) > room {
            piece = &piece[..piece.len() - 1];
        }
        if !(line.is_empty() && piece == " ") {
            line.push_str(piece);
        }
        rest = &rest[piece.len()..];
    }
    if !line.trim().is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            while width(&format!("{last}…"), letters) > room && last.pop().is_some() {}
            last.push('…');
        }
    }
    lines
}
