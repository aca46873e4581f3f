//! A ledger on its way out: whole, or the lines that a search finds, with the proofs that an outsider checks offline.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rules::act::Actor;
use rules::log::LogQuery;
use rules::refusal::Refusal;
use rules::text::{text, worded};
use seal::export::{Anchor, ExportWriter, Opening, Shape};
use seal::note::{Note, SigningKey, VerifierKey};
use store::checkpoints::{self, Signed};
use store::{Conn, ledger};

use crate::read::ledger::{Shown, WhoseLedger, each};
use crate::read::ledger_sight::LedgerSight;
use crate::{App, Error};

/// Lines that are read at once.
const PAGE: usize = 4096;
/// How often a checkpoint is made anew when an erasure comes between.
const TRIES: usize = 3;
/// Anchors that are looked through for those that are about the super checkpoint of the export.
const ANCHORS: u32 = 100;

fn not_all_theirs(hidden: u64) -> Refusal {
    Refusal::state(worded(
        format!(
            "あなたには見られない内容の行が{hidden}件あるため、書き出せません。条件を絞るか、すべての資料を見られる担当責任者に依頼してください。"
        ),
        format!(
            "{hidden} of the lines hold what you may not see, so nothing is exported. Narrow the conditions, or ask an officer who sees every document."
        ),
    ))
}

fn not_signed() -> Refusal {
    Refusal::state(text(
        "この台帳はまだ署名されていないため、証明を付けられません。サービスの起動後1分ほど待ってから、もう一度お試しください。",
        "This ledger is not signed yet, so there are no proofs. Wait for a minute after the service has started, and try again.",
    ))
}

fn broken(what: &str, cause: impl std::fmt::Display) -> Error {
    Error::Broken(format!("{what}: {cause}"))
}

impl App {
    /// Writes the ledger of the actor's organisation, or the lines of it that `query` finds, and says so in that ledger
    /// first. An operator gets the installation's own ledger. Returns how many lines.
    ///
    /// # Errors
    /// A file of proofs holds whole lines: who may not see one of them gets none.
    pub fn export_own_ledger(&self, actor: &Actor, whose: WhoseLedger, query: Option<&LogQuery>, out: impl Write) -> Result<u64, Error> {
        let tenant = whose.tenant(actor)?;
        let all = LogQuery { rising: true, ..query.cloned().unwrap_or_default() };
        let (mut lines, mut hidden) = (0, 0_u64);
        self.checkpoint()?;
        self.store.read(|conn| -> Result<(), Error> {
            checkpoints::newest(conn, &tenant)?.ok_or_else(not_signed)?;
            let sight = LedgerSight::of(conn, actor, whose)?;
            each(conn, &tenant, &all, |_, line| {
                lines += 1;
                hidden += u64::from(sight.shows(line) == Shown::Hidden);
                Ok(true)
            })
        })?;
        if hidden > 0 {
            return Err(not_all_theirs(hidden).into());
        }
        self.note_read(actor, whose, &all, lines, true)?;
        self.export_ledger(&tenant, query, out)
    }

    /// Writes a tenant's ledger, or the lines of it that `query` finds, up to a checkpoint that is made first.
    /// For the console, where whoever sits may read the database anyway. Returns how many lines.
    ///
    /// # Errors
    /// Where nothing was ever signed: the service has to start once.
    pub fn export_ledger(&self, tenant: &str, query: Option<&LogQuery>, out: impl Write) -> Result<u64, Error> {
        let mut out = Some(out);
        for _ in 0..TRIES {
            self.checkpoint()?;
            let done = self.store.read(|conn| -> Result<Option<u64>, Error> {
                let last = checkpoints::newest(conn, tenant)?
                    .ok_or_else(|| Error::Broken("this ledger has no signed checkpoint yet: start the service once".into()))?;
                if erased_after(conn, tenant, last.edge.size())? {
                    return Ok(None);
                }
                let Some(out) = out.take() else { return Ok(None) };
                self.write_export(conn, tenant, &last, query, out).map(Some)
            })?;
            if let Some(lines) = done {
                return Ok(lines);
            }
        }
        Err(Error::Broken("an erasure is going on: try again".into()))
    }

