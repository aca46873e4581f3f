//! Certificates that must not lead to a trusted stamp, and times at which they are judged.

use seal::merkle::sha256;
use seal::stamp::{Stamp, StampFault, verify};

use crate::authority::{Authority, LONG, P256, Plan, info, openssl_is_here};

const CA: &str =
    "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid";

/// A stamp at a chosen time under a plan.
fn stamped(name: &str, plan: &Plan, at: &str) -> Result<Stamp, StampFault> {
    let authority = Authority::new(name, plan);
    let digest = sha256(&[name.as_bytes()]);
    let token = authority.token_saying(&info(&digest, at, &[]), &["-cades"]);
    verify(&token, &digest, authority.roots(), None)
}

#[test]
fn certificates_are_judged_at_the_time_of_the_stamp() {
    if !openssl_is_here() {
        return;
    }
    // All are over today.
    let past = ("20210101000000Z", "20220101000000Z");
    let not_valid =
        |subject: &str, at: &str| Err(StampFault::NotValidThen { subject: format!("CN={subject},O=Clock,C=JP"), at: at.into() });
    let over = Plan { intermediates: 1, signer_time: past, intermediate_time: past, root_time: past, ..P256 };
    let stamp = stamped("over-today", &over, "20210615120000.5Z").unwrap();
    assert!(stamp.trusted);
    assert_eq!((stamp.at.to_string().as_str(), stamp.until.to_string().as_str()), ("2021-06-15T12:00:00.5Z", "2022-01-01T00:00:00Z"));
    assert!(stamped("first-second", &over, "20210101000000Z").unwrap().trusted);
    assert!(stamped("last-second", &over, "20220101000000Z").unwrap().trusted);
    assert_eq!(stamped("too-early", &over, "20201231235959.999Z"), not_valid("Stamps", "2020-12-31T23:59:59.999Z"));
    assert_eq!(stamped("too-late", &over, "20220101000001Z"), not_valid("Stamps", "2022-01-01T00:00:01Z"));
    let root_over = Plan { signer_time: LONG, intermediate_time: LONG, ..over.clone() };
    assert_eq!(stamped("root-over", &root_over, "20220101000001Z"), not_valid("Root", "2022-01-01T00:00:01Z"));
    let middle_over = Plan { signer_time: LONG, root_time: LONG, ..over };
    assert_eq!(stamped("middle-over", &middle_over, "20220101000001Z"), not_valid("Middle 1", "2022-01-01T00:00:01Z"));
    // OpenSSL's own stamper signs now, with a certificate that is over.
    let authority = Authority::new("over-now", &Plan { signer_time: past, ..P256 });
    let digest = sha256(&[b"now"]);
    let token = authority.token(&digest, 1);
    assert!(!authority.openssl_accepts());
    assert!(matches!(verify(&token, &digest, authority.roots(), Some(1)), Err(StampFault::NotValidThen { .. })));
}

#[test]
fn a_signer_that_may_not_stamp_is_refused() {
    if !openssl_is_here() {
        return;
    }
    for (name, signer) in [
        ("no-purpose", "keyUsage=critical,digitalSignature"),
        ("purpose-not-critical", "extendedKeyUsage=timeStamping"),
        ("purpose-not-alone", "extendedKeyUsage=critical,timeStamping,codeSigning"),
        ("any-purpose", "extendedKeyUsage=critical,anyExtendedKeyUsage"),
        ("other-purpose", "extendedKeyUsage=critical,serverAuth"),
        ("key-encipherment", "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature,keyEncipherment"),
        ("key-agreement", "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,keyAgreement"),
        ("unknown-critical", "extendedKeyUsage=critical,timeStamping\n1.2.3.4.5=critical,DER:0500"),
    ] {
        let seen = stamped(name, &Plan { signer, ..P256 }, "20260101000000Z");
        assert!(matches!(&seen, Err(StampFault::Certificate { subject, .. }) if subject == "CN=Stamps,O=Clock,C=JP"), "{name}: {seen:?}");
    }
    for (name, signer) in [
        ("non-repudiation", "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,nonRepudiation"),
        ("unknown-not-critical", "extendedKeyUsage=critical,timeStamping\n1.2.3.4.5=DER:0500"),
        ("policies-critical", "extendedKeyUsage=critical,timeStamping\ncertificatePolicies=critical,1.2.3"),
    ] {
        assert!(stamped(name, &Plan { signer, ..P256 }, "20260101000000Z").unwrap().trusted, "{name}");
    }
}

