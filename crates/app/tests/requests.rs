//! Requests from asking to review: who may ask, who decides, what is in force meanwhile, and that it ends by itself.

mod common;

use app::Done;
use app::sign_in::NewSession;
use app::sign_in::factors::Proof;
use common::{ADDRESS, Came, DOOR, PASSWORD, World, email, refusal, secret, worlds};
use rules::account::{Method, Stage, Standing};
use rules::act::{Actor, Privilege};
use rules::change::Change;
use rules::command::{Command, Kind};
use rules::id::{self, Id};
use rules::party::{Membership, OrganisationKind, Role};
use rules::refusal::Why;
use rules::request::{Ask, AskKind, RequestState};
use rules::review::AlertKind;
use rules::text::Lang;

const NEW: &str = "rather another horse 2027";
const HOUR: i64 = 3600;

fn decision(request: Id<id::Request>, approve: bool) -> Command {
    Command::DecideRequest { request, approve, statement: "確認した".into() }
}

fn suspend(w: &World, name: &str) {
    w.act("secretariat", Command::SuspendAccount { person: w.person(name), reason: "違反の疑い".into() });
}

/// An emergency account of the body, and how it signs in.
fn emergency(w: &World) -> Id<id::Person> {
    let create =
        Command::CreateEmergency { name: "非常時".into(), email: "emergency@example.jp".into(), roles: vec![Role::Administrator] };
    w.act("secretariat", create).made.unwrap().parse().unwrap()
}

/// Signs in with the password that was handed over, and changes it to [`NEW`] as is asked.
fn come_by_glass(w: &World, password: &str) -> NewSession {
    let session = w.app.sign_in("emergency@example.jp", password, ADDRESS, None).unwrap();
    assert_eq!(session.stage, Stage::Password, "who approved has seen it");
    let step = w.app.partial(&session.secret, DOOR).unwrap().unwrap();
    w.app.execute(&step.actor, Command::ChangePassword { current: secret(password), new: secret(NEW) }).unwrap();
    w.app.go_on(&step, DOOR).unwrap()
}

fn reissue(w: &World, name: &str, factors: bool, initial: bool) -> Ask {
    Ask::Reissue { person: w.person(name), identity: "対面で職員証を確認".into(), factors, initial }
}

/// One request of each kind that the body decides, with who asks.
fn one_of_each(w: &World) -> Vec<(&'static str, Ask)> {
    suspend(w, "evaluator");
    w.rules("operator", |a| a.privileged = [w.person("operator"), w.person("secretariat")].into());
    let (second, decider) = (w.person("second"), w.person("decider"));
    let body = w.organisation("secretariat");
    // A third administrator, about whom something can be asked.
    w.write(&Change::RolesGiven(Membership { person: decider, organisation: body, roles: vec![Role::Decider, Role::Administrator] }));
    vec![
        ("secretariat", Ask::Register { email: "new@example.jp".into(), roles: vec![Role::Evaluator] }),
        ("secretariat", Ask::ChangeRoles { person: second, roles: vec![Role::Evaluator, Role::Decider] }),
        ("secretariat", Ask::Resume { person: w.person("evaluator") }),
        ("secretariat", reissue(w, "second", false, false)),
        ("secretariat", Ask::Alternate { person: decider, identity: "対面で職員証を確認".into() }),
        ("secretariat", Ask::OutOfHours { person: decider }),
        ("secretariat", Ask::Privilege),
        ("secretariat", Ask::BreakGlass { account: emergency_of(w) }),
    ]
}

/// As [`emergency`], by the installation: the body names privileged people.
fn emergency_of(w: &World) -> Id<id::Person> {
    let mut act = w.app.act(Actor::system()).unwrap();
    let changes = rules::account::emergency(&mut act, "非常時", "emergency@example.jp", Lang::Ja).unwrap();
    changes.iter().for_each(|c| w.write(c));
    let Change::PersonAdded(person) = &changes[0] else { panic!("{changes:?}") };
    w.write(&Change::RolesGiven(Membership {
        person: person.id,
        organisation: w.organisation("operator"),
        roles: vec![Role::Administrator],
    }));
    person.id
}

