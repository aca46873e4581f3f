//! A database is audited: nothing of it is changed, and whatever is edited or damaged in it is named.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rules::act::{Act, Actor};
use rules::change::Change;
use rules::id::{Id, ItemNo, Named, Pos};
use rules::policy::Side;
use rules::running::{EpochReason, Running};
use seal::checkpoint::{key_name, super_origin, tenant_origin};
use seal::note::Algorithm;
use seal::{Checkpoint, Frontier, Note, SigningKey, leaf_hash};
use store::audit::{Audit, Audited, Finding, Odd, unproven};
use store::checkpoints::{Signed, SuperSigned, heads};
use store::testing::{Scratch, both_engines};
use store::{Error, Location, Store};

fn id<T: Named>(n: u8) -> Id<T> {
    Id::new(0, [n; 10])
}

fn at(n: u64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_763_787_967 + n as i64).unwrap()
}

/// An evaluation in small: parties, a case, answers, messages, documents, alerts, mail, an epoch; then what was signed.
fn fill(store: &Store) {
    let (organisation, person, product, case) = (id(1), id(2), id(3), id(4));
    let key = SigningKey::from_seed(&key_name("0123456789abcdef"), Algorithm::Ed25519, [7; 32]).unwrap();
    let mut changes = vec![
        Change::Running(Running::EpochBegun {
            installation: "0123456789abcdef".into(),
            epoch: 1,
            reason: EpochReason::Signed,
            keys: vec![key.verifier().to_string()],
            authority: "0123456789abcdef".into(),
            before: 0,
        }),
        Change::OrganisationAdded(rules::party::Organisation {
            id: organisation,
            name: "機構".into(),
            kinds: vec![],
            settings: Default::default(),
        }),
        Change::PersonAdded(rules::party::Person {
            id: person,
            name: "人".into(),
            email: "a@example.jp".into(),
            lang: Default::default(),
            kind: Default::default(),
        }),
        Change::ProductSaved(rules::party::Product {
            id: product,
            organisation,
            name: "製品".into(),
            description: String::new(),
            profile: Default::default(),
        }),
        Change::CaseOpened(rules::case::Case {
            id: case,
            number: None,
            provider: organisation,
            body: organisation,
            product,
            sheet: rules::sheet::SheetId("test@1".into()),
            state: rules::case::State::Draft,
            round: 0,
            renews: None,
            opened: at(0),
            due: None,
        }),
    ];
    for n in 0..120u8 {
        changes.push(match n % 4 {
            0 => Change::MessageSent { case, item: ItemNo(1), side: Side::Applicant, text: format!("伝言{n}"), by: person },
            1 => Change::AnswerGiven {
                case,
                item: ItemNo(n.into()),
                by: person,
                content: rules::answer::Content { text: format!("規程の第{n}条に定めています。"), ..Default::default() },
                origin: rules::answer::Origin::Written,
            },
            2 => Change::AlertRaised(rules::review::Alert {
                id: id(n),
                organisation: None,
                kind: rules::review::AlertKind::Locked,
                subject: format!("{n}"),
                words: rules::text::text("本文", "text"),
                at: at(n.into()),
            }),
            _ => Change::MailQueued(rules::review::Mail {
                id: id(n),
                to: format!("{n}@example.jp"),
                subject: "件名".into(),
                at: at(n.into()),
            }),
        });
    }
    for (n, change) in changes.iter().enumerate() {
        let act = Act::new(Actor::system(), at(n as u64), [n as u8; 32]);
        store.write(|tx| tx.enact(&act, change, [n as u8; 16])).map_err(|e: Error| e).unwrap();
    }
    let mut entries = Frontier::new();
    let trees: Vec<(String, Frontier)> = store.read(heads).map_err(|e: Error| e).unwrap();
    for (n, (tenant, edge)) in trees.into_iter().enumerate() {
        let origin = tenant_origin("0123456789abcdef", &tenant);
        let text = Checkpoint { origin, size: edge.size(), root: edge.root(), epoch: 1, at: format!("{:.6}", at(900)) }.text();
        let note = Note::sign(text, std::slice::from_ref(&key)).unwrap().to_string();
        entries.append(leaf_hash(note.as_bytes()));
        store
            .write(|tx| tx.keep_checkpoint(&Signed { n: n as u64, tenant, edge, epoch: 1, at: at(900), note }))
            .map_err(|e: Error| e)
            .unwrap();
    }
    let of = Checkpoint {
        origin: super_origin("0123456789abcdef"),
        size: entries.size(),
        root: entries.root(),
        epoch: 1,
        at: format!("{:.6}", at(900)),
    };
    let note = Note::sign(of.text(), &[key]).unwrap().to_string();
    let signed = SuperSigned { size: of.size, root: of.root, epoch: 1, at: at(900), note };
    store.write(|tx| tx.keep_super(&signed)).map_err(|e: Error| e).unwrap();
}

