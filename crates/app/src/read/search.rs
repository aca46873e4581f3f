//! Search over everything the actor may read: items of every sheet, answers and documents.

use std::collections::{BTreeMap, BTreeSet};

use rules::act::Actor;
use rules::id::{self, Id, ItemNo};
use rules::party::Role;
use rules::policy::{self, Side};
use rules::sheet::{Item, Sheet, SheetId};
use rules::text::{Text, worded};
use store::Conn;
use store::search::{self, Found, Shelf};
use store::tables::evaluation::{self, Whose};
use store::tables::{evidence, party, sheets};
use store::words;

use super::sight::Sight;
use crate::vault::files;
use crate::{App, Error};

/// The most hits of each kind.
const MOST: usize = 50;
/// Files of one organisation that are opened at most to look for a query.
const CANDIDATES: u32 = 200;
/// The longest query that is looked at, in characters; nobody types more.
const LONGEST: usize = 200;
/// The most cases an evaluator's or an institution's search covers, the newest.
const CASES: u32 = 1000;

/// What a hit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HitKind {
    /// An item of a sheet.
    Item,
    /// An answer in a case.
    Answer,
    /// An evidence file, by its name.
    Evidence,
    /// An evidence file, by the words in it. They are shown to who opens the file, and not in the list of hits.
    Words,
}

/// One thing that holds every word of the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub kind: HitKind,
    pub case: Option<Id<id::Case>>,
    /// From which side the actor opens the case.
    pub side: Option<Side>,
    pub item: Option<ItemNo>,
    pub sheet: Option<SheetId>,
    pub evidence: Option<Id<id::Evidence>>,
    pub title: Text,
    /// The text around the first match, in pieces; `true` marks what matches.
    pub snippet: Vec<(String, bool)>,
    /// The first page, slide or worksheet that has every word; of a file of several, where one has.
    pub page: Option<u32>,
}

/// Where the actor may search, and what they are there.
struct Scope {
    tenant: Id<id::Organisation>,
    shelf: Shelf,
    side: Side,
    only: Option<Vec<Id<id::Case>>>,
}

/// Cases of a list that the actor may look at from a side, by body.
fn open_cases(
    conn: &mut Conn,
    actor: &Actor,
    whose: Whose,
    side: Side,
) -> Result<BTreeMap<Id<id::Organisation>, Vec<Id<id::Case>>>, Error> {
    let mut out: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for case in evaluation::list(conn, whose, None, CASES)? {
        let open = evaluation::facts(conn, case.id)?.is_some_and(|facts| policy::sides(actor, &facts).contains(&side));
        if open {
            out.entry(case.body).or_default().push(case.id);
        }
    }
    Ok(out)
}

fn scopes(conn: &mut Conn, actor: &Actor) -> Result<Vec<Scope>, Error> {
    let (Some(tenant), Some(person)) = (actor.organisation, actor.person) else { return Ok(vec![]) };
    let mut out = vec![];
    if actor.has(Role::Officer) || actor.has(Role::Colleague) {
        out.push(Scope { tenant, shelf: Shelf::Own, side: Side::Applicant, only: None });
    }
    let narrowed = |cases: BTreeMap<_, Vec<_>>, side| {
        cases.into_iter().map(move |(tenant, cases)| Scope { tenant, shelf: Shelf::Received, side, only: Some(cases) })
    };
    if actor.has(Role::Secretariat) || actor.has(Role::Decider) {
        out.push(Scope { tenant, shelf: Shelf::Received, side: Side::Body, only: None });
    } else if actor.has(Role::Evaluator) {
        let assigned = open_cases(conn, actor, Whose::Evaluator { person, body: tenant }, Side::Body)?;
        out.extend(narrowed(assigned, Side::Body));
    }
    if actor.has(Role::InstitutionOfficer) {
        let disclosed = open_cases(conn, actor, Whose::Institution(tenant), Side::Institution)?;
        out.extend(narrowed(disclosed, Side::Institution));
    }
    Ok(out)
}

