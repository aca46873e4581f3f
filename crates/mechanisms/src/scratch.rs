//! A throw-away installation with people of every role: what a check looks at, beneath the pages too, and what it breaks.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use app::{App, Config};
use identity::TotpKey;
use jiff::{SignedDuration, Timestamp};
use rules::access::Access;
use rules::account::{Account, FactorKind};
use rules::act::Actor;
use rules::change::Change;
use rules::command::{Command, Secret};
use rules::evidence::Label;
use rules::id::{self, Id, Pos};
use rules::party::{Membership, Person, Role};
use rules::request::{Ask, Request, RequestState};
use rules::text::Lang;
use store::tables::{accounts, party, requests};
use web::testing::World;

use crate::browser::Browser;
use crate::{Failed, Tried};

pub use web::testing::{COLLEAGUE, EVALUATOR, HOSPITAL, OFFICER, OPERATOR, SECRETARIAT, STRANGER};

/// The provider's second administrator; the first is [`OFFICER`].
pub const REVIEWER: &str = "reviewer@example.jp";
/// The institution's second administrator; the first is [`HOSPITAL`].
pub const SECOND_HOSPITAL: &str = "hospital2@example.jp";
/// Everybody's password.
pub const PASSWORD: &str = app::demo::PASSWORD;

/// How long what was read of a session may still be believed, and a little more.
const SETTLED: SignedDuration = SignedDuration::from_secs(3);

/// What a check does between two steps when it was broken.
type Saboteur = fn(&Scratch) -> Tried;

/// A line of the ledger as it lies in the database.
pub struct Line {
    pub pos: u64,
    /// Its number in its tenant's ledger.
    pub seq: u64,
    pub tenant: String,
    pub at: String,
    pub actor: String,
    pub session: String,
    pub address: String,
    pub kind: String,
    pub subject: String,
    pub outcome: String,
    /// The change as JSON.
    pub change: serde_json::Value,
}

/// An installation for one check: the demonstration's people and cases, a stranger's organisation, two administrators
/// in each organisation, and a clock that is moved. Passwords cost little to check here, unless the check says otherwise.
pub struct Scratch {
    world: World,
    template: Arc<World>,
    saboteur: RefCell<Option<Saboteur>>,
    /// The saboteur came to nothing: what fails afterwards shows nothing.
    botched: Cell<bool>,
    lies: Cell<bool>,
    visitors: Cell<u8>,
}

/// The installation from which all are copied. It is filled once, and gone with the last copy: no folder stays behind.
fn template() -> Arc<World> {
    static TEMPLATE: Mutex<Weak<World>> = Mutex::new(Weak::new());
    let mut kept = TEMPLATE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(world) = kept.upgrade() {
        return world;
    }
    let world = Arc::new(World::filled(|mut config| {
        (config.cost.memory_kib, config.cost.passes) = (64, 1);
        config
    }));
    prepare(&world).unwrap_or_else(|failed| unreachable!("the demonstration takes two administrators more: {}", failed.words.en));
    *kept = Arc::downgrade(&world);
    world
}

