//! A time stamp says that this very digest existed at that time, nothing altered passes for one, and it is renewed in time (items 191, 192).

use app::proof::anchors::Agent;
use app::proof::{Anchors, Authority as Configured};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use rules::command::Command;
use rules::text::text;
use seal::Hash;
use seal::merkle::sha256;
use seal::note::Note;
use seal::stamp::{Stamp, verify};
use store::checkpoints::{self, Anchor};

use crate::authority::Authority;
use crate::scratch::OFFICER;
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "timestamping",
    name: text("タイムスタンプ", "Time stamps"),
    checks: &[
        Check {
            shows: &[(191, 0), (192, 0)],
            what: text(
                "台帳のチェックポイントに付いたタイムスタンプ（RFC 3161）は、そのダイジェストと時刻について検証でき、指定した認証局につながる。",
                "The time stamp (RFC 3161) of the ledger's checkpoint verifies for its very digest and time, up to the named authority.",
            ),
            run: a_checkpoint_is_stamped,
            break_it: |s| {
                s.later(|s| {
                    // Another token takes the place of the one that was given.
                    let newest = newest(s)?;
                    let mut token = decoded(&newest)?;
                    if let Some(last) = token.last_mut() {
                        *last ^= 1;
                    }
                    let bent = Anchor { id: 0, proof: STANDARD.encode(token), ..newest };
                    Ok(s.app().store().write(|tx| tx.keep_anchor(&bent).map(drop))?)
                })
            },
        },
        Check {
            shows: &[(191, 0), (192, 0)],
            what: text(
                "別のダイジェスト、書き換えた時刻、証明書の期間外の時刻、別の認証局、どの1ビットの改変も、正しいタイムスタンプとして通らない。",
                "Another digest, an altered time, a time outside the certificate's, another authority and any flipped bit: none passes for a right stamp.",
            ),
            run: nothing_altered_passes,
            // Only another program could take them.
            break_it: Scratch::lie,
        },
        Check {
            shows: &[(191, 0), (192, 0)],
            what: text(
                "認証局の証明書が終わる前に重ねてタイムスタンプを取り、終わった後の日付でも検証できる。",
                "Before the authority's certificate ends the stamp is stamped again, and the archive verifies at a date after that end.",
            ),
            run: renewed_in_time,
            break_it: |s| s.later(|s| std::fs::write(no_new_certificate(s), "").map_err(unusable)),
        },
    ],
};

fn unusable(e: std::io::Error) -> Failed {
    Failed::new(format!("ファイルを使えません: {e}"), format!("a file cannot be used: {e}"))
}

/// While this file is there, the authority of the check gets no new certificate.
fn no_new_certificate(s: &Scratch) -> std::path::PathBuf {
    s.world().folder().join("no-new-certificate")
}

fn newest(s: &Scratch) -> Result<Anchor, Failed> {
    let all = s.app().store().read(|conn| checkpoints::anchors(conn, 10))?;
    all.into_iter().next().ok_or_else(|| Failed::new("タイムスタンプがありません", "there is no time stamp"))
}

fn decoded(anchor: &Anchor) -> Result<Vec<u8>, Failed> {
    STANDARD.decode(&anchor.proof).map_err(|e| Failed::new(e.to_string(), e.to_string()))
}

/// What the newest super checkpoint is stamped by.
fn digest(s: &Scratch) -> Result<Hash, Failed> {
    let newest = s.app().store().read(checkpoints::newest_super)?;
    let note = newest.and_then(|signed| Note::parse(&signed.note).ok());
    let note = note.ok_or_else(|| Failed::new("署名がありません", "nothing is signed"))?;
    Ok(sha256(&[note.text.as_bytes()]))
}

fn checked(token: &[u8], digest: &Hash, roots: &[Vec<u8>]) -> Result<Stamp, Failed> {
    verify(token, digest, roots, None).map_err(|fault| Failed::new(fault.ja(), fault.to_string()))
}

/// The same installation, which has its checkpoints stamped by this authority.
fn stamping(s: &Scratch, authority: &Authority) -> Result<Scratch, Failed> {
    let agent = Agent::new(None).map_err(|words| Failed { words })?;
    let configured = Configured::parse(&authority.url(), authority.pem().as_bytes(), agent).map_err(|words| Failed { words })?;
    let anchors = Anchors { stamps: vec![configured], ..Anchors::default() };
    Ok(s.again(|config| app::Config { anchors, ..config }))
}

