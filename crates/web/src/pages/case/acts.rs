//! What the applicant may do with a case as a whole: submit, withdraw, report a change, renew, disclose, publish.

use app::read::case::CaseRead;
use maud::{Markup, html};
use rules::command::{Command, Kind as Act};
use rules::party::{Organisation, OrganisationKind};
use rules::policy::Side;
use rules::refusal::Refusal;
use rules::text::{text, worded};

use super::super::form::{Again, Form, act, saved_at, settle};
use super::{may, page, read};
use crate::components::{
    Area, Button, Choice, Column, Kind, Row, Table, actions, card, csrf, details, link_button, select, submit, table, textarea,
};
use crate::route::Answer;
use crate::urls;
use crate::visit::Visit;

/// Shows the overview again with the form that was refused.
fn again(visit: &Visit, form: &'static str, refusal: &Refusal) -> Result<crate::shell::Page, app::Error> {
    page(visit, &read(visit)?, Some((form, refusal)))
}

fn back(visit: &Visit) -> Result<String, Refusal> {
    Ok(saved_at(&urls::case(visit.param("case")?)))
}

pub fn withdraw(visit: &Visit) -> Result<Answer, app::Error> {
    let command = Command::WithdrawCase { case: visit.param("case")?, reason: visit.form.text("reason").to_owned() };
    act(visit, Ok(command), back(visit)?, |r| again(visit, "withdraw", r))
}

pub fn report(visit: &Visit) -> Result<Answer, app::Error> {
    let command = Command::ReportChange { case: visit.param("case")?, text: visit.form.text("text").to_owned() };
    act(visit, Ok(command), back(visit)?, |r| again(visit, "change", r))
}

pub fn renew(visit: &Visit) -> Result<Answer, app::Error> {
    let case = visit.param("case")?;
    let renewed = || -> Result<String, app::Error> {
        let made = visit.app.execute(visit.actor()?, Command::RenewCase { case })?.made;
        Ok(made.and_then(|id| id.parse().ok()).map(urls::case).ok_or(Refusal::not_found())?)
    };
    settle(renewed(), |r| again(visit, "renew", r))
}

pub fn disclose(visit: &Visit) -> Result<Answer, app::Error> {
    let case = visit.param("case")?;
    let command =
        visit.form.need("institution").map(|institution| Command::DiscloseCase { case, institution, on: visit.form.text("on") != "no" });
    act(visit, command, back(visit)?, |r| again(visit, "disclose", r))
}

pub fn publication(visit: &Visit) -> Result<Answer, app::Error> {
    let command = Command::AgreePublication { case: visit.param("case")?, agrees: visit.form.text("agrees") == "yes" };
    act(visit, Ok(command), back(visit)?, |r| again(visit, "publication", r))
}

/// What the visitor may do now; nothing at all where there is nothing.
pub fn forms(visit: &Visit, read: &CaseRead, again: Again) -> Result<Markup, app::Error> {
    if read.side != Side::Applicant || read.is_only_seen() {
        return Ok(html! {});
    }
    let lang = visit.lang;
    let case = read.facts.case.id;
    let n = read.facts.case.round + 1;
    let can = |kind: Act| may(visit, read, kind);
    let buttons = html! {
        @if can(Act::SubmitRound) {
            (link_button(lang, Kind::Primary, &worded(format!("第{n}回を申請する"), format!("Submit round {n}")), &urls::case_page(case, "submit")))
        }
        @if read.facts.case.state.is_open_to_applicant() { (link_button(lang, Kind::Secondary, &text("項目に回答する", "Answer items"), &urls::case_page(case, "items"))) }
    };
    let mut more = vec![];
    if can(Act::DiscloseCase) {
        more.push(disclosure(visit, read, again)?);
    }
    if can(Act::AgreePublication) {
        more.push(publication_form(visit, read));
    }
    if can(Act::ReportChange) {
        more.push(report_form(visit, read, again));
    }
    if can(Act::RenewCase) {
        more.push(renew_form(visit, read));
    }
    if can(Act::WithdrawCase) {
        more.push(withdraw_form(visit, read, again));
    }
    Ok(card(
        lang,
        &text("できること", "What you can do now"),
        html! {},
        html! {
            @for name in ["withdraw", "change", "renew", "disclose", "publication"] { (Form::new(visit, name, again).summary()) }
            @if !buttons.0.is_empty() { (actions(buttons)) }
            @for form in &more { (form) }
        },
    ))
}

fn withdraw_form(visit: &Visit, read: &CaseRead, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "withdraw", again);
    details(
        lang,
        &text("取り下げる", "Withdraw"),
        form.refused.is_some(),
        html! {
            p { (text("取り下げると元に戻せません。申請済みの内容は記録として残ります。", "This cannot be undone. What was submitted stays on record.").get(lang)) }
            form.narrow method="post" action=(urls::case_page(read.facts.case.id, "withdraw")) {
                (csrf(&visit.csrf))
                (textarea(lang, Area { rows: 3, limit: Some(2000), key: None }, &form.field("reason", text("理由", "Reason"), "").required()))
                (submit(lang, Kind::Danger, &text("取り下げる", "Withdraw")))
            }
        },
    )
}

