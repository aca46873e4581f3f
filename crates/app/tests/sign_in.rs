//! The door: what is asked of whom, what every wrong answer gets, and how long what it opens stays open.

mod common;

use std::collections::BTreeSet;
use std::sync::Barrier;

use app::sign_in::factors::Proof;
use app::sign_in::{Door, NewSession, Partial};
use app::{App, Error};
use common::{ADDRESS, CHEAP, DOOR, PASSWORD, World, email, refusal, secret, worlds};
use identity::totp::TotpKey;
use rules::account::{Factor, FactorKind, Method, Stage};
use rules::act::{Act, Actor};
use rules::change::{Change, Failure};
use rules::command::Command;
use rules::id::{self, Digest, Id};
use rules::party::Role;
use rules::refusal::Why;
use rules::request::{Ask, RequestState};
use rules::review::AlertKind;

/// A try from an address of its own, so that no address is throttled.
fn attempt(w: &World, email: &str, password: &str, n: usize) -> Result<NewSession, Error> {
    w.app.sign_in(email, password, &format!("198.51.{}.{}", n / 250, n % 250), None)
}

fn partial(app: &App, session: &NewSession) -> Partial {
    app.partial(&session.secret, DOOR).unwrap().expect("a step is left")
}

/// The code of somebody's generator; everybody of the world has the same.
fn code(w: &World) -> Proof {
    Proof::Totp(secret(&TotpKey::parse(app::demo::TOTP_KEY).unwrap().code(w.app.clock.now())))
}

/// The first step of somebody who has a factor.
fn first_step(w: &World, name: &str) -> Partial {
    partial(&w.app, &w.app.sign_in(&email(name), PASSWORD, ADDRESS, None).unwrap())
}

/// The kept hash of somebody's password.
fn hash(w: &World, name: &str) -> String {
    let owner = w.person(name).to_string();
    w.app.store().read(|c| c.secret(&owner, "password")).unwrap().unwrap()
}

/// Runs it on so many threads at once.
fn at_once<T: Send>(threads: usize, run: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(threads);
    let one = |n| {
        start.wait();
        run(n)
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads)
            .map(|n| {
                scope.spawn({
                    let one = &one;
                    move || one(n)
                })
            })
            .collect();
        all.into_iter().map(|t| t.join().unwrap()).collect()
    })
}

// Wrong answers

#[test]
fn whatever_is_wrong_the_answer_and_the_wait_are_the_same() {
    for w in worlds() {
        let machine = w.act("secretariat", Command::CreateMachine { name: "監視".into(), roles: vec![Role::Secretariat] }).made.unwrap();
        let machine: Id<id::Person> = machine.parse().unwrap();
        let machine = w.app.store().read(|c| store::tables::party::person(c, machine)).unwrap().unwrap().email;
        w.act("secretariat", Command::SuspendAccount { person: w.person("evaluator"), reason: "違反の疑い".into() });
        w.act("secretariat", Command::CloseAccount { person: w.person("second"), reason: "退職のため".into() });
        w.act("operator", Command::SetRoles { organisation: w.organisation("hospital"), person: w.person("hospital"), roles: vec![] });
        w.write(&Change::LastDaySet { person: w.person("stranger"), ends: Some("2026-11-21".parse().unwrap()) });
        let tries = [
            ("nobody@example.jp".to_owned(), PASSWORD),
            (email("decider"), "a wrong password, quite long"),
            (email("evaluator"), PASSWORD),
            (email("second"), PASSWORD),
            (machine, ""),
            (email("hospital"), PASSWORD),
            (email("stranger"), PASSWORD),
        ];
        // Seven minutes are longer than any delay and shorter than the lock.
        let mut reasons = vec![];
        for round in 0..16 {
            let answers: BTreeSet<String> = tries
                .iter()
                .enumerate()
                .map(|(n, (id, password))| serde_json::to_string(&refusal(attempt(&w, id, password, n))).unwrap())
                .collect();
            assert_eq!(answers.len(), 1, "round {round}: {answers:?}");
            reasons.push(if answers.iter().all(|a| a.contains("sign_in")) { 's' } else { 'w' });
            w.later(7 * 60);
        }
        assert_eq!(reasons.iter().collect::<String>(), "sssssssssswwwwsw", "ten tries, half an hour's lock, one more");
        // Who administers hears once of each account that there is, and of no other.
        let locked = w.alerts(AlertKind::Locked);
        let told = w.mailed("ロック");
        assert_eq!(locked.iter().map(|a| &a.subject).collect::<BTreeSet<_>>().len(), locked.len());
        assert_eq!(locked.len(), 6);
        let of_decider = locked.iter().filter(|a| a.subject == w.person("decider").to_string()).count();
        assert_eq!((of_decider, told.iter().filter(|t| **t == email("secretariat")).count()), (1, 4), "{told:?}");
    }
}

