//! Sign-in elsewhere, against the npm package `oidc-provider` as it runs, and against an issuer that misbehaves on purpose.

#[path = "../../../fixtures/oidc-provider/browser.rs"]
mod browser;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use browser::Browser;
use identity::oidc::{
    Known, OidcError, Pending, Provider, Providers, Recognised, Secret, Started, discover, finish, returned, roles, start,
};
use jiff::{SignedDuration, Timestamp};
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreGenderClaim, CoreHmacKey, CoreJwsSigningAlgorithm};
use openidconnect::core::{CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm};
use openidconnect::{AccessToken, AdditionalClaims, IdToken, IdTokenClaims, JsonWebKeyId, PrivateSigningKey};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

const REDIRECT: &str = "http://127.0.0.1/oidc/back";
const SECRET: &str = "the secret of the tests";

#[expect(clippy::disallowed_methods, reason = "the provider is another process with the machine's clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

fn missing(what: &str) {
    assert!(std::env::var_os("CI").is_none(), "tests of OpenID Connect cannot run: {what}; `.ci/run` installs what is missing");
    // Not `eprintln!`: the test harness hides what a passing test prints, and this must be seen.
    let _ = writeln!(std::io::stderr(), "\n*** TESTS OF OPENID CONNECT DID NOT RUN: {what} ***\n");
}

/// The settings of one provider; `change` sees the table before it is read.
fn provider(issuer: &str, client: &str, change: impl FnOnce(&mut Value)) -> Provider {
    let mut table = json!({
        "id": "hospital",
        "title": { "ja": "病院の共通ID", "en": "Hospital account" },
        "issuer": issuer,
        "client_id": client,
        "client_secret_file": "hospital.secret",
        "organisation": "org_0190a1b2c3d47e5f8a9b0c1d2e3f4a5b",
        "email_domains": ["hospital.example"],
        "scopes": ["groups"],
        "groups": { "安全管理委員会": ["institution_officer", "administrator"], "staff": ["institution_officer"] },
        "second_factor": { "amr": ["otp"], "acr": ["urn:two"] },
    });
    change(&mut table);
    let mut provider = Providers::read(json!({ "provider": [table] })).expect("the settings are right").remove(0);
    provider.secret = Secret::read(&format!("{SECRET}\n"));
    provider
}

/// The one child of a test, ended with it.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The address of the real provider, started once for all tests; `None` where it is not installed.
fn real() -> Option<&'static str> {
    static ISSUER: OnceLock<Result<(String, Process), String>> = OnceLock::new();
    let started = ISSUER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/oidc-provider");
        if !folder.join("node_modules/oidc-provider").is_dir() {
            return Err("oidc-provider is missing; run `npm ci` in fixtures/oidc-provider".to_owned());
        }
        // It ends when its stdin does: with this process, whatever ends that.
        let mut child = Command::new("node")
            .arg("provider.mjs")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("node does not start: {e}"))?;
        let stdout = child.stdout.take().expect("stdout is piped");
        let child = Process(child);
        let mut lines = BufReader::new(stdout).lines();
        let line = lines.by_ref().map_while(Result::ok).find_map(|line| line.strip_prefix("issuer ").map(str::to_owned));
        // Somebody must read on, or its next line ends the provider.
        std::thread::spawn(move || lines.for_each(drop));
        Ok((line.ok_or("oidc-provider ended without naming its address")?, child))
    });
    started.as_ref().map(|(issuer, _)| issuer.as_str()).map_err(|what| missing(what)).ok()
}

fn pending(started: &Started) -> Pending {
    Pending { nonce: started.nonce.clone(), verifier: started.verifier.clone() }
}

/// From the button to the code.
fn come_back(provider: &Provider, known: &Known, login: &str) -> (Started, String) {
    let started = start(provider, known, REDIRECT).unwrap();
    let query = Browser::new(REDIRECT).sign_in(&started.go_to, login).query().unwrap().to_owned();
    let code = returned(provider, known, &query, &started.state).unwrap();
    (started, code)
}

