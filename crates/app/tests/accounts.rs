//! Accounts from the first day to the last: ids that are never given again, machines, homes, reminders, and no secret where it does not belong.

mod common;

use std::collections::BTreeSet;
use std::sync::Barrier;

use app::sign_in::factors::Proof;
use common::{ADDRESS, CHEAP, DOOR, PASSWORD, World, email, refusal, secret, worlds};
use identity::totp::TotpKey;
use rules::account::FactorKind;
use rules::account::{Standing, machine};
use rules::act::Actor;
use rules::change::Change;
use rules::command::{Command, SaidOfAccount};
use rules::id::{self, Id};
use rules::party::Role;
use rules::refusal::Why;
use rules::request::Ask;
use rules::review::{AlertKind, Judgement};
use rules::text::Lang;
use store::testing::both_engines;

const NEW: &str = "rather another horse 2027";
const DAY: i64 = 24 * 3600;

fn close(w: &World, name: &str) {
    w.act("secretariat", Command::CloseAccount { person: w.person(name), reason: "退職のため".into() });
}

fn accept(link: &str, name: &str, password: &str) -> Command {
    Command::AcceptInvitation { link: secret(link), name: name.into(), password: secret(password), lang: Lang::Ja }
}

#[test]
fn an_id_that_was_closed_is_never_given_again_in_any_way() {
    for w in worlds() {
        let body = w.organisation("secretariat");
        let invite = |to: &str| Command::InvitePerson { organisation: body, email: to.into(), roles: vec![Role::Evaluator] };
        let before = w.act("secretariat", invite(&email("evaluator"))).secret.unwrap();
        close(&w, "evaluator");
        for id in [email("evaluator"), "EVALUATOR@Example.JP".into(), " evaluator@example.jp ".into()] {
            assert_eq!(w.refused("secretariat", invite(&id)), Why::Invalid);
            let register = Ask::Register { email: id.clone(), roles: vec![Role::Evaluator] };
            let ask =
                Command::MakeRequest { organisation: None, ask: register, reason: "新しい担当者".into(), begin: None, hours: 24 };
            assert_eq!(w.refused("secretariat", ask), Why::Invalid);
            let create = Command::CreateEmergency { name: "非常時".into(), email: id, roles: vec![Role::Administrator] };
            assert_eq!(w.refused("secretariat", create), Why::Invalid);
        }
        // Neither does an invitation of before bring it back, with whatever password.
        for password in [PASSWORD, NEW] {
            assert_eq!(refusal(w.app.execute(&Actor::system(), accept(&before, "評価", password))).why, Why::Invalid);
        }
        assert!(w.app.store().read(|c| store::tables::party::memberships_of(c, w.person("evaluator"))).unwrap().is_empty());
        assert_eq!(w.account("evaluator").standing, Standing::Closed);
        // An emergency account's and a machine's id are nobody's to be invited by, either.
        let create =
            Command::CreateEmergency { name: "非常時".into(), email: "glass@example.jp".into(), roles: vec![Role::Administrator] };
        w.act("secretariat", create);
        assert_eq!(w.refused("secretariat", invite("glass@example.jp")), Why::Invalid);
        let mut act = w.app.act(Actor::system()).unwrap();
        let machine = machine(&mut act, "監視", Lang::Ja).unwrap();
        assert_eq!(w.refused("secretariat", invite(&machine.email)), Why::Invalid);
    }
}

#[test]
fn a_registration_that_waits_is_not_approved_for_an_id_that_was_closed_meanwhile() {
    for w in worlds() {
        let ask = Ask::Register { email: email("evaluator"), roles: vec![Role::Decider] };
        let request = w.ask("secretariat", ask, 24);
        close(&w, "evaluator");
        let approve = Command::DecideRequest { request, approve: true, statement: String::new() };
        assert_eq!(w.refused("operator", approve), Why::Invalid);
    }
}

#[test]
fn a_suspended_person_joins_nothing() {
    for w in worlds() {
        let invite =
            Command::InvitePerson { organisation: w.organisation("officer"), email: email("evaluator"), roles: vec![Role::Colleague] };
        let link = w.act("operator", invite).secret.unwrap();
        w.act("secretariat", Command::SuspendAccount { person: w.person("evaluator"), reason: "違反の疑い".into() });
        assert_eq!(refusal(w.app.execute(&Actor::system(), accept(&link, "評価", PASSWORD))).why, Why::Conflict);
        let resume = w.ask("secretariat", Ask::Resume { person: w.person("evaluator") }, 24);
        w.approve("operator", resume);
        w.app.execute(&Actor::system(), accept(&link, "評価", PASSWORD)).unwrap();
    }
}

