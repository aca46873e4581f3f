//! Accounts, requests, reviews and rules through their pages: who may, who may not, and what ends at once.

use axum::body::Body;
use axum::http::{Request, header};
use rules::account::Standing;
use rules::act::Actor;
use rules::command::{Command, Secret};
use rules::id::{self, Id};
use rules::party::Role;
use rules::text::Lang;
use scraper::{Html, Selector};
use web::testing::{COLLEAGUE, HOSPITAL, OFFICER, OPERATOR, Reply, SECRETARIAT, STRANGER, World};

/// The provider's second administrator.
const SECOND: &str = "second-admin@example.jp";
/// The session cookie of an installation without TLS.
const COOKIE: &str = "akashi_session";

fn led(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text());
    reply.header("location").to_owned()
}

fn accept(world: &World, link: &str, name: &str) {
    let accept = Command::AcceptInvitation {
        link: Secret(link.into()),
        name: name.into(),
        password: Secret(app::demo::PASSWORD.into()),
        lang: Lang::Ja,
    };
    world.app.execute(&Actor::system(), accept).unwrap();
}

/// A world whose provider has two administrators.
fn world() -> World {
    let world = World::fresh();
    let actor = world.actor(OFFICER);
    let invite =
        Command::InvitePerson { organisation: actor.organisation.unwrap(), email: SECOND.into(), roles: vec![Role::Administrator] };
    let link = world.app.execute(&actor, invite).unwrap().secret.unwrap();
    accept(&world, &link, "加藤 二郎");
    world
}

/// The access rules as a form sends them, changed by `changed`.
fn rules_form<'a>(changed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![
        ("profile", "sheet-13"),
        ("sessions", "20"),
        ("sessions_together", "1000"),
        ("idle_minutes", "240"),
        ("session_hours", "12"),
        ("stale_days", "90"),
        ("review_months", "3"),
    ];
    all.retain(|(name, _)| !changed.iter().any(|(n, _)| n == name));
    all.extend(changed);
    all
}

/// Makes a request and gives its id.
fn ask(world: &World, who: &str, kind: &str, fields: &[(&str, &str)]) -> String {
    let to = led(&world.form(&format!("/requests/new?ask={kind}"), Some(who), fields));
    to.strip_prefix("/requests?request=").unwrap_or_else(|| panic!("led to {to}")).to_owned()
}

fn decide(world: &World, who: &str, request: &str, act: &str) -> Reply {
    world.form("/requests/decide", Some(who), &[("request", request), ("act", act), ("statement", "確認しました")])
}

/// What is shown once on a page.
fn shown(reply: &Reply) -> String {
    let text = reply.text();
    let secret = text.split("<code class=\"secret\">").nth(1).unwrap_or_else(|| panic!("nothing shown, {}: {text}", reply.status));
    secret.split('<').next().unwrap().to_owned()
}

fn link_in(reply: &Reply) -> String {
    shown(reply).split("link=").nth(1).unwrap().to_owned()
}

/// A page asked for with this very session, whether it is open or not.
fn with_session(world: &World, secret: &str, path: &str) -> u16 {
    let cookie = format!("{COOKIE}={secret}");
    world.ask(Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap()).status
}

fn person(world: &World, email: &str) -> Id<id::Person> {
    let all = world.app.accounts(&world.actor(OFFICER)).unwrap().accounts;
    all.into_iter().find(|a| a.person.email == email).unwrap().person.id
}

fn standing(world: &World, person: Id<id::Person>) -> Standing {
    let all = world.app.accounts(&world.actor(OFFICER)).unwrap().accounts;
    all.into_iter().find(|a| a.person.id == person).unwrap().account.standing
}

fn signs_in(world: &World, email: &str, password: &str) -> bool {
    world.app.sign_in(email, password, "local", None).is_ok()
}

