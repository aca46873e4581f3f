//! Deadlines (期限): which duties entries, items, evidence and certificates make, where each stands on a day, and what becomes of it.

use jiff::civil::Date;
use jiff::{Span, Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::act::japan;
use crate::case::{Case, Certificate};
use crate::evidence::Evidence;
use crate::id::{self, Id, ItemNo};
use crate::party::line;
use crate::refusal::Refusal;
use crate::register::{Amount, Due, Entry, Register};
use crate::sheet::Item;
use crate::text::{Text, text, worded};

/// Days after the due day from which administrators are told.
pub const LATE: i64 = 7;
/// Days ahead that duties are looked for: a yearly one is always among them.
pub const AHEAD: i32 = 400;
/// Days before a review of an entry, and before evidence or a certificate ends, on which people are told.
const REVIEW_LEAD: u16 = 14;
const END_LEAD: u16 = 60;
/// Characters of the reason why a duty is not needed.
const REASON: usize = 500;

/// Something that has to be done by a day. It is made from what stands and is kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Duty {
    /// Names the duty and its day: another day is another duty.
    pub key: String,
    pub what: Text,
    pub about: About,
    /// Items of the sheet that need attention once it is overdue.
    pub items: Vec<ItemNo>,
    pub due: Date,
    /// Days before `due` on which people are told.
    pub lead: u16,
    /// Whoever answers for it: a person's id, or a name that Akashi does not know.
    pub person: Option<String>,
}

/// What a duty is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum About {
    Entry { entry: Id<id::Entry>, register: String },
    Item { case: Id<id::Case>, item: ItemNo },
    Evidence { evidence: Id<id::Evidence> },
    Certificate { case: Id<id::Case> },
}

/// Where a duty stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    Overdue,
    Due,
    Upcoming,
}

impl Urgency {
    pub const ALL: [Urgency; 3] = [Urgency::Overdue, Urgency::Due, Urgency::Upcoming];
    pub const fn name(self) -> Text {
        match self {
            Urgency::Overdue => text("期限超過", "Overdue"),
            Urgency::Due => text("期限間近", "Due"),
            Urgency::Upcoming => text("今後", "Upcoming"),
        }
    }
}

/// How far telling people has gone. Each is told once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The lead time has begun.
    Before,
    /// The day has come.
    Due,
    /// It is overdue by [`LATE`] days: administrators are told.
    Overdue,
}

/// Days from `a` to `b`; negative where `b` is earlier.
fn days(a: Date, b: Date) -> i64 {
    i64::from(a.until(b).map_or(0, |span| span.get_days()))
}

impl Duty {
    pub fn urgency(&self, today: Date) -> Urgency {
        match days(today, self.due) {
            ..0 => Urgency::Overdue,
            left if left <= i64::from(self.lead) => Urgency::Due,
            _ => Urgency::Upcoming,
        }
    }
    /// What people have to be told by now.
    pub fn stage(&self, today: Date) -> Option<Stage> {
        match days(today, self.due) {
            left if left <= -LATE => Some(Stage::Overdue),
            ..=0 => Some(Stage::Due),
            left if left <= i64::from(self.lead) => Some(Stage::Before),
            _ => None,
        }
    }
    /// The account of whoever answers for it.
    pub fn responsible(&self) -> Option<Id<id::Person>> {
        self.person.as_deref()?.parse().ok()
    }
}

/// The day in a field, as it is kept: of a moment, the day it has in Japan.
fn kept_day(kept: &str) -> Option<Date> {
    kept.parse::<Timestamp>().map(|at| japan(at).date()).or_else(|_| kept.parse()).ok()
}

fn shifted(day: Date, by: Span) -> Option<Date> {
    day.checked_add(by).ok()
}

fn due_day(entry: &Entry, due: &Due, day: Date) -> Option<Date> {
    let earlier = due.before.as_deref().and_then(|id| entry.fields.get(id)?.first()).and_then(|kept| Amount::kept(kept));
    // Nobody is asked for something a hundred years before the day.
    let earlier = earlier.map_or(0, |days| days.whole().clamp(0, 36_500));
    shifted(day, (i64::from(due.after) - earlier).days())
}

