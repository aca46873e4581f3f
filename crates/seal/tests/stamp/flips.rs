//! No bit of a token can change without being seen.

use proptest::prelude::*;
use seal::merkle::sha256;
use seal::stamp::{token_of_response, verify};

use crate::authority::{Authority, P256, Plan, RSA, openssl_is_here};

/// Flips one bit after the other, every one of the beginning and of the signature at the end, `step` apart between them.
fn no_flip_passes(name: &str, plan: &Plan, step: usize) {
    let authority = Authority::new(name, plan);
    let digest = sha256(&[name.as_bytes()]);
    let token = authority.token(&digest, 99);
    let roots = authority.roots();
    assert!(verify(&token, &digest, roots, Some(99)).unwrap().trusted);
    let (mut flipped, mut count, bits) = (token.clone(), 0, token.len() * 8);
    for bit in (0..bits).filter(|bit| bit % step == 0 || *bit < 1600 || *bit + 2200 > bits) {
        flipped[bit / 8] ^= 1 << (bit % 8);
        // Without the nonce: it must be the token itself that is seen to be wrong.
        let seen = verify(&flipped, &digest, roots, None);
        assert!(seen.is_err(), "{name}: bit {bit} of {bits} (byte {}) passes: {seen:?}", bit / 8);
        flipped[bit / 8] ^= 1 << (bit % 8);
        count += 1;
    }
    println!("{name}: {count} single-bit flips of {bits}, none passes");
}

#[test]
fn every_flipped_bit_of_an_rsa_token_is_seen() {
    if openssl_is_here() {
        no_flip_passes("flip-rsa", &RSA, 1);
    }
}

#[test]
fn every_flipped_bit_of_an_ecdsa_token_is_seen() {
    if openssl_is_here() {
        no_flip_passes("flip-ecdsa", &Plan { digest: "sha384", ..P256 }, 1);
    }
}

#[test]
fn flipped_bits_of_tokens_with_more_in_them_are_seen() {
    if !openssl_is_here() {
        return;
    }
    for (name, plan) in [
        ("flip-sha1-name", Plan { tsa: "ess_cert_id_alg=sha1", ..P256 }),
        ("flip-root", Plan { root_in_token: true, ..P256 }),
        ("flip-named-chain", Plan { intermediates: 1, tsa: "ess_cert_id_chain=yes", ..P256 }),
    ] {
        // 7 meets every place in a byte.
        no_flip_passes(name, &plan, 7);
    }
}

#[test]
fn a_flip_in_an_intermediate_never_leaves_a_trusted_stamp() {
    if !openssl_is_here() {
        return;
    }
    let authority = Authority::new("flip-middle", &Plan { intermediates: 1, ..P256 });
    let digest = sha256(&[b"x"]);
    let token = authority.token(&digest, 99);
    let roots = authority.roots();
    let (mut flipped, mut untrusted) = (token.clone(), 0);
    for bit in (0..token.len() * 8).step_by(3) {
        flipped[bit / 8] ^= 1 << (bit % 8);
        // A changed issuer's name points to somebody nobody knows.
        if let Ok(stamp) = verify(&flipped, &digest, roots, Some(99)) {
            assert!(!stamp.trusted, "bit {bit}");
            untrusted += 1;
        }
        flipped[bit / 8] ^= 1 << (bit % 8);
    }
    println!("{} flips: {untrusted} leave a stamp of an unknown authority, the others a fault", token.len() * 8 / 3);
}

#[test]
fn a_token_cut_short_or_lengthened_is_refused() {
    if !openssl_is_here() {
        return;
    }
    let authority = Authority::new("cut", &P256);
    let digest = sha256(&[b"x"]);
    let token = authority.token(&digest, 1);
    for cut in 0..token.len() {
        assert!(verify(&token[..cut], &digest, &[], None).is_err(), "{cut}");
    }
    for more in [&[0u8][..], &[0, 0], &token] {
        assert!(verify(&[&token, more].concat(), &digest, &[], None).is_err());
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(verify(&bytes, &[0; 32], &[], None).is_err());
        let _ = token_of_response(&bytes);
        let _ = verify(&[], &[0; 32], &[bytes], None);
    }
}

#[test]
fn no_mutation_makes_the_reader_panic_or_trust() {
    if !openssl_is_here() {
        return;
    }
    let authority = Authority::new("mutations", &Plan { intermediates: 1, root_in_token: true, ..P256 });
    let digest = sha256(&[b"x"]);
    let token = authority.token(&digest, 1);
    let roots = authority.roots();
    let mut runner =
        proptest::test_runner::TestRunner::new(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() });
    let change = (0..token.len(), 0..40usize, proptest::collection::vec(any::<u8>(), 0..12));
    runner
        .run(&proptest::collection::vec(change, 1..4), |changes| {
            let mut changed = token.clone();
            for (place, cut, put) in changes {
                let place = place.min(changed.len());
                let end = (place + cut).min(changed.len());
                changed.splice(place..end, put);
            }
            prop_assume!(changed != token);
            prop_assert!(!verify(&changed, &digest, roots, None).is_ok_and(|stamp| stamp.trusted));
            Ok(())
        })
        .unwrap();
}
