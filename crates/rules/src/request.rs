//! Requests: what one person asks for and another approves (items 18, 68, 72, 86, 89, 100, 248-251).

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::reason;
use crate::act::{Act, Actor, Mark};
use crate::change::Change;
use crate::id::{self, Id};
use crate::keeping::Matter;
use crate::party::{Role, line};
use crate::refusal::{Refusal, Why};
use crate::text::{Text, text, worded};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// 登録: a new account, or a further one of an organisation.
    Register { email: String, roles: Vec<Role> },
    /// 変更: other rights.
    ChangeRoles { person: Id<id::Person>, roles: Vec<Role> },
    /// 停止解除
    Resume { person: Id<id::Person> },
    /// 再発行: new credentials after a recorded identity check; `factors` gives up the second factors too. `initial` asks
    /// for a password made by Akashi instead of a link, for somebody whom no link reaches (item 80(1)).
    Reissue {
        person: Id<id::Person>,
        identity: String,
        #[serde(default)]
        factors: bool,
        #[serde(default)]
        initial: bool,
    },
    /// 代替認証: sign-in without the usual factor for a while.
    Alternate { person: Id<id::Person>, identity: String },
    /// 時間外: one sign-in outside the allowed days and hours.
    OutOfHours { person: Id<id::Person> },
    /// 特権: what operators and administrators may do, for a named person and a while.
    Privilege,
    /// 非常時: activates an emergency account.
    BreakGlass { account: Id<id::Person> },
    /// 閲覧: an operator wants to see the data of the organisation that decides.
    View { emergency: bool },
    /// 保全の解除: what a hold keeps may go again.
    LiftHold { hold: Id<id::Hold> },
    /// 消去: something whose time is over leaves for good.
    Erase { matter: Matter },
    /// 鍵の預託の開封: the master key is taken back from escrow.
    OpenEscrow,
}

/// The kinds of requests, for lists and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskKind {
    Register,
    ChangeRoles,
    Resume,
    Reissue,
    Alternate,
    OutOfHours,
    Privilege,
    BreakGlass,
    View,
    LiftHold,
    Erase,
    OpenEscrow,
}

impl AskKind {
    pub const ALL: [AskKind; 12] = [
        AskKind::Register,
        AskKind::ChangeRoles,
        AskKind::Resume,
        AskKind::Reissue,
        AskKind::Alternate,
        AskKind::OutOfHours,
        AskKind::Privilege,
        AskKind::BreakGlass,
        AskKind::View,
        AskKind::LiftHold,
        AskKind::Erase,
        AskKind::OpenEscrow,
    ];
    pub const fn name(self) -> Text {
        match self {
            AskKind::Register => text("アカウントの登録", "New account"),
            AskKind::ChangeRoles => text("権限の変更", "Change of rights"),
            AskKind::Resume => text("停止の解除", "Resume an account"),
            AskKind::Reissue => text("認証情報の再発行", "New credentials"),
            AskKind::Alternate => text("代替認証", "Alternate sign-in"),
            AskKind::OutOfHours => text("時間外の利用", "Out-of-hours use"),
            AskKind::Privilege => text("特権の利用", "Privilege"),
            AskKind::BreakGlass => text("非常時アカウントの有効化", "Emergency account"),
            AskKind::View => text("運用者による閲覧", "Viewing by an operator"),
            AskKind::LiftHold => text("保全の解除", "Lift a hold"),
            AskKind::Erase => text("消去", "Erasure"),
            AskKind::OpenEscrow => text("鍵の預託の開封", "Open the key escrow"),
        }
    }
    /// Who decides in the organisation that is concerned.
    pub const fn deciders(self) -> &'static [Role] {
        match self {
            // Whose data it is decides; the operator's own administrators do not.
            AskKind::View => &[Role::Administrator, Role::Officer, Role::InstitutionOfficer, Role::Secretariat],
            AskKind::OpenEscrow => &[Role::Operator],
            AskKind::BreakGlass | AskKind::Privilege => &[Role::Administrator, Role::Operator],
            _ => &[Role::Administrator],
        }
    }
    /// The longest time it can be in force.
    pub const fn longest(self) -> SignedDuration {
        SignedDuration::from_hours(match self {
            AskKind::Privilege => 8,
            AskKind::Reissue | AskKind::OutOfHours | AskKind::BreakGlass => 24,
            _ => 24 * 7,
        })
    }
    /// Somebody has to look afterwards at what was done (items 247, 249).
    pub const fn is_reviewed(self) -> bool {
        matches!(self, AskKind::Privilege | AskKind::BreakGlass | AskKind::View | AskKind::Alternate)
    }
}