/// The duties of one entry. `newest` says of a field that asks again whether no newer entry has taken over.
pub fn of_entry(register: &Register, entry: &Entry, newest: impl Fn(&Due) -> bool) -> Vec<Duty> {
    let open = register.state(&entry.state).is_some_and(|state| state.open);
    let filled = |id: &String| entry.fields.get(id).is_some_and(|kept| !kept.is_empty());
    let person = register.responsible.as_ref().and_then(|id| entry.fields.get(id)?.first().cloned());
    let about = || About::Entry { entry: entry.id, register: register.id.clone() };
    let mut out = vec![];
    for field in &register.fields {
        let Some(due) = &field.due else { continue };
        let stands = if due.again.is_empty() { open } else { newest(due) };
        if !stands || due.dropped.contains(&entry.state) || due.done.as_ref().is_some_and(filled) {
            continue;
        }
        let Some(day) = entry.fields.get(&field.id).and_then(|kept| kept_day(kept.first()?)).and_then(|day| due_day(entry, due, day))
        else {
            continue;
        };
        let mut items: Vec<ItemNo> = field.serves.iter().map(|served| served.item).collect();
        if items.is_empty() {
            items = register.items.iter().map(|served| served.item).collect();
        }
        items.sort();
        items.dedup();
        out.push(Duty {
            key: format!("{}/{}/{day}", entry.id, field.id),
            what: due.words.clone(),
            about: about(),
            items,
            due: day,
            lead: due.days,
            person: person.clone(),
        });
    }
    if let Some(day) = register.review_months.filter(|_| open).and_then(|n| shifted(japan(entry.at).date(), i64::from(n).months())) {
        let mut items: Vec<ItemNo> = register.items.iter().map(|served| served.item).collect();
        items.dedup();
        out.push(Duty {
            key: format!("{}/review/{day}", entry.id),
            what: text("記録の内容を見直し、新しい版を保存してください。", "Look at the entry again and save a new version."),
            about: about(),
            items,
            due: day,
            lead: REVIEW_LEAD,
            person,
        });
    }
    out
}

/// How long a cycle of the catalogue is, and how many days before its end people are told. What happens at events has none.
pub fn cycle(word: &str) -> Option<(Span, u16)> {
    Some(match word {
        "daily" => (1.day(), 0),
        "monthly" => (1.month(), 7),
        "quarterly" => (3.months(), 14),
        "yearly" => (1.year(), 30),
        _ => return None,
    })
}

/// The duty of an item that recurs (定期的): something new by the end of its cycle. `last` is the day of the newest entry
/// or claim that shows it; a case without any counts from the day it was opened.
pub fn of_item(case: &Case, item: &Item, last: Option<Date>, owner: Option<Id<id::Person>>) -> Option<Duty> {
    let (span, lead) = cycle(&item.review_cycle).filter(|_| item.recurring)?;
    let due = shifted(last.unwrap_or(japan(case.opened).date()), span)?;
    Some(Duty {
        key: format!("{}/{}/{due}", case.id, item.no),
        what: text(
            "定期的な項目です。この周期の記録または証跡を登録してください。",
            "This item recurs: enter the record or the evidence of this cycle.",
        ),
        about: About::Item { case: case.id, item: item.no },
        items: vec![item.no],
        due,
        lead,
        person: owner.map(|owner| owner.to_string()),
    })
}

/// The end of a document's validity; whoever added it answers for it.
pub fn of_evidence(file: &Evidence, items: Vec<ItemNo>) -> Option<Duty> {
    let due = file.valid_until?;
    Some(Duty {
        key: format!("{}/valid_until/{due}", file.series),
        what: text("証跡の有効期限です。新しい版を登録してください。", "The evidence runs out: add a new version."),
        about: About::Evidence { evidence: file.id },
        items,
        due,
        lead: END_LEAD,
        person: Some(file.by.to_string()),
    })
}

/// The end of a certificate: the renewal has to begin before.
pub fn of_certificate(certificate: &Certificate) -> Option<Duty> {
    let due = certificate.valid_until?;
    Some(Duty {
        key: format!("{}/certificate/{due}", certificate.case),
        what: text("認定証の有効期限です。更新申請を始めてください。", "The certificate runs out: begin the renewal."),
        about: About::Certificate { case: certificate.case },
        items: vec![],
        due,
        lead: END_LEAD,
        person: None,
    })
}

/// What a new version of an entry has done: duties of the version before that it has not any more.
pub fn finished(before: Vec<Duty>, after: &[Duty]) -> Vec<Duty> {
    before.into_iter().filter(|old| after.iter().all(|new| new.key != old.key)).collect()
}

/// An address from which a calendar program reads deadlines. Its secret is kept as a digest beside the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Feed {
    pub id: Id<id::Feed>,
    pub organisation: Id<id::Organisation>,
    /// Whose it is. It is empty once they may not see the deadlines any more.
    pub person: Id<id::Person>,
    /// Everybody's deadlines, not only the person's own.
    pub whole: bool,
    pub at: Timestamp,
}

