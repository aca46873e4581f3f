//! Brings a database to the schema this program knows: numbered steps, one text for both engines.

use crate::engine::{Conn, Engine, statements};
use crate::error::Error;
use crate::tables::register;
use crate::value::values;

/// One step. A step that has been released is never edited; the next one mends it.
struct Migration {
    number: i64,
    name: &'static str,
    text: &'static str,
    /// What only one engine understands: for SQLite, for PostgreSQL.
    own: (&'static str, &'static str),
    /// Tables whose rows are never changed or removed; the database itself refuses it.
    insert_only: &'static [&'static str],
}

impl Migration {
    /// The whole step in an engine's words.
    fn text_for(&self, engine: Engine) -> String {
        let guards: String = self.insert_only.iter().map(|table| guard(table, engine)).collect();
        let own = if engine == Engine::Sqlite { self.own.0 } else { self.own.1 };
        dialect(self.text, engine) + own + &guards
    }
}

/// Which steps a database has seen.
const VERSIONS: &str = "create table if not exists schema_version (number integer primary key, name text not null) strict;";

const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        name: "ledger",
        text: include_str!("../migrations/0001_ledger.sql"),
        own: ("", ""),
        insert_only: &["ledger_line", "ledger_payload"],
    },
    Migration {
        number: 2,
        name: "evaluation",
        text: include_str!("../migrations/0002_evaluation.sql"),
        own: ("", ""),
        insert_only: &[
            "confirmed_text",
            "decision",
            "answer",
            "answer_review",
            "improvement_answer",
            "evidence",
            "claim",
            "claim_withdrawal",
            "claim_confirmation",
            "verdict",
            "verdict_approval",
            "message",
            "note",
        ],
    },
    Migration {
        number: 3,
        name: "search",
        text: include_str!("../migrations/0003_search.sql"),
        own: (include_str!("../migrations/0003_search_sqlite.sql"), include_str!("../migrations/0003_search_postgres.sql")),
        insert_only: &[],
    },
    Migration {
        number: 4,
        name: "accounts",
        text: include_str!("../migrations/0004_accounts.sql"),
        own: ("", ""),
        insert_only: &["account_review", "evidence_filing", "viewing"],
    },
    Migration {
        number: 5,
        name: "proof",
        text: include_str!("../migrations/0005_proof.sql"),
        own: ("", ""),
        insert_only: &["checkpoint", "super_node", "super_checkpoint", "anchor"],
    },
    Migration {
        number: 6,
        name: "ledger_search",
        text: include_str!("../migrations/0006_ledger_search.sql"),
        own: (include_str!("../migrations/0006_ledger_search_sqlite.sql"), include_str!("../migrations/0006_ledger_search_postgres.sql")),
        insert_only: &["ledger_tile", "ledger_segment", "ledger_hit"],
    },
    Migration {
        number: 7,
        name: "keeping",
        text: include_str!("../migrations/0007_keeping.sql"),
        own: (include_str!("../migrations/0007_keeping_sqlite.sql"), include_str!("../migrations/0007_keeping_postgres.sql")),
        insert_only: &["tombstone"],
    },
    Migration { number: 8, name: "vault", text: include_str!("../migrations/0008_vault.sql"), own: ("", ""), insert_only: &[] },
    Migration { number: 9, name: "exchange", text: include_str!("../migrations/0009_exchange.sql"), own: ("", ""), insert_only: &[] },
    Migration {
        number: 10,
        name: "running",
        text: include_str!("../migrations/0010_running.sql"),
        own: ("", ""),
        insert_only: &["epoch", "running_event"],
    },
    Migration { number: 11, name: "log", text: include_str!("../migrations/0011_log.sql"), own: ("", ""), insert_only: &[] },
    Migration { number: 12, name: "scan", text: include_str!("../migrations/0012_scan.sql"), own: ("", ""), insert_only: &[] },
    Migration {
        number: 13,
        name: "register",
        text: include_str!("../migrations/0013_register.sql"),
        own: ("", ""),
        insert_only: &["register_entry"],
    },
    Migration {
        number: REGISTER_WORDS,
        name: "register_words",
        text: include_str!("../migrations/0014_register_words.sql"),
        own: ("", ""),
        insert_only: &[],
    },
    Migration {
        number: 15,
        name: "deadline",
        text: include_str!("../migrations/0015_deadline.sql"),
        own: ("", ""),
        insert_only: &["duty_told", "duty_waived"],
    },
    Migration {
        number: 16,
        name: "ledger_run",
        text: "",
        own: (include_str!("../migrations/0016_ledger_run_sqlite.sql"), include_str!("../migrations/0016_ledger_run_postgres.sql")),
        insert_only: &["ledger_run"],
    },
    Migration {
        number: 17,
        name: "file_words",
        text: include_str!("../migrations/0017_file_words.sql"),
        own: (include_str!("../migrations/0017_file_words_sqlite.sql"), include_str!("../migrations/0017_file_words_postgres.sql")),
        insert_only: &[],
    },
    Migration {
        number: 18,
        name: "questionnaire",
        text: include_str!("../migrations/0018_questionnaire.sql"),
        own: ("", ""),
        insert_only: &["questionnaire", "question_mapping", "question_answer"],
    },
    Migration {
        number: 19,
        name: "document",
        text: include_str!("../migrations/0019_document.sql"),
        own: ("", ""),
        insert_only: &["document_clause", "document_version", "document_step"],
    },
];

