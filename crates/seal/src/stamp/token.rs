//! A token taken apart under the strict profile: what it says, who signed it, and that the signature covers all of it.

use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{SignerIdentifier, SignerInfo};
use der::asn1::{ObjectIdentifier, OctetString, OctetStringRef};
use der::{Any, Decode, Encode};
use jiff::Timestamp;
use ring::digest::SHA1_FOR_LEGACY_USE_ONLY;
use x509_cert::ext::pkix::name::GeneralName;

use super::chain::Certified;
use super::parts::{
    CONTENT_TYPE, IssuerSerial, MESSAGE_DIGEST, SHA_256, SIGNED_DATA, SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2, SignedData,
    SigningCertificate, SigningCertificateV2, TST_INFO, TstInfo,
};
use super::signature::{self, Digest};
use super::{LONGEST_TOKEN, StampFault, width};
use crate::merkle::Hash;

/// A token whose form is right and whose parts agree. Nothing is known yet about signatures.
pub struct Token {
    pub info: Info,
    pub certificates: Vec<Certified>,
    /// The place of the signer's certificate among `certificates`.
    pub signer: usize,
    /// What the signed attributes say about certificates: the signer's first, then those of the path, if any.
    pub named: Vec<NamedCertificate>,
    signed_by: SignerInfo,
    digest: Digest,
    content: Vec<u8>,
}

/// What the authority states.
pub struct Info(TstInfo);

/// A certificate as the signed attributes name it.
pub struct NamedCertificate {
    algorithm: Naming,
    hash: Vec<u8>,
    issuer_serial: Option<IssuerSerial>,
}

#[derive(Clone, Copy)]
enum Naming {
    /// RFC 2634: only SHA-1 existed. The certificate is fixed by the path's signatures too.
    Sha1,
    Of(Digest),
}

