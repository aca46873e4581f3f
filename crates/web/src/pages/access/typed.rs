//! Access rules as they were typed: each line that cannot be read is named.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::civil::Time;
use rules::access::Access;
use rules::id::Digest;
use rules::refusal::Refusal;
use rules::text::{Text, text, worded};

use crate::visit::Fields;

/// Reads the form; whether the rules are sound is for the rule to say.
pub fn access(form: &Fields) -> Result<Access, Refusal> {
    Ok(Access {
        profile: form.text("profile").to_owned(),
        second_factor: form.words("second_factor")?.into_iter().collect(),
        days: form.each("days")?.into_iter().collect(),
        hours: hours(form)?,
        networks: lines(form, "networks", network, || text("ネットワークとして", "as a network"))?,
        management: lines(form, "management", network, || text("ネットワークとして", "as a network"))?,
        certificates: lines(form, "certificates", fingerprint, || text("SHA-256の指紋として", "as a SHA-256 fingerprint"))?,
        sessions: form.need("sessions")?,
        sessions_together: form.need("sessions_together")?,
        idle_minutes: form.need("idle_minutes")?,
        session_hours: form.need("session_hours")?,
        approval: form.is_on("approval"),
        privileged: form.each("privileged")?.into_iter().collect::<BTreeSet<_>>(),
        stale_days: form.need("stale_days")?,
        review_months: form.need("review_months")?,
    })
}

fn hours(form: &Fields) -> Result<Option<(Time, Time)>, Refusal> {
    let time = |name: &'static str| match form.text(name).trim() {
        "" => Ok(None),
        written => written
            .parse::<Time>()
            .map(Some)
            .map_err(|_| Refusal::invalid(name, text("時刻は 08:00 の形で入力してください。", "Write the time as 08:00."))),
    };
    match (time("hours")?, time("until")?) {
        (Some(from), Some(until)) => Ok(Some((from, until))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(Refusal::invalid("until", text("終了時刻も入力してください。", "Give the end as well."))),
        (None, Some(_)) => Err(Refusal::invalid("hours", text("開始時刻も入力してください。", "Give the beginning as well."))),
    }
}

/// A network, or a single address, which is a network of its own.
fn network(line: &str) -> Option<IpNet> {
    line.parse().ok().or_else(|| line.parse::<IpAddr>().ok().map(IpNet::from))
}

fn fingerprint(line: &str) -> Option<Digest> {
    let bare: String = line.chars().filter(|c| *c != ':' && !c.is_whitespace()).collect();
    bare.to_ascii_lowercase().parse().ok()
}

/// One value a line; empty lines are nothing.
fn lines<T>(form: &Fields, name: &'static str, read: fn(&str) -> Option<T>, what: fn() -> Text) -> Result<Vec<T>, Refusal> {
    let (mut out, mut wrong) = (vec![], vec![]);
    for (at, line) in form.text(name).lines().enumerate().map(|(at, line)| (at + 1, line.trim())).filter(|(_, line)| !line.is_empty()) {
        match read(line) {
            Some(value) => out.push(value),
            None => wrong.push((at, line.chars().take(60).collect::<String>())),
        }
    }
    if wrong.is_empty() {
        return Ok(out);
    }
    let ja: Vec<String> = wrong.iter().map(|(at, line)| format!("{at}行目「{line}」")).collect();
    let en: Vec<String> = wrong.iter().map(|(at, line)| format!("line {at} ({line})")).collect();
    let what = what();
    Err(Refusal::invalid(
        name,
        worded(
            format!("{}を{}読み取れません。1行に1つずつ入力してください。", ja.join("、"), what.ja),
            format!("Not readable {}: {}. Write one a line.", what.en, en.join(", ")),
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(networks: &str, certificates: &str) -> Fields {
        let numbers = ["sessions", "sessions_together", "idle_minutes", "session_hours", "stale_days", "review_months"];
        let mut all: Vec<(String, String)> = numbers.iter().map(|n| ((*n).to_owned(), "5".to_owned())).collect();
        all.extend([("networks".to_owned(), networks.to_owned()), ("certificates".to_owned(), certificates.to_owned())]);
        Fields(all)
    }

    #[test]
    fn each_line_that_is_no_network_is_named() {
        let refused = access(&form("192.0.2.0/24\n10.0.0.x\n\n192.0.2.7\n300.1.1.1/8", "")).unwrap_err();
        assert_eq!(refused.field, Some("networks"));
        assert!(refused.text.ja.contains("2行目「10.0.0.x」、5行目「300.1.1.1/8」"), "{}", refused.text.ja);
    }

    #[test]
    fn a_single_address_is_a_network_and_a_fingerprint_may_have_colons() {
        let written = ["AB"; 32].join(":");
        let read = access(&form(" 192.0.2.7 \r\n2001:db8::/32\r\n", &written)).unwrap();
        assert_eq!(read.networks, ["192.0.2.7/32".parse::<IpNet>().unwrap(), "2001:db8::/32".parse().unwrap()]);
        assert_eq!(read.certificates, [Digest([0xab; 32])]);
        assert!(access(&form("", "abcd")).is_err());
    }

    #[test]
    fn hours_come_in_pairs() {
        let with = |from: &str, until: &str| {
            let mut all = form("", "");
            all.0.extend([("hours".to_owned(), from.to_owned()), ("until".to_owned(), until.to_owned())]);
            access(&all).map(|a| a.hours).map_err(|r| r.field)
        };
        assert_eq!(with("", ""), Ok(None));
        assert_eq!(with("08:00", "20:30"), Ok(Some((Time::constant(8, 0, 0, 0), Time::constant(20, 30, 0, 0)))));
        assert_eq!(
            (with("08:00", ""), with("", "20:00"), with("8時", "20:00")),
            (Err(Some("until")), Err(Some("hours")), Err(Some("hours")))
        );
    }
}