/// An item's texts: what the page of a sheet shows of it, in every layer.
fn texts<'a>(item: &'a Item, confirmed: Option<&'a str>) -> Vec<&'a str> {
    let mut out = vec![item.best_text().0, &item.text.transcribed, &item.title.ja, &item.title.en, &item.summary_en];
    // Where a person confirmed a wording, it is the one to show first.
    out.splice(0..0, confirmed);
    out.push(&item.evidence.transcribed);
    out.extend(item.evidence.names.iter().map(String::as_str));
    out
}

/// Whether the query is this item's number, as in `81`, `８１`, `No.81` or `項目81`.
fn names_number(query: &str, no: ItemNo) -> bool {
    let folded = search::fold(query);
    let digits = folded.trim_start_matches("項目").trim_start_matches("no").trim_start_matches('.').trim_start_matches('#');
    digits.parse() == Ok(no.0)
}

fn items_of(sheet: &Sheet, confirmed: &BTreeMap<ItemNo, String>, query: &str) -> Vec<Hit> {
    let found = |item: &Item, shown: &str| Hit {
        kind: HitKind::Item,
        case: None,
        side: None,
        item: Some(item.no),
        sheet: Some(sheet.id.clone()),
        evidence: None,
        title: item_title(item),
        snippet: search::snippet(shown, query),
        page: None,
    };
    let query_words = search::Words::of(query);
    let mut out = vec![];
    for item in &sheet.items {
        let texts = texts(item, confirmed.get(&item.no).map(String::as_str));
        if names_number(query, item.no) {
            out.insert(0, found(item, texts[0]));
        } else if query_words.are_in(&texts.join("\n")) {
            // Words may stand in several texts: show the one with all of them, else one with some.
            let whole = texts.iter().find(|text| query_words.are_in(text));
            let shown = whole.or_else(|| texts.iter().find(|text| query_words.touch(text)));
            out.push(found(item, shown.unwrap_or(&texts[0])));
        }
    }
    out
}

fn item_title(item: &Item) -> Text {
    worded(format!("{} {}", item.no, item.title.ja), format!("{} {}", item.no, item.title.en))
}

impl App {
    /// What holds every word of the query (parted by spaces) among all that the actor may read: items first, then
    /// answers and documents, the newest first. An empty query finds nothing.
    pub fn search(&self, actor: &Actor, query: &str) -> Result<Vec<Hit>, Error> {
        let query: String = query.trim().chars().take(LONGEST).collect();
        if query.is_empty() {
            return Ok(vec![]);
        }
        self.store.read(|conn| {
            let mut out = vec![];
            for sheet in self.content.sheets() {
                let confirmed = sheets::confirmed_texts(conn, &sheet.id)?.into_iter().map(|c| (c.item, c.text)).collect();
                out.extend(items_of(&sheet, &confirmed, &query));
            }
            out.truncate(MOST);
            let (mut about, mut seen) = (About::default(), BTreeSet::new());
            let (mut within, mut seen_within) = (vec![], BTreeSet::new());
            for scope in scopes(conn, actor)? {
                let sight = Sight::of(conn, actor, scope.side, scope.tenant)?;
                // What is kept back takes nobody's place among the hits.
                let limit = u32::try_from(MOST + sight.hidden()).unwrap_or(u32::MAX);
                let mut hits = vec![];
                for found in search::find(conn, scope.tenant, scope.shelf, scope.only.as_deref(), &query, limit)? {
                    // Somebody may reach one answer from two sides; the first counts.
                    if seen.insert((found.case, found.item, found.evidence)) {
                        hits.extend(self.hit(conn, &mut about, &scope, &sight, found, &query)?);
                    }
                }
                hits.truncate(MOST);
                out.extend(hits);
                within.extend(self.within_files(conn, &scope, &sight, &query, &mut seen_within)?);
            }
            within.truncate(MOST);
            out.extend(within);
            Ok(out)
        })
    }

