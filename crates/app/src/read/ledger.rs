//! Looking at a ledger: a page of lines that fit, one line with its proof, counts by subject; each look is a line itself.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rules::act::Actor;
use rules::change::Change;
use rules::id::{self, Digest, Id};
use rules::log::{LogQuery, Looking, SavedView};
use rules::party::{Person, Role};
use rules::refusal::Refusal;
use seal::Line;
use serde::Serialize;
use serde_json::Value;
use store::ledger::{self, SubjectCount};
use store::tables::{evaluation, evidence, log, party};
use store::{Conn, INSTALLATION, checkpoints};

use super::ledger_sight::LedgerSight;
use crate::execute::Doing;
use crate::{App, Error};

/// Lines on one page.
pub const PAGE: usize = 100;
/// Lines that are read at once where all are wanted.
const MANY: usize = 4096;

/// Stands for the id of a document that the reader may not know of.
pub const HIDDEN: &str = "―";

/// Which ledger somebody looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhoseLedger {
    /// The one of the organisation they act for; its administrators read it.
    Own,
    /// The installation's own; operators read it.
    Installation,
}

impl WhoseLedger {
    /// The ledgers that somebody may read.
    pub fn of(actor: &Actor) -> Vec<WhoseLedger> {
        let may = |role, whose| (actor.organisation.is_some() && actor.has(role)).then_some(whose);
        [may(Role::Administrator, WhoseLedger::Own), may(Role::Operator, WhoseLedger::Installation)].into_iter().flatten().collect()
    }

    /// The tenant, where the actor may read its ledger.
    pub(crate) fn tenant(self, actor: &Actor) -> Result<String, Refusal> {
        let organisation = actor.organisation.filter(|_| WhoseLedger::of(actor).contains(&self)).ok_or(Refusal::forbidden())?;
        Ok(match self {
            WhoseLedger::Own => organisation.to_string(),
            WhoseLedger::Installation => INSTALLATION.to_owned(),
        })
    }

    /// The actor whose lines go to this ledger.
    pub(crate) fn writer(self, actor: &Actor) -> Actor {
        match self {
            WhoseLedger::Own => actor.clone(),
            WhoseLedger::Installation => Actor { organisation: None, ..actor.clone() },
        }
    }
}

/// What of a line's payload somebody is shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    Whole(Value),
    /// It is about something that is not theirs to see.
    Hidden,
    /// It was erased.
    Erased,
}

/// A line as somebody sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenLine {
    /// Without its payload where that is not shown, and without the id of a document that the reader may not know of.
    pub line: Line,
    /// The name of who did it, where they have one.
    pub who: Option<String>,
    /// What people call the thing it is about.
    pub about: Option<String>,
    pub shown: Shown,
}

/// A page of a ledger.
#[derive(Debug, Clone)]
pub struct LedgerPage {
    pub whose: WhoseLedger,
    /// Lines of the whole ledger.
    pub size: u64,
    pub lines: Vec<SeenLine>,
    /// The number to go on after; nothing on the last page.
    pub next: Option<u64>,
}

/// What the forms of these pages offer.
#[derive(Debug, Clone)]
pub struct LedgerChoices {
    pub people: Vec<Person>,
    pub views: Vec<SavedView>,
}

/// How a line hangs in the tree that was signed last.
#[derive(Debug, Clone, Serialize)]
pub struct LineProof {
    /// The signed note of the newest checkpoint, whole.
    pub checkpoint: String,
    pub size: u64,
    pub root: Digest,
    /// From 0.
    pub index: u64,
    pub inclusion: Vec<Digest>,
    /// The first checkpoint that covers the line, where that is an older one, and the way from it to the newest.
    pub consistency: Option<Consistency>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Consistency {
    pub checkpoint: String,
    pub size: u64,
    pub root: Digest,
    pub path: Vec<Digest>,
}

/// One line, with what stood before and how it is proven.
#[derive(Debug, Clone)]
pub struct LineRead {
    pub seen: SeenLine,
    /// The payload of the line of the same kind about the same thing before it.
    pub before: Option<(u64, Value)>,
    /// Nothing until a checkpoint covers the line: that takes a minute.
    pub proof: Option<LineProof>,
}

/// What an account did to one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    pub count: SubjectCount,
    pub name: Option<String>,
}

/// How many lines a day, and of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spread {
    /// By day in Japan.
    pub days: BTreeMap<jiff::civil::Date, usize>,
    pub kinds: BTreeMap<String, usize>,
    pub lines: usize,
    /// Older or newer ones were left out.
    pub cut: bool,
}

