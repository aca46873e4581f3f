//! Every cycle produces its deadline before the day, people are told at each stage, and nothing but a record does it.

use jiff::SignedDuration;
use jiff::civil::Date;
use rules::act::{Actor, japan};
use rules::change::Change;
use rules::command::Command;
use rules::deadline::{About, Deadlining, Urgency};
use rules::id::{self, Id, ItemNo, Pos};
use rules::register::Written;
use rules::text::text;

use crate::scratch::{COLLEAGUE, OFFICER, REVIEWER, made};
use crate::{Check, Failed, Mechanism, Scratch, Tried, expect};

pub static MECHANISM: Mechanism = Mechanism {
    id: "deadline_engine",
    name: text("期限の管理", "Deadlines"),
    checks: &[
        Check {
            shows: &[(98, 0)],
            what: text(
                "管理簿の期限は、前、当日、超過の各段階で担当者に一度ずつメールで伝わり、超過すると項目が要対応になり、管理者にも伝わり、記録によってだけ対応済みになる。",
                "A deadline of a register is told before, on the day and after, each once; overdue, its items need attention and administrators are told; only a record does it.",
            ),
            run: told_at_each_stage,
            break_it: |s| s.later(waive_all),
        },
        Check {
            shows: &[(2, 0), (3, 0), (16, 0), (29, 0), (34, 0), (38, 0), (44, 0), (47, 0), (98, 0), (113, 0), (213, 0), (218, 0), (243, 0)],
            what: text(
                "定期的な項目は、記録がなくても、周期の終わりまでに期限として現れ、過ぎると要対応になる。",
                "An item that recurs is a deadline by the end of its cycle without anybody entering one, and needs attention afterwards.",
            ),
            run: every_cycle,
            break_it: |s| s.later(waive_all),
        },
    ],
};

/// Somebody reaches into the ledger and says of every duty that it is not needed.
fn waive_all(s: &Scratch) -> Tried {
    let actor = s.signed_in(OFFICER)?.signed()?.actor;
    let (organisation, by) = (s.home(OFFICER)?, s.person(OFFICER)?.id);
    for task in s.app().tasks(&actor)?.tasks {
        let (duty, reason) = (task.duty.key, String::new());
        s.write(&Change::Deadline(Deadlining::DutyWaived { organisation, duty, reason, by }))?;
    }
    Ok(())
}

pub(crate) fn today(s: &Scratch) -> Date {
    japan(s.now()).date()
}

pub(crate) fn days(s: &Scratch, count: i64) -> Date {
    today(s).checked_add(jiff::Span::new().days(count)).unwrap_or(Date::MAX)
}

pub(crate) fn wait_days(s: &Scratch, count: i64) {
    s.wait(SignedDuration::from_hours(24 * count));
}

/// A new entry, or another version of one.
pub(crate) fn write(
    s: &Scratch,
    by: &Actor,
    register: &str,
    entry: Option<Id<id::Entry>>,
    fields: &[(&str, String)],
) -> Result<Id<id::Entry>, app::Error> {
    let base = entry.map(|entry| s.app().entry(by, entry)).transpose()?.map_or(Pos::NEVER, |read| read.standing.pos);
    let fields: Written = fields.iter().map(|(id, typed)| ((*id).to_owned(), vec![typed.clone()])).collect();
    let done = s.app().execute(by, Command::WriteEntry { register: register.into(), entry, base, label: None, fields })?;
    made(&done).map_err(|failed| app::Error::Broken(failed.words.en.into_owned()))
}

/// The duties of an entry as somebody sees them.
pub(crate) fn of(s: &Scratch, actor: &Actor, entry: Id<id::Entry>) -> Result<Vec<app::deadlines::Task>, Failed> {
    let mut tasks = s.app().tasks(actor)?.tasks;
    tasks.retain(|t| matches!(t.duty.about, About::Entry { entry: of, .. } if of == entry));
    Ok(tasks)
}