#[test]
fn nobody_decides_their_own_request_or_one_about_themselves_and_other_tenants_see_none() {
    for w in worlds() {
        let all = one_of_each(&w);
        let elsewhere = [AskKind::View, AskKind::LiftHold, AskKind::Erase, AskKind::OpenEscrow];
        assert_eq!(all.len(), AskKind::ALL.len() - elsewhere.len(), "viewing, keeping and the escrow have tests of their own");
        let third = w.come("decider").signed.actor;
        for (by, ask) in all {
            let kind = ask.kind();
            let request = w.ask(by, ask.clone(), 2);
            assert_eq!(w.refused(by, decision(request, true)), Why::Forbidden, "{kind:?}: who asked");
            if ask.person() == third.person {
                assert_eq!(refusal(w.app.execute(&third, decision(request, true))).why, Why::Forbidden, "{kind:?}: whom it is about");
            }
            for stranger in ["officer", "hospital", "stranger"] {
                for command in [decision(request, true), Command::EndRequest { request }] {
                    let why = w.refused(stranger, command);
                    assert!(matches!(why, Why::NotFound | Why::Forbidden), "{kind:?} {stranger}");
                }
                assert_eq!(w.refused(stranger, Command::EndRequest { request }), Why::NotFound);
                assert!(w.app.requests(w.actor(stranger)).unwrap().is_empty());
            }
            assert_eq!(w.request(request).state, RequestState::Pending);
            w.act("operator", decision(request, false));
            assert_eq!(w.request(request).state, RequestState::Refused);
            assert_eq!(w.refused("operator", decision(request, true)), Why::State, "{kind:?}: decided once");
            assert_eq!(w.refused(by, Command::EndRequest { request }), Why::State);
        }
        assert_eq!(w.account("evaluator").standing, Standing::Suspended);
    }
}

#[test]
fn a_request_that_nobody_decides_lapses_and_one_in_force_ends_by_itself() {
    for w in worlds() {
        let all = one_of_each(&w);
        let made: Vec<_> = all.iter().map(|(by, ask)| w.ask(by, ask.clone(), 2)).collect();
        let decided = w.ask("secretariat", Ask::OutOfHours { person: w.person("decider") }, 3);
        w.act("operator", decision(decided, true));
        let far = Command::MakeRequest {
            organisation: None,
            ask: Ask::OutOfHours { person: w.person("decider") },
            reason: "夜間の障害対応".into(),
            begin: Some(w.app.clock.now() + jiff::SignedDuration::from_hours(24 * 20)),
            hours: 2,
        };
        let far: Id<id::Request> = w.act("secretariat", far).made.unwrap().parse().unwrap();
        w.later(2 * HOUR - 1);
        assert_eq!(w.app.end_requests().unwrap(), 0);
        w.later(1);
        assert_eq!(w.app.end_requests().unwrap(), made.len());
        assert!(made.iter().all(|r| w.request(*r).state == RequestState::Lapsed));
        assert_eq!(w.refused("operator", decision(made[2], true)), Why::State);
        assert_eq!(w.account("evaluator").standing, Standing::Suspended);
        w.later(HOUR);
        assert_eq!(w.app.end_requests().unwrap(), 1);
        assert_eq!(w.request(decided).state, RequestState::Ended);
        w.later(7 * 24 * HOUR - 3 * HOUR - 1);
        assert_eq!(w.app.end_requests().unwrap(), 0);
        w.later(1);
        assert_eq!(w.app.end_requests().unwrap(), 1, "nobody decided for a week");
        assert_eq!(w.request(far).state, RequestState::Lapsed);
        assert_eq!(w.app.end_requests().unwrap(), 0);
    }
}

