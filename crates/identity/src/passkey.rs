//! Passkeys (WebAuthn Level 3): a device proves that it holds a key, and that its owner was there and was recognised by it.
//!
//! Each act has two halves. The first gives a challenge for the browser and a *state* for the server; the second takes
//! the browser's answer and that state. **Whoever keeps the state must delete it before calling the second half**,
//! whatever comes of it: within its state an answer is accepted as often as it is shown, and a synchronised passkey has
//! no counter that would tell (test: `only_deleting_the_state_stops_a_replay`).
//!
//! Every passkey can be the only factor: registration asks for a key that is found without a name (`residentKey`) and
//! for user verification (PIN, finger, face), and every use asks for user verification again.

use std::fmt;

use rules::id::{Id, Named, Person};
use rules::text::{Text, text};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::{Host, Url};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, RequestChallengeResponse,
    Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

/// The longest answer of a browser that is read, in bytes; true ones have one or two thousand.
const LONGEST: usize = 32 * 1024;

/// What a person's device shows beside the host name when it asks.
const SITE_NAME: &str = "Akashi";

/// Why nobody can use a passkey at this installation's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unavailable {
    /// A passkey belongs to a host name, never to an IP address (WebAuthn Level 3, section 5.1.2, "RP ID").
    IpAddress,
    /// Browsers offer passkeys over https only, and on `localhost`.
    Unencrypted,
}

impl Unavailable {
    /// What a page says in the place of the button.
    pub fn text(self) -> Text {
        match self {
            Unavailable::IpAddress => text(
                "パスキーは、ホスト名を持つアドレス（例：https://akashi.example.jp）で使えます。現在のアドレスはIPアドレスのため使えません。管理者にご相談ください。",
                "Passkeys need an address with a host name (such as https://akashi.example.jp). This one is an IP address. Ask your administrator.",
            ),
            Unavailable::Unencrypted => text(
                "パスキーは、暗号化された接続（https）で使えます。現在のアドレスはhttpのため使えません。管理者にご相談ください。",
                "Passkeys need an encrypted connection (https). This address is http. Ask your administrator.",
            ),
        }
    }
}

/// A passkey was not registered or not accepted. The words are for the operator's log, not for the person.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    #[error("passkeys cannot be used at this address: {0:?}")]
    Unavailable(Unavailable),
    /// An unknown key, another challenge, another site, no user verification, or no answer of a passkey at all.
    /// The person sees one text for all of these.
    #[error("the passkey was not accepted: {0}")]
    NotThis(String),
    /// The key is right, its counter went back: a copy of the key may exist. Refuse, and tell an administrator.
    #[error("the counter of the passkey went back: somebody may have copied it")]
    Copied,
    /// Our own data or settings are wrong, nothing the person did.
    #[error("passkeys do not work: {0}")]
    Broken(String),
}

/// The passkeys of one installation.
///
/// They belong to the host name of its address: after a move to another host name everybody registers anew.
#[derive(Debug)]
pub struct Passkeys {
    site: Result<Webauthn, Unavailable>,
}

/// The first half of an act.
pub struct Asked {
    /// For the browser: JSON as `navigator.credentials` wants it, bytes as base64url. `passkey.js` turns it.
    pub challenge: String,
    /// For the second half: keep it on the server, at the session that asked, for five minutes at most.
    pub state: String,
}

/// A state never gets into a log by accident.
impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked(…)")
    }
}

/// A passkey that was registered: what to store of it. Nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Public key, counter and more; give it back at each use.
    pub json: String,
    /// The name of the key, base64url. Keep it unique over all people: one key is never two people's.
    pub credential: String,
}

/// A passkey that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// Which of the kept ones, by [`Kept::credential`].
    pub credential: String,
    /// The device recognised its owner. Always asked for; kept for the record of the sign-in.
    pub user_verified: bool,
    /// What to store instead of [`Kept::json`], if the counter or the backup state changed. Store it before the person is let in.
    pub updated: Option<String>,
}