/// Reads a token, refusing whatever is not DER byte for byte.
pub fn read(bytes: &[u8]) -> Result<Token, StampFault> {
    if bytes.len() > LONGEST_TOKEN {
        return Err(StampFault::TooLong { bytes: bytes.len() });
    }
    let outer: ContentInfo = exactly("ContentInfo", bytes)?;
    if outer.content_type != SIGNED_DATA {
        return Err(StampFault::profile("署名付きデータ（SignedData）ではありません。", "it is not SignedData"));
    }
    let inner = outer.content.to_der().map_err(|_| StampFault::NotDer { part: "SignedData" })?;
    let data: SignedData = exactly("SignedData", &inner)?;
    if data.version != CmsVersion::V3 || data.content.econtent_type != TST_INFO {
        return Err(StampFault::profile(
            "時刻情報（TSTInfo）を含む版3の署名付きデータではありません。",
            "it is not SignedData version 3 over TSTInfo",
        ));
    }
    let (Some(signed_by), 1) = (data.signers.get(0), data.signers.len()) else {
        return Err(StampFault::profile("署名者は1名でなければなりません。", "it needs exactly one signer"));
    };
    let signed_by = signed_by.clone();
    if signed_by.unsigned_attrs.is_some() {
        return Err(StampFault::profile("署名されていない属性があります。", "it has unsigned attributes"));
    }
    if data.digest_algorithms.len() != 1 || data.digest_algorithms.get(0) != Some(&signed_by.digest_alg) {
        return Err(StampFault::profile(
            "ダイジェストアルゴリズムが署名者のものと一致しません。",
            "its digest algorithms are not the signer's",
        ));
    }
    let content = (data.content.econtent.as_ref())
        .and_then(|content| content.decode_as::<OctetStringRef<'_>>().ok())
        .ok_or(StampFault::NotDer { part: "eContent" })?
        .as_bytes()
        .to_vec();
    let info: TstInfo = exactly("TSTInfo", &content)?;
    let certificates: Vec<Certified> = (data.certificates.unwrap_or_default().into_iter()).map(Certified::new).collect::<Result<_, _>>()?;
    Ok(Token {
        signer: find_signer(&signed_by, &certificates)?,
        named: named_certificates(&signed_by)?,
        digest: Digest::named(&signed_by.digest_alg)?,
        info: Info(info),
        certificates,
        signed_by,
        content,
    })
}

/// Decodes, encodes again and compares: what has a second spelling is refused.
fn exactly<'a, T: Decode<'a> + Encode>(part: &'static str, bytes: &'a [u8]) -> Result<T, StampFault> {
    let fault = StampFault::NotDer { part };
    let read: T = width::decode(bytes).ok_or_else(|| fault.clone())?;
    if read.to_der().ok().as_deref() == Some(bytes) { Ok(read) } else { Err(fault) }
}

fn find_signer(signed_by: &SignerInfo, certificates: &[Certified]) -> Result<usize, StampFault> {
    let place = match (&signed_by.sid, signed_by.version) {
        (SignerIdentifier::IssuerAndSerialNumber(id), CmsVersion::V1) => certificates.iter().position(|one| {
            let of = &one.certificate.tbs_certificate;
            of.issuer == id.issuer && of.serial_number == id.serial_number
        }),
        (SignerIdentifier::SubjectKeyIdentifier(id), CmsVersion::V3) => {
            certificates.iter().position(|one| one.extensions.subject_key.as_deref() == Some(id.0.as_bytes()))
        }
        _ => None,
    };
    place.ok_or(StampFault::profile("署名者の証明書が含まれていません。", "it does not hold the signer's certificate"))
}

/// The only value of a signed attribute; `None` where the attribute is missing.
fn attribute(signed_by: &SignerInfo, oid: ObjectIdentifier) -> Result<Option<&Any>, StampFault> {
    let odd = StampFault::profile(
        "署名対象の属性が重複しているか、値が1つではありません。",
        "a signed attribute stands twice or has not one value",
    );
    let mut found = None;
    for one in signed_by.signed_attrs.iter().flat_map(|all| all.iter()).filter(|one| one.oid == oid) {
        let (Some(value), 1, None) = (one.values.get(0), one.values.len(), found) else {
            return Err(odd);
        };
        found = Some(value);
    }
    Ok(found)
}

fn named_certificates(signed_by: &SignerInfo) -> Result<Vec<NamedCertificate>, StampFault> {
    let read = |part| StampFault::NotDer { part };
    if let Some(value) = attribute(signed_by, SIGNING_CERTIFICATE_V2)? {
        let list: SigningCertificateV2 = value.decode_as().map_err(|_| read("SigningCertificateV2"))?;
        let named = |id: super::parts::EssCertIdV2| {
            let digest = id.algorithm.as_ref().map_or(Ok(Digest::Sha256), Digest::named)?;
            Ok(NamedCertificate { algorithm: Naming::Of(digest), hash: id.hash.into_bytes(), issuer_serial: id.issuer_serial })
        };
        return list.certs.into_iter().map(named).collect();
    }
    if let Some(value) = attribute(signed_by, SIGNING_CERTIFICATE)? {
        let list: SigningCertificate = value.decode_as().map_err(|_| read("SigningCertificate"))?;
        let named = |id: super::parts::EssCertId| NamedCertificate {
            algorithm: Naming::Sha1,
            hash: id.hash.into_bytes(),
            issuer_serial: id.issuer_serial,
        };
        return Ok(list.certs.into_iter().map(named).collect());
    }
    Err(StampFault::profile(
        "署名者の証明書を示す属性（ESSCertID）がありません。",
        "no signed attribute (ESSCertID) names the signer's certificate",
    ))
}

impl NamedCertificate {
    pub fn is(&self, one: &Certified) -> bool {
        let hash = match self.algorithm {
            Naming::Sha1 => ring::digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, &one.der),
            Naming::Of(digest) => digest.of(&one.der),
        };
        let of = &one.certificate.tbs_certificate;
        hash.as_ref() == self.hash
            && self.issuer_serial.as_ref().is_none_or(|named| {
                named.serial_number == of.serial_number
                    && matches!(named.issuer.as_slice(), [GeneralName::DirectoryName(issuer)] if *issuer == of.issuer)
            })
    }
}

impl Token {
    pub fn signing_certificate(&self) -> Result<&Certified, StampFault> {
        self.certificates.get(self.signer).ok_or(StampFault::OtherSigner)
    }

