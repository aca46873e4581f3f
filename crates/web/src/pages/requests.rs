//! Requests: what waits for a decision, what is in force, what has to be reviewed, and everything that was.

mod make;
mod one;

use app::read::RequestRead;
use jiff::Timestamp;
use maud::{Markup, html};
use rules::party::Role;
use rules::refusal::Refusal;
use rules::request::{AskKind, Request, RequestState};
use rules::text::{Lang, Text, text, worded};

use super::signs::time;
use super::viewings;
use crate::components::{Column, Kind, Row, Table, Tile, Tone, link_button, table, tag, tiles};
use crate::route::{Answer, Guard, Route, get, post};
use crate::urls;
use crate::visit::Visit;

/// Who may decide or review one kind or another.
const DECIDERS: Guard = Guard::Roles(&[Role::Administrator, Role::Operator, Role::Officer, Role::InstitutionOfficer, Role::Secretariat]);

pub const ROUTES: &[Route] = &[
    get("/requests", Guard::SignedIn, show),
    get("/requests/new", Guard::SignedIn, make::show),
    post("/requests/new", Guard::SignedIn, make::make),
    post("/requests/decide", DECIDERS, one::decide),
    post("/requests/end", Guard::SignedIn, one::end),
    post("/requests/review", DECIDERS, one::review),
];

fn title() -> Text {
    text("申請", "Requests")
}

/// Kinds that hold something open for a while; the others are done when they are approved.
const fn lasts(kind: AskKind) -> bool {
    match kind {
        AskKind::Register | AskKind::ChangeRoles | AskKind::Resume | AskKind::LiftHold | AskKind::Erase => false,
        AskKind::OpenEscrow
        | AskKind::Reissue
        | AskKind::Alternate
        | AskKind::OutOfHours
        | AskKind::Privilege
        | AskKind::BreakGlass
        | AskKind::View => true,
    }
}

/// In force now, or approved for later.
fn is_held(request: &Request, now: Timestamp) -> bool {
    let approved = matches!(request.state, RequestState::Approved | RequestState::Provisional);
    approved && lasts(request.ask.kind()) && now < request.until
}

const fn state_tone(state: RequestState) -> Tone {
    match state {
        RequestState::Pending => Tone::Info,
        RequestState::Provisional => Tone::Danger,
        RequestState::Approved => Tone::Success,
        RequestState::Refused | RequestState::Lapsed => Tone::Warn,
        RequestState::Withdrawn | RequestState::Ended | RequestState::Reviewed => Tone::Neutral,
    }
}

fn state_tag(lang: Lang, request: &Request) -> Markup {
    tag(lang, state_tone(request.state), &request.state.name())
}

/// What must not be overlooked while it is in force.
fn is_exceptional(request: &Request) -> bool {
    request.ask.kind() == AskKind::BreakGlass || request.state == RequestState::Provisional
}

/// How long until then, in hours and minutes.
fn remaining(now: Timestamp, until: Timestamp) -> Text {
    let minutes = until.duration_since(now).as_mins().max(0);
    match (minutes / 60, minutes % 60) {
        (0, m) => worded(format!("残り{m}分"), format!("{m} min left")),
        (h, m) => worded(format!("残り{h}時間{m}分"), format!("{h} h {m} min left")),
    }
}

