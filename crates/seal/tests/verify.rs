//! The outsider's check of an export: what is right passes with the right report, and whatever is changed is named where it stands.

#[allow(dead_code)]
#[path = "stamp/authority.rs"]
mod authority;
mod ledger;

use ledger::*;
use proptest::prelude::*;
use seal::export::{Anchor, ExportWriter, Shape};
use seal::note::Unverified;
use seal::verify::{AnchorKind, Erased, Fault, Trust, What, verify_export};
use seal::{Checkpoint, Note, SigningKey, proof};
use serde_json::json;

fn what(file: &[u8], trust: &Trust) -> What {
    check(file, trust).unwrap_err().what
}

fn keys() -> [SigningKey; 1] {
    [key(1)]
}

#[test]
fn a_right_whole_export_passes_with_all_it_shows() {
    let ledger = Ledger::of(20);
    let file = ledger.full(&keys());
    let trust = Trust { witnesses: vec![witness().verifier()], ..trusting(&keys()) };
    let mut heard = Vec::new();
    let report = verify_export(file.as_slice(), &trust, |bytes| heard.push(bytes)).unwrap();
    assert_eq!(heard.last(), Some(&(file.len() as u64)));
    assert_eq!((report.lines, report.size, report.root), (20, 20, proof::root(&ledger.leaves())));
    assert_eq!((report.installation.as_str(), report.tenant.as_str(), report.shape), (INSTALLATION, TENANT, Shape::Whole));
    assert_eq!(report.signed_by, verifiers(&keys()));
    assert!(report.trusted);
    assert_eq!((report.first_at, report.last_at), (Some(moment(1_000_000)), Some(moment(20_000_000))));
    assert_eq!(report.epochs.iter().map(|e| (e.epoch, e.seq)).collect::<Vec<_>>(), [(1, 1)]);
    let [anchor] = &report.anchors[..] else { panic!("{:?}", report.anchors) };
    assert_eq!((anchor.kind, anchor.by.as_str(), anchor.trusted), (AnchorKind::Witness, "hospital.example", true));
}

#[test]
fn a_right_extract_passes() {
    let file = Ledger::of(21).extract(&[1, 2, 7, 20, 21], &keys());
    let report = check(&file, &trusting(&keys())).unwrap();
    assert_eq!((report.lines, report.size, report.shape), (5, 21, Shape::Extract));
    assert!(!report.anchors[0].trusted, "nobody named this witness");
}

#[test]
fn an_empty_ledger_passes() {
    let mut out = ExportWriter::begin(Vec::new(), &opening(Shape::Whole, &keys())).unwrap();
    out.checkpoint(&Ledger::of(0).note(0, &keys())).unwrap();
    let file = out.finish().unwrap();
    let report = check(&file, &trusting(&keys())).unwrap();
    assert_eq!((report.lines, report.first_at), (0, None));
    let known = Trust { known: vec![Ledger::of(0).note(0, &keys())], ..trusting(&keys()) };
    assert!(check(&file, &known).is_ok());
}

#[test]
fn without_keys_the_report_says_that_nothing_vouches_for_them() {
    let file = Ledger::of(4).full(&keys());
    assert!(!check(&file, &Trust::default()).unwrap().trusted);
}

#[test]
fn a_file_that_others_signed_is_refused() {
    let file = Ledger::of(4).full(&keys());
    assert!(matches!(what(&file, &trusting(&[key(2)])), What::Untrusted { signers } if signers == verifiers(&keys())));
    // A trusted key of another installation counts for nothing here.
    let elsewhere = SigningKey::from_seed("akashi-fedcba9876543210", seal::note::Algorithm::Ed25519, [1; 32]).unwrap();
    assert!(matches!(what(&file, &trusting(&[elsewhere])), What::Untrusted { .. }));
    // Neither the file nor the outsider knows who signed.
    let ledger = Ledger::of(4);
    let file = ledger.whole(&[key(2)], &[(4, &keys())]);
    assert_eq!(what(&file, &Trust::default()), What::Signature(Box::new(Unverified::NobodyKnown)));
}

