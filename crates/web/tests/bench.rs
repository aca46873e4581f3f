//! The evaluation body's pages as a story: taking a round in, judging it, returning it, deciding, and what an outsider may verify.

use rules::case::Part;
use rules::command::Command;
use rules::id::{self, Id, ItemNo};
use rules::policy::Side;
use rules::text::Lang;
use web::testing::{DECIDER, EVALUATOR, OFFICER, SECRETARIAT, World};

const SECOND: &str = "second@example.jp";

/// The running case with every 改善策 answered and item 20 changed, submitted again and accepted.
fn in_review() -> (World, String) {
    let world = World::fresh();
    let (case, officer) = (world.running, world.actor(OFFICER));
    let read = world.app.case(&officer, case, Some(Side::Applicant)).unwrap();
    for facts in read.items.iter().filter(|f| f.verdict.as_ref().is_some_and(|v| !v.content.improvement.is_empty())) {
        world.app.execute(&officer, Command::AnswerImprovement { case, item: facts.no, text: "様式を改めました。".into() }).unwrap();
    }
    let (_, facts) = read.item(ItemNo(20)).unwrap();
    let answer = facts.answer.as_ref().unwrap();
    let content = rules::answer::Content { text: "鍵は半年ごとに更新しています。".into(), ..answer.content.clone() };
    world.app.execute(&officer, Command::GiveAnswer { case, item: ItemNo(20), base: answer.pos, content, ready: true }).unwrap();
    world.app.execute(&officer, Command::SubmitRound { case }).unwrap();
    let bench = format!("/cases/{case}/bench");
    let accepted = world.form(&format!("/cases/{case}/body/accept"), Some(SECRETARIAT), &[]);
    assert_eq!(accepted.status, 303, "{}", accepted.text());
    (world, bench)
}

