//! A small named world to try Akashi in: one evaluation body, one provider, one medical institution, people of every role.

mod door;
mod texts;

use std::collections::BTreeMap;

use jiff::ToSpan;
use rules::act::Actor;
use rules::answer::Status;
use rules::case::Part;
use rules::command::{Command, ImportedAnswer, ImportedVerdict, Secret};
use rules::evidence::{ClaimContent, Finding, Label};
use rules::id::{self, Id, ItemNo, Pos};
use rules::party::{OrganisationKind, Role, Settings};
use rules::policy::Side;
use rules::refusal::Refusal;
use rules::sheet::{Class, SheetId};
use rules::text::{Lang, Text, text};
use rules::verdict::VerdictContent;

use crate::{App, Done, Error};

/// The password of everybody in the demonstration, and only there.
pub const PASSWORD: &str = "demo-ladder-kettle-violin";
/// The key of everybody's code generator in the demonstration, and only there.
pub const TOTP_KEY: &str = "AKASHI3DEMO3AKASHI3DEMO3AKASHI3D";
/// The sheet the demonstration uses.
pub const SHEET: &str = "medical-cloud-253";

/// Somebody of the demonstration.
#[derive(Debug, Clone)]
pub struct Somebody {
    pub email: &'static str,
    pub name: &'static str,
    pub roles: &'static [Role],
    pub organisation: &'static str,
    /// What they are for in the demonstration.
    pub about: Text,
}

const BODY: &str = "あかし評価機構";
const PROVIDER: &str = "みどり医療クラウド株式会社";
const INSTITUTION: &str = "青葉総合病院";

/// Everybody, in the order in which they are listed at the start.
pub fn people() -> Vec<Somebody> {
    let somebody = |email, name, roles, organisation, about| Somebody { email, name, roles, organisation, about };
    vec![
        somebody(
            "officer@example.jp",
            "佐藤 花子",
            &[Role::Officer, Role::Administrator],
            PROVIDER,
            text("申請者（担当責任者）", "applicant: compliance officer"),
        ),
        somebody("colleague@example.jp", "鈴木 一郎", &[Role::Colleague], PROVIDER, text("申請者（担当者）", "applicant: colleague")),
        somebody(
            "reviewer@example.jp",
            "高橋 直子",
            &[Role::Officer],
            PROVIDER,
            text("申請者（社内確認者）", "applicant: internal reviewer"),
        ),
        somebody("secretariat@example.jp", "田中 洋子", &[Role::Secretariat, Role::Administrator], BODY, text("事務局", "secretariat")),
        somebody("evaluator@example.jp", "伊藤 健", &[Role::Evaluator], BODY, text("評価者", "evaluator")),
        somebody("second@example.jp", "渡辺 美咲", &[Role::Evaluator], BODY, text("第2評価者", "second evaluator")),
        somebody("decider@example.jp", "山本 隆", &[Role::Decider], BODY, text("判定責任者", "decider")),
        somebody(
            "hospital@example.jp",
            "中村 薫",
            &[Role::InstitutionOfficer, Role::Administrator],
            INSTITUTION,
            text("医療機関", "medical institution"),
        ),
        somebody("operator@example.jp", "小林 守", &[Role::Operator, Role::Administrator], BODY, text("運用者", "operator")),
    ]
}

/// Everybody as actors, by mail address.
struct World<'a> {
    app: &'a App,
    actors: BTreeMap<&'static str, Actor>,
}

impl World<'_> {
    fn act(&self, email: &str, command: Command) -> Result<Done, Error> {
        let actor = self.actors.get(email).ok_or_else(|| Error::Broken(format!("nobody is called {email} in the demonstration")))?;
        self.app.execute(actor, command)
    }
    fn actor(&self, email: &str) -> Result<&Actor, Error> {
        self.actors.get(email).ok_or(Refusal::not_found().into())
    }
}

fn made<T: std::str::FromStr>(done: &Done) -> Result<T, Error> {
    done.made.as_deref().and_then(|m| m.parse().ok()).ok_or_else(|| Error::Broken("a command made nothing".into()))
}

impl App {
    /// Fills a new installation with the demonstration; one that has people already stays as it is.
    pub fn fill_demo(&self) -> Result<bool, Error> {
        let Some(link) = self.founding_link()? else { return Ok(false) };
        let world = self.demo_parties(link)?;
        let sheet = self.content.sheets().into_iter().find(|s| s.id.0.starts_with(SHEET)).ok_or(Refusal::not_found())?.id.clone();
        certified_case(&world, &sheet)?;
        running_case(&world, &sheet)?;
        Ok(true)
    }

