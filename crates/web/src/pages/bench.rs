//! The evaluator's workbench: the list of items, the item with its verdict, and the evidence at its page; made for the keyboard.

mod interest;
mod item;
mod narrow;
mod verdict;

use app::read::case::{CaseRead, ItemRead};
use maud::{Markup, html};
use rules::case::{Assignment, Part};
use rules::command::{Command, Kind as Act};
use rules::evidence::Claim;
use rules::id::{self, Id, ItemNo, Pos};
use rules::party::Role;
use rules::policy::Side;
use rules::refusal::Refusal;
use rules::text::{Text, text, worded};
use rules::verdict::VerdictContent;

use super::contents;
use super::form::{self, Again};
use super::signs::{inside_tags, scan_tag};
use crate::components::{Button, ItemLink, Kind, Shortcut, Tone, Viewer, bench, empty, items, link_button, notice, progress, viewer};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;
use narrow::Narrow;

const BODY: Guard = Guard::Roles(&[Role::Evaluator, Role::Secretariat, Role::Decider]);

pub const ROUTES: &[Route] = &[
    get("/cases/{case}/bench", BODY, start),
    get("/cases/{case}/bench/{no}", BODY, show_item),
    post("/cases/{case}/bench/interest", BODY, declare),
    post("/cases/{case}/bench/{no}/verdict", BODY, judge),
    post("/cases/{case}/bench/{no}/approve", BODY, approve),
    post("/cases/{case}/bench/{no}/confirm", BODY, confirm),
    post("/cases/{case}/bench/{no}/messages", BODY, ask),
];

type CaseId = Id<id::Case>;

/// One look at the workbench: the item, the narrowed list, and what may be done.
pub(super) struct Look<'a> {
    visit: &'a Visit<'a>,
    read: &'a ItemRead,
    narrow: Narrow,
    /// The numbers of the narrowed list.
    list: Vec<ItemNo>,
    refused: Again<'a>,
}

impl Look<'_> {
    fn case(&self) -> &CaseRead {
        &self.read.case
    }
    /// The refusal of this form.
    fn refusal(&self, form: &str) -> Option<&Refusal> {
        self.refused.filter(|(name, _)| *name == form).map(|(_, refusal)| refusal)
    }
    /// What was typed into a form that is shown again.
    fn typed(&self, form: &str) -> Option<&crate::visit::Fields> {
        self.refusal(form).map(|_| &self.visit.form)
    }
    fn assignment(&self) -> Option<&Assignment> {
        assignment(self.visit, self.case())
    }
    /// The visitor has this part in the case.
    fn works_as(&self, part: Part) -> bool {
        self.assignment().is_some_and(|a| a.part == part)
    }
    fn act(&self, act: &str) -> String {
        urls::bench_act(self.case().facts.case.id, self.read.no, act)
    }
    /// The name under which the script keeps what is typed into a form of this item.
    fn keep(&self, form: &str) -> String {
        format!("{}-{form}-{}", self.case().facts.case.id, self.read.no)
    }
    fn item_link(&self, no: ItemNo) -> String {
        urls::bench_item(self.case().facts.case.id, no) + &self.narrow.query(&[])
    }
    /// The claim whose file is shown: the one asked for, else the first with a file.
    fn chosen(&self) -> Option<&Claim> {
        let claims = &self.read.facts().claims;
        let wanted = [self.visit.query.text("claim"), self.visit.form.text("claim")];
        let asked = claims.iter().find(|c| c.evidence.is_some() && wanted.contains(&c.id.to_string().as_str()));
        asked.or_else(|| claims.iter().find(|c| c.evidence.is_some()))
    }
}

fn assignment<'a>(visit: &Visit, case: &'a CaseRead) -> Option<&'a Assignment> {
    visit.signed.as_ref().and_then(|s| case.facts.assignment(&s.actor))
}

/// An assigned evaluator who has not declared their interests yet declares them first.
fn must_declare(visit: &Visit, case: &CaseRead) -> bool {
    assignment(visit, case).is_some_and(|a| a.interest.is_none()) && contents::may(visit, Act::DeclareInterest, &case.facts)
}

/// Opens the first item that is to be judged, or the first one of the narrowed list.
fn start(visit: &Visit) -> Result<Answer, app::Error> {
    let case = visit.app.case(visit.actor()?, visit.param("case")?, Some(Side::Body))?;
    if must_declare(visit, &case) {
        return Ok(interest::page(visit, &case, None).into());
    }
    let narrow = Narrow::read(&visit.query);
    let list: Vec<_> = narrow.items(&case).collect();
    let first = list.iter().find(|(_, facts)| narrow::is_to_do(facts)).or(list.first());
    match first {
        Some((item, _)) => Ok(view(visit, case.facts.case.id, item.no, None)?.into()),
        None => Ok(nothing_fits(visit, &case, &narrow).into()),
    }
}

