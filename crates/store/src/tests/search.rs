//! Search: what is found, by whom, and that no text of a user can break it; on both engines.

use rules::answer::{Content, Origin};
use rules::case::{Case, State};
use rules::change::Change;
use rules::evidence::{Claim, Evidence, Label};
use rules::id::{self, Digest, Id, ItemNo, Named, PointNo, Pos};
use rules::party::{Organisation, Person, Product};
use rules::sheet::SheetId;
use rules::text::Lang;

use crate::search::{Found, Shelf, find};
use crate::tables::{self, Meta};
use crate::testing::{Scratch, both_engines};
use crate::{Error, engine::Sql};

fn id<T: Named>(n: u8) -> Id<T> {
    Id::new(1_763_787_967_000, [n; 10])
}

fn at() -> jiff::Timestamp {
    "2026-11-22T05:06:07Z".parse().unwrap()
}

/// Writes changes as the ledger would, at rising positions from `from`.
fn apply(store: &Scratch, from: i64, changes: &[Change]) {
    store
        .write(|tx| {
            for (n, change) in changes.iter().enumerate() {
                tables::apply(
                    tx,
                    change,
                    &Meta { pos: Pos(from + n as i64), at: at(), person: Some(id(9)), session: String::new(), address: String::new() },
                )?;
            }
            Ok::<_, Error>(())
        })
        .unwrap();
}

fn organisation(n: u8) -> Change {
    Change::OrganisationAdded(Organisation { id: id(n), name: format!("組織{n}"), kinds: vec![], settings: Default::default() })
}

fn opened(case: u8, provider: u8, body: u8) -> [Change; 2] {
    let product =
        Product {
            id: id(case), organisation: id(provider), name: "製品".into(), description: String::new(), profile: Default::default()
        };
    let case = Case {
        id: id(case),
        number: None,
        provider: id(provider),
        body: id(body),
        product: id(case),
        sheet: SheetId("s@1".into()),
        state: State::Draft,
        round: 0,
        renews: None,
        opened: at(),
        due: None,
    };
    [Change::ProductSaved(product), Change::CaseOpened(case)]
}

fn answer(case: u8, item: u16, text: &str) -> Change {
    let content = Content { text: text.into(), ..Content::default() };
    Change::AnswerGiven { case: id(case), item: ItemNo(item), by: id(9), content, origin: Origin::Written }
}

fn submitted(case: u8, round: u32) -> Change {
    Change::RoundSubmitted { case: id(case), round, digest: Digest([1; 32]), by: id(9) }
}

fn evidence(n: u8, series: u8, version: u32, name: &str) -> Change {
    Change::EvidenceAdded(Evidence {
        id: id(n),
        series: id(series),
        version,
        organisation: id(1),
        name: name.into(),
        media: "application/pdf".into(),
        size: 1,
        digest: Digest([n; 32]),
        label: Label::Disclosable,
        valid_until: None,
        by: id(9),
        at: at(),
        pos: Pos(1),
    })
}

/// Providers 1 and 2, body 3, case 1 of provider 1 and case 2 of provider 2, and case 4 of body 3 with itself.
fn stores() -> Vec<Scratch> {
    let stores = both_engines();
    for store in &stores {
        let person = Change::PersonAdded(Person {
            id: id(9),
            name: "人".into(),
            email: "a@example.jp".into(),
            lang: Lang::Ja,
            kind: Default::default(),
        });
        let mut changes = vec![organisation(1), organisation(2), organisation(3), person];
        changes.extend([opened(1, 1, 3), opened(2, 2, 3), opened(4, 3, 3)].into_iter().flatten());
        apply(store, 1, &changes);
    }
    stores
}

fn found(store: &Scratch, tenant: u8, shelf: Shelf, only: Option<&[Id<id::Case>]>, query: &str) -> Vec<Found> {
    store.read(|conn| find(conn, id(tenant), shelf, only, query, 50)).unwrap_or_else(|e: Error| panic!("{query:?}: {e}"))
}

/// The items found, the newest first.
fn items(store: &Scratch, tenant: u8, shelf: Shelf, query: &str) -> Vec<u16> {
    found(store, tenant, shelf, None, query).iter().filter_map(|f| f.item).map(|no| no.0).collect()
}

