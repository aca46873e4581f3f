//! One questionnaire: what each question asks about, what is said to it, what is left, and the filled form.

use app::read::questionnaires::{QuestionRead, QuestionnaireRead};
use maud::{Markup, html};
use rules::command::Command;
use rules::id::{ItemNo, Pos};
use rules::questionnaire::{Because, Gap, Reply, Said, Suggested};
use rules::refusal::Refusal;
use rules::reuse::joined;
use rules::text::{Lang, Text, text, worded};

use super::form::{saved_at, saved_notice, settle};
use super::questionnaires::{WHO, heading};
use super::signs::prose;
use crate::answer;
use crate::components::{
    Area, Choice, Column, Crumb, Field, Kind, NavLink, Row, Table, Tone, actions, card, csrf, date_field, link_button, notice, progress,
    radios, row_checkbox, select_all, submit, table, tabs, tag, text_field, textarea,
};
use crate::route::{Answer, FileAnswer, FileContent, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[
    get("/questionnaires/{questionnaire}", WHO, show),
    get("/questionnaires/{questionnaire}/file", WHO, file),
    post("/questionnaires/{questionnaire}/map", WHO, take),
    get("/questionnaires/{questionnaire}/questions/{line}", WHO, question),
    post("/questionnaires/{questionnaire}/questions/{line}", WHO, say),
    post("/questionnaires/{questionnaire}/questions/{line}/map", WHO, map),
];

fn read(visit: &Visit) -> Result<QuestionnaireRead, app::Error> {
    visit.app.questionnaire(visit.actor()?, visit.param("questionnaire")?)
}

fn file(visit: &Visit) -> Result<Answer, app::Error> {
    let made = visit.app.fill_questionnaire(visit.actor()?, visit.param("questionnaire")?)?;
    Ok(Answer::File(FileAnswer { media: made.media.to_owned(), name: made.name, content: FileContent::Bytes(made.bytes), inline: false }))
}

/// Which questions the list shows.
const SHOWN: [(&str, Text); 4] = [
    ("", text("すべて", "All")),
    ("unmapped", text("項目が未対応", "No items yet")),
    ("unanswered", text("未回答", "Unanswered")),
    ("target", text("目標日なし", "No target day")),
];

fn gap(name: &str) -> Option<Gap> {
    match name {
        "unmapped" => Some(Gap::Unmapped),
        "unanswered" => Some(Gap::Unanswered),
        "target" => Some(Gap::NoTarget),
        _ => None,
    }
}

fn gap_name(gap: Gap) -> Text {
    match gap {
        Gap::Unmapped => text("項目が未対応", "No items yet"),
        Gap::Unanswered => text("未回答", "Unanswered"),
        Gap::NoTarget => text("目標日なし", "No target day"),
    }
}

fn said_name(said: Said) -> Text {
    match said {
        Said::Yes => text("はい", "Yes"),
        Said::No => text("いいえ", "No"),
        Said::NotApplicable => text("対象外", "Not applicable"),
    }
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(list(visit, &read(visit)?, None).into())
}

fn list(visit: &Visit, read: &QuestionnaireRead, refused: Option<&Refusal>) -> Page {
    let lang = visit.lang;
    let q = &read.questionnaire;
    let all = read.questions.len();
    let (mapped, answered) = (
        read.questions.iter().filter(|q| q.items.is_some()).count(),
        read.questions.iter().filter(|q| !q.gaps.contains(&Gap::Unanswered)).count(),
    );
    let chosen = visit.query.text("show");
    let wanted = gap(chosen);
    let shown: Vec<&QuestionRead> = read.questions.iter().filter(|q| wanted.is_none_or(|gap| q.gaps.contains(&gap))).collect();
    let link = |(name, label): &(&str, Text)| {
        let count = gap(name).map_or(all, |gap| read.questions.iter().filter(|q| q.gaps.contains(&gap)).count());
        let label = worded(format!("{}（{count}）", label.ja), format!("{} ({count})", label.en));
        let href = if name.is_empty() { urls::questionnaire(q.id) } else { format!("{}?show={name}", urls::questionnaire(q.id)) };
        NavLink::new(label, href).current(*name == chosen)
    };
    let links: Vec<NavLink> = SHOWN.iter().map(link).collect();
    let proposing = shown.iter().any(|q| !q.suggested.is_empty());
    let columns = vec![
        Column::new(text("番号", "No.")),
        Column::new(text("設問", "Question")),
        Column::new(text("対応する項目", "Items")),
        Column::new(text("回答", "Answer")),
        Column::new(text("残り", "Left")),
    ];
    let rows = shown.iter().map(|question| {
        Row::new(vec![
            html! { (question.asked.number) },
            html! { a href=(urls::question(q.id, question.asked.row)) { span lang="ja" { (short(&question.asked.words)) } } },
            items_cell(lang, read, question),
            html! {
                @if let Some(given) = &question.given {
                    @if let Some(said) = given.reply.said { (said_name(said).get(lang)) " " }
                    span.small lang="ja" { (short(&given.reply.words)) }
                }
            },
            html! { @for gap in &question.gaps { (tag(lang, Tone::Warn, &gap_name(*gap))) " " } @if question.gaps.is_empty() { (tag(lang, Tone::Success, &text("済", "Done"))) } },
        ])
    });
    let main = html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        div.columns {
            (progress(lang, &text("項目への対応付け", "Mapped to items"), mapped, all))
            (progress(lang, &text("回答", "Answered"), answered, all))
        }
        (tabs(lang, &text("表示する設問", "Questions shown"), &links))
        @if shown.is_empty() { p.muted { (text("該当する設問はありません。", "No question fits.").get(lang)) } } @else {
            form method="post" action=(urls::questionnaire_map(q.id)) {
                (csrf(&visit.csrf))
                @if proposing {
                    p { (text("提案は、前の質問票の対応付けか、共通する用語から作られています。正しいものを選んで確定してください。", "Proposals come from earlier questionnaires or from common terms. Tick those that are right and confirm.").get(lang)) }
                    (select_all(lang, "pick"))
                }
                (table(lang, &Table::new(heading(), columns, rows.collect()).caption_hidden()))
                @if proposing { (submit(lang, Kind::Primary, &text("選んだ対応付けを確定する", "Confirm the ticked items"))) }
            }
        }
    };
    let mut page = visit.page(worded(q.name.clone(), q.name.clone()), main);
    let from = worded(format!("依頼元：{}", q.asker), format!("From: {}", q.asker));
    page.lead = Some(match q.due {
        Some(due) => worded(format!("{}　期限：{due}", from.ja), format!("{} – due {due}", from.en)),
        None => from,
    });
    page.breadcrumb = vec![Crumb::link(heading(), urls::questionnaires()), Crumb::here(page.title.clone())];
    page.corner = actions(link_button(
        lang,
        Kind::Primary,
        &text("回答入りのExcelを書き出す", "Download the filled form"),
        &urls::questionnaire_file(q.id),
    ));
    page.notices = saved_notice(visit, "");
    page
}

