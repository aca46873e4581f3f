//! The applicant's way through the pages: answering, colliding, attaching, assigning, submitting; and what others see of it.

use axum::body::Body;
use axum::http::{Request, header};
use rules::answer::Status;
use rules::case::State;
use rules::id::{self, Id, ItemNo};
use rules::text::Lang;
use scraper::{Html, Selector};
use web::testing::{COLLEAGUE, EVALUATOR, HOSPITAL, OFFICER, Reply, STRANGER, World};

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n";

fn select<'a>(html: &'a Html, css: &str) -> Vec<scraper::ElementRef<'a>> {
    html.select(&Selector::parse(css).unwrap()).collect()
}

/// The value of a hidden field of the form that posts to an address.
fn hidden(page: &Reply, action: &str, name: &str) -> String {
    let html = Html::parse_document(&page.text());
    let found = select(&html, &format!("form[action='{action}'] input[name='{name}']"));
    found.first().and_then(|e| e.attr("value")).unwrap_or_else(|| panic!("no {name} in the form to {action}")).to_owned()
}

fn item(world: &World, no: u16) -> String {
    format!("/cases/{}/items/{no}", world.running)
}

fn open(world: &World, path: &str, who: &str) -> Reply {
    let page = world.page(path, Some(who), Lang::Ja);
    assert_eq!(page.status, 200, "{path} for {who}: {}", page.text());
    page
}

fn facts(world: &World, no: u16) -> rules::item::ItemFacts {
    let read = world.app.case(&world.actor(OFFICER), world.running, None).unwrap();
    read.item(ItemNo(no)).unwrap().1.clone()
}