fn prepare(world: &World) -> Tried {
    let app = &world.app;
    let institution = world.actor(HOSPITAL).organisation.ok_or(rules::refusal::Refusal::not_found())?;
    let invite = Command::InvitePerson {
        organisation: institution,
        email: SECOND_HOSPITAL.into(),
        roles: vec![Role::InstitutionOfficer, Role::Administrator],
    };
    let link = app.execute(&world.actor(HOSPITAL), invite)?.secret.unwrap_or_default();
    let accept =
        Command::AcceptInvitation { link: Secret(link), name: "加藤 実".into(), password: Secret(PASSWORD.into()), lang: Lang::Ja };
    app.execute(&Actor::system(), accept)?;
    world.actor(SECOND_HOSPITAL);
    let reviewer = world.actor(REVIEWER);
    if let (Some(person), Some(organisation)) = (reviewer.person, reviewer.organisation) {
        let roles = vec![Role::Officer, Role::Administrator];
        app.execute(&world.actor(OFFICER), Command::SetRoles { organisation, person, roles })?;
        world.actor(REVIEWER);
    }
    // Whoever was signed in while this was made is not any more.
    let all = app.store().read(|conn| -> Result<Vec<Id<id::Person>>, store::Error> {
        let mut all = vec![];
        for organisation in party::organisations(conn)? {
            all.extend(party::members(conn, organisation.id)?.into_iter().map(|(person, _)| person.id));
        }
        Ok(all)
    })?;
    for person in all {
        let change = Change::SessionsEnded { person, reason: "prepared".into() };
        let (act, salt) = (app.act(Actor::system())?, identity::random()?);
        app.store().write(|tx| tx.enact(&act, &change, salt).map(drop))?;
    }
    app.clock.advance(SignedDuration::from_mins(5));
    Ok(())
}

impl Scratch {
    /// A new one. While another lives, it costs a copy of files; the first takes seconds.
    pub fn fresh() -> Scratch {
        let template = template();
        Scratch::around(template.copy(), template, false)
    }

    fn around(world: World, template: Arc<World>, lies: bool) -> Scratch {
        let (saboteur, botched, visitors) = Default::default();
        Scratch { world, template, saboteur, botched, lies: Cell::new(lies), visitors }
    }

    pub fn world(&self) -> &World {
        &self.world
    }
    pub fn app(&self) -> &App {
        &self.world.app
    }
    pub fn now(&self) -> Timestamp {
        self.app().clock.now()
    }
    pub fn wait(&self, time: SignedDuration) {
        self.app().clock.advance(time);
    }

    /// Another program on the same data, such as a second node or one after a restart.
    pub fn again(&self, configure: impl FnOnce(Config) -> Config) -> Scratch {
        Scratch::around(self.world.again(configure), self.template.clone(), self.lies.get())
    }

    // Breaking

    /// Something is done at the next [`Scratch::meanwhile`] of the check.
    pub fn later(&self, saboteur: Saboteur) -> Tried {
        *self.saboteur.borrow_mut() = Some(saboteur);
        Ok(())
    }
    /// The moment of a check at which a mechanism that was broken comes to nothing.
    pub fn meanwhile(&self) -> Tried {
        let saboteur = self.saboteur.borrow_mut().take();
        saboteur.map_or(Ok(()), |act| act(self)).inspect_err(|_| self.botched.set(true))
    }
    /// Whether everything was done by which the mechanism was to be broken: the check got as far as that.
    pub fn is_broken(&self) -> bool {
        self.saboteur.borrow().is_none() && !self.botched.get()
    }
    /// From now on the check sees the opposite of what is: for mechanisms that nothing stored can break, only another program.
    pub fn lie(&self) -> Tried {
        self.lies.set(true);
        Ok(())
    }
    /// What the check sees.
    pub fn seen(&self, holds: bool) -> bool {
        holds != self.lies.get()
    }

    // Beneath the pages

    /// Writes a change that no rule has looked at, in the name of the installation.
    pub fn write(&self, change: &Change) -> Tried {
        self.write_as(&Actor::system(), change)
    }
    pub fn write_as(&self, actor: &Actor, change: &Change) -> Tried {
        let (act, salt) = (self.app().act(actor.clone())?, identity::random()?);
        self.app().store().write(|tx| tx.enact(&act, change, salt).map(drop))?;
        self.wait(SETTLED);
        Ok(())
    }
    pub fn secret(&self, owner: &str, kind: &str) -> Result<Option<String>, Failed> {
        Ok(self.app().store().read(|conn| self.app().secret(conn, owner, kind))?)
    }
    pub fn put_secret(&self, owner: &str, kind: &str, value: &str) -> Tried {
        Ok(self.app().store().write(|tx| tx.put_secret(owner, kind, value))?)
    }
    pub fn delete_secret(&self, owner: &str, kind: &str) -> Tried {
        Ok(self.app().store().write(|tx| tx.delete_secret(owner, kind).map(drop))?)
    }