/// As much of a text as a list shows.
fn short(words: &str) -> String {
    const MOST: usize = 90;
    if words.chars().count() <= MOST { words.to_owned() } else { words.chars().take(MOST - 1).chain(['…']).collect() }
}

/// The items a question is mapped to, or the proposals with a box each.
fn items_cell(lang: Lang, read: &QuestionnaireRead, question: &QuestionRead) -> Markup {
    let case = read.questionnaire.case;
    html! {
        @match &question.items {
            Some(items) if items.is_empty() => { span.muted { (text("該当なし", "None").get(lang)) } }
            Some(items) => { @for (n, no) in items.iter().enumerate() { @if n > 0 { ", " } a href=(urls::item(case, *no)) { (no) } } }
            None => {
                @for s in &question.suggested {
                    div {
                        (row_checkbox(lang, "pick", &format!("{}:{}", question.asked.row, s.item), &worded(format!("項目{}を選ぶ", s.item), format!("Choose item {}", s.item)), false))
                        " " (suggestion(lang, read, s))
                    }
                }
            }
        }
    }
}

/// A proposed item with its title and the reason.
fn suggestion(lang: Lang, read: &QuestionnaireRead, s: &Suggested) -> Markup {
    let title = read.case.sheet.item(s.item).map(|item| item.title.get(lang).to_owned()).unwrap_or_default();
    html! {
        span.small {
            (s.item) " " (title)
            @match &s.because {
                Because::Before => { " " (tag(lang, Tone::Info, &text("前の質問票", "Earlier form"))) }
                Because::Terms(terms) => { br; span.muted lang="ja" { (terms.join("・")) } }
            }
        }
    }
}

