//! Two installations exchange sealed packages: trust by two people, a round trip to the receipt, and each refusal.

mod common;

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use app::Error;
use app::package::Look;
use app::trust::spoken;
use common::{World, refusal, worlds};
use rules::answer::Content;
use rules::case::{Part, State};
use rules::change::Change;
use rules::command::Command;
use rules::evidence::{ClaimContent, Finding, Label};
use rules::exchange::{AnchorKind, AnchorState, Exchanging, FileChange, Refused};
use rules::id::{self, Id, ItemNo, Pos};
use rules::party::Role;
use rules::policy::Side;
use rules::refusal::Why;
use rules::review::AlertKind;
use rules::verdict::VerdictContent;

/// A provider's installation, with a second administrator, and an evaluation body's.
struct Two {
    there: World,
    here: World,
    /// The receiver as the sender knows it, and the other way round.
    receiver: Id<id::TrustAnchor>,
    sender: Id<id::TrustAnchor>,
}

fn roles(w: &mut World, name: &'static str, roles: &[Role]) {
    let (organisation, person) = (w.organisation(name), w.person(name));
    w.act("operator", Command::SetRoles { organisation, person, roles: roles.to_vec() });
    w.sign_in_again(name);
}

/// Somebody proposes a card, and somebody else types its fingerprint.
fn trust(w: &World, card: &app::trust::Card, label: Label, who: [&str; 2]) -> Id<id::TrustAnchor> {
    let anchor = propose(w, card, label, who[0]);
    w.act(who[1], Command::DecideAnchor { anchor, fingerprint: spoken(card.fingerprint()) });
    anchor
}

fn propose(w: &World, card: &app::trust::Card, label: Label, who: &str) -> Id<id::TrustAnchor> {
    let propose =
        Command::ProposeAnchor { anchor: AnchorKind::Installation, name: card.name.clone(), data: card.text(), label: Some(label) };
    w.act(who, propose).made.unwrap().parse().unwrap()
}

fn two(mut there: World, here: World, label: Label) -> Two {
    for w in [&there, &here] {
        w.app.start().unwrap();
    }
    roles(&mut there, "officer", &[Role::Officer, Role::Administrator]);
    roles(&mut there, "reviewer", &[Role::Officer, Role::Administrator]);
    let theirs = there.app.own_card(there.actor("officer")).unwrap().unwrap();
    let ours = here.app.own_card(here.actor("secretariat")).unwrap().unwrap();
    let receiver = trust(&there, &ours, label, ["officer", "reviewer"]);
    let sender = trust(&here, &theirs, label, ["secretariat", "operator"]);
    Two { there, here, receiver, sender }
}

fn pair() -> Two {
    two(World::sqlite(), World::sqlite(), Label::Confidential)
}

fn answer(w: &World, case: Id<id::Case>, no: u16, text: &str) {
    let read = w.case("officer", case, Side::Applicant);
    let base = read.item(ItemNo(no)).unwrap().1.answer.as_ref().map_or(Pos::NEVER, |a| a.pos);
    let content = Content { text: text.into(), ..Content::default() };
    w.act("officer", Command::GiveAnswer { case, item: ItemNo(no), base, content, ready: false });
}

fn claim(w: &World, case: Id<id::Case>, no: u16, evidence: Id<id::Evidence>, page: u32) {
    let content = ClaimContent { evidence: Some(evidence), page: Some(page), ..ClaimContent::default() };
    w.act("officer", Command::MakeClaims { case, items: vec![ItemNo(no)], content });
}

/// A case with two answers, and a document that shows one of them.
fn case(w: &World) -> Id<id::Case> {
    let case = w.open_case();
    answer(w, case, 1, "管理規程を定めています。");
    answer(w, case, 81, "変更前のパスワードを求めます。");
    let file = w.upload("officer", "規程.pdf", b"%PDF-1.7 rules of access");
    claim(w, case, 81, file, 3);
    case
}

