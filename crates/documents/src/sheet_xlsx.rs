//! Writes a sheet as an Excel workbook in the layout people know: header block, columns in order, one row per item.

use rules::id::ItemNo;
use rules::sheet::{Column, ColumnKind, Item, Layer, Sheet};
use rules::text::{Lang, Text, text, worded};
use rust_xlsxwriter::{
    Color, DataValidation, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Formula, Workbook, Worksheet, XlsxError,
};

use crate::form::{FilledRow, FilledSheet, clean};
use crate::row_height::{FONT, HIGHEST, NORMAL, SMALL, Type};

/// How an exported sheet looks.
pub struct Look<'a> {
    pub lang: Lang,
    pub categories: Categories,
    pub paper: Paper,
    /// The requirement to show for an item, and which layer of text it is.
    pub requirement: &'a dyn Fn(&Item) -> (String, Layer),
    /// The creation time in the file's properties.
    pub made_at: jiff::Timestamp,
}

/// How 大分類 and 中分類 are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Categories {
    /// One cell over all rows of a category, as on paper.
    Merged,
    /// On every row, with filters in the headings.
    Repeated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    A3,
    A4,
}

/// Why a sheet could not be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unwritable {
    /// A cell of an Excel file holds 32,767 UTF-16 units at most; cutting a text would lose it silently.
    TooLong {
        /// None for the header block.
        item: Option<ItemNo>,
        column: Text,
        units: usize,
    },
    /// The workbook could not be put together.
    Workbook(String),
}

/// UTF-16 units that a cell of an Excel file can hold.
pub const LONGEST: usize = 32_767;

impl Unwritable {
    pub fn text(&self) -> Text {
        match self {
            Unwritable::TooLong { item, column, units } => {
                let (ja, en) = match item {
                    Some(no) => (format!("項目 {no} の「{}」", column.ja), format!("“{}” of item {no}", column.en)),
                    None => (format!("「{}」", column.ja), format!("“{}”", column.en)),
                };
                worded(
                    format!(
                        "{ja}が {units} 文字あり、Excel の 1 セルの上限（{LONGEST} 文字）を超えるため書き出せません。短くするか、CSV で書き出してください。"
                    ),
                    format!("{en} has {units} characters; a cell in Excel holds {LONGEST} at most. Shorten it or export as CSV."),
                )
            }
            Unwritable::Workbook(detail) => worded(
                format!("Excel ファイルを作成できませんでした（{detail}）。"),
                format!("The Excel file could not be made ({detail})."),
            ),
        }
    }
}

impl From<XlsxError> for Unwritable {
    fn from(e: XlsxError) -> Unwritable {
        Unwritable::Workbook(e.to_string())
    }
}

const INK: Color = Color::RGB(0x1A1A1C);
const LINE: Color = Color::RGB(0x9AA7B8);
const HEADING: Color = Color::RGB(0xD6E4F5);
const BAND: Color = Color::RGB(0xEBF2FA);
const PRINTED: Color = Color::RGB(0xF7F9FC);

const WORKSHEET: Text = text("チェックシート", "Check sheet");
const SCALE: Text = text("判定結果の選択肢", "Verdicts");
const PROPOSED: Text = text("〔補正案〕", "[proposed text]");
const LEGEND: Text = text(
    "〔補正案〕: 原本の読み取りで失われた、または誤った文言を補った案です。正式な文言ではありません。",
    "[proposed text]: a likely correction of the transcription, not the official wording.",
);
const NOT_ON_SCALE: Text = text("判定結果は一覧から選んでください。", "Choose a verdict from the list.");
const PAGE: Text = text("&P / &N ページ", "Page &P of &N");

