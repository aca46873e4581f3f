//! Who may come in from where and when: the access rules that each organisation sets for its people.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::civil::{Time, Weekday};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::ALWAYS_TWO_FACTORS;
use crate::act::japan;
use crate::id::{self, Digest, Id};
use crate::party::Role;
use crate::refusal::{Refusal, Why};
use crate::text::{Text, text, worded};

/// The access rules of one organisation (items 80, 91, 92, 95, 101, 103, 127, 164).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Access {
    /// The password profile, by its id in `catalog/profiles/passwords.toml`.
    pub profile: String,
    /// Roles that need a second factor, beside operators and administrators, who always do.
    pub second_factor: BTreeSet<Role>,
    /// Days of the week on which people may sign in, 1 for Monday to 7 for Sunday; none allows all.
    pub days: BTreeSet<i8>,
    /// From and until when on these days, in Japan; nothing allows all day.
    #[schemars(with = "Option<(String, String)>")]
    pub hours: Option<(Time, Time)>,
    /// Networks to come from; none allows all.
    #[schemars(with = "Vec<String>")]
    pub networks: Vec<IpNet>,
    /// Networks of management terminals: the only ones from which privilege is used (item 103); none allows all.
    #[schemars(with = "Vec<String>")]
    pub management: Vec<IpNet>,
    /// Fingerprints (SHA-256) of client certificates, one of which a connection must show; none needs no certificate.
    pub certificates: Vec<Digest>,
    /// Sessions that one person may have at the same time (item 91).
    pub sessions: u16,
    /// Sessions that all people of the organisation may have together (item 91).
    pub sessions_together: u16,
    /// Minutes without a request after which a session ends (item 127).
    pub idle_minutes: u16,
    /// Hours after which a session ends, whatever is done in it.
    pub session_hours: u16,
    /// New accounts and wider rights need another administrator's approval (item 68).
    pub approval: bool,
    /// 特権使用者: who alone may ask for privilege (items 100, 101). None leaves privilege with the roles.
    pub privileged: BTreeSet<Id<id::Person>>,
    /// Days without a sign-in after which an account counts as unused (item 98).
    pub stale_days: u16,
    /// Months between reviews of accounts and rights (items 74, 98, 99).
    pub review_months: u16,
}

impl Default for Access {
    fn default() -> Access {
        Access {
            profile: "mfa-15".into(),
            second_factor: Role::ALL.into_iter().collect(),
            days: BTreeSet::new(),
            hours: None,
            networks: vec![],
            management: vec![],
            certificates: vec![],
            sessions: 5,
            sessions_together: 1000,
            idle_minutes: 30,
            session_hours: 12,
            approval: false,
            privileged: BTreeSet::new(),
            stale_days: 90,
            review_months: 3,
        }
    }
}

/// Where and when somebody tries to come in.
#[derive(Debug, Clone, Copy)]
pub struct Coming<'a> {
    pub at: Timestamp,
    /// The network address as text; what is no address, such as `local`, comes from this machine.
    pub address: &'a str,
    /// The client certificate's fingerprint, where the connection has one.
    pub certificate: Option<Digest>,
}

fn within(networks: &[IpNet], address: &str) -> bool {
    // An IPv4 address that arrives in IPv6 clothing is the IPv4 address.
    let address: Option<IpAddr> = address.parse::<IpAddr>().ok().map(|a| a.to_canonical());
    networks.is_empty() || address.is_some_and(|a| networks.iter().any(|n| n.contains(&a)))
}

fn denied(words: Text) -> Refusal {
    Refusal::new(Why::Forbidden, words)
}

impl Access {
    pub fn needs_second_factor(&self, roles: &[Role]) -> bool {
        roles.iter().any(|r| ALWAYS_TWO_FACTORS.contains(r) || self.second_factor.contains(r))
    }

    /// Is it one of the allowed days and hours (item 92(2))?
    pub fn is_open_at(&self, at: Timestamp) -> bool {
        let now = japan(at);
        let day = self.days.is_empty() || self.days.contains(&now.weekday().to_monday_one_offset());
        let hour = self.hours.is_none_or(|(from, until)| {
            let now = now.time();
            // A span over midnight, such as 22:00 to 6:00, is open on both of its sides.
            if from <= until { from <= now && now < until } else { from <= now || now < until }
        });
        day && hour
    }

