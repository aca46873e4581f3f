//! A hospital's own form comes in, is mapped, answered from what stands, and goes back as the same file; the next one remembers.

mod common;

use app::draft::Draft;
use app::questionnaire_file::QuestionnaireWishes;
use common::{World, refusal, worlds};
use documents::read_table::{Limits, read_table};
use documents::rows::rows_xlsx;
use rules::answer::Content;
use rules::command::Command;
use rules::id::{self, Id, ItemNo, Pos};
use rules::questionnaire::{Because, Gap, Reply, Said};
use rules::refusal::Why;

/// The shape of the yearly checklist, with one question of a wording of its own.
fn form(first: &str) -> Draft {
    let rows: Vec<Vec<String>> = [
        ["No.", "チェック項目", "回答", "目標日", "備考"],
        ["1", first, "", "", ""],
        ["2", "機器や媒体を廃棄する際、作業担当者、作業日時などの記録を作成しているか。", "", "", "病院の注"],
        ["3", "=1+1 <b>好きな色</b>は何か。", "", "", ""],
    ]
    .map(|row| row.map(str::to_owned).to_vec())
    .to_vec();
    Draft { name: "北病院 調査票.xlsx".into(), bytes: rows_xlsx("調査票", &rows).unwrap() }
}

const FIRST: &str = "バックアップの取得状況を確認していますか。";

fn taken(w: &World, case: Id<id::Case>, draft: &Draft) -> Id<id::Questionnaire> {
    let layout = w.app.open_questionnaire(w.actor("officer"), draft, 5).unwrap().suggested.unwrap();
    let wishes = QuestionnaireWishes { name: "2026年度".into(), asker: "北病院".into(), due: None, case, layout };
    w.app.add_questionnaire(w.actor("officer"), draft, wishes).unwrap().made.unwrap().parse().unwrap()
}

#[test]
fn a_form_is_answered_from_what_stands_and_goes_back_as_the_same_file() {
    for w in worlds() {
        let case = w.open_case();
        let content = Content { text: "毎日、全件を取得し、別の場所に保管する。".into(), ..Content::default() };
        w.act("officer", Command::GiveAnswer { case, item: ItemNo(137), base: Pos::NEVER, content, ready: false });
        let id = taken(&w, case, &form(FIRST));
        let read = || w.app.questionnaire(w.actor("officer"), id).unwrap();
        let now = read();
        assert_eq!(
            now.questions.iter().map(|q| (q.asked.row, q.asked.number.clone())).collect::<Vec<_>>(),
            [(1, "1".into()), (2, "2".into()), (3, "3".into())]
        );
        let disposal = &now.question(2).unwrap().suggested;
        assert!(disposal.iter().any(|s| s.item == ItemNo(214)), "{disposal:?}");
        assert!(now.questions.iter().all(|q| q.gaps == [Gap::Unmapped, Gap::Unanswered]));

        // A person maps: one to an item with an answer, one to none at all.
        let map = |mapped: &[(u32, &[u16])]| Command::MapQuestions {
            questionnaire: id,
            mapped: mapped.iter().map(|(row, items)| (*row, items.iter().map(|n| ItemNo(*n)).collect())).collect(),
        };
        assert_eq!(w.act("officer", map(&[(1, &[137]), (2, &[214, 209, 214]), (3, &[])])).changes, 3);
        assert_eq!(w.act("officer", map(&[(1, &[137])])).changes, 0);
        assert_eq!(refusal(w.app.execute(w.actor("officer"), map(&[(1, &[999])]))).field, Some("items"));
        let now = read();
        assert_eq!(now.question(1).unwrap().draft.words, "毎日、全件を取得し、別の場所に保管する。");
        // Nobody judged: whether it is a yes is not for Akashi to say.
        assert_eq!(now.question(1).unwrap().draft.said, None);
        assert_eq!(now.question(2).unwrap().items.as_deref(), Some(&[ItemNo(209), ItemNo(214)][..]));

        let answer = |row, base, said, words: &str, target: Option<&str>| Command::AnswerQuestion {
            questionnaire: id,
            row,
            base,
            reply: Reply { said, words: words.into(), target: target.map(|t| t.parse().unwrap()) },
        };
        w.act("officer", answer(1, Pos::NEVER, Some(Said::Yes), "=毎日取得", None));
        w.act("colleague", answer(2, Pos::NEVER, Some(Said::No), "", None));
        assert_eq!(read().question(2).unwrap().gaps, [Gap::NoTarget]);
        // Somebody was faster: nothing is written over.
        assert_eq!(w.refused("officer", answer(2, Pos::NEVER, Some(Said::Yes), "", None)), Why::Conflict);
        let base = read().question(2).unwrap().given.as_ref().unwrap().pos;
        w.act("officer", answer(2, base, Some(Said::No), "", Some("2027-03-31")));
        assert_eq!(w.app.questionnaires(w.actor("officer")).unwrap()[0].open, 1);

        let made = w.app.fill_questionnaire(w.actor("officer"), id).unwrap();
        assert_eq!(made.name, "北病院 調査票.xlsx");
        let table = read_table(&made.bytes, &made.name, &Limits::default()).unwrap();
        let cell = |row, column| table.book.worksheets[0].at(row, column).map(|(v, _)| v.shown()).unwrap_or_default();
        assert_eq!([cell(1, 2), cell(1, 4), cell(2, 2), cell(2, 3)], ["はい", "=毎日取得", "いいえ", "2027-03-31"]);
        // What the institution wrote itself stays, and so does what was not answered.
        assert_eq!([cell(2, 4), cell(3, 2), cell(1, 1)], ["病院の注", "", FIRST]);

        // The next institution asks the same in other words.
        let next = taken(&w, case, &form("　バックアップの取得状況を確認していること"));
        let again = w.app.questionnaire(w.actor("colleague"), next).unwrap();
        let because: Vec<_> = again.questions[0].suggested.iter().map(|s| (s.item, s.because.clone())).collect();
        assert_eq!(because, [(ItemNo(137), Because::Before)]);
        let expected = w.app.store().read(store::rebuild::contents).unwrap();
        for target in store::testing::both_engines() {
            store::rebuild::rebuild(w.app.store(), &target, |_| {}).unwrap();
            let rebuilt = target.read(store::rebuild::contents).unwrap();
            for table in ["questionnaire", "question_mapping", "question_answer"] {
                assert!(!expected[table].is_empty());
                assert_eq!(rebuilt[table], expected[table], "{table}");
            }
        }
    }
}