fn look(location: &Location) -> Audited {
    Audit::open(location).unwrap().run(&mut |_, _| {})
}

/// A closed, sound database file.
fn file(directory: &Path) -> std::path::PathBuf {
    let path = directory.join("akashi.db");
    fill(&Store::open(&Location::file(&path), 1).unwrap());
    assert!(!directory.join("akashi.db-wal").exists());
    path
}

fn beside(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_sound_database_is_found_sound() {
    for scratch in both_engines() {
        fill(&scratch);
        let mut heard = vec![];
        let found = Audit::open(scratch.location()).unwrap().run(&mut |done, all| heard.push((done, all)));
        assert_eq!(found.findings, [], "{:?}", scratch.engine());
        let ledgers = found.ledgers.unwrap();
        assert_eq!((ledgers.lines, found.rows > 120), (125, true), "{}", found.rows);
        assert_eq!(heard.first(), Some(&(125, 250)));
    }
    assert_eq!(unproven().collect::<Vec<_>>(), ["secret", "anchor", "capacity", "file_words"]);
}

#[test]
fn a_look_changes_nothing_and_leaves_nothing_whatever_lies_beside_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(directory.path());
    let before = fs::read(&path).unwrap();
    assert_eq!(look(&Location::file(&path)).findings, []);
    assert_eq!((beside(directory.path()), fs::read(&path).unwrap() == before), (vec!["akashi.db".to_owned()], true));

    // While a program has it open, what is in the log counts.
    let store = Store::open(&Location::file(&path), 1).unwrap();
    let message = Change::MessageSent { case: id(4), item: ItemNo(1), side: Side::Body, text: "あとから".into(), by: id(2) };
    let act = Act::new(Actor::system(), at(999), [9; 32]);
    let pos: Pos = store.write(|tx| tx.enact(&act, &message, [9; 16])).map_err(|e: Error| e).unwrap();
    let found = look(&Location::file(&path));
    assert_eq!((found.findings, found.ledgers.map(|of| of.lines)), (vec![], Some(pos.0 as u64)));

    // Copied with its log, as after a power cut: the log is read, and stays as it is.
    let copy = tempfile::tempdir().unwrap();
    let copied = copy.path().join("akashi.db");
    for end in ["", "-wal"] {
        fs::copy(directory.path().join(format!("akashi.db{end}")), copy.path().join(format!("akashi.db{end}"))).unwrap();
    }
    let states = || ["akashi.db", "akashi.db-wal"].map(|name| fs::read(copy.path().join(name)).unwrap());
    let before = states();
    let found = look(&Location::file(&copied));
    assert_eq!((found.findings, found.ledgers.map(|of| of.lines)), (vec![], Some(pos.0 as u64)));
    assert_eq!((beside(copy.path()), states() == before), (vec!["akashi.db".to_owned(), "akashi.db-wal".to_owned()], true));

    let nowhere = directory.path().join("nowhere.db");
    assert!(Audit::open(&Location::file(&nowhere)).is_err() && !nowhere.exists());
}

/// What somebody does with all rights on the database, and what the audit says of it.
const EDITS: &[(&str, &str)] = &[
    ("update answer set content = replace(content, '規程', '規定') where item = 1", "table answer, row 1 (evaluation Text"),
    ("update person set name = '別人'", "table person, row 1 (id Text"),
    ("delete from message where pos = 6", "table message, row 1 (evaluation Text"),
    ("insert into message select evaluation, item, 9999, side, body, person, at from message where pos = 6", "should not be"),
    ("update evaluation set state = 'certified'", "column state"),
    ("delete from alert", "table alert, row 1"),
    ("update mail set recipient = 'x@example.jp'", "column recipient"),
    ("update epoch set epoch = 2", "table epoch"),
    ("update ledger_line set outcome = 'refused' where pos = 8", "position 8)"),
    ("update ledger_payload set payload = '{}' where pos = 9", "position 9)"),
    ("delete from ledger_payload where pos = 9", "position 9)"),
    ("delete from ledger_payload where pos = 125; delete from ledger_line where pos = 125", "ledger"),
    ("update ledger_head set frontier = substr(frontier, 2)", "tree edge"),
    ("update ledger_head set size = size - 1", "tree edge"),
    ("update checkpoint set note = replace(note, 'epoch', 'Epoch')", "checkpoint 0"),
    ("update checkpoint set epoch = 2", "its columns are not what was signed"),
    ("delete from checkpoint where n = 0", "the super-log has another root"),
    ("update super_checkpoint set size = 9", "super checkpoint of 9"),
    ("update search_doc set body = 'x' where item = 1", "table search_doc"),
    ("delete from search_doc where item = 1", "table search_doc"),
    ("update schema_version set name = 'x' where number = 3", "table schema_version"),
    ("insert into schema_version values (9999, 'later')", "newer Akashi (schema 9999"),
    ("delete from schema_version where number > 5", "older Akashi (schema 5"),
    ("create view more as select 1 as one", "schema: view more is there and should not be"),
    ("create table more (a integer)", "schema: table more is there and should not be"),
    ("drop index membership_organisation", "schema: index membership_organisation is missing"),
];