#[test]
fn an_account_lives_from_request_to_the_id_that_is_never_given_again() {
    let world = world();
    led(&world.form("/access", Some(OFFICER), &rules_form(&[("approval", "yes")])));

    // With approval on, nobody is invited directly.
    let own = format!("/organisations/{}", world.actor(OFFICER).organisation.unwrap());
    let direct = world.form(&format!("{own}/invitations"), Some(OFFICER), &[("email", "new@example.jp"), ("roles", "colleague")]);
    assert_eq!(direct.status, 409);
    assert!(!world.page(&own, Some(OFFICER), Lang::Ja).text().contains("招待リンクを作る"));

    let register = [("email", "new@example.jp"), ("roles", "colleague"), ("reason", "検証担当として配属")];
    let request = ask(&world, OFFICER, "register", &register);
    let page = format!("/requests?request={request}");
    assert!(!world.page(&page, Some(OFFICER), Lang::Ja).text().contains("承認する</button>"), "who asked sees no button");
    assert_eq!(decide(&world, OFFICER, &request, "approve").status, 403, "and a forged form does not help");
    assert!(world.page("/requests", Some(SECOND), Lang::Ja).text().contains("new@example.jp"));
    let approved = decide(&world, SECOND, &request, "approve");
    let link = link_in(&approved);
    assert!(!world.page(&page, Some(SECOND), Lang::Ja).text().contains(&link), "it is shown once");
    assert_eq!(decide(&world, SECOND, &request, "approve").status, 409);
    accept(&world, &link, "新しい 人");

    let new = "new@example.jp";
    let id = person(&world, new);
    let (session, token) = (world.session(new), world.token(new, false));
    assert_eq!(with_session(&world, &session, "/account"), 200);
    assert_eq!(world.call("GET", "/api/v1/cases", Some(&token), None).status, 200);
    let blank = world.form(&format!("/accounts/{id}/suspend"), Some(OFFICER), &[("reason", "")]);
    assert_eq!((blank.status, standing(&world, id)), (422, Standing::Active));
    led(&world.form(&format!("/accounts/{id}/suspend"), Some(OFFICER), &[("reason", "規程違反の疑い")]));
    assert_eq!(with_session(&world, &session, "/account"), 401, "the session is over at once");
    assert_eq!(world.call("GET", "/api/v1/cases", Some(&token), None).status, 401, "and so is the token");
    assert!(!signs_in(&world, new, app::demo::PASSWORD));

    let resume = ask(&world, OFFICER, "resume", &[("person", &id.to_string()), ("reason", "疑いは晴れた")]);
    led(&decide(&world, SECOND, &resume, "approve"));
    assert_eq!(standing(&world, id), Standing::Active);
    let session = world.session(new);
    assert_eq!(world.call("GET", "/api/v1/cases", Some(&token), None).status, 401, "a token that stopped stays stopped");

    let reissue = [("person", &*id.to_string()), ("reason", "パスワードを忘れた"), ("identity", "社員証を対面で確認"), ("hours", "4")];
    let reissue = ask(&world, OFFICER, "reissue", &reissue);
    let link = link_in(&decide(&world, SECOND, &reissue, "approve"));
    assert_eq!(with_session(&world, &session, "/account"), 401);
    assert!(!signs_in(&world, new, app::demo::PASSWORD), "the old password stopped before the new one exists");
    let fresh = "夏の庭で猫が鳴いた静かな朝";
    let set = || Command::SetNewPassword { link: Secret(link.clone()), password: Secret(fresh.into()) };
    world.app.execute(&Actor::system(), set()).unwrap();
    assert!(signs_in(&world, new, fresh));
    assert!(world.app.execute(&Actor::system(), set()).is_err(), "the link works once");

    led(&world.form(&format!("/accounts/{id}/close"), Some(OFFICER), &[("reason", "退職のため")]));
    assert!(!signs_in(&world, new, fresh) && standing(&world, id) == Standing::Closed);
    let again = world.form("/requests/new?ask=register", Some(OFFICER), &register);
    assert_eq!(again.status, 422);
    assert!(again.text().contains("すでに使われたことがある") && again.text().contains("検証担当として配属"), "what was typed is kept");
    let page = world.page(&format!("/accounts/{id}"), Some(OFFICER), Lang::Ja).text();
    assert!(page.contains("退職のため") && !page.contains("/suspend"));
}

