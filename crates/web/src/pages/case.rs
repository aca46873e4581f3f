//! A case at a glance: where it stands, how far it is, who has what, what happened, and what one may do now.

mod acts;
pub mod picture;
mod submit;

use app::read::case::CaseRead;
use maud::{Markup, html};
use rules::command::Kind as Act;
use rules::id::{self, Id};
use rules::policy::{self, Place, Side};
use rules::text::{Text, text, worded};

use super::form::{Again, saved_notice};
use super::signs::{date, state_tag, time, turn};
use crate::components::{Crumb, Event, NavLink, Tone, card, facts, notice, tabs, tag, timeline};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[
    get("/cases/{case}", Guard::SignedIn, show),
    get("/cases/{case}/submit", Guard::SignedIn, submit::show),
    post("/cases/{case}/submit", Guard::SignedIn, submit::submit),
    post("/cases/{case}/withdraw", Guard::SignedIn, acts::withdraw),
    post("/cases/{case}/change", Guard::SignedIn, acts::report),
    post("/cases/{case}/renew", Guard::SignedIn, acts::renew),
    post("/cases/{case}/disclose", Guard::SignedIn, acts::disclose),
    post("/cases/{case}/publication", Guard::SignedIn, acts::publication),
];

/// The case of the address, from the side that `?side=` chooses.
pub fn read(visit: &Visit) -> Result<CaseRead, app::Error> {
    visit.app.case(visit.actor()?, visit.param("case")?, visit.query.word("side")?)
}

/// Whether the visitor may do this kind of thing in the case, as far as the policy decides.
pub fn may(visit: &Visit, read: &CaseRead, kind: Act) -> bool {
    visit.signed.as_ref().is_some_and(|s| policy::may(kind, &s.actor, Place::Case(&read.facts)).is_ok())
}

/// An address of the case as the visitor's side sees it: the side stays in the address where there is a choice.
pub fn with_side(read: &CaseRead, url: String) -> String {
    if read.sides.len() < 2 && !read.is_only_seen() {
        return url;
    }
    format!("{url}{}side={}", if url.contains('?') { '&' } else { '?' }, urls::side_word(read.side))
}

/// The views of a case that this visitor may open; `here` is the last part of the address, empty for the overview.
pub fn case_tabs(visit: &Visit, read: &CaseRead, here: &str) -> Markup {
    let applicant = read.side == Side::Applicant;
    // The body's own pages are for who takes part; who may only look reads the items.
    let body = read.side == Side::Body && !read.is_only_seen();
    let import = (applicant && may(visit, read, Act::ImportAnswers)) || (body && may(visit, read, Act::ImportVerdicts));
    let links: [(bool, Text, &str); 11] = [
        (true, text("概要", "Overview"), ""),
        (read.side == Side::Institution, text("開示内容", "Disclosed"), "disclosed"),
        (true, text("項目", "Items"), "items"),
        (applicant && !read.is_only_seen(), text("管理簿の記録", "Records"), "registers"),
        (body, text("評価ワークベンチ", "Workbench"), "bench"),
        (body, text("受付・担当・判定", "Intake and decision"), "body"),
        (read.facts.case.round > 0, text("ラウンド", "Rounds"), "rounds"),
        (read.side != Side::Institution, text("品質チェック", "Quality check"), "quality"),
        (import, text("取込み", "Import"), "import"),
        (true, text("書き出し", "Export"), "export"),
        (true, text("印刷", "Print"), "print"),
    ];
    let case = read.facts.case.id;
    let link = |(_, label, page): (bool, Text, &str)| {
        let url = if page.is_empty() { urls::case(case) } else { urls::case_page(case, page) };
        NavLink::new(label, with_side(read, url)).current(page == here)
    };
    let links: Vec<NavLink> = links.into_iter().filter(|(shown, ..)| *shown).map(link).collect();
    tabs(visit.lang, &text("案件の表示", "Views of the case"), &links)
}

/// The way to a page of the case; the last step is the page itself.
pub fn crumbs(read: &CaseRead, here: Option<Text>) -> Vec<Crumb> {
    let name = worded(read.product.name.clone(), read.product.name.clone());
    let mut out = vec![Crumb::link(text("案件", "Cases"), urls::cases())];
    match here {
        Some(here) => out.extend([Crumb::link(name, with_side(read, urls::case(read.facts.case.id))), Crumb::here(here)]),
        None => out.push(Crumb::here(name)),
    }
    out
}

