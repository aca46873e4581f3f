//! Every check of every mechanism holds on a fresh installation, and fails on one where the mechanism is broken.

use std::collections::BTreeSet;

use mechanisms::{ALL, Judged, Outcome, judge_all};
use rules::text::Lang;

#[test]
fn every_check_holds_and_fails_where_its_mechanism_is_broken() {
    let mut faults = vec![];
    for Judged { mechanism, check, outcome, words, ms } in judge_all(None, |_, _| {}) {
        println!("{} {} ({ms} ms): {}\n    {}", outcome.name().en, mechanism.id, check.what.en, words.en);
        if outcome != Outcome::Shown {
            faults.push(format!("{} {}: {}\n    {}", outcome.name().en, mechanism.id, check.what.en, words.en));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn a_report_names_every_item_of_its_mechanisms_once_a_check() {
    let report = mechanisms::verify("2026-11-24T03:00:00Z".parse().unwrap(), Some("idle_timeout"), |_, _| {});
    let rows: Vec<(u16, u16)> = report.rows.iter().map(|r| (r.item, r.point)).collect();
    assert_eq!(rows, [(127, 0), (127, 0), (206, 0), (207, 1)]);
    assert_eq!((report.faults(), report.digest.len()), (0, 64));
    let csv = String::from_utf8(report.csv(Lang::Ja).unwrap()).unwrap();
    assert!(csv.lines().count() == 5 && csv.contains("127,,無操作時の切断 (idle_timeout)"), "{csv}");
    assert!(report.json().contains("\"outcome\": \"shown\""));
}

#[test]
fn no_two_mechanisms_have_one_name_and_each_shows_something() {
    let ids: BTreeSet<&str> = ALL.iter().map(|m| m.id).collect();
    assert_eq!(ids.len(), ALL.len());
    for mechanism in ALL {
        assert!(!mechanism.checks.is_empty() && mechanism.checks.iter().all(|c| !c.shows.is_empty()), "{}", mechanism.id);
    }
}