#[test]
fn nobody_approves_what_is_about_themselves() {
    let world = world();
    let second = person(&world, SECOND).to_string();
    let wider = ask(
        &world,
        OFFICER,
        "change_roles",
        &[("person", &second), ("roles", "administrator"), ("roles", "officer"), ("reason", "担当責任者を兼ねる")],
    );
    assert_eq!(decide(&world, SECOND, &wider, "approve").status, 403);
    assert!(!world.actor(SECOND).has(Role::Officer));
    // A refusal needs its reason, and what was typed stays.
    let by_second = ask(
        &world,
        SECOND,
        "change_roles",
        &[("person", &person(&world, COLLEAGUE).to_string()), ("roles", "officer"), ("reason", "昇格のため")],
    );
    let silent = world.form("/requests/decide", Some(OFFICER), &[("request", &by_second), ("act", "refuse"), ("statement", "")]);
    assert_eq!(silent.status, 422);
    let unclear = world.form("/requests/decide", Some(OFFICER), &[("request", &by_second), ("statement", "どちらでもない")]);
    assert!(unclear.status == 422 && unclear.text().contains("どちらでもない"));
    led(&decide(&world, OFFICER, &by_second, "refuse"));
    assert!(!world.actor(COLLEAGUE).has(Role::Officer));
    // Taken back by who asked, and by nobody else.
    assert_eq!(world.form("/requests/end", Some(COLLEAGUE), &[("request", &wider)]).status, 404);
    led(&world.form("/requests/end", Some(OFFICER), &[("request", &wider)]));
}

#[test]
fn a_review_leaves_nobody_out_and_stays_readable() {
    let world = world();
    let all = world.app.accounts(&world.actor(OFFICER)).unwrap().accounts;
    let said = |value: &'static str| -> Vec<(String, String)> {
        all.iter().map(|a| (format!("said.{}", a.person.id), value.to_owned())).collect()
    };
    let send = |fields: &[(String, String)]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        world.form("/accounts/review", Some(OFFICER), &fields)
    };
    let mut fields = said("keep");
    let (left, _) = fields.pop().unwrap();
    fields.push(("finding".into(), "書きかけの所見".into()));
    let refused = send(&fields);
    let text = refused.text();
    assert!(refused.status == 422 && text.contains("確認していないアカウントが1件") && text.contains("書きかけの所見"));
    assert!(text.contains(&format!("href=\"#f-said-{}\"", left.strip_prefix("said.").unwrap())), "the summary leads to who was left out");
    fields.push((left.clone(), "close".into()));
    let refused = send(&fields);
    assert!(refused.status == 422 && refused.text().contains("理由を入力"));
    fields.push((left.replace("said.", "remark."), "=HYPERLINK(\"http://x\")".into()));
    led(&send(&fields));

    let read = world.app.accounts(&world.actor(OFFICER)).unwrap();
    assert_eq!((read.reviews.len(), read.reviews[0].accounts.len()), (1, all.len()));
    let review = read.reviews[0].id;
    let page = world.page(&format!("/accounts/review?review={review}"), Some(SECOND), Lang::Ja).text();
    assert!(page.contains("書きかけの所見") && page.contains("佐藤 花子") && page.contains("2027-02-24"));
    let file = world.page(&format!("/accounts/review.csv?review={review}"), Some(SECOND), Lang::Ja);
    assert!(file.header("content-type").starts_with("text/csv") && file.header("content-disposition").starts_with("attachment"));
    assert!(file.text().contains("\"'=HYPERLINK(\"\"http://x\"\")\""), "{}", file.text());
    assert_eq!(world.page(&format!("/accounts/review?review={review}"), Some(HOSPITAL), Lang::Ja).status, 404);
    assert_eq!(world.page(&format!("/accounts/review.csv?review={review}"), Some(HOSPITAL), Lang::Ja).status, 404);
}

