//! People, products, tokens and sheets through their pages: what is shown once, what is kept, what is refused.

use rules::text::Lang;
use web::testing::{COLLEAGUE, HOSPITAL, OFFICER, OPERATOR, Reply, SECRETARIAT, World};

const SHEET: &str = "/sheets/medical-cloud-253@2026-11";

fn led(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text());
    reply.header("location").to_owned()
}

fn own(world: &World, who: &str) -> String {
    format!("/organisations/{}", world.actor(who).organisation.unwrap())
}

#[test]
fn an_administrator_is_led_to_the_own_organisation_and_an_operator_sees_all() {
    let world = World::shared();
    assert_eq!(led(&world.page("/organisations", Some(OFFICER), Lang::Ja)), own(world, OFFICER));
    assert_eq!(world.page("/organisations", Some(COLLEAGUE), Lang::Ja).status, 403);
    assert_eq!(world.page(&own(world, OFFICER), Some(HOSPITAL), Lang::Ja).status, 404);
    let all = world.page("/organisations", Some(OPERATOR), Lang::Ja).text();
    assert!(all.contains("みどり医療クラウド株式会社") && all.contains("青葉総合病院"));
}

#[test]
fn an_invitation_link_is_shown_once_and_works_once() {
    let world = World::fresh();
    let path = own(&world, OFFICER);
    let refused = world.form(&format!("{path}/invitations"), Some(OFFICER), &[("email", "new@example.jp"), ("roles", "evaluator")]);
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains(r#"value="new@example.jp""#), "what was typed is kept");
    let made = world.form(&format!("{path}/invitations"), Some(OFFICER), &[("email", "new@example.jp"), ("roles", "colleague")]);
    assert_eq!((made.status, made.header("location")), (200, ""));
    let page = made.text();
    let link = page.split("/invitation?link=").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(!world.page(&path, Some(OFFICER), Lang::Ja).text().contains(&link));
    let accept = [("link", link.as_str()), ("name", "新しい 人"), ("password", "demo-ladder-kettle-violin")];
    assert_eq!(world.page(&format!("/invitation?link={link}"), None, Lang::Ja).status, 200);
    let invited = world.app.invitation_by_link(&link).unwrap().unwrap();
    assert_eq!(invited.email, "new@example.jp");
    world
        .app
        .execute(
            &rules::act::Actor::system(),
            rules::command::Command::AcceptInvitation {
                link: rules::command::Secret(accept[0].1.into()),
                name: accept[1].1.into(),
                password: rules::command::Secret(accept[2].1.into()),
                lang: Lang::Ja,
            },
        )
        .unwrap();
    assert!(world.app.invitation_by_link(&link).unwrap().is_none());
    assert!(world.page(&path, Some(OFFICER), Lang::Ja).text().contains("新しい 人"));
}

#[test]
fn roles_change_and_nobody_takes_away_their_own_administration() {
    let world = World::fresh();
    let path = format!("{}/roles", own(&world, OFFICER));
    let me = world.actor(OFFICER).person.unwrap().to_string();
    let other = world.actor(COLLEAGUE).person.unwrap().to_string();
    let refused = world.form(&path, Some(OFFICER), &[("person", &me), ("roles", "officer"), ("act", "save")]);
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("自分自身の"), "{}", refused.text());
    assert!(refused.text().contains(&format!("href=\"#f-{me}-roles\"")), "the summary leads to the person's own form");
    assert_eq!(
        world.form(&path, Some(OFFICER), &[("person", &other), ("act", "save")]).status,
        422,
        "unticking all is not the end by accident"
    );
    led(&world.form(&path, Some(OFFICER), &[("person", &other), ("roles", "officer"), ("act", "save")]));
    assert!(world.actor(COLLEAGUE).has(rules::party::Role::Officer));
    led(&world.form(&path, Some(OFFICER), &[("person", &other), ("act", "end")]));
    assert!(!world.page(&own(&world, OFFICER), Some(OFFICER), Lang::Ja).text().contains("colleague@example.jp</td>"));
}

#[test]
fn a_password_changes_only_with_the_current_one() {
    let world = World::fresh();
    let change = |current: &str, new: &str| world.form("/account/password", Some(HOSPITAL), &[("current", current), ("password", new)]);
    let wrong = change("wrong-wrong-wrong", "夏の庭で猫が鳴いた静かな朝");
    assert!(wrong.status == 422 && wrong.text().contains("現在のパスワードが正しくありません"));
    let weak = change("demo-ladder-kettle-violin", "mijikai");
    assert!(weak.status == 422 && !weak.text().contains("mijikai"));
    led(&change("demo-ladder-kettle-violin", "夏の庭で猫が鳴いた静かな朝"));
    assert!(world.app.sign_in(HOSPITAL, "夏の庭で猫が鳴いた静かな朝", "local", None).is_ok());
    assert!(world.app.sign_in(HOSPITAL, "demo-ladder-kettle-violin", "local", None).is_err());
}