#[test]
fn who_is_asked_for_may_have_changed_until_the_approval() {
    for w in worlds() {
        suspend(&w, "evaluator");
        suspend(&w, "second");
        let glass = emergency(&w);
        let resume = w.ask("secretariat", Ask::Resume { person: w.person("evaluator") }, 24);
        let again = w.ask("secretariat", Ask::Resume { person: w.person("second") }, 24);
        let new = w.ask("secretariat", reissue(&w, "evaluator", true, false), 24);
        let other = w.ask("secretariat", Ask::Alternate { person: w.person("evaluator"), identity: "対面で確認".into() }, 24);
        let broken = w.ask("secretariat", Ask::BreakGlass { account: glass }, 24);
        w.act("operator", Command::CloseAccount { person: w.person("evaluator"), reason: "退職のため".into() });
        w.act("operator", Command::CloseAccount { person: glass, reason: "廃止のため".into() });
        w.write(&Change::AccountResumed { person: w.person("second"), reason: "確認済み".into() });
        for request in [resume, again, new, other, broken] {
            assert_eq!(w.refused("operator", decision(request, true)), Why::State);
            assert_eq!(w.request(request).state, RequestState::Pending, "and nothing is half done");
        }
        assert_eq!(w.account("evaluator").standing, Standing::Closed);
        let glass = w.app.store().read(|c| store::tables::accounts::account(c, glass)).unwrap().unwrap();
        assert_eq!(glass.standing, Standing::Closed);
        // Nor is anything asked for the closed one any more.
        let ask = |ask| Command::MakeRequest { organisation: None, ask, reason: "夜間の障害対応".into(), begin: None, hours: 2 };
        assert_eq!(w.refused("secretariat", ask(Ask::Resume { person: w.person("evaluator") })), Why::State);
        assert_eq!(w.refused("secretariat", ask(Ask::Resume { person: w.person("second") })), Why::State, "nothing to resume");
    }
}

#[test]
fn nobody_approves_wider_rights_for_themselves_by_way_of_a_registration() {
    for w in worlds() {
        let wide = Ask::Register { email: email("operator"), roles: vec![Role::Decider] };
        let request = w.ask("secretariat", wide, 24);
        assert_eq!(w.refused("operator", decision(request, true)), Why::Forbidden);
        assert!(
            w.changes("person_invited")
                .iter()
                .all(|c| !matches!(c, Change::PersonInvited(i) if i.roles == [Role::Decider] && i.email == email("operator")))
        );
        // An emergency account decides nothing: who asked may sit behind it.
        let account = emergency(&w);
        let request = w.ask("secretariat", Ask::BreakGlass { account }, 2);
        let password = w.approve("operator", request).secret.unwrap();
        let session = come_by_glass(&w, &password);
        let glass = w.app.session(&session.secret, ADDRESS).unwrap().unwrap().actor;
        let mine = w.ask("secretariat", Ask::OutOfHours { person: w.person("decider") }, 2);
        assert_eq!(refusal(w.app.execute(&glass, decision(mine, true))).why, Why::Forbidden);
    }
}

#[test]
fn where_approval_is_the_rule_nobody_is_registered_or_raised_without_it() {
    for w in worlds() {
        w.rules("secretariat", |a| a.approval = true);
        let body = w.organisation("secretariat");
        let (second, decider) = (w.person("second"), w.person("decider"));
        let invite = Command::InvitePerson { organisation: body, email: "new@example.jp".into(), roles: vec![Role::Evaluator] };
        let raise = |person, roles: &[Role]| Command::SetRoles { organisation: body, person, roles: roles.to_vec() };
        for who in ["secretariat", "operator"] {
            assert_eq!(w.refused(who, invite.clone()), Why::State);
            assert_eq!(w.refused(who, raise(second, &[Role::Evaluator, Role::Decider])), Why::State);
        }
        let request = w.ask("secretariat", Ask::ChangeRoles { person: second, roles: vec![Role::Evaluator, Role::Decider] }, 24);
        w.act("operator", decision(request, true));
        // Rights are taken away at once.
        w.act("secretariat", raise(second, &[Role::Evaluator]));
        w.act("secretariat", raise(decider, &[]));
        let request = w.ask("secretariat", Ask::Register { email: "new@example.jp".into(), roles: vec![Role::Evaluator] }, 24);
        let link = w.act("operator", decision(request, true)).secret.unwrap();
        let accept = Command::AcceptInvitation { link: secret(&link), name: "新人".into(), password: secret(PASSWORD), lang: Lang::Ja };
        w.app.execute(&Actor::system(), accept.clone()).unwrap();
        assert_eq!(refusal(w.app.execute(&Actor::system(), accept)).why, Why::NotFound, "once");
        assert_eq!(w.app.sign_in("new@example.jp", PASSWORD, ADDRESS, None).unwrap().stage, Stage::Enrol);
    }
}