    /// Refuses a network or certificate that is not on the lists. Checked at sign-in and at every request.
    pub fn admits_from(&self, coming: &Coming) -> Result<(), Refusal> {
        if !within(&self.networks, coming.address) {
            return Err(denied(text(
                "このネットワークからは利用できません。許可された場所から接続するか、組織管理者に連絡してください。",
                "This network is not allowed. Connect from an allowed place, or ask your administrator.",
            )));
        }
        if !self.certificates.is_empty() && !coming.certificate.is_some_and(|c| self.certificates.contains(&c)) {
            return Err(denied(text(
                "登録されたクライアント証明書が必要です。証明書を確認し、組織管理者に連絡してください。",
                "A registered client certificate is needed. Check yours, or ask your administrator.",
            )));
        }
        Ok(())
    }

    /// Refuses a sign-in outside the allowed hours, unless it was approved for now.
    pub fn admits_now(&self, at: Timestamp, excepted: bool) -> Result<(), Refusal> {
        if excepted || self.is_open_at(at) {
            return Ok(());
        }
        let (ja, en) = self.hours_told();
        Err(denied(worded(
            format!("利用できる曜日・時間帯（{ja}）ではありません。急ぎの作業は、組織管理者に時間外利用を申請してもらってください。"),
            format!("Sign-in is allowed {en} only. For urgent work ask an administrator to request out-of-hours use."),
        )))
    }

    /// The allowed days and hours in words.
    pub fn hours_told(&self) -> (String, String) {
        let names = |of: fn(Weekday) -> &'static str| -> Vec<&'static str> {
            self.days.iter().filter_map(|d| Weekday::from_monday_one_offset(*d).ok()).map(of).collect()
        };
        let (ja, en) = if self.days.is_empty() {
            ("毎日".to_owned(), "every day".to_owned())
        } else {
            (names(day_ja).join("・"), names(day_en).join(", "))
        };
        match self.hours {
            Some((from, until)) => {
                let hm = |t: Time| format!("{:02}:{:02}", t.hour(), t.minute());
                (format!("{ja} {}〜{}", hm(from), hm(until)), format!("{en} {}-{}", hm(from), hm(until)))
            }
            None => (ja, en),
        }
    }

    /// Is this one of the management terminals (item 103)?
    pub fn is_management(&self, address: &str) -> bool {
        within(&self.management, address)
    }

    pub fn idle(&self) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.idle_minutes))
    }
    pub fn longest(&self) -> SignedDuration {
        SignedDuration::from_hours(i64::from(self.session_hours))
    }

    /// Checks new rules; `profiles` are the ids that there are, `members` the people of the organisation.
    /// Rules that would shut out the very person who sets them are refused.
    pub fn check(self, profiles: &[&str], members: &[Id<id::Person>], coming: &Coming) -> Result<Access, Refusal> {
        let between = |field, n: u16, least: u16, most: u16| {
            if (least..=most).contains(&n) {
                return Ok(());
            }
            Err(Refusal::invalid(
                field,
                worded(format!("{least}から{most}までの数を入力してください。"), format!("A number from {least} to {most}, please.")),
            ))
        };
        if !profiles.contains(&self.profile.as_str()) {
            return Err(Refusal::invalid("profile", text("パスワードの方式を選んでください。", "Choose a password profile.")));
        }
        if self.days.iter().any(|d| !(1..=7).contains(d)) {
            return Err(Refusal::invalid("days", text("曜日を選び直してください。", "Choose days of the week.")));
        }
        if self.hours.is_some_and(|(from, until)| from == until) {
            return Err(Refusal::invalid("hours", text("開始と終了に異なる時刻を入力してください。", "Begin and end must differ.")));
        }
        between("sessions", self.sessions, 1, 20)?;
        between("sessions_together", self.sessions_together, 1, 10_000)?;
        between("idle_minutes", self.idle_minutes, 1, 240)?;
        between("session_hours", self.session_hours, 1, 24)?;
        between("stale_days", self.stale_days, 7, 365)?;
        between("review_months", self.review_months, 1, 12)?;
        if self.privileged.iter().any(|p| !members.contains(p)) {
            return Err(Refusal::invalid("privileged", text("所属する人から選んでください。", "Choose among the members.")));
        }
        if self.privileged.len() == 1 {
            return Err(Refusal::invalid(
                "privileged",
                text(
                    "特権の利用には別の人の承認が必要です。2人以上を選んでください。",
                    "Privilege needs another person's approval: name at least two.",
                ),
            ));
        }
        if !within(&self.networks, coming.address) {
            return Err(shut_out("networks", coming));
        }
        // Also where nobody is named: these rules could then be changed from no place that is in use.
        if !self.is_management(coming.address) {
            return Err(shut_out("management", coming));
        }
        if self.admits_from(coming).is_err() {
            return Err(Refusal::invalid(
                "certificates",
                text(
                    "この設定では、いま操作しているあなた自身が接続できなくなります。いま使用しているクライアント証明書を含めてください。",
                    "With these rules you yourself could not connect any more. Include the client certificate that you use now.",
                ),
            ));
        }
        Ok(self)
    }
}

