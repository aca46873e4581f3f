//! The small named world of the tests: people of every role, and a stranger at another provider.

#![allow(dead_code, reason = "no test file uses all of it")]

use std::collections::BTreeMap;

use app::sign_in::{Door, SignedIn};
use app::{App, Clock, Config, Done, Error};
use jiff::SignedDuration;
use rules::access::Access;
use rules::account::Account;
use rules::act::Actor;
use rules::change::Change;
use rules::command::{Command, Secret};
use rules::evidence::Label;
use rules::id::{self, Id};
use rules::party::{OrganisationKind, Role};
use rules::policy::Side;
use rules::refusal::{Refusal, Why};
use rules::request::{Ask, Request};
use rules::review::{Alert, AlertKind};
use rules::text::Lang;
use store::testing::Scratch;

pub const PASSWORD: &str = "correct horse battery 2026";
/// Where everybody signs in from.
pub const ADDRESS: &str = "192.0.2.1";
/// The door they come through.
pub const DOOR: Door<'static> = Door { address: ADDRESS, certificate: None };
/// Hashes that cost next to nothing: what they cost is not what these tests are about.
pub const CHEAP: identity::Cost = identity::Cost { memory_kib: 64, passes: 1, lanes: 1 };

pub struct World {
    pub app: App,
    actors: BTreeMap<&'static str, Actor>,
    scratch: Scratch,
}

/// Somebody in a session of their own.
pub struct Came {
    pub secret: String,
    pub signed: SignedIn,
}

/// How somebody of the world signs in.
pub fn email(name: &str) -> String {
    format!("{name}@example.jp")
}

pub fn secret(text: &str) -> Secret {
    Secret(text.into())
}

/// Why it was refused; anything else fails the test where it stands.
#[track_caller]
pub fn refusal<T>(result: Result<T, Error>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        Err(other) => panic!("not a refusal: {other}"),
        Ok(_) => panic!("it was not refused"),
    }
}

/// One world on each engine.
pub fn worlds() -> Vec<World> {
    store::testing::both_engines().into_iter().map(World::on).collect()
}

impl World {
    pub fn sqlite() -> World {
        World::on(Scratch::sqlite())
    }

