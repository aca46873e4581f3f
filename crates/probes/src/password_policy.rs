//! What a host asks of passwords: their length and kinds of characters, and when they end (items 80, 82).

use rules::text::{Text, text, worded};

use crate::contract::{Facts, Finding, Probe, Rule, Snapshot};
use crate::net::Part;
use crate::profile::{PasswordRule, Profile};
use crate::settings::{number, pairs, pam};

const READS: &[&str] = &["pam_password", "pwquality", "login_defs", "shadow"];

pub const PROBE: Probe = Probe {
    id: "password_policy",
    rules: &[
        Rule { id: "Q1", items: &[80], source: "項目80(3)", unverified: false, excusable: false },
        Rule { id: "Q6", items: &[82], source: "項目82", unverified: false, excusable: false },
    ],
    reads: READS,
    take: |target, net| net.files(target, "password_policy", READS, Part::Whole, without_hashes),
    judge: |snapshot, profile, facts| vec![strength(snapshot, profile, facts), expiry(snapshot, profile, facts)],
};

/// Of `/etc/shadow` only names and days are stored; a password's hash becomes `set`, and what is no entry is left out.
fn without_hashes(role: &str, content: String) -> String {
    if role != "shadow" {
        return content;
    }
    let mut out = String::new();
    for line in content.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        if fields.len() != 9 {
            out.push_str("unreadable\n");
            continue;
        }
        let password = match fields[1] {
            "" => "empty",
            field if field.starts_with(['!', '*']) => "locked",
            _ => "set",
        };
        out.push_str(&[&[fields[0], password], &fields[2..8]].concat().join(":"));
        out.push('\n');
    }
    out
}

/// What a new password must have at least.
struct Demanded {
    shortest: i64,
    classes: i64,
    enforced: bool,
}

fn strength(snapshot: &Snapshot, profile: &Profile, facts: &Facts) -> Finding {
    let ways: Vec<Text> = profile.passwords.iter().map(said).collect();
    let join = |words: Vec<&str>, or: &str| words.join(or);
    let expected =
        worded(join(ways.iter().map(|w| w.ja.as_ref()).collect(), "、または"), join(ways.iter().map(|w| w.en.as_ref()).collect(), "; or "));
    let asked = match demanded(snapshot) {
        Ok(Some(asked)) => asked,
        Ok(None) => {
            return Finding::told("Q1", false, text("pam_pwquality.so が使われていません", "pam_pwquality.so is not in use"), expected);
        }
        Err(why) => return Finding::unknown("Q1", why, expected),
    };
    let age = longest_age(snapshot);
    let told = format!("minlen {}, minclass {}, enforcing {}", asked.shortest, asked.classes, asked.enforced);
    let measured = match &age {
        Ok(days) => worded(format!("{told}、有効期間 {}", days.ja), format!("{told}, valid for {}", days.en)),
        Err(why) => worded(format!("{told}、{}", why.ja), format!("{told}; {}", why.en)),
    };
    let days = age.as_ref().ok().map(|age| age.days);
    // Of several ways one is enough; what nobody knows does not make a way hold.
    let held = profile.passwords.iter().map(|way| holds(way, &asked, days, facts)).fold(Some(false), either);
    match held {
        Some(good) => Finding::told("Q1", good, measured, expected),
        None => Finding::unknown("Q1", measured, expected),
    }
}

fn said(way: &PasswordRule) -> Text {
    let (n, classes) = (way.shortest, way.classes);
    let mut ja = format!("{n}文字以上・文字種{classes}以上");
    let mut en = format!("{n} characters or more, {classes} kinds or more");
    if way.random {
        ja.push_str("・ランダム");
        en.push_str(", random");
    }
    if way.second_factor {
        ja.push_str("・多要素認証");
        en.push_str(", with a second factor");
    }
    if let Some(days) = way.max_age_days {
        ja.push_str(&format!("・{days}日以内に変更"));
        en.push_str(&format!(", changed within {days} days"));
    }
    worded(ja, en)
}