impl Two {
    fn send(&self, case: Id<id::Case>) -> Vec<u8> {
        let sent = self.there.app.send_package(self.there.actor("officer"), case, self.receiver);
        let mut sent = sent.unwrap_or_else(|e| panic!("{e}"));
        let mut bytes = vec![];
        sent.file.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes.len() as u64, sent.package.size);
        bytes
    }

    fn file(&self, bytes: &[u8]) -> PathBuf {
        let path = self.here.app.config.data.join(format!("came-{}", app::fresh_secret().unwrap()));
        fs::write(&path, bytes).unwrap();
        path
    }

    fn arrive(&self, bytes: &[u8]) -> Result<String, Error> {
        self.here.app.arrived_package(self.here.actor("secretariat"), &self.file(bytes))
    }

    fn look(&self, token: &str) -> Look {
        self.here.app.look_at_package(self.here.actor("secretariat"), token).unwrap()
    }

    fn take(&self, bytes: &[u8]) -> Id<id::Case> {
        let token = self.arrive(bytes).unwrap_or_else(|e| panic!("{e}"));
        self.here.app.take_package(self.here.actor("secretariat"), &token).unwrap_or_else(|e| panic!("{e}")).made.unwrap().parse().unwrap()
    }

    /// Refused, with this reason in the ledger and not in a head's words, and the administrators warned.
    #[track_caller]
    fn refused(&self, bytes: &[u8], why: Refused) {
        let before = self.refusals().len();
        let said = refusal(self.arrive(bytes));
        assert!(!said.text.ja.is_empty() && !said.text.en.is_empty());
        let all = self.refusals();
        assert_eq!(all.len(), before + 1, "{said}");
        assert_eq!(all.last(), Some(&why), "{said}");
    }

    fn refusals(&self) -> Vec<Refused> {
        let of = |change| match change {
            Change::Exchange(Exchanging::PackageRefused { why, .. }) => why,
            other => panic!("{other:?}"),
        };
        self.here.changes("package_refused").into_iter().map(of).collect()
    }

    /// The package itself, as its receiver decrypts it.
    fn plain(&self, sealed: &[u8]) -> Vec<u8> {
        let mut out = vec![];
        self.here.app.open_package(self.here.organisation("secretariat"), &self.file(sealed), &mut out).unwrap();
        out
    }
}

#[test]
fn an_anchor_counts_when_two_people_agree_and_a_wrong_fingerprint_blocks_it_and_warns() {
    for w in worlds() {
        w.app.start().unwrap();
        let card = app::trust::Card { name: "別の環境".into(), ..w.app.own_card(w.actor("officer")).unwrap().unwrap() };
        let anchor = propose(&w, &card, Label::Disclosable, "secretariat");
        let decide = |fingerprint: &str| Command::DecideAnchor { anchor, fingerprint: fingerprint.into() };
        assert_eq!(w.refused("secretariat", decide(&spoken(card.fingerprint()))), Why::State, "by who proposed it");
        assert_eq!(w.refused("officer", decide(&spoken(card.fingerprint()))), Why::Forbidden);
        w.act("operator", decide("0000"));
        let state = |w: &World| w.app.trust(w.actor("secretariat")).unwrap().anchors[0].anchor.state;
        assert_eq!((state(&w), w.alerts(AlertKind::KeyEvent).len()), (AnchorState::Blocked, 1));
        assert_eq!(w.refused("operator", decide(&spoken(card.fingerprint()))), Why::State, "there is no second try");
        w.act("secretariat", Command::RemoveAnchor { anchor, reason: "指紋が一致しない".into() });
        assert_eq!(state(&w), AnchorState::Removed);
        let again = propose(&w, &card, Label::Disclosable, "secretariat");
        w.act("operator", Command::DecideAnchor { anchor: again, fingerprint: card.fingerprint().to_string() });
        assert_eq!(state(&w), AnchorState::Active);
        assert!(w.app.trust(w.actor("stranger")).is_err() && w.app.trust(w.actor("evaluator")).is_err());
        for line in w.lines().iter().filter(|l| l.head.kind.starts_with("anchor_")) {
            assert!(line.head.subject.starts_with("anchor_"), "{}", line.head.subject);
        }
    }
}