#[test]
fn the_ledger_keeps_every_failure_and_why_and_only_the_beginning_of_an_id_that_nobody_has() {
    for w in worlds() {
        w.act("secretariat", Command::SuspendAccount { person: w.person("evaluator"), reason: "違反の疑い".into() });
        for (n, id) in ["correct horse battery 2026", "evaluator@example.jp", "decider@example.jp"].into_iter().enumerate() {
            refusal(attempt(&w, id, if n == 2 { "wrong" } else { PASSWORD }, n));
        }
        let failed: Vec<_> = w
            .changes("sign_in_failed")
            .into_iter()
            .filter_map(|c| if let Change::SignInFailed { email, person, why } = c { Some((email, person, why)) } else { None })
            .collect();
        assert_eq!(
            failed,
            [
                ("co… (26 characters)".to_owned(), None, Failure::Password),
                (email("evaluator"), Some(w.person("evaluator")), Failure::Closed),
                (email("decider"), Some(w.person("decider")), Failure::Password),
            ]
        );
        assert!(w.lines().iter().all(|l| !format!("{l:?}").contains("horse")));
        // The owner sees at the next sign-in that somebody tried.
        let came = w.come("decider");
        assert_eq!((came.signed.prior_failed, w.come("decider").signed.prior_failed), (1, 0));
    }
}

#[test]
fn a_locked_account_refuses_the_right_password_from_everywhere_until_its_time_and_locks_nobody_else() {
    for w in worlds() {
        for n in 0..10 {
            w.later(301);
            refusal(attempt(&w, &email("decider"), "wrong", n));
        }
        for n in 10..13 {
            assert_eq!(refusal(attempt(&w, &email(" Decider ").replace(' ', ""), PASSWORD, n)).why, Why::TooMany);
        }
        w.come("evaluator");
        w.later(30 * 60 - 1);
        assert_eq!(refusal(attempt(&w, &email("decider"), PASSWORD, 13)).why, Why::TooMany);
        w.later(1);
        w.come("decider");
        // The right answer begins the count anew.
        refusal(attempt(&w, &email("decider"), "wrong", 14));
        w.come("decider");
        assert_eq!((w.alerts(AlertKind::Locked).len(), w.mailed("ロック").len()), (1, 2));
    }
}

#[test]
fn the_wait_grows_with_every_failure() {
    let w = World::sqlite();
    let waits = (0..10).map(|n| {
        let mut waited = 0;
        while refusal(attempt(&w, &email("decider"), "wrong", n)).why == Why::TooMany {
            w.later(1);
            waited += 1;
        }
        waited
    });
    assert_eq!(waits.collect::<Vec<_>>(), [0, 0, 0, 0, 2, 4, 8, 16, 32, 64]);
}

#[test]
fn an_address_that_guesses_is_refused_for_a_minute_and_no_other_one() {
    for w in worlds() {
        let guess = |n: usize| w.app.sign_in(&format!("guess{n}@example.jp"), PASSWORD, "203.0.113.9", None);
        for n in 0..20 {
            assert_eq!(refusal(guess(n)).why, Why::SignIn);
        }
        let right = || w.app.sign_in(&email("decider"), PASSWORD, "203.0.113.9", None);
        assert_eq!((refusal(guess(20)).why, refusal(right()).why), (Why::TooMany, Why::TooMany));
        w.come("decider");
        w.later(60);
        assert!(right().is_ok());
        for n in 0..20 {
            refusal(guess(n));
        }
        let guessing = w.alerts(AlertKind::Guessing);
        assert_eq!((guessing.len(), guessing[0].organisation, guessing[0].subject.as_str()), (1, None, "203.0.113.9"));
        assert_eq!(w.mailed("総当たり"), [email("operator")]);
    }
}

#[test]
fn a_crowd_of_tries_gets_no_more_than_one_after_the_other() {
    for w in worlds() {
        for id in [email("decider"), "nobody@example.jp".to_owned()] {
            let before = w.changes("sign_in_failed").len();
            let answers = at_once(24, |n| refusal(attempt(&w, &id, "wrong", n)).why);
            assert_eq!(answers.iter().filter(|w| **w == Why::SignIn).count(), 4, "three are free, the fourth brings the wait");
            assert_eq!(w.changes("sign_in_failed").len() - before, 4);
        }
    }
}

#[test]
fn a_megabyte_of_password_is_a_wrong_password() {
    let w = World::sqlite();
    let huge = "あ".repeat(350_000);
    assert_eq!(refusal(attempt(&w, &email("decider"), &huge, 1)), refusal(attempt(&w, &email("decider"), "wrong", 2)));
    assert_eq!(refusal(attempt(&w, &huge, &huge, 3)).why, Why::SignIn);
    let change = Command::ChangePassword { current: secret(&huge), new: secret("a new one, long enough 77") };
    assert_eq!(refusal(w.app.execute(w.actor("decider"), change)).field, Some("current"));
    let came = w.come("decider");
    assert_eq!(refusal(w.app.confirm(&came.signed, &Proof::Password(secret(&huge)), DOOR)).why, Why::SignIn);
    assert_eq!(refusal(w.app.second_factor(&first_step(&w, "evaluator"), &Proof::Totp(secret(&huge)), DOOR)).why, Why::SignIn);
    assert!(w.lines().iter().all(|l| format!("{l:?}").len() < 10_000));
}

#[test]
fn a_hash_of_another_cost_is_renewed_by_the_right_password_only() {
    for w in worlds() {
        let old = hash(&w, "decider");
        let dearer = w.second_app(identity::Cost { memory_kib: 128, ..CHEAP });
        refusal(dearer.sign_in(&email("decider"), "wrong", ADDRESS, None));
        assert_eq!(hash(&w, "decider"), old);
        dearer.sign_in(&email("decider"), PASSWORD, ADDRESS, None).unwrap();
        let new = hash(&w, "decider");
        assert!(old.contains("m=64,") && new.contains("m=128,"), "{old} {new}");
        dearer.sign_in(&email("decider"), PASSWORD, ADDRESS, None).unwrap();
        assert_eq!(hash(&w, "decider"), new);
    }
}

