//! The whole evaluation as its users live it, on both engines: apply, answer, submit, judge, return, improve, decide, certify, renew.

mod common;

use common::{World, worlds};
use rules::answer::{Content, Status};
use rules::case::{Part, State};
use rules::command::Command;
use rules::evidence::{ClaimContent, Finding, Label};
use rules::id::{self, Id, ItemNo, PointNo, Pos};
use rules::party::Settings;
use rules::policy::Side;
use rules::refusal::Why;
use rules::verdict::VerdictContent;

fn answered(text: &str) -> Content {
    Content { text: text.into(), ..Content::default() }
}

fn verdict(mark: &str, improvement: &str) -> VerdictContent {
    VerdictContent { mark: mark.into(), improvement: improvement.into(), ..VerdictContent::default() }
}

/// Answers every item with one import, so that the case can be decided.
fn answer_all(w: &World, case: Id<id::Case>) {
    let read = w.case("officer", case, Side::Applicant);
    let rows = read
        .items
        .iter()
        .filter(|f| !f.is_answered())
        .map(|f| rules::command::ImportedAnswer {
            item: f.no,
            base: f.changed,
            text: Some(format!("項目{}の対応", f.no)),
            ..Default::default()
        })
        .collect();
    w.act("officer", Command::ImportAnswers { case, file: "a.xlsx".into(), rows });
}

/// Judges every item that has no verdict of this kind yet.
fn judge_all(w: &World, case: Id<id::Case>, mark: &str) {
    let read = w.case("evaluator", case, Side::Body);
    let rows = read
        .items
        .iter()
        .map(|f| rules::command::ImportedVerdict {
            item: f.no,
            base: f.verdict.as_ref().map_or(Pos::NEVER, |v| v.pos),
            content: verdict(mark, ""),
        })
        .collect();
    w.act("evaluator", Command::ImportVerdicts { case, file: "v.xlsx".into(), rows });
}

