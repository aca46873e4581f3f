//! Looking at a ledger: what is found, what is hidden, that each look is a line, and that it is proven.

mod common;

use app::App;
use app::read::ledger::{PAGE, Shown, WhoseLedger};
use common::{World, refusal, worlds};
use jiff::SignedDuration;
use proptest::prelude::*;
use rules::act::Actor;
use rules::command::Command;
use rules::evidence::Label;
use rules::id::ItemNo;
use rules::log::LogQuery;
use rules::party::Role;
use rules::refusal::Why;
use rules::review::AlertKind;
use seal::proof::{verify_consistency, verify_inclusion};
use store::ledger::search::fits;

const OWN: WhoseLedger = WhoseLedger::Own;
/// The document that only a group sees; no other name holds these words.
const NAME: &str = "青い鍵束の表.pdf";

/// The provider's administrator, who is in no group.
fn administrator(w: &World) -> Actor {
    Actor { roles: vec![Role::Administrator], ..w.actor("reviewer").clone() }
}

fn every_line(app: &App, actor: &Actor, whose: WhoseLedger, query: &LogQuery) -> Vec<u64> {
    let (mut out, mut after) = (vec![], None);
    loop {
        let page = app.ledger(actor, whose, query, after).unwrap();
        out.extend(page.lines.iter().map(|l| l.line.head.seq));
        after = page.next;
        if after.is_none() {
            return out;
        }
    }
}

/// A provider with some acts of several people.
fn busy(w: &World) {
    let case = w.open_case();
    for item in 1..=30 {
        let who = if item % 3 == 0 { "reviewer" } else { "officer" };
        w.act(who, Command::SetWork { case, items: vec![ItemNo(item)], owner: w.actor("colleague").person, due: None, status: None });
        w.app.clock.advance(SignedDuration::from_mins(7));
    }
    w.upload("officer", "約款.pdf", b"%PDF-1.7 open");
}

#[test]
fn what_the_page_finds_is_what_a_look_at_every_line_finds() {
    for w in worlds() {
        busy(&w);
        let admin = administrator(&w);
        let tenant = admin.organisation.unwrap().to_string();
        let lines: Vec<_> = w.lines().into_iter().filter(|l| l.head.tenant == tenant).collect();
        let pick = |of: fn(&seal::Line) -> String| {
            let mut all: Vec<Option<String>> = lines.iter().map(|l| Some(of(l))).collect();
            all.sort();
            all.dedup();
            all.push(None);
            proptest::sample::select(all)
        };
        let at = |n: usize| lines[n % lines.len()].head.at.parse().unwrap();
        let query = (
            pick(|l| l.head.actor.clone()),
            pick(|l| l.head.kind.clone()),
            pick(|l| l.head.subject.split('/').next().unwrap().to_owned()),
            proptest::option::of(0..lines.len()),
            proptest::option::of(0..lines.len()),
            any::<bool>(),
            proptest::option::of(1_u16..40),
        );
        let last = lines.last().unwrap().head.seq;
        proptest!(ProptestConfig::with_cases(40), |((actor, kind, subject, from, until, rising, item) in query)| {
            let query = LogQuery {
                actor, kind, subject, rising,
                item: item.map(ItemNo),
                from: from.map(at),
                until: until.map(at),
                ..LogQuery::default()
            };
            let mut wanted: Vec<u64> = lines.iter().filter(|l| fits(&query, l)).map(|l| l.head.seq).collect();
            if !rising {
                wanted.reverse();
            }
            // Each look writes a line, behind those that were there.
            let found: Vec<u64> = every_line(&w.app, &admin, OWN, &query).into_iter().filter(|seq| *seq <= last).collect();
            prop_assert_eq!(found, wanted);
        });
    }
}

#[test]
fn pages_follow_each_other_without_a_gap_in_either_order() {
    let w = World::sqlite();
    let admin = administrator(&w);
    let case = w.open_case();
    for n in 0..(PAGE as u16 + 20) {
        let items = vec![ItemNo(1 + n % 200)];
        w.act("officer", Command::SetWork { case, items, owner: None, due: Some(rules_day(n)), status: None });
    }
    for rising in [false, true] {
        let query = LogQuery { kind: Some("work_set".into()), rising, ..LogQuery::default() };
        let found = every_line(&w.app, &admin, OWN, &query);
        assert_eq!(found.len(), PAGE + 20);
        assert!(found.windows(2).all(|two| (two[0] < two[1]) == rising));
    }
}

fn rules_day(n: u16) -> jiff::civil::Date {
    jiff::civil::date(2027, 1, 1).saturating_add(jiff::Span::new().days(i64::from(n)))
}

