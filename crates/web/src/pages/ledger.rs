//! The ledger: which lines there are, by who, what, when and where; saved views; and the file with the proofs.

use app::read::ledger::{LedgerChoices, LedgerPage, PAGE, SeenLine, Shown, WhoseLedger};
use maud::{Markup, html};
use rules::command::Command;
use rules::log::LogQuery;
use rules::party::Role;
use rules::refusal::Refusal;
use rules::text::{Lang, Text, text, worded};

use super::form::{Again, Form, act, saved_at, saved_notice};
use super::ledger_kinds::kind_name;
use super::ledger_query::{at, form, hidden, navigation, pairs, query, whose, whose_word};
use super::signs::time;
use crate::answer;
use crate::components::{
    Column, Direction, Kind, NavLink, Row, Table, Tone, csrf, details, empty, notice, submit, table, tabs, tag, text_field,
};
use crate::route::{Answer, FileAnswer, FileContent, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const READERS: Guard = Guard::Roles(&[Role::Administrator, Role::Operator]);

pub const ROUTES: &[Route] = &[
    get("/ledger", READERS, show),
    post("/ledger/view", READERS, save_view),
    post("/ledger/view/remove", READERS, remove_view),
    post("/ledger/export", READERS, export),
];

pub fn title() -> Text {
    text("台帳", "Ledger")
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let whose = whose(visit)?;
    let choices = visit.app.ledger_choices(visit.actor()?)?;
    match query(&visit.query) {
        Ok(query) => Ok(page(visit, whose, &choices, Ok(&query), None)?.into()),
        Err(refusal) => {
            let page = page(visit, whose, &choices, Err(&refusal), None)?;
            Ok(Answer::Refused(answer::status(refusal.why), Box::new(page)))
        }
    }
}

fn page(
    visit: &Visit,
    whose: WhoseLedger,
    choices: &LedgerChoices,
    query: Result<&LogQuery, &Refusal>,
    again: Again,
) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let read = match query {
        Ok(query) => Some((query, visit.app.ledger(visit.actor()?, whose, query, visit.query.read("after")?)?)),
        Err(_) => None,
    };
    let main = html! {
        (navigation(visit, whose, &urls::ledger())?)
        (saved_notice(visit, ""))
        @if let Err(refusal) = query { (notice(lang, Tone::Danger, &refusal.text, html! {})) }
        (views(visit, whose, choices))
        (form(visit, &urls::ledger(), whose, choices, query.err()))
        @if let Some((query, read)) = &read {
            (lines(lang, query, read))
            (more(lang, query, read))
            (below(visit, query, read, choices, again))
        }
    };
    let mut page = visit.page(title(), main);
    page.lead = Some(text(
        "だれが、いつ、どこから、何をしたかの記録です。記録は変更も削除もできません。この画面を見たことも記録されます。",
        "Who did what, when and from where. No line is changed or removed. Looking at this page is a line, too.",
    ));
    page.wide = true;
    Ok(page)
}

fn views(visit: &Visit, whose: WhoseLedger, choices: &LedgerChoices) -> Markup {
    let lang = visit.lang;
    let links: Vec<NavLink> = choices
        .views
        .iter()
        .map(|view| {
            let href = at(&urls::ledger(), whose, &view.query);
            let here = query(&visit.query).is_ok_and(|now| now == view.query && now != LogQuery::default());
            NavLink::new(worded(view.name.clone(), view.name.clone()), href).current(here)
        })
        .collect();
    html! { @if !links.is_empty() { (tabs(lang, &text("保存した条件", "Saved views"), &links)) } }
}

/// Who did it: a name, or what the ledger says.
pub fn who(lang: Lang, seen: &SeenLine) -> Markup {
    let head = &seen.line.head;
    match &seen.who {
        Some(name) => html! { (name) },
        None if head.actor == "installation" => html! { (text("システム", "The system").get(lang)) },
        None => html! { (head.actor) },
    }
}

