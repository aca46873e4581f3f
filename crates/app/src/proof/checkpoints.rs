//! Signs what every ledger is, every minute in which something happened: a checkpoint for each, and one over all of them.

use rules::act::Actor;
use rules::review::AlertKind;
use rules::text::{Text, worded};
use seal::checkpoint::{super_origin, tenant_origin};
use seal::note::{Note, SigningKey};
use seal::proof::verify_consistency;
use seal::{Checkpoint, Frontier};
use store::checkpoints::{self, Signed, SuperSigned};
use store::tables::running;
use store::{Conn, INSTALLATION};

use super::epochs::Lock;
use super::keys::{self, Signers};
use crate::execute::Doing;
use crate::{App, Error};

/// How often another node may come first before this turn gives up; the next turn tries again.
const TURNS: usize = 3;

/// A ledger that grew, and what is known of it.
struct Grown {
    tenant: String,
    edge: Frontier,
    /// By whom its last checkpoint is signed beside the keys of now: then both sign, so that trust passes on.
    also: Option<usize>,
}

/// A ledger that does not continue what was signed.
struct Forked {
    tenant: String,
    words: Text,
}

impl App {
    /// Signs every ledger that grew, and the super-log over them. Returns how many. Where a ledger does not continue
    /// what was signed before, it is not signed and an alert is raised. Runs every minute and when the service stops.
    pub fn checkpoint(&self) -> Result<usize, Error> {
        let _turn = self.proof.turn();
        for _ in 0..TURNS {
            match self.sign_what_grew() {
                Ok(Some(signed)) => return Ok(signed),
                Ok(None) => {}
                Err(error) => {
                    self.tell_unsigned(&error)?;
                    return Err(error);
                }
            }
        }
        Ok(0)
    }

    /// What cannot be signed is anchored nowhere; that the database is busy passes by itself.
    fn tell_unsigned(&self, error: &Error) -> Result<(), Error> {
        let Error::Broken(why) = error else { return Ok(()) };
        let words =
            worded(format!("台帳のチェックポイントに署名できません: {why}"), format!("The ledger's checkpoints cannot be signed: {why}"));
        self.store.write(|tx| Doing::new(self, tx, Actor::system())?.alert(AlertKind::NotAnchored, None, "signing", words))
    }

    /// `None`: another node signed at the same time.
    fn sign_what_grew(&self) -> Result<Option<usize>, Error> {
        let Some(signers) = self.announced()? else { return Ok(Some(0)) };
        // Somebody may have put another database in place while the service runs.
        let lock = Lock::read(&self.config.data)?;
        let seen = self.store.read(checkpoints::newest_super)?.map_or(0, |signed| signed.size);
        if lock.is_some_and(|lock| lock.size > seen) {
            self.tell_super_forked()?;
            return Ok(Some(0));
        }
        let (next, grown, forked) = self.store.read(|conn| look(conn, &signers))?;
        for Forked { tenant, words } in &forked {
            self.tell_forked(&format!("ledger {tenant}"), words.clone())?;
        }
        if grown.is_empty() {
            return Ok(Some(0));
        }
        let at = self.clock.now();
        let mut signed = Vec::with_capacity(grown.len());
        for (n, Grown { tenant, edge, also }) in (next..).zip(grown) {
            let of = Checkpoint {
                origin: tenant_origin(&signers.installation, &tenant),
                size: edge.size(),
                root: edge.root(),
                epoch: signers.epoch,
                at: format!("{at:.6}"),
            };
            let note = sign(&of, &signers.keys, also.and_then(|i| signers.older.get(i)))?;
            signed.push(Signed { n, tenant, edge, epoch: signers.epoch, at, note });
        }
        let size = next + signed.len() as u64;
        let mut broken = false;
        let told = self.store.write(|tx| -> Result<Option<usize>, Error> {
            // The claim: whoever appends first has this place, the other looks again.
            if checkpoints::count(tx)? != next {
                return Ok(None);
            }
            signed.iter().try_for_each(|signed| tx.keep_checkpoint(signed))?;
            let last = checkpoints::newest_super(tx)?;
            let root = checkpoints::super_root(tx, size)?;
            let continues = match &last {
                None => true,
                Some(last) => {
                    let path = checkpoints::super_consistency(tx, last.size, size)?;
                    verify_consistency(last.size, &last.root, size, &root, &path)
                        && is_as_signed(&last.note, last.size, &last.root, &signers)
                }
            };
            if !continues {
                broken = true;
                return Err(Error::Broken("the super-log does not continue what was signed".into()));
            }
            let of = Checkpoint { origin: super_origin(&signers.installation), size, root, epoch: signers.epoch, at: format!("{at:.6}") };
            let also = last.and_then(|last| earlier(&last.note, &signers)).and_then(|i| signers.older.get(i));
            let note = sign(&of, &signers.keys, also)?;
            tx.keep_super(&SuperSigned { size, root, epoch: signers.epoch, at, note })?;
            Ok(Some(signed.len()))
        });
        if broken {
            self.tell_super_forked()?;
            return Ok(Some(0));
        }
        if told.as_ref().is_ok_and(Option::is_some) {
            self.keep_lock()?;
        }
        told
    }

    fn tell_super_forked(&self) -> Result<(), Error> {
        let words = worded(
            "署名済みチェックポイントの一覧（super-log）が、前回署名したものの続きになっていません。署名を止めました。データベースを保全し、akashi verify で確認してください。",
            "The list of signed checkpoints (super-log) does not continue what was signed before. It is no longer signed. Keep the database as it is, and run akashi verify.",
        );
        self.tell_forked("super-log", words)
    }