#[test]
fn another_organisation_and_other_roles_see_nothing() {
    for w in worlds() {
        busy(&w);
        let strange = Actor { roles: vec![Role::Administrator], ..w.actor("stranger").clone() };
        let page = w.app.ledger(&strange, OWN, &LogQuery::default(), None).unwrap();
        let own = strange.organisation.unwrap().to_string();
        assert!(page.lines.iter().all(|l| l.line.head.tenant == own));
        for name in ["officer", "colleague", "evaluator", "hospital", "decider"] {
            let seen = w.app.ledger(w.actor(name), OWN, &LogQuery::default(), None);
            assert_eq!(refusal(seen).why, Why::Forbidden, "{name}");
            assert_eq!(refusal(w.app.ledger_line(w.actor(name), OWN, 1)).why, Why::Forbidden, "{name}");
            assert_eq!(refusal(w.app.log_reviews(w.actor(name), OWN)).why, Why::Forbidden, "{name}");
        }
        let installation = w.app.ledger(&administrator(&w), WhoseLedger::Installation, &LogQuery::default(), None);
        assert_eq!(refusal(installation).why, Why::Forbidden);
        assert!(!w.app.ledger(w.actor("operator"), WhoseLedger::Installation, &LogQuery::default(), None).unwrap().lines.is_empty());
    }
}

#[test]
fn a_document_outside_the_group_is_not_named_in_the_ledger() {
    for w in worlds() {
        let outside = administrator(&w);
        let grouped = w.upload("officer", NAME, b"%PDF-1.7 grouped");
        let save = Command::SaveGroup { group: None, name: "鍵の管理".into(), members: vec![w.person("colleague")] };
        let group = w.app.execute(&administrator(&w), save).unwrap().made.unwrap().parse().unwrap();
        w.act("officer", Command::FileEvidence { evidence: grouped, label: Label::Confidential, group: Some(group) });
        let inside = Actor { roles: vec![Role::Administrator, Role::Officer], ..w.actor("reviewer").clone() };
        let shown = |actor: &Actor| {
            let page = w.app.ledger(actor, OWN, &LogQuery::default(), None).unwrap();
            let account = w.person("officer").to_string();
            let counts = w.app.ledger_subjects(actor, OWN, &account, (None, None)).unwrap();
            let lines: Vec<_> = page.lines.iter().map(|l| w.app.ledger_line(actor, OWN, l.line.head.seq).unwrap()).collect();
            format!("{page:?}{counts:?}{lines:?}")
        };
        let series = grouped.to_string();
        for told in [NAME, series.as_str()] {
            assert!(!shown(&outside).contains(told), "{told}");
            assert!(shown(&inside).contains(told), "{told}");
        }
        let mut out = vec![];
        assert_eq!(refusal(w.app.export_own_ledger(&outside, OWN, None, &mut out)).why, Why::State);
        assert!(out.is_empty(), "nothing leaves");
    }
}

#[test]
fn every_look_is_a_line_of_the_ledger_that_was_looked_at() {
    for w in worlds() {
        w.app.start().unwrap();
        busy(&w);
        let admin = administrator(&w);
        let reads = |tenant: &str| {
            w.lines()
                .into_iter()
                .filter(|l| l.head.tenant == tenant && l.head.kind == "log_read")
                .map(|l| l.payload.unwrap().text)
                .collect::<Vec<_>>()
        };
        let tenant = admin.organisation.unwrap().to_string();
        let query = LogQuery { kind: Some("work_set".into()), ..LogQuery::default() };
        w.app.ledger(&admin, OWN, &query, None).unwrap();
        w.app.ledger_line(&admin, OWN, 1).unwrap();
        w.app.ledger_subjects(&admin, OWN, &w.person("officer").to_string(), (None, None)).unwrap();
        w.app.ledger_spread(&admin, OWN, &query, 1000).unwrap();
        w.app.checkpoint().unwrap();
        w.app.export_own_ledger(&admin, OWN, Some(&query), std::io::sink()).unwrap();
        let said = reads(&tenant);
        assert_eq!(said.len(), 5, "{said:?}");
        assert!(said[0].contains("\"kind\":\"work_set\"") && said[0].contains("\"lines\":30"), "{}", said[0]);
        assert!(said[4].contains("\"exported\":true") && said[4].contains("\"lines\":30"), "{}", said[4]);
        w.app.ledger(w.actor("operator"), WhoseLedger::Installation, &LogQuery::default(), None).unwrap();
        assert_eq!(reads("installation").len(), 1);
        assert_eq!(reads(&tenant).len(), 5);
    }
}

