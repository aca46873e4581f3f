//! What is shown of the proofs: to those who run the installation everything, to anybody what an outsider checks with.

use jiff::Timestamp;
use rules::act::Actor;
use rules::party::Role;
use rules::refusal::Refusal;
use rules::running::Running;
use rules::text::Text;
use store::INSTALLATION;
use store::checkpoints::{self, SuperSigned};
use store::tables::running::{self, Epoch, Event};

use super::anchors::worth;
use super::{Forecast, Worth};
use crate::{App, Error, trust};

/// How many events are shown.
const EVENTS: u32 = 20;

/// Where super checkpoints go, and whether they arrive.
#[derive(Debug, Clone)]
pub struct AnchorState {
    /// `file`, `mail`, `witness` or `rfc3161`.
    pub kind: &'static str,
    pub place: String,
    /// The last success: when, and the size of the super-log.
    pub last: Option<(Timestamp, u64)>,
    /// Failed tries since when, and why the last one failed.
    pub trouble: Option<(u32, Timestamp, Text)>,
    /// What the newest proof is worth by the trust anchors of this installation; nothing for files and mail.
    pub worth: Option<Worth>,
}

/// Everything about the proofs of an installation.
#[derive(Debug, Clone)]
pub struct ProofState {
    pub installation: Option<String>,
    /// The public keys of now, as text.
    pub keys: Vec<String>,
    pub epochs: Vec<Epoch>,
    pub newest: Option<SuperSigned>,
    pub anchors: Vec<AnchorState>,
    pub events: Vec<Event>,
    /// The last comparison with a time server.
    pub time: Option<(String, i64, bool, Timestamp)>,
    pub forecast: Option<Forecast>,
}

/// What an outsider needs: whose it is, by which keys, and what it was last.
#[derive(Debug, Clone)]
pub struct PublicProof {
    pub installation: String,
    pub epoch: u32,
    pub keys: Vec<String>,
    pub newest: Option<SuperSigned>,
}

impl App {
    /// The state of the proofs, for administrators and operators.
    pub fn proof(&self, actor: &Actor) -> Result<ProofState, Error> {
        if !actor.has(Role::Operator) && !actor.has(Role::Administrator) {
            return Err(Refusal::forbidden().into());
        }
        let places = self.anchor_places();
        let mut state = self.store.read(|conn| -> Result<_, Error> {
            let epochs = running::epochs(conn, INSTALLATION)?;
            let mut anchors = vec![];
            let trust = trust::outside(conn)?;
            for (kind, place) in places {
                let newest = checkpoints::newest_anchor(conn, kind, &place)?;
                let worth = newest.as_ref().map(|anchor| worth::judged(conn, anchor, &trust)).transpose()?.flatten();
                let last = newest.map(|anchor| (anchor.at, anchor.size));
                anchors.push(AnchorState { kind, place, last, trouble: None, worth });
            }
            let time = running::newest(conn, INSTALLATION, "clock_checked")?.and_then(|event| match event.what {
                Running::ClockChecked { server, offset_ms, ok } => Some((server, offset_ms, ok, event.at)),
                _ => None,
            });
            Ok(ProofState {
                installation: epochs.last().map(|epoch| epoch.installation.clone()),
                keys: running::signers(conn, INSTALLATION)?,
                epochs,
                newest: checkpoints::newest_super(conn)?,
                anchors,
                events: running::events(conn, INSTALLATION, EVENTS)?,
                time,
                forecast: None,
            })
        })?;
        for anchor in &mut state.anchors {
            anchor.trouble = self.trouble(anchor.kind, &anchor.place).map(|t| (t.tries, t.since, t.words));
        }
        state.forecast = self.forecast()?;
        Ok(state)
    }

    /// What anybody may have, signed in or not; nothing before the service has started for the first time.
    pub fn public_proof(&self) -> Result<Option<PublicProof>, Error> {
        self.store.read(|conn| {
            let Some(epoch) = running::newest_epoch(conn, INSTALLATION)? else { return Ok(None) };
            Ok(Some(PublicProof {
                installation: epoch.installation,
                epoch: epoch.epoch,
                keys: running::signers(conn, INSTALLATION)?,
                newest: checkpoints::newest_super(conn)?,
            }))
        })
    }
}