fn whole(provider: &Provider, login: &str) -> Result<Recognised, OidcError> {
    let known = discover(provider)?;
    let (started, code) = come_back(provider, &known, login);
    finish(provider, &known, REDIRECT, &code, &pending(&started), now())
}

fn is_refused(result: Result<Recognised, OidcError>, part: &str) {
    assert!(matches!(&result, Err(OidcError::Refused(text)) if text.en.contains(part)), "{result:?}");
}

fn is_invalid(result: Result<Recognised, OidcError>, part: &str) {
    assert!(matches!(&result, Err(OidcError::Invalid(text)) if text.en.contains(part)), "{result:?}");
}

#[test]
fn a_person_signs_in_at_a_real_provider_and_their_groups_become_roles() {
    let Some(issuer) = real() else { return };
    let provider = provider(issuer, "akashi", |_| {});
    let known = discover(&provider).unwrap();
    let (started, code) = come_back(&provider, &known, "hanako");
    let before = now();
    let hanako = finish(&provider, &known, REDIRECT, &code, &pending(&started), before).unwrap();
    assert_eq!((hanako.subject.as_str(), hanako.issuer.as_str()), ("hanako", issuer));
    assert_eq!((hanako.email.as_str(), hanako.email_verified), ("hanako@hospital.example", true));
    assert_eq!(hanako.name, "鈴木 hanako");
    assert_eq!(hanako.groups, ["安全管理委員会", "staff"]);
    assert!(hanako.second_factor, "amr says otp");
    let ago = before.duration_since(hanako.at.expect("auth_time"));
    assert!(ago.abs() < SignedDuration::from_mins(1), "{ago}");
    assert_eq!(roles(&provider, &hanako), ["administrator", "institution_officer"]);
    // The code is used up.
    is_refused(finish(&provider, &known, REDIRECT, &code, &pending(&started), now()), "used already");
}

#[test]
fn other_signatures_and_other_places_for_the_secret_work_and_a_shared_secret_signs_nothing() {
    let Some(issuer) = real() else { return };
    let hanako = whole(&provider(issuer, "akashi-es", |_| {}), "hanako").unwrap();
    assert_eq!(hanako.subject, "hanako");
    is_invalid(whole(&provider(issuer, "akashi-hs", |_| {}), "hanako"), "not accepted");
}

#[test]
fn a_real_providers_answer_fits_one_sign_in_one_secret_and_one_hour() {
    let Some(issuer) = real() else { return };
    let right = provider(issuer, "akashi", |_| {});
    let known = discover(&right).unwrap();
    let attempt = |provider: &Provider, change: &dyn Fn(&mut Pending), at: Timestamp| {
        let (started, code) = come_back(&right, &known, "hanako");
        let mut pending = pending(&started);
        change(&mut pending);
        finish(provider, &known, REDIRECT, &code, &pending, at)
    };
    let other = || start(&right, &known, REDIRECT).unwrap();
    is_invalid(attempt(&right, &|pending| pending.nonce = other().nonce, now()), "another sign-in");
    is_refused(attempt(&right, &|pending| pending.verifier = other().verifier, now()), "used already");
    is_invalid(attempt(&right, &|_| {}, now() + SignedDuration::from_hours(2)), "out of its time");
    is_invalid(attempt(&right, &|_| {}, now() - SignedDuration::from_hours(2)), "out of its time");
    let mut wrong = right.clone();
    wrong.secret = Secret::read("another secret");
    is_refused(attempt(&wrong, &|_| {}, now()), "client id or secret");
    wrong.secret = None;
    is_invalid(attempt(&wrong, &|_| {}, now()), "was not read");
    attempt(&right, &|_| {}, now()).unwrap();
}

#[test]
fn an_unverified_address_another_domain_and_a_missing_second_factor_are_seen() {
    let Some(issuer) = real() else { return };
    let provider = |domains: &[&str]| provider(issuer, "akashi", |table| table["email_domains"] = json!(domains));
    is_refused(whole(&provider(&["hospital.example"]), "taro"), "not verified");
    is_refused(whole(&provider(&["hospital.example"]), "jiro"), "this domain");
    let jiro = whole(&provider(&["hospital.example", "elsewhere.example"]), "jiro").unwrap();
    assert!(!jiro.second_factor, "amr says pwd only");
}