/// What happens to duties. Each is a kind of ledger line of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Deadlining {
    /// Somebody was told by mail that these stand at this stage.
    DutiesTold {
        organisation: Id<id::Organisation>,
        person: Id<id::Person>,
        stage: Stage,
        duties: Vec<String>,
    },
    /// A person says that this one is not needed, and why.
    DutyWaived {
        organisation: Id<id::Organisation>,
        duty: String,
        reason: String,
        by: Id<id::Person>,
    },
    FeedMade(Feed),
    FeedRevoked {
        feed: Id<id::Feed>,
    },
}

impl Deadlining {
    pub const fn kind(&self) -> &'static str {
        match self {
            Deadlining::DutiesTold { .. } => "duties_told",
            Deadlining::DutyWaived { .. } => "duty_waived",
            Deadlining::FeedMade(_) => "feed_made",
            Deadlining::FeedRevoked { .. } => "feed_revoked",
        }
    }
    pub fn subject(&self) -> String {
        match self {
            Deadlining::DutiesTold { person, .. } => person.to_string(),
            Deadlining::DutyWaived { duty, .. } => duty.clone(),
            Deadlining::FeedMade(feed) => feed.id.to_string(),
            Deadlining::FeedRevoked { feed } => feed.to_string(),
        }
    }
}

/// Says that a duty that stands is not needed.
///
/// # Errors
/// Without a reason.
pub fn waive(duty: &Duty, organisation: Id<id::Organisation>, by: Id<id::Person>, reason: &str) -> Result<Deadlining, Refusal> {
    Ok(Deadlining::DutyWaived { organisation, duty: duty.key.clone(), reason: line("reason", reason, REASON)?, by })
}

