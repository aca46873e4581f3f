//! How old ClamAV's daily definitions are, by the header of their file (items 116, 117, 123, 124, 163, 219).

use jiff::Timestamp;
use rules::text::{text, worded};

use crate::contract::{Facts, Finding, Probe, Rule, Snapshot, Verdict};
use crate::net::Part;
use crate::profile::Profile;

const READS: &[&str] = &["av_daily"];

/// The header of a CVD or CLD file, in bytes.
const HEADER: u64 = 512;

pub const PROBE: Probe = Probe {
    id: "av_definition_age",
    rules: &[Rule {
        id: "D1",
        items: &[116, 117, 123, 124, 163, 219],
        source: "既定値の提案（項目に数値なし）",
        unverified: true,
        excusable: false,
    }],
    reads: READS,
    take: |target, net| net.files(target, "av_definition_age", READS, Part::Head(HEADER), |_, content| content),
    judge,
};

fn judge(snapshot: &Snapshot, profile: &Profile, _: &Facts) -> Vec<Finding> {
    let limits = &profile.limits;
    let (good, warn) = (limits.definitions_pass_hours, limits.definitions_warn_hours);
    let expected =
        worded(format!("作成から{good}時間以内（{warn}時間まで注意）"), format!("At most {good} hours old (a warning up to {warn})"));
    let header = match snapshot.text("av_daily") {
        Ok(header) => header,
        Err(why) => return vec![Finding::unknown("D1", why, expected)],
    };
    let Some(built) = built(header) else {
        return vec![Finding::unknown(
            "D1",
            text("ClamAVの定義ファイルのヘッダーではありません", "Not a header of ClamAV definitions"),
            expected,
        )];
    };
    let seconds = snapshot.ended.as_second() - built.as_second();
    if seconds < -3600 {
        let why = worded(format!("作成時刻が未来です（{built}）"), format!("Built in the future ({built})"));
        return vec![Finding::unknown("D1", why, expected)];
    }
    let hours = seconds.div_euclid(3600);
    let measured = worded(format!("作成 {built}、{hours}時間経過"), format!("Built {built}, {hours} hours old"));
    let mut found = Finding::told("D1", seconds <= warn.saturating_mul(3600), measured, expected);
    found.warning = found.verdict == Verdict::Pass && seconds > good.saturating_mul(3600);
    vec![found]
}

/// The ninth field is the build time in seconds since 1970.
fn built(header: &str) -> Option<Timestamp> {
    let mut fields = header.split(':');
    if fields.next() != Some("ClamAV-VDB") {
        return None;
    }
    Timestamp::from_second(fields.nth(7)?.trim().parse().ok()?).ok()
}
