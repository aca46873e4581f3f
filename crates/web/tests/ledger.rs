//! The pages of the ledger: administrators look, filter, keep a view, review and export; nobody else comes in.

use rules::text::Lang;
use web::testing::{COLLEAGUE, DECIDER, EVALUATOR, OFFICER, OPERATOR, Reply, World};

fn led(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text());
    reply.header("location").to_owned()
}

/// Line numbers of a page of the ledger, in its order.
fn numbers(page: &str) -> Vec<u64> {
    page.split("<tbody>").nth(1).map_or_else(Vec::new, |body| {
        body.split("href=\"/ledger/").skip(1).filter_map(|rest| rest.split(['?', '"']).next()?.parse().ok()).collect()
    })
}

#[test]
fn who_reads_no_ledger_comes_in_nowhere() {
    let world = World::fresh();
    for page in ["/ledger", "/ledger/1", "/ledger/1/line.json", "/ledger/subjects", "/ledger/chart", "/ledger/reviews"] {
        for who in [COLLEAGUE, EVALUATOR, DECIDER] {
            assert_eq!(world.page(page, Some(who), Lang::Ja).status, 403, "{page} {who}");
        }
        for who in [OFFICER, OPERATOR] {
            assert_eq!(world.page(page, Some(who), Lang::Ja).status, 200, "{page} {who}");
        }
    }
    assert_eq!(world.page("/ledger?ledger=installation", Some(OFFICER), Lang::Ja).status, 403);
    assert_eq!(world.form("/ledger/export", Some(COLLEAGUE), &[]).status, 403);
}

#[test]
fn lines_are_filtered_sorted_and_opened() {
    let world = World::fresh();
    let officer = world.actor(OFFICER).person.unwrap();
    let page = |query: &str| world.page(&format!("/ledger?{query}"), Some(OFFICER), Lang::Ja).text();
    let (falling, rising) = (numbers(&page("kind=evidence_added")), numbers(&page("kind=evidence_added&sort=old")));
    assert!(!rising.is_empty() && rising.is_sorted());
    assert_eq!(falling.iter().rev().copied().collect::<Vec<_>>(), rising);
    let own = page(&format!("who={officer}&kind=evidence_added"));
    assert!(own.contains("証跡の登録"), "{own}");
    assert!(numbers(&page("kind=no_such_kind")).is_empty());
    assert!(page("kind=no_such_kind").contains("当てはまる記録はありません"));
    let wrong = world.page("/ledger?from=yesterday", Some(OFFICER), Lang::Ja);
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("日時は") && numbers(&wrong.text()).is_empty());
    let line = world.page(&format!("/ledger/{}", rising[0]), Some(OFFICER), Lang::En).text();
    assert!(line.contains("Evidence added") && line.contains("Hash of this line"), "{line}");
    let json = world.page(&format!("/ledger/{}/line.json", rising[0]), Some(OFFICER), Lang::En).json();
    assert_eq!((&json["head"]["kind"], &json["shown"]), (&"evidence_added".into(), &"whole".into()));
    assert_eq!(world.page("/ledger/999999", Some(OFFICER), Lang::Ja).status, 404);
}

#[test]
fn a_page_leads_to_the_next_one_without_a_gap() {
    let world = World::fresh();
    let first = world.page("/ledger?sort=old", Some(OFFICER), Lang::Ja).text();
    let link = first.split("href=\"").filter_map(|rest| rest.split('"').next()).find(|href| href.contains("after=")).expect("a next page");
    let next = world.page(&link.replace("&amp;", "&"), Some(OFFICER), Lang::Ja).text();
    let both = [numbers(&first), numbers(&next)].concat();
    assert_eq!(both, (1..=both.len() as u64).collect::<Vec<_>>());
}

