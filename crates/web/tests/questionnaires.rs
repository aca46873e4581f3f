//! A hospital's form through the pages: sent in, its columns chosen, its questions mapped and answered, and downloaded again.

use app::register_rows::RowsFormat;
use rules::command::Command;
use rules::id::Pos;
use rules::text::Lang;
use web::testing::{COLLEAGUE, OFFICER, Reply, SECRETARIAT, World};

fn led(reply: &Reply) -> String {
    assert_eq!(reply.status, 303, "{}", reply.text());
    reply.header("location").to_owned()
}

/// A register with one entry, exported: a workbook with headings and a row, as good a form as any.
fn workbook(world: &World) -> (String, Vec<u8>) {
    let register = world.app.register("periodic_review").unwrap();
    let fields = register.example.iter().map(|(field, typed)| (field.clone(), vec![typed.clone()])).collect();
    let write = Command::WriteEntry { register: register.id.clone(), entry: None, base: Pos::NEVER, label: None, fields };
    world.app.execute(&world.actor(OFFICER), write).unwrap();
    let bytes = world.app.export_register(&world.actor(OFFICER), &register.id, RowsFormat::Xlsx, Lang::Ja).unwrap();
    (register.name.ja.to_string(), bytes)
}

#[test]
fn a_form_is_taken_in_mapped_answered_and_downloaded() {
    let world = World::fresh();
    let (worksheet, bytes) = workbook(&world);
    let columns = led(&world.upload("/questionnaires", Some(OFFICER), "北病院.xlsx", &bytes));
    for (lang, words) in [(Lang::Ja, "どの列に何を書きますか"), (Lang::En, "Which column holds what?")] {
        let page = world.page(&columns, Some(OFFICER), lang);
        assert_eq!((page.status, page.text().contains(words)), (200, true));
    }
    // A draft is its person's alone.
    assert_eq!(world.page(&columns, Some(COLLEAGUE), Lang::Ja).status, 404);
    let draft = columns.split("draft=").nth(1).unwrap();
    let case = world.running.to_string();
    let mut fields = vec![("draft", draft), ("worksheet", worksheet.as_str()), ("first_row", "2"), ("question", "0")];
    fields.extend([
        ("yes", "はい"),
        ("no", "いいえ"),
        ("not_applicable", "対象外"),
        ("name", "2026年度"),
        ("asker", "北病院"),
        ("case", case.as_str()),
    ]);
    let none = world.form("/questionnaires/new", Some(OFFICER), &fields);
    assert_eq!((none.status, none.text().contains("回答の列を1つ以上")), (422, true));
    fields.extend([("choice", "60"), ("words", "61"), ("target", "62")]);
    let at = led(&world.form("/questionnaires/new", Some(OFFICER), &fields));
    assert_eq!(world.page("/questionnaires", Some(SECRETARIAT), Lang::Ja).status, 403);

    let wrong = world.form(&format!("{at}/questions/1/map"), Some(OFFICER), &[("items", "81, 999")]);
    assert_eq!((wrong.status, wrong.text().contains("項目999はシートにありません")), (422, true));
    led(&world.form(&format!("{at}/questions/1/map"), Some(COLLEAGUE), &[("items", "81、9")]));
    let question = world.page(&format!("{at}/questions/1"), Some(OFFICER), Lang::Ja).text();
    assert!(question.contains("チェックシートの回答から作った下書きです"), "{question}");
    let say = |base: &str, said: &str, target: &str| {
        let fields = [("base", base), ("said", said), ("words", "毎月見直す"), ("target", target)];
        world.form(&format!("{at}/questions/1"), Some(OFFICER), &fields)
    };
    let yes = say("0", "yes", "2027-01-31");
    assert_eq!((yes.status, yes.text().contains("目標日は「いいえ」の場合")), (422, true));
    assert!(yes.text().contains("毎月見直す"), "what was typed stays");
    assert!(led(&say("0", "no", "2027-01-31")).starts_with(&at));
    assert_eq!(say("0", "yes", "").status, 409, "somebody answered meanwhile");
    let list = world.page(&at, Some(OFFICER), Lang::Ja).text();
    assert!(list.contains("毎月見直す") && !list.contains("目標日なし</"), "{list}");
    let file = world.page(&format!("{at}/file"), Some(OFFICER), Lang::Ja);
    assert_eq!(file.status, 200);
    assert!(file.header("content-disposition").starts_with("attachment") && file.body.starts_with(b"PK"));
}
