//! A package between installations carries sender, receiver, label, digest, signature and receipt; one that is not right stays outside (items 58, 112, 121, 165, 208).

use std::io::Read;
use std::path::PathBuf;

use app::trust::{Card, spoken};
use rules::change::Change;
use rules::command::Command;
use rules::evidence::Label;
use rules::exchange::{AnchorKind, Exchanging};
use rules::id::{self, Id};
use rules::text::text;

use crate::scratch::{HOSPITAL, OFFICER, OPERATOR, REVIEWER, SECRETARIAT, made};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect, refusal};

pub static MECHANISM: Mechanism = Mechanism {
    id: "secure_exchange",
    name: text("情報の安全な交換", "Secure exchange"),
    checks: &[
        Check {
            shows: &[(58, 0), (112, 0), (165, 0), (208, 0)],
            what: text(
                "封印パッケージは受け手だけが開け、送り主、受け手、合意した秘密区分、内容のダイジェスト、署名、受領証がそろう。",
                "Only its receiver opens a sealed package; sender, receiver, agreed label, digest, signature and receipt are all there.",
            ),
            run: one_goes_over_and_its_receipt_returns,
            break_it: |s| {
                s.later(|s| {
                    // The sender's key is taken off the list behind everybody's back.
                    let (organisation, by) = (s.home(SECRETARIAT)?, s.person(SECRETARIAT)?.id);
                    let all = s.app().store().read(|conn| store::tables::exchange::anchors(conn, Some(organisation)))?;
                    let anchor = all.first().map(|a| a.anchor.id).ok_or_else(|| Failed::new("登録がありません", "there is no anchor"))?;
                    s.write(&Change::Exchange(Exchanging::AnchorRemoved { anchor, reason: "forced".into(), by }))
                })
            },
        },
        Check {
            shows: &[(58, 0), (121, 0), (165, 0), (208, 0)],
            what: text(
                "改変された、途中で切れた、宛先の異なるパッケージは、それぞれの理由とともに拒否される。",
                "A package that was altered, cut off or is for others is refused, each with a reason of its own.",
            ),
            run: what_is_not_right_stays_outside,
            break_it: |s| {
                s.later(|s| {
                    // As a program that does not look: what it takes for the altered package is the good one.
                    std::fs::copy(beside(s, "good"), beside(s, "altered")).map(drop).map_err(unusable)
                })
            },
        },
        Check {
            shows: &[(58, 0), (208, 0)],
            what: text(
                "受領済みのパッケージをもう一度送っても、二重に受領されない。",
                "A package that was taken in before is not taken in again.",
            ),
            run: nothing_comes_in_twice,
            break_it: |s| s.later(|s| std::fs::copy(beside(s, "second"), beside(s, "again")).map(drop).map_err(unusable)),
        },
    ],
};

fn unusable(e: std::io::Error) -> Failed {
    Failed::new(format!("ファイルを使えません: {e}"), format!("a file cannot be used: {e}"))
}

/// A file of this check.
fn beside(s: &Scratch, name: &str) -> PathBuf {
    s.world().folder().join(format!("package-{name}"))
}

/// The provider's installation, which sends to the evaluation body's; each knows the other by two people.
struct Sender {
    there: Scratch,
    receiver: Id<id::TrustAnchor>,
}

fn card(s: &Scratch, who: &str) -> Result<Card, Failed> {
    let own = s.app().own_card(&s.signed_in(who)?.signed()?.actor)?;
    own.ok_or_else(|| Failed::new("カードがありません", "there is no card"))
}

fn trusted(s: &Scratch, card: &Card, who: [&str; 2]) -> Result<Id<id::TrustAnchor>, Failed> {
    let (anchor, label) = (AnchorKind::Installation, Some(Label::Confidential));
    let propose = Command::ProposeAnchor { anchor, name: card.name.clone(), data: card.text(), label };
    let anchor = made(&s.signed_in(who[0])?.act(propose)?)?;
    s.signed_in(who[1])?.act(Command::DecideAnchor { anchor, fingerprint: spoken(card.fingerprint()) })?;
    Ok(anchor)
}

impl Sender {
    fn to(here: &Scratch) -> Result<Sender, Failed> {
        let there = Scratch::fresh();
        there.app().start()?;
        here.app().start()?;
        let receiver = trusted(&there, &card(here, SECRETARIAT)?, [OFFICER, REVIEWER])?;
        trusted(here, &card(&there, OFFICER)?, [SECRETARIAT, OPERATOR])?;
        Ok(Sender { there, receiver })
    }

    fn send(&self) -> Result<Vec<u8>, Failed> {
        let actor = self.there.signed_in(OFFICER)?.signed()?.actor;
        let mut sent = self.there.app().send_package(&actor, self.there.world().running, self.receiver)?;
        let mut bytes = vec![];
        sent.file.read_to_end(&mut bytes).map_err(unusable)?;
        Ok(bytes)
    }
}

