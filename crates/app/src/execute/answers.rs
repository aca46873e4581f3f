//! Commands of the applicant on items: answers, work, reviews, evidence, claims, reuse.

use std::collections::{BTreeMap, BTreeSet};

use rules::answer::{self, Origin, Status, Work};
use rules::case::CaseFacts;
use rules::change::Change;
use rules::command::{Command, Kind};
use rules::evidence;
use rules::id::{self, Id, ItemNo};
use rules::item::ItemFacts;
use rules::label::{self, Handling};
use rules::party::Role;
use rules::policy::{self, Place, Side};
use rules::refusal::Refusal;
use rules::reuse;
use rules::text::{text, worded};
use store::tables::{evaluation, evidence as files, party};

use super::{Doing, all_items, item_of};
use crate::Error;
use crate::read::sight::Sight;

impl Doing<'_, '_> {
    pub(super) fn answer(&mut self, kind: Kind, command: Command) -> Result<(), Error> {
        match command {
            Command::GiveAnswer { case, item, base, content, ready } => {
                let facts = self.case_for(kind, case)?;
                let (sheet, found) = self.item(&facts, Side::Applicant, item)?;
                self.must_own(&found)?;
                let changes = answer::give(&facts, item_of(&sheet, item)?, &found, &self.act, base, content, Origin::Written)?;
                self.write_all(&changes)?;
                if ready {
                    let (_, now) = self.item(&facts, Side::Applicant, item)?;
                    let changes = answer::set_work(&facts, &now, Work { status: Status::Ready, ..now.work.clone() })?;
                    self.write_all(&changes)?;
                }
                Ok(())
            }
            Command::ConfirmAnswers { case, items } => {
                let facts = self.case_for(kind, case)?;
                let (sheet, all) = self.items(&facts, Side::Applicant)?;
                let chosen = self.chosen(&all, &items)?;
                chosen.iter().try_for_each(|f| self.must_own(f))?;
                let changes = reuse::confirm(&facts, &sheet, &chosen, &self.act)?;
                self.write_all(&changes)
            }
            Command::SetWork { case, items, owner, due, status } => {
                let facts = self.case_for(kind, case)?;
                if let Some(owner) = owner {
                    self.must_be_colleague(&facts, owner)?;
                }
                let (_, all) = self.items(&facts, Side::Applicant)?;
                for found in self.chosen(&all, &items)? {
                    let work = Work {
                        owner: owner.or(found.work.owner),
                        due: due.or(found.work.due),
                        status: status.unwrap_or(found.work.status),
                    };
                    let changes = answer::set_work(&facts, &found, work)?;
                    self.write_all(&changes)?;
                }
                Ok(())
            }
            Command::ReviewAnswer { case, item, seen, ok, comment } => {
                let facts = self.case_for(kind, case)?;
                let (_, found) = self.item(&facts, Side::Applicant, item)?;
                let change = answer::review(&facts, &found, &self.act, seen, ok, &comment)?;
                self.write(&change).map(drop)
            }
            Command::CopyAnswers { case, from, items } => {
                let facts = self.case_for(kind, case)?;
                let (sheet, here) = self.items(&facts, Side::Applicant)?;
                let source = evaluation::facts(self.tx, from)?.ok_or(Refusal::not_found().at("from"))?;
                // Only the organisation's own words are copied: the actor must see the other case as its applicant.
                let view = policy::view(&self.act.actor, &source, Some(Side::Applicant))?;
                if source.case.sheet != facts.case.sheet {
                    return Err(Refusal::invalid(
                        "from",
                        text("同じチェックシートの案件を選んでください。", "Choose a case of the same sheet."),
                    )
                    .into());
                }
                let mut there = all_items(self.tx, &sheet, &view)?;
                let kept = if source.case.body == facts.case.body { vec![] } else { self.not_copied(&view, &mut there)? };
                let changes = reuse::copy(&facts, &sheet, &here, &source.case, &there, items.as_deref(), &mut self.act)?;
                // Only what the label kept back of items that were copied was an attempt.
                let copied = |no: &ItemNo| changes.iter().any(|c| matches!(c, Change::AnswerGiven { item, .. } if item == no));
                for (_, claim) in kept.iter().filter(|(no, _)| copied(no)) {
                    let refused = Change::ActRefused { act: kind.code().to_owned(), about: claim.to_string() };
                    self.tx.enact(&self.act, &refused, identity::random()?)?;
                }
                self.write_all(&changes)
            }
            Command::CopyItem { case, item, from } => {
                let facts = self.case_for(kind, case)?;
                let (sheet, target) = self.item(&facts, Side::Applicant, item)?;
                self.must_own(&target)?;
                let (_, mut source) = self.item(&facts, Side::Applicant, from)?;
                // Nobody claims what they do not see.
                let hidden = self.hidden_claims(&facts, &source)?;
                source.claims.retain(|c| !hidden.contains(&c.id));
                let changes = reuse::copy_item(&facts, &sheet, &target, &source, &mut self.act)?;
                self.write_all(&changes)
            }
            Command::ProposeOutOfScope { case } => {
                let facts = self.case_for(kind, case)?;
                let (sheet, items) = self.items(&facts, Side::Applicant)?;
                let product = party::product(self.tx, facts.case.product)?.ok_or(Refusal::not_found())?;
                let changes = reuse::propose(&facts, &sheet, &items, &product, &self.act)?;
                self.write_all(&changes)
            }
            Command::AnswerImprovement { case, item, text } => {
                let facts = self.case_for(kind, case)?;
                let (_, found) = self.item(&facts, Side::Applicant, item)?;
                self.must_own(&found)?;
                let change = answer::answer_improvement(&facts, &found, &self.act, &text)?;
                self.write(&change).map(drop)
            }
            Command::ImportAnswers { case, file, rows } => {
                let facts = self.case_for(kind, case)?;
                let (sheet, items) = self.items(&facts, Side::Applicant)?;
                let changes = reuse::import(&facts, &sheet, &items, &rows, &file, &mut self.act)?;
                self.write_all(&changes)
            }
            Command::AddEvidence { file, label, valid_until, series } => {
                self.allow(kind, Place::Installation)?;
                let before = match series {
                    Some(series) => Some(files::versions(self.tx, series)?.into_iter().next().ok_or(Refusal::not_found().at("series"))?),
                    None => None,
                };
                if let Some(before) = &before {
                    self.must_see(before, "series")?;
                }
                let added = evidence::add(&mut self.act, file, label, valid_until, before.as_ref())?;
                let filed = files::filing(self.tx, added.series)?;
                let refiled = label::refile(&self.act.actor, filed, &added)?;
                self.done.made = Some(added.id.to_string());
                let series = added.series;
                self.write(&Change::EvidenceAdded(added))?;
                refiled.map_or(Ok(()), |(label, group)| self.write(&Change::EvidenceFiled { series, label, group }).map(drop))
            }
            Command::FileEvidence { evidence, label, group } => {
                self.allow(kind, Place::Installation)?;
                let organisation = self.organisation()?;
                let file = files::one(self.tx, evidence)?.filter(|e| e.organisation == organisation).ok_or(Refusal::not_found())?;
                if let Some(group) = group {
                    store::tables::requests::groups(self.tx, organisation)?.iter().find(|g| g.id == group).ok_or(Refusal::not_found())?;
                }
                self.write(&Change::EvidenceFiled { series: file.series, label, group }).map(drop)
            }
            Command::MakeClaims { case, items, content } => {
                let facts = self.case_for(kind, case)?;
                let file = match content.evidence {
                    Some(id) => Some(
                        files::one(self.tx, id)?
                            .filter(|e| e.organisation == facts.case.provider)
                            .ok_or(Refusal::not_found().at("evidence"))?,
                    ),
                    None => None,
                };
                if let Some(file) = &file {
                    self.must_see(file, "evidence")?;
                }
                let (sheet, all) = self.items(&facts, Side::Applicant)?;
                for found in self.chosen(&all, &items)? {
                    self.must_own(&found)?;
                    let change = evidence::claim(&facts, item_of(&sheet, found.no)?, &mut self.act, content.clone(), file.as_ref())?;
                    self.write(&change)?;
                }
                Ok(())
            }
            Command::WithdrawClaim { case, item, claim } => {
                let facts = self.case_for(kind, case)?;
                let (_, found) = self.item(&facts, Side::Applicant, item)?;
                self.must_own(&found)?;
                if self.hidden_claims(&facts, &found)?.contains(&claim) {
                    return Err(Refusal::new(
                        rules::refusal::Why::Forbidden,
                        text(
                            "閲覧権限のない証跡の紐付けは取り消せません。担当責任者に依頼してください。",
                            "You may not see this evidence, so you cannot withdraw the claim; ask the officer.",
                        ),
                    )
                    .into());
                }
                let change = evidence::withdraw_claim(&facts, &found, claim)?;
                self.write(&change).map(drop)
            }
            other => unreachable!("{} is executed elsewhere", other.kind().code()),
        }
    }

