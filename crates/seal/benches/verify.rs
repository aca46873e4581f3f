//! How many lines of a whole export are checked in a second of one processor.
//!
//! `cargo bench -p seal --bench verify`; the export has a million lines of the size the evaluation writes, a checkpoint after
//! every ten thousand, signed with both algorithms.

use std::io::{BufReader, Cursor};

use seal::checkpoint::{key_name, tenant_origin};
use seal::export::{ExportWriter, Opening, Shape};
use seal::note::Algorithm;
use seal::verify::{Trust, verify_export};
use seal::{Checkpoint, Frontier, Head, Line, Note, Payload, SigningKey};

const LINES: u64 = 1_000_000;
/// Lines between two checkpoints.
const BLOCK: u64 = 10_000;
const RUNS: usize = 15;
const INSTALLATION: &str = "0123456789abcdef";
const TENANT: &str = "organisation_01926f5e7c1a7b7e9b3e0a1b2c3d4e5f";

/// Time on the processor that this thread used, in seconds (Linux).
fn used() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn line(seq: u64) -> Line {
    let payload = Payload {
        salt: [seq as u8; 16],
        text: format!(
            r#"{{"by":"person_01926f5e7c1a7b7e9b3e0a1b2c3d4e5f","case":"case_01926f5e00007b7e9b3e0a1b2c3d4e5f","content":{{"improvement":"","mark":"conforms","remarks":"規程の第{}条で確認した。"}},"item":{},"kind":"verdict_given"}}"#,
            seq % 40,
            seq % 253 + 1
        ),
    };
    let head = Head {
        pos: seq * 2,
        tenant: TENANT.into(),
        seq,
        at: format!("2026-11-22T{:02}:{:02}:{:02}.{:06}Z", seq / 50_000, seq / 1000 % 60, seq / 20 % 50, seq % 20),
        actor: "person_01926f5e7c1a7b7e9b3e0a1b2c3d4e5f".into(),
        session: Some("session_01926f5e7c1a7b7e9b3e0a1b2c3d4e5f".into()),
        address: Some("192.0.2.17".into()),
        kind: "verdict_given".into(),
        subject: format!("case_01926f5e00007b7e9b3e0a1b2c3d4e5f/{}", seq % 253 + 1),
        outcome: "done".into(),
        payload_digest: payload.digest(),
    };
    let leaf = head.leaf();
    Line { head, payload: Some(payload), leaf }
}

fn main() {
    let keys = [Algorithm::Ed25519, Algorithm::MlDsa44].map(|a| SigningKey::from_seed(&key_name(INSTALLATION), a, [7; 32]).unwrap());
    let opening = Opening {
        installation: INSTALLATION.into(),
        tenant: TENANT.into(),
        shape: Shape::Whole,
        keys: keys.iter().map(SigningKey::verifier).collect(),
        made_at: "2026-11-23T00:00:00.000000Z".into(),
    };
    let mut tree = Frontier::new();
    let (mut writing, mut last) = (0.0, String::new());
    let mut out = ExportWriter::begin(Vec::with_capacity(1 << 30), &opening).unwrap();
    for block in 0..LINES / BLOCK {
        let mut lines: Vec<Line> = (block * BLOCK + 1..=block * BLOCK + BLOCK).map(line).collect();
        for line in &mut lines {
            // Times never run back.
            if line.head.at < last {
                line.head.at.clone_from(&last);
                line.leaf = line.head.leaf();
            }
            last.clone_from(&line.head.at);
            tree.append(line.leaf);
        }
        let begun = used();
        for line in &lines {
            out.line(line, None).unwrap();
        }
        writing += used() - begun;
        let checkpoint =
            Checkpoint { origin: tenant_origin(INSTALLATION, TENANT), size: tree.size(), root: tree.root(), epoch: 1, at: last.clone() };
        out.checkpoint(&Note::sign(checkpoint.text(), &keys).unwrap()).unwrap();
    }
    let file = out.finish().unwrap();
    println!("export: {LINES} lines, {} bytes each, {} MB", file.len() as u64 / LINES, file.len() / 1_000_000);
    println!("write:  {:.0} lines per CPU-second", LINES as f64 / writing);

    let trust = Trust { keys: opening.keys.clone(), ..Trust::default() };
    let mut rates: Vec<f64> = (0..RUNS)
        .map(|_| {
            let begun = used();
            let report = verify_export(BufReader::with_capacity(256 * 1024, Cursor::new(&file)), &trust, |_| {}).unwrap();
            assert!(report.trusted && report.lines == LINES && report.root == tree.root());
            LINES as f64 / (used() - begun)
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    let begun = used();
    let hash = seal::leaf_hash(&file);
    println!("sha256: {:.0} MB per CPU-second at this moment ({:02x})", file.len() as f64 / 1e6 / (used() - begun), hash[0]);
    println!("verify: {:.0} lines per CPU-second (median of {RUNS}; {:.0} to {:.0})", rates[RUNS / 2], rates[0], rates[RUNS - 1]);
}
