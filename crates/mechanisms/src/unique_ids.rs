//! Ids are given once, to one person, and ids of programs open no page (items 73, 93, 94).

use jiff::ToSpan;
use rules::account::AccountKind;
use rules::change::Change;
use rules::command::{Command, Secret};
use rules::id::{self, Id};
use rules::party::Role;
use rules::refusal::Why;
use rules::text::{Lang, text};

use crate::scratch::{COLLEAGUE, OFFICER, REVIEWER, STRANGER, made};
use crate::{Check, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "unique_ids",
    name: text("一意なID", "Unique ids"),
    checks: &[
        Check {
            shows: &[(94, 0), (93, 0)],
            what: text(
                "廃止したIDは、書き方を変えても、別の種類のIDとしても、二度と発行できない。",
                "An id that was closed is never given again, however it is written and as whatever kind of id.",
            ),
            run: never_again,
            break_it: |s| {
                s.later(|s| {
                    let person = s.person(COLLEAGUE)?.id;
                    s.write(&Change::AccountResumed { person, reason: "reused".into() })
                })
            },
        },
        Check {
            shows: &[(73, 0), (94, 0)],
            what: text(
                "利用中のIDを別の人が自分のものとして登録できず、IDの数も増えない。",
                "An id in use cannot be registered by somebody else, and no second person comes to be.",
            ),
            run: one_person,
            break_it: |s| {
                s.later(|s| {
                    // Somebody else's password opens the id.
                    let owner = s.person(COLLEAGUE)?.id.to_string();
                    let hash = s.secret(&s.person(STRANGER)?.id.to_string(), "password")?.unwrap_or_default();
                    s.put_secret(&owner, "password", &hash)
                })
            },
        },
        Check {
            shows: &[(73, 0)],
            what: text(
                "システム間連携のIDは別の種類であり、トークンでだけ使え、画面は開けない。",
                "An id of a program is another kind: it works by token only and opens no page.",
            ),
            run: machines_open_no_page,
            // Its kind is part of the ledger and fixed: only another program could let it in.
            break_it: Scratch::lie,
        },
    ],
};

fn never_again(s: &Scratch) -> Tried {
    let administrator = s.signed_in(REVIEWER)?;
    let (person, organisation) = (s.person(COLLEAGUE)?.id, s.home(COLLEAGUE)?);
    administrator.act(Command::CloseAccount { person, reason: "退職のため".into() })?;
    s.meanwhile()?;
    let roles = || vec![Role::Colleague];
    for email in [COLLEAGUE, "Colleague@Example.JP", " colleague@example.jp "] {
        let refusal = administrator.refused(Command::InvitePerson { organisation, email: email.into(), roles: roles() })?;
        expect(refusal.why == Why::Invalid, "拒否の理由がIDの再利用ではありません", "it was refused, but not as an id that was used")?;
    }
    let emergency = Command::CreateEmergency { name: "非常時".into(), email: COLLEAGUE.into(), roles: roles() };
    administrator.refused(emergency)?;
    let reply = s.visitor().sign_in(COLLEAGUE, crate::scratch::PASSWORD)?;
    expect(reply.status == 401, "廃止したIDでサインインできます", "a closed id can sign in")
}

/// Nobody may have the stranger's password as theirs; the demonstration gives everybody the same, so another one is used.
fn one_person(s: &Scratch) -> Tried {
    let administrator = s.signed_in(STRANGER)?;
    let new = identity::generate()?;
    administrator.act(Command::ChangePassword { current: Secret(crate::scratch::PASSWORD.into()), new: Secret(new.clone()) })?;
    let administrator = s.browser();
    let led = administrator.sign_in(STRANGER, &new)?;
    if led.header("location") == "/signin/factor" {
        administrator.second_factor("totp", &s.code(STRANGER)?)?;
    }
    let organisation = s.home(STRANGER)?;
    let before = s.app().store().read(store::tables::party::people)?;
    let invite = Command::InvitePerson { organisation, email: COLLEAGUE.into(), roles: vec![Role::Colleague] };
    let link = administrator.act(invite)?.secret.unwrap_or_default();
    s.meanwhile()?;
    let accept = Command::AcceptInvitation { link: Secret(link), name: "別の人".into(), password: Secret(new), lang: Lang::Ja };
    let taken = s.app().execute(&rules::act::Actor::system(), accept);
    expect(taken.is_err(), "別の人のパスワードで既存のIDを使えました", "an id was taken over with another password")?;
    let after = s.app().store().read(store::tables::party::people)?;
    expect(before == after, "同じIDの人が増えました", "there is a second person of that id")
}

fn machines_open_no_page(s: &Scratch) -> Tried {
    let administrator = s.signed_in(OFFICER)?;
    let done = administrator.act(Command::CreateMachine { name: "バックアップ監視".into(), roles: vec![Role::Colleague] })?;
    let machine: Id<id::Person> = made(&done)?;
    let expires = rules::act::japan(s.now()).date() + 7.days();
    let token = Command::IssueMachineToken { machine, name: "監視".into(), write: false, expires };
    let token = administrator.act(token)?.secret.unwrap_or_default();
    let program = s.browser();
    expect(program.call("GET", "/api/v1/me", &token, None)?.status == 200, "トークンが使えません", "the token does not work")?;
    program.set_session(&token);
    expect(s.seen(program.status("/account")? == 401), "トークンで画面を開けました", "the token opened a page")?;
    let known = s.app().store().read(|conn| store::tables::party::person(conn, machine))?;
    let known = known.filter(|p| p.kind == AccountKind::Machine);
    let handle = known.map(|p| p.email).unwrap_or_default();
    expect(!handle.is_empty(), "IDの種類が区別されていません", "the kind of id is not kept")?;
    let reply = s.visitor().sign_in(&handle, crate::scratch::PASSWORD)?;
    expect(reply.status == 401, "連携用のIDでサインインできました", "a program's id signed in")
}