#[test]
fn a_line_is_proven_by_the_checkpoints_and_a_changed_one_is_not() {
    for w in worlds() {
        w.app.start().unwrap();
        busy(&w);
        let admin = administrator(&w);
        w.app.checkpoint().unwrap();
        busy(&w);
        w.app.checkpoint().unwrap();
        let read = w.app.ledger_line(&admin, OWN, 3).unwrap();
        let (line, proof) = (&read.seen.line, read.proof.unwrap());
        let path: Vec<seal::Hash> = proof.inclusion.iter().map(|d| d.0).collect();
        assert_eq!(line.head.leaf(), line.leaf);
        assert!(verify_inclusion(&line.leaf, proof.index, proof.size, &path, &proof.root.0));
        let mut forged = line.head.clone();
        forged.actor.push('x');
        assert!(!verify_inclusion(&forged.leaf(), proof.index, proof.size, &path, &proof.root.0));
        let note = seal::Note::parse(&proof.checkpoint).unwrap();
        let signed = seal::Checkpoint::parse(&note.text).unwrap();
        assert_eq!((signed.size, signed.root), (proof.size, proof.root.0));
        let older = proof.consistency.expect("an older checkpoint covers the line");
        let way: Vec<seal::Hash> = older.path.iter().map(|d| d.0).collect();
        assert!(verify_consistency(older.size, &older.root.0, proof.size, &proof.root.0, &way));
        assert!(!verify_consistency(older.size, &proof.root.0, proof.size, &proof.root.0, &way));
        let Shown::Whole(_) = read.seen.shown else { panic!("{:?}", read.seen.shown) };
    }
}

/// Lets the database refuse every further line, or take them again.
fn stop_lines(w: &World, stop: bool) {
    let sql = if stop {
        "create trigger no_lines before insert on ledger_line begin select raise(abort, 'no line'); end"
    } else {
        "drop trigger no_lines"
    };
    let program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=20); c.execute(sys.argv[2]); c.commit()";
    let file = w.scratch().directory().join("akashi.db");
    let done = std::process::Command::new("python3").args(["-c", program]).arg(file).arg(sql).status().unwrap();
    assert!(done.success());
}

#[test]
fn who_cannot_be_noted_sees_nothing() {
    let w = World::sqlite();
    let admin = administrator(&w);
    w.app.start().unwrap();
    let looks = |w: &World| {
        let query = LogQuery::default();
        [
            w.app.ledger(&admin, OWN, &query, None).is_ok(),
            w.app.ledger_line(&admin, OWN, 1).is_ok(),
            w.app.ledger_subjects(&admin, OWN, "installation", (None, None)).is_ok(),
            w.app.ledger_spread(&admin, OWN, &query, 10).is_ok(),
        ]
    };
    stop_lines(&w, true);
    assert_eq!(looks(&w), [false; 4]);
    let mut out = vec![];
    assert!(w.app.export_own_ledger(&admin, OWN, None, &mut out).is_err());
    assert!(out.is_empty(), "nothing leaves");
    stop_lines(&w, false);
    assert_eq!(looks(&w), [true; 4]);
}

#[test]
fn views_are_kept_for_the_organisation_and_leave() {
    for w in worlds() {
        let admin = administrator(&w);
        let query = LogQuery { kind: Some("signed_in".into()), ..LogQuery::default() };
        let save = |name: &str| Command::SaveLogView { name: name.into(), query: query.clone() };
        assert_eq!(refusal(w.app.execute(&admin, save("  "))).field, Some("name"));
        assert_eq!(refusal(w.app.execute(w.actor("officer"), save("夜間"))).why, Why::Forbidden);
        let view = w.app.execute(&admin, save("夜間のサインイン")).unwrap().made.unwrap().parse().unwrap();
        let strange = Actor { roles: vec![Role::Administrator], ..w.actor("stranger").clone() };
        assert!(w.app.ledger_choices(&strange).unwrap().views.is_empty());
        assert_eq!(refusal(w.app.execute(&strange, Command::RemoveLogView { view })).why, Why::NotFound);
        let kept = w.app.ledger_choices(&admin).unwrap().views;
        assert_eq!((kept.len(), &kept[0].query), (1, &query));
        w.app.execute(&admin, Command::RemoveLogView { view }).unwrap();
        assert!(w.app.ledger_choices(&admin).unwrap().views.is_empty());
    }
}