fn a_checkpoint_is_stamped(s: &Scratch) -> Tried {
    let authority = Authority::start(s.now(), 900)?;
    let roots = [authority.root.clone()];
    let node = stamping(s, &authority)?;
    node.app().start()?;
    node.app().execute(&s.signed_in(OFFICER)?.signed()?.actor, Command::AddPhrase { text: "タイムスタンプの確認".into() })?;
    node.app().checkpoint()?;
    let at = s.now() + SignedDuration::from_secs(61);
    authority.set(at);
    expect(node.app().anchor()? == 1, "タイムスタンプが付きません", "it is not stamped")?;
    s.meanwhile()?;
    let stamp = checked(&decoded(&newest(s)?)?, &digest(s)?, &roots)?;
    expect(stamp.trusted, "指定した認証局につながりません", "it does not lead to the named authority")?;
    expect(stamp.at.as_second() == at.as_second(), "時刻が異なります", "it says another time")
}

fn nothing_altered_passes(s: &Scratch) -> Tried {
    let (authority, other) = (Authority::start(s.now(), 900)?, Authority::start(s.now(), 900)?);
    let roots = [authority.root.clone()];
    let digest = sha256(&[b"what was stamped"]);
    let token = authority.stamp(&digest)?;
    expect(checked(&token, &digest, &roots)?.trusted, "正しいものも通りません", "the right one does not pass")?;
    let passes = |token: &[u8], digest: &Hash| verify(token, digest, &roots, None).is_ok_and(|stamp| stamp.trusted);
    expect(s.seen(!passes(&token, &sha256(&[b"something else"]))), "別のダイジェストで通ります", "another digest passes")?;
    // The time as it stands in the token, a year later.
    let year = s.now().strftime("%Y").to_string();
    let place = token.windows(5).position(|part| part.first() == Some(&15) && part.get(1..) == Some(year.as_bytes()));
    let place = place.ok_or_else(|| Failed::new("時刻が見つかりません", "the time is not in the token"))?;
    let mut later = token.clone();
    if let Some(digit) = later.get_mut(place + 4) {
        *digit = if *digit == b'9' { b'8' } else { *digit + 1 };
    }
    expect(s.seen(!passes(&later, &digest)), "書き換えた時刻が通ります", "an altered time passes")?;
    // Signed rightly, but at a time at which the certificate was not valid.
    authority.set(s.now() + SignedDuration::from_hours(24 * 1000));
    expect(
        s.seen(!passes(&authority.stamp(&digest)?, &digest)),
        "証明書の期間外の時刻が通ります",
        "a time outside the certificate's passes",
    )?;
    expect(s.seen(!passes(&other.stamp(&digest)?, &digest)), "別の認証局のものが通ります", "another authority's passes")?;
    for bit in 0..token.len() * 8 {
        let mut bent = token.clone();
        if let Some(byte) = bent.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        if !s.seen(!passes(&bent, &digest)) {
            return Err(Failed::new(format!("{bit}番目のビットの改変が通ります"), format!("a token with bit {bit} flipped passes")));
        }
    }
    Ok(())
}

fn renewed_in_time(s: &Scratch) -> Tried {
    let day = SignedDuration::from_hours(24);
    let authority = Authority::start(s.now(), 30)?;
    let roots = [authority.root.clone()];
    let node = stamping(s, &authority)?;
    node.app().start()?;
    node.app().anchor()?;
    let first = newest(s)?;
    s.meanwhile()?;
    node.wait(day);
    authority.set(node.now());
    if !no_new_certificate(s).exists() {
        authority.certify(node.now(), 3000)?;
    }
    node.app().anchor()?;
    // A year later the first authority's certificate is over.
    node.wait(day * 365);
    let all = s.app().store().read(|conn| checkpoints::anchors(conn, 10))?;
    let renewal = all.into_iter().find(|anchor| anchor.over == Some(first.id));
    let renewal = renewal.ok_or_else(|| Failed::new("更新されていません", "it was not renewed"))?;
    let old = decoded(&first)?;
    let (old_stamp, new_stamp) =
        (checked(&old, &first_digest(s, &first)?, &roots)?, checked(&decoded(&renewal)?, &sha256(&[&old]), &roots)?);
    let held = old_stamp.trusted && new_stamp.trusted && new_stamp.at < old_stamp.until;
    expect(
        held && old_stamp.until < node.now() && new_stamp.until > node.now(),
        "期限後に検証できません",
        "it does not verify after the end",
    )
}

/// What an older stamp is over.
fn first_digest(s: &Scratch, anchor: &Anchor) -> Result<Hash, Failed> {
    let signed = s.app().store().read(|conn| checkpoints::super_of(conn, anchor.size))?;
    let note = signed.and_then(|signed| Note::parse(&signed.note).ok());
    note.map(|note| sha256(&[note.text.as_bytes()])).ok_or_else(|| Failed::new("署名がありません", "nothing is signed"))
}
