//! The commands for other machines, as a person or a script runs them against a server.

use std::path::Path;
use std::process::{Command, Output};

use rules::text::Lang;
use web::testing::{EVALUATOR, OFFICER, World};

/// What a command printed, and how it ended.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn akashi(url: &str, token: &str, lang: Lang, folder: &Path, args: &[&str]) -> Ran {
    let run = Command::new(env!("CARGO_BIN_EXE_akashi"))
        .args(args)
        .args(["--lang", lang.tag()])
        .env("AKASHI_URL", url)
        .env("AKASHI_TOKEN", token)
        .current_dir(folder)
        .output();
    let Output { status, stdout, stderr } = run.expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Ran { code: status.code().expect("an exit code"), out: text(stdout), err: text(stderr) }
}

#[test]
fn a_case_is_listed_shown_exported_changed_imported_and_submitted() {
    let world = World::fresh();
    let (url, token) = (world.listen(), world.token(OFFICER, true));
    let folder = tempfile::tempdir().unwrap();
    let case = world.running.to_string();
    let run = |lang, args: &[&str]| akashi(&url, &token, lang, folder.path(), args);

    let listed = run(Lang::Ja, &["case", "list"]);
    assert_eq!((listed.code, listed.out.lines().count()), (0, 3), "{}{}", listed.out, listed.err);
    assert!(listed.out.contains("改善依頼中") && listed.out.contains(&case));
    assert!(run(Lang::En, &["case", "list"]).out.contains("Returned for improvement"));
    let shown = run(Lang::En, &["case", "show", &case]);
    assert!(shown.out.contains("Product: みどり画像アーカイブ") && shown.out.contains("Total"), "{}", shown.out);

    let exported = run(Lang::Ja, &["export", "--case", &case, "-o", "sheet.xlsx"]);
    assert_eq!(exported.code, 0, "{}", exported.err);
    let same = run(Lang::Ja, &["import", "sheet.xlsx", "--case", &case]);
    assert_eq!(same.code, 0, "{}{}", same.out, same.err);
    assert!(same.out.contains("253項目を読み取りました。今の内容との違いはありません。"), "{}", same.out);

    std::fs::write(folder.path().join("a.csv"), "項目番号,対応策\n200,監査を年1回実施しています。\n").unwrap();
    let looked = run(Lang::En, &["import", "a.csv", "--case", &case]);
    assert_eq!(looked.code, 0);
    assert!(
        looked.out.contains("200") && looked.out.contains("監査を年1回実施しています。") && looked.out.contains("Nothing was changed"),
        "{}",
        looked.out
    );
    let taken = run(Lang::En, &["import", "a.csv", "--case", &case, "--take", "all"]);
    assert!(taken.code == 0 && taken.out.contains("1 differences taken over"), "{}{}", taken.out, taken.err);
    assert!(run(Lang::Ja, &["import", "a.csv", "--case", &case]).out.contains("違いはありません"));
    std::fs::write(folder.path().join("b.csv"), "項目番号,対応策\n999,ない項目\n").unwrap();
    let faulty = run(Lang::En, &["import", "b.csv", "--case", &case, "--take", "all"]);
    assert!(faulty.code == 1 && faulty.out.contains("Fault: ") && faulty.out.contains("999"), "{}{}", faulty.out, faulty.err);

    // The server's own name is taken, and no file is overwritten that nobody named.
    assert_eq!(run(Lang::Ja, &["export", "--case", &case, "--csv", "--blank"]).code, 0);
    let again = run(Lang::Ja, &["export", "--case", &case, "--csv", "--blank"]);
    assert!(again.code == 1 && again.err.contains(".csv"), "{}", again.err);

    let early = run(Lang::Ja, &["case", "submit", &case]);
    assert!(early.code == 1 && early.err.contains("改善策への回答がない項目"), "{}", early.err);
    for item in [18, 27, 36, 45, 54] {
        let done = world.act("answer_improvement", &token, &serde_json::json!({ "case": case, "item": item, "text": "改めました。" }));
        assert_eq!(done.status, 200, "{}", done.text());
    }
    let submitted = run(Lang::Ja, &["case", "submit", &case]);
    assert!(submitted.code == 0 && submitted.out.contains("申請しました"), "{}{}", submitted.out, submitted.err);
    let twice = run(Lang::Ja, &["case", "submit", &case]);
    assert!(twice.code == 1 && twice.err.contains("申請済み"), "{}", twice.err);
}

