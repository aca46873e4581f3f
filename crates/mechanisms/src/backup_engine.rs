//! A backup is really restored into an empty place and compared, and what is not whole is refused (item 137).

use std::path::{Path, PathBuf};

use app::backup::{Made, Step, identities, restore};
use rules::change::Change;
use rules::review::AlertKind;
use rules::running::{Drill, Running};
use rules::text::text;
use store::rebuild;

use crate::scratch::OPERATOR;
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect, refusal};

pub static MECHANISM: Mechanism = Mechanism {
    id: "backup_engine",
    name: text("バックアップと復元", "Backup and restore"),
    checks: &[
        Check {
            shows: &[(137, 0)],
            what: text(
                "バックアップを空の場所に実際に復元すると、すべての表、台帳、証跡が元と等しい。",
                "A backup that is really restored into an empty place brings back every table, ledger and piece of evidence.",
            ),
            run: it_comes_back_whole,
            break_it: |s| s.later(lose_a_file),
        },
        Check {
            shows: &[(137, 0)],
            what: text(
                "書き換えられた、途中で切れた、または別の鍵のバックアップは復元されず、復元先は使われない。",
                "A backup that was altered, cut off or made for another key is not restored, and nothing is left in its place.",
            ),
            run: what_is_not_whole_is_refused,
            break_it: |s| {
                s.later(|s| {
                    // As a program that does not look: what it takes for the altered file is the good one.
                    std::fs::copy(beside(s, "good"), beside(s, "altered")).map(drop).map_err(unusable)
                })
            },
        },
        Check {
            shows: &[(137, 0)],
            what: text(
                "復元訓練は違いを見つけると、記録に残して運用者に警告し、良いバックアップとして数えない。",
                "A drill that finds a difference records it, warns the operators, and counts the backup as none.",
            ),
            run: a_drill_is_recorded,
            break_it: |s| {
                s.later(|s| {
                    // Somebody writes over the drill that nothing was found.
                    let actor = s.signed_in(OPERATOR)?.signed()?.actor;
                    let kept = s.app().backups(&actor)?.made.into_iter().next();
                    let drill = kept.and_then(|kept| kept.tried).ok_or_else(|| Failed::new("訓練がありません", "there is no drill"))?;
                    s.write(&Change::Running(Running::BackupTried(Drill { differences: vec![], ..drill })))
                })
            },
        },
    ],
};

fn unusable(e: std::io::Error) -> Failed {
    Failed::new(format!("ファイルを使えません: {e}"), format!("a file cannot be used: {e}"))
}

fn quiet(_: Step) {}

/// A path beside the backups.
fn beside(s: &Scratch, name: &str) -> PathBuf {
    s.world().folder().join("copies").join(name)
}

fn backed_up(s: &Scratch) -> Result<Made, Failed> {
    let folder = beside(s, "made");
    std::fs::create_dir_all(&folder).map_err(unusable)?;
    Ok(s.app().back_up(&folder, &[], &mut quiet)?)
}

/// Restores into an empty folder, by what the backup and its key hold alone.
fn restored(s: &Scratch, backup: &Path, key: &Path, into: &str) -> Result<(PathBuf, app::backup::Restored), app::Error> {
    let place = beside(s, into);
    let restored = restore(&app::Config::embedded(&place), backup, &identities(key)?, &mut quiet)?;
    Ok((place, restored))
}

/// A file of evidence is gone where it lies.
fn lose_a_file(s: &Scratch) -> Tried {
    let mut folders = vec![s.world().folder().join("evidence")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).map_err(unusable)? {
            let path = entry.map_err(unusable)?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                return std::fs::remove_file(path).map_err(unusable);
            }
        }
    }
    Err(Failed::new("証跡ファイルがありません", "there is no file of evidence"))
}

