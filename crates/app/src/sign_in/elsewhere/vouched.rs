//! Which account a provider's word opens, and which roles its groups give: in its own organisation, and nowhere else.

use identity::oidc::{self, Provider, Recognised};
use rules::account::{Account, AccountKind};
use rules::act::japan;
use rules::change::{Change, Failure};
use rules::id::{self, Id};
use rules::party::{self, Membership, Organisation, Person, Role};
use rules::text::{Lang, Text, text, worded};
use store::tables::{accounts, party as parties, requests};

use crate::execute::Doing;
use crate::{App, Error};

/// What the provider's word comes to.
pub(super) enum Vouched {
    /// An open account that holds roles in the provider's organisation.
    For(Person, Id<id::Organisation>),
    /// Nobody is let in; whose account it is, where it is known.
    No(Option<Person>, Failure),
}

/// The kind of secret that ties a person to their account at one issuer. Its value is the digest of issuer and subject:
/// the subject is never given to somebody else there, a mail address may be.
fn subject_kind(issuer: &str) -> String {
    format!("oidc_subject {}", identity::digest(issuer))
}

/// Roles that a provider may give in this organisation.
fn is_given(role: Role, of: &Organisation) -> bool {
    role != Role::Operator && role.kind().is_none_or(|kind| of.kinds.contains(&kind))
}

fn role(word: &str) -> Option<Role> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

/// The organisation named in the settings.
fn organisation(conn: &mut store::Conn, provider: &Provider) -> Result<Option<Organisation>, store::Error> {
    match provider.organisation.parse() {
        Ok(id) => parties::organisation(conn, id),
        Err(_) => Ok(None),
    }
}

/// What in the settings of providers does not fit the organisations of this installation; all of it at once.
pub(crate) fn faults(conn: &mut store::Conn, providers: &[Provider]) -> Result<Vec<Text>, store::Error> {
    let mut out = vec![];
    for provider in providers {
        let id = &provider.id;
        let Some(of) = organisation(conn, provider)? else {
            out.push(worded(
                format!("認証連携先「{id}」のorganisation：この組織は登録されていません。組織の画面のアドレスにあるIDを書いてください。"),
                format!("Provider “{id}”, organisation: there is none with this id. Write the id that stands in the address of its page."),
            ));
            continue;
        };
        for (group, words) in &provider.groups {
            for odd in words.iter().filter_map(|w| role(w)).filter(|r| !is_given(*r, &of)) {
                out.push(worded(
                    format!(
                        "認証連携先「{id}」のgroups：グループ「{group}」に、{}では割り当てられない役割「{}」があります。",
                        of.name,
                        odd.name().ja
                    ),
                    format!(
                        "Provider “{id}”, groups: group “{group}” has the role {}, which cannot be given in {}.",
                        odd.name().en,
                        of.name
                    ),
                ));
            }
        }
    }
    Ok(out)
}

impl App {
    /// What in the settings of providers does not fit this installation's organisations.
    pub fn provider_faults(&self) -> Result<Vec<Text>, Error> {
        Ok(self.store().read(|conn| faults(conn, &self.config.providers.0))?)
    }
}

