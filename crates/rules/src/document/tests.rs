//! A small document from its clauses to its paper and through the states of its versions.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::date;

use super::clause::{Writing, save};
use super::facts::{Answered, Facts, Kept as Entries};
use super::paper::Block;
use super::*;
use crate::id::{Id, ItemNo, Pos};
use crate::refusal::Why;
use crate::register::{Entry, Register, Written};
use crate::text::{Lang, text};

fn document() -> Document {
    toml::from_str(
        r#"
        id = "operation_rules"
        name = { ja = "運用管理規程", en = "Operation rules" }
        about = { ja = "規程です。", en = "Rules." }
        label = "confidential"
        review_months = 12
        [[chapters]]
        id = "general"
        name = { ja = "総則", en = "General" }
        [[chapters.clauses]]
        id = "purpose"
        name = { ja = "目的", en = "Purpose" }
        serves = ["4:1"]
        words = { ja = "責任者は{head}とする。\n\n1. 一つ目\n2. 二つ目", en = "{head} is responsible.\n\n1. one\n2. two" }
        questions = [
            { id = "head", name = { ja = "責任者", en = "Head" }, kind = "line", required = true },
            { id = "since", name = { ja = "制定日", en = "Since" }, kind = "date" },
        ]
        [[chapters.clauses]]
        id = "parts"
        name = { ja = "分担", en = "Parts" }
        serves = ["4"]
        words = { ja = "分担を示す。", en = "Parts." }
        [[chapters.clauses.shows]]
        kind = "matrix"
        name = { ja = "分担表", en = "Matrix" }
        columns = [{ id = "us", name = { ja = "当社", en = "We" } }]
        marks = [{ id = "does", name = { ja = "○", en = "yes" } }, { id = "none", name = { ja = "−", en = "no" } }]
        rows = [{ id = "keys", name = { ja = "鍵", en = "Keys" }, usual = ["does"] }]
        [[chapters.clauses.shows]]
        kind = "table"
        name = { ja = "廃棄", en = "Disposals" }
        register = "disposal_record"
        columns = ["number", "outside"]
        states = ["done"]
        [[chapters.clauses.shows]]
        kind = "items"
        name = { ja = "開示", en = "Disclosed" }
        "#,
    )
    .unwrap()
}

fn person(n: u8) -> Id<crate::id::Person> {
    Id::new(u64::from(n), [n; 10])
}

fn registers() -> Vec<Register> {
    vec![crate::register::samples::register()]
}

fn saved(
    clause: &str,
    base: Pos,
    standing: Option<(&ClauseVersion, Pos)>,
    kept: &Kept,
) -> Result<Option<ClauseVersion>, crate::refusal::Refusal> {
    let document = document();
    let facts = crate::register::samples::facts();
    let writing = Writing { organisation: Id::new(1, [1; 10]), by: person(1), at: facts.now, facts: &facts };
    save(&document, document.clause(clause).unwrap(), standing, base, kept, &writing)
}

fn answered(question: &str, answer: &str) -> Kept {
    Kept { answers: Written::from([(question.to_owned(), vec![answer.to_owned()])]), ..Kept::default() }
}

fn made(kept: &BTreeMap<String, Kept>, facts: &Facts, lang: Lang) -> paper::Paper {
    let (document, registers) = (document(), registers());
    compose(&Made { document: &document, registers: &registers, kept, facts }, lang)
}

fn blocks(paper: &paper::Paper, clause: usize) -> &[Block] {
    &paper.chapters[0].sections[clause].blocks
}

fn opened(blocks: &[Block]) -> Vec<&str> {
    blocks.iter().filter_map(|b| if let Block::Open { words } = b { Some(words.as_str()) } else { None }).collect()
}

#[test]
fn a_clause_is_read_checked_and_kept_in_one_spelling() {
    let first = saved("purpose", Pos::NEVER, None, &answered("since", "令和8年11月20日")).unwrap().unwrap();
    assert_eq!((first.version, first.kept.answers["since"][0].as_str()), (1, "2026-11-20"));
    assert_eq!(saved("purpose", Pos::NEVER, None, &Kept::default()).unwrap(), None, "the usual wording is not worth a version");
    let same = saved("purpose", Pos(7), Some((&first, Pos(7))), &first.kept).unwrap();
    assert_eq!(same, None);
    let late = saved("purpose", Pos::NEVER, Some((&first, Pos(7))), &answered("head", "佐藤")).unwrap_err();
    assert_eq!(late.why, Why::Conflict);
    for (bad, field) in [
        (answered("since", "tomorrow"), None),
        (answered("colour", "red"), None),
        (Kept { ja: "{who}とする。".into(), ..Kept::default() }, Some("ja")),
        (Kept { en: "Only English".into(), ..Kept::default() }, Some("ja")),
        (Kept { ja: "あ".repeat(20_001), ..Kept::default() }, Some("ja")),
        (Kept { marks: [("keys.us".into(), "does".into())].into(), ..Kept::default() }, Some("marks")),
    ] {
        let refused = saved("purpose", Pos::NEVER, None, &bad).unwrap_err();
        assert_eq!(refused.field, field, "{refused:?}");
    }
}

