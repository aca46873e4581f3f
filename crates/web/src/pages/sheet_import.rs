//! Any Excel form as a check sheet: upload, choose the columns, look at the items, save.

use app::draft::Draft;
use app::form::{FormMapping, FormWishes};
use maud::{Markup, html};
use rules::party::Role;
use rules::refusal::Refusal;
use rules::sheet::{ColumnKind, SheetId};
use rules::text::{Text, text, worded};

use super::import::{ENDINGS, sent};
use super::sheet_import_view::{self as view, Step};
use super::{sheets, word};
use crate::answer;
use crate::components::{Crumb, Field, Kind, csrf, file_field, submit, upload_progress};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::{Fields, Visit};

/// Those whose roles may add a sheet; the policy has the last word.
const WHO: Guard = Guard::Roles(&[Role::Secretariat, Role::Officer]);

pub const ROUTES: &[Route] = &[
    get("/sheets/import", WHO, show),
    post("/sheets/import", WHO, upload),
    get("/sheets/import/columns", WHO, columns),
    get("/sheets/import/items", WHO, items),
    post("/sheets/import/items", WHO, save),
];

/// Rows of a worksheet that are shown while columns are chosen.
const ROWS: u32 = 30;

/// The columns a form may have, in the order in which they are asked for.
pub(super) const KINDS: [(ColumnKind, Text); 11] = [
    (ColumnKind::Requirement, text("要求事項", "Requirement")),
    (ColumnKind::No, text("番号", "Number")),
    (ColumnKind::Major, text("大分類", "Major category")),
    (ColumnKind::Minor, text("中分類", "Minor category")),
    (ColumnKind::EvidenceExamples, text("エビデンス例", "Examples of evidence")),
    (ColumnKind::Answer, text("対応策（回答欄）", "Answer")),
    (ColumnKind::EvidenceClaimed, text("確認したエビデンス（申請者）", "Evidence (applicant)")),
    (ColumnKind::EvidenceConfirmed, text("確認したエビデンス（評価者）", "Evidence (evaluator)")),
    (ColumnKind::Verdict, text("判定結果", "Verdict")),
    (ColumnKind::Improvement, text("改善策", "Improvement")),
    (ColumnKind::Remarks, text("備考", "Remarks")),
];

fn title() -> Text {
    text("Excel様式からシートを追加", "Add a sheet from an Excel form")
}

fn page(visit: &Visit, step: Step, main: Markup) -> Page {
    let main = html! { (view::way(visit.lang, step)) (main) };
    Page { breadcrumb: vec![Crumb::link(sheets::title(), urls::sheets()), Crumb::here(title())], ..visit.page(title(), main) }
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, Step::File, upload_form(visit, None)).into())
}

fn upload_form(visit: &Visit, refused: Option<&Refusal>) -> Markup {
    let lang = visit.lang;
    let limit = visit.app.config.upload_limit.min(app::form::largest());
    html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        p { (text("医療機関や団体が使う独自の様式を、チェックシートとして追加できます。どの列に何が書かれているかを一度選ぶと、次に同じ形の様式を読み込むときに使えます。", "A hospital's or association's own form becomes a check sheet. You say once which column holds what; the next form of that kind can use the same choice.").get(lang)) }
        form.narrow method="post" enctype="multipart/form-data" action=(urls::import_form()) data-upload {
            (csrf(&visit.csrf))
            (file_field(lang, &Field::new("file", text("様式のファイル", "File of the form")).error(refused.map(|r| &r.text)).required(), ENDINGS, limit, false))
            (submit(lang, Kind::Primary, &text("読み込む", "Read")))
            (upload_progress(lang))
        }
    }
}

fn upload(visit: &Visit) -> Result<Answer, app::Error> {
    match keep(visit) {
        Ok(token) => Ok(Answer::Go(format!("{}?draft={token}", urls::import_form_step("columns")))),
        Err(app::Error::Refused(refusal)) => refuse(visit, &refusal),
        Err(other) => Err(other),
    }
}

fn keep(visit: &Visit) -> Result<String, app::Error> {
    let (name, bytes) = sent(visit)?;
    let draft = Draft { name: name.to_owned(), bytes };
    visit.app.open_form(visit.actor()?, &draft, 1)?;
    visit.app.keep_draft(visit.actor()?, name, &draft.bytes)
}

fn refuse(visit: &Visit, refusal: &Refusal) -> Result<Answer, app::Error> {
    Ok(Answer::Refused(answer::status(refusal.why), Box::new(page(visit, Step::File, upload_form(visit, Some(refusal))))))
}

/// The draft that an address names; where it is gone, the way begins again.
fn draft(visit: &Visit, fields: &Fields) -> Result<Draft, app::Error> {
    visit.app.draft(visit.actor()?, fields.text("draft"))
}

fn columns(visit: &Visit) -> Result<Answer, app::Error> {
    match draft(visit, &visit.query).and_then(|d| columns_page(visit, &d, None)) {
        Ok(page) => Ok(page.into()),
        Err(app::Error::Refused(refusal)) => refuse(visit, &refusal),
        Err(other) => Err(other),
    }
}

