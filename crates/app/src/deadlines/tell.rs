//! Deadlines told by mail: what comes near, has come and is over, each stage of each duty once.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rules::account::Standing;
use rules::act::{Actor, japan};
use rules::change::Change;
use rules::deadline::{self, About, Deadlining, Duty, Stage};
use rules::id::{self, Id};
use rules::party::{Person, Role};
use rules::text::{Text, text, worded};
use store::tables::{accounts, deadline as rows, party};

use super::{Found, gather};
use crate::execute::Doing;
use crate::{App, Error};

/// Lines of one mail.
const LINES: usize = 50;

impl App {
    /// Tells people by mail what comes near, has come and is over, each stage of each duty once. Returns how many mails were
    /// written. It runs every hour; running it twice, or on two nodes, does no harm.
    pub fn tell_deadlines(&self) -> Result<usize, Error> {
        let today = japan(self.clock.now()).date();
        let mut written = 0;
        for organisation in self.store.read(party::organisations)? {
            written += self.store.write(|tx| -> Result<usize, Error> {
                let mut doing = Doing::new(self, tx, Actor::system())?;
                let mails = doing.mails_due(organisation.id, today)?;
                let count = mails.len();
                for ((_, stage), (person, duties)) in mails {
                    let lines: Vec<Text> = duties.iter().map(|f| f.line()).collect();
                    doing.mail(&person, &deadline::told(stage, lines.len()), &body(&self.config.address, &lines))?;
                    let duties = duties.into_iter().map(|f| f.duty.key).collect();
                    let told = Deadlining::DutiesTold { organisation: organisation.id, person: person.id, stage, duties };
                    doing.write(&Change::Deadline(told))?;
                }
                Ok(count)
            })?;
        }
        Ok(written)
    }
}

/// The mails to write: to whom, at which stage, about what.
type Mails = BTreeMap<(Id<id::Person>, Stage), (Person, Vec<Found>)>;

impl Doing<'_, '_> {
    fn mails_due(&mut self, organisation: Id<id::Organisation>, today: Date) -> Result<Mails, Error> {
        let mut mails = Mails::new();
        let due = gather(self.app, self.tx, organisation, today)?;
        let due: Vec<(Stage, Found)> =
            due.into_iter().filter(|f| f.waived.is_none()).filter_map(|f| Some((f.duty.stage(today)?, f))).collect();
        if due.is_empty() {
            return Ok(mails);
        }
        let administrators = App::holders(self.tx, organisation, Role::Administrator)?;
        let officers = App::holders(self.tx, organisation, Role::Officer)?;
        let in_charge = if officers.is_empty() { administrators.clone() } else { officers };
        for (stage, found) in due {
            if rows::told(self.tx, organisation, &found.duty.key)?.contains(&stage) {
                continue;
            }
            let mut receivers = match self.in_person(organisation, &found.duty)? {
                Some(person) => vec![person],
                None => in_charge.clone(),
            };
            if stage == Stage::Overdue {
                receivers.extend(administrators.iter().cloned());
            }
            for person in receivers {
                let (_, duties) = mails.entry((person.id, stage)).or_insert_with(|| (person, vec![]));
                if duties.iter().all(|known| known.duty.key != found.duty.key) {
                    duties.push(found.clone());
                }
            }
        }
        Ok(mails)
    }

    /// Whoever answers for it, where they still work here.
    fn in_person(&mut self, organisation: Id<id::Organisation>, duty: &Duty) -> Result<Option<Person>, Error> {
        let Some(id) = duty.responsible() else { return Ok(None) };
        let here = party::memberships_of(self.tx, id)?.iter().any(|m| m.organisation == organisation);
        let active = accounts::account(self.tx, id)?.is_some_and(|a| a.standing == Standing::Active);
        Ok(party::person(self.tx, id)?.filter(|_| here && active))
    }
}

impl Found {
    /// One line of a mail. It holds words of the catalogue only: a mail lies in other people's systems.
    fn line(&self) -> Text {
        let (ja, en) = match &self.duty.about {
            About::Item { item, .. } => (format!("項目{item}: "), format!("Item {item}: ")),
            About::Entry { .. } | About::Evidence { .. } | About::Certificate { .. } => (String::new(), String::new()),
        };
        let (due, what) = (self.duty.due, &self.duty.what);
        worded(format!("{due}  {ja}{}", what.ja), format!("{due}  {en}{}", what.en))
    }
}

fn body(address: &str, lines: &[Text]) -> Text {
    let shown = |pick: fn(&Text) -> &str| lines.iter().take(LINES).map(pick).collect::<Vec<_>>().join("\n");
    let left = lines.len().saturating_sub(LINES);
    let more = if left == 0 { text("", "") } else { worded(format!("\nほか{left}件"), format!("\nand {left} more")) };
    worded(
        format!("次の期限があります。「期限」の画面で対象を確かめ、対応してください。\n{address}/tasks\n\n{}{}", shown(|t| &t.ja), more.ja),
        format!(
            "These deadlines concern you. See on the page Deadlines what they are about.\n{address}/tasks\n\n{}{}",
            shown(|t| &t.en),
            more.en
        ),
    )
}