    /// A document that the actor does not see does not exist for them.
    fn must_see(&mut self, file: &evidence::Evidence, field: &'static str) -> Result<(), Error> {
        let sight = Sight::of(self.tx, &self.act.actor, Side::Applicant, file.organisation)?;
        if sight.shows(file) { Ok(()) } else { Err(Refusal::not_found().at(field).into()) }
    }

    /// The claims of an item on documents that the actor does not see.
    fn hidden_claims(&mut self, facts: &CaseFacts, found: &ItemFacts) -> Result<BTreeSet<Id<id::Claim>>, Error> {
        let sight = Sight::of(self.tx, &self.act.actor, Side::Applicant, facts.case.provider)?;
        let mut out = BTreeSet::new();
        for claim in &found.claims {
            if let Some(file) = claim.evidence {
                let shown = files::one(self.tx, file)?.is_some_and(|f| sight.shows(&f));
                out.extend((!shown).then_some(claim.id));
            }
        }
        Ok(out)
    }

    /// Takes out the claims whose documents are not copied to another body, and names them with their items.
    fn not_copied(&mut self, view: &policy::CaseView, items: &mut [ItemFacts]) -> Result<Vec<(ItemNo, Id<id::Claim>)>, Error> {
        let labels: BTreeMap<_, _> = files::of_case(self.tx, view)?.into_iter().map(|f| (f.id, f.label)).collect();
        let mut out = vec![];
        for facts in items {
            let no = facts.no;
            facts.claims.retain(|claim| {
                let label = claim.evidence.and_then(|file| labels.get(&file));
                let copied = label.is_none_or(|l| label::handle(Handling::Copy, *l).is_ok());
                out.extend((!copied).then_some((no, claim.id)));
                copied
            });
        }
        Ok(out)
    }

