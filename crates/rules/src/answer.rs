//! The applicant's work on an item: answer (対応策), owner, due date, status, and the second person's review.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::case::CaseFacts;
use crate::change::Change;
use crate::command::Kind;
use crate::id::{self, Id, ItemNo, PointNo, Pos};
use crate::item::ItemFacts;
use crate::party::bounded;
use crate::refusal::{Refusal, Why};
use crate::sheet::Item;
use crate::text::{Text, text, worded};

/// The longest text of one answer field, in characters (Excel's limit for a cell is 32,767).
pub const LONGEST: usize = 20_000;

/// One version of the answer to an item. Versions are never changed; the newest counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub pos: Pos,
    pub at: Timestamp,
    pub by: Id<id::Person>,
    #[serde(flatten)]
    pub content: Content,
    pub origin: Origin,
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Content {
    /// 対応策
    pub text: String,
    /// Answers to numbered sub-points.
    pub points: BTreeMap<PointNo, String>,
    /// 対象外 is proposed, with this reason.
    pub out_of_scope: Option<String>,
    /// 備考 of the applicant.
    pub remarks: String,
}

impl Content {
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.points.values().all(String::is_empty) && self.out_of_scope.is_none()
    }

    /// As it is kept: trimmed, within its limits, and about nothing that the item does not have.
    pub(crate) fn checked(self, item: &Item) -> Result<Content, Refusal> {
        let mut points = BTreeMap::new();
        for (n, written) in self.points {
            if n == PointNo::WHOLE || !item.has_point(n) {
                return Err(Refusal::invalid(
                    "points",
                    worded(
                        format!("項目{}に小項目({})はありません。", item.no, n.0),
                        format!("Item {} has no sub-point ({}).", item.no, n.0),
                    ),
                ));
            }
            let written = bounded("points", written.trim_end(), LONGEST)?;
            if !written.is_empty() {
                points.insert(n, written);
            }
        }
        let out_of_scope = self.out_of_scope.map(|reason| bounded("out_of_scope", reason.trim(), LONGEST)).transpose()?;
        if out_of_scope.as_deref() == Some("") {
            return Err(Refusal::invalid(
                "out_of_scope",
                text("対象外とする理由を入力してください。", "Give the reason why the item is out of scope."),
            ));
        }
        Ok(Content {
            text: bounded("text", self.text.trim_end(), LONGEST)?,
            points,
            out_of_scope,
            remarks: bounded("remarks", self.remarks.trim_end(), LONGEST)?,
        })
    }
}

/// Where an answer's words come from. Copied words stay marked until a person confirms them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Origin {
    Written,
    /// From an earlier case, or another item of this one.
    Copied {
        case: Id<id::Case>,
        item: ItemNo,
    },
    /// From a file; the name is kept.
    Imported {
        file: String,
    },
    /// The product's profile proposed 対象外.
    Proposed {
        question: String,
    },
    /// A person confirmed copied or proposed words as they stand.
    Confirmed,
}

impl Origin {
    /// Nobody has yet said that these words hold here.
    pub fn awaits_confirmation(&self) -> bool {
        matches!(self, Origin::Copied { .. } | Origin::Proposed { .. })
    }
}

/// How far the applicant is with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    #[default]
    Open,
    InProgress,
    /// 準備完了: ready to be submitted.
    Ready,
}

impl Status {
    pub const ALL: [Status; 3] = [Status::Open, Status::InProgress, Status::Ready];
    pub const fn name(self) -> Text {
        match self {
            Status::Open => text("未着手", "Open"),
            Status::InProgress => text("作業中", "In progress"),
            Status::Ready => text("準備完了", "Ready"),
        }
    }
}

/// Who does an item, by when, and how far they are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Work {
    pub owner: Option<Id<id::Person>>,
    pub due: Option<Date>,
    pub status: Status,
}

/// The applicant's own second look at one version of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Review {
    /// The version looked at.
    pub answer: Pos,
    pub ok: bool,
    pub comment: String,
    pub by: Id<id::Person>,
    pub at: Timestamp,
}

/// Refuses what the applicant may not change now.
pub fn writable(case: &CaseFacts, item: ItemNo) -> Result<(), Refusal> {
    case.allows(Kind::GiveAnswer)?;
    if case.flagged().is_some_and(|flagged| !flagged.contains(&item)) {
        return Err(Refusal::state(worded(
            format!("項目{item}は今回の改善依頼の対象ではないため、変更できません。"),
            format!("Item {item} is not among those returned in this round, so it cannot be changed."),
        )));
    }
    Ok(())
}