#[test]
fn nobody_else_sees_or_answers_it_and_nobody_answers_from_anothers_case() {
    for w in worlds() {
        let case = w.open_case();
        let id = taken(&w, case, &form(FIRST));
        for who in ["stranger", "secretariat", "evaluator", "hospital", "operator"] {
            assert!(w.app.questionnaire(w.actor(who), id).is_err(), "{who}");
            assert!(w.app.fill_questionnaire(w.actor(who), id).is_err(), "{who}");
            let map = Command::MapQuestions { questionnaire: id, mapped: [(1, vec![ItemNo(1)])].into() };
            assert!(w.app.execute(w.actor(who), map).is_err(), "{who}");
            assert!(w.app.questionnaires(w.actor(who)).is_ok_and(|all| all.is_empty()) || who != "stranger");
        }
        let draft = form(FIRST);
        let layout = w.app.open_questionnaire(w.actor("stranger"), &draft, 5).unwrap().suggested.unwrap();
        let wishes = QuestionnaireWishes { name: "盗用".into(), asker: "X".into(), due: None, case, layout };
        let told = refusal(w.app.add_questionnaire(w.actor("stranger"), &draft, wishes));
        assert_eq!((told.why, told.field), (Why::NotFound, Some("case")));
    }
}

#[test]
fn a_form_that_cannot_be_filled_is_refused_before_anybody_works_on_it() {
    let w = World::sqlite();
    let case = w.open_case();
    let layout = w.app.open_questionnaire(w.actor("officer"), &form(FIRST), 5).unwrap().suggested.unwrap();
    let csv = Draft { name: "f.csv".into(), bytes: "No.,チェック項目,回答,目標日,備考\n1,問い,,,\n".into() };
    let files = w.app.library(w.actor("officer")).unwrap().len();
    let layout_of_csv = w.app.open_questionnaire(w.actor("officer"), &csv, 5).unwrap().suggested.unwrap();
    let wishes = |layout| QuestionnaireWishes { name: "x".into(), asker: "x".into(), due: None, case, layout };
    let told = refusal(w.app.add_questionnaire(w.actor("officer"), &csv, wishes(layout_of_csv)));
    assert_eq!(told.field, Some("file"));
    let beyond = rules::questionnaire::Layout { first_row: 99, ..layout };
    let told = refusal(w.app.add_questionnaire(w.actor("officer"), &form(FIRST), wishes(beyond)));
    assert_eq!(told.faults.len(), 1);
    assert_eq!(w.app.library(w.actor("officer")).unwrap().len(), files);
}
