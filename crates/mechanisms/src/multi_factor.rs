//! The password alone opens nothing; codes are good once; passkeys belong to this address (items 75-77, 83, 95).

use jiff::SignedDuration;
use rules::change::Change;
use rules::party::Role;
use rules::text::text;
use serde_json::Value;
use store::tables::accounts;
use web::route::{Guard, Method, all};

use crate::scratch::{COLLEAGUE, OPERATOR, PASSWORD};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

/// What Chromium sent when a passkey was made at one address: a ceremony that can be played again, there and elsewhere.
const RECORDED: &str = include_str!("../../identity/tests/passkey_of_chromium.json");

pub static MECHANISM: Mechanism = Mechanism {
    id: "multi_factor",
    name: text("多要素認証", "Multi-factor sign-in"),
    checks: &[
        Check {
            shows: &[(75, 0), (76, 0), (77, 0)],
            what: text(
                "第2要素が必要な人は、パスワードだけではどの画面もREST APIも開けない。",
                "Where a second factor is demanded, no page and no call opens after the password alone.",
            ),
            run: password_alone,
            break_it: |s| s.later(no_factor),
        },
        Check {
            shows: &[(95, 0)],
            what: text(
                "運用者と管理者は、組織の規則にかかわらず必ず第2要素の登録を求められる。",
                "Operators and administrators always have to register a second factor, whatever their organisation's rules say.",
            ),
            run: always_two,
            break_it: |s| s.later(|s| s.give_roles(OPERATOR, &[Role::Evaluator])),
        },
        Check {
            shows: &[(75, 0), (76, 0)],
            what: text("一度使ったワンタイムコードは、二度と使えない。", "A one-time code that was used cannot be used again."),
            run: no_replay,
            break_it: |s| {
                s.later(|s| {
                    let person = s.person(COLLEAGUE)?.id;
                    for factor in s.app().store().read(|conn| accounts::factors(conn, person))? {
                        s.delete_secret(&factor.id.to_string(), "totp_step")?;
                    }
                    Ok(())
                })
            },
        },
        Check {
            shows: &[(83, 0), (75, 0)],
            what: text(
                "パスキーは本人の確認（生体認証やPIN）を伴い、別のアドレスや別の問いへの応答では使えない。",
                "A passkey verifies its owner, and is good for this address and this challenge only.",
            ),
            run: passkeys_belong_here,
            // Only another program would take an answer that was given elsewhere.
            break_it: Scratch::lie,
        },
    ],
};

/// The organisation demands no second factor any more, and the one that was registered is gone.
fn no_factor(s: &Scratch) -> Tried {
    let person = s.person(COLLEAGUE)?.id;
    for factor in s.app().store().read(|conn| accounts::factors(conn, person))? {
        s.write(&Change::FactorRemoved { factor: factor.id, person })?;
    }
    s.set_access(COLLEAGUE, |access| access.second_factor = Default::default())
}

fn password_alone(s: &Scratch) -> Tried {
    s.set_access(COLLEAGUE, |access| access.second_factor = [Role::Colleague].into())?;
    s.signed_in(COLLEAGUE)?;
    s.meanwhile()?;
    let browser = s.browser();
    let led = browser.sign_in(COLLEAGUE, PASSWORD)?;
    expect(led.header("location") == "/signin/factor", "第2要素が求められません", "no second factor is asked for")?;
    for route in all().filter(|r| !matches!(r.guard, Guard::Public | Guard::Step(_)) && !r.path.contains('{')) {
        let reply = match route.method {
            Method::Get => browser.get(route.path)?,
            Method::Post => browser.form(route.path, &[])?,
        };
        if (reply.status, reply.header("location")) != (303, "/signin/factor") {
            return Err(Failed::new(format!("{} が開きます", route.path), format!("{} opens", route.path)));
        }
    }
    for path in ["/api/v1/me", "/api/v1/cases", "/api/v1/evidence"] {
        expect(browser.call("GET", path, "", None)?.status == 401, "REST APIが応答します", "the REST interface answers")?;
    }
    let token = browser.session();
    expect(
        browser.call("GET", "/api/v1/me", &token, None)?.status == 401,
        "途中のCookieがトークンとして使えます",
        "the cookie is a token",
    )?;
    let whole = browser.second_factor("totp", &s.code(COLLEAGUE)?)?;
    expect(whole.status == 303 && browser.status("/account")? == 200, "コードで開けません", "the code does not open")
}

