//! The accounts of an organisation: who may come in, with what rights and factors, and since when unused.

mod add;
mod groups;
mod one;

use app::read::{AccountRead, AccountsRead};
use maud::{Markup, html};
use rules::account::{Account, AccountKind, Standing};
use rules::party::Role;
use rules::text::{Lang, Text, text, worded};

pub(super) use one::may_after_proof;

use super::form::Again;
use super::organisations::role_names;
use super::signs::{date, time};
use super::word;
use crate::chart::{Bar, Bars, Scale, Series, Shade, bars};
use crate::components::{Choice, Column, Field, Kind, Row, Table, Tone, details, empty, filter, link_button, select, table, tag};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub(super) const ADMINISTRATORS: Guard = Guard::Roles(&[Role::Administrator]);

pub const ROUTES: &[Route] = &[
    get("/accounts", ADMINISTRATORS, show),
    post("/accounts/machines", ADMINISTRATORS, add::machine),
    post("/accounts/emergency", ADMINISTRATORS, add::emergency),
    get("/accounts/groups", ADMINISTRATORS, groups::show),
    post("/accounts/groups", ADMINISTRATORS, groups::save),
    get("/accounts/{person}", ADMINISTRATORS, one::show),
    post("/accounts/{person}/suspend", ADMINISTRATORS, one::suspend),
    post("/accounts/{person}/close", ADMINISTRATORS, one::close),
    post("/accounts/{person}/last-day", ADMINISTRATORS, one::last_day),
    post("/accounts/{person}/sessions", ADMINISTRATORS, one::end_sessions),
    post("/accounts/{person}/leak", ADMINISTRATORS, one::leak),
    post("/accounts/{person}/tokens", ADMINISTRATORS, one::issue_token),
    post("/accounts/{person}/tokens/revoke", ADMINISTRATORS, one::revoke_token),
];

pub(super) fn title() -> Text {
    text("アカウント管理", "Accounts")
}

/// What one narrows the list to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Flag {
    Active,
    Suspended,
    Closed,
    Stale,
    NoFactor,
    Failed,
    Ending,
    Machine,
    Emergency,
}

impl Flag {
    const ALL: [Flag; 9] = [
        Flag::Active,
        Flag::Suspended,
        Flag::Closed,
        Flag::Stale,
        Flag::NoFactor,
        Flag::Failed,
        Flag::Ending,
        Flag::Machine,
        Flag::Emergency,
    ];

    const fn name(self) -> Text {
        match self {
            Flag::Active => text("利用中", "Active"),
            Flag::Suspended => text("停止中", "Suspended"),
            Flag::Closed => text("廃止", "Closed"),
            Flag::Stale => text("長期間未使用", "Unused for long"),
            Flag::NoFactor => text("第2の認証要素なし", "No second factor"),
            Flag::Failed => text("サインインの失敗あり", "Failed sign-ins"),
            Flag::Ending => text("利用最終日あり", "With a last day"),
            Flag::Machine => text("システム間連携（非対話型）", "Machines"),
            Flag::Emergency => text("非常時アカウント", "Emergency accounts"),
        }
    }

    fn fits(self, of: &AccountRead) -> bool {
        match self {
            Flag::Active => of.account.standing == Standing::Active,
            Flag::Suspended => of.account.standing == Standing::Suspended,
            Flag::Closed => of.account.standing == Standing::Closed,
            Flag::Stale => of.stale,
            Flag::NoFactor => is_bare(of),
            Flag::Failed => of.account.failed > 0,
            Flag::Ending => of.account.ends.is_some(),
            Flag::Machine => of.account.kind == AccountKind::Machine,
            Flag::Emergency => of.account.kind == AccountKind::Emergency,
        }
    }
}

/// A person's account in use with nothing beside the password.
fn is_bare(of: &AccountRead) -> bool {
    of.account.kind == AccountKind::Person && of.account.standing == Standing::Active && of.factors.is_empty()
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, None)?.into())
}