/// A package at the door of the receiver.
fn arrive(s: &Scratch, who: &str, name: &str) -> Result<Result<String, app::Error>, Failed> {
    let actor = s.signed_in(who)?.signed()?.actor;
    Ok(s.app().arrived_package(&actor, &beside(s, name)))
}

/// It is refused, and the ledger says why.
fn refused(s: &Scratch, who: &str, name: &str, why: &str) -> Tried {
    let before = s.mark()?;
    let (_, words) = refusal(arrive(s, who, name)?)?;
    let line = s.lines_after(before)?.into_iter().find(|l| l.kind == "package_refused");
    let told = line.map(|l| l.change["why"].clone()).unwrap_or_default();
    if told == why && !words.ja.is_empty() && !words.en.is_empty() {
        return Ok(());
    }
    Err(Failed::new(format!("{why} ではなく {told} と記録されました"), format!("{told} is on record, not {why}")))
}

fn one_goes_over_and_its_receipt_returns(s: &Scratch) -> Tried {
    let sender = Sender::to(s)?;
    let bytes = sender.send()?;
    expect(bytes.starts_with(b"age-encryption.org/v1"), "暗号化されていません", "it is not encrypted")?;
    std::fs::write(beside(s, "one"), &bytes).map_err(unusable)?;
    s.meanwhile()?;
    let token = arrive(s, SECRETARIAT, "one")??;
    let actor = s.signed_in(SECRETARIAT)?.signed()?.actor;
    let look = s.app().look_at_package(&actor, &token)?;
    expect(!look.sender.is_empty() && look.lines > 0, "送り主か台帳の証明がありません", "sender or proven lines are missing")?;
    s.app().take_package(&actor, &token)?;
    let package = s.app().packages(&actor)?.moved.into_iter().next();
    let package = package.ok_or_else(|| Failed::new("受領の記録がありません", "nothing was received"))?.package;
    let (_, receipt) = s.app().package_receipt(&actor, package.id)?;
    let officer = sender.there.signed_in(OFFICER)?.signed()?.actor;
    let bent = receipt.replace("accepted", "refused");
    expect(sender.there.app().file_receipt(&officer, &bent).is_err(), "書き換えた受領証が通ります", "a forged receipt is filed")?;
    sender.there.app().file_receipt(&officer, &receipt)?;
    let sent = sender.there.app().packages(&officer)?.moved.into_iter().next();
    let sent = sent.ok_or_else(|| Failed::new("送付の記録がありません", "nothing was sent"))?;
    expect(sent.answer.is_some_and(|(ok, ..)| ok), "受領が送り主に残りません", "the receipt does not stand with the sender")?;
    let same = sent.package.manifest == package.manifest && sent.package.label == package.label && sent.package.number == package.number;
    expect(same, "双方の記録が異なります", "the two records differ")
}

fn what_is_not_right_stays_outside(s: &Scratch) -> Tried {
    let sender = Sender::to(s)?;
    let bytes = sender.send()?;
    std::fs::write(beside(s, "good"), &bytes).map_err(unusable)?;
    std::fs::write(beside(s, "cut"), bytes.get(..bytes.len() - 10).unwrap_or_default()).map_err(unusable)?;
    // The package itself, as its receiver decrypts it, with a bit of its content turned round.
    let mut plain = vec![];
    s.app().open_package(s.home(SECRETARIAT)?, &beside(s, "good"), &mut plain)?;
    let middle = plain.len() / 2;
    if let Some(byte) = plain.get_mut(middle) {
        *byte ^= 1;
    }
    std::fs::write(beside(s, "altered"), &plain).map_err(unusable)?;
    std::fs::write(beside(s, "nothing"), b"not a package").map_err(unusable)?;
    s.meanwhile()?;
    refused(s, SECRETARIAT, "altered", "altered")?;
    refused(s, SECRETARIAT, "cut", "truncated")?;
    refused(s, SECRETARIAT, "nothing", "not_a_package")?;
    // Another organisation of the same installation cannot open it.
    refused(s, OFFICER, "good", "misaddressed")?;
    expect(arrive(s, HOSPITAL, "good")?.is_err(), "役割のない人が受領できます", "somebody without the role receives")?;
    expect(arrive(s, SECRETARIAT, "good")?.is_ok(), "正しいものも拒否されます", "the right one is refused too")
}

fn nothing_comes_in_twice(s: &Scratch) -> Tried {
    let sender = Sender::to(s)?;
    let bytes = sender.send()?;
    std::fs::write(beside(s, "first"), &bytes).map_err(unusable)?;
    std::fs::write(beside(s, "again"), &bytes).map_err(unusable)?;
    std::fs::write(beside(s, "second"), sender.send()?).map_err(unusable)?;
    let actor = s.signed_in(SECRETARIAT)?.signed()?.actor;
    let token = arrive(s, SECRETARIAT, "first")??;
    s.app().take_package(&actor, &token)?;
    s.meanwhile()?;
    refused(s, SECRETARIAT, "again", "replayed")
}
