//! Without the usual factor: only by prior approval, for a while, marked in every line (items 89, 90).

use jiff::SignedDuration;
use rules::act::{Actor, Means};
use rules::change::Change;
use rules::command::Command;
use rules::party::Role;
use rules::request::{Ask, RequestState};
use rules::text::text;
use store::tables::accounts;

use crate::browser::Browser;
use crate::scratch::{COLLEAGUE, OFFICER, PASSWORD, REVIEWER};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "alternate_auth",
    name: text("代替認証", "Alternate sign-in"),
    checks: &[
        Check {
            shows: &[(89, 0)],
            what: text(
                "代替認証は、本人確認の記録と別の管理者の承認がある場合に、承認した期間だけ使える。",
                "An alternate sign-in works only after another administrator approved it, and only as long as approved.",
            ),
            run: by_approval_for_a_while,
            break_it: |s| {
                s.later(|s| {
                    let person = s.person(COLLEAGUE)?.id;
                    for factor in s.app().store().read(|conn| accounts::factors(conn, person))? {
                        s.write(&Change::FactorRemoved { factor: factor.id, person })?;
                    }
                    s.set_access(COLLEAGUE, |access| access.second_factor = Default::default())
                })
            },
        },
        Check {
            shows: &[(90, 0)],
            what: text(
                "代替認証で行ったことはすべての台帳の行に印が付き、終了後は事後確認の対象に残る。",
                "What is done under it carries a mark in every line of the ledger, and awaits a review afterwards.",
            ),
            run: marked_in_every_line,
            break_it: |s| {
                s.later(|s| {
                    // An act of the session that says nothing of how it came to be.
                    let person = s.person(COLLEAGUE)?.id;
                    let sessions = s.app().store().read(|conn| accounts::sessions(conn, person))?;
                    let session = sessions.first().ok_or_else(|| Failed::new("セッションがありません", "there is no session"))?;
                    let actor = Actor { person: Some(person), means: Means::Session(session.id), ..Actor::system() };
                    s.write_as(&actor, &Change::PageOpened { page: "/hidden".into(), tenant: None })
                })
            },
        },
    ],
};

fn ask(s: &Scratch) -> Result<Ask, Failed> {
    Ok(Ask::Alternate { person: s.person(COLLEAGUE)?.id, identity: "対面で職員証を確認".into() })
}

/// The browser of somebody who left the telephone at home: the password was right, the code is missing.
fn without_telephone(s: &Scratch) -> Result<Browser<'_>, Failed> {
    let browser = s.browser();
    let led = browser.sign_in(COLLEAGUE, PASSWORD)?;
    expect(led.header("location") == "/signin/factor", "第2要素が求められません", "no second factor is asked for")?;
    Ok(browser)
}

fn demand(s: &Scratch) -> Tried {
    s.set_access(COLLEAGUE, |access| access.second_factor = [Role::Colleague].into())?;
    s.signed_in(COLLEAGUE)?.form("/signout", &[]).map(drop)
}

fn by_approval_for_a_while(s: &Scratch) -> Tried {
    demand(s)?;
    let (first, second) = (s.signed_in(OFFICER)?, s.signed_in(REVIEWER)?);
    let request = s.asked(&first, ask(s)?, 1)?;
    let early = without_telephone(s)?.second_factor("alternate", "ABCD-EFGH-JKMN")?;
    expect(early.status == 401, "承認の前に入れます", "it opens before the approval")?;
    first.refused(Command::DecideRequest { request, approve: true, statement: String::new() })?;
    let code = second.act(Command::DecideRequest { request, approve: true, statement: String::new() })?.secret.unwrap_or_default();
    let browser = without_telephone(s)?;
    browser.second_factor("alternate", &code)?;
    expect(browser.status("/account")? == 200, "承認しても入れません", "it does not open after the approval")?;
    for _ in 0..4 {
        s.wait(SignedDuration::from_mins(15));
        browser.get("/account")?;
    }
    expect(browser.status("/account")? == 401, "期間が過ぎても使えます", "it is open after its time")?;
    s.meanwhile()?;
    let late = without_telephone(s)?.second_factor("alternate", &code)?;
    expect(late.status == 401, "期間が過ぎても入れます", "it opens after its time")
}

fn marked_in_every_line(s: &Scratch) -> Tried {
    demand(s)?;
    let (first, second) = (s.signed_in(OFFICER)?, s.signed_in(REVIEWER)?);
    let (request, code) = s.approved(&first, &second, ask(s)?, 1)?;
    let browser = without_telephone(s)?;
    let before = s.mark()?;
    browser.second_factor("alternate", &code)?;
    let session = browser.signed()?.session.to_string();
    browser.get("/account")?;
    browser.get("/cases")?;
    browser.form("/account/language", &[("lang", "en")])?;
    s.meanwhile()?;
    let lines = s.lines_after(before)?;
    let own: Vec<_> = lines.iter().filter(|l| l.session.starts_with(&session)).collect();
    expect(own.len() >= 4, "操作が記録されていません", "what was done is not recorded")?;
    let mark = format!("alternate={request}");
    let begun = |l: &crate::scratch::Line| l.kind == "signed_in" && l.change["method"] == "alternate";
    expect(own.iter().all(|l| l.session.contains(&mark) || begun(l)), "印のない行があります", "a line has no mark")?;
    first.act(Command::EndRequest { request })?;
    expect(s.request(request)?.state == RequestState::Ended, "終了していません", "it has not ended")?;
    let list = s.app().requests(&second.signed()?.actor)?;
    let waits = list.iter().any(|r| r.request.id == request && r.request.awaits_review());
    expect(waits, "事後確認の対象に残っていません", "it is not in the list for review")
}