    fn demo_parties(&self, link: String) -> Result<World<'_>, Error> {
        let installation = Actor::system();
        let operator = people().pop().ok_or(Refusal::not_found())?;
        let founding = Command::FoundInstallation {
            link: Secret(link),
            organisation: BODY.into(),
            kinds: vec![OrganisationKind::Body],
            name: operator.name.into(),
            email: operator.email.into(),
            password: Secret(PASSWORD.into()),
            lang: Lang::Ja,
        };
        let operator_id = made::<Id<id::Person>>(&self.execute(&installation, founding)?)?;
        let mut world = World { app: self, actors: BTreeMap::new() };
        world.actors.insert(operator.email, self.demo_actor(operator.email)?);
        let mut organisations = BTreeMap::new();
        let own = world.actor(operator.email)?.organisation.ok_or(Refusal::not_found())?;
        organisations.insert(BODY, own);
        for (name, kind) in [(PROVIDER, OrganisationKind::Provider), (INSTITUTION, OrganisationKind::Institution)] {
            let done = world.act(operator.email, Command::CreateOrganisation { name: name.into(), kinds: vec![kind] })?;
            organisations.insert(name, made(&done)?);
        }
        world.act(operator.email, Command::SetRoles { organisation: own, person: operator_id, roles: operator.roles.to_vec() })?;
        for organisation in organisations.values() {
            self.demo_access(*organisation)?;
        }
        world.act(
            operator.email,
            Command::SetSettings { settings: Settings { validity_months: Some(24), second_evaluator: false, number_prefix: "AK".into() } },
        )?;
        for somebody in people().into_iter().filter(|s| s.email != operator.email) {
            let invite = Command::InvitePerson {
                organisation: organisations[somebody.organisation],
                email: somebody.email.into(),
                roles: somebody.roles.to_vec(),
            };
            let link = world.act(operator.email, invite)?.secret.unwrap_or_default();
            let accept = Command::AcceptInvitation {
                link: Secret(link),
                name: somebody.name.into(),
                password: Secret(PASSWORD.into()),
                lang: Lang::Ja,
            };
            self.execute(&installation, accept)?;
            world.actors.insert(somebody.email, self.demo_actor(somebody.email)?);
        }
        for phrase in texts::PHRASES {
            world.act("evaluator@example.jp", Command::AddPhrase { text: (*phrase).into() })?;
        }
        Ok(world)
    }

    fn demo_actor(&self, email: &str) -> Result<Actor, Error> {
        let session = self.demo_sign_in(email, "local")?;
        Ok(self.session(&session.secret, "local")?.ok_or(Refusal::forbidden())?.actor)
    }
}

const OFFICER: &str = "officer@example.jp";
const EVALUATOR: &str = "evaluator@example.jp";
const SECRETARIAT: &str = "secretariat@example.jp";

/// Opens a case of a new product.
fn open_case(world: &World, sheet: &SheetId, product: &str, description: &str) -> Result<Id<id::Case>, Error> {
    let done = world.act(OFFICER, Command::CreateProduct { name: product.into(), description: description.into() })?;
    let product_id: Id<id::Product> = made(&done)?;
    let mut profile: BTreeMap<String, bool> = BTreeMap::new();
    let questions = world.app.content.sheet(&world.app.store, sheet)?.questions.iter().map(|q| q.id.clone()).collect::<Vec<_>>();
    for question in questions {
        let no = texts::NOT_OFFERED.iter().any(|n| question.contains(n));
        profile.insert(question, !no);
    }
    world.act(OFFICER, Command::ReviseProduct { product: product_id, name: product.into(), description: description.into(), profile })?;
    let body = world.actor(SECRETARIAT)?.organisation.ok_or(Refusal::not_found())?;
    made(&world.act(OFFICER, Command::OpenCase { product: product_id, body, sheet: sheet.clone() })?)
}

