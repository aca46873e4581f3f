//! PostgreSQL keeps no text of its schema: columns are compared with SQLite's, the rest with the texts of the steps.

use super::Parts;
use crate::engine::{Conn, Engine, Sql, statements};
use crate::error::Error;
use crate::migrate;

/// The columns of every table of SQLite.
const SHAPE: Sql = Sql::from_statements_macro(
    "audit::shape",
    "select m.name, c.name, lower(c.type) from sqlite_schema m, pragma_table_info(m.name) c where m.type = 'table'",
);

statements! {
    COLUMNS = "select c.table_name::text, c.column_name::text, c.data_type::text from information_schema.columns c
        join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name
        where c.table_schema = current_schema() and t.table_type = 'BASE TABLE'";
    OTHERS = "select case c.relkind when 'v' then 'view' when 'm' then 'view' when 'i' then 'index' when 'f' then 'foreign table' else 'table' end,
        c.relname::text from pg_class c where c.relnamespace = (select oid from pg_namespace where nspname = current_schema())
        and c.relkind in ('v', 'm', 'f', 'i', 'p') and not exists (select 1 from pg_constraint k where k.conindid = c.oid)";
    TRIGGERS = "select t.tgname::text, pg_get_triggerdef(t.oid, true), t.tgenabled::text, (t.tgisinternal)::int from pg_trigger t join pg_class c on c.oid = t.tgrelid
        where c.relnamespace = (select oid from pg_namespace where nspname = current_schema())";
    FUNCTIONS = "select p.proname::text, p.prosrc::text from pg_proc p where p.pronamespace = (select oid from pg_namespace where nspname = current_schema())
        and not exists (select 1 from pg_depend d where d.objid = p.oid and d.deptype = 'e')";
    RULES = "select r.rulename::text, c.relname::text from pg_rewrite r join pg_class c on c.oid = r.ev_class
        where c.relnamespace = (select oid from pg_namespace where nspname = current_schema()) and r.rulename <> '_RETURN'";
    GUARDED = "select c.relname::text from pg_class c where c.relnamespace = (select oid from pg_namespace where nspname = current_schema())
        and (c.relrowsecurity or c.relhasrules and c.relkind = 'r')";
}

/// Words in a fixed order: the server writes the events of a trigger in its own.
fn sorted(text: &str) -> String {
    let text = text.to_lowercase();
    let mut words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c == ';').filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words.join(" ")
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Tables that each engine has of its own.
fn own(table: &str) -> bool {
    table.starts_with("search_index")
}

pub(super) fn parts(conn: &mut Conn) -> Result<Parts, Error> {
    let mut out = Parts::new();
    for (table, column, kind) in conn.rows(COLUMNS, &[], |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?, row.get::<String>(2)?)))? {
        out.insert(format!("table {table}"), String::new());
        if !own(&table) {
            out.insert(format!("column {table}.{column}"), kind);
        }
    }
    for (kind, name) in conn.rows(OTHERS, &[], |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)))? {
        out.insert(format!("{kind} {name}"), String::new());
    }
    conn.each(TRIGGERS, &[], |row| {
        let (name, text, enabled): (String, &str, &str) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let of_a_constraint: bool = row.get(3)?;
        // Of a constraint's own triggers it counts only that nobody switched them off.
        if !of_a_constraint {
            out.insert(format!("trigger {name}"), if enabled == "O" { sorted(text) } else { "it is switched off".to_owned() });
        } else if enabled != "O" {
            out.insert(format!("trigger {name}, switched off"), String::new());
        }
        Ok(())
    })?;
    for (name, text) in conn.rows(FUNCTIONS, &[], |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)))? {
        out.insert(format!("function {name}"), squeezed(&text));
    }
    for (rule, table) in conn.rows(RULES, &[], |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)))? {
        out.insert(format!("rule {rule} on {table}"), String::new());
    }
    for table in conn.rows(GUARDED, &[], |row| row.get::<String>(0))? {
        out.insert(format!("row security or rules on {table}"), String::new());
    }
    Ok(out)
}

/// What the steps make, read out of their texts; `made` is the same database on SQLite.
pub(super) fn wanted(made: &mut Conn) -> Result<Parts, Error> {
    let mut out = Parts::new();
    for (table, column, kind) in made.rows(SHAPE, &[], |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?, row.get::<String>(2)?)))? {
        if !own(&table) {
            let kind = match kind.as_str() {
                "integer" => "bigint".to_owned(),
                "blob" => "bytea".to_owned(),
                _ => kind,
            };
            out.insert(format!("table {table}"), String::new());
            out.insert(format!("column {table}.{column}"), kind);
        }
    }
    let script: Vec<String> =
        migrate::script(Engine::Postgres).lines().map(|line| line.split("--").next().unwrap_or_default().to_owned()).collect();
    let script = script.join("\n");
    for (n, part) in script.split("$$").enumerate() {
        // Every other part is the text of a function, whose name stands at the end of the part before.
        if n % 2 == 1 {
            let before = script.split("$$").nth(n - 1).unwrap_or_default();
            let name = before.rsplit("function ").next().and_then(|rest| rest.split('(').next()).unwrap_or_default();
            out.insert(format!("function {}", name.trim()), squeezed(part));
            continue;
        }
        for statement in part.split(';') {
            let words: Vec<&str> = statement.split_whitespace().collect();
            match words.as_slice() {
                ["create", "trigger", name, ..] => drop(out.insert(format!("trigger {name}"), sorted(statement))),
                ["drop", "trigger", name, ..] => drop(out.remove(&format!("trigger {name}"))),
                ["create", "index", name, ..] | ["create", "unique", "index", name, ..] => {
                    drop(out.insert(format!("index {name}"), String::new()))
                }
                ["drop", "index", name, ..] => drop(out.remove(&format!("index {name}"))),
                ["create", "table", name, ..] if own(name) => drop(out.insert(format!("table {name}"), String::new())),
                _ => {}
            }
        }
    }
    Ok(out)
}