    fn on(scratch: Scratch) -> World {
        let clock = Clock::set("2026-11-22T01:00:00Z".parse().unwrap());
        let config = Config { cost: CHEAP, ..Config::embedded(scratch.directory()) };
        let app = App::open_at(config, scratch.location(), clock).unwrap();
        let mut world = World { app, actors: BTreeMap::new(), scratch };
        let system = Actor::system();
        let link = world.app.founding_link().unwrap().unwrap();
        let found = Command::FoundInstallation {
            link: Secret(link),
            organisation: "評価機構".into(),
            kinds: vec![OrganisationKind::Body],
            name: "運用".into(),
            email: "operator@example.jp".into(),
            password: Secret(PASSWORD.into()),
            lang: Lang::Ja,
        };
        let operator: Id<id::Person> = world.app.execute(&system, found).unwrap().made.unwrap().parse().unwrap();
        world.sign_in("operator");
        let body = world.actor("operator").organisation.unwrap();
        world.act("operator", Command::SetRoles { organisation: body, person: operator, roles: vec![Role::Operator, Role::Administrator] });
        world.sign_in("operator");
        let organisation = |w: &World, name: &str, kind| {
            w.act("operator", Command::CreateOrganisation { name: name.into(), kinds: vec![kind] }).made.unwrap().parse().unwrap()
        };
        let provider: Id<id::Organisation> = organisation(&world, "事業者", OrganisationKind::Provider);
        let other: Id<id::Organisation> = organisation(&world, "別の事業者", OrganisationKind::Provider);
        let institution: Id<id::Organisation> = organisation(&world, "病院", OrganisationKind::Institution);
        let people: [(&'static str, Id<id::Organisation>, Vec<Role>); 9] = [
            ("officer", provider, vec![Role::Officer]),
            ("reviewer", provider, vec![Role::Officer]),
            ("colleague", provider, vec![Role::Colleague]),
            ("stranger", other, vec![Role::Officer]),
            ("secretariat", body, vec![Role::Secretariat, Role::Administrator]),
            ("evaluator", body, vec![Role::Evaluator]),
            ("second", body, vec![Role::Evaluator]),
            ("decider", body, vec![Role::Decider]),
            ("hospital", institution, vec![Role::InstitutionOfficer]),
        ];
        for (name, organisation, roles) in people {
            let invited = world.act("operator", Command::InvitePerson { organisation, email: format!("{name}@example.jp"), roles });
            let accept = Command::AcceptInvitation {
                link: Secret(invited.secret.unwrap()),
                name: name.into(),
                password: Secret(PASSWORD.into()),
                lang: Lang::Ja,
            };
            world.app.execute(&system, accept).unwrap();
            world.sign_in(name);
        }
        world
    }

    fn sign_in(&mut self, name: &'static str) {
        let session = self.app.sign_in_with_known_key(&format!("{name}@example.jp"), PASSWORD, "192.0.2.1").unwrap();
        let signed = self.app.session(&session.secret, "192.0.2.1").unwrap().unwrap();
        self.actors.insert(name, signed.actor);
    }

    /// The database itself.
    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// Comes in anew, with the rights of now.
    pub fn sign_in_again(&mut self, name: &'static str) {
        self.sign_in(name);
    }

    pub fn location(&self) -> &store::Location {
        self.scratch.location()
    }

    /// The address of the database, where it is a server's.
    pub fn address(&self) -> Option<String> {
        self.scratch.address()
    }

    /// A second program on the same database and files, with the time of the first.
    pub fn second_app(&self, cost: identity::Cost) -> App {
        let config = Config { cost, ..Config::embedded(self.scratch.directory()) };
        App::open_at(config, self.scratch.location(), Clock::set(self.app.clock.now())).unwrap()
    }

    /// Opens a new session of somebody of the world.
    #[track_caller]
    pub fn come(&self, name: &str) -> Came {
        let secret = self.app.sign_in_with_known_key(&email(name), PASSWORD, ADDRESS).unwrap_or_else(|e| panic!("{name}: {e}")).secret;
        let signed = self.app.session(&secret, ADDRESS).unwrap().unwrap();
        Came { secret, signed }
    }

    /// Whether a session opens anything.
    pub fn is_open(&self, came: &Came) -> bool {
        self.app.session(&came.secret, ADDRESS).unwrap().is_some()
    }

    /// Who stands behind a session now.
    #[track_caller]
    pub fn now_as(&self, came: &Came) -> Actor {
        self.app.session(&came.secret, ADDRESS).unwrap().expect("an open session").actor
    }

    pub fn person(&self, name: &str) -> Id<id::Person> {
        self.actor(name).person.unwrap()
    }

    pub fn organisation(&self, name: &str) -> Id<id::Organisation> {
        self.actor(name).organisation.unwrap()
    }

    /// What happened, as the installation itself writes it.
    #[track_caller]
    pub fn write(&self, change: &Change) {
        let act = self.app.act(Actor::system()).unwrap();
        self.app.store().write(|tx| tx.enact(&act, change, [0; 16])).map_err(|e: store::Error| e).unwrap();
        self.app.forget_sessions();
    }

    /// Changes the access rules of somebody's organisation.
    pub fn rules(&self, name: &str, change: impl FnOnce(&mut Access)) {
        let organisation = self.organisation(name);
        let mut access = self.app.store().read(|c| store::tables::requests::access(c, organisation)).unwrap();
        change(&mut access);
        self.write(&Change::AccessSet { organisation, access: Box::new(access) });
    }

    pub fn account(&self, name: &str) -> Account {
        let person = self.person(name);
        self.app.store().read(|c| store::tables::accounts::account(c, person)).unwrap().unwrap()
    }

    pub fn request(&self, id: Id<id::Request>) -> Request {
        self.app.store().read(|c| store::tables::requests::request(c, id)).unwrap().unwrap()
    }

    /// Makes a request and returns its id.
    #[track_caller]
    pub fn ask(&self, name: &str, ask: Ask, hours: u16) -> Id<id::Request> {
        self.ask_of(name, None, ask, hours)
    }

    #[track_caller]
    pub fn ask_of(&self, name: &str, organisation: Option<Id<id::Organisation>>, ask: Ask, hours: u16) -> Id<id::Request> {
        let made = self.act(name, Command::MakeRequest { organisation, ask, reason: "夜間の障害対応".into(), begin: None, hours });
        made.made.unwrap().parse().unwrap()
    }

    #[track_caller]
    pub fn approve(&self, name: &str, request: Id<id::Request>) -> Done {
        self.act(name, Command::DecideRequest { request, approve: true, statement: String::new() })
    }

    /// Every line of the ledger, oldest first.
    pub fn lines(&self) -> Vec<seal::Line> {
        let read = |c: &mut store::Conn| {
            let mut all = vec![];
            store::ledger::lines_after(c, id::Pos::NEVER, i64::MAX, |line| {
                all.push(line);
                Ok(())
            })
            .map(|()| all)
        };
        self.app.store().read(read).unwrap()
    }

    /// The lines of a kind, as the changes they hold.
    pub fn changes(&self, kind: &str) -> Vec<Change> {
        let of_kind = |line: &seal::Line| line.head.kind == kind;
        self.lines().into_iter().filter(of_kind).map(|line| serde_json::from_str(&line.payload.unwrap().text).unwrap()).collect()
    }

    /// Alerts of a kind: for which organisation, about what.
    pub fn alerts(&self, kind: AlertKind) -> Vec<Alert> {
        let all = self.changes("alert_raised").into_iter();
        all.filter_map(|c| if let Change::AlertRaised(a) = c { Some(a) } else { None }).filter(|a| a.kind == kind).collect()
    }

    /// To whom mails went whose subject holds these words.
    pub fn mailed(&self, words: &str) -> Vec<String> {
        let all = self.changes("mail_queued").into_iter();
        all.filter_map(|c| if let Change::MailQueued(m) = c { Some(m) } else { None })
            .filter(|m| m.subject.contains(words))
            .map(|m| m.to)
            .collect()
    }

    pub fn later(&self, seconds: i64) {
        self.app.clock.advance(SignedDuration::from_secs(seconds));
    }

    pub fn actor(&self, name: &str) -> &Actor {
        &self.actors[name]
    }

    /// Does it, and it is not refused.
    #[track_caller]
    pub fn act(&self, name: &str, command: Command) -> Done {
        self.app.execute(self.actor(name), command).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Tries it, and it is refused.
    #[track_caller]
    pub fn refused(&self, name: &str, command: Command) -> Why {
        self.why(self.app.execute(self.actor(name), command))
    }

    /// Why something was refused.
    #[track_caller]
    pub fn why<T>(&self, result: Result<T, Error>) -> Why {
        match result {
            Err(Error::Refused(refusal)) => refusal.why,
            Err(other) => panic!("not a refusal: {other}"),
            Ok(_) => panic!("it was not refused"),
        }
    }

    pub fn open_case(&self) -> Id<id::Case> {
        self.open_case_of("officer")
    }

    pub fn open_case_of(&self, officer: &str) -> Id<id::Case> {
        let product: Id<id::Product> =
            self.act(officer, Command::CreateProduct { name: "製品".into(), description: String::new() }).made.unwrap().parse().unwrap();
        let body = self.actor("secretariat").organisation.unwrap();
        let sheet = self.app.content.sheets().into_iter().find(|s| s.items.len() == 253).unwrap().id.clone();
        self.act(officer, Command::OpenCase { product, body, sheet }).made.unwrap().parse().unwrap()
    }

    pub fn case(&self, name: &str, case: Id<id::Case>, side: Side) -> app::read::CaseRead {
        self.app.case(self.actor(name), case, Some(side)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub fn upload(&self, name: &str, file: &str, bytes: &[u8]) -> Id<id::Evidence> {
        self.app.add_evidence(self.actor(name), file, bytes, Label::Confidential, None, None).unwrap().made.unwrap().parse().unwrap()
    }
}
