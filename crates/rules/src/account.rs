//! Accounts: what kind of id it is, whether it may be used, with which factors, and how somebody came in.

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::change::Change;
use crate::id::{self, Id};
use crate::party::{Person, Role, line};
use crate::refusal::Refusal;
use crate::text::{Lang, Text, text};

/// Kinds of ids (items 73, 93, 94, 248): each belongs to one person, to one program, or to an emergency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// One human being.
    #[default]
    Person,
    /// 非対話型ID: another system; it holds tokens and can open no page.
    Machine,
    /// 非常時アカウント: disabled until two people activate it.
    Emergency,
}

impl AccountKind {
    pub const fn name(self) -> Text {
        match self {
            AccountKind::Person => text("個人", "Person"),
            AccountKind::Machine => text("システム間連携（非対話型）", "Machine"),
            AccountKind::Emergency => text("非常時", "Emergency"),
        }
    }
}

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    #[default]
    Active,
    /// Stopped for now: nothing opens, until another person resumes it.
    Suspended,
    /// Ended for good; its id is never given again (item 94).
    Closed,
}

impl Standing {
    pub const fn name(self) -> Text {
        match self {
            Standing::Active => text("利用中", "Active"),
            Standing::Suspended => text("停止中", "Suspended"),
            Standing::Closed => text("廃止", "Closed"),
        }
    }
}

/// What is known of an account beside the person's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Account {
    pub person: Id<id::Person>,
    pub kind: AccountKind,
    /// The organisation that answers for the account: its administrators suspend, resume and reissue.
    pub home: Option<Id<id::Organisation>>,
    pub standing: Standing,
    /// Why it is suspended or closed.
    pub reason: String,
    /// The password was made by Akashi: it opens nothing but the form to change it (item 80(1)).
    pub initial: bool,
    pub password_set: Option<Timestamp>,
    /// The last day on which it may be used, for contracts with an end (item 97).
    pub ends: Option<Date>,
    pub last_in: Option<Timestamp>,
    /// Failed sign-ins since the last good one, and when the last of them was (item 92(1)).
    pub failed: u32,
    pub last_failed: Option<Timestamp>,
}

impl Account {
    /// May it be used on this day?
    pub fn is_open(&self, today: Date) -> bool {
        self.standing == Standing::Active && self.ends.is_none_or(|ends| today <= ends)
    }
}

/// Kinds of second factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    /// One-time codes of a telephone or token (RFC 6238).
    Totp,
    /// A passkey or security key (WebAuthn); with user verification it is two factors by itself.
    Passkey,
    /// Ten codes on paper, each good once.
    Recovery,
}

impl FactorKind {
    pub const fn name(self) -> Text {
        match self {
            FactorKind::Totp => text("ワンタイムコード", "One-time codes"),
            FactorKind::Passkey => text("パスキー", "Passkey"),
            FactorKind::Recovery => text("リカバリーコード", "Recovery codes"),
        }
    }
}

/// A second factor; its secret lies elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Factor {
    pub id: Id<id::Factor>,
    pub person: Id<id::Person>,
    // Not `kind` in JSON: a change names its own kind by that word.
    #[serde(rename = "factor_kind")]
    pub kind: FactorKind,
    /// What its owner calls it.
    pub name: String,
    pub added: Timestamp,
}

/// How somebody came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    #[default]
    Password,
    /// Password and one-time code.
    Totp,
    /// Password and passkey.
    PasswordPasskey,
    /// A passkey alone, with user verification.
    Passkey,
    /// Password and a recovery code.
    Recovery,
    /// At another provider, by OpenID Connect.
    Elsewhere,
    /// 代替認証: without the factor that is usual, by a prior approval (items 89, 90).
    Alternate,
    /// An emergency account (items 248-251).
    Emergency,
}

impl Method {
    pub const fn name(self) -> Text {
        match self {
            Method::Password => text("パスワード", "Password"),
            Method::Totp => text("パスワードとワンタイムコード", "Password and one-time code"),
            Method::PasswordPasskey => text("パスワードとパスキー", "Password and passkey"),
            Method::Passkey => text("パスキー", "Passkey"),
            Method::Recovery => text("パスワードとリカバリーコード", "Password and recovery code"),
            Method::Elsewhere => text("外部の認証基盤", "Identity provider"),
            Method::Alternate => text("代替認証", "Alternate sign-in"),
            Method::Emergency => text("非常時アカウント", "Emergency account"),
        }
    }
}

/// How far a sign-in has come; only a full session opens anything but the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    #[default]
    Full,
    /// The password was right, the second factor is still to come.
    Factor,
    /// The password has to be changed first (items 80(1), 82).
    Password,
    /// A second factor is demanded and none is registered yet.
    Enrol,
}

