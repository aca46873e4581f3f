//! Running a case as the evaluation body: intake, evaluators, due date, return, decision, certificate.

mod certificate;
mod closing;
mod intake;

use app::read::case::CaseRead;
use maud::html;
use rules::case::Part;
use rules::command::{Command, Kind as Act};
use rules::id::{self, Id, ItemNo};
use rules::party::Role;
use rules::policy::Side;
use rules::refusal::Refusal;
use rules::text::{Text, text};

use super::contents::{self, may};
use super::form::{self, Again, Form};
use super::signs;
use crate::components::{Tone, facts, notice, tag};
use crate::route::{Answer, FileAnswer, FileContent, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

const BODY: Guard = Guard::Roles(&[Role::Secretariat, Role::Decider, Role::Evaluator]);

pub const ROUTES: &[Route] = &[
    get("/cases/{case}/body", BODY, show),
    post("/cases/{case}/body/accept", BODY, accept),
    post("/cases/{case}/body/assign", BODY, assign),
    post("/cases/{case}/body/release", BODY, release),
    post("/cases/{case}/body/due", BODY, due),
    post("/cases/{case}/body/return", BODY, give_back),
    post("/cases/{case}/body/decide", BODY, decide),
    post("/cases/{case}/body/certify", BODY, certify),
    post("/cases/{case}/body/refuse", BODY, refuse),
    post("/cases/{case}/body/watch", BODY, watch),
    post("/cases/{case}/body/withdraw", BODY, withdraw),
    post("/cases/{case}/body/publish", BODY, publish),
    get("/cases/{case}/certificate.pdf", Guard::SignedIn, certificate_pdf),
];

type CaseId = Id<id::Case>;

/// One look at the case: what every section needs.
struct Look<'a> {
    visit: &'a Visit<'a>,
    case: &'a CaseRead,
    again: Again<'a>,
}

impl<'a> Look<'a> {
    fn form(&self, name: &'static str) -> Form<'a> {
        Form::new(self.visit, name, self.again)
    }
    fn to(&self, act: &str) -> String {
        urls::case_page(self.case.facts.case.id, &format!("body/{act}"))
    }
    /// The name under which the script keeps what is typed into a form.
    fn keep(&self, form: &str) -> String {
        format!("{}-{form}", self.case.facts.case.id)
    }
    fn may(&self, kind: Act) -> bool {
        may(self.visit, kind, &self.case.facts)
    }
}

const TITLE: Text = text("案件の運営", "Run the case");

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(view(visit, visit.param("case")?, None)?.into())
}

fn view(visit: &Visit, case: CaseId, again: Again) -> Result<Page, app::Error> {
    let case = visit.app.case(visit.actor()?, case, Some(Side::Body))?;
    let look = Look { visit, case: &case, again };
    let (lang, own) = (visit.lang, &case.facts.case);
    let main = html! {
        // Above all sections: the form itself may be gone, where the case has moved on in the meantime.
        @if let Some((name, _)) = again { (Form::new(visit, name, again).summary()) }
        (form::saved_notice(visit, &look.keep(visit.query.text("saved"))))
        (facts(lang, &[
            (text("状態", "State"), html! { (signs::state_tag(lang, own.state)) " " span.muted { (signs::turn(own.state, Side::Body).get(lang)) } }),
            (text("整理番号", "Reference number"), html! { (own.number.as_deref().unwrap_or("—")) }),
            (text("評価申請元", "Applicant"), html! { (case.provider.name) @if own.is_self_evaluation() { " " (tag(lang, Tone::Info, &text("自己評価", "Self-evaluation"))) } }),
            (text("評価対象プロダクト名", "Product"), html! { (case.product.name) }),
            (text("ラウンド", "Round"), html! { (own.round) }),
            (text("期限", "Due"), html! { @if own.due.is_some() { (signs::due(lang, own.due, own.due.is_some_and(|d| d < case.today))) } @else { "—" } }),
        ]))
        (intake::accept(&look))
        (certificate::conclude(&look))
        (certificate::certificate(&look))
        (intake::evaluators(&look))
        (closing::counts(&look))
        (closing::decide(&look))
        (closing::give_back(&look))
        (intake::due(&look))
        (certificate::withdraw(&look))
        @if contents::is_over(own.state) { (notice(lang, Tone::Info, &text("この案件は終了しています。", "This case is closed."), html! {})) }
    };
    let mut page = visit.page(TITLE, main);
    page.breadcrumb = contents::crumbs(&case, TITLE);
    Ok(page)
}