impl Doing<'_, '_> {
    /// Finds, links or makes the account, and lets its roles follow the groups.
    pub(super) fn vouch(&mut self, provider: &Provider, of: &Recognised) -> Result<Vouched, Error> {
        let Some(organisation) = organisation(self.tx, provider)? else {
            return Err(Error::Broken(format!("provider {} is for an organisation that does not exist", provider.id)));
        };
        self.act.actor.organisation = Some(organisation.id);
        let approval = requests::access(self.tx, organisation.id)?.approval;
        let wanted: Vec<Role> = oidc::roles(provider, of).iter().filter_map(|w| role(w)).filter(|r| is_given(*r, &organisation)).collect();
        let kind = subject_kind(&of.issuer);
        let subject = identity::digest(&format!("{}\n{}", of.issuer, of.subject)).to_string();
        let linked = match self.tx.secret_owner(&kind, &subject)?.and_then(|owner| owner.parse().ok()) {
            Some(id) => parties::person(self.tx, id)?,
            None => None,
        };
        let Ok(email) = party::email("email", &of.email) else { return Ok(Vouched::No(None, Failure::Factor)) };
        let named = match &linked {
            Some(_) => None,
            None => parties::person_by_email(self.tx, &email)?,
        };
        let Some(person) = linked.clone().or(named) else {
            // A new account is a wider right than none: where that needs a second person's word, the provider's is not enough.
            if !provider.join || wanted.is_empty() || approval {
                return Ok(Vouched::No(None, Failure::Factor));
            }
            let person = self.new_person(of, email)?;
            self.write(&Change::PersonAdded(person.clone()))?;
            self.tx.put_secret(&person.id.to_string(), &kind, &subject)?;
            self.write(&Change::RolesGiven(Membership { person: person.id, organisation: organisation.id, roles: wanted }))?;
            return Ok(Vouched::For(person, organisation.id));
        };
        let Some(account) = accounts::account(self.tx, person.id)? else { return Ok(Vouched::No(Some(person), Failure::Closed)) };
        let memberships = parties::memberships_of(self.tx, person.id)?;
        if !self.may_be_vouched_for(&account, &memberships, organisation.id) {
            return Ok(Vouched::No(Some(person), Failure::Closed));
        }
        if linked.is_none() {
            // Another account at this issuer has had the address before: it may be another human being's now.
            let taken = self.tx.secret(&person.id.to_string(), &kind)?.is_some();
            let elsewhere_too = memberships.iter().any(|m| m.organisation != organisation.id);
            if taken || elsewhere_too || wanted.is_empty() {
                return Ok(Vouched::No(Some(person), Failure::Factor));
            }
            self.tx.put_secret(&person.id.to_string(), &kind, &subject)?;
            self.tell_linked(&person, provider)?;
        }
        let current = memberships.iter().find(|m| m.organisation == organisation.id).map(|m| m.roles.clone()).unwrap_or_default();
        let mut roles = wanted;
        if approval {
            roles.retain(|r| current.contains(r));
        }
        roles.sort();
        let mut before = current;
        before.sort();
        if roles != before {
            self.write(&Change::RolesGiven(Membership { person: person.id, organisation: organisation.id, roles: roles.clone() }))?;
        }
        Ok(if roles.is_empty() { Vouched::No(Some(person), Failure::Factor) } else { Vouched::For(person, organisation.id) })
    }

    /// A provider speaks for people whom its own organisation answers for, while their account is open. Operators run
    /// the whole installation: no single organisation's provider opens it.
    fn may_be_vouched_for(&self, account: &Account, memberships: &[Membership], of: Id<id::Organisation>) -> bool {
        let operator = memberships.iter().any(|m| m.roles.contains(&Role::Operator));
        account.kind == AccountKind::Person && account.home == Some(of) && account.is_open(japan(self.act.at).date()) && !operator
    }

    fn new_person(&mut self, of: &Recognised, email: String) -> Result<Person, Error> {
        let short: String = of.name.chars().take(60).collect();
        // A name of nothing visible is none.
        let name = party::line("name", &short, 60).unwrap_or_else(|_| email.chars().take(60).collect());
        Ok(Person { id: self.act.fresh(), name, email, lang: Lang::default(), kind: AccountKind::Person })
    }

    /// Whoever owned the account before learns that there is another way into it.
    fn tell_linked(&mut self, person: &Person, provider: &Provider) -> Result<(), Error> {
        let words = worded(
            format!(
                "あなたのアカウントに「{}」からサインインできるようになりました。心当たりがない場合は、すぐに組織管理者に連絡してください。",
                provider.title.ja
            ),
            format!("Your account can now be signed in to by {}. If this was not you, tell your administrator at once.", provider.title.en),
        );
        self.mail(person, &text("外部の認証基盤との連携", "A provider is linked to your account"), &words)
    }
}
