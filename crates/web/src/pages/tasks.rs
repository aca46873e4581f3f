//! Deadlines (期限): what has to be done by when and by whom, as a list and as a month; what is not needed is said with a reason.

use app::deadlines::{DoneTask, Task, TasksRead};
use jiff::civil::Date;
use maud::{Markup, html};
use rules::command::Command;
use rules::deadline::{About, Urgency};
use rules::party::Role;
use rules::refusal::Refusal;
use rules::text::{Lang, Text, text, worded};

use super::calendar;
use super::form::{Again, Form, act, saved_at, saved_notice};
use super::registers::KEEPER;
use super::signs::{date, time};
use super::word;
use crate::components::{
    Button, Choice, Column, Field, Kind, Row, Table, Tile, Tone, csrf, details, empty, filter, select, table, tag, text_field, tiles,
};
use crate::route::{Answer, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[get("/tasks", KEEPER, show), post("/tasks/waive", KEEPER, waive)];

/// Rows of the list.
const ROWS: usize = 200;

pub(super) fn title() -> Text {
    text("期限", "Deadlines")
}

pub fn urgency_tag(lang: Lang, urgency: Urgency) -> Markup {
    let tone = match urgency {
        Urgency::Overdue => Tone::Danger,
        Urgency::Due => Tone::Warn,
        Urgency::Upcoming => Tone::Neutral,
    };
    tag(lang, tone, &urgency.name())
}

/// The page of what a duty is about.
pub fn about(about: &About) -> String {
    match about {
        About::Entry { entry, .. } => urls::entry(*entry, ""),
        About::Item { case, item } => urls::item(*case, *item),
        About::Evidence { evidence } => urls::document(*evidence),
        About::Certificate { case } => urls::case(*case),
    }
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, None, None)?.into())
}

fn waive(visit: &Visit) -> Result<Answer, app::Error> {
    let form = &visit.form;
    let command = Command::WaiveDuty { duty: form.text("duty").to_owned(), reason: form.text("reason").to_owned() };
    act(visit, Ok(command), saved_at(&urls::tasks()), |refusal| page(visit, Some(("waive", refusal)), None))
}

/// The page; `secret` is a calendar's address that was made just now and is shown once.
pub(super) fn page(visit: &Visit, again: Again, secret: Option<&str>) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let read = visit.app.tasks(visit.actor()?)?;
    let narrow = Narrow::of(visit);
    let shown: Vec<&Task> = read.tasks.iter().filter(|t| narrow.takes(t)).collect();
    let list = match narrow.show.as_str() {
        "done" => done(lang, &read.done),
        _ => tasks(visit, &shown),
    };
    let main = html! {
        (calendar::shown_once(visit, secret))
        (Form::new(visit, "waive", again).summary())
        (figures(lang, &read))
        (narrow.draw(visit, &read))
        (list)
        h2 { (text("月の予定", "The month").get(lang)) }
        (month(visit, &narrow, &read))
        (calendar::feeds(visit, &read))
    };
    let mut page = visit.page(title(), main);
    page.lead = Some(text(
        "管理簿の記録、定期的な項目、証跡と認定証の期限です。記録の新しい版を保存すると、対応済みになります。",
        "Deadlines of register entries, recurring items, evidence and certificates. A new version of the record does them.",
    ));
    page.notices = saved_notice(visit, "");
    page.wide = true;
    Ok(page)
}

/// What the list shows.
struct Narrow {
    /// Empty for what is due or overdue, an urgency's word, `all`, or `done`.
    show: String,
    /// `mine`, or whoever answers for it, by name.
    who: String,
    register: String,
    item: Option<u16>,
    day: Option<Date>,
    month: Option<Date>,
}

impl Narrow {
    fn of(visit: &Visit) -> Narrow {
        let query = &visit.query;
        let day = |written: &str| written.parse::<Date>().ok();
        Narrow {
            show: query.text("show").to_owned(),
            who: query.text("who").to_owned(),
            register: query.text("register").to_owned(),
            item: query.text("item").trim().parse().ok(),
            day: day(query.text("day")),
            month: day(&format!("{}-01", query.text("month"))),
        }
    }

    /// Of the right person, register and item, on whatever day.
    fn concerns(&self, task: &Task) -> bool {
        let who = self.who.is_empty() || (self.who == "mine" && task.mine) || self.who == task.who;
        let register = self.register.is_empty() || matches!(&task.duty.about, About::Entry { register, .. } if *register == self.register);
        let item = self.item.is_none_or(|no| task.duty.items.iter().any(|item| item.0 == no));
        who && register && item
    }

