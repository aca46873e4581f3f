//! Nothing is erased before its time, and afterwards only by two people and under a line that says so (items 49, 104, 106).

use jiff::SignedDuration;
use rules::act::Actor;
use rules::command::Command;
use rules::id::{self, Id};
use rules::keeping::Matter;
use rules::refusal::Why;
use rules::request::Ask;
use rules::text::text;

use crate::scratch::{OFFICER, REVIEWER, made};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect, refusal};

pub static MECHANISM: Mechanism = Mechanism {
    id: "retention_lock",
    name: text("保存期間の保護", "Retention lock"),
    checks: &[
        Check {
            shows: &[(49, 0), (104, 0), (106, 0)],
            what: text(
                "保存期間が終わる前の消去は、管理者の申請でも拒否される。",
                "Erasure before the end of its time is refused, also to an administrator.",
            ),
            run: not_before_its_time,
            break_it: |s| {
                s.later(|s| {
                    // The clock says that the time is over.
                    years(s, 6);
                    Ok(())
                })
            },
        },
        Check {
            shows: &[(49, 0), (104, 0), (106, 0)],
            what: text(
                "保存期間が終わった後も1人では消去できず、消去は申請者、承認者とともに台帳に残る。",
                "After its time nobody erases alone, and the erasure stands in the ledger with who asked and who approved.",
            ),
            run: two_people_and_a_line,
            break_it: |s| {
                s.later(|s| {
                    // Somebody reaches into the database and approves in the name of another.
                    let (organisation, by) = (s.home(OFFICER)?, s.person(OFFICER)?.id);
                    let all = s.app().store().read(|conn| store::tables::requests::requests(conn, organisation, by))?;
                    let newest = all.first().ok_or_else(|| Failed::new("申請がありません", "there is no request"))?;
                    s.write(&rules::change::Change::RequestDecided { request: newest.id, approve: true, by, statement: String::new() })
                })
            },
        },
    ],
};

/// Years of 366 days, so that months never fall short.
pub(crate) fn years(s: &Scratch, count: i64) {
    s.wait(SignedDuration::from_hours(24 * 366 * count));
}

pub(crate) fn ask(s: &Scratch, by: &Actor, ask: Ask) -> Result<Id<id::Request>, app::Error> {
    let command =
        Command::MakeRequest { organisation: None, ask, reason: "保存期間の終了による".into(), begin: None, hours: 100 };
    let done = s.app().execute(by, command)?;
    made(&done).map_err(|failed| app::Error::Broken(failed.words.en.into_owned()))
}

pub(crate) fn approve(s: &Scratch, by: &Actor, request: Id<id::Request>) -> Result<app::Done, app::Error> {
    s.app().execute(by, Command::DecideRequest { request, approve: true, statement: String::new() })
}

fn not_before_its_time(s: &Scratch) -> Tried {
    let (series, officer) = s.document(OFFICER, "保存する記録.pdf", "%PDF-1.7 kept for its time")?;
    years(s, 1);
    s.meanwhile()?;
    let (why, _) = refusal(ask(s, &officer, Ask::Erase { matter: Matter::Evidence { series } }))?;
    expect(why == Why::State, "理由が保存期間ではありません", "it is refused for another reason")?;
    expect(s.app().file(&officer, series, None).is_ok(), "記録が残っていません", "the record is not there")
}

fn two_people_and_a_line(s: &Scratch) -> Tried {
    let reviewer = s.signed_in(REVIEWER)?.signed()?.actor;
    let (series, officer) = s.document(OFFICER, "期間が終わる記録.pdf", "%PDF-1.7 may leave")?;
    years(s, 6);
    let request = ask(s, &officer, Ask::Erase { matter: Matter::Evidence { series } })?;
    s.meanwhile()?;
    let (why, _) = refusal(approve(s, &officer, request))?;
    expect(why == Why::Forbidden, "1人で消去できます", "one person erases alone")?;
    approve(s, &reviewer, request)?;
    let lines = s.lines_after(rules::id::Pos::NEVER)?;
    let told = lines.iter().find(|l| l.kind == "payloads_erased" && l.subject == series.to_string());
    let told = told.ok_or_else(|| Failed::new("消去が台帳にありません", "the erasure is not in the ledger"))?;
    let known = told.change.to_string().contains(&request.to_string());
    expect(known, "消去の根拠がありません", "the line names no authority")?;
    s.app().verify()?;
    Ok(())
}