/// Whom an answer names. **Nothing is proven yet**: it says whose passkeys to give to [`Passkeys::finish_alone`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    pub person: Id<Person>,
    pub credential: String,
}

/// What was asked for goes with the state, so that no state serves another act.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Register(PasskeyRegistration),
    Confirm(DiscoverableAuthentication),
    Alone(DiscoverableAuthentication),
}

impl Passkeys {
    /// For the address at which people reach this installation: `https://akashi.example.jp`, in tests `http://localhost:8253`.
    ///
    /// # Errors
    /// `Broken` when it is no address at all. An address without passkeys is no error: see [`Passkeys::unavailable`].
    pub fn new(address: &str) -> Result<Passkeys, PasskeyError> {
        let address = Url::parse(address).map_err(|e| PasskeyError::Broken(format!("{address} is not an address: {e}")))?;
        let site = match address.host() {
            Some(Host::Domain(host)) => {
                let local = host == "localhost" || host.ends_with(".localhost");
                match address.scheme() {
                    "https" => Ok(site(host, &address)?),
                    "http" if local => Ok(site(host, &address)?),
                    _ => Err(Unavailable::Unencrypted),
                }
            }
            Some(Host::Ipv4(_) | Host::Ipv6(_)) => Err(Unavailable::IpAddress),
            None => return Err(PasskeyError::Broken(format!("{address} names no host"))),
        };
        Ok(Passkeys { site })
    }

    /// Whether anybody can use a passkey here.
    pub fn available(&self) -> bool {
        self.site.is_ok()
    }

    /// Why nobody can, so that pages can say it.
    pub fn unavailable(&self) -> Option<Unavailable> {
        self.site.as_ref().err().copied()
    }

    /// Begins a registration. `name` (the sign-in name) and `display_name` are what the device shows in its list of accounts;
    /// `existing` are the person's passkeys, so that no device is registered twice.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` when a kept passkey cannot be read or a name is empty.
    pub fn register(&self, person: Id<Person>, name: &str, display_name: &str, existing: &[String]) -> Result<Asked, PasskeyError> {
        let known = read_kept(existing)?.iter().map(|passkey| passkey.cred_id().clone()).collect();
        let (asked, state) =
            self.site()?.start_passkey_registration(handle(person)?, name, display_name, Some(known)).map_err(|e| broken(&e))?;
        let mut challenge = serde_json::to_value(&asked).map_err(unwritten)?;
        // webauthn-rs asks for user verification here, but leaves it to the device whether the key is found without a
        // name. Whoever can verify people (CTAP 2) can also do that, so requiring it shuts out nobody else.
        let wishes = &mut challenge["publicKey"]["authenticatorSelection"];
        wishes["residentKey"] = "required".into();
        wishes["requireResidentKey"] = true.into();
        Ok(Asked { challenge: challenge.to_string(), state: write(&State::Register(state))? })
    }

    /// Ends a registration with the browser's answer. Delete the state before calling this.
    ///
    /// # Errors
    /// `NotThis` when the answer does not belong to the state or this site, or the device did not recognise its owner;
    /// `Unavailable`; `Broken` when the state cannot be read.
    pub fn finish_registration(&self, response: &str, state: &str) -> Result<Kept, PasskeyError> {
        let site = self.site()?;
        let response: RegisterPublicKeyCredential = read_response(response)?;
        let State::Register(state) = read_state(state)? else { return Err(other_act()) };
        let passkey = site.finish_passkey_registration(&response, &state).map_err(refused)?;
        // The name beside the signed data is only said by the browser; the one inside is the device's.
        if *passkey.cred_id() != response.raw_id {
            return Err(PasskeyError::NotThis("the answer names another key than it holds".to_owned()));
        }
        Ok(Kept { json: write(&passkey)?, credential: credential(&response)? })
    }

