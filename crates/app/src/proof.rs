//! Proof to outsiders: signed checkpoints of every ledger, epochs, and anchors in places that this installation cannot rewrite.

pub mod anchors;
mod capacity;
mod checkpoints;
mod clock;
mod epochs;
pub mod files;
pub mod keys;
mod rotation;
mod running;
mod state;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rules::act::Actor;
use store::INSTALLATION;

pub use anchors::{Anchors, Authority, Witness, Worth};
pub use capacity::Forecast;
pub use state::{AnchorState, ProofState, PublicProof};

/// What this process remembers of its proofs between two turns of a job.
#[derive(Default)]
pub(crate) struct Proof {
    /// Tries at each anchor that failed since its last success.
    troubles: Mutex<BTreeMap<String, anchors::Trouble>>,
    clock: Mutex<clock::Watch>,
    /// One turn at a time, whoever asks for it: a job, a rotation, the shutdown.
    turn: Mutex<()>,
}

impl Proof {
    fn turn(&self) -> MutexGuard<'_, ()> {
        lock(&self.turn)
    }
}

/// Nothing behind these locks can be half-changed: a poisoned one is taken as it is.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The installation, writing into the ledger of a tenant; nothing where the name is no tenant's.
fn writing_for(tenant: &str) -> Option<Actor> {
    if tenant == INSTALLATION {
        return Some(Actor::system());
    }
    tenant.parse().ok().map(|organisation| Actor { organisation: Some(organisation), ..Actor::system() })
}
