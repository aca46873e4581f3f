//! The pictures of a case: steps, figures, progress by category, rounds, loads, what expires.

use app::read::case::CaseRead;
use maud::{Markup, html};
use rules::case::{Round, State};
use rules::policy::Side;
use rules::progress::{CategoryProgress, Counts};
use rules::sheet::{Class, Sheet};
use rules::text::{Lang, Text, text, worded};

use super::super::signs::{class_name, class_shade, moment};
use super::with_side;
use crate::chart::{Bar, Bars, Expiry, Lane, Scale, Series, Shade, Span, bars, expiries, spans};
use crate::components::{Column, Row, Step, StepState, Table, Tile, Tone, card, steps, table, tiles};
use crate::urls;

/// The way of the case in six steps.
pub fn steps_of(lang: Lang, read: &CaseRead) -> Markup {
    let case = &read.facts.case;
    let at = match case.state {
        State::Draft => 0,
        State::Submitted => 1,
        State::InReview => 2,
        State::Returned => 3,
        State::Decided => 4,
        State::Certified | State::Refused | State::Watched | State::Renewed | State::Expired | State::Withdrawn => 5,
    };
    let end = if at == 5 { case.state.name() } else { text("認定", "Certificate") };
    let names = [
        text("回答の作成", "Answering"),
        text("申請", "Submitted"),
        text("評価", "Review"),
        text("改善", "Improvement"),
        text("最終判定", "Decision"),
        end,
    ];
    let round = (case.round > 0).then(|| worded(format!("第{}回", case.round), format!("Round {}", case.round)));
    let returned = read.facts.rounds.iter().any(|r| r.returned.is_some());
    let list: Vec<Step> = names
        .into_iter()
        .enumerate()
        .map(|(n, name)| {
            // Who was never asked to improve anything did not pass that step.
            let skipped = n == 3 && at > 3 && !returned;
            let state = if n == at {
                StepState::Now
            } else if n < at && !skipped {
                StepState::Done
            } else {
                StepState::Ahead
            };
            let step = Step::new(name, state);
            match (n == at, &round, case.due) {
                (true, Some(round), Some(due)) => {
                    step.note(worded(format!("{} 期限 {due}", round.ja), format!("{}, due on {due}", round.en)))
                }
                (true, Some(round), None) => step.note(round.clone()),
                (true, None, Some(due)) => step.note(worded(format!("期限 {due}"), format!("Due on {due}"))),
                _ => step,
            }
        })
        .filter(|s| !(at > 3 && s.state == StepState::Ahead && s.name.en == "Improvement"))
        .collect();
    steps(lang, &list)
}

fn items_with(read: &CaseRead, query: &str) -> String {
    with_side(read, format!("{}?{query}", urls::case_page(read.facts.case.id, "items")))
}

/// The case in figures, each a link to what it counts.
pub fn figures(lang: Lang, read: &CaseRead) -> Markup {
    let counts = read.progress().total;
    let of = worded(format!("/ {}項目", counts.items), format!("of {} items", counts.items));
    let mut list = vec![Tile::new(text("回答済み", "Answered"), counts.answered).of(of.clone()).link(items_with(read, "show=answered"))];
    if read.side == Side::Applicant {
        list.push(Tile::new(text("準備完了", "Ready"), counts.ready).of(of.clone()).link(items_with(read, "status=ready")));
    }
    list.push(Tile::new(text("証跡あり", "With evidence"), counts.with_evidence).of(of.clone()).link(items_with(read, "show=evidence")));
    list.push(Tile::new(text("判定済み", "Judged"), counts.judged_total()).of(of).link(items_with(read, "show=judged")));
    if read.side == Side::Applicant {
        let copied = read.items.iter().filter(|f| f.answer.as_ref().is_some_and(|a| a.origin.awaits_confirmation())).count();
        let left = read
            .items
            .iter()
            .filter(|f| f.verdict.as_ref().is_some_and(|v| !v.content.improvement.is_empty()) && !f.improvement_is_answered())
            .count();
        let tone = |n| if n > 0 { Tone::Warn } else { Tone::Success };
        list.push(
            Tile::new(text("転記・提案の未確認", "Copied, not confirmed"), copied).tone(tone(copied)).link(items_with(read, "show=copied")),
        );
        if read.facts.case.round > 0 {
            list.push(
                Tile::new(text("改善策への未回答", "Improvements to answer"), left).tone(tone(left)).link(items_with(read, "show=improve")),
            );
        }
    }
    tiles(lang, &list)
}

