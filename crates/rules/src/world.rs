//! A small world for the tests of the rules: one sheet of four items, one case, a person of every role.

#![cfg(test)]

use jiff::Timestamp;
use serde_json::json;

use crate::act::{Act, Actor, Grants, Means};
use crate::answer::{Answer, Content, Origin};
use crate::case::{Assignment, Case, CaseFacts, Certificate, Decision, Interest, Part, Round, State};
use crate::evidence::{Claim, Evidence, Label};
use crate::id::{self, Digest, Id, ItemNo, Named, PointNo, Pos};
use crate::item::ItemFacts;
use crate::party::{Product, Role, Settings};
use crate::policy::Side;
use crate::sheet::{Sheet, SheetId};
use crate::verdict::{Verdict, VerdictContent};

/// A fixed id, by number.
pub fn id<T: Named>(n: u8) -> Id<T> {
    Id::new(0, [n; 10])
}

pub const OFFICER: u8 = 1;
pub const COLLEAGUE: u8 = 2;
pub const SECRETARIAT: u8 = 3;
pub const FIRST: u8 = 4;
pub const SECOND: u8 = 5;
pub const DECIDER: u8 = 6;
pub const PHYSICIAN: u8 = 7;

/// Noon of a Sunday in Japan.
pub fn now() -> Timestamp {
    "2026-11-22T03:00:00Z".parse().unwrap()
}

pub fn provider() -> Id<id::Organisation> {
    id(101)
}
pub fn body() -> Id<id::Organisation> {
    id(102)
}
pub fn hospital() -> Id<id::Organisation> {
    id(103)
}

/// Somebody signed in for an organisation, with roles there.
pub fn person(n: u8, organisation: Id<id::Organisation>, roles: &[Role]) -> Actor {
    Actor {
        person: Some(id(n)),
        organisation: Some(organisation),
        roles: roles.to_vec(),
        belongs_to: vec![organisation],
        means: Means::Session(id(n)),
        address: "192.0.2.1".into(),
        grants: Grants { confirmed: true, ..Grants::default() },
    }
}
pub fn officer() -> Actor {
    person(OFFICER, provider(), &[Role::Officer])
}
pub fn colleague() -> Actor {
    person(COLLEAGUE, provider(), &[Role::Colleague])
}
pub fn secretariat() -> Actor {
    person(SECRETARIAT, body(), &[Role::Secretariat])
}
/// The first evaluator of the case.
pub fn first() -> Actor {
    person(FIRST, body(), &[Role::Evaluator])
}
/// Its second evaluator, where there is one.
pub fn second() -> Actor {
    person(SECOND, body(), &[Role::Evaluator])
}
pub fn decider() -> Actor {
    person(DECIDER, body(), &[Role::Decider])
}
pub fn physician() -> Actor {
    person(PHYSICIAN, hospital(), &[Role::InstitutionOfficer])
}

pub fn act(actor: Actor) -> Act {
    Act::new(actor, now(), std::array::from_fn(|i| i as u8))
}

/// Four items: 1 has sub-points (1) and (2), 2 and 3 are related, a product without wireless rules 4 out.
pub fn sheet() -> Sheet {
    let item = |no: u16, minor: &str, points: &[u16], related: &[u16]| {
        json!({
            "no": no, "minor": minor, "title": { "ja": format!("項目{no}"), "en": format!("Item {no}") },
            "text": { "transcribed": "求めること" }, "related": related,
            "points": points.iter().map(|n| json!({ "n": n, "text": "小項目" })).collect::<Vec<_>>(),
        })
    };
    let mark = |code: &str, ja: &str, class: &str| json!({ "code": code, "name": { "ja": ja, "en": code }, "class": class });
    let name = |ja: &str, en: &str| json!({ "ja": ja, "en": en });
    serde_json::from_value(json!({
        "id": "test@1", "title": name("試験", "Test"), "source": name("試験", "Test"), "header": [], "columns": [],
        "scale": [
            mark("conforms", "適合", "conforms"), mark("partly", "条件付適合", "partly"), mark("fails", "不適合", "fails"),
            mark("out", "対象外", "out_of_scope"), mark("open", "保留", "open"),
        ],
        "majors": [{ "id": "m", "name": name("大", "Major"), "minors": [
            { "id": "m.a", "name": name("甲", "A") }, { "id": "m.b", "name": name("乙", "B") }, { "id": "m.none", "name": name("空", "None") },
        ] }],
        "questions": [{
            "id": "wireless", "question": name("無線LAN", "Wireless?"), "help": name("", ""), "decides": [4],
            "reason": name("無線LANを使用しないため", "No wireless"),
        }],
        "items": [item(1, "m.a", &[1, 2], &[]), item(2, "m.a", &[], &[3]), item(3, "m.b", &[], &[2]), item(4, "m.b", &[], &[])],
    }))
    .unwrap()
}

pub fn product() -> Product {
    Product {
        id: id(60),
        organisation: provider(),
        name: "みどりカルテ".into(),
        description: String::new(),
        profile: [("wireless".to_owned(), false)].into(),
    }
}

