//! Commands about retention and holds, and what an approved lifting or erasure sets in motion.

use std::collections::BTreeMap;

use rules::act::Actor;
use rules::change::Change;
use rules::command::{Command, Kind};
use rules::id::{self, Id};
use rules::keeping::{self, Erasure, Fate, Hold, Keeping, Matter};
use rules::party::Role;
use rules::policy::Place;
use rules::refusal::Refusal;
use rules::request::{Ask, Request};
use rules::text::{Text, text, worded};
use store::tables::keeping as rows;

use super::Doing;
use crate::Error;
use crate::keeping::{holds_on, may_leave, owners, scope};

/// What an erasure takes from one ledger.
#[derive(Default)]
struct Taken {
    seqs: Vec<u64>,
    instead: Vec<(u64, serde_json::Value)>,
}

impl Doing<'_, '_> {
    pub(super) fn keeping(&mut self, kind: Kind, command: Command) -> Result<(), Error> {
        self.allow(kind, Place::Installation)?;
        let (organisation, by) = (self.organisation()?, self.act.actor.person.ok_or(Refusal::forbidden())?);
        match command {
            Command::PlaceHold { matter, reason } => {
                self.own_matter(organisation, &matter)?;
                let reason = rules::account::reason("reason", &reason)?;
                let hold = Hold { id: self.act.fresh(), organisation, matter, reason, by, at: self.act.at, lifted: None };
                self.done.made = Some(hold.id.to_string());
                self.write(&Change::Keeping(Keeping::HoldPlaced(hold))).map(drop)
            }
            Command::SetRetention { rule } => {
                let rule = keeping::lengthen(&self.app.keeping.rules, rule)?;
                self.write(&Change::Keeping(Keeping::RetentionSet { organisation, rule })).map(drop)
            }
            other => unreachable!("{} is executed elsewhere", other.kind().code()),
        }
    }

    /// Refuses what is none of the organisation's.
    fn own_matter(&mut self, organisation: Id<id::Organisation>, matter: &Matter) -> Result<(), Error> {
        if owners(self.tx, matter)?.contains(&organisation) { Ok(()) } else { Err(Refusal::not_found().at("matter").into()) }
    }

    /// Checks that a lifting or an erasure may be asked for, and returns whose people decide.
    pub(super) fn keeping_asked(&mut self, ask: &Ask) -> Result<Id<id::Organisation>, Error> {
        let organisation = self.organisation()?;
        if !self.act.actor.has(Role::Administrator) {
            return Err(Refusal::forbidden().into());
        }
        match ask {
            Ask::LiftHold { hold } => {
                let hold = rows::hold(self.tx, *hold)?.filter(|h| h.organisation == organisation).ok_or(Refusal::not_found().at("hold"))?;
                still_standing(&hold)?;
            }
            Ask::Erase { matter } => {
                self.own_matter(organisation, matter)?;
                may_leave(self.app, self.tx, matter, self.act.today())?;
                self.tell_other_owners(organisation, matter)?;
            }
            _ => return Err(Refusal::not_found().into()),
        }
        Ok(organisation)
    }

    /// Who else has a part in what is to be erased learns it while there is time to place a hold.
    fn tell_other_owners(&mut self, organisation: Id<id::Organisation>, matter: &Matter) -> Result<(), Error> {
        for other in owners(self.tx, matter)?.into_iter().filter(|o| *o != organisation) {
            let words = worded(
                format!(
                    "{}（{}）の消去が申請されました。残す必要がある場合は、承認される前に「保存と消去」で保全を指定してください。",
                    matter.name().ja,
                    matter.subject()
                ),
                format!(
                    "The erasure of a {} ({}) was requested. If it must stay, place a hold on the page Retention and erasure before it is approved.",
                    matter.name().en.to_lowercase(),
                    matter.subject()
                ),
            );
            self.alert(rules::review::AlertKind::RetentionDue, Some(other), &format!("{} erasure", matter.subject()), words)?;
        }
        Ok(())
    }

    /// Refuses to close or remove what a hold keeps.
    pub(super) fn not_held(&mut self, matter: &Matter) -> Result<(), Error> {
        match holds_on(self.tx, matter)?.first() {
            Some(hold) => Err(held(hold).into()),
            None => Ok(()),
        }
    }

    /// An approved request to lift a hold.
    pub(super) fn lift_hold(&mut self, request: &Request) -> Result<(), Error> {
        let Ask::LiftHold { hold } = request.ask else { return Err(Refusal::not_found().into()) };
        let by = self.act.actor.person.ok_or(Refusal::forbidden())?;
        let standing = rows::hold(self.tx, hold)?.ok_or(Refusal::not_found())?;
        still_standing(&standing)?;
        self.write(&Change::Keeping(Keeping::HoldLifted { hold, reason: request.reason.clone(), by })).map(drop)
    }