#[test]
fn one_two_and_many_characters_are_found_whatever_their_width_and_case() {
    for store in stores() {
        apply(
            &store,
            100,
            &[
                answer(1, 1, "アクセス権限を定期的に棚卸しします。"),
                answer(1, 2, "通信はTLS 1.3で暗号化し、ﾊﾞｯｸｱｯﾌﾟも取得し\nます。"),
                answer(1, 3, "鍵は別に保管します。"),
            ],
        );
        let own = |query| items(&store, 1, Shelf::Own, query);
        assert_eq!(own("鍵"), [3]);
        assert_eq!(own("ます"), [3, 2, 1], "the newest first");
        assert_eq!(own("棚卸"), [1]);
        assert_eq!(own("定期的に棚卸しします。"), [1]);
        assert_eq!(own("ｔｌｓ"), [2]);
        assert_eq!(own("バックアップ"), [2]);
        assert_eq!(own("取得します"), [2], "a line break parts no word");
        assert_eq!(own("TLS　暗号 "), [2], "several words, a full-width space between");
        assert_eq!(own("TLS 棚卸"), [0; 0]);
        assert_eq!(own("棚権"), [0; 0], "both characters are there, not side by side");
        assert_eq!(own(" 　"), [0; 0]);
    }
}

#[test]
fn only_the_newest_words_are_found() {
    for store in stores() {
        apply(&store, 100, &[answer(1, 1, "古い言葉"), answer(1, 2, "ほか"), answer(1, 1, "新しい文章"), evidence(20, 20, 1, "規程.pdf")]);
        assert_eq!(items(&store, 1, Shelf::Own, "古い"), [0; 0]);
        assert_eq!(items(&store, 1, Shelf::Own, "新しい"), [1]);
        apply(&store, 110, &[answer(1, 1, ""), evidence(21, 20, 2, "運用管理規程.pdf")]);
        assert_eq!(items(&store, 1, Shelf::Own, "新しい"), [0; 0]);
        let documents = found(&store, 1, Shelf::Own, None, "規程 PDF");
        let expected = Found { case: None, item: None, evidence: Some(id(20)), body: "運用管理規程.pdf".into() };
        assert_eq!(documents, [expected]);
    }
}

#[test]
fn nobody_finds_the_words_of_others_or_what_is_not_submitted() {
    for store in stores() {
        let claim = Claim {
            id: id(30),
            point: PointNo::WHOLE,
            evidence: Some(id(20)),
            document: "規程.pdf".into(),
            page: None,
            place: String::new(),
            by: id(9),
            at: at(),
            pos: Pos(1),
            hidden: false,
        };
        apply(
            &store,
            100,
            &[answer(1, 1, "秘密の手順"), answer(1, 2, "公の手順"), answer(2, 1, "別会社の手順"), evidence(20, 20, 1, "手順書.pdf")],
        );
        assert_eq!(items(&store, 3, Shelf::Received, "手順"), [0; 0]);
        assert_eq!(items(&store, 2, Shelf::Own, "秘密"), [0; 0]);
        apply(&store, 110, &[Change::ClaimMade { case: id(1), item: ItemNo(2), claim }, submitted(1, 1), answer(1, 1, "秘密の続き")]);
        assert_eq!(items(&store, 3, Shelf::Received, "手順"), [2, 2, 1]);
        assert_eq!(items(&store, 3, Shelf::Received, "続き"), [0; 0]);
        assert_eq!(items(&store, 3, Shelf::Own, "手順"), [0; 0]);
        assert_eq!(found(&store, 3, Shelf::Received, None, "手順書")[0].evidence, Some(id(20)));
        apply(&store, 120, &[submitted(1, 2), submitted(2, 1)]);
        assert_eq!(items(&store, 3, Shelf::Received, "続き"), [1]);
        assert_eq!(items(&store, 3, Shelf::Received, "秘密の手順"), [0; 0]);
        assert_eq!(items(&store, 3, Shelf::Received, "手順"), [1, 2, 2]);
        let only = |cases: &[u8]| {
            let cases: Vec<Id<id::Case>> = cases.iter().map(|n| id(*n)).collect();
            found(&store, 3, Shelf::Received, Some(&cases), "手順").len()
        };
        assert_eq!((only(&[]), only(&[2]), only(&[1, 2]), only(&[7])), (0, 1, 3, 0));
        let many: Vec<u8> = (2..40).collect();
        assert_eq!(only(&many), 1, "many cases go through the index");
    }
}

/// A body that evaluates itself reads as the applicant what it does not yet read as the body.
#[test]
fn a_self_evaluation_keeps_both_shelves_apart() {
    for store in stores() {
        apply(&store, 100, &[answer(4, 1, "下書き"), submitted(4, 1), answer(4, 1, "推敲中")]);
        assert_eq!(items(&store, 3, Shelf::Own, "推敲"), [1]);
        assert_eq!(items(&store, 3, Shelf::Received, "推敲"), [0; 0]);
        assert_eq!(items(&store, 3, Shelf::Received, "下書き"), [1]);
    }
}

