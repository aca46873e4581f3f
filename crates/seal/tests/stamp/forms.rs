//! Tokens that say what a token may say, in forms that it may not have.

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos};
use der::asn1::{ObjectIdentifier, OctetString, SetOfVec};
use der::{Any, Decode, Encode};
use seal::merkle::{Hash, sha256};
use seal::stamp::{Stamp, StampFault, verify};
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::authority::{Authority, P256, Plan, RSA, SHA_256, der as element, info, info_of, openssl_is_here, run};

const AT: &str = "20260101000000Z";

fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new(text).unwrap()
}

fn attribute(kind: &str, value: Vec<u8>) -> Attribute {
    Attribute { oid: oid(kind), values: SetOfVec::try_from(vec![Any::from_der(&value).unwrap()]).unwrap() }
}

/// A token signed with Ed25519 attribute by attribute: OpenSSL 3.0 cannot. Certificates named beside the signer's, more attributes.
pub fn signed_by_hand(authority: &Authority, info: &[u8], beside: &[&[u8]], more: Vec<Attribute>) -> Vec<u8> {
    let signer = authority.der("signer.pem");
    let certificate = Certificate::from_der(&signer).unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA512, info);
    let ids: Vec<Vec<u8>> = (std::iter::once(signer.as_slice()).chain(beside.iter().copied()))
        .map(|one| element(0x30, &[&element(4, &[&sha256(&[one])])]))
        .collect();
    let named = element(0x30, &[&element(0x30, &ids.iter().map(Vec::as_slice).collect::<Vec<_>>())]);
    let mut attributes = vec![
        attribute("1.2.840.113549.1.9.3", oid("1.2.840.113549.1.9.16.1.4").to_der().unwrap()),
        attribute("1.2.840.113549.1.9.4", element(4, &[digest.as_ref()])),
        attribute("1.2.840.113549.1.9.16.2.47", named),
    ];
    attributes.extend(more);
    let attributes = SetOfVec::try_from(attributes).unwrap();
    let mut certificates = vec![CertificateChoices::Certificate(certificate.clone())];
    if authority.dir.join("middle1.pem").exists() {
        certificates.push(CertificateChoices::Certificate(Certificate::from_der(&authority.der("middle1.pem")).unwrap()));
    }
    std::fs::write(authority.dir.join("signed"), attributes.to_der().unwrap()).unwrap();
    run(&authority.dir, &["pkeyutl", "-sign", "-inkey", "signer.key", "-rawin", "-in", "signed", "-out", "signature"]);
    let algorithm = |text| AlgorithmIdentifierOwned { oid: oid(text), parameters: None };
    let sha512 = algorithm("2.16.840.1.101.3.4.2.3");
    let data = SignedData {
        version: CmsVersion::V3,
        digest_algorithms: SetOfVec::try_from(vec![sha512.clone()]).unwrap(),
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: oid("1.2.840.113549.1.9.16.1.4"),
            econtent: Some(Any::encode_from(&OctetString::new(info).unwrap()).unwrap()),
        },
        certificates: Some(CertificateSet(SetOfVec::try_from(certificates).unwrap())),
        crls: None,
        signer_infos: SignerInfos(
            SetOfVec::try_from(vec![SignerInfo {
                version: CmsVersion::V1,
                sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                    issuer: certificate.tbs_certificate.issuer.clone(),
                    serial_number: certificate.tbs_certificate.serial_number.clone(),
                }),
                digest_alg: sha512,
                signed_attrs: Some(attributes),
                signature_algorithm: algorithm("1.3.101.112"),
                signature: OctetString::new(std::fs::read(authority.dir.join("signature")).unwrap()).unwrap(),
                unsigned_attrs: None,
            }])
            .unwrap(),
        ),
    };
    whole(&data)
}

fn whole(data: &SignedData) -> Vec<u8> {
    ContentInfo { content_type: oid("1.2.840.113549.1.7.2"), content: Any::encode_from(data).unwrap() }.to_der().unwrap()
}

/// The token with its insides changed: what no signature covers.
fn changed(token: &[u8], change: impl FnOnce(&mut SignedData)) -> Vec<u8> {
    let mut data: SignedData = ContentInfo::from_der(token).unwrap().content.decode_as().unwrap();
    change(&mut data);
    whole(&data)
}

