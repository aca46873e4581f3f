//! Every rule has a snapshot that passes and one that fails; nothing unknown passes, and no input breaks a probe.

use std::path::Path;

use probes::{
    Exception, Facts, Net, Outcome, PROBES, Probe, Profile, Reading, Snapshot, Target, Verdict, combined, judged, profiles, unreached,
};

#[derive(Clone, serde::Deserialize)]
struct Golden {
    profile: String,
    facts: Facts,
    snapshot: Snapshot,
}

fn all_profiles() -> Vec<Profile> {
    profiles(include_str!("../../../catalog/profiles/probes.toml")).unwrap()
}

fn profile(id: &str) -> Profile {
    all_profiles().into_iter().find(|profile| profile.id == id).unwrap()
}

fn golden(probe: &str, rule: &str, kind: &str) -> Golden {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("golden/{probe}/{rule}.{kind}.json"));
    let content = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&content).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn probe(id: &str) -> &'static Probe {
    PROBES.iter().find(|probe| probe.id == id).unwrap()
}

fn one(golden: &Golden, rule: &str) -> Outcome {
    let all = judged(probe(&golden.snapshot.probe), &golden.snapshot, &profile(&golden.profile), &golden.facts);
    all.into_iter().find(|outcome| outcome.rule_id == rule).unwrap()
}

fn net() -> Net {
    Net::new("test", || "2026-11-01T00:00:00Z".parse().unwrap())
}

#[test]
fn every_rule_has_a_snapshot_that_passes_and_one_that_fails() {
    for probe in PROBES {
        for rule in probe.rules {
            assert_eq!(one(&golden(probe.id, rule.id, "pass"), rule.id).verdict, Verdict::Pass, "{} {}", probe.id, rule.id);
            assert_eq!(one(&golden(probe.id, rule.id, "fail"), rule.id).verdict, Verdict::Fail, "{} {}", probe.id, rule.id);
        }
    }
}

#[test]
fn what_was_not_read_is_unknown_and_never_passes() {
    for probe in PROBES {
        for rule in probe.rules {
            for reading in [Reading::Denied, Reading::Missing, Reading::NotNamed, Reading::TooLarge(1), Reading::Unreadable("EIO".into())] {
                let mut golden = golden(probe.id, rule.id, "pass");
                golden.snapshot.read.values_mut().for_each(|read| *read = reading.clone());
                golden.facts.second_factor = Some(true);
                golden.facts.random_passwords = Some(true);
                for profile in all_profiles() {
                    golden.profile = profile.id;
                    assert_eq!(one(&golden, rule.id).verdict, Verdict::Unknown, "{} {} {reading:?}", probe.id, rule.id);
                }
            }
        }
    }
}

#[test]
fn fail_beats_unknown_and_unknown_beats_pass() {
    use Verdict::{Fail, Pass, Unknown};
    assert_eq!(combined([Pass, Unknown, Fail, Pass]), Fail);
    assert_eq!(combined([Pass, Unknown, Pass]), Unknown);
    assert_eq!(combined([Pass, Pass]), Pass);
    assert_eq!(combined([]), Unknown);
}

#[test]
fn a_stored_snapshot_is_judged_again_under_another_profile_with_another_outcome() {
    let mut stored = golden("password_policy", "Q1", "pass");
    stored.facts.second_factor = Some(false);
    stored.facts.random_passwords = Some(false);
    let mut endless = golden("password_policy", "Q6", "fail");
    assert_eq!((one(&stored, "Q1").items, one(&stored, "Q1").verdict), (&[80][..], Verdict::Pass));
    assert_eq!((one(&endless, "Q6").items, one(&endless, "Q6").verdict), (&[82][..], Verdict::Fail));
    let before = one(&stored, "Q1").raw_sha256;
    stored.profile = "mhlw-7.0".into();
    endless.profile = "mhlw-7.0".into();
    assert_eq!(one(&stored, "Q1").verdict, Verdict::Fail);
    assert_eq!(one(&endless, "Q6").verdict, Verdict::Pass);
    assert!(one(&stored, "Q1").unverified);
    assert_eq!(one(&stored, "Q1").raw_sha256, before);
}

#[test]
fn an_agreed_exception_lets_a_failure_stand_until_its_last_day() {
    let mut raid5 = golden("raid_state", "G1", "fail");
    let row = Exception {
        target: "host-1".into(),
        rule: "G1".into(),
        reason: "更新まで".into(),
        agreed_by: "A病院".into(),
        until: "2026-11-01".parse().unwrap(),
    };
    raid5.facts.exceptions = vec![row.clone()];
    let excused = one(&raid5, "G1");
    assert_eq!((excused.verdict, excused.exception), (Verdict::Pass, Some(row.clone())));
    let broken: [fn(&mut Exception); 5] = [
        |row| row.until = "2026-10-31".parse().unwrap(),
        |row| row.reason = " ".into(),
        |row| row.agreed_by = String::new(),
        |row| row.target = "host-2".into(),
        |row| row.rule = "G2".into(),
    ];
    for change in broken {
        let mut row = row.clone();
        change(&mut row);
        raid5.facts.exceptions = vec![row.clone()];
        let outcome = one(&raid5, "G1");
        assert_eq!((outcome.verdict, outcome.exception), (Verdict::Fail, None), "{row:?}");
    }
    let mut degraded = golden("raid_state", "G2", "fail");
    degraded.facts.exceptions = vec![Exception { rule: "G2".into(), ..row }];
    assert_eq!(one(&degraded, "G2").verdict, Verdict::Fail, "no exception is foreseen for a missing disk");
}

