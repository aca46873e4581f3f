//! Everything that stands about the items of a case: one loader for a single item and for all of them.

use std::collections::BTreeMap;

use rules::answer::{Answer, Review, Work};
use rules::change::Change;
use rules::evidence::{Claim, Confirmation};
use rules::id::{self, Id, ItemNo, Pos};
use rules::item::ItemFacts;
use rules::policy::{CaseView, Side};
use rules::verdict::{Approval, ImprovementAnswer, Message, Verdict};

use super::{Meta, json, not_here, read_word, word};
use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::value::{Value, values};

statements! {
    SET_WORK = "insert into work (evaluation, item, owner, due, status) values ($1, $2, $3, $4, $5)
        on conflict (evaluation, item) do update set owner = excluded.owner, due = excluded.due, status = excluded.status";
    ANSWER = "insert into answer (evaluation, item, pos, content, origin, person, at) values ($1, $2, $3, $4, $5, $6, $7)";
    REVIEW = "insert into answer_review (evaluation, item, pos, answer, ok, comment, person, at) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    IMPROVE = "insert into improvement_answer (evaluation, item, pos, round, body, person, at) values ($1, $2, $3, $4, $5, $6, $7)";
    VERDICT = "insert into verdict (evaluation, item, pos, round, content, person, at) values ($1, $2, $3, $4, $5, $6, $7)";
    APPROVE = "insert into verdict_approval (evaluation, item, pos, verdict, agrees, comment, person, at) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    SAY = "insert into message (evaluation, item, pos, side, body, person, at) values ($1, $2, $3, $4, $5, $6, $7)";
    // Ranges of items serve one item and all of them with the same index; the newest row of each item wins.
    WORKS = "select item, owner, due, status from work where evaluation = $1 and item between $2 and $3";
    ANSWERS = "select a.item, a.pos, a.content, a.origin, a.person, a.at from answer a
        join (select item, max(pos) as pos from answer where evaluation = $1 and item between $2 and $3 and pos <= $4 group by item) n
        on n.item = a.item and n.pos = a.pos where a.evaluation = $1";
    CLAIMS = "select c.item, c.id, c.point, c.evidence, c.document, c.page, c.place, c.person, c.at, c.pos, w.pos
        from claim c left join claim_withdrawal w on w.claim = c.id
        where c.evaluation = $1 and c.item between $2 and $3 and c.pos <= $4 order by c.item, c.pos";
    CONFIRMATIONS = "select item, claim, round, finding, comment, person, at, pos from claim_confirmation
        where evaluation = $1 and item between $2 and $3 and pos <= $4 order by item, pos";
    REVIEWS = "select r.item, r.answer, r.ok, r.comment, r.person, r.at from answer_review r
        join (select item, max(pos) as pos from answer_review where evaluation = $1 and item between $2 and $3 and pos <= $4 group by item) n
        on n.item = r.item and n.pos = r.pos where r.evaluation = $1";
    VERDICTS = "select v.item, v.pos, v.round, v.content, v.person, v.at from verdict v
        join (select item, max(pos) as pos from verdict where evaluation = $1 and item between $2 and $3 and pos <= $4 group by item) n
        on n.item = v.item and n.pos = v.pos where v.evaluation = $1";
    APPROVALS = "select a.item, a.verdict, a.agrees, a.comment, a.person, a.at from verdict_approval a
        join (select item, max(pos) as pos from verdict_approval where evaluation = $1 and item between $2 and $3 and pos <= $4 group by item) n
        on n.item = a.item and n.pos = a.pos where a.evaluation = $1";
    IMPROVEMENTS = "select i.item, i.round, i.body, i.person, i.at, i.pos from improvement_answer i
        join (select item, max(pos) as pos from improvement_answer where evaluation = $1 and item between $2 and $3 and pos <= $4 group by item) n
        on n.item = i.item and n.pos = i.pos where i.evaluation = $1";
    MESSAGE_COUNTS = "select item, count(*) from message where evaluation = $1 and item between $2 and $3 group by item";
    ANSWER_HISTORY = "select item, pos, content, origin, person, at from answer where evaluation = $1 and item = $2 and pos <= $3 order by pos desc limit 200";
    VERDICT_HISTORY = "select item, pos, round, content, person, at from verdict where evaluation = $1 and item = $2 and pos <= $3 order by pos desc limit 200";
    MESSAGES = "select item, side, person, at, body, pos from message where evaluation = $1 and item = $2 order by pos limit 500";
    OWNED = "select w.evaluation, w.item, w.due, w.status from work w join evaluation e on e.id = w.evaluation
        where w.owner = $1 and e.provider = $2 and e.state in ('draft', 'returned') and w.status <> 'ready'
        order by coalesce(w.due, '9999-12-31'), w.evaluation, w.item limit $3";
}

