//! Exchange with other installations: sealed packages, receipts, and the anchors by which others are believed (items 112, 121, 165, 171, 193).

mod submission;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account;
use crate::act::{Act, Actor};
use crate::change::Change;
use crate::evidence::Label;
use crate::id::{self, Digest, Id};
use crate::party::{Role, line};
use crate::refusal::{Refusal, Why};
use crate::text::{Text, text, worded};

pub use submission::{
    Arrival, Comparison, FileChange, Standing, Submission, SubmittedClaim, SubmittedFile, SubmittedItem, SubmittedParty, SubmittedProduct,
    arrive, compare,
};

/// What an anchor vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnchorKind {
    /// Another installation: its packages, receipts and ledger.
    Installation,
    /// A time-stamping authority's root certificate.
    StampRoot,
    /// A witness that signs our checkpoints.
    Witness,
}

impl AnchorKind {
    pub const ALL: [AnchorKind; 3] = [AnchorKind::Installation, AnchorKind::StampRoot, AnchorKind::Witness];
    pub const fn name(self) -> Text {
        match self {
            AnchorKind::Installation => text("他のAkashi", "Another installation"),
            AnchorKind::StampRoot => text("時刻認証局のルート証明書", "Root of a time-stamping authority"),
            AnchorKind::Witness => text("立会人", "Witness"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnchorState {
    /// Waits for a second person who types the fingerprint from another channel.
    Proposed,
    Active,
    /// The fingerprint did not match.
    Blocked,
    Removed,
}

impl AnchorState {
    pub const fn name(self) -> Text {
        match self {
            AnchorState::Proposed => text("確認待ち", "Awaits the second person"),
            AnchorState::Active => text("有効", "Active"),
            AnchorState::Blocked => text("不一致のため拒否", "Blocked: the fingerprint did not match"),
            AnchorState::Removed => text("削除", "Removed"),
        }
    }
}

/// A key or certificate of somebody else. Believed only after a second person typed its fingerprint (item 193).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrustAnchor {
    pub id: Id<id::TrustAnchor>,
    /// Whose list it stands on; `None` is the installation's own.
    pub organisation: Option<Id<id::Organisation>>,
    pub anchor: AnchorKind,
    pub name: String,
    /// Verifier keys, one a line, or a certificate (PEM).
    pub data: String,
    /// SHA-256 over the keys or the certificate.
    pub fingerprint: Digest,
    /// The highest label that may be exchanged with another installation, as both sides agreed (item 112(3)).
    pub label: Label,
    pub state: AnchorState,
    pub by: Id<id::Person>,
    pub at: Timestamp,
    pub decided_by: Option<Id<id::Person>>,
}

impl TrustAnchor {
    /// Whether the actor keeps the list it stands on: administrators their organisation's, operators the installation's.
    pub fn is_kept_by(&self, actor: &Actor) -> bool {
        list_of(actor, self.anchor) == Ok(self.organisation)
    }
}

/// Why a package was refused; each reason has a word of its own in the ledger and in the receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    NotAPackage,
    Truncated,
    Altered,
    Misaddressed,
    Replayed,
    UnknownSender,
    AnchorRemoved,
    AnchorBlocked,
    AnchorPending,
    /// Of a version of the format that is not read here.
    Format,
    /// A signature by one of the sender's algorithms is missing.
    SignatureMissing,
    SignatureWrong,
    /// A higher label than was agreed on with the sender.
    Label,
    /// A file in it that is not taken: its kind, or what the scan found.
    File,
    TooLarge,
    /// What is in it does not hold together.
    Content,
    /// A person looked at it and did not want it.
    Declined,
}

impl Refused {
    pub const ALL: [Refused; 17] = [
        Refused::NotAPackage,
        Refused::Truncated,
        Refused::Altered,
        Refused::Misaddressed,
        Refused::Replayed,
        Refused::UnknownSender,
        Refused::AnchorRemoved,
        Refused::AnchorBlocked,
        Refused::AnchorPending,
        Refused::Format,
        Refused::SignatureMissing,
        Refused::SignatureWrong,
        Refused::Label,
        Refused::File,
        Refused::TooLarge,
        Refused::Content,
        Refused::Declined,
    ];
    pub const fn name(self) -> Text {
        match self {
            Refused::NotAPackage => text("パッケージではない", "Not a package"),
            Refused::Truncated => text("途中で切れている", "Truncated"),
            Refused::Altered => text("改変されている", "Altered"),
            Refused::Misaddressed => text("宛先が異なる", "Addressed to somebody else"),
            Refused::Replayed => text("受領済みの番号", "Accepted before"),
            Refused::UnknownSender => text("送り主が未登録", "Unknown sender"),
            Refused::AnchorRemoved => text("送り主の登録が削除済み", "The sender's anchor was removed"),
            Refused::AnchorBlocked => text("送り主の登録が不一致のため拒否中", "The sender's anchor is blocked"),
            Refused::AnchorPending => text("送り主の登録が確認待ち", "The sender's anchor awaits the second person"),
            Refused::Format => text("形式の版が異なる", "Another version of the format"),
            Refused::SignatureMissing => text("署名が足りない", "A signature is missing"),
            Refused::SignatureWrong => text("署名が正しくない", "A signature is wrong"),
            Refused::Label => text("合意した秘密区分を超える", "A higher label than agreed"),
            Refused::File => text("受け付けられないファイルを含む", "A file in it is not taken"),
            Refused::TooLarge => text("大きすぎる", "Too large"),
            Refused::Content => text("内容に矛盾がある", "The content does not hold together"),
            Refused::Declined => text("担当者が受領を断った", "Declined by a person"),
        }
    }
    /// Whether the sender gets a receipt that says so: not where the package is not for us, or was accepted before.
    pub const fn is_answered(self) -> bool {
        matches!(
            self,
            Refused::Altered
                | Refused::Truncated
                | Refused::Label
                | Refused::File
                | Refused::TooLarge
                | Refused::Content
                | Refused::Declined
        )
    }
}

/// A sealed package that left or came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Package {
    pub id: Id<id::Package>,
    /// The number inside the package, 32 hexadecimal digits; known to both sides.
    pub number: String,
    /// The organisation here that sent or received it.
    pub organisation: Id<id::Organisation>,
    pub case: Option<Id<id::Case>>,
    /// The round of the case here that it became, or that it was made of; 0 before the first.
    pub round: u32,
    /// The other side: its installation's number and its name.
    pub other: String,
    pub other_name: String,
    /// The level that both sides agreed on (item 112(3)).
    pub label: Label,
    /// SHA-256 of the manifest.
    pub manifest: Digest,
    pub size: u64,
    pub by: Id<id::Person>,
    pub at: Timestamp,
}

/// What is exchanged. Each is a kind of ledger line of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Exchanging {
    PackageSent(Package),
    PackageReceived(Package),
    /// A package was refused: altered, not for us, seen before … What the manifest says is there as far as it could be read.
    PackageRefused {
        organisation: Id<id::Organisation>,
        /// SHA-256 of the file that came.
        digest: Digest,
        number: Option<String>,
        manifest: Option<Digest>,
        /// The sender as the manifest names it.
        sender: Option<String>,
        why: Refused,
        by: Id<id::Person>,
    },
    /// The receiver's receipt came back and fits.
    ReceiptFiled {
        package: Id<id::Package>,
        accepted: bool,
        note: String,
    },
    AnchorProposed(TrustAnchor),
    /// A second person typed the fingerprint; `matches` says whether it was the right one.
    AnchorDecided {
        anchor: Id<id::TrustAnchor>,
        matches: bool,
        by: Id<id::Person>,
    },
    AnchorRemoved {
        anchor: Id<id::TrustAnchor>,
        reason: String,
        by: Id<id::Person>,
    },
}