#[test]
fn a_renewed_hash_does_not_bring_back_a_password_that_was_changed_meanwhile() {
    for w in worlds() {
        // Hashing anew takes so long that the change comes in between.
        let dear = w.second_app(identity::Cost { memory_kib: 128 * 1024, passes: 4, lanes: 1 });
        let new = "rather another horse 2027";
        w.later(1);
        std::thread::scope(|scope| {
            let slow = scope.spawn(|| dear.sign_in(&email("decider"), PASSWORD, "198.51.100.1", None).is_ok());
            let change = Command::ChangePassword { current: secret(PASSWORD), new: secret(new) };
            std::thread::sleep(std::time::Duration::from_millis(30));
            w.app.execute(w.actor("decider"), change).unwrap();
            assert!(!slow.join().unwrap(), "the password was changed before it opened anything");
        });
        assert!(w.app.sign_in(&email("decider"), new, ADDRESS, None).is_ok());
        assert!(w.app.sign_in(&email("decider"), PASSWORD, ADDRESS, None).is_err());
    }
}

#[test]
fn a_clock_that_jumps_locks_nobody_out_and_opens_nothing_again() {
    for w in worlds() {
        let came = w.come("decider");
        let day = 24 * 3600;
        w.later(day);
        for n in 0..4 {
            refusal(attempt(&w, &email("evaluator"), "wrong", n));
        }
        assert!(!w.is_open(&came), "over by the clock that is ahead");
        w.later(-day);
        assert!(!w.is_open(&came), "what ran out stays shut");
        w.app.sign_in(&email("evaluator"), PASSWORD, ADDRESS, None).unwrap();
        // A session of tomorrow opens nothing today.
        w.later(day);
        let tomorrow = w.come("second");
        w.later(-day);
        assert!(!w.is_open(&tomorrow));
    }
}

// Second factors

/// Puts somebody's account into a state of our choice.
struct State {
    initial: bool,
    old: bool,
    has: bool,
    needs: bool,
}

fn put(w: &World, name: &str, state: &State) {
    let person = w.person(name);
    for factor in w.app.own_factors(w.actor(name)).unwrap() {
        w.write(&Change::FactorRemoved { factor: factor.id, person });
    }
    if state.has {
        let mut act = w.app.act(Actor::system()).unwrap();
        let factor = Factor { id: act.fresh(), person, kind: FactorKind::Totp, name: "時計".into(), added: act.at };
        let owner = factor.id.to_string();
        w.app.store().write(|tx| tx.put_secret(&owner, "totp", app::demo::TOTP_KEY)).map_err(|e: store::Error| e).unwrap();
        w.write(&Change::FactorAdded(factor));
    }
    let set = w.app.clock.now() - jiff::SignedDuration::from_hours(if state.old { 24 * 60 } else { 1 });
    let act = Act::new(Actor::system(), set, [7; 32]);
    let change = Change::PasswordChanged { person, initial: state.initial };
    w.app.store().write(|tx| tx.enact(&act, &change, [0; 16])).map_err(|e: store::Error| e).unwrap();
    w.rules(name, |access| {
        access.profile = "sheet-8".into();
        access.second_factor = state.needs.then_some(Role::Evaluator).into_iter().collect();
    });
}

#[test]
fn the_steps_come_in_order_for_every_state_of_an_account() {
    for w in worlds() {
        let mut password = PASSWORD.to_owned();
        for n in 0..16 {
            let bit = |b: u32| n & (1 << b) != 0;
            let state = State { initial: bit(0), old: bit(1), has: bit(2), needs: bit(3) };
            w.later(3600);
            put(&w, "evaluator", &state);
            let mut expected = vec![];
            expected.extend(state.has.then_some(Stage::Factor));
            // A password grows old only for those who have nothing beside it (item 80(3)).
            expected.extend((state.initial || (state.old && !state.has)).then_some(Stage::Password));
            expected.extend((state.needs && !state.has).then_some(Stage::Enrol));
            expected.push(Stage::Full);

            let mut session = w.app.sign_in(&email("evaluator"), &password, ADDRESS, None).unwrap();
            let mut steps = vec![session.stage];
            while session.stage != Stage::Full {
                assert!(w.app.session(&session.secret, ADDRESS).unwrap().is_none(), "a step opens nothing");
                let step = partial(&w.app, &session);
                assert_eq!(refusal(w.app.execute(&step.actor, Command::SetLanguage { lang: rules::text::Lang::En })).why, Why::SignIn);
                session = match step.stage {
                    Stage::Factor => w.app.second_factor(&step, &code(&w), DOOR).unwrap(),
                    Stage::Password => {
                        let new = format!("Sonnenblume-{n}-am-Fenster");
                        w.app
                            .execute(&step.actor, Command::ChangePassword { current: secret(&password), new: secret(&new) })
                            .unwrap_or_else(|e| panic!("{n}: {e}"));
                        password = new;
                        w.app.go_on(&step, DOOR).unwrap()
                    }
                    Stage::Enrol => {
                        let key = TotpKey::parse(&w.app.begin_totp(&step.actor).unwrap().key).unwrap();
                        let code = secret(&key.code(w.app.clock.now()));
                        w.app.execute(&step.actor, Command::AddTotp { name: String::new(), code }).unwrap();
                        w.app.go_on(&step, DOOR).unwrap()
                    }
                    Stage::Full => unreachable!("the loop ends there"),
                };
                assert!(w.app.partial(&step_secret(&step, &w), DOOR).unwrap().is_none());
                steps.push(session.stage);
            }
            assert_eq!(steps, expected, "initial {} old {} has {} needs {}", state.initial, state.old, state.has, state.needs);
            let signed = w.app.session(&session.secret, ADDRESS).unwrap().unwrap();
            let method = if state.has || state.needs { Method::Totp } else { Method::Password };
            assert_eq!(signed.method, method);
            w.app.sign_out(&signed).unwrap();
        }
    }
}