// Break-glass

#[test]
fn an_emergency_account_is_shut_until_two_people_open_it_and_shuts_by_itself() {
    for w in worlds() {
        let account = emergency(&w);
        let standing = || w.app.store().read(|c| store::tables::accounts::account(c, account)).unwrap().unwrap().standing;
        let enter = |password: &str| w.app.sign_in("emergency@example.jp", password, ADDRESS, None);
        assert_eq!((standing(), refusal(enter(PASSWORD)).why), (Standing::Suspended, Why::SignIn));
        let direct = Command::MakeRequest {
            organisation: None,
            ask: Ask::Resume { person: account },
            reason: "夜間の障害対応".into(),
            begin: None,
            hours: 2,
        };
        assert_eq!(w.refused("secretariat", direct), Why::State, "not by another kind of request");
        let ask = Ask::BreakGlass { account };
        assert_eq!(
            w.refused(
                "evaluator",
                Command::MakeRequest { organisation: None, ask: ask.clone(), reason: "夜間".repeat(3), begin: None, hours: 2 }
            ),
            Why::Forbidden
        );
        let request = w.ask("secretariat", ask, 2);
        assert_eq!(standing(), Standing::Suspended);
        let password = w.approve("operator", request).secret.unwrap();
        let alerts = w.alerts(AlertKind::Emergency);
        assert_eq!((alerts.len(), alerts[0].organisation), (1, Some(w.organisation("operator"))));
        assert_eq!(w.mailed("非常時アカウント").len(), 4, "the request to one who decides it, the alert to two, the word to who asked");

        let session = come_by_glass(&w, &password);
        assert_eq!(session.stage, Stage::Full);
        let signed = w.app.session(&session.secret, ADDRESS).unwrap().unwrap();
        assert_eq!(signed.method, Method::Emergency);
        assert_eq!(w.alerts(AlertKind::Emergency).len(), 2, "its use is told as well");
        let mark = format!("emergency={request}");
        w.app.execute(&signed.actor, Command::SetLanguage { lang: Lang::En }).unwrap();
        for line in w.lines().iter().filter(|l| l.head.actor == account.to_string()) {
            assert!(line.head.session.as_ref().is_some_and(|s| s.contains(&mark)), "{} {:?}", line.head.kind, line.head.session);
        }
        // What one of those who use it registers would stay theirs.
        assert_eq!(refusal(w.app.execute(&signed.actor, Command::MakeRecoveryCodes {})).why, Why::State);
        let issue = Command::IssueToken { name: "x".into(), write: true, expires: "2026-12-24".parse().unwrap() };
        if let Ok(Done { secret: Some(token), .. }) = w.app.execute(&signed.actor, issue) {
            assert!(w.app.token(&token, ADDRESS).unwrap().is_none());
        }
        // A new password of its own opens no longer than the one that was handed over.
        let newer = "or quite another cow 2028";
        w.app.execute(&signed.actor, Command::ChangePassword { current: secret(NEW), new: secret(newer) }).unwrap();
        let session = w.app.reopen(&signed, DOOR).unwrap();
        assert!(w.app.session(&session.secret, ADDRESS).unwrap().is_some());

        w.rules("operator", |a| a.idle_minutes = 240);
        w.later(2 * HOUR - 1);
        assert!(w.app.session(&session.secret, ADDRESS).unwrap().is_some());
        w.later(1);
        assert!(w.app.session(&session.secret, ADDRESS).unwrap().is_none(), "also before any job runs");
        assert_eq!(refusal(enter(newer)).why, Why::SignIn);
        assert_eq!(w.app.end_requests().unwrap(), 1);
        assert_eq!((standing(), w.request(request).state), (Standing::Suspended, RequestState::Ended));
        assert_eq!(w.app.store().read(|c| c.secret(&account.to_string(), "password")).unwrap(), None);

        let review = |finding: &str| Command::ReviewRequest { request, finding: finding.into() };
        assert_eq!(w.refused("secretariat", review("問題なし")), Why::Forbidden, "who asked");
        assert_eq!(w.refused("officer", review("問題なし")), Why::NotFound);
        w.act("operator", review("記録を確認し問題なし"));
        assert_eq!(w.refused("operator", review("記録を確認し問題なし")), Why::State);
    }
}

