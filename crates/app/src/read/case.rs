//! A case as one side sees it: the facts, every item, the files, the names; and one item in depth.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use rules::act::Actor;
use rules::answer::Answer;
use rules::case::CaseFacts;
use rules::evidence::{Evidence, Label};
use rules::id::{self, Id, ItemNo, Pos};
use rules::item::ItemFacts;
use rules::party::{Group, Organisation, Phrase, Product, Role};
use rules::policy::{self, CaseView, Side};
use rules::progress::{self, Load, Progress};
use rules::quality::{self, Before, Remark};
use rules::refusal::Refusal;
use rules::sheet::{ConfirmedText, Item, Layer, Sheet};
use rules::verdict::{Message, Verdict};
use store::Conn;
use store::tables::{evaluation, evidence, items, party, requests, sheets};

use super::sight::Sight;
use crate::execute::all_items;
use crate::{App, Error};

/// A whole case as one side sees it.
#[derive(Debug, Clone)]
pub struct CaseRead {
    pub facts: CaseFacts,
    pub side: Side,
    /// Every side the actor could act from; empty for who may only look.
    pub sides: Vec<Side>,
    pub sheet: Arc<Sheet>,
    /// One entry per item of the sheet, in its order.
    pub items: Vec<ItemFacts>,
    pub provider: Organisation,
    pub body: Organisation,
    pub product: Product,
    /// Names of the people of both sides.
    pub names: BTreeMap<Id<id::Person>, String>,
    /// People of the provider who can own items, by name.
    pub colleagues: Vec<(Id<id::Person>, String)>,
    /// Evaluators of the body, by name.
    pub evaluators: Vec<(Id<id::Person>, String)>,
    /// Files that claims in view point to, as far as the actor sees them; a claim on another one is hidden.
    pub evidence: BTreeMap<Id<id::Evidence>, Evidence>,
    /// The newest confirmed wording of items.
    pub confirmed: BTreeMap<ItemNo, ConfirmedText>,
    pub notes: Vec<store::tables::evaluation::Note>,
    /// The cut of the round before the one in view: what is later "changed since the last round".
    pub previous_cut: Pos,
    pub today: Date,
}

impl CaseRead {
    pub fn item(&self, no: ItemNo) -> Option<(&Item, &ItemFacts)> {
        let at = self.items.binary_search_by_key(&no, |i| i.no).ok()?;
        Some((self.sheet.item(no)?, &self.items[at]))
    }
    /// The actor looks by an approved request and can do nothing here (item 18).
    pub fn is_only_seen(&self) -> bool {
        !self.sides.contains(&self.side)
    }
    /// A person's name, or a dash for somebody this side does not know.
    pub fn name(&self, person: Id<id::Person>) -> &str {
        self.names.get(&person).map_or("—", String::as_str)
    }
    /// The requirement's text that is read, and which layer it is.
    pub fn text<'a>(&'a self, item: &'a Item) -> (&'a str, Layer) {
        match self.confirmed.get(&item.no) {
            Some(confirmed) => (&confirmed.text, Layer::Confirmed),
            None => item.best_text(),
        }
    }
    pub fn progress(&self) -> Progress {
        progress::progress(&self.sheet, &self.items)
    }
    pub fn loads(&self) -> BTreeMap<Option<Id<id::Person>>, Load> {
        progress::loads(&self.sheet, &self.items, self.today)
    }
    /// The quality check of the side that looks.
    pub fn remarks(&self) -> Vec<Remark> {
        let before = if self.side == Side::Applicant { Before::Submitting } else { Before::Deciding };
        quality::check(&self.sheet, &self.items, &|id| self.evidence.get(&id), before, self.today)
    }
    /// The applicant changed it since the round before; meaningful from the second round on.
    pub fn changed(&self, facts: &ItemFacts) -> bool {
        self.previous_cut > Pos::NEVER && facts.changed_since(self.previous_cut)
    }
}

