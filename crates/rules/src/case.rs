//! A case (評価案件): its states, who is assigned, and what opens, moves and closes it.

mod states;

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::act::{Act, Actor};
use crate::change::Change;
use crate::command::Kind;
use crate::id::{self, Digest, Id, ItemNo, Pos};
use crate::party::{Organisation, OrganisationKind, Product, Settings, bounded};
use crate::refusal::Refusal;
use crate::sheet::SheetId;
use crate::text::{Text, text, worded};

pub use states::states;

/// Where a case stands (design: draft → submitted → in review → returned → … → renewed | expired | withdrawn).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Draft,
    Submitted,
    InReview,
    Returned,
    Decided,
    Certified,
    Refused,
    Watched,
    Renewed,
    Expired,
    Withdrawn,
}

impl State {
    pub const ALL: [State; 11] = [
        State::Draft,
        State::Submitted,
        State::InReview,
        State::Returned,
        State::Decided,
        State::Certified,
        State::Refused,
        State::Watched,
        State::Renewed,
        State::Expired,
        State::Withdrawn,
    ];
    pub const fn name(self) -> Text {
        match self {
            State::Draft => text("作成中", "Draft"),
            State::Submitted => text("申請済み", "Submitted"),
            State::InReview => text("評価中", "In review"),
            State::Returned => text("改善依頼中", "Returned for improvement"),
            State::Decided => text("判定済み", "Decided"),
            State::Certified => text("認定", "Certified"),
            State::Refused => text("不認定", "Refused"),
            State::Watched => text("認定（経過観察）", "Certified, watched"),
            State::Renewed => text("更新済み", "Renewed"),
            State::Expired => text("失効", "Expired"),
            State::Withdrawn => text("取下げ", "Withdrawn"),
        }
    }
    /// The applicant writes.
    pub const fn is_open_to_applicant(self) -> bool {
        matches!(self, State::Draft | State::Returned)
    }
    /// A certificate stands.
    pub const fn is_certified(self) -> bool {
        matches!(self, State::Certified | State::Watched)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Case {
    pub id: Id<id::Case>,
    /// 整理番号, given at acceptance.
    pub number: Option<String>,
    pub provider: Id<id::Organisation>,
    pub body: Id<id::Organisation>,
    pub product: Id<id::Product>,
    pub sheet: SheetId,
    pub state: State,
    /// The latest submitted round; 0 before the first.
    pub round: u32,
    /// The case whose certificate this one renews.
    pub renews: Option<Id<id::Case>>,
    pub opened: Timestamp,
    /// By when the side whose turn it is has to be done.
    pub due: Option<Date>,
}

impl Case {
    /// Provider and body are one: 自己評価. The certificate says so.
    pub fn is_self_evaluation(&self) -> bool {
        self.provider == self.body
    }
}

/// One round: a sealed snapshot, its acceptance and its return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Round {
    pub n: u32,
    /// What stood at this ledger position is what was submitted.
    pub cut: Pos,
    /// SHA-256 of the canonical JSON of the snapshot.
    pub digest: Digest,
    pub submitted: Timestamp,
    pub submitted_by: Id<id::Person>,
    pub accepted: Option<Timestamp>,
    pub returned: Option<Timestamp>,
    /// Verdicts up to this position are shown to the applicant.
    pub returned_pos: Option<Pos>,
    /// Only these items come back; `None` is all.
    pub flagged: Option<Vec<ItemNo>>,
    /// What the body says with the return.
    pub message: String,
}

/// Which part an evaluator has in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    First,
    /// Approves the first one's verdicts.
    Second,
}

/// An evaluator's place in a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assignment {
    pub person: Id<id::Person>,
    pub part: Part,
    /// The declaration on conflicts of interest; `None` is not yet made.
    pub interest: Option<Interest>,
}

/// 利益相反の申告
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Interest {
    pub conflict: bool,
    pub statement: String,
}

