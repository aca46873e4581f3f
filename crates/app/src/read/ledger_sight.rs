//! What of a ledger's payloads one reader sees: nothing about documents outside their groups, nor of other organisations.

use rules::act::Actor;
use rules::policy::Side;
use seal::Line;
use serde_json::Value;
use store::Conn;
use store::tables::evidence;

use super::ledger::{Shown, WhoseLedger};
use super::sight::Sight;
use crate::Error;

/// Kinds of the installation's ledger in which other organisations are no secret from operators.
const OF_INSTALLATION: [&str; 2] = ["organisation_added", "roles_given"];

/// What one reader is not shown.
pub(crate) struct LedgerSight {
    /// Ids, names and digests of documents outside the reader's groups, as JSON writes them.
    words: Vec<String>,
    /// In the installation's ledger: the reader's own organisation.
    only: Option<String>,
}

impl LedgerSight {
    pub fn of(conn: &mut Conn, actor: &Actor, whose: WhoseLedger) -> Result<LedgerSight, Error> {
        let mut words = vec![];
        if let Some(own) = actor.organisation
            && let Sight::Applicant(hidden) = Sight::of(conn, actor, Side::Applicant, own)?
        {
            for series in hidden {
                words.push(series.to_string());
                for version in evidence::versions(conn, series)? {
                    words.push(version.id.to_string());
                    words.push(version.digest.to_string());
                    words.push(written(&version.name));
                }
            }
        }
        words.retain(|word| !word.is_empty());
        let only = (whose == WhoseLedger::Installation).then(|| actor.organisation.map(|o| o.to_string()).unwrap_or_default());
        Ok(LedgerSight { words, only })
    }

    pub fn shows(&self, line: &Line) -> Shown {
        let Some(payload) = &line.payload else { return Shown::Erased };
        if !self.may_see(&line.head.kind, &payload.text) {
            return Shown::Hidden;
        }
        // What cannot be read is not shown.
        serde_json::from_str(&payload.text).map_or(Shown::Hidden, Shown::Whole)
    }

    /// Whether this reader may be told what a thing is called.
    pub fn names(&self, thing: &str) -> bool {
        let evidence = thing.starts_with("evidence_");
        let case = thing.starts_with("case_");
        !self.hides(thing) && !(self.only.is_some() && (evidence || case))
    }

    /// Whether a subject is a document that this reader may not know of.
    pub fn hides(&self, subject: &str) -> bool {
        let thing = subject.split('/').next().unwrap_or_default();
        self.words.iter().any(|word| word == thing)
    }

    fn may_see(&self, kind: &str, payload: &str) -> bool {
        let others = || {
            let Some(own) = &self.only else { return false };
            !OF_INSTALLATION.contains(&kind) && serde_json::from_str(payload).is_ok_and(|value: Value| of_another(&value, own))
        };
        !self.words.iter().any(|word| payload.contains(word.as_str())) && !others()
    }
}

/// Whether something in it says that it belongs to another organisation.
fn of_another(value: &Value, own: &str) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, inner)| {
            let other = key == "organisation" && inner.as_str().is_some_and(|o| o != own);
            other || of_another(inner, own)
        }),
        Value::Array(all) => all.iter().any(|inner| of_another(inner, own)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// A name as it stands within a JSON text.
fn written(name: &str) -> String {
    let quoted = Value::from(name).to_string();
    quoted.trim_matches('"').to_owned()
}
