//! What others looked at of the organisation's data: who, under which request, which page, when (items 17, 18).

use app::read::ViewingRead;
use maud::{Markup, html};
use rules::id::{self, Id};
use rules::party::Role;
use rules::text::{Text, text};

use super::signs::time;
use crate::components::{Column, Crumb, Row, Table, empty, table};
use crate::route::{Answer, Guard, Route, get};
use crate::urls;
use crate::visit::Visit;

const OWNERS: Guard = Guard::Roles(&[Role::Administrator, Role::Officer, Role::InstitutionOfficer, Role::Secretariat]);

pub const ROUTES: &[Route] = &[get("/viewings", OWNERS, show)];

pub(super) fn title() -> Text {
    text("閲覧の記録", "Viewings")
}

/// Whether the visitor may open this page.
pub(super) fn is_open(visit: &Visit) -> bool {
    visit.signed.as_ref().is_some_and(|s| OWNERS.admits(Some(&s.actor.roles)))
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let lang = visit.lang;
    let all = visit.app.viewings(visit.actor()?)?;
    let main = if all.is_empty() {
        empty(
            lang,
            &text("閲覧の記録はありません", "Nobody has looked"),
            &text(
                "例: 運用者が障害の調査のために承認を受けて案件を開くと、開いた画面ごとに、人・申請・日時がここに残ります。",
                "For example, when an operator opens a case with your approval to look into a fault, every page stays here with who, under which request, and when.",
            ),
            html! {},
        )
    } else {
        list(visit, &all)
    };
    let mut page = visit.page(title(), main);
    page.lead = Some(text(
        "運用者が、承認または緊急の理由により、この組織のデータを閲覧した記録です。",
        "What operators looked at of this organisation's data, by approval or in an emergency.",
    ));
    page.breadcrumb = vec![Crumb::link(text("申請", "Requests"), urls::requests()), Crumb::here(title())];
    Ok(page.into())
}

/// The requests that allowed it: the session column of the ledger names them after its marks.
fn requests(session: &str) -> Vec<Id<id::Request>> {
    session.split_whitespace().filter_map(|mark| mark.strip_prefix("viewing=")).filter_map(|id| id.parse().ok()).collect()
}

fn list(visit: &Visit, all: &[ViewingRead]) -> Markup {
    let lang = visit.lang;
    // One session may look at several organisations; only requests made to this one are shown.
    let own: Vec<Id<id::Request>> = visit
        .actor()
        .ok()
        .and_then(|a| visit.app.requests(a).ok())
        .unwrap_or_default()
        .iter()
        .filter(|r| visit.signed.as_ref().is_some_and(|s| s.organisation.id == r.request.organisation))
        .map(|r| r.request.id)
        .collect();
    let columns = vec![
        Column::new(text("日時", "At")),
        Column::new(text("閲覧した人", "Who")),
        Column::new(text("申請", "Request")),
        Column::new(text("画面", "Page")),
    ];
    let rows = all.iter().map(|viewing| {
        Row::new(vec![
            time(viewing.at),
            html! { (viewing.who) },
            html! {
                @for request in requests(&viewing.session).into_iter().filter(|r| own.contains(r)) {
                    a href=(urls::request(request)) { (text("申請を見る", "See the request").get(lang)) span.hidden-text { " " (request) } } " "
                }
            },
            html! { code { (viewing.page) } },
        ])
    });
    table(
        lang,
        &Table::new(text("閲覧された画面（新しい順）", "Pages that were opened, the newest first"), columns, rows.collect())
            .caption_hidden(),
    )
}
