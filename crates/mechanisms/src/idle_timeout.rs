//! A session that nobody uses is dead on the server (items 127, 206, 207).

use jiff::SignedDuration;
use rules::text::text;

use crate::scratch::COLLEAGUE;
use crate::{Check, Mechanism, Scratch, Tried, expect};

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

pub static MECHANISM: Mechanism = Mechanism {
    id: "idle_timeout",
    name: text("無操作時の切断", "Idle timeout"),
    checks: &[
        Check {
            shows: &[(127, 0), (206, 0), (207, 1)],
            what: text(
                "設定した時間使われなかったセッションは、サーバー側で終わり、保存したCookieを送り直しても401になる。",
                "A session idle for the set time is over on the server: its cookie, sent again, gets 401.",
            ),
            run: idle,
            break_it: |s| s.later(|s| s.set_access(COLLEAGUE, |access| access.idle_minutes = 240)),
        },
        Check {
            shows: &[(127, 0)],
            what: text(
                "使い続けていても、設定した最長時間でセッションは終わる。",
                "However much it is used, a session ends after the longest time that is set.",
            ),
            run: longest,
            break_it: |s| s.later(|s| s.set_access(COLLEAGUE, |access| access.session_hours = 24)),
        },
    ],
};

fn idle(s: &Scratch) -> Tried {
    s.set_access(COLLEAGUE, |access| access.idle_minutes = 15)?;
    s.meanwhile()?;
    let browser = s.signed_in(COLLEAGUE)?;
    for _ in 0..3 {
        s.wait(MINUTE * 14);
        expect(browser.status("/account")? == 200, "使っているセッションが切れました", "a session in use is gone")?;
    }
    let kept = browser.session();
    s.wait(MINUTE * 15);
    expect(browser.status("/account")? == 401, "使わなかったセッションが生きています", "an idle session is alive")?;
    // Not only in this process, and not because the browser forgot.
    let other = s.again(|config| config);
    let thief = other.browser();
    thief.set_session(&kept);
    expect(thief.status("/account")? == 401, "Cookieの再送で開きます", "the cookie sent again opens")?;
    expect(thief.form("/account/language", &[("lang", "en")])?.status == 401, "フォームが受け付けられます", "a form is taken")
}

fn longest(s: &Scratch) -> Tried {
    s.set_access(COLLEAGUE, |access| access.session_hours = 1)?;
    s.meanwhile()?;
    let browser = s.signed_in(COLLEAGUE)?;
    for _ in 0..5 {
        s.wait(MINUTE * 10);
        expect(browser.status("/account")? == 200, "使っているセッションが切れました", "a session in use is gone")?;
    }
    s.wait(MINUTE * 10);
    expect(browser.status("/account")? == 401, "最長時間を過ぎても使えます", "it is alive after the longest time")
}
