//! Labels and information groups on the pages and in the REST interface: chosen by people, filed by officers, kept from others.

use std::sync::OnceLock;

use axum::body::Body;
use axum::http::{Request, header};
use rules::act::Actor;
use rules::command::{Command, Secret};
use rules::evidence::{ClaimContent, Label};
use rules::id::{self, Id, ItemNo};
use rules::label::HIDDEN;
use rules::party::Role;
use rules::text::Lang;
use scraper::{Html, Selector};
use serde_json::{Value, json};
use web::testing::{COLLEAGUE, OFFICER, Reply, STRANGER, World};

/// A document of the group that nobody but the officers and the colleague sees; no other text holds these words.
const NAME: &str = "青い鍵束の表.pdf";
const ITEM: u16 = 210;
const OUTSIDER: &str = "outsider@example.jp";

struct Filed {
    world: World,
    grouped: Id<id::Evidence>,
    group: Id<id::Group>,
}

fn made<T: std::str::FromStr>(done: app::Done) -> T {
    done.made.and_then(|m| m.parse().ok()).expect("an id")
}

/// The demonstration with a second colleague, and a document of a group that only the first is in.
fn fresh() -> Filed {
    let world = World::fresh();
    let officer = world.actor(OFFICER);
    let operator = world.actor(web::testing::OPERATOR);
    let organisation = officer.organisation.unwrap();
    let invite = Command::InvitePerson { organisation, email: OUTSIDER.into(), roles: vec![Role::Colleague] };
    let link = Secret(world.app.execute(&operator, invite).unwrap().secret.unwrap());
    let password = Secret(app::demo::PASSWORD.into());
    let accept = Command::AcceptInvitation { link, name: "外の担当者".into(), password, lang: Lang::Ja };
    world.app.execute(&Actor::system(), accept).unwrap();
    let administrator = Actor { roles: vec![Role::Administrator], ..officer.clone() };
    let members = vec![world.actor(COLLEAGUE).person.unwrap()];
    let save = Command::SaveGroup { group: None, name: "鍵の管理".into(), members };
    let group = made(world.app.execute(&administrator, save).unwrap());
    let added = world.app.add_evidence(&officer, NAME, &b"%PDF-1.7 keys"[..], Label::Confidential, None, None);
    let grouped = made(added.unwrap());
    let act = |command| world.app.execute(&officer, command).unwrap();
    act(Command::FileEvidence { evidence: grouped, label: Label::Confidential, group: Some(group) });
    let content = ClaimContent { evidence: Some(grouped), page: Some(3), place: "青い鍵の別表".into(), ..ClaimContent::default() };
    act(Command::MakeClaims { case: world.running, items: vec![ItemNo(ITEM)], content });
    let owner = world.actor(OUTSIDER).person;
    act(Command::SetWork { case: world.running, items: vec![ItemNo(ITEM)], owner, due: None, status: None });
    Filed { world, grouped, group }
}

fn shared() -> &'static Filed {
    static FILED: OnceLock<Filed> = OnceLock::new();
    FILED.get_or_init(fresh)
}

fn select<'a>(html: &'a Html, css: &str) -> Vec<scraper::ElementRef<'a>> {
    html.select(&Selector::parse(css).unwrap()).collect()
}

