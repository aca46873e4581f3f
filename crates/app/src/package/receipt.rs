//! Receipts: the receiver's signed word on what became of a package, and its way back to the sender.

use rules::act::Actor;
use rules::exchange::Refused;
use rules::id::{self, Digest, Id, Pos};
use rules::party::Role;
use rules::refusal::Refusal;
use rules::text::{Text, text, worded};
use seal::package::Receipt;
use store::tables::exchange as rows;

use crate::execute::Doing;
use crate::{App, Done, Error, trust};

/// The longest receipt that is read, in bytes.
const LONGEST: usize = 64 * 1024;

/// The reason that a receipt names, as people read it; nothing where it names none that is known.
pub fn reason(word: &str) -> Option<Text> {
    serde_json::from_value::<Refused>(serde_json::Value::String(word.to_owned())).ok().map(Refused::name)
}

fn word(why: Refused) -> String {
    match serde_json::to_value(why) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("a unit variant is a word, not {other:?}"),
    }
}

impl App {
    /// The receipt of a package that was received, and what its file is called.
    pub fn package_receipt(&self, actor: &Actor, package: Id<id::Package>) -> Result<(String, String), Error> {
        let organisation = self.keeps_packages(actor)?;
        let found = self.store.read(|conn| rows::package(conn, package))?;
        let found = found.filter(|m| !m.sent && m.package.organisation == organisation).ok_or(Refusal::not_found())?.package;
        self.receipt(&found.number, found.manifest, true, String::new(), found.at)
    }

    /// The receipt that says why a package was refused.
    pub fn refusal_receipt(&self, actor: &Actor, pos: Pos) -> Result<(String, String), Error> {
        let organisation = self.keeps_packages(actor)?;
        let found = self.store.read(|conn| rows::refusal(conn, organisation, pos))?.ok_or(Refusal::not_found())?;
        let (Some(number), Some(manifest), true) = (&found.number, found.manifest, found.why.is_answered()) else {
            return Err(Refusal::state(text("この拒否には受領書がありません。", "There is no receipt of this refusal.")).into());
        };
        self.receipt(number, manifest, false, word(found.why), found.at)
    }

    fn receipt(
        &self,
        number: &str,
        manifest: Digest,
        accepted: bool,
        reason: String,
        at: jiff::Timestamp,
    ) -> Result<(String, String), Error> {
        let receipt = Receipt { package: number.to_owned(), manifest: manifest.0, accepted, reason, at: format!("{at:.6}") };
        let note = receipt.make(&self.signing_keys()?).map_err(|e| Error::Broken(format!("the receipt cannot be made: {e}")))?;
        Ok((format!("{number}.akashi-receipt"), note.to_string()))
    }

    /// Files the receipt of a package that was sent; what it says is shown from then on.
    pub fn file_receipt(&self, actor: &Actor, written: &str) -> Result<Done, Error> {
        let organisation = self.keeps_packages(actor)?;
        let refused = |words: Text| Error::Refused(Refusal::invalid("receipt", words));
        if written.len() > LONGEST {
            return Err(refused(text("受領書としては長すぎます。", "This is too long for a receipt.")));
        }
        // A form sends lines in its own way; a note has one.
        let written = written.replace("\r\n", "\n");
        let written = format!("{}\n", written.trim());
        let number = written.lines().nth(1).unwrap_or_default();
        let (sent, keys) = self.store.read(|conn| -> Result<_, Error> {
            let sent = rows::sent(conn, organisation, number)?;
            let keys: Vec<_> = match &sent {
                Some(sent) => trust::active(conn, organisation)?
                    .into_iter()
                    .filter(|(_, card)| card.installation == sent.package.other)
                    .flat_map(|(_, card)| card.keys)
                    .collect(),
                None => vec![],
            };
            Ok((sent, keys))
        })?;
        let sent = sent.ok_or_else(|| {
            refused(text(
                "この受領書に当たる送付がありません。送った組織の画面で登録してください。",
                "No package that was sent fits this receipt. File it in the organisation that sent.",
            ))
        })?;
        let (receipt, _) = Receipt::parse(&written, &keys).map_err(|fault| refused(worded(fault.ja(), fault.to_string())))?;
        if receipt.manifest != sent.package.manifest.0 || receipt.package != sent.package.number {
            return Err(refused(text(
                "この受領書は、送ったものと内容の異なるパッケージのものです。受け手に確認してください。",
                "This receipt is of a package of other content than was sent. Ask the receiver.",
            )));
        }
        self.store.write(|tx| {
            let mut doing = Doing::new(self, tx, actor.clone())?;
            doing.receipt_filed(sent.package.id, receipt.accepted, receipt.reason)?;
            Ok(doing.done)
        })
    }

    fn keeps_packages(&self, actor: &Actor) -> Result<Id<id::Organisation>, Error> {
        let may = actor.has(Role::Officer) || actor.has(Role::Secretariat);
        Ok(actor.organisation.filter(|_| may).ok_or(Refusal::forbidden())?)
    }
}
