//! A questionnaire (質問票): a medical institution's own form, its questions mapped to items once and answered from what stands.

mod suggest;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{self, Id, ItemNo, Pos};
use crate::item::ItemFacts;
use crate::party::{bounded, line};
use crate::refusal::{Refusal, Why};
use crate::reuse::joined;
use crate::sheet::{Class, Sheet};
use crate::text::{text, worded};

pub use suggest::{Because, Finder, Suggested, folded};

/// Questions that one form may have.
pub const QUESTIONS: usize = 3_000;
/// Characters of a name.
const NAME: usize = 200;
/// Characters of an answer.
const ANSWER: usize = 10_000;
/// Items that one question is mapped to.
const ITEMS: usize = 40;

/// Where a form has what. Rows and columns count from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Layout {
    pub worksheet: String,
    /// The first row that may hold a question.
    pub first_row: u32,
    #[serde(default)]
    pub number: Option<u32>,
    pub question: u32,
    /// はい, いいえ or 対象外.
    #[serde(default)]
    pub choice: Option<u32>,
    /// 回答 or 備考: the answer in words.
    #[serde(default)]
    pub words: Option<u32>,
    /// 目標日: by when a いいえ will be a はい.
    #[serde(default)]
    pub target: Option<u32>,
    /// What the form itself says for yes, no and not applicable.
    #[serde(default = "usual")]
    pub says: BTreeMap<Said, String>,
}

/// はい, いいえ, 対象外.
pub fn usual() -> BTreeMap<Said, String> {
    [(Said::Yes, "はい"), (Said::No, "いいえ"), (Said::NotApplicable, "対象外")].map(|(said, word)| (said, word.to_owned())).into()
}

/// One question of the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Asked {
    /// Where it stands in the worksheet, from 0; the question is known by it.
    pub row: u32,
    /// As the form numbers it; may be empty.
    #[serde(default)]
    pub number: String,
    pub words: String,
}

/// The answer to a closed question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    Yes,
    No,
    NotApplicable,
}

/// A form that somebody sent, and where its answers come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Questionnaire {
    pub id: Id<id::Questionnaire>,
    /// Who answers.
    pub organisation: Id<id::Organisation>,
    pub name: String,
    /// Who asks: the medical institution, by name.
    pub asker: String,
    #[serde(default)]
    pub due: Option<Date>,
    /// The case whose answers serve it.
    pub case: Id<id::Case>,
    /// The form as it was sent, in the evidence vault.
    pub file: Id<id::Evidence>,
    pub layout: Layout,
    pub questions: Vec<Asked>,
    pub by: Id<id::Person>,
    pub at: Timestamp,
}

impl Questionnaire {
    pub fn question(&self, row: u32) -> Option<&Asked> {
        self.questions.iter().find(|q| q.row == row)
    }
}

/// What is said to one question.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Reply {
    pub said: Option<Said>,
    pub words: String,
    /// By when it will be a yes.
    pub target: Option<Date>,
}

/// What happens to questionnaires. Each is a kind of ledger line of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Questioning {
    QuestionnaireAdded(Questionnaire),
    /// A person says which items a question asks about; none says that it asks about no item.
    QuestionMapped {
        questionnaire: Id<id::Questionnaire>,
        organisation: Id<id::Organisation>,
        row: u32,
        /// The question in its comparable form: another form that asks the same finds the mapping by it.
        folded: String,
        items: Vec<ItemNo>,
        by: Id<id::Person>,
    },
    QuestionAnswered {
        questionnaire: Id<id::Questionnaire>,
        row: u32,
        reply: Reply,
        by: Id<id::Person>,
    },
}

impl Questioning {
    pub const fn kind(&self) -> &'static str {
        match self {
            Questioning::QuestionnaireAdded(_) => "questionnaire_added",
            Questioning::QuestionMapped { .. } => "question_mapped",
            Questioning::QuestionAnswered { .. } => "question_answered",
        }
    }
    pub const fn questionnaire(&self) -> Id<id::Questionnaire> {
        match self {
            Questioning::QuestionnaireAdded(q) => q.id,
            Questioning::QuestionMapped { questionnaire, .. } | Questioning::QuestionAnswered { questionnaire, .. } => *questionnaire,
        }
    }
}