#[test]
fn no_text_breaks_a_search() {
    let long = "長い文章です🔒".repeat(1250);
    let texts = [
        "\"",
        "*",
        "AND",
        "a AND b",
        "NOT x",
        "grams:a",
        "(",
        "NEAR(a b)",
        "%",
        "_",
        "\\",
        "'",
        "{1,2}",
        "100%_\\\"*'",
        "🔒",
        "👩‍⚕️",
        "é",
        "が",
        "㍻",
        long.as_str(),
    ];
    for store in stores() {
        let answers: Vec<Change> = texts.iter().enumerate().map(|(n, text)| answer(1, n as u16 + 1, text)).collect();
        apply(&store, 100, &answers);
        apply(&store, 200, &[answer(1, 90, "nothing of this kind here at ll")]);
        for (n, text) in texts.iter().enumerate() {
            let hits = items(&store, 1, Shelf::Own, text);
            assert!(hits.contains(&(n as u16 + 1)), "{:?}: {text:?} found {hits:?}", store.engine());
            assert!(text.is_ascii() && text.contains(|c: char| c.is_ascii_alphabetic()) || !hits.contains(&90), "{text:?}");
        }
        assert_eq!(items(&store, 1, Shelf::Own, "%"), [14, 9], "no wildcard");
        assert_eq!(items(&store, 1, Shelf::Own, "か\u{3099}"), [18], "composed and decomposed are one");
        assert_eq!(items(&store, 1, Shelf::Own, "平成"), [19]);
        let nowhere = "無い語".repeat(3334);
        assert_eq!(items(&store, 1, Shelf::Own, &nowhere), [0; 0]);
        assert_eq!(items(&store, 1, Shelf::Own, "\0\u{1}"), [0; 0]);
    }
}

#[test]
fn more_rows_than_postgresql_looks_through_first_change_nothing() {
    for store in stores() {
        let mut changes: Vec<Change> = vec![answer(1, 1, "まれな言葉"), answer(1, 2, "よくある言葉と、まれ")];
        changes.extend((3..2400).map(|n| answer(1, n, "よくある文章、な言葉")));
        apply(&store, 100, &changes);
        assert_eq!(items(&store, 1, Shelf::Own, "まれな"), [1]);
        assert_eq!(items(&store, 1, Shelf::Own, "まれ"), [2, 1]);
        assert_eq!(items(&store, 1, Shelf::Own, "よくある").len(), 50);
        assert_eq!(items(&store, 1, Shelf::Own, "言葉と、"), [2]);
        // Rows leave the index when they are replaced, whether they were in it or not yet.
        apply(&store, 5000, &[answer(1, 2, "別の"), answer(1, 2399, "最後の"), answer(1, 2399, "末尾の"), submitted(1, 1)]);
        assert_eq!(items(&store, 1, Shelf::Own, "言葉と、"), [0; 0]);
        assert_eq!(items(&store, 1, Shelf::Own, "最後の"), [0; 0]);
        assert_eq!(items(&store, 1, Shelf::Own, "末尾の"), [2399]);
        assert_eq!(items(&store, 3, Shelf::Received, "まれな"), [1]);
        let thousand: Vec<Id<id::Case>> = (0..1000).map(|n| Id::new(n, [0; 10])).chain([id(1)]).collect();
        assert_eq!(found(&store, 3, Shelf::Received, Some(&thousand), "まれな").len(), 1);
        assert_eq!(found(&store, 3, Shelf::Received, Some(&thousand[..1000]), "よくある").len(), 0);
    }
}

/// The rows carry no mark of the engine or of chance, so a rebuild can be compared with them.
#[test]
fn both_engines_hold_equal_rows() {
    const ALL: Sql =
        Sql::from_statements_macro("all", "select id, tenant, shelf, evaluation, item, evidence, body from search_doc order by id");
    let rows: Vec<Vec<[String; 7]>> = stores()
        .iter()
        .map(|store| {
            apply(
                store,
                100,
                &[answer(1, 1, "甲"), answer(1, 2, "乙"), submitted(1, 1), answer(1, 2, "丙"), answer(1, 1, ""), submitted(1, 2)],
            );
            let all = |conn: &mut crate::Conn| {
                conn.rows(ALL, &[], |row| {
                    let number = |index| row.get::<i64>(index).map(|n| n.to_string());
                    Ok([number(0)?, row.get(1)?, row.get(2)?, row.get(3)?, number(4)?, row.get(5)?, row.get(6)?])
                })
            };
            store.read(all).map_err(|e: Error| e).unwrap()
        })
        .collect();
    assert_eq!(rows[0].iter().map(|r| format!("{} {}", r[2], r[6])).collect::<Vec<_>>(), ["own 丙", "received 丙"]);
    for other in &rows[1..] {
        assert_eq!(&rows[0], other);
    }
}