#[test]
fn an_emergency_account_can_be_shut_before_its_time() {
    for w in worlds() {
        let account = emergency(&w);
        let request = w.ask("secretariat", Ask::BreakGlass { account }, 24);
        let password = w.approve("operator", request).secret.unwrap();
        let session = w.app.sign_in("emergency@example.jp", &password, ADDRESS, None).unwrap();
        w.act("secretariat", Command::EndRequest { request });
        assert!(w.app.session(&session.secret, ADDRESS).unwrap().is_none());
        assert!(w.app.sign_in("emergency@example.jp", &password, ADDRESS, None).is_err());
        assert!(w.request(request).awaits_review());
        // And opened anew, with another password.
        let request = w.ask("operator", Ask::BreakGlass { account }, 24);
        let next = w.approve("secretariat", request).secret.unwrap();
        assert!(w.app.sign_in("emergency@example.jp", &password, ADDRESS, None).is_err());
        w.app.sign_in("emergency@example.jp", &next, ADDRESS, None).unwrap();
    }
}

// Privilege

#[test]
fn privilege_is_for_named_people_from_management_terminals_and_every_line_says_so() {
    for w in worlds() {
        w.rules("secretariat", |a| {
            a.privileged = [w.person("operator"), w.person("secretariat")].into();
            a.management = vec!["192.0.2.0/24".parse().unwrap()];
        });
        let body = w.organisation("secretariat");
        let operator = w.come("operator");
        let commands = |w: &World| {
            let machine: Id<id::Person> = "person_00000000000070008000000000000001".parse().unwrap();
            vec![
                Command::CreateOrganisation { name: "新しい組織".into(), kinds: vec![OrganisationKind::Provider] },
                Command::SetRoles { organisation: body, person: w.person("second"), roles: vec![Role::Evaluator] },
                Command::SetAccess { access: Box::default() },
                Command::CreateMachine { name: "監視".into(), roles: vec![Role::Secretariat] },
                Command::IssueMachineToken { machine, name: "監視".into(), write: false, expires: "2026-12-24".parse().unwrap() },
                Command::CreateEmergency { name: "非常時".into(), email: "e@example.jp".into(), roles: vec![Role::Administrator] },
                Command::CloseAccount { person: w.person("evaluator"), reason: "退職のため".into() },
                Command::RotateKey { key: rules::vault::KeyRole::Files, reason: "年次の更新".into() },
            ]
        };
        let all = Kind::ALL.iter().filter(|k| rules::policy::is_privileged(**k));
        assert!(all.clone().all(|k| commands(&w).iter().any(|c| c.kind() == *k)) && all.count() == commands(&w).len());
        let refused = |actor: &Actor| {
            for command in commands(&w) {
                let refusal = refusal(w.app.execute(actor, command.clone()));
                assert_eq!(refusal.why, Why::Forbidden, "{command:?}");
                assert!(refusal.text.en.contains("rivilege"), "{command:?}: {}", refusal.text.en);
            }
        };
        refused(&operator.signed.actor);
        // Who is not named cannot even ask.
        let ask =
            Command::MakeRequest { organisation: None, ask: Ask::Privilege, reason: "夜間の障害対応".into(), begin: None, hours: 1 };
        assert_eq!(w.refused("evaluator", ask), Why::Forbidden);
        let request = w.ask("operator", Ask::Privilege, 1);
        refused(&w.now_as(&operator));
        w.approve("secretariat", request);
        let privileged = w.now_as(&operator);
        assert_eq!(privileged.grants.privilege, Privilege::Granted(request));
        let elsewhere = w.app.session(&operator.secret, "198.51.100.7").unwrap().unwrap().actor;
        refused(&elsewhere);
        // It is the one who asked and nobody else, and no token.
        assert_eq!(w.come("secretariat").signed.actor.grants.privilege, Privilege::Needed);
        let issue = Command::IssueToken { name: "x".into(), write: true, expires: "2026-12-24".parse().unwrap() };
        let token = w.app.execute(&privileged, issue).unwrap().secret.unwrap();
        let by_token = w.app.token(&token, ADDRESS).unwrap().unwrap();
        let create = commands(&w).swap_remove(0);
        assert_eq!(refusal(w.app.execute(&by_token, create.clone())).why, Why::Forbidden);

        let from = w.lines().len();
        w.app.execute(&privileged, create.clone()).unwrap();
        w.app.execute(&privileged, Command::SetLanguage { lang: Lang::En }).unwrap();
        for line in &w.lines()[from..] {
            assert!(line.head.session.as_ref().is_some_and(|s| s.contains(&format!("privileged={request}"))), "{}", line.head.kind);
        }
        w.later(HOUR);
        let session = w.come("operator");
        assert_eq!(session.signed.actor.grants.privilege, Privilege::Needed, "also before any job runs");
        w.app.end_requests().unwrap();
        assert!(w.request(request).awaits_review());
        assert_eq!(w.refused("operator", Command::ReviewRequest { request, finding: "問題なし".into() }), Why::Forbidden);
        w.act("secretariat", Command::ReviewRequest { request, finding: "記録を確認した".into() });
    }
}

