//! Drawings are complete and readable: every box is there, none lies on another, and every line ends where it belongs.

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::layout::{Laid, Rect, laid};
use super::*;

fn node(id: usize, group: &str) -> Node {
    Node { id: id.to_string(), name: format!("機器{id}"), kind: "サーバ".into(), group: group.into() }
}

fn link(from: usize, to: usize) -> Link {
    Link { from: from.to_string(), to: to.to_string(), name: "TLS 1.3".into(), ..Link::default() }
}

fn meet(a: Rect, b: Rect) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

fn on_border(at: Rect, (x, y): (i32, i32)) -> bool {
    at.x < x && x < at.x + at.width && (y == at.y || y == at.y + at.height)
}

fn number(at: (i32, i32)) -> Rect {
    Rect { x: at.0 - 9, y: at.1 - 6, width: 18, height: 12 }
}

/// The straight pieces of a line, each as thin as it is.
fn pieces(corners: &[(i32, i32)]) -> impl Iterator<Item = Rect> + '_ {
    corners.windows(2).map(|w| {
        let ((a, b), (c, d)) = (w[0], w[1]);
        assert!(a == c || b == d, "a line runs aslant");
        Rect { x: a.min(c), y: b.min(d), width: (a - c).abs(), height: (b - d).abs() }
    })
}

/// Two pieces that lie along each other for a stretch.
fn together(a: Rect, b: Rect) -> bool {
    let upright = a.width == 0 && b.width == 0 && a.x == b.x && a.y < b.y + b.height && b.y < a.y + a.height;
    let level = a.height == 0 && b.height == 0 && a.y == b.y && a.x < b.x + b.width && b.x < a.x + a.width;
    upright || level
}

fn check(nodes: &[Node], links: &[Link], laid: &Laid) {
    assert_eq!((laid.boxes.len(), laid.lines.len()), (nodes.len(), links.len()));
    for (n, a) in laid.boxes.iter().enumerate() {
        assert!(a.at.x >= 0 && a.at.y >= 0 && a.at.x + a.at.width <= laid.width && a.at.y + a.at.height <= laid.height);
        assert!(laid.boxes[n + 1..].iter().all(|b| !meet(a.at, b.at)), "box {n} lies on another");
        let words = a.name.iter().map(|l| (l, layout::NAME)).chain(a.kind.iter().map(|l| (l, layout::KIND)));
        assert!(words.clone().all(|(l, letters)| layout::width(l, letters) <= a.at.width - 16), "words leave box {n}: {a:?}");
        assert!(words.map(|(_, letters)| letters.line).sum::<i32>() <= a.at.height - 16, "words leave box {n}: {a:?}");
    }
    let place = |id: &str| laid.boxes[nodes.iter().position(|n| n.id == id).unwrap()].at;
    for (n, (line, link)) in laid.lines.iter().zip(links).enumerate() {
        assert!(on_border(place(&link.from), line.corners[0]), "line {n} begins elsewhere");
        assert!(on_border(place(&link.to), *line.corners.last().unwrap()), "line {n} ends elsewhere");
        for piece in pieces(&line.corners) {
            assert!(laid.boxes.iter().all(|b| !meet(b.at, piece)), "line {n} runs over a box");
            let others = laid.lines[n + 1..].iter().flat_map(|l| pieces(&l.corners));
            assert!(others.into_iter().all(|other| !together(piece, other)), "line {n} runs along another");
        }
        assert!(laid.boxes.iter().all(|b| !meet(b.at, number(line.number))), "number {n} lies on a box");
        assert!(laid.lines[n + 1..].iter().all(|l| !meet(number(l.number), number(line.number))), "number {n} lies on another");
    }
    for (n, frame) in laid.frames.iter().enumerate() {
        assert!(laid.frames[n + 1..].iter().all(|other| !meet(frame.at, other.at)), "frame {n} lies on another");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn boxes_do_not_overlap_and_lines_end_at_theirs(
        groups in prop::collection::vec(0_usize..5, 1..60),
        ends in prop::collection::vec((0_usize..60, 0_usize..60), 0..80),
        words in ".{0,80}",
    ) {
        let mut nodes: Vec<Node> = groups.iter().enumerate().map(|(n, g)| node(n, ["", "院内", "当社", "委託先", "通信事業者"][*g])).collect();
        nodes[0].name = words.clone();
        nodes[0].kind = words;
        let links: Vec<Link> = ends.iter().map(|(a, b)| link(a % groups.len(), b % groups.len())).collect();
        let (nodes, links) = whole(&nodes, &links, Lang::Ja);
        check(&nodes, &links, &laid(&nodes, &links));
    }
}

/// The texts of an SVG in their order; panics where it is not well-formed or holds what could run.
fn texts(svg: &str) -> Vec<String> {
    let (mut reader, mut out, mut within) = (Reader::from_str(svg), vec![], false);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(e) | Event::Empty(e) => {
                let name = e.local_name().as_ref().to_owned();
                assert!(["svg", "title", "rect", "text", "polyline", "polygon", "line"].contains(&name.as_str()), "{name}");
                for attribute in e.attributes() {
                    let key = attribute.unwrap().key.as_ref().to_owned();
                    assert!(!key.starts_with("on") && !key.contains("href") && key != "style" && key != "id", "{key}");
                }
                within = name == "text";
                if within {
                    out.push(String::new());
                }
            }
            Event::Text(t) if within => out.last_mut().unwrap().push_str(&t.xml_content(quick_xml::XmlVersion::Explicit1_0)),
            Event::GeneralRef(r) if within => {
                let read = quick_xml::escape::unescape(&format!("&{};", &*r)).unwrap().into_owned();
                out.last_mut().unwrap().push_str(&read);
            }
            Event::End(_) => within = false,
            Event::Eof => return out,
            _ => {}
        }
    }
}

