//! Reminds those who read a ledger that its periodic review is due (item 107).

use rules::act::{Actor, japan};
use rules::review::AlertKind;
use rules::text::worded;
use store::INSTALLATION;
use store::tables::{party, requests};

use crate::execute::Doing;
use crate::read::ledger_reviews::review_due;
use crate::{App, Error};

impl App {
    /// Warns of every review of a ledger whose day has come, once for each day that was missed. Returns how many warnings.
    pub fn remind_of_log_reviews(&self) -> Result<usize, Error> {
        let today = japan(self.clock.now()).date();
        let mut ledgers: Vec<_> = self.store.read(party::organisations)?.into_iter().map(|o| Some(o.id)).collect();
        ledgers.push(None);
        let mut warned = 0;
        for organisation in ledgers {
            let tenant = organisation.map_or_else(|| INSTALLATION.to_owned(), |o| o.to_string());
            let due = self.store.read(|conn| review_due(conn, &tenant))?;
            if due > today {
                continue;
            }
            let subject = format!("{tenant} log review due {due}");
            let kind = AlertKind::LogReviewDue;
            if self.store.read(|conn| requests::was_alerted(conn, kind, &subject, jiff::Timestamp::UNIX_EPOCH))? {
                continue;
            }
            let words = worded(
                format!("台帳の定期レビューの期限（{due}）です。「台帳」の「レビュー」の画面で記録を確認し、結果を残してください。"),
                format!("The review of the ledger is due since {due}. Look at the lines and record the result on Ledger, Reviews."),
            );
            self.store.write(|tx| Doing::new(self, tx, Actor::system())?.alert(kind, organisation, &subject, words))?;
            warned += 1;
        }
        Ok(warned)
    }
}
