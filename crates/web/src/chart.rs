//! Charts: SVG bars drawn on the server, told apart by colour, pattern and words, with the same figures in a table beside.

mod bars;
mod code;
mod expiry;
mod spans;

pub use bars::{Bar, Bars, Scale, bars, totals};
pub use code::code_picture;
pub use expiry::{Expiry, expiries};
pub use spans::{Lane, Span, spans};

use std::collections::BTreeSet;

use maud::{Markup, html};
use rules::text::{Lang, Text, text};

/// What a piece of a chart stands for; decides its colour and pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shade {
    Good,
    Partly,
    Bad,
    Out,
    Open,
    Ready,
    Answered,
}

impl Shade {
    const fn name(self) -> &'static str {
        match self {
            Shade::Good => "good",
            Shade::Partly => "partly",
            Shade::Bad => "bad",
            Shade::Out => "out",
            Shade::Open => "open",
            Shade::Ready => "ready",
            Shade::Answered => "answered",
        }
    }

    /// The lines over the colour, for those who see colours alike and for black-and-white print.
    const fn lines(self) -> Option<&'static str> {
        match self {
            Shade::Good | Shade::Open | Shade::Answered => None,
            Shade::Partly => Some("M-1 1L1 -1M0 7L7 0M6 8L8 6"),
            Shade::Bad => Some("M0 0L7 7M7 0L0 7"),
            Shade::Out => Some("M0 3.5H7"),
            Shade::Ready => Some("M3.5 0V7"),
        }
    }
}

/// A kind of thing that is counted.
#[derive(Debug, Clone)]
pub struct Series {
    pub label: Text,
    pub shade: Shade,
}

impl Series {
    pub const fn new(label: Text, shade: Shade) -> Series {
        Series { label, shade }
    }
}

/// The frame of every chart: title, drawing, legend, table. `id` is unique on the page and prefixes the ids of patterns.
struct Frame<'a> {
    id: &'a str,
    title: &'a Text,
    /// One sentence that says what the drawing shows, for those who do not see it.
    says: &'a Text,
    legend: &'a [Series],
}

impl Frame<'_> {
    fn draw(&self, lang: Lang, drawing: Markup, table: Markup) -> Markup {
        let shades: BTreeSet<Shade> = self.legend.iter().map(|series| series.shade).collect();
        html! {
            figure.chart id=(self.id) {
                figcaption { (self.title.get(lang)) }
                // The patterns have a drawing of their own, as the bars below are many.
                svg.chart-patterns width="0" height="0" aria-hidden="true" {
                    defs {
                        @for shade in shades {
                            @if let Some(lines) = shade.lines() {
                                pattern id={ (self.id) "-" (shade.name()) } width="7" height="7" patternUnits="userSpaceOnUse" {
                                    path.chart-ink d=(lines) fill="none" stroke-width="1" stroke-opacity="0.55" { }
                                }
                            }
                        }
                    }
                }
                p.hidden-text { (self.says.get(lang)) }
                div.chart-body.beside {
                    div { (drawing) @if !self.legend.is_empty() { (self.keys(lang)) } }
                    details open { summary { (text("表で見る", "As a table").get(lang)) } (table) }
                }
            }
        }
    }

    fn keys(&self, lang: Lang) -> Markup {
        html! {
            ul.legend {
                @for series in self.legend {
                    li { svg aria-hidden="true" width="20" height="14" { (self.block(series.shade, ("0%", "100%"), (0, 14), None)) } (series.label.get(lang)) }
                }
            }
        }
    }

    /// A rectangle of a shade: colour, edge and pattern. `x` and `y` are start and length; `tip` is shown under the pointer.
    fn block(&self, shade: Shade, x: (&str, &str), y: (u32, u32), tip: Option<&str>) -> Markup {
        let fill = format!("fill-{}", shade.name());
        html! {
            rect.(fill) x=(x.0) width=(x.1) y=(y.0) height=(y.1) { @if let Some(tip) = tip { title { (tip) } } }
            @if shade.lines().is_some() {
                rect x=(x.0) width=(x.1) y=(y.0) height=(y.1) fill={ "url(#" (self.id) "-" (shade.name()) ")" } pointer-events="none" { }
            }
            @if shade == Shade::Open { rect.edge x=(x.0) width=(x.1) y=(y.0) height=(y.1) { } }
        }
    }
}

/// A row of a drawing: its name, its SVG, and a short word at the end.
fn row(label: Markup, drawing: Markup, end: Markup) -> Markup {
    html! { li { span.bar-name { (label) } (drawing) span.bar-end { (end) } } }
}

fn named(lang: Lang, label: &Text, href: Option<&String>) -> Markup {
    html! { @if let Some(href) = href { a href=(href) { (label.get(lang)) } } @else { (label.get(lang)) } }
}

/// `part` of `whole` as an SVG percentage.
fn percent(part: f64, whole: f64) -> String {
    if whole <= 0.0 { "0%".to_owned() } else { format!("{:.2}%", part / whole * 100.0) }
}

/// Days from `from` to `to`; negative when `to` is earlier.
fn days(from: jiff::civil::Date, to: jiff::civil::Date) -> i64 {
    from.duration_until(to).as_hours() / 24
}

pub(crate) fn example(lang: Lang) -> Markup {
    html! { (bars::example(lang)) (spans::example(lang)) (expiry::example(lang)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percentages() {
        assert_eq!(percent(1.0, 3.0), "33.33%");
        assert_eq!(percent(1.0, 0.0), "0%");
    }

    #[test]
    fn every_pattern_that_is_used_is_defined() {
        let html = scraper::Html::parse_fragment(&example(Lang::Ja).into_string());
        let selector = scraper::Selector::parse("*").unwrap();
        let ids: BTreeSet<&str> = html.select(&selector).filter_map(|e| e.attr("id")).collect();
        let used = html.select(&selector).filter_map(|e| e.attr("fill")?.strip_prefix("url(#")?.strip_suffix(')'));
        let used: Vec<&str> = used.collect();
        assert!(used.len() > 5);
        assert!(used.iter().all(|id| ids.contains(id)), "{used:?} {ids:?}");
    }

    #[test]
    fn shades_without_lines_differ_by_more_than_hue() {
        // Good is dark, open is empty with an edge, answered is light: the three may stay without a pattern.
        let plain = [Shade::Good, Shade::Partly, Shade::Bad, Shade::Out, Shade::Open, Shade::Ready, Shade::Answered]
            .into_iter()
            .filter(|s| s.lines().is_none());
        assert_eq!(plain.count(), 3);
    }
}
