//! Sheets in and out through the pages: what is shown before a change, what is taken, and what a bad file does.

use app::exchange::Wanted;
use rules::command::Command;
use rules::id::{self, Id, ItemNo, Pos};
use rules::policy::Side;
use rules::text::Lang;
use web::testing::{COLLEAGUE, EVALUATOR, OFFICER, Reply, SECRETARIAT, STRANGER, World};

const WANTED: Wanted = Wanted { csv: true, blank: false, filters: false, a4: false, lang: Lang::Ja };

/// A new case of the provider with an answer to item 1, and its export as CSV.
fn case(world: &World) -> (Id<id::Case>, String) {
    let officer = world.actor(OFFICER);
    let product = world.app.products(&officer).unwrap()[0].id;
    let body = world.app.organisations_of(&officer, rules::party::OrganisationKind::Body).unwrap()[0].id;
    let sheet = world.app.content.sheets().iter().find(|s| s.items.len() == 253).unwrap().id.clone();
    let case = world.app.execute(&officer, Command::OpenCase { product, body, sheet }).unwrap().made.unwrap().parse().unwrap();
    let content = rules::answer::Content { text: "年1回見直します。".into(), ..Default::default() };
    world.app.execute(&officer, Command::GiveAnswer { case, item: ItemNo(1), base: Pos::NEVER, content, ready: false }).unwrap();
    let made = world.app.export(&officer, case, None, WANTED).unwrap();
    (case, String::from_utf8(made.bytes).unwrap())
}

/// A CSV with answers to items: heading and rows.
fn answers(rows: &[(u16, &str)]) -> Vec<u8> {
    let lines = rows.iter().map(|(no, answer)| format!("{no},{answer},\n"));
    format!("項目番号,対応策,備考\n{}", lines.collect::<String>()).into_bytes()
}

fn text_of(world: &World, case: Id<id::Case>, no: u16) -> String {
    let read = world.app.case(&world.actor(OFFICER), case, None).unwrap();
    read.item(ItemNo(no)).unwrap().1.answer.as_ref().map(|a| a.content.text.clone()).unwrap_or_default()
}

/// Where a form led to, or the whole answer if it did not.
fn led(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text());
    reply.header("location").to_owned()
}

/// The value of each tick box and whether it is ticked.
fn ticks(page: &str) -> Vec<(String, bool)> {
    let html = scraper::Html::parse_document(page);
    let boxes = scraper::Selector::parse("input[name=take]").unwrap();
    html.select(&boxes).map(|e| (e.attr("value").unwrap().to_owned(), e.attr("checked").is_some())).collect()
}

fn import_path(case: Id<id::Case>) -> String {
    format!("/cases/{case}/import?side=applicant")
}

#[test]
fn nothing_changes_before_the_person_agrees_and_then_only_what_is_ticked() {
    let world = World::fresh();
    let (case, _) = case(&world);
    let file = answers(&[(1, "年2回見直します。"), (2, "窓口を定めています。"), (3, "報告します。"), (254, "ない項目")]);
    let preview = led(&world.upload(&import_path(case), Some(OFFICER), "回答.csv", &file));
    let page = world.page(&preview, Some(OFFICER), Lang::Ja).text();
    assert!(page.contains("項目番号 254"), "the fault is shown");
    let ticks = ticks(&page);
    let by_item = |no: &str| ticks.iter().find(|(v, _)| v.starts_with(&format!("{no}."))).unwrap().clone();
    assert!(!by_item("1").1 && by_item("2").1 && by_item("3").1, "what would replace something is not ticked: {ticks:?}");
    assert_eq!((text_of(&world, case, 1), text_of(&world, case, 2)), ("年1回見直します。".into(), String::new()));

    let draft = preview.split("draft=").nth(1).unwrap();
    let take = format!("/cases/{case}/import/take?side=applicant");
    let done = led(&world.form(&take, Some(OFFICER), &[("draft", draft), ("take", &by_item("2").0)]));
    assert_eq!(text_of(&world, case, 2), "窓口を定めています。");
    assert_eq!((text_of(&world, case, 1), text_of(&world, case, 3)), ("年1回見直します。".into(), String::new()));
    let said = world.page(&done, Some(OFFICER), Lang::En).text();
    assert!(said.contains("Imported: 1 field of 1 item."), "{said}");
    // The draft is used up.
    assert_eq!(world.page(&preview, Some(OFFICER), Lang::Ja).status, 404);
}