pub fn outcome(lang: Lang, outcome: &str) -> Markup {
    match outcome {
        "done" => tag(lang, Tone::Neutral, &text("実行", "Done")),
        "refused" => tag(lang, Tone::Warn, &text("拒否", "Refused")),
        other => tag(lang, Tone::Info, &worded(other.to_owned(), other.to_owned())),
    }
}

/// When it was, to the second, on clocks in Japan.
pub fn second(written: &str) -> Markup {
    match written.parse::<jiff::Timestamp>() {
        Ok(at) => html! { time.nowrap datetime=(at) { (rules::act::japan(at).strftime("%Y-%m-%d %H:%M:%S")) } },
        Err(_) => html! { (written) },
    }
}

fn lines(lang: Lang, query: &LogQuery, read: &LedgerPage) -> Markup {
    if read.lines.is_empty() {
        return empty(
            lang,
            &text("当てはまる記録はありません", "No line fits"),
            &text("条件を減らすか、期間を広げてください。", "Take away a condition, or widen the time."),
            html! {},
        );
    }
    let turned = LogQuery { rising: !query.rising, ..query.clone() };
    let now = if query.rising { Direction::Up } else { Direction::Down };
    let columns = vec![
        Column::new(text("番号", "No.")).number().sort(at(&urls::ledger(), read.whose, &turned), Some(now)),
        Column::new(text("日時（日本時間）", "When (Japan)")),
        Column::new(text("利用者", "Who")),
        Column::new(text("出来事", "What happened")),
        Column::new(text("対象", "About")),
        Column::new(text("接続元", "From")),
    ];
    let rows = read.lines.iter().map(|seen| {
        let head = &seen.line.head;
        Row::new(vec![
            html! { a href=(urls::ledger_line(head.seq, whose_word(read.whose))) data-row { (head.seq) } },
            second(&head.at),
            who(lang, seen),
            html! {
                (kind_name(&head.kind).get(lang))
                @if head.outcome != "done" { " " (outcome(lang, &head.outcome)) }
                @if seen.shown == Shown::Erased { " " (tag(lang, Tone::Neutral, &text("内容は消去済み", "Erased"))) }
                @if seen.shown == Shown::Hidden { " " (tag(lang, Tone::Info, &text("内容は非表示", "Not shown"))) }
            },
            about(read.whose, query, seen),
            html! { (head.address.as_deref().unwrap_or("―")) },
        ])
    });
    let caption = worded(format!("{}件を表示", read.lines.len()), format!("{} lines", read.lines.len()));
    table(lang, &Table::new(caption, columns, rows.collect()))
}

/// What it is about: its name, and the id as a link to all that is about it.
fn about(whose: WhoseLedger, query: &LogQuery, seen: &SeenLine) -> Markup {
    let subject = &seen.line.head.subject;
    let same = LogQuery { subject: Some(subject.clone()), rising: query.rising, ..LogQuery::default() };
    let short: String = subject.chars().take(28).collect();
    let short = if short.len() < subject.len() { format!("{short}…") } else { short };
    html! {
        @if let Some(name) = &seen.about { (name) br; }
        @if subject == app::read::ledger::HIDDEN { (subject) }
        @else { a.small.muted href=(at(&urls::ledger(), whose, &same)) title=(subject) { (short) } }
    }
}

fn more(lang: Lang, query: &LogQuery, read: &LedgerPage) -> Markup {
    let begin = at(&urls::ledger(), read.whose, query);
    let size = worded(
        format!("台帳全体: {}件。1画面に{PAGE}件まで。", read.size),
        format!("The whole ledger has {} lines; a page shows {PAGE} at most.", read.size),
    );
    html! {
        nav.pager aria-label=(text("ページ送り", "Pages").get(lang)) {
            p { (size.get(lang)) }
            ul {
                li { a href=(begin) { (text("先頭へ", "To the beginning").get(lang)) } }
                @if let Some(next) = read.next {
                    @let pairs = [pairs(read.whose, query), vec![("after", next.to_string())]].concat();
                    li { a href=(urls::with_query(&urls::ledger(), &pairs)) rel="next" { (text("次の記録", "Next lines").get(lang)) } }
                }
            }
        }
    }
}

