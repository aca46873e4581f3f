//! Suspicion, leaving or a lost right stops an account at once (items 41, 72, 87, 88, 97, 202, 228).

use jiff::{SignedDuration, ToSpan};
use rules::account::Standing;
use rules::change::Change;
use rules::command::Command;
use rules::party::{Membership, Role};
use rules::review::AlertKind;
use rules::text::text;

use crate::scratch::{COLLEAGUE, OFFICER, PASSWORD, REVIEWER};
use crate::{Check, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "credential_revocation",
    name: text("認証情報の失効", "Revocation of credentials"),
    checks: &[
        Check {
            shows: &[(41, 0), (97, 0), (202, 0), (228, 10)],
            what: text(
                "停止すると、すべてのセッションとトークンが5秒以内に別のサーバーでも使えなくなり、理由と実施者が残る。",
                "Suspension ends every session and token within 5 s, on other nodes too, and keeps reason and actor.",
            ),
            run: suspension,
            break_it: |s| {
                s.later(|s| {
                    let person = s.person(COLLEAGUE)?.id;
                    s.write(&Change::AccountResumed { person, reason: "by mistake".into() })
                })
            },
        },
        Check {
            shows: &[(97, 0)],
            what: text(
                "利用最終日を過ぎたアカウントは使えなくなり、停止が記録されて管理者に伝わる。",
                "After its last day an account opens nothing; it is suspended, recorded, and administrators are told.",
            ),
            run: last_day,
            break_it: |s| {
                s.later(|s| {
                    let person = s.person(COLLEAGUE)?.id;
                    s.write(&Change::LastDaySet { person, ends: None })
                })
            },
        },
        Check {
            shows: &[(87, 0), (88, 0)],
            what: text(
                "漏えいの届出により認証情報がただちに無効になり、本人と管理者に伝わる。",
                "A reported leak stops the credentials at once, and the person and the administrators are told.",
            ),
            run: leak,
            break_it: |s| {
                s.later(|s| {
                    let hash = s.secret(&s.person(OFFICER)?.id.to_string(), "password")?.unwrap_or_default();
                    s.put_secret(&s.person(COLLEAGUE)?.id.to_string(), "password", &hash)
                })
            },
        },
        Check {
            shows: &[(72, 0), (97, 0)],
            what: text("役割を外すと、次の操作から反映される。", "A right that is taken away is gone with the next request."),
            run: rights_taken_away,
            break_it: |s| {
                s.later(|s| {
                    let (person, organisation) = (s.person(COLLEAGUE)?.id, s.home(OFFICER)?);
                    s.write(&Change::RolesGiven(Membership { person, organisation, roles: vec![Role::Colleague] }))
                })
            },
        },
    ],
};

fn suspension(s: &Scratch) -> Tried {
    let owner = s.signed_in(COLLEAGUE)?;
    let token = owner.token(false)?;
    // Another node that has just read the session.
    let other = s.again(|config| config);
    let there = other.browser();
    there.set_session(&owner.session());
    expect(there.status("/account")? == 200, "別のサーバーで使えません", "it does not work on another node")?;
    let administrator = s.signed_in(REVIEWER)?;
    let (person, before) = (s.person(COLLEAGUE)?.id, s.mark()?);
    administrator.act(Command::SuspendAccount { person, reason: "違反の疑い".into() })?;
    s.meanwhile()?;
    expect(owner.status("/account")? == 401, "セッションが生きています", "the session is alive")?;
    expect(s.browser().call("GET", "/api/v1/me", &token, None)?.status == 401, "トークンが生きています", "the token is alive")?;
    other.wait(SignedDuration::from_secs(5));
    expect(there.status("/account")? == 401, "別のサーバーで5秒後も使えます", "it works on another node after 5 s")?;
    expect(s.visitor().sign_in(COLLEAGUE, PASSWORD)?.status == 401, "サインインできます", "a sign-in opens")?;
    let by = s.person(REVIEWER)?.id.to_string();
    let lines = s.lines_after(before)?;
    let kept = lines.iter().any(|l| l.kind == "account_suspended" && l.actor == by && l.change["reason"] == "違反の疑い");
    expect(kept, "理由と実施者の記録がありません", "reason and actor are not recorded")
}

fn last_day(s: &Scratch) -> Tried {
    let administrator = s.signed_in(OFFICER)?;
    let person = s.person(COLLEAGUE)?.id;
    let today = rules::act::japan(s.now()).date();
    administrator.act(Command::SetLastDay { person, ends: Some(today) })?;
    s.meanwhile()?;
    expect(s.visitor().sign_in(COLLEAGUE, PASSWORD)?.status == 303, "最終日に使えません", "it does not open on the last day")?;
    s.wait(SignedDuration::from_hours(24));
    expect(s.visitor().sign_in(COLLEAGUE, PASSWORD)?.status == 401, "最終日の翌日に使えます", "it opens on the day after")?;
    s.app().check_accounts()?;
    expect(s.account(COLLEAGUE)?.standing == Standing::Suspended, "停止されていません", "it is not suspended")?;
    let alerts = s.app().alerts(&s.signed_in(OFFICER)?.signed()?.actor)?;
    let told = alerts.iter().any(|a| a.alert.kind == AlertKind::Left && a.alert.subject == person.to_string());
    let tomorrow = rules::act::japan(s.now()).date() == today + 1.day();
    expect(told && tomorrow, "管理者に伝わっていません", "administrators are not told")
}

fn leak(s: &Scratch) -> Tried {
    let owner = s.signed_in(COLLEAGUE)?;
    let token = owner.token(false)?;
    owner.act(Command::ReportLeak { person: None, reason: "端末の紛失".into() })?;
    s.meanwhile()?;
    expect(owner.status("/account")? == 401, "セッションが生きています", "the session is alive")?;
    expect(s.browser().call("GET", "/api/v1/me", &token, None)?.status == 401, "トークンが生きています", "the token is alive")?;
    expect(s.visitor().sign_in(COLLEAGUE, PASSWORD)?.status == 401, "パスワードが使えます", "the password still works")?;
    for somebody in [COLLEAGUE, OFFICER, REVIEWER] {
        let told = s.mails_to(somebody)?.iter().any(|m| m.contains("無効化") || m.contains("漏えい"));
        expect(told, "本人か管理者に伝わっていません", "the person or an administrator is not told")?;
    }
    Ok(())
}

fn rights_taken_away(s: &Scratch) -> Tried {
    let owner = s.signed_in(COLLEAGUE)?;
    expect(owner.status("/evidence")? == 200, "はじめから開けません", "it does not open to begin with")?;
    let (person, organisation) = (s.person(COLLEAGUE)?.id, s.home(COLLEAGUE)?);
    s.signed_in(OFFICER)?.act(Command::SetRoles { organisation, person, roles: vec![] })?;
    s.meanwhile()?;
    let status = owner.status("/evidence")?;
    expect(matches!(status, 401 | 403), "役割を外した後も開けます", "it opens after the right was taken away")
}