fn parts(block: &Block) -> (&str, &str, &Table) {
    match block {
        Block::Picture { words, svg, rows, .. } => (words, svg, rows.as_ref().unwrap()),
        other => panic!("{other:?}"),
    }
}

fn keep(name: &str, block: &Block) {
    if let Some(dir) = std::env::var_os("AKASHI_PAPERS") {
        std::fs::write(std::path::Path::new(&dir).join(name), parts(block).1).unwrap();
    }
}

/// A network as a provider of a cloud service has it.
fn sample() -> (Vec<Node>, Vec<Link>) {
    let of = |id: usize, name: &str, kind: &str, group: &str| Node {
        id: id.to_string(),
        name: name.into(),
        kind: kind.into(),
        group: group.into(),
    };
    let nodes = vec![
        of(0, "電子カルテ端末", "利用者の端末", "医療機関"),
        of(1, "医療機関のルータ", "ネットワーク機器", "医療機関"),
        of(2, "閉域網（IP-VPN）", "回線", "通信事業者"),
        of(3, "インターネットVPN", "回線", "通信事業者"),
        of(4, "外部ファイアウォール", "ネットワーク機器", "当社データセンター（東京第一）"),
        of(5, "アプリケーションサーバ群 web-01～web-08", "サーバ", "当社データセンター（東京第一）"),
        of(6, "データベース", "サーバ", "当社データセンター（東京第一）"),
        of(7, "監視サーバ", "サーバ", "当社データセンター（東京第一）"),
        of(8, "遠隔バックアップ保管先 Backup Storage Service", "委託先", "大阪"),
    ];
    let over = |from, to, name: &str, path, boundary| Link { name: name.into(), path, boundary, ..link(from, to) };
    let links = vec![
        over(0, 1, "院内LAN", Path::Normal, false),
        over(1, 2, "IPsec", Path::Normal, true),
        over(1, 3, "TLS 1.3", Path::Emergency, true),
        over(2, 4, "IPsec", Path::Normal, true),
        over(3, 4, "TLS 1.3", Path::Emergency, true),
        over(4, 5, "HTTPS", Path::Normal, false),
        over(5, 6, "PostgreSQL（TLS）", Path::Normal, false),
        over(7, 5, "監視", Path::Normal, false),
        over(6, 8, "暗号化した複製", Path::Normal, true),
        over(8, 6, "復元", Path::Emergency, true),
    ];
    (nodes, links)
}