/// Where a flipped byte may be named: at its own line of the file; or later, where only another line or the digest can tell.
fn is_named(fault: &Fault, line: u64, text: &str) -> bool {
    if text.starts_with("{\"head\":") { fault.file_line == line } else { fault.file_line >= line }
}

fn flip_each(file: &[u8], trust: &Trust, values: impl Fn(usize, u8) -> Vec<u8>) {
    assert!(check(file, trust).is_ok());
    let texts = split(file);
    let (mut line, mut bent) = (1_u64, file.to_vec());
    for at in 0..file.len() {
        for value in values(at, file[at]) {
            bent[at] = value;
            let fault = match check(&bent, trust) {
                Err(fault) => fault,
                Ok(_) => panic!("byte {at} of line {line} as {value:#x} passes"),
            };
            // A newline that is gone joins two lines: the first of them is named.
            assert!(is_named(&fault, line, &texts[line as usize - 1]), "byte {at} of line {line} as {value:#x}: {fault}");
            let start = bent[..fault.offset as usize].iter().filter(|b| **b == b'\n').count() as u64;
            assert_eq!(start + 1, fault.file_line, "{fault}");
        }
        bent[at] = file[at];
        line += u64::from(file[at] == b'\n');
    }
}

#[test]
fn every_flipped_byte_of_a_whole_export_is_named() {
    let file = Ledger::of(6).full(&keys());
    flip_each(&file, &trusting(&keys()), |at, byte| vec![byte ^ (1 << (at % 8))]);
}

#[test]
fn every_flipped_byte_of_an_extract_is_named() {
    let file = Ledger::of(11).extract(&[2, 5, 11], &keys());
    flip_each(&file, &trusting(&keys()), |at, byte| vec![byte ^ (1 << (at % 8))]);
}

#[test]
fn every_value_of_every_31st_byte_is_named() {
    let file = Ledger::of(2).full(&keys());
    flip_each(
        &file,
        &trusting(&keys()),
        |at, byte| if at % 31 == 3 { (0..=255).filter(|value| *value != byte).collect() } else { Vec::new() },
    );
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let file = Ledger::of(3).full(&keys());
    for length in 0..file.len() {
        assert!(check(&file[..length], &trusting(&keys())).is_err(), "{length}");
    }
    for more in ["\n", " ", "{}\n"] {
        assert_eq!(check(&[&file, more.as_bytes()].concat(), &trusting(&keys())).unwrap_err().file_line, split(&file).len() as u64 + 1);
    }
}

/// The index of ledger line `seq` among the lines of a whole export with its one checkpoint at the end.
fn index(seq: u64) -> usize {
    seq as usize
}

fn altered(change: impl FnOnce(&mut Vec<String>)) -> Fault {
    let ledger = Ledger::of(9);
    let mut lines = split(&ledger.whole(&keys(), &[(9, &keys())]));
    change(&mut lines);
    check(&resealed(&lines), &trusting(&keys())).unwrap_err()
}

#[test]
fn deleted_swapped_and_doubled_lines_are_named() {
    let fault = altered(|lines| drop(lines.remove(index(4))));
    assert_eq!((fault.file_line, fault.seq, fault.what), (5, Some(5), What::Missing { expected: 4 }));
    let fault = altered(|lines| lines.swap(index(4), index(5)));
    assert_eq!((fault.file_line, fault.seq, fault.what), (5, Some(5), What::Missing { expected: 4 }));
    let fault = altered(|lines| lines.insert(index(4), lines[index(4)].clone()));
    assert_eq!((fault.file_line, fault.seq, fault.what), (6, Some(4), What::Doubled));
    let fault = altered(|lines| lines.insert(index(6), lines[index(2)].clone()));
    assert_eq!((fault.file_line, fault.seq, fault.what), (7, Some(2), What::OutOfOrder { after: 5 }));
    let fault = altered(|lines| drop(lines.remove(index(9))));
    assert_eq!((fault.file_line, fault.what), (10, What::TailMissing { covered: 9, lines: 8 }));
    let fault = altered(|lines| drop(lines.remove(10)));
    assert_eq!((fault.file_line, fault.what), (11, What::Uncovered { lines: 9, covered: 0 }));
    let fault = altered(|lines| drop(lines.remove(0)));
    assert_eq!((fault.file_line, fault.what), (1, What::NoOpening));
    let fault = altered(|lines| lines.insert(3, lines[0].clone()));
    assert_eq!((fault.file_line, fault.what), (4, What::Misplaced { found: "ledger" }));

    // The same in an extract.
    let ledger = Ledger::of(9);
    let lines = split(&ledger.extract(&[2, 4, 6], &keys()));
    let mut swapped = lines.clone();
    swapped.swap(3, 4);
    let fault = check(&resealed(&swapped), &trusting(&keys())).unwrap_err();
    assert_eq!((fault.file_line, fault.seq, fault.what), (5, Some(4), What::OutOfOrder { after: 6 }));
    let mut doubled = lines.clone();
    doubled.insert(3, lines[3].clone());
    assert_eq!(what(&resealed(&doubled), &trusting(&keys())), What::Doubled);
    let mut late = lines;
    late.swap(1, 2);
    assert_eq!(what(&resealed(&late), &trusting(&keys())), What::Misplaced { found: "line" });
}