/// A form with a file.
fn upload(world: &World, path: &str, token: &str, fields: &[(&str, &str)], file: (&str, &[u8])) -> Reply {
    let mut body = vec![];
    for (name, value) in [("csrf", token)].iter().chain(fields) {
        body.extend(format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    body.extend(format!("--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\r\n", file.0).bytes());
    body.extend(file.1);
    body.extend(b"\r\n--x--\r\n");
    let cookie = format!("akashi_session={}; akashi_lang=ja", world.session(OFFICER));
    let request = Request::post(path).header(header::COOKIE, cookie).header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
    world.ask(request.body(Body::from(body)).unwrap())
}

#[test]
fn two_people_who_edit_one_answer_lose_nothing() {
    let world = World::fresh();
    let (path, action) = (item(&world, 12), item(&world, 12) + "/answer");
    let base = hidden(&open(&world, &path, OFFICER), &action, "base");
    let first = world.form(&action, Some("reviewer@example.jp"), &[("base", &base), ("text", "先に保存した文"), ("do", "save")]);
    assert_eq!((first.status, first.header("location")), (303, (path.clone() + "?saved=1").as_str()));
    let second = world.form(&action, Some(OFFICER), &[("base", &base), ("text", "あとから保存した文"), ("do", "save")]);
    assert_eq!(second.status, 409);
    let shown = second.text();
    assert!(shown.contains("先に保存した文") && shown.contains("あとから保存した文"));
    assert_eq!(facts(&world, 12).answer.unwrap().content.text, "先に保存した文");
    let fresh = hidden(&second, &action, "base");
    assert_ne!(fresh, base);
    let again = world.form(&action, Some(OFFICER), &[("base", &fresh), ("text", "あとから保存した文"), ("do", "ready")]);
    assert_eq!(again.status, 303);
    let now = facts(&world, 12);
    assert_eq!((now.answer.unwrap().content.text.as_str(), now.work.status), ("あとから保存した文", Status::Ready));
    // Versions are drawn as differences: what is gone stands as removed.
    let html = Html::parse_document(&open(&world, &path, OFFICER).text());
    let removed = select(&html, "details del").iter().flat_map(|e| e.text()).collect::<String>();
    assert!(removed.contains("先に"), "the history keeps the other version: {removed}");
}

#[test]
fn a_refused_answer_comes_back_with_what_was_typed() {
    let world = World::shared();
    let (path, action) = (item(world, 13), item(world, 13) + "/answer");
    let base = hidden(&open(world, &path, OFFICER), &action, "base");
    let reply = world.form(
        &action,
        Some(OFFICER),
        &[("base", &base), ("text", "途中の文"), ("remarks", "備考の文"), ("out", "yes"), ("out_of_scope", " ")],
    );
    assert_eq!(reply.status, 422);
    let html = Html::parse_document(&reply.text());
    assert_eq!(select(&html, "#f-answer-text")[0].text().collect::<String>().trim(), "途中の文");
    assert_eq!(select(&html, "#f-answer-remarks")[0].text().collect::<String>().trim(), "備考の文");
    assert!(select(&html, "#f-answer-out")[0].attr("checked").is_some());
    assert_eq!(select(&html, "#f-answer-out_of_scope")[0].attr("aria-invalid"), Some("true"));
    assert_eq!(select(&html, ".error-summary a[href='#f-answer-out_of_scope']").len(), 1);
}

#[test]
fn a_file_is_attached_at_its_page_and_a_wrong_one_is_refused_on_the_form() {
    let world = World::fresh();
    let (path, action) = (item(&world, 81), item(&world, 81) + "/claims");
    let token = hidden(&open(&world, &path, OFFICER), &action, "csrf");
    let before = facts(&world, 81).claims.len();
    let fields = [("page", "3"), ("place", "第2章"), ("point", "1"), ("label", "confidential")];
    for (name, content, said) in
        [("手順.exe", &b"MZ"[..], "受け付けられない種類"), ("手順.pdf", b"", "空です"), ("手順.pdf", b"plain words", "一致しません")]
    {
        let refused = upload(&world, &action, &token, &fields, (name, content));
        assert_eq!(refused.status, 422, "{name}");
        let html = Html::parse_document(&refused.text());
        assert!(select(&html, "#f-claims-file-error")[0].text().collect::<String>().contains(said), "{name}");
        assert_eq!(select(&html, "#f-claims-page")[0].attr("value"), Some("3"));
    }
    let large = vec![b'a'; usize::try_from(world.app.config.upload_limit).unwrap() + 1];
    let refused = upload(&world, &action, &token, &fields, ("大きい.txt", &large));
    assert_eq!(refused.status, 413);
    let html = Html::parse_document(&refused.text());
    assert!(select(&html, "#f-claims-file-error")[0].text().collect::<String>().contains("大きすぎます"));
    assert_eq!(facts(&world, 81).claims.len(), before);
    assert_eq!(upload(&world, &action, &token, &fields, ("手順.pdf", PDF)).status, 303);
    let claims = facts(&world, 81).claims;
    let new = claims.last().unwrap();
    assert_eq!((claims.len(), new.document.as_str(), new.page, new.point.0), (before + 1, "手順.pdf", Some(3), 1));
    assert!(open(&world, &path, OFFICER).text().contains("3ページ 第2章"));
    let gone = world.form(&(action + "/withdraw"), Some(OFFICER), &[("claim", &new.id.to_string())]);
    assert_eq!((gone.status, facts(&world, 81).claims.len()), (303, before));
}

#[test]
fn many_items_are_worked_on_at_once_and_ticks_survive_a_refusal() {
    let world = World::fresh();
    let path = format!("/cases/{}/items?show=open", world.running);
    let colleague = world.actor(COLLEAGUE).person.unwrap().to_string();
    let ticked = [("items", "210"), ("items", "211")];
    let done = world.form(&path, Some(OFFICER), &[&ticked[..], &[("do", "work"), ("owner", &colleague), ("due", "2026-12-01")]].concat());
    assert_eq!((done.status, done.header("location")), (303, (path.clone() + "&saved=1").as_str()));
    assert_eq!(facts(&world, 211).work.owner.unwrap().to_string(), colleague);
    let refused = world.form(&path, Some(OFFICER), &[&ticked[..], &[("do", "work"), ("status", "ready")]].concat());
    assert_eq!(refused.status, 422);
    let html = Html::parse_document(&refused.text());
    assert_eq!(select(&html, "input[name=items][checked]").len(), 2);
    assert_eq!(world.form(&path, Some(OFFICER), &[("items", "210"), ("do", "work")]).status, 422, "nothing to set");
    let evidence = world.app.library(&world.actor(OFFICER)).unwrap()[0].id.to_string();
    let claimed = world.form(&path, Some(OFFICER), &[&ticked[..], &[("do", "claim"), ("evidence", &evidence), ("page", "4")]].concat());
    assert_eq!((claimed.status, facts(&world, 210).claims[0].page), (303, Some(4)));
    let waiting: Vec<String> = (1..=253).filter(|n| facts_wait(&world, *n)).map(|n| n.to_string()).collect();
    assert!(!waiting.is_empty());
    let confirm: Vec<(&str, &str)> = waiting.iter().map(|n| ("items", n.as_str())).chain([("do", "confirm")]).collect();
    assert_eq!(world.form(&path, Some(OFFICER), &confirm).status, 303);
    assert!(!facts_wait(&world, waiting[0].parse().unwrap()));
}

fn facts_wait(world: &World, no: u16) -> bool {
    facts(world, no).answer.is_some_and(|a| a.origin.awaits_confirmation())
}

#[test]
fn the_list_shows_every_item_once_and_filters() {
    let world = World::shared();
    let count = |query: &str| {
        let page = open(world, &format!("/cases/{}/items{query}", world.running), OFFICER);
        select(&Html::parse_document(&page.text()), "a[data-row]").len()
    };
    assert_eq!(count(""), 253);
    assert_eq!(count("?q=パスワード変更時の確認と入力失敗時ロック"), 1);
    assert_eq!(count("?show=answered") + count("?show=open"), 253);
    assert_eq!(count("?status=ready&owner=none"), 0);
    let sheet = &world.app.content.sheets()[0];
    assert_eq!(count("?category=contract.end_of_use"), sheet.items_of("contract.end_of_use").count());
}

#[test]
fn a_round_is_submitted_once_every_improvement_is_answered() {
    let world = World::fresh();
    let path = format!("/cases/{}/submit", world.running);
    assert!(open(&world, &path, OFFICER).text().contains("改善策への回答がありません"));
    assert_eq!(world.form(&path, Some(OFFICER), &[]).status, 422, "the box was not ticked");
    assert_eq!(world.form(&path, Some(OFFICER), &[("confirm", "yes")]).status, 409);
    for no in (1..=253).filter(|n| facts(&world, *n).verdict.is_some_and(|v| !v.content.improvement.is_empty())) {
        assert_eq!(world.form(&(item(&world, no) + "/improvement"), Some(OFFICER), &[("text", "改めました。")]).status, 303);
    }
    assert_eq!(world.form(&path, Some(OFFICER), &[("confirm", "yes")]).status, 303);
    let read = world.app.case(&world.actor(OFFICER), world.running, None).unwrap();
    assert_eq!((read.facts.case.state, read.facts.case.round), (State::Submitted, 2));
    let html = Html::parse_document(&open(&world, &item(&world, 12), OFFICER).text());
    assert!(select(&html, "form[action$='/answer']").is_empty(), "nothing can be written while the body has it");
    let items = Html::parse_document(&open(&world, &format!("/cases/{}/items", world.running), OFFICER).text());
    assert!(select(&items, "input[name=items]").is_empty());
}

#[test]
fn everybody_sees_the_forms_that_are_theirs_and_no_others() {
    let world = World::shared();
    let forms = |path: &str, who: &str| {
        let html = Html::parse_document(&open(world, path, who).text());
        select(&html, "main form[method=post]").iter().filter_map(|f| f.attr("action").map(str::to_owned)).collect::<Vec<_>>()
    };
    let has = |forms: &[String], act: &str| forms.iter().any(|f| f.ends_with(act));
    let foreign = forms(&item(world, 5), COLLEAGUE);
    assert!(!has(&foreign, "/answer") && !has(&foreign, "/claims") && !has(&foreign, "/work"), "{foreign:?}");
    let own = forms(&item(world, 140), COLLEAGUE);
    assert!(has(&own, "/answer") && has(&own, "/claims") && !has(&own, "/work"), "{own:?}");
    // Whoever wrote the answer does not review it; somebody else does.
    assert!(!has(&forms(&item(world, 5), OFFICER), "/review"));
    assert!(has(&forms(&item(world, 5), "reviewer@example.jp"), "/review"));
    let read_only = forms(&format!("/cases/{}/items/5", world.certified), HOSPITAL);
    assert!(read_only.is_empty(), "{read_only:?}");
    let overview = forms(&format!("/cases/{}", world.running), EVALUATOR);
    assert!(overview.is_empty(), "{overview:?}");
    for path in [
        item(world, 5),
        format!("/cases/{}", world.running),
        format!("/cases/{}/submit", world.running),
        format!("/cases/{}/items", world.running),
    ] {
        assert_eq!(world.page(&path, Some(STRANGER), Lang::En).status, 404, "{path}");
    }
    assert_eq!(world.page(&format!("/cases/{}/items/254", world.running), Some(OFFICER), Lang::Ja).status, 404);
}

#[test]
fn a_file_is_saved_or_shown_in_the_sandbox_and_only_to_who_may_see_it() {
    let world = World::shared();
    let id: Id<id::Evidence> = world.app.library(&world.actor(OFFICER)).unwrap()[0].id;
    let path = format!("/files/{id}");
    let saved = open(world, &path, OFFICER);
    assert!(saved.header("content-disposition").starts_with("attachment"));
    let shown = open(world, &format!("{path}?view=1"), OFFICER);
    assert!(shown.header("content-disposition").starts_with("inline"));
    assert!(shown.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(world.page(&path, Some(HOSPITAL), Lang::Ja).status, 404);
    assert_eq!(world.page(&format!("{path}?case={}", world.running), Some(HOSPITAL), Lang::Ja).status, 404);
    assert_eq!(world.page(&format!("{path}?case={}", world.certified), Some(HOSPITAL), Lang::Ja).status, 200);
    assert_eq!(world.page(&path, Some(STRANGER), Lang::Ja).status, 404);
}

#[test]
fn a_document_gets_a_new_version_that_differs() {
    let world = World::fresh();
    let id = world.app.library(&world.actor(OFFICER)).unwrap()[0].id;
    let path = format!("/evidence/{id}");
    let token = hidden(&open(&world, &path, OFFICER), &path, "csrf");
    let fields = [("label", "public"), ("valid_until", "2027-03-31")];
    let added = upload(&world, &path, &token, &fields, ("新しい版.pdf", PDF));
    assert_eq!(added.status, 303);
    assert!(open(&world, added.header("location"), OFFICER).text().contains("2027-03-31"));
    assert_eq!(upload(&world, &path, &token, &fields, ("新しい版.pdf", PDF)).status, 422, "the same content is no new version");
    assert_eq!(upload(&world, &path, &token, &[("label", "public"), ("valid_until", "来年")], ("次.pdf", b"%PDF-1.7 b")).status, 422);
}

#[test]
fn a_case_is_opened_disclosed_and_withdrawn() {
    let world = World::fresh();
    let officer = world.actor(OFFICER);
    let product = world.app.products(&officer).unwrap()[0].id.to_string();
    let body = world.app.case(&officer, world.running, None).unwrap().body.id.to_string();
    let sheet = world.app.content.sheets()[0].id.0.clone();
    assert_eq!(world.form("/cases/new", Some(OFFICER), &[("product", &product)]).status, 422);
    let made = world.form("/cases/new", Some(OFFICER), &[("product", &product), ("body", &body), ("sheet", &sheet)]);
    assert_eq!(made.status, 303);
    let path = made.header("location").to_owned();
    let institution = world.actor(HOSPITAL).organisation.unwrap();
    let on = world.form(&(path.clone() + "/disclose"), Some(OFFICER), &[("institution", &institution.to_string())]);
    assert_eq!(on.status, 303);
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    assert_eq!(world.app.case(&officer, id, None).unwrap().facts.disclosed_to, [institution]);
    let unsaid = world.form(&(path.clone() + "/withdraw"), Some(OFFICER), &[("reason", "")]);
    assert_eq!(unsaid.status, 422);
    assert!(unsaid.text().contains("理由を入力してください"));
    assert_eq!(world.form(&(path + "/withdraw"), Some(OFFICER), &[("reason", "提供を終了するため")]).status, 303);
    assert_eq!(world.app.case(&officer, id, None).unwrap().facts.case.state, State::Withdrawn);
}

#[test]
fn who_comes_first_is_told_where_the_link_is() {
    let folder = tempfile::tempdir().unwrap();
    let clock = app::Clock::set("2026-11-24T03:00:00Z".parse().unwrap());
    let app = std::sync::Arc::new(app::App::open(app::Config::embedded(folder.path()), clock).unwrap());
    let router = web::server::router(app);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (lang, said) in [("ja", "コンソール"), ("en", "console")] {
        let request = Request::get("/").header(header::COOKIE, format!("akashi_lang={lang}")).body(Body::empty()).unwrap();
        let response = runtime.block_on(tower::ServiceExt::oneshot(router.clone(), request)).unwrap();
        assert_eq!(response.status(), 200);
        let body = runtime.block_on(axum::body::to_bytes(response.into_body(), usize::MAX)).unwrap();
        assert!(String::from_utf8_lossy(&body).contains(said));
    }
    assert_eq!(World::shared().page("/", None, Lang::Ja).header("location"), "/signin");
}
