//! The ledger's rows: appending a line to a tenant's tree, and the check of all of them.

use std::collections::HashMap;

use jiff::Timestamp;
use rules::id::Pos;
use seal::{Chain, Frontier, Head, Line, Payload, Wrong, line::Problem};

use crate::engine::{Conn, Row, statements};
use crate::error::Error;
use crate::store::Store;
use crate::value::{instant, values};

/// The tenant of acts that concern no organisation.
pub const INSTALLATION: &str = "installation";

/// How many lines are read at once when the whole ledger is read.
const PAGE: i64 = 4096;

/// The columns of a line, in the order `line` reads them.
macro_rules! lines {
    ($($rest:tt)*) => {
        concat!(
            "select l.pos, l.tenant, l.seq, l.at, l.actor, l.session, l.address, l.kind, l.subject, l.outcome, l.payload_digest, l.leaf, \
             p.salt, p.payload from ledger_line l left join ledger_payload p on p.pos = l.pos ",
            $($rest)*
        )
    };
}
pub(crate) use lines;

statements! {
    LAST_POS = "select coalesce(max(pos), 0) from ledger_line";
    HEAD = "select size, frontier from ledger_head where tenant = $1";
    HEADS = "select tenant, size, frontier from ledger_head order by tenant";
    PUT_HEAD = "insert into ledger_head (tenant, size, frontier) values ($1, $2, $3) \
        on conflict (tenant) do update set size = excluded.size, frontier = excluded.frontier";
    INSERT_LINE = "insert into ledger_line (pos, tenant, seq, at, actor, session, address, kind, subject, outcome, payload_digest, leaf) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    INSERT_PAYLOAD = "insert into ledger_payload (pos, salt, payload) values ($1, $2, $3)";
    AFTER = lines!("where l.pos > $1 order by l.pos limit $2");
}

/// What an act tells the ledger; the ledger adds the places and the hashes.
#[derive(Debug, Clone)]
pub struct LineDraft {
    /// An organisation's id, or [`INSTALLATION`].
    pub tenant: String,
    pub at: Timestamp,
    /// An account's id, or `system`.
    pub actor: String,
    pub session: Option<String>,
    /// The network address it came from.
    pub address: Option<String>,
    pub kind: String,
    /// What it concerns; `/` leads from a thing to its parts: `case_…/81`.
    pub subject: String,
    pub outcome: String,
    /// Canonical JSON (`seal::canonical`) of the change.
    pub payload: String,
    /// Fresh random bytes.
    pub salt: [u8; 16],
}

/// The trees that the running transaction appends to. They are written back once, before it commits.
#[derive(Default)]
pub(crate) struct Trees {
    /// The last position, once it is known.
    pos: Option<i64>,
    edges: HashMap<String, Frontier>,
    /// What the running act found, to go back to when the act is undone.
    before: Vec<(String, Frontier)>,
    pos_before: Option<i64>,
}

impl Trees {
    pub fn begin_act(&mut self) {
        self.before.clear();
        self.pos_before = self.pos;
    }

    pub fn undo_act(&mut self) {
        self.pos = self.pos_before;
        self.edges.extend(self.before.drain(..));
    }

    pub fn append(&mut self, conn: &mut Conn, draft: LineDraft) -> Result<Pos, Error> {
        let last = match self.pos {
            Some(pos) => pos,
            None => {
                let pos = conn.one(LAST_POS, &[], |row| row.get(0))?;
                self.pos_before = Some(pos);
                pos
            }
        };
        if !self.edges.contains_key(&draft.tenant) {
            let edge = conn.first(HEAD, &values![&draft.tenant], |row| edge(&draft.tenant, row, 0))?;
            self.edges.insert(draft.tenant.clone(), edge.unwrap_or_default());
        }
        let edge = self.edges.entry(draft.tenant.clone()).or_default();
        if !self.before.iter().any(|(tenant, _)| *tenant == draft.tenant) {
            self.before.push((draft.tenant.clone(), edge.clone()));
        }

        let payload = Payload { salt: draft.salt, text: draft.payload };
        let pos = last + 1;
        let head = Head {
            pos: pos as u64,
            tenant: draft.tenant,
            seq: edge.size() + 1,
            at: instant(draft.at),
            actor: draft.actor,
            session: draft.session,
            address: draft.address,
            kind: draft.kind,
            subject: draft.subject,
            outcome: draft.outcome,
            payload_digest: payload.digest(),
        };
        let (seq, leaf) = (head.seq as i64, head.leaf());
        conn.run(
            INSERT_LINE,
            &values![
                pos,
                head.tenant,
                seq,
                head.at,
                head.actor,
                head.session,
                head.address,
                head.kind,
                head.subject,
                head.outcome,
                head.payload_digest,
                leaf
            ],
        )?;
        conn.run(INSERT_PAYLOAD, &values![pos, payload.salt, payload.text])?;
        edge.append(leaf);
        self.pos = Some(pos);
        Ok(Pos(pos))
    }