impl Exchanging {
    pub const fn kind(&self) -> &'static str {
        match self {
            Exchanging::PackageSent(_) => "package_sent",
            Exchanging::PackageReceived(_) => "package_received",
            Exchanging::PackageRefused { .. } => "package_refused",
            Exchanging::ReceiptFiled { .. } => "receipt_filed",
            Exchanging::AnchorProposed(_) => "anchor_proposed",
            Exchanging::AnchorDecided { .. } => "anchor_decided",
            Exchanging::AnchorRemoved { .. } => "anchor_removed",
        }
    }
    pub fn subject(&self) -> String {
        match self {
            Exchanging::PackageSent(p) | Exchanging::PackageReceived(p) => p.case.map_or_else(|| p.id.to_string(), |c| c.to_string()),
            // A name of a file or of a sender is a stranger's words: a head is never erased.
            Exchanging::PackageRefused { digest, .. } => digest.to_string(),
            Exchanging::ReceiptFiled { package, .. } => package.to_string(),
            Exchanging::AnchorProposed(a) => a.id.to_string(),
            Exchanging::AnchorDecided { anchor, .. } | Exchanging::AnchorRemoved { anchor, .. } => anchor.to_string(),
        }
    }
}

/// The list on which the actor keeps anchors of a kind.
pub fn list_of(actor: &Actor, anchor: AnchorKind) -> Result<Option<Id<id::Organisation>>, Refusal> {
    match anchor {
        AnchorKind::Installation if actor.has(Role::Administrator) => actor.organisation.map(Some).ok_or(Refusal::forbidden()),
        AnchorKind::StampRoot | AnchorKind::Witness if actor.has(Role::Operator) => Ok(None),
        AnchorKind::Installation => Err(Refusal::new(
            Why::Forbidden,
            text("送り主と受け手の登録は、組織管理者が行います。", "Senders and receivers are registered by administrators."),
        )),
        AnchorKind::StampRoot | AnchorKind::Witness => Err(Refusal::new(
            Why::Forbidden,
            text("時刻認証局と立会人の登録は、運用者が行います。", "Time-stamping authorities and witnesses are registered by operators."),
        )),
    }
}