#[test]
fn rules_that_shut_out_their_author_are_refused_in_place() {
    let world = World::fresh();
    let send = |changed: &[(&str, &str)]| world.form("/access", Some(OFFICER), &rules_form(changed));
    for (field, value) in [("networks", "198.51.100.0/24"), ("management", "198.51.100.0/24"), ("certificates", &"ab".repeat(32))] {
        let refused = send(&[(field, value)]);
        let text = refused.text();
        assert!(refused.status == 422 && text.contains(&format!("href=\"#f-access-{field}\"")) && text.contains(value), "{field}: {text}");
    }
    let named = send(&[("networks", "127.0.0.0/8\n10.0.0.x\n192.168.0.0/99")]).text();
    assert!(named.contains("2行目「10.0.0.x」、3行目「192.168.0.0/99」"));
    assert_eq!(send(&[("idle_minutes", "0")]).status, 422);
    assert_eq!(world.app.own_access(&world.actor(OFFICER)).unwrap().networks.len(), 0, "nothing of it was kept");
    led(&send(&[("days", "1"), ("days", "2"), ("hours", "08:00"), ("until", "20:00"), ("second_factor", "officer")]));
    let access = world.app.own_access(&world.actor(OFFICER)).unwrap();
    assert!(access.days.len() == 2 && access.hours.is_some() && access.needs_second_factor(&[Role::Administrator]));

    // Everybody reads the rules they are under; only administrators set them.
    let page = world.page("/access", Some(COLLEAGUE), Lang::Ja).text();
    assert!(page.contains("月・火 08:00〜20:00") && !page.contains("action=\"/access\""));
    assert_eq!(world.form("/access", Some(COLLEAGUE), &rules_form(&[])).status, 403);
}

#[test]
fn a_machine_gets_its_token_once_and_loses_it() {
    let world = World::fresh();
    let refused = world.form("/accounts/machines", Some(OFFICER), &[("name", "監視")]);
    assert!(refused.status == 422 && refused.text().contains("value=\"監視\""));
    let page = led(&world.form("/accounts/machines", Some(OFFICER), &[("name", "監視"), ("roles", "colleague")]));
    let page = page.split('?').next().unwrap().to_owned();
    let made = world.form(&format!("{page}/tokens"), Some(OFFICER), &[("name", "夜間"), ("scope", "read"), ("expires", "2026-12-31")]);
    let token = shown(&made);
    assert!(!world.page(&page, Some(OFFICER), Lang::Ja).text().contains(&token));
    assert_eq!(world.call("GET", "/api/v1/cases", Some(&token), None).status, 200);
    let machine = page.rsplit('/').next().unwrap().parse().unwrap();
    let id = world.app.machine_tokens(&world.actor(OFFICER), machine).unwrap()[0].id.to_string();
    assert_eq!(world.form(&format!("{page}/tokens/revoke"), Some(HOSPITAL), &[("token", &id)]).status, 404);
    led(&world.form(&format!("{page}/tokens/revoke"), Some(OFFICER), &[("token", &id)]));
    assert_eq!(world.call("GET", "/api/v1/cases", Some(&token), None).status, 401);
}

