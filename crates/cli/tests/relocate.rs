//! `akashi move` takes an installation to another database, where everybody finds everything again.

use std::process::Command;

use app::{App, Clock, Config};
use store::testing::Scratch;

#[test]
fn a_moved_installation_opens_with_everything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::open(Config::embedded(folder.path()), Clock::Machine).unwrap();
    app.fill_demo().unwrap();
    let roots = app.verify().unwrap().roots;
    drop(app);
    let scratch = Scratch::postgres();
    let file = folder.path().join("moved.db").to_string_lossy().into_owned();
    for target in [Some(file), scratch.as_ref().and_then(Scratch::address)].into_iter().flatten() {
        let run = || {
            Command::new(env!("CARGO_BIN_EXE_akashi"))
                .args(["move", "--lang", "en", "--to", &target, "--data"])
                .arg(folder.path())
                .output()
                .unwrap()
        };
        let done = run();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let moved = App::open(Config { database: Some(target.clone()), ..Config::embedded(folder.path()) }, Clock::Machine).unwrap();
        assert_eq!(moved.verify().unwrap().roots, roots);
        let session = moved.demo_sign_in("officer@example.jp", "local").unwrap();
        let officer = moved.session(&session.secret, "local").unwrap().unwrap().actor;
        assert_eq!(moved.cases(&officer, None).unwrap().len(), 2);
        let again = run();
        assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("not empty"), "{again:?}");
    }
}