fn nothing_fits(visit: &Visit, case: &CaseRead, narrow: &Narrow) -> Page {
    let clear = link_button(visit.lang, Kind::Primary, &text("条件を消す", "Clear the filter"), &urls::bench(case.facts.case.id));
    let why = text("絞り込みの条件を変えてください。", "Change the filter.");
    let main = html! {
        (narrow.form(visit.lang, case, &urls::bench(case.facts.case.id)))
        (empty(visit.lang, &text("条件に合う項目はありません", "No item fits"), &why, clear))
    };
    framed(visit, case, title(), main)
}

const fn title() -> Text {
    text("評価ワークベンチ", "Workbench")
}

fn framed(visit: &Visit, case: &CaseRead, title: Text, main: Markup) -> Page {
    let mut page = visit.page(title.clone(), main);
    page.breadcrumb = contents::crumbs(case, title);
    page.wide = true;
    page
}

fn show_item(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(view(visit, visit.param("case")?, no(visit)?, None)?.into())
}

fn no(visit: &Visit) -> Result<ItemNo, Refusal> {
    visit.param("no").map(ItemNo)
}

/// The workbench with an item; `refused` names the form that was refused.
fn view(visit: &Visit, case: CaseId, no: ItemNo, refused: Again) -> Result<Page, app::Error> {
    let read = visit.app.item(visit.actor()?, case, Some(Side::Body), no)?;
    if must_declare(visit, &read.case) {
        return Ok(interest::page(visit, &read.case, None));
    }
    let narrow = Narrow::read(if refused.is_some() { &visit.form } else { &visit.query });
    let list = narrow.items(&read.case).map(|(item, _)| item.no).collect();
    draw(&Look { visit, read: &read, narrow, list, refused })
}

fn draw(look: &Look) -> Result<Page, app::Error> {
    let (visit, case, lang) = (look.visit, look.case(), look.visit.lang);
    let item = look.read.item();
    let middle = html! {
        (form::saved_notice(visit, &format!("{}-{}", case.facts.case.id, visit.query.text("saved"))))
        (verdict::gone(look))
        (item::item(look))
        (verdict::verdict(look))
        (verdict::approval(look))
        (verdict::thread(look))
        (verdict::history(look))
    };
    let main = bench(lang, left(look), middle, look.chosen().map(|claim| evidence(look, claim)).transpose()?);
    let title = worded(format!("{}. {}", item.no, item.title.ja), format!("{}. {}", item.no, item.title.en));
    let mut page = framed(visit, case, title, main);
    let state = case.facts.case.state.name();
    let minor = case.sheet.minor(&item.minor).map(|(_, minor)| minor.name.clone()).unwrap_or(text("", ""));
    page.lead = Some(worded(
        format!("{} ／ {} ／ 第{}回（{}）", case.product.name, minor.ja, case.facts.case.round, state.ja),
        format!("{} / {} / round {} ({})", case.product.name, minor.en, case.facts.case.round, state.en),
    ));
    page.corner = corner(look);
    page.shortcuts = vec![
        Shortcut::new("j / k", text("次の項目・前の項目", "Next and previous item")),
        Shortcut::new("1 – 5", text("判定結果を選ぶ", "Choose the verdict")),
        Shortcut::new("i", text("改善策の欄へ移る", "Go to the improvement")),
    ];
    Ok(page)
}

/// The item before and after in the list, and the other pages of the case.
fn corner(look: &Look) -> Markup {
    let (lang, case) = (look.visit.lang, look.case().facts.case.id);
    let (before, after) = narrow::neighbours(&look.list, look.read.no);
    html! {
        @if let Some(no) = before { (Button::new(Kind::Secondary, text("前の項目", "Previous")).key("k").small().link(lang, &look.item_link(no))) }
        @if let Some(no) = after { (Button::new(Kind::Secondary, text("次の項目", "Next")).key("j").small().link(lang, &look.item_link(no))) }
        (Button::new(Kind::Quiet, text("品質チェック", "Quality check")).small().link(lang, &(urls::case_page(case, "quality") + "?side=body")))
        (Button::new(Kind::Quiet, text("案件の運営", "Run the case")).small().link(lang, &urls::case_page(case, "body")))
    }
}

/// Progress, filter and list.
fn left(look: &Look) -> Markup {
    let (lang, case) = (look.visit.lang, look.case());
    let judged = case.items.iter().filter(|f| !narrow::is_to_do(f)).count();
    let links: Vec<ItemLink> = look
        .narrow
        .items(case)
        .map(|(item, facts)| {
            let (tone, state) = contents::mark_of(&case.sheet, facts.verdict.as_ref().map(|v| v.content.mark.as_str()));
            let changed = case.changed(facts) && narrow::is_to_do(facts);
            ItemLink {
                no: item.no.0,
                name: item.title.get(lang),
                href: look.item_link(item.no),
                state: if changed { worded(format!("{}・変更あり", state.ja), format!("{}, changed", state.en)) } else { state },
                tone: if changed { Tone::Warn } else { tone },
                current: item.no == look.read.no,
            }
        })
        .collect();
    html! {
        (progress(lang, &text("判定済み", "Judged"), judged, case.items.len()))
        (look.narrow.form(lang, case, &urls::bench(case.facts.case.id)))
        @if links.is_empty() { (notice(lang, Tone::Info, &text("条件に合う項目はありません。", "No item fits the filter."), html! {})) }
        (items(lang, &text("評価する項目", "Items to judge"), &links))
    }
}