fn with_signer(data: &mut SignedData, change: impl FnOnce(&mut SignerInfo)) {
    let mut signer = data.signer_infos.0.get(0).unwrap().clone();
    change(&mut signer);
    data.signer_infos = SignerInfos(SetOfVec::try_from(vec![signer]).unwrap());
}

struct Scene {
    authority: Authority,
    digest: Hash,
}

impl Scene {
    fn new(name: &str) -> Scene {
        Scene { authority: Authority::new(name, &P256), digest: sha256(&[name.as_bytes()]) }
    }
    fn verify(&self, token: &[u8]) -> Result<Stamp, StampFault> {
        verify(token, &self.digest, self.authority.roots(), None)
    }
    fn says(&self, info: &[u8]) -> Result<Stamp, StampFault> {
        self.verify(&self.authority.token_saying(info, &["-cades"]))
    }
}

#[test]
fn what_no_signature_covers_is_refused() {
    if !openssl_is_here() {
        return;
    }
    let scene = Scene::new("uncovered");
    let token = scene.authority.token(&scene.digest, 1);
    assert!(scene.verify(&changed(&token, |_| {})).unwrap().trusted);
    let refused = |what: &str, change: &dyn Fn(&mut SignedData)| {
        let seen = scene.verify(&changed(&token, change));
        assert!(seen.is_err(), "{what}: {seen:?}");
    };
    refused("unsigned attribute", &|data| {
        with_signer(data, |signer| signer.unsigned_attrs = Some(SetOfVec::try_from(vec![attribute("1.2.3.4", vec![5, 0])]).unwrap()));
    });
    refused("revocation lists", &|data| data.crls = Some(cms::revocation::RevocationInfoChoices(SetOfVec::new())));
    refused("another version", &|data| data.version = CmsVersion::V1);
    refused("another signer's version", &|data| with_signer(data, |signer| signer.version = CmsVersion::V3));
    refused("no certificate", &|data| data.certificates = None);
    refused("no signer", &|data| data.signer_infos = SignerInfos(SetOfVec::new()));
    refused("one more signer", &|data| {
        let mut second = data.signer_infos.0.get(0).unwrap().clone();
        second.signature = OctetString::new([0; 8]).unwrap();
        data.signer_infos.0.insert(second).unwrap();
    });
    refused("one more digest", &|data| {
        let more = AlgorithmIdentifierOwned { oid: oid("2.16.840.1.101.3.4.2.3"), parameters: Some(Any::from_der(&[5, 0]).unwrap()) };
        data.digest_algorithms.insert(more).unwrap();
    });
    refused("no digest", &|data| data.digest_algorithms = SetOfVec::new());
    refused("no signed attributes", &|data| with_signer(data, |signer| signer.signed_attrs = None));
    refused("no content", &|data| data.encap_content_info.econtent = None);
    refused("content of another type", &|data| data.encap_content_info.econtent_type = oid("1.2.840.113549.1.7.1"));
    refused("one more signed attribute", &|data| {
        with_signer(data, |signer| signer.signed_attrs.as_mut().unwrap().insert(attribute("1.2.3.4", vec![5, 0])).unwrap());
    });
    refused("a known digest written otherwise", &|data| {
        with_signer(data, |signer| {
            signer.digest_alg.parameters = match signer.digest_alg.parameters {
                None => Some(Any::from_der(&[5, 0]).unwrap()),
                Some(_) => None,
            }
        });
    });
}

#[test]
fn signed_attributes_have_to_be_complete() {
    if !openssl_is_here() {
        return;
    }
    let scene = Scene::new("attributes");
    let info = info(&scene.digest, AT, &[]);
    assert!(scene.says(&info).unwrap().trusted);
    for (what, options) in [
        ("without ESSCertID", &[][..]),
        ("without signed attributes", &["-noattr"]),
        ("two signers", &["-cades", "-signer", "root.pem", "-inkey", "root.key"]),
    ] {
        let seen = scene.verify(&scene.authority.token_saying(&info, options));
        // The library orders two signers in its own way now and then; then they are refused as a set out of order.
        let refused = matches!(&seen, Err(StampFault::Profile { .. })) || (what == "two signers" && seen.is_err());
        assert!(refused, "{what}: {seen:?}");
    }
    // The signer named by its key instead of by issuer and number.
    assert!(scene.verify(&scene.authority.token_saying(&info, &["-cades", "-keyid"])).unwrap().trusted);
    // Indefinite lengths: BER that OpenSSL writes when it streams.
    assert!(matches!(scene.verify(&scene.authority.token_saying(&info, &["-cades", "-stream"])), Err(StampFault::NotDer { .. })));
}