    /// An approved request to erase: one line in each ledger that loses payloads, the own one last, and the rows with it.
    pub(super) fn erase(&mut self, request: &Request) -> Result<(), Error> {
        let Ask::Erase { matter } = &request.ask else { return Err(Refusal::not_found().into()) };
        // Looked at again: a hold or a longer rule may have come since it was asked for.
        let authority = may_leave(self.app, self.tx, matter, self.act.today())?;
        let scope = scope(self.tx, matter)?;
        let mut taken: BTreeMap<String, Taken> = BTreeMap::new();
        let mut words = vec![];
        let mut beside = vec![];
        for line in store::erase::lines_about(self.tx, &scope)? {
            let Some(payload) = &line.payload else { continue };
            let change: Change = serde_json::from_str(&payload.text)
                .map_err(|e| Error::Broken(format!("line {} of the ledger cannot be read: {e}", line.head.pos)))?;
            let of = || (line.head.tenant.clone(), line.head.seq);
            let (tenant, seq) = match keeping::fate(&change, &scope) {
                Fate::Stays => continue,
                Fate::Leaves => of(),
                Fate::Becomes(new) => {
                    let (tenant, seq) = of();
                    let new = serde_json::to_value(&new).map_err(|e| Error::Broken(e.to_string()))?;
                    taken.entry(tenant.clone()).or_default().instead.push((seq, new));
                    (tenant, seq)
                }
            };
            taken.entry(tenant).or_default().seqs.push(seq);
            beside.extend(matches!(change, Change::MailQueued(_) | Change::AlertRaised(_)).then(|| change.subject()));
            crate::keeping::collect(&payload.text, &mut words);
        }
        if let Matter::Person { person } = matter {
            words = vec![scope.email.clone(), scope.name.clone()];
            self.tx.delete_person_secrets(*person)?;
            self.tx.delete_secrets(&crate::sign_in::throttle::owner(&scope.email))?;
        }
        // Texts of mails wait beside the ledger.
        for owner in beside {
            self.tx.delete_secrets(&owner)?;
        }
        let (rows, files) = (
            store::erase::rows_of(self.tx, matter)?,
            match matter {
                Matter::Evidence { series } => store::erase::files_of(self.tx, *series)?,
                _ => vec![],
            },
        );
        let erasure = Erasure {
            id: self.act.fresh(),
            organisation: request.organisation,
            matter: matter.clone(),
            authority,
            request: Some(request.id),
            seqs: vec![],
            rows: vec![],
            files: vec![],
            instead: vec![],
            whole: false,
            how: how(),
            by: self.act.actor.person,
            at: self.act.at,
        };
        self.app.keeping.remember(erasure.id, words);
        self.done.made = Some(erasure.id.to_string());
        let own = taken.remove(&request.organisation.to_string()).unwrap_or_default();
        let actor = self.act.actor.clone();
        for (tenant, of) in taken {
            self.act.actor = Actor { organisation: tenant.parse().ok(), ..Actor::system() };
            let line = Erasure { seqs: ranges(&of.seqs), instead: of.instead, ..erasure.clone() };
            self.write(&Change::Keeping(Keeping::PayloadsErased(line)))?;
        }
        self.act.actor = actor;
        let last = Erasure { seqs: ranges(&own.seqs), instead: own.instead, rows, files, whole: true, ..erasure };
        self.write(&Change::Keeping(Keeping::PayloadsErased(last))).map(drop)
    }
}

fn still_standing(hold: &Hold) -> Result<(), Refusal> {
    match hold.lifted {
        Some(_) => Err(Refusal::state(text("この保全はすでに解除されています。", "This hold is lifted already."))),
        None => Ok(()),
    }
}

/// The refusal of what a hold forbids, with the hold's name.
pub(crate) fn held(hold: &Hold) -> Refusal {
    let day = rules::act::japan(hold.at).date();
    Refusal::state(worded(
        format!(
            "保全「{}」（{day}指定、{}）があるため、終了・消去はできません。先に保全の解除を申請し、別の人の承認を受けてください。",
            hold.reason, hold.id
        ),
        format!(
            "A hold stands on this ({}; since {day}, {}): it is neither closed nor erased. Request to lift the hold first.",
            hold.reason, hold.id
        ),
    ))
}

/// What was done, in words for the certificate.
fn how() -> Vec<Text> {
    vec![
        text(
            "対象の記録の行をデータベースの表と全文検索の索引から削除し、台帳の行のうち本文と乱数（salt）を削除しました。台帳の行の見出しとハッシュ値は残るため、消去の前後で台帳の証明は変わりません。",
            "The rows were deleted from the tables and from the search index; of the ledger's lines, the payload and its random salt were deleted. Heads and hashes of the lines stay, so every proof of the ledger holds as before.",
        ),
        text(
            "削除した領域は0で上書きし（SQLite: secure_delete）、その後データベースを書き直しました（VACUUM）。",
            "Deleted content was written over with zeros (SQLite: secure_delete), and the database was written anew afterwards (VACUUM).",
        ),
    ]
}

/// Rising numbers as ranges, from and to.
fn ranges(seqs: &[u64]) -> Vec<(u64, u64)> {
    let mut out: Vec<(u64, u64)> = vec![];
    for seq in seqs {
        match out.last_mut() {
            Some((_, to)) if *to + 1 == *seq => *to = *seq,
            _ => out.push((*seq, *seq)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_become_ranges() {
        assert_eq!(super::ranges(&[1, 2, 3, 7, 9, 10]), [(1, 3), (7, 7), (9, 10)]);
        assert_eq!(super::ranges(&[]), []);
    }
}
