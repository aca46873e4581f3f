//! Commands about trust anchors and sealed packages.

use rules::case::CaseFacts;
use rules::change::Change;
use rules::command::{Command, Kind};
use rules::evidence::{Evidence, Label};
use rules::exchange::{self, Arrival, Exchanging, Package, Standing};
use rules::id::{self, Digest, Id};
use rules::item::ItemFacts;
use rules::party::Role;
use rules::policy::{self, Place, Side};
use rules::refusal::Refusal;
use rules::review::AlertKind;
use rules::round;
use rules::text::{text, worded};
use store::tables::{evaluation, evidence, exchange as rows, party};

use super::{Doing, all_items, sheet_in};
use crate::{Error, trust};

impl Doing<'_, '_> {
    pub(super) fn exchange(&mut self, kind: Kind, command: Command) -> Result<(), Error> {
        match command {
            Command::ProposeAnchor { anchor, name, data, label } => {
                self.allow(kind, Place::Installation)?;
                let list = exchange::list_of(&self.act.actor, anchor)?;
                let standing: Vec<_> = rows::anchors(self.tx, list)?.into_iter().map(|a| a.anchor).collect();
                let normal = trust::normal(anchor, &data)?;
                let proposed = exchange::propose(&mut self.act, anchor, &name, normal, label.unwrap_or(Label::Disclosable), &standing)?;
                self.done.made = Some(proposed.id.to_string());
                self.write(&Change::Exchange(Exchanging::AnchorProposed(proposed))).map(drop)
            }
            Command::DecideAnchor { anchor, fingerprint } => {
                self.allow(kind, Place::Installation)?;
                let found = rows::anchor(self.tx, anchor)?.ok_or(Refusal::not_found())?.anchor;
                let change = exchange::decide(&self.act, &found, &fingerprint)?;
                self.write(&change)?;
                if matches!(change, Change::Exchange(Exchanging::AnchorDecided { matches: false, .. })) {
                    let words = worded(
                        format!(
                            "トラストアンカー「{}」の指紋が一致しなかったため、拒否しました。途中で差し替えられていないか、別の経路で相手に確認してください。",
                            found.name
                        ),
                        format!(
                            "The fingerprint of the trust anchor {} did not match, and it is blocked. Ask the other side by another way whether it was exchanged on its way.",
                            found.name
                        ),
                    );
                    self.alert(AlertKind::KeyEvent, found.organisation, &found.id.to_string(), words)?;
                }
                Ok(())
            }
            Command::RemoveAnchor { anchor, reason } => {
                self.allow(kind, Place::Installation)?;
                let found = rows::anchor(self.tx, anchor)?.ok_or(Refusal::not_found())?.anchor;
                let change = exchange::remove(&self.act, &found, &reason)?;
                self.write(&change).map(drop)
            }
            Command::SendPackage { case, package } => {
                self.case_for(kind, case)?;
                let package = *package.ok_or(Refusal::forbidden())?;
                self.receiver_counts(&package)?;
                self.done.made = Some(package.id.to_string());
                self.write(&Change::Exchange(Exchanging::PackageSent(package))).map(drop)
            }
            Command::ReceivePackage { package, arrival } => {
                self.allow(kind, Place::Installation)?;
                let (package, arrival) = (package.ok_or(Refusal::forbidden())?, arrival.ok_or(Refusal::forbidden())?);
                self.receive(*package, &arrival)
            }
            other => unreachable!("{} is executed elsewhere", other.kind().code()),
        }
    }

    /// Looked at again where it is written: the anchor may have been removed while the package was made or looked at.
    fn receiver_counts(&mut self, package: &Package) -> Result<(), Error> {
        let organisation = self.organisation()?;
        let known = trust::active(self.tx, organisation)?;
        let fits = known.iter().any(|(a, card)| card.installation == package.other && exchange::within(a, package.label).is_ok());
        if fits && organisation == package.organisation {
            return Ok(());
        }
        Err(Refusal::state(text("相手の登録が有効ではなくなりました。", "The other side's anchor is no longer active."))
            .at("anchor")
            .into())
    }