#[test]
fn an_end_that_counts_or_hashes_otherwise_is_named() {
    let file = Ledger::of(3).whole(&keys(), &[(3, &keys())]);
    let text = String::from_utf8(file).unwrap();
    let counted = text.replace("\"lines\":3", "\"lines\":4");
    assert_eq!(what(counted.as_bytes(), &trusting(&keys())), What::EndCount { says: 4, lines: 3 });
    let later = text.replace(&moment(3_200_000_000), &moment(3_300_000_000));
    assert_eq!(what(later.as_bytes(), &trusting(&keys())), What::Digest);
    let unknown = text.replacen("\"v\":1}", "\"v\":1,\"x\":1}", 1);
    assert!(matches!(what(unknown.as_bytes(), &trusting(&keys())), What::NotCanonical { .. }));
    let version = text.replacen("\"v\":1}", "\"v\":2}", 1);
    assert_eq!(what(version.as_bytes(), &trusting(&keys())), What::Version { version: 2 });
    let spaced = text.replacen("\"seq\":2", "\"seq\": 2", 1);
    let fault = check(spaced.as_bytes(), &trusting(&keys())).unwrap_err();
    assert!(fault.file_line == 3 && matches!(fault.what, What::NotCanonical { .. }), "{fault}");
}

#[test]
fn a_line_forged_with_all_its_hashes_is_found_by_the_next_checkpoint() {
    let right = Ledger::of(9);
    let notes = [(4, right.note(4, &keys())), (9, right.note(9, &keys()))];
    let mut forged = Ledger::of(9);
    forged.forge(6, |line| line.head.actor = "somebody".into());
    let fault = check(&forged.with(&keys(), &notes), &trusting(&keys())).unwrap_err();
    assert_eq!((fault.file_line, fault.what), (12, What::CheckpointRoot { from: 5, to: 9 }));
}

#[test]
fn another_tenants_line_and_a_position_that_falls_are_named() {
    let mut ledger = Ledger::of(5);
    ledger.forge(3, |line| line.head.tenant = "organisation_2".into());
    let fault = check(&ledger.whole(&keys(), &[(5, &keys())]), &trusting(&keys())).unwrap_err();
    assert_eq!(fault.seq, Some(3));
    assert_eq!(fault.what, What::Tenant { found: "organisation_2".into(), expected: TENANT.into() });
    let mut ledger = Ledger::of(5);
    ledger.forge(3, |line| line.head.pos = 6);
    assert_eq!(what(&ledger.whole(&keys(), &[(5, &keys())]), &trusting(&keys())), What::Position { after: 6 });
}

#[test]
fn a_checkpoint_of_another_ledger_or_of_another_size_is_named() {
    let ledger = Ledger::of(5);
    let other = Checkpoint { origin: "akashi/fedcba9876543210/organisation_1".into(), ..ledger.checkpoint(5) };
    let note = Note::sign(other.text(), &keys()).unwrap();
    assert!(matches!(what(&ledger.with(&keys(), &[(5, note)]), &trusting(&keys())), What::OtherLedger { .. }));
    let early = ledger.with(&keys(), &[(5, ledger.note(4, &keys()))]);
    assert_eq!(what(&early, &trusting(&keys())), What::CheckpointSize { size: 4, lines: 5 });
}