/// Answers the items that `wanted` chooses, as an import would, and claims a page of a document for each.
fn answer(world: &World, case: Id<id::Case>, documents: &[(Id<id::Evidence>, &str)], wanted: impl Fn(u16) -> bool) -> Result<(), Error> {
    let read = world.app.case(world.actor(OFFICER)?, case, Some(Side::Applicant))?;
    let mut rows = vec![];
    let mut claimed: BTreeMap<usize, Vec<ItemNo>> = BTreeMap::new();
    for (item, facts) in read.sheet.items.iter().zip(&read.items).filter(|(i, f)| wanted(i.no.0) && !f.is_answered()) {
        rows.push(ImportedAnswer { item: item.no, base: facts.changed, text: Some(texts::answer(item)), ..ImportedAnswer::default() });
        claimed.entry(usize::from(item.no.0) % documents.len()).or_default().push(item.no);
    }
    let items: Vec<ItemNo> = rows.iter().map(|r| r.item).collect();
    world.act(OFFICER, Command::ImportAnswers { case, file: "対応状況一覧.xlsx".into(), rows })?;
    for (at, items) in claimed {
        let (evidence, place) = documents[at];
        let content = ClaimContent {
            evidence: Some(evidence),
            page: Some(2 + u32::try_from(at).unwrap_or(0)),
            place: place.into(),
            ..ClaimContent::default()
        };
        world.act(OFFICER, Command::MakeClaims { case, items, content })?;
    }
    world.act(
        OFFICER,
        Command::SetWork {
            case,
            items,
            owner: Some(world.actor(OFFICER)?.person.ok_or(Refusal::forbidden())?),
            due: None,
            status: Some(Status::Ready),
        },
    )?;
    Ok(())
}

/// Takes a submitted case in and assigns the evaluators.
fn take_in(world: &World, case: Id<id::Case>, with_second: bool) -> Result<(), Error> {
    world.act(SECRETARIAT, Command::AcceptRound { case, number: None })?;
    let mut evaluators = vec![(EVALUATOR, Part::First)];
    if with_second {
        evaluators.push(("second@example.jp", Part::Second));
    }
    for (email, part) in evaluators {
        let person = world.actor(email)?.person.ok_or(Refusal::forbidden())?;
        world.act(SECRETARIAT, Command::AssignEvaluator { case, person, part })?;
        world.act(email, Command::DeclareInterest { case, conflict: false, statement: String::new() })?;
    }
    Ok(())
}

/// Judges every answered item that `wanted` chooses and confirms its claims.
fn judge(world: &World, case: Id<id::Case>, wanted: impl Fn(u16) -> bool, improve: impl Fn(u16) -> bool) -> Result<(), Error> {
    let read = world.app.case(world.actor(EVALUATOR)?, case, Some(Side::Body))?;
    let code = |class: Class| read.sheet.scale.iter().find(|m| m.class == class).map(|m| m.code.clone()).unwrap_or_default();
    let mut rows = vec![];
    for facts in read.items.iter().filter(|f| wanted(f.no.0)) {
        let out = facts.answer.as_ref().is_some_and(|a| a.content.out_of_scope.is_some());
        let class = if out {
            Class::OutOfScope
        } else if improve(facts.no.0) {
            Class::Partly
        } else {
            Class::Conforms
        };
        let improvement = if class == Class::Partly { texts::IMPROVEMENT.to_owned() } else { String::new() };
        let evidence = facts.claims.iter().map(|c| c.written()).collect::<Vec<_>>().join("\n");
        let content = VerdictContent { mark: code(class), evidence, improvement, remarks: String::new() };
        rows.push(ImportedVerdict { item: facts.no, base: facts.verdict.as_ref().map_or(Pos::NEVER, |v| v.pos), content });
    }
    world.act(EVALUATOR, Command::ImportVerdicts { case, file: "判定表.xlsx".into(), rows })?;
    for facts in read.items.iter().filter(|f| wanted(f.no.0)).take(12) {
        for claim in &facts.claims {
            world.act(
                EVALUATOR,
                Command::ConfirmClaim { case, item: facts.no, claim: claim.id, finding: Finding::Seen, comment: String::new() },
            )?;
        }
    }
    Ok(())
}

fn documents(world: &World) -> Result<Vec<(Id<id::Evidence>, &'static str)>, Error> {
    let actor = world.actor(OFFICER)?;
    let today = rules::act::japan(world.app.clock.now()).date();
    let mut out = vec![];
    for (n, (name, place, chapters)) in texts::DOCUMENTS.iter().enumerate() {
        let bytes = pdf::plain(name, PROVIDER, chapters, today).map_err(|e| Error::Broken(format!("cannot set {name}: {e}")))?;
        // One of them runs out soon, so that the list of what expires is not empty.
        let valid_until = (n == 2).then(|| today.checked_add(30.days()).ok()).flatten();
        let done = world.app.add_evidence(actor, &format!("{name}.pdf"), bytes.as_slice(), Label::Disclosable, valid_until, None)?;
        out.push((made(&done)?, *place));
    }
    Ok(out)
}

