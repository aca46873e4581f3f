//! Stretches of time on one axis: whose turn it was in each round of a case.

use jiff::ToSpan;
use jiff::civil::Date;
use maud::{Markup, html};
use rules::text::{Lang, Text, text, worded};

use super::{Frame, Series, Shade, days, percent, row};
use crate::components::{Column, Row, Table, table};

/// From a day to a day; open when it has not ended.
#[derive(Debug, Clone)]
pub struct Span {
    pub label: Text,
    pub from: Date,
    pub to: Option<Date>,
    pub shade: Shade,
}

/// One line of the chart: a round.
#[derive(Debug, Clone)]
pub struct Lane {
    pub label: Text,
    pub spans: Vec<Span>,
}

/// Draws the lanes and a line for `today`, at which open spans end.
pub fn spans(lang: Lang, id: &str, title: &Text, lanes: &[Lane], legend: &[Series], today: Date) -> Markup {
    static SAYS: Text = text("期間は表にもあります。縦の点線は今日です。", "The table gives the periods. The dashed line is today.");
    let all = || lanes.iter().flat_map(|lane| &lane.spans);
    let first = all().map(|span| span.from).min().unwrap_or(today).min(today);
    let last = all().filter_map(|span| span.to).max().unwrap_or(today).max(today);
    let axis = Axis { first, whole: days(first, last).max(1) as f64, last };
    let frame = Frame { id, title, says: &SAYS, legend };
    let drawing = html! {
        ul.bars.lanes {
            (row(html! {}, axis.ticks(), html! {}))
            @for lane in lanes {
                (row(html! { (lane.label.get(lang)) }, html! {
                    svg role="img" width="100%" height="22" {
                        title { (lane.label.get(lang)) }
                        desc { (lane.spans.iter().map(|span| words(lang, span)).collect::<Vec<_>>().join(", ")) }
                        line.axis x1="0" x2="100%" y1="11" y2="11" { }
                        @for span in &lane.spans {
                            @let width = days(span.from, span.to.unwrap_or(today)).max(1) as f64;
                            (frame.block(span.shade, (&axis.at(span.from), &percent(width, axis.whole)), (3, 16), Some(&words(lang, span))))
                        }
                        line.today x1=(axis.at(today)) x2=(axis.at(today)) y1="0" y2="22" { }
                    }
                }, html! {}))
            }
        }
    };
    let columns = vec![
        Column::new(text("回", "Round")),
        Column::new(text("段階", "Stage")),
        Column::new(text("期間", "Period")),
        Column::new(text("日数", "Days")).number(),
    ];
    let rows = lanes.iter().flat_map(|lane| lane.spans.iter().map(move |span| (lane, span))).map(|(lane, span)| {
        Row::new(vec![
            html! { (lane.label.get(lang)) },
            html! { (span.label.get(lang)) },
            html! { span.nowrap { (period(lang, span)) } },
            html! { (days(span.from, span.to.unwrap_or(today))) },
        ])
    });
    frame.draw(lang, drawing, table(lang, &Table::new(title.clone(), columns, rows.collect()).caption_hidden().dense()))
}

fn period(lang: Lang, span: &Span) -> String {
    match span.to {
        Some(to) => worded(format!("{}〜{to}", span.from), format!("{} to {to}", span.from)).get(lang).to_owned(),
        None => worded(format!("{}から", span.from), format!("since {}", span.from)).get(lang).to_owned(),
    }
}

fn words(lang: Lang, span: &Span) -> String {
    format!("{}: {}", span.label.get(lang), period(lang, span))
}

/// The days from the left edge to the right one.
struct Axis {
    first: Date,
    last: Date,
    whole: f64,
}

impl Axis {
    fn at(&self, day: Date) -> String {
        percent(days(self.first, day) as f64, self.whole)
    }

    /// The first days of months, so many apart that at most six are written.
    fn months(&self) -> Vec<Date> {
        let step = (self.whole / 30.0 / 6.0).ceil().max(1.0) as usize;
        let start = self.first.first_of_month().saturating_add(if self.first.day() == 1 { 0.months() } else { 1.month() });
        (0..).step_by(step).map(|n: i32| start.saturating_add(n.months())).take_while(|month| *month <= self.last).collect()
    }

    fn ticks(&self) -> Markup {
        html! {
            svg.axis-row width="100%" height="18" aria-hidden="true" {
                @for month in self.months() {
                    line.axis x1=(self.at(month)) x2=(self.at(month)) y1="4" y2="18" { }
                    // A label at the very right would leave the drawing.
                    @if (days(self.first, month) as f64) < self.whole * 0.85 { text.faint x=(self.at(month)) dx="4" y="13" { (month.strftime("%Y-%m")) } }
                }
            }
        }
    }
}

pub(super) fn example(lang: Lang) -> Markup {
    let day = jiff::civil::date;
    let answering = text("申請元の回答", "Applicant answers");
    let judging = text("評価者の判定", "Evaluator judges");
    let lanes = [
        Lane {
            label: text("第1回", "Round 1"),
            spans: vec![
                Span { label: answering.clone(), from: day(2026, 8, 20), to: Some(day(2026, 10, 8)), shade: Shade::Answered },
                Span { label: judging.clone(), from: day(2026, 10, 8), to: Some(day(2026, 11, 2)), shade: Shade::Ready },
            ],
        },
        Lane {
            label: text("第2回", "Round 2"),
            spans: vec![Span { label: answering.clone(), from: day(2026, 11, 2), to: None, shade: Shade::Answered }],
        },
    ];
    let legend = [Series::new(answering, Shade::Answered), Series::new(judging, Shade::Ready)];
    spans(lang, "rounds", &text("評価の経過", "Rounds of the case"), &lanes, &legend, day(2026, 11, 22))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_months_are_written_however_long_the_case() {
        let day = jiff::civil::date;
        for (last, least) in [(day(2026, 9, 20), 1), (day(2027, 8, 20), 4), (day(2036, 8, 20), 4)] {
            let axis = Axis { first: day(2026, 8, 20), last, whole: days(day(2026, 8, 20), last) as f64 };
            let months = axis.months();
            assert!((least..=7).contains(&months.len()), "{months:?}");
            assert!(months.iter().all(|m| m.day() == 1));
        }
    }

    #[test]
    fn an_open_span_ends_today() {
        let html = example(Lang::En).into_string();
        assert!(html.contains("since 2026-11-02"));
        assert!(html.contains(r#"x1="100.00%" x2="100.00%" y1="0" y2="22""#), "{html}");
    }
}