    /// Whether the signer's key signed the attributes, and the attributes fix the content and the certificate.
    pub fn signer_signed(&self) -> Result<(), StampFault> {
        let signer = self.signing_certificate()?;
        let missing = StampFault::profile("署名対象の属性が足りません。", "signed attributes are missing");
        let attributes = self.signed_by.signed_attrs.as_ref().ok_or(missing.clone())?;
        let kind = attribute(&self.signed_by, CONTENT_TYPE)?.ok_or(missing.clone())?;
        if kind.decode_as::<ObjectIdentifier>().ok() != Some(TST_INFO) {
            return Err(StampFault::profile(
                "署名された内容の種類が時刻情報（TSTInfo）ではありません。",
                "the signed content type is not TSTInfo",
            ));
        }
        let digest = attribute(&self.signed_by, MESSAGE_DIGEST)?.ok_or(missing)?;
        let digest: OctetString = digest.decode_as().map_err(|_| StampFault::NotDer { part: "messageDigest" })?;
        if self.digest.of(&self.content).as_ref() != digest.as_bytes() {
            return Err(StampFault::Content);
        }
        if !self.named.first().is_some_and(|named| named.is(signer)) {
            return Err(StampFault::OtherSigner);
        }
        if self.info.authority().is_some_and(|name| !signer.is_called(name)) {
            return Err(StampFault::OtherSigner);
        }
        // RFC 5652, section 5.4: signed as a SET OF, not under the tag [0] that stands in the token.
        let signed = attributes.to_der().map_err(|_| StampFault::NotDer { part: "signedAttrs" })?;
        let key = &signer.certificate.tbs_certificate.subject_public_key_info;
        let right =
            signature::is_right(&self.signed_by.signature_algorithm, Some(self.digest), key, &signed, self.signed_by.signature.as_bytes())?;
        if right { Ok(()) } else { Err(StampFault::Signature) }
    }
}

impl Info {
    /// Whether the statement is about this digest and answers this request.
    pub fn is_about(&self, digest: &Hash, nonce: Option<u64>) -> Result<(), StampFault> {
        let TstInfo { version, message_imprint: imprint, .. } = &self.0;
        if *version != 1 {
            return Err(StampFault::profile("時刻情報（TSTInfo）の版が1ではありません。", "TSTInfo is not of version 1"));
        }
        if self.0.extensions.iter().flatten().any(|one| one.critical) {
            return Err(StampFault::profile("未対応の重要な拡張があります。", "TSTInfo has a critical extension that is not known"));
        }
        if imprint.algorithm.oid != SHA_256 {
            return Err(StampFault::Algorithm { oid: imprint.algorithm.oid.to_string() });
        }
        Digest::named(&imprint.algorithm)?;
        if imprint.digest.as_bytes() != digest {
            return Err(StampFault::OtherDigest);
        }
        let Some(asked) = nonce else { return Ok(()) };
        let answered = self.0.nonce.as_ref().map(|nonce| nonce.to_der());
        if answered == Some(asked.to_der()) { Ok(()) } else { Err(StampFault::OtherNonce) }
    }

    /// `genTime`: `YYYYMMDDhhmmss[.f…]Z`, the fraction without zeros at its end (RFC 3161, section 2.4.2).
    pub fn at(&self) -> Result<Timestamp, StampFault> {
        let bad = StampFault::profile("時刻（genTime）の書き方が規定に合いません。", "genTime is not written as RFC 3161 says");
        let read = || {
            let text = std::str::from_utf8(&self.0.gen_time.0).ok()?.strip_suffix('Z')?;
            let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
            let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            if whole.len() != 14 || !digits(whole) || fraction.is_some_and(|f| !digits(f) || f.ends_with('0')) {
                return None;
            }
            let number = |from: usize, to: usize| whole.get(from..to)?.parse::<i8>().ok();
            // Digits beyond nanoseconds say nothing that a clock knows.
            let fraction = fraction.unwrap_or_default();
            let nanos = format!("{:0<9}", fraction.get(..9).unwrap_or(fraction)).parse().ok()?;
            let year = whole.get(..4)?.parse().ok()?;
            jiff::civil::DateTime::new(year, number(4, 6)?, number(6, 8)?, number(8, 10)?, number(10, 12)?, number(12, 14)?, nanos)
                .and_then(|civil| jiff::tz::Offset::UTC.to_timestamp(civil))
                .ok()
        };
        read().ok_or(bad)
    }

    pub fn serial(&self) -> String {
        self.0.serial_number.as_bytes().iter().skip_while(|byte| **byte == 0).map(|byte| format!("{byte:02X}")).collect()
    }

    /// The name the authority gives itself, where it does (`tsa`).
    fn authority(&self) -> Option<&GeneralName> {
        self.0.tsa.as_ref()
    }

    pub fn policy(&self) -> String {
        self.0.policy.to_string()
    }
}