impl App {
    /// A page of the lines that fit. That somebody looked is written first: who cannot be noted sees nothing.
    pub fn ledger(&self, actor: &Actor, whose: WhoseLedger, query: &LogQuery, after: Option<u64>) -> Result<LedgerPage, Error> {
        let tenant = whose.tenant(actor)?;
        let page = self.store.read(|conn| -> Result<LedgerPage, Error> {
            let sight = LedgerSight::of(conn, actor, whose)?;
            let mut found = ledger::search(conn, &tenant, query, after, PAGE + 1)?;
            let more = found.len() > PAGE;
            found.truncate(PAGE);
            let next = found.last().filter(|_| more).map(|line| line.head.seq);
            let mut names = Names::default();
            let lines = found.into_iter().map(|line| names.seen(conn, &sight, line)).collect::<Result<_, _>>()?;
            Ok(LedgerPage { whose, size: ledger::search::size(conn, &tenant)?, lines, next })
        })?;
        self.note_read(actor, whose, query, page.lines.len() as u64, false)?;
        Ok(page)
    }

    /// People and saved views, for the forms.
    pub fn ledger_choices(&self, actor: &Actor) -> Result<LedgerChoices, Error> {
        let organisation = actor.organisation.filter(|_| !WhoseLedger::of(actor).is_empty()).ok_or(Refusal::forbidden())?;
        self.store.read(|conn| {
            let mut people: Vec<Person> = party::members(conn, organisation)?.into_iter().map(|(person, _)| person).collect();
            people.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
            Ok(LedgerChoices { people, views: log::views(conn, organisation)? })
        })
    }

    /// One line by its number.
    pub fn ledger_line(&self, actor: &Actor, whose: WhoseLedger, seq: u64) -> Result<LineRead, Error> {
        let tenant = whose.tenant(actor)?;
        let read = self.store.read(|conn| -> Result<LineRead, Error> {
            let rising = LogQuery { rising: true, ..LogQuery::default() };
            let before = seq.checked_sub(1).ok_or(Refusal::not_found())?;
            let line = ledger::search(conn, &tenant, &rising, Some(before), 1)?.pop().filter(|line| line.head.seq == seq);
            let line = line.ok_or(Refusal::not_found())?;
            let sight = LedgerSight::of(conn, actor, whose)?;
            let before = earlier(conn, &tenant, &line, &sight)?;
            let proof = proof(conn, &tenant, seq)?;
            Ok(LineRead { seen: Names::default().seen(conn, &sight, line)?, before, proof })
        })?;
        let head = &read.seen.line.head;
        let from: Option<Timestamp> = head.at.parse().ok();
        let query = LogQuery {
            actor: Some(head.actor.clone()),
            kind: Some(head.kind.clone()),
            subject: Some(head.subject.clone()),
            from,
            until: from.map(|at| at + jiff::SignedDuration::from_micros(1)),
            ..LogQuery::default()
        };
        self.note_read(actor, whose, &query, 1, false)?;
        Ok(read)
    }

    /// What one account looked at or changed, counted by thing, the most often first (item 228(9)).
    pub fn ledger_subjects(
        &self,
        actor: &Actor,
        whose: WhoseLedger,
        account: &str,
        (from, until): (Option<Timestamp>, Option<Timestamp>),
    ) -> Result<Vec<Counted>, Error> {
        let tenant = whose.tenant(actor)?;
        let counted = self.store.read(|conn| -> Result<Vec<Counted>, Error> {
            let sight = LedgerSight::of(conn, actor, whose)?;
            let counts = ledger::count_subjects(conn, &tenant, account, (from, until))?;
            let mut names = Names::default();
            let told = |mut count: SubjectCount| -> Result<Counted, Error> {
                let name = names.about(conn, &sight, &count.subject)?;
                if sight.hides(&count.subject) {
                    HIDDEN.clone_into(&mut count.subject);
                }
                Ok(Counted { count, name })
            };
            counts.into_iter().map(told).collect()
        })?;
        let query = LogQuery { actor: Some(account.to_owned()), from, until, ..LogQuery::default() };
        self.note_read(actor, whose, &query, counted.iter().map(|c| c.count.lines).sum(), false)?;
        Ok(counted)
    }

    /// How the newest lines that fit spread over days and kinds, `most` lines at most.
    pub fn ledger_spread(&self, actor: &Actor, whose: WhoseLedger, query: &LogQuery, most: usize) -> Result<Spread, Error> {
        let tenant = whose.tenant(actor)?;
        let query = LogQuery { rising: false, ..query.clone() };
        let spread = self.store.read(|conn| -> Result<Spread, Error> {
            let mut spread = Spread::default();
            each(conn, &tenant, &query, |_, line| {
                spread.cut = spread.lines >= most;
                if !spread.cut {
                    spread.lines += 1;
                    *spread.kinds.entry(line.head.kind.clone()).or_default() += 1;
                    if let Ok(at) = line.head.at.parse::<Timestamp>() {
                        *spread.days.entry(rules::act::japan(at).date()).or_default() += 1;
                    }
                }
                Ok(!spread.cut)
            })?;
            Ok(spread)
        })?;
        self.note_read(actor, whose, &query, spread.lines as u64, false)?;
        Ok(spread)
    }

