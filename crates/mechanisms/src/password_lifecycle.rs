//! Initial passwords are changed first, changes need the present one, and only some passwords grow old (items 80-82).

use identity::generate;
use jiff::SignedDuration;
use rules::change::Change;
use rules::password::Holder;
use rules::request::Ask;
use rules::text::text;

use crate::scratch::{COLLEAGUE, OFFICER, PASSWORD, REVIEWER};
use crate::{Check, Mechanism, Scratch, Tried, expect};

const DAY: SignedDuration = SignedDuration::from_hours(24);

pub static MECHANISM: Mechanism = Mechanism {
    id: "password_lifecycle",
    name: text("パスワードの変更と期限", "Life of a password"),
    checks: &[
        Check {
            shows: &[(80, 1)],
            what: text(
                "初期パスワードでは変更の画面だけが開き、変更するとほかの画面が開く。",
                "An initial password opens the form to change it and nothing else; after the change the rest opens.",
            ),
            run: initial,
            break_it: |s| {
                s.later(|s| {
                    let person = s.person(COLLEAGUE)?.id;
                    s.write(&Change::PasswordChanged { person, initial: false })
                })
            },
        },
        Check {
            shows: &[(81, 1), (80, 2)],
            what: text("パスワードの変更には現在のパスワードの入力が必要である。", "A password is changed with the present one only."),
            run: with_the_present_one,
            break_it: |s| {
                s.later(|s| {
                    // What is not the person's password counts as theirs.
                    let owner = s.person(COLLEAGUE)?.id.to_string();
                    let cost = s.app().config.cost;
                    let hash = identity::Passwords::new(cost, 1)?.hash(WRONG)?;
                    s.put_secret(&owner, "password", &hash)
                })
            },
        },
        Check {
            shows: &[(82, 0), (80, 3)],
            what: text(
                "有効期間のあるプロファイルだけが定期的な変更を強制し、患者には求めない。",
                "Only a profile with a lifetime forces a change, and never a patient's.",
            ),
            run: lifetime,
            break_it: |s| s.later(|s| s.set_access(COLLEAGUE, |access| access.profile = "sheet-13".into())),
        },
    ],
};

const WRONG: &str = "not-the-present-password-at-all";

fn initial(s: &Scratch) -> Tried {
    let person = s.person(COLLEAGUE)?.id;
    let ask = Ask::Reissue { person, identity: "対面で職員証を確認".into(), factors: false, initial: true };
    let (_, made) = s.approved(&s.signed_in(OFFICER)?, &s.signed_in(REVIEWER)?, ask, 24)?;
    s.meanwhile()?;
    let browser = s.browser();
    let led = browser.sign_in(COLLEAGUE, &made)?;
    expect(led.header("location") == "/signin/password", "変更の画面に進みません", "it does not lead to the form")?;
    for path in ["/cases", "/account", "/evidence", "/tokens"] {
        let reply = browser.get(path)?;
        let kept = reply.status == 303 && reply.header("location") == "/signin/password";
        expect(kept, "初期パスワードで画面が開きます", "a page opens with an initial password")?;
    }
    expect(browser.call("GET", "/api/v1/me", "", None)?.status == 401, "REST APIが応答します", "the REST interface answers")?;
    let changed = browser.form("/signin/password", &[("current", &made), ("password", &generate()?)])?;
    expect(changed.status == 303 && browser.status("/account")? == 200, "変更後に開けません", "nothing opens after the change")
}

fn with_the_present_one(s: &Scratch) -> Tried {
    let browser = s.signed_in(COLLEAGUE)?;
    let new = generate()?;
    s.meanwhile()?;
    for wrong in [WRONG, ""] {
        let reply = browser.form("/account/password", &[("current", wrong), ("password", &new)])?;
        expect(reply.status == 422, "現在のパスワードなしで変更できました", "it was changed without the present password")?;
    }
    let reply = browser.form("/account/password", &[("current", PASSWORD), ("password", &new)])?;
    expect(reply.status == 303, "正しいパスワードで変更できません", "the right one does not change it")?;
    expect(s.visitor().sign_in(COLLEAGUE, &new)?.status == 303, "新しいパスワードが使えません", "the new password does not work")?;
    expect(s.visitor().sign_in(COLLEAGUE, PASSWORD)?.status == 401, "前のパスワードが使えます", "the old password still works")
}

fn lifetime(s: &Scratch) -> Tried {
    s.set_access(COLLEAGUE, |access| access.profile = "sheet-8".into())?;
    s.meanwhile()?;
    let led = |s: &Scratch| s.visitor().sign_in(COLLEAGUE, PASSWORD).map(|reply| reply.header("location").to_owned());
    s.wait(DAY * 58);
    expect(led(s)? != "/signin/password", "期限の前に変更を求められます", "a change is demanded too early")?;
    s.wait(DAY * 2);
    expect(led(s)? == "/signin/password", "2か月を過ぎても変更を求められません", "no change is demanded after two months")?;
    for profile in s.app().profiles.all() {
        let asked = profile.must_change(s.now() - DAY * 3650, s.now(), Holder::Patient, false);
        expect(!asked, "患者に変更を求めています", "a patient is asked to change")?;
    }
    s.set_access(COLLEAGUE, |access| access.profile = "sheet-13".into())?;
    expect(led(s)? != "/signin/password", "期限のないプロファイルで求められます", "a profile without a lifetime demands a change")
}