/// How often the ledger says that somebody was told of a duty.
pub(crate) fn told(s: &Scratch, email: &str, key: &str) -> Result<usize, Failed> {
    let person = s.person(email)?.id.to_string();
    let lines = s.lines_after(Pos::NEVER)?.into_iter();
    Ok(lines.filter(|l| l.kind == "duties_told" && l.subject == person && l.change.to_string().contains(key)).count())
}

fn review(s: &Scratch, reviewer: &str) -> Vec<(&'static str, String)> {
    let fields = [
        ("number", "RV-検査".to_owned()),
        ("kind", "accounts".to_owned()),
        ("scope", "本番環境".to_owned()),
        ("period_from", days(s, -90).to_string()),
        ("period_until", days(s, -1).to_string()),
        ("due_on", days(s, 30).to_string()),
        ("population", "42".to_owned()),
        ("sample", "42".to_owned()),
        ("method", "突き合わせる。".to_owned()),
        ("reviewer", reviewer.to_owned()),
    ];
    fields.into()
}

fn told_at_each_stage(s: &Scratch) -> Tried {
    let officer = s.signed_in(OFFICER)?.signed()?.actor;
    let mut fields = review(s, &s.person(COLLEAGUE)?.name);
    let entry = write(s, &officer, "periodic_review", None, &fields)?;
    s.app().tell_deadlines()?;
    let key = of(s, &officer, entry)?.first().map(|t| t.duty.key.clone()).unwrap_or_default();
    s.meanwhile()?;
    let state = || Ok::<Option<Urgency>, Failed>(of(s, &officer, entry)?.first().map(|t| t.urgency));
    for (wait, urgency) in [(16, Urgency::Due), (14, Urgency::Due), (7, Urgency::Overdue)] {
        let seen = told(s, COLLEAGUE, &key)?;
        wait_days(s, wait);
        s.app().tell_deadlines()?;
        s.app().tell_deadlines()?;
        expect(state()? == Some(urgency), "期限の状態が正しくありません", "the deadline does not stand where it should")?;
        expect(told(s, COLLEAGUE, &key)? == seen + 1, "担当者に一度だけ伝わっていません", "the person in charge is not told once")?;
    }
    expect(told(s, REVIEWER, &key)? == 1, "管理者に伝わっていません", "administrators are not told")?;
    let mailed = !s.mails_to(COLLEAGUE)?.is_empty() && !s.mails_to(REVIEWER)?.is_empty();
    expect(mailed, "メールがありません", "there is no mail")?;
    let attention = || {
        Ok::<bool, Failed>(
            s.app()
                .overdue_items(&officer)?
                .get(&ItemNo(98))
                .is_some_and(|tasks| tasks.iter().any(|t| matches!(t.duty.about, About::Entry { entry: of, .. } if of == entry))),
        )
    };
    expect(attention()?, "項目が要対応になっていません", "the item does not need attention")?;
    fields.extend([("reviewed_on", today(s).to_string()), ("result", "clean".to_owned())]);
    write(s, &officer, "periodic_review", Some(entry), &fields)?;
    expect(!attention()? && state()?.is_none(), "記録しても期限が残っています", "the record does not do it")
}

fn every_cycle(s: &Scratch) -> Tried {
    let officer = s.signed_in(OFFICER)?.signed()?.actor;
    s.meanwhile()?;
    let tasks = s.app().tasks(&officer)?.tasks;
    let end = days(s, 366);
    for item in MECHANISM.checks[1].shows.iter().map(|(no, _)| ItemNo(*no)) {
        let due = tasks.iter().any(|t| matches!(t.duty.about, About::Item { item: of, .. } if of == item) && t.duty.due <= end);
        expect(due, "期限のない定期的な項目があります", "an item that recurs has no deadline")?;
    }
    wait_days(s, 367);
    let overdue = s.app().overdue_items(&officer)?;
    let late = MECHANISM.checks[1].shows.iter().all(|(no, _)| overdue.contains_key(&ItemNo(*no)));
    expect(late, "周期を過ぎても要対応になりません", "an item is not overdue after its cycle")
}