/// A form with a file and fields.
fn upload(world: &World, path: &str, who: &str, fields: &[(&str, &str)]) -> Reply {
    let token = {
        let html = Html::parse_document(&world.page("/evidence", Some(who), Lang::Ja).text());
        select(&html, "input[name=csrf]")[0].attr("value").unwrap().to_owned()
    };
    let mut body = String::new();
    for (name, value) in [("csrf", token.as_str())].iter().chain(fields) {
        body += &format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    body += "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"新しい表.pdf\"\r\n\r\n%PDF-1.7 new\r\n--x--\r\n";
    let cookie = format!("akashi_session={}; akashi_lang=ja", world.session(who));
    let request = Request::post(path).header(header::COOKIE, cookie).header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
    world.ask(request.body(Body::from(body)).unwrap())
}

#[test]
fn no_page_and_no_answer_names_a_document_to_who_is_outside_its_group() {
    let Filed { world, grouped, .. } = shared();
    let case = world.running;
    let pages = [
        "/".to_owned(),
        "/evidence".to_owned(),
        "/evidence?label=confidential".to_owned(),
        format!("/search?q={}", form_urlencoded::byte_serialize("鍵束".as_bytes()).collect::<String>()),
        format!("/cases/{case}"),
        format!("/cases/{case}/items"),
        format!("/cases/{case}/items/{ITEM}"),
        format!("/cases/{case}/quality"),
        format!("/cases/{case}/print"),
        format!("/cases/{case}/export.csv"),
    ];
    let token = world.token(OUTSIDER, false);
    let answers = [
        "/api/v1/evidence".to_owned(),
        format!("/api/v1/cases/{case}/items"),
        format!("/api/v1/cases/{case}/items/{ITEM}"),
        format!("/api/v1/cases/{case}/quality"),
        format!("/api/v1/cases/{case}/export.csv"),
        format!("/api/v1/search?q={}", form_urlencoded::byte_serialize("鍵束".as_bytes()).collect::<String>()),
    ];
    let secrets = ["青い鍵", &grouped.to_string(), "鍵の管理"];
    let mut seen_by_member = 0;
    for path in &pages {
        let told = world.page(path, Some(OUTSIDER), Lang::Ja);
        assert_eq!(told.status, 200, "{path}");
        let told = told.text().replace("q=青い鍵束", "");
        assert!(secrets.iter().all(|s| !told.contains(s)), "{path}: {:?}", secrets.iter().find(|s| told.contains(**s)));
        seen_by_member += usize::from(world.page(path, Some(COLLEAGUE), Lang::Ja).text().contains("青い鍵"));
    }
    for path in &answers {
        let told = world.call("GET", path, Some(&token), None);
        assert_eq!(told.status, 200, "{path}");
        assert!(secrets.iter().all(|s| !told.text().contains(s)), "{path}");
        let member = world.call("GET", path, Some(&world.token(COLLEAGUE, false)), None);
        seen_by_member += usize::from(member.text().contains("青い鍵"));
    }
    assert!(seen_by_member >= 9, "{seen_by_member}: the test looks where the document is");
    let claims = world.call("GET", &answers[2], Some(&token), None).json();
    let hidden = claims["stands"]["claims"].as_array().unwrap().iter().find(|c| c["hidden"] == true).unwrap();
    assert_eq!((&hidden["document"], &hidden["evidence"], &hidden["page"]), (&json!(HIDDEN), &Value::Null, &Value::Null));
    let item = world.page(&pages[6], Some(OUTSIDER), Lang::En).text();
    assert!(item.contains("Evidence you have no right to see"));
    assert!(world.page(&pages[6], Some(OUTSIDER), Lang::Ja).text().contains(HIDDEN));
}

#[test]
fn the_number_of_documents_is_that_of_those_one_sees() {
    let Filed { world, .. } = shared();
    let rows = |who: &str| {
        let html = Html::parse_document(&world.page("/evidence", Some(who), Lang::Ja).text());
        select(&html, "a[data-row]").len()
    };
    assert_eq!(rows(COLLEAGUE), rows(OUTSIDER) + 1);
    let found = |who: &str| {
        let query = form_urlencoded::byte_serialize("pdf".as_bytes()).collect::<String>();
        let told = world.call("GET", &format!("/api/v1/search?q={query}"), Some(&world.token(who, false)), None).json();
        told["hits"].as_array().unwrap().iter().filter(|h| h["kind"] == "evidence").count()
    };
    assert_eq!(found(COLLEAGUE), found(OUTSIDER) + 1);
}

#[test]
fn page_and_file_out_of_sight_answer_as_if_they_were_not_there() {
    let Filed { world, grouped, .. } = shared();
    for path in [
        format!("/evidence/{grouped}"),
        format!("/files/{grouped}"),
        format!("/files/{grouped}?view=1"),
        format!("/files/{grouped}?case={}", world.running),
    ] {
        for (who, status) in [(OFFICER, 200), (COLLEAGUE, 200), (OUTSIDER, 404), (STRANGER, 404)] {
            assert_eq!(world.page(&path, Some(who), Lang::Ja).status, status, "{path} for {who}");
        }
    }
    let file = format!("/api/v1/evidence/{grouped}/file");
    for (who, status) in [(COLLEAGUE, 200), (OUTSIDER, 404), (STRANGER, 404)] {
        assert_eq!(world.call("GET", &file, Some(&world.token(who, false)), None).status, status, "{who}");
    }
    let token = world.token(OUTSIDER, true);
    let claim = json!({ "case": world.running.to_string(), "items": [ITEM], "content": { "evidence": grouped.to_string() } });
    assert_eq!(world.act("make_claims", &token, &claim).status, 404);
}

#[test]
fn nothing_is_saved_without_a_label() {
    let Filed { world, .. } = shared();
    let before = world.app.library(&world.actor(OFFICER)).unwrap().len();
    for path in ["/evidence".to_owned(), format!("/cases/{}/items/{ITEM}/claims", world.running)] {
        for fields in [&[][..], &[("label", "")], &[("label", "secret")]] {
            let refused = upload(world, &path, OFFICER, fields);
            assert_eq!(refused.status, 422, "{path} {fields:?}");
            let html = Html::parse_document(&refused.text());
            assert_eq!(select(&html, "select[name=label][aria-invalid=true]").len(), 1, "{path} {fields:?}");
        }
    }
    // The form proposes none.
    let html = Html::parse_document(&world.page("/evidence", Some(OFFICER), Lang::Ja).text());
    assert_eq!(select(&html, "form[enctype] select[name=label] option[selected]")[0].attr("value"), Some(""));
    let token = world.token(OFFICER, true);
    let file = "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.7 a\r\n--x--\r\n";
    let refused = world.call("POST", "/api/v1/evidence", Some(&token), Some(("multipart/form-data; boundary=x", file.into())));
    assert_eq!((refused.status, &refused.json()["field"]), (422, &json!("label")));
    assert_eq!(world.app.library(&world.actor(OFFICER)).unwrap().len(), before);
    assert_eq!(upload(world, "/evidence", OFFICER, &[("label", "public")]).status, 303);
}

#[test]
fn officers_file_a_document_and_the_page_tells_what_it_was_before() {
    let Filed { world, grouped, group } = fresh();
    let path = format!("/evidence/{grouped}");
    let filing = format!("{path}/filing");
    let group = group.to_string();
    let page = |who: &str| world.page(&path, Some(who), Lang::Ja).text();
    assert!(page(OFFICER).contains(&filing) && !page(COLLEAGUE).contains(&filing), "the form is for officers");
    assert_eq!(world.form(&filing, Some(COLLEAGUE), &[("label", "public")]).status, 403);
    let refused = world.form(&filing, Some(OFFICER), &[("group", &group)]);
    assert_eq!(refused.status, 422);
    let html = Html::parse_document(&refused.text());
    assert_eq!(select(&html, "#f-filing-label[aria-invalid=true]").len(), 1);
    assert_eq!(select(&html, "#f-filing-group option[selected]")[0].attr("value"), Some(group.as_str()), "what was chosen stays");
    assert_eq!(world.form(&filing, Some(OFFICER), &[("label", "disclosable"), ("group", "")]).status, 303);
    assert_eq!(world.page(&path, Some(OUTSIDER), Lang::Ja).status, 200, "without a group everybody of the applicant's side sees it");
    let told = page(OUTSIDER);
    let html = Html::parse_document(&told);
    let history: Vec<String> = select(&html, "details table tbody tr").iter().map(|r| r.text().collect()).collect();
    assert_eq!(history.len(), 3, "{history:?}");
    assert!(history[0].contains("開示可") && history[1].contains("秘密") && history[2].contains("第1版"), "{history:?}");
}

#[test]
fn the_library_narrows_to_a_label_and_a_group() {
    let Filed { world, group, .. } = shared();
    let rows = |query: &str| {
        let html = Html::parse_document(&world.page(&format!("/evidence{query}"), Some(COLLEAGUE), Lang::Ja).text());
        select(&html, "a[data-row]").iter().map(|e| e.text().collect::<String>()).collect::<Vec<_>>()
    };
    let all = rows("").len();
    assert_eq!(rows(&format!("?group={group}")), [NAME]);
    assert_eq!(rows("?group=none").len(), all - 1);
    assert!(rows("?label=confidential").contains(&NAME.to_owned()));
    assert!(!rows("?label=disclosable").contains(&NAME.to_owned()));
    assert!(rows(&format!("?label=public&group={group}")).is_empty());
    assert_eq!(rows("?label=nonsense").len(), all, "what cannot be read narrows nothing");
}
