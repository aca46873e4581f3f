//! A case as a spreadsheet: the choice of its form, and the download.

use maud::{Markup, html};
use rules::id::{self, Id};
use rules::policy::Side;
use rules::text::{Lang, Text, text};

use super::case::case_page;
use super::sheets::{download, wanted};
use crate::components::{Choice, Field, checkbox, radios};
use crate::route::{Answer, Guard, Route, get};
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[
    get("/cases/{case}/export", Guard::SignedIn, show),
    get("/cases/{case}/export.xlsx", Guard::SignedIn, xlsx),
    get("/cases/{case}/export.csv", Guard::SignedIn, csv),
];

fn title() -> Text {
    text("Excel・CSVへの書き出し", "Export to Excel or CSV")
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let read = visit.app.case(visit.actor()?, visit.param("case")?, visit.query.word("side")?)?;
    Ok(case_page(visit, &read, "export", title(), form(visit, read.facts.case.id, read.side)).into())
}

fn form(visit: &Visit, case: Id<id::Case>, side: Side) -> Markup {
    let lang = visit.lang;
    let categories = [
        Choice::new("merged", text("結合セル", "Merged cells")).hint(text("紙のシートと同じ見た目です。", "As on paper.")),
        Choice::new("filters", text("フィルター", "Filters"))
            .hint(text("分類を各行に書き、見出しで絞り込めます。", "The category on every row; narrow by the headings.")),
    ];
    let papers = [Choice::new("a3", text("A3", "A3")), Choice::new("a4", text("A4", "A4"))];
    let langs = [Choice::new("ja", text("日本語", "Japanese")), Choice::new("en", text("英語", "English"))];
    let tag = if visit.lang == Lang::Ja { "ja" } else { "en" };
    let blank_hint = text("回答も判定も書かずに、様式だけを書き出します。", "The form alone, without answers and verdicts.");
    html! {
        p { (text("書き出したファイルは、記入してから「取込み」で読み込めます。あなたの立場で閲覧できる内容だけが含まれます。", "Fill the file in and read it back under Import. It holds only what your side may see.").get(lang)) }
        form method="get" action=(urls::case_page(case, "export.xlsx")) {
            input type="hidden" name="side" value=(urls::side_word(side));
            (checkbox(lang, &Field::new("blank", text("白紙の様式にする", "Blank form")).hint(blank_hint), false))
            (radios(lang, &Field::new("lang", text("見出しの言語", "Language of the headings")).value(tag).required(), &langs, true))
            (radios(lang, &Field::new("categories", text("分類の書き方（Excel）", "Categories (Excel)")).value("merged").required(), &categories, false))
            (radios(lang, &Field::new("paper", text("用紙（Excel）", "Paper (Excel)")).value("a3").required(), &papers, true))
            div.actions {
                button.button.primary type="submit" { (text("Excelで書き出す", "Download Excel").get(lang)) }
                button.button.secondary type="submit" formaction=(urls::case_page(case, "export.csv")) { (text("CSVで書き出す", "Download CSV").get(lang)) }
            }
        }
    }
}

fn file(visit: &Visit, csv: bool) -> Result<Answer, app::Error> {
    let side = visit.query.word("side")?;
    Ok(download(visit.app.export(visit.actor()?, visit.param("case")?, side, wanted(visit, csv))?))
}

fn xlsx(visit: &Visit) -> Result<Answer, app::Error> {
    file(visit, false)
}

fn csv(visit: &Visit) -> Result<Answer, app::Error> {
    file(visit, true)
}