/// Proposes an anchor; it counts for nothing until a second person typed its fingerprint. `standing` is the list as it is.
pub fn propose(
    act: &mut Act,
    anchor: AnchorKind,
    name: &str,
    (data, fingerprint): (String, Digest),
    label: Label,
    standing: &[TrustAnchor],
) -> Result<TrustAnchor, Refusal> {
    let organisation = list_of(&act.actor, anchor)?;
    let by = act.actor.person.ok_or(Refusal::forbidden())?;
    let open = |a: &&TrustAnchor| matches!(a.state, AnchorState::Proposed | AnchorState::Active);
    if standing.iter().filter(open).any(|a| a.fingerprint == fingerprint) {
        return Err(Refusal::invalid("data", text("同じものがすでに登録されています。", "The same is registered already.")));
    }
    Ok(TrustAnchor {
        id: act.fresh(),
        organisation,
        anchor,
        name: line("name", name, 200)?,
        data,
        fingerprint,
        label,
        state: AnchorState::Proposed,
        by,
        at: act.at,
        decided_by: None,
    })
}

/// Whether somebody typed this fingerprint, whatever groups and signs they read it in.
fn is_typed(typed: &str, fingerprint: Digest) -> bool {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace() && !matches!(c, ':' | '-')).collect();
    digits.to_lowercase() == fingerprint.to_string()
}

fn kept<'a>(act: &Act, anchor: &'a TrustAnchor) -> Result<&'a TrustAnchor, Refusal> {
    if anchor.is_kept_by(&act.actor) { Ok(anchor) } else { Err(Refusal::not_found()) }
}

/// A second person types the fingerprint that they have from another channel. A wrong one blocks the anchor for good.
pub fn decide(act: &Act, anchor: &TrustAnchor, typed: &str) -> Result<Change, Refusal> {
    let anchor = kept(act, anchor)?;
    let by = act.actor.person.ok_or(Refusal::forbidden())?;
    if anchor.state != AnchorState::Proposed {
        return Err(Refusal::state(text("この登録は確認待ちではありません。", "This anchor does not wait for a confirmation.")));
    }
    if anchor.by == by {
        return Err(Refusal::state(text(
            "登録した本人は確認できません。別の人が、別の経路で入手した指紋を入力してください。",
            "Whoever proposed it cannot confirm it. Another person types the fingerprint that they have by another way.",
        )));
    }
    if typed.trim().is_empty() {
        return Err(Refusal::invalid("fingerprint", text("指紋を入力してください。", "Type the fingerprint.")));
    }
    Ok(Change::Exchange(Exchanging::AnchorDecided { anchor: anchor.id, matches: is_typed(typed, anchor.fingerprint), by }))
}

/// Takes an anchor off the list; packages of it are refused from then on.
pub fn remove(act: &Act, anchor: &TrustAnchor, reason: &str) -> Result<Change, Refusal> {
    let anchor = kept(act, anchor)?;
    let by = act.actor.person.ok_or(Refusal::forbidden())?;
    if anchor.state == AnchorState::Removed {
        return Err(Refusal::state(text("すでに削除されています。", "It was removed already.")));
    }
    let reason = account::reason("reason", reason)?;
    Ok(Change::Exchange(Exchanging::AnchorRemoved { anchor: anchor.id, reason, by }))
}

