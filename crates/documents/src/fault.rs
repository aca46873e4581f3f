//! What an import tells the person: each fault and note with its cell, in words that say what to do.

use rules::id::ItemNo;
use rules::sheet::{Column, ColumnKind, Sheet};
use rules::text::{Lang, Text, text, worded};

/// Something a person must look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// `Sheet1!F12`; empty where it concerns the file as a whole.
    pub cell: String,
    pub item: Option<ItemNo>,
    pub text: Text,
}

pub(crate) const NO_NUMBER: Text = text(
    "記入がありますが項目番号がないため、どの項目か分かりません。項目番号を入力してください。",
    "Something is written here but there is no item number. Enter the number of the item.",
);

pub(crate) fn number_is_error(error: &str) -> Text {
    worded(
        format!("項目番号のセルが数式のエラー（{error}）です。番号を直接入力してください。"),
        format!("The item number is a formula error ({error}). Type the number itself."),
    )
}

pub(crate) fn number_is_text(shown: &str) -> Text {
    let shown = start(shown);
    worded(
        format!("項目番号「{shown}」を数字として読めません。1 から始まる番号を入力してください。"),
        format!("The item number “{shown}” cannot be read as a number. Enter the number of the item."),
    )
}

pub(crate) fn unknown_item(no: u32, sheet: &Sheet) -> Text {
    let (first, last) = (sheet.items.first().map_or(0, |i| i.no.0), sheet.items.last().map_or(0, |i| i.no.0));
    worded(
        format!("項目番号 {no} はこのシートにありません（{first}～{last}）。この行は読み込みません。"),
        format!("The sheet has no item {no} ({first} to {last}). This row is not taken."),
    )
}

pub(crate) fn item_twice(no: ItemNo, first: &str) -> Text {
    worded(
        format!("項目 {no} は {first} にもあります。{first} の行だけを読み込みました。不要な行を削除してください。"),
        format!("Item {no} also stands at {first}; only that row was taken. Delete the row that is not wanted."),
    )
}

pub(crate) fn verdicts_differ(no: ItemNo, first: &str) -> Text {
    worded(
        format!("項目 {no} の判定結果が {first} と異なります。{first} の判定結果を読み込みました。"),
        format!("The verdict of item {no} differs from {first}; the one at {first} was taken."),
    )
}

pub(crate) fn value_is_error(no: ItemNo, error: &str) -> Text {
    worded(
        format!("項目 {no} のセルが数式のエラー（{error}）です。数式を値に直してください。"),
        format!("The cell of item {no} is a formula error ({error}). Replace the formula by its value."),
    )
}

pub(crate) fn not_on_scale(no: ItemNo, written: &str, sheet: &Sheet) -> Text {
    let names = |lang| sheet.scale.iter().map(|m| m.name.get(lang)).collect::<Vec<_>>();
    let (ja, en, written) = (names(Lang::Ja).join("・"), names(Lang::En).join(", "), start(written));
    worded(
        format!("項目 {no} の判定結果「{written}」は使えません。{ja} のいずれかを入力してください。"),
        format!("The verdict “{written}” of item {no} is not on the scale. Enter one of: {en}."),
    )
}

pub(crate) fn header_is_error(error: &str) -> Text {
    worded(
        format!("この欄は数式のエラー（{error}）です。数式を値に直してください。"),
        format!("This field is a formula error ({error}). Replace the formula by its value."),
    )
}

pub(crate) fn header_differs(written: &str, first: &str, place: &str) -> Text {
    let (written, first) = (start(written), start(first));
    worded(
        format!("この欄の内容（{written}）が {place}（{first}）と異なります。{place} の内容を読み込みました。"),
        format!("This field ({written}) differs from {place} ({first}); {place} was taken."),
    )
}

pub(crate) fn no_number_column(sheet: &Sheet) -> Text {
    let name = |lang| sheet.column(ColumnKind::No).map_or("No.", |c| c.name.get(lang));
    worded(
        format!("この見出しに項目番号の列（{}）がないため、下の行を読み込めません。", name(Lang::Ja)),
        format!("This heading has no column for the item number ({}); the rows below cannot be read.", name(Lang::En)),
    )
}

pub(crate) fn no_heading(columns: &[Column], worksheets: &[&str]) -> Text {
    let names = |lang| columns.iter().map(|c| c.name.get(lang)).collect::<Vec<_>>();
    let (ja, en) = (names(Lang::Ja).join("、"), names(Lang::En).join(", "));
    let (ja_in, en_in) = if worksheets.is_empty() {
        (String::new(), String::new())
    } else {
        (format!("（調べたシート: {}）", worksheets.join("、")), format!(" (worksheets looked at: {})", worksheets.join(", ")))
    };
    worded(
        format!("見出しの行が見つかりません{ja_in}。1 行に次の見出しのうち項目番号を含む 2 つ以上、または 3 つ以上が必要です: {ja}"),
        format!("No row of headings was found{en_in}. One row must hold the item number and one more, or any three, of: {en}"),
    )
}

pub(crate) fn more_faults(shown: usize) -> Text {
    worded(format!("ほかにも誤りがあります（{shown}件まで表示）。"), format!("There are more faults; the first {shown} are shown."))
}

pub(crate) fn headings_off(columns: u64) -> Text {
    worded(
        format!("見出しと本文の列が{columns}列ずれているため、本文に合わせて読み込みました。"),
        format!("The headings are {columns} column(s) off the rows below; the columns were read as the rows have them."),
    )
}

pub(crate) fn items_missing(missing: &[ItemNo]) -> Text {
    let (count, list) = (missing.len(), ranges(missing));
    worded(
        format!("{count}項目がファイルにありません（{list}）。これらの項目は変更されません。"),
        format!("{count} items are not in the file ({list}). They stay as they are."),
    )
}

pub(crate) fn worksheet_read(name: &str, others: &[&str]) -> Text {
    if others.is_empty() {
        return worded(format!("シート「{name}」を読み込みました。"), format!("The worksheet “{name}” was read."));
    }
    worded(
        format!("シート「{name}」を読み込みました。見出しのある他のシート（{}）は読み込んでいません。", others.join("、")),
        format!("The worksheet “{name}” was read. Other worksheets with headings were not: {}.", others.join(", ")),
    )
}

/// Enough of a cell to recognise it in a message.
fn start(text: &str) -> String {
    let mut out: String = text.chars().take(30).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

/// `1, 2, 5-9, …`: numbers as ranges, twelve at most.
fn ranges(numbers: &[ItemNo]) -> String {
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for no in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == no.0 => *last = no.0,
            _ => ranges.push((no.0, no.0)),
        }
    }
    let shown = ranges.iter().take(12).map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") });
    let mut list = shown.collect::<Vec<_>>().join(", ");
    if ranges.len() > 12 {
        list.push_str(", …");
    }
    list
}
