//! The page of retention and erasure: administrators place holds and ask, a second one approves, nobody else comes in.

use rules::text::Lang;
use web::testing::{COLLEAGUE, OFFICER, Reply, SECOND, World};

fn led(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text());
    reply.header("location").to_owned()
}

#[test]
fn a_hold_is_placed_at_once_and_lifted_by_two() {
    let world = World::with_second();
    assert_eq!(world.page("/keeping", Some(COLLEAGUE), Lang::Ja).status, 403);
    let organisation = world.actor(OFFICER).organisation.unwrap().to_string();
    let empty = world.form("/keeping/hold", Some(OFFICER), &[("matter", &organisation), ("reason", "")]);
    assert_eq!(empty.status, 422, "a hold needs a reason");
    led(&world.form("/keeping/hold", Some(OFFICER), &[("matter", &organisation), ("reason", "不正アクセスの<b>調査</b>")]));
    let page = world.page("/keeping", Some(SECOND), Lang::Ja).text();
    assert!(page.contains("不正アクセスの&lt;b&gt;調査") && page.contains("有効"), "{page}");
    let hold = page.split("value=\"hold_").nth(1).unwrap().split('"').next().unwrap();
    let hold = format!("hold_{hold}");
    led(&world.form("/keeping/lift", Some(OFFICER), &[("hold", &hold), ("reason", "調査が終わったため")]));
    let request = world.app.requests(&world.actor(SECOND)).unwrap()[0].request.id.to_string();
    let decide = [("request", request.as_str()), ("act", "approve"), ("statement", "")];
    assert_ne!(world.form("/requests/decide", Some(OFFICER), &decide).status, 303, "not by who asked");
    led(&world.form("/requests/decide", Some(SECOND), &decide));
    assert!(world.page("/keeping", Some(SECOND), Lang::Ja).text().contains("解除済み"));
}

#[test]
fn an_erasure_before_its_time_is_refused_with_the_day_and_the_rule() {
    let world = World::with_second();
    let case = world.app.cases(&world.actor(OFFICER), None).unwrap();
    let case = case.first().expect("the provider has a case");
    let subject = case.case.id.to_string();
    let refused = world.form("/keeping/erase", Some(OFFICER), &[("matter", &subject), ("reason", "不要になったため")]);
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(refused.text().contains("保存期間") || refused.text().contains("まで保存する必要があります"));
}

#[test]
fn an_own_rule_lengthens_and_is_shown_in_both_languages() {
    let world = World::with_second();
    let rule = |months: &'static str| {
        [("id", "契約"), ("record", "case"), ("months", months), ("effective", "2026-01-01"), ("source", "利用契約 第8条")]
    };
    assert_eq!(world.form("/keeping/rule", Some(OFFICER), &rule("12")).status, 422);
    led(&world.form("/keeping/rule", Some(OFFICER), &rule("120")));
    for (lang, words) in [(Lang::Ja, "10年"), (Lang::En, "10 years")] {
        assert!(world.page("/keeping", Some(OFFICER), lang).text().contains(words));
    }
}
