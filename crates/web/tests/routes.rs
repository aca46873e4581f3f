//! Every route of the pages, for everybody: who may come in does, who may not learns nothing, and nothing breaks.

mod filled;

use filled::filled;
use rules::account::Stage;
use rules::text::Lang;
use web::route::{Guard, Method, Route, all};
use web::testing::{AT_ENROL, AT_FACTOR, AT_PASSWORD, OPERATOR, STRANGER, World};

/// Routes that do not keep a rule yet: `(rule, method and path)`. This list may only become shorter.
const EXCEPTIONS: &[(&str, &str)] = &[];

fn name(route: &Route) -> String {
    format!("{:?} {}", route.method, route.path)
}

fn is_excepted(rule: &str, route: &Route) -> bool {
    EXCEPTIONS.iter().any(|(r, n)| *r == rule && *n == name(route))
}

fn send(world: &World, route: &Route, path: &str, who: Option<&str>) -> u16 {
    match route.method {
        Method::Get => world.page(path, who, Lang::Ja).status,
        Method::Post => world.form(path, who, &[]).status,
    }
}

/// What does not hold, one line each; excepted lines are left out, and exceptions that hold are faults too.
fn judge(rule: &str, faults: Vec<(&Route, String)>) {
    let mut lines: Vec<String> =
        faults.iter().filter(|(route, _)| !is_excepted(rule, route)).map(|(route, what)| format!("{}: {what}", name(route))).collect();
    for (_, excepted) in EXCEPTIONS.iter().filter(|(r, _)| *r == rule) {
        if !faults.iter().any(|(route, _)| name(route) == **excepted) {
            lines.push(format!("{excepted} keeps the rule now: take it off the list of exceptions"));
        }
    }
    assert!(lines.is_empty(), "{rule}:\n{}", lines.join("\n"));
}

#[test]
fn who_is_signed_out_sees_public_pages_only() {
    let world = World::shared();
    let mut faults = vec![];
    for route in all() {
        let status = send(world, route, &filled(world, route.path, world.running), None);
        let right = match (route.guard, route.method) {
            (Guard::Public, Method::Get) => status < 400 || status == 404,
            // Signed out, no form carries a token that proves it ours.
            (Guard::Public, Method::Post) => status == 403,
            (Guard::SignedIn | Guard::Roles(_) | Guard::Step(_), _) => status == 401,
        };
        if !right {
            faults.push((route, format!("{status} signed out, guard {:?}", route.guard)));
        }
    }
    judge("signed out", faults);
}

#[test]
fn each_role_comes_in_where_its_guard_says_and_nowhere_else() {
    // Forms change what stands, so this test has a world of its own.
    let world = World::fresh();
    let people = app::demo::people();
    let mut faults = vec![];
    for route in all() {
        for somebody in &people {
            let path = filled(&world, route.path, world.running);
            let status = send(&world, route, &path, Some(somebody.email));
            let right = if route.guard.admits(Some(somebody.roles)) {
                // What the policy or the state refuses behind the guard is an answer too; being asked to sign in again is not.
                matches!(status, 200 | 303 | 403 | 404 | 409 | 413 | 422 | 428)
                    || (matches!(status, 401 | 429) && route.path.starts_with("/signin"))
            } else {
                status == 403
            };
            if !right {
                faults.push((route, format!("{status} for {}, guard {:?}", somebody.email, route.guard)));
            }
        }
    }
    judge("roles", faults);
}

#[test]
fn in_the_middle_of_signing_in_nothing_opens_but_the_step() {
    let world = World::fresh();
    let steps = [(AT_FACTOR, Stage::Factor), (AT_PASSWORD, Stage::Password), (AT_ENROL, Stage::Enrol)];
    let mut faults = vec![];
    for route in all().filter(|r| r.guard != Guard::Public) {
        for (who, stage) in steps {
            let path = filled(&world, route.path, world.running);
            let reply = match route.method {
                Method::Get => world.page(&path, Some(who), Lang::Ja),
                Method::Post => world.form(&path, Some(who), &[]),
            };
            let own = route.guard == Guard::Step(stage);
            let sent_to_step = reply.status == 303 && reply.header("location") == web::pages::steps::path(stage);
            if !own && !sent_to_step {
                faults.push((route, format!("{} for {who}", reply.status)));
            }
        }
    }
    judge("steps", faults);
}

#[test]
fn a_form_without_its_proof_is_refused() {
    let world = World::shared();
    let mut faults = vec![];
    for route in all().filter(|r| r.method == Method::Post) {
        for (who, from) in [(STRANGER, None), (OPERATOR, Some("cross-site"))] {
            let path = filled(world, route.path, world.strange);
            let reply = world.bare_form(&path, who, from);
            let roles = world.actor(who).roles;
            if route.guard.admits(Some(&roles)) && reply.status != 403 {
                faults.push((route, format!("{} without csrf", reply.status)));
            }
        }
    }
    judge("csrf", faults);
}

#[test]
fn another_tenants_things_do_not_exist() {
    // The stranger has every role of a tenant, so no guard keeps it out: only the policy does.
    let world = World::fresh();
    let mut faults = vec![];
    let tenants = ["{case}", "{evidence}", "{product}", "{organisation}", "{token}", "{phrase}"];
    for route in all().filter(|r| r.guard != Guard::Public && tenants.iter().any(|t| r.path.contains(t))) {
        for case in [world.running, world.certified] {
            let status = send(&world, route, &filled(&world, route.path, case), Some(STRANGER));
            // A form may be refused for what it lacks before anything is looked up; then it has told nothing.
            let right = matches!(status, 403 | 404) || (route.method == Method::Post && status == 422);
            if !right {
                faults.push((route, format!("{status} for somebody of another tenant")));
            }
        }
    }
    judge("tenants", faults);
}

#[test]
fn no_two_routes_are_the_same() {
    let mut names: Vec<String> = all().map(name).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(count > 10);
}
