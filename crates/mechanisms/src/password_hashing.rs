//! Passwords are kept as Argon2id hashes at the configured cost, and lie nowhere else (item 84).

use rules::command::{Command, Secret};
use rules::text::text;

use crate::scratch::{COLLEAGUE, OPERATOR, PASSWORD};
use crate::{Check, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "password_hashing",
    name: text("パスワードのハッシュ化", "Hashing of passwords"),
    checks: &[
        Check {
            shows: &[(84, 0)],
            what: text(
                "保存されるのはArgon2idのハッシュであり、強度を上げた後の最初のサインインで新しい強度に置き換わる。",
                "What is kept is an Argon2id hash; after the cost was raised, the first sign-in renews it at the new cost.",
            ),
            run: renewed_at_the_new_cost,
            break_it: |s| {
                s.later(|s| {
                    let owner = s.person(COLLEAGUE)?.id.to_string();
                    s.put_secret(&owner, "password", PASSWORD)
                })
            },
        },
        Check {
            shows: &[(84, 0)],
            what: text(
                "パスワードは、データベース、台帳、ファイルのどこにも平文で残らず、ハッシュは画面にもREST APIにも出ない。",
                "A password lies nowhere in database, ledger and files, and its hash on no page and in no call.",
            ),
            run: nowhere_in_plain,
            break_it: |s| {
                s.later(|s| {
                    let owner = s.person(COLLEAGUE)?.id.to_string();
                    s.put_secret(&owner, "note", CANARY)
                })
            },
        },
    ],
};

/// A password that stands in no text by chance.
const CANARY: &str = "Rk7!vun-Tq3#zebra-LmW9";

/// `$argon2id$v=19$m=19456,t=2,p=1$`: the PHC string's parameters.
fn parameters(cost: identity::Cost) -> String {
    format!("$argon2id$v=19$m={},t={},p={}$", cost.memory_kib, cost.passes, cost.lanes)
}

fn renewed_at_the_new_cost(s: &Scratch) -> Tried {
    let owner = s.person(COLLEAGUE)?.id.to_string();
    let kept = || s.secret(&owner, "password").map(Option::unwrap_or_default);
    let before = s.app().config.cost;
    expect(kept()?.starts_with(&parameters(before)), "設定した強度のArgon2idではありません", "it is not Argon2id at the configured cost")?;
    // What everybody gets who configures nothing.
    let raised = identity::Cost::default();
    let stronger = s.again(|mut config| {
        config.cost = raised;
        config
    });
    let browser = stronger.browser();
    browser.open(COLLEAGUE)?;
    s.meanwhile()?;
    let renewed = kept()?;
    expect(renewed.starts_with(&parameters(raised)), "新しい強度に置き換わっていません", "the hash is not renewed at the new cost")?;
    expect(!renewed.contains(PASSWORD), "平文で保存されています", "it is kept in plain text")?;
    s.browser().open(COLLEAGUE)
}

fn nowhere_in_plain(s: &Scratch) -> Tried {
    let browser = s.signed_in(COLLEAGUE)?;
    browser.form("/account/password", &[("current", PASSWORD), ("password", "short")])?;
    let reply = browser.form("/account/password", &[("current", PASSWORD), ("password", CANARY)])?;
    expect(reply.status == 303, "パスワードを変更できません", "the password cannot be changed")?;
    browser.act(Command::SetLanguage { lang: rules::text::Lang::Ja })?;
    // Also where it was typed into the wrong field, or wrongly.
    s.visitor().sign_in(CANARY, "x")?;
    s.visitor().sign_in(COLLEAGUE, &format!("{CANARY}x"))?;
    s.app()
        .execute(
            &browser.signed()?.actor,
            Command::ChangePassword { current: Secret(format!("{CANARY}y")), new: Secret(format!("{CANARY}z")) },
        )
        .err();
    s.meanwhile()?;
    let bytes = s.bytes()?;
    let found = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
    expect(!found, "平文のパスワードが見つかりました", "the password was found in plain text")?;
    let hash = s.secret(&s.person(COLLEAGUE)?.id.to_string(), "password")?.unwrap_or_default();
    let operator = s.signed_in(OPERATOR)?;
    let token = operator.token(false)?;
    let mut shown = String::new();
    for path in ["/", "/account", "/organisations", "/settings"] {
        shown.push_str(&operator.get(path)?.text());
    }
    for path in ["/api/v1/me", "/api/v1/products"] {
        shown.push_str(&operator.call("GET", path, &token, None)?.text());
    }
    for line in s.lines_after(rules::id::Pos::NEVER)? {
        shown.push_str(&line.change.to_string());
    }
    let leaked = shown.contains("$argon2") || hash.is_empty() || shown.contains(&hash);
    expect(!leaked, "ハッシュが画面か台帳に出ています", "a hash is shown on a page or in the ledger")
}
