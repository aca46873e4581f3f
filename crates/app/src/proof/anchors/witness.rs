//! The anchor at a witness of another party (C2SP tlog-witness): it cosigns what continues what it saw, and nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rules::text::{Text, worded};
use seal::note::{Note, Signature, VerifierKey};
use store::checkpoints::{self, SuperSigned};
use url::Url;

use super::outward::{self, Agent, Answer};
use super::{Held, Refused};
use crate::{App, Error};

/// A witness: where it listens, and the key by which its cosignatures are known.
#[derive(Debug, Clone)]
pub struct Witness {
    /// The submission prefix.
    pub url: Url,
    pub key: VerifierKey,
    agent: Agent,
}

impl Witness {
    /// Reads `KEY@URL` as the witness prints it: `name+id+base64@https://witness.example.jp`.
    pub fn parse(written: &str, agent: Agent) -> Result<Witness, Text> {
        let form = |why: String| {
            worded(
                format!("立会人の指定を読み取れません（{why}）。公開鍵@https://witness.example.jp の形で書いてください。"),
                format!("A witness cannot be read ({why}). Write it as KEY@https://witness.example.jp."),
            )
        };
        let (key, url) = written.trim().split_once('@').ok_or_else(|| form("@ ?".into()))?;
        let key = key.parse().map_err(|e: seal::note::BadKey| form(e.to_string()))?;
        Ok(Witness { url: outward::address(url)?, key, agent })
    }

    fn submit(&self, old: u64, path: &[seal::Hash], note: &str) -> Result<Answer, Refused> {
        let mut url = self.url.clone();
        url.set_path(&format!("{}/add-checkpoint", url.path().trim_end_matches('/')));
        let proof: String = path.iter().map(|hash| STANDARD.encode(hash) + "\n").collect();
        self.agent.post(&url, "text/plain; charset=utf-8", format!("old {old}\n{proof}\n{note}").as_bytes())
    }
}

impl App {
    /// Shows the newest super checkpoint to a witness; `old` is what it saw last, as far as is known here.
    pub(super) fn ask_witness(&self, witness: &Witness, newest: &SuperSigned, old: u64) -> Result<Held, Refused> {
        let who = witness.url.to_string();
        let mut old = old;
        // The second try is with the size that the witness names.
        for again in [false, true] {
            let path = match old {
                0 => vec![],
                _ if old == newest.size => vec![],
                _ => self.store.read(|conn| checkpoints::super_consistency(conn, old, newest.size)).map_err(Error::from)?,
            };
            let answer = witness.submit(old, &path, &newest.note)?;
            match answer.status {
                200 => return cosigned(witness, newest, &answer),
                409 => match size_of(&answer) {
                    Some(seen) if seen > newest.size => return Err(forked(&who, seen, newest.size)),
                    Some(seen) if seen != old && !again => old = seen,
                    _ => return Err(forked(&who, old, newest.size)),
                },
                // The path that our own hashes give does not lead from what the witness saw to what is here.
                422 => return Err(forked(&who, old, newest.size)),
                _ => return Err(answer.refused(&who)),
            }
        }
        Err(forked(&who, old, newest.size))
    }
}

/// The size a witness names in a conflict.
fn size_of(answer: &Answer) -> Option<u64> {
    let named = answer.media.starts_with("text/x.tlog.size");
    std::str::from_utf8(&answer.body).ok().filter(|_| named)?.trim_end().parse().ok()
}

fn forked(who: &str, seen: u64, here: u64) -> Refused {
    Refused::Forked(worded(
        format!(
            "立会人 {who} が見た台帳（大きさ{seen}）は、この台帳（大きさ{here}）の一部ではありません。分岐または末尾の欠落です。立会人の記録と照合してください。"
        ),
        format!(
            "The witness {who} saw a ledger (size {seen}) that is not part of this one (size {here}): it was forked, or its tail is cut. Compare with the witness's record."
        ),
    ))
}

/// The lines by the witness's key, which must be right.
fn cosigned(witness: &Witness, newest: &SuperSigned, answer: &Answer) -> Result<Held, Refused> {
    let wrong = |why: &str| {
        Refused::Failed(worded(
            format!("立会人 {} の応答が正しくありません（{why}）。", witness.url),
            format!("The answer of the witness {} is not right ({why}).", witness.url),
        ))
    };
    let lines = std::str::from_utf8(&answer.body).map_err(|_| wrong("no text"))?;
    let text = Note::parse(&newest.note).map_err(|e| wrong(&e.to_string()))?.text;
    // As the protocol says: put behind the text, they are read like any note's.
    let note = Note::parse(&format!("{text}\n{lines}")).map_err(|e| wrong(&e.to_string()))?;
    note.verify(std::slice::from_ref(&witness.key)).map_err(|e| wrong(&e.to_string()))?;
    let ours = |signature: &&Signature| signature.name == witness.key.name;
    let kept = Note { text: String::from("\n"), signatures: note.signatures.iter().filter(ours).cloned().collect() };
    // The signature lines alone: the text stands in the super checkpoint.
    Ok(Held { proof: kept.to_string().trim_start_matches('\n').to_owned(), until: None })
}