impl Ask {
    pub const fn kind(&self) -> AskKind {
        match self {
            Ask::Register { .. } => AskKind::Register,
            Ask::ChangeRoles { .. } => AskKind::ChangeRoles,
            Ask::Resume { .. } => AskKind::Resume,
            Ask::Reissue { .. } => AskKind::Reissue,
            Ask::Alternate { .. } => AskKind::Alternate,
            Ask::OutOfHours { .. } => AskKind::OutOfHours,
            Ask::Privilege => AskKind::Privilege,
            Ask::BreakGlass { .. } => AskKind::BreakGlass,
            Ask::View { .. } => AskKind::View,
            Ask::LiftHold { .. } => AskKind::LiftHold,
            Ask::Erase { .. } => AskKind::Erase,
            Ask::OpenEscrow => AskKind::OpenEscrow,
        }
    }
    /// Its approval hands over a password made by Akashi.
    pub const fn makes_password(&self) -> bool {
        matches!(self, Ask::BreakGlass { .. } | Ask::Reissue { initial: true, .. })
    }
    /// Whom it is about, where that is not the one who asks.
    pub const fn person(&self) -> Option<Id<id::Person>> {
        match self {
            Ask::ChangeRoles { person, .. }
            | Ask::Resume { person }
            | Ask::Reissue { person, .. }
            | Ask::Alternate { person, .. }
            | Ask::OutOfHours { person } => Some(*person),
            Ask::BreakGlass { account } => Some(*account),
            Ask::Erase { matter: Matter::Person { person } } => Some(*person),
            Ask::Register { .. } | Ask::Privilege | Ask::View { .. } | Ask::LiftHold { .. } | Ask::Erase { .. } | Ask::OpenEscrow => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    Pending,
    /// In force before anybody decided: viewing in an emergency.
    Provisional,
    Approved,
    Refused,
    Withdrawn,
    /// Nobody decided in time.
    Lapsed,
    /// Over: used, ended or out of time.
    Ended,
    /// Over, and somebody looked at what was done.
    Reviewed,
}

impl RequestState {
    pub const fn name(self) -> Text {
        match self {
            RequestState::Pending => text("承認待ち", "Waiting"),
            RequestState::Provisional => text("緊急のため有効（承認待ち）", "In force, to be approved"),
            RequestState::Approved => text("承認済み", "Approved"),
            RequestState::Refused => text("却下", "Refused"),
            RequestState::Withdrawn => text("取下げ", "Withdrawn"),
            RequestState::Lapsed => text("失効", "Lapsed"),
            RequestState::Ended => text("終了", "Ended"),
            RequestState::Reviewed => text("事後確認済み", "Reviewed"),
        }
    }
    /// Still to be decided.
    pub const fn is_open(self) -> bool {
        matches!(self, RequestState::Pending | RequestState::Provisional)
    }
}

/// A request with what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    pub id: Id<id::Request>,
    /// The organisation whose people decide.
    pub organisation: Id<id::Organisation>,
    pub ask: Ask,
    pub reason: String,
    /// When it comes into force, if approved, and when it ends.
    pub from: Timestamp,
    pub until: Timestamp,
    pub by: Id<id::Person>,
    pub at: Timestamp,
    pub state: RequestState,
    pub decided_by: Option<Id<id::Person>>,
    pub decided: Option<Timestamp>,
    /// What the decider said.
    #[serde(default)]
    pub statement: String,
    /// What the review afterwards found.
    #[serde(default)]
    pub finding: String,
}

impl Request {
    /// Is it in force now?
    pub fn is_active(&self, now: Timestamp) -> bool {
        matches!(self.state, RequestState::Approved | RequestState::Provisional) && self.from <= now && now < self.until
    }
    /// Was it in force, so that there is something to look at?
    pub fn awaits_review(&self) -> bool {
        self.state == RequestState::Ended && self.ask.kind().is_reviewed()
    }
    /// May this person decide it? Not who asked, and not whom it is about (item 68); nor an emergency account, behind
    /// which either may sit.
    pub fn is_decided_by(&self, actor: &Actor) -> bool {
        let emergency = actor.grants.marks.iter().any(|m| matches!(m, Mark::Emergency(_)));
        let concerned = emergency || actor.is(self.by) || self.ask.person().is_some_and(|p| actor.is(p));
        !concerned && actor.organisation == Some(self.organisation) && self.ask.kind().deciders().iter().any(|r| actor.has(*r))
    }
}

/// How long a request waits for a decision.
pub const WAITING_DAYS: i64 = 7;

/// Writes a request. `begin` and `hours` bound the time in which it is to be in force.
pub fn make(
    act: &mut Act,
    organisation: Id<id::Organisation>,
    ask: Ask,
    why: &str,
    begin: Option<Timestamp>,
    hours: u16,
) -> Result<Request, Refusal> {
    let by = act.actor.person.ok_or(Refusal::forbidden())?;
    let kind = ask.kind();
    let longest = kind.longest();
    let span = SignedDuration::from_hours(i64::from(hours));
    if span <= SignedDuration::ZERO || span > longest {
        let most = longest.as_hours();
        return Err(Refusal::invalid(
            "hours",
            worded(format!("1時間から{most}時間の間で入力してください。"), format!("From 1 to {most} hours, please.")),
        ));
    }
    let from = begin.unwrap_or(act.at).max(act.at);
    if from > act.at + SignedDuration::from_hours(24 * 30) {
        return Err(Refusal::invalid("begin", text("30日以内の日時を入力してください。", "Within the next 30 days, please.")));
    }
    if let Ask::Reissue { identity, .. } | Ask::Alternate { identity, .. } = &ask {
        reason("identity", identity)?;
    }
    let ask = match ask {
        Ask::Register { email, roles } => Ask::Register { email: crate::party::email("email", &email)?, roles },
        other => other,
    };
    let emergency = matches!(ask, Ask::View { emergency: true });
    Ok(Request {
        id: act.fresh(),
        organisation,
        ask,
        reason: reason("reason", why)?,
        from,
        until: from + span,
        by,
        at: act.at,
        state: if emergency { RequestState::Provisional } else { RequestState::Pending },
        decided_by: None,
        decided: None,
        statement: String::new(),
        finding: String::new(),
    })
}

/// The refusal of a decision by somebody whom the request concerns.
pub const fn concerned() -> Refusal {
    Refusal::new(
        Why::Forbidden,
        text("申請した人と対象の人は、この申請を承認・却下できません。", "Who asked, and whom it is about, cannot decide this request."),
    )
}

/// Approves or refuses.
pub fn decide(act: &Act, request: &Request, approve: bool, statement: &str) -> Result<Change, Refusal> {
    let by = act.actor.person.ok_or(Refusal::forbidden())?;
    if !request.is_decided_by(&act.actor) {
        return Err(concerned());
    }
    if !request.state.is_open() {
        return Err(Refusal::state(text("この申請はすでに処理されています。", "This request has been dealt with.")));
    }
    if request.state == RequestState::Pending && request.until <= act.at {
        return Err(Refusal::state(text("この申請の期間は過ぎています。", "The time this request was for is over.")));
    }
    let statement = if statement.trim().is_empty() && approve { String::new() } else { line("statement", statement, 500)? };
    Ok(Change::RequestDecided { request: request.id, approve, by, statement })
}

/// Takes a waiting request back, or ends one that is in force.
pub fn end(act: &Act, request: &Request) -> Result<Change, Refusal> {
    let state = match request.state {
        RequestState::Pending => RequestState::Withdrawn,
        RequestState::Approved | RequestState::Provisional => RequestState::Ended,
        _ => return Err(Refusal::state(text("この申請はすでに終わっています。", "This request is over already."))),
    };
    if !act.actor.is(request.by) && !request.is_decided_by(&act.actor) {
        return Err(Refusal::forbidden());
    }
    Ok(Change::RequestEnded { request: request.id, state })
}

/// What time does to a request: a waiting one lapses, one in force ends.
pub fn run_out(request: &Request, now: Timestamp) -> Option<Change> {
    let state = match request.state {
        RequestState::Pending if request.until <= now || request.at + SignedDuration::from_hours(24 * WAITING_DAYS) <= now => {
            RequestState::Lapsed
        }
        RequestState::Approved | RequestState::Provisional if request.until <= now => RequestState::Ended,
        _ => return None,
    };
    Some(Change::RequestEnded { request: request.id, state })
}

/// Closes a request with what was found when looking at what was done under it.
pub fn review(act: &Act, request: &Request, finding: &str) -> Result<Change, Refusal> {
    let by = act.actor.person.ok_or(Refusal::forbidden())?;
    if !request.awaits_review() {
        return Err(Refusal::state(text("事後確認を待つ申請ではありません。", "This request awaits no review.")));
    }
    if !request.is_decided_by(&act.actor) {
        return Err(Refusal::forbidden());
    }
    Ok(Change::RequestReviewed { request: request.id, finding: reason("finding", finding)?, by })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::*;

    fn asks(by: Actor, ask: Ask, hours: u16) -> Result<Request, Refusal> {
        make(&mut Act::new(by, now(), [1; 32]), provider(), ask, "夜間の障害対応", None, hours)
    }
    fn as_administrator(n: u8) -> Act {
        Act::new(person(n, provider(), &[Role::Administrator]), now(), [2; 32])
    }

    #[test]
    fn who_asks_and_whom_it_is_about_do_not_decide() {
        let request = asks(person(50, provider(), &[Role::Administrator]), Ask::OutOfHours { person: id(51) }, 4).unwrap();
        for (n, ok) in [(50, false), (51, false), (52, true)] {
            assert_eq!(decide(&as_administrator(n), &request, true, "").is_ok(), ok, "{n}");
        }
        let stranger = Act::new(person(52, body(), &[Role::Administrator]), now(), [2; 32]);
        assert_eq!(decide(&stranger, &request, true, "").unwrap_err().why, Why::Forbidden);
    }

    #[test]
    fn an_emergency_account_decides_and_reviews_nothing() {
        let mut request = asks(officer(), Ask::Alternate { person: id(51), identity: "対面で確認".into() }, 4).unwrap();
        let mut act = as_administrator(52);
        act.actor.grants.marks = vec![Mark::Emergency(id(9))];
        assert_eq!(decide(&act, &request, true, "").unwrap_err().why, Why::Forbidden);
        request.state = RequestState::Ended;
        assert_eq!(review(&act, &request, "記録を確認し問題なし").unwrap_err().why, Why::Forbidden);
        // Other marks take nothing away.
        act.actor.grants.marks = vec![Mark::Privileged(id(9))];
        assert!(review(&act, &request, "記録を確認し問題なし").is_ok());
    }

    #[test]
    fn a_request_is_taken_back_or_ended_by_who_made_it_or_decides_it_and_once() {
        let mut request = asks(person(50, provider(), &[Role::Colleague]), Ask::OutOfHours { person: id(51) }, 4).unwrap();
        let made_it = Act::new(person(50, provider(), &[Role::Colleague]), now(), [1; 32]);
        let whom = Act::new(person(51, provider(), &[Role::Colleague]), now(), [1; 32]);
        for (state, becomes) in [
            (RequestState::Pending, RequestState::Withdrawn),
            (RequestState::Approved, RequestState::Ended),
            (RequestState::Provisional, RequestState::Ended),
        ] {
            request.state = state;
            for act in [&made_it, &as_administrator(52)] {
                assert!(matches!(end(act, &request), Ok(Change::RequestEnded { state, .. }) if state == becomes));
            }
            assert_eq!(end(&whom, &request).unwrap_err().why, Why::Forbidden);
        }
        for state in [RequestState::Refused, RequestState::Lapsed, RequestState::Ended, RequestState::Reviewed, RequestState::Withdrawn] {
            request.state = state;
            assert_eq!(end(&made_it, &request).unwrap_err().why, Why::State);
            assert_eq!(run_out(&request, now() + SignedDuration::from_hours(24 * 365)), None);
        }
    }

    #[test]
    fn a_request_is_decided_once_and_a_refusal_says_why() {
        let mut request = asks(officer(), Ask::OutOfHours { person: id(51) }, 4).unwrap();
        assert!(decide(&as_administrator(52), &request, false, " ").is_err());
        assert!(decide(&as_administrator(52), &request, false, "必要性がない").is_ok());
        request.state = RequestState::Refused;
        assert_eq!(decide(&as_administrator(52), &request, true, "").unwrap_err().why, Why::State);
    }

    #[test]
    fn every_kind_has_an_end_and_none_may_be_longer() {
        for (ask, most) in [(Ask::Privilege, 8), (Ask::BreakGlass { account: id(9) }, 24), (Ask::View { emergency: false }, 168)] {
            assert!(asks(officer(), ask.clone(), most).is_ok());
            assert_eq!(asks(officer(), ask.clone(), most + 1).unwrap_err().field, Some("hours"));
            assert_eq!(asks(officer(), ask, 0).unwrap_err().field, Some("hours"));
        }
    }

    #[test]
    fn a_request_lapses_when_nobody_decides_and_ends_when_its_time_is_over() {
        let mut request = asks(officer(), Ask::View { emergency: false }, 168).unwrap();
        let later = |hours| now() + SignedDuration::from_hours(hours);
        assert_eq!(run_out(&request, later(167)), None);
        assert!(matches!(run_out(&request, later(168)), Some(Change::RequestEnded { state: RequestState::Lapsed, .. })));
        request.state = RequestState::Approved;
        assert!(request.is_active(later(167)) && !request.is_active(later(168)));
        assert!(matches!(run_out(&request, later(168)), Some(Change::RequestEnded { state: RequestState::Ended, .. })));
    }

    #[test]
    fn an_emergency_view_is_in_force_at_once_and_still_waits_for_approval() {
        let request = asks(officer(), Ask::View { emergency: true }, 4).unwrap();
        assert!(request.is_active(now()) && request.state.is_open());
    }

    #[test]
    fn what_was_in_force_is_looked_at_afterwards_by_somebody_else() {
        let mut request = asks(officer(), Ask::View { emergency: false }, 4).unwrap();
        request.state = RequestState::Ended;
        assert!(review(&Act::new(officer(), now(), [1; 32]), &request, "問題なし").is_err());
        assert!(review(&as_administrator(52), &request, "").is_err());
        assert!(review(&as_administrator(52), &request, "記録を確認し問題なし").is_ok());
        request.ask = Ask::OutOfHours { person: id(9) };
        assert!(review(&as_administrator(52), &request, "問題なし").is_err());
    }

    #[test]
    fn new_credentials_need_a_recorded_identity_check() {
        let ask = |identity: &str| Ask::Reissue { person: id(9), identity: identity.into(), factors: false, initial: false };
        assert_eq!(asks(officer(), ask(" "), 24).unwrap_err().field, Some("identity"));
        assert!(asks(officer(), ask("対面で職員証を確認"), 24).is_ok());
    }
}