/// One item in depth.
#[derive(Debug, Clone)]
pub struct ItemRead {
    pub case: CaseRead,
    pub no: ItemNo,
    /// Versions of the answer in view, the newest first.
    pub answers: Vec<Answer>,
    /// Versions of the verdict in view, the newest first.
    pub verdicts: Vec<Verdict>,
    pub messages: Vec<Message>,
    /// Phrases of the actor's organisation.
    pub phrases: Vec<Phrase>,
    /// The provider's documents that the actor sees, for the applicant to choose from.
    pub library: Vec<Evidence>,
}

impl ItemRead {
    pub fn item(&self) -> &Item {
        self.case.sheet.item(self.no).unwrap_or_else(|| unreachable!("checked when it was read"))
    }
    pub fn facts(&self) -> &ItemFacts {
        self.case.item(self.no).map_or_else(|| unreachable!("checked when it was read"), |(_, f)| f)
    }
}

/// A document and its information group.
#[derive(Debug, Clone)]
pub struct Filed {
    /// The newest version.
    pub evidence: Evidence,
    pub group: Option<Group>,
}

/// A label that a document got.
#[derive(Debug, Clone)]
pub struct LabelRead {
    pub label: Label,
    pub group: Option<Group>,
    /// The version that came with the label; `None` where an officer set it.
    pub version: Option<u32>,
    pub by: String,
    pub at: jiff::Timestamp,
}

/// What changed in an item between two submitted rounds.
#[derive(Debug, Clone)]
pub struct RoundDiff {
    pub no: ItemNo,
    pub before: ItemFacts,
    pub after: ItemFacts,
}

/// The files that claims in view point to, and the claims narrowed, as far as the actor sees documents.
fn files(
    conn: &mut Conn,
    actor: &Actor,
    view: &CaseView,
    facts: &CaseFacts,
    items: &mut [ItemFacts],
) -> Result<BTreeMap<Id<id::Evidence>, Evidence>, Error> {
    let mut files = evidence::of_case(conn, view)?.into_iter().map(|e| (e.id, e)).collect();
    Sight::of(conn, actor, view.side(), facts.case.provider)?.narrow(items, &mut files);
    Ok(files)
}

pub(crate) fn load(
    app: &App,
    conn: &mut Conn,
    actor: &Actor,
    case: Id<id::Case>,
    side: Option<Side>,
) -> Result<(CaseRead, CaseView), Error> {
    let facts = evaluation::facts(conn, case)?.ok_or(Refusal::not_found())?;
    let view = policy::view(actor, &facts, side)?;
    let sheet = app.content.sheet(&app.store, &facts.case.sheet)?;
    let mut found = all_items(conn, &sheet, &view)?;
    let provider = party::organisation(conn, facts.case.provider)?.ok_or(Refusal::not_found())?;
    let body = party::organisation(conn, facts.case.body)?.ok_or(Refusal::not_found())?;
    let product = party::product(conn, facts.case.product)?.ok_or(Refusal::not_found())?;
    let mut names = BTreeMap::new();
    let (mut colleagues, mut evaluators) = (vec![], vec![]);
    if view.side() != Side::Institution {
        for (person, membership) in party::members(conn, provider.id)? {
            if membership.roles.iter().any(|r| matches!(r, Role::Officer | Role::Colleague)) {
                colleagues.push((person.id, person.name.clone()));
            }
            names.insert(person.id, person.name);
        }
        for (person, membership) in party::members(conn, body.id)? {
            if membership.roles.contains(&Role::Evaluator) {
                evaluators.push((person.id, person.name.clone()));
            }
            names.insert(person.id, person.name);
        }
    }
    let evidence = files(conn, actor, &view, &facts, &mut found)?;
    let confirmed = sheets::confirmed_texts(conn, &sheet.id)?.into_iter().map(|c| (c.item, c)).collect();
    let notes = evaluation::notes(conn, case)?;
    // While a round runs, "the last round" is the one before it; while the applicant works, it is the one submitted.
    let last = match view.side() {
        Side::Applicant => facts.rounds.last(),
        Side::Body | Side::Institution => facts.rounds.iter().rev().nth(1),
    };
    let previous_cut = last.map_or(Pos::NEVER, |r| r.cut);
    let sides = policy::sides(actor, &facts);
    let today = rules::act::japan(app.clock.now()).date();
    let read = CaseRead {
        side: view.side(),
        facts,
        sides,
        sheet,
        items: found,
        provider,
        body,
        product,
        names,
        colleagues,
        evaluators,
        evidence,
        confirmed,
        notes,
        previous_cut,
        today,
    };
    Ok((read, view))
}

