//! Emergency accounts: shut until two people open them, loudly, for a while, with a review afterwards (items 248-251).

use jiff::SignedDuration;
use rules::account::Standing;
use rules::change::Change;
use rules::command::Command;
use rules::id::{self, Id};
use rules::party::Role;
use rules::refusal::Why;
use rules::request::{Ask, Request, RequestState};
use rules::review::{Alert, AlertKind};
use rules::text::text;
use store::tables::requests;

use crate::browser::Browser;
use crate::scratch::{OFFICER, PASSWORD, REVIEWER, made};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

const GLASS: &str = "emergency@example.jp";

pub static MECHANISM: Mechanism = Mechanism {
    id: "break_glass",
    name: text("非常時アカウント", "Emergency accounts"),
    checks: &[
        Check {
            shows: &[(248, 0)],
            what: text(
                "非常時アカウントは初めから無効で、申請者とは別の人の承認があるときだけ使える。",
                "An emergency account is disabled from the start, and opens only when a second person approved.",
            ),
            run: two_people,
            break_it: |s| s.later(open_without_approval),
        },
        Check {
            shows: &[(250, 0)],
            what: text(
                "有効化と利用は、60秒以内に管理者全員へ警告される。",
                "Activation and use warn every administrator within 60 seconds.",
            ),
            run: loud,
            break_it: |s| s.later(said_already),
        },
        Check {
            shows: &[(251, 0)],
            what: text(
                "期間が過ぎると、セッションとアカウントは自動で無効に戻る。",
                "When its time is over, session and account are disabled again by themselves.",
            ),
            run: shut_again,
            break_it: |s| {
                s.later(|s| {
                    let person = s.person(GLASS)?.id;
                    s.write(&Change::AccountResumed { person, reason: "left open".into() })
                })
            },
        },
        Check {
            shows: &[(249, 0), (18, 0)],
            what: text(
                "利用の内容は印とともに記録され、別の人が確認するまで事後確認の一覧に残る。",
                "What was done is recorded under a mark, and stays on the list for review until another person looked.",
            ),
            run: reviewed,
            break_it: |s| {
                s.later(|s| {
                    let by = s.person(REVIEWER)?.id;
                    let request = newest(s)?.id;
                    s.write(&Change::RequestReviewed { request, finding: "nobody looked".into(), by })
                })
            },
        },
    ],
};

fn newest(s: &Scratch) -> Result<Request, Failed> {
    let (organisation, person) = (s.home(OFFICER)?, s.person(OFFICER)?.id);
    let all = s.app().store().read(|conn| requests::requests(conn, organisation, person))?;
    all.into_iter().next().ok_or_else(|| Failed::new("申請がありません", "there is no request"))
}

/// Somebody who reaches into the database opens the account without anybody's approval.
fn open_without_approval(s: &Scratch) -> Tried {
    let (account, by) = (s.person(GLASS)?.id, s.person(OFFICER)?.id);
    let hash = s.secret(&by.to_string(), "password")?.unwrap_or_default();
    s.put_secret(&account.to_string(), "password", &hash)?;
    s.write(&Change::AccountResumed { person: account, reason: "forced".into() })?;
    s.approved_by_nobody(s.home(OFFICER)?, OFFICER, Ask::BreakGlass { account })
}

/// The same warning counts as given a moment ago, so that nobody gets it.
fn said_already(s: &Scratch) -> Tried {
    let request = newest(s)?;
    s.write(&Change::AlertRaised(Alert {
        id: s.app().act(rules::act::Actor::system())?.fresh(),
        organisation: None,
        kind: AlertKind::Emergency,
        subject: request.id.to_string(),
        words: text("—", "—"),
        at: s.now(),
    }))
}

/// The account, made by one administrator, and both administrators.
fn glass(s: &Scratch) -> Result<(Id<id::Person>, Browser<'_>, Browser<'_>), Failed> {
    let (first, second) = (s.signed_in(OFFICER)?, s.signed_in(REVIEWER)?);
    let create = Command::CreateEmergency { name: "非常時".into(), email: GLASS.into(), roles: vec![Role::Officer] };
    let account = made(&first.act(create)?)?;
    Ok((account, first, second))
}

/// Signs in with the password that the approval showed; those who approved have seen it, so it is changed first.
fn enter<'s>(s: &'s Scratch, password: &str) -> Result<Browser<'s>, Failed> {
    let browser = s.browser();
    let led = browser.sign_in(GLASS, password)?;
    if led.header("location") == "/signin/password" {
        browser.form("/signin/password", &[("current", password), ("password", &identity::generate()?)])?;
    }
    Ok(browser)
}