/// The kept digest of a session's cookie is gone when it ended: no cookie of it opens anything.
fn step_secret(step: &Partial, w: &World) -> String {
    let owner = step.session.to_string();
    assert_eq!(w.app.store().read(|c| c.secret(&owner, "session")).unwrap(), None);
    owner
}

#[test]
fn a_code_opens_once_whoever_is_first() {
    for w in worlds() {
        w.later(30);
        let steps: Vec<Partial> = (0..2).map(|_| first_step(&w, "decider")).collect();
        let done = at_once(2, |n| w.app.second_factor(&steps[n], &code(&w), DOOR).is_ok());
        assert_eq!(done.iter().filter(|ok| **ok).count(), 1);
        let again = first_step(&w, "decider");
        assert_eq!(refusal(w.app.second_factor(&again, &code(&w), DOOR)).why, Why::SignIn);
        w.later(30);
        w.app.second_factor(&again, &code(&w), DOOR).unwrap();
        // A first step opens one session, also when both codes are right.
        assert_eq!(refusal(w.app.second_factor(&again, &code(&w), DOOR)).why, Why::SignIn);
        w.later(30);
        assert_eq!(refusal(w.app.second_factor(&again, &code(&w), DOOR)).why, Why::SignIn);
    }
}

#[test]
fn a_recovery_code_is_good_once_and_new_ones_end_the_old() {
    for w in worlds() {
        let codes = |w: &World| w.act("decider", Command::MakeRecoveryCodes {}).secret.unwrap();
        let (old, new) = (codes(&w), codes(&w));
        let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
        let recover = |code: &str| w.app.second_factor(&first_step(&w, "decider"), &Proof::Recovery(secret(code)), DOOR);
        assert_eq!(refusal(recover(old[0])).why, Why::SignIn);
        let done = at_once(2, |_| recover(&new[3].to_lowercase().replace('-', " ")).is_ok());
        assert_eq!(done.iter().filter(|ok| **ok).count(), 1);
        let session = recover(new[4]).unwrap();
        assert_eq!(w.app.session(&session.secret, ADDRESS).unwrap().unwrap().method, Method::Recovery);
        let left: Vec<u32> = w
            .changes("recovery_code_used")
            .into_iter()
            .filter_map(|c| if let Change::RecoveryCodeUsed { left, .. } = c { Some(left) } else { None })
            .collect();
        assert_eq!(left, [9, 8]);
    }
}

#[test]
fn a_wrong_second_factor_counts_as_a_wrong_password_does() {
    let w = World::sqlite();
    let step = first_step(&w, "decider");
    for _ in 0..4 {
        assert_eq!(refusal(w.app.second_factor(&step, &Proof::Totp(secret("000000")), DOOR)).field, Some("code"));
    }
    assert_eq!(refusal(w.app.second_factor(&step, &code(&w), DOOR)).why, Why::TooMany);
    assert_eq!(refusal(w.app.sign_in(&email("decider"), PASSWORD, ADDRESS, None)).why, Why::TooMany);
}

#[test]
fn a_step_is_left_only_by_doing_it() {
    for w in worlds() {
        let factor = first_step(&w, "decider");
        assert_eq!(refusal(w.app.go_on(&factor, DOOR)).why, Why::SignIn, "not round the second factor");
        assert_eq!(refusal(w.app.begin_totp(&factor.actor).map(|_| ())).why, Why::SignIn, "no key is shown before it");

        put(&w, "evaluator", &State { initial: false, old: false, has: false, needs: true });
        let enrolling = || partial(&w.app, &w.app.sign_in(&email("evaluator"), PASSWORD, ADDRESS, None).unwrap());
        let (guest, owner) = (enrolling(), enrolling());
        assert_eq!(refusal(w.app.go_on(&guest, DOOR)).why, Why::SignIn, "nothing was registered");
        assert_eq!(refusal(w.app.execute(&guest.actor, Command::MakeRecoveryCodes {})).why, Why::State, "codes stand in for a factor");
        let keys = [w.app.begin_totp(&guest.actor).unwrap().key, w.app.begin_totp(&owner.actor).unwrap().key];
        assert_ne!(keys[0], keys[1], "nobody learns the key that another session registers");
        assert_eq!(w.app.begin_totp(&owner.actor).unwrap().key, keys[1], "the picture on the page stays good");
        let add = |actor: &Actor, key: &str| {
            let code = secret(&TotpKey::parse(key).unwrap().code(w.app.clock.now()));
            w.app.execute(actor, Command::AddTotp { name: String::new(), code })
        };
        add(&owner.actor, &keys[1]).unwrap();
        // Whoever knows the password alone is shut out from now on, however far they were.
        assert_eq!(refusal(add(&guest.actor, &keys[0])).why, Why::SignIn);
        assert_eq!(refusal(w.app.execute(&guest.actor, Command::MakeRecoveryCodes {})).why, Why::SignIn);
        assert_eq!(refusal(w.app.go_on(&guest, DOOR)).why, Why::SignIn);
        assert_eq!(w.app.go_on(&owner, DOOR).unwrap().stage, Stage::Full);
        assert_eq!(enrolling().stage, Stage::Factor);
    }
}