#[test]
fn time_that_runs_back_is_named_unless_the_clock_was_moved() {
    let mut ledger = Ledger::of(5);
    ledger.forge(4, |line| line.head.at = moment(2_999_999));
    let fault = check(&ledger.whole(&keys(), &[(5, &keys())]), &trusting(&keys())).unwrap_err();
    assert_eq!((fault.seq, fault.what), (Some(4), What::TimeBack { at: moment(2_999_999), before: moment(3_000_000) }));

    let mut ledger = Ledger::of(3);
    ledger.push("clock_jumped", json!({"kind": "clock_jumped", "milliseconds": -2000}));
    ledger.push("verdict_given", json!({"kind": "verdict_given"}));
    ledger.forge(4, |line| line.head.at = moment(1_000_000));
    ledger.forge(5, |line| line.head.at = moment(1_500_000));
    assert!(check(&ledger.whole(&keys(), &[(5, &keys())]), &trusting(&keys())).is_ok());
    // The line itself may still have the old time.
    ledger.forge(4, |line| line.head.at = moment(3_000_000));
    assert!(check(&ledger.whole(&keys(), &[(5, &keys())]), &trusting(&keys())).is_ok());
    // An extract that leaves it out is right too.
    assert!(check(&ledger.extract(&[3, 5], &keys()), &trusting(&keys())).is_ok());
}

#[test]
fn a_payload_that_is_gone_needs_an_erasure() {
    let mut ledger = Ledger::of(6);
    let erase = |ledger: &mut Ledger, seqs: &[u64]| seqs.iter().for_each(|seq| ledger.lines[*seq as usize - 1].payload = None);
    erase(&mut ledger, &[2, 3, 5]);
    let fault = check(&ledger.whole(&keys(), &[(6, &keys())]), &trusting(&keys())).unwrap_err();
    assert_eq!((fault.file_line, fault.seq, fault.what), (3, Some(2), What::PayloadMissing));

    ledger.push("payloads_erased", json!({"kind": "payloads_erased", "authority": "病院規程", "seqs": [[1, 3]], "rows": []}));
    let fault = check(&ledger.whole(&keys(), &[(7, &keys())]), &trusting(&keys())).unwrap_err();
    assert_eq!((fault.file_line, fault.seq, fault.what), (6, Some(5), What::PayloadMissing));

    ledger.push("payloads_erased", json!({"kind": "payloads_erased", "authority": "病院規程", "seqs": [[5, 5]]}));
    let report = check(&ledger.whole(&keys(), &[(8, &keys())]), &trusting(&keys())).unwrap();
    assert_eq!(report.erased, [Erased { from: 2, to: 3, by: 7 }, Erased { from: 5, to: 5, by: 8 }]);
    let report = check(&ledger.extract(&[3, 4, 7], &keys()), &trusting(&keys())).unwrap();
    assert_eq!(report.erased, [Erased { from: 3, to: 3, by: 7 }]);
    assert_eq!(what(&ledger.extract(&[3, 4, 8], &keys()), &trusting(&keys())), What::PayloadMissing);

    for seqs in [json!([[9, 9]]), json!([[3, 2]]), json!([[0, 1]]), json!([[1]]), json!(null)] {
        let mut ledger = Ledger::of(8);
        ledger.push("payloads_erased", json!({"kind": "payloads_erased", "seqs": seqs}));
        assert!(matches!(what(&ledger.whole(&keys(), &[(9, &keys())]), &trusting(&keys())), What::Event { .. }));
    }
    // What a line says it is and what its payload says must agree.
    let mut ledger = Ledger::of(3);
    ledger.push("payloads_erased", json!({"kind": "signing_key_changed", "keys": []}));
    assert!(matches!(what(&ledger.whole(&keys(), &[(4, &keys())]), &trusting(&keys())), What::Event { .. }));
}

