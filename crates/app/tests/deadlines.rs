//! Deadlines from a record to a mail: every state as the clock moves, what does them, who is told, and what a calendar shows.

mod common;

use app::deadlines::Task;
use app::read::register_proof::Proven;
use common::{World, refusal, worlds};
use jiff::civil::Date;
use rules::command::Command;
use rules::deadline::{About, Urgency};
use rules::evidence::Label;
use rules::id::{self, Id, ItemNo, Pos};
use rules::party::Role;
use rules::policy::Side;
use rules::refusal::Why;
use rules::register::Written;

const DAY: i64 = 24 * 3600;

/// A review of accounts as it is planned: nothing was reviewed yet.
fn planned(number: &str, due: &str) -> Written {
    let fields = [
        ("number", number),
        ("kind", "accounts"),
        ("scope", "秘密の本番環境"),
        ("period_from", "2026-08-01"),
        ("period_until", "2026-10-31"),
        ("due_on", due),
        ("population", "42"),
        ("sample", "42"),
        ("method", "突き合わせる。"),
        ("reviewer", "colleague"),
    ];
    fields.into_iter().map(|(id, typed)| (id.to_owned(), vec![typed.to_owned()])).collect()
}

fn reviewed(number: &str, due: &str) -> Written {
    let mut fields = planned(number, due);
    let more = [("reviewed_on", "2026-11-22"), ("result", "clean"), ("next_on", "2027-02-15")];
    fields.extend(more.into_iter().map(|(id, typed)| (id.to_owned(), vec![typed.to_owned()])));
    fields
}

fn write(entry: Option<(Id<id::Entry>, Pos)>, fields: Written) -> Command {
    let (entry, base) = entry.map_or((None, Pos::NEVER), |(entry, base)| (Some(entry), base));
    Command::WriteEntry { register: "periodic_review".into(), entry, base, label: None, fields }
}

fn made(w: &World, fields: Written) -> Id<id::Entry> {
    w.act("officer", write(None, fields)).made.unwrap().parse().unwrap()
}

/// The duties of an entry that somebody sees.
fn of(w: &World, name: &str, entry: Id<id::Entry>) -> Vec<Task> {
    let about = |t: &Task| matches!(t.duty.about, About::Entry { entry: of, .. } if of == entry);
    w.app.tasks(w.actor(name)).unwrap().tasks.into_iter().filter(about).collect()
}

fn day(written: &str) -> Date {
    written.parse().unwrap()
}

#[test]
fn a_deadline_goes_through_every_state_as_the_clock_moves_and_a_new_version_does_it() {
    for w in worlds() {
        let organisation = w.organisation("officer");
        let roles = vec![Role::Officer, Role::Administrator];
        w.act("operator", Command::SetRoles { organisation, person: w.person("reviewer"), roles });
        let entry = made(&w, planned("RV-1", "2026-12-20"));
        let state = |w: &World| of(w, "colleague", entry).iter().map(|t| (t.duty.due, t.urgency, t.mine)).collect::<Vec<_>>();
        assert_eq!(state(&w), [(day("2026-12-20"), Urgency::Upcoming, true)]);
        assert_eq!(w.app.tell_deadlines().unwrap(), 0);
        w.later(14 * DAY);
        assert_eq!(state(&w)[0].1, Urgency::Due, "the lead time of 14 days begins on the 6th");
        assert_eq!((w.app.tell_deadlines().unwrap(), w.app.tell_deadlines().unwrap()), (1, 0), "each stage is told once");
        assert_eq!(w.mailed("期限が近づいています"), ["colleague@example.jp"]);
        w.later(14 * DAY);
        assert_eq!(state(&w)[0].1, Urgency::Due, "the day itself");
        assert_eq!((w.app.tell_deadlines().unwrap(), w.app.tell_deadlines().unwrap()), (1, 0));
        assert!(w.app.overdue_items(w.actor("officer")).unwrap().is_empty());
        w.later(DAY);
        assert_eq!(state(&w)[0].1, Urgency::Overdue);
        assert_eq!(w.app.tell_deadlines().unwrap(), 0);
        let overdue = w.app.overdue_items(w.actor("officer")).unwrap();
        assert!(overdue.contains_key(&ItemNo(98)), "{overdue:?}");
        assert!(w.app.own_tasks(w.actor("officer")).unwrap().is_empty() && w.app.own_tasks(w.actor("colleague")).unwrap().len() == 1);
        w.later(6 * DAY);
        assert_eq!((w.app.tell_deadlines().unwrap(), w.app.tell_deadlines().unwrap()), (2, 0), "administrators are told too");
        let mut told = w.mailed("日以上過ぎています");
        told.sort();
        assert_eq!(told, ["colleague@example.jp", "reviewer@example.jp"]);
        // Nobody ticks it off: the review is written down.
        let base = w.app.entry(w.actor("officer"), entry).unwrap().standing.pos;
        w.act("colleague", write(Some((entry, base)), reviewed("RV-1", "2026-12-20")));
        let left = of(&w, "colleague", entry);
        assert_eq!(left.iter().map(|t| t.duty.due).collect::<Vec<_>>(), [day("2027-02-15")], "the next review is left");
        assert!(w.app.overdue_items(w.actor("officer")).unwrap().is_empty());
        let done = w.app.tasks(w.actor("officer")).unwrap().done;
        assert_eq!((done.len(), done[0].duty.due, done[0].by.as_str()), (1, day("2026-12-20"), "colleague"));
        assert_eq!(done[0].reason, None);
        // The next one is done by another entry of the same kind, not by a version of this one.
        made(&w, planned("RV-2", "2027-02-20"));
        assert!(of(&w, "colleague", entry).is_empty());
        let mails = w.changes("duties_told").len();
        assert_eq!(mails, 4);
        same_after_a_rebuild(&w);
    }
}