/// The words in which a stage is told.
pub fn told(stage: Stage, count: usize) -> Text {
    match stage {
        Stage::Before => worded(format!("期限が近づいています（{count}件）"), format!("Deadlines come near ({count})")),
        Stage::Due => worded(format!("期限になりました（{count}件）"), format!("Deadlines have come ({count})")),
        Stage::Overdue => {
            worded(format!("期限を{LATE}日以上過ぎています（{count}件）"), format!("Deadlines are over by {LATE} days or more ({count})"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Label;
    use crate::register::Written;
    use crate::world;

    fn register() -> Register {
        toml::from_str(
            r#"
            id = "media_movement"
            name = { ja = "持出", en = "Carried out" }
            about = { ja = "持出", en = "Carried out." }
            title = ["number"]
            label = "confidential"
            kept_months = 60
            review_months = 6
            responsible = "holder"
            items = ["24", "112"]
            states = [
                { id = "out", name = { ja = "持出中", en = "Out" } },
                { id = "back", name = { ja = "返却", en = "Back" }, open = false },
                { id = "cancelled", name = { ja = "取消", en = "Cancelled" }, open = false },
            ]
            fields = [
                { id = "number", name = { ja = "番号", en = "Number" }, kind = "line" },
                { id = "holder", name = { ja = "担当", en = "Holder" }, kind = "person" },
                { id = "back_on", name = { ja = "返却", en = "Back" }, kind = "date" },
                { id = "days", name = { ja = "日数", en = "Days" }, kind = "amount" },
                { id = "due_at", name = { ja = "予定", en = "Planned" }, kind = "moment", serves = ["112:3", "112"],
                  due = { words = { ja = "返却", en = "Bring it back" }, days = 3, done = "back_on" } },
                { id = "report_on", name = { ja = "報告", en = "Report" }, kind = "date",
                  due = { words = { ja = "報告", en = "Report" }, days = 1, after = 14, before = "days" } },
                { id = "next_on", name = { ja = "次回", en = "Next" }, kind = "date",
                  due = { words = { ja = "次回", en = "Next" }, days = 30, again = ["number"], dropped = ["cancelled"] } },
            ]
            [example]
            number = "1"
            "#,
        )
        .unwrap()
    }

    fn entry(state: &str, fields: &[(&str, &str)]) -> Entry {
        Entry {
            id: world::id(7),
            register: "media_movement".into(),
            organisation: world::provider(),
            version: 1,
            state: state.into(),
            label: Label::Confidential,
            fields: fields.iter().map(|(id, kept)| ((*id).to_owned(), vec![(*kept).to_owned()])).collect::<Written>(),
            by: world::id(1),
            at: world::now(),
        }
    }

    fn day(written: &str) -> Date {
        written.parse().unwrap()
    }

    fn whats(duties: &[Duty]) -> Vec<(String, Date)> {
        duties.iter().map(|d| (d.what.en.to_string(), d.due)).collect()
    }

    #[test]
    fn a_day_in_a_field_is_a_duty_until_its_field_of_done_is_filled_or_the_entry_is_closed() {
        let of = |state, fields: &[(&str, &str)]| of_entry(&register(), &entry(state, fields), |_| true);
        // 23:30 in Japan is still the 30th.
        let duties = of("out", &[("due_at", "2026-11-30T14:30:00Z"), ("holder", "山田")]);
        assert_eq!(duties[0].due, day("2026-11-30"));
        assert_eq!((duties[0].items.as_slice(), duties[0].person.as_deref()), (&[ItemNo(112)][..], Some("山田")));
        assert_eq!(duties[1].key, format!("{}/review/2027-05-22", world::id::<id::Entry>(7)), "six months after it was written");
        assert_eq!(duties[1].items, [ItemNo(24), ItemNo(112)]);
        assert_eq!(of("out", &[("due_at", "2026-11-30T14:30:00Z"), ("back_on", "2026-11-29")]).len(), 1, "the review stays");
        assert!(of("back", &[("due_at", "2026-11-30T14:30:00Z")]).is_empty());
        assert_eq!(whats(&of("out", &[("report_on", "2026-12-01"), ("days", "4.5")]))[0], ("Report".into(), day("2026-12-11")));
    }

    #[test]
    fn what_asks_again_stands_until_a_newer_entry_takes_over_and_never_when_it_was_cancelled() {
        let fields = [("number", "a"), ("next_on", "2027-01-01")];
        let next = |state, newest: bool| of_entry(&register(), &entry(state, &fields), |_| newest).iter().any(|d| d.what.en == "Next");
        assert!(next("back", true) && next("out", true));
        assert!(!next("back", false) && !next("cancelled", true));
    }

    #[test]
    fn a_duty_goes_from_upcoming_over_due_to_overdue_and_people_are_told_in_three_stages() {
        let duty = of_entry(&register(), &entry("out", &[("due_at", "2026-11-30T00:00:00Z")]), |_| true).remove(0);
        let at = |d: &str| (duty.urgency(day(d)), duty.stage(day(d)));
        assert_eq!(at("2026-11-26"), (Urgency::Upcoming, None));
        assert_eq!(at("2026-11-27"), (Urgency::Due, Some(Stage::Before)));
        assert_eq!(at("2026-11-30"), (Urgency::Due, Some(Stage::Due)));
        assert_eq!(at("2026-12-01"), (Urgency::Overdue, Some(Stage::Due)));
        assert_eq!(at("2026-12-07"), (Urgency::Overdue, Some(Stage::Overdue)));
        assert_eq!(at("2026-01-01"), (Urgency::Upcoming, None));
        assert_eq!(at("2028-03-01"), (Urgency::Overdue, Some(Stage::Overdue)));
    }

    #[test]
    fn an_item_that_recurs_is_due_a_cycle_after_the_newest_proof_and_one_of_events_never() {
        let sheet = world::sheet();
        let case = world::case(crate::case::State::Draft).case;
        let opened = japan(case.opened).date();
        let of = |cycle: &str, recurring, last: Option<&str>| {
            let item = Item { recurring, review_cycle: cycle.into(), ..sheet.items[0].clone() };
            of_item(&case, &item, last.map(day), None)
        };
        assert_eq!(of("quarterly", true, Some("2026-11-30")).unwrap().due, day("2027-02-28"));
        assert_eq!(of("yearly", true, None).unwrap().due, opened.checked_add(1.year()).unwrap());
        assert_eq!(of("daily", true, Some("2026-12-31")).unwrap().due, day("2027-01-01"));
        assert!(of("per_event", true, None).is_none() && of("monthly", false, None).is_none());
        for (word, _) in crate::catalog::CYCLES.iter().filter(|(word, _)| *word != "per_event") {
            assert!(cycle(word).is_some(), "{word}");
        }
    }

    #[test]
    fn a_new_version_does_what_it_no_longer_asks_for_and_waiving_takes_a_reason() {
        let before = of_entry(&register(), &entry("out", &[("due_at", "2026-11-30T00:00:00Z")]), |_| true);
        let after = of_entry(&register(), &entry("out", &[("due_at", "2026-12-30T00:00:00Z")]), |_| true);
        let done = finished(before.clone(), &after);
        assert_eq!(whats(&done), [("Bring it back".into(), day("2026-11-30"))]);
        assert!(waive(&before[0], world::provider(), world::id(1), " ").is_err());
        let waived = waive(&before[0], world::provider(), world::id(1), "紛失して廃棄済み").unwrap();
        assert_eq!(waived.subject(), before[0].key);
    }

    #[test]
    fn evidence_and_certificates_without_an_end_ask_for_nothing() {
        let file = world::file();
        assert!(of_evidence(&Evidence { valid_until: None, ..file.clone() }, vec![]).is_none());
        let ends = of_evidence(&Evidence { valid_until: Some(day("2027-03-31")), ..file }, vec![ItemNo(3)]).unwrap();
        assert_eq!((ends.due, ends.urgency(day("2027-01-30"))), (day("2027-03-31"), Urgency::Due));
    }
}