    /// The lines of the ledger after a position, oldest first.
    pub fn lines_after(&self, after: Pos) -> Result<Vec<Line>, Failed> {
        let mut out = vec![];
        self.app().store().read(|conn| {
            store::ledger::lines_after(conn, after, i64::MAX, |line| {
                let head = line.head;
                let change = line.payload.and_then(|p| serde_json::from_str(&p.text).ok()).unwrap_or_default();
                out.push(Line {
                    pos: head.pos,
                    seq: head.seq,
                    tenant: head.tenant,
                    at: head.at,
                    actor: head.actor,
                    session: head.session.unwrap_or_default(),
                    address: head.address.unwrap_or_default(),
                    kind: head.kind,
                    subject: head.subject,
                    outcome: head.outcome,
                    change,
                });
                Ok(())
            })
        })?;
        Ok(out)
    }
    /// Where the ledger ends now.
    pub fn mark(&self) -> Result<Pos, Failed> {
        Ok(self.app().store().read(store::ledger::last_pos)?)
    }

    /// Every byte that lies on the disk: database, its journal and files.
    pub fn bytes(&self) -> Result<Vec<u8>, Failed> {
        let (mut out, mut folders) = (vec![], vec![self.world.folder().to_owned()]);
        let unreadable = |e: std::io::Error| Failed::new(format!("ファイルを読めません: {e}"), format!("a file cannot be read: {e}"));
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).map_err(unreadable)? {
                let path = entry.map_err(unreadable)?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    out.extend(std::fs::read(path).map_err(unreadable)?);
                }
            }
        }
        Ok(out)
    }

    /// A document that somebody has put into the library, and who put it there.
    pub fn document(&self, by: &str, name: &str, content: &str) -> Result<(Id<id::Evidence>, Actor), Failed> {
        let actor = self.signed_in(by)?.signed()?.actor;
        let done = self.app().add_evidence(&actor, name, content.as_bytes(), Label::Confidential, None, None)?;
        Ok((made(&done)?, actor))
    }

    // People

    pub fn person(&self, email: &str) -> Result<Person, Failed> {
        let found = self.app().store().read(|conn| party::person_by_email(conn, email))?;
        found.ok_or_else(|| Failed::new(format!("{email} がいません"), format!("there is no {email}")))
    }
    pub fn account(&self, email: &str) -> Result<Account, Failed> {
        let person = self.person(email)?.id;
        let found = self.app().store().read(|conn| accounts::account(conn, person))?;
        found.ok_or_else(|| Failed::new(format!("{email} のアカウントがありません"), format!("{email} has no account")))
    }
    pub fn membership(&self, email: &str) -> Result<Membership, Failed> {
        let person = self.person(email)?.id;
        let all = self.app().store().read(|conn| party::memberships_of(conn, person))?;
        all.into_iter().next().ok_or_else(|| Failed::new(format!("{email} に所属がありません"), format!("{email} belongs nowhere")))
    }
    /// The organisation of somebody.
    pub fn home(&self, email: &str) -> Result<Id<id::Organisation>, Failed> {
        Ok(self.membership(email)?.organisation)
    }
    /// Gives somebody these roles in their organisation.
    pub fn give_roles(&self, email: &str, roles: &[Role]) -> Tried {
        let membership = self.membership(email)?;
        self.write(&Change::RolesGiven(Membership { roles: roles.to_vec(), ..membership }))
    }
    /// Changes the access rules of somebody's organisation.
    pub fn set_access(&self, email: &str, change: impl FnOnce(&mut Access)) -> Tried {
        let organisation = self.home(email)?;
        let mut access = self.app().store().read(|conn| requests::access(conn, organisation))?;
        change(&mut access);
        self.write(&Change::AccessSet { organisation, access: Box::new(access) })
    }
    pub fn request(&self, id: Id<id::Request>) -> Result<Request, Failed> {
        let found = self.app().store().read(|conn| requests::request(conn, id))?;
        found.ok_or_else(|| Failed::new("申請がありません", "there is no such request"))
    }
    /// The subjects of mails to somebody, newest first.
    pub fn mails_to(&self, email: &str) -> Result<Vec<String>, Failed> {
        let all = self.app().store().read(requests::mails)?;
        Ok(all.into_iter().filter(|m| m.mail.to == email).map(|m| m.mail.subject).collect())
    }

    /// A code of somebody's generator that was not used yet.
    pub fn code(&self, email: &str) -> Result<String, Failed> {
        self.wait(SignedDuration::from_secs(30));
        let person = self.person(email)?.id;
        let factors = self.app().store().read(|conn| accounts::factors(conn, person))?;
        let totp = factors.iter().find(|f| f.kind == FactorKind::Totp);
        let key = totp.map(|f| self.secret(&f.id.to_string(), "totp")).transpose()?.flatten();
        let key = key.ok_or_else(|| Failed::new(format!("{email} に登録がありません"), format!("{email} registered no codes")))?;
        Ok(TotpKey::parse(&key)?.code(self.now()))
    }

    // Ways in

    /// A browser on this machine that nobody has used yet.
    pub fn browser(&self) -> Browser<'_> {
        Browser::new(self, SocketAddr::from(([127, 0, 0, 1], 40_000)))
    }
    /// A browser elsewhere, at an address that nobody has come from yet.
    pub fn visitor(&self) -> Browser<'_> {
        self.visitors.set(self.visitors.get().wrapping_add(1));
        Browser::new(self, SocketAddr::from(([203, 0, 113, self.visitors.get()], 40_000)))
    }
    /// A browser at an address.
    pub fn browser_at(&self, address: [u8; 4]) -> Browser<'_> {
        Browser::new(self, SocketAddr::from((address, 40_000)))
    }
    /// A browser in which somebody has signed in, with whatever their organisation asks for.
    pub fn signed_in(&self, email: &str) -> Result<Browser<'_>, Failed> {
        let browser = self.browser();
        browser.open(email)?;
        Ok(browser)
    }

    /// A request of one person, approved by another; its id and what the approval showed once.
    pub fn approved(&self, by: &Browser<'_>, decider: &Browser<'_>, ask: Ask, hours: u16) -> Result<(Id<id::Request>, String), Failed> {
        let request = self.asked(by, ask, hours)?;
        let decided = decider.act(Command::DecideRequest { request, approve: true, statement: String::new() })?;
        self.wait(SETTLED);
        Ok((request, decided.secret.unwrap_or_default()))
    }
    /// A request that stands as approved for an hour, though nobody decided it: somebody reached into the database.
    pub fn approved_by_nobody(&self, organisation: Id<id::Organisation>, by: &str, ask: Ask) -> Tried {
        let (by, at) = (self.person(by)?.id, self.now());
        self.write(&Change::RequestMade(Request {
            id: self.app().act(Actor::system())?.fresh(),
            organisation,
            ask,
            reason: "forced".into(),
            from: at,
            until: at + SignedDuration::from_hours(1),
            by,
            at,
            state: RequestState::Approved,
            decided_by: None,
            decided: None,
            statement: String::new(),
            finding: String::new(),
        }))
    }
    /// A request in the own organisation.
    pub fn asked(&self, by: &Browser<'_>, ask: Ask, hours: u16) -> Result<Id<id::Request>, Failed> {
        let command = Command::MakeRequest { organisation: None, ask, reason: "受入試験のため".into(), begin: None, hours };
        made(&by.act(command)?)
    }
}

/// The id of what an act made.
pub fn made<T: std::str::FromStr>(done: &app::Done) -> Result<T, Failed> {
    let id = done.made.as_deref().and_then(|made| made.parse().ok());
    id.ok_or_else(|| Failed::new("作成したものの番号がありません", "the act made nothing"))
}
