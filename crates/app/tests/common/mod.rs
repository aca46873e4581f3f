//! The small named world of the tests: people of every role, and a stranger at another provider.

#![allow(dead_code, reason = "no test file uses all of it")]

use std::collections::BTreeMap;

use app::{App, Clock, Config, Done, Error};
use rules::act::Actor;
use rules::command::{Command, Secret};
use rules::evidence::Label;
use rules::id::{self, Id};
use rules::party::{OrganisationKind, Role};
use rules::policy::Side;
use rules::refusal::Why;
use rules::text::Lang;
use store::testing::Scratch;

const PASSWORD: &str = "correct horse battery 2026";

pub struct World {
    pub app: App,
    actors: BTreeMap<&'static str, Actor>,
    _scratch: Scratch,
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
        let app = App::open_at(Config::embedded(scratch.directory()), scratch.location(), clock).unwrap();
        let mut world = World { app, actors: BTreeMap::new(), _scratch: scratch };
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
        let session = self.app.sign_in(&format!("{name}@example.jp"), PASSWORD, "192.0.2.1", None).unwrap();
        let signed = self.app.session(&session.secret, "192.0.2.1").unwrap().unwrap();
        self.actors.insert(name, signed.actor);
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