fn two_people(s: &Scratch) -> Tried {
    let (account, first, second) = glass(s)?;
    expect(s.account(GLASS)?.standing == Standing::Suspended, "初めから有効です", "it is enabled from the start")?;
    s.meanwhile()?;
    expect(s.visitor().sign_in(GLASS, PASSWORD)?.status == 401, "承認の前に入れます", "it opens before the approval")?;
    let request = s.asked(&first, Ask::BreakGlass { account }, 1)?;
    let approve = || Command::DecideRequest { request, approve: true, statement: String::new() };
    expect(first.refused(approve())?.why == Why::Forbidden, "1人で有効にできます", "one person enables it")?;
    expect(s.account(GLASS)?.standing == Standing::Suspended, "承認の前に有効です", "it is enabled before the approval")?;
    let password = second.act(approve())?.secret.unwrap_or_default();
    let browser = enter(s, &password)?;
    expect(browser.status("/account")? == 200, "承認しても入れません", "it does not open after the approval")
}

fn loud(s: &Scratch) -> Tried {
    let (account, first, second) = glass(s)?;
    let request = s.asked(&first, Ask::BreakGlass { account }, 1)?;
    s.meanwhile()?;
    let warned = |who: &str| s.mails_to(who).map(|mails| mails.iter().filter(|m| m.contains("【警告】")).count());
    let before = s.mark()?;
    let approved = second.act(Command::DecideRequest { request, approve: true, statement: String::new() })?;
    expect(warned(OFFICER)? == 1 && warned(REVIEWER)? == 1, "有効化の警告が届いていません", "activation warned not everybody")?;
    enter(s, &approved.secret.unwrap_or_default())?;
    expect(warned(OFFICER)? == 2 && warned(REVIEWER)? == 2, "利用の警告が届いていません", "use warned not everybody")?;
    // The same transaction that opens the account warns of it.
    let lines = s.lines_after(before)?;
    let at = |kind: &str| lines.iter().find(|l| l.kind == kind).and_then(|l| l.at.parse::<jiff::Timestamp>().ok());
    let (Some(opened), Some(told)) = (at("account_resumed"), at("alert_raised")) else {
        return Err(Failed::new("記録がありません", "there is no record"));
    };
    expect(told.duration_since(opened) <= SignedDuration::from_secs(60), "60秒を超えています", "it took more than 60 s")
}

fn shut_again(s: &Scratch) -> Tried {
    let (account, first, second) = glass(s)?;
    let (request, password) = s.approved(&first, &second, Ask::BreakGlass { account }, 1)?;
    let browser = enter(s, &password)?;
    s.wait(SignedDuration::from_mins(30));
    expect(browser.status("/account")? == 200, "期間内に使えません", "it does not work in its time")?;
    s.wait(SignedDuration::from_mins(30));
    expect(browser.status("/account")? == 401, "期間後もセッションが使えます", "the session works after its time")?;
    s.app().end_requests()?;
    s.meanwhile()?;
    expect(s.account(GLASS)?.standing == Standing::Suspended, "アカウントが有効なままです", "the account is still enabled")?;
    expect(s.visitor().sign_in(GLASS, &password)?.status == 401, "期間後に入れます", "it opens after its time")?;
    expect(s.request(request)?.state == RequestState::Ended, "申請が終了していません", "the request has not ended")
}

fn reviewed(s: &Scratch) -> Tried {
    let (account, first, second) = glass(s)?;
    let (request, password) = s.approved(&first, &second, Ask::BreakGlass { account }, 1)?;
    let browser = enter(s, &password)?;
    browser.get("/cases")?;
    let mark = format!("emergency={request}");
    let marked = s.lines_after(rules::id::Pos::NEVER)?.iter().any(|l| l.kind == "page_opened" && l.session.contains(&mark));
    expect(marked, "利用の記録に印がありません", "what was done has no mark")?;
    first.act(Command::EndRequest { request })?;
    s.meanwhile()?;
    expect(s.request(request)?.awaits_review(), "事後確認の対象に残っていません", "it awaits no review")?;
    let review = Command::ReviewRequest { request, finding: "記録を確認しました".into() };
    first.refused(review.clone())?;
    second.act(review)?;
    expect(s.request(request)?.state == RequestState::Reviewed, "確認が残っていません", "the review is not kept")
}