#[test]
fn an_issuer_that_may_not_issue_is_refused() {
    if !openssl_is_here() {
        return;
    }
    for (name, intermediate) in [
        ("not-a-ca", "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyCertSign"),
        ("silent-about-ca", "keyUsage=critical,keyCertSign"),
        ("no-cert-sign", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign"),
        ("for-servers", "basicConstraints=critical,CA:TRUE\nextendedKeyUsage=serverAuth"),
        ("named-names", "basicConstraints=critical,CA:TRUE\nnameConstraints=permitted;dirName:dn\n[dn]\nC=JP"),
        ("named-names-critical", "basicConstraints=critical,CA:TRUE\nnameConstraints=critical,permitted;dirName:dn\n[dn]\nC=JP"),
        ("middle-unknown-critical", "basicConstraints=critical,CA:TRUE\n1.2.3.4.5=critical,DER:0500"),
        ("policy-constraints", "basicConstraints=critical,CA:TRUE\npolicyConstraints=critical,requireExplicitPolicy:0"),
    ] {
        let seen = stamped(name, &Plan { intermediate, intermediates: 1, ..P256 }, "20260101000000Z");
        assert!(matches!(&seen, Err(StampFault::Certificate { subject, .. }) if subject == "CN=Middle 1,O=Clock,C=JP"), "{name}: {seen:?}");
    }
    let for_stamps = "basicConstraints=critical,CA:TRUE,pathlen:0\nextendedKeyUsage=timeStamping";
    assert!(stamped("for-stamps", &Plan { intermediate: for_stamps, intermediates: 1, ..P256 }, "20260101000000Z").unwrap().trusted);
}

#[test]
fn the_length_of_the_path_is_limited_as_its_issuers_say() {
    if !openssl_is_here() {
        return;
    }
    let root = |root| Plan { root, intermediate: CA, ..P256 };
    let (none, one) = (
        root("basicConstraints=critical,CA:TRUE,pathlen:0\nsubjectKeyIdentifier=hash"),
        root("basicConstraints=critical,CA:TRUE,pathlen:1\nsubjectKeyIdentifier=hash"),
    );
    let at = "20260101000000Z";
    assert!(stamped("length-0", &none, at).unwrap().trusted);
    assert!(stamped("length-1", &Plan { intermediates: 1, ..one.clone() }, at).unwrap().trusted);
    for (name, plan) in [("length-1-of-0", Plan { intermediates: 1, ..none }), ("length-2-of-1", Plan { intermediates: 2, ..one })] {
        let seen = stamped(name, &plan, at);
        assert!(matches!(&seen, Err(StampFault::Certificate { subject, .. }) if subject == "CN=Root,O=Clock,C=JP"), "{name}: {seen:?}");
    }
}

#[test]
fn a_certificate_off_the_path_is_refused() {
    if !openssl_is_here() {
        return;
    }
    let (authority, other) = (Authority::new("stray", &P256), Authority::new("stray-other", &P256));
    std::fs::write(authority.dir.join("chain.pem"), other.text("signer.pem")).unwrap();
    let digest = sha256(&[b"x"]);
    let token = authority.token_saying(&info(&digest, "20260101000000Z", &[]), &["-cades"]);
    let stray = Err(StampFault::Stray { subject: "CN=Stamps,O=Clock,C=JP".into() });
    assert_eq!(verify(&token, &digest, authority.roots(), None), stray);
    assert_eq!(verify(&token, &digest, &[], None), stray);
    // A signer of another chain, its certificate taken along: not the one that the attributes name.
    let short = authority.token_saying(&info(&digest, "20260101000000Z", &[]), &["-cades", "-nocerts"]);
    std::fs::write(authority.dir.join("chain.pem"), "").unwrap();
    assert!(verify(&short, &digest, authority.roots(), None).is_err());
}

#[test]
fn weak_or_unknown_algorithms_are_named() {
    if !openssl_is_here() {
        return;
    }
    for (name, plan, oid) in [
        ("rsa-1024", Plan { key: "rsa:1024", ..P256 }, "1.2.840.113549.1.1.1"),
        ("p521", Plan { key: "P-521", ..P256 }, "1.2.840.10045.2.1"),
        ("ecdsa-sha512", Plan { digest: "sha512", ..P256 }, "1.2.840.10045.4.3.4"),
        ("ecdsa-sha224", Plan { digest: "sha224", ..P256 }, "2.16.840.1.101.3.4.2.4"),
        ("p521-root", Plan { issuer_key: "P-521", ..P256 }, "1.2.840.10045.2.1"),
        ("sha1", Plan { digest: "sha1", ..crate::authority::RSA }, "1.3.14.3.2.26"),
    ] {
        assert_eq!(stamped(name, &plan, "20260101000000Z"), Err(StampFault::Algorithm { oid: oid.into() }), "{name}");
    }
}