/// The step after which the words of entries that were there are folded once.
const REGISTER_WORDS: i64 = 14;

/// Tables that are not made from the ledger, and that a rebuild therefore leaves alone.
pub const NOT_REBUILT: &[&str] = &[
    "schema_version",
    "ledger_line",
    "ledger_payload",
    "ledger_head",
    "ledger_tile",
    "ledger_segment",
    "ledger_hit",
    "ledger_run",
    "secret",
    // What was signed is copied; how full the old place was says nothing of the new one.
    "checkpoint",
    "super_node",
    "super_checkpoint",
    "anchor",
    "capacity",
    // Read from the files, by a job that reads again what is not there.
    "file_words",
];

statements! {
    CURRENT = "select coalesce(max(number), 0) from schema_version";
    APPLIED = "insert into schema_version (number, name) values ($1, $2)";
}

/// The step that this program has reached.
pub(crate) fn known() -> i64 {
    MIGRATIONS.last().map_or(0, |m| m.number)
}

/// The step that a database has reached.
pub(crate) fn version(conn: &mut Conn) -> Result<i64, Error> {
    conn.one(CURRENT, &[], |row| row.get(0))
}

/// An empty database with the schema of this program, in memory and in a temporary file that only this connection knows.
pub(crate) fn scratch() -> Result<Conn, Error> {
    let failed = |cause: String| Error::Unreachable { place: "a temporary database".to_owned(), cause };
    let connection = rusqlite::Connection::open("").map_err(|e| failed(e.to_string()))?;
    let mut conn = Conn::sqlite(connection);
    // It is thrown away in any case: nothing of it has to survive anything.
    conn.batch("pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -64000; pragma foreign_keys = on")
        .map_err(failed)?;
    conn.batch("begin").map_err(failed)?;
    conn.batch(&script(Engine::Sqlite)).map_err(failed)?;
    for step in MIGRATIONS {
        conn.run(APPLIED, &values![step.number, step.name])?;
    }
    Ok(conn)
}

/// Everything that makes an empty database this program's.
pub(crate) fn script(engine: Engine) -> String {
    let functions = if engine == Engine::Postgres { REFUSE_CHANGE } else { "" };
    let steps: String = MIGRATIONS.iter().map(|step| step.text_for(engine)).collect();
    dialect(VERSIONS, engine) + functions + &steps
}