    /// A package becomes a submitted round here: all of it in one transaction, by the person who takes it in.
    fn receive(&mut self, mut package: Package, arrival: &Arrival) -> Result<(), Error> {
        let organisation = self.organisation()?;
        self.receiver_counts(&package)?;
        if rows::came_before(self.tx, organisation, &package.number)? {
            return Err(Refusal::state(text("このパッケージはすでに受領されています。", "This package was accepted before.")).into());
        }
        let receiver = party::organisation(self.tx, organisation)?.ok_or(Refusal::not_found())?;
        let (case, provider) = (arrival.submission.case, arrival.submission.provider.id);
        let product = party::product(self.tx, arrival.submission.product.id)?;
        let mut files: Vec<Evidence> = vec![];
        for file in &arrival.submission.evidence {
            files.extend(evidence::one(self.tx, file.id)?);
        }
        let standing = match evaluation::facts(self.tx, case)? {
            Some(facts) => {
                let items = self.items_of_applicant(&facts)?.1;
                Some(Standing { facts, items })
            }
            None => None,
        };
        let sheet = self
            .app
            .content
            .sheets()
            .into_iter()
            .find(|s| s.id == arrival.submission.sheet)
            .ok_or_else(|| crate::package::no_sheet(&arrival.submission.sheet))?;
        let origin = format!("{} {}", package.other_name, package.number);
        let known = (product.as_ref(), files.as_slice());
        let changes = exchange::arrive(&mut self.act, &receiver, arrival, &sheet, known, standing.as_ref(), &origin)?;
        debug_assert!(changes.iter().all(|c| !matches!(c, Change::EvidenceAdded(e) if e.organisation != provider)));
        self.write_all(&changes)?;

        let facts = evaluation::facts(self.tx, case)?.ok_or_else(|| Error::Broken(format!("{case} was not opened")))?;
        let (files, items) = self.items_of_applicant(&facts)?;
        let content = round::snapshot(&facts.case, &items, |id| files.iter().find(|e: &&Evidence| e.id == id));
        let sealed = seal::canonical(&content).map_err(|e| Error::Broken(format!("the snapshot of {case} cannot be sealed: {e}")))?;
        let digest = Digest(seal::merkle::sha256(&[sealed.as_bytes()]));
        // What the body asked to improve was said to the applicant elsewhere, so that no answer to it can be demanded here.
        let (round, by) = (facts.case.round + 1, package.by);
        self.write(&Change::RoundSubmitted { case, round, digest, by })?;
        (package.case, package.round) = (Some(case), round);
        self.write(&Change::Exchange(Exchanging::PackageReceived(package)))?;
        self.done.made = Some(case.to_string());
        Ok(())
    }

    /// What the applicant has said so far. Nobody sits there: whoever takes a package in reads it in their place.
    fn items_of_applicant(&mut self, facts: &CaseFacts) -> Result<(Vec<Evidence>, Vec<ItemFacts>), Error> {
        let applicant = policy::view(&crate::package::applicant(&self.act.actor, facts.case.provider), facts, Some(Side::Applicant))?;
        let sheet = sheet_in(self.app, self.tx, facts)?;
        Ok((evidence::of_case(self.tx, &applicant)?, all_items(self.tx, &sheet, &applicant)?))
    }
}

/// The organisation that a package came from, before anything of it is taken in: an applicant without people.
impl Doing<'_, '_> {
    pub(crate) fn sender_stands(&mut self, provider: Id<id::Organisation>, name: &str) -> Result<(), Error> {
        self.allow(Kind::ReceivePackage, Place::Installation)?;
        if party::organisation(self.tx, provider)?.is_some() {
            return Ok(());
        }
        let kinds = vec![rules::party::OrganisationKind::Provider];
        let name = rules::party::line("file", name, 200)?;
        let added = rules::party::Organisation { id: provider, name, kinds, settings: Default::default() };
        self.write(&Change::OrganisationAdded(added)).map(drop)
    }

    /// A package was refused: the ledger says why, and the administrators are warned.
    pub(crate) fn turned_down(&mut self, refused: Exchanging, words: rules::text::Text) -> Result<(), Error> {
        self.allow(Kind::ReceivePackage, Place::Installation)?;
        let organisation = self.organisation()?;
        let subject = refused.subject();
        self.write(&Change::Exchange(refused))?;
        self.alert(AlertKind::PackageRefused, Some(organisation), &subject, words)
    }

    /// The receiver's receipt of a package that was sent.
    pub(crate) fn receipt_filed(&mut self, package: Id<id::Package>, accepted: bool, note: String) -> Result<(), Error> {
        if !self.act.actor.has(Role::Officer) && !self.act.actor.has(Role::Secretariat) {
            return Err(Refusal::forbidden().into());
        }
        let organisation = self.organisation()?;
        let sent =
            rows::package(self.tx, package)?.filter(|m| m.sent && m.package.organisation == organisation).ok_or(Refusal::not_found())?;
        if sent.answer.is_some() {
            return Err(Refusal::state(text(
                "この送付の受領書は、すでに登録されています。",
                "The receipt of this package is filed already.",
            ))
            .into());
        }
        self.done.made = Some(package.to_string());
        self.write(&Change::Exchange(Exchanging::ReceiptFiled { package, accepted, note })).map(drop)
    }
}
