//! OpenSSL and we read each other: requests, answers, tokens.

use seal::merkle::sha256;
use seal::stamp::{StampFault, request, token_of_response, verify};

use crate::authority::{Authority, P256, Plan, RSA, hex, openssl_is_here, run, try_run};

const NONCE: u64 = 0x8123_4567_89ab_cdef;

#[test]
fn our_request_is_the_one_openssl_writes() {
    if !openssl_is_here() {
        return;
    }
    let authority = Authority::new("requests", &P256);
    let digest = sha256(&[b"checkpoint"]);
    run(&authority.dir, &["ts", "-query", "-digest", &hex(&digest), "-sha256", "-cert", "-out", "theirs"]);
    let theirs = std::fs::read(authority.dir.join("theirs")).unwrap();
    let printed = String::from_utf8(run(&authority.dir, &["ts", "-query", "-in", "theirs", "-text"]).stdout).unwrap();
    let nonce = printed.lines().find_map(|line| line.strip_prefix("Nonce: 0x")).unwrap();
    assert_eq!(request(&digest, u64::from_str_radix(nonce, 16).unwrap()), theirs);

    for nonce in [0, 1, 127, 128, 255, 256, NONCE, u64::MAX] {
        std::fs::write(authority.dir.join("ours"), request(&digest, nonce)).unwrap();
        let read = String::from_utf8(run(&authority.dir, &["ts", "-query", "-in", "ours", "-text"]).stdout).unwrap();
        assert!(read.contains("Hash Algorithm: sha256") && read.contains("Certificate required: yes"), "{read}");
        let said = read.lines().find_map(|line| line.strip_prefix("Nonce: 0x")).unwrap();
        assert_eq!(u64::from_str_radix(said, 16).unwrap(), nonce);
    }
}

#[test]
fn tokens_of_openssl_are_accepted_by_both() {
    if !openssl_is_here() {
        return;
    }
    let plans: [(&str, Plan); 12] = [
        ("rsa-256", RSA),
        ("rsa-384", Plan { digest: "sha384", ..RSA }),
        ("rsa-512-middle", Plan { digest: "sha512", intermediates: 1, ..RSA }),
        ("rsa-512-two-middles", Plan { digest: "sha512", intermediates: 2, ..RSA }),
        ("rsa-3072", Plan { key: "rsa:3072", ..RSA }),
        ("rsa-root-in-token", Plan { intermediates: 1, root_in_token: true, ..RSA }),
        ("p256-256", P256),
        ("p256-384-middle", Plan { digest: "sha384", intermediates: 1, ..P256 }),
        ("p384-384", Plan { key: "P-384", issuer_key: "P-384", digest: "sha384", ..P256 }),
        ("p256-under-rsa-512", Plan { key: "rsa:2048", issuer_key: "P-384", digest: "sha384", ..P256 }),
        ("fractions-and-named-chain", Plan { intermediates: 1, tsa: "clock_precision_digits=6\ness_cert_id_chain=yes", ..P256 }),
        ("older-naming", Plan { tsa: "ess_cert_id_alg=sha1\ness_cert_id_chain=yes", intermediates: 1, ..RSA }),
    ];
    for (name, plan) in plans {
        let authority = Authority::new(&format!("both-{name}"), &plan);
        let digest = sha256(&[name.as_bytes()]);
        let token = authority.token(&digest, NONCE);
        assert!(authority.openssl_accepts(), "{name}: OpenSSL refuses");
        let stamp = verify(&token, &digest, authority.roots(), Some(NONCE)).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert!(stamp.trusted, "{name}");
        assert_eq!((stamp.policy.as_str(), stamp.serial.as_str(), stamp.authority.as_str()), ("1.2.3.4.1", "01", "CN=Stamps,O=Clock,C=JP"));
        assert_eq!(stamp.until.to_string(), "2049-12-31T23:59:59Z");
        // The same second that OpenSSL reads; with its fraction where there is one.
        let printed = String::from_utf8(run(&authority.dir, &["ts", "-reply", "-in", "answer", "-text"]).stdout).unwrap();
        let theirs = printed.lines().find_map(|line| line.strip_prefix("Time stamp: ")).unwrap();
        let (theirs, fraction) = theirs.split_once('.').map_or((theirs, ""), |(whole, rest)| (whole, rest.split(' ').next().unwrap()));
        assert!(theirs.contains(&stamp.at.strftime("%H:%M:%S").to_string()), "{name}: {theirs}, {}", stamp.at);
        assert_eq!(format!("{:09}", stamp.at.subsec_nanosecond()), format!("{fraction:0<9}"), "{name}");

        // Untrusted without its root; another root; another digest; another request.
        assert!(!verify(&token, &digest, &[], None).unwrap().trusted, "{name}");
        assert_eq!(verify(&token, &sha256(&[b"other"]), authority.roots(), None), Err(StampFault::OtherDigest));
        assert_eq!(verify(&token, &digest, authority.roots(), Some(NONCE ^ 1)), Err(StampFault::OtherNonce));
    }
}

