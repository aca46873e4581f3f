//! A ledger that was edited, reordered or cut short beneath the program is seen: by its own proofs and by an anchor outside (items 41, 102, 108).

use std::path::PathBuf;

use app::proof::Anchors;
use rules::command::Command;
use rules::text::text;

use crate::scratch::OFFICER;
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

const ONE: &str = "sample-of-the-ledger-one";
const TWO: &str = "sample-of-the-ledger-two";
/// As long as the others.
const OTHER: &str = "sample-of-the-ledger-xxx";

pub static MECHANISM: Mechanism = Mechanism {
    id: "tamper_evident_log",
    name: text("改ざんを検知できるログ", "Tamper-evident log"),
    checks: &[
        Check {
            shows: &[(41, 0), (102, 0), (108, 0)],
            what: text(
                "データベースのファイルを直接書き換えて台帳の内容を変えると、検証で検出される。",
                "Content of the ledger that was edited in the database's own file is found by verification.",
            ),
            run: the_ledger_stands,
            break_it: |s| s.later(|s| in_the_file(s, &[(ONE, OTHER)])),
        },
        Check {
            shows: &[(41, 0), (102, 0), (108, 0)],
            what: text(
                "2つの行の内容を入れ替えて順序を変えると、検証で検出される。",
                "Two lines whose content changed places are found by verification.",
            ),
            run: the_ledger_stands,
            break_it: |s| s.later(|s| in_the_file(s, &[(ONE, OTHER), (TWO, ONE), (OTHER, TWO)])),
        },
        Check {
            shows: &[(41, 0), (102, 0), (108, 0)],
            what: text(
                "台帳の末尾を切り捨てて過去の状態に戻すと、それだけでは矛盾がなくても、外部に固定したチェックポイントとの比較で検出される。",
                "A ledger whose tail was cut, though without a flaw in itself, is found by comparison with the checkpoint that is anchored outside.",
            ),
            run: the_ledger_stands,
            break_it: |s| {
                s.later(|s| {
                    whole_in_one_file(s)?;
                    std::fs::copy(older(s), database(s)).map(drop).map_err(unusable)
                })
            },
        },
    ],
};

fn database(s: &Scratch) -> PathBuf {
    s.world().folder().join("akashi.db")
}

/// The database as it was before the last acts: what a backup holds.
fn older(s: &Scratch) -> PathBuf {
    s.world().folder().join("older.db")
}

fn unusable(e: std::io::Error) -> Failed {
    Failed::new(format!("ファイルを使えません: {e}"), format!("a file cannot be used: {e}"))
}

/// Nothing waits in the log beside the database.
fn whole_in_one_file(s: &Scratch) -> Tried {
    let scoured = store::erase::scour(s.app().store())?;
    expect(scoured == store::erase::Scoured::File, "データベースが1つのファイルになりません", "the database is not in one file")
}

/// Writes other words of the same length over what stands in the database's file, everywhere.
fn in_the_file(s: &Scratch, instead: &[(&str, &str)]) -> Tried {
    whole_in_one_file(s)?;
    let mut bytes = std::fs::read(database(s)).map_err(unusable)?;
    for (was, becomes) in instead {
        let found: Vec<usize> = bytes.windows(was.len()).enumerate().filter(|(_, w)| *w == was.as_bytes()).map(|(at, _)| at).collect();
        expect(!found.is_empty(), "書き換える場所がありません", "there is nothing to write over")?;
        for at in found {
            bytes[at..at + becomes.len()].copy_from_slice(becomes.as_bytes());
        }
    }
    std::fs::write(database(s), bytes).map_err(unusable)
}

fn the_ledger_stands(s: &Scratch) -> Tried {
    let outside = s.world().folder().join("outside.jsonl");
    let anchored = |config: app::Config| app::Config { anchors: Anchors { files: vec![outside.clone()], ..Anchors::default() }, ..config };
    let officer = s.signed_in(OFFICER)?.signed()?.actor;
    {
        let node = s.again(anchored);
        node.app().start()?;
        for sample in [ONE, TWO] {
            node.app().execute(&officer, Command::AddPhrase { text: sample.into() })?;
        }
        node.app().checkpoint()?;
        whole_in_one_file(&node)?;
        std::fs::copy(database(s), older(s)).map_err(unusable)?;
        node.app().execute(&officer, Command::AddPhrase { text: "the last act".into() })?;
        expect(node.app().checkpoint()? > 0, "署名されません", "it is not signed")?;
        expect(node.app().anchor()? == 1, "外部に固定されません", "it is not anchored outside")?;
    }
    s.meanwhile()?;
    let node = s.again(anchored);
    node.app().verify()?;
    expect(node.app().compare_anchors()? == 1, "外部のチェックポイントに続いていません", "it does not continue the checkpoint outside")
}
