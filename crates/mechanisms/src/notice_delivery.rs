//! A change is announced as long before as agreed unless it is urgent, and a notice that nobody acknowledged is chased.

use rules::act::Actor;
use rules::change::Change;
use rules::deadline::Deadlining;
use rules::id::{self, Id};
use rules::text::text;

use crate::deadline_engine::{days, of, told, wait_days, write};
use crate::scratch::OFFICER;
use crate::{Check, Mechanism, Scratch, Tried, expect, refusal};

pub static MECHANISM: Mechanism = Mechanism {
    id: "notice_delivery",
    name: text("医療機関への通知", "Notices to institutions"),
    checks: &[Check {
        shows: &[(6, 0), (7, 0), (62, 0), (222, 0), (242, 0), (243, 0)],
        what: text(
            "必要な告知期間に足りない通知は、緊急でなければ拒否され、送付期限と受領の未確認は期限として担当者に伝わる。",
            "A notice with fewer days than required is refused unless it is urgent; sending it and its acknowledgement are deadlines that people are told of.",
        ),
        run: in_time_and_chased,
        break_it: |s| {
            s.later(|s| {
                // Somebody reaches into the ledger and says that the acknowledgement is not needed.
                let officer = s.signed_in(OFFICER)?.signed()?.actor;
                let (organisation, by) = (s.home(OFFICER)?, s.person(OFFICER)?.id);
                for task in s.app().tasks(&officer)?.tasks {
                    let (duty, reason) = (task.duty.key, String::new());
                    s.write(&Change::Deadline(Deadlining::DutyWaived { organisation, duty, reason, by }))?;
                }
                Ok(())
            })
        },
    }],
};

fn notice(s: &Scratch, by: &Actor, number: &str, urgent: bool, planned: i64, sent: bool) -> Result<Id<id::Entry>, app::Error> {
    let mut fields = vec![
        ("number", number.to_owned()),
        ("kind", "service_change".to_owned()),
        ("subject", "画面の変更".to_owned()),
        ("institutions", "中央病院".to_owned()),
        ("content", "画面の構成を変更します。".to_owned()),
        ("lead", if urgent { "urgent" } else { "ahead" }.to_owned()),
        ("planned_on", days(s, planned).to_string()),
    ];
    if urgent {
        fields.push(("urgent_reason", "脆弱性の修正".to_owned()));
    } else {
        fields.push(("needed_days", "30".to_owned()));
    }
    if sent {
        fields.push(("sent_on", days(s, 0).to_string()));
    }
    write(s, by, "notice_log", None, &fields)
}

fn in_time_and_chased(s: &Scratch) -> Tried {
    let officer = s.signed_in(OFFICER)?.signed()?.actor;
    refusal(notice(s, &officer, "NT-1", false, 10, true))?;
    notice(s, &officer, "NT-2", true, 1, true)?;
    let waiting = notice(s, &officer, "NT-3", false, 60, false)?;
    let due = of(s, &officer, waiting)?.first().map(|t| t.duty.due);
    expect(due == Some(days(s, 30)), "送付の期限が正しくありません", "the day by which it has to be sent is wrong")?;
    let sent = notice(s, &officer, "NT-4", false, 60, true)?;
    let chased = of(s, &officer, sent)?.first().map(|t| t.duty.key.clone());
    let key = chased.ok_or_else(|| crate::Failed::new("受領の未確認が期限になっていません", "its acknowledgement is no deadline"))?;
    s.meanwhile()?;
    wait_days(s, 14);
    s.app().tell_deadlines()?;
    expect(told(s, OFFICER, &key)? == 1, "受領の未確認が伝わっていません", "nobody is told that it is not acknowledged")
}
