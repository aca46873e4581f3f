//! Privilege: named people, a reason, another's approval, an end, and a mark on everything (items 93, 100-102, 234, 245, 247).

use jiff::SignedDuration;
use rules::act::{Actor, Means};
use rules::change::Change;
use rules::command::Command;
use rules::id::{self, Id};
use rules::party::OrganisationKind;
use rules::refusal::Why;
use rules::request::{Ask, RequestState};
use rules::text::text;
use store::tables::accounts;

use crate::browser::Browser;
use crate::scratch::{EVALUATOR, OPERATOR, SECRETARIAT};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "privileged_session",
    name: text("特権の利用", "Privileged sessions"),
    checks: &[
        Check {
            shows: &[(101, 0), (93, 0)],
            what: text(
                "特権使用者として登録した人だけが特権を申請でき、承認の前は役割があっても特権の操作ができない。",
                "Only named people may ask for privilege, and without an approval no role does what is privileged.",
            ),
            run: named_people_only,
            break_it: |s| s.later(|s| s.set_access(OPERATOR, |access| access.privileged.clear())),
        },
        Check {
            shows: &[(100, 0), (245, 0)],
            what: text(
                "特権には理由と別の人の承認が必要で、終了時刻に自動で終わる。",
                "Privilege needs a reason and another's approval, and ends by itself at its time.",
            ),
            run: ends_by_itself,
            break_it: |s| s.later(|s| s.set_access(OPERATOR, |access| access.privileged.clear())),
        },
        Check {
            shows: &[(100, 0), (234, 0), (228, 9), (224, 2)],
            what: text(
                "特権の間に開いた画面と行った操作は、申請の番号とともにすべて記録される。",
                "Pages opened and acts done with privilege are all recorded under the request.",
            ),
            run: everything_is_recorded,
            break_it: |s| {
                s.later(|s| {
                    let person = s.person(OPERATOR)?.id;
                    let sessions = s.app().store().read(|conn| accounts::sessions(conn, person))?;
                    let session = sessions.first().ok_or_else(|| Failed::new("セッションがありません", "there is no session"))?;
                    let actor = Actor { person: Some(person), means: Means::Session(session.id), ..Actor::system() };
                    s.write_as(&actor, &Change::PageOpened { page: "/hidden".into(), tenant: None })
                })
            },
        },
        Check {
            shows: &[(247, 0), (234, 0)],
            what: text(
                "終了した特権は、別の人が内容を確認して所見を残すまで、事後確認の一覧に残る。",
                "Privilege that is over stays on the list for review until another person looked and wrote a finding.",
            ),
            run: reviewed_afterwards,
            break_it: |s| {
                s.later(|s| {
                    let (person, organisation) = (s.person(OPERATOR)?.id, s.home(OPERATOR)?);
                    let all = s.app().store().read(|conn| store::tables::requests::requests(conn, organisation, person))?;
                    let by = s.person(SECRETARIAT)?.id;
                    all.iter().try_for_each(|r| s.write(&Change::RequestReviewed { request: r.id, finding: "nobody looked".into(), by }))
                })
            },
        },
        Check {
            shows: &[(102, 0)],
            what: text("特権があっても、役割にない操作はできない。", "Privilege adds no right that the role does not have."),
            run: nothing_more,
            break_it: |s| {
                s.later(|s| {
                    let mut roles = s.membership(OPERATOR)?.roles;
                    roles.push(rules::party::Role::Secretariat);
                    s.give_roles(OPERATOR, &roles)
                })
            },
        },
    ],
};

pub(crate) fn name_people(s: &Scratch) -> Tried {
    let named = [s.person(OPERATOR)?.id, s.person(SECRETARIAT)?.id].into();
    s.set_access(OPERATOR, |access| access.privileged = named)
}

pub(crate) fn privileged_act(name: &str) -> Command {
    Command::CreateOrganisation { name: name.into(), kinds: vec![OrganisationKind::Provider] }
}

/// Somebody with privilege for an hour, the request, and who approved it.
pub(crate) fn privileged(s: &Scratch) -> Result<(Browser<'_>, Browser<'_>, Id<id::Request>), Failed> {
    name_people(s)?;
    let (operator, other) = (s.signed_in(OPERATOR)?, s.signed_in(SECRETARIAT)?);
    let (request, _) = s.approved(&operator, &other, Ask::Privilege, 1)?;
    Ok((operator, other, request))
}