/// A page of the case with its tabs; `here` names the tab, `title` the page.
pub fn case_page(visit: &Visit, read: &CaseRead, here: &str, title: Text, main: Markup) -> Page {
    let mut page = visit.page(title.clone(), html! { (case_tabs(visit, read, here)) (only_seen(visit, read)) (main) });
    page.breadcrumb = crumbs(read, (!here.is_empty()).then_some(title));
    page.lead = Some(lead(read));
    page
}

/// Says to who looks by an approved request that nothing can be done here, and that it is recorded (item 18).
pub fn only_seen(visit: &Visit, read: &CaseRead) -> Markup {
    let words = text(
        "承認を受けた閲覧です。読み取りのみで、開いた画面はこの組織の記録に残ります。",
        "You look by an approved request: read only, and every page you open stands in this organisation's records.",
    );
    html! { @if read.is_only_seen() { (notice(visit.lang, Tone::Warn, &words, html! {})) } }
}

/// Number, applicant and state in one line.
fn lead(read: &CaseRead) -> Text {
    let number = read.facts.case.number.as_deref().unwrap_or("―");
    worded(
        format!("整理番号 {number} ／ {} ／ {}", read.provider.name, read.facts.case.state.name().ja),
        format!("No. {number} / {} / {}", read.provider.name, read.facts.case.state.name().en),
    )
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let read = read(visit)?;
    Ok(page(visit, &read, None)?.into())
}

/// The overview, also with a form that was refused.
fn page(visit: &Visit, read: &CaseRead, again: Again) -> Result<Page, app::Error> {
    let name = worded(read.product.name.clone(), read.product.name.clone());
    let acts = acts::forms(visit, read, again)?;
    let mut page = case_page(visit, read, "", name, view(visit, read, acts));
    page.notices = saved_notice(visit, "");
    page.corner = state_tag(visit.lang, read.facts.case.state);
    Ok(page)
}

fn view(visit: &Visit, read: &CaseRead, acts: Markup) -> Markup {
    let lang = visit.lang;
    html! {
        (picture::steps_of(lang, read))
        (sides(visit, read))
        (message(visit, read))
        (picture::figures(lang, read))
        (acts)
        (card(lang, &text("進捗", "Progress"), html! {}, picture::progress(lang, read)))
        @if read.side == Side::Applicant { (card(lang, &text("担当別の状況", "Who has what"), html! {}, picture::loads(lang, read))) }
        (card(lang, &text("ラウンドの経過", "Rounds"), html! {}, picture::rounds(lang, read)))
        (picture::expiry(lang, read))
        div.columns {
            (card(lang, &text("案件の情報", "About the case"), html! {}, about(visit, read)))
            (card(lang, &text("経過", "History"), html! {}, history(visit, read)))
        }
    }
}

/// Who may look from several sides chooses one.
fn sides(visit: &Visit, read: &CaseRead) -> Markup {
    if read.sides.len() < 2 {
        return html! {};
    }
    let links: Vec<NavLink> = read
        .sides
        .iter()
        .map(|side| {
            NavLink::new(side_name(*side), format!("{}?side={}", urls::case(read.facts.case.id), urls::side_word(*side)))
                .current(*side == read.side)
        })
        .collect();
    tabs(visit.lang, &text("どの立場で見るか", "Looked at as"), &links)
}

const fn side_name(side: Side) -> Text {
    match side {
        Side::Applicant => text("申請者として", "As the applicant"),
        Side::Body => text("評価機関として", "As the evaluation body"),
        Side::Institution => text("医療機関として", "As a medical institution"),
    }
}

/// What the body said with the last return.
fn message(visit: &Visit, read: &CaseRead) -> Markup {
    let lang = visit.lang;
    let case = &read.facts.case;
    let mine = policy::turn(case.state) == Some(read.side);
    let said = turn(case.state, read.side);
    let Some(round) = read.facts.round().filter(|r| case.state == rules::case::State::Returned && r.returned.is_some()) else {
        return html! { @if mine { (notice(lang, Tone::Info, &said, html! {})) } };
    };
    let scope = match &round.flagged {
        Some(items) => worded(format!("改善依頼の対象は{}項目です。", items.len()), format!("{} items came back.", items.len())),
        None => text("すべての項目を修正できます。", "Every item can be changed."),
    };
    let title = worded(
        format!("第{}回の評価結果が返却されました。{}。", round.n, said.ja),
        format!("Round {} was returned. {}.", round.n, said.en),
    );
    notice(
        lang,
        Tone::Warn,
        &title,
        html! {
            @if !round.message.is_empty() { p.prose { (round.message) } }
            p { @if read.side == Side::Applicant { (scope.get(lang)) " " } a href=(with_side(read, format!("{}?show=improve", urls::case_page(case.id, "items")))) { (text("改善策のある項目を見る", "See the items with an improvement").get(lang)) } }
        },
    )
}

