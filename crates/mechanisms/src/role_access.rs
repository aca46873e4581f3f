//! Each role reaches what is its own, and nothing else is shown or named to it (items 32, 67, 71, 72, 84, 108).

use app::demo::people;
use rules::party::Role;
use rules::text::text;
use serde_json::json;
use web::route::{Guard, Method, all};

use crate::scratch::{COLLEAGUE, REVIEWER};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "role_access",
    name: text("役割によるアクセス制御", "Access by role"),
    checks: &[
        Check {
            shows: &[(67, 0), (72, 0), (84, 0), (108, 1)],
            what: text(
                "役割の異なる全員について、権限のない画面と操作はすべて403になる。",
                "For people of every role each page and act outside their rights answers 403.",
            ),
            run: outside_is_forbidden,
            break_it: |s| s.give_roles(COLLEAGUE, &[Role::Colleague, Role::Administrator]),
        },
        Check {
            shows: &[(67, 0)],
            what: text(
                "権限のない画面への案内は、メニューにもHTMLにも現れない。",
                "What is outside somebody's rights stands in no menu and in no HTML.",
            ),
            run: outside_is_not_named,
            break_it: |s| s.give_roles(COLLEAGUE, &[Role::Colleague, Role::Administrator]),
        },
        Check {
            shows: &[(67, 0), (72, 0)],
            what: text(
                "プログラムからの呼出しも、本人の権限の外では403になる。",
                "A program's calls outside its person's rights answer 403 too.",
            ),
            run: programs_too,
            break_it: |s| s.give_roles(COLLEAGUE, &[Role::Colleague, Role::Administrator]),
        },
        Check {
            shows: &[(32, 0)],
            what: text(
                "権限外の操作の試みは、人・時刻・接続元・対象とともに台帳に残る。",
                "An attempt at what is not one's own stands in the ledger with person, time, address and target.",
            ),
            run: attempts_are_recorded,
            break_it: |s| s.give_roles(COLLEAGUE, &[Role::Colleague, Role::Administrator]),
        },
    ],
};

/// Everybody by mail address, with the roles they were given; not those that they may have by now.
fn everybody() -> impl Iterator<Item = (&'static str, &'static [Role])> {
    people().into_iter().map(|somebody| match somebody.email {
        REVIEWER => (REVIEWER, &[Role::Officer, Role::Administrator] as &[Role]),
        other => (other, somebody.roles),
    })
}

fn outside_is_forbidden(s: &Scratch) -> Tried {
    let case = s.world().running.to_string();
    for (who, roles) in everybody() {
        let browser = s.signed_in(who)?;
        for route in all().filter(|r| matches!(r.guard, Guard::Roles(_)) && !r.guard.admits(Some(roles))) {
            let parts = route.path.split('/').map(|part| match part {
                "{case}" => case.as_str(),
                filled if filled.starts_with('{') => "1",
                plain => plain,
            });
            let path = parts.collect::<Vec<_>>().join("/");
            let status = match route.method {
                Method::Get => browser.status(&path)?,
                Method::Post => browser.form(&path, &[])?.status,
            };
            if status != 403 {
                let path = route.path;
                return Err(Failed::new(format!("{who} が {path} で {status}"), format!("{path} answers {status} to {who}")));
            }
        }
    }
    Ok(())
}

fn outside_is_not_named(s: &Scratch) -> Tried {
    for (who, roles) in everybody() {
        let browser = s.signed_in(who)?;
        for page in ["/", "/account", "/sheets"] {
            let html = browser.get(page)?.text();
            let closed = all().filter(|r| r.method == Method::Get && !r.path.contains('{') && r.guard != Guard::Public);
            for route in closed.filter(|r| matches!(r.guard, Guard::Roles(_)) && !r.guard.admits(Some(roles))) {
                if html.contains(&format!("\"{}\"", route.path)) {
                    let path = route.path;
                    return Err(Failed::new(format!("{who} の {page} に {path} があります"), format!("{page} of {who} names {path}")));
                }
            }
        }
    }
    Ok(())
}

fn programs_too(s: &Scratch) -> Tried {
    let token = s.signed_in(COLLEAGUE)?.token(true)?;
    let program = s.browser();
    let case = s.world().running.to_string();
    let settings = json!({ "settings": { "validity_months": 12, "second_evaluator": false, "number_prefix": "AK" } });
    let outside = [
        ("set_settings", settings),
        ("create_organisation", json!({ "name": "新しい組織", "kinds": ["provider"] })),
        ("create_product", json!({ "name": "製品", "description": "" })),
        ("submit_round", json!({ "case": case })),
        ("accept_round", json!({ "case": case })),
        ("decide_case", json!({ "case": case, "certify": true, "grounds": "適合" })),
    ];
    for (act, fields) in outside {
        let status = program.call("POST", &format!("/api/v1/acts/{act}"), &token, Some(&fields))?.status;
        if status != 403 {
            return Err(Failed::new(format!("{act} が {status}"), format!("{act} answers {status}")));
        }
    }
    Ok(())
}

fn attempts_are_recorded(s: &Scratch) -> Tried {
    let (browser, person) = (s.signed_in(COLLEAGUE)?, s.person(COLLEAGUE)?.id.to_string());
    let before = s.mark()?;
    expect(browser.status("/settings")? == 403, "設定の画面が開きます", "the settings open")?;
    let lines = s.lines_after(before)?;
    let found = lines.iter().filter(|l| l.kind == "act_refused" && l.actor == person && l.subject == "/settings").count();
    expect(found == 1, "試みの記録が1件ではありません", "the attempt is not recorded exactly once")
}
