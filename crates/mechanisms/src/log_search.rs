//! The ledger is searched, sorted, filtered and counted as one would by hand, each look is a line, and none crosses tenants (items 107, 111, 234, 247).

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::Offset;
use rules::command::Command;
use rules::id::{ItemNo, Pos};
use rules::party::Role;
use rules::text::text;

use crate::browser::Browser;
use crate::scratch::{COLLEAGUE, Line, OFFICER, REVIEWER, STRANGER};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "log_search",
    name: text("監査ログの検索", "Search of the audit log"),
    checks: &[
        Check {
            shows: &[(107, 0), (111, 0), (234, 0), (247, 0)],
            what: text(
                "利用者、対象、時刻、出来事、結果による絞り込みと並べ替えの結果は、台帳の全行を順に調べた結果と等しい。",
                "Filtering by account, subject, time, kind and outcome, in either order, finds what a look at every line finds.",
            ),
            run: found_as_by_hand,
            // Only another program could search otherwise.
            break_it: Scratch::lie,
        },
        Check {
            shows: &[(111, 0), (247, 0)],
            what: text(
                "ある利用者が扱った対象ごとの回数は、台帳を数えた回数と等しい。",
                "What one account handled, counted by subject, equals a count over the ledger.",
            ),
            run: counted_as_by_hand,
            // One act more than was counted by hand.
            break_it: |s| s.later(|s| work_on(s, OFFICER, 130..131)),
        },
        Check {
            shows: &[(107, 0), (234, 0), (247, 0)],
            what: text(
                "台帳の検索、1行の表示、集計は、見た人と条件とともに、その台帳に1行ずつ残る。",
                "Each search, each opened line and each count leaves a line of that ledger with who looked and for what.",
            ),
            run: looks_are_logged,
            break_it: Scratch::lie,
        },
        Check {
            shows: &[(107, 0), (111, 0)],
            what: text(
                "組織管理者は自組織の台帳だけを検索でき、ほかの役割と他の組織には何も見えない。",
                "Administrators search their organisation's ledger only; other roles and other organisations see nothing of it.",
            ),
            run: nobody_else_sees_it,
            break_it: |s| s.later(|s| s.give_roles(COLLEAGUE, &[Role::Colleague, Role::Administrator])),
        },
    ],
};

/// Gives items of the running case to somebody: an act about the case for each.
fn work_on(s: &Scratch, who: &str, items: std::ops::Range<u16>) -> Tried {
    let (browser, case) = (s.signed_in(who)?, s.world().running);
    for no in items {
        let owner = Some(s.person(COLLEAGUE)?.id);
        browser.act(Command::SetWork { case, items: vec![ItemNo(no)], owner, due: None, status: None })?;
    }
    Ok(())
}

/// The lines of an organisation's ledger, oldest first.
fn every_line(s: &Scratch, who: &str) -> Result<Vec<Line>, Failed> {
    let tenant = s.home(who)?.to_string();
    Ok(s.lines_after(Pos::NEVER)?.into_iter().filter(|line| line.tenant == tenant).collect())
}

/// The numbers of the lines that the pages show for a query, from the first page to the last.
fn shown(browser: &Browser<'_>, query: &str) -> Result<Vec<u64>, Failed> {
    let (mut out, mut address) = (vec![], format!("/ledger?{query}"));
    loop {
        let reply = browser.get(&address)?;
        expect(reply.status == 200, "台帳の画面が開きません", "the page of the ledger does not open")?;
        let page = reply.text();
        let body = page.split("<tbody>").nth(1).unwrap_or_default();
        out.extend(body.split("href=\"/ledger/").skip(1).filter_map(|rest| rest.split(['?', '"']).next()?.parse::<u64>().ok()));
        let next = page.split("href=\"").filter_map(|rest| rest.split('"').next()).find(|link| link.contains("after="));
        match next {
            Some(link) => address = link.replace("&amp;", "&"),
            None => return Ok(out),
        }
    }
}

/// As a field of a form takes it: of a clock in Japan.
fn clock(at: Timestamp) -> String {
    Offset::constant(9).to_datetime(at).to_string()
}

/// A query of the pages, and whether a line fits it.
type Query = (String, Box<dyn Fn(&Line) -> bool>);