fn always_two(s: &Scratch) -> Tried {
    let person = s.person(OPERATOR)?.id;
    s.set_access(OPERATOR, |access| access.second_factor = Default::default())?;
    for factor in s.app().store().read(|conn| accounts::factors(conn, person))? {
        s.write(&Change::FactorRemoved { factor: factor.id, person })?;
    }
    s.meanwhile()?;
    for roles in [&[Role::Operator] as &[Role], &[Role::Administrator], &[Role::Evaluator, Role::Administrator]] {
        if s.membership(OPERATOR)?.roles.iter().any(|r| matches!(r, Role::Operator | Role::Administrator)) {
            s.give_roles(OPERATOR, roles)?;
        }
        let browser = s.browser();
        let led = browser.sign_in(OPERATOR, PASSWORD)?;
        expect(led.header("location") == "/signin/enrol", "登録を求められません", "no registration is demanded")?;
        let elsewhere = browser.get("/account")?;
        expect(elsewhere.header("location") == "/signin/enrol", "登録の前に画面が開きます", "a page opens before the registration")?;
    }
    Ok(())
}

fn no_replay(s: &Scratch) -> Tried {
    s.set_access(COLLEAGUE, |access| access.second_factor = [Role::Colleague].into())?;
    s.signed_in(COLLEAGUE)?;
    let code = s.code(COLLEAGUE)?;
    let (first, second) = (s.browser(), s.browser());
    first.sign_in(COLLEAGUE, PASSWORD)?;
    second.sign_in(COLLEAGUE, PASSWORD)?;
    first.second_factor("totp", &code)?;
    expect(first.status("/account")? == 200, "正しいコードで開けません", "a right code does not open")?;
    s.meanwhile()?;
    let again = second.second_factor("totp", &code)?;
    expect(again.status == 401, "同じコードが2回使えます", "the same code works twice")?;
    // A code that is minutes old is none either.
    s.wait(SignedDuration::from_mins(5));
    let old = second.second_factor("totp", &code)?;
    expect(old.status == 401, "古いコードが使えます", "an old code works")
}

fn passkeys_belong_here(s: &Scratch) -> Tried {
    let recorded: Value = serde_json::from_str(RECORDED).map_err(|e| Failed::new(e.to_string(), e.to_string()))?;
    let at = |address: &str| s.again(|config| app::Config { address: address.to_owned(), ..config });
    let part = |ceremony: &str, name: &str| recorded[ceremony][name].to_string();
    let home = recorded["address"].as_str().unwrap_or_default();
    let kept = [recorded["kept"].to_string()];
    let (here, elsewhere) = (at(home), at("https://akashi.example.jp"));
    let (made, asked) = (part("registration", "answer"), part("registration", "state"));
    let (answer, state) = (part("sign_in", "answer"), part("sign_in", "state"));
    let used = here.app().passkeys.finish_alone(&answer, &state, &kept);
    let good = here.app().passkeys.finish_registration(&made, &asked).is_ok() && used.is_ok_and(|u| u.user_verified);
    expect(good, "正しい応答が受け付けられません", "a right answer is refused")?;
    let foreign = elsewhere.app().passkeys.finish_registration(&made, &asked).is_err()
        && elsewhere.app().passkeys.finish_alone(&answer, &state, &kept).is_err();
    expect(s.seen(foreign), "別のアドレスでの応答が使えます", "an answer given elsewhere is taken")?;
    let fresh = here.app().passkeys.ask_anyone().map_err(app::Error::from)?.state;
    let replayed = here.app().passkeys.finish_alone(&answer, &fresh, &kept).is_err();
    expect(s.seen(replayed), "別の問いへの応答が使えます", "an answer to another challenge is taken")
}