    fn write_export(&self, conn: &mut Conn, tenant: &str, last: &Signed, query: Option<&LogQuery>, out: impl Write) -> Result<u64, Error> {
        let failed = |e: std::io::Error| broken("the ledger cannot be written out", e);
        let signers = self.signers(conn)?.ok_or_else(|| Error::Broken("nothing was signed yet".into()))?;
        let keys: Vec<VerifierKey> = signers.keys.iter().chain(signers.older.iter().flatten()).map(SigningKey::verifier).collect();
        let size = last.edge.size();
        let opening = Opening {
            installation: signers.installation.clone(),
            tenant: tenant.to_owned(),
            shape: if query.is_some() { Shape::Extract } else { Shape::Whole },
            keys,
            made_at: format!("{:.6}", self.clock.now()),
        };
        let mut file = ExportWriter::begin(out, &opening).map_err(failed)?;
        let note = read_note(&last.note)?;
        let mut lines = 0;
        match query {
            Some(query) => {
                file.checkpoint(&note).map_err(failed)?;
                // Proofs are of rising lines, whatever order people looked at them in.
                let query = LogQuery { rising: true, ..query.clone() };
                // Lines that account for payloads that left come along, or their absence would look like a fault.
                let mut accounts = erasures(conn, tenant, size)?.into_iter().peekable();
                let mut write = |conn: &mut Conn, line: &seal::Line| -> Result<(), Error> {
                    let proof = ledger::inclusion(conn, tenant, line.head.seq, size)?;
                    lines += 1;
                    file.line(line, Some(&proof)).map_err(failed)
                };
                each_line(conn, tenant, &query, size, |conn, line| {
                    while let Some(account) = accounts.next_if(|account| account.head.seq <= line.head.seq) {
                        if account.head.seq < line.head.seq {
                            write(conn, &account)?;
                        }
                    }
                    write(conn, line)
                })?;
                accounts.try_for_each(|account| write(conn, &account))?;
            }
            None => {
                let mut between = turning_points(conn, tenant, size)?.into_iter().peekable();
                each_line(conn, tenant, &LogQuery { rising: true, ..LogQuery::default() }, size, |_, line| {
                    lines += 1;
                    file.line(line, None).map_err(failed)?;
                    while let Some(signed) = between.next_if(|signed| signed.edge.size() == line.head.seq) {
                        file.checkpoint(&read_note(&signed.note)?).map_err(failed)?;
                    }
                    Ok(())
                })?;
                file.checkpoint(&note).map_err(failed)?;
            }
        }
        if let Some(above) = checkpoints::super_covering(conn, last.n + 1)? {
            let proof = checkpoints::super_inclusion(conn, last.n, above.size)?;
            let note = read_note(&above.note)?;
            file.super_log(&note, last.n, &proof).map_err(failed)?;
            for anchor in checkpoints::anchors_from(conn, above.size, ANCHORS)?.into_iter().filter(|anchor| anchor.size == above.size) {
                if let Some(anchor) = outside(&anchor, &note) {
                    file.anchor(&anchor).map_err(failed)?;
                }
            }
        }
        file.finish().map_err(failed)?;
        Ok(lines)
    }
}

fn read_note(text: &str) -> Result<Note, Error> {
    Note::parse(text).map_err(|e| broken("a kept checkpoint cannot be read", e))
}

/// Whether payloads left under a line that no checkpoint covers yet: without that line their absence looks like a fault.
fn erased_after(conn: &mut Conn, tenant: &str, size: u64) -> Result<bool, Error> {
    let query = LogQuery { kind: Some("payloads_erased".into()), rising: true, ..LogQuery::default() };
    Ok(!ledger::search(conn, tenant, &query, Some(size), 1)?.is_empty())
}

/// Every line up to `size` under which payloads left.
fn erasures(conn: &mut Conn, tenant: &str, size: u64) -> Result<Vec<seal::Line>, Error> {
    let query = LogQuery { kind: Some("payloads_erased".into()), rising: true, ..LogQuery::default() };
    let mut out = vec![];
    each_line(conn, tenant, &query, size, |_, line| {
        out.push(line.clone());
        Ok(())
    })?;
    Ok(out)
}

/// The first checkpoints after each line that changes keys or begins an epoch: by them a reader's trust passes on.
fn turning_points(conn: &mut Conn, tenant: &str, size: u64) -> Result<Vec<Signed>, Error> {
    let mut out: Vec<Signed> = vec![];
    for kind in ["epoch_begun", "signing_key_changed"] {
        let query = LogQuery { kind: Some(kind.into()), rising: true, ..LogQuery::default() };
        let mut after = None;
        loop {
            let found = ledger::search(conn, tenant, &query, after, PAGE)?;
            let Some(last) = found.last() else { break };
            after = Some(last.head.seq);
            for line in &found {
                out.extend(checkpoints::covering(conn, tenant, line.head.seq)?.filter(|signed| signed.edge.size() < size));
            }
        }
    }
    out.sort_by_key(|signed| signed.n);
    out.dedup_by_key(|signed| signed.n);
    Ok(out)
}

/// Hands over the lines up to `size` that fit, in rising order.
fn each_line(
    conn: &mut Conn,
    tenant: &str,
    query: &LogQuery,
    size: u64,
    mut take: impl FnMut(&mut Conn, &seal::Line) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut after = None;
    loop {
        let found = ledger::search(conn, tenant, query, after, PAGE)?;
        let Some(last) = found.last() else { return Ok(()) };
        after = Some(last.head.seq);
        for line in found.iter().filter(|line| line.head.seq <= size) {
            take(conn, line)?;
        }
        if after.is_some_and(|seq| seq >= size) {
            return Ok(());
        }
    }
}

/// What an outsider said of the super checkpoint; a file and a mail say nothing that could be shown.
fn outside(anchor: &checkpoints::Anchor, note: &Note) -> Option<Anchor> {
    match anchor.kind.as_str() {
        "rfc3161" => STANDARD.decode(&anchor.proof).ok().map(Anchor::Stamp),
        // Its signature lines stand under those of the note itself.
        "witness" => Note::parse(&format!("{note}{}", anchor.proof)).ok().map(Anchor::Witness),
        _ => None,
    }
}
