//! Trust anchors: other installations, time-stamping roots and witnesses, believed after a second person typed the fingerprint.

use std::collections::BTreeMap;

use age::secrecy::ExposeSecret;
use age::x25519::{Identity, Recipient};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rules::act::Actor;
use rules::exchange::{AnchorKind, AnchorState, TrustAnchor};
use rules::id::{self, Digest, Id};
use rules::party::Role;
use rules::refusal::Refusal;
use rules::text::{text, worded};
use seal::merkle::sha256;
use seal::note::VerifierKey;
use seal::verify::Trust;
use store::Conn;
use store::tables::{exchange as rows, party};

pub use store::tables::exchange::Anchored;

use crate::{App, Error};

/// The kind of secret that holds the key by which packages for an organisation are opened; the owner is the organisation.
pub(crate) const EXCHANGE_KEY: &str = "exchange_key";
/// The first line of a card.
const CARD: &str = "akashi-card v1";
/// The longest card or certificate that is read, in bytes.
const LONGEST: usize = 64 * 1024;

/// What an organisation hands to others, so that they can send to it and believe what it sends. Nothing of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    pub name: String,
    pub organisation: Id<id::Organisation>,
    /// 16 hexadecimal digits.
    pub installation: String,
    /// Packages for it are encrypted to this key (age).
    pub recipient: String,
    /// Packages and receipts of it are signed by these.
    pub keys: Vec<VerifierKey>,
}

impl Card {
    /// The one text of the card; its SHA-256 is the fingerprint.
    pub fn text(&self) -> String {
        let Card { name, organisation, installation, recipient, keys } = self;
        let mut out = format!("{CARD}\nname {name}\norganisation {organisation}\ninstallation {installation}\nrecipient {recipient}\n");
        for key in keys {
            out.push_str(&format!("key {key}\n"));
        }
        out
    }

    pub fn fingerprint(&self) -> Digest {
        Digest(sha256(&[self.text().as_bytes()]))
    }

    /// Reads a card as it was pasted: empty lines and spaces around lines do not count, anything else does.
    pub fn parse(written: &str) -> Result<Card, Refusal> {
        let mut lines = written.lines().map(str::trim).filter(|l| !l.is_empty());
        let wrong = |line: &str| {
            let shown: String = line.chars().take(60).collect();
            Refusal::invalid(
                "data",
                worded(
                    format!(
                        "カードとして読み取れません（「{shown}」）。相手の「トラストアンカー」の画面にあるカードを、そのまま貼り付けてください。"
                    ),
                    format!("This is no card (at “{shown}”). Paste the card as it stands on the other side's page of trust anchors."),
                ),
            )
        };
        let mut next = |name: &str| -> Result<String, Refusal> {
            let line = lines.next().unwrap_or_default();
            let rest = line.strip_prefix(name).and_then(|rest| rest.strip_prefix(' ')).map(str::trim);
            rest.filter(|r| !r.is_empty()).map(str::to_owned).ok_or_else(|| wrong(line))
        };
        if next("akashi-card")? != "v1" {
            return Err(Refusal::invalid("data", text("カードの版が異なります。", "The card is of another version.")));
        }
        let name = rules::party::line("data", &next("name")?, 200)?;
        let organisation = next("organisation")?;
        let organisation = organisation.parse().map_err(|_| wrong(&organisation))?;
        let installation = next("installation")?;
        if installation.len() != 16 || !installation.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Err(wrong(&installation));
        }
        let recipient = next("recipient")?;
        recipient.parse::<Recipient>().map_err(|_| wrong(&recipient))?;
        let mut keys: Vec<VerifierKey> = vec![];
        for line in lines {
            let key = line.strip_prefix("key ").and_then(|key| key.trim().parse::<VerifierKey>().ok()).ok_or_else(|| wrong(line))?;
            if key.name != format!("akashi-{installation}") || keys.contains(&key) || keys.len() == 16 {
                return Err(wrong(line));
            }
            keys.push(key);
        }
        if keys.is_empty() { Err(wrong("key")) } else { Ok(Card { name, organisation, installation, recipient, keys }) }
    }
}

