//! Whatever people do in whatever order: the tables follow from the ledger, and nothing of one tenant reaches another.

mod common;

use common::World;
use proptest::prelude::*;
use rules::answer::{Content, Status};
use rules::case::Part;
use rules::command::Command;
use rules::evidence::{ClaimContent, Finding};
use rules::id::{self, Id, ItemNo, PointNo};
use rules::party::Role;
use rules::policy::Side;
use rules::request::Ask;
use rules::verdict::VerdictContent;
use store::testing::Scratch;

/// Something somebody tries; many tries are refused, which is part of the property.
#[derive(Debug, Clone)]
struct Try {
    /// Which of the two providers' cases.
    first: bool,
    who: usize,
    what: usize,
    item: u16,
    text: String,
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let one = (any::<bool>(), 0..8usize, 0..22usize, 1..12u16, "[一-三a-c\n=]{0,6}").prop_map(|(first, who, what, item, text)| Try {
        first,
        who,
        what,
        item,
        text,
    });
    proptest::collection::vec(one, 20..120)
}

const WHO: [&str; 8] = ["officer", "colleague", "reviewer", "stranger", "secretariat", "evaluator", "second", "decider"];

/// Who tries it: mostly somebody whose act it could be, now and then anybody.
fn who(t: &Try) -> &'static str {
    if t.who == 7 {
        return WHO[usize::from(t.item) % WHO.len()];
    }
    match t.what {
        7 | 8 => "secretariat",
        16.. => ["secretariat", "operator"][t.who % 2],
        9..=11 | 13 => "evaluator",
        12 if t.who.is_multiple_of(2) => "evaluator",
        _ if !t.first => "stranger",
        5 => "reviewer",
        _ => ["officer", "officer", "officer", "colleague"][t.who % 4],
    }
}

/// The command a try stands for. It builds on what stands, so that a fair share of tries succeeds.
fn command(w: &World, cases: [Id<id::Case>; 2], t: &Try, canary: &str) -> Command {
    let case = cases[usize::from(!t.first)];
    let item = ItemNo(t.item);
    let actor = w.actor(who(t));
    let text = format!("{}{canary}", t.text);
    let seen = |side| w.app.case(actor, case, Some(side)).ok().and_then(|read| read.item(item).map(|(_, f)| f.clone()));
    let mine = seen(Side::Applicant);
    let judged = seen(Side::Body);
    let answer = mine.as_ref().and_then(|f| f.answer.as_ref()).map_or(id::Pos::NEVER, |a| a.pos);
    let verdict = judged.as_ref().and_then(|f| f.verdict.as_ref()).map_or(id::Pos::NEVER, |v| v.pos);
    let claim = |f: &Option<rules::item::ItemFacts>| f.as_ref().and_then(|f| f.claims.first()).map(|c| c.id);
    let person = |name: &str| w.actor(name).person.expect("a person");
    match t.what {
        0 | 1 => {
            let points = [(PointNo(1), text.clone())].into_iter().filter(|_| t.item == 1).collect();
            let content = Content { text, points, out_of_scope: None, remarks: t.text.clone() };
            Command::GiveAnswer { case, item, base: answer, content, ready: t.item.is_multiple_of(2) }
        }
        2 => Command::SetWork { case, items: vec![item], owner: Some(person("colleague")), due: None, status: Some(Status::InProgress) },
        3 => {
            let content = ClaimContent { document: format!("規程{canary}"), page: Some(u32::from(t.item)), ..ClaimContent::default() };
            Command::MakeClaims { case, items: vec![item], content }
        }
        4 => match claim(&mine) {
            Some(claim) => Command::WithdrawClaim { case, item, claim },
            None => Command::ProposeOutOfScope { case },
        },
        5 => Command::ReviewAnswer { case, item, seen: answer, ok: !t.item.is_multiple_of(3), comment: text },
        6 => Command::SubmitRound { case },
        7 => Command::AcceptRound { case, number: None },
        8 => Command::AssignEvaluator { case, person: person("evaluator"), part: Part::First },
        9 => Command::DeclareInterest { case, conflict: false, statement: String::new() },
        10 | 11 => {
            let mark = ["conforms", "conditional", "open"][usize::from(t.item % 3)].to_owned();
            let content = VerdictContent { mark, evidence: String::new(), improvement: text, remarks: String::new() };
            Command::GiveVerdict { case, item, base: verdict, content }
        }
        12 => match claim(&judged) {
            Some(claim) => Command::ConfirmClaim { case, item, claim, finding: Finding::Seen, comment: text },
            None => Command::SendMessage { case, item, text, side: None },
        },
        13 => Command::ReturnRound { case, flagged: None, message: text },
        14 => Command::AnswerImprovement { case, item, text },
        16.. => account_command(w, t),
        _ => Command::CopyItem { case, item, from: ItemNo(t.item % 11 + 1) },
    }
}