#[test]
fn a_case_goes_over_is_evaluated_comes_again_and_its_receipt_returns_on_both_engines() {
    for (there, here) in worlds().into_iter().zip(worlds().into_iter().rev()) {
        let t = two(there, here, Label::Confidential);
        let case = case(&t.there);
        let bytes = t.send(case);
        assert!(bytes.starts_with(b"age-encryption.org/v1") && !bytes.windows(12).any(|w| w == "規程.pdf".as_bytes()));

        // Looked at: nothing has changed yet.
        let token = t.arrive(&bytes).unwrap();
        let look = t.look(&token);
        assert_eq!((look.comparison.new.as_slice(), look.label, look.continues), (&[ItemNo(1), ItemNo(81)][..], Label::Confidential, None));
        assert_eq!(look.comparison.files, [FileChange::New("規程.pdf".into())]);
        assert!(look.lines >= 4, "{}", look.lines);
        assert!(t.here.changes("case_opened").is_empty());
        assert_eq!(t.here.why(t.here.app.look_at_package(t.here.actor("operator"), &token)), Why::Forbidden);

        // Taken in, it is a submission like any other.
        let mirrored = t.here.app.take_package(t.here.actor("secretariat"), &token).unwrap().made.unwrap().parse().unwrap();
        assert_ne!(mirrored, case);
        let read = t.here.case("secretariat", mirrored, Side::Body);
        assert_eq!((read.facts.case.state, read.facts.case.round, read.provider.name.as_str()), (State::Submitted, 1, "事業者"));
        let facts = read.item(ItemNo(81)).unwrap().1;
        assert_eq!(facts.answer.as_ref().unwrap().content.text, "変更前のパスワードを求めます。");
        let evidence = facts.claims[0].evidence.unwrap();
        t.here.act("secretariat", Command::AcceptRound { case: mirrored, number: None });
        let person = t.here.person("evaluator");
        t.here.act("secretariat", Command::AssignEvaluator { case: mirrored, person, part: Part::First });
        t.here.act("evaluator", Command::DeclareInterest { case: mirrored, conflict: false, statement: String::new() });
        let mut content = vec![];
        t.here.app.file(t.here.actor("evaluator"), evidence, Some(mirrored)).unwrap().1.read_to_end(&mut content).unwrap();
        assert_eq!(content, b"%PDF-1.7 rules of access");
        let confirm = Command::ConfirmClaim {
            case: mirrored,
            item: ItemNo(81),
            claim: facts.claims[0].id,
            finding: Finding::Seen,
            comment: "".into(),
        };
        t.here.act("evaluator", confirm);
        let content =
            VerdictContent { mark: "conditional".into(), improvement: "記録も残すこと".into(), ..VerdictContent::default() };
        t.here.act("evaluator", Command::GiveVerdict { case: mirrored, item: ItemNo(81), base: Pos::NEVER, content });

        // The receipt returns, once.
        let package = t.here.app.packages(t.here.actor("secretariat")).unwrap().moved[0].package.clone();
        assert_eq!((package.case, package.round), (Some(mirrored), 1));
        let (_, receipt) = t.here.app.package_receipt(t.here.actor("secretariat"), package.id).unwrap();
        let bent = receipt.replace("accepted", "refused");
        assert!(t.there.app.file_receipt(t.there.actor("officer"), &bent).is_err());
        assert!(t.there.app.file_receipt(t.there.actor("stranger"), &receipt).is_err(), "another tenant sent nothing");
        t.there.app.file_receipt(t.there.actor("officer"), &receipt.replace('\n', "\r\n")).unwrap();
        assert!(t.there.app.packages(t.there.actor("reviewer")).unwrap().moved[0].answer.as_ref().is_some_and(|(ok, ..)| *ok));
        assert_eq!(t.there.why(t.there.app.file_receipt(t.there.actor("officer"), &receipt)), Why::State);

        // The second one waits for the return, then becomes the next round.
        answer(&t.there, case, 81, "記録も残します。");
        answer(&t.there, case, 1, "");
        answer(&t.there, case, 2, "新しい回答です。");
        let second = t.send(case);
        let token = t.arrive(&second).unwrap();
        assert!(t.look(&token).waits.is_some());
        assert_eq!(t.here.why(t.here.app.take_package(t.here.actor("secretariat"), &token)), Why::State);
        t.here.act("secretariat", Command::ReturnRound { case: mirrored, flagged: None, message: String::new() });
        let look = t.look(&token);
        let c = &look.comparison;
        assert_eq!((c.new.as_slice(), c.changed.as_slice(), c.gone.as_slice()), (&[ItemNo(2)][..], &[ItemNo(81)][..], &[ItemNo(1)][..]));
        assert_eq!((look.continues, c.files.len()), (Some(mirrored), 0));
        t.here.app.take_package(t.here.actor("secretariat"), &token).unwrap();
        let read = t.here.case("evaluator", mirrored, Side::Body);
        assert_eq!((read.facts.case.state, read.facts.case.round), (State::Submitted, 2));
        assert!(!read.item(ItemNo(1)).unwrap().1.is_answered());
        assert_eq!(read.item(ItemNo(81)).unwrap().1.claims.len(), 1, "what did not change stays, with its confirmation");
        assert_eq!(read.item(ItemNo(81)).unwrap().1.confirmations.len(), 1);
        assert!(t.here.app.cases(t.here.actor("officer"), None).unwrap().is_empty(), "another tenant of the receiver sees nothing");
        t.here.app.verify().unwrap();
        for name in ["package_received", "package_sent", "round_submitted", "evidence_added"] {
            for w in [&t.there, &t.here] {
                assert!(w.lines().iter().filter(|l| l.head.kind == name).all(|l| !l.head.subject.contains("規程")));
            }
        }
    }
}

