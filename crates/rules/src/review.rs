//! Periodic reviews of accounts and rights, and alerts that people have to see (items 74, 81, 97-99, 249, 250).

use jiff::{SignedDuration, Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountKind, Standing};
use crate::act::{Act, japan};
use crate::change::Change;
use crate::id::{self, Id};
use crate::party::{Membership, bounded};
use crate::refusal::Refusal;
use crate::text::{Text, text, worded};

/// What the reviewer says of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// Needed, with just these rights.
    Keep,
    /// The rights are to be changed.
    Change,
    /// Not needed any more.
    Close,
}

impl Judgement {
    pub const ALL: [Judgement; 3] = [Judgement::Keep, Judgement::Change, Judgement::Close];
    pub const fn name(self) -> Text {
        match self {
            Judgement::Keep => text("継続", "Keep"),
            Judgement::Change => text("権限を変更", "Change the rights"),
            Judgement::Close => text("不要", "Not needed"),
        }
    }
}

/// One line of a review: the rights as they stood, and what was said of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reviewed {
    pub membership: Membership,
    pub judgement: Judgement,
    #[serde(default)]
    pub remark: String,
}

/// One review of all accounts of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Review {
    pub id: Id<id::Review>,
    pub organisation: Id<id::Organisation>,
    pub by: Id<id::Person>,
    pub at: Timestamp,
    /// Every account that the organisation had then.
    pub accounts: Vec<Reviewed>,
    pub finding: String,
    /// When the next one is due.
    pub next: Date,
}

/// Reviews every account at once: none may be left out, and what has to change says why.
pub fn review(
    act: &mut Act,
    organisation: Id<id::Organisation>,
    members: &[Membership],
    said: &[(Id<id::Person>, Judgement, String)],
    finding: &str,
    months: u16,
) -> Result<Review, Refusal> {
    let by = act.actor.person.ok_or(Refusal::forbidden())?;
    let mut accounts = vec![];
    for membership in members {
        let Some((_, judgement, remark)) = said.iter().find(|(person, ..)| *person == membership.person) else {
            let left = members.iter().filter(|m| !said.iter().any(|(p, ..)| *p == m.person)).count();
            return Err(Refusal::invalid(
                "accounts",
                worded(
                    format!("確認していないアカウントが{left}件あります。すべて確認してください。"),
                    format!("{left} accounts are not reviewed yet; look at all."),
                ),
            ));
        };
        let remark = bounded("remark", remark.trim(), 500)?;
        if *judgement != Judgement::Keep && remark.is_empty() {
            return Err(Refusal::invalid(
                "remark",
                text("変更・不要とする理由を入力してください。", "Say why an account is changed or not needed."),
            ));
        }
        accounts.push(Reviewed { membership: membership.clone(), judgement: *judgement, remark });
    }
    let next = next(act.today(), months);
    Ok(Review { id: act.fresh(), organisation, by, at: act.at, accounts, finding: bounded("finding", finding.trim(), 2000)?, next })
}

/// When the review after this day is due.
pub fn next(day: Date, months: u16) -> Date {
    day.checked_add(jiff::Span::new().months(i32::from(months))).unwrap_or(Date::MAX)
}

/// Not used for so long that somebody should ask whether it is needed (item 98). A machine never signs in: its tokens end
/// by themselves.
pub fn is_stale(account: &Account, since: Timestamp, stale_days: u16, now: Timestamp) -> bool {
    let last = account.last_in.unwrap_or(since);
    account.standing == Standing::Active
        && account.kind != AccountKind::Machine
        && last + SignedDuration::from_hours(24 * i64::from(stale_days)) < now
}

/// An account whose last day is over and that is still active is stopped (item 97).
pub fn leave(account: &Account, now: Timestamp) -> Option<Change> {
    let over = account.standing == Standing::Active && account.ends.is_some_and(|ends| ends < japan(now).date());
    over.then(|| Change::AccountSuspended { person: account.person, reason: "the last day of the account is over".into() })
}

/// What administrators are warned of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// Too many wrong sign-ins: an account is locked for a while (item 81(3)).
    Locked,
    /// Many wrong sign-ins from one address.
    Guessing,
    /// An emergency account was activated or used (item 250).
    Emergency,
    /// An operator looks at a tenant's data without prior approval (item 18).
    EmergencyView,
    /// Credentials may have leaked (items 87, 88).
    Leak,
    /// Somebody was stopped because their last day was over.
    Left,
    /// Accounts that nobody used for long.
    Stale,
    /// A review is due.
    ReviewDue,
    /// Mail or a webhook cannot be delivered.
    Undelivered,
    /// A checkpoint did not reach an anchor outside (items 102, 108).
    NotAnchored,
    /// Another history of this ledger was seen outside: a fork, or a tail that was cut.
    Forked,
    /// A file of the vault is not what was stored, or is gone.
    VaultDamaged,
    /// Malware was found in a file, or the scanner is silent or old (items 112, 117).
    Malware,
    /// Space for logs, files or backups runs out (item 108(2)).
    Space,
    /// The clock moved, or does not follow its time server (item 109).
    ClockOff,
    /// A backup failed, or is older than it may be (item 137).
    BackupFailed,
    /// A review of the ledger is due (item 107).
    LogReviewDue,
    /// A key was taken from escrow, or is due for rotation (items 171, 190).
    KeyEvent,
    /// A package was refused.
    PackageRefused,
    /// The time of something is over, or its erasure was requested.
    RetentionDue,
}