    /// Writes the edges back; the trees are then those of the coming commit.
    pub fn write_back(&self, conn: &mut Conn) -> Result<(), Error> {
        for (tenant, edge) in self.edges.iter().filter(|(_, edge)| edge.size() > 0) {
            conn.run(PUT_HEAD, &values![tenant, edge.size() as i64, edge.to_bytes()])?;
        }
        Ok(())
    }
}

fn edge(tenant: &str, row: &Row<'_>, column: usize) -> Result<Frontier, Error> {
    let size: u64 = row.get(column)?;
    Frontier::from_bytes(size, row.get(column + 1)?).map_err(|_| Error::Edge { tenant: tenant.to_owned() })
}

/// Reads the columns of `lines!`.
pub(crate) fn line(row: &Row<'_>) -> Result<Line, Error> {
    let head = Head {
        pos: row.get(0)?,
        tenant: row.get(1)?,
        seq: row.get(2)?,
        at: row.get(3)?,
        actor: row.get(4)?,
        session: row.get(5)?,
        address: row.get(6)?,
        kind: row.get(7)?,
        subject: row.get(8)?,
        outcome: row.get(9)?,
        payload_digest: row.get(10)?,
    };
    let payload = match (row.get(12)?, row.get::<Option<String>>(13)?) {
        (Some(salt), Some(text)) => Some(Payload { salt, text }),
        _ => None,
    };
    Ok(Line { head, payload, leaf: row.get(11)? })
}

/// Hands over the lines that come after `after`, in the order of the installation, `limit` at most; for rebuild and verify.
pub fn lines_after(conn: &mut Conn, after: Pos, limit: i64, mut take: impl FnMut(Line) -> Result<(), Error>) -> Result<(), Error> {
    conn.each(AFTER, &values![after, limit], |row| take(line(row)?))
}

/// The last position of the installation's ledger; [`Pos::NEVER`] when there is none.
pub fn last_pos(conn: &mut Conn) -> Result<Pos, Error> {
    conn.one(LAST_POS, &[], |row| row.get(0))
}

/// What a full check found right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub lines: u64,
    /// The root of each tenant's tree, by tenant.
    pub roots: Vec<(String, u64, seal::Hash)>,
}

/// Makes every hash of every ledger anew. Stops at the first wrong line with [`Error::Ledger`].
///
/// Reads in pages, so that a long check holds no snapshot; lines written meanwhile are left for the next one.
pub(crate) fn verify(store: &Store) -> Result<Verified, Error> {
    let (end, kept) = store.read(|conn| {
        let end = last_pos(conn)?;
        let kept = conn.rows(HEADS, &[], |row| {
            let tenant: String = row.get(0)?;
            let edge = edge(&tenant, row, 1)?;
            Ok((tenant, edge))
        })?;
        Ok::<_, Error>((end, kept))
    })?;

    let mut chains: HashMap<String, Chain> = HashMap::new();
    let mut at = Pos::NEVER;
    while at < end {
        let from = at;
        store.read(|conn| {
            lines_after(conn, from, PAGE.min(end.0 - from.0), |line| {
                let expected = at.0 as u64 + 1;
                let head = &line.head;
                if head.pos != expected {
                    return Err(
                        Wrong { tenant: head.tenant.clone(), seq: head.seq, pos: head.pos, problem: Problem::Pos { expected } }.into()
                    );
                }
                if !chains.contains_key(&head.tenant) {
                    chains.insert(head.tenant.clone(), Chain::new(&head.tenant));
                }
                if let Some(chain) = chains.get_mut(&head.tenant) {
                    chain.check(&line)?;
                }
                at = Pos(head.pos as i64);
                Ok(())
            })
        })?;
        if at == from {
            // Positions up to `end` were there a moment ago: somebody removes lines while we look.
            return Err(Wrong {
                tenant: INSTALLATION.to_owned(),
                seq: 0,
                pos: at.0 as u64,
                problem: Problem::Pos { expected: at.0 as u64 + 1 },
            }
            .into());
        }
    }

    let mut roots = Vec::with_capacity(kept.len());
    for (tenant, edge) in kept {
        chains.remove(&tenant).unwrap_or_else(|| Chain::new(&tenant)).end(&edge)?;
        roots.push((tenant, edge.size(), edge.root()));
    }
    if let Some((_, chain)) = chains.into_iter().next() {
        chain.end(&Frontier::new())?;
    }
    Ok(Verified { lines: end.0 as u64, roots })
}