/// Writes what a golden snapshot read as real files, and returns a target that names them.
fn on_disk(folder: &Path, golden: &Golden) -> Target {
    let mut target = Target { id: "host-1".into(), files: Default::default() };
    for (role, reading) in &golden.snapshot.read {
        if let Reading::Text(content) = reading {
            // The host's own file has hashes; the stored one must not.
            let content = if role == "shadow" {
                content.replace(":set:", ":$y$secret$hash:").replace(":locked:", ":!:").replace("7::\n", "7:::\n")
            } else {
                content.clone()
            };
            let path = folder.join(role);
            std::fs::write(&path, content).unwrap();
            target.files.insert(role.clone(), path);
        }
    }
    target
}

#[test]
fn breaking_a_real_target_turns_every_rule_to_fail() {
    for probe in PROBES {
        for rule in probe.rules {
            let folder = tempfile::tempdir().unwrap();
            for (kind, verdict) in [("pass", Verdict::Pass), ("fail", Verdict::Fail)] {
                let mut golden = golden(probe.id, rule.id, kind);
                let target = on_disk(folder.path(), &golden);
                let ended = golden.snapshot.ended;
                golden.snapshot = (probe.take)(&target, &mut Net::new("test", move || ended)).unwrap();
                assert_eq!(one(&golden, rule.id).verdict, verdict, "{} {} {kind}", probe.id, rule.id);
            }
        }
    }
}

#[test]
fn no_hash_of_a_password_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let target = on_disk(folder.path(), &golden("password_policy", "Q6", "pass"));
    assert!(std::fs::read_to_string(&target.files["shadow"]).unwrap().contains("$y$"));
    let stored = serde_json::to_string(&(probe("password_policy").take)(&target, &mut net()).unwrap()).unwrap();
    assert!(stored.contains("sato:set:") && !stored.contains("$y$") && !stored.contains("secret"));
}

#[test]
fn what_is_not_named_missing_endless_or_no_file_is_unreached_or_unknown() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("none"), folder.path().to_owned(), "/dev/zero".into()] {
        for probe in PROBES {
            let files = probe.reads.iter().map(|role| ((*role).to_owned(), path.clone())).collect();
            let target = Target { id: "host-1".into(), files };
            let why = (probe.take)(&target, &mut net()).unwrap_err();
            assert!(unreached(probe, &target, &profile("sheet"), &why).iter().all(|o| o.verdict == Verdict::Unknown));
        }
    }
    let large = folder.path().join("large");
    std::fs::File::create(&large).unwrap().set_len(1 << 30).unwrap();
    let target = Target {
        id: "host-1".into(),
        files: [
            ("sshd".to_owned(), large),
            ("faillock".to_owned(), "/dev/null".into()),
            ("pam_auth".to_owned(), folder.path().join("small")),
        ]
        .into(),
    };
    std::fs::write(folder.path().join("small"), "").unwrap();
    let seen = (probe("login_config").take)(&target, &mut net()).unwrap();
    assert_eq!(seen.read["sshd"], Reading::TooLarge(1024 * 1024));
}

#[test]
fn a_probe_that_panics_leaves_its_rules_unknown() {
    let broken = Probe { judge: |_, _, _| panic!("a parser broke"), ..probe_copy("raid_state") };
    let golden = golden("raid_state", "G1", "pass");
    let outcomes = judged(&broken, &golden.snapshot, &profile("sheet"), &golden.facts);
    assert!(outcomes.len() == 2 && outcomes.iter().all(|outcome| outcome.verdict == Verdict::Unknown));
}

fn probe_copy(id: &str) -> Probe {
    let Probe { id, rules, reads, take, judge } = *probe(id);
    Probe { id, rules, reads, take, judge }
}

/// Changes one text by a seed: bytes replaced, cut, doubled, or a line moved.
fn mutated(text: &str, seed: &mut u64) -> String {
    let mut next = || {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) as usize
    };
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=next() % 4 {
        let at = next() % (chars.len() + 1);
        match next() % 5 {
            0 => chars.truncate(at),
            1 => chars.insert(at, [':', '=', '[', ']', '\n', '#', '-', '9', '\u{0}', '証'][next() % 10]),
            2 if at < chars.len() => drop(chars.remove(at)),
            3 => chars.splice(at..at, "99999999999999999999".chars()).for_each(drop),
            _ => chars.splice(at..at, "-9223372036854775808".chars()).for_each(drop),
        }
    }
    chars.into_iter().collect()
}

#[test]
fn mutated_files_break_no_judge() {
    let mut seed = 32;
    for probe in PROBES {
        for rule in probe.rules {
            let whole = golden(probe.id, rule.id, "pass");
            for _ in 0..2000 {
                let mut golden = whole.clone();
                for reading in golden.snapshot.read.values_mut() {
                    if let Reading::Text(text) = reading {
                        *text = mutated(text, &mut seed);
                    }
                }
                // Called without the runner, which would catch the panic.
                let found = (probe.judge)(&golden.snapshot, &profile_once(), &golden.facts);
                assert_eq!(found.len(), probe.rules.len());
            }
        }
    }
}

fn profile_once() -> Profile {
    static ONCE: std::sync::OnceLock<Profile> = std::sync::OnceLock::new();
    ONCE.get_or_init(|| profile("sheet")).clone()
}
