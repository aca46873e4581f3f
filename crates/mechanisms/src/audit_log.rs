//! Each event of an account yields one line of the ledger with every field (items 32, 50, 90, 93, 104, 105).

use rules::act::Actor;
use rules::change::Change;
use rules::command::{Command, Secret};
use rules::party::{Role, Settings};
use rules::text::text;

use crate::browser::Browser;
use crate::scratch::{COLLEAGUE, Line, OFFICER, PASSWORD};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "audit_log",
    name: text("監査ログ", "Audit log"),
    checks: &[
        Check {
            shows: &[(50, 1), (104, 1), (105, 0)],
            what: text(
                "サインインの成否、サインアウト、パスワードの変更は、それぞれ1行だけ、人・時刻・接続元・内容とともに残る。",
                "Sign-ins that succeed or fail, sign-outs and changed passwords leave one line each with person, time, address and content.",
            ),
            run: sign_in_events,
            break_it: |s| {
                s.later(|s| {
                    // A second line for one event.
                    let person = Some(s.person(COLLEAGUE)?.id);
                    let actor = Actor { address: "127.0.0.1".into(), ..Actor::system() };
                    let why = rules::change::Failure::Password;
                    s.write_as(&actor, &Change::SignInFailed { email: COLLEAGUE.into(), person, why })
                })
            },
        },
        Check {
            shows: &[(50, 2), (50, 3), (93, 0), (104, 2)],
            what: text(
                "設定と権限の変更は、変更した人と変更後の内容とともに1行ずつ残る。",
                "Changes of settings and rights leave one line each with who made them and what they became.",
            ),
            run: changes_with_content,
            break_it: |s| {
                s.later(|s| {
                    // Nobody stands behind the change.
                    let organisation = s.home(OFFICER)?;
                    s.write(&Change::SettingsChanged { organisation, settings: settings() })
                })
            },
        },
        Check {
            shows: &[(50, 5), (32, 0), (104, 3)],
            what: text(
                "権限外の操作の試みと、拒否されたサインインの理由が記録される。",
                "Attempts at what is not allowed, and why a sign-in was refused, are recorded.",
            ),
            run: refusals,
            break_it: |s| s.later(|s| s.give_roles(COLLEAGUE, &[Role::Colleague, Role::Administrator])),
        },
        Check {
            shows: &[(104, 0), (105, 0)],
            what: text("台帳のすべての行が、つながったまま検証できる。", "Every line of the ledger verifies, in one unbroken chain."),
            run: whole,
            // The database refuses to change a line: only what the check sees can be turned round.
            break_it: Scratch::lie,
        },
    ],
};

fn settings() -> Settings {
    Settings { validity_months: Some(36), second_evaluator: true, number_prefix: "LOG".into() }
}

/// The one line of a kind and subject among those that were written since.
fn only<'l>(lines: &'l [Line], kind: &str, subject: &str) -> Result<&'l Line, Failed> {
    let found: Vec<&Line> = lines.iter().filter(|l| l.kind == kind && l.subject == subject).collect();
    match found.as_slice() {
        [one] => Ok(one),
        more => {
            let n = more.len();
            Err(Failed::new(format!("{kind} の記録が{n}件です"), format!("{n} lines of {kind}")))
        }
    }
}

/// Who, when, from where, what, of what, with what outcome.
fn is_complete(line: &Line, actor: &str, address: &str) -> Tried {
    let timed = line.at.parse::<jiff::Timestamp>().is_ok();
    let whole = line.actor == actor && line.address == address && timed && !line.tenant.is_empty() && line.outcome == "done";
    let kind = &line.kind;
    if whole && line.pos > 0 && !line.change.is_null() {
        return Ok(());
    }
    Err(Failed::new(format!("{kind} の記録に欠けている項目があります"), format!("a field of {kind} is missing")))
}