fn found_as_by_hand(s: &Scratch) -> Tried {
    work_on(s, OFFICER, 101..121)?;
    s.wait(jiff::SignedDuration::from_hours(1));
    let middle = s.now();
    work_on(s, REVIEWER, 121..130)?;
    let lines = every_line(s, OFFICER)?;
    let (officer, case) = (s.person(OFFICER)?.id.to_string(), s.world().running.to_string());
    let whole = Timestamp::from_second(middle.as_second()).unwrap_or(middle);
    let about = move |line: &Line, thing: &str| line.subject == thing || line.subject.starts_with(&format!("{thing}/"));
    let at = |line: &Line| line.at.parse::<Timestamp>().ok();
    let who = officer.clone();
    let both = (officer.clone(), case.clone());
    let queries: Vec<Query> = vec![
        (format!("who={officer}"), Box::new(move |l| l.actor == who)),
        (format!("subject={case}"), Box::new(move |l| about(l, &case))),
        ("kind=work_set".into(), Box::new(|l| l.kind == "work_set")),
        ("outcome=done&kind=evidence_added".into(), Box::new(|l| l.outcome == "done" && l.kind == "evidence_added")),
        (format!("from={}", clock(whole)), Box::new(move |l| at(l).is_some_and(|t| t >= whole))),
        (format!("until={}", clock(whole)), Box::new(move |l| at(l).is_some_and(|t| t < whole))),
        (
            format!("who={}&subject={}&kind=work_set", both.0, both.1),
            Box::new(move |l| l.actor == both.0 && about(l, &both.1) && l.kind == "work_set"),
        ),
    ];
    let browser = s.signed_in(OFFICER)?;
    let last = lines.last().map_or(0, |l| l.seq);
    // Signing in wrote lines too, and so does each look: only what stood before is compared.
    let before = |all: Vec<u64>| all.into_iter().filter(|seq| *seq <= last).collect::<Vec<_>>();
    for (query, fits) in queries {
        let rising: Vec<u64> = lines.iter().filter(|l| fits(l)).map(|l| l.seq).collect();
        expect(!rising.is_empty(), "条件に合う記録がなく、確認になりません", "no line fits, so that nothing is shown")?;
        let falling: Vec<u64> = rising.iter().rev().copied().collect();
        let (newest, oldest) = (before(shown(&browser, &query)?), before(shown(&browser, &format!("{query}&sort=old"))?));
        if !s.seen(newest == falling && oldest == rising) {
            return Err(Failed::new(
                format!("「{query}」の結果が全行の確認と異なります"),
                format!("{query:?} does not find what is there"),
            ));
        }
    }
    Ok(())
}

fn counted_as_by_hand(s: &Scratch) -> Tried {
    work_on(s, OFFICER, 101..108)?;
    let officer = s.person(OFFICER)?.id.to_string();
    let browser = s.signed_in(OFFICER)?;
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for line in every_line(s, OFFICER)?.into_iter().filter(|l| l.actor == officer) {
        *counts.entry(line.subject.split('/').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    s.meanwhile()?;
    let case = s.world().running.to_string();
    let page = browser.get(&format!("/ledger/subjects?who={officer}"))?.text();
    let row = page.split("<tr").find(|row| row.contains(&case)).unwrap_or_default();
    let wanted = counts.get(&case).copied().unwrap_or_default();
    let numbers: Vec<u64> = row.split('>').filter_map(|part| part.split('<').next()?.trim().parse().ok()).collect();
    expect(wanted > 0 && numbers.contains(&wanted), "回数が台帳と異なります", "the count is not that of the ledger")
}

fn looks_are_logged(s: &Scratch) -> Tried {
    let browser = s.signed_in(OFFICER)?;
    let person = s.person(OFFICER)?.id.to_string();
    let first = every_line(s, OFFICER)?.first().map_or(1, |l| l.seq);
    for (address, word) in [
        ("/ledger?kind=evidence_added".to_owned(), "evidence_added"),
        (format!("/ledger/{first}"), "\"actor\""),
        (format!("/ledger/subjects?who={person}"), person.as_str()),
    ] {
        let before = s.mark()?;
        browser.get(&address)?;
        let looked: Vec<Line> = s.lines_after(before)?.into_iter().filter(|l| l.kind == "log_read").collect();
        let told = matches!(looked.as_slice(), [one] if one.actor == person && one.address == "127.0.0.1" && one.change.to_string().contains(word));
        expect(s.seen(told), "閲覧が記録されていません", "a look is not on record")?;
    }
    Ok(())
}

fn nobody_else_sees_it(s: &Scratch) -> Tried {
    s.meanwhile()?;
    let own = s.home(OFFICER)?.to_string();
    for address in ["/ledger", "/ledger/1", "/ledger/1/line.json", "/ledger/subjects", "/ledger/chart", "/ledger/reviews"] {
        expect(s.signed_in(COLLEAGUE)?.status(address)? == 403, "管理者でない人に開きます", "it opens to who is no administrator")?;
    }
    // An administrator, but of another organisation.
    let stranger = s.signed_in(STRANGER)?;
    let case = s.world().running.to_string();
    expect(shown(&stranger, &format!("subject={case}"))?.is_empty(), "他の組織の記録が見つかります", "another's lines are found")?;
    let actor = stranger.signed()?.actor;
    let (whose, query) = (app::read::ledger::WhoseLedger::Own, rules::log::LogQuery::default());
    let page = s.app().ledger(&actor, whose, &query, None)?;
    let foreign = page.lines.iter().any(|l| l.line.head.tenant == own || l.line.head.tenant == "installation");
    expect(!page.lines.is_empty() && !foreign, "他の組織の記録が見えます", "another's lines are seen")?;
    expect(stranger.status("/ledger?ledger=installation")? == 403, "サーバーの台帳が開きます", "the installation's ledger opens")
}
