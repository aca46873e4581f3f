//! The path from the certificate that signed a token up to a trusted root, judged at the time of the stamp (RFC 5280, section 6).

use der::Encode;
use der::asn1::ObjectIdentifier;
use jiff::Timestamp;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier};
use x509_cert::time::Time;
use x509_cert::{Certificate, Version};

use super::signature;
use super::token::NamedCertificate;
use super::{StampFault, width};

/// The most certificates a token may carry; the search for a path is bounded by it.
const MOST_CERTIFICATES: usize = 6;

const SUBJECT_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const SUBJECT_NAMES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const NAME_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.30");
const POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");
const AUTHORITY_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
const EXTENDED_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// A certificate with what its extensions allow.
pub struct Certified {
    pub certificate: Certificate,
    pub der: Vec<u8>,
    pub extensions: Allowed,
}

/// The extensions that a path is judged by.
#[derive(Default)]
pub struct Allowed {
    pub subject_key: Option<Vec<u8>>,
    authority_key: Option<Vec<u8>>,
    basic: Option<BasicConstraints>,
    usage: Option<KeyUsage>,
    /// Whether it is critical, and the purposes.
    purposes: Option<(bool, Vec<ObjectIdentifier>)>,
    /// Something we cannot judge: ja, en.
    beyond_us: Option<(&'static str, &'static str)>,
}

impl Certified {
    pub fn new(certificate: Certificate) -> Result<Certified, StampFault> {
        let fault = StampFault::NotDer { part: "Certificate" };
        let der = certificate.to_der().map_err(|_| fault.clone())?;
        let extensions = Allowed::read(&certificate).ok_or(fault)?;
        Ok(Certified { certificate, der, extensions })
    }

    pub fn subject(&self) -> String {
        self.certificate.tbs_certificate.subject.to_string()
    }

    /// The last second in which the certificate is valid.
    pub fn until(&self) -> Result<Timestamp, StampFault> {
        moment(self.certificate.tbs_certificate.validity.not_after)
    }

    /// Whether a name is the subject's, or stands beside it (`subjectAltName`). Names that differ only in capitals or
    /// in the kind of string are the same name (RFC 5280, section 7.1).
    pub fn is_called(&self, name: &GeneralName) -> bool {
        let tbs = &self.certificate.tbs_certificate;
        let as_subject =
            matches!(name, GeneralName::DirectoryName(name) if name.to_string().to_lowercase() == tbs.subject.to_string().to_lowercase());
        as_subject
            || (tbs.extensions.iter().flatten().filter(|one| one.extn_id == SUBJECT_NAMES))
                .filter_map(|one| width::decode::<Vec<GeneralName>>(one.extn_value.as_bytes()))
                .any(|names| names.contains(name))
    }

    fn self_issued(&self) -> bool {
        self.certificate.tbs_certificate.subject == self.certificate.tbs_certificate.issuer
    }

    /// By name and key identifiers; whether it really signed is another question.
    fn names_as_issuer(&self, issuer: &Certified) -> bool {
        let keys_fit = match (&self.extensions.authority_key, &issuer.extensions.subject_key) {
            (Some(named), Some(own)) => named == own,
            _ => true,
        };
        keys_fit && self.certificate.tbs_certificate.issuer == issuer.certificate.tbs_certificate.subject
    }

    fn is_signed_by(&self, issuer: &Certified) -> Result<bool, StampFault> {
        let Certificate { tbs_certificate: tbs, signature_algorithm, signature } = &self.certificate;
        let (Ok(signed), Some(signature)) = (tbs.to_der(), signature.as_bytes()) else { return Ok(false) };
        // The outer identifier is not signed; the inner one is.
        if *signature_algorithm != tbs.signature {
            return Ok(false);
        }
        signature::is_right(signature_algorithm, None, &issuer.certificate.tbs_certificate.subject_public_key_info, &signed, signature)
    }

    fn unfit(&self, ja: &'static str, en: &'static str) -> StampFault {
        StampFault::Certificate { subject: self.subject(), ja, en }
    }
}

