//! Nobody else's key counts before a second person typed its fingerprint, and none counts that was removed (items 171, 193).

use app::trust::{Card, spoken};
use rules::act::Actor;
use rules::change::Change;
use rules::command::Command;
use rules::evidence::Label;
use rules::exchange::{AnchorKind, AnchorState, Exchanging};
use rules::id::{self, Id};
use rules::refusal::Why;
use rules::review::AlertKind;
use rules::text::text;

use crate::browser::Browser;
use crate::scratch::{OFFICER, REVIEWER, made};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "trust_anchor_store",
    name: text("トラストアンカーの管理", "Store of trust anchors"),
    checks: &[
        Check {
            shows: &[(171, 0), (193, 0)],
            what: text(
                "登録した鍵は、別の人が別の経路で得た指紋を入力し、一致するまで有効にならない。",
                "A key that was registered counts for nothing until another person typed the fingerprint from another channel, and it matched.",
            ),
            run: two_people,
            break_it: |s| s.later(activated_by_one),
        },
        Check {
            shows: &[(171, 0), (193, 0)],
            what: text(
                "指紋が一致しないと登録は以後使えなくなり、管理者に警告され、台帳に残る。",
                "A fingerprint that does not match blocks the key for good, warns the administrators and stands in the ledger.",
            ),
            run: a_wrong_one_blocks,
            break_it: |s| s.later(activated_by_one),
        },
        Check {
            shows: &[(171, 0), (193, 0)],
            what: text(
                "削除した鍵は、削除した時点から送り先にも検証にも使われない。",
                "A key that was removed is neither sent to nor believed from that moment on.",
            ),
            run: what_was_removed_is_gone,
            break_it: |s| s.later(activated_by_one),
        },
    ],
};

/// Somebody reaches into the database and decides the newest anchor, though its fingerprint was typed by nobody.
fn activated_by_one(s: &Scratch) -> Tried {
    let (organisation, by) = (s.home(OFFICER)?, s.person(OFFICER)?.id);
    let all = s.app().store().read(|conn| store::tables::exchange::anchors(conn, Some(organisation)))?;
    let newest = all.first().ok_or_else(|| Failed::new("登録がありません", "there is no anchor"))?;
    s.write(&Change::Exchange(Exchanging::AnchorDecided { anchor: newest.anchor.id, matches: true, by }))
}

/// The card of another installation, which its people read out.
fn card(s: &Scratch) -> Result<Card, Failed> {
    let own = s.app().own_card(&s.signed_in(OFFICER)?.signed()?.actor)?;
    let own = own.ok_or_else(|| Failed::new("カードがありません", "there is no card"))?;
    Ok(Card { name: "別の環境".into(), ..own })
}

fn proposed(by: &Browser<'_>, card: &Card) -> Result<Id<id::TrustAnchor>, Failed> {
    let (anchor, label) = (AnchorKind::Installation, Some(Label::Confidential));
    made(&by.act(Command::ProposeAnchor { anchor, name: card.name.clone(), data: card.text(), label })?)
}

fn decide(anchor: Id<id::TrustAnchor>, fingerprint: &str) -> Command {
    Command::DecideAnchor { anchor, fingerprint: fingerprint.to_owned() }
}

fn state(s: &Scratch, actor: &Actor, anchor: Id<id::TrustAnchor>) -> Result<AnchorState, Failed> {
    let all = s.app().trust(actor)?.anchors;
    let found = all.into_iter().find(|a| a.anchor.id == anchor);
    found.map(|a| a.anchor.state).ok_or_else(|| Failed::new("登録がありません", "there is no such anchor"))
}

/// Whether something can be sent to it.
fn counts(s: &Scratch, actor: &Actor, anchor: Id<id::TrustAnchor>) -> Result<bool, Failed> {
    Ok(s.app().packages(actor)?.others.iter().any(|a| a.id == anchor))
}

fn two_people(s: &Scratch) -> Tried {
    s.app().start()?;
    let (first, second) = (s.signed_in(OFFICER)?, s.signed_in(REVIEWER)?);
    let (actor, card) = (first.signed()?.actor, card(s)?);
    let anchor = proposed(&first, &card)?;
    s.meanwhile()?;
    let typed = spoken(card.fingerprint());
    expect(!counts(s, &actor, anchor)?, "確認の前に有効です", "it counts before it was confirmed")?;
    expect(first.refused(decide(anchor, &typed))?.why == Why::State, "1人で有効にできます", "one person activates it")?;
    expect(first.get("/trust")?.text().contains("確認待ち"), "確認待ちと示されません", "it is not shown as waiting")?;
    expect(
        !first.get("/trust")?.text().contains(&typed),
        "確認する人に指紋が示されます",
        "the fingerprint is shown to who has to type it",
    )?;
    second.act(decide(anchor, &typed))?;
    expect(counts(s, &actor, anchor)?, "確認しても有効になりません", "it does not count after it was confirmed")
}

fn a_wrong_one_blocks(s: &Scratch) -> Tried {
    s.app().start()?;
    let (first, second) = (s.signed_in(OFFICER)?, s.signed_in(REVIEWER)?);
    let (actor, card) = (first.signed()?.actor, card(s)?);
    let anchor = proposed(&first, &card)?;
    let mut wrong = card.fingerprint();
    wrong.0[31] ^= 1;
    let before = s.mark()?;
    second.act(decide(anchor, &wrong.to_string()))?;
    s.meanwhile()?;
    expect(state(s, &actor, anchor)? == AnchorState::Blocked, "拒否されません", "it is not blocked")?;
    expect(!counts(s, &actor, anchor)?, "一致しないのに有効です", "it counts though it does not match")?;
    let again = second.refused(decide(anchor, &spoken(card.fingerprint())))?;
    expect(again.why == Why::State, "やり直しができます", "there is a second try")?;
    let warned = s.app().alerts(&actor)?.iter().any(|a| a.alert.kind == AlertKind::KeyEvent && a.alert.subject == anchor.to_string());
    expect(warned, "管理者に警告されません", "the administrators are not warned")?;
    let line = s.lines_after(before)?.into_iter().find(|l| l.kind == "anchor_decided");
    let told = line.is_some_and(|l| l.actor == actor_of(s, REVIEWER).unwrap_or_default() && l.change["matches"] == false);
    expect(told, "不一致の記録がありません", "the mismatch is not on record")
}

fn actor_of(s: &Scratch, email: &str) -> Result<String, Failed> {
    Ok(s.person(email)?.id.to_string())
}

fn what_was_removed_is_gone(s: &Scratch) -> Tried {
    s.app().start()?;
    let (first, second) = (s.signed_in(OFFICER)?, s.signed_in(REVIEWER)?);
    let (actor, card) = (first.signed()?.actor, card(s)?);
    let anchor = proposed(&first, &card)?;
    second.act(decide(anchor, &card.fingerprint().to_string()))?;
    expect(counts(s, &actor, anchor)?, "有効になりません", "it does not count")?;
    first.act(Command::RemoveAnchor { anchor, reason: "契約の終了".into() })?;
    s.meanwhile()?;
    expect(state(s, &actor, anchor)? == AnchorState::Removed, "削除と示されません", "it is not shown as removed")?;
    expect(!counts(s, &actor, anchor)?, "削除しても使われます", "it counts after it was removed")?;
    let sent = s.app().send_package(&actor, s.world().running, anchor);
    expect(sent.is_err(), "削除した相手に送れます", "something is sent to who was removed")
}
