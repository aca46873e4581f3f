//! One text for two engines: every statement prepares, values come back, schemas have one shape.

use std::fs;
use std::path::Path;

use super::*;
use crate::engine::Engine;
use crate::engine::Sql;

fn own_statements() -> impl Iterator<Item = &'static (Engine, &'static [Sql])> {
    let search = crate::search::ENGINE_STATEMENTS.iter().chain(crate::ledger::search::ENGINE_STATEMENTS);
    let search = search.chain(crate::words::ENGINE_STATEMENTS).chain(crate::audit::ENGINE_STATEMENTS);
    search.chain(crate::ledger::ENGINE_STATEMENTS).chain(crate::durability::ENGINE_STATEMENTS)
}

#[test]
fn every_statement_prepares_on_both_engines() {
    for store in stores() {
        store
            .write(|tx| {
                for sql in crate::STATEMENTS.iter().copied().flatten() {
                    tx.prepare(*sql).unwrap_or_else(|e| panic!("{:?}: {e}", store.engine()));
                }
                for (_, own) in own_statements().filter(|(engine, _)| *engine == store.engine()) {
                    for sql in own.iter() {
                        tx.prepare(*sql).unwrap_or_else(|e| panic!("{:?}: {e}", store.engine()));
                    }
                }
                Ok::<_, Error>(())
            })
            .unwrap();
    }
}

/// A module that declares statements but is not in the list would escape the test above.
#[test]
fn every_module_with_statements_is_listed() {
    fn walk(directory: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if fs::read_to_string(&path).unwrap().lines().any(|line| line == "statements! {") {
                found.push(path.display().to_string());
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    // `words.rs` names those of the two engines within its one file.
    let listed = crate::STATEMENTS.len() + own_statements().count() - crate::words::ENGINE_STATEMENTS.len();
    assert_eq!(found.len(), listed, "list every one of {found:?} in STATEMENTS of lib.rs");
}

#[test]
fn values_come_back_as_they_went_in_whatever_the_order_of_parameters() {
    for store in stores() {
        store.write(|tx| tx.run(NOTE, &values![7, "対応策 – '; drop table jotting"])).map_err(|e: Error| e).unwrap();
        let found = store.read(|conn| conn.one(ECHO, &values!["対応策 – '; drop table jotting", 7, "x"], |row| row.get::<String>(0)));
        assert_eq!(found.map_err(|e: Error| e.to_string()), Ok("対応策 – '; drop table jotting".to_owned()));
        assert_eq!(store.read(|conn| conn.one(COUNT, &[], |row| row.get::<i64>(0))).map_err(|e: Error| e.to_string()), Ok(1));
    }
}

#[test]
fn text_sorts_by_bytes_on_both_engines() {
    for store in stores() {
        store.write(|tx| tx.batch("drop table child; drop table jotting").map_err(|cause| Error::NotCommitted { cause })).unwrap();
        let table = crate::migrate::dialect("create table jotting (id integer primary key, body text not null)", store.engine());
        store.write(|tx| tx.batch(&table).map_err(|cause| Error::NotCommitted { cause })).unwrap();
        for (id, body) in ["b", "a/2", "B", "a", "あ", "a0", "é", "_"].into_iter().enumerate() {
            store.write(|tx| tx.run(NOTE, &values![id as i64, body])).map_err(|e: Error| e).unwrap();
        }
        let sorted = store.read(|conn| conn.rows(ASCENDING, &[], |row| row.get::<String>(0))).map_err(|e: Error| e).unwrap();
        assert_eq!(sorted, ["B", "_", "a", "a/2", "a0", "b", "é", "あ"], "{:?}", store.engine());
    }
}

#[test]
fn errors_name_statement_and_column() {
    for store in stores() {
        store.write(|tx| tx.run(NOTE, &values![1, "x"])).map_err(|e: Error| e).unwrap();
        let wrong: Error = store.read(|conn| conn.one(NOTES, &[], |row| row.get::<i64>(1))).unwrap_err();
        assert_eq!(wrong.to_string(), "statement store::tests::NOTES: column 1 (body) holds a text of 1 bytes, wanted a whole number");
        let wrong: Error = store.read(|conn| conn.one(NOTES, &[], |row| row.get::<i64>(9))).unwrap_err();
        assert!(matches!(wrong, Error::Column { .. }), "{wrong}");
        let wrong: Error = store.read(|conn| conn.one(ECHO, &values!["x", 1], |row| row.get::<i64>(0))).unwrap_err();
        assert_eq!(wrong.to_string(), "statement store::tests::ECHO: it has 3 parameters and was given 2");
        let wrong: Error = store.read(|conn| conn.one(ECHO, &values!["none", 5, "none"], |row| row.get::<i64>(0))).unwrap_err();
        assert!(matches!(wrong, Error::Missing { .. }), "{wrong}");
        let wrong: Error = store.write(|tx| tx.run(NOTE, &values![1, "again"])).unwrap_err();
        assert!(matches!(wrong, Error::Duplicate { .. }), "{wrong}");
    }
}

#[test]
fn a_reader_cannot_write() {
    for store in stores() {
        let refused: Result<u64, Error> = store.read(|conn| conn.run(NOTE, &values![1, "x"]));
        assert!(matches!(refused, Err(Error::Statement { .. })), "{:?}", store.engine());
        assert_eq!(bodies(&store), [""; 0]);
    }
}

#[test]
fn a_reader_sees_one_moment() {
    for store in stores() {
        let seen = store.read(|conn| {
            let before = conn.one(COUNT, &[], |row| row.get::<i64>(0))?;
            store.write(|tx| note(tx, "org_1", "meanwhile"))?;
            Ok::<_, Error>((before, conn.one(COUNT, &[], |row| row.get::<i64>(0))?))
        });
        assert_eq!(seen.unwrap(), (0, 0), "{:?}", store.engine());
        assert_eq!(bodies(&store), ["meanwhile"]);
    }
}

#[test]
fn a_panicking_or_failing_reader_harms_nobody() {
    for store in stores() {
        for _ in 0..20 {
            let panicked =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| store.read(|_| -> Result<(), Error> { panic!("on purpose") })));
            assert!(panicked.is_err());
            let failed: Result<u64, Error> = store.read(|conn| conn.run(NOTE, &values![1, "x"]));
            assert!(failed.is_err());
        }
        assert_eq!(bodies(&store), [""; 0]);
    }
}