/// Confirms the ticked proposals.
fn take(visit: &Visit) -> Result<Answer, app::Error> {
    let of = read(visit)?;
    let mapped = || {
        let mut mapped: std::collections::BTreeMap<u32, Vec<ItemNo>> = std::collections::BTreeMap::new();
        for picked in visit.form.all("pick") {
            let both = picked.split_once(':').and_then(|(row, item)| Some((row.parse().ok()?, ItemNo(item.parse().ok()?))));
            let (row, item) = both.ok_or(Refusal::not_found())?;
            mapped.entry(row).or_default().push(item);
        }
        if mapped.is_empty() {
            return Err(Refusal::invalid("pick", text("対応付けを1つ以上選んでください。", "Tick at least one item.")).into());
        }
        visit.app.execute(visit.actor()?, Command::MapQuestions { questionnaire: of.questionnaire.id, mapped })?;
        Ok(saved_at(&urls::questionnaire(of.questionnaire.id)))
    };
    settle(mapped(), |refusal| Ok(list(visit, &of, Some(refusal))))
}

fn question(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(question_page(visit, &read(visit)?, None)?.into())
}

fn question_page(visit: &Visit, read: &QuestionnaireRead, refused: Option<&Refusal>) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let q = &read.questionnaire;
    let asked = read.question(visit.param("line")?).ok_or(Refusal::not_found())?;
    let line = asked.asked.row;
    let error = |name: &str| refused.filter(|r| r.field == Some(name)).map(|r| &r.text);
    let stands = asked.given.as_ref().map_or(&asked.draft, |given| &given.reply);
    let typed = |name: &str, stands: String| visit.form.get(name).map_or(stands, str::to_owned);
    let items: Vec<String> = asked.items.iter().flatten().map(ItemNo::to_string).collect();
    let said = typed("said", stands.said.map(|s| super::word(&s)).unwrap_or_default());
    let choices: Vec<Choice> = [Said::Yes, Said::No, Said::NotApplicable].map(|s| Choice::new(super::word(&s), said_name(s))).into();
    let words = typed("words", stands.words.clone());
    let target = typed("target", stands.target.map(|day| day.to_string()).unwrap_or_default());
    let base = asked.given.as_ref().map_or(Pos::NEVER, |given| given.pos);
    let mapping = html! {
        @if asked.items.is_none() && !asked.suggested.is_empty() {
            p { (text("提案", "Proposed").get(lang)) }
            ul.plain { @for s in &asked.suggested { li { (suggestion(lang, read, s)) } } }
        }
        form method="post" action=(urls::question_map(q.id, line)) {
            (csrf(&visit.csrf))
            (text_field(lang, &Field::new("items", text("項目番号", "Item numbers")).hint(text("コンマで区切ります。該当がなければ空のまま保存します。", "Separated by commas; save it empty if there is none.")).value(&typed("items", items.join(", "))).error(error("items"))))
            (submit(lang, Kind::Secondary, &text("対応付けを保存", "Save the items")))
        }
        @for no in asked.items.iter().flatten() {
            @if let Some((item, facts)) = read.case.item(*no) {
                h3 { a href=(urls::item(q.case, *no)) { (worded(format!("項目{no}"), format!("Item {no}")).get(lang)) " " (item.title.get(lang)) } }
                @match facts.answer.as_ref().map(|a| joined(&a.content)).filter(|w| !w.is_empty()) {
                    Some(words) => { div lang="ja" { (prose(&words)) } }
                    None => { (tag(lang, Tone::Warn, &text("回答はまだありません", "Not answered yet"))) }
                }
            }
        }
    };
    let form = html! {
        @if asked.given.is_none() && asked.draft != Reply::default() {
            (notice(lang, Tone::Info, &text("チェックシートの回答から作った下書きです。確かめて保存してください。", "Drafted from the check sheet. Look it over and save."), html! {}))
        }
        form method="post" action=(urls::question(q.id, line)) data-keep=(format!("{}/{line}", q.id)) {
            (csrf(&visit.csrf))
            input type="hidden" name="base" value=(base.0);
            @if q.layout.choice.is_some() { (radios(lang, &Field::new("said", text("回答", "Answer")).value(&said).error(error("said")), &choices, true)) }
            @if q.layout.words.is_some() { (textarea(lang, Area { rows: 6, ..Area::default() }, &Field::new("words", text("回答の文章", "Answer in words")).value(&words).error(error("words")))) }
            @if q.layout.target.is_some() { (date_field(lang, &Field::new("target", text("目標日", "Target day")).hint(text("「いいえ」の場合、年度内の日を書きます。", "With a no: a day within the fiscal year.")).value(&target).error(error("target")))) }
            (submit(lang, Kind::Primary, &text("保存して次へ", "Save and go on")))
        }
    };
    let main = html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        blockquote lang="ja" { (prose(&asked.asked.words)) }
        (card(lang, &text("対応する項目", "Items it asks about"), html! {}, mapping))
        (card(lang, &text("回答", "Answer"), html! {}, form))
    };
    let number = if asked.asked.number.is_empty() { (line + 1).to_string() } else { asked.asked.number.clone() };
    let title = worded(format!("設問 {number}"), format!("Question {number}"));
    let mut page = visit.page(title.clone(), main);
    let of = worded(q.name.clone(), q.name.clone());
    page.breadcrumb = vec![Crumb::link(heading(), urls::questionnaires()), Crumb::link(of, urls::questionnaire(q.id)), Crumb::here(title)];
    page.notices = saved_notice(visit, &format!("{}/{line}", q.id));
    Ok(page)
}

