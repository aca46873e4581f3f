//! Wrong passwords make the next try wait, then lock, and tell administrators once (items 75, 81).

use jiff::SignedDuration;
use rules::review::AlertKind;
use rules::text::text;

use crate::scratch::{COLLEAGUE, EVALUATOR, OFFICER, PASSWORD, REVIEWER};
use crate::{Check, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "login_throttle",
    name: text("サインイン失敗時の待ち時間とロック", "Throttling of sign-ins"),
    checks: &[
        Check {
            shows: &[(81, 2), (75, 0)],
            what: text(
                "失敗が続くと次の試行までの待ち時間が伸び、その間は正しいパスワードも受け付けない。",
                "After failures each try waits longer, and until then the right password is refused as well.",
            ),
            run: growing_wait,
            break_it: |s| s.later(forget_failures),
        },
        Check {
            shows: &[(81, 3), (75, 0)],
            what: text(
                "失敗が一定回数に達すると一定期間受け付けず、管理者全員に警告が一度だけ届き、ほかの人は影響を受けない。",
                "After so many failures no try is taken for a while, every administrator is warned once, and nobody else is concerned.",
            ),
            run: lock,
            break_it: |s| s.later(forget_failures),
        },
    ],
};

/// The count of failures is gone, as where none is kept.
fn forget_failures(s: &Scratch) -> Tried {
    s.delete_secret(&app::digest(&format!("attempts:{COLLEAGUE}")), "attempts")
}

fn growing_wait(s: &Scratch) -> Tried {
    let delay = s.app().profiles.default().delay;
    for _ in 0..=delay.free {
        expect(s.visitor().sign_in(COLLEAGUE, "wrong-password")?.status == 401, "応答が401ではありません", "the answer is not 401")?;
    }
    s.meanwhile()?;
    let seconds = |n: u32| SignedDuration::from_secs(i64::from(n));
    expect(s.visitor().sign_in(COLLEAGUE, PASSWORD)?.status == 429, "待ち時間がありません", "there is no wait")?;
    s.wait(seconds(delay.first_seconds));
    expect(s.visitor().sign_in(COLLEAGUE, "wrong-password")?.status == 401, "待っても受け付けません", "it is refused after the wait")?;
    s.wait(seconds(delay.first_seconds));
    expect(s.visitor().sign_in(COLLEAGUE, PASSWORD)?.status == 429, "待ち時間が伸びていません", "the wait does not grow")?;
    s.wait(seconds(delay.first_seconds));
    expect(s.visitor().sign_in(COLLEAGUE, PASSWORD)?.status == 303, "待った後にサインインできません", "no sign-in after the wait")?;
    expect(s.visitor().sign_in(COLLEAGUE, "wrong-password")?.status == 401, "失敗の回数が戻っていません", "the count did not begin anew")
}

fn lock(s: &Scratch) -> Tried {
    let rule = s.app().profiles.default().lock;
    let minute = SignedDuration::from_mins(1);
    // In between there is time enough for the waits to pass.
    for _ in 0..rule.failures + 2 {
        s.visitor().sign_in(COLLEAGUE, "wrong-password")?;
        s.wait(minute * 2);
    }
    s.meanwhile()?;
    expect(s.visitor().sign_in(COLLEAGUE, PASSWORD)?.status == 429, "ロックされていません", "the account is not locked")?;
    expect(s.visitor().sign_in(EVALUATOR, PASSWORD)?.status == 303, "ほかの人がサインインできません", "somebody else cannot sign in")?;
    s.wait(minute * i32::try_from(rule.minutes).unwrap_or(i32::MAX));
    expect(s.visitor().sign_in(COLLEAGUE, PASSWORD)?.status == 303, "期間が過ぎても解除されません", "the lock does not end")?;
    let person = s.person(COLLEAGUE)?.id.to_string();
    let alerts = s.app().alerts(&s.signed_in(OFFICER)?.signed()?.actor)?;
    let told = alerts.iter().filter(|a| a.alert.kind == AlertKind::Locked && a.alert.subject == person).count();
    expect(told == 1, "警告が1件ではありません", "there is not exactly one alert")?;
    for administrator in [OFFICER, REVIEWER] {
        let mails = s.mails_to(administrator)?.iter().filter(|subject| subject.contains("ロック")).count();
        expect(mails == 1, "管理者への警告メールが1通ではありません", "an administrator did not get exactly one mail")?;
    }
    Ok(())
}