fn same_after_a_rebuild(w: &World) {
    let expected = w.app.store().read(store::rebuild::contents).unwrap();
    for target in store::testing::both_engines() {
        store::rebuild::rebuild(w.app.store(), &target, |_| {}).unwrap();
        let rebuilt = target.read(store::rebuild::contents).unwrap();
        for table in ["duty_told", "duty_waived", "calendar_feed"] {
            assert_eq!(rebuilt[table], expected[table], "{table}");
        }
    }
}

#[test]
fn a_deadline_that_is_not_needed_is_said_by_who_may_with_a_reason_that_stays() {
    for w in worlds() {
        let entry = made(&w, planned("RV-1", "2026-12-01"));
        let duty = of(&w, "officer", entry)[0].duty.key.clone();
        let waive = |reason: &str| Command::WaiveDuty { duty: duty.clone(), reason: reason.into() };
        assert_eq!(w.refused("colleague", waive("不要")), Why::Forbidden);
        assert_eq!(refusal(w.app.execute(w.actor("officer"), waive(" "))).field, Some("reason"));
        assert_eq!(w.refused("stranger", waive("不要")), Why::NotFound);
        w.act("officer", waive("本番環境を廃止したため"));
        assert!(of(&w, "officer", entry).is_empty());
        assert_eq!(w.refused("officer", waive("もう一度")), Why::NotFound);
        let done = w.app.tasks(w.actor("officer")).unwrap().done;
        assert_eq!(done[0].reason.as_deref(), Some("本番環境を廃止したため"));
        assert_eq!(w.changes("duty_waived").len(), 1);
        assert_eq!(w.app.tell_deadlines().unwrap(), 0, "nobody is told of it");
        // Another day is another duty.
        let base = w.app.entry(w.actor("officer"), entry).unwrap().standing.pos;
        w.act("officer", write(Some((entry, base)), planned("RV-1", "2026-12-05")));
        assert_eq!(of(&w, "officer", entry).len(), 1);
        same_after_a_rebuild(&w);
    }
}

