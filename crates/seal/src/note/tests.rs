//! What notes promise; the first vectors are those of the reference implementation (golang.org/x/mod/sumdb/note).

use proptest::prelude::*;

use super::*;

const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const SEED: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const SIGNED: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn peter() -> SigningKey {
    let typed = STANDARD.decode(SEED).unwrap();
    SigningKey::from_seed("PeterNeumann", Algorithm::Ed25519, typed[1..].try_into().unwrap()).unwrap()
}

fn key(algorithm: Algorithm, seed: u8) -> SigningKey {
    SigningKey::from_seed("akashi-0123456789abcdef", algorithm, [seed; 32]).unwrap()
}

#[test]
fn the_reference_key_signs_the_reference_note_byte_for_byte() {
    let note = Note::sign(TEXT.into(), &[peter()]).unwrap();
    assert_eq!(note.to_string(), format!("{TEXT}\n{SIGNED}"));
    assert_eq!(peter().verifier().to_string(), VKEY);
    assert_eq!(Note::parse(&note.to_string()).unwrap(), note);
    assert_eq!(note.verify(&[VKEY.parse().unwrap()]).unwrap(), [peter().verifier()]);
}

/// RFC 8032, section 7.1, test 1: the seed's public key.
#[test]
fn an_ed25519_seed_makes_the_key_of_rfc_8032() {
    let seed: Vec<u8> = crate::merkle::tests::unhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    let key = SigningKey::from_seed("a", Algorithm::Ed25519, seed.try_into().unwrap()).unwrap();
    assert_eq!(key.verifier().public(), crate::merkle::tests::unhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"));
}

#[test]
fn a_note_with_both_algorithms_is_signed_by_both() {
    let keys = [key(Algorithm::Ed25519, 1), key(Algorithm::MlDsa44, 1)];
    let verifiers: Vec<VerifierKey> = keys.iter().map(SigningKey::verifier).collect();
    let mut note = Note::sign("a\n\nb\n".into(), &keys).unwrap();
    assert_eq!(Note::parse(&note.to_string()).unwrap(), note);
    assert_eq!(note.verify(&verifiers).unwrap(), verifiers);
    assert!(note.is_signed_by_all(&verifiers));
    assert_eq!(note.signatures[1].bytes.len(), 2420, "FIPS 204, table 2");
    note.signatures.pop();
    assert!(note.verify(&verifiers).is_ok());
    assert!(!note.is_signed_by_all(&verifiers));
    assert!(!note.is_signed_by_all(&[]));
}

#[test]
fn keys_are_written_and_read_and_no_secret_is_printed() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm, 7);
        assert_eq!(key.verifier().to_string().parse(), Ok(key.verifier()));
        let json = serde_json::to_string(&key.verifier()).unwrap();
        assert_eq!(serde_json::from_str::<VerifierKey>(&json).unwrap(), key.verifier());
        assert!(!format!("{key:?}").contains("07"), "{key:?}");
    }
}

#[test]
fn a_key_with_any_part_cut_or_a_character_changed_is_refused() {
    for from in 0..VKEY.len() {
        for to in from + 1..=VKEY.len() {
            assert_eq!(VKEY[from..to].parse::<VerifierKey>().is_ok(), (from, to) == (0, VKEY.len()));
        }
        let mut bytes = VKEY.as_bytes().to_vec();
        bytes[from] += 1;
        assert!(String::from_utf8(bytes).unwrap().parse::<VerifierKey>().is_err());
    }
    // Another length and another algorithm, each with the id that fits.
    assert!("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==".parse::<VerifierKey>().is_err());
    assert!("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse::<VerifierKey>().is_err());
    for name in ["", "a b", "a+b", "a\u{3000}b", "a\tb"] {
        assert!(SigningKey::from_seed(name, Algorithm::Ed25519, [0; 32]).is_err(), "{name:?}");
    }
}

#[test]
fn unknown_signers_are_passed_over_and_wrong_known_ones_are_not() {
    let (known, other) = (key(Algorithm::Ed25519, 1), key(Algorithm::Ed25519, 2));
    let mut note = Note::sign(TEXT.into(), &[key(Algorithm::Ed25519, 1)]).unwrap();
    assert_eq!(note.verify(&[other.verifier()]), Err(Unverified::NobodyKnown));
    note.add(other.sign("another text\n"));
    assert_eq!(note.verify(&[known.verifier()]).unwrap(), [known.verifier()]);
    assert_eq!(note.verify(&[known.verifier(), other.verifier()]), Err(Unverified::Wrong(other.verifier())));
    note.add(other.sign(TEXT));
    assert_eq!(note.signatures.len(), 2, "the wrong one is replaced");
    assert!(note.is_signed_by_all(&[known.verifier(), other.verifier()]));
}

#[test]
fn what_is_no_note_is_refused() {
    let line = SIGNED.trim_end();
    let broken = [
        String::new(),
        TEXT.into(),
        format!("{TEXT}{SIGNED}"),
        format!("{TEXT}\n"),
        format!("{TEXT}\n{line}"),
        format!("{TEXT}\n{SIGNED}\n"),
        format!("{TEXT}\n{SIGNED}x\n"),
        format!("{TEXT}\n{SIGNED}").replace("— ", "- "),
        format!("{TEXT}\n{SIGNED}").replace("nAM=", "nAN="),
        format!("{TEXT}\n{SIGNED}").replace("nAM=", "nAM"),
        format!("{TEXT}\n{SIGNED}").replace("PeterNeumann", "Peter+"),
        format!("{TEXT}\n{SIGNED}").replace("PeterNeumann", ""),
        format!("a\r\n\n{SIGNED}"),
        format!("a\u{7f}\n\n{SIGNED}"),
        format!("a\n\n— a {}\n", STANDARD.encode([1, 2, 3, 4])),
        format!("a\n\n{}", SIGNED.repeat(17)),
        format!("{}\n\n{SIGNED}", "a".repeat(LONGEST)),
    ];
    for text in broken {
        assert!(Note::parse(&text).is_err(), "{:.200}", text);
    }
    assert!(Note::parse(&format!("a\n\n{}", SIGNED.repeat(16))).is_ok());
    for text in ["", "a", "a\tb\n"] {
        assert!(Note::sign(text.into(), &[peter()]).is_err());
    }
    assert!(Note::sign("a\n".into(), &[]).is_err());
}

#[test]
fn every_flipped_bit_of_a_note_is_seen() {
    let keys = [key(Algorithm::Ed25519, 1), key(Algorithm::MlDsa44, 1)];
    let verifiers: Vec<VerifierKey> = keys.iter().map(SigningKey::verifier).collect();
    let bytes = Note::sign("akashi\n".into(), &keys).unwrap().to_string().into_bytes();
    for at in 0..bytes.len() {
        let mut bent = bytes.clone();
        bent[at] ^= 1 << (at % 8);
        let passes = String::from_utf8(bent).ok().and_then(|text| Note::parse(&text).ok()).is_some_and(|n| n.is_signed_by_all(&verifiers));
        assert!(!passes, "byte {at}");
    }
}

proptest! {
    #[test]
    fn what_is_read_is_written_back_and_nothing_panics(text in "\\PC{0,40}(\n|— | |\\PC){0,60}") {
        if let Ok(note) = Note::parse(&text) {
            prop_assert_eq!(note.to_string(), text);
        }
    }

    #[test]
    fn every_text_that_is_signed_is_read_again(text in "(\\PC|\n){0,80}\n") {
        let note = Note::sign(text, &[peter()]).unwrap();
        prop_assert_eq!(Note::parse(&note.to_string()).unwrap(), note);
    }
}
