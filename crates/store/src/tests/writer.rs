//! Acts that share a transaction: none harms another, none is told "done" before the commit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::*;
use crate::engine::Engine;

#[derive(Debug)]
enum Refused {
    No,
    Store(Error),
}
impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        Refused::Store(error)
    }
}

/// Runs `first`, and `second` in the same transaction right after it.
fn together<A: Send, B: Send>(
    store: &Scratch,
    first: impl FnOnce(&mut Tx<'_>) -> Result<A, Refused> + Send,
    second: impl FnOnce(&mut Tx<'_>) -> Result<B, Refused> + Send,
) -> (Result<A, Refused>, Result<B, Refused>) {
    let begun = AtomicBool::new(false);
    thread::scope(|scope| {
        let first = scope.spawn(|| {
            store.write(|tx| {
                begun.store(true, Ordering::SeqCst);
                while store.writer.waiting.load(Ordering::SeqCst) == 0 {
                    thread::yield_now();
                }
                first(tx)
            })
        });
        while !begun.load(Ordering::SeqCst) {
            thread::yield_now();
        }
        let second = store.write(second);
        (first.join().unwrap(), second)
    })
}

#[test]
fn a_refused_act_leaves_nothing_and_its_neighbours_everything() {
    for store in stores() {
        let (first, second) = together(
            &store,
            |tx| {
                note(tx, "org_1", "refused")?;
                note(tx, "org_2", "refused")?;
                Err::<(), _>(Refused::No)
            },
            |tx| Ok(note(tx, "org_1", "kept")?),
        );
        assert!(matches!(first, Err(Refused::No)));
        assert_eq!(second.unwrap(), Pos(1));
        let (first, second) = together(
            &store,
            |tx| Ok(note(tx, "org_1", "kept too")?),
            |tx| note(tx, "org_1", "refused").map_err(|_| Refused::No).and(Err::<(), _>(Refused::No)),
        );
        assert_eq!(first.unwrap(), Pos(2));
        assert!(matches!(second, Err(Refused::No)));
        assert_eq!(bodies(&store), ["kept", "kept too"]);
        let verified = store.verify().unwrap();
        assert_eq!((verified.lines, verified.roots.len()), (2, 1));
    }
}

#[test]
fn a_panic_is_an_error_of_its_own_act() {
    for store in stores() {
        let (first, second) = together(
            &store,
            |tx| {
                note(tx, "org_1", "lost")?;
                if bodies_in(tx) == 1 {
                    panic!("on purpose");
                }
                Ok(())
            },
            |tx| Ok(note(tx, "org_1", "kept")?),
        );
        assert!(matches!(first, Err(Refused::Store(Error::Panicked { cause })) if cause == "on purpose"));
        assert_eq!(second.unwrap(), Pos(1));
        assert_eq!(bodies(&store), ["kept"]);
        store.verify().unwrap();
    }
}

fn bodies_in(tx: &mut Tx<'_>) -> i64 {
    tx.one(COUNT, &[], |row| row.get(0)).unwrap()
}

#[test]
fn an_act_that_ignores_a_failed_statement_is_undone_on_both_engines() {
    for store in stores() {
        store.write(|tx| note(tx, "org_1", "first")).unwrap();
        let swallowed = store.write(|tx| {
            note(tx, "org_1", "second")?;
            let _ = tx.run(NOTE, &values![1, "a key that is taken"]);
            Ok::<_, Error>(())
        });
        assert!(matches!(swallowed, Err(Error::Swallowed { .. })), "{swallowed:?}");
        assert_eq!(bodies(&store), ["first"]);
        assert_eq!(store.write(|tx| note(tx, "org_1", "third")).unwrap(), Pos(2));
    }
}

#[test]
fn a_failed_commit_is_told_to_every_act_of_it() {
    for store in stores() {
        // The missing note is looked for at the commit only.
        let (first, second) = together(&store, |tx| Ok(note(tx, "org_1", "innocent")?), |tx| Ok(tx.run(CHILD, &values![1, 404])?));
        for (name, told) in [("first", first.map(drop)), ("second", second.map(drop))] {
            assert!(matches!(told, Err(Refused::Store(Error::NotCommitted { .. }))), "{:?} {name}: {told:?}", store.engine());
        }
        assert_eq!(bodies(&store), [""; 0]);
        assert_eq!(store.write(|tx| note(tx, "org_1", "after")).unwrap(), Pos(1));
        store.verify().unwrap();
    }
}

#[test]
fn many_threads_lose_nothing_and_make_one_right_ledger() {
    const THREADS: usize = 16;
    const ACTS: usize = 40;
    for store in stores() {
        let mut all: Vec<i64> = thread::scope(|scope| {
            let store = &store;
            let threads: Vec<_> = (0..THREADS)
                .map(|t| {
                    scope.spawn(move || {
                        let mut mine = Vec::new();
                        for n in 0..ACTS {
                            let tenant = format!("org_{}", t % 3);
                            let done = store.write(|tx| {
                                let pos = note(tx, &tenant, &format!("{t}/{n}"))?;
                                if n % 5 == 4 { Err(Refused::No) } else { Ok(pos) }
                            });
                            match done {
                                Ok(pos) => mine.push(pos.0),
                                Err(Refused::No) => assert_eq!(n % 5, 4),
                                Err(Refused::Store(e)) => panic!("{e}"),
                            }
                        }
                        mine
                    })
                })
                .collect();
            threads.into_iter().flat_map(|t| t.join().unwrap()).collect()
        });
        all.sort_unstable();
        let kept = (THREADS * ACTS * 4 / 5) as i64;
        assert!(all.into_iter().eq(1..=kept));
        assert_eq!(bodies(&store).len(), kept as usize);
        let verified = store.verify().unwrap();
        assert_eq!((verified.lines, verified.roots.len()), (kept as u64, 3));
    }
}

#[test]
fn two_programs_on_one_database_make_one_ledger() {
    for store in stores() {
        let other = crate::Store::open(store.location(), 2).unwrap();
        thread::scope(|scope| {
            for program in [&*store, &other] {
                scope.spawn(move || (0..30).for_each(|n| assert!(program.write(|tx| note(tx, "org_1", &n.to_string())).is_ok())));
            }
        });
        assert_eq!(store.verify().unwrap().lines, 60);
    }
}

#[test]
fn a_lost_postgresql_connection_is_made_again() {
    for store in stores().into_iter().filter(|store| store.engine() == Engine::Postgres) {
        store.write(|tx| note(tx, "org_1", "before")).unwrap();
        assert_eq!(bodies(&store), ["before"]);
        let kick = || {
            let mut client = postgres::Client::connect("postgres://postgres@127.0.0.1:5432/postgres", postgres::NoTls).unwrap();
            let database = store.location().to_string().rsplit('/').next().unwrap().to_owned();
            client.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", &[&database]).unwrap();
            thread::sleep(Duration::from_millis(100));
        };
        kick();
        assert_eq!(bodies(&store), ["before"]);
        assert_eq!(store.write(|tx| note(tx, "org_1", "between acts")).unwrap(), Pos(2));
        let during = store.write(|tx| {
            note(tx, "org_1", "lost")?;
            kick();
            note(tx, "org_1", "lost too")
        });
        assert!(matches!(during, Err(Error::NotCommitted { .. })), "{during:?}");
        assert_eq!(store.write(|tx| note(tx, "org_1", "after")).unwrap(), Pos(3));
        assert_eq!(bodies(&store), ["before", "between acts", "after"]);
        store.verify().unwrap();
    }
}

#[test]
fn secrets_are_put_found_replaced_and_forgotten() {
    for store in stores() {
        store
            .write(|tx| {
                tx.put_secret("person_1", "password", "$argon2id$1")?;
                tx.put_secret("person_1", "password", "$argon2id$2")?;
                tx.put_secret("session_1", "token", "abc")
            })
            .unwrap();
        let look =
            |owner: &'static str, kind: &'static str| store.read(move |conn| conn.secret(owner, kind)).map_err(|e: Error| e).unwrap();
        assert_eq!(look("person_1", "password").as_deref(), Some("$argon2id$2"));
        assert_eq!(look("person_1", "token"), None);
        assert_eq!(store.read(|conn| conn.secret_owner("token", "abc")).map_err(|e: Error| e).unwrap().as_deref(), Some("session_1"));
        assert_eq!(store.read(|conn| conn.secret_owner("password", "abc")).map_err(|e: Error| e).unwrap(), None);
        assert!(store.write(|tx| tx.delete_secret("session_1", "token")).unwrap());
        assert!(!store.write(|tx| tx.delete_secret("session_1", "token")).unwrap());
        assert_eq!(store.write(|tx| tx.delete_secrets("person_1")).unwrap(), 1);
        assert_eq!(look("person_1", "password"), None);
    }
}
