//! The periodic review of a ledger (item 107): those who read it are reminded, and what was found becomes evidence of a case.

use rules::act::{Actor, japan};
use rules::command::{Command, Kind};
use rules::evidence::{ClaimContent, Label};
use rules::id::{self, Digest, Id, ItemNo};
use rules::policy::{self, Place, Side};
use rules::refusal::Refusal;
use rules::review::AlertKind;
use rules::sheet::SheetId;
use rules::text::{text, worded};
use seal::merkle::sha256;
use store::INSTALLATION;
use store::tables::{party, requests};

use crate::execute::Doing;
use crate::read::ledger::WhoseLedger;
use crate::read::ledger_reviews::review_due;
use crate::{App, Error};

/// The sheet of which the next line names items.
const SHEET: &str = "medical-cloud-253@";
/// What a review of a ledger is evidence for: logs are looked at (107), kept whole (108) and can be searched (111).
const SHOWN: [ItemNo; 3] = [ItemNo(107), ItemNo(108), ItemNo(111)];

/// Whether reviews of a ledger are evidence for items of a sheet.
pub fn shows_items_of(sheet: &SheetId) -> bool {
    sheet.0.starts_with(SHEET)
}

impl App {
    /// Puts a review into the vault as a document, and claims it for the items of a case that it shows. The same review
    /// is put there once, and claimed once for each item. Returns how many claims are new.
    ///
    /// # Errors
    /// Where the actor may not read the ledger or not answer the case, the case is not open, or is of another sheet.
    pub fn attach_review(&self, actor: &Actor, whose: WhoseLedger, review: Id<id::LogReview>, case: Id<id::Case>) -> Result<usize, Error> {
        let read = self.log_review(actor, whose, review)?;
        let of = self.case(actor, case, Some(Side::Applicant))?;
        policy::may(Kind::MakeClaims, actor, Place::Case(&of.facts))?;
        if !shows_items_of(&of.sheet.id) {
            let words =
                text("この案件のチェックシートには、対応する項目がありません。", "The sheet of this case has no items that it shows.");
            return Err(Refusal::invalid("case", words).into());
        }
        if !of.facts.case.state.is_open_to_applicant() {
            let words = text(
                "評価中の案件には添付できません。改善依頼の後に添付してください。",
                "The case is being evaluated. Attach it after its return.",
            );
            return Err(Refusal::state(words).at("case").into());
        }
        let content = serde_json::to_string_pretty(&read).map_err(|e| Error::Broken(format!("a review cannot be written: {e}")))?;
        let digest = Digest(sha256(&[content.as_bytes()]));
        let evidence = match self.library(actor)?.into_iter().find(|file| file.digest == digest) {
            Some(kept) => kept.id,
            None => {
                // Text: of the kinds of files that the vault takes, the one that JSON is.
                let name = format!("台帳レビュー_{}_{}.txt", japan(read.review.at).date(), read.review.id);
                let added = self.add_evidence(actor, &name, content.as_bytes(), Label::Confidential, None, None)?;
                let made = added.made.and_then(|made| made.parse().ok());
                made.ok_or_else(|| Error::Broken("the review has no id among the evidence".into()))?
            }
        };
        let claimed = |no: &ItemNo| of.items.iter().any(|f| f.no == *no && f.claims.iter().any(|c| c.evidence == Some(evidence)));
        let items: Vec<ItemNo> = SHOWN.into_iter().filter(|no| of.items.iter().any(|f| f.no == *no) && !claimed(no)).collect();
        if items.is_empty() {
            return Ok(0);
        }
        let (from, until) = (japan(read.review.from).date(), japan(read.review.until).date());
        let place = format!("対象期間 {from} – {until}");
        let (count, content) = (items.len(), ClaimContent { evidence: Some(evidence), place, ..ClaimContent::default() });
        self.execute(actor, Command::MakeClaims { case, items, content })?;
        Ok(count)
    }

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
