//! A hold keeps what it names beyond its time, over restarts, until a second person lifts it (items 5, 41, 252).

use rules::change::Change;
use rules::command::Command;
use rules::id::{self, Id};
use rules::keeping::{Keeping, Matter};
use rules::refusal::Why;
use rules::request::Ask;
use rules::text::text;

use crate::retention_lock::{approve, ask, years};
use crate::scratch::{OFFICER, REVIEWER, made};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect, refusal};

/// Why it is held; the refusal says it.
const REASON: &str = "不正アクセスの調査";

pub static MECHANISM: Mechanism = Mechanism {
    id: "forensic_hold",
    name: text("証拠保全", "Forensic hold"),
    checks: &[Check {
        shows: &[(5, 0), (41, 0), (252, 0)],
        what: text(
            "保全したものは保存期間が過ぎても再起動しても消去できず、解除には別の人の承認が要る。",
            "What is held cannot be erased, not after its time nor after a restart, and lifting it takes a second person.",
        ),
        run: kept_until_lifted,
        break_it: |s| s.later(lifted_by_nobody),
    }],
};

/// Somebody reaches into the database and lifts every hold.
fn lifted_by_nobody(s: &Scratch) -> Tried {
    let by = s.person(OFFICER)?.id;
    for hold in s.app().store().read(store::tables::keeping::standing)? {
        s.write(&Change::Keeping(Keeping::HoldLifted { hold: hold.id, reason: "forced".into(), by }))?;
    }
    Ok(())
}

fn kept_until_lifted(s: &Scratch) -> Tried {
    let reviewer = s.signed_in(REVIEWER)?.signed()?.actor;
    let (series, officer) = s.document(OFFICER, "調査の対象.pdf", "%PDF-1.7 looked into")?;
    let matter = || Matter::Evidence { series };
    let placed = s.app().execute(&officer, Command::PlaceHold { matter: matter(), reason: REASON.into() })?;
    let hold: Id<id::Hold> = made(&placed)?;
    years(s, 6);
    s.meanwhile()?;
    let restarted = s.again(|config| config);
    for node in [s, &restarted] {
        let (why, words) = refusal(ask(node, &officer, Ask::Erase { matter: matter() }))?;
        expect(why == Why::State && words.ja.contains(REASON), "保全の理由が示されません", "the refusal does not name the hold")?;
    }
    expect(restarted.app().file(&officer, series, None).is_ok(), "記録が残っていません", "the record is not there")?;
    let lift = ask(s, &officer, Ask::LiftHold { hold })?;
    let (why, _) = refusal(approve(s, &officer, lift))?;
    expect(why == Why::Forbidden, "1人で解除できます", "one person lifts it alone")?;
    approve(s, &reviewer, lift)?;
    let lifted = s.lines_after(rules::id::Pos::NEVER)?.iter().any(|l| l.kind == "hold_lifted");
    expect(lifted, "解除が台帳にありません", "lifting it is not in the ledger")?;
    ask(s, &officer, Ask::Erase { matter: matter() }).map_err(Failed::from).map(drop)
}
