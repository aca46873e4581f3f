//! The pages of trust anchors and sealed packages: what two people confirm, and what is refused in words.

use app::trust::spoken;
use rules::text::Lang;
use web::testing::{COLLEAGUE, OFFICER, Reply, SECOND, SECRETARIAT, World};

fn led(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text());
    reply.header("location").to_owned()
}

fn world() -> World {
    let world = World::with_second();
    world.app.start().unwrap();
    world
}

#[test]
fn a_card_is_handed_over_confirmed_by_another_person_and_sent_to() {
    let world = world();
    // The body of the same installation is as good another side as any.
    let card = world.app.own_card(&world.actor(SECRETARIAT)).unwrap().unwrap();
    let own = world.form("/trust/card", Some(OFFICER), &[]);
    assert!(own.text().starts_with("akashi-card v1\n"), "{}", own.text());
    assert_eq!(world.page("/trust", Some(COLLEAGUE), Lang::Ja).status, 403);
    let propose = |name: &'static str, data: &str| {
        let fields = [("anchor", "installation"), ("name", name), ("data", data), ("label", "confidential")];
        world.form("/trust/propose", Some(OFFICER), &fields)
    };
    assert_eq!(propose("機構", "akashi-card v2").status, 422);
    led(&propose("機構<b>", &card.text()));
    let page = world.page("/trust", Some(SECOND), Lang::Ja).text();
    assert!(
        page.contains("機構&lt;b&gt;") && page.contains("確認待ち") && !page.contains(&spoken(card.fingerprint())),
        "not shown while asked for"
    );
    let anchor = format!("anchor_{}", page.split("value=\"anchor_").nth(1).unwrap().split('"').next().unwrap());
    let decide = |who, fingerprint: &str| world.form("/trust/decide", Some(who), &[("anchor", &anchor), ("fingerprint", fingerprint)]);
    assert_eq!(decide(OFFICER, &spoken(card.fingerprint())).status, 409, "not by who proposed it");
    led(&decide(SECOND, &spoken(card.fingerprint())));
    let case = world.running.to_string();
    let sent = world.form("/packages/send", Some(OFFICER), &[("case", &case), ("anchor", &anchor)]);
    assert_eq!(sent.status, 200);
    assert!(sent.header("content-disposition").contains(".akashi.age"));
    for (lang, words) in [(Lang::Ja, "受領書待ち"), (Lang::En, "Awaits the receipt")] {
        assert!(world.page("/packages", Some(OFFICER), lang).text().contains(words));
    }
}

#[test]
fn a_wrong_fingerprint_is_told_plainly() {
    let world = world();
    let card = world.app.own_card(&world.actor(SECRETARIAT)).unwrap().unwrap();
    let fields = [("anchor", "installation"), ("name", "機構"), ("data", &card.text()), ("label", "public")];
    led(&world.form("/trust/propose", Some(OFFICER), &fields));
    let page = world.page("/trust", Some(SECOND), Lang::Ja).text();
    let anchor = format!("anchor_{}", page.split("value=\"anchor_").nth(1).unwrap().split('"').next().unwrap());
    let to = led(&world.form("/trust/decide", Some(SECOND), &[("anchor", &anchor), ("fingerprint", "0000 1111")]));
    for (lang, words) in [(Lang::Ja, "指紋が一致しないため"), (Lang::En, "The fingerprint does not match")] {
        assert!(world.page(&to, Some(SECOND), lang).text().contains(words));
    }
}