fn below(visit: &Visit, query: &LogQuery, read: &LedgerPage, choices: &LedgerChoices, again: Again) -> Markup {
    let lang = visit.lang;
    let save = Form::new(visit, "view", again);
    let name = save.field("name", text("条件の名前", "Name of the view"), "").required();
    html! {
        section {
            h2 { (text("証明付きで書き出す", "Export with proofs").get(lang)) }
            p { (text("いま表示している条件の記録を、改ざんされていないことの証明とともに1つのファイルにします。受け取った人は akashi verify で検証できます。", "All lines that fit, with the proofs that they are unchanged, as one file; whoever gets it checks it with akashi verify.").get(lang)) }
            form method="post" action=(urls::ledger_act("export")) {
                (csrf(&visit.csrf)) (hidden(read.whose, query))
                (submit(lang, Kind::Secondary, &text("書き出す", "Export")))
            }
        }
        section {
            h2 { (text("この条件を保存する", "Keep this view").get(lang)) }
            form method="post" action=(urls::ledger_act("view")) {
                (csrf(&visit.csrf)) (save.summary()) (hidden(read.whose, query))
                (text_field(lang, &name))
                (submit(lang, Kind::Secondary, &text("保存する", "Keep")))
            }
            @if !choices.views.is_empty() {
                (details(lang, &text("保存した条件を削除する", "Remove a saved view"), false, html! {
                    @for view in &choices.views {
                        form method="post" action=(urls::ledger_act("view/remove")) {
                            (csrf(&visit.csrf))
                            input type="hidden" name="view" value=(view.id);
                            (submit(lang, Kind::Quiet, &worded(format!("「{}」を削除", view.name), format!("Remove “{}”", view.name))))
                        }
                    }
                }))
            }
        }
    }
}

fn save_view(visit: &Visit) -> Result<Answer, app::Error> {
    let whose = whose(visit)?;
    let looked = query(&visit.form)?;
    let to = saved_at(&at(&urls::ledger(), whose, &looked));
    let command = Command::SaveLogView { name: visit.form.text("name").to_owned(), query: looked.clone() };
    act(visit, Ok(command), to, |refusal| {
        let choices = visit.app.ledger_choices(visit.actor()?)?;
        page(visit, whose, &choices, Ok(&looked), Some(("view", refusal)))
    })
}

fn remove_view(visit: &Visit) -> Result<Answer, app::Error> {
    let command = visit.form.need("view").map(|view| Command::RemoveLogView { view });
    act(visit, command, saved_at(&urls::ledger()), |refusal| {
        let choices = visit.app.ledger_choices(visit.actor()?)?;
        page(visit, whose(visit)?, &choices, Err(refusal), None)
    })
}

/// The file lies in a temporary place while it is sent: nobody waits for a slow visitor with the ledger open.
fn export(visit: &Visit) -> Result<Answer, app::Error> {
    use std::io::{Seek, Write};
    let broken = |e: std::io::Error| app::Error::Broken(format!("the export cannot be written: {e}"));
    let (whose, looked) = (whose(visit)?, query(&visit.form)?);
    let plain = LogQuery { rising: false, ..looked.clone() } == LogQuery::default();
    let mut file = tempfile::tempfile().map_err(broken)?;
    let mut out = std::io::BufWriter::new(&file);
    visit.app.export_own_ledger(visit.actor()?, whose, (!plain).then_some(&looked), &mut out)?;
    out.flush().map_err(broken)?;
    drop(out);
    file.rewind().map_err(broken)?;
    let day = rules::act::japan(visit.app.clock.now()).date();
    Ok(Answer::File(FileAnswer {
        media: "application/octet-stream".into(),
        name: format!("ledger-{day}.akashi-ledger"),
        content: FileContent::Made(file),
        inline: false,
    }))
}

/// A time that is there, or a dash.
pub fn maybe_time(at: Option<jiff::Timestamp>) -> Markup {
    html! { @if let Some(at) = at { (time(at)) } @else { "―" } }
}
