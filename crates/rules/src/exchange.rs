//! Exchange with other installations: sealed packages, receipts, and the anchors by which others are believed (items 112, 121, 165, 171, 193).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evidence::Label;
use crate::id::{self, Digest, Id};
use crate::text::{Text, text};

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
    pub state: AnchorState,
    pub by: Id<id::Person>,
    pub at: Timestamp,
    pub decided_by: Option<Id<id::Person>>,
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
    /// A package was refused: altered, not for us, seen before … `why` is the reason's word.
    PackageRefused {
        organisation: Id<id::Organisation>,
        name: String,
        why: String,
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
            Exchanging::PackageRefused { name, .. } => name.clone(),
            Exchanging::ReceiptFiled { package, .. } => package.to_string(),
            Exchanging::AnchorProposed(a) => a.id.to_string(),
            Exchanging::AnchorDecided { anchor, .. } | Exchanging::AnchorRemoved { anchor, .. } => anchor.to_string(),
        }
    }
}
