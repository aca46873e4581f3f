//! The declaration on conflicts of interest, asked before an evaluator sees the first item.

use app::read::case::CaseRead;
use maud::html;
use rules::refusal::Refusal;
use rules::text::text;

use crate::components::{Area, Choice, Kind, csrf, facts, radios, submit, textarea};
use crate::pages::contents::crumbs;
use crate::pages::form::Form;
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub fn page(visit: &Visit, case: &CaseRead, refused: Option<&Refusal>) -> Page {
    let lang = visit.lang;
    let form = Form::new(visit, "interest", refused.map(|r| ("interest", r)));
    let choices = [
        Choice::new("no", text("利益相反はありません", "I have no conflict of interest")),
        Choice::new("yes", text("利益相反があります（評価者から外れます）", "I have a conflict of interest (you will be released)")),
    ];
    let main = html! {
        (form.summary())
        p { (text("評価を始める前に、この案件の申請元との利益相反の有無を申告してください。申告は記録に残ります。", "Before you judge, declare whether you have a conflict of interest with the applicant. The declaration is kept on record.").get(lang)) }
        (facts(lang, &[
            (text("評価申請元", "Applicant"), html! { (case.provider.name) }),
            (text("評価対象プロダクト名", "Product"), html! { (case.product.name) }),
        ]))
        form.narrow method="post" action=(format!("{}/interest", urls::bench(case.facts.case.id))) data-submit-key {
            (csrf(&visit.csrf))
            (radios(lang, &form.field("conflict", text("利益相反", "Conflict of interest"), "").required(), &choices, false))
            (textarea(lang, Area::default(), &form.field("statement", text("内容（ある場合は必須）", "What it is (needed where there is one)"), "")))
            (submit(lang, Kind::Primary, &text("申告する", "Declare")))
        }
    };
    let title = text("利益相反の申告", "Declaration of interests");
    let mut page = visit.page(title.clone(), main);
    page.breadcrumb = crumbs(case, title);
    page
}