impl AlertKind {
    pub const fn name(self) -> Text {
        match self {
            AlertKind::Locked => text("サインイン失敗によるロック", "Account locked"),
            AlertKind::Guessing => text("総当たりの疑い", "Guessing from one address"),
            AlertKind::Emergency => text("非常時アカウント", "Emergency account"),
            AlertKind::EmergencyView => text("緊急の閲覧", "Emergency viewing"),
            AlertKind::Leak => text("認証情報の漏えいの疑い", "Possible leak of credentials"),
            AlertKind::Left => text("利用期限の終了", "Last day over"),
            AlertKind::Stale => text("長期間使われていないアカウント", "Unused accounts"),
            AlertKind::ReviewDue => text("定期レビューの期限", "Review due"),
            AlertKind::NotAnchored => text("台帳の外部固定の失敗", "Ledger not anchored outside"),
            AlertKind::Forked => text("台帳の分岐・欠落の疑い", "Ledger forked or cut"),
            AlertKind::VaultDamaged => text("保管ファイルの破損", "Damaged file in the vault"),
            AlertKind::Malware => text("マルウェア検査", "Malware scan"),
            AlertKind::Space => text("記憶容量の不足", "Space runs out"),
            AlertKind::ClockOff => text("時刻のずれ", "Clock off"),
            AlertKind::BackupFailed => text("バックアップの失敗", "Backup failed"),
            AlertKind::LogReviewDue => text("台帳レビューの期限", "Review of the ledger due"),
            AlertKind::KeyEvent => text("鍵の管理", "Keys"),
            AlertKind::PackageRefused => text("封印パッケージの拒否", "Package refused"),
            AlertKind::RetentionDue => text("保存期間と消去", "Retention and erasure"),
            AlertKind::Undelivered => text("通知を送信できない", "Notices not delivered"),
        }
    }
}

/// Something that administrators have to see at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alert {
    pub id: Id<id::Alert>,
    /// Whose administrators it is for; `None` is for operators.
    pub organisation: Option<Id<id::Organisation>>,
    // Not `kind` in JSON: a change names its own kind by that word.
    #[serde(rename = "alert_kind")]
    pub kind: AlertKind,
    /// What it is about: an account, an address, a request.
    pub subject: String,
    pub words: Text,
    pub at: Timestamp,
}

/// A mail on its way. Its text lies beside the ledger, because it may hold a one-time link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mail {
    pub id: Id<id::Mail>,
    pub to: String,
    pub subject: String,
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::party::Role;
    use crate::world::*;

    fn account() -> Account {
        Account {
            person: id(9),
            kind: AccountKind::Person,
            home: Some(provider()),
            standing: Standing::Active,
            reason: String::new(),
            initial: false,
            password_set: None,
            ends: None,
            last_in: None,
            failed: 0,
            last_failed: None,
        }
    }

    #[test]
    fn a_review_leaves_no_account_out_and_says_why_something_changes() {
        let member = |n| Membership { person: id(n), organisation: provider(), roles: vec![Role::Colleague] };
        let members = [member(1), member(2)];
        let run = |said: &[(Id<id::Person>, Judgement, String)]| {
            review(&mut Act::new(officer(), now(), [1; 32]), provider(), &members, said, "四半期の棚卸し", 3)
        };
        assert_eq!(run(&[(id(1), Judgement::Keep, String::new())]).unwrap_err().field, Some("accounts"));
        assert_eq!(
            run(&[(id(1), Judgement::Keep, String::new()), (id(2), Judgement::Close, " ".into())]).unwrap_err().field,
            Some("remark")
        );
        let done = run(&[(id(1), Judgement::Keep, String::new()), (id(2), Judgement::Close, "退職".into())]).unwrap();
        assert_eq!((done.accounts.len(), done.next), (2, jiff::civil::date(2027, 2, 22)));
    }

    #[test]
    fn an_account_is_stale_after_its_days_and_left_after_its_last_day() {
        let day = SignedDuration::from_hours(24);
        let mut a = account();
        assert!(!is_stale(&a, now(), 90, now() + day * 90) && is_stale(&a, now(), 90, now() + day * 91));
        a.last_in = Some(now() + day * 50);
        assert!(!is_stale(&a, now(), 90, now() + day * 91));
        assert_eq!(leave(&a, now()), None);
        a.ends = Some(jiff::civil::date(2026, 11, 21));
        assert!(leave(&a, now()).is_some());
        a.kind = AccountKind::Machine;
        assert!(!is_stale(&a, now(), 1, now() + day * 900), "a machine never signs in");
        a.kind = AccountKind::Person;
        a.standing = Standing::Closed;
        assert!(leave(&a, now()).is_none() && !is_stale(&a, now(), 1, now() + day * 900));
    }
}