#[test]
fn the_whole_evaluation_runs_on_both_engines() {
    for w in worlds() {
        w.act(
            "secretariat",
            Command::SetSettings { settings: Settings { validity_months: Some(12), second_evaluator: true, number_prefix: "AK".into() } },
        );
        let case = w.open_case();
        let item = ItemNo(81);

        // The applicant answers, claims page 3 of a PDF, and a second person looks at it.
        let mut content = answered("変更前のパスワードを求め、失敗が続けば受け付けません。");
        content.points.insert(PointNo(1), "変更前のパスワードを要求する。".into());
        w.act("officer", Command::GiveAnswer { case, item, base: Pos::NEVER, content, ready: true });
        let file = w.upload("officer", "アクセス管理規程.pdf", b"%PDF-1.7\n...");
        w.act(
            "officer",
            Command::MakeClaims {
                case,
                items: vec![item],
                content: ClaimContent { evidence: Some(file), page: Some(3), ..Default::default() },
            },
        );
        let version = w.case("officer", case, Side::Applicant).item(item).unwrap().1.answer.as_ref().unwrap().pos;
        assert_eq!(
            w.refused("officer", Command::ReviewAnswer { case, item, seen: version, ok: true, comment: String::new() }),
            Why::State,
            "the author"
        );
        w.act("reviewer", Command::ReviewAnswer { case, item, seen: version, ok: true, comment: String::new() });

        // Before submission the body knows nothing of the case.
        assert_eq!(w.why(w.app.case(w.actor("secretariat"), case, None)), Why::NotFound);
        answer_all(&w, case);
        w.act("officer", Command::SubmitRound { case });
        assert_eq!(
            w.refused("officer", Command::GiveAnswer { case, item, base: version, content: answered("あとから"), ready: false }),
            Why::State
        );

        // Intake, assignment, declaration.
        w.act("secretariat", Command::AcceptRound { case, number: None });
        assert_eq!(
            w.refused("evaluator", Command::GiveVerdict { case, item, base: Pos::NEVER, content: verdict("conforms", "") }),
            Why::NotFound,
            "not assigned"
        );
        for (who, part) in [("evaluator", Part::First), ("second", Part::Second)] {
            w.act("secretariat", Command::AssignEvaluator { case, person: w.actor(who).person.unwrap(), part });
        }
        assert_eq!(
            w.refused("evaluator", Command::GiveVerdict { case, item, base: Pos::NEVER, content: verdict("conforms", "") }),
            Why::State,
            "not declared"
        );
        for who in ["evaluator", "second"] {
            w.act(who, Command::DeclareInterest { case, conflict: false, statement: String::new() });
        }

        // Round one: an improvement for item 81, the rest conforms.
        judge_all(&w, case, "conforms");
        let seen = w.case("evaluator", case, Side::Body);
        let claim = seen.item(item).unwrap().1.claims[0].clone();
        assert_eq!((claim.page, claim.document.as_str()), (Some(3), "アクセス管理規程.pdf"));
        w.act("evaluator", Command::ConfirmClaim { case, item, claim: claim.id, finding: Finding::Seen, comment: String::new() });
        let base = seen.item(item).unwrap().1.verdict.as_ref().unwrap().pos;
        assert_eq!(
            w.refused("evaluator", Command::GiveVerdict { case, item, base, content: verdict("conditional", "") }),
            Why::Invalid,
            "an improvement is missing"
        );
        w.act("evaluator", Command::GiveVerdict { case, item, base, content: verdict("conditional", "不応時間を定めてください。") });
        assert!(w.case("officer", case, Side::Applicant).items.iter().all(|f| f.verdict.is_none()), "the applicant sees no draft verdict");
        assert_eq!(
            w.refused("evaluator", Command::ReturnRound { case, flagged: None, message: String::new() }),
            Why::State,
            "not approved"
        );
        for facts in w.case("second", case, Side::Body).items {
            let seen = facts.verdict.as_ref().unwrap().pos;
            w.act("second", Command::ApproveVerdict { case, item: facts.no, seen, agrees: true, comment: String::new() });
        }
        w.act("evaluator", Command::ReturnRound { case, flagged: Some(vec![item]), message: "項目81をご確認ください。".into() });

        // The applicant improves only what came back.
        let back = w.case("officer", case, Side::Applicant);
        assert_eq!(back.item(item).unwrap().1.verdict.as_ref().unwrap().content.improvement, "不応時間を定めてください。");
        assert_eq!(
            w.refused(
                "officer",
                Command::GiveAnswer {
                    case,
                    item: ItemNo(1),
                    base: back.items[0].answer.as_ref().unwrap().pos,
                    content: answered("別の項目"),
                    ready: false
                }
            ),
            Why::State
        );
        assert_eq!(w.refused("officer", Command::SubmitRound { case }), Why::State, "the improvement has no answer");
        let improved = answered("失敗のたびに不応時間を置きます。");
        w.act("officer", Command::GiveAnswer { case, item, base: version, content: improved.clone(), ready: true });
        w.act("officer", Command::AnswerImprovement { case, item, text: "規程に定めました。".into() });
        w.act("officer", Command::SubmitRound { case });

        // Round two: only what changed is shown as changed; the first round can still be read as it was.
        w.act("secretariat", Command::AcceptRound { case, number: None });
        let second = w.case("evaluator", case, Side::Body);
        assert_eq!(second.items.iter().filter(|f| second.changed(f)).map(|f| f.no).collect::<Vec<_>>(), [item]);
        let first = w.app.round(w.actor("evaluator"), case, Some(Side::Body), 1).unwrap();
        assert!(first.item(item).unwrap().1.answer.as_ref().unwrap().content.text.contains("変更前"));
        let (_, diffs) = w.app.compare_rounds(w.actor("evaluator"), case, None, 1, 2).unwrap();
        assert_eq!(diffs.len(), 1);
        let base = second.item(item).unwrap().1.verdict.as_ref().unwrap().pos;
        w.act("evaluator", Command::GiveVerdict { case, item, base, content: verdict("conforms", "") });
        let seen = w.case("second", case, Side::Body).item(item).unwrap().1.verdict.as_ref().unwrap().pos;
        w.act("second", Command::ApproveVerdict { case, item, seen, agrees: true, comment: String::new() });

        // A person decides; the certificate verifies; it runs out by the clock.
        w.act("decider", Command::DecideCase { case, certify: true, grounds: "全項目を確認した。".into() });
        w.act("secretariat", Command::IssueCertificate { case, scope: "全機能".into() });
        let facts = w.case("officer", case, Side::Applicant).facts;
        assert_eq!(facts.case.number.as_deref(), Some("AK-2026-0001"));
        let certificate = facts.certificate.unwrap();
        assert_eq!(certificate.valid_until.unwrap().to_string(), "2027-11-21");
        let public = w.app.certificate_by_code(&certificate.code.to_lowercase()).unwrap();
        assert!(public.is_valid() && !public.self_evaluation);
        assert!(w.app.registry().unwrap().is_empty(), "nobody agreed to publish");
        for who in ["officer", "secretariat"] {
            w.act(who, Command::AgreePublication { case, agrees: true });
        }
        assert_eq!(w.app.registry().unwrap().len(), 1);
        let (_, pdf) = w.app.certificate_pdf(w.actor("officer"), case, rules::text::Lang::Ja).unwrap();
        assert!(pdf.starts_with(b"%PDF-"));

        // The hospital reads it once it is disclosed, and never the draft words.
        assert_eq!(w.why(w.app.case(w.actor("hospital"), case, None)), Why::NotFound);
        let hospital = w.actor("hospital").organisation.unwrap();
        w.act("officer", Command::DiscloseCase { case, institution: hospital, on: true });
        let disclosed = w.case("hospital", case, Side::Institution);
        assert_eq!(disclosed.item(item).unwrap().1.answer.as_ref().unwrap().content, improved);

        // Renewal copies the words, marked until confirmed; the old certificate ends with its validity.
        let renewed: Id<id::Case> = w.act("officer", Command::RenewCase { case }).made.unwrap().parse().unwrap();
        assert!(w.case("officer", renewed, Side::Applicant).items.iter().all(|f| f.answer.as_ref().unwrap().origin.awaits_confirmation()));
        w.app.clock.advance(jiff::SignedDuration::from_hours(24 * 364));
        assert_eq!(w.app.expire_certificates().unwrap(), 0);
        w.app.clock.advance(jiff::SignedDuration::from_hours(24 * 2));
        assert_eq!(w.app.expire_certificates().unwrap(), 1);
        assert_eq!(w.case("officer", case, Side::Applicant).facts.case.state, State::Expired);
        assert!(!w.app.certificate_by_code(&certificate.code).unwrap().is_valid());
        w.app.verify().unwrap();
    }
}

