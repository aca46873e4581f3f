//! Reviews of a ledger: the list, one as a file for a bundle of evidence, and when the next is due (item 107).

use jiff::civil::Date;
use rules::act::{Actor, japan};
use rules::id::{self, Id};
use rules::log::LogReview;
use rules::refusal::Refusal;
use rules::review;
use serde::Serialize;
use store::tables::{log, party};
use store::{Conn, INSTALLATION};

use super::ledger::WhoseLedger;
use crate::{App, Error};

/// Months from one review of a ledger to the next.
pub const REVIEW_MONTHS: u16 = 1;

/// A review with the name of who did it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReviewRead {
    pub by_name: String,
    #[serde(flatten)]
    pub review: LogReview,
}

/// The reviews of a ledger, the newest first.
#[derive(Debug, Clone)]
pub struct ReviewsRead {
    pub whose: WhoseLedger,
    pub reviews: Vec<ReviewRead>,
    pub due: Date,
    pub overdue: bool,
}

impl App {
    pub fn log_reviews(&self, actor: &Actor, whose: WhoseLedger) -> Result<ReviewsRead, Error> {
        let tenant = whose.tenant(actor)?;
        let today = japan(self.clock.now()).date();
        self.store.read(|conn| {
            let mut reviews = vec![];
            for review in log::reviews(conn, &tenant)? {
                let by_name = party::person(conn, review.by)?.map(|p| p.name).unwrap_or_default();
                reviews.push(ReviewRead { by_name, review });
            }
            let due = review_due(conn, &tenant)?;
            Ok(ReviewsRead { whose, reviews, due, overdue: due <= today })
        })
    }

    pub fn log_review(&self, actor: &Actor, whose: WhoseLedger, id: Id<id::LogReview>) -> Result<ReviewRead, Error> {
        let found = self.log_reviews(actor, whose)?.reviews.into_iter().find(|r| r.review.id == id);
        found.ok_or(Refusal::not_found().into())
    }
}

/// When the next review of a ledger is due: a ledger that never had one is due a cycle after it began.
pub(crate) fn review_due(conn: &mut Conn, tenant: &str) -> Result<Date, Error> {
    if let Some(last) = log::reviews(conn, tenant)?.first() {
        return Ok(last.next);
    }
    let began = if tenant == INSTALLATION {
        party::organisations(conn)?.iter().map(|o| o.id.made()).min()
    } else {
        tenant.parse::<Id<id::Organisation>>().ok().map(Id::made)
    };
    Ok(began.map_or(Date::MAX, |at| review::next(japan(at).date(), REVIEW_MONTHS)))
}
