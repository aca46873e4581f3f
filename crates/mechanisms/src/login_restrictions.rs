//! When, from where, and how often at once somebody may come in (items 86, 91, 92, 103, 246).

use jiff::SignedDuration;
use rules::command::Command;
use rules::party::OrganisationKind;
use rules::refusal::Why;
use rules::request::Ask;
use rules::text::text;

use crate::scratch::{COLLEAGUE, OFFICER, OPERATOR, PASSWORD, REVIEWER};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

const INSIDE: [u8; 4] = [192, 0, 2, 5];
const OUTSIDE: [u8; 4] = [198, 51, 100, 7];
const NETWORK: &str = "192.0.2.0/24";

pub static MECHANISM: Mechanism = Mechanism {
    id: "login_restrictions",
    name: text("サインインの時間・場所・数の制限", "Limits of sign-in"),
    checks: &[
        Check {
            shows: &[(92, 2)],
            what: text(
                "許可した曜日・時間帯の外ではサインインできず、試みが記録される。",
                "Outside the allowed days and hours nobody signs in, and the try is recorded.",
            ),
            run: hours,
            break_it: |s| {
                s.later(|s| {
                    s.set_access(COLLEAGUE, |access| {
                        access.hours = None;
                        access.days.clear();
                    })
                })
            },
        },
        Check {
            shows: &[(86, 0), (92, 2)],
            what: text(
                "時間外の利用は、別の管理者が承認した場合に、一度だけ可能になる。",
                "Out-of-hours use opens once, after another administrator approved it.",
            ),
            run: out_of_hours_once,
            break_it: |s| s.later(|s| s.set_access(COLLEAGUE, |access| access.hours = None)),
        },
        Check {
            shows: &[(91, 0)],
            what: text(
                "同時に利用できるセッション数の上限を超えるサインインは拒否され、記録される。",
                "A sign-in above the limit of sessions is refused and recorded.",
            ),
            run: sessions,
            break_it: |s| s.later(|s| s.set_access(COLLEAGUE, |access| access.sessions = 20)),
        },
        Check {
            shows: &[(246, 0), (92, 0)],
            what: text(
                "登録していないネットワークからはサインインできず、セッションを別の場所へ移しても使えない。",
                "From a network that is not registered nobody signs in, and a session that is taken there is dead.",
            ),
            run: networks,
            break_it: |s| s.later(|s| s.set_access(COLLEAGUE, |access| access.networks.clear())),
        },
        Check {
            shows: &[(103, 0)],
            what: text(
                "管理端末として登録したネットワーク以外からは、特権の操作ができない。",
                "Privilege is used from registered management networks only.",
            ),
            run: management,
            break_it: |s| s.later(|s| s.set_access(OPERATOR, |access| access.management.clear())),
        },
    ],
};

/// How many refused sign-ins of this kind the ledger holds.
fn noted(s: &Scratch, why: &str) -> Result<usize, Failed> {
    let lines = s.lines_after(rules::id::Pos::NEVER)?;
    Ok(lines.iter().filter(|l| l.kind == "sign_in_failed" && l.change["why"] == why && l.change["email"] == COLLEAGUE).count())
}

fn hours(s: &Scratch) -> Tried {
    s.set_access(COLLEAGUE, |access| {
        access.days = (1..=5).collect();
        access.hours = Some((jiff::civil::time(8, 0, 0, 0), jiff::civil::time(18, 0, 0, 0)));
    })?;
    s.meanwhile()?;
    let status = || s.visitor().sign_in(COLLEAGUE, PASSWORD).map(|reply| reply.status);
    // Tuesday at noon, Tuesday at eight in the evening, Saturday at noon.
    expect(status()? == 303, "時間内にサインインできません", "no sign-in within the hours")?;
    s.wait(SignedDuration::from_hours(8));
    expect(status()? == 403, "時間外にサインインできます", "a sign-in outside the hours")?;
    s.wait(SignedDuration::from_hours(4 * 24 - 8));
    expect(status()? == 403, "曜日外にサインインできます", "a sign-in outside the days")?;
    expect(noted(s, "hours")? == 2, "拒否の記録がありません", "the refusals are not recorded")
}