/// The decision, a person's act with grounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    pub certify: bool,
    pub grounds: String,
    pub by: Id<id::Person>,
    pub at: Timestamp,
    pub pos: Pos,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Certificate {
    pub id: Id<id::Certificate>,
    pub case: Id<id::Case>,
    /// 認定番号
    pub number: String,
    /// 検証コード, unguessable.
    pub code: String,
    pub scope: String,
    pub issued: Date,
    pub valid_until: Option<Date>,
    pub issued_by: Id<id::Person>,
    /// The registry shows it only if both agree.
    pub provider_agrees: bool,
    pub body_agrees: bool,
}

/// What a rule needs to know of a case, its people and the actor's place in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseFacts {
    pub case: Case,
    pub rounds: Vec<Round>,
    pub assignments: Vec<Assignment>,
    pub decision: Option<Decision>,
    pub certificate: Option<Certificate>,
    /// Institutions it is disclosed to.
    pub disclosed_to: Vec<Id<id::Organisation>>,
    /// The body's own rules.
    pub settings: Settings,
}

impl CaseFacts {
    pub fn round(&self) -> Option<&Round> {
        self.rounds.last()
    }
    pub fn assignment(&self, actor: &Actor) -> Option<&Assignment> {
        self.assignments.iter().find(|a| actor.is(a.person))
    }
    /// The items the applicant may change now; `None` is all.
    pub fn flagged(&self) -> Option<&[ItemNo]> {
        match self.case.state {
            State::Returned => self.round().and_then(|r| r.flagged.as_deref()),
            _ => None,
        }
    }
    /// Refuses a kind of command for which it is too early or too late.
    pub fn allows(&self, kind: Kind) -> Result<(), Refusal> {
        let states = states(kind);
        let writes = kind != Kind::SubmitRound && states == self::states(Kind::GiveAnswer);
        if writes && matches!(self.case.state, State::Submitted | State::InReview) {
            return Err(Refusal::state(text(
                "申請後のため、回答は変更できません。改善依頼で戻された後に編集できます。",
                "The round is submitted, so answers cannot be changed until it is returned.",
            )));
        }
        if states.is_empty() { Ok(()) } else { self.in_state(states) }
    }
    /// Refuses unless the case is in one of the states.
    pub fn in_state(&self, states: &[State]) -> Result<(), Refusal> {
        if states.contains(&self.case.state) {
            return Ok(());
        }
        let now = self.case.state.name();
        Err(Refusal::state(worded(
            format!("案件は「{}」のため、この操作はできません。", now.ja),
            format!("The case is {}, so this cannot be done now.", now.en.to_lowercase()),
        )))
    }
}

/// Opens a case of the provider's product with a body.
pub fn open(act: &mut Act, provider: &Organisation, product: &Product, body: &Organisation, sheet: &SheetId) -> Result<Case, Refusal> {
    if product.organisation != provider.id {
        return Err(Refusal::not_found().at("product"));
    }
    if !body.kinds.contains(&OrganisationKind::Body) {
        return Err(Refusal::invalid("body", text("評価機関を選んでください。", "Choose an evaluation body.")));
    }
    Ok(Case {
        id: act.fresh(),
        number: None,
        provider: provider.id,
        body: body.id,
        product: product.id,
        sheet: sheet.clone(),
        state: State::Draft,
        round: 0,
        renews: None,
        opened: act.at,
        due: None,
    })
}

/// Assigns an evaluator; a person has one part in a case, so a new part replaces the old one and its declaration.
/// Nobody judges a case of their own organisation, unless it is a self-evaluation.
/// `evaluator_belongs_to` lists every organisation of the evaluator.
pub fn assign(
    facts: &CaseFacts,
    person: Id<id::Person>,
    part: Part,
    evaluator_belongs_to: &[Id<id::Organisation>],
) -> Result<Change, Refusal> {
    facts.allows(Kind::AssignEvaluator)?;
    if facts.assignments.iter().any(|a| a.person == person && a.part == part) {
        // Assigning again would silently drop the declaration.
        return Err(Refusal::invalid("person", text("この人はすでに割り当てられています。", "This person is assigned already.")));
    }
    if !facts.case.is_self_evaluation() && evaluator_belongs_to.contains(&facts.case.provider) {
        return Err(Refusal::invalid(
            "person",
            text(
                "申請元の組織に所属する人は、この案件の評価者になれません。",
                "Somebody who belongs to the applicant cannot evaluate this case.",
            ),
        ));
    }
    Ok(Change::EvaluatorAssigned { case: facts.case.id, person, part })
}