fn shut_out(field: &'static str, coming: &Coming) -> Refusal {
    let from = coming.address;
    Refusal::invalid(
        field,
        worded(
            format!("この設定では、いま操作しているあなた自身が接続できなくなります。現在の接続元（{from}）を含めてください。"),
            format!("With these rules you yourself could not connect any more. Include where you are now ({from})."),
        ),
    )
}

fn day_ja(day: Weekday) -> &'static str {
    ["月", "火", "水", "木", "金", "土", "日"][usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)]
}
fn day_en(day: Weekday) -> &'static str {
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::now;

    fn from(address: &str) -> Coming<'_> {
        Coming { at: now(), address, certificate: None }
    }

    #[test]
    fn operators_and_administrators_always_need_a_second_factor() {
        let access = Access { second_factor: [Role::Evaluator].into(), ..Access::default() };
        for role in Role::ALL {
            let expected = matches!(role, Role::Operator | Role::Administrator | Role::Evaluator);
            assert_eq!(access.needs_second_factor(&[role]), expected, "{role:?}");
        }
    }

    #[test]
    fn days_and_hours_open_and_shut_at_their_minute_also_over_midnight() {
        let at = |t: &str| t.parse::<Timestamp>().unwrap();
        let hm = |h, m| Time::constant(h, m, 0, 0);
        let mut access = Access { days: [1, 2, 3, 4, 5].into(), hours: Some((hm(8, 30), hm(18, 0))), ..Access::default() };
        // 22 November 2026 is a Sunday in Japan.
        assert!(!access.is_open_at(now()));
        assert!(!access.is_open_at(at("2026-11-23T23:29:59Z")) && access.is_open_at(at("2026-11-23T23:30:00Z")));
        assert!(access.is_open_at(at("2026-11-24T08:59:59Z")) && !access.is_open_at(at("2026-11-24T09:00:00Z")));
        access.hours = Some((hm(22, 0), hm(6, 0)));
        assert!(access.is_open_at(at("2026-11-24T14:00:00Z")) && !access.is_open_at(at("2026-11-24T03:00:00Z")));
        assert!(access.admits_now(at("2026-11-24T03:00:00Z"), true).is_ok(), "an approved exception opens it");
    }

    #[test]
    fn networks_and_certificates_are_lists_and_an_empty_one_is_open() {
        let mut access = Access::default();
        assert!(access.admits_from(&from("203.0.113.9")).is_ok());
        access.networks = vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
        for (address, ok) in
            [("192.0.2.9", true), ("::ffff:192.0.2.9", true), ("2001:db8::1", true), ("192.0.3.1", false), ("local", false), ("", false)]
        {
            assert_eq!(access.admits_from(&from(address)).is_ok(), ok, "{address}");
        }
        access = Access { certificates: vec![Digest([1; 32])], ..Access::default() };
        let with = |c| Coming { certificate: c, ..from("192.0.2.9") };
        assert!(access.admits_from(&with(None)).is_err() && access.admits_from(&with(Some(Digest([2; 32])))).is_err());
        assert!(access.admits_from(&with(Some(Digest([1; 32])))).is_ok());
    }

    #[test]
    fn rules_that_shut_out_their_author_or_leave_privilege_to_one_person_are_refused() {
        let check = |a: Access| a.check(&["mfa-15"], &[crate::world::id(1), crate::world::id(2)], &from("192.0.2.9"));
        assert!(check(Access::default()).is_ok());
        assert_eq!(
            check(Access { networks: vec!["198.51.100.0/24".parse().unwrap()], ..Access::default() }).unwrap_err().field,
            Some("networks")
        );
        let elsewhere = || vec!["198.51.100.0/24".parse().unwrap()];
        assert_eq!(check(Access { management: elsewhere(), ..Access::default() }).unwrap_err().field, Some("management"));
        assert_eq!(check(Access { certificates: vec![Digest([1; 32])], ..Access::default() }).unwrap_err().field, Some("certificates"));
        assert_eq!(check(Access { privileged: [crate::world::id(1)].into(), ..Access::default() }).unwrap_err().field, Some("privileged"));
        assert_eq!(
            check(Access { privileged: [crate::world::id(1), crate::world::id(9)].into(), ..Access::default() }).unwrap_err().field,
            Some("privileged")
        );
        assert!(check(Access { privileged: [crate::world::id(1), crate::world::id(2)].into(), ..Access::default() }).is_ok());
        assert_eq!(check(Access { idle_minutes: 0, ..Access::default() }).unwrap_err().field, Some("idle_minutes"));
        assert_eq!(check(Access { profile: "none".into(), ..Access::default() }).unwrap_err().field, Some("profile"));
    }
}