#[test]
fn two_invitations_accepted_at_once_make_one_person_and_skip_no_password() {
    for w in worlds() {
        let invite = |of: &str, roles| Command::InvitePerson { organisation: w.organisation(of), email: "new@example.jp".into(), roles };
        let links = [
            w.act("operator", invite("officer", vec![Role::Colleague])).secret.unwrap(),
            w.act("operator", invite("secretariat", vec![Role::Evaluator])).secret.unwrap(),
        ];
        let start = Barrier::new(2);
        let passwords = [PASSWORD, NEW];
        std::thread::scope(|scope| {
            for n in 0..2 {
                let (w, links, start) = (&w, &links, &start);
                scope.spawn(move || {
                    start.wait();
                    // Refused is fine: then the other one made the account, with the other password.
                    drop(w.app.execute(&Actor::system(), accept(&links[n], "新人", passwords[n])));
                });
            }
        });
        let person = w.app.store().read(|c| store::tables::party::person_by_email(c, "new@example.jp")).unwrap().unwrap().id;
        let joined = w.app.store().read(|c| store::tables::party::memberships_of(c, person)).unwrap().len();
        assert_eq!(joined, 1, "the password of one is not the other's");
    }
}

#[test]
fn a_machine_opens_no_page_and_its_token_stops_with_it() {
    for w in worlds() {
        let made = w.act("secretariat", Command::CreateMachine { name: "監視".into(), roles: vec![Role::Secretariat] }).made.unwrap();
        let machine: Id<id::Person> = made.parse().unwrap();
        let issue =
            |machine| Command::IssueMachineToken { machine, name: "監視".into(), write: false, expires: "2026-12-24".parse().unwrap() };
        let token = w.act("secretariat", issue(machine)).secret.unwrap();
        let opens = || w.app.token(&token, ADDRESS).unwrap();
        assert_eq!(opens().unwrap().person, Some(machine));
        let known = w.app.store().read(|c| store::tables::party::person(c, machine)).unwrap().unwrap();
        for password in ["", PASSWORD, &token] {
            assert_eq!(refusal(w.app.sign_in(&known.email, password, "198.51.100.1", None)).why, Why::SignIn);
        }
        // Other kinds of credentials cannot be asked for, and no other organisation's machine is known.
        for ask in [
            Ask::Reissue { person: machine, identity: "対面で確認".into(), factors: false, initial: true },
            Ask::Alternate { person: machine, identity: "対面で確認".into() },
        ] {
            let ask = Command::MakeRequest { organisation: None, ask, reason: "夜間の障害対応".into(), begin: None, hours: 2 };
            assert_eq!(w.refused("secretariat", ask), Why::State);
        }
        assert_eq!(w.refused("secretariat", issue(w.person("evaluator"))), Why::NotFound, "a person is no machine");

        w.act("secretariat", Command::SuspendAccount { person: machine, reason: "鍵の紛失".into() });
        assert!(opens().is_none());
        assert_eq!(w.refused("secretariat", issue(machine)), Why::NotFound);
        assert!(!w.mailed("停止").iter().any(|to| to.starts_with("machine:")), "another system has no mail box");
        let resume = w.ask("secretariat", Ask::Resume { person: machine }, 24);
        w.approve("operator", resume);
        assert!(opens().is_none(), "the token of before stays dead");
        let token = w.act("secretariat", issue(machine)).secret.unwrap();
        assert!(w.app.token(&token, ADDRESS).unwrap().is_some());
        w.act("secretariat", Command::CloseAccount { person: machine, reason: "廃止のため".into() });
        assert!(w.app.token(&token, ADDRESS).unwrap().is_none());
    }
}