#[test]
fn whoever_cancels_at_the_provider_is_told_so() {
    let Some(issuer) = real() else { return };
    let provider = provider(issuer, "akashi", |_| {});
    let known = discover(&provider).unwrap();
    let started = start(&provider, &known, REDIRECT).unwrap();
    let mut browser = Browser::new(REDIRECT);
    let (page, _) = browser.go(&Url::parse(&started.go_to).unwrap(), None);
    let (back, _) = browser.go(&page, Some(&[("cancel", "1")]));
    let answer = returned(&provider, &known, back.query().unwrap(), &started.state);
    assert!(matches!(&answer, Err(OidcError::Refused(text)) if text.en.contains("cancelled")), "{answer:?}");
}

#[test]
fn the_real_provider_insists_on_pkce_and_names_itself_in_its_answer() {
    let Some(issuer) = real() else { return };
    let provider = provider(issuer, "akashi", |_| {});
    let known = discover(&provider).unwrap();
    let started = start(&provider, &known, REDIRECT).unwrap();
    let mut bare = Url::parse(&started.go_to).unwrap();
    let kept: Vec<(String, String)> =
        bare.query_pairs().filter(|(key, _)| !key.starts_with("code_challenge")).map(|(k, v)| (k.into(), v.into())).collect();
    bare.query_pairs_mut().clear().extend_pairs(kept);
    let (back, _) = Browser::new(REDIRECT).go(&bare, None);
    assert!(back.query().unwrap_or_default().contains("error=invalid_request"), "{back}");
    // An answer that leaves out the announced issuer, or names another, is not taken.
    let query = Browser::new(REDIRECT).sign_in(&started.go_to, "hanako").query().unwrap().to_owned();
    let code = query.split('&').find(|pair| pair.starts_with("code=")).unwrap();
    let state = &started.state;
    assert!(returned(&provider, &known, &query, state).is_ok());
    for wrong in [
        format!("{code}&state={state}"),
        format!("{code}&state={state}&iss=https://id.evil.example"),
        query.replace(state.as_str(), &start(&provider, &known, REDIRECT).unwrap().state),
        query.replace("state=", "status="),
        format!("{query}&code=another"),
        query.replace("code=", "cod="),
        String::new(),
    ] {
        assert!(matches!(returned(&provider, &known, &wrong, state), Err(OidcError::Invalid(_))), "{wrong}");
    }
}

#[test]
fn the_way_to_the_provider_carries_a_challenge_and_never_the_verifier() {
    let fake = Fake::start();
    let known = discover(&fake.provider()).unwrap();
    let [one, two] = [(); 2].map(|()| start(&fake.provider(), &known, REDIRECT).unwrap());
    assert!(one.state != two.state && one.nonce != two.nonce && one.verifier != two.verifier);
    assert!(!one.go_to.contains(&one.verifier) && !one.go_to.contains("secret"));
    let query: HashMap<String, String> = Url::parse(&one.go_to).unwrap().query_pairs().into_owned().collect();
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!((query["state"].as_str(), query["nonce"].as_str()), (one.state.as_str(), one.nonce.as_str()));
    assert_eq!((query["response_type"].as_str(), query["redirect_uri"].as_str()), ("code", REDIRECT));
    assert_eq!((query["scope"].as_str(), query["acr_values"].as_str()), ("openid email profile groups", "urn:two"));
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Others {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for Others {}

type Token = IdToken<Others, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

/// Thirty-two ones, and thirty-two twos, as Ed25519 keys: they protect nothing.
const KEYS: [&str; 2] = [
    "MC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB",
    "MC4CAQAwBQYDK2VwBCIEIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC",
];

fn key(number: usize, id: &str) -> CoreEdDsaPrivateSigningKey {
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", KEYS[number]);
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new(id.to_owned()))).unwrap()
}

/// What a misbehaving issuer answers: by path, the whole HTTP answer; and how often each was asked for.
#[derive(Default)]
struct Script {
    answers: HashMap<String, String>,
    asked: HashMap<String, usize>,
}

