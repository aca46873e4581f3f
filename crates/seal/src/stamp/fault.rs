//! Why a time-stamp token, or an authority's answer, is not accepted.

use std::fmt;

/// What is wrong with a token or an answer, in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StampFault {
    /// The authority did not stamp: PKIStatus, its own words, and the reasons it marked (PKIFailureInfo).
    Refused { status: u8, words: Vec<String>, reasons: Vec<&'static str> },
    /// The authority says it stamped, but sent no token.
    NoToken,
    /// More bytes than `LONGEST_TOKEN`.
    TooLong { bytes: usize },
    /// A part is not DER of the form that its standard gives it, or bytes follow it.
    NotDer { part: &'static str },
    /// The part departs from RFC 3161, or from the strict profile.
    Profile { ja: &'static str, en: &'static str },
    /// An algorithm that is not SHA-256/384/512 with RSA (2048 bits or more), ECDSA P-256/P-384 or Ed25519.
    Algorithm { oid: String },
    /// The stamp is over another digest.
    OtherDigest,
    /// The stamp answers another request.
    OtherNonce,
    /// The digest of the signed content is not the one that was signed.
    Content,
    /// The authority's signature over the token is wrong.
    Signature,
    /// The certificate that signed is not the one the signed attributes name.
    OtherSigner,
    /// A certificate's own signature is wrong: nobody of its issuer's name signed it.
    CertificateSignature { subject: String },
    /// A certificate was not valid at the time of the stamp.
    NotValidThen { subject: String, at: String },
    /// A certificate may not do what it does here.
    Certificate { subject: String, ja: &'static str, en: &'static str },
    /// A certificate in the token belongs to no path from the signer upwards.
    Stray { subject: String },
    /// A given root is no certificate; counted from 0.
    Root { index: usize },
}

impl StampFault {
    pub(super) const fn profile(ja: &'static str, en: &'static str) -> StampFault {
        StampFault::Profile { ja, en }
    }

    /// The fault in Japanese; `Display` is English.
    pub fn ja(&self) -> String {
        self.words().0
    }

    fn words(&self) -> (String, String) {
        match self {
            StampFault::Refused { status, words, reasons } => {
                let mut said: Vec<&str> = words.iter().map(String::as_str).collect();
                said.extend(reasons);
                let said = said.join("; ");
                (
                    format!("時刻認証局がタイムスタンプの発行を断りました（状態 {status}）: {said}"),
                    format!("the time-stamping authority refused (status {status}): {said}"),
                )
            }
            StampFault::NoToken => {
                ("時刻認証局の応答にタイムスタンプがありません。".into(), "the time-stamping authority's answer holds no token".into())
            }
            StampFault::TooLong { bytes } => (
                format!("タイムスタンプが長すぎます（{bytes}バイト。上限は{}バイト）。", super::LONGEST_TOKEN),
                format!("the time stamp is too long ({bytes} bytes; at most {})", super::LONGEST_TOKEN),
            ),
            StampFault::NotDer { part } => (
                format!("タイムスタンプの一部（{part}）が、規定どおりのDERではありません。"),
                format!("a part of the time stamp ({part}) is not DER as its standard says"),
            ),
            StampFault::Profile { ja, en } => {
                (format!("タイムスタンプが規定に合いません: {ja}"), format!("the time stamp departs from its profile: {en}"))
            }
            StampFault::Algorithm { oid } => (
                format!("タイムスタンプの暗号アルゴリズム（{oid}）には対応していません。"),
                format!("the time stamp uses an algorithm that is not supported ({oid})"),
            ),
            StampFault::OtherDigest => {
                ("タイムスタンプは別の内容に対するものです。".into(), "the time stamp is over another digest".into())
            }
            StampFault::OtherNonce => (
                "タイムスタンプは別の要求に対する応答です（ノンスが一致しません）。".into(),
                "the time stamp answers another request (its nonce differs)".into(),
            ),
            StampFault::Content => {
                ("タイムスタンプの内容が、署名されたものと違います。".into(), "the time stamp's content is not what was signed".into())
            }
            StampFault::Signature => ("タイムスタンプの署名が正しくありません。".into(), "the time stamp's signature is wrong".into()),
            StampFault::OtherSigner => (
                "タイムスタンプに署名した証明書が、署名の中で示された証明書と違います。".into(),
                "the certificate in the time stamp is not the one its signature names".into(),
            ),
            StampFault::CertificateSignature { subject } => {
                (format!("証明書「{subject}」の署名が正しくありません。"), format!("the signature on the certificate “{subject}” is wrong"))
            }
            StampFault::NotValidThen { subject, at } => (
                format!("証明書「{subject}」は、タイムスタンプの時刻（{at}）に有効ではありませんでした。"),
                format!("the certificate “{subject}” was not valid at the time of the stamp ({at})"),
            ),
            StampFault::Certificate { subject, ja, en } => (
                format!("証明書「{subject}」はタイムスタンプに使えません: {ja}"),
                format!("the certificate “{subject}” cannot be used for this time stamp: {en}"),
            ),
            StampFault::Stray { subject } => (
                format!(
                    "タイムスタンプの中の証明書「{subject}」は、信頼する認証局までの経路にありません。その発行者の証明書を、信頼する認証局として指定してください。"
                ),
                format!(
                    "the certificate “{subject}” in the time stamp is not on the path to a trusted root; name the authority that issued it as a root"
                ),
            ),
            StampFault::Root { index } => (
                format!("信頼する認証局の{}番目が、証明書（DER）ではありません。", index + 1),
                format!("trusted root number {} is not a certificate in DER", index + 1),
            ),
        }
    }
}

impl fmt::Display for StampFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().1)
    }
}
impl std::error::Error for StampFault {}
