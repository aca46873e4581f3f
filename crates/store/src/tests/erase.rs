//! Erasing in the database: nothing leaves an insert-only table without a tombstone, and what left is in no byte of the file.

use rules::act::{Act, Actor};
use rules::change::Change;
use rules::id::{Id, ItemNo, Pos};
use rules::keeping::{Erasure, Keeping, Matter};
use rules::policy::Side;

use super::*;
use crate::erase;

const CANARY: &str = "カナリアの言葉 canary";

/// A store with an organisation, a person, a case and a message in it.
fn filled(store: &Scratch) -> (Vec<Pos>, rules::id::Id<rules::id::Case>) {
    let act = |n: u8| Act::new(Actor::system(), jiff::Timestamp::from_second(1_763_787_967 + i64::from(n)).unwrap(), [n; 32]);
    let (organisation, person, product, case) = (id(1), id(2), id(3), id(4));
    let mut changes = vec![Change::OrganisationAdded(rules::party::Organisation {
        id: organisation,
        name: "機構".into(),
        kinds: vec![],
        settings: Default::default(),
    })];
    changes.push(Change::PersonAdded(rules::party::Person {
        id: person,
        name: "人".into(),
        email: "a@example.jp".into(),
        lang: Default::default(),
        kind: Default::default(),
    }));
    changes.push(Change::ProductSaved(rules::party::Product {
        id: product,
        organisation,
        name: "製品".into(),
        description: String::new(),
        profile: Default::default(),
    }));
    changes.push(Change::CaseOpened(rules::case::Case {
        id: case,
        number: None,
        provider: organisation,
        body: organisation,
        product,
        sheet: rules::sheet::SheetId("test@1".into()),
        state: rules::case::State::Draft,
        round: 0,
        renews: None,
        opened: act(0).at,
        due: None,
    }));
    for n in 0..40 {
        let text = format!("{CANARY} {n} {}", "ながい本文。".repeat(60));
        changes.push(Change::MessageSent { case, item: ItemNo(1), side: Side::Applicant, text, by: person });
    }
    let written = changes.iter().enumerate().map(|(n, change)| {
        let act = act(n as u8);
        store.write(|tx| tx.enact(&act, change, [n as u8; 16])).map_err(|e: Error| e).unwrap()
    });
    (written.collect(), case)
}

fn id<T: rules::id::Named>(n: u8) -> Id<T> {
    Id::new(0, [n; 10])
}

fn erasure(case: Id<rules::id::Case>, seqs: Vec<(u64, u64)>) -> Change {
    Change::Keeping(Keeping::PayloadsErased(Erasure {
        id: id(9),
        organisation: id(1),
        matter: Matter::Case { case },
        authority: "case-5y".into(),
        request: None,
        seqs,
        rows: vec![],
        files: vec![],
        instead: vec![],
        whole: true,
        how: vec![],
        by: None,
        at: jiff::Timestamp::from_second(1_763_790_000).unwrap(),
    }))
}

fn enact(store: &Scratch, change: &Change) -> Result<Pos, Error> {
    let act = Act::new(Actor::system(), jiff::Timestamp::from_second(1_763_790_000).unwrap(), [99; 32]);
    store.write(|tx| tx.enact(&act, change, [7; 16]))
}

#[test]
fn rows_and_payloads_leave_only_under_a_tombstone() {
    for store in both_engines() {
        let (_, case) = filled(&store);
        // The lines 4 to 44 are the case and its messages; as long as two of them stay, so do their rows.
        let refused = enact(&store, &erasure(case, vec![(4, 42)]));
        assert!(matches!(&refused, Err(Error::Statement { cause, .. }) if cause.contains("message is insert-only")), "{refused:?}");
        let before = store.verify().unwrap();
        assert_eq!((before.lines, before.erased), (44, 0), "a refused erasure leaves everything");
        enact(&store, &erasure(case, vec![(4, 44)])).unwrap();
        let after = store.verify().unwrap();
        assert_eq!((after.lines, after.erased), (45, 41));
        for sql in [REMOVE, FORGE] {
            let refused = store.write(|tx| tx.run(sql, &[]));
            assert!(matches!(&refused, Err(Error::Statement { cause, .. }) if cause.contains("is insert-only")), "{refused:?}");
        }
        let looked = store.read(|conn| erase::find_in_tables(conn, &[CANARY.to_owned()])).unwrap();
        assert!(looked.found.is_empty() && looked.read > 20, "{looked:?}");
    }
}

#[test]
fn what_left_is_in_no_byte_of_the_file_or_its_log() {
    let store = Scratch::sqlite();
    let (_, case) = filled(&store);
    let words = [CANARY.to_owned()];
    assert_eq!(erase::find_in_files(&store, &words).unwrap().unwrap().found, words, "before, it is there");
    enact(&store, &erasure(case, vec![(4, 44)])).unwrap();
    // The log holds old pages until it is cut.
    assert_eq!(erase::find_in_files(&store, &words).unwrap().unwrap().found, words, "the log still has it");
    assert_eq!(erase::scour(&store).unwrap(), erase::Scoured::File);
    let looked = erase::find_in_files(&store, &words).unwrap().unwrap();
    assert!(looked.found.is_empty() && looked.read > 100_000, "{looked:?}");
    store.verify().unwrap();
}

#[test]
fn a_payload_that_left_without_an_erasure_is_named() {
    for store in both_engines() {
        let (_, _) = filled(&store);
        let forged = "insert into tombstone (pos, erased) values (7, 1); delete from ledger_payload where pos = 7";
        store.write(|tx| tx.batch(forged).map_err(|cause| Error::NotCommitted { cause })).unwrap();
        match store.verify() {
            Err(Error::Ledger(wrong)) => assert_eq!((wrong.pos, wrong.problem), (7, seal::Problem::PayloadMissing)),
            other => panic!("{other:?}"),
        }
        let target = Scratch::sqlite();
        assert!(matches!(crate::rebuild::rebuild(&store, &target, |_| {}), Err(Error::Replay { pos: 7, .. })));
    }
}
