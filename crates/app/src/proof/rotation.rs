//! Other keys sign from here on: announced in every ledger, and signed by the old keys once more.

use rules::account::reason as checked;
use rules::change::Change;
use rules::review::AlertKind;
use rules::running::Running;
use rules::text::worded;
use rules::vault::{KeyEvent, Vaulting};
use store::tables::running;
use store::{INSTALLATION, checkpoints};

use super::{keys, writing_for};
use crate::Error;
use crate::execute::Doing;

impl Doing<'_, '_> {
    /// Makes a new generation of signing keys and announces it in every ledger that is signed. The next checkpoints are
    /// signed by the old keys and the new ones, so that whoever trusts the old ones can trust the new.
    ///
    /// # Errors
    /// A refusal when the reason says nothing.
    pub(crate) fn rotate_signing(&mut self, why: &str) -> Result<(), Error> {
        let reason = checked("reason", why)?;
        let Some(epoch) = running::newest_epoch(self.tx, INSTALLATION)? else {
            return Err(Error::Broken("this installation has no signing keys yet: start the service once".into()));
        };
        let generation = keys::load_signing(self.app)?.first().map_or(0, |seeds| seeds.generation) + 1;
        let seeds = keys::Seeds::fresh(generation)?;
        // Before the commit: keys that are announced must not be lost. Keys that nobody announces do no harm.
        keys::store_signing(self.app, &seeds)?;
        let announced = seeds.public(&epoch.installation)?;
        for (tenant, _) in checkpoints::heads(self.tx)? {
            if running::newest_epoch(self.tx, &tenant)?.is_none() {
                continue;
            }
            let Some(system) = writing_for(&tenant) else { continue };
            // The person who asked stands in the lines of their own organisation and of the installation's key.
            let change = Change::Running(Running::SigningKeyChanged { keys: announced.clone(), reason: reason.clone() });
            Doing::new(self.app, self.tx, system)?.write(&change)?;
        }
        let name = seeds.name(&epoch.installation);
        self.write(&Change::Vault(Vaulting::KeyChanged {
            organisation: None,
            key: name.clone(),
            event: KeyEvent::Rotated,
            reason: reason.clone(),
        }))?;
        let words = worded(
            format!("署名鍵を更新しました（{name}）。理由: {reason}。外部の立会人と評価先に、新しい公開鍵を渡してください。"),
            format!("The signing key was rotated ({name}). Reason: {reason}. Hand the new public keys to witnesses and verifiers."),
        );
        self.alert(AlertKind::KeyEvent, None, &format!("signing {generation}"), words)
    }
}
