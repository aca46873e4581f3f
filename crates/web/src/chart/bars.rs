//! Stacked horizontal bars: progress by category, who has what, totals.

use maud::{Markup, html};
use rules::text::{Lang, Text, text, worded};

use super::{Frame, Series, Shade, named, percent, row};
use crate::components::{Column, Row, Table, table};

/// What the length of a bar means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Every bar is full: how a category is divided.
    Share,
    /// The longest bar is full: how much somebody has.
    Count,
}

/// One bar; one value for each series.
#[derive(Debug, Clone)]
pub struct Bar {
    pub label: Text,
    pub href: Option<String>,
    pub values: Vec<usize>,
}

impl Bar {
    fn total(&self) -> usize {
        self.values.iter().sum()
    }
}

/// A chart of bars. `of` heads the column of names: "Category", "Owner".
#[derive(Debug, Clone)]
pub struct Bars<'a> {
    pub id: &'a str,
    pub title: Text,
    pub of: Text,
    pub scale: Scale,
    pub series: Vec<Series>,
    pub rows: Vec<Bar>,
}

/// Draws the chart with its table.
pub fn bars(lang: Lang, chart: &Bars) -> Markup {
    let frame = frame(chart.id, &chart.title, &chart.series);
    let longest = chart.rows.iter().map(Bar::total).max().unwrap_or(0);
    let drawing = html! {
        ul.bars {
            @for bar in &chart.rows {
                @let whole = match chart.scale { Scale::Share => bar.total(), Scale::Count => longest };
                (row(named(lang, &bar.label, bar.href.as_ref()), strip(lang, &frame, chart, bar, whole, 16), html! { (bar.total()) }))
            }
        }
    };
    frame.draw(lang, drawing, figures(lang, chart))
}

/// One thick bar for the whole, with the counts in its legend.
pub fn totals(lang: Lang, id: &str, title: &Text, counts: &[(Series, usize)]) -> Markup {
    let series = counts.iter().map(|(s, n)| Series::new(worded(format!("{} {n}", s.label.ja), format!("{} {n}", s.label.en)), s.shade));
    let chart = Bars {
        id,
        title: title.clone(),
        of: text("合計", "Total"),
        scale: Scale::Share,
        series: series.collect(),
        rows: vec![Bar { label: text("合計", "Total"), href: None, values: counts.iter().map(|(_, n)| *n).collect() }],
    };
    let frame = frame(id, title, &chart.series);
    let columns = vec![Column::new(text("区分", "Kind")), Column::new(text("件数", "Count")).number()];
    let rows = counts.iter().map(|(s, n)| Row::new(vec![html! { (s.label.get(lang)) }, html! { (n) }]));
    let figures = table(lang, &Table::new(title.clone(), columns, rows.collect()).caption_hidden().dense());
    frame.draw(lang, strip(lang, &frame, &chart, &chart.rows[0], chart.rows[0].total(), 28), figures)
}

fn frame<'a>(id: &'a str, title: &'a Text, series: &'a [Series]) -> Frame<'a> {
    static SAYS: Text = text("横棒の内訳は表にもあります。", "The table gives the figures of these bars.");
    Frame { id, title, says: &SAYS, legend: series }
}

/// The drawing of one bar. Numbers stand inside pieces that have room for them.
fn strip(lang: Lang, frame: &Frame, chart: &Bars, bar: &Bar, whole: usize, height: u32) -> Markup {
    let whole_f = whole as f64;
    let mut start = 0usize;
    let pieces: Vec<(Shade, usize, usize, String)> = chart
        .series
        .iter()
        .zip(&bar.values)
        .map(|(series, value)| {
            let from = start;
            start += value;
            (
                series.shade,
                from,
                *value,
                worded(format!("{} {value}件", series.label.ja), format!("{}: {value}", series.label.en)).get(lang).to_owned(),
            )
        })
        .filter(|(_, _, value, _)| *value > 0)
        .collect();
    let said: Vec<&str> = pieces.iter().map(|piece| piece.3.as_str()).collect();
    html! {
        svg role="img" width="100%" height=(height) {
            title { (bar.label.get(lang)) }
            desc { (said.join(", ")) }
            @for (shade, from, value, tip) in &pieces {
                (frame.block(*shade, (&percent(*from as f64, whole_f), &percent(*value as f64, whole_f)), (0, height), Some(tip)))
            }
            @for (_, from, value, _) in pieces.iter().filter(|piece| piece.2 * 100 >= whole * 8) {
                text.over x=(percent(*from as f64 + *value as f64 / 2.0, whole_f)) y=(height / 2) dy="0.36em" text-anchor="middle" aria-hidden="true" pointer-events="none" { (value) }
            }
        }
    }
}

