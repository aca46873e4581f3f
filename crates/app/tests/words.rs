//! Words of files: found by who may see the file and by nobody else, never in plain in the database, and read again when gone.

mod common;

use app::read::Hit;
use app::read::search::HitKind;
use app::words::WordsRead;
use common::{World, worlds};
use rules::act::Actor;
use rules::answer::Content;
use rules::command::Command;
use rules::evidence::{ClaimContent, Evidence, Label};
use rules::id::{self, Id, ItemNo, Pos};
use rules::vault::KeyRole;
use store::audit::Audit;

const ITEM: ItemNo = ItemNo(81);
/// Words that stand in the file of a test and nowhere else.
const WORDS: &str = "第七金庫の開錠手順";

fn within(w: &World, actor: &Actor, query: &str) -> Vec<Hit> {
    w.app.search(actor, query).unwrap().into_iter().filter(|h| h.kind == HitKind::Words).collect()
}

fn evidence(w: &World, id: Id<id::Evidence>) -> Evidence {
    w.app.document(w.actor("officer"), id).unwrap().0.remove(0)
}

fn rules_pdf() -> Vec<u8> {
    std::fs::read(format!("{}/../../fixtures/words/rules.pdf", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Reads every file that waits, in as many turns as it takes.
fn read_all(w: &World) {
    while w.app.read_words().unwrap() > 0 {}
}

#[test]
fn files_are_found_by_their_words_by_who_may_see_them() {
    for w in worlds() {
        let officer = w.actor("officer");
        let case = w.open_case();
        let pdf = w.upload("officer", "規程.pdf", &rules_pdf());
        let log = w.upload("officer", "log.txt", WORDS.as_bytes());
        assert_eq!(w.app.words_read(&evidence(&w, pdf)).unwrap(), WordsRead::NotYet);
        assert!(within(&w, officer, "暗号鍵").is_empty());
        read_all(&w);
        assert_eq!(w.app.words_read(&evidence(&w, pdf)).unwrap(), WordsRead::Read { pages: 2, cut: false });

        let hits = within(&w, officer, "暗号鍵　ﾊﾞｯｸｱｯﾌﾟ");
        assert_eq!(hits.len(), 1, "{hits:?}");
        let hit = &hits[0];
        assert_eq!((hit.evidence, hit.page, hit.title.ja.as_ref(), hit.snippet.len()), (Some(pdf), Some(2), "規程.pdf", 0));
        // Words on two pages, and pairs that are there without the word.
        assert_eq!(within(&w, officer, "医療情報 バックアップ")[0].page, None);
        assert!(within(&w, officer, "号鍵は人").is_empty());
        assert_eq!(within(&w, officer, "開錠")[0].evidence, Some(log));

        // The body finds what was handed in, and nobody else anything.
        let content = ClaimContent { evidence: Some(pdf), page: Some(2), ..ClaimContent::default() };
        w.act("officer", Command::MakeClaims { case, items: vec![ITEM], content });
        let content = Content { text: "定めています。".into(), ..Content::default() };
        w.act("officer", Command::GiveAnswer { case, item: ITEM, base: Pos::NEVER, content, ready: true });
        assert!(within(&w, w.actor("secretariat"), "暗号鍵").is_empty(), "it is not submitted");
        w.act("officer", Command::SubmitRound { case });
        let hits = within(&w, w.actor("secretariat"), "暗号鍵");
        assert_eq!(
            hits.iter().map(|h| (h.evidence, h.case, h.item, h.page)).collect::<Vec<_>>(),
            [(Some(pdf), Some(case), Some(ITEM), Some(2))]
        );
        assert!(within(&w, w.actor("secretariat"), "開錠").is_empty(), "it is not claimed");
        for other in ["evaluator", "stranger", "operator"] {
            assert!(within(&w, w.actor(other), "暗号鍵").is_empty(), "{other}");
        }

        // A new version takes the place of the old one for its own people; the body still has what was handed in.
        let add = w.app.add_evidence(officer, "規程.txt", "第二版の文言".as_bytes(), Label::Confidential, None, Some(pdf));
        let second: Id<id::Evidence> = add.unwrap().made.unwrap().parse().unwrap();
        read_all(&w);
        assert!(within(&w, officer, "暗号鍵").is_empty());
        assert_eq!(within(&w, officer, "第二版")[0].evidence, Some(second));
        assert_eq!(within(&w, w.actor("secretariat"), "暗号鍵").len(), 1);
        assert!(within(&w, w.actor("secretariat"), "第二版").is_empty());
    }
}

#[test]
fn the_database_holds_no_word_of_a_file_in_plain_and_is_sound() {
    for w in worlds() {
        w.upload("officer", "log.txt", format!("{WORDS} reading of the meter").as_bytes());
        read_all(&w);
        assert_eq!(within(&w, w.actor("officer"), "開錠手順 METER").len(), 1);
        let plain: Vec<String> = ["第七金庫", "開錠手順", "reading of the meter"].map(str::to_owned).to_vec();
        if let Some(files) = store::erase::find_in_files(w.app.store(), &plain).unwrap() {
            assert_eq!(files.found, Vec::<String>::new());
        }
        if let Some(tables) = w.scratch().raw_tables_with("第七金庫") {
            assert_eq!(tables, Vec::<String>::new());
        }
        let found = Audit::open(w.location()).unwrap().run(&mut |_, _| {});
        assert_eq!(found.findings, []);
        w.app.verify().unwrap();
    }
}

#[test]
fn what_cannot_be_read_says_why_and_is_not_tried_for_ever() {
    let w = World::sqlite();
    let cases: [(&str, &[u8], &str); 3] = [
        ("broken.pdf", b"%PDF-1.7 and no more", "damaged"),
        ("picture.png", b"\x89PNG\r\n\x1a\n0000", "kind of file"),
        ("empty.txt", b"  \n", "pictures only"),
    ];
    let ids: Vec<_> = cases.iter().map(|(name, bytes, _)| w.upload("officer", name, bytes)).collect();
    read_all(&w);
    for (id, (name, _, words)) in ids.into_iter().zip(cases) {
        let read = w.app.words_read(&evidence(&w, id)).unwrap();
        assert!(read.detail().is_some_and(|why| why.en.contains(words)), "{name}: {read:?}");
    }
    assert_eq!(w.app.read_words().unwrap(), 0);
}

#[test]
fn words_are_read_again_when_the_keys_of_files_are_retired() {
    let w = World::sqlite();
    w.upload("officer", "log.txt", WORDS.as_bytes());
    read_all(&w);
    w.act("operator", Command::RotateKey { key: KeyRole::Files, reason: "yearly".into() });
    while w.app.renew_files().unwrap() > 0 {}
    assert_eq!(within(&w, w.actor("officer"), "開錠").len(), 1, "the old key still opens them");
    w.later(3601);
    assert_eq!(w.app.renew_files().unwrap(), 0);
    assert!(within(&w, w.actor("officer"), "開錠").is_empty());
    read_all(&w);
    assert_eq!(within(&w, w.actor("officer"), "開錠").len(), 1);
}