#[test]
fn only_the_home_organisation_acts_on_an_account() {
    for w in worlds() {
        let (provider, decider) = (w.organisation("officer"), w.person("decider"));
        let invite = Command::InvitePerson { organisation: provider, email: email("decider"), roles: vec![Role::Colleague] };
        let link = w.act("operator", invite).secret.unwrap();
        w.app.execute(&Actor::system(), accept(&link, "", PASSWORD)).unwrap();
        // The officer administers the other organisation that the person belongs to.
        let roles = vec![Role::Officer, Role::Administrator];
        w.act("operator", Command::SetRoles { organisation: provider, person: w.person("officer"), roles });
        let guest = w.come("officer").signed.actor;
        let came = w.come("decider");
        let reason = || "違反の疑い".to_owned();
        let ask = |ask| Command::MakeRequest { organisation: None, ask, reason: reason(), begin: None, hours: 2 };
        let identity = || "対面で確認".to_owned();
        for command in [
            Command::SuspendAccount { person: decider, reason: reason() },
            Command::CloseAccount { person: decider, reason: reason() },
            Command::SetLastDay { person: decider, ends: Some("2026-11-22".parse().unwrap()) },
            Command::EndSessions { person: decider, reason: reason() },
            Command::ReportLeak { person: Some(decider), reason: reason() },
            ask(Ask::Reissue { person: decider, identity: identity(), factors: true, initial: true }),
            ask(Ask::Alternate { person: decider, identity: identity() }),
            ask(Ask::OutOfHours { person: decider }),
            ask(Ask::Resume { person: decider }),
        ] {
            assert_eq!(refusal(w.app.execute(&guest, command.clone())).why, Why::NotFound, "{command:?}");
        }
        assert!(w.is_open(&came));
        // What is the guest's own to give and take are the roles there.
        w.app.execute(&guest, Command::SetRoles { organisation: provider, person: decider, roles: vec![] }).unwrap();
        // Somebody who is nobody's member is told nothing of people elsewhere.
        assert_eq!(w.refused("stranger", Command::ReportLeak { person: Some(decider), reason: reason() }), Why::NotFound);
        assert_eq!(w.refused("colleague", Command::ReportLeak { person: Some(w.person("officer")), reason: reason() }), Why::Forbidden);
    }
}

#[test]
fn a_leak_is_reported_by_anybody_of_themselves_and_the_password_is_dead_at_once() {
    for w in worlds() {
        let came = w.come("decider");
        w.app.execute(&came.signed.actor, Command::ReportLeak { person: None, reason: "端末の紛失".into() }).unwrap();
        assert!(!w.is_open(&came));
        assert_eq!(refusal(w.app.sign_in(&email("decider"), PASSWORD, ADDRESS, None)).why, Why::SignIn);
        let change = Command::ChangePassword { current: secret(PASSWORD), new: secret(NEW) };
        assert_eq!(refusal(w.app.execute(&came.signed.actor, change)).why, Why::Invalid);
        let alerts = w.alerts(AlertKind::Leak);
        assert_eq!((alerts.len(), alerts[0].organisation), (1, Some(w.organisation("decider"))));
        assert_eq!(w.mailed("認証情報の無効化"), [email("decider")]);
        assert_eq!(w.mailed("漏えい").len(), 2);
    }
}

#[test]
fn whoever_comes_in_while_being_stopped_stays_out() {
    for w in worlds() {
        let person = w.person("decider");
        for factor in w.app.own_factors(w.actor("decider")).unwrap() {
            w.write(&Change::FactorRemoved { factor: factor.id, person });
        }
        w.rules("decider", |a| a.second_factor = Default::default());
        let start = Barrier::new(5);
        let cookies: Vec<String> = std::thread::scope(|scope| {
            let entering: Vec<_> = (0..4)
                .map(|n| {
                    let (w, start) = (&w, &start);
                    scope.spawn(move || {
                        start.wait();
                        let come = |k| w.app.sign_in(&email("decider"), PASSWORD, &format!("198.51.{n}.{k}"), None).ok();
                        (0..3).filter_map(come).map(|s| s.secret).collect::<Vec<_>>()
                    })
                })
                .collect();
            start.wait();
            w.act("secretariat", Command::ReportLeak { person: Some(person), reason: "端末の紛失".into() });
            entering.into_iter().flat_map(|t| t.join().unwrap()).collect()
        });
        assert!(cookies.iter().all(|c| w.app.session(c, ADDRESS).unwrap().is_none()), "a session outlived its password");
    }
}

// What time does