#[test]
fn half_a_payload_and_a_changed_payload_are_named() {
    let ledger = Ledger::of(3);
    let file = ledger.whole(&keys(), &[(3, &keys())]);
    let mut lines = split(&file);
    let from = lines[2].find("\"text\":").unwrap();
    lines[2].replace_range(from.., "\"text\":null}");
    assert!(matches!(what(&resealed(&lines), &trusting(&keys())), What::NotCanonical { .. }));
    let mut lines = split(&file);
    lines[2] = lines[2].replace("確認", "否認");
    let fault = check(&resealed(&lines), &trusting(&keys())).unwrap_err();
    assert_eq!((fault.file_line, fault.seq, fault.what), (3, Some(2), What::PayloadAltered));
    let mut lines = split(&file);
    lines[2] = lines[2].replace("person_1", "person_2");
    let fault = check(&resealed(&lines), &trusting(&keys())).unwrap_err();
    assert_eq!((fault.file_line, fault.seq, fault.what), (3, Some(2), What::Altered));
}

#[test]
fn a_fork_and_a_cut_tail_are_seen_by_what_was_kept() {
    let told_before = Ledger::of(8);
    let mut told_now = Ledger::of(8);
    told_now.forge(5, |line| line.head.actor = "somebody".into());
    let file = told_now.full(&keys());
    assert!(check(&file, &trusting(&keys())).is_ok(), "by itself it is right: only what was kept shows the fork");
    let keeping = |notes: Vec<Note>| Trust { known: notes, ..trusting(&keys()) };
    let fault = check(&file, &keeping(vec![told_before.note(3, &keys()), told_before.note(6, &keys())])).unwrap_err();
    assert_eq!((fault.seq, fault.what), (Some(6), What::Fork { size: 6, epoch: None }));
    let report = check(&file, &keeping(vec![told_before.note(4, &keys()), told_before.note(4, &keys())])).unwrap();
    assert_eq!((report.known, report.known_elsewhere), (2, 0));

    let shorter = Ledger::of(6).full(&keys());
    assert_eq!(what(&shorter, &keeping(vec![told_before.note(8, &keys())])), What::TailMissing { covered: 8, lines: 6 });

    // An extract shows one size only.
    let extract = told_now.extract(&[2], &keys());
    assert_eq!(what(&extract, &keeping(vec![told_before.note(8, &keys())])), What::Fork { size: 8, epoch: None });
    assert_eq!(what(&extract, &keeping(vec![Ledger::of(9).note(9, &keys())])), What::TailMissing { covered: 9, lines: 8 });
    let report = check(&extract, &keeping(vec![told_before.note(6, &keys()), told_now.note(8, &keys())])).unwrap();
    assert_eq!((report.known, report.known_elsewhere), (1, 1));

    // Other ledgers' checkpoints are passed over; what is no checkpoint is not.
    let other = Checkpoint { origin: "akashi/0123456789abcdef/organisation_2".into(), ..told_before.checkpoint(6) };
    assert!(check(&file, &keeping(vec![Note::sign(other.text(), &keys()).unwrap()])).is_ok());
    let (above, ..) = told_before.super_note(&keys());
    assert_eq!(what(&file, &keeping(vec![above])), What::SuperFork { size: 3 });
    assert!(matches!(what(&file, &keeping(vec![Note::sign("a\n".into(), &keys()).unwrap()])), What::KnownUnreadable { .. }));
}

fn epoch_begun(epoch: u32, keys: &[SigningKey], before: u64) -> serde_json::Value {
    json!({"kind": "epoch_begun", "installation": INSTALLATION, "epoch": epoch, "reason": "restored", "keys": verifiers(keys), "authority": "administrator", "before": before})
}

