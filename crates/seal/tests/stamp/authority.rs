//! A certificate authority and a time-stamping authority made with the `openssl` command line, to be put in the wrong on purpose.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use seal::Hash;

/// Whether `openssl` is there. Where it is not, the tests are skipped on a desk and fail in CI.
pub fn openssl_is_here() -> bool {
    let here = Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    assert!(here || std::env::var_os("CI").is_none(), "openssl is missing; `.ci/run` installs it");
    here
}

/// How an authority is to be. Extensions are lines of an OpenSSL configuration; times are `YYYYMMDDHHMMSSZ`.
#[derive(Clone)]
pub struct Plan {
    pub key: &'static str,
    pub issuer_key: &'static str,
    pub digest: &'static str,
    pub intermediates: usize,
    pub root: &'static str,
    pub intermediate: &'static str,
    pub signer: &'static str,
    pub signer_subject: &'static str,
    pub root_time: (&'static str, &'static str),
    pub intermediate_time: (&'static str, &'static str),
    pub signer_time: (&'static str, &'static str),
    /// Lines of the `[tsa]` section that come before ours, and so win.
    pub tsa: &'static str,
    /// The token carries the root too.
    pub root_in_token: bool,
}

pub const LONG: (&str, &str) = ("20200101000000Z", "20491231235959Z");

pub const RSA: Plan = Plan {
    key: "rsa:2048",
    issuer_key: "rsa:2048",
    digest: "sha256",
    intermediates: 0,
    root: "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash",
    intermediate: "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid",
    signer: "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid",
    signer_subject: "/C=JP/O=Clock/CN=Stamps",
    root_time: LONG,
    intermediate_time: LONG,
    signer_time: LONG,
    tsa: "",
    root_in_token: false,
};
pub const P256: Plan = Plan { key: "P-256", issuer_key: "P-256", ..RSA };

pub struct Authority {
    pub dir: PathBuf,
    pub root: Vec<u8>,
    plan: Plan,
}

