//! How long something is kept, whose it is, and which holds stand on it: what erasing depends on.

mod certificate;
mod finish;
mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use jiff::civil::Date;
use rules::account::Standing;
use rules::act::japan;
use rules::case::State;
use rules::id::{self, Id};
use rules::keeping::{self, Hold, Matter, Record, Rule, Scope, Start, Term};
use rules::refusal::Refusal;
use rules::text::{Text, text, worded};
use store::Conn;
use store::tables::{accounts, evaluation, evidence, keeping as rows, party};

use crate::{App, Error};

pub use read::{Due, HoldRead, KeepingRead, Kept};

/// Words kept for looking at most, and how long each may be, in characters.
const WORDS: usize = 400;
const WORD: usize = 24;

/// What an installation knows of keeping: the rules of the catalogue, and words that were just erased.
///
/// The words are in this memory alone, until the certificate says that they were found nowhere.
#[derive(Default)]
pub struct Keeper {
    pub rules: Vec<Rule>,
    words: Mutex<BTreeMap<Id<id::Erasure>, Vec<String>>>,
}

impl Keeper {
    /// Reads the rules inside the binary.
    pub(crate) fn shipped() -> Result<Keeper, Error> {
        let rules = keeping::shipped(keeping::SHIPPED)
            .map_err(|faults| Error::Broken(format!("the rules of retention have {} faults", faults.len())))?;
        Ok(Keeper { rules, words: Mutex::default() })
    }

    pub(crate) fn remember(&self, erasure: Id<id::Erasure>, words: Vec<String>) {
        self.words.lock().unwrap_or_else(PoisonError::into_inner).insert(erasure, words);
    }

    fn words(&self, erasure: Id<id::Erasure>) -> Option<Vec<String>> {
        self.words.lock().unwrap_or_else(PoisonError::into_inner).get(&erasure).cloned()
    }

    fn forget(&self, erasure: Id<id::Erasure>) {
        self.words.lock().unwrap_or_else(PoisonError::into_inner).remove(&erasure);
    }
}

/// Picks words out of a payload by which it can be recognised: texts of people, not ids, times or choices.
pub(crate) fn collect(payload: &str, out: &mut Vec<String>) {
    fn walk(value: &serde_json::Value, out: &mut Vec<String>) {
        match value {
            serde_json::Value::String(words) => out.extend(marks(words)),
            serde_json::Value::Array(all) => all.iter().for_each(|v| walk(v, out)),
            serde_json::Value::Object(all) => all.values().for_each(|v| walk(v, out)),
            _ => {}
        }
    }
    if let Ok(value) = serde_json::from_str(payload) {
        let mut found = vec![];
        walk(&value, &mut found);
        found.retain(|word| !out.contains(word));
        let free = WORDS.saturating_sub(out.len());
        out.extend(found.into_iter().take(free));
    }
}

/// The first and the middle words of a text, as they stand in a database byte for byte.
fn marks(words: &str) -> Vec<String> {
    let plain = |c: &char| !c.is_control() && *c != '"' && *c != '\\';
    let is_word = |w: &String| {
        let random = w.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '-' | ':' | '.' | 'T' | 'Z' | '+'));
        w.len() >= 9 && !random && (!w.is_ascii() || w.contains(' ') || w.contains('.'))
    };
    // An id is a prefix and 32 digits; a time begins with a year.
    let id = words.rsplit_once('_').is_some_and(|(_, tail)| tail.len() == 32 && tail.bytes().all(|b| b.is_ascii_hexdigit()));
    if id {
        return vec![];
    }
    let middle = words.chars().count() / 2;
    let pieces = [words.chars().take_while(plain).take(WORD).collect(), words.chars().skip(middle).take_while(plain).take(WORD).collect()];
    let mut out: Vec<String> = pieces.into_iter().filter(is_word).collect();
    out.dedup();
    out
}