#[test]
fn a_review_counts_what_it_saw_and_the_next_one_is_reminded_of_once() {
    for w in worlds() {
        busy(&w);
        let admin = administrator(&w);
        let until = w.app.clock.now();
        let review = |finding: &str, anomaly| Command::ReviewLog {
            from: until - SignedDuration::from_hours(24),
            until,
            query: LogQuery { kind: Some("work_set".into()), ..LogQuery::default() },
            anomaly,
            finding: finding.into(),
        };
        assert_eq!(refusal(w.app.execute(&admin, review(" ", false))).field, Some("finding"));
        w.app.execute(&admin, review("異常なし", false)).unwrap();
        let read = w.app.log_reviews(&admin, OWN).unwrap();
        assert_eq!((read.reviews.len(), read.reviews[0].review.lines, read.overdue), (1, 30, false));
        let mine = |w: &World| w.alerts(AlertKind::LogReviewDue).into_iter().filter(|a| a.organisation == admin.organisation).count();
        w.app.remind_of_log_reviews().unwrap();
        assert_eq!(mine(&w), 0, "not before its day");
        w.app.clock.advance(SignedDuration::from_hours(24 * 32));
        w.app.remind_of_log_reviews().unwrap();
        w.app.remind_of_log_reviews().unwrap();
        assert_eq!(mine(&w), 1, "once");
        assert!(w.app.log_reviews(&administrator(&w), OWN).unwrap().overdue);
        // What was kept and found can be made anew from the ledger.
        w.app.execute(&admin, Command::SaveLogView { name: "夜間".into(), query: LogQuery::default() }).unwrap();
        let expected = w.app.store().read(store::rebuild::contents).unwrap();
        let target = store::testing::Scratch::sqlite();
        store::rebuild::rebuild(w.app.store(), &target, |_| {}).unwrap();
        let rebuilt = target.read(store::rebuild::contents).unwrap();
        for table in ["log_view", "log_review"] {
            assert_eq!((expected[table].len(), &rebuilt[table]), (1, &expected[table]), "{table}");
        }
    }
}

#[test]
fn a_review_becomes_one_document_with_its_claims_and_only_for_who_may() {
    for w in worlds() {
        busy(&w);
        // Reads the ledger and answers the case.
        let admin = Actor { roles: vec![Role::Administrator, Role::Officer], ..w.actor("reviewer").clone() };
        let until = w.app.clock.now();
        let from = until - SignedDuration::from_hours(24);
        let review = Command::ReviewLog { from, until, query: LogQuery::default(), anomaly: false, finding: "異常なし".into() };
        w.app.execute(&admin, review).unwrap();
        let review = w.app.log_reviews(&admin, OWN).unwrap().reviews[0].review.id;
        let case = w.open_case();
        let attach = |actor: &Actor, case| w.app.attach_review(actor, OWN, review, case);
        assert_eq!(refusal(attach(&administrator(&w), case)).why, Why::NotFound, "no applicant");
        assert_eq!(refusal(attach(w.actor("officer"), case)).why, Why::Forbidden, "reads no ledger");
        assert_eq!(
            refusal(attach(&Actor { roles: vec![Role::Administrator, Role::Officer], ..w.actor("stranger").clone() }, case)).why,
            Why::NotFound
        );
        assert_eq!(attach(&admin, case).unwrap(), 3);
        assert_eq!(attach(&admin, case).unwrap(), 0, "once");
        let read = w.case("officer", case, rules::policy::Side::Applicant);
        let shown: Vec<u16> = read.items.iter().filter(|f| !f.claims.is_empty()).map(|f| f.no.0).collect();
        assert_eq!(shown, [107, 108, 111]);
        let claim = &read.item(ItemNo(107)).unwrap().1.claims[0];
        assert!(claim.place.starts_with("対象期間 ") && claim.document.starts_with("台帳レビュー_"), "{claim:?}");
        let (file, mut open) = w.app.file(&admin, claim.evidence.unwrap(), None).unwrap();
        let mut content = String::new();
        std::io::Read::read_to_string(&mut open, &mut content).unwrap();
        assert!(content.contains("異常なし") && content.contains(&review.to_string()), "{content}");
        assert_eq!(file.label, Label::Confidential);
        // A second case takes the same document.
        let second = w.open_case();
        assert_eq!(attach(&admin, second).unwrap(), 3);
        assert_eq!(w.app.library(&admin).unwrap().iter().filter(|e| e.name.starts_with("台帳レビュー")).count(), 1);
        let content = rules::answer::Content { text: "記録を毎月確認しています。".into(), ..Default::default() };
        w.act("officer", Command::GiveAnswer { case: second, item: ItemNo(107), base: rules::id::Pos::NEVER, content, ready: false });
        w.act("officer", Command::SubmitRound { case: second });
        assert_eq!(refusal(attach(&admin, second)).why, Why::State, "being evaluated");
    }
}
