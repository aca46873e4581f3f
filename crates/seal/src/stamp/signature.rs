//! Which signatures and digests are accepted, and whether one is right; the arithmetic is `ring`'s.

use der::asn1::{Null, ObjectIdentifier};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::StampFault;
use super::parts::SHA_256;

const SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const EC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ECDSA_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ED25519_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The shortest RSA key, as bytes of its encoding: a modulus of 2048 bits.
const SHORTEST_RSA_KEY: usize = 256;

/// A digest algorithm of the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    /// The digest an identifier names; parameters are NULL or absent (RFC 5754).
    pub fn named(algorithm: &AlgorithmIdentifierOwned) -> Result<Digest, StampFault> {
        if !null_or_absent(algorithm) {
            return Err(unsupported(algorithm));
        }
        match algorithm.oid {
            SHA_256 => Ok(Digest::Sha256),
            SHA_384 => Ok(Digest::Sha384),
            SHA_512 => Ok(Digest::Sha512),
            _ => Err(unsupported(algorithm)),
        }
    }

    pub fn of(self, bytes: &[u8]) -> ring::digest::Digest {
        let algorithm = match self {
            Digest::Sha256 => &ring::digest::SHA256,
            Digest::Sha384 => &ring::digest::SHA384,
            Digest::Sha512 => &ring::digest::SHA512,
        };
        ring::digest::digest(algorithm, bytes)
    }
}

/// A signature algorithm, before it is known which key it meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Rsa(Digest),
    Ecdsa(Digest),
    Ed25519,
}

/// Whether `signature` is that of `key` over `message`. Beside a CMS signer stands a digest of its own (`beside`):
/// it has to be the signature's, or a changed identifier would go unseen.
///
/// `Ok(false)`: the signature is wrong. A fault: the algorithm or the key is none of the profile.
pub fn is_right(
    algorithm: &AlgorithmIdentifierOwned,
    beside: Option<Digest>,
    key: &SubjectPublicKeyInfoOwned,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, StampFault> {
    let scheme = scheme(algorithm, beside)?;
    let Some(bits) = key.subject_public_key.as_bytes() else {
        return Err(unsupported(&key.algorithm));
    };
    let check = meets(scheme, key, bits).ok_or_else(|| unsupported(&key.algorithm))?;
    Ok(UnparsedPublicKey::new(check, bits).verify(message, signature).is_ok())
}

fn scheme(algorithm: &AlgorithmIdentifierOwned, beside: Option<Digest>) -> Result<Scheme, StampFault> {
    let (scheme, parameters_fit) = match (algorithm.oid, beside) {
        // In CMS the plain RSA identifier takes its digest from beside it (RFC 3370); certificates always name both.
        (RSA, Some(digest)) => (Scheme::Rsa(digest), null_or_absent(algorithm)),
        (RSA_SHA_256, _) => (Scheme::Rsa(Digest::Sha256), null_or_absent(algorithm)),
        (RSA_SHA_384, _) => (Scheme::Rsa(Digest::Sha384), null_or_absent(algorithm)),
        (RSA_SHA_512, _) => (Scheme::Rsa(Digest::Sha512), null_or_absent(algorithm)),
        (ECDSA_SHA_256, _) => (Scheme::Ecdsa(Digest::Sha256), algorithm.parameters.is_none()),
        (ECDSA_SHA_384, _) => (Scheme::Ecdsa(Digest::Sha384), algorithm.parameters.is_none()),
        (ED25519_OID, _) => (Scheme::Ed25519, algorithm.parameters.is_none()),
        _ => return Err(unsupported(algorithm)),
    };
    let agrees = match (scheme, beside) {
        (_, None) => true,
        (Scheme::Rsa(own) | Scheme::Ecdsa(own), Some(digest)) => own == digest,
        // RFC 8419, section 2.3.
        (Scheme::Ed25519, Some(digest)) => digest == Digest::Sha512,
    };
    if parameters_fit && agrees { Ok(scheme) } else { Err(unsupported(algorithm)) }
}

fn meets(scheme: Scheme, key: &SubjectPublicKeyInfoOwned, bits: &[u8]) -> Option<&'static dyn VerificationAlgorithm> {
    let kind = &key.algorithm;
    let curve = || kind.parameters.as_ref()?.decode_as::<ObjectIdentifier>().ok();
    match (kind.oid, scheme) {
        (RSA, Scheme::Rsa(digest)) if null_or_absent(kind) && bits.len() >= SHORTEST_RSA_KEY => Some(match digest {
            Digest::Sha256 => &RSA_PKCS1_2048_8192_SHA256,
            Digest::Sha384 => &RSA_PKCS1_2048_8192_SHA384,
            Digest::Sha512 => &RSA_PKCS1_2048_8192_SHA512,
        }),
        (EC_KEY, Scheme::Ecdsa(digest)) => match (curve()?, digest) {
            (P_256, Digest::Sha256) => Some(&ECDSA_P256_SHA256_ASN1),
            (P_256, Digest::Sha384) => Some(&ECDSA_P256_SHA384_ASN1),
            (P_384, Digest::Sha256) => Some(&ECDSA_P384_SHA256_ASN1),
            (P_384, Digest::Sha384) => Some(&ECDSA_P384_SHA384_ASN1),
            _ => None,
        },
        (ED25519_OID, Scheme::Ed25519) if kind.parameters.is_none() => Some(&ED25519),
        _ => None,
    }
}

fn null_or_absent(algorithm: &AlgorithmIdentifierOwned) -> bool {
    (algorithm.parameters.as_ref()).is_none_or(|parameters| parameters.decode_as::<Null>().is_ok())
}

fn unsupported(algorithm: &AlgorithmIdentifierOwned) -> StampFault {
    StampFault::Algorithm { oid: algorithm.oid.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_goes_with_the_digest_that_stands_beside_it() {
        let named = |oid, parameters: Option<der::Any>| AlgorithmIdentifierOwned { oid, parameters };
        let null = || Some(der::Any::from(Null));
        let seen = |oid, parameters, beside| scheme(&named(oid, parameters), beside).ok();
        let all = [Digest::Sha256, Digest::Sha384, Digest::Sha512];
        for (oid, own) in [(RSA_SHA_256, Digest::Sha256), (RSA_SHA_384, Digest::Sha384), (RSA_SHA_512, Digest::Sha512)] {
            for beside in all {
                assert_eq!(seen(oid, null(), Some(beside)), (own == beside).then_some(Scheme::Rsa(own)));
                assert_eq!(seen(RSA, null(), Some(beside)), Some(Scheme::Rsa(beside)));
            }
        }
        for (oid, own) in [(ECDSA_SHA_256, Digest::Sha256), (ECDSA_SHA_384, Digest::Sha384)] {
            for beside in all {
                assert_eq!(seen(oid, None, Some(beside)), (own == beside).then_some(Scheme::Ecdsa(own)));
            }
            assert_eq!(seen(oid, null(), Some(own)), None);
        }
        assert_eq!(all.map(|beside| seen(ED25519_OID, None, Some(beside))), [None, None, Some(Scheme::Ed25519)]);
        // In a certificate nothing stands beside, and the plain RSA identifier names no digest.
        assert_eq!((seen(RSA, null(), None), seen(ED25519_OID, None, None)), (None, Some(Scheme::Ed25519)));
    }
}