/// Writes the workbook. A `filled` without rows gives a blank form.
///
/// Rows are as high as their text needs; a text that no row of Excel can show whole is complete in its cell all the same.
///
/// # Errors
/// When a text is longer than a cell can hold; it names the item and the column.
pub fn sheet_xlsx(sheet: &Sheet, filled: &FilledSheet, look: &Look<'_>) -> Result<Vec<u8>, Unwritable> {
    let mut book = Workbook::new();
    let created = ExcelDateTime::from_timestamp(look.made_at.as_second())?;
    book.set_properties(&DocProperties::new().set_title(sheet.title.get(look.lang)).set_creation_datetime(&created));
    let mut page = Worksheet::new();
    page.set_name(WORKSHEET.get(look.lang))?;
    let last_column = sheet.columns.len().saturating_sub(1) as u16;
    for (column, of) in (0u16..).zip(&sheet.columns) {
        page.set_column_width(column, f64::from(of.width))?;
    }
    let band = header_block(&mut page, sheet, filled, look, last_column)?;
    let headings = band + 1;
    heading_rows(&mut page, sheet, look, band)?;
    let last_row = items(&mut page, sheet, filled, look, headings + 1)?;
    if look.categories == Categories::Repeated && last_row > headings {
        page.autofilter(headings, 0, last_row, last_column)?;
    }
    verdict_list(&mut page, sheet, look, headings + 1, last_row)?;
    page.set_freeze_panes(headings + 1, 1)?;
    page.set_landscape().set_paper_size(if look.paper == Paper::A3 { 8 } else { 9 });
    page.set_print_fit_to_pages(1, 0).set_repeat_rows(band, headings)?;
    page.set_print_area(0, 0, last_row, last_column)?;
    page.set_margins(0.4, 0.4, 0.5, 0.6, 0.3, 0.3);
    // An ampersand in a footer begins a code.
    let title = sheet.title.get(look.lang).replace('&', "&&");
    page.set_footer(format!("&L&8{title}&R&8{}", PAGE.get(look.lang)));
    book.push_worksheet(page);
    if needs_list_sheet(sheet, look.lang) {
        let mut list = Worksheet::new();
        list.set_name(SCALE.get(look.lang))?.set_hidden(true);
        for (row, mark) in (0u32..).zip(&sheet.scale) {
            list.write_string(row, 0, mark.name.get(look.lang))?;
        }
        book.push_worksheet(list);
    }
    Ok(book.save_to_buffer()?)
}

/// Title, legend and header fields. Returns the row after them.
fn header_block(page: &mut Worksheet, sheet: &Sheet, filled: &FilledSheet, look: &Look<'_>, last_column: u16) -> Result<u32, Unwritable> {
    let title = base(14.0).set_bold().set_align(FormatAlign::VerticalCenter);
    across(page, 0, 0, last_column, sheet.title.get(look.lang), &title)?;
    page.set_row_height(0, 26)?;
    let legend = base(9.0).set_font_color(Color::RGB(0x4D5B6B)).set_align(FormatAlign::VerticalCenter);
    let mut row = 1;
    if sheet.items.iter().any(|i| (look.requirement)(i).1 == Layer::Proposed) {
        across(page, row, 0, last_column, LEGEND.get(look.lang), &legend)?;
        row += 1;
    }
    let label = framed(10.0).set_bold().set_background_color(HEADING).set_align(FormatAlign::VerticalCenter);
    let value = framed(10.0).set_text_wrap().set_align(FormatAlign::VerticalCenter);
    // Two fields side by side where the sheet is wide enough: label over two columns, value up to the middle.
    let middle = if sheet.columns.len() >= 8 { Some(last_column.div_ceil(2)) } else { None };
    let per_row = if middle.is_some() { 2 } else { 1 };
    for fields in sheet.header.chunks(per_row) {
        for (side, field) in fields.iter().enumerate() {
            let (first, last) = match (side, middle) {
                (0, Some(middle)) => (0, middle - 1),
                (_, Some(middle)) => (middle, last_column),
                (_, None) => (0, last_column),
            };
            let text = filled.header.get(&field.id).map(|t| clean(t)).unwrap_or_default();
            fits(&text, None, &field.name)?;
            let split = if first == 0 { 1.min(last) } else { first };
            across(page, row, first, split, field.name.get(look.lang), &label)?;
            if split < last {
                across(page, row, split + 1, last, &text, &value)?;
            }
        }
        page.set_row_height(row, 22)?;
        row += 1;
    }
    page.set_row_height(row, 6)?;
    Ok(row + 1)
}

/// Who fills which columns, and below it the names of the columns.
fn heading_rows(page: &mut Worksheet, sheet: &Sheet, look: &Look<'_>, band: u32) -> Result<(), Unwritable> {
    let centred = |format: Format| format.set_bold().set_text_wrap().set_align(FormatAlign::Center).set_align(FormatAlign::VerticalCenter);
    let by = centred(framed(9.0)).set_background_color(BAND);
    let heading = centred(framed(10.0)).set_background_color(HEADING);
    let mut first = 0;
    for columns in sheet.columns.chunk_by(|a, b| filled_by(a.kind) == filled_by(b.kind)) {
        let last = first + columns.len() as u16 - 1;
        across(page, band, first, last, filled_by(columns[0].kind).get(look.lang), &by)?;
        first = last + 1;
    }
    let mut height = NORMAL.height("", 10.0);
    for (column, of) in (0u16..).zip(&sheet.columns) {
        let name = of.name.get(look.lang);
        page.write_string_with_format(band + 1, column, name, &heading)?;
        height = height.max(NORMAL.height(name, f64::from(of.width)));
    }
    page.set_row_height(band + 1, height + 4.0)?;
    Ok(())
}