#[test]
fn a_last_day_stops_the_account_once_and_its_administrators_hear_of_it() {
    for w in worlds() {
        let set = |ends: &str| Command::SetLastDay { person: w.person("decider"), ends: Some(ends.parse().unwrap()) };
        w.act("secretariat", set("2026-11-23"));
        w.later(DAY);
        assert_eq!(w.app.check_accounts().unwrap(), 0, "it is the last day");
        assert!(w.app.sign_in(&email("decider"), PASSWORD, ADDRESS, None).is_ok());
        w.later(DAY);
        assert_eq!(refusal(w.app.sign_in(&email("decider"), PASSWORD, ADDRESS, None)).why, Why::SignIn, "also before the job");
        assert_eq!((w.app.check_accounts().unwrap(), w.app.check_accounts().unwrap()), (1, 0));
        assert_eq!(w.account("decider").standing, Standing::Suspended);
        assert_eq!((w.alerts(AlertKind::Left).len(), w.mailed("利用期限").len()), (1, 2));
        // Without a new last day a resumed account stops again.
        let resume = w.ask("secretariat", Ask::Resume { person: w.person("decider") }, 24);
        w.approve("operator", resume);
        assert!(w.app.sign_in(&email("decider"), PASSWORD, "198.51.100.1", None).is_err());
        w.act("secretariat", Command::SetLastDay { person: w.person("decider"), ends: None });
        assert!(w.app.sign_in(&email("decider"), PASSWORD, ADDRESS, None).is_ok());
        assert_eq!(w.app.check_accounts().unwrap(), 0);
    }
}

#[test]
fn unused_accounts_and_reviews_that_are_due_are_told_once() {
    for w in worlds() {
        w.act("secretariat", Command::CreateMachine { name: "監視".into(), roles: vec![Role::Secretariat] });
        let body = w.organisation("secretariat");
        let of_body = |kind| w.alerts(kind).iter().filter(|a| a.organisation == Some(body)).count();
        w.later(89 * DAY);
        w.app.check_accounts().unwrap();
        assert_eq!((of_body(AlertKind::Stale), of_body(AlertKind::ReviewDue)), (0, 0));
        w.later(2 * DAY);
        w.come("operator");
        w.app.check_accounts().unwrap();
        assert_eq!(of_body(AlertKind::Stale), 1);
        let words = w.alerts(AlertKind::Stale).into_iter().find(|a| a.organisation == Some(body)).unwrap().words;
        assert!(words.ja.contains("4件"), "the operator came, the machine never does: {}", words.ja);
        // 22 February: three months after the organisation began, although nobody ever reviewed.
        w.later(DAY);
        w.app.check_accounts().unwrap();
        w.later(3600);
        w.app.check_accounts().unwrap();
        assert_eq!((of_body(AlertKind::Stale), of_body(AlertKind::ReviewDue)), (1, 1));
        let members = w.app.accounts(w.actor("secretariat")).unwrap().accounts;
        let said = |skip: usize| Command::ReviewAccounts {
            said: members
                .iter()
                .skip(skip)
                .map(|a| SaidOfAccount { person: a.person.id, judgement: Judgement::Keep, remark: String::new() })
                .collect(),
            finding: "四半期の棚卸し".into(),
        };
        assert_eq!(w.refused("secretariat", said(1)), Why::Invalid);
        w.act("secretariat", said(0));
        w.later(8 * DAY);
        w.app.check_accounts().unwrap();
        assert_eq!((of_body(AlertKind::Stale), of_body(AlertKind::ReviewDue)), (2, 1), "a new month, no new review due");
    }
}

// Secrets

