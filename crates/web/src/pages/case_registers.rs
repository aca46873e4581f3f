//! How the items of a case stand with the applicant's registers: records of this month, older ones, or none.

use app::read::register_proof::Proven;
use maud::{Markup, html};
use rules::policy::KEEPERS;
use rules::sheet::Item;
use rules::text::{Lang, Text, text};

use super::case::{case_page, with_side};
use crate::chart::{Bar, Bars, Scale, Series, Shade, bars, totals};
use crate::components::{Column, Row, Table, Tone, details, table, tag};
use crate::route::{Answer, Guard, Route, get};
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[get("/cases/{case}/registers", Guard::SignedIn, show)];

const ALL: [Proven; 4] = [Proven::ThisMonth, Proven::Earlier, Proven::Nothing, Proven::NoRegister];

fn name(proven: Proven) -> Text {
    match proven {
        Proven::ThisMonth => text("今月の記録あり", "Records of this month"),
        Proven::Earlier => text("以前の記録のみ", "Older records only"),
        Proven::Nothing => text("記録なし", "No record yet"),
        Proven::NoRegister => text("管理簿の対象外", "No register shows it"),
    }
}

const fn shade(proven: Proven) -> Shade {
    match proven {
        Proven::ThisMonth => Shade::Good,
        Proven::Earlier => Shade::Partly,
        Proven::Nothing => Shade::Bad,
        Proven::NoRegister => Shade::Out,
    }
}

const fn tone(proven: Proven) -> Tone {
    match proven {
        Proven::ThisMonth => Tone::Success,
        Proven::Earlier => Tone::Warn,
        Proven::Nothing => Tone::Danger,
        Proven::NoRegister => Tone::Neutral,
    }
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    // Registers are the applicant's own.
    if !KEEPERS.iter().any(|role| visit.has(*role)) {
        return Err(rules::refusal::Refusal::not_found().into());
    }
    let (read, proven) = visit.app.proven(visit.actor()?, visit.param("case")?)?;
    let lang = visit.lang;
    let items: Vec<(&Item, Proven)> = read.sheet.items.iter().zip(proven).collect();
    let count = |of: &[&(&Item, Proven)]| ALL.iter().map(|p| of.iter().filter(|(_, q)| q == p).count()).collect::<Vec<usize>>();
    let series: Vec<Series> = ALL.iter().map(|p| Series::new(name(*p), shade(*p))).collect();
    let whole: Vec<(Series, usize)> = series.iter().cloned().zip(count(&items.iter().collect::<Vec<_>>())).collect();
    let rows = read.sheet.majors.iter().map(|major| {
        let of: Vec<&(&Item, Proven)> = items.iter().filter(|(item, _)| item.major == major.id).collect();
        Bar { label: major.name.clone(), href: None, values: count(&of) }
    });
    let chart = Bars {
        id: "registers-by-category",
        title: text("分類別の記録", "Records by category"),
        of: text("大分類", "Category"),
        scale: Scale::Share,
        series,
        rows: rows.filter(|bar| bar.values.iter().sum::<usize>() > 0).collect(),
    };
    let link = |no| with_side(&read, urls::item(read.facts.case.id, no));
    let main = html! {
        (totals(lang, "registers-total", &text("管理簿の記録がある項目", "Items with records in registers"), &whole))
        (bars(lang, &chart))
        @for proven in ALL {
            (list(lang, proven, &items, &link))
        }
    };
    let mut page = case_page(visit, &read, "registers", text("管理簿の記録", "Records of registers"), main);
    page.lead = Some(text(
        "日々の記録から、各項目の証跡がどこまで揃っているかを示します。判定ではありません。",
        "How far the daily records show each item. It is no verdict.",
    ));
    Ok(page.into())
}

fn list(lang: Lang, of: Proven, items: &[(&Item, Proven)], link: &dyn Fn(rules::id::ItemNo) -> String) -> Markup {
    let found: Vec<&Item> = items.iter().filter(|(_, p)| *p == of).map(|(item, _)| *item).collect();
    if found.is_empty() {
        return html! {};
    }
    let columns = vec![Column::new(text("項目", "Item")), Column::new(text("記録", "Records"))];
    let rows = found.iter().map(|item| {
        Row::new(vec![html! { a href=(link(item.no)) { (item.no) " " (item.title.get(lang)) } }, tag(lang, tone(of), &name(of))])
    });
    let title = rules::text::worded(format!("{}（{}項目）", name(of).ja, found.len()), format!("{} ({} items)", name(of).en, found.len()));
    details(lang, &title, of == Proven::Nothing, table(lang, &Table::new(name(of), columns, rows.collect()).caption_hidden()))
}