#[test]
fn an_old_first_step_leads_nowhere() {
    for w in worlds() {
        let session = w.app.sign_in(&email("decider"), PASSWORD, ADDRESS, None).unwrap();
        let step = partial(&w.app, &session);
        w.later(15 * 60);
        assert!(w.app.partial(&session.secret, DOOR).unwrap().is_none());
        // Credentials that were revoked in between open nothing by the step taken before.
        let step_before = first_step(&w, "decider");
        w.act("secretariat", Command::ReportLeak { person: Some(w.person("decider")), reason: "紛失の届出".into() });
        for step in [step, step_before] {
            assert_eq!(refusal(w.app.second_factor(&step, &code(&w), DOOR)).why, Why::SignIn);
        }
    }
}

// Alternate sign-in

#[test]
fn an_alternate_sign_in_is_marked_in_every_line_and_ends_with_its_request() {
    for w in worlds() {
        let decider = w.person("decider");
        let ask = || w.ask("evaluator", Ask::Alternate { person: decider, identity: "対面で職員証を確認".into() }, 2);
        let step = first_step(&w, "decider");
        let enter = |code: &str| w.app.second_factor(&first_step(&w, "decider"), &Proof::Alternate(secret(code)), DOOR);
        let early = ask();
        assert_eq!(refusal(w.app.second_factor(&step, &Proof::Alternate(secret("AAAA-AAAA")), DOOR)).why, Why::SignIn, "not approved");
        let code = w.approve("secretariat", early).secret.unwrap();
        let session = enter(&code).unwrap();
        let signed = w.app.session(&session.secret, ADDRESS).unwrap().unwrap();
        let before = w.lines().len();
        w.app.execute(&signed.actor, Command::SetLanguage { lang: rules::text::Lang::En }).unwrap();
        // A new password does not wash the mark off, nor move the end.
        let new = "rather another horse 2027";
        w.app.execute(&signed.actor, Command::ChangePassword { current: secret(PASSWORD), new: secret(new) }).unwrap();
        let session = w.app.reopen(&signed, DOOR).unwrap();
        let signed = w.app.session(&session.secret, ADDRESS).unwrap().unwrap();
        let session = w.app.switch(&signed, signed.organisation.id, DOOR).unwrap();
        let signed = w.app.session(&session.secret, ADDRESS).unwrap().unwrap();
        w.app.execute(&signed.actor, Command::SetLanguage { lang: rules::text::Lang::Ja }).unwrap();
        let mark = format!("alternate={early}");
        for line in w.lines().iter().filter(|l| l.head.actor == decider.to_string()).skip_while(|l| l.head.pos <= before as u64) {
            assert!(line.head.session.as_ref().is_some_and(|s| s.contains(&mark)), "{} {:?}", line.head.kind, line.head.session);
        }
        assert_eq!(signed.method, Method::Alternate);
        let first = w.lines().into_iter().rev().find(|l| l.head.kind == "signed_in").unwrap();
        assert!(first.head.session.unwrap().contains(&mark), "also the line of the sign-in itself");

        w.later(2 * 3600 - 1);
        assert!(w.app.session(&session.secret, ADDRESS).unwrap().is_none(), "idle");
        let ended = w.app.end_requests().unwrap();
        assert_eq!(ended, 0);
        w.later(1);
        assert_eq!(w.app.end_requests().unwrap(), 1);
        assert_eq!(w.app.end_requests().unwrap(), 0);
        assert!(w.request(early).awaits_review());
        let review = |finding: &str| Command::ReviewRequest { request: early, finding: finding.into() };
        assert_eq!(w.refused("evaluator", review("問題なし")), Why::Forbidden, "who asked");
        w.act("secretariat", review("記録を確認し問題なし"));
        assert_eq!(w.request(early).state, RequestState::Reviewed);
    }
}

#[test]
fn an_alternate_sign_in_that_is_ended_early_is_over_at_once_with_its_code() {
    for w in worlds() {
        let request = w.ask("evaluator", Ask::Alternate { person: w.person("decider"), identity: "対面で確認".into() }, 24);
        let code = w.approve("secretariat", request).secret.unwrap();
        let other = w.second_app(CHEAP);
        let enter = || w.app.second_factor(&first_step(&w, "decider"), &Proof::Alternate(secret(&code)), DOOR);
        let session = enter().unwrap();
        assert!(other.session(&session.secret, ADDRESS).unwrap().is_some());
        let under = w.app.session(&session.secret, ADDRESS).unwrap().unwrap().session;
        w.act("secretariat", Command::EndRequest { request });
        assert!(w.app.session(&session.secret, ADDRESS).unwrap().is_none());
        assert!(w.changes("signed_out").contains(&Change::SignedOut { session: under }), "the ledger says when");
        other.clock.advance(jiff::SignedDuration::from_secs(2));
        assert!(other.session(&session.secret, ADDRESS).unwrap().is_none());
        assert_eq!(refusal(enter()).why, Why::SignIn);
    }
}