/// What an administrator of the body does to an account, or with the newest request.
fn account_command(w: &World, t: &Try) -> Command {
    let person = w.person(["evaluator", "second", "decider"][usize::from(t.item % 3)]);
    let reason = format!("定期の確認{}", t.item);
    let request = w.app.requests(w.actor("secretariat")).expect("a list").first().map(|r| r.request.id);
    match (t.what, request) {
        (16, Some(request)) => Command::DecideRequest { request, approve: !t.item.is_multiple_of(3), statement: reason },
        (17, Some(request)) if t.item.is_multiple_of(2) => Command::EndRequest { request },
        (17, Some(request)) => Command::ReviewRequest { request, finding: reason },
        (18, _) if t.item.is_multiple_of(4) => Command::CloseAccount { person, reason },
        (18, _) => Command::SuspendAccount { person, reason },
        (19, _) if t.item.is_multiple_of(2) => Command::ReportLeak { person: Some(person), reason },
        (19, _) => Command::SetLastDay { person, ends: t.first.then(|| jiff::civil::date(2026, 12, 1)) },
        _ => {
            let identity = "対面で確認".to_owned();
            let ask = match t.item % 5 {
                0 => Ask::Resume { person },
                1 => Ask::Alternate { person, identity },
                2 => Ask::Reissue { person, identity, factors: t.first, initial: t.who > 3 },
                3 => Ask::ChangeRoles { person, roles: vec![Role::Evaluator, Role::Decider] },
                _ => Ask::OutOfHours { person },
            };
            Command::MakeRequest { organisation: None, ask, reason, begin: None, hours: 2 }
        }
    }
}

/// Everything somebody can read, as one text.
fn readable(w: &World, who: &str, cases: [Id<id::Case>; 2]) -> String {
    let actor = w.actor(who);
    let mut out = format!("{:?}{:?}{:?}", w.app.home(actor).ok(), w.app.cases(actor, None).ok(), w.app.library(actor).ok());
    for case in cases {
        out += &format!("{:?}", w.app.case(actor, case, None).ok().map(|read| (read.items, read.evidence, read.product)));
        for no in 1..12 {
            let item = w.app.item(actor, case, None, ItemNo(no));
            out += &format!("{:?}", item.ok().map(|i| (i.answers, i.verdicts, i.messages)));
        }
    }
    for word in ["甲甲甲", "乙乙乙"] {
        // The query itself is not a find.
        out += &w.app.search(actor, word).expect("a search").iter().map(|h| format!("{:?}", h.snippet)).collect::<String>();
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn tables_follow_from_the_ledger_and_tenants_stay_apart(tries in tries()) {
        let w = World::sqlite();
        let cases = [w.open_case(), w.open_case_of("stranger")];
        let mut done = 0;
        for t in &tries {
            // What is written into a case carries the mark of its provider.
            let canary = if t.first { "甲甲甲" } else { "乙乙乙" };
            done += usize::from(w.app.execute(w.actor(who(t)), command(&w, cases, t, canary)).is_ok());
            if t.what == 21 {
                w.later(1800);
                done += w.app.end_requests().unwrap();
            }
        }
        for (who, foreign) in [("officer", "乙乙乙"), ("colleague", "乙乙乙"), ("reviewer", "乙乙乙"), ("stranger", "甲甲甲")] {
            prop_assert!(!readable(&w, who, cases).contains(foreign), "{who} reads the other provider's words after {tries:?}");
        }
        for who in ["hospital", "operator"] {
            let seen = readable(&w, who, cases);
            prop_assert!(!seen.contains("甲甲甲") && !seen.contains("乙乙乙"), "{who} reads a case");
        }
        let before = w.app.store().read(store::rebuild::contents).unwrap();
        let target = Scratch::sqlite();
        let lines = store::rebuild::rebuild(w.app.store(), &target, |_| {}).unwrap();
        prop_assert!(lines as usize > done);
        prop_assert_eq!(target.read(store::rebuild::contents).unwrap(), before);
    }
}