#[test]
fn only_marks_that_are_not_usual_are_kept() {
    let marked = |mark: &str| Kept { marks: [("keys.us".to_owned(), mark.to_owned())].into(), ..Kept::default() };
    assert_eq!(saved("parts", Pos::NEVER, None, &marked("does")).unwrap(), None);
    let kept = saved("parts", Pos::NEVER, None, &marked("none")).unwrap().unwrap().kept;
    assert_eq!(kept.marks["keys.us"], "none");
    assert_eq!(saved("parts", Pos::NEVER, None, &marked("some")).unwrap_err().field, Some("marks"));
    let paper = made(&[("parts".to_owned(), kept)].into(), &Facts::default(), Lang::En);
    let Block::Table(table) = &blocks(&paper, 1)[1] else { panic!() };
    assert_eq!(
        (table.headings.clone(), table.rows.clone()),
        (vec!["Matter".to_owned(), "We".into()], vec![vec!["Keys".to_owned(), "no".into()]])
    );
}

#[test]
fn what_is_open_stands_in_the_paper_as_open() {
    let nothing = made(&BTreeMap::new(), &Facts::default(), Lang::En);
    assert_eq!(blocks(&nothing, 0)[0], Block::Paragraph { words: "[open: Head] is responsible.".into() });
    assert_eq!(blocks(&nothing, 0)[1], Block::List { numbered: true, items: vec!["one".into(), "two".into()] });
    assert_eq!(opened(blocks(&nothing, 0)), ["Head is not answered."]);
    assert_eq!(opened(blocks(&nothing, 1)).len(), 2, "no entry, and no case");

    let mut all = BTreeMap::from([("purpose".to_owned(), answered("head", "{since}"))]);
    all.get_mut("purpose").unwrap().answers.insert("since".into(), vec!["2026-11-20".into()]);
    let filled = made(&all, &Facts::default(), Lang::Ja);
    assert_eq!(blocks(&filled, 0)[0], Block::Paragraph { words: "責任者は{since}とする。".into() }, "an answer is never a question");
    assert!(
        matches!(&blocks(&filled, 0)[2], Block::Table(t) if t.rows == [["制定日", "2026-11-20"]]),
        "an answer without a place stands alone"
    );
    assert_eq!(opened(blocks(&filled, 0)), Vec::<&str>::new());

    let own = Kept { ja: "自社の文言".into(), ..Kept::default() };
    let all =
        BTreeMap::from([("purpose".to_owned(), own), ("parts".to_owned(), Kept { left_out: "委託しない".into(), ..Kept::default() })]);
    let paper = made(&all, &Facts::default(), Lang::En);
    assert_eq!(blocks(&paper, 0)[0], Block::Paragraph { words: "自社の文言".into() });
    assert_eq!(blocks(&paper, 1), [Block::Paragraph { words: "This clause is left out. Reason: 委託しない".into() }]);
}

#[test]
fn tables_and_items_are_made_of_facts() {
    let facts = crate::register::samples::facts();
    let entry = |n: &str, state: &str| Entry {
        id: Id::new(1, [1; 10]),
        register: "disposal_record".into(),
        organisation: Id::new(1, [1; 10]),
        version: 1,
        state: state.into(),
        label: crate::evidence::Label::Confidential,
        fields: crate::register::samples::written(&[("number", n), ("outside", "no: 自社")]),
        by: person(1),
        at: facts.now,
    };
    let entries = vec![entry("D-2", "done"), entry("D-1", "done"), entry("D-3", "planned")];
    let kept = Entries { entries, counts: [("done".to_owned(), 9)].into(), newest: None };
    let answered = |no: u16, words: &str| Answered { no: ItemNo(no), title: text("題", "Title"), words: words.into() };
    let facts = Facts {
        registers: [("disposal_record".to_owned(), kept)].into(),
        items: Some(vec![answered(1, "開示する"), answered(2, " ")]),
        ..Facts::default()
    };
    let paper = made(&BTreeMap::new(), &facts, Lang::En);
    let tables: Vec<&paper::Table> =
        blocks(&paper, 1).iter().filter_map(|b| if let Block::Table(t) = b { Some(t) } else { None }).collect();
    assert_eq!(tables[1].rows, [["D-1", "No (自社)"], ["D-2", "No (自社)"]]);
    assert_eq!(tables[2].rows, [["1", "Title", "開示する"], ["2", "Title", "[open]"]]);
    assert_eq!(opened(blocks(&paper, 1)), ["The register has 9 entries; this was made from the newest 3.", "1 items are not answered."]);
}

