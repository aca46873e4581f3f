//! Operators see a tenant's data only with that tenant's approval, or in an emergency that is told and decided afterwards (items 18, 71).

use jiff::SignedDuration;
use rules::change::Change;
use rules::command::Command;
use rules::id::{self, Id};
use rules::party::Role;
use rules::request::{Ask, RequestState};
use rules::text::text;

use crate::browser::Browser;
use crate::scratch::{OFFICER, OPERATOR, REVIEWER, made};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "view_approval",
    name: text("閲覧の承認", "Approval of viewing"),
    checks: &[
        Check {
            shows: &[(18, 0), (71, 0)],
            what: text(
                "運用者は、対象の組織が承認した期間だけその情報を閲覧でき、閲覧した画面はその組織の記録に残る。",
                "An operator sees a tenant's data only while that tenant approved it, and each page stands in the tenant's records.",
            ),
            run: by_approval,
            break_it: |s| s.later(|s| s.approved_by_nobody(s.home(OFFICER)?, OPERATOR, Ask::View { emergency: false })),
        },
        Check {
            shows: &[(18, 0)],
            what: text(
                "緊急の閲覧は理由とともに始められ、対象の組織に警告され、事後の承認を待つ。",
                "Viewing in an emergency begins with a reason, warns the tenant, and waits for its approval.",
            ),
            run: in_an_emergency,
            break_it: |s| {
                s.later(|s| {
                    let (request, by) = (asked(s)?, s.person(OPERATOR)?.id);
                    s.write(&Change::RequestDecided { request, approve: true, by, statement: String::new() })
                })
            },
        },
        Check {
            shows: &[(71, 0)],
            what: text("閲覧の承認では、見ること以外は何もできない。", "An approval to view lets nothing be done but to look."),
            run: only_looking,
            break_it: |s| {
                s.later(|s| {
                    let (person, organisation) = (s.person(OPERATOR)?.id, s.home(OPERATOR)?);
                    let roles = vec![Role::Operator, Role::Administrator, Role::Secretariat];
                    s.write(&Change::RolesGiven(rules::party::Membership { person, organisation, roles }))
                })
            },
        },
    ],
};

fn asked(s: &Scratch) -> Result<Id<id::Request>, Failed> {
    let (organisation, person) = (s.home(OFFICER)?, s.person(OPERATOR)?.id);
    let all = s.app().store().read(|conn| store::tables::requests::requests(conn, organisation, person))?;
    all.first().map(|r| r.id).ok_or_else(|| Failed::new("申請がありません", "there is no request"))
}

fn view(s: &Scratch, operator: &Browser<'_>, emergency: bool) -> Result<Id<id::Request>, Failed> {
    let tenant = s.home(OFFICER)?;
    let ask = Ask::View { emergency };
    made(&operator.act(Command::MakeRequest { organisation: Some(tenant), ask, reason: "障害の調査".into(), begin: None, hours: 1 })?)
}

fn by_approval(s: &Scratch) -> Tried {
    let (operator, tenant) = (s.signed_in(OPERATOR)?, s.signed_in(OFFICER)?);
    let page = format!("/cases/{}", s.world().running);
    s.meanwhile()?;
    let closed = |status| matches!(status, 403 | 404);
    expect(closed(operator.status(&page)?), "承認なしで閲覧できます", "it opens without an approval")?;
    let request = view(s, &operator, false)?;
    expect(closed(operator.status(&page)?), "承認の前に閲覧できます", "it opens before the approval")?;
    operator.refused(Command::DecideRequest { request, approve: true, statement: String::new() })?;
    tenant.act(Command::DecideRequest { request, approve: true, statement: String::new() })?;
    expect(operator.status(&page)? == 200, "承認しても閲覧できません", "it does not open after the approval")?;
    let seen = s.app().viewings(&tenant.signed()?.actor)?;
    let kept = seen.iter().any(|v| v.page == page && v.session.contains(&format!("viewing={request}")));
    expect(kept, "閲覧が組織の記録に残っていません", "what was seen is not in the tenant's records")?;
    s.wait(SignedDuration::from_hours(1));
    expect(closed(operator.status(&page)?), "期間が過ぎても閲覧できます", "it is open after its time")
}

fn in_an_emergency(s: &Scratch) -> Tried {
    let (operator, tenant) = (s.signed_in(OPERATOR)?, s.signed_in(OFFICER)?);
    let page = format!("/cases/{}", s.world().running);
    let organisation = Some(s.home(OFFICER)?);
    let ask = Ask::View { emergency: true };
    operator.refused(Command::MakeRequest { organisation, ask, reason: " ".into(), begin: None, hours: 1 })?;
    let request = view(s, &operator, true)?;
    expect(operator.status(&page)? == 200, "緊急の閲覧ができません", "it does not open in an emergency")?;
    for administrator in [OFFICER, REVIEWER] {
        let told = s.mails_to(administrator)?.iter().any(|m| m.contains("緊急の閲覧"));
        expect(told, "対象の組織に伝わっていません", "the tenant is not warned")?;
    }
    s.meanwhile()?;
    expect(s.request(request)?.state == RequestState::Provisional, "承認待ちではありません", "it does not wait for an approval")?;
    tenant.act(Command::DecideRequest { request, approve: false, statement: "必要性を確認できません".into() })?;
    let status = operator.status(&page)?;
    expect(matches!(status, 403 | 404), "却下の後も閲覧できます", "it is open after it was refused")
}

fn only_looking(s: &Scratch) -> Tried {
    let (operator, tenant) = (s.signed_in(OPERATOR)?, s.signed_in(OFFICER)?);
    let request = view(s, &operator, false)?;
    tenant.act(Command::DecideRequest { request, approve: true, statement: String::new() })?;
    s.meanwhile()?;
    let case = s.world().running;
    let item = rules::id::ItemNo(200);
    let content = rules::answer::Content { text: "運用者の回答".into(), ..Default::default() };
    operator.refused(Command::GiveAnswer { case, item, base: rules::id::Pos::NEVER, content, ready: false })?;
    operator.refused(Command::SetDue { case, due: None })?;
    let evidence = s.app().library(&tenant.signed()?.actor)?.first().map(|e| e.id);
    let evidence = evidence.ok_or_else(|| Failed::new("証跡がありません", "there is no evidence"))?;
    let label = rules::evidence::Label::Public;
    operator.refused(Command::FileEvidence { evidence, label, group: None }).map(drop)
}
