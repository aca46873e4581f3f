//! The periodic review of accounts and rights: every account is looked at, and what was said is kept (items 74, 97-99).

use app::read::{AccountRead, AccountsRead};
use maud::{Markup, html};
use rules::command::{Command, SaidOfAccount};
use rules::id::{self, Id};
use rules::refusal::Refusal;
use rules::review::{Judgement, Review};
use rules::text::{Text, text, worded};

use super::accounts::{ADMINISTRATORS, states, title};
use super::form::{act, saved_at, saved_notice};
use super::organisations::role_names;
use super::signs::{date, moment, time};
use super::word;
use crate::components::{
    Area, Column, Crumb, Fault, Field, Kind, Row, Table, Tile, Tone, actions, csrf, empty, error_summary, facts, link_button, submit,
    table, tag, textarea, tiles,
};
use crate::route::{Answer, FileAnswer, FileContent, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[
    get("/accounts/review", ADMINISTRATORS, show),
    post("/accounts/review", ADMINISTRATORS, save),
    get("/accounts/review.csv", ADMINISTRATORS, csv_file),
];

fn here() -> Text {
    text("アカウントと権限の定期レビュー", "Review of accounts and rights")
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    let read = visit.app.accounts(visit.actor()?)?;
    let past: Option<Id<id::Review>> = visit.query.read("review")?;
    match past {
        Some(id) => {
            let review = read.reviews.iter().find(|r| r.id == id).ok_or(Refusal::not_found())?;
            Ok(past_page(visit, &read, review).into())
        }
        None => Ok(page(visit, &read, None).into()),
    }
}

/// The accounts that a review has to say something about.
fn reviewed(read: &AccountsRead) -> Vec<&AccountRead> {
    read.accounts.iter().filter(|a| a.membership.is_some()).collect()
}

fn name_of(read: &AccountsRead, person: Id<id::Person>) -> &str {
    read.accounts.iter().find(|a| a.person.id == person).map_or("―", |a| a.person.name.as_str())
}

fn page(visit: &Visit, read: &AccountsRead, refused: Option<&Refusal>) -> Page {
    let lang = visit.lang;
    let main = html! {
        (saved_notice(visit, ""))
        (standing(visit, read))
        p { (text("すべてのアカウントについて、必要かどうか、権限が職務に合っているかを確認します。変更・不要とした場合は理由を記入してください。レビューの記録だけでは権限は変わりません。各アカウントの画面で変更または廃止してください。", "Look at every account: is it needed, and do its rights fit the duty? Say why where something changes. The review itself changes no rights; do that on the page of the account.").get(lang)) }
        @if let Some(refusal) = refused { (summary(visit, read, refusal)) }
        (form(visit, read, refused))
        h2 { (text("これまでのレビュー", "Past reviews").get(lang)) }
        (past(visit, read))
    };
    let mut page = visit.page(here(), main);
    page.breadcrumb = vec![Crumb::link(title(), urls::accounts()), Crumb::here(here())];
    page.corner = link_button(lang, Kind::Secondary, &text("記入用のCSV", "CSV to fill in"), &urls::review_csv(None));
    page
}

/// When the last one was, who did it, when the next is due.
fn standing(visit: &Visit, read: &AccountsRead) -> Markup {
    let lang = visit.lang;
    let today = rules::act::japan(visit.app.clock.now()).date();
    let stale = reviewed(read).iter().filter(|a| a.stale).count();
    let count = Tile::new(text("確認するアカウント", "Accounts to review"), reviewed(read).len());
    let unused = Tile::new(text("長期間未使用", "Unused for long"), stale).tone(if stale > 0 { Tone::Warn } else { Tone::Success });
    match read.reviews.first() {
        Some(last) => {
            let by = name_of(read, last.by);
            let due = last.next <= today;
            tiles(
                lang,
                &[
                    count,
                    unused,
                    Tile::new(text("前回", "Last review"), rules::act::japan(last.at).date())
                        .of(worded(by, by))
                        .link(urls::past_review(last.id)),
                    Tile::new(text("次回の期限", "Next due"), last.next).tone(if due { Tone::Danger } else { Tone::Info }),
                ],
            )
        }
        None => tiles(lang, &[count, unused, Tile::new(text("前回", "Last review"), text("未実施", "Never").get(lang)).tone(Tone::Warn)]),
    }
}

fn said_field(person: Id<id::Person>) -> String {
    format!("said.{person}")
}
fn remark_field(person: Id<id::Person>) -> String {
    format!("remark.{person}")
}
fn said_id(person: Id<id::Person>) -> String {
    format!("f-said-{person}")
}
fn remark_id(person: Id<id::Person>) -> String {
    format!("f-remark-{person}")
}

/// The summary leads to the first account that lacks what is missing.
fn summary(visit: &Visit, read: &AccountsRead, refusal: &Refusal) -> Markup {
    let typed = |field: String| visit.form.text(&field).trim().is_empty();
    let first = |fits: &dyn Fn(&AccountRead) -> bool| reviewed(read).into_iter().find(|a| fits(a)).map(|a| a.person.id);
    let kept = word(&Judgement::Keep);
    let at = match refusal.field {
        Some("accounts" | "said") => first(&|a| typed(said_field(a.person.id))).map(said_id),
        Some("remark") => first(&|a| visit.form.text(&said_field(a.person.id)) != kept && typed(remark_field(a.person.id))).map(remark_id),
        Some("finding") => Some("f-finding".to_owned()),
        _ => None,
    };
    error_summary(visit.lang, &[Fault { at, what: refusal.text.clone() }])
}

fn form(visit: &Visit, read: &AccountsRead, refused: Option<&Refusal>) -> Markup {
    let lang = visit.lang;
    let typed = |field: &str| if refused.is_some() { visit.form.text(field) } else { "" };
    let columns = vec![
        Column::new(text("名前", "Name")),
        Column::new(text("役割", "Roles")),
        Column::new(text("状態", "State")),
        Column::new(text("最終サインイン", "Last sign-in")),
        Column::new(text("判断", "Judgement")),
        Column::new(text("備考", "Remark")),
    ];
    let rows = reviewed(read).into_iter().map(|of| {
        let id = of.person.id;
        let (said, remark) = (said_field(id), remark_field(id));
        let chosen = typed(&said);
        let roles = of.membership.as_ref().map_or(&[][..], |m| &m.roles);
        Row::new(vec![
            html! { a href=(urls::account_of(id)) { (of.person.name) } br; span.small.muted { (of.person.email) } },
            role_names(roles, lang),
            states(lang, of),
            html! { @if let Some(at) = of.account.last_in { (time(at)) } @else { "―" } },
            html! {
                select id=(said_id(id)) name=(said) required aria-label=(worded(format!("{}の判断", of.person.name), format!("Judgement of {}", of.person.name)).get(lang)) {
                    option value="" selected[chosen.is_empty()] { (text("選択", "Choose").get(lang)) }
                    @for judgement in Judgement::ALL {
                        @let value = word(&judgement);
                        option value=(value) selected[value == chosen] { (judgement.name().get(lang)) }
                    }
                }
            },
            html! { input type="text" id=(remark_id(id)) name=(remark) value=(typed(&remark)) aria-label=(worded(format!("{}の備考", of.person.name), format!("Remark on {}", of.person.name)).get(lang)); },
        ])
    });
    let rows: Vec<Row> = rows.collect();
    let finding = Field::new("finding", text("全体の所見", "Finding"))
        .hint(text(
            "例: 四半期の棚卸し。退職者1名のアカウントを廃止する。",
            "For example: quarterly review; one account of somebody who left is to be closed.",
        ))
        .value(typed("finding"))
        .error(refused.filter(|r| r.field == Some("finding")).map(|r| &r.text));
    html! {
        form method="post" action=(urls::accounts_review()) data-submit-key {
            (csrf(&visit.csrf))
            (table(lang, &Table::new(text("確認するアカウント", "Accounts to review"), columns, rows)))
            (textarea(lang, Area { rows: 3, limit: Some(2000), key: None }, &finding))
            (actions(submit(lang, Kind::Primary, &text("レビューを記録する", "Record the review"))))
        }
    }
}

fn past(visit: &Visit, read: &AccountsRead) -> Markup {
    let lang = visit.lang;
    if read.reviews.is_empty() {
        return empty(
            lang,
            &text("レビューの記録はまだありません", "No reviews yet"),
            &text(
                "例: 「2026-11-24 14:00 佐藤 花子 継続8・変更1・不要1」のように、ここに残ります。",
                "They stay here, such as “2026-11-24 14:00, 8 kept, 1 changed, 1 not needed”.",
            ),
            html! {},
        );
    }
    let columns = vec![
        Column::new(text("実施日時", "Done at")),
        Column::new(text("実施者", "By")),
        Column::new(Judgement::Keep.name()).number(),
        Column::new(Judgement::Change.name()).number(),
        Column::new(Judgement::Close.name()).number(),
        Column::new(text("次回の期限", "Next due")),
        Column::new(text("ファイル", "File")),
    ];
    let rows = read.reviews.iter().map(|review| {
        let count = |j: Judgement| review.accounts.iter().filter(|a| a.judgement == j).count();
        Row::new(vec![
            html! { a href=(urls::past_review(review.id)) data-row { (moment(review.at)) } },
            html! { (name_of(read, review.by)) },
            html! { (count(Judgement::Keep)) },
            html! { (count(Judgement::Change)) },
            html! { (count(Judgement::Close)) },
            date(review.next),
            html! { a href=(urls::review_csv(Some(review.id))) { "CSV" span.hidden-text { " " (moment(review.at)) } } },
        ])
    });
    table(lang, &Table::new(text("これまでのレビュー", "Past reviews"), columns, rows.collect()).caption_hidden())
}

fn judgement_tag(visit: &Visit, judgement: Judgement) -> Markup {
    let tone = match judgement {
        Judgement::Keep => Tone::Success,
        Judgement::Change => Tone::Warn,
        Judgement::Close => Tone::Danger,
    };
    tag(visit.lang, tone, &judgement.name())
}

fn past_page(visit: &Visit, read: &AccountsRead, review: &Review) -> Page {
    let lang = visit.lang;
    let columns = vec![
        Column::new(text("名前", "Name")),
        Column::new(text("当時の役割", "Roles then")),
        Column::new(text("判断", "Judgement")),
        Column::new(text("備考", "Remark")),
    ];
    let rows = review.accounts.iter().map(|line| {
        let person = line.membership.person;
        Row::new(vec![
            html! { (name_of(read, person)) },
            role_names(&line.membership.roles, lang),
            judgement_tag(visit, line.judgement),
            html! { (line.remark) },
        ])
    });
    let main = html! {
        (facts(lang, &[
            (text("実施日時", "Done at"), time(review.at)),
            (text("実施者", "By"), html! { (name_of(read, review.by)) }),
            (text("次回の期限", "Next due"), date(review.next)),
            (text("所見", "Finding"), html! { p.prose { (review.finding) } }),
        ]))
        (table(lang, &Table::new(worded(format!("確認したアカウント（{}件）", review.accounts.len()), format!("Reviewed accounts ({})", review.accounts.len())), columns, rows.collect())))
    };
    let name = worded(format!("{} のレビュー", moment(review.at)), format!("Review of {}", moment(review.at)));
    let mut page = visit.page(name.clone(), main);
    page.breadcrumb = vec![Crumb::link(title(), urls::accounts()), Crumb::link(here(), urls::accounts_review()), Crumb::here(name)];
    page.corner = link_button(lang, Kind::Secondary, &text("CSVで保存する", "Save as CSV"), &urls::review_csv(Some(review.id)));
    page
}

fn save(visit: &Visit) -> Result<Answer, app::Error> {
    let read = visit.app.accounts(visit.actor()?)?;
    // What was not judged is left out; the rule then says how many are missing.
    let said = reviewed(&read).into_iter().filter_map(|of| {
        let person = of.person.id;
        let written = visit.form.text(&said_field(person));
        let judgement = Judgement::ALL.into_iter().find(|j| word(j) == written)?;
        Some(SaidOfAccount { person, judgement, remark: visit.form.text(&remark_field(person)).to_owned() })
    });
    let command = Command::ReviewAccounts { said: said.collect(), finding: visit.form.text("finding").to_owned() };
    act(visit, Ok(command), saved_at(&urls::accounts_review()), |refusal| Ok(page(visit, &read, Some(refusal))))
}

fn csv_file(visit: &Visit) -> Result<Answer, app::Error> {
    let review: Option<Id<id::Review>> = visit.query.read("review")?;
    let bytes = visit.app.review_csv(visit.actor()?, review, visit.lang)?;
    let day = rules::act::japan(review.map_or(visit.app.clock.now(), Id::made)).date();
    let name = worded(format!("アカウントレビュー-{day}.csv"), format!("account-review-{day}.csv"));
    Ok(Answer::File(FileAnswer {
        media: "text/csv; charset=utf-8".into(),
        name: visit.say(&name).to_owned(),
        content: FileContent::Bytes(bytes),
        inline: false,
    }))
}
