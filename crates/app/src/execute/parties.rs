//! Commands about organisations, people, products, tokens and sheets.

use rules::change::Change;
use rules::command::{Command, Kind, Secret};
use rules::id::{self, Id, ItemNo};
use rules::party::{self, Membership, Phrase, Product};
use rules::policy::Place;
use rules::refusal::{Refusal, Why};
use rules::sheet::{Sheet, SheetId};
use rules::text::{text, worded};
use store::tables::party as rows;

use super::accounts::{PASSWORD_CHANGED, request_instead};
use super::{Doing, item_of};
use crate::{App, Error};

/// What was computed before the transaction.
#[derive(Default)]
pub(super) struct Ready {
    /// The hash of a new password that passed the rules.
    pub hash: Option<String>,
    /// That password, where Akashi made it.
    pub made: Option<String>,
    /// The kept hash that the current password was compared with.
    pub checked: Option<String>,
}

/// The kind of secret that holds a person's password hash.
pub(crate) const PASSWORD: &str = "password";
/// The kind of secret that holds earlier password hashes, newest first, one a line (item 85).
pub(crate) const PASSWORDS_PAST: &str = "passwords_past";
/// Earlier hashes that are kept: more than any profile compares.
pub(super) const LONGEST_HISTORY: usize = 24;
/// The kind of secret that holds the digest of an invitation's link.
pub(crate) const INVITATION: &str = "invitation";
/// The kind of secret that holds the digest of a REST token.
pub(crate) const TOKEN: &str = "token";
/// The owner and kind of the one-time link that founds the installation.
pub(crate) const FOUNDING: &str = "founding";

pub(crate) fn used_link() -> Refusal {
    Refusal::new(Why::NotFound, text("このリンクは無効か、すでに使われています。", "This link is not valid, or was used already."))
        .at("link")
}

pub(super) fn founding_link(app: &App, link: &Secret) -> Result<(), Error> {
    let digest = identity::digest(&link.0).to_string();
    match app.store.read(|c| c.secret(FOUNDING, FOUNDING))? {
        Some(kept) if kept == digest => Ok(()),
        _ => Err(used_link().into()),
    }
}