/// Takes a form.
///
/// # Errors
/// No name, no question, a question without words or twice in a row, no column for answers, two contents in one column.
pub fn add(mut questionnaire: Questionnaire) -> Result<Questioning, Refusal> {
    questionnaire.name = line("name", &questionnaire.name, NAME)?;
    questionnaire.asker = line("asker", &questionnaire.asker, NAME)?;
    let count = questionnaire.questions.len();
    if count == 0 || count > QUESTIONS {
        let words = worded(
            format!("設問は1問から{QUESTIONS}問まで取り込めます（今は{count}問）。行と列の指定を確認してください。"),
            format!("A form has from 1 to {QUESTIONS} questions; this one has {count}. Check the rows and columns."),
        );
        return Err(Refusal::invalid("first_row", words));
    }
    for pair in questionnaire.questions.windows(2) {
        if pair[0].row >= pair[1].row {
            return Err(Refusal::invalid(
                "questions",
                text("設問の行が順に並んでいません。", "The questions are not in the order of their rows."),
            ));
        }
    }
    if let Some(empty) = questionnaire.questions.iter().find(|q| q.words.trim().is_empty()) {
        let row = empty.row + 1;
        let words = worded(format!("{row}行目の設問が空です。"), format!("The question in row {row} is empty."));
        return Err(Refusal::invalid("questions", words));
    }
    let layout = &questionnaire.layout;
    if layout.choice.is_none() && layout.words.is_none() {
        let words = text("回答の列を1つ以上選んでください。", "Choose at least one column for answers.");
        return Err(Refusal::invalid("words", words));
    }
    let mut used: Vec<u32> =
        [Some(layout.question), layout.number, layout.choice, layout.words, layout.target].into_iter().flatten().collect();
    used.sort_unstable();
    if used.windows(2).any(|w| w[0] == w[1]) {
        return Err(Refusal::invalid("question", text("同じ列が2つの内容に選ばれています。", "One column is chosen twice.")));
    }
    Ok(Questioning::QuestionnaireAdded(questionnaire))
}

/// Maps a question to items of the sheet that its answers come from.
pub fn map(
    questionnaire: &Questionnaire,
    sheet: &Sheet,
    row: u32,
    mut items: Vec<ItemNo>,
    standing: Option<&[ItemNo]>,
    by: Id<id::Person>,
) -> Result<Option<Questioning>, Refusal> {
    let asked = questionnaire.question(row).ok_or(Refusal::not_found().at("row"))?;
    items.sort_unstable();
    items.dedup();
    if let Some(unknown) = items.iter().find(|no| sheet.item(**no).is_none()) {
        let words = worded(format!("項目{unknown}はシートにありません。"), format!("The sheet has no item {unknown}."));
        return Err(Refusal::invalid("items", words));
    }
    if items.len() > ITEMS {
        let words = worded(format!("対応する項目は{ITEMS}件以内にしてください。"), format!("Choose at most {ITEMS} items."));
        return Err(Refusal::invalid("items", words));
    }
    if standing == Some(&items[..]) {
        return Ok(None);
    }
    let folded = folded(&asked.words);
    let (questionnaire, organisation) = (questionnaire.id, questionnaire.organisation);
    Ok(Some(Questioning::QuestionMapped { questionnaire, organisation, row, folded, items, by }))
}

/// Answers a question. `base` is where the answer that was read stands.
///
/// # Errors
/// Somebody else answered meanwhile; a target day without a no, or outside the fiscal year of `today` (the yearly
/// checklist for providers wants a target day within the fiscal year).
pub fn answer(
    questionnaire: &Questionnaire,
    row: u32,
    standing: Option<(&Reply, Pos)>,
    base: Pos,
    reply: &Reply,
    today: Date,
    by: Id<id::Person>,
) -> Result<Option<Questioning>, Refusal> {
    questionnaire.question(row).ok_or(Refusal::not_found().at("row"))?;
    if standing.map_or(Pos::NEVER, |(_, pos)| pos) != base {
        let words = text(
            "この設問は、開いた後に別の人が回答しました。新しい回答と見比べて、もう一度保存してください。",
            "Somebody else answered this question after you opened it. Compare with what stands now, and save again.",
        );
        return Err(Refusal::new(Why::Conflict, words));
    }
    let words = bounded("words", reply.words.trim(), ANSWER)?;
    let reply = Reply { words, ..reply.clone() };
    if let Some(target) = reply.target {
        if reply.said != Some(Said::No) {
            return Err(Refusal::invalid("target", text("目標日は「いいえ」の場合に書きます。", "A target day goes with a no.")));
        }
        let (from, until) = fiscal_year(today);
        if target < today || target > until {
            let words = worded(
                format!("目標日は今日から年度末（{until}）までの日にしてください。今年度は{from}からです。"),
                format!("The target day lies between today and the end of the fiscal year, {until}, which began on {from}."),
            );
            return Err(Refusal::invalid("target", words));
        }
    }
    if standing.is_some_and(|(now, _)| *now == reply) {
        return Ok(None);
    }
    Ok(Some(Questioning::QuestionAnswered { questionnaire: questionnaire.id, row, reply, by }))
}