/// Executes what a form of this page asks for, and comes back to the page.
fn run(visit: &Visit, form: &'static str, command: impl FnOnce(CaseId) -> Result<Command, Refusal>) -> Result<Answer, app::Error> {
    let case: CaseId = visit.param("case")?;
    let to = urls::case_page(case, &format!("body?saved={form}"));
    form::act(visit, command(case), to, |refusal| view(visit, case, Some((form, refusal))))
}

fn typed(visit: &Visit, name: &str) -> String {
    visit.form.text(name).to_owned()
}

fn accept(visit: &Visit) -> Result<Answer, app::Error> {
    run(visit, "accept", |case| Ok(Command::AcceptRound { case, number: Some(typed(visit, "number")).filter(|n| !n.trim().is_empty()) }))
}

fn assign(visit: &Visit) -> Result<Answer, app::Error> {
    run(visit, "assign", |case| {
        Ok(Command::AssignEvaluator { case, person: visit.form.need("person")?, part: visit.form.word("part")?.unwrap_or(Part::First) })
    })
}

fn release(visit: &Visit) -> Result<Answer, app::Error> {
    run(visit, "assign", |case| Ok(Command::ReleaseEvaluator { case, person: visit.form.need("person")? }))
}

fn due(visit: &Visit) -> Result<Answer, app::Error> {
    run(visit, "due", |case| Ok(Command::SetDue { case, due: visit.form.date("due")? }))
}

fn give_back(visit: &Visit) -> Result<Answer, app::Error> {
    run(visit, "return", |case| {
        let flagged = match visit.form.text("which") {
            "flagged" => Some(visit.form.each::<u16>("flagged")?.into_iter().map(ItemNo).collect()),
            _ => None,
        };
        Ok(Command::ReturnRound { case, flagged, message: typed(visit, "message") })
    })
}

fn decide(visit: &Visit) -> Result<Answer, app::Error> {
    run(visit, "decide", |case| {
        let certify = match visit.form.text("certify") {
            "yes" => true,
            "no" => false,
            _ => return Err(Refusal::invalid("certify", text("認定するかどうかを選んでください。", "Choose whether to certify."))),
        };
        Ok(Command::DecideCase { case, certify, grounds: typed(visit, "grounds") })
    })
}

fn certify(visit: &Visit) -> Result<Answer, app::Error> {
    run(visit, "certify", |case| Ok(Command::IssueCertificate { case, scope: typed(visit, "scope") }))
}

fn refuse(visit: &Visit) -> Result<Answer, app::Error> {
    run(visit, "refuse", |case| Ok(Command::RefuseCertificate { case }))
}

fn watch(visit: &Visit) -> Result<Answer, app::Error> {
    run(visit, "watch", |case| Ok(Command::StartWatch { case }))
}

fn withdraw(visit: &Visit) -> Result<Answer, app::Error> {
    run(visit, "withdraw", |case| Ok(Command::WithdrawCase { case, reason: typed(visit, "reason") }))
}

fn publish(visit: &Visit) -> Result<Answer, app::Error> {
    run(visit, "publish", |case| Ok(Command::AgreePublication { case, agrees: visit.form.text("agrees") == "yes" }))
}

fn certificate_pdf(visit: &Visit) -> Result<Answer, app::Error> {
    let lang = visit.query.get("lang").map_or(visit.lang, rules::text::Lang::from_tag);
    let (name, bytes) = visit.app.certificate_pdf(visit.actor()?, visit.param("case")?, lang)?;
    Ok(Answer::File(FileAnswer { media: "application/pdf".to_owned(), name, content: FileContent::Bytes(bytes), inline: false }))
}