impl Allowed {
    fn read(certificate: &Certificate) -> Option<Allowed> {
        let mut read = Allowed::default();
        let all = certificate.tbs_certificate.extensions.as_deref().unwrap_or_default();
        if certificate.tbs_certificate.version != Version::V3 && !all.is_empty() {
            return None;
        }
        for (place, one) in all.iter().enumerate() {
            if all.iter().take(place).any(|before| before.extn_id == one.extn_id) {
                return None;
            }
            let value = one.extn_value.as_bytes();
            match one.extn_id {
                SUBJECT_KEY => read.subject_key = Some(width::decode::<SubjectKeyIdentifier>(value)?.0.into_bytes()),
                AUTHORITY_KEY => {
                    read.authority_key = width::decode::<AuthorityKeyIdentifier>(value)?.key_identifier.map(|key| key.into_bytes())
                }
                BASIC_CONSTRAINTS => read.basic = Some(width::decode::<BasicConstraints>(value)?),
                KEY_USAGE => read.usage = Some(width::decode::<KeyUsage>(value)?),
                EXTENDED_USAGE => read.purposes = Some((one.critical, width::decode::<ExtendedKeyUsage>(value)?.0)),
                // Any policy will do, and other names of the subject take nothing away.
                POLICIES | SUBJECT_NAMES => {}
                // Obeyed or refused: to overlook them would widen what the issuer narrowed.
                NAME_CONSTRAINTS => {
                    read.beyond_us = Some(("名前制約（nameConstraints）には対応していません。", "name constraints are not supported"));
                }
                _ if one.critical => {
                    read.beyond_us = Some(("未対応の重要な拡張があります。", "it has a critical extension that is not known"));
                }
                _ => {}
            }
        }
        Some(read)
    }
}

fn moment(time: Time) -> Result<Timestamp, StampFault> {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok();
    seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or(StampFault::NotDer { part: "Validity" })
}