/// What stands for the items of a question, as a draft of its answer. Whether it is a yes, only a judgement can say:
/// 対象外 is proposed where every item is out of scope, はい where every item was judged to conform.
pub fn draft(sheet: &Sheet, items: &[&ItemFacts]) -> Reply {
    let contents = || items.iter().filter_map(|i| Some((i.no, &i.answer.as_ref()?.content)));
    let class = |i: &ItemFacts| i.verdict.as_ref().and_then(|v| sheet.mark(&v.content.mark)).map(|mark| mark.class);
    let said = if items.is_empty() {
        None
    } else if items.iter().all(|i| i.answer.as_ref().is_some_and(|a| a.content.out_of_scope.is_some())) {
        Some(Said::NotApplicable)
    } else if items.iter().all(|i| class(i) == Some(Class::Conforms)) {
        Some(Said::Yes)
    } else {
        None
    };
    let one = items.len() == 1;
    let words = contents().map(|(no, content)| (no, joined(content))).filter(|(_, words)| !words.is_empty());
    let words: Vec<String> = words.map(|(no, words)| if one { words } else { format!("（項目{no}）{words}") }).collect();
    Reply { said, words: words.join("\n"), target: None }
}

/// The Japanese fiscal year that a day is in: from 1 April to 31 March.
fn fiscal_year(day: Date) -> (Date, Date) {
    let first = if day.month() >= 4 { day.year() } else { day.year() - 1 };
    (Date::constant(first, 4, 1), Date::constant(first + 1, 3, 31))
}

/// What is left to do with a question before the form can go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// Nobody said which items it asks about.
    Unmapped,
    Unanswered,
    /// A no without a day by which it will be a yes, where the form has a column for it.
    NoTarget,
}