#[test]
fn two_people_editing_one_answer_lose_nothing() {
    for w in worlds() {
        let case = w.open_case();
        let item = ItemNo(5);
        w.act("officer", Command::GiveAnswer { case, item, base: Pos::NEVER, content: answered("一人目"), ready: false });
        let refused =
            w.refused("reviewer", Command::GiveAnswer { case, item, base: Pos::NEVER, content: answered("二人目"), ready: false });
        assert_eq!(refused, Why::Conflict);
        let stands = w.app.item(w.actor("reviewer"), case, Some(Side::Applicant), item).unwrap();
        assert_eq!(stands.facts().answer.as_ref().unwrap().content.text, "一人目");
        let base = stands.facts().answer.as_ref().unwrap().pos;
        w.act("reviewer", Command::GiveAnswer { case, item, base, content: answered("二人目"), ready: false });
        assert_eq!(w.app.item(w.actor("officer"), case, None, item).unwrap().answers.len(), 2, "both versions are kept");
    }
}

#[test]
fn acts_at_the_same_time_are_all_kept_or_refused() {
    for w in worlds() {
        let case = w.open_case();
        let kept: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|n| {
                    let w = &w;
                    scope.spawn(move || {
                        let mine = Command::GiveAnswer {
                            case,
                            item: ItemNo(7),
                            base: Pos::NEVER,
                            content: answered(&format!("{n}")),
                            ready: false,
                        };
                        let other = Command::GiveAnswer {
                            case,
                            item: ItemNo(20 + n),
                            base: Pos::NEVER,
                            content: answered(&format!("{n}")),
                            ready: false,
                        };
                        w.app.execute(w.actor("officer"), other).unwrap();
                        usize::from(w.app.execute(w.actor("officer"), mine).is_ok())
                    })
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).sum()
        });
        assert_eq!(kept, 1, "one first version of item 7, whoever was first");
        let read = w.case("officer", case, Side::Applicant);
        assert_eq!(read.items.iter().filter(|f| f.is_answered()).count(), 9);
        w.app.verify().unwrap();
    }
}

#[test]
fn nothing_of_one_tenant_is_seen_by_another() {
    for w in worlds() {
        let case = w.open_case();
        w.act("officer", Command::GiveAnswer { case, item: ItemNo(1), base: Pos::NEVER, content: answered("カナリア言葉"), ready: false });
        let file = w.upload("officer", "カナリア.pdf", b"%PDF-1.7");
        for who in ["stranger", "secretariat", "evaluator", "decider", "hospital", "operator"] {
            let actor = w.actor(who);
            assert_eq!(w.why(w.app.case(actor, case, None)), Why::NotFound, "{who}");
            assert_eq!(w.why(w.app.item(actor, case, None, ItemNo(1))), Why::NotFound, "{who}");
            assert_eq!(w.why(w.app.file(actor, file, None)), Why::NotFound, "{who}");
            assert_eq!(w.why(w.app.file(actor, file, Some(case))), Why::NotFound, "{who}");
            assert_eq!(
                w.refused(who, Command::GiveAnswer { case, item: ItemNo(1), base: Pos::NEVER, content: answered("x"), ready: false }),
                Why::NotFound,
                "{who}"
            );
            assert!(w.app.cases(actor, None).unwrap().is_empty(), "{who}");
            let hits = w.app.search(actor, "カナリア").unwrap();
            assert!(hits.is_empty(), "{who} found {hits:?}");
        }
        // The stranger's own case takes no foreign evidence and copies no foreign answers.
        let own = w.open_case_of("stranger");
        let foreign = ClaimContent { evidence: Some(file), ..ClaimContent::default() };
        assert_eq!(w.refused("stranger", Command::MakeClaims { case: own, items: vec![ItemNo(1)], content: foreign }), Why::NotFound);
        assert_eq!(w.refused("stranger", Command::CopyAnswers { case: own, from: case, items: None }), Why::NotFound);
    }
}