/// An issuer that says whatever a test puts into its mouth.
struct Fake {
    issuer: String,
    script: Arc<Mutex<Script>>,
}

impl Fake {
    fn start() -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(Script::default()));
        let told = Arc::clone(&script);
        // Ends with the test process.
        std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| answer(stream, &told)));
        let fake = Fake { issuer, script };
        fake.publish(|_| {});
        fake.keys(&[key(0, "one")]);
        fake
    }

    fn provider(&self) -> Provider {
        provider(&self.issuer, "akashi", |_| {})
    }

    fn say(&self, path: &str, head: &str, body: &str) {
        let answer = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        self.script.lock().unwrap().answers.insert(path.to_owned(), answer);
    }

    fn json(&self, path: &str, body: &Value) {
        self.say(path, "200 OK\r\ncontent-type: application/json", &body.to_string());
    }

    fn asked(&self, path: &str) -> usize {
        self.script.lock().unwrap().asked.get(path).copied().unwrap_or(0)
    }

    fn publish(&self, change: impl FnOnce(&mut Value)) {
        let mut document = json!({
            "issuer": self.issuer,
            "authorization_endpoint": format!("{}/auth", self.issuer),
            "token_endpoint": format!("{}/token", self.issuer),
            "jwks_uri": format!("{}/keys", self.issuer),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA"],
        });
        change(&mut document);
        self.json("/.well-known/openid-configuration", &document);
    }

    fn keys(&self, keys: &[CoreEdDsaPrivateSigningKey]) {
        let set = CoreJsonWebKeySet::new(keys.iter().map(PrivateSigningKey::as_verification_key).collect());
        self.json("/keys", &serde_json::to_value(set).unwrap());
    }

    /// The claims of a right token, issued at [`AT`] for five minutes.
    fn claims(&self) -> Value {
        json!({
            "iss": self.issuer, "aud": ["akashi"], "sub": "hanako", "nonce": "the nonce", "iat": AT, "exp": AT + 300, "auth_time": AT - 60,
            "email": "Hanako@Hospital.example", "email_verified": true, "name": "鈴木 花子", "groups": "staff", "acr": "urn:two",
        })
    }

    /// Lets the token endpoint answer with this token.
    fn hand_out(&self, token: &str) {
        self.json("/token", &json!({ "access_token": "the access token", "token_type": "Bearer", "id_token": token }));
    }

    fn finish(&self, known: &Known) -> Result<Recognised, OidcError> {
        let pending = Pending { nonce: "the nonce".to_owned(), verifier: "v".repeat(64) };
        finish(&self.provider(), known, REDIRECT, "the code", &pending, Timestamp::from_second(AT + 10).unwrap())
    }

    fn with(&self, claims: Value, signer: &CoreEdDsaPrivateSigningKey) -> Result<Recognised, OidcError> {
        self.hand_out(&signed(claims, signer, CoreJwsSigningAlgorithm::EdDsa, "the access token"));
        self.finish(&discover(&self.provider()).unwrap())
    }
}

/// 2026-11-22 in seconds.
const AT: i64 = 1_795_305_600;

fn signed<K>(claims: Value, key: &K, algorithm: CoreJwsSigningAlgorithm, access: &str) -> String
where
    K: PrivateSigningKey,
    K::VerificationKey: openidconnect::JsonWebKey<SigningAlgorithm = CoreJwsSigningAlgorithm>,
{
    let claims: IdTokenClaims<Others, CoreGenderClaim> = serde_json::from_value(claims).unwrap();
    Token::new(claims, key, algorithm, Some(&AccessToken::new(access.to_owned())), None).unwrap().to_string()
}