// Sessions

#[test]
fn a_session_idles_out_to_the_minute_and_ends_after_its_hours_whatever_is_done() {
    for w in worlds() {
        let came = w.come("decider");
        w.later(29 * 60);
        assert!(w.is_open(&came));
        w.later(30 * 60 - 1);
        assert!(w.is_open(&came));
        w.later(30 * 60);
        assert!(!w.is_open(&came));
        let came = w.come("decider");
        for _ in 0..12 * 3 - 1 {
            w.later(20 * 60);
            assert!(w.is_open(&came));
        }
        w.later(20 * 60 - 1);
        assert!(w.is_open(&came));
        w.later(1);
        assert!(!w.is_open(&came));
    }
}

#[test]
fn a_session_that_is_used_at_another_node_does_not_idle_out_here() {
    for w in worlds() {
        let other = w.second_app(CHEAP);
        let came = w.come("decider");
        assert!(w.is_open(&came));
        for _ in 0..4 {
            for clock in [&w.app.clock, &other.clock] {
                clock.advance(jiff::SignedDuration::from_mins(20));
            }
            assert!(other.session(&came.secret, ADDRESS).unwrap().is_some());
        }
        assert!(w.is_open(&came));
    }
}

#[test]
fn so_many_sessions_and_no_more_also_when_they_come_at_once() {
    for w in worlds() {
        w.rules("decider", |a| {
            a.sessions = 2;
            a.second_factor = Default::default();
        });
        let person = w.person("decider");
        for factor in w.app.own_factors(w.actor("decider")).unwrap() {
            w.write(&Change::FactorRemoved { factor: factor.id, person });
        }
        w.write(&Change::SessionsEnded { person, reason: "test".into() });
        let opened = at_once(6, |n| attempt(&w, &email("decider"), PASSWORD, n).ok());
        let opened: Vec<_> = opened.into_iter().flatten().collect();
        assert_eq!(opened.len(), 2);
        // Who is at the limit still moves between organisations, and a session that ended makes room.
        let signed = w.app.session(&opened[0].secret, ADDRESS).unwrap().unwrap();
        let moved = w.app.switch(&signed, signed.organisation.id, DOOR).unwrap();
        assert!(w.app.session(&opened[0].secret, ADDRESS).unwrap().is_none());
        assert_eq!(refusal(attempt(&w, &email("decider"), PASSWORD, 9)).why, Why::Forbidden);
        w.app.sign_out(&w.app.session(&moved.secret, ADDRESS).unwrap().unwrap()).unwrap();
        assert!(attempt(&w, &email("decider"), PASSWORD, 9).is_ok());

        // All people together: counted over both programs, however they come.
        let other = w.second_app(CHEAP);
        w.rules("decider", |a| {
            a.sessions = 20;
            a.sessions_together = 4;
        });
        for name in ["operator", "secretariat", "evaluator", "second", "decider"] {
            w.write(&Change::SessionsEnded { person: w.person(name), reason: "test".into() });
        }
        let opened = at_once(8, |n| {
            let app = if n % 2 == 0 { &w.app } else { &other };
            app.sign_in(&email("decider"), PASSWORD, &format!("198.51.100.{n}"), None).is_ok()
        });
        assert_eq!(opened.iter().filter(|ok| **ok).count(), 4);
    }
}

#[test]
fn moving_to_another_organisation_proves_nothing_anew() {
    for w in worlds() {
        let link = w.act(
            "operator",
            Command::InvitePerson { organisation: w.organisation("officer"), email: email("decider"), roles: vec![Role::Colleague] },
        );
        let accept = Command::AcceptInvitation {
            link: secret(&link.secret.unwrap()),
            name: "decider".into(),
            password: secret(PASSWORD),
            lang: rules::text::Lang::Ja,
        };
        w.app.execute(&Actor::system(), accept).unwrap();
        let came = w.come("decider");
        let mut signed = came.signed.clone();
        for n in 0..40 {
            w.later(18 * 60);
            let to = if n % 2 == 0 { w.organisation("officer") } else { w.organisation("decider") };
            let Ok(session) = w.app.switch(&signed, to, DOOR) else { break };
            let Some(moved) = w.app.session(&session.secret, ADDRESS).unwrap() else { break };
            assert_eq!(moved.organisation.id, to);
            assert!(!moved.actor.grants.confirmed, "not asked again, so not confirmed");
            assert!(n < 40 - 1, "the day of the session never ends");
            signed = moved;
        }
        assert_eq!(signed.since, came.signed.since);
        assert_eq!(
            refusal(
                w.app.execute(&signed.actor, Command::IssueToken { name: "x".into(), write: true, expires: "2026-12-24".parse().unwrap() })
            )
            .why,
            Why::Confirm
        );
    }
}

/// A session and a token of somebody, and whether both still open something.
struct Keys {
    came: common::Came,
    token: String,
}

fn keys(w: &World, name: &str) -> Keys {
    let came = w.come(name);
    let issue = Command::IssueToken { name: "連携".into(), write: true, expires: "2027-01-31".parse().unwrap() };
    let token = w.app.execute(&came.signed.actor, issue).unwrap().secret.unwrap();
    let keys = Keys { came, token };
    assert_eq!(open(&w.app, &keys), (true, true));
    keys
}

fn open(app: &App, keys: &Keys) -> (bool, bool) {
    (app.session(&keys.came.secret, ADDRESS).unwrap().is_some(), app.token(&keys.token, ADDRESS).unwrap().is_some())
}