    /// Asks a known person for one of their passkeys: a second factor, or a confirmation before a dangerous act.
    ///
    /// # Errors
    /// `NotThis` when the person has none; `Unavailable`; `Broken` when a kept passkey cannot be read.
    pub fn ask(&self, kept: &[String]) -> Result<Asked, PasskeyError> {
        let site = self.site()?;
        let passkeys = read_kept(kept)?;
        if passkeys.is_empty() {
            return Err(PasskeyError::NotThis("the person has no passkey".to_owned()));
        }
        // The state of this call would carry copies of the keys: a key removed, or a counter raised, in the meantime
        // would not count. The state that carries none is used instead, and the keys are looked up at the end.
        let (offer, _) = site.start_passkey_authentication(&passkeys).map_err(|e| broken(&e))?;
        let (mut asked, state) = site.start_discoverable_authentication().map_err(|e| broken(&e))?;
        asked.public_key.allow_credentials = offer.public_key.allow_credentials;
        given(asked, &State::Confirm(state))
    }

    /// Asks whoever is there for a passkey: sign-in without name and password.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` when there is no randomness.
    pub fn ask_anyone(&self) -> Result<Asked, PasskeyError> {
        let (asked, state) = self.site()?.start_discoverable_authentication().map_err(|e| broken(&e))?;
        given(asked, &State::Alone(state))
    }

    /// Ends [`Passkeys::ask`]. `kept` are the passkeys of that person as they are stored now. Delete the state before calling this.
    ///
    /// # Errors
    /// `NotThis` and `Copied`: do not let the person go on. `Unavailable`; `Broken` when state or kept passkeys cannot be read.
    pub fn finish(&self, response: &str, state: &str, kept: &[String]) -> Result<Used, PasskeyError> {
        let State::Confirm(state) = read_state(state)? else { return Err(other_act()) };
        self.verify(&read_response(response)?, state, kept)
    }

    /// Whom the answer to [`Passkeys::ask_anyone`] names. Proves nothing.
    ///
    /// # Errors
    /// `NotThis` when it names nobody of ours; `Unavailable`.
    pub fn who(&self, response: &str) -> Result<Claimed, PasskeyError> {
        let site = self.site()?;
        let response: PublicKeyCredential = read_response(response)?;
        let (uuid, _) = site.identify_discoverable_authentication(&response).map_err(refused)?;
        let person = format!("{}_{}", Person::PREFIX, uuid.simple()).parse();
        let person = person.map_err(|_| PasskeyError::NotThis("the answer names nobody".to_owned()))?;
        Ok(Claimed { person, credential: credential(&response)? })
    }

    /// Ends [`Passkeys::ask_anyone`]. `kept` are the passkeys, as they are stored now, of the person whom [`Passkeys::who`]
    /// named and of nobody else. Delete the state before calling this.
    ///
    /// # Errors
    /// As [`Passkeys::finish`].
    pub fn finish_alone(&self, response: &str, state: &str, kept: &[String]) -> Result<Used, PasskeyError> {
        let State::Alone(state) = read_state(state)? else { return Err(other_act()) };
        let used = self.verify(&read_response(response)?, state, kept)?;
        // webauthn-rs has refused already; here it is the only factor, so it is looked at once more.
        match used.user_verified {
            true => Ok(used),
            false => Err(PasskeyError::NotThis("the device did not recognise its owner".to_owned())),
        }
    }

    fn verify(&self, response: &PublicKeyCredential, state: DiscoverableAuthentication, kept: &[String]) -> Result<Used, PasskeyError> {
        let site = self.site()?;
        let named = read_kept(kept)?.into_iter().find(|passkey| *passkey.cred_id() == response.raw_id);
        let mut passkey = named.ok_or_else(|| PasskeyError::NotThis("the key is not one of this person's".to_owned()))?;
        let result = site.finish_discoverable_authentication_v2(response, state, &passkey).map_err(refused)?;
        let updated = match passkey.update_credential(&result) {
            Some(true) => Some(write(&passkey)?),
            Some(false) | None => None,
        };
        Ok(Used { credential: credential(response)?, user_verified: result.user_verified(), updated })
    }

