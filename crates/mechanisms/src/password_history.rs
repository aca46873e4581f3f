//! The last passwords cannot be set again (item 85).

use identity::generate;
use rules::text::text;
use store::tables::requests;

use crate::scratch::{COLLEAGUE, PASSWORD};
use crate::{Check, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "password_history",
    name: text("パスワードの世代管理", "Password history"),
    checks: &[Check {
        shows: &[(85, 0)],
        what: text(
            "プロファイルの世代数の間は、使用中のものを含む過去のパスワードを設定できず、それより前のものは設定できる。",
            "As many of the last passwords as the profile says, the present one among them, are refused; the one before them is accepted.",
        ),
        run: generations,
        break_it: |s| {
            s.later(|s| {
                let owner = s.person(COLLEAGUE)?.id.to_string();
                s.delete_secret(&owner, "passwords_past")
            })
        },
    }],
};

fn generations(s: &Scratch) -> Tried {
    let organisation = s.home(COLLEAGUE)?;
    let access = s.app().store().read(|conn| requests::access(conn, organisation))?;
    let n = s.app().profile(&access).history;
    let browser = s.signed_in(COLLEAGUE)?;
    let change = |current: &str, new: &str| browser.form("/account/password", &[("current", current), ("password", new)]);
    let mut used = vec![PASSWORD.to_owned()];
    for _ in 0..n {
        let new = generate()?;
        let reply = change(used.last().map_or("", String::as_str), &new)?;
        expect(reply.status == 303, "新しいパスワードを設定できません", "a new password cannot be set")?;
        used.push(new);
    }
    s.meanwhile()?;
    let present = used.last().cloned().unwrap_or_default();
    for old in used.iter().skip(1) {
        let reply = change(&present, old)?;
        expect(reply.status == 422, "過去のパスワードを設定できました", "an earlier password was accepted")?;
    }
    let first = change(&present, PASSWORD)?;
    expect(first.status == 303, "世代数より前のパスワードを設定できません", "a password from before the history is refused")
}