#[test]
fn a_change_after_the_preview_is_not_overwritten() {
    let world = World::fresh();
    let (case, _) = case(&world);
    let preview = led(&world.upload(&import_path(case), Some(OFFICER), "a.csv", &answers(&[(2, "beta")])));
    let ticks = ticks(&world.page(&preview, Some(OFFICER), Lang::Ja).text());
    let content = rules::answer::Content { text: "alpha".into(), ..Default::default() };
    world
        .app
        .execute(&world.actor(OFFICER), Command::GiveAnswer { case, item: ItemNo(2), base: Pos::NEVER, content, ready: false })
        .unwrap();
    let take = format!("/cases/{case}/import/take?side=applicant");
    let reply = world.form(&take, Some(OFFICER), &[("draft", preview.split("draft=").nth(1).unwrap()), ("take", &ticks[0].0)]);
    assert_eq!(reply.status, 409);
    assert!(reply.text().contains("alpha") && reply.text().contains("beta"), "both versions are shown");
    assert_eq!(text_of(&world, case, 2), "alpha");
}

#[test]
fn a_bad_file_gets_a_calm_message_and_somebody_elses_draft_nothing() {
    let world = World::shared();
    let (case, _) = case(world);
    for (name, bytes, says) in [
        ("a.xlsx", b"%PDF-1.7".as_slice(), "このファイルはPDF"),
        ("a.xlsx", b"", "ファイルが空です"),
        ("a.xlsx", b"PK\x03\x04broken", "壊れている"),
    ] {
        for path in [import_path(case), "/sheets/import".to_owned()] {
            let reply = world.upload(&path, Some(OFFICER), name, bytes);
            assert_eq!(reply.status, 422, "{path} {name}");
            assert!(reply.text().contains(says), "{path} {name}: {}", reply.text());
        }
    }
    assert_eq!(world.upload(&import_path(case), Some(COLLEAGUE), "a.csv", &answers(&[(1, "x")])).status, 403);
    assert_eq!(world.upload(&import_path(case), Some(STRANGER), "a.csv", &answers(&[(1, "x")])).status, 404);
    let form = led(&world.upload("/sheets/import", Some(OFFICER), "a.csv", "番号,確認事項,回答\n1,責任者はいますか。,\n".as_bytes()));
    assert_eq!(world.page(&form, Some(OFFICER), Lang::Ja).status, 200);
    assert_eq!(world.page(&form, Some(SECRETARIAT), Lang::Ja).status, 404);
}

#[test]
fn an_export_read_back_shows_no_difference() {
    let world = World::shared();
    let (case, csv) = case(world);
    let preview = led(&world.upload(&import_path(case), Some(OFFICER), "a.csv", csv.as_bytes()));
    let page = world.page(&preview, Some(OFFICER), Lang::Ja).text();
    assert!(page.contains("違いはありません") && ticks(&page).is_empty(), "{page}");
}