/// The gaps of a question. A form with gaps can be exported; they are listed beside it.
pub fn gaps(layout: &Layout, mapped: bool, reply: Option<&Reply>) -> Vec<Gap> {
    let mut out = vec![];
    if !mapped {
        out.push(Gap::Unmapped);
    }
    let chosen = layout.choice.is_none() || reply.is_some_and(|r| r.said.is_some());
    let worded = layout.choice.is_some() || reply.is_some_and(|r| !r.words.is_empty());
    if !chosen || !worded {
        out.push(Gap::Unanswered);
    }
    if layout.target.is_some() && reply.is_some_and(|r| r.said == Some(Said::No) && r.target.is_none()) {
        out.push(Gap::NoTarget);
    }
    out
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn form() -> Questionnaire {
        let layout = Layout {
            worksheet: "S".into(),
            first_row: 1,
            number: Some(0),
            question: 1,
            choice: Some(2),
            words: Some(4),
            target: Some(3),
            says: usual(),
        };
        let asked = |row: u32, words: &str| Asked { row, number: row.to_string(), words: words.into() };
        Questionnaire {
            id: Id::new(1, [1; 10]),
            organisation: Id::new(2, [2; 10]),
            name: "2026年度 事業者確認用".into(),
            asker: "北病院".into(),
            due: None,
            case: Id::new(3, [3; 10]),
            file: Id::new(4, [4; 10]),
            layout,
            questions: vec![asked(1, "責任者を定めていますか"), asked(4, "バックアップを取得していますか")],
            by: Id::new(5, [5; 10]),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn said(said: Said, target: Option<Date>) -> Reply {
        Reply { said: Some(said), words: String::new(), target }
    }

    #[test]
    fn a_form_needs_questions_in_order_and_a_column_of_its_own_for_each_content() {
        assert!(add(form()).is_ok());
        let field = |change: &dyn Fn(&mut Questionnaire)| {
            let mut f = form();
            change(&mut f);
            add(f).unwrap_err().field
        };
        assert_eq!(field(&|f| f.questions.clear()), Some("first_row"));
        assert_eq!(field(&|f| f.questions[1].row = 1), Some("questions"));
        assert_eq!(field(&|f| f.questions[1].words = " ".into()), Some("questions"));
        assert_eq!(field(&|f| (f.layout.choice, f.layout.words) = (None, None)), Some("words"));
        assert_eq!(field(&|f| f.layout.words = Some(2)), Some("question"));
        assert_eq!(field(&|f| f.asker = String::new()), Some("asker"));
    }

    #[test]
    fn a_no_may_have_a_day_within_the_fiscal_year_and_nothing_else_has() {
        let (f, by, today) = (form(), Id::new(5, [5; 10]), date(2026, 11, 22));
        let give = |reply: &Reply| answer(&f, 4, None, Pos::NEVER, reply, today, by).map(|c| c.is_some()).map_err(|r| r.field);
        assert_eq!(give(&said(Said::No, Some(date(2027, 3, 31)))), Ok(true));
        assert_eq!(give(&said(Said::No, None)), Ok(true));
        for (reply, day) in [(Said::No, date(2027, 4, 1)), (Said::No, date(2026, 11, 21)), (Said::Yes, date(2027, 1, 1))] {
            assert_eq!(give(&said(reply, Some(day))), Err(Some("target")));
        }
        assert_eq!(fiscal_year(date(2027, 3, 31)), (date(2026, 4, 1), date(2027, 3, 31)));
        assert_eq!(fiscal_year(date(2027, 4, 1)), (date(2027, 4, 1), date(2028, 3, 31)));
    }

    #[test]
    fn two_people_answering_one_question_lose_nothing() {
        let (f, by, today) = (form(), Id::new(5, [5; 10]), date(2026, 11, 22));
        let stands = said(Said::Yes, None);
        let give = |base, reply: &Reply| answer(&f, 4, Some((&stands, Pos(7))), base, reply, today, by);
        assert_eq!(give(Pos::NEVER, &said(Said::No, None)).unwrap_err().why, Why::Conflict);
        assert!(give(Pos(7), &said(Said::No, None)).unwrap().is_some());
        assert_eq!(give(Pos(7), &stands), Ok(None));
        assert_eq!(answer(&f, 2, None, Pos::NEVER, &stands, today, by).unwrap_err().why, Why::NotFound);
    }

    #[test]
    fn a_draft_says_yes_only_where_somebody_judged_so() {
        let sheet = crate::world::sheet();
        let open = crate::world::answered(1, "毎日取得する");
        let (good, bad) = (crate::world::judged(1, "conforms", 1), crate::world::judged(2, "fails", 1));
        let say = |items: &[&ItemFacts]| draft(&sheet, items).said;
        assert_eq!((say(&[&good]), say(&[&open]), say(&[&good, &bad]), say(&[])), (Some(Said::Yes), None, None, None));
        assert_eq!(draft(&sheet, &[&open]).words, "毎日取得する");
        let mut out = open.clone();
        out.answer.as_mut().unwrap().content.out_of_scope = Some("媒体を使わない".into());
        assert_eq!((say(&[&out]), say(&[&out, &open])), (Some(Said::NotApplicable), None));
    }

    #[test]
    fn gaps_are_told_by_what_the_form_asks_for() {
        let layout = form().layout;
        assert_eq!(gaps(&layout, false, None), [Gap::Unmapped, Gap::Unanswered]);
        assert_eq!(gaps(&layout, true, Some(&said(Said::No, None))), [Gap::NoTarget]);
        assert_eq!(gaps(&layout, true, Some(&said(Said::Yes, None))), []);
        let words_only = Layout { choice: None, target: None, ..layout };
        assert_eq!(gaps(&words_only, true, Some(&said(Said::Yes, None))), [Gap::Unanswered]);
    }
}