/// The organisation whose documents the actor works with.
fn works_for(actor: &Actor) -> Result<Id<id::Organisation>, Refusal> {
    actor.organisation.filter(|_| actor.has(Role::Officer) || actor.has(Role::Colleague)).ok_or(Refusal::forbidden())
}

fn is_own(actor: &Actor, file: &Evidence) -> bool {
    works_for(actor) == Ok(file.organisation)
}

/// The newest version of each document that somebody of the provider sees.
fn newest(conn: &mut Conn, actor: &Actor, provider: Id<id::Organisation>) -> Result<Vec<Evidence>, Error> {
    let sight = Sight::of(conn, actor, Side::Applicant, provider)?;
    Ok(evidence::newest(conn, provider)?.into_iter().filter(|e| sight.shows(e)).collect())
}

impl App {
    /// A case as the actor sees it, from a side or from the first they have.
    pub fn case(&self, actor: &Actor, case: Id<id::Case>, side: Option<Side>) -> Result<CaseRead, Error> {
        self.store.read(|conn| Ok(load(self, conn, actor, case, side)?.0))
    }

    /// One item of a case.
    pub fn item(&self, actor: &Actor, case: Id<id::Case>, side: Option<Side>, no: ItemNo) -> Result<ItemRead, Error> {
        self.store.read(|conn| {
            let (case, view) = load(self, conn, actor, case, side)?;
            crate::execute::item_of(&case.sheet, no).map_err(|_| Refusal::not_found())?;
            let answers = items::answer_history(conn, &view, no)?;
            let verdicts = items::verdict_history(conn, &view, no)?;
            let messages = items::messages(conn, &view, no)?;
            let phrases = actor.organisation.map(|o| party::phrases(conn, o)).transpose()?.unwrap_or_default();
            let library = if view.side() == Side::Applicant { newest(conn, actor, case.provider.id)? } else { vec![] };
            Ok(ItemRead { case, no, answers, verdicts, messages, phrases, library })
        })
    }

    /// What a submitted round held, as far as the actor may see it; for ever the same.
    pub fn round(&self, actor: &Actor, case: Id<id::Case>, side: Option<Side>, n: u32) -> Result<CaseRead, Error> {
        self.store.read(|conn| {
            let (mut read, view) = load(self, conn, actor, case, side)?;
            let view = view.at_round(&read.facts, n).ok_or(Refusal::not_found())?;
            read.items = all_items(conn, &read.sheet, &view)?;
            read.evidence = files(conn, actor, &view, &read.facts, &mut read.items)?;
            Ok(read)
        })
    }

    /// Items whose answer or claims differ between two rounds.
    pub fn compare_rounds(
        &self,
        actor: &Actor,
        case: Id<id::Case>,
        side: Option<Side>,
        from: u32,
        to: u32,
    ) -> Result<(CaseRead, Vec<RoundDiff>), Error> {
        let (before, after) = (self.round(actor, case, side, from)?, self.round(actor, case, side, to)?);
        let told = |f: &ItemFacts| (f.answer.as_ref().map(|a| a.content.clone()), f.claims.iter().map(|c| c.written()).collect::<Vec<_>>());
        let diffs = before
            .items
            .iter()
            .zip(&after.items)
            .filter(|(b, a)| told(b) != told(a))
            .map(|(b, a)| RoundDiff { no: b.no, before: b.clone(), after: a.clone() })
            .collect();
        Ok((after, diffs))
    }

    /// The provider's documents that the actor sees, the newest version of each.
    pub fn library(&self, actor: &Actor) -> Result<Vec<Evidence>, Error> {
        let organisation = works_for(actor)?;
        self.store.read(|conn| newest(conn, actor, organisation))
    }