/// Records the evaluator's declaration; a conflict ends the assignment.
pub fn declare_interest(facts: &CaseFacts, act: &Act, conflict: bool, statement: &str) -> Result<Vec<Change>, Refusal> {
    facts.allows(Kind::DeclareInterest)?;
    let (Some(_), Some(person)) = (facts.assignment(&act.actor), act.actor.person) else { return Err(Refusal::forbidden()) };
    let statement = bounded("statement", statement.trim(), 2000)?;
    if conflict && statement.is_empty() {
        return Err(Refusal::invalid("statement", text("どのような利益相反かを書いてください。", "Say what the conflict of interest is.")));
    }
    let case = facts.case.id;
    let mut changes = vec![Change::InterestDeclared { case, person, interest: Interest { conflict, statement } }];
    if conflict {
        changes.push(Change::EvaluatorReleased { case, person });
    }
    Ok(changes)
}

/// Withdraws the application (applicant, before the decision) or the certificate (body, after it).
pub fn withdraw(facts: &CaseFacts, applicant: bool, reason: &str) -> Result<Change, Refusal> {
    facts.allows(Kind::WithdrawCase)?;
    if !applicant {
        facts.in_state(&[State::Certified, State::Watched])?;
    }
    let reason = bounded("reason", reason.trim(), 2000)?;
    if reason.is_empty() {
        return Err(Refusal::invalid("reason", text("理由を入力してください。", "Give a reason.")));
    }
    Ok(Change::StateMoved { case: facts.case.id, state: State::Withdrawn, reason })
}

/// Ends a certificate whose validity is over; a timed job asks for it every day.
pub fn expire(facts: &CaseFacts, today: Date) -> Option<Change> {
    let until = facts.certificate.as_ref()?.valid_until?;
    (facts.case.state.is_certified() && until < today).then(|| Change::StateMoved {
        case: facts.case.id,
        state: State::Expired,
        reason: until.to_string(),
    })
}