#[test]
fn whatever_ends_an_account_or_its_rights_ends_its_sessions_and_tokens_at_once_and_elsewhere_within_two_seconds() {
    for w in worlds() {
        let other = w.second_app(CHEAP);
        let person = |name: &str| w.person(name);
        let body = w.organisation("decider");
        type Act<'a> = (&'static str, &'static str, Box<dyn Fn() + 'a>, (bool, bool));
        let acts: [Act<'_>; 6] = [
            (
                "suspended",
                "evaluator",
                Box::new(|| {
                    drop(w.act("secretariat", Command::SuspendAccount { person: person("evaluator"), reason: "違反の疑い".into() }))
                }),
                (false, false),
            ),
            (
                "closed",
                "second",
                Box::new(|| drop(w.act("secretariat", Command::CloseAccount { person: person("second"), reason: "退職のため".into() }))),
                (false, false),
            ),
            (
                "leaked",
                "decider",
                Box::new(|| {
                    drop(w.act("secretariat", Command::ReportLeak { person: Some(person("decider")), reason: "紛失の届出".into() }))
                }),
                (false, false),
            ),
            (
                "without roles",
                "reviewer",
                Box::new(|| {
                    drop(w.act(
                        "operator",
                        Command::SetRoles { organisation: w.organisation("reviewer"), person: person("reviewer"), roles: vec![] },
                    ))
                }),
                (false, false),
            ),
            (
                "sessions ended",
                "colleague",
                Box::new(|| drop(w.act("operator", Command::EndSessions { person: person("colleague"), reason: "端末の紛失".into() }))),
                (false, true),
            ),
            (
                "networks",
                "stranger",
                Box::new(|| w.rules("stranger", |a| a.networks = vec!["198.51.100.0/24".parse().unwrap()])),
                (false, false),
            ),
        ];
        for (what, name, act, expected) in acts {
            let keys = keys(&w, name);
            assert_eq!(open(&other, &keys), (true, true));
            act();
            assert_eq!(open(&w.app, &keys), expected, "{what}");
            other.clock.advance(jiff::SignedDuration::from_secs(2));
            w.later(2);
            assert_eq!(open(&other, &keys), expected, "{what}, elsewhere");
        }
        // A last day ends with the day in Japan, and no job has to run for it.
        let keys = keys(&w, "officer");
        w.act("operator", Command::SetLastDay { person: person("officer"), ends: Some("2026-11-22".parse().unwrap()) });
        w.rules("officer", |a| a.idle_minutes = 240);
        w.rules("officer", |a| a.session_hours = 24);
        for _ in 0..4 {
            w.later(209 * 60);
            assert_eq!(open(&w.app, &keys), (true, true));
        }
        w.later(4 * 60);
        assert_eq!(w.app.clock.now().to_string(), "2026-11-22T15:00:12Z");
        assert_eq!(open(&w.app, &keys), (false, false));
        assert!(
            w.app
                .store()
                .read(|c| store::tables::party::memberships_of(c, person("decider")))
                .unwrap()
                .iter()
                .any(|m| m.organisation == body)
        );
    }
}

#[test]
fn losing_the_rights_in_one_organisation_leaves_the_other_ones_session() {
    for w in worlds() {
        let provider = w.organisation("officer");
        let invite = Command::InvitePerson { organisation: provider, email: email("decider"), roles: vec![Role::Colleague] };
        let link = w.act("operator", invite).secret.unwrap();
        let accept =
            Command::AcceptInvitation { link: secret(&link), name: String::new(), password: secret(PASSWORD), lang: rules::text::Lang::Ja };
        w.app.execute(&Actor::system(), accept).unwrap();
        let act_for = |organisation| w.app.switch(&w.come("decider").signed, organisation, DOOR).unwrap();
        let (home, guest) = (act_for(w.organisation("decider")), act_for(provider));
        let stands = |secret: &str| w.app.session(secret, ADDRESS).unwrap().is_some();
        w.act("operator", Command::SetRoles { organisation: provider, person: w.person("decider"), roles: vec![] });
        assert!(!stands(&guest.secret) && stands(&home.secret));
        w.act("secretariat", Command::SuspendAccount { person: w.person("decider"), reason: "違反の疑い".into() });
        assert!(!stands(&home.secret));
    }
}

#[test]
fn the_network_and_the_certificate_are_looked_at_with_every_request() {
    for w in worlds() {
        let came = w.come("decider");
        let (right, wrong) = (Digest([1; 32]), Digest([2; 32]));
        w.rules("decider", |a| {
            a.networks = vec!["192.0.2.0/24".parse().unwrap()];
            a.certificates = vec![right];
        });
        let from = |address, certificate| w.app.session_from(&came.secret, Door { address, certificate }).unwrap().is_some();
        assert!(!from(ADDRESS, None) && !from(ADDRESS, Some(wrong)) && !from("198.51.100.1", Some(right)));
        assert!(from(ADDRESS, Some(right)), "a request from elsewhere does not end the session for its owner");
        let sign_in = |address, certificate| w.app.sign_in_from(&email("decider"), PASSWORD, Door { address, certificate }, None);
        for (address, certificate) in [(ADDRESS, None), ("198.51.100.1", Some(right))] {
            assert_eq!(refusal(sign_in(address, certificate).map(|_| ())).why, Why::Forbidden);
        }
        assert_eq!(sign_in(ADDRESS, Some(right)).unwrap().stage, Stage::Factor);
    }
}