#[test]
fn what_an_export_writes_an_import_reads_without_a_difference() {
    for w in worlds() {
        let case = w.open_case();
        answer_all(&w, case);
        let mut odd = answered("=cmd|' /C calc'!A0\n改行と「引用」, コンマ\t終わり");
        odd.remarks = "＋備考".into();
        let base = w.case("officer", case, Side::Applicant).items[2].answer.as_ref().unwrap().pos;
        w.act("officer", Command::GiveAnswer { case, item: ItemNo(3), base, content: odd, ready: false });
        w.act(
            "officer",
            Command::MakeClaims {
                case,
                items: vec![ItemNo(3)],
                content: ClaimContent { document: "規程".into(), page: Some(12), place: "第2章".into(), ..Default::default() },
            },
        );
        for csv in [false, true] {
            let wanted = app::exchange::Wanted { csv, blank: false, filters: csv, a4: false, lang: rules::text::Lang::Ja };
            let made = w.app.export(w.actor("officer"), case, None, wanted).unwrap();
            let preview = w.app.preview_import(w.actor("officer"), case, None, &made.name, &made.bytes).unwrap();
            assert_eq!((preview.items, preview.faults.len()), (253, 0), "{:?}", preview.faults.first());
            assert_eq!(preview.differences, [], "csv: {csv}");
        }
    }
}

#[test]
fn an_import_changes_what_was_ticked_and_refuses_what_is_stale() {
    let w = World::sqlite();
    let case = w.open_case();
    answer_all(&w, case);
    let wanted = app::exchange::Wanted { csv: true, blank: false, filters: false, a4: false, lang: rules::text::Lang::Ja };
    let made = w.app.export(w.actor("officer"), case, None, wanted).unwrap();
    let edited =
        String::from_utf8(made.bytes).unwrap().replace("項目10の対応", "項目10の新しい対応").replace("項目11の対応", "項目11の新しい対応");
    let preview = w.app.preview_import(w.actor("officer"), case, None, "a.csv", edited.as_bytes()).unwrap();
    assert_eq!(preview.differences.iter().map(|d| d.item.0).collect::<Vec<_>>(), [10, 11]);
    let ticked = vec![preview.answers[&ItemNo(10)].clone()];
    w.act("officer", Command::ImportAnswers { case, file: "a.csv".into(), rows: ticked.clone() });
    let read = w.case("officer", case, Side::Applicant);
    assert_eq!(read.items[9].answer.as_ref().unwrap().content.text, "項目10の新しい対応");
    assert_eq!(read.items[10].answer.as_ref().unwrap().content.text, "項目11の対応");
    assert_eq!(
        w.refused("officer", Command::ImportAnswers { case, file: "a.csv".into(), rows: ticked }),
        Why::Conflict,
        "the preview is out of date"
    );
}

#[test]
fn a_colleague_works_on_what_was_given_to_them() {
    let w = World::sqlite();
    let case = w.open_case();
    let give = |base| Command::GiveAnswer { case, item: ItemNo(9), base, content: answered("担当者の回答"), ready: true };
    assert_eq!(w.refused("colleague", give(Pos::NEVER)), Why::Forbidden);
    w.act("officer", Command::SetWork { case, items: vec![ItemNo(9)], owner: w.actor("colleague").person, due: None, status: None });
    assert_eq!(w.app.home(w.actor("colleague")).unwrap().tasks.len(), 1);
    w.act("colleague", give(Pos::NEVER));
    assert_eq!(w.case("colleague", case, Side::Applicant).items[8].work.status, Status::Ready);
    assert!(w.app.home(w.actor("colleague")).unwrap().tasks.is_empty());
    assert_eq!(w.refused("colleague", Command::SubmitRound { case }), Why::Forbidden);
}

#[test]
fn a_new_version_of_a_document_keeps_the_old_one() {
    let w = World::sqlite();
    let first = w.upload("officer", "規程.pdf", b"%PDF-1.7 one");
    let done = w.app.add_evidence(w.actor("colleague"), "規程 改訂.pdf", &b"%PDF-1.7 two"[..], Label::Public, None, Some(first)).unwrap();
    let second: Id<id::Evidence> = done.made.unwrap().parse().unwrap();
    let (versions, _) = w.app.document(w.actor("officer"), first).unwrap();
    assert_eq!(versions.iter().map(|v| (v.id, v.version)).collect::<Vec<_>>(), [(second, 2), (first, 1)]);
    assert!(w.app.add_evidence(w.actor("stranger"), "x.pdf", &b"%PDF-1.7"[..], Label::Public, None, Some(first)).is_err());
}