    /// Writes that somebody read the ledger, into that ledger.
    pub(crate) fn note_read(&self, actor: &Actor, whose: WhoseLedger, query: &LogQuery, lines: u64, exported: bool) -> Result<(), Error> {
        let told = Change::Log(Looking::LogRead { query: query.clone(), lines, exported });
        self.store.write(|tx| Doing::new(self, tx, whose.writer(actor))?.write(&told).map(drop))
    }
}

/// Hands over the lines that fit until it is enough.
pub(crate) fn each(
    conn: &mut Conn,
    tenant: &str,
    query: &LogQuery,
    mut take: impl FnMut(&mut Conn, &Line) -> Result<bool, Error>,
) -> Result<(), Error> {
    let mut after = None;
    loop {
        let found = ledger::search(conn, tenant, query, after, MANY)?;
        for line in &found {
            if !take(conn, line)? {
                return Ok(());
            }
        }
        match found.last() {
            Some(last) if found.len() == MANY => after = Some(last.head.seq),
            _ => return Ok(()),
        }
    }
}

/// What the line of the same kind about the same thing before this one said.
fn earlier(conn: &mut Conn, tenant: &str, line: &Line, sight: &LedgerSight) -> Result<Option<(u64, Value)>, Error> {
    let (kind, subject) = (Some(line.head.kind.clone()), Some(line.head.subject.clone()));
    let query = LogQuery { kind, subject, ..LogQuery::default() };
    let found = ledger::search(conn, tenant, &query, Some(line.head.seq), 1)?.pop().filter(|l| l.head.subject == line.head.subject);
    Ok(found.and_then(|line| match sight.shows(&line) {
        Shown::Whole(value) => Some((line.head.seq, value)),
        Shown::Hidden | Shown::Erased => None,
    }))
}

fn proof(conn: &mut Conn, tenant: &str, seq: u64) -> Result<Option<LineProof>, Error> {
    let Some(last) = checkpoints::newest(conn, tenant)?.filter(|last| last.edge.size() >= seq) else { return Ok(None) };
    let size = last.edge.size();
    let digests = |path: Vec<seal::Hash>| path.into_iter().map(Digest).collect();
    let inclusion = digests(ledger::inclusion(conn, tenant, seq, size)?);
    let consistency = match checkpoints::covering(conn, tenant, seq)?.filter(|first| first.edge.size() < size) {
        Some(first) => Some(Consistency {
            size: first.edge.size(),
            root: Digest(first.edge.root()),
            path: digests(ledger::consistency(conn, tenant, first.edge.size(), size)?),
            checkpoint: first.note,
        }),
        None => None,
    };
    Ok(Some(LineProof { root: Digest(last.edge.root()), size, index: seq - 1, inclusion, consistency, checkpoint: last.note }))
}

/// Names of people and things, each asked for once.
#[derive(Default)]
struct Names(BTreeMap<String, Option<String>>);

impl Names {
    fn seen(&mut self, conn: &mut Conn, sight: &LedgerSight, mut line: Line) -> Result<SeenLine, Error> {
        let shown = sight.shows(&line);
        if !matches!(shown, Shown::Whole(_)) {
            line.payload = None;
        }
        let who = self.about(conn, sight, &line.head.actor)?;
        let about = self.about(conn, sight, &line.head.subject)?;
        if sight.hides(&line.head.subject) {
            HIDDEN.clone_into(&mut line.head.subject);
        }
        Ok(SeenLine { line, who, about, shown })
    }

    /// What people call the thing of a subject; nothing where it has no name, or none for this reader.
    fn about(&mut self, conn: &mut Conn, sight: &LedgerSight, subject: &str) -> Result<Option<String>, Error> {
        let thing = subject.split('/').next().unwrap_or_default();
        if let Some(known) = self.0.get(thing) {
            return Ok(known.clone());
        }
        let name = name_of(conn, sight, thing)?;
        self.0.insert(thing.to_owned(), name.clone());
        Ok(name)
    }
}

fn name_of(conn: &mut Conn, sight: &LedgerSight, thing: &str) -> Result<Option<String>, Error> {
    if !sight.names(thing) {
        return Ok(None);
    }
    if let Ok(person) = thing.parse::<Id<id::Person>>() {
        return Ok(party::person(conn, person)?.map(|p| p.name));
    }
    if let Ok(organisation) = thing.parse::<Id<id::Organisation>>() {
        return Ok(party::organisation(conn, organisation)?.map(|o| o.name));
    }
    if let Ok(product) = thing.parse::<Id<id::Product>>() {
        return Ok(party::product(conn, product)?.map(|p| p.name));
    }
    if let Ok(document) = thing.parse::<Id<id::Evidence>>() {
        return Ok(evidence::one(conn, document)?.map(|e| e.name));
    }
    if let Ok(case) = thing.parse::<Id<id::Case>>()
        && let Some(facts) = evaluation::facts(conn, case)?
    {
        let product = party::product(conn, facts.case.product)?.map(|p| p.name).unwrap_or_default();
        let number = facts.case.number.clone().unwrap_or_default();
        return Ok(Some(format!("{product} {number}").trim().to_owned()));
    }
    Ok(None)
}
