//! A case as one side sees it: the facts, every item, the files, the names; and one item in depth.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use rules::act::Actor;
use rules::answer::Answer;
use rules::case::CaseFacts;
use rules::evidence::Evidence;
use rules::id::{self, Id, ItemNo, Pos};
use rules::item::ItemFacts;
use rules::party::{Organisation, Phrase, Product, Role};
use rules::policy::{self, CaseView, Side};
use rules::progress::{self, Load, Progress};
use rules::quality::{self, Before, Remark};
use rules::refusal::Refusal;
use rules::sheet::{ConfirmedText, Item, Layer, Sheet};
use rules::verdict::{Message, Verdict};
use store::Conn;
use store::tables::{evaluation, evidence, items, party, sheets};

use crate::execute::all_items;
use crate::{App, Error};

/// A whole case as one side sees it.
#[derive(Debug, Clone)]
pub struct CaseRead {
    pub facts: CaseFacts,
    pub side: Side,
    /// Every side the actor could look from.
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
    /// Files that claims in view point to.
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
    /// The provider's documents, for the applicant to choose from.
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

/// What changed in an item between two submitted rounds.
#[derive(Debug, Clone)]
pub struct RoundDiff {
    pub no: ItemNo,
    pub before: ItemFacts,
    pub after: ItemFacts,
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
    let found = all_items(conn, &sheet, &view)?;
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
    let evidence = evidence::of_case(conn, &view)?.into_iter().map(|e| (e.id, e)).collect();
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
            let library = if view.side() == Side::Applicant { evidence::newest(conn, case.provider.id)? } else { vec![] };
            Ok(ItemRead { case, no, answers, verdicts, messages, phrases, library })
        })
    }

    /// What a submitted round held, as far as the actor may see it; for ever the same.
    pub fn round(&self, actor: &Actor, case: Id<id::Case>, side: Option<Side>, n: u32) -> Result<CaseRead, Error> {
        self.store.read(|conn| {
            let (mut read, view) = load(self, conn, actor, case, side)?;
            let view = view.at_round(&read.facts, n).ok_or(Refusal::not_found())?;
            read.items = all_items(conn, &read.sheet, &view)?;
            read.evidence = evidence::of_case(conn, &view)?.into_iter().map(|e| (e.id, e)).collect();
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

    /// The provider's documents, the newest version of each.
    pub fn library(&self, actor: &Actor) -> Result<Vec<Evidence>, Error> {
        let organisation = actor.organisation.ok_or(Refusal::forbidden())?;
        if !actor.has(Role::Officer) && !actor.has(Role::Colleague) {
            return Err(Refusal::forbidden().into());
        }
        Ok(self.store.read(|conn| evidence::newest(conn, organisation))?)
    }

    /// A document of the actor's own organisation: all versions, and where they are claimed.
    pub fn document(&self, actor: &Actor, id: Id<id::Evidence>) -> Result<(Vec<Evidence>, Vec<evidence::Use>), Error> {
        let own = |e: &Evidence| actor.organisation == Some(e.organisation) && (actor.has(Role::Officer) || actor.has(Role::Colleague));
        self.store.read(|conn| {
            let one = evidence::one(conn, id)?.filter(own).ok_or(Refusal::not_found())?;
            Ok((evidence::versions(conn, one.series)?, evidence::uses(conn, one.series)?))
        })
    }

    /// The file itself. The provider opens its own; others only what a claim in their view of the case points to.
    pub fn file(&self, actor: &Actor, id: Id<id::Evidence>, through: Option<Id<id::Case>>) -> Result<(Evidence, std::fs::File), Error> {
        let found = self.store.read(|conn| -> Result<Evidence, Error> {
            let one = evidence::one(conn, id)?.ok_or(Refusal::not_found())?;
            let own = actor.organisation == Some(one.organisation) && (actor.has(Role::Officer) || actor.has(Role::Colleague));
            if own {
                return Ok(one);
            }
            let facts = evaluation::facts(conn, through.ok_or(Refusal::not_found())?)?.ok_or(Refusal::not_found())?;
            for side in policy::sides(actor, &facts) {
                let view = policy::view(actor, &facts, Some(side))?;
                // An institution reads what is public or disclosable; confidential files stay between the two sides.
                let shown = side != Side::Institution || one.label != rules::evidence::Label::Confidential;
                if shown && evidence::of_case(conn, &view)?.iter().any(|e| e.id == id) {
                    return Ok(one);
                }
            }
            Err(Refusal::not_found().into())
        })?;
        let file = self.blobs.get(found.digest)?;
        Ok((found, file))
    }
}