/// A round: everything of it has positions from 100 n, submitted at 100 n, returned at 100 n + 90.
pub fn round(n: u32, returned: bool) -> Round {
    let cut = Pos(100 * i64::from(n));
    Round {
        n,
        cut,
        digest: Digest([1; 32]),
        submitted: now(),
        submitted_by: id(OFFICER),
        accepted: None,
        returned: returned.then(now),
        returned_pos: returned.then_some(Pos(cut.0 + 90)),
        flagged: None,
        message: String::new(),
    }
}

/// The case in a state, with what belongs to it: a first evaluator who declared, a decision, a certificate.
pub fn case(state: State) -> CaseFacts {
    let submitted = state != State::Draft;
    let decided = matches!(state, State::Decided | State::Certified | State::Refused | State::Watched | State::Renewed | State::Expired);
    let certify = decided && state != State::Refused;
    let no_conflict = Interest { conflict: false, statement: String::new() };
    let certificate = Certificate {
        id: id(70),
        case: id(50),
        number: "AK-2026-0001-C".into(),
        code: "ABCD".into(),
        scope: String::new(),
        issued: now().strftime("%F").to_string().parse().unwrap(),
        valid_until: Some("2028-11-21".parse().unwrap()),
        issued_by: id(SECRETARIAT),
        provider_agrees: false,
        body_agrees: false,
    };
    CaseFacts {
        case: Case {
            id: id(50),
            number: submitted.then(|| "AK-2026-0001".to_owned()),
            provider: provider(),
            body: body(),
            product: id(60),
            sheet: SheetId("test@1".into()),
            state,
            round: u32::from(submitted),
            renews: None,
            opened: now(),
            due: None,
        },
        rounds: if submitted { vec![round(1, state == State::Returned)] } else { vec![] },
        assignments: vec![Assignment { person: id(FIRST), part: Part::First, interest: Some(no_conflict) }],
        decision: decided.then(|| Decision { certify, grounds: "根拠".into(), by: id(DECIDER), at: now(), pos: Pos(180) }),
        certificate: (certify && state != State::Decided).then_some(certificate),
        disclosed_to: vec![hospital()],
        settings: Settings { validity_months: Some(24), second_evaluator: false, number_prefix: "AK".into() },
    }
}

/// The same with a second evaluator who declared.
pub fn with_second(mut facts: CaseFacts) -> CaseFacts {
    let interest = Some(Interest { conflict: false, statement: String::new() });
    facts.assignments.push(Assignment { person: id(SECOND), part: Part::Second, interest });
    facts
}

/// The same in its second round.
pub fn in_round_two(mut facts: CaseFacts) -> CaseFacts {
    facts.case.round = 2;
    facts.rounds = vec![round(1, true), round(2, facts.case.state == State::Returned)];
    facts
}

pub fn content(text: &str) -> Content {
    Content { text: text.into(), ..Content::default() }
}

/// An item that the officer answered at position 10.
pub fn answered(no: u16, text: &str) -> ItemFacts {
    let answer = Answer { pos: Pos(10), at: now(), by: id(OFFICER), content: content(text), origin: Origin::Written };
    ItemFacts { answer: Some(answer), changed: Pos(10), ..ItemFacts::untouched(ItemNo(no)) }
}

/// An answered item with a verdict of a round, at its position 100 n + 10, without improvement.
pub fn judged(no: u16, mark: &str, round: u32) -> ItemFacts {
    let content = VerdictContent { mark: mark.into(), evidence: "規程".into(), ..VerdictContent::default() };
    let pos = Pos(100 * i64::from(round) + 10);
    ItemFacts { verdict: Some(Verdict { pos, at: now(), by: id(FIRST), round, content }), ..answered(no, "対応しています。") }
}

/// All four items judged alike in round 1.
pub fn all_judged(mark: &str) -> Vec<ItemFacts> {
    (1..=4).map(|no| judged(no, mark, 1)).collect()
}

/// A claim of a page of a file, made at position 11.
pub fn claim(n: u8) -> Claim {
    Claim {
        id: id(n),
        point: PointNo::WHOLE,
        evidence: Some(id(80)),
        document: "運用管理規程.pdf".into(),
        page: Some(3),
        place: "第2章".into(),
        by: id(OFFICER),
        at: now(),
        pos: Pos(11),
        hidden: false,
    }
}

pub fn file() -> Evidence {
    Evidence {
        id: id(80),
        series: id(80),
        version: 1,
        organisation: provider(),
        name: "運用管理規程.pdf".into(),
        media: "application/pdf".into(),
        size: 1000,
        digest: Digest([7; 32]),
        label: Label::Confidential,
        valid_until: None,
        by: id(OFFICER),
        at: now(),
        pos: Pos(5),
    }
}

/// An actor of a role who stands in a relation to the case of this world; `None` is outside of it.
pub fn standing(role: Role, side: Option<Side>) -> Actor {
    match side {
        Some(Side::Applicant) => person(90, provider(), &[role]),
        Some(Side::Body) => person(FIRST, body(), &[role]),
        Some(Side::Institution) => person(92, hospital(), &[role]),
        None => person(93, id(199), &[role]),
    }
}

/// Compares a text with the file beside this one; `BLESS=1` writes the file instead.
pub fn golden(name: &str, made: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(made, kept, "{name} differs; look at the difference, then bless it with BLESS=1");
}
