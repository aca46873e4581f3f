//! How a host lets people sign in: root over SSH, and the brake on guessing (items 81, 103).

use rules::text::{Text, text, worded};

use crate::contract::{Facts, Finding, Probe, Rule, Snapshot};
use crate::net::Part;
use crate::profile::Profile;
use crate::settings::{number, pairs, pam};

/// `sshd` is the output of `sshd -T`, for one connection where `Match` is used (`-C`); the others are files of the host.
const READS: &[&str] = &["sshd", "faillock", "pam_auth"];

pub const PROBE: Probe = Probe {
    id: "login_config",
    rules: &[
        Rule { id: "H1", items: &[103], source: "項目103", unverified: false, excusable: false },
        Rule { id: "H4", items: &[81], source: "項目81(2)(3)。数値は既定値の提案", unverified: true, excusable: false },
    ],
    reads: READS,
    take: |target, net| net.files(target, "login_config", READS, Part::Whole, |_, content| content),
    judge: |snapshot, profile, _: &Facts| vec![root_login(snapshot), brake(snapshot, profile)],
};

fn root_login(snapshot: &Snapshot) -> Finding {
    let expected = text("PermitRootLogin no", "PermitRootLogin no");
    let dump = match snapshot.text("sshd") {
        Ok(dump) => dump,
        Err(why) => return Finding::unknown("H1", why, expected),
    };
    // A dump names every setting once; a file of sshd need not, and its first line counts.
    let mut said =
        dump.lines().filter_map(|line| line.trim().split_once(' ')).filter(|(key, _)| key.eq_ignore_ascii_case("permitrootlogin"));
    match (said.next(), said.next()) {
        (Some((_, value)), None) => {
            let told = format!("PermitRootLogin {}", value.trim());
            Finding::told("H1", value.trim() == "no", worded(told.clone(), told), expected)
        }
        _ => Finding::unknown("H1", text("sshd -T の出力ではありません", "Not the output of sshd -T"), expected),
    }
}

fn brake(snapshot: &Snapshot, profile: &Profile) -> Finding {
    let limits = &profile.limits;
    let (after, lock, delay) = (i64::from(limits.lock_after), i64::from(limits.lock_seconds), i64::from(limits.delay_micros));
    let expected = worded(
        format!("失敗{after}回以内でロック、{lock}秒以上（または管理者が解除）、失敗後の遅延{delay}マイクロ秒以上"),
        format!("Locked after at most {after} failures for {lock} s or longer, or until an administrator unlocks; {delay} µs of delay"),
    );
    match brake_settings(snapshot) {
        Err(why) => Finding::unknown("H4", why, expected),
        Ok(None) => Finding::told("H4", false, text("pam_faillock.so が使われていません", "pam_faillock.so is not in use"), expected),
        Ok(Some([deny, unlock, pause])) => {
            let told = format!("deny = {deny}, unlock_time = {unlock}, delay = {pause} µs");
            // deny = 0 never locks; unlock_time = 0 locks until somebody unlocks.
            let holds = deny > 0 && deny <= after && (unlock == 0 || unlock >= lock) && pause >= delay;
            Finding::told("H4", holds, worded(told.clone(), told), expected)
        }
    }
}

/// Failures before the lock, its seconds, the microseconds of delay; none where nothing locks.
fn brake_settings(snapshot: &Snapshot) -> Result<Option<[i64; 3]>, Text> {
    let stack = snapshot.text("pam_auth")?;
    let Some(arguments) = pam(stack, "pam_faillock.so") else {
        // An included stack may have it, and is not seen here.
        let elsewhere = stack
            .lines()
            .any(|l| l.trim_start().starts_with("@include") || l.split_whitespace().any(|w| w == "include" || w == "substack"));
        let why =
            text("pam_auth: 別ファイルを取り込んでいます。取り込み先を指定してください", "pam_auth: includes another file; name that one");
        return if elsewhere { Err(why) } else { Ok(None) };
    };
    let mut settings = pairs(snapshot.text("faillock")?);
    settings.extend(arguments);
    let not_a_number = || text("数値として読めない設定があります", "A setting is no number");
    // What counts unwritten: faillock.conf(5), and pam_unix(8), which waits two seconds by itself.
    let deny = number(&settings, "deny", 3).ok_or_else(not_a_number)?;
    let unlock = match settings.get("unlock_time").map(String::as_str) {
        Some("never") => 0,
        _ => number(&settings, "unlock_time", 600).ok_or_else(not_a_number)?,
    };
    let own = pam(stack, "pam_unix.so").map_or(0, |arguments| if arguments.contains_key("nodelay") { 0 } else { 2_000_000 });
    let asked = match pam(stack, "pam_faildelay.so") {
        Some(arguments) if arguments.contains_key("delay") => number(&arguments, "delay", 0).ok_or_else(not_a_number)?,
        // Then login.defs names it, which is not read here.
        Some(_) | None => 0,
    };
    Ok(Some([deny, unlock, own.max(asked)]))
}