#[test]
fn privilege_that_one_organisation_approved_is_none_in_another() {
    for w in worlds() {
        let provider = w.organisation("officer");
        for (name, organisation) in [("operator", provider), ("officer", provider)] {
            let held = if name == "officer" { vec![Role::Officer] } else { vec![] };
            let roles = [held, vec![Role::Administrator]].concat();
            w.write(&Change::RolesGiven(Membership { person: w.person(name), organisation, roles }));
        }
        for name in ["operator", "officer"] {
            w.rules(name, |a| {
                a.privileged = [w.person("operator"), w.person(if name == "officer" { "officer" } else { "secretariat" })].into()
            });
        }
        let session = w.app.switch(&w.come("operator").signed, w.organisation("secretariat"), DOOR).unwrap();
        let here = w.app.session(&session.secret, ADDRESS).unwrap().unwrap();
        let ask =
            Command::MakeRequest { organisation: None, ask: Ask::Privilege, reason: "夜間の障害対応".into(), begin: None, hours: 4 };
        let request: Id<id::Request> = w.app.execute(&here.actor, ask).unwrap().made.unwrap().parse().unwrap();
        w.approve("secretariat", request);
        let here = w.app.session(&session.secret, ADDRESS).unwrap().unwrap();
        assert_eq!(here.actor.grants.privilege, Privilege::Granted(request));
        let session = w.app.switch(&here, provider, DOOR).unwrap();
        let there = w.app.session(&session.secret, ADDRESS).unwrap().unwrap();
        assert_eq!((there.organisation.id, there.actor.grants.privilege), (provider, Privilege::Needed));
    }
}

// Viewing

fn view(w: &World, emergency: bool) -> Id<id::Request> {
    w.ask_of("operator", Some(w.organisation("officer")), Ask::View { emergency }, 2)
}

fn sees(w: &World, came: &Came, case: Id<id::Case>) -> bool {
    w.app.case(&w.now_as(came), case, None).is_ok()
}

