//! Organisations with their people and products, tokens, phrases, and the sheets.

use std::collections::BTreeMap;
use std::sync::Arc;

use rules::act::Actor;
use rules::id::{self, Id, ItemNo};
use rules::party::{Invitation, Membership, Organisation, OrganisationKind, Person, Phrase, Product, Role, Token};
use rules::refusal::Refusal;
use rules::sheet::{ConfirmedText, Sheet, SheetId};
use store::tables::sheets::KeptMapping;
use store::tables::{party, sheets};

use crate::{App, Error};

/// An organisation with its people, for its administrators and for operators.
#[derive(Debug, Clone)]
pub struct OrganisationRead {
    pub organisation: Organisation,
    pub members: Vec<(Person, Membership)>,
    pub invitations: Vec<Invitation>,
}

/// A sheet with the wordings that people confirmed.
#[derive(Debug, Clone)]
pub struct SheetRead {
    pub sheet: Arc<Sheet>,
    /// The newest confirmation of each item.
    pub confirmed: BTreeMap<ItemNo, ConfirmedText>,
}

impl App {
    /// An organisation's people: its administrators see their own, operators see all.
    pub fn organisation(&self, actor: &Actor, id: Id<id::Organisation>) -> Result<OrganisationRead, Error> {
        let own = actor.organisation == Some(id) && actor.has(Role::Administrator);
        if !own && !actor.has(Role::Operator) {
            return Err(Refusal::not_found().into());
        }
        self.store.read(|conn| {
            let organisation = party::organisation(conn, id)?.ok_or(Refusal::not_found())?;
            Ok(OrganisationRead { members: party::members(conn, id)?, invitations: party::invitations(conn, id)?, organisation })
        })
    }

    /// The organisation the actor acts for.
    pub fn own_organisation(&self, actor: &Actor) -> Result<Organisation, Error> {
        let id = actor.organisation.ok_or(Refusal::forbidden())?;
        Ok(self.store.read(|conn| party::organisation(conn, id))?.ok_or(Refusal::not_found())?)
    }

    /// All organisations, for operators.
    pub fn organisations(&self, actor: &Actor) -> Result<Vec<Organisation>, Error> {
        if !actor.has(Role::Operator) {
            return Err(Refusal::forbidden().into());
        }
        Ok(self.store.read(party::organisations)?)
    }

    /// The organisations the actor belongs to, to switch between them.
    pub fn own_organisations(&self, actor: &Actor) -> Result<Vec<Organisation>, Error> {
        let found: Vec<_> =
            self.store.read(|conn| actor.belongs_to.iter().map(|o| party::organisation(conn, *o)).collect::<Result<_, _>>())?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Names of organisations of a kind, for choosing a body or an institution. Anybody signed in may choose.
    pub fn organisations_of(&self, actor: &Actor, kind: OrganisationKind) -> Result<Vec<Organisation>, Error> {
        if actor.person.is_none() || kind == OrganisationKind::Provider {
            return Err(Refusal::forbidden().into());
        }
        let all: Vec<Organisation> = self.store.read(party::organisations)?;
        Ok(all.into_iter().filter(|o| o.kinds.contains(&kind)).collect())
    }

    /// The products of the actor's organisation.
    pub fn products(&self, actor: &Actor) -> Result<Vec<Product>, Error> {
        let own = actor.organisation.filter(|_| actor.has(Role::Officer) || actor.has(Role::Colleague)).ok_or(Refusal::forbidden())?;
        Ok(self.store.read(|conn| party::products(conn, own))?)
    }

    pub fn product(&self, actor: &Actor, id: Id<id::Product>) -> Result<Product, Error> {
        self.products(actor)?.into_iter().find(|p| p.id == id).ok_or_else(|| Refusal::not_found().into())
    }

    /// The actor's own tokens in this organisation, without their secrets.
    pub fn tokens(&self, actor: &Actor) -> Result<Vec<Token>, Error> {
        let (Some(person), Some(organisation)) = (actor.person, actor.organisation) else { return Err(Refusal::forbidden().into()) };
        Ok(self.store.read(|conn| party::tokens(conn, person, organisation))?)
    }

    pub fn phrases(&self, actor: &Actor) -> Result<Vec<Phrase>, Error> {
        let organisation = actor.organisation.ok_or(Refusal::forbidden())?;
        Ok(self.store.read(|conn| party::phrases(conn, organisation))?)
    }

    /// Kept column mappings of the actor's organisation, the newest first.
    pub fn mappings(&self, actor: &Actor) -> Result<Vec<KeptMapping>, Error> {
        let organisation = actor.organisation.ok_or(Refusal::forbidden())?;
        Ok(self.store.read(|conn| sheets::mappings(conn, organisation))?)
    }

    /// Every sheet: the catalogue's and those that users added, by id.
    pub fn sheets(&self, actor: &Actor) -> Result<Vec<Arc<Sheet>>, Error> {
        actor.person.ok_or(Refusal::forbidden())?;
        self.content.reload(&self.store)?;
        Ok(self.content.sheets())
    }

    /// A sheet with its confirmed wordings. Sheets are content, not secrets: anybody signed in reads them.
    pub fn sheet(&self, actor: &Actor, id: &SheetId) -> Result<SheetRead, Error> {
        actor.person.ok_or(Refusal::forbidden())?;
        let sheet = self.content.sheet(&self.store, id)?;
        let confirmed = self.store.read(|conn| sheets::confirmed_texts(conn, id))?.into_iter().map(|c| (c.item, c)).collect();
        Ok(SheetRead { sheet, confirmed })
    }
}