/// From when until when, and how much of it is left.
fn span(lang: Lang, request: &Request, now: Timestamp) -> Markup {
    let open = request.state.is_open() || is_held(request, now);
    html! {
        (time(request.from)) " – " (time(request.until))
        @if open && request.from > now { br; span.small.muted { (text("開始前", "Not begun").get(lang)) } }
        @else if open && now < request.until { br; strong.small { (remaining(now, request.until).get(lang)) } }
    }
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    if let Some(id) = visit.query.read("request")? {
        return one::show(visit, id);
    }
    let lang = visit.lang;
    let now = visit.app.clock.now();
    let all = visit.app.requests(visit.actor()?)?;
    // Each stands in one list: the first that asks something of the visitor.
    let (waiting, rest): (Vec<&RequestRead>, Vec<_>) = all.iter().partition(|r| r.decides && r.request.state.is_open());
    let (review, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|r| r.request.awaits_review());
    let (held, rest): (Vec<_>, Vec<_>) = rest.into_iter().partition(|r| is_held(&r.request, now));
    let (own, past): (Vec<_>, Vec<_>) = rest.into_iter().partition(|r| r.request.state.is_open());
    let figure = |name, n: usize, tone, at: &str| Tile::new(name, n).tone(if n > 0 { tone } else { Tone::Neutral }).link(format!("#{at}"));
    let main = html! {
        (tiles(lang, &[
            figure(text("あなたの判断待ち", "Waiting for you"), waiting.len(), Tone::Warn, "waiting"),
            figure(text("有効", "In force"), held.len(), Tone::Info, "held"),
            figure(text("事後確認待ち", "To be reviewed"), review.len(), Tone::Warn, "review"),
            figure(text("承認待ち", "Not decided yet"), own.len(), Tone::Info, "own"),
        ]))
        (section(visit, "waiting", text("あなたの判断を待っている申請", "Waiting for your decision"), &waiting, text("例: 別の管理者がアカウントの登録を申請すると、ここに表示されます。", "For example, when another administrator requests an account.")))
        (section(visit, "held", text("有効な申請", "In force"), &held, text("例: 承認された特権の利用や閲覧が、終わりの時刻までここに表示されます。", "For example, approved privilege or viewing, until it ends.")))
        (section(visit, "review", text("事後確認を待っている申請", "To be reviewed afterwards"), &review, text("例: 非常時アカウントの使用が終わると、誰かが内容を確認するまで残ります。", "For example, the use of an emergency account, until somebody has looked at what was done.")))
        (section(visit, "own", text("承認待ちの申請", "Not decided yet"), &own, text("例: あなたが申請し、まだ判断されていないもの。", "For example, what you asked for and nobody decided yet.")))
        (section(visit, "past", text("履歴", "History"), &past, text("終わった申請が、新しい順に残ります。", "What is over stays here, the newest first.")))
    };
    let mut page = visit.page(title(), main);
    page.lead = Some(text("申請した人と対象の人は、その申請を承認できません。", "Who asks, and whom it is about, cannot approve it."));
    page.corner = html! {
        (link_button(lang, Kind::Primary, &text("申請する", "Make a request"), &urls::new_request("")))
        @if viewings::is_open(visit) { (link_button(lang, Kind::Secondary, &viewings::title(), &urls::viewings())) }
        (link_button(lang, Kind::Secondary, &text("アクセス規則", "Access rules"), &urls::access()))
    };
    Ok(page.into())
}

fn section(visit: &Visit, id: &str, name: Text, all: &[&RequestRead], example: Text) -> Markup {
    let lang = visit.lang;
    html! {
        section id=(id) {
            h2 { (name.get(lang)) @if !all.is_empty() { " (" (all.len()) ")" } }
            @if all.is_empty() { p.muted { (text("ありません。", "None. ").get(lang)) (example.get(lang)) } } @else { (list(visit, &name, all)) }
        }
    }
}

fn list(visit: &Visit, caption: &Text, all: &[&RequestRead]) -> Markup {
    let lang = visit.lang;
    let now = visit.app.clock.now();
    let columns = vec![
        Column::new(text("申請", "Request")),
        Column::new(text("申請者", "By")),
        Column::new(text("対象", "About")),
        Column::new(text("理由", "Reason")),
        Column::new(text("期間（日本時間）", "Time (Japan)")),
        Column::new(text("状態", "State")),
    ];
    let rows = all.iter().map(|read| {
        let request = &read.request;
        Row::new(vec![
            html! {
                a href=(urls::request(request.id)) data-row { (request.ask.kind().name().get(lang)) }
                @if is_exceptional(request) && (is_held(request, now) || request.state.is_open()) { " " (tag(lang, Tone::Danger, &text("非常時", "Emergency"))) }
            },
            html! { (read.by) },
            html! { (about(read, lang)) },
            html! { (request.reason) },
            span(lang, request, now),
            state_tag(lang, request),
        ])
    });
    table(lang, &Table::new(caption.clone(), columns, rows.collect()).caption_hidden())
}

/// Whom or what a request is about.
fn about(read: &RequestRead, lang: Lang) -> String {
    use rules::request::Ask;
    match &read.request.ask {
        Ask::Register { email, .. } => email.clone(),
        Ask::View { .. } => read.organisation.clone(),
        Ask::Privilege => text("本人", "The asker").get(lang).to_owned(),
        Ask::LiftHold { hold } => hold.to_string(),
        Ask::Erase { matter } => format!("{} {}", matter.name().get(lang), matter.subject()),
        Ask::OpenEscrow => String::new(),
        Ask::ChangeRoles { .. }
        | Ask::Resume { .. }
        | Ask::Reissue { .. }
        | Ask::Alternate { .. }
        | Ask::OutOfHours { .. }
        | Ask::BreakGlass { .. } => read.person.clone().unwrap_or_default(),
    }
}

/// The request, for those whom it concerns; for others it does not exist.
fn found(visit: &Visit, id: rules::id::Id<rules::id::Request>) -> Result<RequestRead, app::Error> {
    let all = visit.app.requests(visit.actor()?)?;
    Ok(all.into_iter().find(|r| r.request.id == id).ok_or(Refusal::not_found())?)
}