#[test]
fn each_package_that_may_not_come_in_is_refused_with_a_reason_of_its_own() {
    let t = pair();
    let case = case(&t.there);
    let bytes = t.send(case);
    let plain = t.plain(&bytes);
    assert!(plain.starts_with(b"PK\x03\x04"));
    // A reader of a package needs nothing but its bytes: the decrypted one arrives as well.
    t.arrive(&plain).unwrap();

    t.refused(b"not a package", Refused::NotAPackage);
    t.refused(&bytes[..bytes.len() - 10], Refused::Truncated);
    t.refused(&plain[..plain.len() / 2], Refused::Truncated);
    let mut bent = plain.clone();
    let at = plain.windows(8).position(|w| w == b"%PDF-1.7").unwrap();
    bent[at] ^= 1;
    t.refused(&bent, Refused::Altered);

    // For another organisation of the same installation, and for another installation.
    let other = t.here.app.arrived_package(t.here.actor("officer"), &t.file(&bytes));
    assert!(refusal(other).text.en.contains("not encrypted to this organisation"));
    assert_eq!(t.refusals().last(), Some(&Refused::Misaddressed));

    // The sender's anchor, in each state.
    let theirs = t.there.app.own_card(t.there.actor("officer")).unwrap().unwrap();
    t.here.act("secretariat", Command::RemoveAnchor { anchor: t.sender, reason: "契約の終了".into() });
    t.refused(&bytes, Refused::AnchorRemoved);
    let pending = propose(&t.here, &theirs, Label::Disclosable, "secretariat");
    t.refused(&bytes, Refused::AnchorPending);
    t.here.act("operator", Command::DecideAnchor { anchor: pending, fingerprint: "11".into() });
    t.refused(&bytes, Refused::AnchorBlocked);
    let lower = trust(&t.here, &theirs, Label::Disclosable, ["secretariat", "operator"]);
    t.refused(&bytes, Refused::Label);
    t.here.act("secretariat", Command::RemoveAnchor { anchor: lower, reason: "区分の見直し".into() });
    trust(&t.here, &theirs, Label::Confidential, ["secretariat", "operator"]);

    // Accepted, and never again; but a person may still say no to another one.
    t.take(&bytes);
    t.refused(&bytes, Refused::Replayed);
    answer(&t.there, case, 3, "追加の回答です。");
    let more = t.send(case);
    let token = t.arrive(&more).unwrap();
    t.here.app.decline_package(t.here.actor("secretariat"), &token).unwrap();
    assert_eq!(t.refusals().last(), Some(&Refused::Declined));
    let turned = t.here.app.packages(t.here.actor("secretariat")).unwrap().refused;
    let (_, receipt) = t.here.app.refusal_receipt(t.here.actor("secretariat"), turned[0].pos).unwrap();
    t.there.app.file_receipt(t.there.actor("officer"), &receipt).unwrap();
    let sent = &t.there.app.packages(t.there.actor("officer")).unwrap().moved[0];
    assert_eq!(sent.answer.as_ref().map(|(ok, why, _)| (*ok, why.as_str())), Some((false, "declined")));
    let replayed = turned.iter().find(|r| r.why == Refused::Replayed).unwrap();
    assert!(t.here.app.refusal_receipt(t.here.actor("secretariat"), replayed.pos).is_err(), "what was accepted is not refused later");

    let lines = t.here.lines();
    let heads: Vec<_> = lines.iter().filter(|l| l.head.kind == "package_refused").map(|l| l.head.subject.as_str()).collect();
    assert!(heads.len() >= 10 && heads.iter().all(|h| h.len() == 64 && h.bytes().all(|b| b.is_ascii_hexdigit())), "{heads:?}");
    assert_eq!(t.here.alerts(AlertKind::PackageRefused).len(), 6, "one for each file, and not for each try");
}