    /// Who signs; ledgers that are signed for the first time in this epoch announce it before.
    fn announced(&self) -> Result<Option<Signers>, Error> {
        let (signers, epoch, silent) = self.store.read(|conn| -> Result<_, Error> {
            let Some(epoch) = running::newest_epoch(conn, INSTALLATION)? else { return Ok((None, None, vec![])) };
            let signers = self.signers(conn)?;
            let mut silent = vec![];
            for (tenant, _) in checkpoints::heads(conn)? {
                if running::newest_epoch(conn, &tenant)?.is_none_or(|stands| stands.epoch < epoch.epoch) {
                    silent.push(tenant);
                }
            }
            Ok((signers, Some(epoch), silent))
        })?;
        if let (Some(signers), Some(epoch)) = (&signers, &epoch)
            && !silent.is_empty()
        {
            self.announce_epoch(&silent, epoch, &keys::public(&signers.keys))?;
        }
        Ok(signers)
    }

    /// Histories disagree: an alert, at most once an hour.
    pub(super) fn tell_forked(&self, subject: &str, words: Text) -> Result<(), Error> {
        tracing::error!(subject, words = %words.en, "a ledger does not continue what was signed");
        self.store.write(|tx| Doing::new(self, tx, Actor::system())?.alert(AlertKind::Forked, None, subject, words))
    }
}

/// Which ledgers grew since they were signed, and which do not continue it.
fn look(conn: &mut Conn, signers: &Signers) -> Result<(u64, Vec<Grown>, Vec<Forked>), Error> {
    let next = checkpoints::count(conn)?;
    let (mut grown, mut forked) = (vec![], vec![]);
    for (tenant, head) in checkpoints::heads(conn)? {
        let last = checkpoints::newest(conn, &tenant)?;
        let size = head.size();
        let signed = last.as_ref().map_or(0, |last| last.edge.size());
        let wrong = match &last {
            Some(last) if !is_as_signed(&last.note, signed, &last.edge.root(), signers) => Some(worded(
                format!("前回のチェックポイント（大きさ{signed}）の署名が正しくありません。"),
                format!("the signature of its last checkpoint (size {signed}) is wrong."),
            )),
            _ if size < signed => Some(worded(
                format!("{signed}行まで署名しましたが、{size}行しかありません。"),
                format!("{signed} lines were signed, and only {size} are here."),
            )),
            _ => None,
        };
        let wrong = match wrong {
            Some(wrong) => Some(wrong),
            None => {
                // Grown from the signed edge by the lines themselves: what comes out continues it, or it is not the head.
                let mut edge = last.as_ref().map(|last| last.edge.clone()).unwrap_or_default();
                checkpoints::grow(conn, &tenant, &mut edge, size)?;
                (edge != head).then(|| {
                    worded(
                        format!("署名した{signed}行に続く行をたどると、{size}行の台帳になりません。"),
                        format!("the lines after the {signed} that were signed do not lead to its {size} lines."),
                    )
                })
            }
        };
        if let Some(wrong) = wrong {
            let words = worded(
                format!(
                    "台帳 {tenant} が、署名した内容の続きになっていません: {} 署名を止めました。データベースを保全し、akashi verify で確認してください。",
                    wrong.ja
                ),
                format!(
                    "The ledger {tenant} does not continue what was signed: {} It is no longer signed. Keep the database as it is, and run akashi verify.",
                    wrong.en
                ),
            );
            forked.push(Forked { tenant, words });
        } else if size > signed || last.as_ref().is_some_and(|last| last.epoch != signers.epoch) {
            let also = last.and_then(|last| earlier(&last.note, signers));
            grown.push(Grown { tenant, edge: head, also });
        }
    }
    Ok((next, grown, forked))
}

/// The keys of an earlier generation that signed a note, where those of now did not.
fn earlier(note: &str, signers: &Signers) -> Option<usize> {
    let note = Note::parse(note).ok()?;
    let by = |keys: &[SigningKey]| note.is_signed_by_all(&keys.iter().map(SigningKey::verifier).collect::<Vec<_>>());
    if by(&signers.keys) {
        return None;
    }
    signers.older.iter().position(|keys| by(keys))
}

/// Whether a kept note says this size and root, and is signed by keys of this installation. Keys that are no longer here,
/// after a new machine was set up from a backup, cannot be checked; then the note counts as it stands.
fn is_as_signed(note: &str, size: u64, root: &seal::Hash, signers: &Signers) -> bool {
    let Ok(note) = Note::parse(note) else { return false };
    let known: Vec<_> = signers.older.iter().flatten().chain(&signers.keys).map(SigningKey::verifier).collect();
    let right = match note.verify(&known) {
        Ok(_) | Err(seal::note::Unverified::NobodyKnown) => true,
        Err(seal::note::Unverified::Wrong(_)) => false,
    };
    right && Checkpoint::parse(&note.text).is_ok_and(|of| of.size == size && of.root == *root)
}

fn sign(of: &Checkpoint, keys: &[SigningKey], also: Option<&Vec<SigningKey>>) -> Result<String, Error> {
    let broken = |e| Error::Broken(format!("a checkpoint cannot be signed: {e}"));
    let mut note = Note::sign(of.text(), keys).map_err(broken)?;
    for key in also.into_iter().flatten() {
        note.add(key.sign(&note.text));
    }
    Ok(note.to_string())
}