#[test]
fn an_epoch_break_is_shown_and_explains_a_fork() {
    let mut before = Ledger::of(7);
    before.push("verdict_given", json!({"kind": "verdict_given", "lost": true}));
    let mut ledger = Ledger::of(7);
    ledger.push("epoch_begun", epoch_begun(2, &keys(), 8));
    let first = ledger.note(7, &keys());
    ledger.epoch = 2;
    let file = ledger.with(&keys(), &[(7, first.clone()), (8, ledger.note(8, &keys()))]);
    let report = check(&file, &trusting(&keys())).unwrap();
    let epochs: Vec<_> = report.epochs.iter().map(|e| (e.epoch, e.seq, e.reason.as_deref(), e.before)).collect();
    assert_eq!(epochs, [(1, 1, None, None), (2, 8, Some("restored"), Some(8))]);

    let kept = Trust { known: vec![before.note(8, &keys())], ..trusting(&keys()) };
    let fault = check(&file, &kept).unwrap_err();
    assert!(matches!(&fault.what, What::Fork { size: 8, epoch: Some(epoch) } if epoch.epoch == 2), "{fault}");
    assert!(fault.to_string().contains("epoch 2 begins at line 8"), "{fault}");

    // An epoch never falls, and none begins twice.
    ledger.epoch = 1;
    let file = ledger.with(&keys(), &[(7, first), (8, ledger.note(8, &keys()))]);
    assert_eq!(what(&file, &trusting(&keys())), What::EpochFalls { epoch: 1, before: 2 });
    ledger.push("epoch_begun", epoch_begun(2, &keys(), 8));
    assert_eq!(what(&ledger.whole(&keys(), &[(9, &keys())]), &trusting(&keys())), What::EpochFalls { epoch: 2, before: 2 });
    ledger.epoch = 1;
    assert_eq!(what(&ledger.extract(&[8], &keys()), &trusting(&keys())), What::EpochFalls { epoch: 1, before: 2 });
}

#[test]
fn trust_passes_to_new_keys_only_under_a_signature_of_the_old() {
    let mut ledger = Ledger::of(4);
    ledger.push("signing_key_changed", json!({"kind": "signing_key_changed", "keys": verifiers(&[key(2)]), "reason": "yearly"}));
    ledger.push("verdict_given", json!({"kind": "verdict_given"}));
    let all = [key(1), key(2)];
    // Signed by both, by the old alone, or before and after: whoever has the old key follows.
    let right: [&[(u64, &[SigningKey])]; 3] =
        [&[(4, &[key(1)]), (5, &[key(1), key(2)]), (6, &[key(2)])], &[(5, &[key(1)]), (6, &[key(2)])], &[(6, &[key(1), key(2)])]];
    for checkpoints in right {
        let file = ledger.whole(&all, checkpoints);
        for known in [&[key(1)] as &[SigningKey], &[key(2)], &[key(1), key(2)]] {
            assert!(check(&file, &trusting(known)).unwrap().trusted);
        }
    }
    // Anybody can go on with a published ledger and announce keys of their own.
    let forged = ledger.whole(&all, &[(4, &[key(1)]), (6, &[key(2)])]);
    assert!(matches!(what(&forged, &trusting(&[key(1)])), What::Untrusted { .. }));
    assert!(check(&forged, &trusting(&[key(2)])).is_ok());
    // A retired key signs nothing more.
    let retired = ledger.whole(&all, &[(5, &[key(1), key(2)]), (6, &[key(1)])]);
    assert!(matches!(what(&retired, &trusting(&[key(1)])), What::Untrusted { .. }));
}

#[test]
fn a_signature_that_is_left_out_is_missed() {
    let both = [key(1), later_key(1)];
    let ledger = Ledger::of(3);
    assert!(check(&ledger.whole(&both, &[(3, &both)]), &trusting(&both)).is_ok());
    for one in [[key(1)], [later_key(1)]] {
        let file = ledger.whole(&both, &[(3, &one)]);
        assert!(matches!(what(&file, &trusting(&both)), What::Untrusted { .. }));
        assert!(matches!(what(&file, &Trust::default()), What::Untrusted { .. }));
        assert!(check(&file, &trusting(&one)).is_ok(), "who has one key asks for one signature");
    }
}