/// The organisations that something belongs to; nobody's is empty.
pub(crate) fn owners(conn: &mut Conn, matter: &Matter) -> Result<Vec<Id<id::Organisation>>, store::Error> {
    Ok(match matter {
        Matter::Case { case } => match evaluation::facts(conn, *case)? {
            Some(facts) if facts.case.round > 0 && !facts.case.is_self_evaluation() => vec![facts.case.provider, facts.case.body],
            Some(facts) => vec![facts.case.provider],
            None => vec![],
        },
        Matter::Evidence { series } => evidence::versions(conn, *series)?.first().map(|e| e.organisation).into_iter().collect(),
        Matter::Person { person } => accounts::account(conn, *person)?.and_then(|a| a.home).into_iter().collect(),
        Matter::Organisation { organisation } => party::organisation(conn, *organisation)?.map(|o| o.id).into_iter().collect(),
    })
}

/// The holds that keep something: on it, on an organisation it belongs to, on what it contains or is part of.
pub(crate) fn holds_on(conn: &mut Conn, matter: &Matter) -> Result<Vec<Hold>, store::Error> {
    let standing = rows::standing(conn)?;
    if standing.is_empty() {
        return Ok(vec![]);
    }
    let mut related = BTreeSet::from([matter.subject()]);
    related.extend(owners(conn, matter)?.into_iter().map(|o| o.to_string()));
    match matter {
        Matter::Case { case } => related.extend(store::erase::claimed(conn, *case)?.into_iter().map(|series| series.to_string())),
        Matter::Evidence { series } => related.extend(store::erase::claiming(conn, *series)?.into_iter().map(|case| case.to_string())),
        Matter::Person { .. } | Matter::Organisation { .. } => {}
    }
    let mut out = vec![];
    for hold in standing {
        let keeps = match (&hold.matter, matter) {
            _ if related.contains(&hold.matter.subject()) => true,
            // Who did something in a case that is held stays known by name.
            (Matter::Case { case }, Matter::Person { person }) => store::erase::acted_in(conn, *person, *case)?,
            _ => false,
        };
        if keeps {
            out.push(hold);
        }
    }
    Ok(out)
}

/// The rules that count for something: those of the catalogue, and those of every organisation it belongs to.
pub(crate) fn rules_for(app: &App, conn: &mut Conn, matter: &Matter) -> Result<Vec<Rule>, store::Error> {
    let mut out = app.keeping.rules.clone();
    for organisation in owners(conn, matter)? {
        out.extend(rows::rules(conn, organisation)?);
    }
    Ok(out)
}

/// From which day its time runs, as each kind of record it is. `everywhere` looks into the ledgers of others too: where
/// it counts, and not in a list.
pub(crate) fn starts(conn: &mut Conn, matter: &Matter, everywhere: bool) -> Result<Vec<Start>, store::Error> {
    let day = |at: jiff::Timestamp| japan(at).date();
    let mut ledgers = vec![];
    if !everywhere {
        ledgers.extend(owners(conn, matter)?.into_iter().map(|o| o.to_string()));
        ledgers.push(store::INSTALLATION.to_owned());
    }
    let log = (Record::Log, store::erase::last_line(conn, matter, None, &ledgers)?.map(day));
    Ok(match matter {
        Matter::Case { case } => {
            let state = evaluation::facts(conn, *case)?.map(|f| f.case.state);
            let over = state.is_some_and(|s| matches!(s, State::Refused | State::Renewed | State::Expired | State::Withdrawn));
            vec![(Record::Case, log.1.filter(|_| over)), log]
        }
        Matter::Evidence { series } => {
            let newest = evidence::versions(conn, *series)?.into_iter().next();
            vec![(Record::Evidence, newest.map(|e| e.valid_until.unwrap_or(Date::MIN).max(day(e.at)))), log]
        }
        Matter::Person { person } => {
            let closed = accounts::account(conn, *person)?.is_some_and(|a| a.standing == Standing::Closed);
            let at = store::erase::last_line(conn, matter, Some("account_closed"), &ledgers)?;
            vec![(Record::Person, at.filter(|_| closed).map(day)), log]
        }
        // Nothing says when the time of a whole organisation begins.
        Matter::Organisation { .. } => vec![(Record::Log, None)],
    })
}

