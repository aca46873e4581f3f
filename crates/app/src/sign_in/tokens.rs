//! Who stands behind a token of the REST interface.

use rules::access::Coming;
use rules::account::AccountKind;
use rules::act::{Actor, Grants, Means, Privilege};
use rules::id::{self, Id};
use store::tables::{accounts, party, requests};

use super::Door;
use super::sessions::actor_of;
use crate::execute::TOKEN;
use crate::{App, Error};

impl App {
    /// Who stands behind a REST token; nobody if it was revoked, ran out, or never was, or its owner may not act.
    pub fn token(&self, secret: &str, address: &str) -> Result<Option<Actor>, Error> {
        self.token_from(secret, Door { address, certificate: None })
    }

    /// As [`App::token`], with the client certificate of the connection.
    pub fn token_from(&self, secret: &str, door: Door<'_>) -> Result<Option<Actor>, Error> {
        let digest = identity::digest(secret).to_string();
        let now = self.clock.now();
        let today = rules::act::japan(now).date();
        self.store.read(|conn| {
            let Some(id) = conn.secret_owner(TOKEN, &digest)?.and_then(|o| o.parse::<Id<id::Token>>().ok()) else { return Ok(None) };
            let Some(token) = party::token(conn, id)?.filter(|t| !t.revoked && t.expires >= today) else { return Ok(None) };
            let Some(account) = accounts::account(conn, token.person)?.filter(|a| a.is_open(today)) else { return Ok(None) };
            if account.kind == AccountKind::Emergency {
                return Ok(None);
            }
            let memberships = party::memberships_of(conn, token.person)?;
            let Some(current) = memberships.iter().find(|m| m.organisation == token.organisation) else { return Ok(None) };
            let access = requests::access(conn, token.organisation)?;
            if access.admits_from(&Coming { at: now, address: door.address, certificate: door.certificate }).is_err() {
                return Ok(None);
            }
            // A token asks for no privilege: where people need it, the token has none.
            let privilege = match access.is_management(door.address) {
                false => Privilege::WrongPlace,
                true if access.privileged.is_empty() => Privilege::Free,
                true => Privilege::Needed,
            };
            let actor = actor_of(current, &memberships, Means::Token { id, write: token.write }, door.address);
            Ok(Some(Actor { grants: Grants { privilege, ..Grants::default() }, ..actor }))
        })
    }
}