    /// The chosen items; at least one, all of this sheet.
    fn chosen(&self, all: &[ItemFacts], wanted: &[ItemNo]) -> Result<Vec<ItemFacts>, Refusal> {
        if wanted.is_empty() {
            return Err(Refusal::invalid("items", text("項目を1つ以上選んでください。", "Choose at least one item.")));
        }
        let find = |no: &ItemNo| {
            all.binary_search_by_key(no, |f| f.no).map(|at| all[at].clone()).map_err(|_| {
                Refusal::invalid("items", worded(format!("項目{no}はこのシートにありません。"), format!("Item {no} is not on this sheet.")))
            })
        };
        // A box ticked twice is still one item.
        wanted.iter().collect::<BTreeSet<_>>().into_iter().map(find).collect()
    }

    /// A colleague works on the items given to them; an officer on all.
    fn must_own(&self, found: &ItemFacts) -> Result<(), Refusal> {
        let actor = &self.act.actor;
        if actor.has(Role::Officer) || found.work.owner.is_some_and(|o| actor.is(o)) {
            return Ok(());
        }
        Err(Refusal::new(
            rules::refusal::Why::Forbidden,
            worded(
                format!("項目{}の担当者ではないため、変更できません。担当責任者に割り当てを依頼してください。", found.no),
                format!("Item {} is not yours; ask the officer to give it to you.", found.no),
            ),
        ))
    }

    fn must_be_colleague(&mut self, facts: &CaseFacts, owner: Id<id::Person>) -> Result<(), Error> {
        let works = party::memberships_of(self.tx, owner)?
            .iter()
            .any(|m| m.organisation == facts.case.provider && (m.roles.contains(&Role::Officer) || m.roles.contains(&Role::Colleague)));
        if works {
            Ok(())
        } else {
            Err(Refusal::invalid("owner", text("申請元の組織の担当者を選んでください。", "Choose somebody of the applicant.")).into())
        }
    }
}