#[test]
fn a_token_is_shown_once_works_and_is_revoked() {
    let world = World::fresh();
    let late = world.form("/tokens", Some(OFFICER), &[("name", "夜間"), ("scope", "read"), ("expires", "2030-01-01")]);
    assert!(late.status == 422 && late.text().contains(r#"value="夜間""#));
    let made = world.form("/tokens", Some(OFFICER), &[("name", "夜間"), ("scope", "read"), ("expires", "2026-12-31")]).text();
    let secret = made.split("<code class=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(world.app.token(&secret, "local").unwrap().is_some());
    assert!(!world.page("/tokens", Some(OFFICER), Lang::Ja).text().contains(&secret));
    let id = world.app.tokens(&world.actor(OFFICER)).unwrap()[0].id.to_string();
    assert_eq!(world.form("/tokens/revoke", Some(COLLEAGUE), &[("token", &id)]).status, 404);
    led(&world.form("/tokens/revoke", Some(OFFICER), &[("token", &id)]));
    assert!(world.app.token(&secret, "local").unwrap().is_none());
}

#[test]
fn a_products_profile_is_saved_and_kept_when_refused() {
    let world = World::fresh();
    let product = world.app.products(&world.actor(OFFICER)).unwrap()[0].id;
    let path = format!("/products/{product}");
    let refused = world.form(&path, Some(OFFICER), &[("name", ""), ("description", "書きかけ"), ("q.wireless", "no")]);
    let page = scraper::Html::parse_document(&refused.text());
    let ticked = scraper::Selector::parse(r#"input[name="q.wireless"][value=no][checked]"#).unwrap();
    assert!(refused.status == 422 && refused.text().contains("書きかけ") && page.select(&ticked).next().is_some());
    led(&world.form(
        &path,
        Some(OFFICER),
        &[("name", "新しい名前"), ("description", ""), ("q.wireless", "no"), ("q.vpn", "yes"), ("q.byod", "")],
    ));
    let saved = world.app.product(&world.actor(OFFICER), product).unwrap();
    assert_eq!(saved.profile, [("vpn".to_owned(), true), ("wireless".to_owned(), false)].into());
    assert_eq!(world.form(&path, Some(COLLEAGUE), &[("name", "x")]).status, 403);
    assert!(!world.page(&path, Some(COLLEAGUE), Lang::Ja).text().contains("<textarea"));
}

#[test]
fn a_wording_is_confirmed_by_the_secretariat_and_shown_to_all() {
    let world = World::fresh();
    let path = format!("{SHEET}/12");
    assert!(!world.page(&path, Some(OFFICER), Lang::Ja).text().contains("原文を確認する"));
    assert_eq!(world.form(&path, Some(OFFICER), &[("text", "x"), ("source", "y")]).status, 403);
    let bare = world.form(&path, Some(SECRETARIAT), &[("text", "照合した文言です。"), ("source", "")]);
    assert!(bare.status == 422 && bare.text().contains("照合した文言です。"));
    led(&world.form(&path, Some(SECRETARIAT), &[("text", "照合した文言です。"), ("source", "原本 12ページ")]));
    let page = world.page(&path, Some(OFFICER), Lang::Ja).text();
    assert!(page.contains("原本 12ページ") && page.contains("田中 洋子"));
    assert_eq!(world.page(&format!("{SHEET}/254"), Some(OFFICER), Lang::Ja).status, 404);
}

#[test]
fn a_sheet_is_searched_narrowed_and_written_as_a_blank_form() {
    let world = World::shared();
    let rows = |query: &str| world.page(&format!("{SHEET}?{query}"), Some(OFFICER), Lang::Ja).text().matches("data-row>").count();
    assert_eq!(rows(""), 253);
    assert_eq!(rows("damage=none") + rows("damage=minor") + rows("damage=meaning") + rows("damage=lost"), 253);
    let found = rows("q=%E3%83%91%E3%82%B9%E3%83%AF%E3%83%BC%E3%83%89");
    assert!((1..253).contains(&found));
    assert!((1..253).contains(&rows("term=mechanisms.login_throttle")));
    let blank = world.page(&format!("{SHEET}/blank.xlsx?paper=a4"), Some(OFFICER), Lang::Ja);
    assert!(blank.status == 200 && blank.body.starts_with(b"PK") && blank.header("content-disposition").starts_with("attachment"));
}

#[test]
fn search_leads_to_items_and_keeps_tenants_apart() {
    let world = World::shared();
    let page = world.page("/search?q=81", Some(OFFICER), Lang::En).text();
    assert!(page.contains(&format!("href=\"{SHEET}/81\"")), "{page}");
    assert!(!world.page("/search?q=canary", Some(OFFICER), Lang::Ja).text().contains("/cases/"));
}