/// Writes an answer on top of the version the person saw (`base`).
pub fn give(
    case: &CaseFacts,
    item: &Item,
    facts: &ItemFacts,
    act: &Act,
    base: Pos,
    content: Content,
    origin: Origin,
) -> Result<Vec<Change>, Refusal> {
    writable(case, item.no)?;
    let Some(by) = act.actor.person else { return Err(Refusal::forbidden()) };
    let current = facts.answer.as_ref();
    if current.map_or(Pos::NEVER, |a| a.pos) != base {
        return Err(conflict());
    }
    let content = content.checked(item)?;
    if current.is_some_and(|a| a.content == content && (a.origin == origin || !a.origin.awaits_confirmation())) {
        return Ok(vec![]);
    }
    // Saving copied words without changing them is the confirmation they wait for.
    let origin = match (current, origin) {
        (Some(a), Origin::Written) if a.content == content => Origin::Confirmed,
        (_, origin) => origin,
    };
    let mut changes = vec![];
    let status = match current {
        _ if content.is_empty() => Status::Open,
        // Confirming words as they stand does not undo that they are ready.
        Some(a) if a.content == content => facts.work.status.max(Status::InProgress),
        _ => Status::InProgress,
    };
    if facts.work.status != status {
        changes.push(Change::WorkSet { case: case.case.id, item: item.no, work: Work { status, ..facts.work.clone() } });
    }
    changes.push(Change::AnswerGiven { case: case.case.id, item: item.no, by, content, origin });
    Ok(changes)
}

/// Somebody else saved first; nothing of either text is lost.
pub const fn conflict() -> Refusal {
    Refusal::new(
        Why::Conflict,
        text(
            "ほかの人が先に保存しました。両方の内容を見比べて、もう一度保存してください。入力した内容は失われていません。",
            "Somebody else saved first. Compare both texts and save again; what you typed is not lost.",
        ),
    )
}

/// Sets owner, due date and status. An item without an answer cannot be ready.
pub fn set_work(case: &CaseFacts, facts: &ItemFacts, work: Work) -> Result<Vec<Change>, Refusal> {
    writable(case, facts.no)?;
    let answered = facts.answer.as_ref().is_some_and(|a| !a.content.is_empty());
    if work.status == Status::Ready && !answered {
        return Err(Refusal::invalid(
            "status",
            worded(
                format!("項目{}にはまだ回答がないため、準備完了にできません。", facts.no),
                format!("Item {} has no answer yet, so it cannot be ready.", facts.no),
            ),
        ));
    }
    if work == facts.work { Ok(vec![]) } else { Ok(vec![Change::WorkSet { case: case.case.id, item: facts.no, work }]) }
}

/// Records the second look; the author of the answer cannot give it.
pub fn review(case: &CaseFacts, facts: &ItemFacts, act: &Act, seen: Pos, ok: bool, comment: &str) -> Result<Change, Refusal> {
    writable(case, facts.no)?;
    let Some(by) = act.actor.person else { return Err(Refusal::forbidden()) };
    let Some(answer) = facts.answer.as_ref().filter(|a| !a.content.is_empty()) else {
        return Err(Refusal::state(text("まだ回答がありません。", "There is no answer yet.")));
    };
    if answer.pos != seen {
        return Err(conflict());
    }
    if answer.by == by {
        return Err(Refusal::state(text(
            "回答を書いた本人は確認できません。別の人が確認してください。",
            "Whoever wrote the answer cannot review it; somebody else has to.",
        )));
    }
    let comment = bounded("comment", comment.trim(), 2000)?;
    if !ok && comment.is_empty() {
        return Err(Refusal::invalid("comment", text("差し戻す理由を書いてください。", "Say what has to be changed.")));
    }
    Ok(Change::AnswerReviewed { case: case.case.id, item: facts.no, answer: seen, ok, comment, by })
}