fn it_comes_back_whole(s: &Scratch) -> Tried {
    s.app().start()?;
    s.meanwhile()?;
    let stood = s.app().store().read(rebuild::contents)?;
    let roots = s.app().verify()?.roots;
    let made = backed_up(s)?;
    expect(made.copied.missing.is_empty(), "バックアップに入っていない証跡があります", "evidence is missing in the backup")?;
    let (place, restored) = restored(s, &made.path, &s.app().backup_key(), "restored")?;
    expect(
        (restored.lines, restored.files) == (made.backup.lines, made.backup.files) && restored.files > 0,
        "復元した件数が異なります",
        "other numbers were restored",
    )?;
    let location = app::Config::embedded(&place).location()?;
    let copy = store::Store::open(&location, 1)?;
    let stands = copy.read(rebuild::contents)?;
    let same = rebuild::compared().all(|table| stands.get(table) == stood.get(table));
    expect(same, "復元した表の内容が異なります", "a restored table holds something else")?;
    expect(copy.verify()?.roots == roots, "復元した台帳が異なります", "a restored ledger is another")
}

fn what_is_not_whole_is_refused(s: &Scratch) -> Tried {
    s.app().start()?;
    let made = backed_up(s)?;
    let good = std::fs::read(&made.path).map_err(unusable)?;
    std::fs::copy(&made.path, beside(s, "good")).map_err(unusable)?;
    let mut altered = good.clone();
    let middle = altered.len() / 2;
    if let Some(byte) = altered.get_mut(middle) {
        *byte ^= 1;
    }
    std::fs::write(beside(s, "altered"), altered).map_err(unusable)?;
    std::fs::write(beside(s, "cut"), good.get(..good.len() - 100).unwrap_or_default()).map_err(unusable)?;
    s.meanwhile()?;
    let key = s.app().backup_key();
    for name in ["altered", "cut"] {
        refusal(restored(s, &beside(s, name), &key, &format!("place-{name}")))?;
        let location = app::Config::embedded(beside(s, &format!("place-{name}"))).location()?;
        let lines = store::Store::open(&location, 1)?.read(store::ledger::last_pos)?;
        expect(lines == rules::id::Pos::NEVER, "復元先に記録が残りました", "lines were left in the place")?;
    }
    // Another installation's key opens nothing.
    let other = Scratch::fresh();
    other.app().start()?;
    backed_up(&other)?;
    refusal(restored(s, &made.path, &other.app().backup_key(), "place-other")).map(drop)
}

fn a_drill_is_recorded(s: &Scratch) -> Tried {
    s.app().start()?;
    let operator = s.signed_in(OPERATOR)?.signed()?.actor;
    let good = backed_up(s)?;
    let drill = s.app().try_backup(&good.path, None, &mut quiet)?;
    expect(drill.differences.is_empty(), "良いバックアップに違いがあります", "a good backup shows a difference")?;
    expect(!s.app().backups(&operator)?.late, "良いバックアップが数えられません", "a good backup does not count")?;
    lose_a_file(s)?;
    let bad = s.app().back_up(&beside(s, "second"), &[], &mut quiet)?;
    let before = s.mark()?;
    s.app().try_backup(&bad.path, None, &mut quiet)?;
    s.meanwhile()?;
    let kept = s.app().backups(&operator)?.made.into_iter().find(|kept| kept.backup.id == bad.backup.id);
    let found = kept.and_then(|kept| kept.tried).is_some_and(|drill| !drill.differences.is_empty());
    expect(found, "違いが記録されていません", "the difference is not on record")?;
    let line = s.lines_after(before)?.into_iter().any(|l| l.kind == "backup_tried" && l.subject == bad.backup.id.to_string());
    expect(line, "訓練が台帳にありません", "the drill is not in the ledger")?;
    let warned = s.app().alerts(&operator)?.iter().any(|a| a.alert.kind == AlertKind::BackupFailed);
    expect(warned, "運用者に警告されません", "the operators are not warned")
}