fn version(number: u32) -> Standing {
    Standing {
        id: Id::new(u64::from(number), [1; 10]),
        document: "operation_rules".into(),
        entry: None,
        number,
        label: crate::evidence::Label::Confidential,
        digest: crate::id::Digest([1; 32]),
        by: person(1),
        at: "2026-11-20T03:00:00Z".parse().unwrap(),
        pos: Pos(i64::from(number)),
        approval: None,
        withdrawal: None,
    }
}

fn approved(number: u32, from: jiff::civil::Date, until: Option<jiff::civil::Date>) -> Standing {
    let now = version(number);
    let Documenting::DocumentApproved { approval, .. } = approve(&now, person(2), (from, until), now.at, date(2026, 11, 20)).unwrap()
    else {
        panic!()
    };
    Standing { approval: Some(approval), ..now }
}

#[test]
fn a_version_goes_its_way() {
    let today = date(2026, 11, 20);
    let (first, second) = (approved(1, today, Some(date(2026, 12, 31))), approved(2, date(2026, 12, 1), None));
    let both = [first.clone(), second.clone()];
    let states = |day| [state(&first, &both, day), state(&second, &both, day)];
    assert_eq!(states(today), [State::InForce, State::Coming]);
    assert_eq!(states(date(2026, 12, 1)), [State::Superseded, State::InForce]);
    assert_eq!(state(&first, &both[..1], date(2027, 1, 1)), State::Expired);
    let Documenting::DocumentWithdrawn { withdrawal, .. } = withdraw(&second, person(2), "誤り", second.at).unwrap() else { panic!() };
    let gone = Standing { withdrawal: Some(withdrawal), ..second };
    assert_eq!(state(&gone, &[first.clone(), gone.clone()], date(2026, 12, 1)), State::Withdrawn);
    assert_eq!(state(&first, &[first.clone(), gone.clone()], date(2026, 12, 1)), State::InForce, "what was withdrawn supersedes nothing");
    assert!(withdraw(&gone, person(2), "もう一度", gone.at).is_err() && withdraw(&first, person(2), " ", first.at).is_err());
}

#[test]
fn who_proposed_never_approves_and_one_version_waits_at_a_time() {
    let today = date(2026, 11, 20);
    let waiting = version(3);
    let asks = |by, days| approve(&waiting, by, days, waiting.at, today);
    assert_eq!(asks(person(1), (today, None)).unwrap_err().why, Why::Forbidden);
    assert_eq!(asks(person(2), (date(2026, 11, 19), None)).unwrap_err().field, Some("from"));
    assert_eq!(asks(person(2), (today, Some(date(2026, 11, 19)))).unwrap_err().field, Some("until"));
    assert!(asks(person(2), (today, None)).is_ok());
    let done = approved(2, today, None);
    assert_eq!(approve(&done, person(3), (today, None), done.at, today).unwrap_err().why, Why::State);
    assert_eq!(next(&[]).unwrap(), 1);
    assert_eq!(next(std::slice::from_ref(&done)).unwrap(), 3);
    assert_eq!(next(&[done, waiting]).unwrap_err().why, Why::State);
}

#[test]
fn a_head_says_version_dates_and_digest() {
    let names = BTreeMap::from([(person(1).to_string(), "佐藤".to_owned()), (person(2).to_string(), "鈴木".to_owned())]);
    let paper = dress(made(&BTreeMap::new(), &Facts::default(), Lang::En), &approved(2, date(2026, 11, 20), None), &names);
    let told: BTreeSet<&str> = paper.about.iter().map(|(_, value)| value.as_str()).collect();
    assert!(["2", "佐藤", "鈴木", "2026-11-20", "Confidential"].iter().all(|word| told.contains(word)), "{told:?}");
    assert!(paper.footer.contains("version 2") && paper.footer.contains(&"01".repeat(32)));
    assert_eq!(serde_json::from_str::<paper::Paper>(&serde_json::to_string(&paper).unwrap()).unwrap(), paper);
}

#[test]
fn two_papers_differ_where_their_words_do() {
    let facts = Facts::default();
    let before = made(&BTreeMap::new(), &facts, Lang::En);
    let after = made(
        &[("purpose".to_owned(), answered("head", "Sato"))].into(),
        &Facts { at: "2026-11-20T03:00:00Z".parse().unwrap(), ..facts },
        Lang::En,
    );
    let told = compare(&before, &after);
    assert_eq!(told.len(), 1);
    assert!(told[0].heading == "Purpose" && told[0].before.contains("[open: Head]") && told[0].after.starts_with("Sato is responsible."));
    assert_eq!(compare(&after, &after), []);
    assert_eq!((open_in(&before)["general-purpose"], open_in(&after).get("general-purpose")), (1, None));
}