fn sign_in_events(s: &Scratch) -> Tried {
    let person = s.person(COLLEAGUE)?.id.to_string();
    let before = s.mark()?;
    let browser = s.browser();
    browser.sign_in(COLLEAGUE, "wrong-password")?;
    browser.sign_in(COLLEAGUE, PASSWORD)?;
    let first = browser.signed()?.session.to_string();
    browser.form("/account/password", &[("current", PASSWORD), ("password", &identity::generate()?)])?;
    let second = browser.signed()?.session.to_string();
    browser.form("/signout", &[])?;
    s.meanwhile()?;
    let lines = s.lines_after(before)?;
    // Nobody is known before the password was right: whose id it was stands in the line itself.
    let failed = only(&lines, "sign_in_failed", &person)?;
    is_complete(failed, "installation", "127.0.0.1")?;
    expect(failed.change["person"] == person.as_str(), "失敗の記録に本人がいません", "the failure names nobody")?;
    let ins: Vec<&Line> = lines.iter().filter(|l| l.kind == "signed_in" && l.subject == person).collect();
    expect(ins.len() == 2, "サインインの記録の数が異なります", "the number of sign-ins is not right")?;
    for (line, session) in ins.iter().zip([&first, &second]) {
        is_complete(line, &person, "127.0.0.1")?;
        expect(line.session.starts_with(session.as_str()), "セッションの番号がありません", "the session is missing")?;
    }
    let changed = only(&lines, "password_changed", &person)?;
    is_complete(changed, &person, "127.0.0.1")?;
    is_complete(only(&lines, "signed_out", &second)?, &person, "127.0.0.1")
}

fn changes_with_content(s: &Scratch) -> Tried {
    let administrator = s.signed_in(OFFICER)?;
    let (by, organisation) = (s.person(OFFICER)?.id.to_string(), s.home(OFFICER)?);
    let person = s.person(COLLEAGUE)?.id;
    let before = s.mark()?;
    administrator.act(Command::SetSettings { settings: settings() })?;
    administrator.act(Command::SetRoles { organisation, person, roles: vec![Role::Colleague, Role::Officer] })?;
    s.meanwhile()?;
    let lines = s.lines_after(before)?;
    let set = only(&lines, "settings_changed", &organisation.to_string())?;
    is_complete(set, &by, "127.0.0.1")?;
    expect(set.change["settings"]["number_prefix"] == "LOG", "変更の内容がありません", "what changed is missing")?;
    let given = only(&lines, "roles_given", &person.to_string())?;
    is_complete(given, &by, "127.0.0.1")?;
    expect(given.change["roles"].to_string().contains("officer"), "権限の内容がありません", "the rights are missing")
}

fn refusals(s: &Scratch) -> Tried {
    s.meanwhile()?;
    let browser: Browser<'_> = s.signed_in(COLLEAGUE)?;
    let person = s.person(COLLEAGUE)?.id.to_string();
    s.set_access(COLLEAGUE, |access| access.sessions = 1)?;
    let before = s.mark()?;
    browser.get("/settings")?;
    s.browser().sign_in(COLLEAGUE, PASSWORD)?;
    let lines = s.lines_after(before)?;
    is_complete(only(&lines, "act_refused", "/settings")?, &person, "127.0.0.1")?;
    let refused = only(&lines, "sign_in_failed", &person)?;
    expect(refused.change["why"] == "sessions", "拒否の理由がありません", "the reason is missing")
}

fn whole(s: &Scratch) -> Tried {
    let browser = s.signed_in(COLLEAGUE)?;
    browser.act(Command::ReportLeak { person: None, reason: "検証のため".into() })?;
    let late = Command::ChangePassword { current: Secret(PASSWORD.into()), new: Secret(identity::generate()?) };
    expect(s.app().execute(&Actor::system(), late).is_err(), "誰のものでもない変更ができます", "a change of nobody is made")?;
    let lines = s.lines_after(rules::id::Pos::NEVER)?.len() as u64;
    let verified = s.app().verify()?;
    expect(s.seen(verified.lines == lines && lines > 100), "検証できない行があります", "not every line verifies")
}