/// Applies the missing steps, each in its own transaction. Several programs may start at once: one does it.
pub(crate) fn migrate(conn: &mut Conn) -> Result<(), Error> {
    let known = known();
    let refused = |number, name, cause| Error::Migration { number, name, cause };
    locked(conn, |conn| {
        conn.batch(&dialect(VERSIONS, conn.engine())).map_err(|cause| refused(0, "schema_version", cause))?;
        if conn.engine() == Engine::Postgres {
            conn.batch(REFUSE_CHANGE).map_err(|cause| refused(0, "refuse_change", cause))?;
        }
        Ok(())
    })?;
    for step in MIGRATIONS {
        locked(conn, |conn| {
            let found = version(conn)?;
            if found > known {
                return Err(Error::Newer { found, known });
            }
            if found >= step.number {
                return Ok(());
            }
            conn.batch(&step.text_for(conn.engine())).map_err(|cause| refused(step.number, step.name, cause))?;
            if step.number == REGISTER_WORDS {
                register::fold_all(conn)?;
            }
            conn.run(APPLIED, &values![step.number, step.name])?;
            Ok(())
        })?;
    }
    Ok(())
}

/// Runs `work` in a transaction that no other program's migration can be in.
pub(crate) fn locked(conn: &mut Conn, work: impl FnOnce(&mut Conn) -> Result<(), Error>) -> Result<(), Error> {
    let failed = |cause| Error::NotCommitted { cause };
    conn.batch(begin(conn.engine())).map_err(failed)?;
    match work(conn) {
        Ok(()) => conn.batch("commit").map_err(failed),
        Err(error) => {
            conn.take_failure();
            let _ = conn.batch("rollback");
            Err(error)
        }
    }
}

/// Opens a transaction that is the only writing one.
pub(crate) fn begin(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "begin immediate",
        // The number is only a name for the lock: "akashi" in hexadecimal.
        Engine::Postgres => "begin isolation level read committed; select pg_advisory_xact_lock(x'616b61736869'::bigint)",
    }
}

/// Raised by the triggers that `guard` sets.
const REFUSE_CHANGE: &str = "create or replace function refuse_change() returns trigger language plpgsql as \
    $$ begin raise exception '% is insert-only', tg_table_name; end $$;";

/// Has the database refuse to change or remove rows of an insert-only table.
fn guard(table: &str, engine: Engine) -> String {
    match engine {
        Engine::Sqlite => format!(
            "create trigger {table}_no_update before update on {table} begin select raise(abort, '{table} is insert-only'); end;
             create trigger {table}_no_delete before delete on {table} begin select raise(abort, '{table} is insert-only'); end;"
        ),
        Engine::Postgres => format!(
            "create trigger {table}_insert_only before update or delete or truncate on {table}
                 for each statement execute function refuse_change();
             revoke update, delete, truncate on {table} from public;"
        ),
    }
}

/// The step's text in the engine's words.
///
/// Text gets the byte order of SQLite on PostgreSQL too, or the same query would sort differently.
pub(crate) fn dialect(text: &str, engine: Engine) -> String {
    if engine == Engine::Sqlite {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 256);
    for line in text.lines() {
        let code = line.split("--").next().unwrap_or_default();
        let mut rest = code;
        while !rest.is_empty() {
            let word_end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let (word, after) = rest.split_at(word_end);
            out.push_str(match word {
                "integer" => "bigint",
                "blob" => "bytea",
                "text" => "text collate \"C\"",
                "strict" => "",
                other => other,
            });
            let gap_end = after.find(|c: char| c.is_ascii_alphanumeric() || c == '_').unwrap_or(after.len());
            out.push_str(&after[..gap_end]);
            rest = &after[gap_end..];
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_change() {
        let text = "create table t (a integer, textual text, b blob) strict; -- text";
        assert_eq!(dialect(text, Engine::Postgres), "create table t (a bigint, textual text collate \"C\", b bytea) ; \n");
        assert_eq!(dialect(text, Engine::Sqlite), text);
    }

    #[test]
    fn steps_are_numbered_without_gaps() {
        assert!(MIGRATIONS.iter().map(|m| m.number).eq(1..=MIGRATIONS.len() as i64));
    }
}