    /// As [`App::library`], each with its information group.
    pub fn filed_library(&self, actor: &Actor) -> Result<Vec<Filed>, Error> {
        let organisation = works_for(actor)?;
        self.store.read(|conn| {
            let groups = requests::groups(conn, organisation)?;
            let filings = evidence::filings(conn, organisation)?;
            let group = |e: &Evidence| {
                let id = filings.get(&e.series).and_then(|(_, group)| *group)?;
                groups.iter().find(|g| g.id == id).cloned()
            };
            Ok(newest(conn, actor, organisation)?.into_iter().map(|e| Filed { group: group(&e), evidence: e }).collect())
        })
    }

    /// A document of the actor's own organisation: all versions, and where they are claimed.
    pub fn document(&self, actor: &Actor, id: Id<id::Evidence>) -> Result<(Vec<Evidence>, Vec<evidence::Use>), Error> {
        let found = self.store.read(|conn| -> Result<_, Error> {
            let one = evidence::one(conn, id)?.filter(|e| is_own(actor, e)).ok_or(Refusal::not_found())?;
            if !Sight::of(conn, actor, Side::Applicant, one.organisation)?.shows(&one) {
                return Ok(None);
            }
            Ok(Some((evidence::versions(conn, one.series)?, evidence::uses(conn, one.series)?)))
        })?;
        found.map_or_else(|| self.kept_back(actor, "see_document", id), Ok)
    }

    /// How a document is labelled and grouped, and what it was before, the newest first.
    pub fn labels(&self, actor: &Actor, id: Id<id::Evidence>) -> Result<Vec<LabelRead>, Error> {
        let (versions, _) = self.document(actor, id)?;
        let newest = versions.first().ok_or(Refusal::not_found())?;
        self.store.read(|conn| {
            let groups = requests::groups(conn, newest.organisation)?;
            let mut out = vec![];
            for found in evidence::labels(conn, newest.series)? {
                let by = match found.by.parse() {
                    Ok(person) => party::person(conn, person)?.map_or(found.by, |p| p.name),
                    Err(_) => found.by,
                };
                let group = found.group.and_then(|id| groups.iter().find(|g| g.id == id).cloned());
                out.push(LabelRead { label: found.label, group, version: found.version, by, at: found.at });
            }
            Ok(out)
        })
    }

    /// The file itself. The provider opens its own, as far as its information groups allow; others only what a claim in
    /// their view of the case points to and its label allows.
    pub fn file(&self, actor: &Actor, id: Id<id::Evidence>, through: Option<Id<id::Case>>) -> Result<(Evidence, store::BlobReader), Error> {
        let found = self.store.read(|conn| -> Result<Option<Evidence>, Error> {
            let one = evidence::one(conn, id)?.ok_or(Refusal::not_found())?;
            let own = is_own(actor, &one);
            if own && Sight::of(conn, actor, Side::Applicant, one.organisation)?.shows(&one) {
                return Ok(Some(one));
            }
            // Whoever has some right to it, and not this one, tried what the label forbids; the others learn nothing.
            let mut tried = own;
            if let Some(facts) = through.map(|case| evaluation::facts(conn, case)).transpose()?.flatten() {
                for side in policy::sides(actor, &facts) {
                    let view = policy::view(actor, &facts, Some(side))?;
                    if evidence::of_case(conn, &view)?.iter().any(|e| e.id == id) {
                        if Sight::of(conn, actor, side, facts.case.provider)?.shows(&one) {
                            return Ok(Some(one));
                        }
                        tried = true;
                    }
                }
            }
            if tried { Ok(None) } else { Err(Refusal::not_found().into()) }
        })?;
        let found = found.map_or_else(|| self.kept_back(actor, "open_file", id), Ok)?;
        self.must_not_be_locked(found.digest)?;
        let file = self.kept_file(found.organisation, found.digest)?;
        Ok((found, file))
    }

    /// Refuses as if the document did not exist, and records that somebody tried.
    fn kept_back<T>(&self, actor: &Actor, act: &str, id: Id<id::Evidence>) -> Result<T, Error> {
        self.note_refused(actor, act, &id.to_string())?;
        Err(Refusal::not_found().into())
    }
}