/// A case that is through: decided, certified, published, disclosed.
fn certified_case(world: &World, sheet: &SheetId) -> Result<(), Error> {
    let case = open_case(world, sheet, "みどりカルテ クラウド版", "診療所向けの電子カルテのクラウドサービスです。")?;
    let documents = documents(world)?;
    world.act(OFFICER, Command::ProposeOutOfScope { case })?;
    confirm_proposed(world, case)?;
    answer(world, case, &documents, |_| true)?;
    world.act(OFFICER, Command::SubmitRound { case })?;
    take_in(world, case, false)?;
    judge(world, case, |_| true, |_| false)?;
    world.act("decider@example.jp", Command::DecideCase { case, certify: true, grounds: texts::GROUNDS.into() })?;
    world.act(SECRETARIAT, Command::IssueCertificate { case, scope: "みどりカルテ クラウド版の提供と運用".into() })?;
    for email in [OFFICER, SECRETARIAT] {
        world.act(email, Command::AgreePublication { case, agrees: true })?;
    }
    let institution = world.actor("hospital@example.jp")?.organisation.ok_or(Refusal::not_found())?;
    world.act(OFFICER, Command::DiscloseCase { case, institution, on: true })?;
    Ok(())
}

fn confirm_proposed(world: &World, case: Id<id::Case>) -> Result<(), Error> {
    let read = world.app.case(world.actor(OFFICER)?, case, Some(Side::Applicant))?;
    let items: Vec<ItemNo> =
        read.items.iter().filter(|f| f.answer.as_ref().is_some_and(|a| a.origin.awaits_confirmation())).map(|f| f.no).collect();
    world.act(OFFICER, Command::ConfirmAnswers { case, items }).map(drop)
}

/// A case half answered, with one round behind it, returned for improvement.
fn running_case(world: &World, sheet: &SheetId) -> Result<(), Error> {
    let case = open_case(world, sheet, "みどり画像アーカイブ", "医用画像を保存し参照するクラウドサービスです。")?;
    let documents: Vec<(Id<id::Evidence>, &str)> = world.app.library(world.actor(OFFICER)?)?.iter().map(|e| (e.id, "該当章")).collect();
    answer(world, case, &documents, |no| no <= 130)?;
    let colleague = world.actor("colleague@example.jp")?.person;
    let today = rules::act::japan(world.app.clock.now()).date();
    let due = today.checked_add(14.days()).ok();
    let rest: Vec<ItemNo> = (131..=150).map(ItemNo).collect();
    world.act(OFFICER, Command::SetWork { case, items: rest, owner: colleague, due, status: None })?;
    world.act(OFFICER, Command::SubmitRound { case })?;
    take_in(world, case, true)?;
    judge(world, case, |no| no <= 60, |no| no % 9 == 0)?;
    approve(world, case)?;
    world.act(
        EVALUATOR,
        Command::SendMessage {
            case, item: ItemNo(18), text: "緊急時の承認者は、規程のどの章に定めていますか。".into(), side: None
        },
    )?;
    world.act(
        SECRETARIAT,
        Command::ReturnRound {
            case, flagged: None, message: "改善策をご確認のうえ、未回答の項目とあわせてご対応ください。".into()
        },
    )?;
    world.act(SECRETARIAT, Command::SetDue { case, due: today.checked_add(28.days()).ok() })?;
    world.act(
        OFFICER,
        Command::AnswerImprovement {
            case,
            item: ItemNo(9),
            text: "廃棄証明書の様式を改め、消去方法と確認者を記載するようにしました。".into(),
        },
    )?;
    world.act(OFFICER, Command::ProposeOutOfScope { case })?;
    Ok(())
}

/// The second evaluator agrees with every verdict of the round.
fn approve(world: &World, case: Id<id::Case>) -> Result<(), Error> {
    let second = "second@example.jp";
    let read = world.app.case(world.actor(second)?, case, Some(Side::Body))?;
    for (no, verdict) in read.items.iter().filter_map(|f| f.verdict.as_ref().map(|v| (f.no, v.pos))) {
        world.act(second, Command::ApproveVerdict { case, item: no, seen: verdict, agrees: true, comment: String::new() })?;
    }
    Ok(())
}