/// Makes an id for another system. It belongs to the organisation and has no password.
pub fn machine(act: &mut Act, name: &str, lang: Lang) -> Result<Person, Refusal> {
    let id: Id<id::Person> = act.fresh();
    // Not a mail address: nobody can be invited by it, and it cannot be typed at the sign-in form.
    let handle = format!("machine:{}", id.to_string().trim_start_matches("person_"));
    Ok(Person { id, name: line("name", name, 60)?, email: handle, lang, kind: AccountKind::Machine })
}

/// Makes an emergency account; it is suspended until two people activate it.
pub fn emergency(act: &mut Act, name: &str, email: &str, lang: Lang) -> Result<Vec<Change>, Refusal> {
    let person = Person {
        id: act.fresh(),
        name: line("name", name, 60)?,
        email: crate::party::email("email", email)?,
        lang,
        kind: AccountKind::Emergency,
    };
    let reason = "disabled until two people activate it".to_owned();
    let id = person.id;
    Ok(vec![Change::PersonAdded(person), Change::AccountSuspended { person: id, reason }])
}

/// A reason that others can understand later: at least a few words.
pub fn reason(field: &'static str, written: &str) -> Result<String, Refusal> {
    let clean = line(field, written, 500)?;
    if clean.chars().count() < 4 {
        return Err(Refusal::invalid(
            field,
            text("後から読む人に分かる理由を入力してください。", "Give a reason that others can understand later."),
        ));
    }
    Ok(clean)
}

/// Stops an account at once (items 41, 87, 97).
pub fn suspend(act: &Act, account: &Account, why: &str) -> Result<Change, Refusal> {
    if act.actor.is(account.person) {
        return Err(Refusal::state(text("自分自身のアカウントは停止できません。", "You cannot suspend your own account.")));
    }
    if account.standing != Standing::Active {
        return Err(Refusal::state(text("このアカウントは利用中ではありません。", "This account is not active.")));
    }
    Ok(Change::AccountSuspended { person: account.person, reason: reason("reason", why)? })
}

/// Ends an account for good.
pub fn close(act: &Act, account: &Account, why: &str) -> Result<Change, Refusal> {
    if act.actor.is(account.person) {
        return Err(Refusal::state(text("自分自身のアカウントは廃止できません。", "You cannot close your own account.")));
    }
    if account.standing == Standing::Closed {
        return Err(Refusal::state(text("このアカウントはすでに廃止されています。", "This account is closed already.")));
    }
    Ok(Change::AccountClosed { person: account.person, reason: reason("reason", why)? })
}

/// Roles that always need two factors: who runs or administers (item 95).
pub const ALWAYS_TWO_FACTORS: [Role; 2] = [Role::Operator, Role::Administrator];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::*;

    pub fn account(standing: Standing) -> Account {
        Account {
            person: id(COLLEAGUE),
            kind: AccountKind::Person,
            home: Some(provider()),
            standing,
            reason: String::new(),
            initial: false,
            password_set: Some(now()),
            ends: None,
            last_in: None,
            failed: 0,
            last_failed: None,
        }
    }

    fn act() -> Act {
        Act::new(officer(), now(), [1; 32])
    }

    #[test]
    fn an_account_is_open_through_its_last_day_and_only_while_active() {
        let day = |d: i8| jiff::civil::date(2026, 11, d);
        let mut a = account(Standing::Active);
        assert!(a.is_open(day(22)));
        a.ends = Some(day(22));
        assert!(a.is_open(day(22)) && !a.is_open(day(23)));
        assert!(!account(Standing::Suspended).is_open(day(1)) && !account(Standing::Closed).is_open(day(1)));
    }

    #[test]
    fn nobody_stops_themselves_and_a_reason_is_needed() {
        let own = Account { person: id(OFFICER), ..account(Standing::Active) };
        assert!(suspend(&act(), &own, "退職のため").is_err() && close(&act(), &own, "退職のため").is_err());
        assert!(suspend(&act(), &account(Standing::Active), "x").is_err());
        assert!(suspend(&act(), &account(Standing::Active), "違反の疑い").is_ok());
        assert!(suspend(&act(), &account(Standing::Suspended), "違反の疑い").is_err());
        assert!(close(&act(), &account(Standing::Suspended), "退職のため").is_ok());
        assert!(close(&act(), &account(Standing::Closed), "退職のため").is_err());
    }

    #[test]
    fn a_machine_id_is_no_mail_address_and_an_emergency_account_begins_suspended() {
        let made = machine(&mut act(), "バックアップ監視", Lang::Ja).unwrap();
        assert!(crate::party::email("email", &made.email).is_err(), "{}", made.email);
        assert_eq!(made.kind, AccountKind::Machine);
        let changes = emergency(&mut act(), "非常時", "emergency@example.jp", Lang::Ja).unwrap();
        assert!(matches!(changes[1], Change::AccountSuspended { .. }));
    }
}