#[test]
fn evidence_is_added_and_claimed() {
    let world = World::fresh();
    let (url, token) = (world.listen(), world.token(OFFICER, true));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("監査 報告.pdf"), b"%PDF-1.7\none").unwrap();
    std::fs::write(folder.path().join("b.pdf"), b"%PDF-1.7\ntwo").unwrap();
    let case = world.running.to_string();
    let args = ["evidence", "add", "監査 報告.pdf", "b.pdf", "--case", &case, "--item", "150", "--page", "3", "--label", "public"];
    let added = akashi(&url, &token, Lang::En, folder.path(), &args);
    assert_eq!(added.code, 0, "{}{}", added.out, added.err);
    assert_eq!(added.out.matches("claimed for item 150").count(), 2, "{}", added.out);
    let item = world.app.item(&world.actor(OFFICER), world.running, None, rules::id::ItemNo(150)).unwrap();
    let claims: Vec<String> = item.facts().claims.iter().map(|c| c.written()).collect();
    assert_eq!(claims, ["監査 報告.pdf p.3", "b.pdf p.3"]);
    let wrong = akashi(&url, &token, Lang::Ja, folder.path(), &["evidence", "add", "b.pdf", "--label", "secret"]);
    assert!(wrong.code == 1 && wrong.err.contains("label"), "{}", wrong.err);
    let gone = akashi(&url, &token, Lang::Ja, folder.path(), &["evidence", "add", "c.pdf", "--label", "public"]);
    assert!(gone.code == 1 && gone.err.contains("c.pdf"));
    let unlabelled = akashi(&url, &token, Lang::Ja, folder.path(), &["evidence", "add", "b.pdf"]);
    assert!(unlabelled.code != 0 && unlabelled.err.contains("--label"), "{}", unlabelled.err);
}

#[test]
fn failures_say_what_to_do_and_end_with_their_code() {
    let world = World::fresh();
    let (url, token) = (world.listen(), world.token(EVALUATOR, false));
    let here = tempfile::tempdir().unwrap();
    let stranger = akashi(&url, &token, Lang::En, here.path(), &["case", "show", &world.strange.to_string()]);
    assert!(stranger.code == 1 && stranger.err.contains("Not found"), "{}", stranger.err);
    let bad = akashi(&url, "nonsense", Lang::Ja, here.path(), &["case", "list"]);
    assert!(bad.code == 1 && bad.err.contains("トークン"), "{}", bad.err);
    let nobody = akashi("http://127.0.0.1:9", &token, Lang::En, here.path(), &["case", "list"]);
    assert!(nobody.code == 3 && nobody.err.contains("--url"), "{}", nobody.err);
    assert_eq!(akashi(&url, &token, Lang::En, here.path(), &["case", "paint"]).code, 2);
}

#[test]
fn checks_name_every_fault_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| akashi("", "", Lang::En, folder.path(), args);
    let good = run(&["catalog", "check"]);
    assert!(good.code == 0 && good.out.contains("No faults"), "{}{}", good.out, good.err);
    let bad = folder.path().join("catalog/sheets");
    std::fs::create_dir_all(&bad).unwrap();
    std::fs::write(bad.join("a.toml"), "= 1").unwrap();
    std::fs::write(bad.join("b.toml"), "x = [").unwrap();
    let found = run(&["catalog", "check", "catalog"]);
    assert_eq!(found.code, 1);
    assert!(found.out.contains("a.toml") && found.out.contains("b.toml"), "{}", found.out);
    assert_eq!(run(&["catalog", "check", "nowhere"]).code, 1);
    let doctor = run(&["doctor", "--data", "installation"]);
    assert!(doctor.out.lines().count() > 3, "{}{}", doctor.out, doctor.err);
    let document = run(&["openapi"]);
    assert!(document.out == format!("{:#}\n", web::api::document()), "the printed document is not the one that is served");
}