#[test]
fn an_approved_out_of_hours_use_opens_its_own_door_once() {
    for w in worlds() {
        // Sunday morning in Japan.
        w.rules("decider", |a| {
            a.days = [1, 2, 3, 4, 5].into();
            a.second_factor = Default::default();
        });
        for name in ["decider", "evaluator"] {
            for factor in w.app.own_factors(w.actor(name)).unwrap() {
                w.write(&Change::FactorRemoved { factor: factor.id, person: w.person(name) });
            }
        }
        let come = |name: &str| w.app.sign_in(&email(name), PASSWORD, ADDRESS, None);
        assert_eq!(refusal(come("decider")).why, Why::Forbidden);
        let request = w.ask("evaluator", Ask::OutOfHours { person: w.person("decider") }, 4);
        assert_eq!(refusal(come("decider")).why, Why::Forbidden, "not approved yet");
        w.approve("secretariat", request);
        assert_eq!(refusal(come("evaluator")).why, Why::Forbidden, "who asked for somebody else stays outside");
        let opened = at_once(3, |_| come("decider").ok());
        let opened: Vec<_> = opened.into_iter().flatten().collect();
        assert_eq!(opened.len(), 1);
        assert_eq!(w.request(request).state, RequestState::Ended);
        assert_eq!(refusal(come("decider")).why, Why::Forbidden);
        // Whoever is in works on, also with a new password.
        let signed = w.app.session(&opened[0].secret, ADDRESS).unwrap().unwrap();
        let change = Command::ChangePassword { current: secret(PASSWORD), new: secret("rather another horse 2027") };
        w.app.execute(&signed.actor, change).unwrap();
        let session = w.app.reopen(&signed, DOOR).unwrap();
        assert!(w.app.session(&session.secret, ADDRESS).unwrap().is_some());
    }
}

#[test]
fn a_change_of_password_and_a_sign_out_end_what_they_say_and_leave_no_secret_of_it() {
    for w in worlds() {
        let (here, there) = (w.come("decider"), w.come("decider"));
        let end = Command::EndSession { session: there.signed.session };
        assert_eq!(w.refused("evaluator", end.clone()), Why::NotFound);
        w.app.execute(&here.signed.actor, end).unwrap();
        assert!(w.is_open(&here) && !w.is_open(&there));
        let third = w.come("decider");
        let change = Command::ChangePassword { current: secret(PASSWORD), new: secret("rather another horse 2027") };
        w.app.execute(&here.signed.actor, change.clone()).unwrap();
        assert!(!w.is_open(&here) && !w.is_open(&third));
        let kept = w.app.store().read(|c| c.secret_owners("session", 1000)).unwrap();
        for came in [&here, &there, &third] {
            assert!(!kept.contains(&came.signed.session.to_string()));
        }
        // An actor of before cannot set yet another one: the old password is not the one that holds.
        assert!(w.app.execute(&here.signed.actor, change).is_err());
    }
}

#[test]
fn two_changes_of_one_password_at_once_leave_one_that_its_owner_knows() {
    for w in worlds() {
        let came = w.come("decider");
        let new = ["rather another horse 2027", "or quite another cow 2028"];
        let done = at_once(2, |n| {
            let change = Command::ChangePassword { current: secret(PASSWORD), new: secret(new[n]) };
            w.app.execute(&came.signed.actor, change).is_ok()
        });
        assert_eq!(done.iter().filter(|ok| **ok).count(), 1);
        for n in 0..2 {
            assert_eq!(w.app.sign_in(&email("decider"), new[n], ADDRESS, None).is_ok(), done[n]);
        }
    }
}

#[test]
fn sessions_that_ran_out_are_ended_in_the_ledger_and_leave_no_secret() {
    for w in worlds() {
        let (idle, used) = (w.come("decider"), w.come("evaluator"));
        w.later(20 * 60);
        assert!(w.is_open(&used));
        w.later(20 * 60);
        w.app.check_accounts().unwrap();
        assert!(w.is_open(&used));
        let ended: Vec<_> = w
            .changes("signed_out")
            .into_iter()
            .filter_map(|c| if let Change::SignedOut { session } = c { Some(session) } else { None })
            .collect();
        assert!(ended.contains(&idle.signed.session) && !ended.contains(&used.signed.session));
        let kept = w.app.store().read(|c| c.secret_owners("session", 1000)).unwrap();
        assert!(!kept.contains(&idle.signed.session.to_string()) && kept.contains(&used.signed.session.to_string()));
        let lines = w.lines().len();
        w.app.check_accounts().unwrap();
        assert_eq!(w.lines().len(), lines, "once");
    }
}

#[test]
fn failed_tries_of_days_ago_are_forgotten() {
    let w = World::sqlite();
    for n in 0..5 {
        refusal(attempt(&w, &format!("guess{n}@example.jp"), PASSWORD, n));
    }
    let kept = || w.app.store().read(|c| c.secret_owners("attempts", 100)).unwrap().len();
    let before = kept();
    w.later(47 * 3600);
    refusal(attempt(&w, "late@example.jp", PASSWORD, 9));
    w.app.check_accounts().unwrap();
    assert_eq!(kept(), before + 1);
    w.later(2 * 3600);
    w.app.check_accounts().unwrap();
    assert_eq!(kept(), 1);
}
