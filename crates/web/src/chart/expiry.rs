//! What expires when: a line from today to each date, what is over first.

use jiff::civil::Date;
use maud::{Markup, html};
use rules::text::{Lang, Text, text, worded};

use super::{Frame, days, named, percent, row};
use crate::components::{Column, Row, Table, Tone, table, tag};

/// Something with a last day.
#[derive(Debug, Clone)]
pub struct Expiry {
    pub label: Text,
    pub on: Date,
    pub href: Option<String>,
}

/// Draws them by date. Lines are as long as the time left, up to a year.
pub fn expiries(lang: Lang, id: &str, title: &Text, list: &[Expiry], today: Date) -> Markup {
    static SAYS: Text =
        text("日付は表にもあります。線の長さは残りの日数です。", "The table gives the dates. A line is as long as the days left.");
    const YEAR: f64 = 365.0;
    let mut list: Vec<&Expiry> = list.iter().collect();
    list.sort_by_key(|expiry| expiry.on);
    let reach = list.iter().map(|expiry| days(today, expiry.on) as f64).fold(30.0, f64::max).min(YEAR);
    let frame = Frame { id, title, says: &SAYS, legend: &[] };
    let drawing = html! {
        ul.bars.dated {
            @for expiry in &list {
                @let left = days(today, expiry.on);
                @let x = percent((left as f64).clamp(0.0, reach) * 0.97, reach);
                @let (tone, said) = state(left);
                (row(named(lang, &expiry.label, expiry.href.as_ref()), html! {
                    svg.(tone.class()) role="img" width="100%" height="16" {
                        title { (expiry.label.get(lang)) }
                        desc { (expiry.on) ", " (said.get(lang)) }
                        line.axis x1="0" x2="100%" y1="8" y2="8" { }
                        line.left x1="0" x2=(x) y1="8" y2="8" { }
                        @if left < 0 { text.dead x="1" y="13" { "✕" } } @else { circle.dot cx=(x) cy="8" r="5" { } }
                    }
                }, tag(lang, tone, &said)))
            }
        }
    };
    let columns =
        vec![Column::new(text("期限のあるもの", "What")), Column::new(text("期限", "Expires on")), Column::new(text("状態", "State"))];
    let rows = list.iter().map(|expiry| {
        let (_, said) = state(days(today, expiry.on));
        Row::new(vec![html! { (expiry.label.get(lang)) }, html! { time datetime=(expiry.on) { (expiry.on) } }, html! { (said.get(lang)) }])
    });
    frame.draw(lang, drawing, table(lang, &Table::new(title.clone(), columns, rows.collect()).caption_hidden().dense()))
}

/// The last day itself is still valid.
fn state(left: i64) -> (Tone, Text) {
    match left {
        ..0 => (Tone::Danger, worded(format!("{}日前に期限切れ", -left), format!("Expired {} days ago", -left))),
        0 => (Tone::Warn, text("今日まで", "Expires today")),
        1..=30 => (Tone::Warn, worded(format!("あと{left}日"), format!("{left} days left"))),
        _ => (Tone::Neutral, worded(format!("あと{left}日"), format!("{left} days left"))),
    }
}

pub(super) fn example(lang: Lang) -> Markup {
    let day = jiff::civil::date;
    let expiry = |ja, en, on| Expiry { label: text(ja, en), on, href: Some("#".to_owned()) };
    let list = [
        expiry("プライバシーマーク登録証", "Privacy mark certificate", day(2027, 6, 30)),
        expiry("脆弱性診断報告書", "Vulnerability test report", day(2026, 11, 10)),
        expiry("ISO/IEC 27001 登録証", "ISO/IEC 27001 certificate", day(2026, 12, 4)),
    ];
    expiries(lang, "expiries", &text("証拠の有効期限", "Expiry of evidence"), &list, day(2026, 11, 22))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_still_counts() {
        assert_eq!(state(-1).0, Tone::Danger);
        assert_eq!(state(0).1.en, "Expires today");
        assert_eq!(state(30).0, Tone::Warn);
        assert_eq!(state(31).0, Tone::Neutral);
    }

    #[test]
    fn what_is_over_comes_first() {
        let html = example(Lang::En).into_string();
        assert!(html.find("Vulnerability").unwrap() < html.find("ISO/IEC").unwrap());
    }
}