fn page(visit: &Visit, again: Again) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let read = visit.app.accounts(visit.actor()?)?;
    let flag: Option<Flag> = visit.query.word("show")?;
    let shown: Vec<&AccountRead> = read.accounts.iter().filter(|a| flag.is_none_or(|f| f.fits(a))).collect();
    let adding = again.is_some();
    let main = html! {
        (by_state(lang, &read))
        (narrow(lang, flag))
        @if shown.is_empty() {
            (empty(lang, &text("条件に合うアカウントはありません", "No account fits"), &text("例: 「長期間未使用」で絞り込むと、定めた日数以上サインインのないアカウントだけを表示します。", "For example, “Unused for long” shows only accounts without a sign-in for the number of days you set."), link_button(lang, Kind::Secondary, &text("すべて表示する", "Show all"), &urls::accounts())))
        } @else { (list(lang, &shown)) }
        h2 { (text("アカウントを加える", "Add an account").get(lang)) }
        p { (text("人のアカウントは、招待または登録の申請で加えます。本人が開く一度限りのリンクで、パスワードを本人だけが決めます。", "People are added by an invitation or a request; with a one-time link they set a password that only they know.").get(lang)) " " (how_to_add(visit, &read)) }
        (details(lang, &text("システム間連携（非対話型）のIDを加える", "Add a machine id"), adding && again.is_some_and(|a| a.0 == add::MACHINE), add::machine_form(visit, &read.organisation, again)))
        (details(lang, &text("非常時アカウントを加える", "Add an emergency account"), adding && again.is_some_and(|a| a.0 == add::EMERGENCY), add::emergency_form(visit, &read.organisation, again)))
    };
    let mut page = visit.page(title(), main);
    page.lead = Some(worded(
        format!("{}のアカウント {}件", read.organisation.name, read.accounts.len()),
        format!("{} accounts of {}", read.accounts.len(), read.organisation.name),
    ));
    page.corner = html! {
        (link_button(lang, Kind::Secondary, &text("定期レビュー", "Periodic review"), &urls::accounts_review()))
        (link_button(lang, Kind::Secondary, &text("アクセス規則", "Access rules"), &urls::access()))
        (link_button(lang, Kind::Secondary, &text("情報グループ", "Information groups"), &urls::accounts_groups()))
        (link_button(lang, Kind::Secondary, &text("閲覧の記録", "Viewings"), &urls::viewings()))
    };
    Ok(page)
}

fn how_to_add(visit: &Visit, read: &AccountsRead) -> Markup {
    let (href, label) = if read.access.approval {
        (urls::new_request("register"), text("登録を申請する", "Request an account"))
    } else {
        (urls::organisation(read.organisation.id), text("人を招待する", "Invite a person"))
    };
    html! { a href=(href) { (label.get(visit.lang)) } }
}

/// Accounts by kind and state.
fn by_state(lang: Lang, read: &AccountsRead) -> Markup {
    let series = vec![
        Series::new(text("利用中", "Active"), Shade::Good),
        Series::new(text("長期間未使用", "Unused for long"), Shade::Partly),
        Series::new(text("停止中", "Suspended"), Shade::Bad),
        Series::new(text("廃止", "Closed"), Shade::Out),
    ];
    let kinds = [AccountKind::Person, AccountKind::Machine, AccountKind::Emergency];
    let rows = kinds.into_iter().map(|kind| {
        let of: Vec<&AccountRead> = read.accounts.iter().filter(|a| a.account.kind == kind).collect();
        let count = |fits: fn(&AccountRead) -> bool| of.iter().filter(|a| fits(a)).count();
        let values = vec![
            count(|a| a.account.standing == Standing::Active && !a.stale),
            count(|a| a.stale),
            count(|a| a.account.standing == Standing::Suspended),
            count(|a| a.account.standing == Standing::Closed),
        ];
        Bar { label: kind.name(), href: None, values }
    });
    let chart = Bars {
        id: "accounts",
        title: text("種類と状態ごとのアカウント数", "Accounts by kind and state"),
        of: text("種類", "Kind"),
        scale: Scale::Count,
        series,
        rows: rows.collect(),
    };
    bars(lang, &chart)
}