fn out_of_hours_once(s: &Scratch) -> Tried {
    let (first, second) = (s.signed_in(OFFICER)?, s.signed_in(REVIEWER)?);
    let person = s.person(COLLEAGUE)?.id;
    s.set_access(COLLEAGUE, |access| access.hours = Some((jiff::civil::time(8, 0, 0, 0), jiff::civil::time(9, 0, 0, 0))))?;
    let request = s.asked(&first, Ask::OutOfHours { person }, 8)?;
    expect(s.visitor().sign_in(COLLEAGUE, PASSWORD)?.status == 403, "承認の前に入れます", "it opens before the approval")?;
    let approve = || Command::DecideRequest { request, approve: true, statement: String::new() };
    let own = first.refused(approve())?;
    expect(own.why == Why::Forbidden, "申請者が自分で承認できます", "who asked may approve")?;
    second.act(approve())?;
    expect(s.visitor().sign_in(COLLEAGUE, PASSWORD)?.status == 303, "承認しても入れません", "it does not open after the approval")?;
    s.meanwhile()?;
    expect(s.visitor().sign_in(COLLEAGUE, PASSWORD)?.status == 403, "2回入れます", "it opens twice")
}

fn sessions(s: &Scratch) -> Tried {
    s.set_access(COLLEAGUE, |access| access.sessions = 2)?;
    s.meanwhile()?;
    let (first, second) = (s.signed_in(COLLEAGUE)?, s.signed_in(COLLEAGUE)?);
    let third = s.browser();
    expect(third.sign_in(COLLEAGUE, PASSWORD)?.status == 403, "上限を超えて入れます", "the limit is exceeded")?;
    expect(noted(s, "sessions")? == 1, "拒否の記録がありません", "the refusal is not recorded")?;
    expect(second.status("/account")? == 200, "前のセッションが切れました", "an earlier session is gone")?;
    first.form("/signout", &[])?;
    expect(third.sign_in(COLLEAGUE, PASSWORD)?.status == 303, "終了後も入れません", "it does not open after one has ended")
}

fn network() -> Result<Vec<ipnet::IpNet>, Failed> {
    Ok(vec![NETWORK.parse().map_err(|_| Failed::new(NETWORK, NETWORK))?])
}

fn networks(s: &Scratch) -> Tried {
    let networks = network()?;
    s.set_access(COLLEAGUE, |access| access.networks = networks)?;
    s.meanwhile()?;
    let outside = s.browser_at(OUTSIDE).sign_in(COLLEAGUE, PASSWORD)?;
    expect(outside.status == 403, "登録外の場所から入れます", "it opens from elsewhere")?;
    expect(noted(s, "place")? == 1, "拒否の記録がありません", "the refusal is not recorded")?;
    let inside = s.browser_at(INSIDE);
    inside.open(COLLEAGUE)?;
    let token = inside.token(false)?;
    let stolen = inside.moved(OUTSIDE);
    expect(stolen.status("/account")? == 401, "移したセッションが使えます", "a session that was moved works")?;
    expect(stolen.call("GET", "/api/v1/me", &token, None)?.status == 401, "移したトークンが使えます", "a token that was moved works")?;
    expect(inside.call("GET", "/api/v1/me", &token, None)?.status == 200, "登録した場所で使えません", "it does not work inside")
}

fn management(s: &Scratch) -> Tried {
    let networks = network()?;
    s.set_access(OPERATOR, |access| access.management = networks)?;
    s.meanwhile()?;
    let create = |name: &str| Command::CreateOrganisation { name: name.into(), kinds: vec![OrganisationKind::Provider] };
    let (inside, outside) = (s.browser_at(INSIDE), s.browser_at(OUTSIDE));
    outside.open(OPERATOR)?;
    expect(outside.refused(create("外から"))?.why == Why::Forbidden, "拒否の理由が異なります", "it was refused for another reason")?;
    inside.open(OPERATOR)?;
    inside.act(create("管理端末から")).map(drop)
}
