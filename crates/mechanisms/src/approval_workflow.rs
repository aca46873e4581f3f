//! Who asks does not decide, every step is kept, and what nobody decides lapses (items 68, 222, 225).

use jiff::SignedDuration;
use rules::change::Change;
use rules::command::Command;
use rules::id::{self, Id};
use rules::party::Role;
use rules::refusal::Why;
use rules::request::{Ask, RequestState};
use rules::text::text;

use crate::scratch::{COLLEAGUE, OFFICER, REVIEWER, made};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "approval_workflow",
    name: text("申請と承認", "Requests and approvals"),
    checks: &[
        Check {
            shows: &[(68, 0)],
            what: text(
                "アカウントの登録と権限の追加は申請により行い、申請者と対象者は承認できず、各段階の人と時刻が残る。",
                "New accounts and wider rights are requested; neither who asks nor whom it is about decides; each step is kept.",
            ),
            run: another_decides,
            break_it: |s| s.later(|s| s.set_access(OFFICER, |access| access.approval = false)),
        },
        Check {
            shows: &[(68, 0)],
            what: text(
                "期限までに処理されなかった申請は自動で失効し、後から承認できない。",
                "A request that nobody decided in time lapses by itself and cannot be approved later.",
            ),
            run: lapses,
            break_it: |s| {
                s.later(|s| {
                    let request = newest(s)?;
                    let by = s.person(REVIEWER)?.id;
                    s.write(&Change::RequestDecided { request, approve: true, by, statement: String::new() })
                })
            },
        },
    ],
};

fn newest(s: &Scratch) -> Result<Id<id::Request>, Failed> {
    let (organisation, person) = (s.home(OFFICER)?, s.person(OFFICER)?.id);
    let all = s.app().store().read(|conn| store::tables::requests::requests(conn, organisation, person))?;
    all.first().map(|r| r.id).ok_or_else(|| Failed::new("申請がありません", "there is no request"))
}

fn another_decides(s: &Scratch) -> Tried {
    s.set_access(OFFICER, |access| access.approval = true)?;
    s.meanwhile()?;
    let (first, second, colleague) = (s.signed_in(OFFICER)?, s.signed_in(REVIEWER)?, s.signed_in(COLLEAGUE)?);
    let organisation = s.home(OFFICER)?;
    let direct = Command::InvitePerson { organisation, email: "new@example.jp".into(), roles: vec![Role::Colleague] };
    expect(first.refused(direct)?.why == Why::State, "申請なしで登録できます", "it is done without a request")?;
    let person = s.person(COLLEAGUE)?.id;
    let wider = vec![Role::Colleague, Role::Officer];
    first.refused(Command::SetRoles { organisation, person, roles: wider.clone() })?;
    let ask = Ask::ChangeRoles { person, roles: wider.clone() };
    let request: Id<id::Request> = s.asked(&first, ask, 24)?;
    let approve = || Command::DecideRequest { request, approve: true, statement: String::new() };
    for not_allowed in [&first, &colleague] {
        expect(not_allowed.refused(approve())?.why == Why::Forbidden, "承認できる人ではありません", "somebody else may approve")?;
    }
    let at = s.now();
    second.act(approve())?;
    let known = s.request(request)?;
    let kept = known.state == RequestState::Approved
        && known.by == s.person(OFFICER)?.id
        && known.decided_by == Some(s.person(REVIEWER)?.id)
        && known.decided == Some(at);
    expect(kept, "申請と承認の人・時刻が残っていません", "who asked and decided, and when, is not kept")?;
    let given = s.membership(COLLEAGUE)?.roles;
    expect(wider.iter().all(|role| given.contains(role)), "承認した権限が反映されません", "the approved rights are not given")?;
    let register = Ask::Register { email: "new@example.jp".into(), roles: vec![Role::Colleague] };
    let command = Command::MakeRequest { organisation: None, ask: register, reason: "増員のため".into(), begin: None, hours: 24 };
    let request: Id<id::Request> = made(&first.act(command)?)?;
    let refused = Command::DecideRequest { request, approve: false, statement: "必要性がありません".into() };
    second.act(refused.clone())?;
    expect(second.refused(refused)?.why == Why::State, "2回処理できます", "it is decided twice")?;
    expect(s.request(request)?.state == RequestState::Refused, "却下が残っていません", "the refusal is not kept")
}

fn lapses(s: &Scratch) -> Tried {
    let first = s.signed_in(OFFICER)?;
    let person = s.person(COLLEAGUE)?.id;
    let roles = vec![Role::Colleague, Role::Officer];
    let request = s.asked(&first, Ask::ChangeRoles { person, roles }, 24)?;
    s.meanwhile()?;
    s.wait(SignedDuration::from_hours(24));
    s.app().end_requests()?;
    expect(s.request(request)?.state == RequestState::Lapsed, "失効していません", "it did not lapse")?;
    let second = s.signed_in(REVIEWER)?;
    let late = Command::DecideRequest { request, approve: true, statement: String::new() };
    expect(second.refused(late)?.why == Why::State, "失効後に承認できます", "it is approved after it lapsed")?;
    expect(s.membership(COLLEAGUE)?.roles == [Role::Colleague], "権限が変わっています", "the rights have changed")
}
