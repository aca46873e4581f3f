//! Nothing of one organisation is read, found, counted, exported or named by another (items 55, 56, 70).

use rules::change::Change;
use rules::command::Command;
use rules::text::text;
use web::route::{Guard, Method, all};

use crate::browser::Browser;
use crate::scratch::{EVALUATOR, HOSPITAL, OFFICER, STRANGER};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "tenant_scoping",
    name: text("組織ごとの分離", "Separation of tenants"),
    checks: &[
        Check {
            shows: &[(56, 0), (55, 0), (70, 0)],
            what: text(
                "他の組織の案件・製品・証跡は、どの画面でもどのREST APIでも存在しないものとして扱われる。",
                "Another organisation's cases, products and documents do not exist, on any page and in any call.",
            ),
            run: others_do_not_exist,
            break_it: |s| s.later(disclose_to_stranger),
        },
        Check {
            shows: &[(56, 0), (70, 0)],
            what: text(
                "一覧、検索、件数、拒否の文言にも、他の組織の情報は現れない。",
                "Lists, search, counts and the words of refusals show nothing of another organisation.",
            ),
            run: others_are_not_named,
            break_it: |s| s.later(disclose_to_stranger),
        },
    ],
};

/// Somebody without a right to it disclosed the case to the stranger.
fn disclose_to_stranger(s: &Scratch) -> Tried {
    let institution = s.home(STRANGER)?;
    s.write(&Change::CaseDisclosed { case: s.world().certified, institution, on: true })
}

/// A case, a product and a document of somebody's organisation, by what addresses call them.
fn things(s: &Scratch, owner: &Browser<'_>, case: String) -> Result<Vec<(&'static str, String)>, Failed> {
    let actor = owner.signed()?.actor;
    let none = || Failed::new("製品か証跡がありません", "there is no product or document");
    let product = s.app().products(&actor)?.first().map(|p| p.id.to_string()).ok_or_else(none)?;
    let evidence = s.app().library(&actor)?.first().map(|e| e.id.to_string()).ok_or_else(none)?;
    Ok(vec![("{case}", case), ("{product}", product), ("{evidence}", evidence)])
}

fn others_do_not_exist(s: &Scratch) -> Tried {
    let (owner, stranger) = (s.signed_in(OFFICER)?, s.signed_in(STRANGER)?);
    s.meanwhile()?;
    let theirs = things(s, &owner, s.world().certified.to_string())?;
    let strange = things(s, &stranger, s.world().strange.to_string())?;
    for (browser, foreign) in [(&stranger, &theirs), (&owner, &strange)] {
        let token = browser.token(true)?;
        for (name, id) in foreign {
            for route in all().filter(|r| r.guard != Guard::Public && r.path.contains(name)) {
                let path = filled(route.path, name, id);
                let status = match route.method {
                    Method::Get => browser.status(&path)?,
                    Method::Post => browser.form(&path, &[])?.status,
                };
                // A form may lack so much that nothing is looked up; then it has told nothing.
                let hidden = matches!(status, 403 | 404) || (route.method == Method::Post && status == 422);
                hidden_or(hidden, &path, status)?;
            }
            for route in web::api::ROUTES.iter().filter(|r| r.method == Method::Get && r.path.contains(name)) {
                let path = filled(&route.path, name, id);
                let status = browser.call("GET", &path, &token, None)?.status;
                hidden_or(matches!(status, 403 | 404), &path, status)?;
            }
        }
    }
    Ok(())
}

/// The address of a route with this thing in it, and with a query where the page is about nothing without one.
fn filled(route: &str, name: &str, id: &str) -> String {
    let parts = route.split('/').map(|part| match part {
        whole if whole == name => id,
        other if other.starts_with('{') => "1",
        plain => plain,
    });
    let query = if route.ends_with("/compare") { "?from=1&to=1" } else { "" };
    parts.collect::<Vec<_>>().join("/") + query
}

fn hidden_or(hidden: bool, path: &str, status: u16) -> Tried {
    if hidden { Ok(()) } else { Err(Failed::new(format!("{path} が {status}"), format!("{path} answers {status}"))) }
}

fn others_are_not_named(s: &Scratch) -> Tried {
    let stranger = s.signed_in(STRANGER)?;
    s.meanwhile()?;
    let owners = [s.signed_in(OFFICER)?, s.signed_in(EVALUATOR)?, s.signed_in(HOSPITAL)?];
    let theirs = things(s, &owners[0], s.world().certified.to_string())?;
    let strange = things(s, &stranger, s.world().strange.to_string())?;
    // Words that stand in answers and names of the other side only.
    let words = ["みどり画像アーカイブ", "みどりカルテ"];
    shows_none(&stranger, &theirs, &words)?;
    for owner in &owners {
        shows_none(owner, &strange, &[])?;
    }
    let found = s.app().search(&stranger.signed()?.actor, "みどり")?;
    expect(found.is_empty(), "検索で他の組織の情報が見つかります", "search finds another organisation's words")?;
    let listed = s.app().cases(&stranger.signed()?.actor, None)?;
    expect(
        listed.iter().all(|row| row.case.id == s.world().strange),
        "件数に他の組織の案件が含まれます",
        "the count holds another organisation's cases",
    )?;
    let refusal = stranger.refused(Command::SubmitRound { case: s.world().running })?;
    let told = format!("{}{}", refusal.text.ja, refusal.text.en);
    expect(!words.iter().any(|w| told.contains(w)), "拒否の文言が他の組織の情報を含みます", "a refusal names what is another's")
}

/// No list, no search and no call shows a foreign id or word.
fn shows_none(browser: &Browser<'_>, foreign: &[(&str, String)], words: &[&str]) -> Tried {
    let token = browser.token(false)?;
    let pages = ["/", "/cases", "/board", "/evidence", "/products", "/search?q=1", "/organisations", "/settings", "/account"];
    let mut shown = String::new();
    for path in pages {
        shown.push_str(&browser.get(path)?.text());
    }
    for path in ["/api/v1/cases", "/api/v1/products", "/api/v1/evidence", "/api/v1/me"] {
        shown.push_str(&browser.call("GET", path, &token, None)?.text());
    }
    for needle in foreign.iter().map(|(_, id)| id.as_str()).chain(words.iter().copied()) {
        if shown.contains(needle) {
            return Err(Failed::new(format!("「{needle}」が表示されます"), format!("{needle:?} is shown")));
        }
    }
    Ok(())
}