impl Doing<'_, '_> {
    pub(super) fn party(&mut self, kind: Kind, command: Command, ready: Ready) -> Result<(), Error> {
        match command {
            Command::FoundInstallation { link, organisation, kinds, name, email, lang, .. } => {
                self.allow(kind, Place::Installation)?;
                if self.tx.secret(FOUNDING, FOUNDING)?.as_deref() != Some(&identity::digest(&link.0).to_string())
                    || rows::people(self.tx)? > 0
                {
                    return Err(used_link().into());
                }
                let organisation = party::create_organisation(&mut self.act, &organisation, &kinds)?;
                let mut roles: Vec<party::Role> = vec![party::Role::Operator, party::Role::Administrator];
                roles.extend(party::Role::ALL.iter().filter(|r| r.kind().is_some_and(|k| kinds.contains(&k))));
                let person = party::Person {
                    id: self.act.fresh(),
                    name: party::line("name", &name, 60)?,
                    email: party::email("email", &email)?,
                    lang,
                    kind: rules::account::AccountKind::Person,
                };
                let membership = Membership { person: person.id, organisation: organisation.id, roles };
                self.done.made = Some(person.id.to_string());
                let id = person.id;
                self.write_all(&[Change::OrganisationAdded(organisation), Change::PersonAdded(person), Change::RolesGiven(membership)])?;
                // Its age counts from here (item 82).
                self.write(&Change::PasswordChanged { person: id, initial: false })?;
                self.keep_password(id, ready)?;
                self.tx.delete_secret(FOUNDING, FOUNDING)?;
                Ok(())
            }
            Command::CreateOrganisation { name, kinds } => {
                self.allow(kind, Place::Installation)?;
                let organisation = party::create_organisation(&mut self.act, &name, &kinds)?;
                self.done.made = Some(organisation.id.to_string());
                self.write(&Change::OrganisationAdded(organisation)).map(drop)
            }
            Command::InvitePerson { organisation, email, roles } => {
                self.allow(kind, Place::Organisation(organisation))?;
                if self.needs_approval(organisation)? {
                    return Err(request_instead().into());
                }
                self.invite_to(organisation, &email, &roles)
            }
            Command::AcceptInvitation { link, name, lang, .. } => {
                self.allow(kind, Place::Installation)?;
                let owner = self
                    .tx
                    .secret_owner(INVITATION, &identity::digest(&link.0).to_string())?
                    .and_then(|o| o.parse().ok())
                    .ok_or_else(used_link)?;
                let invitation = rows::invitation(self.tx, owner)?.ok_or_else(used_link)?;
                let known = rows::person_by_email(self.tx, &invitation.email)?;
                let held = match &known {
                    Some(person) => {
                        self.must_be_checked(person.id, &ready)?;
                        rows::memberships_of(self.tx, person.id)?.into_iter().find(|m| m.organisation == invitation.organisation)
                    }
                    None => None,
                };
                let held: Vec<party::Role> = held.map(|m| m.roles).unwrap_or_default();
                let changes =
                    party::accept_invitation(&mut self.act, &invitation, known.as_ref().map(|p| (p, held.as_slice())), &name, lang)?;
                self.write_all(&changes)?;
                let person = changes.iter().find_map(|c| if let Change::RolesGiven(m) = c { Some(m.person) } else { None });
                self.done.made = person.map(|p| p.to_string());
                if let (Some(person), None) = (person, known) {
                    self.write(&Change::PasswordChanged { person, initial: false })?;
                    self.keep_password(person, ready)?;
                }
                self.tx.delete_secret(&invitation.id.to_string(), INVITATION)?;
                Ok(())
            }
            Command::SetRoles { organisation, person, roles } => {
                self.allow(kind, Place::Organisation(organisation))?;
                let of = rows::organisation(self.tx, organisation)?.ok_or(Refusal::not_found())?;
                let current = rows::memberships_of(self.tx, person)?
                    .into_iter()
                    .find(|m| m.organisation == organisation)
                    .ok_or(Refusal::not_found())?;
                // Rights are taken away at once; wider ones may need another's approval.
                let wider = roles.iter().any(|r| !current.roles.contains(r));
                if wider && self.needs_approval(organisation)? {
                    return Err(request_instead().into());
                }
                let change = party::set_roles(&self.act, &of, &current, &roles)?;
                self.write(&change).map(drop)
            }
            Command::SetSettings { settings } => {
                self.allow(kind, Place::Installation)?;
                let organisation = self.organisation()?;
                self.write(&Change::SettingsChanged { organisation, settings: party::settings(settings)? }).map(drop)
            }
            Command::ChangePassword { .. } => {
                self.allow(kind, Place::Installation)?;
                let person = self.act.actor.person.ok_or(Refusal::forbidden())?;
                self.must_be_checked(person, &ready)?;
                self.write(&Change::PasswordChanged { person, initial: false })?;
                self.tell_changed(person, &PASSWORD_CHANGED)?;
                self.keep_password(person, ready)
            }
            Command::SetLanguage { lang } => {
                self.allow(kind, Place::Installation)?;
                let person = self.act.actor.person.ok_or(Refusal::forbidden())?;
                self.write(&Change::LanguageChosen { person, lang }).map(drop)
            }
            Command::CreateProduct { name, description } => {
                self.allow(kind, Place::Installation)?;
                let product = Product {
                    id: self.act.fresh(),
                    organisation: self.organisation()?,
                    name: party::line("name", &name, 100)?,
                    description: party::bounded("description", description.trim(), 4000)?,
                    profile: Default::default(),
                };
                self.done.made = Some(product.id.to_string());
                self.write(&Change::ProductSaved(product)).map(drop)
            }
            Command::ReviseProduct { product, name, description, profile } => {
                self.allow(kind, Place::Installation)?;
                let organisation = self.organisation()?;
                let current = rows::product(self.tx, product)?.filter(|p| p.organisation == organisation).ok_or(Refusal::not_found())?;
                if let Some(odd) =
                    profile.keys().find(|q| !self.app.content.sheets().iter().any(|s| s.questions.iter().any(|known| known.id == **q)))
                {
                    return Err(Refusal::invalid(
                        "profile",
                        worded(format!("「{odd}」という質問はありません。"), format!("There is no question {odd}.")),
                    )
                    .into());
                }
                let name = party::line("name", &name, 100)?;
                let description = party::bounded("description", description.trim(), 4000)?;
                self.write(&Change::ProductSaved(Product { name, description, profile, ..current })).map(drop)
            }
            Command::AddPhrase { text } => {
                self.allow(kind, Place::Installation)?;
                let phrase =
                    Phrase { id: self.act.fresh(), organisation: self.organisation()?, text: party::bounded("text", text.trim(), 2000)? };
                if phrase.text.is_empty() {
                    return Err(Refusal::invalid("text", rules::text::text("定型文を入力してください。", "Write the phrase.")).into());
                }
                self.write(&Change::PhraseSaved(phrase)).map(drop)
            }
            Command::RemovePhrase { phrase } => {
                self.allow(kind, Place::Installation)?;
                let organisation = self.organisation()?;
                rows::phrase(self.tx, phrase)?.filter(|p| p.organisation == organisation).ok_or(Refusal::not_found())?;
                self.write(&Change::PhraseRemoved { phrase }).map(drop)
            }
            Command::IssueToken { name, write, expires } => {
                self.allow(kind, Place::Installation)?;
                let token = party::issue_token(&mut self.act, &name, write, expires)?;
                self.keep_token(token)
            }
            Command::RevokeToken { token } => {
                self.allow(kind, Place::Installation)?;
                let (person, organisation) = (self.act.actor.person, self.organisation()?);
                let known = rows::token(self.tx, token)?.filter(|t| t.organisation == organisation).ok_or(Refusal::not_found())?;
                // A machine signs in nowhere: the administrators of its organisation take its tokens away.
                let of = store::tables::accounts::account(self.tx, known.person)?;
                let machine = of.is_some_and(|a| a.kind == rules::account::AccountKind::Machine && a.home == Some(organisation));
                if Some(known.person) != person && !(machine && self.act.actor.has(party::Role::Administrator)) {
                    return Err(Refusal::not_found().into());
                }
                self.write(&Change::TokenRevoked { token })?;
                self.tx.delete_secrets(&token.to_string())?;
                Ok(())
            }
            Command::AddSheet { sheet, mapping } => {
                self.allow(kind, Place::Installation)?;
                self.add_sheet(sheet, mapping)
            }
            Command::ConfirmText { sheet, item, text, source } => {
                self.allow(kind, Place::Installation)?;
                self.confirm_text(sheet, item, &text, &source)
            }
            other => unreachable!("{} is executed elsewhere", other.kind().code()),
        }
    }