    /// A hit as this side may see it.
    fn hit(
        &self,
        conn: &mut Conn,
        about: &mut About,
        scope: &Scope,
        sight: &Sight,
        found: Found,
        query: &str,
    ) -> Result<Option<Hit>, Error> {
        if let Some(id) = found.evidence
            && evidence::one(conn, id)?.is_none_or(|e| !sight.shows(&e))
        {
            return Ok(None);
        }
        let (kind, title, sheet) = match (found.case, found.evidence) {
            (_, Some(_)) => (HitKind::Evidence, worded(found.body.clone(), found.body.clone()), None),
            (Some(case), None) => {
                let Some((product, sheet)) = about.case(conn, case)? else { return Ok(None) };
                let sheet = self.content.sheet(&self.store, &sheet)?;
                let title = found.item.and_then(|no| sheet.item(no)).map(item_title).unwrap_or_else(|| worded("", ""));
                (HitKind::Answer, worded(format!("{product} {}", title.ja), format!("{product} {}", title.en)), Some(sheet.id.clone()))
            }
            (None, None) => return Ok(None),
        };
        let snippet = search::snippet(&found.body, query);
        let side = found.case.map(|_| scope.side);
        Ok(Some(Hit { kind, case: found.case, side, item: found.item, sheet, evidence: found.evidence, title, snippet, page: None }))
    }

    /// Files that hold every word of the query and stand on a shelf the actor may search, as far as their labels and groups
    /// let the actor see them.
    fn within_files(
        &self,
        conn: &mut Conn,
        scope: &Scope,
        sight: &Sight,
        query: &str,
        seen: &mut BTreeSet<(Option<Id<id::Case>>, Id<id::Evidence>)>,
    ) -> Result<Vec<Hit>, Error> {
        let query = search::Words::of(query);
        let whose = match scope.shelf {
            Shelf::Own => vec![scope.tenant],
            Shelf::Received => words::providers(conn, scope.tenant)?,
        };
        let mut out = vec![];
        for organisation in whose {
            let Some(keys) = files::keys_with(&self.masters, conn, organisation)? else { continue };
            for candidate in words::find(conn, organisation, &keys, &query, CANDIDATES)? {
                // Whether somebody may see it comes before what is in it.
                if evidence::one(conn, candidate.evidence)?.is_none_or(|e| !sight.shows(&e)) {
                    continue;
                }
                let mut places = words::places(conn, &candidate, scope.tenant, scope.shelf)?;
                places.retain(|p| scope.only.as_ref().is_none_or(|only| p.case.is_some_and(|case| only.contains(&case))));
                places.retain(|p| !seen.contains(&(p.case, candidate.evidence)));
                if places.is_empty() {
                    continue;
                }
                let Some(pages) = keys.open_words(&candidate.words) else { continue };
                if !query.are_in(&pages.join("\n")) {
                    continue;
                }
                let page = pages.iter().position(|page| query.are_in(page)).filter(|_| pages.len() > 1);
                for place in places {
                    seen.insert((place.case, candidate.evidence));
                    out.push(Hit {
                        kind: HitKind::Words,
                        case: place.case,
                        side: place.case.map(|_| scope.side),
                        item: place.item,
                        sheet: None,
                        evidence: Some(candidate.evidence),
                        title: worded(place.name.clone(), place.name),
                        snippet: vec![],
                        page: page.and_then(|n| u32::try_from(n + 1).ok()),
                    });
                }
                if out.len() >= MOST {
                    return Ok(out);
                }
            }
        }
        Ok(out)
    }
}

/// Names of cases, looked up once per search.
#[derive(Default)]
struct About(BTreeMap<Id<id::Case>, Option<(String, SheetId)>>);

impl About {
    /// The product's name and the sheet.
    fn case(&mut self, conn: &mut Conn, case: Id<id::Case>) -> Result<Option<(String, SheetId)>, Error> {
        if let Some(known) = self.0.get(&case) {
            return Ok(known.clone());
        }
        let facts = evaluation::facts(conn, case)?;
        let found = match facts {
            Some(facts) => party::product(conn, facts.case.product)?.map(|product| (product.name, facts.case.sheet)),
            None => None,
        };
        self.0.insert(case, found.clone());
        Ok(found)
    }
}
