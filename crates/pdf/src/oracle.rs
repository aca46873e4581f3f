//! What other programs say about a paper; only for tests.

use std::io::Write;

/// Pages of a PDF whose page dictionaries are not compressed, as PDF/A-2b by krilla writes them.
pub fn pages(pdf: &[u8]) -> usize {
    let text = String::from_utf8_lossy(pdf);
    text.matches("/Type/Page").count() + text.matches("/Type /Page").count()
        - text.matches("/Type/Pages").count()
        - text.matches("/Type /Pages").count()
}

/// What another program says about a paper; `None` (loudly, and never on the build server) if it is not installed.
pub fn oracle(program: &str, args: &[&str], pdf: &[u8]) -> Option<String> {
    let dir = tempfile::tempdir().expect("a temporary directory can be made");
    let file = dir.path().join("paper.pdf");
    std::fs::write(&file, pdf).expect("the temporary directory is writable");
    let args = args.iter().map(|arg| if *arg == "FILE" { file.as_os_str() } else { arg.as_ref() });
    match std::process::Command::new(program).args(args).output() {
        Ok(told) => {
            assert!(told.status.success(), "{program}: {}", String::from_utf8_lossy(&told.stderr));
            Some(String::from_utf8_lossy(&told.stdout).into_owned())
        }
        Err(_) => {
            assert!(std::env::var_os("CI").is_none(), "{program} is missing; `.ci/run` installs it");
            let _ = writeln!(std::io::stderr(), "\n*** NOT CHECKED BY {program}: it is not installed ***\n");
            None
        }
    }
}

/// Keeps the papers for a person to look at, if `AKASHI_PAPERS` names a directory.
pub fn keep(name: &str, bytes: &[u8]) {
    if let Some(dir) = std::env::var_os("AKASHI_PAPERS") {
        std::fs::write(std::path::Path::new(&dir).join(name), bytes).expect("the directory for papers is writable");
    }
}