fn say(visit: &Visit) -> Result<Answer, app::Error> {
    let of = read(visit)?;
    let form = &visit.form;
    let done = || {
        let row: u32 = visit.param("line")?;
        let reply = Reply { said: form.word("said")?, words: form.text("words").to_owned(), target: form.date("target")? };
        let base = Pos(form.text("base").parse().unwrap_or(0));
        visit.app.execute(visit.actor()?, Command::AnswerQuestion { questionnaire: of.questionnaire.id, row, base, reply })?;
        // On to the next one without an answer, in the order of the form.
        let open = |q: &&QuestionRead| q.asked.row != row && q.gaps.contains(&Gap::Unanswered);
        let next = of.questions.iter().filter(|q| q.asked.row > row).find(open).or_else(|| of.questions.iter().find(open));
        let id = of.questionnaire.id;
        Ok(saved_at(&next.map_or_else(|| urls::questionnaire(id), |next| urls::question(id, next.asked.row))))
    };
    settle(done(), |refusal| question_page(visit, &of, Some(refusal)))
}

fn map(visit: &Visit) -> Result<Answer, app::Error> {
    let of = read(visit)?;
    let done = || {
        let row: u32 = visit.param("line")?;
        let numbers = visit.form.text("items").split(|c: char| !c.is_alphanumeric()).filter(|n| !n.is_empty());
        let items: Result<Vec<ItemNo>, Refusal> = numbers
            .map(|n| {
                let words = || worded(format!("「{n}」は項目番号ではありません。"), format!("{n} is no item number."));
                n.parse().map(ItemNo).map_err(|_| Refusal::invalid("items", words()))
            })
            .collect();
        let mapped = [(row, items?)].into();
        visit.app.execute(visit.actor()?, Command::MapQuestions { questionnaire: of.questionnaire.id, mapped })?;
        Ok(saved_at(&urls::question(of.questionnaire.id, row)))
    };
    settle(done(), |refusal| question_page(visit, &of, Some(refusal)))
}