/// Somebody does everything that leaves a secret; gives every secret that was shown or typed.
fn a_life_full_of_secrets(w: &World) -> Vec<String> {
    let mut all = vec![PASSWORD.to_owned(), NEW.to_owned(), app::demo::TOTP_KEY.to_owned()];
    let person = w.person("decider");
    let came = w.come("decider");
    let key = w.app.begin_totp(&came.signed.actor).unwrap().key;
    let code = TotpKey::parse(&key).unwrap().code(w.app.clock.now());
    w.app.execute(&came.signed.actor, Command::AddTotp { name: "電話".into(), code: secret(&code) }).unwrap();
    all.extend([came.secret.clone(), key, code]);
    let left = w.app.begin_totp(&came.signed.actor).unwrap().key;
    all.push(left);
    let codes = w.app.execute(&came.signed.actor, Command::MakeRecoveryCodes {}).unwrap().secret.unwrap();
    all.extend(codes.lines().map(str::to_owned));
    let issue = Command::IssueToken { name: "連携".into(), write: true, expires: "2026-12-24".parse().unwrap() };
    all.push(w.app.execute(&came.signed.actor, issue).unwrap().secret.unwrap());
    let step = w.app.sign_in(&email("decider"), PASSWORD, ADDRESS, None).unwrap();
    let partial = w.app.partial(&step.secret, DOOR).unwrap().unwrap();
    all.push(step.secret);
    all.push(w.app.second_factor(&partial, &Proof::Recovery(secret(codes.lines().next().unwrap())), DOOR).unwrap().secret);
    // Somebody guesses, too.
    drop(w.app.sign_in(&email("decider"), "an unlucky guess of 2026", "198.51.100.1", None));
    drop(w.app.sign_in("horse-stapler-password-in-the-wrong-field", PASSWORD, "198.51.100.1", None));
    all.extend(["an unlucky guess of 2026".into(), "horse-stapler".into()]);
    let alternate = w.ask("secretariat", Ask::Alternate { person, identity: "対面で確認".into() }, 24);
    all.push(w.approve("operator", alternate).secret.unwrap());
    let invite =
        Command::InvitePerson { organisation: w.organisation("decider"), email: "new@example.jp".into(), roles: vec![Role::Decider] };
    all.push(w.act("secretariat", invite).secret.unwrap());
    let account = Command::CreateEmergency { name: "非常時".into(), email: "glass@example.jp".into(), roles: vec![Role::Administrator] };
    let account = w.act("secretariat", account).made.unwrap().parse().unwrap();
    let glass = w.ask("secretariat", Ask::BreakGlass { account }, 2);
    all.push(w.approve("operator", glass).secret.unwrap());
    let reissue = |initial| Ask::Reissue { person, identity: "対面で確認".into(), factors: false, initial };
    let made = w.ask("secretariat", reissue(true), 24);
    all.push(w.approve("operator", made).secret.unwrap());
    let link = w.ask("secretariat", reissue(false), 24);
    let link = w.approve("operator", link).secret.unwrap();
    w.app.execute(&Actor::system(), Command::SetNewPassword { link: secret(&link), password: secret(NEW) }).unwrap();
    all.push(link);
    let again = w.ask("secretariat", reissue(false), 24);
    all.push(w.approve("operator", again).secret.unwrap());
    all
}

#[test]
fn no_secret_stands_in_the_ledger_the_tables_or_the_list_of_mails() {
    for w in worlds() {
        let secrets = a_life_full_of_secrets(&w);
        assert!(secrets.len() > 20);
        let operator = w.come("operator").signed.actor;
        let tables = w.app.store().read(store::rebuild::contents).unwrap();
        let places = [
            ("ledger", w.lines().iter().map(|l| format!("{l:?}{}", l.payload.as_ref().map_or("", |p| &p.text))).collect::<String>()),
            ("tables", format!("{tables:?}")),
            ("outbox", format!("{:?}", w.app.outbox(&operator).unwrap())),
            ("requests", format!("{:?}", w.app.requests(&operator).unwrap())),
            ("alerts", format!("{:?}", w.app.alerts(&operator).unwrap())),
            ("accounts", format!("{:?}", w.app.accounts(&operator).unwrap())),
        ];
        for (place, text) in &places {
            for one in &secrets {
                assert!(!text.contains(one.as_str()), "{one} stands in the {place}");
            }
        }
        // The link is in a mail, which an operator opens for themselves, and the ledger says so.
        let mails = w.app.outbox(&operator).unwrap();
        let mail = mails.iter().find(|m| m.mail.subject.contains("パスワードの再設定")).unwrap();
        let (_, body) = w.app.open_mail(&operator, mail.mail.id).unwrap();
        assert!(secrets.iter().any(|s| body.as_ref().is_some_and(|b| b.contains(s.as_str()))));
        assert_eq!(w.changes("mail_opened").len(), 1);
        assert_eq!(refusal(w.app.open_mail(w.actor("secretariat"), mail.mail.id)).why, Why::Forbidden);
    }
}