fn answer(stream: TcpStream, script: &Mutex<Script>) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    let _ = reader.read_line(&mut line);
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    while {
        line.clear();
        reader.read_line(&mut line).is_ok_and(|n| n > 2)
    } {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let _ = reader.read_exact(&mut vec![0; length]);
    let answer = {
        let mut script = script.lock().unwrap();
        *script.asked.entry(path.clone()).or_default() += 1;
        script.answers.get(&path).cloned().unwrap_or_else(|| "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned())
    };
    let _ = reader.get_mut().write_all(answer.as_bytes());
}

#[test]
fn a_token_is_believed_only_if_every_check_passes() {
    let fake = Fake::start();
    let person = fake.with(fake.claims(), &key(0, "one")).unwrap();
    assert_eq!(person.name, "鈴木 花子");
    assert_eq!(person.groups, ["staff"]);
    assert!(person.second_factor, "acr says so");
    assert_eq!(person.at, Timestamp::from_second(AT - 60).ok());
    assert_eq!(roles(&fake.provider(), &person), ["institution_officer"]);
    for (field, value, part) in [
        ("iss", json!("https://id.evil.example"), "somebody other"),
        ("aud", json!(["another"]), "not meant for this"),
        ("aud", json!(["akashi", "another"]), "not meant for this"),
        ("azp", json!("another"), "not meant for this"),
        ("nonce", json!("another"), "another sign-in"),
        ("nonce", Value::Null, "another sign-in"),
        ("exp", json!(AT + 10), "out of its time"),
        ("iat", json!(AT + 10 + 301), "out of its time"),
    ] {
        let mut claims = fake.claims();
        claims[field] = value.clone();
        is_invalid(fake.with(claims, &key(0, "one")), part);
    }
    for (field, value, part) in [
        ("email", Value::Null, "no mail address"),
        ("email_verified", json!(false), "not verified"),
        ("email_verified", Value::Null, "not verified"),
        ("email", json!("hanako@sub.hospital.example"), "this domain"),
        ("email", json!("hanako@hospital.example.evil.example"), "this domain"),
        ("email", json!("hanako@evil.example@hospital.example"), "this domain"),
        ("email", json!("hanako@hоspital.example"), "this domain"),
        ("email", json!("hanako\r\nBcc: x@hospital.example"), "this domain"),
        ("email", json!("@hospital.example"), "this domain"),
    ] {
        let mut claims = fake.claims();
        claims[field] = value.clone();
        is_refused(fake.with(claims, &key(0, "one")), part);
    }
}

#[test]
fn what_a_token_leaves_out_gives_nobody_a_role_or_a_second_factor() {
    let fake = Fake::start();
    let mut claims = fake.claims();
    for field in ["groups", "acr", "name", "auth_time"] {
        claims.as_object_mut().unwrap().remove(field);
    }
    let person = fake.with(claims, &key(0, "one")).unwrap();
    assert_eq!(roles(&fake.provider(), &person), Vec::<String>::new());
    assert_eq!((person.second_factor, person.at, person.name.as_str()), (false, None, "Hanako@Hospital.example"));
    let mut claims = fake.claims();
    claims["groups"] = json!([{ "staff": "staff" }, 7, null]);
    assert_eq!(fake.with(claims, &key(0, "one")).unwrap().groups, Vec::<String>::new());
}

#[test]
fn a_signature_must_be_the_providers_own() {
    let fake = Fake::start();
    let known = discover(&fake.provider()).unwrap();
    let right = signed(fake.claims(), &key(0, "one"), CoreJwsSigningAlgorithm::EdDsa, "the access token");
    let [head, payload, signature]: [&str; 3] = right.split('.').collect::<Vec<_>>().try_into().unwrap();
    let mut other = fake.claims();
    other["sub"] = json!("taro");
    let other = signed(other, &key(0, "one"), CoreJwsSigningAlgorithm::EdDsa, "the access token");
    // Another person's payload under this signature; a changed signature; another's key under the provider's key id.
    for token in [
        format!("{head}.{}.{signature}", other.split('.').nth(1).unwrap()),
        format!("{head}.{payload}.AAAA{}", &signature[4..]),
        signed(fake.claims(), &key(1, "one"), CoreJwsSigningAlgorithm::EdDsa, "the access token"),
    ] {
        fake.hand_out(&token);
        is_invalid(fake.finish(&known), "does not verify");
    }
    // {"alg":"none"}, and a signature with our own client secret.
    let shared = signed(fake.claims(), &CoreHmacKey::new(SECRET), CoreJwsSigningAlgorithm::HmacSha256, "the access token");
    for token in [format!("eyJhbGciOiJub25lIn0.{payload}."), shared] {
        fake.hand_out(&token);
        is_invalid(fake.finish(&known), "not accepted");
    }
    // The hash in the token is of another access token.
    fake.hand_out(&signed(fake.claims(), &key(0, "one"), CoreJwsSigningAlgorithm::EdDsa, "another access token"));
    is_invalid(fake.finish(&known), "is not right");
    for token in ["", "x", "a.b.c", "..", &"A".repeat(500_000)] {
        fake.hand_out(token);
        is_invalid(fake.finish(&known), "cannot be read");
    }
    fake.hand_out(&right);
    fake.finish(&known).unwrap();
}

#[test]
fn a_new_key_is_fetched_once_and_kept() {
    let fake = Fake::start();
    let known = discover(&fake.provider()).unwrap();
    fake.hand_out(&signed(fake.claims(), &key(1, "two"), CoreJwsSigningAlgorithm::EdDsa, "the access token"));
    is_invalid(fake.finish(&known), "does not verify");
    assert_eq!(fake.asked("/keys"), 2, "once at discovery, once for the unknown key");
    fake.keys(&[key(0, "one"), key(1, "two")]);
    fake.finish(&known).unwrap();
    fake.finish(&known).unwrap();
    assert_eq!(fake.asked("/keys"), 3, "the new key is kept");
}

#[test]
fn the_userinfo_of_another_person_is_not_mixed_in() {
    let fake = Fake::start();
    fake.publish(|document| document["userinfo_endpoint"] = json!(format!("{}/me", fake.issuer)));
    let mut claims = fake.claims();
    for field in ["email", "email_verified"] {
        claims.as_object_mut().unwrap().remove(field);
    }
    let info =
        |subject: &str| json!({ "sub": subject, "email": "hanako@hospital.example", "email_verified": true, "groups": ["安全管理委員会"] });
    fake.json("/me", &info("taro"));
    is_invalid(fake.with(claims.clone(), &key(0, "one")), "different people");
    fake.json("/me", &info("hanako"));
    let person = fake.with(claims.clone(), &key(0, "one")).unwrap();
    assert_eq!(
        (person.email.as_str(), person.groups),
        ("hanako@hospital.example", vec!["staff".to_owned()]),
        "the signed claim comes first"
    );
    // An address from the token is not confirmed by what userinfo says of another one.
    claims["email"] = json!("director@hospital.example");
    assert_eq!(fake.with(claims, &key(0, "one")).unwrap().email, "hanako@hospital.example");
}

#[test]
fn a_document_of_another_issuer_or_with_open_endpoints_is_not_used() {
    let fake = Fake::start();
    let attempt = |change: &dyn Fn(&mut Value)| {
        fake.publish(change);
        discover(&fake.provider()).err()
    };
    assert!(attempt(&|_| {}).is_none());
    let other = attempt(&|document| document["issuer"] = json!("https://id.evil.example"));
    assert!(matches!(&other, Some(OidcError::Invalid(text)) if text.en.contains("another issuer")), "{other:?}");
    for endpoint in ["authorization_endpoint", "token_endpoint", "userinfo_endpoint"] {
        for address in ["http://id.hospital.example/x", "file:///etc/passwd", "https://user:word@id.hospital.example/x"] {
            let open = attempt(&|document| document[endpoint] = json!(address));
            assert!(matches!(open, Some(OidcError::Invalid(_))), "{endpoint} {address} {open:?}");
        }
    }
    let open = attempt(&|document| document["jwks_uri"] = json!("http://id.hospital.example/keys"));
    assert!(matches!(&open, Some(OidcError::Unreachable(text)) if text.en.contains("without https")), "{open:?}");
    assert!(matches!(attempt(&|document| document["token_endpoint"] = Value::Null), Some(OidcError::Invalid(_))));
}

#[test]
fn a_provider_that_is_silent_endless_or_points_elsewhere_is_unreachable_and_nothing_of_its_answer_is_told() {
    let fake = Fake::start();
    let document = "/.well-known/openid-configuration";
    fake.say(document, &format!("302 Found\r\nlocation: {}/moved", fake.issuer), "");
    assert!(matches!(discover(&fake.provider()).err(), Some(OidcError::Unreachable(_))));
    assert_eq!(fake.asked("/moved"), 0);
    let body = json!({ "filler": "x".repeat(1024 * 1024) });
    fake.json(document, &body);
    let long = discover(&fake.provider()).err();
    assert!(matches!(&long, Some(OidcError::Unreachable(text)) if text.en.contains("too long")), "{long:?}");
    fake.publish(|_| {});
    let known = discover(&fake.provider()).unwrap();
    fake.say("/token", "503 Busy", "");
    assert!(matches!(fake.finish(&known), Err(OidcError::Unreachable(text)) if text.en.contains("503")));
    for answer in [
        json!({ "error": "invalid_grant", "error_description": "the-code-itself" }),
        json!({ "error": "the-code-itself" }),
        json!({ "access_token": "the-code-itself", "token_type": "Bearer" }),
        json!({ "access_token": 7, "id_token": "the-code-itself" }),
    ] {
        let status = if answer.get("error").is_some() { "400 Bad Request" } else { "200 OK" };
        fake.say("/token", &format!("{status}\r\ncontent-type: application/json"), &answer.to_string());
        let error = fake.finish(&known).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("the-code-itself"), "{error:?}");
        assert!(!matches!(error, OidcError::Unreachable(_)), "{error:?}");
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(matches!(discover(&provider(&format!("http://{nobody}"), "akashi", |_| {})).err(), Some(OidcError::Unreachable(_))));
}

#[test]
fn only_a_trusted_certificate_opens_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let issuer = format!("https://127.0.0.1:{port}");
    let make = |words: &str| {
        let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
        let words = new.split(' ').chain(words.split(' '));
        let made = Command::new("openssl").args(words).current_dir(folder.path()).stderr(Stdio::null()).status();
        made.is_ok_and(|status| status.success())
    };
    let site = "-addext basicConstraints=critical,CA:FALSE -addext subjectAltName=IP:127.0.0.1";
    if !make("-subj /CN=authority -keyout root.key -out root.pem")
        || !make(&format!("-subj /CN=site -CA root.pem -CAkey root.key {site} -keyout key.pem -out cert.pem"))
    {
        return missing("openssl does not make certificates");
    }
    let head = "HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n";
    let document = json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"), "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
    });
    std::fs::create_dir(folder.path().join(".well-known")).unwrap();
    std::fs::write(folder.path().join(".well-known/openid-configuration"), format!("{head}{document}")).unwrap();
    std::fs::write(folder.path().join("keys"), format!("{head}{}", json!({ "keys": [] }))).unwrap();
    let server = Command::new("openssl")
        .args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-cert", "cert.pem", "-key", "key.pem", "-HTTP", "-quiet"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _server = Process(server.unwrap());
    assert!((0..200).any(|_| TcpStream::connect(("127.0.0.1", port)).is_ok() || {
        std::thread::sleep(Duration::from_millis(25));
        false
    }));
    let mut provider = provider(&issuer, "akashi", |table| table["root_file"] = json!("root.pem"));
    let unread = discover(&provider).err();
    assert!(matches!(&unread, Some(OidcError::Unreachable(text)) if text.en.contains("was not read")), "{unread:?}");
    provider.root = std::fs::read_to_string(folder.path().join("root.pem")).ok();
    assert_eq!(discover(&provider).err(), None);
    provider.root_file = None;
    provider.root = None;
    let untrusted = discover(&provider).err();
    assert!(matches!(&untrusted, Some(OidcError::Unreachable(text)) if text.en.contains("certificate")), "{untrusted:?}");
    provider.root = Some("-----BEGIN CERTIFICATE-----\nnothing\n".to_owned());
    assert!(matches!(discover(&provider).err(), Some(OidcError::Unreachable(_))));
}