fn figures(lang: Lang, chart: &Bars) -> Markup {
    let mut columns = vec![Column::new(chart.of.clone())];
    columns.extend(chart.series.iter().map(|series| Column::new(series.label.clone()).number()));
    columns.push(Column::new(text("計", "Total")).number());
    let rows = chart.rows.iter().map(|bar| {
        let mut cells = vec![html! { (bar.label.get(lang)) }];
        cells.extend(bar.values.iter().map(|value| html! { (value) }));
        cells.push(html! { (bar.total()) });
        Row::new(cells)
    });
    table(lang, &Table::new(chart.title.clone(), columns, rows.collect()).caption_hidden().dense())
}

pub(super) fn example(lang: Lang) -> Markup {
    let verdicts = vec![
        Series::new(text("適合", "Conforms"), Shade::Good),
        Series::new(text("条件付適合", "Conditional"), Shade::Partly),
        Series::new(text("不適合", "Fails"), Shade::Bad),
        Series::new(text("対象外", "Out of scope"), Shade::Out),
        Series::new(text("未判定", "Not judged"), Shade::Open),
    ];
    let bar = |ja, en, values: &[usize]| Bar { label: text(ja, en), href: Some("#".to_owned()), values: values.to_vec() };
    let by_category = Bars {
        id: "by-category",
        title: text("分類ごとの判定結果", "Verdicts by category"),
        of: text("分類", "Category"),
        scale: Scale::Share,
        series: verdicts.clone(),
        rows: vec![
            bar("ユーザとの契約", "Contract with users", &[6, 1, 0, 0, 2]),
            bar("情報セキュリティ", "Information security", &[9, 2, 1, 0, 1]),
            bar("識別・認証・認可（アクセス制御）", "Identification, authentication, authorisation", &[20, 6, 3, 4, 6]),
            bar("個別サービス仕様（電子署名）", "Electronic signature", &[0, 0, 0, 8, 0]),
        ],
    };
    let work = Bars {
        id: "by-owner",
        title: text("担当者ごとの項目", "Items by owner"),
        of: text("担当者", "Owner"),
        scale: Scale::Count,
        series: vec![
            Series::new(text("提出できる", "Ready"), Shade::Ready),
            Series::new(text("回答済み", "Answered"), Shade::Answered),
            Series::new(text("未回答", "Not answered"), Shade::Open),
        ],
        rows: vec![
            bar("佐藤 花子", "Hanako Sato", &[40, 22, 18]),
            bar("鈴木 一郎", "Ichiro Suzuki", &[5, 9, 21]),
            bar("担当者なし", "No owner", &[0, 0, 12]),
        ],
    };
    let counts: Vec<(Series, usize)> = verdicts.into_iter().zip([141, 31, 12, 40, 29]).collect();
    html! { (totals(lang, "all-verdicts", &text("253項目の判定結果", "Verdicts on 253 items"), &counts)) (bars(lang, &by_category)) (bars(lang, &work)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_without_values_is_drawn_empty() {
        let chart = Bars {
            id: "e",
            title: text("甲", "A"),
            of: text("甲", "A"),
            scale: Scale::Share,
            series: vec![Series::new(text("乙", "B"), Shade::Good)],
            rows: vec![Bar { label: text("丙", "C"), href: None, values: vec![0] }],
        };
        let html = bars(Lang::En, &chart).into_string();
        assert!(!html.contains("NaN") && !html.contains(r#"class="over""#), "{html}");
    }

    #[test]
    fn widths_of_a_share_bar_add_up() {
        let html = example(Lang::En).into_string();
        assert!(html.contains(r#"x="66.67%" width="11.11%""#), "the second piece of 6+1+2 starts after the first");
    }
}