/// What a person pasted as an anchor, in its one form, and the fingerprint of it.
pub(crate) fn normal(kind: AnchorKind, data: &str) -> Result<(String, Digest), Refusal> {
    if data.len() > LONGEST {
        return Err(Refusal::invalid("data", text("長すぎます。", "This is too long.")));
    }
    match kind {
        AnchorKind::Installation => {
            let card = Card::parse(data)?;
            Ok((card.text(), card.fingerprint()))
        }
        AnchorKind::Witness => {
            let key: VerifierKey = data.trim().parse().map_err(|_| {
                Refusal::invalid("data", text("立会人の公開鍵（1行）を貼り付けてください。", "Paste the witness's public key, one line."))
            })?;
            let text = key.to_string();
            let fingerprint = Digest(sha256(&[text.as_bytes()]));
            Ok((text, fingerprint))
        }
        AnchorKind::StampRoot => {
            let der = certificate(data).ok_or_else(|| {
                Refusal::invalid("data", text("ルート証明書をPEM形式で1つ貼り付けてください。", "Paste one root certificate in PEM."))
            })?;
            // As `openssl x509 -fingerprint -sha256` shows it.
            let fingerprint = Digest(sha256(&[&der]));
            Ok((format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(&der)), fingerprint))
        }
    }
}

/// The one certificate of a PEM text: one DER sequence that fills it.
fn certificate(pem: &str) -> Option<Vec<u8>> {
    let inner = pem.trim().strip_prefix("-----BEGIN CERTIFICATE-----")?.strip_suffix("-----END CERTIFICATE-----")?;
    let der = STANDARD.decode(inner.split_whitespace().collect::<String>()).ok()?;
    let [0x30, 0x82, high, low, body @ ..] = &der[..] else { return None };
    (body.len() == usize::from(u16::from_be_bytes([*high, *low]))).then_some(der)
}

/// A digest in groups of four, as people read it aloud.
pub fn spoken(fingerprint: Digest) -> String {
    let digits = fingerprint.to_string().to_uppercase();
    let groups: Vec<String> = digits.as_bytes().chunks(4).map(|g| String::from_utf8_lossy(g).into_owned()).collect();
    groups.join(" ")
}

/// The anchors an actor keeps, and their own card.
#[derive(Debug, Clone)]
pub struct TrustRead {
    /// Nothing before the service has started for the first time.
    pub card: Option<Card>,
    /// The newest first.
    pub anchors: Vec<Anchored>,
    pub names: BTreeMap<Id<id::Person>, String>,
}

impl TrustRead {
    pub fn name(&self, person: Id<id::Person>) -> &str {
        self.names.get(&person).map_or("—", String::as_str)
    }
}

impl App {
    /// The card of the actor's organisation; its key is made when it is first asked for.
    pub fn own_card(&self, actor: &Actor) -> Result<Option<Card>, Error> {
        let keeps = [Role::Administrator, Role::Operator, Role::Officer, Role::Secretariat].iter().any(|r| actor.has(*r));
        let organisation = actor.organisation.filter(|_| keeps).ok_or(Refusal::forbidden())?;
        self.card_of(organisation)
    }

    /// The card of an organisation, for the console.
    pub fn card_of(&self, organisation: Id<id::Organisation>) -> Result<Option<Card>, Error> {
        let (name, signers) = self.store.read(|conn| -> Result<_, Error> {
            let own = party::organisation(conn, organisation)?.ok_or(Refusal::not_found())?;
            Ok((own.name, self.signers(conn)?))
        })?;
        let Some(signers) = signers else { return Ok(None) };
        let recipient = self.exchange_key(organisation)?.to_public().to_string();
        let keys = signers.keys.iter().map(|key| key.verifier()).collect();
        Ok(Some(Card { name, organisation, installation: signers.installation, recipient, keys }))
    }

    /// The key by which packages for an organisation are opened. Each organisation has its own: no other tenant of the
    /// installation opens what is not for it.
    pub(crate) fn exchange_key(&self, organisation: Id<id::Organisation>) -> Result<Identity, Error> {
        let owner = organisation.to_string();
        let read =
            |text: String| text.parse::<Identity>().map_err(|e| Error::Broken(format!("the exchange key of {owner} cannot be read: {e}")));
        if let Some(kept) = self.store.read(|conn| self.secret(conn, &owner, EXCHANGE_KEY))? {
            return read(kept);
        }
        let fresh = Identity::generate();
        let kept = self.store.write(|tx| -> Result<String, Error> {
            // Another node may have been first.
            if let Some(kept) = self.secret(tx, &owner, EXCHANGE_KEY)? {
                return Ok(kept);
            }
            let text = fresh.to_string().expose_secret().to_owned();
            self.put_secret(tx, &owner, EXCHANGE_KEY, &text)?;
            Ok(text)
        })?;
        read(kept)
    }

