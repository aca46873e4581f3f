//! The anchor by mail: the super checkpoint in the mail box of somebody outside, through the outbox.

use rules::act::Actor;
use rules::change::Change;
use rules::review::Mail;
use store::checkpoints::SuperSigned;

use super::{Held, Refused};
use crate::alerts::BODY;
use crate::execute::Doing;
use crate::{App, Error};

impl App {
    /// Puts the super checkpoint into the outbox. Whether it went out, the outbox knows.
    pub(super) fn mail_anchor(&self, address: &str, newest: &SuperSigned) -> Result<Held, Refused> {
        let id = self.store.write(|tx| -> Result<String, Error> {
            let mut doing = Doing::new(self, tx, Actor::system())?;
            let mail = Mail {
                id: doing.act.fresh(),
                to: address.to_owned(),
                subject: format!("[Akashi] 台帳のチェックポイント / Ledger checkpoint {}", newest.size),
                at: doing.act.at,
            };
            let id = mail.id.to_string();
            self.put_secret(doing.tx, &id, BODY, &body(&self.config.address, newest))?;
            doing.write(&Change::MailQueued(mail))?;
            Ok(id)
        })?;
        Ok(Held { proof: id, until: None })
    }
}

fn body(address: &str, newest: &SuperSigned) -> String {
    format!(
        "このメールを保管してください。台帳が後から書き換えられていないことを、akashi verify で確かめるために使います。\n\
         Keep this mail. With it, akashi verify shows whether the ledger was rewritten later.\n\n\
         -----BEGIN CHECKPOINT-----\n{}-----END CHECKPOINT-----\n\n-- \nAkashi {address}\n",
        newest.note
    )
}