#[test]
fn an_emergency_account_opens_by_two_people_warns_closes_and_is_reviewed() {
    let world = world();
    let emergency = "emergency-1@example.jp";
    let fields = [("name", "非常時アカウント1"), ("email", emergency), ("roles", "administrator")];
    let page = led(&world.form("/accounts/emergency", Some(OFFICER), &fields));
    assert_eq!(world.form("/accounts/emergency", Some(OFFICER), &fields).status, 422, "an id is given once");
    let account = page.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    let id: Id<id::Person> = account.parse().unwrap();
    assert_eq!(standing(&world, id), Standing::Suspended);

    let request = ask(&world, OFFICER, "break_glass", &[("person", &account), ("reason", "認証基盤の障害"), ("hours", "2")]);
    assert_eq!(decide(&world, OFFICER, &request, "approve").status, 403);
    let password = shown(&decide(&world, SECOND, &request, "approve"));
    assert!(world.app.sign_in(emergency, &password, "local", None).is_ok());
    let held = world.page(&format!("/requests?request={request}"), Some(OFFICER), Lang::Ja).text();
    assert!(held.contains("非常時アカウントが有効です。2026-11-24 14:00") && held.contains("残り2時間0分"), "{held}");
    let alerts = world.page("/alerts", Some(SECOND), Lang::Ja).text();
    assert!(alerts.contains("認証基盤の障害"));

    world.app.clock.advance(jiff::SignedDuration::from_mins(121));
    world.app.end_requests().unwrap();
    assert_eq!(standing(&world, id), Standing::Suspended, "it closes by itself");
    assert!(!signs_in(&world, emergency, &password));
    let waiting = world.page("/requests", Some(SECOND), Lang::Ja).text();
    assert!(waiting.contains("事後確認を待っている申請</h2>") || waiting.contains("事後確認を待っている申請 (1)"), "{waiting}");
    assert_eq!(world.form("/requests/review", Some(SECOND), &[("request", &request), ("finding", "")]).status, 422);
    led(&world.form("/requests/review", Some(SECOND), &[("request", &request), ("finding", "設定の復旧だけに使われた")]));
    let reviewed = world.page(&format!("/requests?request={request}"), Some(OFFICER), Lang::Ja).text();
    assert!(reviewed.contains("事後確認済み") && reviewed.contains("設定の復旧だけに使われた"));
}

#[test]
fn alerts_are_counted_and_acknowledged_once_by_those_they_are_for() {
    let world = world();
    let colleague = person(&world, COLLEAGUE);
    led(&world.form(&format!("/accounts/{colleague}/leak"), Some(OFFICER), &[("reason", "フィッシングに入力した疑い")]));
    let count = |who: &str| {
        let html = Html::parse_document(&world.page("/account", Some(who), Lang::Ja).text());
        let link = Selector::parse("nav a[href='/alerts']").unwrap();
        html.select(&link).next().map(|a| a.text().collect::<String>())
    };
    assert!(count(SECOND).unwrap().contains('1'), "{:?}", count(SECOND));
    assert!(count(HOSPITAL).is_some_and(|t| !t.contains('1')));
    let alert = world.app.alerts(&world.actor(SECOND)).unwrap()[0].alert.id.to_string();
    assert_eq!(world.form("/alerts", Some(HOSPITAL), &[("alert", &alert)]).status, 404, "it is not theirs");
    assert_eq!(world.form("/alerts", Some(OPERATOR), &[("alert", &alert)]).status, 404, "nor the operator's");
    led(&world.form("/alerts", Some(SECOND), &[("alert", &alert)]));
    assert_eq!(world.form("/alerts", Some(SECOND), &[("alert", &alert)]).status, 404);
    assert!(!count(SECOND).unwrap().contains('1'));
    assert!(world.page("/alerts", Some(OFFICER), Lang::Ja).text().contains("加藤 二郎"));
}

#[test]
fn a_mail_opens_for_operators_after_a_fresh_proof_only() {
    let world = world();
    let page = world.page("/outbox", Some(OPERATOR), Lang::Ja).text();
    assert!(page.contains("メールサーバーが設定されていません") && page.contains(SECOND) && !page.contains("link="));
    assert_eq!(world.page("/outbox", Some(OFFICER), Lang::Ja).status, 403);
    let mail = world.app.outbox(&world.actor(OPERATOR)).unwrap().into_iter().find(|m| m.mail.to == SECOND).unwrap().mail.id.to_string();
    let open = || world.form("/outbox", Some(OPERATOR), &[("mail", &mail)]);
    assert!(open().text().contains("link="));
    world.app.clock.advance(jiff::SignedDuration::from_mins(16));
    let asked = open();
    assert!(asked.status == 428 && asked.text().contains(&mail) && !asked.text().contains("link="));
    led(&world.form(
        "/requests/new?ask=view",
        Some(OPERATOR),
        &[("organisation", &world.actor(OFFICER).organisation.unwrap().to_string()), ("reason", "障害1234の調査"), ("hours", "2")],
    ));
}