#[test]
fn what_an_unknown_sender_or_another_version_made_is_refused() {
    let t = pair();
    let case = case(&t.there);
    let bytes = t.send(case);
    // A third installation that knows nobody: the same bytes are for somebody else there.
    let third = World::sqlite();
    third.app.start().unwrap();
    let path = t.file(&t.plain(&bytes));
    let said = refusal(third.app.arrived_package(third.actor("secretariat"), &path));
    assert!(!said.text.ja.is_empty());
    let why = match third.changes("package_refused").last() {
        Some(Change::Exchange(Exchanging::PackageRefused { why, .. })) => *why,
        other => panic!("{other:?}"),
    };
    assert_eq!(why, Refused::UnknownSender);
    // Its limit.
    let mut small = World::sqlite();
    small.app.start().unwrap();
    small.app.config.package_limit = 1000;
    assert!(refusal(small.app.arrived_package(small.actor("secretariat"), &path)).text.en.contains("too large"));
}

#[test]
fn every_sampled_flip_of_a_package_is_refused_at_the_door() {
    let t = pair();
    let bytes = t.send(case(&t.there));
    for sample in [bytes.clone(), t.plain(&bytes)] {
        let path = t.file(&sample);
        let step = sample.len() / 40;
        for at in (0..sample.len()).step_by(step.max(1)) {
            let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
            let mut write = |byte: u8| {
                file.seek(SeekFrom::Start(at as u64)).unwrap();
                file.write_all(&[byte]).unwrap();
            };
            write(sample[at] ^ (1 << (at % 8)));
            let came = t.here.app.arrived_package(t.here.actor("secretariat"), &path);
            assert!(came.is_err(), "byte {at} of {}", sample.len());
            write(sample[at]);
        }
        assert!(t.here.app.arrived_package(t.here.actor("secretariat"), &path).is_ok(), "whole again");
    }
    assert!(t.here.changes("case_opened").is_empty());
}