fn report_form(visit: &Visit, read: &CaseRead, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "change", again);
    details(
        lang,
        &text("変更を報告する", "Report a change"),
        form.refused.is_some(),
        html! {
            form.narrow method="post" action=(urls::case_page(read.facts.case.id, "change")) data-keep={ "change-" (read.facts.case.id) } {
                (csrf(&visit.csrf))
                (textarea(lang, Area { rows: 4, limit: Some(4000), key: None }, &form.field("text", text("変更の内容", "What changed"), "").hint(text("構成、委託先、体制など、認定の前提に関わる変更を書いてください。", "Changes of set-up, subcontractors or organisation that the certificate rests on.")).required()))
                (submit(lang, Kind::Primary, &text("報告する", "Report")))
            }
        },
    )
}

fn renew_form(visit: &Visit, read: &CaseRead) -> Markup {
    let lang = visit.lang;
    details(
        lang,
        &text("更新を始める", "Renew"),
        false,
        html! {
            p { (text("新しい案件を作り、今の回答を転記します。転記した回答は、確認するまで「未確認」と表示されます。", "Makes a new case and copies the answers; each stays marked until somebody confirms it.").get(lang)) }
            form method="post" action=(urls::case_page(read.facts.case.id, "renew")) { (csrf(&visit.csrf)) (submit(lang, Kind::Primary, &text("更新を始める", "Renew"))) }
        },
    )
}

fn publication_form(visit: &Visit, read: &CaseRead) -> Markup {
    let lang = visit.lang;
    let (provider, body) = read.facts.certificate.as_ref().map_or((false, false), |c| (c.provider_agrees, c.body_agrees));
    let yes_no = |yes| if yes { text("同意済み", "agreed") } else { text("未同意", "not agreed") };
    let (own, other) = (yes_no(provider), yes_no(body));
    details(
        lang,
        &text("公開レジストリへの掲載", "Publication in the registry"),
        false,
        html! {
            p { (worded(format!("申請者: {}、評価機関: {}。双方が同意すると公開されます。", own.ja, other.ja), format!("Applicant: {}; evaluation body: {}. It is published once both agree.", own.en, other.en)).get(lang)) }
            form method="post" action=(urls::case_page(read.facts.case.id, "publication")) {
                (csrf(&visit.csrf))
                @if provider { (Button::new(Kind::Secondary, text("同意を取り消す", "Take back the agreement")).act("agrees", "no").submit(lang)) }
                @else { (Button::new(Kind::Primary, text("公開に同意する", "Agree to publication")).act("agrees", "yes").submit(lang)) }
            }
        },
    )
}

fn disclosure(visit: &Visit, read: &CaseRead, again: Again) -> Result<Markup, app::Error> {
    let lang = visit.lang;
    let form = Form::new(visit, "disclose", again);
    let institutions = visit.app.organisations_of(visit.actor()?, OrganisationKind::Institution)?;
    let (open, closed): (Vec<&Organisation>, Vec<&Organisation>) =
        institutions.iter().partition(|o| read.facts.disclosed_to.contains(&o.id));
    let action = urls::case_page(read.facts.case.id, "disclose");
    let rows = open.iter().map(|o| {
        let stop = html! {
            form method="post" action=(action) {
                (csrf(&visit.csrf))
                input type="hidden" name="institution" value=(o.id);
                (Button::new(Kind::Secondary, text("開示をやめる", "Stop")).act("on", "no").small().about(worded(o.name.clone(), o.name.clone())).submit(lang))
            }
        };
        Row::new(vec![html! { (o.name) }, stop])
    });
    let choices: Vec<Choice> = closed.iter().map(|o| Choice::new(o.id.to_string(), worded(o.name.clone(), o.name.clone()))).collect();
    let columns = vec![Column::new(text("医療機関", "Institution")), Column::new(text("操作", "Action"))];
    Ok(details(
        lang,
        &text("医療機関への開示", "Disclosure to medical institutions"),
        form.refused.is_some(),
        html! {
            p { (text("最終判定後に、開示先の医療機関が回答・判定と「公開」「開示可」の証跡を閲覧できます。", "After the decision the institution reads answers, verdicts and evidence labelled public or disclosable.").get(lang)) }
            @if !open.is_empty() { (table(lang, &Table::new(text("開示先", "Disclosed to"), columns, rows.collect()).dense())) }
            @if !choices.is_empty() {
                form.narrow method="post" action=(action) {
                    (csrf(&visit.csrf))
                    (select(lang, &form.field("institution", text("医療機関", "Institution"), "").required(), &choices))
                    (submit(lang, Kind::Primary, &text("開示する", "Disclose")))
                }
            }
        },
    ))
}
