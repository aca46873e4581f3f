//! What an anchor's proof is worth here: only authorities and witnesses whose fingerprint two people compared count, and unknown is no proof.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rules::text::{Text, text, worded};
use seal::merkle::sha256;
use seal::note::{Note, Unverified};
use seal::stamp;
use seal::verify::{AnchorKind, Anchored, Trust};
use store::Conn;
use store::checkpoints::{self, Anchor};

use crate::Error;

/// Whether an outsider's word proves something to this installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Worth {
    /// It is by an authority or a witness that two people activated.
    Trusted { by: String, at: Option<Timestamp> },
    /// It is well-formed, but nobody here trusts who gave it: it proves nothing.
    NotTrusted { by: String },
    /// It is not right.
    Wrong(Text),
}

impl Worth {
    /// In words.
    pub fn words(&self) -> Text {
        match self {
            Worth::Trusted { by, .. } => worded(format!("検証済み（{by}）"), format!("Verified ({by})")),
            Worth::NotTrusted { by } => worded(
                format!("ここでは誰も信頼していないため、証明になりません（{by}）"),
                format!("Not trusted by anybody here, so it proves nothing ({by})"),
            ),
            Worth::Wrong(why) => worded(format!("正しくありません: {}", why.ja), format!("Not right: {}", why.en)),
        }
    }

    /// As the check of an export found it.
    pub(crate) fn of(anchored: &Anchored) -> (AnchorKind, Worth) {
        let by = anchored.by.clone();
        let at = anchored.at.as_deref().and_then(|at| at.parse().ok());
        (anchored.kind, if anchored.trusted { Worth::Trusted { by, at } } else { Worth::NotTrusted { by } })
    }
}

/// Judges the proof of an anchor. Files and mail hold no proof by a key: there is nothing to judge.
pub(in crate::proof) fn judged(conn: &mut Conn, anchor: &Anchor, trust: &Trust) -> Result<Option<Worth>, Error> {
    if !matches!(anchor.kind.as_str(), "rfc3161" | "witness") {
        return Ok(None);
    }
    let gone = || Worth::Wrong(text("対象のチェックポイントがありません。", "the checkpoint that it is about is not here"));
    let Some(signed) = checkpoints::super_of(conn, anchor.size)? else { return Ok(Some(gone())) };
    let Ok(note) = Note::parse(&signed.note) else { return Ok(Some(gone())) };
    if anchor.kind == "witness" {
        return Ok(Some(cosigned(&note, anchor, trust)));
    }
    let digest = match anchor.over {
        None => sha256(&[note.text.as_bytes()]),
        // A renewal is over the bytes of the token that it renews.
        Some(over) => {
            let old = checkpoints::anchors_from(conn, anchor.size, u32::MAX)?.into_iter().find(|old| old.id == over);
            let Some(old) = old.and_then(|old| STANDARD.decode(old.proof).ok()) else { return Ok(Some(gone())) };
            sha256(&[&old])
        }
    };
    let Ok(token) = STANDARD.decode(&anchor.proof) else {
        return Ok(Some(Worth::Wrong(text("base64ではありません。", "it is not in base64"))));
    };
    Ok(Some(match stamp::verify(&token, &digest, &trust.stamp_roots, None) {
        Ok(stamp) if stamp.trusted => Worth::Trusted { by: stamp.authority, at: Some(stamp.at) },
        Ok(stamp) => Worth::NotTrusted { by: stamp.authority },
        Err(fault) => Worth::Wrong(worded(fault.ja(), fault.to_string())),
    }))
}

fn cosigned(note: &Note, anchor: &Anchor, trust: &Trust) -> Worth {
    let Ok(lines) = Note::parse(&format!("{}\n{}", note.text, anchor.proof)) else {
        return Worth::Wrong(text("署名の行として読めません。", "it is no line of a signature"));
    };
    let by = || lines.signatures.iter().map(|signature| signature.name.clone()).collect::<Vec<_>>().join(", ");
    match lines.verify(&trust.witnesses) {
        Ok(_) => Worth::Trusted { by: by(), at: None },
        Err(Unverified::NobodyKnown) => Worth::NotTrusted { by: by() },
        Err(wrong @ Unverified::Wrong(_)) => Worth::Wrong(worded(format!("署名が正しくありません（{wrong}）。"), wrong.to_string())),
    }
}