#[test]
fn nothing_goes_out_above_the_agreed_label_to_a_removed_anchor_or_by_somebody_without_the_right() {
    let t = two(World::sqlite(), World::sqlite(), Label::Disclosable);
    let case = case(&t.there);
    let send = |who: &str, anchor| t.there.app.send_package(t.there.actor(who), case, anchor).map(drop);
    assert_eq!(t.there.why(send("officer", t.receiver)), Why::Forbidden, "a confidential document is claimed");
    for (who, why) in [("colleague", Why::Forbidden), ("stranger", Why::NotFound), ("hospital", Why::NotFound)] {
        assert_eq!(t.there.why(send(who, t.receiver)), why, "{who}");
    }
    let evidence = t.there.app.library(t.there.actor("officer")).unwrap()[0].id;
    t.there.act("officer", Command::FileEvidence { evidence, label: Label::Disclosable, group: None });
    send("officer", t.receiver).unwrap();
    t.there.act("reviewer", Command::RemoveAnchor { anchor: t.receiver, reason: "契約の終了".into() });
    assert_eq!(t.there.why(send("officer", t.receiver)), Why::NotFound);
    assert_eq!(t.there.changes("package_sent").len(), 1, "only what went out is recorded");
    for who in ["evaluator", "operator", "colleague", "hospital"] {
        assert!(t.here.app.arrived_package(t.here.actor(who), &t.file(b"x")).is_err());
    }
    assert!(t.refusals().is_empty(), "who may not receive leaves no refusal");
}

#[test]
fn an_import_that_is_cut_off_leaves_nothing_half_and_goes_through_afterwards() {
    let t = pair();
    let bytes = t.send(case(&t.there));
    let token = t.arrive(&bytes).unwrap();
    // The database refuses the last line of the transaction, as if the process had gone there.
    t.here.scratch().raw("create trigger cut before insert on package begin select raise(abort, 'cut'); end");
    assert!(t.here.app.take_package(t.here.actor("secretariat"), &token).is_err());
    for kind in ["case_opened", "answer_given", "evidence_added", "claim_made", "round_submitted", "package_received"] {
        assert!(t.here.changes(kind).is_empty(), "{kind}");
    }
    t.here.scratch().raw("drop trigger cut");
    t.here.app.take_package(t.here.actor("secretariat"), &token).unwrap();
    assert_eq!((t.here.changes("case_opened").len(), t.here.changes("round_submitted").len()), (1, 1));
    t.here.app.verify().unwrap();
}

/// A scanner of this test alone, that finds nothing with the signatures of 21 November 2026.
fn scanner() -> app::scan::Scanner {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let (mut command, mut one) = (vec![], [0]);
            while stream.read(&mut one).unwrap_or(0) == 1 && one[0] != 0 {
                command.push(one[0]);
            }
            if command == b"zVERSION" {
                let _ = stream.write_all(b"ClamAV 1.4.6/27823/Sat Nov 21 09:24:01 2026\0");
                continue;
            }
            let mut length = [0; 4];
            while stream.read_exact(&mut length).is_ok() && length != [0; 4] {
                let _ = std::io::copy(&mut Read::by_ref(&mut stream).take(u32::from_be_bytes(length).into()), &mut std::io::sink());
            }
            let _ = stream.write_all(b"stream: OK\0");
        }
    });
    app::scan::Scanner::parse(&address, 7, false).unwrap()
}