#[test]
fn an_operator_sees_a_tenants_case_by_its_approval_and_what_was_seen_stands_with_the_tenant() {
    for w in worlds() {
        let (case, other) = (w.open_case(), w.open_case_of("stranger"));
        let came = w.come("operator");
        assert!(!sees(&w, &came, case));
        let nobody = Command::MakeRequest {
            organisation: Some(w.organisation("officer")),
            ask: Ask::View { emergency: true },
            reason: "夜間の障害対応".into(),
            begin: None,
            hours: 2,
        };
        assert_eq!(w.refused("secretariat", nobody), Why::Forbidden, "operators only");
        let request = view(&w, false);
        assert!(!sees(&w, &came, case));
        // The operator's own people do not decide it, and other tenants do not know of it.
        for who in ["secretariat", "stranger", "hospital"] {
            assert_eq!(w.refused(who, decision(request, true)), Why::NotFound, "{who}");
        }
        w.act("officer", decision(request, true));
        assert!(sees(&w, &came, case) && !sees(&w, &came, other));
        let actor = w.now_as(&came);
        let write = Command::SubmitRound { case };
        assert_eq!(refusal(w.app.execute(&actor, write)).why, Why::NotFound, "looking is all");
        let signed = w.app.session(&came.secret, ADDRESS).unwrap().unwrap();
        w.app.page_opened(&signed, "/cases/1", Some(case)).unwrap();
        let seen = w.app.viewings(w.actor("officer")).unwrap();
        assert_eq!((seen.len(), seen[0].page.as_str()), (1, "/cases/1"));
        assert!(seen[0].session.contains(&format!("viewing={request}")));
        assert!(w.app.viewings(w.actor("stranger")).unwrap().is_empty());
        let line = w.lines().into_iter().rfind(|l| l.head.kind == "page_opened").unwrap();
        assert_eq!(line.head.tenant, w.organisation("officer").to_string());
        w.later(2 * HOUR);
        let came = w.come("operator");
        assert!(!sees(&w, &came, case));
        w.app.end_requests().unwrap();
        assert_eq!(w.refused("operator", Command::ReviewRequest { request, finding: "問題なし".into() }), Why::Forbidden);
        w.act("reviewer", Command::ReviewRequest { request, finding: "記録を確認した".into() });
    }
}

#[test]
fn an_emergency_view_opens_at_once_with_an_alert_and_a_refusal_shuts_it() {
    for w in worlds() {
        let case = w.open_case();
        let came = w.come("operator");
        let other = w.second_app(common::CHEAP);
        let request = view(&w, true);
        assert!(sees(&w, &came, case));
        let alerts = w.alerts(AlertKind::EmergencyView);
        assert_eq!((alerts.len(), alerts[0].organisation), (1, Some(w.organisation("officer"))));
        let elsewhere = || other.session(&came.secret, ADDRESS).unwrap().unwrap().actor.grants.views.len();
        assert_eq!(elsewhere(), 1);
        w.act("officer", decision(request, false));
        assert!(!sees(&w, &came, case));
        other.clock.advance(jiff::SignedDuration::from_secs(2));
        assert_eq!(elsewhere(), 0);
        assert_eq!(w.alerts(AlertKind::EmergencyView).len(), 2);

        // Approved afterwards it stays until its end; undecided it ends too, and awaits its review.
        let request = view(&w, true);
        w.act("officer", decision(request, true));
        assert!(sees(&w, &came, case));
        w.act("officer", Command::EndRequest { request });
        assert!(!sees(&w, &came, case));
        let request = view(&w, true);
        w.later(2 * HOUR);
        assert!(w.come("operator").signed.actor.grants.views.is_empty());
        w.app.end_requests().unwrap();
        assert!(w.request(request).awaits_review());
    }
}