/// What a progress bar tells apart: verdicts by class, then what is answered, and what is not.
pub fn shades(sheet: &Sheet) -> Vec<Series> {
    let mut series: Vec<Series> = Class::ALL.iter().map(|c| Series::new(class_name(sheet, *c), class_shade(*c))).collect();
    series[4] = Series::new(worded(format!("判定: {}", series[4].label.ja), format!("Verdict: {}", series[4].label.en)), Shade::Open);
    series.push(Series::new(text("回答済み・未判定", "Answered, not judged"), Shade::Answered));
    series.push(Series::new(text("未回答", "Not answered"), Shade::Open));
    series
}

/// The lengths of a progress bar, in the order of [`shades`].
pub fn lengths(counts: &Counts) -> Vec<usize> {
    let mut values: Vec<usize> = Class::ALL.iter().map(|class| counts.judged.get(class).copied().unwrap_or(0) as usize).collect();
    values.push((counts.answered as usize).saturating_sub(counts.judged_total() as usize));
    let used: usize = values.iter().sum();
    values.push((counts.items as usize).saturating_sub(used));
    values
}

/// How far each category is.
pub fn progress(lang: Lang, read: &CaseRead) -> Markup {
    let row = |c: CategoryProgress| {
        let href = Some(items_with(read, &format!("category={}", c.minor)));
        Bar { label: c.name, href, values: lengths(&c.counts) }
    };
    let rows = read.progress().categories.into_iter().map(row).collect();
    // A verdict left open and an item without answer look alike; only one of the two is drawn with nothing judged.
    let chart = Bars {
        id: "progress",
        title: text("分類別の進捗", "Progress by category"),
        of: text("中分類", "Category"),
        scale: Scale::Share,
        series: shades(&read.sheet),
        rows,
    };
    bars(lang, &without_empty(chart))
}

/// Leaves out what no row has any of.
pub fn without_empty(chart: Bars) -> Bars {
    let used: Vec<bool> = (0..chart.series.len()).map(|n| chart.rows.iter().any(|r| r.values[n] > 0)).collect();
    let keep = |n: &usize| used[*n];
    let series = (0..used.len()).filter(keep).map(|n| chart.series[n].clone()).collect();
    let rows =
        chart.rows.iter().map(|r| Bar { values: (0..used.len()).filter(keep).map(|n| r.values[n]).collect(), ..r.clone() }).collect();
    Bars { series, rows, ..chart }
}

/// Who has what, with a picture and a table of due dates.
pub fn loads(lang: Lang, read: &CaseRead) -> Markup {
    let nobody = text("担当者なし", "Nobody");
    let loads = read.loads();
    let name = |person: &Option<_>| person.map_or_else(|| nobody.clone(), |p| worded(read.name(p), read.name(p)));
    let owner = |person: &Option<rules::id::Id<rules::id::Person>>| person.map_or_else(|| "none".to_owned(), |p| p.to_string());
    let rows = loads
        .iter()
        .map(|(person, load)| Bar {
            label: name(person),
            href: Some(items_with(read, &format!("owner={}", owner(person)))),
            values: vec![load.ready as usize, load.overdue as usize, (load.items - load.ready - load.overdue) as usize],
        })
        .collect();
    let series = vec![
        Series::new(text("準備完了", "Ready"), Shade::Ready),
        Series::new(text("期限超過", "Overdue"), Shade::Bad),
        Series::new(text("作業中・未着手", "To do"), Shade::Open),
    ];
    let next: Vec<Row> = loads
        .iter()
        .filter_map(|(p, l)| {
            l.next_due.map(|d| Row::new(vec![html! { (name(p).get(lang)) }, super::super::signs::due(lang, Some(d), d < read.today)]))
        })
        .collect();
    html! {
        (bars(lang, &Bars { id: "loads", title: text("担当者別の項目数", "Items by owner"), of: text("担当者", "Owner"), scale: Scale::Count, series, rows }))
        @if !next.is_empty() {
            (table(lang, &Table::new(text("次の期限", "Next due date"), vec![Column::new(text("担当者", "Owner")), Column::new(text("期限", "Due"))], next).dense()))
        }
    }
}

