//! The ledger's rows: appending a line to a tenant's tree, and reading lines back.

mod bulk;
mod pending;
pub(crate) mod run;
pub mod search;
pub(crate) mod segment;
pub(crate) mod tiles;
pub(crate) mod verify;
pub(crate) mod verify_tiles;

use std::collections::HashMap;

use jiff::Timestamp;
use rules::id::Pos;
use seal::line::Fields;
use seal::{Frontier, Hash, Head, Line, Payload};

pub use search::{SubjectCount, count_subjects, search};
pub use tiles::{consistency, inclusion, root_at};
pub use verify::{Progress, Verified};

use pending::Pending;

use crate::engine::{Conn, Engine, Row, statements};
use crate::error::Error;
use crate::migrate::locked;
use crate::value::{instant, values};

/// The tenant of acts that concern no organisation.
pub const INSTALLATION: &str = "installation";

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

#[cfg(test)]
pub(crate) const ENGINE_STATEMENTS: &[(Engine, &[crate::engine::Sql])] =
    &[(Engine::Postgres, pending::STATEMENTS), (Engine::Postgres, run::postgres::STATEMENTS)];

statements! {
    LAST_POS = "select coalesce(max(pos), 0) from ledger_line";
    LAST_AT = "select at from ledger_line where tenant = $1 order by seq desc limit 1";
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

impl LineDraft {
    /// The line without its places, and its payload.
    fn parts(self) -> (Head, Payload) {
        let payload = Payload { salt: self.salt, text: self.payload };
        let head = Head {
            pos: 0,
            tenant: self.tenant,
            seq: 0,
            at: instant(self.at),
            actor: self.actor,
            session: self.session,
            address: self.address,
            kind: self.kind,
            subject: self.subject,
            outcome: self.outcome,
            payload_digest: payload.digest(),
        };
        (head, payload)
    }
}

/// The trees that the running transaction appends to. They are written back once, before it commits.
#[derive(Default)]
pub(crate) struct Trees {
    /// The last position, once it is known.
    pos: Option<i64>,
    trees: HashMap<String, Tree>,
    /// What the running act found, to go back to when the act is undone.
    before: Vec<(String, Frontier)>,
    pos_before: Option<i64>,
    pending: Pending,
}

/// One tenant's tree.
struct Tree {
    edge: Frontier,
    /// Its leaves when the transaction began.
    began: u64,
    /// The leaves since.
    fresh: Vec<Hash>,
    /// The time of its last line, where it is known.
    at: Option<String>,
}

impl Trees {
    pub fn begin_act(&mut self) {
        self.before.clear();
        self.pos_before = self.pos;
    }

    pub fn undo_act(&mut self) {
        self.pending.forget();
        self.pos = self.pos_before;
        for (tenant, edge) in self.before.drain(..) {
            if let Some(tree) = self.trees.get_mut(&tenant) {
                tree.fresh.truncate((edge.size() - tree.began) as usize);
                tree.edge = edge;
                tree.at = None;
            }
        }
    }

    /// Gives a line its places and its leaf. Whoever calls writes it, or fails.
    fn place(&mut self, conn: &mut Conn, mut head: Head) -> Result<(Head, Hash), Error> {
        let last = match self.pos {
            Some(pos) => pos,
            None => {
                let pos = conn.one(LAST_POS, &[], |row| row.get(0))?;
                self.pos_before = Some(pos);
                pos
            }
        };
        if !self.trees.contains_key(&head.tenant) {
            let edge = conn.first(HEAD, &values![&head.tenant], |row| edge(&head.tenant, row, 0))?.unwrap_or_default();
            self.trees.insert(head.tenant.clone(), Tree { began: edge.size(), edge, fresh: Vec::new(), at: None });
        }
        let Some(tree) = self.trees.get_mut(&head.tenant) else { return Err(Error::Edge { tenant: head.tenant }) };
        if !self.before.iter().any(|(tenant, _)| *tenant == head.tenant) {
            self.before.push((head.tenant.clone(), tree.edge.clone()));
        }
        head.pos = (last + 1).unsigned_abs();
        head.seq = tree.edge.size() + 1;
        let leaf = head.leaf();
        tree.edge.append(leaf);
        tree.fresh.push(leaf);
        tree.at = Some(head.at.clone());
        self.pos = Some(last + 1);
        Ok((head, leaf))
    }

    /// The time of a tenant's last line, as it stands there.
    pub fn last_at(&self, conn: &mut Conn, tenant: &str) -> Result<Option<String>, Error> {
        match self.trees.get(tenant).and_then(|tree| tree.at.clone()) {
            Some(at) => Ok(Some(at)),
            None => conn.first(LAST_AT, &values![tenant], |row| row.get(0)),
        }
    }

    pub fn append(&mut self, conn: &mut Conn, draft: LineDraft) -> Result<Pos, Error> {
        let (head, payload) = draft.parts();
        let (head, leaf) = self.place(conn, head)?;
        self.write(conn, head, leaf, Some(payload))
    }

    /// Appends a line whose payload was erased; it gets the next places, whatever `head` says of them.
    pub fn append_erased(&mut self, conn: &mut Conn, head: Head) -> Result<Pos, Error> {
        let (head, leaf) = self.place(conn, head)?;
        self.write(conn, head, leaf, None)
    }

    fn write(&mut self, conn: &mut Conn, head: Head, leaf: Hash, payload: Option<Payload>) -> Result<Pos, Error> {
        let pos = Pos(head.pos.cast_signed());
        if conn.engine() == Engine::Postgres {
            return self.pending.push(conn, head, leaf, payload).map(|()| pos);
        }
        insert(conn, head, leaf)?;
        match payload {
            Some(payload) => conn.run(INSERT_PAYLOAD, &values![pos, payload.salt, payload.text]).map(|_| pos),
            None => Ok(pos),
        }
    }

    /// Writes the lines that wait. Whoever asks the database for anything does this first.
    pub fn flush(&mut self, conn: &mut Conn) -> Result<(), Error> {
        self.pending.flush(conn)
    }

    /// Writes the edges back, and the tiles, segments and runs that became full; the trees are then those of the coming commit.
    pub fn write_back(&self, conn: &mut Conn) -> Result<(), Error> {
        for (tenant, tree) in self.trees.iter().filter(|(_, tree)| !tree.fresh.is_empty()) {
            let size = tree.edge.size();
            conn.run(PUT_HEAD, &values![tenant, size.cast_signed(), tree.edge.to_bytes()])?;
            tiles::complete(conn, tenant, tree.began, size, &tree.fresh)?;
            segment::complete(conn, tenant, tree.began, size)?;
            run::complete(conn, tenant, tree.began, size)?;
        }
        Ok(())
    }
}

/// Writes a line that has its places.
pub(crate) fn insert(conn: &mut Conn, head: Head, leaf: Hash) -> Result<Pos, Error> {
    let pos = Pos(head.pos.cast_signed());
    let Head { tenant, seq, at, actor, session, address, kind, subject, outcome, payload_digest, .. } = head;
    conn.run(
        INSERT_LINE,
        &values![pos, tenant, seq.cast_signed(), at, actor, session, address, kind, subject, outcome, payload_digest, leaf],
    )?;
    Ok(pos)
}

/// How much of a ledger gets its tiles, segments and runs in one transaction, in lines.
const STEP: u64 = 16 * segment::LINES;

/// Makes the tiles, segments and runs that lines have and that are not there: of ledgers older than those are.
pub(crate) fn fill(conn: &mut Conn) -> Result<(), Error> {
    let heads: Vec<(String, u64)> = conn.rows(HEADS, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (tenant, size) in heads {
        let mut whole = false;
        while !whole {
            // What is missing is looked up again under the lock: another program may be filling too, or appending.
            let missing =
                |conn: &mut Conn| Ok::<_, Error>((tiles::full(conn, &tenant)?, segment::full(conn, &tenant)?, run::full(conn, &tenant)?));
            let (full, segments, runs) = missing(conn)?;
            if full == size / 256 && segments == size / segment::LINES && runs == size / run::LINES {
                break;
            }
            locked(conn, |conn| {
                let (full, segments, runs) = missing(conn)?;
                let size: u64 = conn.one(HEAD, &values![&tenant], |row| row.get(0))?;
                let (tiles_to, segments_to) = (size.min(full * 256 + STEP), size.min(segments * segment::LINES + STEP));
                tiles::complete(conn, &tenant, full * 256, tiles_to, &[])?;
                segment::complete(conn, &tenant, segments * segment::LINES, segments_to)?;
                // One run at a time, of what has its segments.
                let runs_to = segments_to.min((runs + 1) * run::LINES);
                run::complete(conn, &tenant, runs * run::LINES, runs_to)?;
                whole = tiles_to == size && segments_to == size && runs_to == size;
                Ok(())
            })?;
        }
    }
    Ok(())
}

fn edge(tenant: &str, row: &Row<'_>, column: usize) -> Result<Frontier, Error> {
    let size: u64 = row.get(column)?;
    Frontier::from_bytes(size, row.get(column + 1)?).map_err(|_| Error::Edge { tenant: tenant.to_owned() })
}

/// Reads what is hashed of the columns of `lines!`, where it lies.
pub(crate) fn fields<'r>(row: &'r Row<'_>) -> Result<Fields<'r>, Error> {
    Ok(Fields {
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
    })
}

/// Reads the columns of `lines!`.
pub(crate) fn line(row: &Row<'_>) -> Result<Line, Error> {
    let head = Head::from(fields(row)?);
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
