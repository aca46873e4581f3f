//! The secretariat's board: the body's cases by state, with what is due.

use app::read::home::{Board, CaseRow};
use maud::{Markup, html};
use rules::case::State;
use rules::party::Role;
use rules::policy::{self, Side};
use rules::text::{Lang, Text, text, worded};

use super::contents::is_over;
use super::signs;
use crate::components::{Column, Kind, Row, Table, Tile, Tone, details, empty, link_button, table, tag, tiles};
use crate::route::{Answer, Guard, Route, get};
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[get("/board", Guard::Roles(&[Role::Secretariat, Role::Decider]), show)];

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let board = visit.app.board(visit.actor()?)?;
    let mut page = visit.page(text("案件ボード", "Board"), view(visit.lang, &board));
    page.corner = html! {
        @if visit.has(Role::Secretariat) { (link_button(visit.lang, Kind::Quiet, &text("定型文", "Phrases"), &urls::phrases())) }
        @if visit.has(Role::Administrator) { (link_button(visit.lang, Kind::Quiet, &text("組織の設定", "Settings"), &urls::settings())) }
    };
    page.lead = Some(text(
        "評価機関の案件を状態ごとに示します。期限の近い順に並びます。",
        "The body's cases by state; what is due first stands first.",
    ));
    Ok(page.into())
}

fn anchor(state: State) -> String {
    format!("state-{}", super::word(&state))
}

fn view(lang: Lang, board: &Board) -> Markup {
    let filled: Vec<&(State, Vec<CaseRow>)> = board.columns.iter().filter(|(_, rows)| !rows.is_empty()).collect();
    let figures: Vec<Tile> = filled
        .iter()
        .map(|(state, rows)| Tile::new(state.name(), rows.len()).tone(signs::state_tone(*state)).link(format!("#{}", anchor(*state))))
        .collect();
    html! {
        @if filled.is_empty() {
            (empty(lang, &text("案件はまだありません", "There are no cases yet"), &text("事業者が申請すると、ここに表示されます。", "They appear here once a provider submits one."), html! {}))
        } @else {
            (tiles(lang, &figures))
            @for (state, rows) in filled {
                section id=(anchor(*state)) {
                    // What is closed is there when it is looked for, and out of the way otherwise.
                    @if is_over(*state) { (details(lang, &worded(format!("{}（{}件）", state.name().ja, rows.len()), format!("{} ({})", state.name().en, rows.len())), false, cases(lang, *state, rows, board))) }
                    @else { h2 { (state.name().get(lang)) } (cases(lang, *state, rows, board)) }
                }
            }
        }
    }
}

/// What the body does next, and where.
fn next(row: &CaseRow) -> Option<(Text, String)> {
    let case = row.case.id;
    let run = |label| Some((label, urls::case_page(case, "body")));
    match row.case.state {
        State::Submitted => run(text("受付する", "Accept")),
        State::InReview => Some((text("評価を見る", "See the evaluation"), urls::bench(case))),
        State::Decided => run(text("判定を確定する", "Conclude")),
        State::Certified | State::Watched => run(text("認定を管理する", "Look after the certificate")),
        State::Draft | State::Returned | State::Refused | State::Renewed | State::Expired | State::Withdrawn => None,
    }
}

fn cases(lang: Lang, state: State, rows: &[CaseRow], board: &Board) -> Markup {
    let mut sorted: Vec<&CaseRow> = rows.iter().collect();
    sorted.sort_by_key(|r| (r.case.due.is_none(), r.case.due, std::cmp::Reverse(r.case.id)));
    let columns = vec![
        Column::new(text("プロダクト", "Product")),
        Column::new(text("整理番号", "Reference number")),
        Column::new(text("評価申請元", "Applicant")),
        Column::new(text("回", "Round")).number(),
        Column::new(text("期限", "Due")),
        Column::new(text("次の作業", "Next")),
    ];
    let lines = sorted.into_iter().map(|row| {
        let overdue = row.case.due.is_some_and(|d| d < board.today) && policy::turn(row.case.state).is_some();
        Row::new(vec![
            html! { a href=(urls::case(row.case.id)) data-row { (row.product) } },
            html! { @match &row.case.number { Some(number) => { span.nowrap { (number) } }, None => { (tag(lang, Tone::Neutral, &text("未付番", "Not given"))) } } },
            html! { (row.provider) },
            html! { (row.case.round) },
            html! { @if row.case.due.is_some() { (signs::due(lang, row.case.due, overdue)) } @else { "—" } },
            html! {
                @match next(row) {
                    Some((label, href)) => { a href=(href) { (label.get(lang)) span.hidden-text { " " (row.product) } } },
                    None => { @if policy::turn(row.case.state) == Some(Side::Applicant) { span.muted { (signs::turn(row.case.state, Side::Body).get(lang)) } } },
                }
            },
        ])
    });
    table(lang, &Table::new(state.name(), columns, lines.collect()).caption_hidden())
}