    fn takes(&self, task: &Task) -> bool {
        let show = match self.show.as_str() {
            "" => self.day.is_some() || task.urgency != Urgency::Upcoming,
            "all" => true,
            one => word(&task.urgency) == one,
        };
        show && self.concerns(task) && self.day.is_none_or(|day| task.duty.due == day)
    }

    fn draw(&self, visit: &Visit, read: &TasksRead) -> Markup {
        let lang = visit.lang;
        let mut shows = vec![
            Choice::new("", text("間近と超過", "Due and overdue")),
            Choice::new("all", text("すべて", "All")),
            Choice::new("done", text("最近の対応済み", "Done lately")),
        ];
        shows.extend(Urgency::ALL.iter().map(|u| Choice::new(word(u), u.name())));
        let mut names: Vec<&str> = read.tasks.iter().map(|t| t.who.as_str()).filter(|who| !who.is_empty()).collect();
        names.sort_unstable();
        names.dedup();
        let mut people = vec![Choice::new("", text("全員", "Everybody")), Choice::new("mine", text("自分", "Mine"))];
        people.extend(names.into_iter().map(|name| Choice::new(name, worded(name, name))));
        let mut registers = vec![Choice::new("", text("すべて", "All"))];
        registers.extend(visit.app.content.catalog.registers.iter().map(|r| Choice::new(r.id.as_str(), r.name.clone())));
        let item = self.item.map(|no| no.to_string()).unwrap_or_default();
        filter(
            lang,
            &urls::tasks(),
            &urls::tasks(),
            html! {
                (select(lang, &Field::new("show", text("表示", "Show")).value(&self.show), &shows))
                (select(lang, &Field::new("who", text("担当", "Who")).value(&self.who), &people))
                (select(lang, &Field::new("register", text("管理簿", "Register")).value(&self.register), &registers))
                (text_field(lang, &Field::new("item", text("項目番号", "Item number")).value(&item)))
            },
        )
    }
}

fn figures(lang: Lang, read: &TasksRead) -> Markup {
    let count = |urgency| read.tasks.iter().filter(|t| t.urgency == urgency).count();
    let tile = |urgency: Urgency, tone: Tone| {
        let n = count(urgency);
        let tone = if n == 0 { Tone::Success } else { tone };
        Tile::new(urgency.name(), n).tone(tone).link(format!("{}?show={}", urls::tasks(), word(&urgency)))
    };
    tiles(
        lang,
        &[
            tile(Urgency::Overdue, Tone::Danger),
            tile(Urgency::Due, Tone::Warn),
            Tile::new(Urgency::Upcoming.name(), count(Urgency::Upcoming)).link(format!("{}?show=upcoming", urls::tasks())),
            Tile::new(text("最近の対応済み", "Done lately"), read.done.len()).link(format!("{}?show=done", urls::tasks())),
        ],
    )
}

fn tasks(visit: &Visit, shown: &[&Task]) -> Markup {
    let lang = visit.lang;
    if shown.is_empty() {
        return empty(
            lang,
            &text("該当する期限はありません", "No deadline here"),
            &text("条件を変えると、ほかの期限を表示できます。", "Another filter shows other deadlines."),
            html! {},
        );
    }
    let may_waive = visit.has(Role::Officer) || visit.has(Role::Administrator);
    let mut columns = vec![
        Column::new(text("対象", "About")),
        Column::new(text("期限", "Due")),
        Column::new(text("状態", "State")),
        Column::new(text("対応", "What to do")),
        Column::new(text("担当", "Who")),
    ];
    if may_waive {
        columns.push(Column::new(text("操作", "Action")));
    }
    let rows = shown.iter().take(ROWS).enumerate().map(|(n, task)| {
        let who = if task.who.is_empty() { text("担当責任者", "Compliance officer").get(lang).to_owned() } else { task.who.clone() };
        let mut cells = vec![
            html! { a href=(about(&task.duty.about)) data-row { (task.title.get(lang)) } },
            date(task.duty.due),
            urgency_tag(lang, task.urgency),
            html! { (task.duty.what.get(lang)) },
            html! { (who) },
        ];
        if may_waive {
            cells.push(waive_form(visit, task, n));
        }
        Row::new(cells)
    });
    let left = shown.len().saturating_sub(ROWS);
    html! {
        (table(lang, &Table::new(title(), columns, rows.collect()).caption_hidden()))
        @if left > 0 { p.muted { (worded(format!("ほか{left}件。条件で絞り込んでください。"), format!("{left} more; narrow the list.")).get(lang)) } }
    }
}