#[test]
fn who_is_no_operator_any_more_sees_nothing_by_an_approval_of_before() {
    for w in worlds() {
        let case = w.open_case();
        let came = w.come("operator");
        w.act("officer", decision(view(&w, false), true));
        assert!(sees(&w, &came, case));
        let body = w.organisation("operator");
        w.write(&Change::RolesGiven(Membership { person: w.person("operator"), organisation: body, roles: vec![Role::Administrator] }));
        assert!(!sees(&w, &came, case));
    }
}

// New credentials

#[test]
fn a_reissued_password_is_set_once_by_its_link_and_the_old_credentials_are_dead() {
    for w in worlds() {
        let came = w.come("decider");
        let request = w.ask("secretariat", reissue(&w, "decider", true, false), 24);
        assert!(w.is_open(&came), "nothing happens before the approval");
        let link = w.approve("operator", request).secret.unwrap();
        assert!(!w.is_open(&came));
        assert!(w.app.sign_in(&email("decider"), PASSWORD, ADDRESS, None).is_err());
        assert!(w.app.own_factors(w.actor("decider")).unwrap().is_empty());
        let set = |link: &str, password: &str| {
            w.app.execute(&Actor::system(), Command::SetNewPassword { link: secret(link), password: secret(password) })
        };
        assert_eq!(refusal(set("another link", NEW)).why, Why::NotFound);
        // What may have leaked is not set again.
        assert_eq!(refusal(set(&link, PASSWORD)).field, Some("password"));
        assert_eq!(refusal(set(&link, "short")).field, Some("password"));
        set(&link, NEW).unwrap();
        assert_eq!(refusal(set(&link, "or quite another cow 2028")).why, Why::NotFound, "once");
        assert_eq!(w.app.sign_in(&email("decider"), NEW, ADDRESS, None).unwrap().stage, Stage::Enrol);
        assert_eq!(w.request(request).state, RequestState::Ended);
        assert!(w.mailed("パスワードの再設定").contains(&email("decider")));
    }
}

#[test]
fn a_link_is_dead_after_its_time_after_its_end_and_for_a_closed_account() {
    for w in worlds() {
        let link = || {
            let request = w.ask("secretariat", reissue(&w, "decider", false, false), 1);
            (request, w.approve("operator", request).secret.unwrap())
        };
        let set = |link: &str| w.app.execute(&Actor::system(), Command::SetNewPassword { link: secret(link), password: secret(NEW) });
        let (request, ended) = link();
        w.act("secretariat", Command::EndRequest { request });
        assert_eq!(refusal(set(&ended)).why, Why::NotFound);
        let (_, late) = link();
        w.later(HOUR);
        assert_eq!(refusal(set(&late)).why, Why::NotFound, "also before any job runs");
        let (_, closed) = link();
        w.act("secretariat", Command::CloseAccount { person: w.person("decider"), reason: "退職のため".into() });
        assert_eq!(refusal(set(&closed)).why, Why::NotFound);
    }
}

#[test]
fn a_password_made_by_akashi_opens_only_the_form_to_change_it() {
    for w in worlds() {
        let request = w.ask("secretariat", reissue(&w, "decider", false, true), 24);
        let password = w.approve("operator", request).secret.unwrap();
        let session = w.app.sign_in(&email("decider"), &password, ADDRESS, None).unwrap();
        assert_eq!(session.stage, Stage::Factor, "the factor stays");
        let step = w.app.partial(&session.secret, DOOR).unwrap().unwrap();
        w.later(30);
        let code = identity::totp::TotpKey::parse(app::demo::TOTP_KEY).unwrap().code(w.app.clock.now());
        let session = w.app.second_factor(&step, &Proof::Totp(secret(&code)), DOOR).unwrap();
        assert_eq!(session.stage, Stage::Password);
        let step = w.app.partial(&session.secret, DOOR).unwrap().unwrap();
        let change = |new: &str| w.app.execute(&step.actor, Command::ChangePassword { current: secret(&password), new: secret(new) });
        assert_eq!(refusal(change(PASSWORD)).field, Some("password"), "not the one of before");
        change(NEW).unwrap();
        assert_eq!(w.app.go_on(&step, DOOR).unwrap().stage, Stage::Full);
    }
}