pub(super) fn apply(conn: &mut Conn, change: &Change, meta: &Meta) -> Result<(), Error> {
    match change {
        Change::WorkSet { case, item, work } => {
            conn.run(SET_WORK, &values![*case, *item, work.owner, work.due, word(&work.status)]).map(drop)
        }
        Change::AnswerGiven { case, item, by, content, origin } => {
            conn.run(ANSWER, &values![*case, *item, meta.pos, json(content), json(origin), *by, meta.at])?;
            crate::search::put_answer(conn, *case, *item, content)
        }
        Change::AnswerReviewed { case, item, answer, ok, comment, by } => {
            conn.run(REVIEW, &values![*case, *item, meta.pos, *answer, *ok, comment, *by, meta.at]).map(drop)
        }
        Change::ImprovementAnswered { case, item, round, text, by } => {
            conn.run(IMPROVE, &values![*case, *item, meta.pos, *round, text, *by, meta.at]).map(drop)
        }
        Change::VerdictGiven { case, item, round, by, content } => {
            conn.run(VERDICT, &values![*case, *item, meta.pos, *round, json(content), *by, meta.at]).map(drop)
        }
        Change::VerdictApproved { case, item, verdict, agrees, comment, by } => {
            conn.run(APPROVE, &values![*case, *item, meta.pos, *verdict, *agrees, comment, *by, meta.at]).map(drop)
        }
        Change::MessageSent { case, item, side, text, by } => {
            conn.run(SAY, &values![*case, *item, meta.pos, word(side), text, *by, meta.at]).map(drop)
        }
        other => not_here(other),
    }
}

fn answer_row(row: &Row<'_>) -> Result<(ItemNo, Answer), Error> {
    let answer = Answer {
        pos: row.get(1)?,
        content: row.json(2, "an answer")?,
        origin: row.json(3, "an origin")?,
        by: row.get(4)?,
        at: row.get(5)?,
    };
    Ok((row.get(0)?, answer))
}

fn verdict_row(row: &Row<'_>) -> Result<(ItemNo, Verdict), Error> {
    let verdict = Verdict { pos: row.get(1)?, round: row.get(2)?, content: row.json(3, "a verdict")?, by: row.get(4)?, at: row.get(5)? };
    Ok((row.get(0)?, verdict))
}