fn named_people_only(s: &Scratch) -> Tried {
    name_people(s)?;
    s.meanwhile()?;
    let ask =
        Command::MakeRequest { organisation: None, ask: Ask::Privilege, reason: "障害対応のため".into(), begin: None, hours: 1 };
    let stranger = s.signed_in(EVALUATOR)?;
    expect(stranger.refused(ask.clone())?.why == Why::Forbidden, "登録のない人が申請できます", "somebody who is not named may ask")?;
    let operator = s.signed_in(OPERATOR)?;
    let denied = operator.refused(privileged_act("承認なし"))?;
    expect(denied.why == Why::Forbidden, "承認の前に特権を使えます", "privilege is used without an approval")?;
    operator.act(ask).map(drop)
}

fn ends_by_itself(s: &Scratch) -> Tried {
    name_people(s)?;
    let (operator, other) = (s.signed_in(OPERATOR)?, s.signed_in(SECRETARIAT)?);
    let empty = Command::MakeRequest { organisation: None, ask: Ask::Privilege, reason: " ".into(), begin: None, hours: 1 };
    expect(operator.refused(empty)?.why == Why::Invalid, "理由なしで申請できます", "it is asked for without a reason")?;
    let long =
        Command::MakeRequest { organisation: None, ask: Ask::Privilege, reason: "障害対応のため".into(), begin: None, hours: 24 };
    expect(operator.refused(long)?.field == Some("hours"), "長すぎる期間を申請できます", "it is asked for too long")?;
    let request = s.asked(&operator, Ask::Privilege, 1)?;
    let approve = Command::DecideRequest { request, approve: true, statement: String::new() };
    expect(operator.refused(approve.clone())?.why == Why::Forbidden, "自分で承認できます", "who asked may approve")?;
    other.act(approve)?;
    operator.act(privileged_act("承認あり"))?;
    s.wait(SignedDuration::from_hours(1));
    s.meanwhile()?;
    expect(operator.refused(privileged_act("終了後"))?.why == Why::Forbidden, "終了後も使えます", "it is used after its end")?;
    s.app().end_requests()?;
    expect(s.request(request)?.state == RequestState::Ended, "申請が終了していません", "the request has not ended")
}

fn everything_is_recorded(s: &Scratch) -> Tried {
    let (operator, _, request) = privileged(s)?;
    let before = s.mark()?;
    for path in ["/", "/organisations", "/settings"] {
        operator.get(path)?;
    }
    operator.act(privileged_act("記録の確認"))?;
    s.meanwhile()?;
    let session = operator.signed()?.session.to_string();
    let lines = s.lines_after(before)?;
    let own: Vec<_> = lines.iter().filter(|l| l.session.starts_with(&session)).collect();
    let opened = own.iter().filter(|l| l.kind == "page_opened").count();
    let done = own.iter().any(|l| l.kind == "organisation_added" && l.change["name"] == "記録の確認");
    expect(opened >= 3 && done, "操作が記録されていません", "what was done is not recorded")?;
    let mark = format!("privileged={request}");
    expect(own.iter().all(|l| l.session.contains(&mark)), "申請の番号のない行があります", "a line does not name the request")
}

fn reviewed_afterwards(s: &Scratch) -> Tried {
    let (operator, other, request) = privileged(s)?;
    operator.act(Command::EndRequest { request })?;
    s.meanwhile()?;
    let waits = |browser: &Browser<'_>| -> Result<bool, Failed> {
        let list = s.app().requests(&browser.signed()?.actor)?;
        Ok(list.iter().any(|r| r.request.id == request && r.request.awaits_review()))
    };
    expect(waits(&other)?, "一覧に残っていません", "it is not on the list")?;
    let review = |finding: &str| Command::ReviewRequest { request, finding: finding.into() };
    operator.refused(review("問題はありません"))?;
    other.refused(review(" "))?;
    other.act(review("操作記録を確認し、問題はありません"))?;
    expect(!waits(&other)?, "確認した後も残っています", "it stays after the review")
}

fn nothing_more(s: &Scratch) -> Tried {
    let (operator, ..) = privileged(s)?;
    s.meanwhile()?;
    let case = s.world().running;
    operator.refused(Command::DecideCase { case, certify: true, grounds: "特権で判定".into() })?;
    expect(s.app().case(&operator.signed()?.actor, case, None).is_err(), "案件を閲覧できます", "it opens a case")
}