/// The next 整理番号 of a body in a year: prefix, year, four digits.
pub fn next_number(prefix: &str, year: i16, taken_this_year: u32) -> String {
    format!("{prefix}-{year}-{:04}", taken_this_year + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Finding;
    use crate::item::ItemFacts;
    use crate::party::Organisation;
    use crate::refusal::Why;
    use crate::world::*;
    use crate::{answer, evidence, reuse, round, verdict};

    #[test]
    fn the_table_of_states_is_as_written_down() {
        let mut out = String::from("# What may be asked for in each state of a case. Whatever is not here is refused.\n");
        for state in State::ALL {
            let allowed: Vec<&str> = Kind::ALL.iter().filter(|k| states(**k).contains(&state)).map(|k| k.code()).collect();
            let word = serde_json::to_value(state).unwrap();
            out.push_str(&format!("{:<10} {}\n", word.as_str().unwrap(), allowed.join(" ")));
        }
        golden("state_table.txt", &out);
    }

    /// Every rule of a case, asked for by the right person with good input.
    fn ask(kind: Kind, facts: &CaseFacts) -> Result<(), Refusal> {
        let sheet = sheet();
        let item = sheet.item(ItemNo(2)).unwrap();
        let (seen, open) = (answered(2, "対応しています。"), ItemFacts::untouched(ItemNo(2)));
        let with_claim = ItemFacts { claims: vec![claim(30)], ..seen.clone() };
        let improve = {
            let mut facts = judged(2, "partly", 1);
            facts.verdict.as_mut().unwrap().content.improvement = "改善".into();
            facts
        };
        let conforms = verdict::VerdictContent { mark: "conforms".into(), ..Default::default() };
        let (mut by_officer, by_first) = (act(officer()), act(first()));
        match kind {
            Kind::GiveAnswer => {
                answer::give(facts, item, &open, &by_officer, Pos::NEVER, content("対応"), answer::Origin::Written).map(drop)
            }
            Kind::SetWork => answer::set_work(facts, &open, answer::Work::default()).map(drop),
            Kind::ReviewAnswer => answer::review(facts, &seen, &act(colleague()), Pos(10), true, "").map(drop),
            Kind::AnswerImprovement => answer::answer_improvement(facts, &improve, &by_officer, "直しました").map(drop),
            Kind::MakeClaims => evidence::claim(facts, item, &mut by_officer, reuse::read_claim("規程 p.1"), None).map(drop),
            Kind::WithdrawClaim => evidence::withdraw_claim(facts, &with_claim, id(30)).map(drop),
            Kind::ProposeOutOfScope => reuse::propose(facts, &sheet, &[], &product(), &by_officer).map(drop),
            Kind::SubmitRound => round::submit(facts, &[seen], &by_officer, Digest([0; 32])).map(drop),
            Kind::AcceptRound => round::accept(facts, "AK-2026-0001").map(drop),
            Kind::ReturnRound => round::give_back(facts, &all_judged("conforms"), &sheet, None, "").map(drop),
            Kind::DecideCase => round::decide(facts, &sheet, &all_judged("conforms"), &[], &act(decider()), true, "根拠").map(drop),
            Kind::IssueCertificate => round::certify(facts, &mut act(secretariat()), "範囲", None).map(drop),
            Kind::ConfirmClaim => verdict::confirm_claim(facts, &with_claim, &by_first, id(30), Finding::Seen, "").map(drop),
            Kind::GiveVerdict => verdict::give(facts, &sheet, &seen, &by_first, Pos::NEVER, conforms).map(drop),
            Kind::ApproveVerdict => {
                verdict::approve(&with_second(facts.clone()), &judged(2, "conforms", 1), &act(second()), Pos(110), true, "").map(drop)
            }
            Kind::SendMessage => verdict::ask(facts, ItemNo(2), &by_officer, crate::policy::Side::Applicant, "質問").map(drop),
            Kind::AssignEvaluator => assign(facts, id(SECOND), Part::Second, &[body()]).map(drop),
            Kind::DeclareInterest => declare_interest(facts, &by_first, false, "").map(drop),
            Kind::WithdrawCase => withdraw(facts, true, "理由").map(drop),
            Kind::RenewCase => reuse::renew(facts, &mut by_officer).map(drop),
            other => facts.allows(other),
        }
    }

    #[test]
    fn every_rule_refuses_exactly_the_states_that_the_table_leaves_out() {
        for kind in Kind::ALL.iter().filter(|k| !states(**k).is_empty()) {
            for state in State::ALL {
                let answer = ask(*kind, &case(state));
                if states(*kind).contains(&state) {
                    assert_eq!(answer, Ok(()), "{} in {state:?}", kind.code());
                } else {
                    assert_eq!(answer.map_err(|r| r.why), Err(Why::State), "{} in {state:?}", kind.code());
                }
            }
        }
    }

    #[test]
    fn a_command_of_no_case_is_never_out_of_time() {
        assert!(State::ALL.iter().all(|s| case(*s).allows(Kind::AddPhrase).is_ok()));
    }

    fn organisation(n: Id<id::Organisation>, kinds: &[OrganisationKind]) -> Organisation {
        Organisation { id: n, name: "組織".into(), kinds: kinds.to_vec(), settings: Settings::default() }
    }

    #[test]
    fn a_case_opens_as_a_draft_of_the_providers_own_product_with_a_body() {
        let own = organisation(provider(), &[OrganisationKind::Provider]);
        let judge = organisation(body(), &[OrganisationKind::Body]);
        let sheet = SheetId("test@1".into());
        let opened = open(&mut act(officer()), &own, &product(), &judge, &sheet).unwrap();
        assert_eq!((opened.state, opened.round, opened.number.clone(), opened.is_self_evaluation()), (State::Draft, 0, None, false));
        let foreign = Product { organisation: body(), ..product() };
        assert_eq!(open(&mut act(officer()), &own, &foreign, &judge, &sheet).unwrap_err().field, Some("product"));
        assert_eq!(open(&mut act(officer()), &own, &product(), &own, &sheet).unwrap_err().field, Some("body"));
    }

    #[test]
    fn nobody_evaluates_a_case_of_their_own_organisation_unless_it_is_a_self_evaluation() {
        let mut facts = case(State::Submitted);
        let refused = assign(&facts, id(SECOND), Part::First, &[body(), provider()]).unwrap_err();
        assert_eq!((refused.why, refused.field), (Why::Invalid, Some("person")));
        facts.case.body = provider();
        assert!(assign(&facts, id(SECOND), Part::First, &[provider()]).is_ok());
    }

    #[test]
    fn assigning_again_does_not_drop_a_declaration_and_a_new_part_replaces_the_old() {
        let facts = case(State::InReview);
        assert_eq!(assign(&facts, id(FIRST), Part::First, &[body()]).unwrap_err().field, Some("person"));
        let moved = assign(&facts, id(FIRST), Part::Second, &[body()]).unwrap();
        assert_eq!(moved, Change::EvaluatorAssigned { case: id(50), person: id(FIRST), part: Part::Second });
    }

    #[test]
    fn a_conflict_of_interest_is_stated_and_ends_the_assignment() {
        let facts = case(State::InReview);
        assert_eq!(declare_interest(&facts, &act(first()), false, "").unwrap().len(), 1);
        assert_eq!(declare_interest(&facts, &act(first()), true, " ").unwrap_err().field, Some("statement"));
        let changes = declare_interest(&facts, &act(first()), true, "前職").unwrap();
        assert_eq!(changes[1], Change::EvaluatorReleased { case: id(50), person: id(FIRST) });
        assert_eq!(declare_interest(&facts, &act(second()), false, "").unwrap_err().why, Why::Forbidden);
    }

    #[test]
    fn the_applicant_withdraws_until_the_decision_and_either_side_a_certificate() {
        for state in State::ALL {
            let body = withdraw(&case(state), false, "理由");
            assert_eq!(body.is_ok(), state.is_certified(), "{state:?}");
        }
        assert_eq!(withdraw(&case(State::Draft), true, " ").unwrap_err().field, Some("reason"));
    }

    #[test]
    fn a_certificate_stands_on_its_last_day_and_ends_the_day_after() {
        let facts = case(State::Certified);
        let day = |d: &str| d.parse::<Date>().unwrap();
        assert_eq!(expire(&facts, day("2028-11-21")), None);
        assert!(matches!(expire(&facts, day("2028-11-22")), Some(Change::StateMoved { state: State::Expired, .. })));
        assert_eq!(expire(&case(State::Renewed), day("2028-11-22")), None, "it ended already");
        assert_eq!(expire(&case(State::Draft), day("2028-11-22")), None);
        let mut endless = case(State::Watched);
        endless.certificate.as_mut().unwrap().valid_until = None;
        assert_eq!(expire(&endless, day("9999-12-31")), None);
    }

    #[test]
    fn numbers_count_within_a_year() {
        assert_eq!(next_number("AK", 2026, 0), "AK-2026-0001");
        assert_eq!(next_number("AK", 2026, 9999), "AK-2026-10000");
    }

    #[test]
    fn flagged_items_count_only_while_the_round_is_returned() {
        let mut facts = case(State::Returned);
        facts.rounds[0].flagged = Some(vec![ItemNo(2)]);
        assert_eq!(facts.flagged(), Some(&[ItemNo(2)][..]));
        facts.case.state = State::InReview;
        assert_eq!(facts.flagged(), None);
    }
}