fn waive_form(visit: &Visit, task: &Task, n: usize) -> Markup {
    let lang = visit.lang;
    let form = format!("waive-{n}");
    details(
        lang,
        &text("対応不要にする", "Not needed"),
        false,
        html! {
            form method="post" action=(urls::tasks_act("waive")) data-submit-key {
                (csrf(&visit.csrf))
                input type="hidden" name="duty" value=(task.duty.key);
                (text_field(lang, &Field::new("reason", text("理由", "Reason")).form(&form).hint(text("台帳に残ります。", "It stays in the ledger.")).required()))
                (Button::new(Kind::Secondary, text("対応不要とする", "Say it is not needed")).small().about(task.title.clone()).submit(lang))
            }
        },
    )
}

fn done(lang: Lang, done: &[DoneTask]) -> Markup {
    if done.is_empty() {
        return empty(
            lang,
            &text("最近の対応済みはありません", "Nothing was done lately"),
            &text("30日以内の対応が、ここに並びます。", "What was done within 30 days appears here."),
            html! {},
        );
    }
    let columns = vec![
        Column::new(text("対象", "About")),
        Column::new(text("期限", "Due")),
        Column::new(text("対応", "What to do")),
        Column::new(text("対応した人", "By")),
        Column::new(text("日時", "When")),
        Column::new(text("結果", "Outcome")),
    ];
    let rows = done.iter().take(ROWS).map(|d| {
        Row::new(vec![
            html! { a href=(about(&d.duty.about)) data-row { (d.title.get(lang)) } },
            date(d.duty.due),
            html! { (d.duty.what.get(lang)) },
            html! { (d.by) },
            time(d.at),
            html! {
                @match &d.reason {
                    Some(reason) => { (tag(lang, Tone::Neutral, &text("対応不要", "Not needed"))) " " (reason) },
                    None => { (tag(lang, Tone::Success, &text("新しい版", "New version"))) },
                }
            },
        ])
    });
    table(lang, &Table::new(text("最近の対応済み", "Done lately"), columns, rows.collect()).caption_hidden())
}

/// A month of days, each with what is due on it. The figures are a table, so nobody needs a picture to read them.
fn month(visit: &Visit, narrow: &Narrow, read: &TasksRead) -> Markup {
    let lang = visit.lang;
    let first = narrow.month.unwrap_or(read.today).first_of_month();
    let days = [
        text("月", "Mon"),
        text("火", "Tue"),
        text("水", "Wed"),
        text("木", "Thu"),
        text("金", "Fri"),
        text("土", "Sat"),
        text("日", "Sun"),
    ];
    let blank = usize::try_from(first.weekday().to_monday_zero_offset()).unwrap_or(0);
    let in_month = (0..i64::from(first.days_in_month())).filter_map(|n| first.checked_add(jiff::Span::new().days(n)).ok());
    let mut cells: Vec<Option<Date>> = vec![None; blank];
    cells.extend(in_month.map(Some));
    while !cells.len().is_multiple_of(7) {
        cells.push(None);
    }
    let cell = |day: Date| {
        let of: Vec<&Task> = read.tasks.iter().filter(|t| t.duty.due == day && narrow.concerns(t)).collect();
        html! {
            @if day == read.today { strong { (day.day()) " " span.small { (text("今日", "today").get(lang)) } } } @else { (day.day()) }
            @if let Some(most) = of.iter().map(|t| t.urgency).min() {
                br;
                a href={ (urls::tasks()) "?day=" (day) } {
                    (tag(lang, match most { Urgency::Overdue => Tone::Danger, Urgency::Due => Tone::Warn, Urgency::Upcoming => Tone::Info },
                        &worded(format!("{} {}件", most.name().ja, of.len()), format!("{} {}", most.name().en, of.len()))))
                }
            }
        }
    };
    let rows: Vec<Row> =
        cells.chunks(7).map(|week| Row::new(week.iter().map(|day| day.map_or_else(|| html! {}, cell)).collect())).collect();
    let title = worded(format!("{}年{}月", first.year(), first.month()), first.strftime("%B %Y").to_string());
    let other = |by: i32| {
        let day = first.checked_add(jiff::Span::new().months(by)).unwrap_or(first);
        format!("{}?month={}", urls::tasks(), day.strftime("%Y-%m"))
    };
    let columns = days.into_iter().map(Column::new).collect();
    html! {
        div.actions {
            (Button::new(Kind::Quiet, text("前の月", "Previous month")).link(lang, &other(-1)))
            (Button::new(Kind::Quiet, text("次の月", "Next month")).link(lang, &other(1)))
        }
        (table(lang, &Table::new(title, columns, rows).dense().head_cell(None)))
    }
}

/// The refusal that a form of the calendars came to, shown on this page.
pub(super) fn again(visit: &Visit, refusal: &Refusal) -> Result<Page, app::Error> {
    page(visit, Some(("waive", refusal)), None)
}