#[test]
fn an_evaluator_imports_verdicts_and_a_missing_improvement_is_named() {
    let world = World::fresh();
    let officer = world.actor(OFFICER);
    let submitted = world.app.case(&officer, world.running, Some(Side::Applicant)).unwrap();
    for facts in submitted.items.iter().filter(|i| i.verdict.as_ref().is_some_and(|v| !v.content.improvement.is_empty())) {
        let answer = Command::AnswerImprovement { case: world.running, item: facts.no, text: "改善しました。".into() };
        world.app.execute(&officer, answer).unwrap();
    }
    world.app.execute(&officer, Command::SubmitRound { case: world.running }).unwrap();
    world.app.execute(&world.actor(SECRETARIAT), Command::AcceptRound { case: world.running, number: None }).unwrap();
    let read = || world.app.case(&world.actor(EVALUATOR), world.running, Some(Side::Body)).unwrap();
    let verdict = |no| read().item(no).unwrap().1.verdict.as_ref().map(|v| v.content.clone()).unwrap_or_default();
    let open: Vec<ItemNo> = read().items.iter().map(|i| i.no).filter(|no| verdict(*no).mark == "conforms").take(2).collect();
    let (bare, whole) = (open[0], open[1]);
    let path = format!("/cases/{}/import?side=body", world.running);
    let file = format!("項目番号,判定結果,改善策\n{bare},不適合,\n{whole},不適合,手順を定めてください。\n");
    let preview = led(&world.upload(&path, Some(EVALUATOR), "判定.csv", file.as_bytes()));
    let all = ticks(&world.page(&preview, Some(EVALUATOR), Lang::Ja).text());
    assert!(all.iter().all(|(v, ticked)| *ticked != v.contains(".verdict.")), "a verdict that stands is replaced only on purpose: {all:?}");
    let take = |no: ItemNo| {
        let start = format!("{no}.");
        let mut fields = vec![("draft", preview.split("draft=").nth(1).unwrap())];
        fields.extend(all.iter().filter(|(v, _)| v.starts_with(&start)).map(|(v, _)| ("take", v.as_str())));
        world.form(&format!("/cases/{}/import/take?side=body", world.running), Some(EVALUATOR), &fields)
    };
    let refused = take(bare);
    assert_eq!((refused.status, refused.text().contains(&format!("項目{bare}: "))), (422, true), "{}", refused.text());
    assert_eq!(verdict(bare).mark, "conforms");
    led(&take(whole));
    assert_eq!((verdict(whole).mark.as_str(), verdict(whole).improvement.as_str()), ("fails", "手順を定めてください。"));
}

#[test]
fn any_form_becomes_a_sheet_and_its_columns_are_offered_again() {
    let world = World::fresh();
    let file = "青葉総合病院 確認票,,\n項番,確認事項,回答\n1-1,責任者はいますか。,\n1-2,教育を行っていますか。,\n".as_bytes();
    let columns = led(&world.upload("/sheets/import", Some(OFFICER), "確認票.csv", file));
    let page = world.page(&columns, Some(OFFICER), Lang::Ja).text();
    assert!(page.contains(r#"name="header_row" value="2""#), "{page}");
    let draft = columns.split("draft=").nth(1).unwrap();
    let chosen = "worksheet=&header_row=2&first_row=3&col.no=0&col.requirement=1&col.answer=2&title=%E7%A2%BA%E8%AA%8D%E7%A5%A8&id=aoba&edition=1&like=medical-cloud-253@2026-11";
    let twice = world.page(
        &format!("/sheets/import/items?draft={draft}&{}", chosen.replace("col.answer=2", "col.answer=1")),
        Some(OFFICER),
        Lang::Ja,
    );
    assert_eq!((twice.status, twice.text().contains("B列が2つの内容に選ばれています")), (422, true));
    let tried = world.page(&format!("/sheets/import/items?draft={draft}&{chosen}"), Some(OFFICER), Lang::En).text();
    assert!(tried.contains("2 items were read") && tried.contains("責任者はいますか。"), "{tried}");
    let fields: Vec<(String, String)> = form_urlencoded::parse(format!("draft={draft}&{chosen}").as_bytes()).into_owned().collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let saved = led(&world.form("/sheets/import/items", Some(OFFICER), &fields));
    assert_eq!(saved, "/sheets/aoba@1?saved=1");
    assert!(world.page(&saved, Some(SECRETARIAT), Lang::Ja).text().contains("教育を行っていますか。"));
    let again = led(&world.upload("/sheets/import", Some(OFFICER), "確認票.csv", file));
    assert!(world.page(&again, Some(OFFICER), Lang::Ja).text().contains("「確認票」の列の選択を使う"));
    assert!(
        !world
            .page(&led(&world.upload("/sheets/import", Some(STRANGER), "確認票.csv", file)), Some(STRANGER), Lang::Ja)
            .text()
            .contains("「確認票」の列の選択を使う")
    );
}
