//! How the lines that fit spread over days and kinds, as bars with their table.

use maud::html;
use rules::text::{text, worded};

use super::ledger::{READERS, title};
use super::ledger_kinds::kind_name;
use super::ledger_query::{at, form, navigation, query, whose};
use crate::chart::{Bar, Bars, Scale, Series, Shade, bars};
use crate::components::{Crumb, Tone, empty, notice};
use crate::route::{Answer, Route, get};
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[get("/ledger/chart", READERS, show)];

/// Lines that are counted at most; the newest.
const MOST: usize = 20_000;
/// Days that are drawn at most, the newest.
const DAYS: usize = 62;

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let (lang, whose) = (visit.lang, whose(visit)?);
    let looked = query(&visit.query)?;
    let choices = visit.app.ledger_choices(visit.actor()?)?;
    let spread = visit.app.ledger_spread(visit.actor()?, whose, &looked, MOST)?;
    let series = || vec![Series::new(text("件数", "Lines"), Shade::Open)];
    let same = |t: String| worded(t.clone(), t);
    let days =
        spread.days.iter().rev().take(DAYS).map(|(day, n)| Bar { label: same(day.to_string()), href: None, values: vec![*n] }).collect();
    let mut kinds: Vec<_> = spread.kinds.iter().collect();
    kinds.sort_by_key(|(kind, n)| (std::cmp::Reverse(**n), kind.as_str()));
    let kinds = kinds
        .into_iter()
        .map(|(kind, n)| {
            let of = rules::log::LogQuery { kind: Some(kind.clone()), ..looked.clone() };
            Bar { label: kind_name(kind), href: Some(at(&urls::ledger(), whose, &of)), values: vec![*n] }
        })
        .collect();
    let chart = |id, title, of, rows| bars(lang, &Bars { id, title, of, scale: Scale::Count, series: series(), rows });
    let main = html! {
        (navigation(visit, whose, &urls::ledger_chart())?)
        (form(visit, &urls::ledger_chart(), whose, &choices, None))
        @if spread.cut {
            (notice(lang, Tone::Info, &worded(format!("新しい{MOST}件だけを数えました。期間を絞ると全体を数えます。"), format!("Only the newest {MOST} lines are counted. Narrow the time to count all.")), html! {}))
        }
        @if spread.lines == 0 {
            (empty(lang, &text("当てはまる記録はありません", "No line fits"), &text("条件を減らすか、期間を広げてください。", "Take away a condition, or widen the time."), html! {}))
        } @else {
            section { h2 { (text("日別", "By day").get(lang)) } (chart("by-day", text("日別の件数", "Lines by day"), text("日", "Day"), days)) }
            section { h2 { (text("種類別", "By kind").get(lang)) } (chart("by-kind", text("種類別の件数", "Lines by kind"), text("出来事", "What happened"), kinds)) }
        }
    };
    let here = text("日別・種類別", "By day and kind");
    let mut page = visit.page(here.clone(), main);
    page.breadcrumb = vec![Crumb::link(title(), urls::ledger()), Crumb::here(here)];
    Ok(page.into())
}
