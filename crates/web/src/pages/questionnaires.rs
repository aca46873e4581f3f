//! Questionnaires of medical institutions: which there are, and taking another one.

use app::draft::Draft;
use app::questionnaire_file::{OpenQuestionnaire, QuestionnaireWishes};
use app::read::questionnaires::QuestionnaireRow;
use maud::{Markup, html};
use rules::party::Role;
use rules::policy::Side;
use rules::questionnaire::{Layout, Said};
use rules::refusal::Refusal;
use rules::text::{Lang, Text, text, worded};

use super::import::{ENDINGS, sent};
use super::sheet_import_view::glimpse_table;
use super::signs::due;
use crate::answer;
use crate::components::{
    Choice, Column, Crumb, Field, Input, Kind, NavLink, Row, Table, Tone, csrf, date_field, empty, file_field, input_field, notice, select,
    submit, table, tabs, tag, text_field, upload_progress,
};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

/// Those who answer for a provider; the policy has the last word.
pub(super) const WHO: Guard = Guard::Roles(&[Role::Officer, Role::Colleague]);

pub const ROUTES: &[Route] = &[
    get("/questionnaires", WHO, index),
    post("/questionnaires", WHO, upload),
    get("/questionnaires/new", WHO, columns),
    post("/questionnaires/new", WHO, save),
];

/// Rows of a worksheet that are shown while columns are chosen.
const ROWS: u32 = 20;

pub(super) fn heading() -> Text {
    text("質問票", "Questionnaires")
}

fn index(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(list(visit, None)?.into())
}

fn list(visit: &Visit, refused: Option<&Refusal>) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let all = visit.app.questionnaires(visit.actor()?)?;
    let columns = vec![
        Column::new(text("質問票", "Questionnaire")),
        Column::new(text("依頼元", "From")),
        Column::new(text("期限", "Due")),
        Column::new(text("設問", "Questions")).number(),
        Column::new(text("回答済み", "Answered")).number(),
        Column::new(text("残り", "Left")).number(),
    ];
    let today = rules::act::japan(visit.app.clock.now()).date();
    let row = |r: &QuestionnaireRow| {
        let q = &r.questionnaire;
        Row::new(vec![
            html! { a href=(urls::questionnaire(q.id)) { (q.name) } },
            html! { (q.asker) },
            due(lang, q.due, r.open > 0 && q.due.is_some_and(|day| day < today)),
            html! { (q.questions.len()) },
            html! { (r.answered) },
            html! { @if r.open == 0 { (tag(lang, Tone::Success, &text("完了", "Complete"))) } @else { (r.open) } },
        ])
    };
    let limit = visit.app.config.upload_limit.min(app::form::largest());
    let main = html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        @if all.is_empty() {
            (empty(lang, &text("質問票はまだありません", "No questionnaires yet"), &text("医療機関から届いたExcelの質問票やチェックリストを取り込むと、チェックシートの回答をもとに答え、同じファイルに書き込んで返せます。", "Take in the Excel form that a hospital sent: it is answered from the check sheet and goes back as the same file."), html! {}))
        } @else {
            (table(lang, &Table::new(heading(), columns, all.iter().map(row).collect()).caption_hidden()))
        }
        h2 { (text("質問票を取り込む", "Take in a questionnaire").get(lang)) }
        form.narrow method="post" enctype="multipart/form-data" action=(urls::questionnaires()) data-upload {
            (csrf(&visit.csrf))
            (file_field(lang, &Field::new("file", text("届いたファイル", "The file that came")).hint(text("回答は、このファイルの書式のまま書き込まれます（.xlsx）。", "Answers are written into this very file (.xlsx).")).error(refused.map(|r| &r.text)).required(), ENDINGS, limit, false))
            (submit(lang, Kind::Primary, &text("読み込む", "Read")))
            (upload_progress(lang))
        }
    };
    let mut page = visit.page(heading(), main);
    page.lead = Some(text(
        "医療機関の様式ごとに書き直さず、一度の回答をどの様式にも使います。",
        "Answer once, and use the answer in every institution's form.",
    ));
    Ok(page)
}

fn upload(visit: &Visit) -> Result<Answer, app::Error> {
    let keep = || {
        let (name, bytes) = sent(visit)?;
        let draft = Draft { name: name.to_owned(), bytes };
        visit.app.open_questionnaire(visit.actor()?, &draft, 1)?;
        visit.app.keep_draft(visit.actor()?, name, &draft.bytes)
    };
    match keep() {
        Ok(token) => Ok(Answer::Go(format!("{}?draft={token}", urls::questionnaire_new()))),
        Err(app::Error::Refused(refusal)) => Ok(Answer::Refused(answer::status(refusal.why), Box::new(list(visit, Some(&refusal))?))),
        Err(other) => Err(other),
    }
}

