//! Each event yields one line of the ledger with every field (items 32, 50, 90, 93, 104, 105).
//!
//! Of the ten kinds of item 50, two are not Akashi's to write: patches of the operating system (4) and devices that are
//! taken off a server (8). There the probe `log_coverage` looks. Of (4) Akashi writes its own version at each start.

use rules::act::Actor;
use rules::change::Change;
use rules::command::{Command, Secret};
use rules::evidence::Label;
use rules::keeping::Matter;
use rules::party::{Role, Settings};
use rules::request::Ask;
use rules::review::{Alert, AlertKind};
use rules::running::Running;
use rules::text::text;

use crate::browser::Browser;
use crate::privileged_session::{name_people, privileged, privileged_act};
use crate::retention_lock::{approve, ask, years};
use crate::scratch::{COLLEAGUE, Line, OFFICER, OPERATOR, PASSWORD, REVIEWER, SECRETARIAT};
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
            shows: &[(50, 2), (104, 0)],
            what: text(
                "ファイルの登録、区分の変更、消去は、それぞれ人・時刻・接続元・対象とともに残る。",
                "A file that is added, filed anew or erased leaves a line each with person, time, address and file.",
            ),
            run: files,
            break_it: |s| {
                s.later(|s| {
                    // The file was filed anew by nobody.
                    let all = s.app().library(&s.signed_in(OFFICER)?.signed()?.actor)?;
                    let series = all.iter().find(|e| e.name == AUDITED).map(|e| e.series);
                    let series = series.ok_or_else(|| Failed::new("証跡がありません", "there is no evidence"))?;
                    s.write(&Change::EvidenceFiled { series, label: Label::Public, group: None })
                })
            },
        },
        Check {
            shows: &[(50, 5), (93, 0)],
            what: text(
                "特権の申請、その可否、特権での操作は、特権を得た人と申請の番号とともに残る。",
                "Privilege that is asked for, decided or used leaves lines that name who had it and under which request.",
            ),
            run: privileges,
            break_it: |s| s.later(|s| s.approved_by_nobody(s.home(OPERATOR)?, OPERATOR, Ask::Privilege)),
        },
        Check {
            shows: &[(50, 6), (50, 7), (50, 10)],
            what: text(
                "サービスの起動（プログラムの版とともに）、停止、異常終了、時計の飛びは、1行ずつ残る。",
                "Starts (with the program's version), stops, ends out of order and jumps of the clock leave a line each.",
            ),
            run: running,
            break_it: |s| s.later(|s| s.write(&Change::Running(Running::Stopped { reason: "said twice".into() }))),
        },
        Check {
            shows: &[(50, 9)],
            what: text(
                "Akashi自身の検知（サインインの総当たり）は、対象と接続元とともに記録される。",
                "What Akashi itself detects, such as guessing at a sign-in, is recorded with whom it concerns and where it came from.",
            ),
            run: detections,
            break_it: |s| s.later(said_already),
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

/// The file that comes and goes.
const AUDITED: &str = "記録の確認.txt";

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

fn files(s: &Scratch) -> Tried {
    let by = s.person(OFFICER)?.id.to_string();
    let reviewer = s.signed_in(REVIEWER)?.signed()?.actor;
    let before = s.mark()?;
    let (series, officer) = s.document(OFFICER, AUDITED, "audited")?;
    let id = series.to_string();
    s.meanwhile()?;
    let file = Command::FileEvidence { evidence: series, label: Label::Disclosable, group: None };
    s.signed_in(OFFICER)?.act(file)?;
    years(s, 6);
    let request = ask(s, &officer, Ask::Erase { matter: Matter::Evidence { series } })?;
    approve(s, &reviewer, request)?;
    s.app().finish_erasures()?;
    let lines = s.lines_after(before)?;
    // What was erased left its lines, without their content.
    for kind in ["evidence_added", "evidence_filed"] {
        let line = only(&lines, kind, &id)?;
        let named = line.actor == by && line.address == "127.0.0.1" && line.outcome == "done" && line.at.parse::<jiff::Timestamp>().is_ok();
        if !named {
            return Err(Failed::new(format!("{kind} の記録に欠けている項目があります"), format!("a field of {kind} is missing")));
        }
    }
    let erased = lines.iter().find(|l| l.kind == "payloads_erased");
    expect(erased.is_some_and(|l| !l.change.is_null()), "消去の記録がありません", "the erasure is not recorded")
}

fn privileges(s: &Scratch) -> Tried {
    let (by, other) = (s.person(OPERATOR)?.id.to_string(), s.person(SECRETARIAT)?.id.to_string());
    let before = s.mark()?;
    name_people(s)?;
    s.signed_in(OPERATOR)?.refused(privileged_act("承認なし"))?;
    s.meanwhile()?;
    let (operator, _, request) = privileged(s)?;
    operator.act(privileged_act("承認あり"))?;
    let lines = s.lines_after(before)?;
    let made: Vec<&Line> = lines.iter().filter(|l| l.kind == "request_made").collect();
    let [asked] = made.as_slice() else {
        return Err(Failed::new("申請の記録が1件ではありません", "there is not one request"));
    };
    is_complete(asked, &by, "127.0.0.1")?;
    expect(asked.subject == request.to_string(), "申請の番号がありません", "the request is not named")?;
    let decided = only(&lines, "request_decided", &request.to_string())?;
    is_complete(decided, &other, "127.0.0.1")?;
    expect(decided.change["approve"] == true, "可否がありません", "whether it was approved is missing")?;
    let used = lines.iter().find(|l| l.kind == "organisation_added");
    let used = used.ok_or_else(|| Failed::new("特権操作の記録がありません", "what was done is not recorded"))?;
    is_complete(used, &by, "127.0.0.1")?;
    expect(
        used.session.contains(&format!("privileged={request}")),
        "どの特権によるかの記録がありません",
        "under which privilege is missing",
    )
}

fn running(s: &Scratch) -> Tried {
    let before = s.mark()?;
    {
        let node = s.again(|config| config);
        node.app().start()?;
        node.app().stop("検査のため")?;
    }
    s.meanwhile()?;
    {
        // This one does not stop in order.
        s.again(|config| config).app().start()?;
    }
    let node = s.again(|config| config);
    node.app().start()?;
    node.wait(jiff::SignedDuration::from_hours(1));
    node.app().watch_clock()?;
    let lines = s.lines_after(before)?;
    let of = |kind: &str| lines.iter().filter(|l| l.kind == kind && l.tenant == "installation").collect::<Vec<_>>();
    let (starts, stops, jumps) = (of("started"), of("stopped"), of("clock_jumped"));
    for line in starts.iter().chain(&stops).chain(&jumps) {
        is_complete(line, "installation", "local")?;
    }
    let clean: Vec<bool> = starts.iter().map(|l| l.change["clean"] == true).collect();
    expect(clean == [true, true, false], "異常終了の後の起動が区別されません", "a start after an end out of order is not told apart")?;
    let version = starts.iter().all(|l| l.change["version"].as_str().is_some_and(|v| !v.is_empty()));
    expect(version, "プログラムの版がありません", "the program's version is missing")?;
    let [stop] = stops.as_slice() else { return Err(Failed::new("停止の記録が1件ではありません", "there is not one stop")) };
    expect(stop.change["reason"] == "検査のため", "停止の理由がありません", "why it stopped is missing")?;
    expect(jumps.len() == 1, "時計の飛びの記録が1件ではありません", "there is not one jump of the clock")
}

/// The same warning counts as given a moment ago, so that none is written.
fn said_already(s: &Scratch) -> Tried {
    s.write(&Change::AlertRaised(Alert {
        id: s.app().act(Actor::system())?.fresh(),
        organisation: Some(s.home(COLLEAGUE)?),
        kind: AlertKind::Locked,
        subject: s.person(COLLEAGUE)?.id.to_string(),
        words: text("—", "—"),
        at: s.now(),
    }))
}

fn detections(s: &Scratch) -> Tried {
    let person = s.person(COLLEAGUE)?.id.to_string();
    s.meanwhile()?;
    let before = s.mark()?;
    for _ in 0..s.app().profiles.default().lock.failures + 2 {
        s.browser_at([198, 51, 100, 9]).sign_in(COLLEAGUE, "wrong-password")?;
        s.wait(jiff::SignedDuration::from_mins(2));
    }
    let lines = s.lines_after(before)?;
    let line = only(&lines, "alert_raised", &person).or_else(|_| {
        let found: Vec<&Line> = lines.iter().filter(|l| l.kind == "alert_raised" && l.change["alert_kind"] == "locked").collect();
        match found.as_slice() {
            [one] => Ok(*one),
            more => Err(Failed::new(format!("検知の記録が{}件です", more.len()), format!("{} lines of the detection", more.len()))),
        }
    })?;
    let told = line.change.to_string();
    expect(told.contains(&person) && told.contains("198.51.100.9"), "対象か接続元がありません", "whom or from where is missing")
}