fn hidden(page: &str, name: &str) -> String {
    let mark = format!(r#"name="{name}" value=""#);
    let at = page.find(&mark).unwrap_or_else(|| panic!("no {name} in {page}")) + mark.len();
    page[at..].split('"').next().unwrap().to_owned()
}

#[test]
fn a_changed_item_shows_what_changed_and_is_judged_afresh() {
    let (world, bench) = in_review();
    let start = world.page(&format!("{bench}?only=todo"), Some(EVALUATOR), Lang::Ja);
    assert!(start.text().contains(r#"tabindex="-1">9. "#), "it opens at the first item whose improvement is answered");
    let page = world.page(&format!("{bench}/20"), Some(EVALUATOR), Lang::Ja).text();
    assert!(page.contains("前回の回答との違い") && page.contains("鍵は半年ごと"), "the difference is shown");
    let marks = scraper::Html::parse_document(&page);
    let chosen = scraper::Selector::parse("input[name=mark][checked]").unwrap();
    assert_eq!(marks.select(&chosen).count(), 0, "a verdict on words that changed is not offered again");
    let page = world.page(&format!("{bench}/21"), Some(EVALUATOR), Lang::Ja).text();
    assert_eq!(scraper::Html::parse_document(&page).select(&chosen).count(), 1, "what stands is offered");
}

#[test]
fn a_verdict_is_kept_when_refused_and_goes_on_when_saved() {
    let (world, bench) = in_review();
    let base = hidden(&world.page(&format!("{bench}/20"), Some(EVALUATOR), Lang::Ja).text(), "base");
    let path = format!("{bench}/20/verdict");
    let refused =
        world.form(&path, Some(EVALUATOR), &[("base", &base), ("mark", "conditional"), ("remarks", "消えない備考"), ("only", "todo")]);
    let text = refused.text();
    assert_eq!(refused.status, 422);
    assert!(text.contains("消えない備考") && text.contains("f-verdict-improvement-error") && text.contains(r#"name="only" value="todo""#));
    let saved = world.form(&path, Some(EVALUATOR), &[("base", &base), ("mark", "conforms"), ("only", "todo")]);
    assert_eq!(saved.header("location"), format!("{bench}/27?only=todo&saved=verdict-20"), "the next of the narrowed list");
}

#[test]
fn two_verdicts_at_once_are_shown_side_by_side_and_saving_again_is_a_choice() {
    let (world, bench) = in_review();
    let base = hidden(&world.page(&format!("{bench}/20"), Some(EVALUATOR), Lang::Ja).text(), "base");
    let path = format!("{bench}/20/verdict");
    assert_eq!(world.form(&path, Some(EVALUATOR), &[("base", &base), ("mark", "conforms"), ("remarks", "先の備考")]).status, 303);
    let late = [("mark", "fails"), ("improvement", "後の改善策"), ("remarks", "後の備考")];
    let conflict = world.form(&path, Some(EVALUATOR), &[&[("base", base.as_str())][..], &late].concat());
    let text = conflict.text();
    assert_eq!(conflict.status, 409);
    assert!(text.contains("先の備考") && text.contains("後の備考") && text.contains("後の改善策"));
    let newer = hidden(&text, "base");
    assert_ne!(newer, base);
    assert_eq!(world.form(&path, Some(EVALUATOR), &[&[("base", newer.as_str())][..], &late].concat()).status, 303);
}

#[test]
fn a_phrase_is_added_without_a_script_and_without_saving() {
    let (world, bench) = in_review();
    let base = hidden(&world.page(&format!("{bench}/20"), Some(EVALUATOR), Lang::Ja).text(), "base");
    let fields = [("base", base.as_str()), ("improvement", "はじめ"), ("phrase", "定型の文"), ("insert", "improvement")];
    let page = world.form(&format!("{bench}/20/verdict"), Some(EVALUATOR), &fields);
    assert_eq!(page.status, 200);
    assert!(page.text().contains("はじめ\n定型の文"));
    assert_eq!(hidden(&world.page(&format!("{bench}/20"), Some(EVALUATOR), Lang::Ja).text(), "base"), base, "nothing was saved");
}

#[test]
fn the_second_evaluator_approves_and_does_not_judge() {
    let (world, bench) = in_review();
    let first = world.page(&format!("{bench}/21"), Some(EVALUATOR), Lang::Ja).text();
    assert!(first.contains("/21/verdict") && !first.contains("/21/approve"));
    let second = world.page(&format!("{bench}/21"), Some(SECOND), Lang::Ja).text();
    assert!(!second.contains("/21/verdict") && second.contains("/21/approve"));
    let seen = hidden(&second, "seen");
    let path = format!("{bench}/21/approve");
    assert_eq!(world.form(&path, Some(SECOND), &[("seen", &seen), ("agrees", "no")]).status, 422, "an objection needs words");
    assert_eq!(world.form(&path, Some(SECOND), &[("seen", &seen), ("agrees", "yes")]).status, 303);
}

#[test]
fn interests_are_declared_before_the_first_item_is_seen() {
    let (world, bench) = in_review();
    let case = world.running;
    let person = world.actor(SECOND).person.unwrap();
    world.app.execute(&world.actor(SECRETARIAT), Command::ReleaseEvaluator { case, person }).unwrap();
    world.app.execute(&world.actor(SECRETARIAT), Command::AssignEvaluator { case, person, part: Part::Second }).unwrap();
    let page = world.page(&format!("{bench}/20"), Some(SECOND), Lang::Ja).text();
    assert!(page.contains("利益相反の申告") && !page.contains("鍵は半年ごと"));
    let empty = world.form(&format!("{bench}/interest"), Some(SECOND), &[("conflict", "yes")]);
    assert_eq!(empty.status, 422, "a conflict needs words");
    assert_eq!(world.form(&format!("{bench}/interest"), Some(SECOND), &[("conflict", "no")]).header("location"), bench);
    assert!(world.page(&format!("{bench}/20"), Some(SECOND), Lang::Ja).text().contains("鍵は半年ごと"));
}

#[test]
fn a_refused_return_or_decision_keeps_what_was_written() {
    let (world, _) = in_review();
    let body = format!("/cases/{}/body", world.running);
    let refused = world.form(&format!("{body}/return"), Some(SECRETARIAT), &[("which", "flagged"), ("message", "消えない依頼文")]);
    assert!(refused.status >= 400 && refused.text().contains("消えない依頼文"));
    let refused = world.form(&format!("{body}/decide"), Some(DECIDER), &[("certify", "yes"), ("grounds", "消えない根拠")]);
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("消えない根拠") && refused.text().contains("判定されていない項目"));
    // A form that came too late says why, although it is not on the page any more.
    let late = world.form(&format!("{body}/accept"), Some(SECRETARIAT), &[]);
    assert_eq!(late.status, 409);
    assert!(late.text().contains("error-summary"));
}

#[test]
fn a_certificate_is_verified_by_anybody_and_a_withdrawn_one_says_so() {
    let world = World::fresh();
    let case: Id<id::Case> = world.certified;
    let read = world.app.case(&world.actor(SECRETARIAT), case, Some(Side::Body)).unwrap();
    let code = read.facts.certificate.unwrap().code;
    let typed = code.to_lowercase().replace('-', "");
    assert_eq!(world.page(&format!("/verify?code={typed}"), None, Lang::Ja).header("location"), format!("/verify/{code}"));
    assert!(world.page(&format!("/verify/{code}"), None, Lang::En).text().contains("This certificate is valid."));
    let wrong = world.page("/verify/AAAA-AAAA-AAAA-AAAA", None, Lang::En);
    assert_eq!(wrong.status, 404);
    assert!(wrong.text().contains("There is no certificate with this code.") && wrong.text().contains("<form"));
    let withdrawn =
        world.form(&format!("/cases/{case}/body/withdraw"), Some(SECRETARIAT), &[("reason", "重大な変更が報告されなかったため")]);
    assert_eq!(withdrawn.status, 303, "{}", withdrawn.text());
    assert!(world.page(&format!("/verify/{code}"), None, Lang::En).text().contains("This certificate was withdrawn."));
}