    /// The anchors that the actor keeps: an administrator those of the organisation, an operator also the installation's.
    pub fn trust(&self, actor: &Actor) -> Result<TrustRead, Error> {
        if !actor.has(Role::Administrator) && !actor.has(Role::Operator) {
            return Err(Refusal::forbidden().into());
        }
        let card = self.own_card(actor)?;
        self.store.read(|conn| {
            let mut anchors = vec![];
            if actor.has(Role::Administrator) {
                anchors.extend(rows::anchors(conn, Some(actor.organisation.ok_or(Refusal::forbidden())?))?);
            }
            if actor.has(Role::Operator) {
                anchors.extend(rows::anchors(conn, None)?);
            }
            let mut names = BTreeMap::new();
            for person in anchors.iter().flat_map(|a| std::iter::once(a.anchor.by).chain(a.anchor.decided_by)) {
                if let Some(person) = party::person(conn, person)? {
                    names.insert(person.id, person.name);
                }
            }
            Ok(TrustRead { card, anchors, names })
        })
    }
}

/// The other installations on an organisation's list, in whatever state, with their cards.
pub(crate) fn others(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<(TrustAnchor, Card)>, Error> {
    let all = rows::anchors(conn, Some(organisation))?.into_iter().map(|a| a.anchor);
    let cards = all.filter(|a| a.anchor == AnchorKind::Installation).map(|a| {
        let card = Card::parse(&a.data).map_err(|_| Error::Broken(format!("the card of {} cannot be read", a.id)))?;
        Ok((a, card))
    });
    cards.collect()
}

/// As [`others`], those that count.
pub(crate) fn active(conn: &mut Conn, organisation: Id<id::Organisation>) -> Result<Vec<(TrustAnchor, Card)>, Error> {
    Ok(others(conn, organisation)?.into_iter().filter(|(a, _)| a.state == AnchorState::Active).collect())
}

/// Whose word about time and history counts on this installation: the time-stamping authorities and witnesses that two
/// people activated. Those that were proposed, blocked or removed do not.
pub(crate) fn outside(conn: &mut Conn) -> Result<Trust, Error> {
    let mut trust = Trust::default();
    for anchor in rows::anchors(conn, None)?.into_iter().map(|a| a.anchor).filter(|a| a.state == AnchorState::Active) {
        let broken = || Error::Broken(format!("the trust anchor {} cannot be read", anchor.id));
        match anchor.anchor {
            AnchorKind::StampRoot => trust.stamp_roots.push(certificate(&anchor.data).ok_or_else(broken)?),
            AnchorKind::Witness => trust.witnesses.push(anchor.data.trim().parse().map_err(|_| broken())?),
            AnchorKind::Installation => {}
        }
    }
    Ok(trust)
}

#[cfg(test)]
mod tests {
    use seal::note::{Algorithm, SigningKey};

    use super::*;

    fn card() -> Card {
        let key = |algorithm| SigningKey::from_seed("akashi-0123456789abcdef", algorithm, [1; 32]).unwrap().verifier();
        Card {
            name: "評価機構".into(),
            organisation: Id::new(1, [1; 10]),
            installation: "0123456789abcdef".into(),
            recipient: Identity::generate().to_public().to_string(),
            keys: vec![key(Algorithm::Ed25519), key(Algorithm::MlDsa44)],
        }
    }

    #[test]
    fn a_card_comes_back_as_it_was_pasted_and_every_change_is_another_fingerprint() {
        let card = card();
        let text = card.text();
        assert_eq!(Card::parse(&format!("\r\n  {}\n\n", text.replace('\n', "  \r\n"))).unwrap(), card);
        for at in 0..text.len() {
            let mut bent = text.clone().into_bytes();
            bent[at] ^= 1;
            let Ok(bent) = String::from_utf8(bent) else { continue };
            // White space around it does not count.
            if bent.trim() == text.trim() {
                continue;
            }
            if let Ok((_, fingerprint)) = normal(AnchorKind::Installation, &bent) {
                assert_ne!(fingerprint, card.fingerprint(), "byte {at}");
            }
        }
        for part in ["name", "organisation", "installation", "recipient", "key"] {
            let without: String = text.lines().filter(|l| !l.starts_with(part)).map(|l| format!("{l}\n")).collect();
            assert!(Card::parse(&without).is_err(), "{part}");
        }
        let other = text.replace("installation 0123456789abcdef", "installation 1123456789abcdef");
        assert!(Card::parse(&other).is_err(), "keys of another installation");
    }

    #[test]
    fn a_fingerprint_is_read_in_groups_of_four() {
        assert_eq!(spoken(Digest([0xab; 32])), vec!["ABAB"; 16].join(" "));
    }

    #[test]
    fn a_root_is_one_whole_certificate() {
        let der = [&[0x30, 0x82, 0, 3][..], &[1, 2, 3]].concat();
        let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----", STANDARD.encode(&der));
        assert_eq!(normal(AnchorKind::StampRoot, &pem).unwrap().1, Digest(sha256(&[&der])));
        for bad in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", &format!("{pem}\n{pem}")] {
            assert!(normal(AnchorKind::StampRoot, bad).is_err(), "{bad}");
        }
    }
}
