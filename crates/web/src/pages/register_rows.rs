//! A register as a file: everything out as Excel or CSV, and rows in, with every fault before anything changes.

use app::register_rows::RowsFormat;
use maud::{Markup, html};
use rules::refusal::Refusal;
use rules::register::Register;
use rules::text::{Lang, text, worded};

use super::form::settle;
use super::registers::{KEEPER, heading};
use crate::components::{
    Column, Crumb, Field, Kind, Row, Table, Tone, csrf, details, file_field, link_button, notice, submit, table, upload_progress,
};
use crate::route::{Answer, FileAnswer, FileContent, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[
    get("/registers/{register}/import", KEEPER, show),
    post("/registers/{register}/import", KEEPER, take),
    get("/registers/{register}/export.csv", KEEPER, csv),
    get("/registers/{register}/export.xlsx", KEEPER, xlsx),
];

/// Faults that the page lists; their number is said in any case.
const LISTED: usize = 500;

fn csv(visit: &Visit) -> Result<Answer, app::Error> {
    file(visit, RowsFormat::Csv, "csv", "text/csv; charset=utf-8")
}

fn xlsx(visit: &Visit) -> Result<Answer, app::Error> {
    file(visit, RowsFormat::Xlsx, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
}

fn file(visit: &Visit, format: RowsFormat, ending: &str, media: &str) -> Result<Answer, app::Error> {
    let id: String = visit.param("register")?;
    let bytes = visit.app.export_register(visit.actor()?, &id, format, visit.lang)?;
    let name = format!("{}.{ending}", visit.app.register(&id)?.name.get(visit.lang));
    Ok(Answer::File(FileAnswer { media: media.to_owned(), name, content: FileContent::Bytes(bytes), inline: false }))
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let register = visit.app.register(&visit.param::<String>("register")?)?;
    Ok(page(visit, register, None).into())
}

fn take(visit: &Visit) -> Result<Answer, app::Error> {
    let register = visit.app.register(&visit.param::<String>("register")?)?;
    let taken = || {
        let upload = visit.upload("file")?;
        let bytes = std::fs::read(&upload.path).map_err(|e| app::Error::Broken(format!("cannot read the upload {}: {e}", upload.name)))?;
        let done = visit.app.import_register(visit.actor()?, &register.id, &bytes, &upload.name)?;
        Ok(format!("{}?imported={}", urls::register(&register.id, ""), done.changes))
    };
    settle(taken(), |refusal| Ok(page(visit, register, Some(refusal))))
}

fn page(visit: &Visit, register: &Register, refused: Option<&Refusal>) -> Page {
    let lang = visit.lang;
    let error = refused.filter(|r| r.faults.is_empty()).map(|r| &r.text);
    let main = html! {
        @if let Some(refusal) = refused { (faults(lang, register, refusal)) }
        p { (text(
            "1行目に見出し、2行目から記録を書いたExcelまたはCSVを選んでください。1行でも誤りがあれば、すべての誤りを示し、何も登録しません。",
            "Choose an Excel or CSV file with headings in its first row and an entry a row below. If one row is wrong, every fault is shown and nothing is written.",
        ).get(lang)) }
        form method="post" enctype="multipart/form-data" action=(urls::register(&register.id, "import")) data-submit-key {
            (csrf(&visit.csrf))
            (file_field(lang, &Field::new("file", text("ファイル", "File")).error(error).required(), ".xlsx,.xls,.ods,.csv,.tsv,.txt", visit.app.config.upload_limit.min(app::form::largest()), false))
            (submit(lang, Kind::Primary, &text("取り込む", "Import")))
            (upload_progress(lang))
        }
        (details(lang, &text("使える見出し", "Headings"), false, headings(lang, register)))
        p { (link_button(lang, Kind::Secondary, &text("今の内容をExcelで書き出す", "Download what stands as Excel"), &urls::register(&register.id, "export.xlsx"))) }
    };
    let name = worded(format!("{}への取込み", register.name.ja), format!("Import: {}", register.name.en));
    let mut page = visit.page(name.clone(), main);
    page.breadcrumb = vec![
        Crumb::link(heading(), urls::registers()),
        Crumb::link(register.name.clone(), urls::register(&register.id, "")),
        Crumb::here(name),
    ];
    page
}

fn faults(lang: Lang, register: &Register, refusal: &Refusal) -> Markup {
    if refusal.faults.is_empty() {
        return html! { div.error-summary tabindex="-1" { (notice(lang, Tone::Danger, &refusal.text, html! {})) } };
    }
    let columns =
        vec![Column::new(text("行", "Row")).number(), Column::new(text("列", "Column")), Column::new(text("誤り", "What is wrong"))];
    let rows = refusal.faults.iter().take(LISTED).map(|fault| {
        let column = register.field(&fault.field).map_or(fault.field.as_str(), |field| field.name.get(lang));
        Row::new(vec![html! { @if let Some(row) = fault.row { (row) } }, html! { (column) }, html! { (fault.text.get(lang)) }])
    });
    html! {
        div.error-summary tabindex="-1" { (notice(lang, Tone::Danger, &refusal.text, html! {})) }
        (table(lang, &Table::new(text("誤りの一覧", "Faults"), columns, rows.collect())))
    }
}

fn headings(lang: Lang, register: &Register) -> Markup {
    let columns =
        vec![Column::new(text("見出し", "Heading")), Column::new(text("必須", "Required")), Column::new(text("記入例", "Example"))];
    let rows = register.fields.iter().map(|field| {
        let required = if field.required { text("必須", "Required") } else { text("任意", "Optional") };
        Row::new(vec![
            html! { (field.name.get(lang)) },
            html! { (required.get(lang)) },
            html! { span lang="ja" { (register.example.get(&field.id).map_or("", String::as_str)) } },
        ])
    });
    table(lang, &Table::new(text("見出し", "Headings"), columns, rows.collect()).caption_hidden())
}