    fn site(&self) -> Result<&Webauthn, PasskeyError> {
        self.site.as_ref().map_err(|why| PasskeyError::Unavailable(*why))
    }
}

fn site(host: &str, address: &Url) -> Result<Webauthn, PasskeyError> {
    WebauthnBuilder::new(host, address).and_then(|site| site.rp_name(SITE_NAME).build()).map_err(|e| broken(&e))
}

/// The bytes by which a device names a person: those of the person's id, which say nothing about them.
fn handle(person: Id<Person>) -> Result<Uuid, PasskeyError> {
    let text = person.to_string();
    let digits = text.rsplit('_').next().unwrap_or_default();
    Uuid::try_parse(digits).map_err(|e| PasskeyError::Broken(format!("{text} is not an id: {e}")))
}

fn given(mut asked: RequestChallengeResponse, state: &State) -> Result<Asked, PasskeyError> {
    // webauthn-rs marks it for the list under a name field; ours is asked for by a button.
    asked.mediation = None;
    Ok(Asked { challenge: write(&asked)?, state: write(state)? })
}

/// The key's name in one spelling, whatever spelling of base64url the browser sent.
fn credential(response: &impl Serialize) -> Result<String, PasskeyError> {
    let response = serde_json::to_value(response).map_err(unwritten)?;
    response["rawId"].as_str().map(str::to_owned).ok_or_else(|| PasskeyError::Broken("a key without a name".to_owned()))
}

fn read_kept(kept: &[String]) -> Result<Vec<Passkey>, PasskeyError> {
    let read = kept.iter().map(|json| serde_json::from_str(json));
    read.collect::<Result<_, _>>().map_err(|e| PasskeyError::Broken(format!("a stored passkey cannot be read: {e}")))
}

fn read_state(state: &str) -> Result<State, PasskeyError> {
    serde_json::from_str(state).map_err(|e| PasskeyError::Broken(format!("a stored state cannot be read: {e}")))
}

fn read_response<T: DeserializeOwned>(response: &str) -> Result<T, PasskeyError> {
    if response.len() > LONGEST {
        return Err(PasskeyError::NotThis("the answer is too long".to_owned()));
    }
    // Where, not what: the words of a stranger do not belong into a log.
    serde_json::from_str(response)
        .map_err(|e| PasskeyError::NotThis(format!("the answer is not a passkey's (line {}, column {})", e.line(), e.column())))
}

fn write(value: &impl Serialize) -> Result<String, PasskeyError> {
    serde_json::to_string(value).map_err(unwritten)
}

fn unwritten(e: serde_json::Error) -> PasskeyError {
    PasskeyError::Broken(format!("cannot be written as JSON: {e}"))
}

fn other_act() -> PasskeyError {
    PasskeyError::NotThis("the state is of another act".to_owned())
}

fn broken(e: &WebauthnError) -> PasskeyError {
    PasskeyError::Broken(e.to_string())
}