fn columns_page(visit: &Visit, draft: &Draft, refused: Option<&Refusal>) -> Result<Page, app::Error> {
    let open = visit.app.open_form(visit.actor()?, draft, ROWS)?;
    let kept = visit.app.form_mappings(visit.actor()?)?;
    let mut like = visit.app.sheets(visit.actor()?)?;
    // Each scale once, under the fullest sheet that has it.
    like.sort_by_key(|s| std::cmp::Reverse(s.items.len()));
    let mut scales: Vec<_> = vec![];
    like.retain(|s| {
        !scales.contains(&s.scale) && {
            scales.push(s.scale.clone());
            true
        }
    });
    let main = view::columns(visit, &view::Choosing { draft, open: &open, kept: &kept, like: &like, refused });
    Ok(page(visit, Step::Columns, main))
}

/// The name a new sheet gets when the person does not care: unique through its draft, dated by its month.
pub(super) fn proposed_id(visit: &Visit) -> (String, String) {
    let today = rules::act::japan(visit.app.clock.now()).date();
    let token: String = visit.query.text("draft").chars().take(6).collect();
    (format!("form-{token}"), format!("{}-{:02}", today.year(), today.month()))
}

/// A row as people count it, from 1.
fn row(fields: &Fields, name: &'static str) -> Result<Option<u32>, Refusal> {
    match fields.read::<u32>(name)? {
        Some(0) => Err(Refusal::invalid(name, text("行は1から数えます。", "Rows count from 1."))),
        Some(row) => Ok(Some(row - 1)),
        None => Ok(None),
    }
}

/// What a form of the columns step says.
pub(super) fn mapping(fields: &Fields) -> Result<FormMapping, Refusal> {
    let mut columns = std::collections::BTreeMap::new();
    for (kind, _) in &KINDS {
        let written = fields.text(&format!("col.{}", word(kind)));
        if let Ok(column) = written.parse::<u32>() {
            columns.insert(*kind, column);
        }
    }
    if !columns.contains_key(&ColumnKind::Requirement) {
        return Err(Refusal::invalid("col.requirement", text("要求事項の列を選んでください。", "Choose the column of the requirement.")));
    }
    let mut used: Vec<u32> = columns.values().copied().collect();
    used.sort_unstable();
    if let Some(twice) = used.windows(2).find(|w| w[0] == w[1]) {
        let letters = app::form::letters(twice[0]);
        let words = worded(format!("{letters}列が2つの内容に選ばれています。"), format!("Column {letters} is chosen twice."));
        return Err(Refusal::invalid("col.requirement", words));
    }
    let header_row = row(fields, "header_row")?;
    let first_row = row(fields, "first_row")?.or(header_row.map(|h| h + 1)).unwrap_or(0);
    Ok(FormMapping { worksheet: fields.text("worksheet").to_owned(), header_row, first_row, columns })
}

fn wishes(fields: &Fields) -> Result<FormWishes, Refusal> {
    let title = rules::party::line("title", fields.text("title"), 200)?;
    let title_en = fields.text("title_en").trim();
    let en = if title_en.is_empty() { title.clone() } else { rules::party::line("title_en", title_en, 200)? };
    let code = |field: &'static str| {
        let written = fields.text(field).trim();
        let fine = !written.is_empty()
            && written.len() <= 60
            && written.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b));
        if fine {
            Ok(written.to_owned())
        } else {
            Err(Refusal::invalid(
                field,
                text("半角の小文字、数字、- と _ で入力してください。", "Use lower-case letters, digits, - and _."),
            ))
        }
    };
    let id = SheetId(format!("{}@{}", code("id")?, code("edition")?));
    Ok(FormWishes { id, title: worded(title, en), like: SheetId(fields.text("like").to_owned()) })
}

fn items(visit: &Visit) -> Result<Answer, app::Error> {
    let draft = match draft(visit, &visit.query) {
        Err(app::Error::Refused(refusal)) => return refuse(visit, &refusal),
        other => other?,
    };
    try_out(visit, &visit.query, &draft, None)
}

/// Shows what the sheet would be; a mapping that cannot be read leads back to the columns, with what was chosen.
fn try_out(visit: &Visit, fields: &Fields, draft: &Draft, refused: Option<&Refusal>) -> Result<Answer, app::Error> {
    let tried = mapping(fields).and_then(|m| Ok((m, wishes(fields)?))).map_err(app::Error::from);
    match tried.and_then(|(m, w)| visit.app.try_form(visit.actor()?, draft, &m, &w)) {
        Ok(tried) => {
            let page = page(visit, Step::Items, view::tried(visit, fields, &tried, refused));
            Ok(refused.map_or(Answer::Page(Box::new(page.clone())), |r| Answer::Refused(answer::status(r.why), Box::new(page))))
        }
        Err(app::Error::Refused(refusal)) => {
            Ok(Answer::Refused(answer::status(refusal.why), Box::new(columns_page(visit, draft, Some(&refusal))?)))
        }
        Err(other) => Err(other),
    }
}

fn save(visit: &Visit) -> Result<Answer, app::Error> {
    let fields = &visit.form;
    let draft = match draft(visit, fields) {
        Err(app::Error::Refused(refusal)) => return refuse(visit, &refusal),
        other => other?,
    };
    let (mapping, wishes) = (mapping(fields)?, wishes(fields)?);
    match visit.app.add_form(visit.actor()?, &draft, &mapping, &wishes) {
        Ok(_) => {
            visit.app.drop_draft(visit.actor()?, fields.text("draft"))?;
            Ok(Answer::Go(format!("{}?saved=1", urls::sheet(&wishes.id))))
        }
        Err(app::Error::Refused(refusal)) => try_out(visit, fields, &draft, Some(&refusal)),
        Err(other) => Err(other),
    }
}