#[test]
fn the_statement_has_to_be_that_of_rfc_3161() {
    if !openssl_is_here() {
        return;
    }
    let scene = Scene::new("statements");
    let (digest, says) = (&scene.digest, |info: &[u8]| scene.says(info));
    let imprint = element(0x30, &[SHA_256, &element(4, &[digest])]);
    let stamp = says(&info_of(&[1], &imprint, AT, &[])).unwrap();
    assert_eq!((stamp.serial.as_str(), stamp.policy.as_str()), ("1234", "1.2.3.4.1"));
    assert!(matches!(says(&info_of(&[2], &imprint, AT, &[])), Err(StampFault::Profile { .. })));
    let mut sha512 = SHA_256.to_vec();
    sha512[12] = 3;
    assert!(matches!(says(&info_of(&[1], &element(0x30, &[&sha512, &element(4, &[digest])]), AT, &[])), Err(StampFault::Algorithm { .. })));
    for wrong in [&digest[..31], &[&digest[..], &[0]].concat(), &[]] {
        assert_eq!(says(&info_of(&[1], &element(0x30, &[SHA_256, &element(4, &[wrong])]), AT, &[])), Err(StampFault::OtherDigest));
    }
    // An extension, at first harmless, then critical.
    let extension = |critical: &[u8]| element(0xa1, &[&element(0x30, &[&[6, 3, 0x2a, 3, 4], critical, &[4, 2, 5, 0]])]);
    assert!(says(&info(digest, AT, &extension(&[]))).unwrap().trusted);
    assert!(matches!(says(&info(digest, AT, &extension(&[1, 1, 0xff]))), Err(StampFault::Profile { .. })));
    // Defaults are left out in DER, numbers are short, nothing follows.
    for spelt_otherwise in [&[1u8, 1, 0][..], &[1, 1, 1], &[2, 2, 0, 1], &[5, 0], &extension(&[1, 1, 0])] {
        assert!(matches!(says(&info(digest, AT, spelt_otherwise)), Err(StampFault::NotDer { .. })), "{spelt_otherwise:?}");
    }
    assert!(says(&info(digest, AT, &[1, 1, 0xff])).unwrap().trusted);
    // The authority's own name has to be its name.
    let named = |name: &str| {
        let common = element(0x30, &[&[6, 3, 0x55, 4, 3], &element(0x0c, &[name.as_bytes()])]);
        let of = |kind: u8, value: &str| element(0x31, &[&element(0x30, &[&[6, 3, 0x55, 4, kind], &element(0x13, &[value.as_bytes()])])]);
        let name = element(0x30, &[&of(6, "JP"), &of(10, "Clock"), &element(0x31, &[&common])]);
        element(0xa0, &[&element(0xa4, &[&name])])
    };
    assert!(says(&info(digest, AT, &named("STAMPS"))).unwrap().trusted);
    assert_eq!(says(&info(digest, AT, &named("Stamp"))), Err(StampFault::OtherSigner));
}

#[test]
fn times_are_read_with_fractions_and_nothing_else() {
    if !openssl_is_here() {
        return;
    }
    let scene = Scene::new("times");
    for (written, read) in [
        ("20260228235959Z", "2026-02-28T23:59:59Z"),
        ("20240229120000.1Z", "2024-02-29T12:00:00.1Z"),
        ("20240229120000.123456789Z", "2024-02-29T12:00:00.123456789Z"),
        ("20240229120000.1234567891234Z", "2024-02-29T12:00:00.123456789Z"),
    ] {
        assert_eq!(scene.says(&info(&scene.digest, written, &[])).unwrap().at.to_string(), read);
    }
    for wrong in [
        "202601010000Z",
        "20260101000000",
        "20260101000000+0900",
        "20260101000000.Z",
        "20260101000000.10Z",
        "20260101000000,5Z",
        "20260229000000Z",
        "20261301000000Z",
        "20260101240000Z",
        "20260101006000Z",
        "20260101000060Z",
        "+0260101000000Z",
        "２0260101000Z",
        "20260101000000.1 Z",
        "Z",
        "",
    ] {
        let seen = scene.says(&info(&scene.digest, wrong, &[]));
        assert!(matches!(seen, Err(StampFault::Profile { .. })), "{wrong}: {seen:?}");
    }
}