#[test]
fn a_database_of_a_newer_program_is_left_alone() {
    for mut store in stores() {
        store
            .write(|tx| {
                tx.batch("insert into schema_version (number, name) values (999, 'later')").map_err(|cause| Error::NotCommitted { cause })
            })
            .unwrap();
        assert!(matches!(store.reopen(), Err(Error::Newer { found: 999, .. })));
    }
}

#[test]
fn reopening_keeps_everything_and_applies_nothing_twice() {
    for mut store in stores() {
        store.write(|tx| note(tx, "org_1", "kept")).unwrap();
        store.reopen().unwrap();
        assert_eq!(bodies(&store), ["kept"]);
        assert_eq!(store.write(|tx| note(tx, "org_1", "next")).unwrap(), Pos(2));
        assert_eq!(store.verify().unwrap().lines, 2);
    }
}

#[test]
fn both_schemas_have_one_shape() {
    const SQLITE: Sql = Sql::from_statements_macro(
        "shape",
        "select m.name, c.name, lower(c.type), c.\"notnull\" from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table' order by 1, 2",
    );
    const POSTGRES: Sql = Sql::from_statements_macro(
        "shape",
        "select table_name::text collate \"C\", column_name::text collate \"C\", data_type::text, (is_nullable = 'NO')::int \
         from information_schema.columns where table_schema = 'public' order by 1, 2",
    );
    let shapes: Vec<Vec<(String, String, String, bool)>> = both_engines()
        .iter()
        .map(|store| {
            let sql = if store.engine() == Engine::Sqlite { SQLITE } else { POSTGRES };
            let rows = store.read(|conn| {
                conn.rows(sql, &[], |row| {
                    let kind = row.get::<String>(2)?.replace("bigint", "integer").replace("bytea", "blob");
                    Ok((row.get(0)?, row.get(1)?, kind, row.get(3)?))
                })
            });
            let mut rows: Vec<(String, String, String, bool)> = rows.map_err(|e: Error| e).unwrap();
            // Each engine has its own search index.
            rows.retain(|row| !row.0.starts_with("search_index"));
            rows
        })
        .collect();
    assert!(shapes[0].len() > 15);
    for shape in &shapes[1..] {
        // SQLite does not say "not null" of a key, which strict tables imply only for the integer key.
        for (a, b) in shapes[0].iter().zip(shape) {
            assert_eq!((&a.0, &a.1, &a.2), (&b.0, &b.1, &b.2));
            assert!(a.3 == b.3 || b.3, "{}.{}", a.0, a.1);
        }
        assert_eq!(shapes[0].len(), shape.len());
    }
}

#[test]
fn every_table_is_made_from_the_ledger_or_named_as_not() {
    const TABLES: Sql = Sql::from_statements_macro("tables", "select name from sqlite_master where type = 'table' order by 1");
    let store = Scratch::sqlite();
    let tables: Vec<String> = store.read(|conn| conn.rows(TABLES, &[], |row| row.get(0))).map_err(|e: Error| e).unwrap();
    let compared: Vec<&str> = crate::rebuild::compared().collect();
    for table in tables.iter().filter(|t| !t.starts_with("sqlite_") && !t.starts_with("search_index")) {
        let known = compared.contains(&table.as_str()) || crate::migrate::NOT_REBUILT.contains(&table.as_str());
        assert!(known, "{table} is neither compared after a rebuild nor named in NOT_REBUILT");
    }
    assert!(compared.iter().all(|t| tables.iter().any(|known| known == t)), "a compared table is gone");
}

#[test]
fn every_table_is_in_a_backup_or_made_from_one_or_left_out_with_a_reason() {
    const TABLES: Sql = Sql::from_statements_macro("tables", "select name from sqlite_master where type = 'table' order by 1");
    let store = Scratch::sqlite();
    let tables: Vec<String> = store.read(|conn| conn.rows(TABLES, &[], |row| row.get(0))).map_err(|e: Error| e).unwrap();
    let named: Vec<&str> = crate::backup::TABLES.iter().map(|(table, _)| *table).chain(crate::rebuild::compared()).collect();
    // What SQLite keeps for its own search index goes with it.
    for table in tables.iter().filter(|t| !t.starts_with("sqlite_") && !t.starts_with("search_index_")) {
        assert_eq!(named.iter().filter(|name| *name == table).count(), 1, "what becomes of {table} in a backup?");
    }
    assert!(named.iter().all(|name| tables.iter().any(|table| table == name)), "a table that is named is gone");
    assert!(crate::migrate::NOT_REBUILT.iter().all(|table| crate::backup::TABLES.iter().any(|(named, _)| named == table)));
}