#[test]
fn nothing_that_is_printed_for_programmers_shows_a_secret() {
    let hidden = "hunter-2-hunter-2";
    let link = || secret(hidden);
    let of = |command: Command| format!("{command:?}");
    let texts = [
        of(Command::FoundInstallation {
            link: link(),
            organisation: "a".into(),
            kinds: vec![],
            name: "a".into(),
            email: "a".into(),
            password: link(),
            lang: Lang::Ja,
        }),
        of(accept(hidden, "a", hidden)),
        of(Command::ChangePassword { current: link(), new: link() }),
        of(Command::AddTotp { name: "a".into(), code: link() }),
        of(Command::AddPasskey { name: "a".into(), response: link() }),
        of(Command::SetNewPassword { link: link(), password: link() }),
        format!(
            "{:?}",
            [Proof::Password(link()), Proof::Totp(link()), Proof::Passkey(link()), Proof::Recovery(link()), Proof::Alternate(link())]
        ),
        format!("{:?}", app::Done { secret: Some(hidden.into()), ..app::Done::default() }),
    ];
    for text in texts {
        assert!(!text.contains("hunter") && text.contains("secret"), "{text}");
    }
}

/// Every kind of secret there is, with its owners.
fn owners(w: &World) -> Vec<(String, String)> {
    let mut kinds: Vec<String> = [
        "password",
        "passwords_past",
        "totp",
        "totp_step",
        "totp_pending",
        "passkey",
        "passkey_name",
        "passkey_state",
        "session",
        "seen",
        "enrolled",
        "token",
        "reissue",
        "alternate",
        "attempts",
        "mail",
        "hook",
        "invitation",
        "founding",
    ]
    .map(str::to_owned)
    .to_vec();
    kinds.extend((0..10).map(|n| format!("recovery_{n}")));
    let of = |kind: &String| w.app.store().read(|c| c.secret_owners(kind, 10_000)).unwrap();
    kinds.iter().flat_map(|kind| of(kind).into_iter().map(|owner| (kind.clone(), owner))).collect()
}

#[test]
fn nothing_secret_is_left_of_an_account_that_is_closed() {
    for w in worlds() {
        let person = w.person("decider").to_string();
        let before: BTreeSet<_> = owners(&w).into_iter().collect();
        a_life_full_of_secrets(&w);
        w.come("evaluator");
        let during = owners(&w);
        for kind in ["password", "passwords_past", "recovery_4", "reissue", "totp", "attempts"] {
            assert!(during.iter().any(|(k, _)| k == kind), "the life has no {kind}");
        }
        // Everything that belongs to the person, by the ids that the ledger names.
        let mut own = BTreeSet::from([person.clone()]);
        for line in w.lines() {
            match serde_json::from_str(&line.payload.unwrap().text).unwrap() {
                Change::SignedIn { session, person: p, .. } if p.to_string() == person => own.extend([session.to_string()]),
                Change::FactorAdded(f) if f.person.to_string() == person => own.extend([f.id.to_string()]),
                Change::TokenIssued(t) if t.person.to_string() == person => own.extend([t.id.to_string()]),
                Change::RequestMade(r) if r.ask.person().is_some_and(|p| p.to_string() == person) => own.extend([r.id.to_string()]),
                _ => {}
            }
        }
        let attempts = |all: &[(String, String)]| all.iter().filter(|(kind, _)| kind == "attempts").count();
        let tried = attempts(&owners(&w));
        close(&w, "decider");
        let after = owners(&w);
        let left: Vec<_> = after.iter().filter(|(_, owner)| own.contains(owner)).collect();
        assert!(own.len() > 8 && left.is_empty(), "{left:?}");
        assert_eq!(attempts(&after), tried - 1, "its failed tries as well, and nobody else's");
        // And nobody else lost anything.
        let others = |all: BTreeSet<(String, String)>| all.into_iter().filter(|(_, o)| !own.contains(o)).collect::<BTreeSet<_>>();
        assert!(others(before).is_subset(&after.into_iter().collect()));
        assert!(w.come("evaluator").signed.person.email == email("evaluator"));
    }
}