fn holds(way: &PasswordRule, asked: &Demanded, days: Option<Option<i64>>, facts: &Facts) -> Option<bool> {
    let strong = asked.enforced && asked.shortest >= i64::from(way.shortest) && asked.classes >= i64::from(way.classes);
    let random = if way.random { facts.random_passwords } else { Some(true) };
    let factor = if way.second_factor { facts.second_factor } else { Some(true) };
    let fresh = way.max_age_days.map_or(Some(true), |most| days.map(|days| days.is_some_and(|d| d <= i64::from(most))));
    [Some(strong), random, factor, fresh].into_iter().fold(Some(true), both)
}

fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        (None, _) | (_, None) => None,
    }
}

fn either(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    both(a.map(|a| !a), b.map(|b| !b)).map(|neither| !neither)
}

/// What libpwquality demands: its file, over which the line of PAM counts; none where PAM does not ask it.
fn demanded(snapshot: &Snapshot) -> Result<Option<Demanded>, Text> {
    let Some(arguments) = pam(snapshot.text("pam_password")?, "pam_pwquality.so") else { return Ok(None) };
    let mut settings = pairs(snapshot.text("pwquality")?);
    settings.extend(arguments);
    let get = |key: &str, otherwise| {
        number(&settings, key, otherwise).ok_or_else(|| text("数値として読めない設定があります", "A setting is no number"))
    };
    let (mut credit, mut needed) = (0i64, 0i64);
    for key in ["dcredit", "ucredit", "lcredit", "ocredit"] {
        let n = get(key, 0)?;
        // A positive credit makes the password shorter, a negative one demands this kind of character.
        credit = credit.saturating_add(n.max(0));
        needed += i64::from(n < 0);
    }
    // pwquality.conf(5): eight unless written, and never below six.
    let shortest = get("minlen", 8)?.saturating_sub(credit).max(6);
    Ok(Some(Demanded { shortest, classes: get("minclass", 0)?.max(needed).max(1), enforced: get("enforcing", 1)? != 0 }))
}

/// The longest time for which a password is valid; no days where it never ends.
struct Age {
    days: Option<i64>,
    ja: String,
    en: String,
}

/// Of the accounts that have a password, and of those yet to be made.
fn longest_age(snapshot: &Snapshot) -> Result<Age, Text> {
    let new = number(&pairs(snapshot.text("login_defs")?), "pass_max_days", -1);
    let mut ages =
        vec![new.ok_or_else(|| text("login_defs: PASS_MAX_DAYS が数値ではありません", "login_defs: PASS_MAX_DAYS is no number"))?];
    for line in snapshot.text("shadow")?.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        match fields[..] {
            [_, "locked", ..] => {}
            [_, _, _, _, "", ..] => ages.push(-1),
            [_, _, _, _, most, ..] if most.parse::<i64>().is_ok() => ages.extend(most.parse::<i64>()),
            _ => return Err(text("shadow: 読めない行があります", "shadow: a line cannot be read")),
        }
    }
    // shadow(5): without a number, or with 99999, a password never ends.
    let never = ages.iter().any(|days| *days < 0 || *days >= 99_999);
    let days = if never { None } else { ages.into_iter().max() };
    let (ja, en) = days.map_or_else(|| ("無期限".to_owned(), "ever".to_owned()), |d| (format!("{d}日"), format!("{d} days")));
    Ok(Age { days, ja, en })
}

fn expiry(snapshot: &Snapshot, profile: &Profile, facts: &Facts) -> Finding {
    let expected = match profile.expiry_days {
        None => text("定期的な変更は求めない", "No periodic change is asked"),
        Some(most) => worded(format!("多要素認証、または{most}日以内の変更"), format!("A second factor, or a change within {most} days")),
    };
    let age = match longest_age(snapshot) {
        Ok(age) => age,
        // Also where nothing is asked: what was not seen does not pass.
        Err(why) => return Finding::unknown("Q6", why, expected),
    };
    let good = profile.expiry_days.is_none_or(|most| age.days.is_some_and(|days| days <= i64::from(most)));
    let measured = worded(age.ja, age.en);
    match facts.second_factor {
        _ if good => Finding::told("Q6", true, measured, expected),
        Some(true) => {
            let told = worded(format!("{}、多要素認証（申告）", measured.ja), format!("{}, with a second factor as declared", measured.en));
            Finding::told("Q6", true, told, expected)
        }
        Some(false) => Finding::told("Q6", false, measured, expected),
        // Nobody said whether there is a second factor, which would excuse it.
        None => Finding::unknown("Q6", measured, expected),
    }
}