#[test]
fn a_super_checkpoint_or_anchor_of_something_else_is_named() {
    let ledger = Ledger::of(4);
    let (note, index, path) = ledger.super_note(&keys());
    let build = |index: u64, path: &[seal::Hash], anchor: Option<Anchor>| {
        let mut out = ExportWriter::begin(Vec::new(), &opening(Shape::Whole, &keys())).unwrap();
        ledger.lines.iter().for_each(|line| out.line(line, None).unwrap());
        out.checkpoint(&ledger.note(4, &keys())).unwrap();
        out.super_log(&note, index, path).unwrap();
        anchor.into_iter().for_each(|anchor| out.anchor(&anchor).unwrap());
        out.finish().unwrap()
    };
    let trust = Trust { witnesses: vec![witness().verifier()], ..trusting(&keys()) };
    assert!(check(&build(index, &path, None), &trust).is_ok());
    assert_eq!(what(&build(0, &path, None), &trust), What::SuperProof { index: 0, size: 3 });
    assert_eq!(what(&build(index, &path[..1], None), &trust), What::SuperProof { index: 1, size: 3 });
    assert_eq!(what(&build(index, &path, Some(Anchor::Witness(note.clone()))), &trust), What::NoWitness);
    assert!(matches!(what(&build(index, &path, Some(Anchor::Stamp(vec![0x30, 0]))), &trust), What::Stamp(_)));
    let mut other = Ledger::of(5).super_note(&keys()).0;
    other.add(witness().sign(&other.text));
    assert_eq!(what(&build(index, &path, Some(Anchor::Witness(other.clone()))), &trust), What::WitnessOfAnother);
    let mut wrong = note.clone();
    wrong.add(witness().sign(&other.text));
    assert!(matches!(what(&build(index, &path, Some(Anchor::Witness(wrong))), &trust), What::Signature(_)));
}

#[test]
fn a_time_stamp_of_openssl_is_read_and_no_byte_of_it_can_change() {
    if !authority::openssl_is_here() {
        return;
    }
    let tsa = authority::Authority::new("export", &authority::P256);
    let ledger = Ledger::of(2);
    let (note, index, path) = ledger.super_note(&keys());
    let token = tsa.token(&seal::merkle::sha256(&[note.text.as_bytes()]), 7);
    let build = |token: Vec<u8>| {
        let mut out = ExportWriter::begin(Vec::new(), &opening(Shape::Extract, &keys())).unwrap();
        out.checkpoint(&ledger.note(2, &keys())).unwrap();
        out.super_log(&note, index, &path).unwrap();
        out.anchor(&Anchor::Stamp(token)).unwrap();
        out.finish().unwrap()
    };
    let trust = Trust { stamp_roots: tsa.roots().to_vec(), ..trusting(&keys()) };
    let report = check(&build(token.clone()), &trust).unwrap();
    let [anchor] = &report.anchors[..] else { panic!("{:?}", report.anchors) };
    assert_eq!((anchor.kind, anchor.by.as_str(), anchor.trusted), (AnchorKind::Stamp, "CN=Stamps,O=Clock,C=JP", true));
    assert!(anchor.at.as_ref().is_some_and(|at| at.ends_with('Z')), "{anchor:?}");
    assert!(!check(&build(token.clone()), &trusting(&keys())).unwrap().anchors[0].trusted, "nobody named this authority");
    for at in 0..token.len() {
        let mut bent = token.clone();
        bent[at] ^= 1 << (at % 8);
        let fault = check(&build(bent), &trust).unwrap_err();
        assert!(fault.file_line == 4 && matches!(fault.what, What::Stamp(_)), "byte {at}: {fault}");
    }
    // A stamp over another checkpoint.
    let other = tsa.token(&seal::merkle::sha256(&[b"another"]), 8);
    assert!(matches!(what(&build(other), &trust), What::Stamp(_)));
}

#[test]
fn the_writer_refuses_what_the_reader_would() {
    let ledger = Ledger::of(2);
    let (note, index, path) = ledger.super_note(&keys());
    let begin = |shape| ExportWriter::begin(Vec::new(), &opening(shape, &keys())).unwrap();
    assert!(begin(Shape::Whole).finish().is_err(), "no checkpoint");
    assert!(begin(Shape::Whole).line(&ledger.lines[0], Some(&[])).is_err());
    assert!(begin(Shape::Extract).line(&ledger.lines[0], Some(&[])).is_err(), "the checkpoint comes first");
    assert!(begin(Shape::Whole).super_log(&note, index, &path).is_err());
    assert!(begin(Shape::Whole).anchor(&Anchor::Stamp(Vec::new())).is_err());
    let mut out = begin(Shape::Whole);
    out.checkpoint(&ledger.note(0, &keys())).unwrap();
    out.line(&ledger.lines[0], None).unwrap();
    assert!(out.super_log(&note, index, &path).is_err(), "a line is not covered");
    let mut out = begin(Shape::Extract);
    out.checkpoint(&ledger.note(2, &keys())).unwrap();
    assert!(out.checkpoint(&ledger.note(2, &keys())).is_err(), "an extract has one");
}