    /// Makes an invitation and its link, and mails it.
    pub(super) fn invite_to(&mut self, organisation: Id<id::Organisation>, email: &str, roles: &[party::Role]) -> Result<(), Error> {
        let to = rows::organisation(self.tx, organisation)?.ok_or(Refusal::not_found())?;
        self.not_closed(email)?;
        let invitation = party::invite(&mut self.act, &to, email, roles)?;
        let link = identity::Token::fresh()?.text().to_owned();
        self.tx.put_secret(&invitation.id.to_string(), INVITATION, &identity::digest(&link).to_string())?;
        self.done.made = Some(invitation.id.to_string());
        self.tell_invited(&invitation, &to.name, &link)?;
        self.done.secret = Some(link);
        self.write(&Change::PersonInvited(invitation)).map(drop)
    }

    fn add_sheet(&mut self, sheet: Box<Sheet>, mapping: Option<serde_json::Value>) -> Result<(), Error> {
        let organisation = self.organisation()?;
        if self.app.content.sheets().iter().any(|s| s.id == sheet.id) {
            return Err(Refusal::invalid(
                "sheet",
                worded(format!("「{}」というシートはすでにあります。", sheet.id), format!("There is a sheet {} already.", sheet.id)),
            )
            .into());
        }
        let faults = rules::catalog::check_sheet(&sheet, &self.app.content.catalog);
        if let Some(first) = faults.first() {
            let n = faults.len();
            let words = worded(
                format!("シートに{n}件の誤りがあります。1件目: {}", first.text.ja),
                format!("The sheet has {n} faults; the first: {}", first.text.en),
            );
            return Err(Refusal::invalid("sheet", words).into());
        }
        if let Some(mapping) = mapping {
            let name = sheet.title.ja.to_string();
            self.write(&Change::MappingKept { id: self.act.clone().fresh(), organisation, name, mapping })?;
        }
        self.done.made = Some(sheet.id.to_string());
        self.write(&Change::SheetAdded { organisation, sheet }).map(drop)
    }

    fn confirm_text(&mut self, sheet: SheetId, item: ItemNo, written: &str, source: &str) -> Result<(), Error> {
        let by = self.act.actor.person.ok_or(Refusal::forbidden())?;
        let known = self.app.content.sheets().into_iter().find(|s| s.id == sheet).ok_or(Refusal::not_found())?;
        item_of(&known, item)?;
        let text = party::bounded("text", written.trim(), 20_000)?;
        if text.is_empty() {
            return Err(Refusal::invalid(
                "text",
                rules::text::text("確認した原文を入力してください。", "Enter the wording you confirmed."),
            )
            .into());
        }
        let source = party::line("source", source, 500)?;
        self.write(&Change::TextConfirmed { sheet, item, text, source, by }).map(drop)
    }
}
