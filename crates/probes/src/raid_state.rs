//! Whether the disks of a volume survive the loss of one, and are all there now (item 144).

use rules::text::{text, worded};

use crate::contract::{Facts, Finding, Probe, Rule, Snapshot, Verdict};
use crate::net::Part;
use crate::profile::Profile;

const READS: &[&str] = &["mdstat"];

pub const PROBE: Probe = Probe {
    id: "raid_state",
    rules: &[
        Rule { id: "G1", items: &[144], source: "項目144", unverified: false, excusable: true },
        Rule { id: "G2", items: &[144], source: "項目144", unverified: false, excusable: false },
    ],
    reads: READS,
    take: |target, net| net.files(target, "raid_state", READS, Part::Whole, |_, content| content),
    judge,
};

/// One array of Linux' software RAID.
struct Array {
    name: String,
    level: String,
    /// As `UU` or `U_`; empty where the level has no spare disk to lose.
    members: String,
    rebuilding: bool,
}

fn judge(snapshot: &Snapshot, _: &Profile, _: &Facts) -> Vec<Finding> {
    let level = text("RAID 1・10・6（1台の障害に耐える構成）", "RAID 1, 10 or 6");
    let whole = text("すべてのディスクが動作していること", "All disks are at work");
    let unknown =
        |why: rules::text::Text| vec![Finding::unknown("G1", why.clone(), level.clone()), Finding::unknown("G2", why, whole.clone())];
    let arrays = match snapshot.text("mdstat") {
        Ok(content) => arrays(content),
        Err(why) => return unknown(why),
    };
    if arrays.is_empty() {
        // Hardware and cloud volumes do not appear here: nothing is known of them.
        return unknown(text("ソフトウェアRAIDのアレイがありません", "There is no array of software RAID"));
    }
    let told = arrays.iter().map(|a| format!("{} {} [{}]", a.name, a.level, a.members)).collect::<Vec<_>>().join(", ");
    let measured = worded(told.clone(), told);
    let good = arrays.iter().all(|a| matches!(a.level.as_str(), "raid1" | "raid10" | "raid6"));
    let complete = arrays.iter().all(|a| !a.members.is_empty() && a.members.chars().all(|c| c == 'U'));
    let mut state = Finding::told("G2", complete, measured.clone(), whole);
    state.warning = state.verdict == Verdict::Pass && arrays.iter().any(|a| a.rebuilding);
    vec![Finding::told("G1", good, measured, level), state]
}

fn arrays(content: &str) -> Vec<Array> {
    let mut out: Vec<Array> = vec![];
    for line in content.lines() {
        if let Some((name, rest)) = line.split_once(" : ").filter(|(name, _)| name.trim().starts_with("md")) {
            // An inactive array names no level.
            let level = rest.split_whitespace().find(|w| w.starts_with("raid") || *w == "linear").unwrap_or("inactive");
            out.push(Array { name: name.trim().to_owned(), level: level.to_owned(), members: String::new(), rebuilding: false });
        } else if let Some(array) = out.last_mut() {
            if let Some(state) = line.trim_end().strip_suffix(']').and_then(|l| l.rsplit_once('[')).map(|(_, s)| s)
                && !state.is_empty()
                && state.chars().all(|c| c == 'U' || c == '_')
            {
                state.clone_into(&mut array.members);
            }
            array.rebuilding |= ["recovery", "resync", "reshape"].iter().any(|word| line.contains(word));
        }
    }
    out
}
