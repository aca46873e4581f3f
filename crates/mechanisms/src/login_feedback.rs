//! The door tells strangers nothing, and people what happened at their account (item 92).

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use rules::account::{Method, Stage};
use rules::act::Actor;
use rules::change::Change;
use rules::text::text;

use crate::scratch::{COLLEAGUE, PASSWORD};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

/// As long as the known address, so that answers can be compared byte for byte.
const UNKNOWN: &str = "nobody-at@example.jp";
/// How many times longer one answer may take than the other: a missing hash is more than ten times quicker.
const TOLERANCE: u32 = 3;

pub static MECHANISM: Mechanism = Mechanism {
    id: "login_feedback",
    name: text("サインイン時の応答と通知", "Answers at sign-in"),
    checks: &[
        Check {
            shows: &[(92, 3)],
            what: text(
                "存在しないIDと誤ったパスワードへの応答は同一であり、かかる時間も変わらない。",
                "An unknown id and a wrong password get the same answer, in the same time.",
            ),
            run: nothing_told,
            break_it: |s| {
                s.later(|s| {
                    // The known id is locked, the unknown is not: one answer tells that the account exists.
                    let value = format!("{} 10", s.now());
                    s.put_secret(&app::digest(&format!("attempts:{COLLEAGUE}")), "attempts", &value)
                })
            },
        },
        Check {
            shows: &[(92, 1)],
            what: text(
                "サインインすると、前回の成功日時と、その後の失敗の回数・日時が本人に分かる。",
                "After signing in a person learns of the last success, and of failures since then and when.",
            ),
            run: last_time,
            break_it: |s| {
                s.later(|s| {
                    // A sign-in in between that the person knows nothing of hides the failures.
                    let (person, organisation) = (s.person(COLLEAGUE)?.id, s.home(COLLEAGUE)?);
                    let session = s.app().act(Actor::system())?.fresh();
                    let (method, stage) = (Method::Password, Stage::Full);
                    s.write(&Change::SignedIn { session, person, organisation, method, stage, under: None, since: None })
                })
            },
        },
    ],
};

fn nothing_told(outside: &Scratch) -> Tried {
    // At the cost that everybody gets who configures nothing, a hash that is left out shows in the time.
    let s = outside.again(|mut config| {
        config.cost = identity::Cost::default();
        config
    });
    // The first sign-in renews the known hash at that cost.
    s.browser().open(COLLEAGUE)?;
    outside.meanwhile()?;
    let answer = |email: &str| -> Result<(u16, String, Duration), Failed> {
        let browser = s.visitor();
        browser.get("/signin")?;
        let begun = Instant::now();
        let reply = browser.form("/signin", &[("email", email), ("password", "wrong-password")])?;
        let took = begun.elapsed();
        let page: String = reply.text().replace(email, "EMAIL");
        // The token of the form differs from visitor to visitor.
        let mut parts = page.split("name=\"csrf\" value=\"");
        let mut plain = parts.next().unwrap_or_default().to_owned();
        parts.filter_map(|part| part.split_once('"')).for_each(|(_, rest)| plain.push_str(rest));
        Ok((reply.status, plain, took))
    };
    let (mut known, mut unknown) = (vec![], vec![]);
    // The first of each fills caches.
    for n in 0..6 {
        let (a, b) = (answer(COLLEAGUE)?, answer(UNKNOWN)?);
        expect(a.0 == b.0 && a.1 == b.1, "応答が異なります", "the answers differ")?;
        if n > 0 {
            known.push(a.2);
            unknown.push(b.2);
        }
        // Waits after failures are those of another mechanism.
        s.wait(SignedDuration::from_hours(25));
    }
    let median = |all: &mut Vec<Duration>| {
        all.sort();
        all[all.len() / 2]
    };
    let (known, unknown) = (median(&mut known), median(&mut unknown));
    let near = known < unknown * TOLERANCE && unknown < known * TOLERANCE;
    if near {
        return Ok(());
    }
    let (a, b) = (known.as_millis(), unknown.as_millis());
    Err(Failed::new(format!("応答の時間が異なります（{a} ms と {b} ms）"), format!("the times differ ({a} ms and {b} ms)")))
}

fn last_time(s: &Scratch) -> Tried {
    let hour = SignedDuration::from_hours(1);
    let first = s.now();
    s.browser().open(COLLEAGUE)?;
    s.wait(hour);
    let failed = s.now();
    s.visitor().sign_in(COLLEAGUE, "wrong-password")?;
    s.meanwhile()?;
    s.wait(hour);
    let signed = s.signed_in(COLLEAGUE)?.signed()?;
    let right = signed.prior_in == Some(first) && signed.prior_failed == 1 && signed.prior_failed_at == Some(failed);
    expect(right, "前回の成功と失敗が示されません", "the last success and failure are not told")?;
    let again = s.signed_in(COLLEAGUE)?.signed()?;
    expect(again.prior_failed == 0, "一度示した失敗がまた示されます", "failures that were told are told again")?;
    expect(s.visitor().sign_in(COLLEAGUE, PASSWORD)?.status == 303, "サインインできません", "no sign-in")
}
