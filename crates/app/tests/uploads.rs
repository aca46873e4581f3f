//! Files at the door: what hides in an archive is refused and leaves nothing, what may stay is told.

mod common;

use std::io::{Cursor, Write};

use app::{App, Clock, Config};
use common::{World, refusal, worlds};
use rules::change::Change;
use rules::evidence::{Evidence, Label};
use rules::id::{self, Id};
use rules::refusal::Why;
use rules::vault::{Inside, Vaulting};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn add(app: &App, w: &World, name: &str, content: &[u8]) -> Result<Id<id::Evidence>, app::Error> {
    Ok(app.add_evidence(w.actor("officer"), name, content, Label::Confidential, None, None)?.made.unwrap().parse().unwrap())
}

fn evidence(app: &App, w: &World, id: Id<id::Evidence>) -> Evidence {
    app.document(w.actor("officer"), id).unwrap().0.remove(0)
}

fn files(w: &World) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let all = std::fs::read_dir(folder).into_iter().flatten().flatten();
        all.map(|e| if e.path().is_dir() { count(&e.path()) } else { 1 }).sum()
    }
    count(&w.app.config.data.join("evidence"))
}

#[test]
fn an_archive_that_may_harm_is_refused_with_its_reason_and_leaves_nothing() {
    for w in worlds() {
        let kept = add(&w.app, &w, "rules.zip", &zipped(&[("規程.txt", "定めています".as_bytes())])).unwrap();
        assert_eq!(w.app.inside_of(&evidence(&w.app, &w, kept)).unwrap(), Some(vec![]));
        let text = add(&w.app, &w, "plain.txt", b"plain words").unwrap();
        assert_eq!(w.app.inside_of(&evidence(&w.app, &w, text)).unwrap(), None);
        let before = files(&w);
        let hostile = [
            ("bomb.zip", zipped(&[("a.txt", &vec![0; 20 << 20])]), "packed more than 400 times", "圧縮率"),
            ("out.zip", zipped(&[("../../secret-of-a-path", b"x")]), "outside the folder", "フォルダーの外"),
            ("bad.docx", b"PK\x03\x04 is not all".to_vec(), "damaged", "壊れている"),
        ];
        for (name, content, en, ja) in &hostile {
            let said = refusal(add(&w.app, &w, name, content));
            assert_eq!((said.why, said.field), (Why::Invalid, Some("file")));
            assert!(said.text.en.contains(en) && said.text.ja.contains(ja), "{said:?}");
        }
        assert_eq!(files(&w), before, "nothing of a refused file is kept");
        let why: Vec<String> = w
            .changes("file_refused")
            .into_iter()
            .map(|c| if let Change::Vault(Vaulting::FileRefused { why, .. }) = c { why } else { panic!("{c:?}") })
            .collect();
        assert_eq!(why, ["archive: packed too tightly", "archive: a path that leads outside", "archive: damaged"]);
        assert!(w.lines().iter().all(|l| !format!("{:?}", l.payload).contains("secret-of-a-path")), "no name of an entry is kept");
        // The same bytes as those of a document that stays do not take it away.
        let said = refusal(add(&w.app, &w, "規程\u{202e}fdp.txt", b"plain words"));
        assert!(said.text.en.contains("U+202E"), "{said:?}");
        assert!(w.app.file(w.actor("officer"), text, None).is_ok());
        w.app.verify().unwrap();
    }
}

#[test]
fn macros_are_told_and_refused_where_the_installation_says_so() {
    let w = World::sqlite();
    let macros = zipped(&[("word/document.xml", b"<w/>"), ("word/vbaProject.bin", b"x")]);
    let id = add(&w.app, &w, "規程.docx", &macros).unwrap();
    assert_eq!(w.app.inside_of(&evidence(&w.app, &w, id)).unwrap(), Some(vec![Inside::Macros]));
    let config = Config { refuse_macros: true, ..w.app.config.clone() };
    let strict = App::open_at(config, w.location(), Clock::set(w.app.clock.now())).unwrap();
    let before = files(&w);
    let hidden = zipped(&[("inner/規程.docx", &macros)]);
    for (name, content) in [("other.docx", [&macros[..], b""].concat()), ("inner.zip", hidden)] {
        assert!(refusal(add(&strict, &w, name, &content)).text.en.contains("macros"));
    }
    assert_eq!(files(&w), before);
    // What was evidence before stays, though the same bytes were refused.
    assert!(strict.file(w.actor("officer"), id, None).is_ok());
    assert!(add(&strict, &w, "plain.docx", &zipped(&[("word/document.xml", b"<w/>")])).is_ok());
}