#[test]
fn a_package_waits_while_the_scanner_is_old_or_away_and_comes_in_when_it_is_new() {
    let t = pair();
    let bytes = t.send(case(&t.there));
    let secretariat = t.here.actor("secretariat");
    let with = |scanner: app::scan::Scanner, days: i64| {
        let clock = app::Clock::set(t.here.app.clock.now() + jiff::SignedDuration::from_hours(24 * days));
        let config = app::Config { scanner: Some(scanner), ..t.here.app.config.clone() };
        app::App::open_at(config, t.here.location(), clock).unwrap()
    };
    let away = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        app::scan::Scanner::parse(&listener.local_addr().unwrap().to_string(), 7, false).unwrap()
    };
    let (new, old, away) = (with(scanner(), 0), with(scanner(), 30), with(away, 0));
    // It waits where it is: it is not turned down, for it is not its fault.
    let token = old.arrived_package(secretariat, &t.file(&bytes)).unwrap();
    for (app, words) in [(&old, "older than 7 days"), (&away, "does not answer")] {
        let waits = app.look_at_package(secretariat, &token).unwrap().waits.expect("it waits");
        assert!(waits.en.contains(words) && waits.ja.contains("受領できません"), "{waits:?}");
        let refused = refusal(app.take_package(secretariat, &token));
        assert_eq!((refused.why, refused.text.en.contains(words)), (Why::State, true));
    }
    assert!(t.refusals().is_empty() && t.here.changes("evidence_added").is_empty() && t.here.changes("case_opened").is_empty());
    assert!(t.here.alerts(AlertKind::Malware).iter().any(|a| a.organisation.is_none()), "the operators are told");

    assert_eq!(new.look_at_package(secretariat, &token).unwrap().waits, None);
    new.take_package(secretariat, &token).unwrap();
    assert_eq!((t.here.changes("evidence_added").len(), t.here.changes("file_scanned").len()), (1, 1));
    t.here.app.verify().unwrap();
}

#[test]
fn the_word_of_a_witness_about_a_senders_ledger_counts_only_where_two_people_activated_it() {
    let mut t = pair();
    let case = case(&t.there);
    t.there.app.checkpoint().unwrap();
    let signed = t.there.app.store().read(store::checkpoints::newest_super).unwrap().unwrap();
    let key = seal::SigningKey::from_seed("witness.example", seal::note::Algorithm::Ed25519, [1; 32]).unwrap();
    let text = seal::Note::parse(&signed.note).unwrap().text;
    let lines = seal::Note { text: "\n".into(), signatures: vec![key.sign(&text)] }.to_string();
    let anchor = store::checkpoints::Anchor {
        id: 0,
        kind: "witness".into(),
        place: "http://witness.example/".into(),
        size: signed.size,
        at: t.there.app.clock.now(),
        proof: lines.trim_start_matches('\n').to_owned(),
        until: None,
        over: None,
    };
    t.there.app.store().write(|tx| tx.keep_anchor(&anchor).map(drop)).unwrap();
    let bytes = t.send(case);
    let look = |t: &Two| t.look(&t.arrive(&bytes).unwrap()).anchors;
    let unknown = look(&t);
    assert!(matches!(unknown.as_slice(), [(false, app::proof::Worth::NotTrusted { by })] if by == "witness.example"), "{unknown:?}");
    roles(&mut t.here, "secretariat", &[Role::Secretariat, Role::Administrator, Role::Operator]);
    let data = key.verifier().to_string();
    let propose = Command::ProposeAnchor { anchor: AnchorKind::Witness, name: "立会人".into(), data: data.clone(), label: None };
    let anchor = t.here.act("operator", propose).made.unwrap().parse().unwrap();
    assert_eq!(look(&t), unknown, "one person");
    let fingerprint = spoken(rules::id::Digest(seal::merkle::sha256(&[data.as_bytes()])));
    t.here.act("secretariat", Command::DecideAnchor { anchor, fingerprint });
    assert!(matches!(look(&t).as_slice(), [(false, app::proof::Worth::Trusted { .. })]));
    t.here.act("operator", Command::RemoveAnchor { anchor, reason: "契約の終了".into() });
    assert_eq!(look(&t), unknown, "removed");
}