/// Who writes into a column, as the band above the headings says it.
fn filled_by(kind: ColumnKind) -> Text {
    match kind {
        ColumnKind::No | ColumnKind::Major | ColumnKind::Minor | ColumnKind::Requirement | ColumnKind::EvidenceExamples => {
            text("評価する内容", "What is evaluated")
        }
        ColumnKind::Answer | ColumnKind::EvidenceClaimed => text("評価申請元が記入する欄", "Filled in by the applicant"),
        ColumnKind::EvidenceConfirmed | ColumnKind::Verdict | ColumnKind::Improvement => {
            text("評価者が記入する欄", "Filled in by the evaluator")
        }
        ColumnKind::Remarks => text("共通", "Both"),
    }
}

/// One row per item from `first` on. Returns the last row written.
fn items(page: &mut Worksheet, sheet: &Sheet, filled: &FilledSheet, look: &Look<'_>, first: u32) -> Result<u32, Unwritable> {
    let formats = Formats::new();
    let merged = look.categories == Categories::Merged;
    for (row, item) in (first..).zip(&sheet.items) {
        let written = filled.rows.iter().find(|r| r.no == item.no);
        let texts: Vec<String> = sheet.columns.iter().map(|c| cell_text(sheet, item, written, c.kind, look)).collect();
        for (of, text) in sheet.columns.iter().zip(&texts) {
            fits(text, Some(item.no), &of.name)?;
        }
        let height = |of: Type| {
            let cells = sheet.columns.iter().zip(&texts).filter(|(c, _)| !(merged && is_category(c.kind)));
            cells.map(|(c, t)| of.height(t, f64::from(c.width))).fold(0.0, f64::max)
        };
        let size = if height(NORMAL) <= HIGHEST { NORMAL } else { SMALL };
        page.set_row_height(row, height(size).min(HIGHEST))?;
        for ((column, of), text) in (0u16..).zip(&sheet.columns).zip(&texts) {
            let format = formats.of(of.kind, size);
            match of.kind {
                ColumnKind::No => page.write_number_with_format(row, column, f64::from(item.no.0), format)?,
                kind if merged && is_category(kind) => page,
                _ => page.write_string_with_format(row, column, text, format)?,
            };
        }
    }
    if merged {
        for (column, of) in (0u16..).zip(&sheet.columns).filter(|(_, c)| is_category(c.kind)) {
            merge_categories(page, sheet, look, first, column, of, &formats)?;
        }
    }
    Ok((first + sheet.items.len() as u32).saturating_sub(1))
}

fn merge_categories(
    page: &mut Worksheet,
    sheet: &Sheet,
    look: &Look<'_>,
    first: u32,
    column: u16,
    of: &Column,
    formats: &Formats,
) -> Result<(), Unwritable> {
    let same = |a: &Item, b: &Item| a.major == b.major && (of.kind == ColumnKind::Major || a.minor == b.minor);
    let mut row = first;
    for items in sheet.items.chunk_by(same) {
        let last = row + items.len() as u32 - 1;
        let text = cell_text(sheet, &items[0], None, of.kind, look);
        let format = formats.of(of.kind, NORMAL);
        if last > row {
            page.merge_range(row, column, last, column, &text, format)?;
        } else {
            page.write_string_with_format(row, column, &text, format)?;
        }
        row = last + 1;
    }
    Ok(())
}

fn is_category(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Major | ColumnKind::Minor)
}

/// The drop-down of verdicts. A short list stands in the cells' own rule, a long one on a hidden worksheet.
fn verdict_list(page: &mut Worksheet, sheet: &Sheet, look: &Look<'_>, first: u32, last: u32) -> Result<(), Unwritable> {
    let Some(column) = sheet.columns.iter().position(|c| c.kind == ColumnKind::Verdict) else { return Ok(()) };
    if sheet.scale.is_empty() || last < first {
        return Ok(());
    }
    let names: Vec<&str> = sheet.scale.iter().map(|m| m.name.get(look.lang)).collect();
    let rule = if needs_list_sheet(sheet, look.lang) {
        DataValidation::new().allow_list_formula(Formula::new(format!("='{}'!$A$1:$A${}", SCALE.get(look.lang), names.len())))
    } else {
        DataValidation::new().allow_list_strings(&names)?
    };
    let heading = sheet.columns[column].name.get(look.lang);
    let title: String = heading.chars().take(32).collect();
    let rule = rule.ignore_blank(true).set_error_title(title)?.set_error_message(NOT_ON_SCALE.get(look.lang))?;
    page.add_data_validation(first, column as u16, last, column as u16, &rule)?;
    Ok(())
}