/// The pages of a case that an operator may open by an approved request.
fn case_pages(world: &World) -> Vec<String> {
    let case = format!("/cases/{}", world.running);
    ["", "/items", "/items/9", "/items/131", "/quality", "/rounds", "/rounds/1", "/export", "/print"]
        .iter()
        .map(|page| format!("{case}{page}?side=applicant"))
        .collect()
}

#[test]
fn an_operator_looks_with_approval_read_only_and_recorded_and_not_afterwards() {
    let world = World::fresh();
    let tenant = world.actor(OFFICER).organisation.unwrap().to_string();
    for page in case_pages(&world) {
        assert_eq!(world.page(&page, Some(OPERATOR), Lang::Ja).status, 404, "{page} before anything was asked for");
    }
    let fields = [("organisation", &*tenant), ("reason", "障害1234の調査"), ("hours", "2")];
    let request = ask(&world, OPERATOR, "view", &fields);
    assert_eq!(world.page(&case_pages(&world)[0], Some(OPERATOR), Lang::Ja).status, 404, "asking opens nothing");
    assert_eq!(decide(&world, OPERATOR, &request, "approve").status, 403);
    assert_eq!(decide(&world, SECRETARIAT, &request, "approve").status, 404, "the operator's own organisation does not decide");
    led(&decide(&world, OFFICER, &request, "approve"));

    let list = world.page("/cases", Some(OPERATOR), Lang::Ja).text();
    assert!(list.contains("閲覧を承認された組織の案件") && list.contains(&world.running.to_string()));
    for page in case_pages(&world) {
        let reply = world.page(&page, Some(OPERATOR), Lang::Ja);
        assert_eq!(reply.status, 200, "{page}");
        let html = Html::parse_document(&reply.text());
        let form = Selector::parse("main form[method=post]").unwrap();
        let forms: Vec<&str> = html.select(&form).filter_map(|f| f.attr("action")).collect();
        assert!(forms.is_empty(), "{page} shows forms: {forms:?}");
    }
    let case = format!("/cases/{}", world.running);
    for (act, fields) in [
        ("/items/9/answer", [("base", "0"), ("text", "x")]),
        ("/withdraw", [("reason", "障害のため"), ("x", "")]),
        ("/submit", [("x", "x"), ("y", "")]),
    ] {
        let status = world.form(&format!("{case}{act}"), Some(OPERATOR), &fields).status;
        assert!(matches!(status, 403 | 404), "{act}: {status}");
    }
    assert_eq!(world.page(&format!("/cases/{}", world.strange), Some(OPERATOR), Lang::Ja).status, 404, "only that organisation's");

    let seen = world.page("/viewings", Some(OFFICER), Lang::Ja).text();
    for page in case_pages(&world) {
        assert!(seen.contains(&page), "{page} is not in the list");
    }
    assert!(seen.contains("小林 守") && seen.contains(&format!("/requests?request={request}")) && seen.contains("<code>/cases</code>"));
    assert!(!world.page("/viewings", Some(HOSPITAL), Lang::Ja).text().contains("小林 守"));

    world.app.clock.advance(jiff::SignedDuration::from_mins(121));
    for page in case_pages(&world) {
        assert_eq!(world.page(&page, Some(OPERATOR), Lang::Ja).status, 404, "{page} afterwards");
    }
    assert!(!world.page("/cases", Some(OPERATOR), Lang::Ja).text().contains(&world.running.to_string()));
    world.app.end_requests().unwrap();
    led(&world.form("/requests/review", Some(OFFICER), &[("request", &request), ("finding", "目的に合っていた")]));
}