#[test]
fn a_view_is_kept_shown_and_removed() {
    let world = World::fresh();
    let refused = world.form("/ledger/view", Some(OFFICER), &[("name", " "), ("kind", "signed_in")]);
    assert_eq!(refused.status, 422);
    led(&world.form("/ledger/view", Some(OFFICER), &[("name", "<b>夜間</b>"), ("kind", "signed_in"), ("sort", "old")]));
    let page = world.page("/ledger", Some(OFFICER), Lang::Ja).text();
    assert!(page.contains("&lt;b&gt;夜間") && page.contains("kind=signed_in&amp;sort=old"), "{page}");
    let id = page.split("name=\"view\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    led(&world.form("/ledger/view/remove", Some(OFFICER), &[("view", &id)]));
    assert!(!world.page("/ledger", Some(OFFICER), Lang::Ja).text().contains("夜間"));
}

#[test]
fn a_review_is_recorded_listed_and_saved_as_a_file() {
    let world = World::fresh();
    let review = |finding: &str, until: &str| {
        let fields = [("from", "2026-01-01T00:00"), ("until", until), ("kind", "evidence_added"), ("anomaly", "on"), ("finding", finding)];
        world.form("/ledger/reviews", Some(OFFICER), &fields)
    };
    let refused = review("", "2027-01-01T00:00");
    assert_eq!(refused.status, 422);
    assert_eq!(review("確認した", "2025-01-01T00:00").status, 422);
    led(&review("深夜の登録が1件ある。本人に確認した。", "2027-01-01T00:00"));
    let list = world.page("/ledger/reviews", Some(OFFICER), Lang::Ja).text();
    assert!(list.contains("異常あり"), "{list}");
    let link = list.split("href=\"").filter_map(|r| r.split('"').next()).find(|h| h.contains("review=")).unwrap().replace("&amp;", "&");
    let one = world.page(&link, Some(OFFICER), Lang::En).text();
    assert!(one.contains("深夜の登録") && one.contains("Anomaly"), "{one}");
    let json = world.page(&link.replace("reviews?", "reviews/review.json?"), Some(OFFICER), Lang::En).json();
    let found = numbers(&world.page("/ledger?kind=evidence_added", Some(OFFICER), Lang::Ja).text()).len();
    assert_eq!(json["lines"].as_u64(), Some(found as u64));
    assert!(world.page(&link, Some(OPERATOR), Lang::Ja).status != 200, "another organisation's review is not there");
}

#[test]
fn a_review_is_attached_to_a_case_by_one_button() {
    let world = World::fresh();
    let fields = [("from", "2026-01-01T00:00"), ("until", "2027-01-01T00:00"), ("finding", "異常はない。")];
    led(&world.form("/ledger/reviews", Some(OFFICER), &fields));
    let list = world.page("/ledger/reviews", Some(OFFICER), Lang::Ja).text();
    let link = list.split("href=\"").filter_map(|r| r.split('"').next()).find(|h| h.contains("review=")).unwrap().replace("&amp;", "&");
    let review = link.split("review=").nth(1).unwrap().to_owned();
    let one = world.page(&link, Some(OFFICER), Lang::En).text();
    assert!(one.contains("Attach as evidence") && one.contains(&world.running.to_string()), "{one}");
    let case = world.running.to_string();
    let attach =
        |who: &str, case: &str| world.form("/ledger/reviews/attach", Some(who), &[("ledger", "own"), ("review", &review), ("case", case)]);
    let certified = attach(OFFICER, &world.certified.to_string());
    assert_eq!(certified.status, 409, "{}", certified.text());
    assert_eq!(attach(COLLEAGUE, &case).status, 403);
    assert_eq!(attach(OPERATOR, &case).status, 404, "another organisation's review is not there");
    let back = led(&attach(OFFICER, &case));
    assert!(world.page(&back, Some(OFFICER), Lang::Ja).text().contains("保存しました"));
    for no in [107, 108, 111] {
        let item = world.page(&format!("/cases/{case}/items/{no}"), Some(OFFICER), Lang::Ja).text();
        assert!(item.contains("台帳レビュー_"), "{no}");
    }
}

#[test]
fn what_an_account_did_is_counted_by_subject() {
    let world = World::fresh();
    let officer = world.actor(OFFICER).person.unwrap();
    let page = world.page(&format!("/ledger/subjects?who={officer}"), Some(OFFICER), Lang::Ja).text();
    assert!(page.contains("case_"), "{page}");
    let none = world.page(&format!("/ledger/subjects?who={officer}&until=2020-01-01T00:00"), Some(OFFICER), Lang::Ja).text();
    assert!(!none.contains("case_") && none.contains("この期間の記録はありません"));
    let chart = world.page("/ledger/chart", Some(OFFICER), Lang::En).text();
    assert!(chart.contains("<svg") && chart.contains("Evidence added"), "{chart}");
}

#[test]
fn an_export_is_a_file_with_its_proofs() {
    let world = World::fresh();
    world.app.start().unwrap();
    let file = world.form("/ledger/export", Some(OFFICER), &[("ledger", "own"), ("kind", "evidence_added")]);
    assert_eq!(file.status, 200, "{}", file.text());
    assert!(file.header("content-disposition").contains("akashi-ledger"), "{}", file.header("content-disposition"));
    assert!(file.text().contains("evidence_added"));
    let page = world.page("/ledger?kind=log_read", Some(OFFICER), Lang::Ja).text();
    let line = world.page(&format!("/ledger/{}/line.json", numbers(&page)[0]), Some(OFFICER), Lang::Ja).json();
    assert!(line["payload"]["text"].as_str().unwrap().contains("\"exported\":true"), "{line}");
}