#[test]
fn another_root_does_not_make_a_stamp_trusted() {
    if !openssl_is_here() {
        return;
    }
    let (one, other) = (Authority::new("root-one", &P256), Authority::new("root-other", &P256));
    let digest = sha256(&[b"x"]);
    let token = one.token(&digest, 7);
    // Of the same name, but of another key: its identifier differs.
    assert!(!verify(&token, &digest, other.roots(), Some(7)).unwrap().trusted);
    assert!(verify(&token, &digest, &[other.root.clone(), one.root.clone()], Some(7)).unwrap().trusted);
    // Where no identifiers stand, the name leads on and the signature is wrong.
    let silent = Plan {
        root: "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=none",
        signer: "extendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none",
        ..P256
    };
    let (one, other) = (Authority::new("root-silent", &silent), Authority::new("root-silent-other", &silent));
    let token = one.token(&digest, 7);
    let wrong = verify(&token, &digest, other.roots(), Some(7));
    assert_eq!(wrong, Err(StampFault::CertificateSignature { subject: "CN=Stamps,O=Clock,C=JP".into() }));
    assert!(verify(&token, &digest, &[other.root.clone(), one.root.clone()], Some(7)).unwrap().trusted);
    // The very certificate that signs may be the root.
    assert!(verify(&token, &digest, &[one.der("signer.pem")], Some(7)).unwrap().trusted);
    assert_eq!(verify(&token, &digest, &[one.root.clone(), vec![0x30, 0]], None), Err(StampFault::Root { index: 1 }));
}

#[test]
fn an_authority_that_refuses_is_quoted() {
    if !openssl_is_here() {
        return;
    }
    let authority = Authority::new("refusing", &Plan { tsa: "digests=sha512", ..P256 });
    let digest = sha256(&[b"x"]);
    std::fs::write(authority.dir.join("request"), request(&digest, 1)).unwrap();
    // OpenSSL answers with a refusal and then reports failure itself.
    let _ = try_run(&authority.dir, &["ts", "-reply", "-config", "tsa.cnf", "-queryfile", "request", "-out", "answer"]);
    let refusal = token_of_response(&std::fs::read(authority.dir.join("answer")).unwrap());
    let Err(StampFault::Refused { status: 2, words, reasons }) = &refusal else { panic!("{refusal:?}") };
    assert_eq!((words.len(), reasons.as_slice()), (1, ["badAlg"].as_slice()), "{words:?}");
    let fault = refusal.unwrap_err();
    assert!(fault.to_string().contains("badAlg") && fault.ja().contains("badAlg"));
}

#[test]
fn an_answer_is_read_strictly() {
    if !openssl_is_here() {
        return;
    }
    let authority = Authority::new("answers", &P256);
    let digest = sha256(&[b"x"]);
    let answer = authority.answer(&request(&digest, 1));
    let token = token_of_response(&answer).unwrap();
    assert!(answer.ends_with(&token));
    let status = answer.windows(3).position(|window| window == [2, 1, 0]).unwrap() + 2;
    let mut with_mods = answer.clone();
    with_mods[status] = 1;
    assert_eq!(token_of_response(&with_mods).as_ref(), Ok(&token));
    with_mods[status] = 2;
    assert!(matches!(token_of_response(&with_mods), Err(StampFault::Refused { status: 2, .. })));
    assert_eq!(token_of_response(&[0x30, 5, 0x30, 3, 2, 1, 0]), Err(StampFault::NoToken));
    let mut longer = answer.clone();
    longer.push(0);
    assert!(matches!(token_of_response(&longer), Err(StampFault::NotDer { .. })));
    for cut in 0..answer.len() {
        assert!(token_of_response(&answer[..cut]).is_err(), "{cut}");
    }
}

#[test]
fn ed25519_stamps_are_accepted() {
    if !openssl_is_here() {
        return;
    }
    let plan = Plan { key: "ED25519", digest: "sha512", ..RSA };
    let authority = Authority::new("ed25519", &plan);
    let digest = sha256(&[b"x"]);
    let token = crate::forms::signed_by_hand(&authority, &crate::authority::info(&digest, "20260102030405Z", &[]), &[], vec![]);
    let stamp = verify(&token, &digest, authority.roots(), None).unwrap();
    assert!(stamp.trusted);
    let mut wrong = token.clone();
    *wrong.last_mut().unwrap() ^= 1;
    assert_eq!(verify(&wrong, &digest, authority.roots(), None), Err(StampFault::Signature));
}

#[test]
fn a_japanese_authority_is_named_in_japanese() {
    if !openssl_is_here() {
        return;
    }
    let authority = Authority::new("japanese", &Plan { signer_subject: "/C=JP/O=医療機構/CN=時刻認証局", ..P256 });
    let digest = sha256(&[b"x"]);
    let token = authority.token(&digest, 1);
    assert!(authority.openssl_accepts());
    assert_eq!(verify(&token, &digest, authority.roots(), Some(1)).unwrap().authority, "CN=時刻認証局,O=医療機構,C=JP");
}