/// What stands about the touched items of a case, by number, as far as the view reaches.
/// `only` narrows it to one item.
pub fn facts(conn: &mut Conn, view: &CaseView, only: Option<ItemNo>) -> Result<Vec<ItemFacts>, Error> {
    let mut items: BTreeMap<ItemNo, ItemFacts> = BTreeMap::new();
    let (first, last) = only.map_or((0, u16::MAX), |no| (no.0, no.0));
    let all: [Value; 3] = values![view.case(), first, last];
    let up_to = |pos: Pos| -> [Value; 4] { values![view.case(), first, last, pos] };
    let content = up_to(view.content());
    let verdicts = up_to(view.verdicts());
    let mut of = |no: ItemNo, set: &mut dyn FnMut(&mut ItemFacts)| set(items.entry(no).or_insert_with(|| ItemFacts::untouched(no)));

    conn.each(ANSWERS, &content, |row| {
        let (no, answer) = answer_row(row)?;
        of(no, &mut |i| {
            i.changed = i.changed.max(answer.pos);
            i.answer = Some(answer.clone());
        });
        Ok(())
    })?;
    conn.each(CLAIMS, &content, |row| {
        let no = row.get(0)?;
        let withdrawn: Option<Pos> = row.get(10)?;
        let claim = Claim {
            id: row.get(1)?,
            point: row.get(2)?,
            evidence: row.get(3)?,
            document: row.get(4)?,
            page: row.get(5)?,
            place: row.get(6)?,
            by: row.get(7)?,
            at: row.get(8)?,
            pos: row.get(9)?,
            hidden: false,
        };
        let gone = withdrawn.filter(|pos| *pos <= view.content());
        of(no, &mut |i| {
            i.changed = i.changed.max(claim.pos).max(gone.unwrap_or(Pos::NEVER));
            if gone.is_none() {
                i.claims.push(claim.clone());
            }
        });
        Ok(())
    })?;
    conn.each(IMPROVEMENTS, &content, |row| {
        let answer = ImprovementAnswer { round: row.get(1)?, text: row.get(2)?, by: row.get(3)?, at: row.get(4)?, pos: row.get(5)? };
        of(row.get(0)?, &mut |i| i.improvement_answer = Some(answer.clone()));
        Ok(())
    })?;
    // Owner, due date and the internal review are the applicant's own.
    if view.side() == Side::Applicant {
        conn.each(WORKS, &all, |row| {
            let work = Work { owner: row.get(1)?, due: row.get(2)?, status: read_word(row, 3, "a status")? };
            of(row.get(0)?, &mut |i| i.work = work.clone());
            Ok(())
        })?;
        conn.each(REVIEWS, &content, |row| {
            let review = Review { answer: row.get(1)?, ok: row.get(2)?, comment: row.get(3)?, by: row.get(4)?, at: row.get(5)? };
            of(row.get(0)?, &mut |i| i.review = Some(review.clone()));
            Ok(())
        })?;
    }
    conn.each(VERDICTS, &verdicts, |row| {
        let (no, verdict) = verdict_row(row)?;
        of(no, &mut |i| i.verdict = Some(verdict.clone()));
        Ok(())
    })?;
    conn.each(CONFIRMATIONS, &verdicts, |row| {
        let found = Confirmation {
            claim: row.get(1)?,
            round: row.get(2)?,
            finding: read_word(row, 3, "a finding")?,
            comment: row.get(4)?,
            by: row.get(5)?,
            at: row.get(6)?,
            pos: row.get(7)?,
        };
        of(row.get(0)?, &mut |i| {
            i.confirmations.retain(|c| c.claim != found.claim);
            i.confirmations.push(found.clone());
        });
        Ok(())
    })?;
    // Approvals and questions are no institution's business.
    if view.side() == Side::Body {
        conn.each(APPROVALS, &verdicts, |row| {
            let approval = Approval { verdict: row.get(1)?, agrees: row.get(2)?, comment: row.get(3)?, by: row.get(4)?, at: row.get(5)? };
            of(row.get(0)?, &mut |i| i.approval = Some(approval.clone()));
            Ok(())
        })?;
    }
    if view.side() != Side::Institution {
        conn.each(MESSAGE_COUNTS, &all, |row| {
            let n: u32 = row.get(1)?;
            of(row.get(0)?, &mut |i| i.messages = n);
            Ok(())
        })?;
    }
    Ok(items.into_values().collect())
}

/// Versions of an answer in view, the newest first, 200 at most.
pub fn answer_history(conn: &mut Conn, view: &CaseView, item: ItemNo) -> Result<Vec<Answer>, Error> {
    conn.rows(ANSWER_HISTORY, &values![view.case(), item, view.content()], |row| Ok(answer_row(row)?.1))
}

/// Versions of a verdict in view, the newest first, 200 at most.
pub fn verdict_history(conn: &mut Conn, view: &CaseView, item: ItemNo) -> Result<Vec<Verdict>, Error> {
    conn.rows(VERDICT_HISTORY, &values![view.case(), item, view.verdicts()], |row| Ok(verdict_row(row)?.1))
}

/// The question thread of an item, the oldest first. An institution sees none.
pub fn messages(conn: &mut Conn, view: &CaseView, item: ItemNo) -> Result<Vec<Message>, Error> {
    if view.side() == Side::Institution {
        return Ok(vec![]);
    }
    conn.rows(MESSAGES, &values![view.case(), item], |row| {
        Ok(Message {
            item: row.get(0)?,
            side: read_word(row, 1, "a side")?,
            by: row.get(2)?,
            at: row.get(3)?,
            text: row.get(4)?,
            pos: row.get(5)?,
        })
    })
}

/// An item that somebody still has to make ready.
#[derive(Debug, Clone)]
pub struct Owned {
    pub case: Id<id::Case>,
    pub item: ItemNo,
    pub due: Option<jiff::civil::Date>,
    pub status: rules::answer::Status,
}

/// What a person of a provider still has to do, by due date.
pub fn owned(conn: &mut Conn, person: Id<id::Person>, provider: Id<id::Organisation>, limit: u32) -> Result<Vec<Owned>, Error> {
    conn.rows(OWNED, &values![person, provider, limit], |row| {
        Ok(Owned { case: row.get(0)?, item: row.get(1)?, due: row.get(2)?, status: read_word(row, 3, "a status")? })
    })
}