#[test]
fn a_token_of_unreasonable_length_is_not_read() {
    assert_eq!(verify(&vec![0x30; 40_000], &[0; 32], &[], None), Err(StampFault::TooLong { bytes: 40_000 }));
}

#[test]
fn a_set_of_thousands_is_refused() {
    // Backwards, so that the decoder would have to sort it.
    let many: Vec<Vec<u8>> = (0u16..4000).rev().map(|n| vec![0x30, 5, 6, 3, 0x2a, 0x81 + (n / 128) as u8, (n % 128) as u8]).collect();
    let set = element(0x31, &many.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let data = element(0x30, &[&[2, 1, 3], &set, &[0x30, 0]]);
    let token = element(0x30, &[&oid("1.2.840.113549.1.7.2").to_der().unwrap(), &element(0xa0, &[&data])]);
    // Sorting took eight seconds on a busy machine; `stamp::width` refuses before.
    assert!(matches!(verify(&token, &[0; 32], &[], None), Err(StampFault::NotDer { .. })));
}

#[test]
fn the_unsigned_name_of_a_certificates_algorithm_has_to_be_the_signed_one() {
    if !openssl_is_here() {
        return;
    }
    let authority = Authority::new("outer-algorithm", &Plan { intermediates: 1, ..RSA });
    let digest = sha256(&[b"x"]);
    let token = authority.token(&digest, 1);
    let without_null = changed(&token, |data| {
        let certificates = data.certificates.take().unwrap().0.into_vec().into_iter().map(|one| match one {
            CertificateChoices::Certificate(mut one) => {
                if one.tbs_certificate.subject.to_string().contains("Middle") {
                    one.signature_algorithm.parameters = None;
                }
                CertificateChoices::Certificate(one)
            }
            other => other,
        });
        data.certificates = Some(CertificateSet(SetOfVec::try_from(certificates.collect::<Vec<_>>()).unwrap()));
    });
    assert_ne!(without_null, token);
    let wrong = Err(StampFault::CertificateSignature { subject: "CN=Middle 1,O=Clock,C=JP".into() });
    assert_eq!(verify(&without_null, &digest, authority.roots(), None), wrong);
}

#[test]
fn signed_attributes_stand_once_and_bind_the_path() {
    if !openssl_is_here() {
        return;
    }
    let authority = Authority::new("by-hand", &Plan { key: "ED25519", digest: "sha512", intermediates: 1, ..RSA });
    let digest = sha256(&[b"x"]);
    let info = info(&digest, AT, &[]);
    let verify = |token: &[u8]| verify(token, &digest, authority.roots(), None);
    let (middle, root) = (authority.der("middle1.pem"), authority.der("root.pem"));
    assert!(verify(&signed_by_hand(&authority, &info, &[], vec![])).unwrap().trusted);
    assert!(verify(&signed_by_hand(&authority, &info, &[&middle], vec![])).unwrap().trusted);
    assert!(verify(&signed_by_hand(&authority, &info, &[&middle, &root], vec![])).unwrap().trusted);
    // The signer names a path, and the intermediate is not on it.
    let other = verify(&signed_by_hand(&authority, &info, &[&root], vec![]));
    assert!(matches!(&other, Err(StampFault::Certificate { subject, .. }) if subject.starts_with("CN=Middle 1")), "{other:?}");
    // A second content type, a second digest; one that nobody reads is let through.
    let digest_of_nothing = attribute("1.2.840.113549.1.9.4", element(4, &[&[0; 64]]));
    let data = attribute("1.2.840.113549.1.9.3", oid("1.2.840.113549.1.7.1").to_der().unwrap());
    for twice in [digest_of_nothing, data] {
        let seen = verify(&signed_by_hand(&authority, &info, &[], vec![twice]));
        assert!(matches!(seen, Err(StampFault::Profile { .. })), "{seen:?}");
    }
    assert!(verify(&signed_by_hand(&authority, &info, &[], vec![attribute("1.2.3.4", vec![5, 0])])).unwrap().trusted);
}