#[test]
fn a_calendar_is_opened_by_its_secret_alone_and_says_nothing_that_people_wrote() {
    for w in worlds() {
        let entry = made(&w, planned("RV-1", "2026-12-20"));
        assert_eq!(w.refused("colleague", Command::MakeFeed { whole: true }), Why::Forbidden);
        let feed = |name: &str, whole| {
            let done = w.act(name, Command::MakeFeed { whole });
            (done.made.unwrap().parse::<Id<id::Feed>>().unwrap(), done.secret.unwrap())
        };
        let ((own, mine), (_, all), (_, foreign)) = (feed("colleague", false), feed("officer", true), feed("stranger", true));
        for secret in [&mine, &all] {
            let text = w.app.calendar(secret).unwrap();
            assert!(text.starts_with("BEGIN:VCALENDAR\r\n") && text.trim_end().ends_with("END:VCALENDAR"), "{text}");
            assert_eq!(text.matches("BEGIN:VEVENT").count(), 1);
            let unfolded = text.replace("\r\n ", "");
            assert!(unfolded.contains("DTSTART;VALUE=DATE:20261220") && unfolded.contains("DTSTAMP:20261122T"), "{unfolded}");
            assert!(unfolded.contains(&format!("/entries/{entry}")), "{unfolded}");
            assert!(!unfolded.contains("RV-1") && !unfolded.contains("秘密"), "{unfolded}");
            // RFC 5545, section 3.1: 75 octets.
            assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
        }
        assert_eq!(w.app.calendar(&foreign).unwrap().matches("BEGIN:VEVENT").count(), 0, "another organisation's");
        assert_eq!(w.app.calendar_file(w.actor("officer"), false, rules::text::Lang::En).unwrap().matches("BEGIN:VEVENT").count(), 0);
        assert_eq!(w.refused("officer", Command::RevokeFeed { feed: own }), Why::NotFound, "it is the colleague's");
        w.act("colleague", Command::RevokeFeed { feed: own });
        for gone in [mine.as_str(), "0".repeat(64).as_str(), ""] {
            assert_eq!(refusal(w.app.calendar(gone)).why, Why::NotFound);
        }
        // Who is no keeper any more reads nothing.
        let (organisation, person) = (w.organisation("officer"), w.person("officer"));
        w.act("operator", Command::SetRoles { organisation, person, roles: vec![Role::Colleague] });
        assert_eq!(refusal(w.app.calendar(&all)).why, Why::NotFound);
        assert!(w.lines().iter().all(|line| line.payload.as_ref().is_none_or(|p| !p.text.contains(&all))), "no secret in the ledger");
        same_after_a_rebuild(&w);
    }
}

#[test]
fn an_item_that_recurs_is_due_until_its_register_holds_a_record_of_the_cycle_and_evidence_until_it_is_renewed() {
    for w in worlds() {
        let case = w.open_case();
        let due = |w: &World, no| {
            let tasks = w.app.tasks(w.actor("officer")).unwrap().tasks;
            tasks.into_iter().find(|t| matches!(t.duty.about, About::Item { item, .. } if item == ItemNo(no))).map(|t| t.duty.due)
        };
        assert_eq!(due(&w, 98), Some(day("2026-12-22")), "a month after the case was opened");
        w.later(10 * DAY);
        let proven = |w: &World, no: usize| w.app.proven(w.actor("officer"), case).unwrap().1[no - 1];
        assert_eq!(proven(&w, 98), Proven::Nothing);
        made(&w, planned("RV-1", "2027-06-01"));
        assert_eq!(due(&w, 98), Some(day("2027-01-02")), "nobody opened the sheet for it");
        assert_eq!(proven(&w, 98), Proven::ThisMonth);
        w.later(31 * DAY);
        assert_eq!(proven(&w, 98), Proven::Earlier);
        let file =
            w.app.add_evidence(w.actor("colleague"), "証明書.txt", &b"proof"[..], Label::Confidential, Some(day("2027-02-01")), None);
        let file: Id<id::Evidence> = file.unwrap().made.unwrap().parse().unwrap();
        let of_file = |w: &World, name: &str| {
            let tasks = w.app.tasks(w.actor(name)).unwrap().tasks;
            tasks.into_iter().filter(|t| matches!(t.duty.about, About::Evidence { .. })).map(|t| (t.urgency, t.mine)).collect::<Vec<_>>()
        };
        assert_eq!(of_file(&w, "colleague"), [(Urgency::Due, true)]);
        assert!(of_file(&w, "stranger").is_empty());
        let newer =
            w.app.add_evidence(w.actor("officer"), "証明書.txt", &b"newer"[..], Label::Confidential, Some(day("2029-01-01")), Some(file));
        newer.unwrap();
        assert!(of_file(&w, "colleague").is_empty());
    }
}