fn named(found: &Audited, says: &str) -> bool {
    for finding in &found.findings {
        if let Finding::Line(wrong) = finding {
            let ja = finding.text().ja;
            assert!(ja.contains(&wrong.problem.ja()) && !ja.contains(&wrong.problem.to_string()), "{ja}");
        }
    }
    found.findings.iter().any(|finding| finding.to_string().contains(says) && !finding.text().ja.is_empty())
}

#[test]
fn what_is_edited_in_a_file_by_plain_sql_is_named() {
    let clean = tempfile::tempdir().unwrap();
    let path = file(clean.path());
    let own: &[(&str, &str)] = &[
        ("drop trigger answer_no_update", "schema: trigger answer_no_update is missing"),
        (
            "drop trigger verdict_no_update; create trigger verdict_no_update before update on verdict begin select 1; end",
            "schema: trigger verdict_no_update was altered",
        ),
        ("create trigger more after insert on answer begin delete from alert; end", "schema: trigger more is there"),
        ("alter table answer add column more text", "schema: table answer was altered"),
        ("insert into search_index (rowid, grams) values (5000, 'abc')", "full-text index"),
        ("delete from ledger_head", "ledger"),
    ];
    let mut unseen = vec![];
    for (sql, says) in EDITS.iter().chain(own) {
        let directory = tempfile::tempdir().unwrap();
        let copy = directory.path().join("akashi.db");
        fs::copy(&path, &copy).unwrap();
        let connection = rusqlite::Connection::open(&copy).unwrap();
        connection
            .execute_batch(
                "pragma foreign_keys = off; pragma ignore_check_constraints = on; pragma journal_mode = delete; pragma journal_mode = wal",
            )
            .unwrap();
        // The guards are taken away for the edit and put back, so that the schema is as it was.
        let guards: Vec<(String, String)> = connection
            .prepare("select name, sql from sqlite_schema where type = 'trigger'")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let guards = if sql.contains("trigger") { vec![] } else { guards };
        guards.iter().for_each(|(name, _)| connection.execute_batch(&format!("drop trigger {name}")).unwrap());
        connection.execute_batch(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
        guards.iter().for_each(|(_, text)| connection.execute_batch(text).unwrap());
        connection.close().unwrap();
        let found = look(&Location::file(&copy));
        if !named(&found, says) {
            unseen.push(format!("{sql}: {:?}", found.findings.iter().map(ToString::to_string).collect::<Vec<_>>()));
        }
    }
    assert!(unseen.is_empty(), "{unseen:#?}");
}

#[test]
fn what_is_edited_on_postgresql_by_plain_sql_is_named() {
    let Some(scratch) = Scratch::postgres() else { return };
    fill(&scratch);
    let own: &[(&str, &str)] = &[
        ("drop trigger answer_no_delete on answer", "schema: trigger answer_no_delete is missing"),
        ("alter table answer disable trigger answer_insert_only", "schema: trigger answer_insert_only was altered"),
        ("create rule more as on insert to answer do instead nothing", "schema: rule more on answer is there"),
        (
            "create or replace function refuse_change() returns trigger language plpgsql as $$ begin return old; end $$",
            "function refuse_change was altered",
        ),
        ("alter table answer add column more text", "schema: column answer.more is there"),
        ("alter table answer enable row level security", "answer is there"),
        ("insert into search_index values (5000, 1, '{1,2}')", "full-text index"),
    ];
    let address = scratch.address().unwrap();
    let mut unseen = vec![];
    let base = address.rsplit('/').next().unwrap().to_owned();
    let mut server = postgres::Client::connect(&address.replace(&base, "postgres"), postgres::NoTls).unwrap();
    assert_eq!(look(scratch.location()).findings, []);
    for (n, (sql, says)) in EDITS.iter().chain(own).enumerate() {
        let name = format!("{base}_{n}");
        // A database that is copied must be in nobody's hands.
        server.batch_execute(&format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{base}'")).unwrap();
        server.batch_execute(&format!("create database {name} template {base}")).unwrap();
        let copy = address.replace(&base, &name);
        let mut client = postgres::Client::connect(&copy, postgres::NoTls).unwrap();
        client.batch_execute("set session_replication_role = replica").unwrap();
        let sql = sql.replace("replace(note, 'epoch', 'Epoch')", "replace(note, 'e', 'E')");
        client.batch_execute(&sql).unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        drop(client);
        let found = look(&Location::parse(&copy).unwrap());
        if !named(&found, says) {
            unseen.push(format!("{sql}: {:?}", found.findings.iter().map(ToString::to_string).collect::<Vec<_>>()));
        }
        server.batch_execute(&format!("drop database {name} with (force)")).unwrap();
    }
    assert!(unseen.is_empty(), "{unseen:#?}");
}

/// Everything that can be read of a database, by table; what no ledger makes is left out, and so are the inner tables of the
/// full-text index, whose words are compared by the audit.
fn readable(path: &Path) -> Result<BTreeMap<String, Vec<String>>, rusqlite::Error> {
    let address = format!("file:{}?mode=ro&immutable=1", path.display());
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_URI;
    let connection = rusqlite::Connection::open_with_flags(address, flags)?;
    let tables: Vec<String> = connection
        .prepare(
            "select name from sqlite_schema where type = 'table' and name not like 'search_index%' and name not like 'sqlite%' order by 1",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let unproven: Vec<&str> = unproven().collect();
    let mut out = BTreeMap::new();
    for table in tables.into_iter().filter(|table| !unproven.contains(&table.as_str())) {
        let mut statement = connection.prepare(&format!("select * from {table}"))?;
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| {
            (0..columns).map(|n| row.get_ref(n).map(|cell| format!("{cell:?}"))).collect::<Result<Vec<_>, _>>().map(|cells| cells.join("|"))
        })?;
        let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
        rows.sort();
        out.insert(table, rows);
    }
    Ok(out)
}

/// Bytes all over the file, one bit of each; `AKASHI_TEST_FLIPS` says how many. Each is named, or nothing that can be read is another.
#[test]
fn a_flipped_bit_anywhere_in_the_file_is_named_or_means_nothing() {
    let clean = tempfile::tempdir().unwrap();
    let path = file(clean.path());
    let bytes = fs::read(&path).unwrap();
    let wanted = readable(&path).unwrap();
    assert!(wanted["message"].len() == 30 && wanted.len() > 40);
    let flips: usize = std::env::var_os("AKASHI_TEST_FLIPS").and_then(|n| n.to_str()?.parse().ok()).unwrap_or(1200);
    let copy = clean.path().join("flipped.db");
    let (mut seen, mut unseen) = (0, vec![]);
    // Free space says nothing: bytes that hold something come first, and of them the header and each page's own.
    let holding: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
    for n in 0..flips {
        let place = if n < 100 { n } else { holding[(n * 7919 * (holding.len() / flips).max(1)) % holding.len()] };
        let mut flipped = bytes.clone();
        flipped[place] ^= 1 << (n % 8);
        fs::write(&copy, &flipped).unwrap();
        let named = match Audit::open(&Location::file(&copy)) {
            Err(_) => true,
            Ok(mut audit) => !audit.run(&mut |_, _| {}).findings.is_empty(),
        };
        if named {
            seen += 1;
        } else if readable(&copy).ok().as_ref() != Some(&wanted) {
            unseen.push((place, n % 8));
        }
    }
    println!("{seen} of {flips} flips named, the others mean nothing; {} bytes", bytes.len());
    assert!(unseen.is_empty(), "{unseen:?}");
    assert!(seen > flips / 3, "{seen} of {flips}");
}

#[test]
fn what_differs_is_named_by_table_row_and_column() {
    let scratch = Scratch::sqlite();
    fill(&scratch);
    let connection = rusqlite::Connection::open(scratch.location().to_string()).unwrap();
    connection.execute_batch("update product set description = '別の説明'").unwrap();
    let found = look(scratch.location());
    let [Finding::Row { table: "product", n: 1, column: Some(column), odd: Odd::Altered, .. }] = found.findings.as_slice() else {
        panic!("{:?}", found.findings)
    };
    assert_eq!(column, "description");
}