/// Excel keeps at most 255 characters in a rule, parted by commas.
fn needs_list_sheet(sheet: &Sheet, lang: Lang) -> bool {
    let names: Vec<&str> = sheet.scale.iter().map(|m| m.name.get(lang)).collect();
    names.join(",").encode_utf16().count() > 255 || names.iter().any(|n| n.contains([',', '"']))
}

/// What an exported file shows in one cell.
pub(crate) fn cell_text(sheet: &Sheet, item: &Item, row: Option<&FilledRow>, kind: ColumnKind, look: &Look<'_>) -> String {
    match kind {
        ColumnKind::No => item.no.to_string(),
        ColumnKind::Major => sheet.majors.iter().find(|m| m.id == item.major).map(|m| m.name.get(look.lang).to_owned()).unwrap_or_default(),
        ColumnKind::Minor => sheet.minor(&item.minor).map(|(_, m)| m.name.get(look.lang).to_owned()).unwrap_or_default(),
        ColumnKind::Requirement => match (look.requirement)(item) {
            (text, Layer::Proposed) => format!("{}\n{}", clean(&text), PROPOSED.get(look.lang)),
            (text, Layer::Transcribed | Layer::Confirmed) => clean(&text),
        },
        ColumnKind::EvidenceExamples if item.evidence.names.is_empty() => clean(&item.evidence.transcribed),
        ColumnKind::EvidenceExamples => item.evidence.names.join("、"),
        ColumnKind::Verdict => {
            let code = row.map(|r| r.verdict.as_str()).unwrap_or_default();
            sheet.mark(code).map_or_else(|| clean(code), |mark| mark.name.get(look.lang).to_owned())
        }
        kind => row.map(|r| clean(r.get(kind))).unwrap_or_default(),
    }
}

fn fits(text: &str, item: Option<ItemNo>, column: &Text) -> Result<(), Unwritable> {
    // A UTF-8 text has at least as many bytes as UTF-16 units.
    let units = if text.len() > LONGEST { text.encode_utf16().count() } else { 0 };
    if units > LONGEST { Err(Unwritable::TooLong { item, column: column.clone(), units }) } else { Ok(()) }
}

/// Writes into a merged range, or into the one cell that it is.
fn across(page: &mut Worksheet, row: u32, first: u16, last: u16, text: &str, format: &Format) -> Result<(), Unwritable> {
    if last > first {
        page.merge_range(row, first, row, last, text, format)?;
    } else {
        page.write_string_with_format(row, first, text, format)?;
    }
    Ok(())
}

fn base(points: f64) -> Format {
    Format::new().set_font_name(FONT).set_font_size(points).set_font_color(INK)
}

fn framed(points: f64) -> Format {
    base(points).set_border(FormatBorder::Thin).set_border_color(LINE)
}

/// The few formats of the body, made once.
struct Formats {
    by_size: [[Format; 4]; 2],
}

impl Formats {
    fn new() -> Formats {
        let of = |size: Type| {
            let body = framed(size.points).set_text_wrap().set_align(FormatAlign::Top);
            [
                body.clone().set_align(FormatAlign::Center).set_background_color(PRINTED),
                body.clone().set_background_color(PRINTED),
                body.clone().set_align(FormatAlign::Center),
                body,
            ]
        };
        Formats { by_size: [of(NORMAL), of(SMALL)] }
    }

    fn of(&self, kind: ColumnKind, size: Type) -> &Format {
        let index = match kind {
            ColumnKind::No => 0,
            ColumnKind::Major | ColumnKind::Minor | ColumnKind::Requirement | ColumnKind::EvidenceExamples => 1,
            ColumnKind::Verdict => 2,
            ColumnKind::Answer
            | ColumnKind::EvidenceClaimed
            | ColumnKind::EvidenceConfirmed
            | ColumnKind::Improvement
            | ColumnKind::Remarks => 3,
        };
        &self.by_size[usize::from(size == SMALL)][index]
    }
}
