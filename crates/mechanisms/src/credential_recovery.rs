//! New credentials: after a recorded identity check, by two people, with a link that works once (items 86, 87).

use jiff::SignedDuration;
use rules::account::Stage;
use rules::act::Actor;
use rules::change::Change;
use rules::command::{Command, Secret};
use rules::id::{self, Id};
use rules::refusal::Why;
use rules::request::Ask;
use rules::text::text;
use store::tables::requests;

use crate::browser::Browser;
use crate::scratch::{COLLEAGUE, OFFICER, PASSWORD, REVIEWER};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "credential_recovery",
    name: text("認証情報の再発行", "Recovery of credentials"),
    checks: &[
        Check {
            shows: &[(86, 0), (87, 0)],
            what: text(
                "再発行には本人確認の記録と別の管理者の承認が必要で、リンクは一度だけ、期限内にだけ使える。",
                "A reissue needs a recorded identity check and another administrator's approval; its link works once and expires.",
            ),
            run: two_people_and_one_link,
            break_it: |s| {
                s.later(|s| {
                    // The request is approved anew, and its link kept.
                    let (request, by) = (last_request(s)?, s.person(REVIEWER)?.id);
                    s.write(&Change::RequestDecided { request, approve: true, by, statement: String::new() })?;
                    s.put_secret(&request.to_string(), "reissue", &app::digest(LINK))
                })
            },
        },
        Check {
            shows: &[(87, 0)],
            what: text(
                "再発行を承認すると、それまでのパスワードとセッションは新しいものができる前に使えなくなる。",
                "With the approval the old password and sessions stop, before new ones exist.",
            ),
            run: the_old_stops,
            break_it: |s| {
                s.later(|s| {
                    let hash = s.secret(&s.person(OFFICER)?.id.to_string(), "password")?.unwrap_or_default();
                    s.put_secret(&s.person(COLLEAGUE)?.id.to_string(), "password", &hash)
                })
            },
        },
    ],
};

/// A link for the second use, which only somebody who reached into the database can make work.
const LINK: &str = "a-link-that-was-used";

fn last_request(s: &Scratch) -> Result<Id<id::Request>, Failed> {
    let (organisation, person) = (s.home(OFFICER)?, s.person(OFFICER)?.id);
    let all = s.app().store().read(|conn| requests::requests(conn, organisation, person))?;
    all.first().map(|r| r.id).ok_or_else(|| Failed::new("申請がありません", "there is no request"))
}

fn reissue(s: &Scratch) -> Result<Ask, Failed> {
    let person = s.person(COLLEAGUE)?.id;
    Ok(Ask::Reissue { person, identity: "対面で職員証を確認".into(), factors: false, initial: false })
}

fn set(s: &Scratch, link: &str, password: &str) -> Result<app::Done, Failed> {
    let command = Command::SetNewPassword { link: Secret(link.into()), password: Secret(password.into()) };
    Ok(s.app().execute(&Actor::system(), command)?)
}

fn two_people_and_one_link(s: &Scratch) -> Tried {
    let (first, second) = (s.signed_in(OFFICER)?, s.signed_in(REVIEWER)?);
    let person = s.person(COLLEAGUE)?.id;
    let unchecked = Ask::Reissue { person, identity: " ".into(), factors: false, initial: false };
    let refusal =
        first.refused(Command::MakeRequest {
            organisation: None, ask: unchecked, reason: "失念のため".into(), begin: None, hours: 24
        })?;
    expect(refusal.field == Some("identity"), "本人確認なしで申請できます", "no identity check is demanded")?;
    let request = s.asked(&first, reissue(s)?, 24)?;
    let approve = || Command::DecideRequest { request, approve: true, statement: String::new() };
    expect(first.refused(approve())?.why == Why::Forbidden, "申請者が自分で承認できます", "who asked may approve")?;
    let link = second.act(approve())?.secret.unwrap_or_default();
    let new = identity::generate()?;
    set(s, &link, &new)?;
    expect(opened(&s.visitor(), &new)?, "新しいパスワードで入れません", "the new password does not open")?;
    s.meanwhile()?;
    for used in [link.as_str(), LINK] {
        expect(set(s, used, &identity::generate()?).is_err(), "リンクが2回使えます", "the link works twice")?;
    }
    let (_, late) = s.approved(&first, &second, reissue(s)?, 24)?;
    s.wait(SignedDuration::from_hours(24));
    expect(set(s, &late, &identity::generate()?).is_err(), "期限切れのリンクが使えます", "a link works after its time")
}

fn opened(browser: &Browser<'_>, password: &str) -> Result<bool, Failed> {
    let reply = browser.sign_in(COLLEAGUE, password)?;
    Ok(reply.status == 303 && browser.signed().is_ok_and(|signed| signed.actor.grants.stage == Stage::Full))
}

fn the_old_stops(s: &Scratch) -> Tried {
    let owner = s.signed_in(COLLEAGUE)?;
    let (first, second) = (s.signed_in(OFFICER)?, s.signed_in(REVIEWER)?);
    let request = s.asked(&first, reissue(s)?, 24)?;
    expect(owner.status("/account")? == 200, "承認の前に止まりました", "it stopped before the approval")?;
    second.act(Command::DecideRequest { request, approve: true, statement: String::new() })?;
    s.meanwhile()?;
    expect(owner.status("/account")? == 401, "前のセッションが使えます", "the old session still works")?;
    expect(s.visitor().sign_in(COLLEAGUE, PASSWORD)?.status == 401, "前のパスワードが使えます", "the old password still works")?;
    let told = s.mails_to(COLLEAGUE)?.iter().any(|subject| subject.contains("パスワードの再設定"));
    expect(told, "本人にリンクが送られていません", "the person was sent no link")
}