fn day(at: jiff::Timestamp) -> jiff::civil::Date {
    rules::act::japan(at).date()
}

/// Whose turn it was in each round, and the seal of each.
pub fn rounds(lang: Lang, read: &CaseRead) -> Markup {
    let legend = [
        Series::new(text("申請者の作業", "With the applicant"), Shade::Answered),
        Series::new(text("評価機関の作業", "With the evaluation body"), Shade::Ready),
    ];
    let rounds = &read.facts.rounds;
    let applicant = legend[0].label.clone();
    let body = legend[1].label.clone();
    let mut lanes = vec![];
    let mut from = day(read.facts.case.opened);
    let span = |label: &Text, shade, from, to| Span { label: label.clone(), from, to, shade };
    for round in rounds {
        let end = round.returned.or(read.facts.decision.as_ref().map(|d| d.at)).map(day);
        let parts =
            vec![span(&applicant, Shade::Answered, from, Some(day(round.submitted))), span(&body, Shade::Ready, day(round.submitted), end)];
        lanes.push(Lane { label: worded(format!("第{}回", round.n), format!("Round {}", round.n)), spans: parts });
        from = end.unwrap_or(from);
    }
    if read.facts.case.state.is_open_to_applicant() {
        let n = read.facts.case.round + 1;
        lanes.push(Lane {
            label: worded(format!("第{n}回（準備中）"), format!("Round {n} (in preparation)")),
            spans: vec![span(&applicant, Shade::Answered, from, None)],
        });
    }
    html! {
        (spans(lang, "rounds", &text("ラウンドの期間", "Rounds in time"), &lanes, &legend, read.today))
        @if !rounds.is_empty() { (seals(lang, rounds)) }
    }
}

fn seals(lang: Lang, rounds: &[Round]) -> Markup {
    let columns = vec![
        Column::new(text("回", "Round")).number(),
        Column::new(text("申請", "Submitted")),
        Column::new(text("返却", "Returned")),
        Column::new(text("封印（SHA-256）", "Seal (SHA-256)")),
    ];
    let rows = rounds.iter().map(|r| {
        let digest = r.digest.to_string();
        Row::new(vec![
            html! { (r.n) },
            html! { (moment(r.submitted)) },
            html! { (r.returned.map(moment).unwrap_or_default()) },
            html! { code title=(digest) { (digest[..16]) "…" } },
        ])
    });
    table(lang, &Table::new(text("申請内容の封印", "Seals of what was submitted"), columns, rows.collect()).dense())
}

/// Files that claims rest on and that have a last day, and the certificate.
pub fn expiry(lang: Lang, read: &CaseRead) -> Markup {
    let own = read.side == Side::Applicant;
    let named = |s: &str| worded(s, s);
    let mut list: Vec<Expiry> = read
        .evidence
        .values()
        .filter_map(|e| Some(Expiry { label: named(&e.name), on: e.valid_until?, href: own.then(|| urls::document(e.id)) }))
        .collect();
    if let Some(on) = read.facts.certificate.as_ref().and_then(|c| c.valid_until) {
        list.push(Expiry { label: text("認定証", "Certificate"), on, href: None });
    }
    if list.is_empty() {
        return html! {};
    }
    card(
        lang,
        &text("期限のあるもの", "What expires"),
        html! {},
        expiries(lang, "case-expiry", &text("有効期限", "Valid until"), &list, read.today),
    )
}
