//! Evidence lies encrypted under the key of its organisation, which opens nobody else's (items 71, 165, 210).

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use rules::act::Actor;
use rules::id::{self, Id};
use rules::text::text;

use crate::scratch::{OFFICER, STRANGER};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

/// Nothing else holds these words.
const CANARY: &str = "canary-of-the-encryption-7b1f";

pub static MECHANISM: Mechanism = Mechanism {
    id: "data_encryption",
    name: text("保存データの暗号化", "Encryption of stored data"),
    checks: &[
        Check {
            shows: &[(71, 0), (165, 0), (210, 0)],
            what: text(
                "証跡の内容と使い捨てコードの鍵は、データベースにもファイルにも平文では存在しない。",
                "Neither the content of evidence nor the keys of one-time codes lie in plain in the database or in a file.",
            ),
            run: nothing_in_plain,
            break_it: |s| {
                s.later(|s| {
                    // As a program without encryption stores it.
                    write(&s.world().folder().join("evidence").join("plain"), CANARY.as_bytes())
                })
            },
        },
        Check {
            shows: &[(71, 0), (210, 0)],
            what: text(
                "ほかの組織の鍵で暗号化されたファイルは開けない。",
                "A file that was encrypted under another organisation's key does not open.",
            ),
            run: the_wrong_key_opens_nothing,
            break_it: Scratch::lie,
        },
    ],
};

fn unusable(e: std::io::Error) -> Failed {
    Failed::new(format!("ファイルを使えません: {e}"), format!("a file cannot be used: {e}"))
}

fn write(path: &Path, content: &[u8]) -> Tried {
    std::fs::write(path, content).map_err(unusable)
}

fn files(folder: &Path) -> Result<BTreeSet<PathBuf>, Failed> {
    let mut out = BTreeSet::new();
    for entry in std::fs::read_dir(folder).map_err(unusable)? {
        let path = entry.map_err(unusable)?.path();
        if path.is_dir() {
            out.extend(files(&path)?);
        } else {
            out.insert(path);
        }
    }
    Ok(out)
}

fn content(s: &Scratch, actor: &Actor, evidence: Id<id::Evidence>) -> Result<Vec<u8>, Failed> {
    let (_, mut open) = s.app().file(actor, evidence, None)?;
    let mut out = vec![];
    open.read_to_end(&mut out).map_err(unusable)?;
    Ok(out)
}

fn nothing_in_plain(s: &Scratch) -> Tried {
    let (evidence, officer) = s.document(OFFICER, "暗号化の確認.txt", CANARY)?;
    s.meanwhile()?;
    let bytes = s.bytes()?;
    for (secret, ja, en) in [
        (CANARY, "証跡の内容が平文で存在します", "the evidence lies there in plain"),
        (app::demo::TOTP_KEY, "使い捨てコードの鍵が平文で存在します", "the key of codes lies there in plain"),
    ] {
        expect(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), ja, en)?;
    }
    expect(content(s, &officer, evidence)? == CANARY.as_bytes(), "復号できません", "it does not open")
}

fn the_wrong_key_opens_nothing(s: &Scratch) -> Tried {
    let folder = s.world().folder().join("evidence");
    let none = files(&folder)?;
    let (own, officer) = s.document(OFFICER, "同じ内容.txt", CANARY)?;
    let first = files(&folder)?;
    s.document(STRANGER, "同じ内容.txt", CANARY)?;
    let second = files(&folder)?;
    let only = |new: Vec<&PathBuf>| match new[..] {
        [one] => Ok(one.clone()),
        _ => Err(Failed::new("ファイルが1つではありません", "there is not exactly one new file")),
    };
    let (mine, theirs) = (only(first.difference(&none).collect())?, only(second.difference(&first).collect())?);
    expect(content(s, &officer, own)? == CANARY.as_bytes(), "復号できません", "it does not open")?;
    write(&mine, &std::fs::read(&theirs).map_err(unusable)?)?;
    expect(s.seen(content(s, &officer, own).is_err()), "ほかの組織の鍵で開けます", "it opens with another organisation's key")
}