/// What an erasure looks for.
pub(crate) fn scope(conn: &mut Conn, matter: &Matter) -> Result<Scope, store::Error> {
    let of = Scope::of(matter.clone());
    Ok(match matter {
        Matter::Person { person } => match party::person(conn, *person)? {
            Some(p) => Scope { email: p.email, name: p.name, ..of },
            None => of,
        },
        _ => of,
    })
}

/// Refuses an erasure before the time is over, under a hold, or while something else needs it. Returns the authority for
/// it: the rule that kept it longest, and until when.
pub(crate) fn may_leave(app: &App, conn: &mut Conn, matter: &Matter, today: Date) -> Result<String, Error> {
    if let Matter::Organisation { .. } = matter {
        return Err(Refusal::invalid(
            "matter",
            text(
                "組織は一度に消去できません。案件、証跡、廃止したアカウントを一つずつ申請してください。",
                "An organisation is not erased at once: request it for its cases, documents and closed accounts one by one.",
            ),
        )
        .into());
    }
    if let Some(hold) = holds_on(conn, matter)?.first() {
        return Err(crate::execute::keeping::held(hold).into());
    }
    if let Matter::Evidence { series } = matter
        && let Some(case) = store::erase::claiming(conn, *series)?.first()
    {
        return Err(Refusal::state(worded(
            format!("案件 {case} で紐付けられているため、消去できません。先に案件の保存期間が終わり、消去されている必要があります。"),
            format!("The case {case} refers to it: that case has to be over and erased first."),
        ))
        .into());
    }
    if let Matter::Person { person } = matter
        && party::person(conn, *person)?.is_none_or(|p| p.email == keeping::erased_email(*person))
    {
        return Err(Refusal::state(text("すでに消去されています。", "It is erased already.")).into());
    }
    let rules = rules_for(app, conn, matter)?;
    match keeping::term(&rules, &starts(conn, matter, true)?, today) {
        Term::Until { last, rule } if last < today => Ok(format!("{} ({}): {last}", rule.id, rule.source)),
        term => Err(Refusal::state(told(&term)).into()),
    }
}

/// Why something cannot be erased yet.
pub(crate) fn told(term: &Term<'_>) -> Text {
    match term {
        Term::NotBegun => text(
            "保存期間がまだ始まっていません（案件が終わっていない、アカウントが廃止されていない、または起算日が分かりません）。",
            "Its time has not begun: the case is not over, the account is not closed, or the start is not known.",
        ),
        Term::NoRule(record) => worded(
            format!("「{}」に効力のある保存期間の規則がないため、消去できません。", record.word()),
            format!("No rule of retention is in force for {}, so it is not erased.", record.word()),
        ),
        Term::Until { last, rule } => worded(
            format!(
                "{last}まで保存する必要があります（規則「{}」: {}、{}から{}）。",
                rule.id,
                rule.about().ja,
                rule.starts.ja,
                rule.period().ja
            ),
            format!(
                "It has to be kept until {last} (rule {}: {}, {} from {}).",
                rule.id,
                rule.about().en,
                rule.period().en,
                rule.starts.en
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_by_which_a_payload_is_known_are_those_of_people() {
        let mut out = vec![];
        collect(
            r#"{"kind":"answer_given","case":"case_00000000000070008000000000000000","at":"2026-11-22T01:00:00.000000Z","n":3,
            "digest":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "content":{"text":"入退室は\"IC\"カードで管理しています。","remarks":""},"list":["seen","別紙 第3章を参照してください"]}"#,
            &mut out,
        );
        assert!(out.iter().all(|w| w.chars().count() <= WORD), "{out:?}");
        assert!(out.contains(&"入退室は".to_owned()) && out.iter().any(|w| w.starts_with("別紙 第3章")), "{out:?}");
        assert!(!out.iter().any(|w| w.contains("case_") || w.contains("2026") || w.contains("e3b0")), "{out:?}");
        let many = format!("[{}]", (0..2000).map(|n| format!("\"文章の番号は{n}です\"")).collect::<Vec<_>>().join(","));
        collect(&many, &mut out);
        assert_eq!(out.len(), WORDS);
    }
}