fn narrow(lang: Lang, flag: Option<Flag>) -> Markup {
    let choices: Vec<Choice> = Flag::ALL.iter().map(|f| Choice::new(word(f), f.name())).collect();
    let chosen = flag.map(|f| word(&f)).unwrap_or_default();
    let all = urls::accounts();
    filter(lang, &all, &all, select(lang, &Field::new("show", text("表示するアカウント", "Accounts to show")).value(&chosen), &choices))
}

/// Standing, and what else somebody who looks after accounts has to notice.
pub(super) fn states(lang: Lang, of: &AccountRead) -> Markup {
    let account = &of.account;
    html! {
        span.row {
            (standing_tag(lang, account))
            @if of.stale { (tag(lang, Tone::Warn, &text("長期間未使用", "Unused for long"))) }
            @if account.initial { (tag(lang, Tone::Info, &text("初期パスワード", "Initial password"))) }
            @if is_bare(of) { (tag(lang, Tone::Warn, &text("第2要素なし", "No second factor"))) }
            @if !of.own { (tag(lang, Tone::Neutral, &text("他組織が管理", "Another organisation's"))) }
        }
    }
}

fn standing_tag(lang: Lang, account: &Account) -> Markup {
    let tone = match account.standing {
        Standing::Active => Tone::Success,
        Standing::Suspended => Tone::Danger,
        Standing::Closed => Tone::Neutral,
    };
    // What is shut until two people open it is as it should be.
    if account.kind == AccountKind::Emergency && account.standing == Standing::Suspended {
        return tag(lang, Tone::Neutral, &text("待機中", "Standing by"));
    }
    tag(lang, tone, &account.standing.name())
}

fn factors(lang: Lang, of: &AccountRead) -> Markup {
    let mut kinds: Vec<_> = of.factors.iter().map(|f| f.kind).collect();
    kinds.sort();
    kinds.dedup();
    let names: Vec<String> = kinds.iter().map(|k| k.name().get(lang).to_owned()).collect();
    html! { @if names.is_empty() { "―" } @else { (names.join(if lang == Lang::Ja { "、" } else { ", " })) } }
}

fn list(lang: Lang, shown: &[&AccountRead]) -> Markup {
    let columns = vec![
        Column::new(text("名前", "Name")),
        Column::new(text("ID", "Id")),
        Column::new(text("種類", "Kind")),
        Column::new(text("役割", "Roles")),
        Column::new(text("状態", "State")),
        Column::new(text("認証要素", "Factors")),
        Column::new(text("最終サインイン", "Last sign-in")),
        Column::new(text("失敗", "Failed")).number(),
        Column::new(text("利用最終日", "Last day")),
    ];
    let rows = shown.iter().map(|of| {
        Row::new(vec![
            html! { a href=(urls::account_of(of.person.id)) data-row { (of.person.name) } },
            html! { (of.person.email) },
            html! { (of.account.kind.name().get(lang)) },
            html! { @if let Some(membership) = &of.membership { (role_names(&membership.roles, lang)) } @else { "―" } },
            states(lang, of),
            factors(lang, of),
            html! { @if let Some(at) = of.account.last_in { (time(at)) } @else { "―" } },
            html! { (of.account.failed) },
            html! { @if let Some(ends) = of.account.ends { (date(ends)) } @else { "―" } },
        ])
    });
    let caption = worded(format!("アカウント（{}件）", shown.len()), format!("Accounts ({})", shown.len()));
    table(lang, &Table::new(caption, columns, rows.collect()))
}