fn refused(e: WebauthnError) -> PasskeyError {
    match e {
        WebauthnError::CredentialPossibleCompromise => PasskeyError::Copied,
        // Its words quote what was sent.
        WebauthnError::ParseJSONFailure(_) => PasskeyError::NotThis("the answer is not a passkey's".to_owned()),
        other => PasskeyError::NotThis(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use webauthn_authenticator_rs::WebauthnAuthenticator;
    use webauthn_authenticator_rs::softpasskey::SoftPasskey;

    use super::*;

    const HERE: &str = "https://akashi.example.jp";

    fn here() -> Passkeys {
        Passkeys::new(HERE).unwrap()
    }

    fn person(n: u8) -> Id<Person> {
        Id::new(1_700_000_000_000, [n; 10])
    }

    /// A device that verifies its owner, but keeps no list of accounts: the test fills in what such a list adds.
    struct Device(SoftPasskey);

    impl Device {
        fn new() -> Device {
            Device(SoftPasskey::new(true))
        }

        fn make(&mut self, origin: &str, asked: &Asked) -> String {
            let mut challenge: Value = serde_json::from_str(&asked.challenge).unwrap();
            challenge["publicKey"]["authenticatorSelection"]["requireResidentKey"] = json!(false);
            let options = serde_json::from_value(challenge).unwrap();
            serde_json::to_string(&self.0.do_registration(origin.parse().unwrap(), options).unwrap()).unwrap()
        }

        fn show(&mut self, origin: &str, challenge: &str) -> String {
            let options = serde_json::from_str(challenge).unwrap();
            serde_json::to_string(&self.0.do_authentication(origin.parse().unwrap(), options).unwrap()).unwrap()
        }

        fn show_alone(&mut self, asked: &Asked, key: &Kept, owner: Id<Person>) -> String {
            let mut challenge: Value = serde_json::from_str(&asked.challenge).unwrap();
            challenge["publicKey"]["allowCredentials"] = json!([{ "type": "public-key", "id": key.credential }]);
            let mut response: Value = serde_json::from_str(&self.show(HERE, &challenge.to_string())).unwrap();
            response["response"]["userHandle"] = handle_text(owner);
            response.to_string()
        }
    }

    /// The bytes of a person's id as a device gives them back.
    fn handle_text(owner: Id<Person>) -> Value {
        let asked = here().register(owner, "a", "a", &[]).unwrap();
        serde_json::from_str::<Value>(&asked.challenge).unwrap()["publicKey"]["user"]["id"].clone()
    }

    fn registered(device: &mut Device, owner: Id<Person>) -> Kept {
        let asked = here().register(owner, "sato", "佐藤 花子", &[]).unwrap();
        here().finish_registration(&device.make(HERE, &asked), &asked.state).unwrap()
    }

    fn is_refused<T: fmt::Debug>(result: Result<T, PasskeyError>) -> bool {
        matches!(result, Err(PasskeyError::NotThis(_)))
    }

    #[test]
    fn a_passkey_is_registered_and_then_confirms_its_owner() {
        let mut device = Device::new();
        let key = registered(&mut device, person(1));
        let asked = here().ask(std::slice::from_ref(&key.json)).unwrap();
        let response = device.show(HERE, &asked.challenge);
        let used = here().finish(&response, &asked.state, std::slice::from_ref(&key.json)).unwrap();
        assert_eq!((used.credential, used.user_verified), (key.credential, true));
        let updated = used.updated.expect("the device counts");

        let asked = here().ask(std::slice::from_ref(&updated)).unwrap();
        let response = device.show(HERE, &asked.challenge);
        assert!(here().finish(&response, &asked.state, &[updated]).is_ok());
    }

    #[test]
    fn a_passkey_alone_names_and_proves_its_owner() {
        let mut device = Device::new();
        let key = registered(&mut device, person(1));
        let asked = here().ask_anyone().unwrap();
        let challenge: Value = serde_json::from_str(&asked.challenge).unwrap();
        assert_eq!(challenge["publicKey"]["userVerification"], "required");
        assert_eq!(challenge["publicKey"]["allowCredentials"], json!([]));
        assert!(challenge.get("mediation").is_none());

        let response = device.show_alone(&asked, &key, person(1));
        assert_eq!(here().who(&response).unwrap(), Claimed { person: person(1), credential: key.credential.clone() });
        let used = here().finish_alone(&response, &asked.state, std::slice::from_ref(&key.json)).unwrap();
        assert_eq!((used.credential, used.user_verified), (key.credential, true));
    }

    #[test]
    fn registration_asks_for_a_key_that_can_be_the_only_factor_and_not_for_a_known_one() {
        let key = registered(&mut Device::new(), person(1));
        let asked = here().register(person(1), "sato", "佐藤 花子", std::slice::from_ref(&key.json)).unwrap();
        let challenge: Value = serde_json::from_str(&asked.challenge).unwrap();
        let asked = &challenge["publicKey"];
        assert_eq!(asked["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(asked["authenticatorSelection"]["requireResidentKey"], true);
        assert_eq!(asked["authenticatorSelection"]["userVerification"], "required");
        assert_eq!(asked["excludeCredentials"][0]["id"], json!(key.credential));
        assert_eq!((&asked["rp"]["id"], &asked["user"]["displayName"]), (&json!("akashi.example.jp"), &json!("佐藤 花子")));
    }

    #[test]
    fn an_answer_made_for_another_site_is_refused() {
        let mut device = Device::new();
        // Browsers let a page below our host name, or on another port of it, ask for our keys.
        for elsewhere in ["https://files.akashi.example.jp", "https://akashi.example.jp:8443"] {
            let asked = here().register(person(1), "sato", "佐藤", &[]).unwrap();
            assert!(is_refused(here().finish_registration(&device.make(elsewhere, &asked), &asked.state)), "{elsewhere}");
        }
        let key = registered(&mut device, person(1));
        for elsewhere in ["https://files.akashi.example.jp", "https://akashi.example.jp:8443"] {
            let asked = here().ask(std::slice::from_ref(&key.json)).unwrap();
            let response = device.show(elsewhere, &asked.challenge);
            assert!(is_refused(here().finish(&response, &asked.state, std::slice::from_ref(&key.json))), "{elsewhere}");
        }
    }

    #[test]
    fn an_answer_to_another_challenge_is_refused() {
        let mut device = Device::new();
        let (first, second) =
            (here().register(person(1), "sato", "佐藤", &[]).unwrap(), here().register(person(1), "sato", "佐藤", &[]).unwrap());
        assert!(is_refused(here().finish_registration(&device.make(HERE, &first), &second.state)));

        let key = registered(&mut device, person(1));
        let kept = std::slice::from_ref(&key.json);
        let (first, second) = (here().ask(kept).unwrap(), here().ask(kept).unwrap());
        assert!(is_refused(here().finish(&device.show(HERE, &first.challenge), &second.state, kept)));
        let (first, second) = (here().ask_anyone().unwrap(), here().ask_anyone().unwrap());
        assert!(is_refused(here().finish_alone(&device.show_alone(&first, &key, person(1)), &second.state, kept)));
    }

    #[test]
    fn only_deleting_the_state_stops_a_replay() {
        let mut device = Device::new();
        let key = registered(&mut device, person(1));
        let kept = std::slice::from_ref(&key.json);
        let asked = here().ask(kept).unwrap();
        let response = device.show(HERE, &asked.challenge);
        // A passkey without a counter stays as it was stored, and here so does this one: the library sees no difference.
        assert!(here().finish(&response, &asked.state, kept).is_ok());
        assert!(here().finish(&response, &asked.state, kept).is_ok(), "the danger is gone: say so in the documentation");
        // With the state deleted there is only the one of the next act.
        assert!(is_refused(here().finish(&response, &here().ask(kept).unwrap().state, kept)));
    }

    #[test]
    fn a_key_of_another_person_is_refused() {
        let (mut mine, mut theirs) = (Device::new(), Device::new());
        let (my_key, their_key) = (registered(&mut mine, person(1)), registered(&mut theirs, person(2)));
        let my_kept = std::slice::from_ref(&my_key.json);

        let asked = here().ask(my_kept).unwrap();
        let mut challenge: Value = serde_json::from_str(&asked.challenge).unwrap();
        challenge["publicKey"]["allowCredentials"] = json!([{ "type": "public-key", "id": their_key.credential }]);
        let response = theirs.show(HERE, &challenge.to_string());
        assert!(is_refused(here().finish(&response, &asked.state, my_kept)));
        // Nor does it help to put my key's name on their answer.
        let mut forged: Value = serde_json::from_str(&response).unwrap();
        forged["rawId"] = json!(my_key.credential);
        forged["id"] = json!(my_key.credential);
        assert!(is_refused(here().finish(&forged.to_string(), &asked.state, my_kept)));

        // Alone, their key says that I am there: then my keys are looked at, and it is none of them.
        let asked = here().ask_anyone().unwrap();
        let response = theirs.show_alone(&asked, &their_key, person(1));
        assert_eq!(here().who(&response).unwrap().person, person(1));
        assert!(is_refused(here().finish_alone(&response, &asked.state, my_kept)));
    }

    #[test]
    fn a_removed_passkey_is_refused_even_when_it_was_asked_for() {
        let mut device = Device::new();
        let key = registered(&mut device, person(1));
        let asked = here().ask(&[key.json]).unwrap();
        let response = device.show(HERE, &asked.challenge);
        assert!(is_refused(here().finish(&response, &asked.state, &[])));
        assert!(is_refused(here().ask(&[])));
    }

    #[test]
    fn a_device_that_did_not_recognise_its_owner_is_refused() {
        let mut device = Device::new();
        let key = registered(&mut device, person(1));
        let kept = std::slice::from_ref(&key.json);
        let asked = here().ask(kept).unwrap();
        let careless = asked.challenge.replace(r#""userVerification":"required""#, r#""userVerification":"discouraged""#);
        assert_ne!(careless, asked.challenge);
        assert!(is_refused(here().finish(&device.show(HERE, &careless), &asked.state, kept)));

        let mut asked = here().register(person(1), "sato", "佐藤", &[]).unwrap();
        asked.challenge = asked.challenge.replace(r#""userVerification":"required""#, r#""userVerification":"discouraged""#);
        assert!(is_refused(here().finish_registration(&device.make(HERE, &asked), &asked.state)));
    }

    #[test]
    fn a_counter_that_goes_back_is_reported_as_a_copy() {
        let mut device = Device::new();
        let mut stored: Value = serde_json::from_str(&registered(&mut device, person(1)).json).unwrap();
        stored["cred"]["counter"] = json!(1000);
        let kept = [stored.to_string()];
        let asked = here().ask(&kept).unwrap();
        let response = device.show(HERE, &asked.challenge);
        assert!(matches!(here().finish(&response, &asked.state, &kept), Err(PasskeyError::Copied)));
    }

    #[test]
    fn a_state_serves_only_the_act_it_was_made_for() {
        let mut device = Device::new();
        let key = registered(&mut device, person(1));
        let kept = std::slice::from_ref(&key.json);
        let asked = here().ask(kept).unwrap();
        let response = device.show(HERE, &asked.challenge);
        assert!(is_refused(here().finish_alone(&response, &asked.state, kept)));
        let asked = here().ask_anyone().unwrap();
        let response = device.show_alone(&asked, &key, person(1));
        assert!(is_refused(here().finish(&response, &asked.state, kept)));
        let asked = here().register(person(1), "sato", "佐藤", &[]).unwrap();
        assert!(is_refused(here().finish(&response, &asked.state, kept)));
        assert!(is_refused(here().finish_registration(&device.make(HERE, &asked), &here().ask_anyone().unwrap().state)));
    }

    #[test]
    fn a_registration_that_names_another_key_than_it_holds_is_refused() {
        let mut device = Device::new();
        let other = registered(&mut device, person(2));
        let asked = here().register(person(1), "sato", "佐藤", &[]).unwrap();
        let mut response: Value = serde_json::from_str(&device.make(HERE, &asked)).unwrap();
        response["rawId"] = json!(other.credential);
        response["id"] = json!(other.credential);
        assert!(is_refused(here().finish_registration(&response.to_string(), &asked.state)));
    }

    #[test]
    fn nonsense_is_refused_without_quoting_it() {
        let key = registered(&mut Device::new(), person(1));
        let kept = std::slice::from_ref(&key.json);
        let asked = here().ask(kept).unwrap();
        let nested = "[".repeat(20_000);
        let long = format!("{{\"id\":\"{}\"}}", "x".repeat(LONGEST));
        for response in ["", "null", "{}", "\"top secret\"", "{\"id\":\"top secret\"}", &nested, &long] {
            let error = here().finish(response, &asked.state, kept).unwrap_err();
            assert!(matches!(error, PasskeyError::NotThis(_)) && !error.to_string().contains("secret"), "{error}");
            assert!(is_refused(here().who(response)));
        }
        let state = here().register(person(1), "sato", "佐藤", &[]).unwrap().state;
        assert!(is_refused(here().finish_registration("{}", &state)));
        assert!(matches!(here().finish("{}", "top secret", kept), Err(PasskeyError::Broken(_))));
        assert!(matches!(here().ask(&["{}".to_owned()]), Err(PasskeyError::Broken(_))));
        assert!(!format!("{asked:?}").contains("challenge"));
    }

    /// Sent by Chromium's virtual authenticator through `passkey.js`, and stored by webauthn-rs 0.6.2.
    #[test]
    fn what_a_browser_sends_is_taken_and_what_an_older_version_stored_still_signs_in() {
        let recorded: Value = serde_json::from_str(include_str!("../tests/passkey_of_chromium.json")).unwrap();
        let there = Passkeys::new(recorded["address"].as_str().unwrap()).unwrap();
        let (answer, state) = (recorded["registration"]["answer"].to_string(), recorded["registration"]["state"].to_string());
        let key = there.finish_registration(&answer, &state).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&key.json).unwrap(), recorded["kept"]);

        let (answer, state) = (recorded["sign_in"]["answer"].to_string(), recorded["sign_in"]["state"].to_string());
        let claimed = there.who(&answer).unwrap();
        assert_eq!((json!(claimed.person), &claimed.credential), (recorded["person"].clone(), &key.credential));
        let used = there.finish_alone(&answer, &state, &[recorded["kept"].to_string()]).unwrap();
        assert!(used.user_verified && used.updated.is_some());
    }

    #[test]
    fn an_address_without_passkeys_says_why() {
        let cases = [
            ("https://akashi.example.jp/", None),
            ("https://akashi.example.jp:8443", None),
            ("http://localhost:8253", None),
            ("http://127.0.0.1:8253", Some(Unavailable::IpAddress)),
            ("https://[2001:db8::1]", Some(Unavailable::IpAddress)),
            ("http://akashi.example.jp", Some(Unavailable::Unencrypted)),
            ("http://notlocalhost", Some(Unavailable::Unencrypted)),
        ];
        for (address, why) in cases {
            let passkeys = Passkeys::new(address).unwrap();
            assert_eq!((passkeys.unavailable(), passkeys.available()), (why, why.is_none()), "{address}");
            let said = passkeys.register(person(1), "sato", "佐藤", &[]).map(|_| ()).err();
            match (why, said) {
                (None, None) => {}
                (Some(why), Some(PasskeyError::Unavailable(said))) => {
                    assert_eq!(why, said);
                    assert!(matches!(passkeys.ask_anyone(), Err(PasskeyError::Unavailable(_))));
                    assert!(matches!(passkeys.ask(&[]), Err(PasskeyError::Unavailable(_))));
                    assert!(matches!(passkeys.who("{}"), Err(PasskeyError::Unavailable(_))));
                    assert!(matches!(passkeys.finish_registration("{}", "{}"), Err(PasskeyError::Unavailable(_))));
                }
                (_, said) => panic!("{address}: {said:?}"),
            }
        }
        assert!(matches!(Passkeys::new("akashi"), Err(PasskeyError::Broken(_))));
        assert!(matches!(Passkeys::new("mailto:akashi@example.jp"), Err(PasskeyError::Broken(_))));
    }
}
