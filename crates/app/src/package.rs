//! Sealed packages between installations: making one of a case, looking at one that came, taking it in, and receipts.

mod make;
mod open;
mod receipt;
mod take;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;

use rules::act::Actor;
use rules::command::Kind;
use rules::exchange::{Submission, TrustAnchor};
use rules::id::{self, Id, Named};
use rules::party::Role;
use rules::policy::{self, Place};
use rules::refusal::Refusal;
use rules::sheet::SheetId;
use rules::text::worded;
use seal::merkle::sha256;
use store::tables::{exchange as rows, party};

pub use make::Sent;
pub use open::Look;
pub use receipt::reason;
pub use store::tables::exchange::{Moved, Turned};

use crate::{App, Error, trust};

/// What a package says of its case.
const SUBMISSION: &str = "submission.json";
/// The same for people, as the sheet.
const ANSWERS: &str = "answers.xlsx";
/// The lines of the sender's ledger about the case, with their proofs.
const LEDGER: &str = "ledger.akashi-ledger";
/// The version of `submission.json`.
const VERSION: u32 = 1;
/// After so many days without a receipt somebody should ask, in days.
pub const UNANSWERED: i64 = 14;

/// What an organisation sent, received and refused, and to whom it can send.
#[derive(Debug, Clone)]
pub struct PackagesRead {
    /// The newest first.
    pub moved: Vec<Moved>,
    pub refused: Vec<Turned>,
    /// Active anchors of other installations.
    pub others: Vec<TrustAnchor>,
    pub names: BTreeMap<Id<id::Person>, String>,
}

fn broken(what: &'static str) -> impl Fn(io::Error) -> Error {
    move |e| Error::Broken(format!("{what}: {e}"))
}

/// The check sheet of a package is not here.
pub(crate) fn no_sheet(sheet: &SheetId) -> Refusal {
    Refusal::state(worded(
        format!(
            "このパッケージのチェックシート（{sheet}）が、この環境にありません。同じ版のシートを取り込んでから、もう一度受領してください。"
        ),
        format!("The check sheet of this package ({sheet}) is not here. Import the same edition, then take the package in again."),
    ))
}

/// The applicant of a case that came in a package: nobody of it is here, so its side is only ever read.
pub(crate) fn applicant(actor: &Actor, provider: Id<id::Organisation>) -> Actor {
    Actor { organisation: Some(provider), roles: vec![Role::Officer], belongs_to: vec![], ..actor.clone() }
}

/// The id that something of a sender has here: always the same for the same sender, receiver and thing, and of nothing
/// else. So a second package finds what the first brought, and no sender can name what is somebody else's.
struct Mirror {
    scope: String,
}

impl Mirror {
    fn of(installation: &str, from: Id<id::Organisation>, to: Id<id::Organisation>) -> Mirror {
        Mirror { scope: format!("akashi-mirror\n{installation}\n{from}\n{to}") }
    }

    fn id<T: Named>(&self, theirs: Id<T>) -> Id<T> {
        let digest = sha256(&[format!("{}\n{theirs}", self.scope).as_bytes()]);
        let random = std::array::from_fn(|i| digest[i]);
        Id::new(theirs.made().as_millisecond().max(0).unsigned_abs(), random)
    }

    /// The submission with ids of here.
    fn submission(&self, theirs: Submission) -> Submission {
        let mut ours = theirs;
        ours.provider.id = self.id(ours.provider.id);
        ours.product.id = self.id(ours.product.id);
        ours.case = self.id(ours.case);
        for claim in ours.items.iter_mut().flat_map(|i| &mut i.claims) {
            claim.evidence = claim.evidence.map(|e| self.id(e));
        }
        for file in &mut ours.evidence {
            (file.id, file.series) = (self.id(file.id), self.id(file.series));
        }
        ours
    }
}

impl App {
    /// What the actor's organisation exchanged.
    pub fn packages(&self, actor: &Actor) -> Result<PackagesRead, Error> {
        let may = actor.has(Role::Officer) || actor.has(Role::Secretariat);
        let organisation = actor.organisation.filter(|_| may).ok_or(Refusal::forbidden())?;
        self.store.read(|conn| {
            let (moved, refused) = (rows::packages(conn, organisation)?, rows::refusals(conn, organisation)?);
            let others = trust::active(conn, organisation)?.into_iter().map(|(a, _)| a).collect();
            let mut names = BTreeMap::new();
            for id in moved.iter().map(|m| m.package.by).chain(refused.iter().map(|r| r.by)) {
                if !names.contains_key(&id)
                    && let Some(person) = party::person(conn, id)?
                {
                    names.insert(id, person.name);
                }
            }
            Ok(PackagesRead { moved, refused, others, names })
        })
    }

    /// A package of a case, for whoever made it or received it.
    pub fn packages_of_case(&self, actor: &Actor, case: Id<id::Case>) -> Result<Vec<Moved>, Error> {
        let organisation = actor.organisation.ok_or(Refusal::forbidden())?;
        self.store.read(|conn| Ok(rows::packages_of_case(conn, case, organisation)?))
    }

    /// Whether somebody may take packages in.
    fn may_receive(&self, actor: &Actor) -> Result<Id<id::Organisation>, Error> {
        policy::may(Kind::ReceivePackage, actor, Place::Installation)?;
        Ok(actor.organisation.ok_or(Refusal::forbidden())?)
    }

    /// A file for what is on its way, which has no name: it goes with the process, whatever happens.
    fn aside(&self) -> Result<File, Error> {
        tempfile::tempfile_in(&self.config.data).map_err(broken("a temporary file cannot be made"))
    }
}

fn opened(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(broken("the package cannot be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_a_sender_is_always_the_same_here_and_of_nobody_else() {
        let org = |n| Id::new(5, [n; 10]);
        let case: Id<id::Case> = Id::new(1_700_000_000_000, [7; 10]);
        let here = Mirror::of("0123456789abcdef", org(1), org(2)).id(case);
        assert_eq!(here, Mirror::of("0123456789abcdef", org(1), org(2)).id(case));
        assert_eq!(here.made(), case.made());
        let others = [
            Mirror::of("1123456789abcdef", org(1), org(2)).id(case),
            Mirror::of("0123456789abcdef", org(3), org(2)).id(case),
            Mirror::of("0123456789abcdef", org(1), org(3)).id(case),
            Mirror::of("0123456789abcdef", org(1), org(2)).id(Id::new(1_700_000_000_000, [8; 10])),
            case,
        ];
        assert!(others.iter().all(|o| *o != here));
    }
}
