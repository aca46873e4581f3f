//! What one account looked at or changed, counted by subject within a time (item 228(9)).

use maud::{Markup, html};
use rules::log::LogQuery;
use rules::text::{text, worded};

use super::ledger::{READERS, title};
use super::ledger_query::{accounts, at, moment_of, navigation, whose, whose_word};
use super::signs::time;
use crate::components::{Column, Crumb, Field, Input, Row, Table, empty, filter, input_field, select, table};
use crate::route::{Answer, Route, get};
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[get("/ledger/subjects", READERS, show)];

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let (lang, whose) = (visit.lang, whose(visit)?);
    let account = visit.query.text("who").trim();
    let (from, until) = (moment_of(&visit.query, "from")?, moment_of(&visit.query, "until")?);
    let choices = visit.app.ledger_choices(visit.actor()?)?;
    let field = |name, label| Field::new(name, label).value(visit.query.text(name));
    let page = urls::ledger_subjects();
    let fields = html! {
        input type="hidden" name="ledger" value=(whose_word(whose));
        (select(lang, &field("who", text("利用者", "Account")).required(), &accounts(&choices, account)))
        (input_field(lang, Input::Moment, &field("from", text("開始（日本時間）", "From (Japan)"))))
        (input_field(lang, Input::Moment, &field("until", text("終了（日本時間）", "Until (Japan)"))))
    };
    let found: Markup = if account.is_empty() {
        empty(
            lang,
            &text("利用者を選んでください", "Choose an account"),
            &text(
                "例: ある担当者がこの1か月に見た、または変更した案件と、その回数が並びます。",
                "For example the cases that somebody looked at or changed this month, and how often.",
            ),
            html! {},
        )
    } else {
        let counted = visit.app.ledger_subjects(visit.actor()?, whose, account, (from, until))?;
        let columns = vec![
            Column::new(text("対象", "Subject")),
            Column::new(text("回数", "Times")).number(),
            Column::new(text("最初", "First")),
            Column::new(text("最後", "Last")),
        ];
        let rows: Vec<Row> = counted
            .iter()
            .map(|of| {
                let subject = &of.count.subject;
                let query = LogQuery { actor: Some(account.to_owned()), subject: Some(subject.clone()), from, until, ..LogQuery::default() };
                Row::new(vec![
                    html! {
                        @if let Some(name) = &of.name { (name) br; }
                        @if subject == app::read::ledger::HIDDEN { (subject) } @else { a.small href=(at(&urls::ledger(), whose, &query)) data-row { (subject) } }
                    },
                    html! { (of.count.lines) },
                    time(of.count.first),
                    time(of.count.last),
                ])
            })
            .collect();
        if rows.is_empty() {
            empty(
                lang,
                &text("この期間の記録はありません", "No lines in this time"),
                &text("期間を広げてください。", "Widen the time."),
                html! {},
            )
        } else {
            let caption =
                worded(format!("{}個の対象（回数の多い順）", rows.len()), format!("{} subjects, the most often first", rows.len()));
            table(lang, &Table::new(caption, columns, rows))
        }
    };
    let main = html! {
        (navigation(visit, whose, &page)?)
        (filter(lang, &page, &urls::with_query(&page, &[("ledger", whose_word(whose).to_owned())]), fields))
        (found)
    };
    let here = text("対象ごとの回数", "Counts by subject");
    let mut page = visit.page(here.clone(), main);
    page.breadcrumb = vec![Crumb::link(title(), urls::ledger()), Crumb::here(here)];
    Ok(page.into())
}
