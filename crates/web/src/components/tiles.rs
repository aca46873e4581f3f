//! Large figures that say how things stand, each a link to what it counts.

use maud::{Markup, html};
use rules::text::{Lang, Text, text, worded};

use super::Tone;

/// One figure.
#[derive(Debug, Clone)]
pub struct Tile {
    pub name: Text,
    pub value: String,
    /// Said small after the value: "of 253".
    pub of: Option<Text>,
    pub href: Option<String>,
    pub tone: Option<Tone>,
}

impl Tile {
    pub fn new(name: Text, value: impl ToString) -> Tile {
        Tile { name, value: value.to_string(), of: None, href: None, tone: None }
    }

    pub fn of(self, of: Text) -> Tile {
        Tile { of: Some(of), ..self }
    }

    pub fn link(self, href: impl Into<String>) -> Tile {
        Tile { href: Some(href.into()), ..self }
    }

    pub fn tone(self, tone: Tone) -> Tile {
        Tile { tone: Some(tone), ..self }
    }
}

/// A row of figures.
pub fn tiles(lang: Lang, tiles: &[Tile]) -> Markup {
    html! {
        ul.tiles {
            @for tile in tiles {
                li.tile.(tile.tone.map_or("", Tone::class)) {
                    p.name {
                        @if let Some(tone) = tile.tone { span aria-hidden="true" { (tone.sign()) " " } }
                        @if let Some(href) = &tile.href { a href=(href) { (tile.name.get(lang)) } } @else { (tile.name.get(lang)) }
                    }
                    p.value { (tile.value) @if let Some(of) = &tile.of { small { " " (of.get(lang)) } } }
                }
            }
        }
    }
}

pub(super) fn example(lang: Lang) -> Markup {
    tiles(
        lang,
        &[
            Tile::new(text("回答済み", "Answered"), 141).of(worded("/ 253項目", "of 253 items")).link("#"),
            Tile::new(text("提出できる", "Ready"), 120).tone(Tone::Success).link("#"),
            Tile::new(text("期限切れの証拠", "Expired evidence"), 3).tone(Tone::Danger).link("#"),
            Tile::new(text("30日以内に期限", "Expires in 30 days"), 7).tone(Tone::Warn).link("#"),
            Tile::new(text("期限まで", "Time left"), 26).of(text("日", "days")),
        ],
    )
}