/// Whether something of a label may go to, or come from, the other side of an anchor.
pub fn within(anchor: &TrustAnchor, label: Label) -> Result<(), Refusal> {
    if anchor.state != AnchorState::Active {
        return Err(Refusal::state(text("相手の登録が有効ではありません。", "The other side's anchor is not active.")).at("anchor"));
    }
    if label <= anchor.label {
        return Ok(());
    }
    let (inside, agreed) = (label.name(), anchor.label.name());
    Err(Refusal::new(
        Why::Forbidden,
        worded(
            format!("内容の秘密区分「{}」は、相手と合意した区分「{}」を超えます。証跡の区分か、相手との合意を見直してください。", inside.ja, agreed.ja),
            format!(
                "The content is {}, and {} is the highest label agreed on with the other side. Look at the labels of the evidence, or at the agreement.",
                inside.en.to_lowercase(),
                agreed.en.to_lowercase()
            ),
        ),
    )
    .at("anchor"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::*;

    fn administrator(n: u8) -> Actor {
        person(n, provider(), &[Role::Administrator])
    }

    fn proposed() -> TrustAnchor {
        propose(
            &mut act(administrator(1)),
            AnchorKind::Installation,
            "評価機構",
            ("data".into(), Digest([0xab; 32])),
            Label::Disclosable,
            &[],
        )
        .unwrap()
    }

    #[test]
    fn an_anchor_counts_only_after_a_second_person_typed_its_fingerprint() {
        let anchor = proposed();
        assert_eq!((anchor.state, anchor.organisation), (AnchorState::Proposed, Some(provider())));
        assert!(within(&anchor, Label::Public).is_err());
        let spoken = vec!["ABAB"; 16].join(" ");
        assert_eq!(decide(&act(administrator(1)), &anchor, &spoken).unwrap_err().why, Why::State);
        let matches = |typed: &str| match decide(&act(administrator(2)), &anchor, typed) {
            Ok(Change::Exchange(Exchanging::AnchorDecided { matches, .. })) => matches,
            other => panic!("{other:?}"),
        };
        assert!(matches(&spoken) && matches(&vec!["ab"; 32].join(":")) && matches(&"ab".repeat(32)));
        assert!(!matches(&"ab".repeat(31)) && !matches(&"ac".repeat(32)) && !matches(&format!("{}0", "ab".repeat(32))));
        assert_eq!(decide(&act(administrator(2)), &anchor, " ").unwrap_err().field, Some("fingerprint"));
        let stranger = person(3, body(), &[Role::Administrator]);
        assert_eq!(decide(&act(stranger.clone()), &anchor, &spoken).unwrap_err().why, Why::NotFound);
        assert_eq!(remove(&act(stranger), &anchor, "x").unwrap_err().why, Why::NotFound);
        for state in [AnchorState::Active, AnchorState::Blocked, AnchorState::Removed] {
            assert!(decide(&act(administrator(2)), &TrustAnchor { state, ..anchor.clone() }, &spoken).is_err());
        }
    }

    #[test]
    fn each_kind_of_anchor_stands_on_the_list_of_those_who_keep_it() {
        let by = |actor, anchor| propose(&mut act(actor), anchor, "x", (String::new(), Digest([1; 32])), Label::Public, &[]);
        let operator = || person(9, body(), &[Role::Operator]);
        assert!(by(operator(), AnchorKind::Installation).is_err() && by(administrator(1), AnchorKind::Witness).is_err());
        assert_eq!(by(operator(), AnchorKind::StampRoot).unwrap().organisation, None);
        let again = propose(
            &mut act(administrator(2)),
            AnchorKind::Installation,
            "y",
            ("data".into(), Digest([0xab; 32])),
            Label::Public,
            &[proposed()],
        );
        assert_eq!(again.unwrap_err().field, Some("data"));
    }

    #[test]
    fn no_label_goes_above_what_was_agreed() {
        let anchor = TrustAnchor { state: AnchorState::Active, ..proposed() };
        assert!(within(&anchor, Label::Public).is_ok() && within(&anchor, Label::Disclosable).is_ok());
        assert_eq!(within(&anchor, Label::Confidential).unwrap_err().why, Why::Forbidden);
        assert!(within(&TrustAnchor { state: AnchorState::Removed, ..anchor }, Label::Public).is_err());
    }

    #[test]
    fn every_reason_has_a_word_of_its_own_and_no_head_holds_a_name() {
        let words: std::collections::BTreeSet<String> = Refused::ALL.iter().map(|w| serde_json::to_string(w).unwrap()).collect();
        assert_eq!(words.len(), Refused::ALL.len());
        let refused = Exchanging::PackageRefused {
            organisation: body(),
            digest: Digest([7; 32]),
            number: Some("0".repeat(32)),
            manifest: None,
            sender: Some("山田".into()),
            why: Refused::Altered,
            by: id(1),
        };
        assert_eq!(refused.subject(), "07".repeat(32));
    }
}