fn evidence(look: &Look, claim: &Claim) -> Result<Markup, app::Error> {
    let (lang, case) = (look.visit.lang, look.case());
    let Some(file) = claim.evidence.and_then(|id| case.evidence.get(&id)) else { return Ok(html! {}) };
    let name = format!("{} v{}", file.name, file.version);
    let href = urls::file_view(file.id, Some(case.facts.case.id), claim.page);
    let inside = look.visit.app.inside_of(file)?.unwrap_or_default();
    let note = Some(html! {
        (scan_tag(lang, &look.visit.app.scan_of(file)?))
        @if !inside.is_empty() { " " (inside_tags(lang, Some(&inside))) }
    });
    Ok(viewer(lang, &Viewer { name: &name, href: &href, place: contents::place(claim), pdf: file.media == "application/pdf", note }))
}

/// Executes a command of this item and comes back to it.
fn act(visit: &Visit, name: &'static str, command: impl FnOnce(CaseId, ItemNo) -> Result<Command, Refusal>) -> Result<Answer, app::Error> {
    let (case, no): (CaseId, _) = (visit.param("case")?, no(visit)?);
    let claim = visit.form.text("claim");
    let to = urls::bench_item(case, no) + &Narrow::read(&visit.form).query(&[("claim", claim), ("saved", &format!("{name}-{no}"))]);
    form::act(visit, command(case, no), to, |refusal| view(visit, case, no, Some((name, refusal))))
}

fn declare(visit: &Visit) -> Result<Answer, app::Error> {
    let case: CaseId = visit.param("case")?;
    let conflict = visit.form.text("conflict") == "yes";
    let command = match visit.form.text("conflict") {
        "yes" | "no" => Ok(Command::DeclareInterest { case, conflict, statement: visit.form.text("statement").to_owned() }),
        _ => Err(Refusal::invalid("conflict", text("どちらかを選んでください。", "Choose one."))),
    };
    let to = if conflict { urls::cases() } else { urls::bench(case) };
    form::act(visit, command, to, |refusal| {
        let read = visit.app.case(visit.actor()?, case, Some(Side::Body))?;
        Ok(interest::page(visit, &read, Some(refusal)))
    })
}

fn judge(visit: &Visit) -> Result<Answer, app::Error> {
    let (case, no): (CaseId, _) = (visit.param("case")?, no(visit)?);
    let form = &visit.form;
    // Without a script a phrase is added by the server: the form comes back with it, and nothing is saved.
    if form.is_on("insert") {
        let nothing = Refusal::state(text("定型文を加えました。まだ保存していません。", "The phrase is added; it is not saved yet."));
        return Ok(view(visit, case, no, Some(("verdict", &nothing)))?.into());
    }
    let own = |name: &str| form.text(name).to_owned();
    let content = VerdictContent { mark: own("mark"), evidence: own("evidence"), improvement: own("improvement"), remarks: own("remarks") };
    let command = form.need("base").map(|base| Command::GiveVerdict { case, item: no, base: Pos(base), content });
    let to = after_verdict(visit, case, no)?;
    form::act(visit, command, to, |refusal| view(visit, case, no, Some(("verdict", refusal))))
}

/// The next item of the list as it was narrowed, or the same one at its end.
fn after_verdict(visit: &Visit, case: CaseId, no: ItemNo) -> Result<String, app::Error> {
    let narrow = Narrow::read(&visit.form);
    let read = visit.app.case(visit.actor()?, case, Some(Side::Body))?;
    let list: Vec<ItemNo> = narrow.items(&read).map(|(item, _)| item.no).collect();
    let next = narrow::neighbours(&list, no).1.filter(|_| visit.form.text("go") != "stay").unwrap_or(no);
    Ok(urls::bench_item(case, next) + &narrow.query(&[("saved", &format!("verdict-{no}"))]))
}

fn approve(visit: &Visit) -> Result<Answer, app::Error> {
    let form = &visit.form;
    act(visit, "approve", |case, item| {
        let agrees = form.text("agrees") == "yes";
        Ok(Command::ApproveVerdict { case, item, seen: Pos(form.need("seen")?), agrees, comment: form.text("comment").to_owned() })
    })
}

fn confirm(visit: &Visit) -> Result<Answer, app::Error> {
    let form = &visit.form;
    act(visit, "confirm", |case, item| {
        let finding =
            form.word("finding")?.ok_or(Refusal::invalid("finding", text("確認の結果を選んでください。", "Choose what you found.")))?;
        Ok(Command::ConfirmClaim { case, item, claim: form.need("claim")?, finding, comment: form.text("comment").to_owned() })
    })
}

fn ask(visit: &Visit) -> Result<Answer, app::Error> {
    act(visit, "ask", |case, item| {
        Ok(Command::SendMessage { case, item, text: visit.form.text("text").to_owned(), side: Some(Side::Body) })
    })
}