fn columns(visit: &Visit) -> Result<Answer, app::Error> {
    match visit.app.draft(visit.actor()?, visit.query.text("draft")) {
        Ok(draft) => Ok(columns_page(visit, &draft, None)?.into()),
        Err(app::Error::Refused(refusal)) => Ok(Answer::Refused(answer::status(refusal.why), Box::new(list(visit, Some(&refusal))?))),
        Err(other) => Err(other),
    }
}

/// What a field holds: what was sent, or what stands.
fn value(visit: &Visit, name: &str, stands: &str) -> String {
    visit.form.get(name).unwrap_or(stands).to_owned()
}

fn columns_page(visit: &Visit, draft: &Draft, refused: Option<&Refusal>) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let open = visit.app.open_questionnaire(visit.actor()?, draft, ROWS)?;
    let sent = if visit.form.0.is_empty() { &visit.query } else { &visit.form };
    let asked = sent.get("worksheet").map(str::to_owned).or_else(|| open.suggested.as_ref().map(|l| l.worksheet.clone()));
    let glimpse = open.worksheets.iter().find(|w| Some(&w.worksheet) == asked.as_ref()).or(open.worksheets.first());
    let layout = open.suggested.as_ref().filter(|l| glimpse.is_some_and(|g| g.worksheet == l.worksheet));
    let error = |name: &str| refused.filter(|r| r.field == Some(name)).map(|r| &r.text);
    let token = sent.text("draft");
    let cases = visit.app.cases(visit.actor()?, None)?;
    let cases: Vec<Choice> = cases
        .iter()
        .filter(|c| c.side == Side::Applicant)
        .map(|c| {
            let name = c.case.number.as_ref().map_or_else(|| c.product.clone(), |n| format!("{}（{n}）", c.product));
            Choice::new(c.case.id.to_string(), worded(name.clone(), name))
        })
        .collect();
    let first_case = cases.first().map(|c| c.value.to_string()).unwrap_or_default();
    let stem = draft.name.rsplit_once('.').map_or(draft.name.as_str(), |(stem, _)| stem);
    let letters = glimpse.map(|g| g.letters.clone()).unwrap_or_default();
    let column = |name: &'static str, label: Text, stands: Option<u32>, required: bool| {
        let choices: Vec<Choice> =
            letters.iter().enumerate().map(|(at, letter)| Choice::new(at.to_string(), worded(letter.clone(), letter.clone()))).collect();
        let chosen = value(visit, name, &stands.map(|c| c.to_string()).unwrap_or_default());
        let field = Field::new(name, label).value(&chosen).error(error(name));
        select(lang, &if required { field.required() } else { field }, &choices)
    };
    let says = |name: &'static str, said: Said, label: Text| {
        let stands = rules::questionnaire::usual().remove(&said).unwrap_or_default();
        text_field(lang, &Field::new(name, label).value(&value(visit, name, &stands)))
    };
    let first_row = value(visit, "first_row", &layout.map(|l| (l.first_row + 1).to_string()).unwrap_or_else(|| "2".to_owned()));
    let main = html! {
        @if let Some(refusal) = refused { (refused_list(lang, refusal)) }
        @for note in &open.notes { (notice(lang, Tone::Info, note, html! {})) }
        (worksheets(lang, &open, token, glimpse.map(|g| g.worksheet.as_str())))
        @if let Some(glimpse) = glimpse { (glimpse_table(lang, glimpse)) }
        form method="post" action=(urls::questionnaire_new()) data-submit-key {
            (csrf(&visit.csrf))
            input type="hidden" name="draft" value=(token);
            input type="hidden" name="worksheet" value=(glimpse.map_or("", |g| g.worksheet.as_str()));
            h2 { (text("どの列に何を書きますか", "Which column holds what?").get(lang)) }
            @if layout.is_some() { p { (text("見出しから推定しています。違うところを直してください。", "Guessed from the headings; correct what is wrong.").get(lang)) } }
            div.columns {
                (input_field(lang, Input::Number, &Field::new("first_row", text("最初の設問の行", "Row of the first question")).value(&first_row).error(error("first_row")).required()))
                (column("question", text("設問の列", "Column of the questions"), layout.map(|l| l.question), true))
                (column("number", text("番号の列", "Column of the numbers"), layout.and_then(|l| l.number), false))
                (column("choice", text("「はい・いいえ」を書く列", "Column for yes or no"), layout.and_then(|l| l.choice), false))
                (column("words", text("文章で答える列", "Column for words"), layout.and_then(|l| l.words), false))
                (column("target", text("目標日の列", "Column for the target day"), layout.and_then(|l| l.target), false))
                (says("yes", Said::Yes, text("「はい」の書き方", "How it says yes")))
                (says("no", Said::No, text("「いいえ」の書き方", "How it says no")))
                (says("not_applicable", Said::NotApplicable, text("「対象外」の書き方", "How it says not applicable")))
            }
            h2 { (text("質問票について", "About the questionnaire").get(lang)) }
            (text_field(lang, &Field::new("name", text("名前", "Name")).value(&value(visit, "name", stem)).error(error("name")).required()))
            (text_field(lang, &Field::new("asker", text("依頼元の医療機関", "Institution that asks")).value(&value(visit, "asker", "")).error(error("asker")).required()))
            (date_field(lang, &Field::new("due", text("回答期限", "Due")).value(&value(visit, "due", "")).error(error("due"))))
            (select(lang, &Field::new("case", text("回答のもとにする案件", "Case whose answers are used")).value(&value(visit, "case", &first_case)).error(error("case")).required(), &cases))
            (submit(lang, Kind::Primary, &text("取り込む", "Take in")))
        }
    };
    let title = text("質問票の取込み", "Take in a questionnaire");
    Ok(Page { breadcrumb: vec![Crumb::link(heading(), urls::questionnaires()), Crumb::here(title.clone())], ..visit.page(title, main) })
}

