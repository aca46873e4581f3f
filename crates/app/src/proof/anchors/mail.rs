//! The anchor by mail: the super checkpoint in the mail box of somebody outside, through the outbox.

use rules::act::Actor;
use rules::change::Change;
use rules::review::{AlertKind, Mail};
use rules::text::worded;
use store::checkpoints::{self, SuperSigned};

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

impl Doing<'_, '_> {
    /// A mail that will not be tried again: whether it was to take a checkpoint out, which is then told as every anchor
    /// that fails is.
    pub(crate) fn anchor_mail_failed(&mut self, mail: &Mail) -> Result<bool, Error> {
        let anchor = checkpoints::newest_anchor(self.tx, "mail", &mail.to)?;
        if anchor.is_none_or(|anchor| anchor.proof != mail.id.to_string()) {
            return Ok(false);
        }
        let words = worded(
            format!(
                "台帳のチェックポイントを {} へメールで送れませんでした。宛先とメールサーバーを確認してください。次は明日送ります。",
                mail.to
            ),
            format!(
                "The ledger's checkpoint could not be mailed to {}. Look at the address and the mail server; the next one goes tomorrow.",
                mail.to
            ),
        );
        self.alert(AlertKind::NotAnchored, None, &super::key("mail", &mail.to), words)?;
        Ok(true)
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