/// Runs `openssl` and hands back what it printed; the test ends where OpenSSL does not do it.
pub fn run(dir: &Path, args: &[&str]) -> Output {
    let output = try_run(dir, args);
    assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

pub fn try_run(dir: &Path, args: &[&str]) -> Output {
    Command::new("openssl").args(args).current_dir(dir).output().unwrap()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Authority {
    /// `name` is that of the test: each has a directory of its own, and so has each run.
    pub fn new(name: &str, plan: &Plan) -> Authority {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stamp-{}", std::process::id())).join(name);
        fs::create_dir_all(dir.join("new")).unwrap();
        let mut made = Authority { dir, root: vec![], plan: plan.clone() };
        made.certify("root", "root", plan.issuer_key, "/C=JP/O=Clock/CN=Root", plan.root, plan.root_time);
        let mut issuer = "root".to_owned();
        let mut chain = String::new();
        for number in 1..=plan.intermediates {
            let name = format!("middle{number}");
            made.certify(
                &name,
                &issuer,
                plan.issuer_key,
                &format!("/C=JP/O=Clock/CN=Middle {number}"),
                plan.intermediate,
                plan.intermediate_time,
            );
            chain.push_str(&made.text(&format!("{name}.pem")));
            issuer = name;
        }
        if plan.root_in_token {
            chain.push_str(&made.text("root.pem"));
        }
        made.certify("signer", &issuer, plan.key, plan.signer_subject, plan.signer, plan.signer_time);
        fs::write(made.dir.join("chain.pem"), &chain).unwrap();
        let certs = if chain.is_empty() { "" } else { "certs=chain.pem" };
        let config = format!(
            "[tsa]\ndefault_tsa=t\n[t]\nserial=stamps\nsigner_cert=signer.pem\nsigner_key=signer.key\nsigner_digest={}\n{certs}\n\
             default_policy=1.2.3.4.1\ndigests=sha256,sha512\naccuracy=secs:1,millisecs:500\nordering=yes\ntsa_name=yes\n\
             ess_cert_id_alg=sha256\n{}\n",
            plan.digest, plan.tsa
        );
        fs::write(made.dir.join("tsa.cnf"), config).unwrap();
        made.root = made.der("root.pem");
        made
    }

    /// What a verifier trusts who knows this authority.
    pub fn roots(&self) -> &[Vec<u8>] {
        std::slice::from_ref(&self.root)
    }

    pub fn text(&self, file: &str) -> String {
        fs::read_to_string(self.dir.join(file)).unwrap()
    }

    pub fn der(&self, pem: &str) -> Vec<u8> {
        run(&self.dir, &["x509", "-in", pem, "-outform", "DER"]).stdout
    }

    pub fn certify(&self, name: &str, issuer: &str, key: &str, subject: &str, extensions: &str, time: (&str, &str)) {
        let (key_file, csr, pem) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"));
        let kind: Vec<&str> = match key.split_once(':') {
            Some((algorithm, bits)) => vec!["-algorithm", algorithm, "-pkeyopt", bits],
            None if key.starts_with("P-") => vec!["-algorithm", "EC", "-pkeyopt", key],
            None => vec!["-algorithm", key],
        };
        let kind: Vec<String> = (kind.into_iter())
            .map(|word| match word {
                bits if bits.parse::<u32>().is_ok() => format!("rsa_keygen_bits:{bits}"),
                curve if curve.starts_with("P-") => format!("ec_paramgen_curve:{curve}"),
                other => other.to_owned(),
            })
            .collect();
        let mut args = vec!["genpkey", "-out", &key_file];
        args.extend(kind.iter().map(String::as_str));
        if !self.dir.join(&key_file).exists() {
            run(&self.dir, &args);
        }
        let config = format!(
            "[req]\ndistinguished_name=dn\n[dn]\n[ca]\ndefault_ca=d\n[d]\ndatabase=index\nnew_certs_dir=new\nserial=serial\nrand_serial=yes\n\
             unique_subject=no\npolicy=any\ndefault_md={}\n[any]\ncountryName=optional\norganizationName=optional\ncommonName=optional\n\
             [e]\n{extensions}\n",
            if key.starts_with("ED") && issuer == name { "default" } else { self.plan.digest }
        );
        fs::write(self.dir.join("ca.cnf"), config).unwrap();
        fs::write(self.dir.join("index"), "").unwrap();
        run(&self.dir, &["req", "-new", "-utf8", "-config", "ca.cnf", "-key", &key_file, "-subj", subject, "-out", &csr]);
        let (issuer_key, issuer_pem) = (format!("{issuer}.key"), format!("{issuer}.pem"));
        let mut args = vec![
            "ca",
            "-batch",
            "-notext",
            "-utf8",
            "-preserveDN",
            "-config",
            "ca.cnf",
            "-in",
            &csr,
            "-out",
            &pem,
            "-extensions",
            "e",
            "-startdate",
            time.0,
            "-enddate",
            time.1,
            "-keyfile",
            &issuer_key,
        ];
        if issuer == name {
            args.push("-selfsign")
        } else {
            args.extend(["-cert", &issuer_pem])
        }
        run(&self.dir, &args);
    }

    /// The authority's answer to a request: DER of `TimeStampResp`.
    pub fn answer(&self, request: &[u8]) -> Vec<u8> {
        fs::write(self.dir.join("request"), request).unwrap();
        run(&self.dir, &["ts", "-reply", "-config", "tsa.cnf", "-queryfile", "request", "-out", "answer"]);
        fs::read(self.dir.join("answer")).unwrap()
    }

    /// A token over a digest, stamped now.
    pub fn token(&self, digest: &Hash, nonce: u64) -> Vec<u8> {
        seal::stamp::token_of_response(&self.answer(&seal::stamp::request(digest, nonce))).unwrap()
    }

    /// Whether OpenSSL accepts the last answer.
    pub fn openssl_accepts(&self) -> bool {
        let mut args = vec!["ts", "-verify", "-queryfile", "request", "-in", "answer", "-CAfile", "root.pem"];
        if !self.text("chain.pem").is_empty() {
            args.extend(["-untrusted", "chain.pem"]);
        }
        try_run(&self.dir, &args).status.success()
    }

    /// A token over any TSTInfo, so at any time: made by `openssl cms`.
    pub fn token_saying(&self, info: &[u8], more: &[&str]) -> Vec<u8> {
        fs::write(self.dir.join("info"), info).unwrap();
        let mut args = vec![
            "cms",
            "-sign",
            "-binary",
            "-nodetach",
            "-nosmimecap",
            "-econtent_type",
            "1.2.840.113549.1.9.16.1.4",
            "-in",
            "info",
            "-outform",
            "DER",
            "-out",
            "token",
            "-signer",
            "signer.pem",
            "-inkey",
            "signer.key",
            "-md",
            self.plan.digest,
        ];
        if !self.text("chain.pem").is_empty() {
            args.extend(["-certfile", "chain.pem"]);
        }
        args.extend(more);
        run(&self.dir, &args);
        fs::read(self.dir.join("token")).unwrap()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        // What a failed test leaves is kept, to be looked at.
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.dir);
            let _ = self.dir.parent().map(fs::remove_dir);
        }
    }
}

/// One DER element around its parts.
pub fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut whole = vec![tag];
    match content.len() {
        short @ 0..128 => whole.push(short as u8),
        long @ 128..256 => whole.extend([0x81, long as u8]),
        longer => whole.extend([0x82, (longer >> 8) as u8, longer as u8]),
    }
    whole.extend(content);
    whole
}

pub const SHA_256: &[u8] = &[0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00];

/// TSTInfo by hand; `rest` stands after genTime.
pub fn info(digest: &Hash, at: &str, rest: &[u8]) -> Vec<u8> {
    info_of(&[1], &der(0x30, &[SHA_256, &der(4, &[digest])]), at, rest)
}

pub fn info_of(version: &[u8], imprint: &[u8], at: &str, rest: &[u8]) -> Vec<u8> {
    let (version, policy) = (der(2, &[version]), [6, 4, 0x2a, 3, 4, 1]);
    der(0x30, &[&version, &policy, imprint, &[2, 2, 0x12, 0x34], &der(0x18, &[at.as_bytes()]), rest])
}