/// Whether the signer's path reaches one of the roots. Every certificate in the token has to be on the path,
/// or its bits would be covered by nothing.
pub fn judge(token: &[Certified], signer: usize, named: &[NamedCertificate], roots: &[Vec<u8>], at: Timestamp) -> Result<bool, StampFault> {
    if token.len() > MOST_CERTIFICATES {
        return Err(StampFault::profile("証明書が多すぎます。", "it holds too many certificates"));
    }
    let read =
        |(index, der): (usize, &Vec<u8>)| width::decode(der).and_then(|one| Certified::new(one).ok()).ok_or(StampFault::Root { index });
    let roots: Vec<Certified> = roots.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    let Some(signer) = token.get(signer) else { return Ok(false) };
    let mut search = Search { token, roots: &roots, named, at, fault: None };
    if search.from(&mut vec![signer], Ending::AtARoot)? {
        return Ok(true);
    }
    // What was wrong on the way to a root says more than that none was reached.
    if let Some(fault) = search.fault.take() {
        return Err(fault);
    }
    if search.from(&mut vec![signer], Ending::Anywhere)? {
        return Ok(false);
    }
    Err(search
        .fault
        .take()
        .unwrap_or_else(|| StampFault::Stray { subject: token.iter().find(|one| !std::ptr::eq(*one, signer)).unwrap_or(signer).subject() }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    AtARoot,
    Anywhere,
}

struct Search<'a> {
    token: &'a [Certified],
    roots: &'a [Certified],
    named: &'a [NamedCertificate],
    at: Timestamp,
    /// The first thing that was wrong with a path that otherwise led on.
    fault: Option<StampFault>,
}

impl<'a> Search<'a> {
    /// Depth first: the path so far, the signer first, grown by whoever signed its last certificate.
    fn from(&mut self, path: &mut Vec<&'a Certified>, ending: Ending) -> Result<bool, StampFault> {
        let Some(last) = path.last().copied() else { return Ok(false) };
        let ends = match ending {
            Ending::AtARoot => self.roots.iter().any(|root| root.der == last.der),
            Ending::Anywhere => true,
        };
        if ends && self.is_complete(path, ending) {
            return Ok(true);
        }
        let (token, roots) = (self.token, self.roots);
        for issuer in token.iter().chain(if ending == Ending::AtARoot { roots } else { &[] }) {
            if path.iter().any(|one| one.der == issuer.der) || !last.names_as_issuer(issuer) {
                continue;
            }
            match last.is_signed_by(issuer) {
                Ok(true) => {
                    path.push(issuer);
                    if self.from(path, ending)? {
                        return Ok(true);
                    }
                    path.pop();
                }
                Ok(false) => self.note(StampFault::CertificateSignature { subject: last.subject() }),
                Err(fault) => self.note(fault),
            }
        }
        Ok(false)
    }

    fn note(&mut self, fault: StampFault) {
        self.fault.get_or_insert(fault);
    }

    fn is_complete(&mut self, path: &[&Certified], ending: Ending) -> bool {
        if let Some(stray) = self.token.iter().find(|one| !path.iter().any(|on| on.der == one.der)) {
            if ending == Ending::AtARoot {
                self.note(StampFault::Stray { subject: stray.subject() });
            }
            return false;
        }
        let judged = self.judge_path(path, ending);
        if let Err(fault) = judged {
            self.note(fault);
            return false;
        }
        true
    }

    fn judge_path(&self, path: &[&Certified], ending: Ending) -> Result<(), StampFault> {
        for (place, one) in path.iter().enumerate() {
            let validity = &one.certificate.tbs_certificate.validity;
            // Whole seconds, as certificates count: the last second belongs to the certificate.
            let now = self.at.as_second();
            if now < moment(validity.not_before)?.as_second() || now > moment(validity.not_after)?.as_second() {
                return Err(StampFault::NotValidThen { subject: one.subject(), at: self.at.to_string() });
            }
            if let Some((ja, en)) = one.extensions.beyond_us {
                return Err(one.unfit(ja, en));
            }
            if place == 0 {
                may_stamp(one)?;
            } else {
                let below = path.iter().take(place).skip(1).filter(|below| !below.self_issued()).count();
                may_certify(one, below)?;
            }
            // RFC 5035, section 5.4.1: where the signer names more than its own certificate, the path keeps to those named.
            // The root may be left out: it is ours, not the token's.
            let is_root = ending == Ending::AtARoot && place + 1 == path.len();
            if self.named.len() > 1 && !is_root && !self.named.iter().any(|named| named.is(one)) {
                return Err(one.unfit("署名者が示した証明書の中にありません。", "the signer does not name it"));
            }
        }
        // A token that brings its own top brings bits that nobody above vouches for: a self-signed one vouches for itself.
        match path.last() {
            Some(top) if top.self_issued() && path.len() > 1 && !top.is_signed_by(top)? && ending == Ending::Anywhere => {
                Err(StampFault::CertificateSignature { subject: top.subject() })
            }
            _ => Ok(()),
        }
    }
}

/// RFC 3161, section 2.3: time stamping, critical, and nothing else.
fn may_stamp(one: &Certified) -> Result<(), StampFault> {
    let alone = matches!(&one.extensions.purposes, Some((true, purposes)) if purposes.as_slice() == [TIME_STAMPING]);
    if !alone {
        return Err(one.unfit(
            "用途（拡張キー使用法）がタイムスタンプだけに限られていません。",
            "its extended key usage is not time stamping, critical and alone",
        ));
    }
    let signing = KeyUsages::DigitalSignature | KeyUsages::NonRepudiation;
    if one.extensions.usage.is_some_and(|usage| usage.0.is_disjoint(signing) || !(usage.0 - signing).is_empty()) {
        return Err(one.unfit("鍵の用途が署名ではありません。", "its key usage is not signing alone"));
    }
    Ok(())
}

/// RFC 5280, section 6.1.4: an authority that may issue, with `below` other authorities under it.
fn may_certify(one: &Certified, below: usize) -> Result<(), StampFault> {
    let Some(basic) = one.extensions.basic.as_ref().filter(|basic| basic.ca) else {
        return Err(one.unfit("認証局の証明書ではありません。", "it is not an authority's (CA)"));
    };
    if basic.path_len_constraint.is_some_and(|longest| below > usize::from(longest)) {
        return Err(one.unfit("認証経路が長すぎます（pathLenConstraint）。", "the path under it is longer than it allows"));
    }
    if one.extensions.usage.is_some_and(|usage| !usage.0.contains(KeyUsages::KeyCertSign)) {
        return Err(one.unfit("鍵の用途が証明書の発行を含みません。", "its key usage does not allow it to sign certificates"));
    }
    if (one.extensions.purposes.as_ref()).is_some_and(|(_, all)| !all.contains(&TIME_STAMPING) && !all.contains(&ANY_USAGE)) {
        return Err(one.unfit("タイムスタンプ用の証明書を発行できません。", "it may not issue for time stamping"));
    }
    Ok(())
}