#[test]
fn a_snapshot_of_a_register_becomes_evidence_of_its_items_and_judges_nothing() {
    for w in worlds() {
        let case = w.open_case();
        let keep = |w: &World, name: &str| w.app.snapshot_register(w.actor(name), case, ItemNo(98), "periodic_review");
        assert_eq!(refusal(keep(&w, "officer")).field, Some("register"), "there is no entry yet");
        made(&w, planned("RV-1", "2027-06-01"));
        assert_eq!(refusal(keep(&w, "colleague")).why, Why::Forbidden, "the item is not theirs");
        assert_eq!(refusal(w.app.snapshot_register(w.actor("officer"), case, ItemNo(98), "asset_ledger")).why, Why::NotFound);
        keep(&w, "officer").unwrap();
        let claims = |w: &World, no: u16| {
            let read = w.case("officer", case, Side::Applicant);
            let facts = read.item(ItemNo(no)).unwrap().1.clone();
            assert!(facts.verdict.is_none() && facts.answer.is_none(), "nothing is judged or answered");
            facts.claims.iter().map(|c| (c.document.clone(), read.evidence[&c.evidence.unwrap()].version)).collect::<Vec<_>>()
        };
        assert_eq!(claims(&w, 98).len(), 1, "{:?}", claims(&w, 98));
        assert_eq!(claims(&w, 98)[0].1, 1);
        assert!(claims(&w, 98)[0].0.starts_with("定期的確認簿") || claims(&w, 98)[0].0.contains("項目98"), "{:?}", claims(&w, 98));
        assert_eq!(refusal(keep(&w, "officer")).field, Some("file"), "nothing has changed since");
        made(&w, planned("RV-2", "2027-06-01"));
        keep(&w, "officer").unwrap();
        assert_eq!(claims(&w, 98).iter().map(|c| c.1).collect::<Vec<_>>(), [2], "the newer version stands in place of the older");
        // Related items that the same register shows have it too.
        let register = w.app.register("periodic_review").unwrap();
        let sheet = &w.case("officer", case, Side::Applicant).sheet;
        let shared: Vec<u16> = sheet.item(ItemNo(98)).unwrap().related.iter().filter(|no| register.is_for(**no)).map(|no| no.0).collect();
        assert!(!shared.is_empty());
        for no in shared {
            assert!(!claims(&w, no).is_empty(), "item {no}");
        }
    }
}

#[test]
fn a_notice_that_is_sent_too_late_is_refused_and_one_that_is_not_acknowledged_is_chased() {
    for w in worlds() {
        let register = w.app.register("notice_log").unwrap().clone();
        let document = w.upload("officer", "お知らせ.txt", b"notice").to_string();
        let notice = |number: &str, planned: &str, days: &str, sent: Option<&str>| {
            let mut fields: Written = register.example.iter().map(|(id, typed)| (id.clone(), vec![typed.clone()])).collect();
            let mut put = |id: &str, typed: &str| fields.insert(id.to_owned(), vec![typed.to_owned()]);
            put("number", number);
            put("planned_on", planned);
            put("needed_days", days);
            put("given_days", "365");
            put("document", &document);
            match sent {
                Some(sent) => put("sent_on", sent),
                None => fields.remove("sent_on"),
            };
            Command::WriteEntry { register: "notice_log".into(), entry: None, base: Pos::NEVER, label: None, fields }
        };
        let late = refusal(w.app.execute(w.actor("officer"), notice("NT-1", "2026-12-01", "90", Some("2026-11-20"))));
        assert_eq!(late.faults.iter().map(|f| f.field.as_str()).collect::<Vec<_>>(), ["sent_on"], "{late:?}");
        let sent: Id<id::Entry> = w.act("officer", notice("NT-2", "2027-03-01", "90", Some("2026-11-20"))).made.unwrap().parse().unwrap();
        let dues = |w: &World, entry| of(w, "officer", entry).iter().map(|t| t.duty.due).collect::<Vec<_>>();
        assert_eq!(dues(&w, sent), [day("2026-12-04")], "two weeks for the acknowledgement");
        let waiting: Id<id::Entry> = w.act("officer", notice("NT-3", "2027-03-01", "90", None)).made.unwrap().parse().unwrap();
        assert_eq!(dues(&w, waiting), [day("2026-12-01")], "90 days before the planned day");
    }
}