fn about(visit: &Visit, read: &CaseRead) -> Markup {
    let lang = visit.lang;
    let case = &read.facts.case;
    let mut pairs = vec![
        (text("整理番号", "Reference number"), html! { (case.number.as_deref().unwrap_or("―")) }),
        (text("評価申請元", "Applicant"), html! { (read.provider.name) }),
        (text("評価対象プロダクト名", "Product"), html! { (read.product.name) }),
        (text("評価機関", "Evaluation body"), html! { (read.body.name) }),
        (text("チェックシート", "Check sheet"), html! { a href=(urls::sheet(&case.sheet)) { (read.sheet.title.get(lang)) } }),
        (text("作成日", "Opened"), time(case.opened)),
    ];
    if let Some(due) = case.due {
        pairs.push((text("期限", "Due"), date(due)));
    }
    if case.is_self_evaluation() {
        pairs.push((text("区分", "Kind"), tag(lang, Tone::Warn, &text("自己評価", "Self-evaluation"))));
    }
    if let Some(old) = case.renews {
        pairs.push((text("更新元", "Renews"), html! { a href=(urls::case(old)) { (text("前の案件", "The case before").get(lang)) } }));
    }
    if read.side != Side::Institution && !read.facts.assignments.is_empty() {
        pairs.push((
            text("評価者", "Evaluators"),
            html! { (read.facts.assignments.iter().map(|a| read.name(a.person)).collect::<Vec<_>>().join(text("、", ", ").get(visit.lang))) },
        ));
    }
    if let Some(decision) = &read.facts.decision {
        pairs.push((text("最終判定", "Decision"), html! { @if decision.certify { (text("認定", "Certify").get(lang)) } @else { (text("不認定", "Refuse").get(lang)) } " " (time(decision.at)) p.prose { (decision.grounds) } }));
    }
    if let Some(certificate) = &read.facts.certificate {
        pairs.push((text("認定証", "Certificate"), html! { a href=(urls::verify_code(&certificate.code)) { (certificate.number) } }));
        if let Some(until) = certificate.valid_until {
            pairs.push((text("有効期限", "Valid until"), date(until)));
        }
    }
    facts(lang, &pairs)
}

/// Rounds and notes in one line of time, the newest first.
fn history(visit: &Visit, read: &CaseRead) -> Markup {
    let at = |t: jiff::Timestamp| (t.to_string(), super::signs::moment(t));
    let who = |p: Id<id::Person>| read.names.get(&p).cloned();
    let event = |t, what, who, tone, more: &str| {
        (t, Event { time: at(t), what, who, tone, more: (!more.is_empty()).then(|| super::signs::prose(more)) })
    };
    let mut events = vec![event(read.facts.case.opened, text("案件を作成しました。", "The case was opened."), None, None, "")];
    for round in &read.facts.rounds {
        let n = round.n;
        events.push(event(
            round.submitted,
            worded(format!("第{n}回を申請しました。"), format!("Round {n} was submitted.")),
            who(round.submitted_by),
            Some(Tone::Info),
            "",
        ));
        if let Some(t) = round.accepted {
            events.push(event(t, worded(format!("第{n}回を受け付けました。"), format!("Round {n} was accepted.")), None, None, ""));
        }
        if let Some(t) = round.returned {
            events.push(event(
                t,
                worded(format!("第{n}回が返却されました。"), format!("Round {n} was returned.")),
                None,
                Some(Tone::Warn),
                &round.message,
            ));
        }
    }
    if let Some(decision) = &read.facts.decision {
        events.push(event(decision.at, text("最終判定が出ました。", "The case was decided."), who(decision.by), Some(Tone::Success), ""));
    }
    for note in &read.notes {
        events.push(event(note.at, note_name(&note.kind), note.by.and_then(who), None, &note.text));
    }
    events.sort_by_key(|e| std::cmp::Reverse(e.0));
    let events: Vec<Event> = events.into_iter().map(|e| e.1).collect();
    timeline(visit.lang, &events)
}

/// What a note of the case's history is about: a state by its word, or a reported change.
fn note_name(kind: &str) -> Text {
    let state: Result<rules::case::State, _> = serde_json::from_value(serde_json::Value::String(kind.to_owned()));
    match state {
        Ok(state) => {
            let name = state.name();
            worded(format!("状態が「{}」になりました。", name.ja), format!("The state became: {}.", name.en.to_lowercase()))
        }
        Err(_) => text("変更が報告されました。", "A change was reported."),
    }
}