#[test]
fn an_emergency_view_opens_at_once_warns_and_ends_when_it_is_refused() {
    let world = World::fresh();
    let tenant = world.actor(OFFICER).organisation.unwrap().to_string();
    let fields = [("organisation", &*tenant), ("reason", "全停止の復旧"), ("hours", "2"), ("emergency", "yes")];
    let request = ask(&world, OPERATOR, "view", &fields);
    let page = case_pages(&world).remove(0);
    assert_eq!(world.page(&page, Some(OPERATOR), Lang::Ja).status, 200);
    assert!(world.page("/alerts", Some(OFFICER), Lang::Ja).text().contains("全停止の復旧"));
    let shown = world.page(&format!("/requests?request={request}"), Some(OFFICER), Lang::Ja).text();
    assert!(shown.contains("承認の前に閲覧できる状態です"));
    led(&decide(&world, OFFICER, &request, "refuse"));
    assert_eq!(world.page(&page, Some(OPERATOR), Lang::Ja).status, 404);
}

#[test]
fn what_is_another_tenants_does_not_exist() {
    let world = world();
    let id = person(&world, COLLEAGUE);
    let request = ask(&world, OFFICER, "register", &[("email", "new@example.jp"), ("roles", "colleague"), ("reason", "配属のため")]);
    led(&world.form("/accounts/groups", Some(OFFICER), &[("group", ""), ("name", "契約書"), ("members", &id.to_string())]));
    let group = world.app.groups(&world.actor(OFFICER)).unwrap()[0].id.to_string();
    for who in [STRANGER, HOSPITAL, SECRETARIAT] {
        assert_eq!(world.page(&format!("/accounts/{id}"), Some(who), Lang::Ja).status, 404);
        for act in ["suspend", "close", "sessions", "leak"] {
            assert_eq!(
                world.form(&format!("/accounts/{id}/{act}"), Some(who), &[("reason", "よその組織から")]).status,
                404,
                "{act} by {who}"
            );
        }
        assert_eq!(world.form(&format!("/accounts/{id}/last-day"), Some(who), &[("ends", "2026-12-31")]).status, 404);
        assert_eq!(world.page(&format!("/requests?request={request}"), Some(who), Lang::Ja).status, 404);
        assert_eq!(decide(&world, who, &request, "approve").status, 404);
        assert_eq!(world.form("/requests/end", Some(who), &[("request", &request)]).status, 404);
        assert_eq!(world.form("/requests/review", Some(who), &[("request", &request), ("finding", "見た")]).status, 404);
        assert_eq!(world.form("/accounts/groups", Some(who), &[("group", &group), ("name", "別名")]).status, 404);
        assert!(!world.page("/requests", Some(who), Lang::Ja).text().contains("new@example.jp"));
        assert!(!world.page("/accounts", Some(who), Lang::Ja).text().contains(COLLEAGUE));
        let resume = [("person", &*id.to_string()), ("reason", "よその組織から")];
        assert_eq!(world.form("/requests/new?ask=resume", Some(who), &resume).status, 404);
    }
    assert_eq!(standing(&world, id), Standing::Active);
    assert_eq!(world.app.groups(&world.actor(OFFICER)).unwrap()[0].name, "契約書");
}

#[test]
fn forms_from_elsewhere_are_refused() {
    let world = World::fresh();
    let id = world.actor(SECRETARIAT).person.unwrap();
    let mut paths: Vec<String> = ["suspend", "close", "last-day", "sessions", "leak", "tokens", "tokens/revoke"]
        .iter()
        .map(|act| format!("/accounts/{id}/{act}"))
        .collect();
    paths.extend(
        [
            "/accounts/machines",
            "/accounts/emergency",
            "/accounts/groups",
            "/accounts/review",
            "/access",
            "/requests/new",
            "/requests/decide",
            "/requests/end",
            "/requests/review",
            "/alerts",
            "/outbox",
        ]
        .map(str::to_owned),
    );
    for path in paths {
        for from in [None, Some("cross-site")] {
            assert_eq!(world.bare_form(&path, OPERATOR, from).status, 403, "{path} {from:?}");
        }
    }
    assert_eq!(
        world.app.accounts(&world.actor(OPERATOR)).unwrap().accounts.iter().filter(|a| a.account.standing != Standing::Active).count(),
        0
    );
}
