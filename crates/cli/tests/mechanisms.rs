//! `akashi mechanisms` as an operator runs it: a table, a file, and the same document filed again and again.

use std::path::Path;
use std::process::{Command, Output};

use rules::id::{self, Id, ItemNo};
use web::testing::{HOSPITAL, STRANGER, World};

/// Exit code, what was printed, and what was said of failures.
fn akashi(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_akashi")).arg("mechanisms").args(args).args(["--lang", "ja"]).current_dir(folder).output();
    let Output { status, stdout, stderr } = run.expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (status.code().expect("an exit code"), text(stdout), text(stderr))
}

#[test]
fn the_list_names_every_mechanism_with_its_items() {
    let here = tempfile::tempdir().unwrap();
    let (code, out, err) = akashi(here.path(), &["list"]);
    assert_eq!(code, 0, "{err}");
    for mechanism in mechanisms::ALL {
        assert!(out.lines().any(|l| l.starts_with(mechanism.id)), "{}", mechanism.id);
    }
    assert!(out.contains("[127, 206, 207(1)]"), "{out}");
    let (code, _, err) = akashi(here.path(), &["verify", "--only", "patience"]);
    assert!(code == 1 && err.contains("mechanisms list"), "{err}");
}

#[test]
fn a_report_becomes_evidence_of_the_self_evaluation_and_a_second_one_its_next_version() {
    let world = World::fresh();
    let (url, here) = (world.listen(), tempfile::tempdir().unwrap());
    let verify = |who: &str, more: &[&str]| {
        let token = world.token(who, true);
        let args = [&["verify", "--only", "idle_timeout", "--url", url.as_str(), "--token", token.as_str()], more].concat();
        akashi(here.path(), &args)
    };
    let (code, out, err) = verify(STRANGER, &["--json", "report.json", "--csv", "report.csv"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("207(1)") && out.contains("動作を確認") && out.contains("akashi-mechanisms.csv を登録し"), "{out}");
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(here.path().join("report.json")).unwrap()).unwrap();
    assert_eq!((&report["version"], report["rows"].as_array().map(Vec::len)), (&env!("CARGO_PKG_VERSION").into(), Some(4)));
    let digest = report["digest"].as_str().unwrap();
    assert!(out.contains(digest) && std::fs::read_to_string(here.path().join("report.csv")).unwrap().contains(digest));

    let actor = world.actor(STRANGER);
    let own = || -> Vec<Id<id::Case>> {
        world.app.cases(&actor, None).unwrap().iter().filter(|c| c.product == "Akashi").map(|c| c.case.id).collect()
    };
    let cases = own();
    assert!(world.app.case(&actor, cases[0], None).unwrap().facts.case.is_self_evaluation());
    let claims = |no: u16| -> Vec<(u16, String)> {
        let side = Some(rules::policy::Side::Applicant);
        let item = world.app.item(&actor, cases[0], side, ItemNo(no)).unwrap();
        item.facts().claims.iter().map(|c| (c.point.0, c.evidence.map(|e| e.to_string()).unwrap_or_default())).collect()
    };
    let versions = || {
        let library = world.app.library(&actor).unwrap();
        library.iter().filter(|e| e.name == "akashi-mechanisms.csv").map(|e| (e.version, e.id.to_string())).collect::<Vec<_>>()
    };
    let first = versions();
    assert_eq!((first.len(), first[0].0), (1, 1));
    for (item, point) in [(127, 0), (206, 0), (207, 1)] {
        assert_eq!(claims(item), [(point, first[0].1.clone())], "{item}");
    }

    let (code, out, err) = verify(STRANGER, &[]);
    assert_eq!(code, 0, "{out}{err}");
    let second = versions();
    assert_eq!((second.len(), second[0].0), (1, 2));
    assert_eq!(own(), cases);
    assert_eq!(world.app.products(&actor).unwrap().iter().filter(|p| p.name == "Akashi").count(), 1);
    for (item, point) in [(127, 0), (206, 0), (207, 1)] {
        assert_eq!(claims(item), [(point, second[0].1.clone())], "{item}");
    }

    // Named, and by somebody who may not: nothing is filed, and the reason is said.
    let (code, _, err) = verify(HOSPITAL, &["--case", &cases[0].to_string()]);
    assert!(code == 1 && err.contains("見つかりません"), "{err}");
    assert_eq!(versions(), second);
}