#[test]
fn a_factor_that_is_given_up_leaves_nothing_and_a_stopped_account_keeps_its_password() {
    for w in worlds() {
        let factors = w.app.own_factors(w.actor("decider")).unwrap();
        let has = |kind: &str| owners(&w).iter().any(|(k, o)| k == kind && *o == factors[0].id.to_string());
        assert!(has("totp"));
        let reissue = Ask::Reissue { person: w.person("decider"), identity: "対面で確認".into(), factors: true, initial: false };
        let request = w.ask("secretariat", reissue, 24);
        w.approve("operator", request);
        assert!(!has("totp") && !has("totp_step"));

        let came = w.come("evaluator");
        w.act("secretariat", Command::SuspendAccount { person: w.person("evaluator"), reason: "違反の疑い".into() });
        let of = |owner: String| owners(&w).into_iter().filter(|(_, o)| *o == owner).map(|(k, _)| k).collect::<Vec<_>>();
        assert_eq!(of(came.signed.session.to_string()), Vec::<String>::new());
        let resume = w.ask("secretariat", Ask::Resume { person: w.person("evaluator") }, 24);
        w.approve("operator", resume);
        assert!(!w.is_open(&came), "a session of before stays dead");
        w.come("evaluator");
    }
}

#[test]
fn who_was_stopped_hears_no_alerts() {
    let w = World::sqlite();
    w.act("secretariat", Command::SuspendAccount { person: w.person("operator"), reason: "違反の疑い".into() });
    w.act("secretariat", Command::ReportLeak { person: Some(w.person("decider")), reason: "端末の紛失".into() });
    assert_eq!(w.mailed("漏えい"), [email("secretariat")]);
}

#[test]
fn who_changes_how_they_sign_in_is_told() {
    let w = World::sqlite();
    let told = |w: &World| w.mailed("サインインの方法の変更").len();
    w.act("colleague", Command::MakeRecoveryCodes {});
    assert_eq!(told(&w), 1);
    let factor = w.app.own_factors(w.actor("colleague")).unwrap().into_iter().find(|f| f.kind == FactorKind::Recovery).unwrap().id;
    w.act("colleague", Command::RemoveFactor { factor });
    assert_eq!(told(&w), 2);
    w.act("colleague", Command::ChangePassword { current: secret(PASSWORD), new: secret(NEW) });
    assert_eq!(w.mailed("サインインの方法の変更"), vec![email("colleague"); 3]);
}

// The ledger is enough

#[test]
fn what_became_of_accounts_can_be_rebuilt_from_the_ledger_within_and_across_engines() {
    for w in worlds() {
        a_life_full_of_secrets(&w);
        let case = w.open_case();
        let view = w.ask_of("operator", Some(w.organisation("officer")), Ask::View { emergency: true }, 2);
        let came = w.come("operator");
        w.app.page_opened(&came.signed, "/cases/1", Some(case)).unwrap();
        w.act("officer", Command::DecideRequest { request: view, approve: false, statement: "必要なし".into() });
        let group = Command::SaveGroup { group: None, name: "監査".into(), members: vec![w.person("decider")] };
        w.act("secretariat", group);
        w.rules("secretariat", |a| a.idle_minutes = 45);
        let members = w.app.accounts(w.actor("secretariat")).unwrap().accounts.into_iter();
        let said = members.map(|a| SaidOfAccount { person: a.person.id, judgement: Judgement::Keep, remark: String::new() }).collect();
        w.act("secretariat", Command::ReviewAccounts { said, finding: "四半期の棚卸し".into() });
        w.act("secretariat", Command::SuspendAccount { person: w.person("second"), reason: "違反の疑い".into() });
        w.later(2 * 3600);
        w.app.end_requests().unwrap();
        w.later(92 * DAY);
        w.app.check_accounts().unwrap();
        close(&w, "decider");
        let alert = w.alerts(AlertKind::ReviewDue).into_iter().find(|a| a.organisation == Some(w.organisation("secretariat"))).unwrap().id;
        w.act("secretariat", Command::AcknowledgeAlert { alert });
        let expected = w.app.store().read(store::rebuild::contents).unwrap();
        let filled =
            ["account", "factor", "session", "access_rule", "request", "account_review", "alert", "mail", "information_group", "viewing"];
        assert!(filled.iter().all(|table| !expected[table].is_empty()), "there is something to compare");
        for target in both_engines() {
            store::rebuild::rebuild(w.app.store(), &target, |_| {}).unwrap();
            let rebuilt = target.read(store::rebuild::contents).unwrap();
            for table in store::rebuild::compared() {
                assert_eq!(rebuilt[table], expected[table], "{table}");
            }
        }
        let other = w.second_app(CHEAP);
        assert_eq!(other.verify().unwrap().lines, w.lines().len() as u64);
    }
}
