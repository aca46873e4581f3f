//! What a package says of a case, what it changes against an earlier one, and the changes by which it becomes a round here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::answer::{Content, Origin};
use crate::case::{Case, CaseFacts, State};
use crate::change::Change;
use crate::evidence::{Claim, Evidence, Label, Stored};
use crate::id::{self, Digest, Id, ItemNo, PointNo, Pos};
use crate::item::ItemFacts;
use crate::party::{Organisation, OrganisationKind, Product, bounded, line};
use crate::refusal::Refusal;
use crate::sheet::{Sheet, SheetId};
use crate::text::{text, worded};

/// A case as one package carries it: `submission.json`. Ids are the sender's until the receiver replaces them by its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The version of this form.
    pub v: u32,
    /// The organisation that sends, and the one it is meant for, as their cards name them.
    pub from: Id<id::Organisation>,
    pub to: Id<id::Organisation>,
    pub provider: SubmittedParty,
    pub product: SubmittedProduct,
    pub case: Id<id::Case>,
    /// The reference number at the sender.
    pub number: Option<String>,
    pub sheet: SheetId,
    /// The round at the sender; 0 where nothing was submitted there.
    pub round: u32,
    pub items: Vec<SubmittedItem>,
    pub evidence: Vec<SubmittedFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmittedParty {
    pub id: Id<id::Organisation>,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmittedProduct {
    pub id: Id<id::Product>,
    pub name: String,
    pub description: String,
    pub profile: BTreeMap<String, bool>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmittedItem {
    pub no: ItemNo,
    pub answer: Option<Content>,
    pub claims: Vec<SubmittedClaim>,
    pub improvement_answer: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmittedClaim {
    pub point: PointNo,
    pub evidence: Option<Id<id::Evidence>>,
    pub document: String,
    pub page: Option<u32>,
    pub place: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmittedFile {
    pub id: Id<id::Evidence>,
    pub series: Id<id::Evidence>,
    pub version: u32,
    pub name: String,
    pub media: String,
    pub size: u64,
    pub digest: Digest,
    pub label: Label,
    pub valid_until: Option<Date>,
}

impl SubmittedClaim {
    pub fn of(claim: &Claim) -> SubmittedClaim {
        SubmittedClaim {
            point: claim.point,
            evidence: claim.evidence,
            document: claim.document.clone(),
            page: claim.page,
            place: claim.place.clone(),
        }
    }
}

impl SubmittedItem {
    /// What the applicant said of an item; nothing where they said nothing.
    pub fn of(facts: &ItemFacts) -> Option<SubmittedItem> {
        let answer = facts.answer.as_ref().map(|a| a.content.clone());
        let improvement_answer = facts.improvement_answer.as_ref().map(|a| a.text.clone());
        if answer.is_none() && facts.claims.is_empty() && improvement_answer.is_none() {
            return None;
        }
        Some(SubmittedItem { no: facts.no, answer, claims: facts.claims.iter().map(SubmittedClaim::of).collect(), improvement_answer })
    }
}

impl SubmittedFile {
    pub fn of(file: &Evidence) -> SubmittedFile {
        SubmittedFile {
            id: file.id,
            series: file.series,
            version: file.version,
            name: file.name.clone(),
            media: file.media.clone(),
            size: file.size,
            digest: file.digest,
            label: file.label,
            valid_until: file.valid_until,
        }
    }
}

impl Submission {
    /// The highest label inside. Answers themselves are never public.
    pub fn label(&self) -> Label {
        self.evidence.iter().map(|f| f.label).max().unwrap_or(Label::Disclosable).max(Label::Disclosable)
    }
}

/// A package that was opened, ready to be taken in: ids are those of this installation, and the files lie in the vault.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    pub submission: Submission,
    /// What the vault measured of each file.
    pub stored: BTreeMap<Digest, Stored>,
}

/// What stands here from earlier packages of the case.
#[derive(Debug, Clone)]
pub struct Standing {
    pub facts: CaseFacts,
    pub items: Vec<ItemFacts>,
}

/// A file of a package against the same document of an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileChange {
    New(String),
    /// Another version, or another label.
    Changed(String),
    /// No item of this package claims it any more.
    Gone(String),
}

/// What a package changes against what stands from an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    pub new: Vec<ItemNo>,
    pub changed: Vec<ItemNo>,
    pub gone: Vec<ItemNo>,
    pub files: Vec<FileChange>,
}

fn is_said(item: &SubmittedItem) -> bool {
    item.answer.as_ref().is_some_and(|a| !a.is_empty() || !a.remarks.is_empty()) || !item.claims.is_empty()
}

fn said(facts: &ItemFacts) -> (Content, Vec<SubmittedClaim>) {
    let mut claims: Vec<SubmittedClaim> = facts.claims.iter().map(SubmittedClaim::of).collect();
    claims.sort();
    (facts.answer.as_ref().map(|a| a.content.clone()).unwrap_or_default(), claims)
}

/// Compares a package with what stands. `files` are the documents that claims pointed to until now.
pub fn compare(submission: &Submission, items: &[ItemFacts], files: &[Evidence]) -> Comparison {
    let mut out = Comparison::default();
    let before: BTreeMap<ItemNo, &ItemFacts> = items.iter().map(|f| (f.no, f)).collect();
    let now: BTreeMap<ItemNo, &SubmittedItem> = submission.items.iter().map(|i| (i.no, i)).collect();
    let all: BTreeSet<ItemNo> = before.keys().chain(now.keys()).copied().collect();
    for no in all {
        let old = before.get(&no).and_then(|f| SubmittedItem::of(f)).filter(is_said);
        let new = now.get(&no).filter(|i| is_said(i));
        match (old, new) {
            (None, Some(_)) => out.new.push(no),
            (Some(_), None) => out.gone.push(no),
            (Some(_), Some(new)) => {
                let mut claims = new.claims.clone();
                claims.sort();
                if before.get(&no).map(|f| said(f)) != Some((new.answer.clone().unwrap_or_default(), claims)) {
                    out.changed.push(no);
                }
            }
            (None, None) => {}
        }
    }
    for file in &submission.evidence {
        let stood = files.iter().filter(|f| f.series == file.series);
        match stood.max_by_key(|f| f.version) {
            None => out.files.push(FileChange::New(file.name.clone())),
            Some(old) if old.digest != file.digest || old.label != file.label => out.files.push(FileChange::Changed(file.name.clone())),
            Some(_) => {}
        }
    }
    let still: BTreeSet<_> = submission.evidence.iter().map(|f| f.series).collect();
    let claimed: BTreeSet<_> = items.iter().flat_map(|f| f.claims.iter().filter_map(|c| c.evidence)).collect();
    let gone: BTreeMap<_, _> =
        files.iter().filter(|f| claimed.contains(&f.id) && !still.contains(&f.series)).map(|f| (f.series, f.name.clone())).collect();
    out.files.extend(gone.into_values().map(FileChange::Gone));
    out
}

fn incoherent(ja: &str, en: &str) -> Refusal {
    Refusal::invalid(
        "file",
        worded(format!("パッケージの内容に矛盾があります（{ja}）。"), format!("The package does not hold together: {en}.")),
    )
}

/// The changes by which a package becomes the content of a round here, made by the person who takes it in. The round
/// itself is sealed afterwards, over what then stands.
///
/// What the body flagged does not limit it: the sender sealed all of it, and what changed is marked for the evaluators.
pub fn arrive(
    act: &mut Act,
    receiver: &Organisation,
    arrival: &Arrival,
    sheet: &Sheet,
    (product, files): (Option<&Product>, &[Evidence]),
    standing: Option<&Standing>,
    origin: &str,
) -> Result<Vec<Change>, Refusal> {
    let by = act.actor.person.ok_or(Refusal::forbidden())?;
    let Arrival { submission, stored } = arrival;
    let (case, provider) = (submission.case, submission.provider.id);
    if !receiver.kinds.contains(&OrganisationKind::Body) {
        return Err(Refusal::state(text(
            "封印パッケージを受領できるのは、評価機関だけです。",
            "Only an evaluation body takes sealed packages in.",
        )));
    }
    let mut out = vec![];
    match product {
        Some(p) if p.organisation != provider => return Err(incoherent("プロダクト", "the product is another provider's")),
        Some(p)
            if (&p.name, &p.description, &p.profile)
                == (&submission.product.name, &submission.product.description, &submission.product.profile) => {}
        _ => out.push(Change::ProductSaved(Product {
            id: submission.product.id,
            organisation: provider,
            name: line("file", &submission.product.name, 200)?,
            description: bounded("file", &submission.product.description, 4000)?,
            profile: submission.product.profile.clone(),
        })),
    }
    match standing {
        None => out.push(Change::CaseOpened(Case {
            id: case,
            number: None,
            provider,
            body: receiver.id,
            product: submission.product.id,
            sheet: submission.sheet.clone(),
            state: State::Draft,
            round: 0,
            renews: None,
            opened: act.at,
            due: None,
        })),
        Some(s) => {
            let known = &s.facts.case;
            if (known.provider, known.body, known.product, &known.sheet)
                != (provider, receiver.id, submission.product.id, &submission.sheet)
            {
                return Err(incoherent("案件", "the case is another one"));
            }
            if !known.state.is_open_to_applicant() {
                let now = known.state.name();
                return Err(Refusal::state(worded(
                    format!("この案件はここでは「{}」です。次のラウンドとして受領するには、先に改善依頼で戻してください。", now.ja),
                    format!(
                        "The case is {} here. Return the round first, then take the package in as the next one.",
                        now.en.to_lowercase()
                    ),
                )));
            }
        }
    }
    let mut versions = BTreeSet::new();
    for file in &submission.evidence {
        if !versions.insert(file.id) {
            return Err(incoherent("証跡", "a document is named twice"));
        }
        match files.iter().find(|f| f.id == file.id) {
            Some(old) if old.organisation != provider || old.digest != file.digest || old.series != file.series => {
                return Err(incoherent("証跡", "a document is another one than before"));
            }
            Some(old) if old.label != file.label => {
                out.push(Change::EvidenceFiled { series: file.series, label: file.label, group: None });
            }
            Some(_) => {}
            None => {
                let kept = stored.get(&file.digest).ok_or_else(|| incoherent("証跡", "a file is missing"))?;
                out.push(Change::EvidenceAdded(Evidence {
                    id: file.id,
                    series: file.series,
                    version: file.version,
                    organisation: provider,
                    name: line("file", &file.name, 200)?,
                    media: kept.media.clone(),
                    size: kept.size,
                    digest: kept.digest,
                    label: file.label,
                    valid_until: file.valid_until,
                    by,
                    at: act.at,
                    pos: Pos::NEVER,
                }));
            }
        }
    }
    let mut said: BTreeMap<ItemNo, &SubmittedItem> = BTreeMap::new();
    for item in &submission.items {
        if sheet.item(item.no).is_none() {
            return Err(incoherent(&format!("項目{}", item.no), &format!("item {} is not on the sheet", item.no)));
        }
        if said.insert(item.no, item).is_some() {
            return Err(incoherent(&format!("項目{}", item.no), &format!("item {} is named twice", item.no)));
        }
    }
    if !submission.items.iter().any(|i| i.answer.as_ref().is_some_and(|a| !a.is_empty())) {
        return Err(incoherent("回答がない", "it holds no answer"));
    }
    let nothing = ItemFacts::untouched(ItemNo(0));
    for item in &sheet.items {
        let stood = standing.and_then(|s| s.items.iter().find(|f| f.no == item.no)).unwrap_or(&nothing);
        let new = said.get(&item.no);
        let content = new.and_then(|i| i.answer.clone()).unwrap_or_default().checked(item)?;
        if stood.answer.as_ref().map(|a| &a.content).unwrap_or(&Content::default()) != &content {
            out.push(Change::AnswerGiven { case, item: item.no, by, content, origin: Origin::Imported { file: origin.to_owned() } });
        }
        let mut wanted: Vec<SubmittedClaim> = new.map(|i| i.claims.clone()).unwrap_or_default();
        for claim in &stood.claims {
            match wanted.iter().position(|w| *w == SubmittedClaim::of(claim)) {
                Some(at) => drop(wanted.swap_remove(at)),
                None => out.push(Change::ClaimWithdrawn { case, item: item.no, claim: claim.id }),
            }
        }
        for claim in wanted {
            if claim.evidence.is_some_and(|e| !versions.contains(&e)) {
                return Err(incoherent(&format!("項目{}", item.no), &format!("item {} claims a file that is not in it", item.no)));
            }
            if claim.point != PointNo::WHOLE && !item.has_point(claim.point) {
                return Err(incoherent(&format!("項目{}", item.no), &format!("item {} has no such sub-point", item.no)));
            }
            out.push(Change::ClaimMade {
                case,
                item: item.no,
                claim: Claim {
                    id: act.fresh(),
                    point: claim.point,
                    evidence: claim.evidence,
                    document: line("file", &claim.document, 300)?,
                    page: claim.page,
                    place: bounded("file", &claim.place, 300)?,
                    by,
                    at: act.at,
                    pos: Pos::NEVER,
                    hidden: false,
                },
            });
        }
        if let (Some(words), Some(s)) = (new.and_then(|i| i.improvement_answer.as_ref()), standing)
            && stood.improvement_answer.as_ref().map(|a| &a.text) != Some(words)
        {
            let text = bounded("file", words, crate::answer::LONGEST)?;
            out.push(Change::ImprovementAnswered { case, item: item.no, round: s.facts.case.round, text, by });
        }
    }
    Ok(out)
}