/// What is wrong, cell by cell where it is more than one.
fn refused_list(lang: Lang, refusal: &Refusal) -> Markup {
    html! {
        (answer::summary(lang, refusal))
        @if !refusal.faults.is_empty() {
            ul { @for fault in refusal.faults.iter().take(100) { li { (fault.field) " – " (fault.text.get(lang)) } } }
        }
    }
}

fn worksheets(lang: Lang, open: &OpenQuestionnaire, token: &str, shown: Option<&str>) -> Markup {
    let link = |name: &str| {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("draft", token).append_pair("worksheet", name).finish();
        NavLink::new(worded(name, name), format!("{}?{query}", urls::questionnaire_new())).current(Some(name) == shown)
    };
    let links: Vec<NavLink> = open.worksheets.iter().map(|w| link(&w.worksheet)).collect();
    html! { @if links.len() > 1 { (tabs(lang, &text("ファイルの中のシート", "Worksheets of the file"), &links)) } }
}

fn save(visit: &Visit) -> Result<Answer, app::Error> {
    let form = &visit.form;
    let draft = match visit.app.draft(visit.actor()?, form.text("draft")) {
        Err(app::Error::Refused(refusal)) => {
            return Ok(Answer::Refused(answer::status(refusal.why), Box::new(list(visit, Some(&refusal))?)));
        }
        other => other?,
    };
    let taken = || {
        let first = form.need::<u32>("first_row")?;
        let says = [(Said::Yes, "yes"), (Said::No, "no"), (Said::NotApplicable, "not_applicable")];
        let layout = Layout {
            worksheet: form.text("worksheet").to_owned(),
            first_row: first.checked_sub(1).ok_or(Refusal::invalid("first_row", text("行は1から数えます。", "Rows count from 1.")))?,
            number: form.read("number")?,
            question: form.need("question")?,
            choice: form.read("choice")?,
            words: form.read("words")?,
            target: form.read("target")?,
            says: says.map(|(said, name)| (said, form.text(name).trim().to_owned())).into(),
        };
        let wishes = QuestionnaireWishes {
            name: form.text("name").to_owned(),
            asker: form.text("asker").to_owned(),
            due: form.date("due")?,
            case: form.need("case")?,
            layout,
        };
        let done = visit.app.add_questionnaire(visit.actor()?, &draft, wishes)?;
        visit.app.drop_draft(visit.actor()?, form.text("draft"))?;
        done.made.and_then(|id| id.parse().ok()).ok_or_else(|| app::Error::Broken("a new questionnaire has no id".to_owned()))
    };
    match taken() {
        Ok(id) => Ok(Answer::Go(urls::questionnaire(id))),
        Err(app::Error::Refused(refusal)) => {
            Ok(Answer::Refused(answer::status(refusal.why), Box::new(columns_page(visit, &draft, Some(&refusal))?)))
        }
        Err(other) => Err(other),
    }
}