#[test]
fn every_box_and_line_of_a_network_is_drawn_and_stands_in_its_rows() {
    let (nodes, links) = sample();
    let block = network(&nodes, &links, Lang::Ja);
    keep("network.svg", &block);
    let (words, svg, rows) = parts(&block);
    // Words are broken into lines at their spaces.
    let bare = |words: &str| words.replace(' ', "");
    let drawn = bare(&texts(svg).concat());
    for node in &nodes {
        assert!(drawn.contains(&bare(&node.name)) && words.contains(&node.name), "{} is missing", node.name);
    }
    assert_eq!(svg.matches("<polyline").count(), links.len());
    assert_eq!(svg.matches("stroke-dasharray").count(), 3 + 1, "emergency paths, and the legend");
    assert_eq!(rows.rows.len(), links.len());
    let first = ["2", "医療機関のルータ（医療機関・ネットワーク機器）", "閉域網（IP-VPN）（通信事業者・回線）", "IPsec", "通常", "越える"];
    assert_eq!(rows.rows[1], first);
    assert_eq!(network(&nodes, &links, Lang::Ja), block);
}

#[test]
fn people_without_lines_are_drawn_by_responsibility() {
    let nodes: Vec<Node> = (0..14).map(|n| node(n, ["経営", "運用", "委託先"][n % 3])).collect();
    let block = organisation(&nodes, &[], Lang::Ja);
    keep("organisation.svg", &block);
    let (words, _, rows) = parts(&block);
    assert_eq!(rows.rows.len(), 14);
    assert!(words.contains("経営：機器0、機器3"), "{words}");
}

#[test]
fn sixty_boxes_and_eighty_flows_can_be_drawn() {
    let nodes: Vec<Node> = (0..60).map(|n| node(n, ["院内", "当社", "委託先", "通信"][n % 4])).collect();
    let links: Vec<Link> = (0..80).map(|n| link(n * 7 % 60, n * 13 % 60)).collect();
    let block = data_flow(&nodes, &links, Lang::Ja);
    keep("flow.svg", &block);
    assert_eq!(texts(parts(&block).1).iter().filter(|t| t.starts_with("機器")).count(), 60);
}

#[test]
fn the_end_of_a_line_that_nobody_registered_is_drawn_as_unknown() {
    let block = network(&[node(0, "")], &[link(0, 7)], Lang::Ja);
    let (_, svg, rows) = parts(&block);
    assert!(texts(svg).contains(&"登録にないもの".to_owned()));
    assert_eq!(rows.rows[0][2], "7（登録にないもの・登録にないもの）");
}

#[test]
fn no_text_is_markup_and_nothing_runs() {
    for words in ["</text><script>alert(1)</script>", "\"><a href='x'>", "&lt;", "🏥\u{202e}\u{0}\n", ""] {
        let mut bad = node(0, words);
        (bad.name, bad.kind, bad.id) = (words.into(), words.into(), words.into());
        let links = [Link { from: words.into(), to: words.into(), name: words.into(), ..Link::default() }];
        for lang in [Lang::Ja, Lang::En] {
            for block in [organisation(&[bad.clone()], &links, lang), network(&[bad.clone()], &links, lang), data_flow(&[], &links, lang)] {
                texts(parts(&block).1);
            }
            let scales = Scales { likelihood: vec![words.into()], impact: vec![words.into()] };
            texts(parts(&risks(&[Risk { name: words.into(), likelihood: Some(0), impact: Some(0) }], &scales, lang)).1);
        }
    }
    for empty in [organisation(&[], &[], Lang::En), network(&[], &[], Lang::Ja), risks(&[], &Scales::default(), Lang::Ja)] {
        texts(parts(&empty).1);
    }
}

#[test]
fn risks_are_counted_where_they_lie_and_unjudged_ones_beside() {
    let names = |all: [&str; 3]| all.map(str::to_owned).to_vec();
    let scales = Scales { likelihood: names(["低", "中", "高"]), impact: names(["小", "中", "大"]) };
    let risk = |name: &str, likelihood, impact| Risk { name: name.into(), likelihood, impact };
    let all = [
        risk("盗難", Some(2), Some(2)),
        risk("停電", Some(2), Some(2)),
        risk("誤送信", Some(0), Some(1)),
        risk("新しい脅威", None, Some(2)),
        risk("古い尺度", Some(9), Some(0)),
    ];
    let block = risks(&all, &scales, Lang::Ja);
    keep("risks.svg", &block);
    let (words, svg, rows) = parts(&block);
    // Row by row from the highest likelihood, each after its name.
    let drawn = texts(svg);
    assert_eq!(drawn[1..13], ["高", "0", "0", "2", "中", "0", "0", "0", "低", "0", "1", "0"]);
    assert!(words.contains("最も高いものは2件") && words.contains("評価されていないものは2件"), "{words}");
    assert_eq!(rows.rows[3], ["新しい脅威", "未評価", "大"]);
}