/// Answers the 改善策 of the last returned round; only items that came back are open.
pub fn answer_improvement(case: &CaseFacts, facts: &ItemFacts, act: &Act, written: &str) -> Result<Change, Refusal> {
    case.allows(Kind::AnswerImprovement)?;
    writable(case, facts.no)?;
    let Some(by) = act.actor.person else { return Err(Refusal::forbidden()) };
    if facts.verdict.as_ref().is_none_or(|v| v.content.improvement.is_empty()) {
        return Err(Refusal::state(text("この項目に改善策はありません。", "No improvement was asked for this item.")));
    }
    let written = bounded("text", written.trim(), LONGEST)?;
    if written.is_empty() {
        return Err(Refusal::invalid("text", text("改善策への回答を入力してください。", "Say what was done about the improvement.")));
    }
    Ok(Change::ImprovementAnswered { case: case.case.id, item: facts.no, round: case.case.round, text: written, by })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::State;
    use crate::verdict::VerdictContent;
    use crate::world::*;

    fn give_to(facts: &ItemFacts, base: i64, content: Content, origin: Origin) -> Result<Vec<Change>, Refusal> {
        let sheet = sheet();
        give(&case(State::Draft), sheet.item(facts.no).unwrap(), facts, &act(officer()), Pos(base), content, origin)
    }
    fn untouched() -> ItemFacts {
        ItemFacts::untouched(ItemNo(1))
    }

    #[test]
    fn a_first_answer_starts_the_work_and_an_emptied_one_opens_it_again() {
        let changes = give_to(&untouched(), 0, content("対応 "), Origin::Written).unwrap();
        let work = Work { status: Status::InProgress, ..Work::default() };
        assert_eq!(changes[0], Change::WorkSet { case: id(50), item: ItemNo(1), work: work.clone() });
        assert!(matches!(&changes[1], Change::AnswerGiven { content: c, .. } if c.text == "対応"), "trailing blanks go");
        let changes = give_to(&ItemFacts { work, ..answered(1, "対応") }, 10, content(""), Origin::Written).unwrap();
        assert!(matches!(&changes[0], Change::WorkSet { work, .. } if work.status == Status::Open));
    }

    #[test]
    fn new_words_are_no_longer_ready_and_the_same_words_are_no_new_version() {
        let ready = ItemFacts { work: Work { status: Status::Ready, ..Work::default() }, ..answered(1, "対応") };
        let changes = give_to(&ready, 10, content("変更"), Origin::Written).unwrap();
        assert!(matches!(&changes[0], Change::WorkSet { work, .. } if work.status == Status::InProgress));
        assert_eq!(give_to(&ready, 10, content("対応"), Origin::Written), Ok(vec![]));
    }

    #[test]
    fn who_saved_on_an_older_version_learns_of_the_newer_one() {
        for base in [0, 9, 11, -1, i64::MAX] {
            assert_eq!(give_to(&answered(1, "対応"), base, content("別"), Origin::Written).unwrap_err().why, Why::Conflict);
        }
    }

    #[test]
    fn saving_copied_words_as_they_stand_confirms_them_and_leaves_them_ready() {
        let mut copied = answered(1, "対応");
        copied.work.status = Status::Ready;
        copied.answer.as_mut().unwrap().origin = Origin::Copied { case: id(51), item: ItemNo(1) };
        let changes = give_to(&copied, 10, content("対応"), Origin::Written).unwrap();
        assert!(matches!(&changes[..], [Change::AnswerGiven { origin: Origin::Confirmed, .. }]));
        let changes = give_to(&copied, 10, content("書き直し"), Origin::Written).unwrap();
        assert!(matches!(&changes[1], Change::AnswerGiven { origin: Origin::Written, .. }));
    }

    #[test]
    fn only_sub_points_of_the_item_are_answered_and_empty_ones_are_dropped() {
        let points =
            |p: &[(u16, &str)]| Content { points: p.iter().map(|(n, t)| (PointNo(*n), (*t).to_owned())).collect(), ..Content::default() };
        for odd in [0, 3, u16::MAX] {
            assert_eq!(give_to(&untouched(), 0, points(&[(odd, "x")]), Origin::Written).unwrap_err().field, Some("points"), "{odd}");
        }
        let changes = give_to(&untouched(), 0, points(&[(1, "一"), (2, " ")]), Origin::Written).unwrap();
        assert!(matches!(&changes[1], Change::AnswerGiven { content, .. } if content.points.len() == 1));
    }

    #[test]
    fn out_of_scope_needs_a_reason_and_texts_have_a_length() {
        let no_reason = Content { out_of_scope: Some("　".into()), ..Content::default() };
        assert_eq!(give_to(&untouched(), 0, no_reason, Origin::Written).unwrap_err().field, Some("out_of_scope"));
        assert!(give_to(&untouched(), 0, content(&"あ".repeat(LONGEST)), Origin::Written).is_ok());
        assert_eq!(give_to(&untouched(), 0, content(&"あ".repeat(LONGEST + 1)), Origin::Written).unwrap_err().field, Some("text"));
    }

    #[test]
    fn only_returned_items_are_open_in_a_later_round() {
        let mut facts = case(State::Returned);
        assert_eq!(writable(&facts, ItemNo(1)), Ok(()));
        facts.rounds[0].flagged = Some(vec![ItemNo(2)]);
        assert_eq!(writable(&facts, ItemNo(2)), Ok(()));
        assert_eq!(writable(&facts, ItemNo(1)).unwrap_err().why, Why::State);
    }

    #[test]
    fn the_installation_writes_no_answers() {
        let (sheet, by) = (sheet(), act(crate::act::Actor::system()));
        let refused =
            give(&case(State::Draft), sheet.item(ItemNo(1)).unwrap(), &untouched(), &by, Pos::NEVER, content("x"), Origin::Written);
        assert_eq!(refused.unwrap_err().why, Why::Forbidden);
        assert_eq!(review(&case(State::Draft), &answered(1, "x"), &by, Pos(10), true, "").unwrap_err().why, Why::Forbidden);
    }

    #[test]
    fn an_item_without_an_answer_cannot_be_ready() {
        let draft = case(State::Draft);
        let ready = Work { status: Status::Ready, ..Work::default() };
        assert_eq!(set_work(&draft, &untouched(), ready.clone()).unwrap_err().field, Some("status"));
        assert_eq!(set_work(&draft, &answered(1, ""), ready.clone()).unwrap_err().field, Some("status"));
        assert_eq!(set_work(&draft, &answered(1, "対応"), ready.clone()).unwrap().len(), 1);
        assert_eq!(set_work(&draft, &ItemFacts { work: ready.clone(), ..answered(1, "対応") }, ready), Ok(vec![]));
    }

    #[test]
    fn the_author_never_reviews_and_somebody_else_reviews_the_version_they_saw() {
        let draft = case(State::Draft);
        let facts = answered(1, "対応");
        let by = |actor, seen, ok, comment| review(&draft, &facts, &act(actor), Pos(seen), ok, comment);
        assert_eq!(by(officer(), 10, true, "").unwrap_err().why, Why::State);
        assert_eq!(by(colleague(), 9, true, "").unwrap_err().why, Why::Conflict);
        assert_eq!(by(colleague(), 10, false, " ").unwrap_err().field, Some("comment"));
        assert!(by(colleague(), 10, true, "").is_ok() && by(colleague(), 10, false, "根拠が足りません").is_ok());
        assert_eq!(review(&draft, &answered(1, ""), &act(colleague()), Pos(10), true, "").unwrap_err().why, Why::State);
        assert_eq!(review(&draft, &untouched(), &act(colleague()), Pos::NEVER, true, "").unwrap_err().why, Why::State);
    }

    #[test]
    fn an_improvement_is_answered_where_one_was_asked_and_the_item_came_back() {
        let asked = |improvement: &str| {
            let mut facts = judged(1, "partly", 1);
            facts.verdict.as_mut().unwrap().content = VerdictContent { improvement: improvement.into(), ..VerdictContent::default() };
            facts
        };
        let mut back = case(State::Returned);
        let answer = |case: &CaseFacts, facts: &ItemFacts, text: &str| answer_improvement(case, facts, &act(officer()), text);
        assert!(
            matches!(answer(&back, &asked("改善"), " 直しました "), Ok(Change::ImprovementAnswered { round: 1, text, .. }) if text == "直しました")
        );
        assert_eq!(answer(&back, &asked(""), "x").unwrap_err().why, Why::State);
        assert_eq!(answer(&back, &untouched(), "x").unwrap_err().why, Why::State);
        assert_eq!(answer(&back, &asked("改善"), " ").unwrap_err().field, Some("text"));
        back.rounds[0].flagged = Some(vec![ItemNo(2)]);
        assert_eq!(answer(&back, &asked("改善"), "x").unwrap_err().why, Why::State, "item 1 did not come back");
    }
}