#[test]
fn every_fault_has_words_in_both_languages() {
    let fault = check(&Ledger::of(2).full(&keys()), &trusting(&[key(2)])).unwrap_err();
    assert!(fault.to_string().contains("is not signed by the keys you gave"), "{fault}");
    assert!(fault.ja().contains("お手元の公開鍵"), "{}", fault.ja());
    let fault = altered(|lines| drop(lines.remove(index(4))));
    assert!(fault.to_string().starts_with("line 5 of the file (byte "), "{fault}");
    assert!(fault.ja().starts_with("ファイルの5行目（"), "{}", fault.ja());
}

/// A reader that hands out a few bytes at a time, so that lines never lie in its memory in one piece.
#[test]
fn the_pieces_in_which_a_file_arrives_do_not_matter() {
    let file = Ledger::of(5).full(&keys());
    let whole = check(&file, &trusting(&keys())).unwrap();
    for capacity in [1, 2, 3, 64, 333, 1000, file.len() - 1, file.len() + 1] {
        let pieces = std::io::BufReader::with_capacity(capacity, file.as_slice());
        assert_eq!(verify_export(pieces, &trusting(&keys()), |_| {}).unwrap(), whole, "{capacity}");
    }
    let mut bent = file.clone();
    bent[700] ^= 1;
    let fault = check(&bent, &trusting(&keys())).unwrap_err();
    let pieces = std::io::BufReader::with_capacity(7, bent.as_slice());
    assert_eq!(verify_export(pieces, &trusting(&keys()), |_| {}).unwrap_err(), fault);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_make_the_check_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "[{}\\[\\]\":,a-z0-9\n]{0,200}") {
        prop_assert!(check(&bytes, &Trust::default()).is_err());
        prop_assert!(check(text.as_bytes(), &Trust::default()).is_err());
    }

    #[test]
    fn no_mutation_passes_or_panics(cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), 0_u8..6), 1..4), reseal in any::<bool>(), extract in any::<bool>()) {
        let ledger = Ledger::of(5);
        let right = if extract { ledger.extract(&[1, 3, 5], &keys()) } else { ledger.full(&keys()) };
        let mut file = right.clone();
        for (a, b, c, byte, how) in cuts {
            if file.is_empty() {
                break;
            }
            let (from, to, at) = (a.index(file.len()), b.index(file.len()), c.index(file.len()));
            let piece = file[from.min(to)..from.max(to)].to_vec();
            match how {
                0 => file[at] = byte,
                1 => drop(file.drain(from.min(to)..from.max(to))),
                2 => drop(file.splice(at..at, piece)),
                3 => file.insert(at, byte),
                4 => file.truncate(at),
                _ => file.swap(from, to),
            }
        }
        if reseal && let Ok(text) = std::str::from_utf8(&file) && text.lines().count() > 1 {
            file = resealed(&text.lines().map(str::to_owned).collect::<Vec<_>>());
        }
        // With a fresh end only `made_at` and the keys of the file, which nothing vouches for, may differ; trust is given from outside.
        if let Ok(report) = check(&file, &trusting(&keys())) {
            let first = |file: &[u8]| split(file)[1..split(file).len() - 1].to_vec();
            let anchors = |lines: Vec<String>| lines.into_iter().filter(|line| line.starts_with("{\"head\":") || line.contains("\"t\":\"checkpoint\"")).collect::<Vec<_>>();
            let kept = anchors(first(&right));
            prop_assert!(anchors(first(&file)).iter().all(|line| kept.contains(line)), "{report:?}");
        }
    }
}
