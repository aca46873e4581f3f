//! What somebody looks for in the ledger, as an address and as fields of a form; times are those of clocks in Japan.

use app::read::ledger::{LedgerChoices, WhoseLedger};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use maud::{Markup, html};
use rules::log::LogQuery;
use rules::refusal::Refusal;
use rules::text::{Text, text, worded};

use super::ledger_kinds::KINDS;
use crate::components::{Choice, Field, Input, NavLink, filter, input_field, select, tabs, text_field};
use crate::urls;
use crate::visit::{Fields, Visit};

const JAPAN: Offset = Offset::constant(9);

/// The ledger that is looked at: the one that is asked for, or the first that the visitor may read.
pub fn whose(visit: &Visit) -> Result<WhoseLedger, Refusal> {
    let may = WhoseLedger::of(visit.actor()?);
    let asked = |fields: &Fields| match fields.text("ledger") {
        "installation" => Some(WhoseLedger::Installation),
        "own" => Some(WhoseLedger::Own),
        _ => None,
    };
    let wanted = asked(&visit.query).or(asked(&visit.form));
    match wanted {
        Some(wanted) if may.contains(&wanted) => Ok(wanted),
        Some(_) => Err(Refusal::forbidden()),
        None => may.first().copied().ok_or(Refusal::forbidden()),
    }
}

pub const fn whose_word(whose: WhoseLedger) -> &'static str {
    match whose {
        WhoseLedger::Own => "own",
        WhoseLedger::Installation => "installation",
    }
}

pub const fn whose_name(whose: WhoseLedger) -> Text {
    match whose {
        WhoseLedger::Own => text("自組織の台帳", "The organisation's ledger"),
        WhoseLedger::Installation => text("サーバーの台帳", "The installation's ledger"),
    }
}

/// Reads a moment of a clock in Japan; the seconds may be missing.
pub fn moment_of(fields: &Fields, name: &'static str) -> Result<Option<Timestamp>, Refusal> {
    let written = fields.text(name).trim();
    if written.is_empty() {
        return Ok(None);
    }
    let wrong = || Refusal::invalid(name, text("日時は 2026-11-22T09:30 の形で入力してください。", "Write the time as 2026-11-22T09:30."));
    let at: DateTime = written.parse().map_err(|_| wrong())?;
    JAPAN.to_timestamp(at).map(Some).map_err(|_| wrong())
}

/// As a form takes it back.
pub fn moment_text(at: Option<Timestamp>) -> String {
    at.map(|at| JAPAN.to_datetime(at).to_string()).unwrap_or_default()
}

/// The query of an address or a form.
pub fn query(fields: &Fields) -> Result<LogQuery, Refusal> {
    let some = |name: &str| Some(fields.text(name).trim().to_owned()).filter(|t| !t.is_empty());
    Ok(LogQuery {
        actor: some("who"),
        subject: some("subject"),
        item: fields.read::<u16>("item")?.map(rules::id::ItemNo),
        kind: some("kind"),
        outcome: some("outcome"),
        address: some("address"),
        from: moment_of(fields, "from")?,
        until: moment_of(fields, "until")?,
        rising: fields.text("sort") == "old",
    })
}

/// The query as fields of an address or hidden fields of a form.
pub fn pairs(whose: WhoseLedger, query: &LogQuery) -> Vec<(&'static str, String)> {
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    let all = [
        ("ledger", whose_word(whose).to_owned()),
        ("who", text(&query.actor)),
        ("subject", text(&query.subject)),
        ("item", query.item.map(|i| i.to_string()).unwrap_or_default()),
        ("kind", text(&query.kind)),
        ("outcome", text(&query.outcome)),
        ("address", text(&query.address)),
        ("from", moment_text(query.from)),
        ("until", moment_text(query.until)),
        ("sort", if query.rising { "old".to_owned() } else { String::new() }),
    ];
    all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// A page of the ledger with a query in its address.
pub fn at(page: &str, whose: WhoseLedger, query: &LogQuery) -> String {
    urls::with_query(page, &pairs(whose, query))
}

/// The query as hidden fields.
pub fn hidden(whose: WhoseLedger, query: &LogQuery) -> Markup {
    html! { @for (name, value) in pairs(whose, query) { input type="hidden" name=(name) value=(value); } }
}

/// Accounts to choose from; the installation acts as well.
pub fn accounts(choices: &LedgerChoices, chosen: &str) -> Vec<Choice<'static>> {
    let mut out: Vec<Choice> =
        choices.people.iter().map(|p| Choice::new(p.id.to_string(), worded(p.name.clone(), p.name.clone()))).collect();
    out.push(Choice::new("installation", text("システム", "The system")));
    if !chosen.is_empty() && !out.iter().any(|c| c.value == chosen) {
        out.push(Choice::new(chosen.to_owned(), worded(chosen.to_owned(), chosen.to_owned())));
    }
    out
}

/// The form that asks.
pub fn form(visit: &Visit, page: &str, whose: WhoseLedger, choices: &LedgerChoices, refused: Option<&Refusal>) -> Markup {
    let (lang, typed) = (visit.lang, &visit.query);
    let field = |name: &'static str, label: Text| {
        Field::new(name, label).value(typed.text(name)).error(refused.filter(|r| r.field == Some(name)).map(|r| &r.text))
    };
    let kinds: Vec<Choice> = KINDS.iter().map(|(kind, name)| Choice::new(*kind, name.clone())).collect();
    let outcomes = [Choice::new("done", text("実行", "Done")), Choice::new("refused", text("拒否", "Refused"))];
    let orders = [Choice::new("new", text("新しい順", "Newest first")), Choice::new("old", text("古い順", "Oldest first"))];
    let fields = html! {
        input type="hidden" name="ledger" value=(whose_word(whose));
        (select(lang, &field("who", text("利用者", "Account")), &accounts(choices, typed.text("who"))))
        (select(lang, &field("kind", text("出来事", "What happened")), &kinds))
        (input_field(lang, Input::Moment, &field("from", text("開始（日本時間）", "From (Japan)"))))
        (input_field(lang, Input::Moment, &field("until", text("終了（日本時間）", "Until (Japan)"))))
        (text_field(lang, &field("subject", text("対象のID（案件・患者・証跡など）", "Id of a case, patient, document …"))))
        (input_field(lang, Input::Number, &field("item", text("項目番号", "Item number"))))
        (text_field(lang, &field("address", text("接続元アドレス", "Network address"))))
        (select(lang, &field("outcome", text("結果", "Outcome")), &outcomes))
        (select(lang, &field("sort", text("並び", "Order")), &orders))
    };
    filter(lang, page, &urls::with_query(page, &[("ledger", whose_word(whose).to_owned())]), fields)
}

/// The pages of the ledger, and the ledgers where there are two.
pub fn navigation(visit: &Visit, whose: WhoseLedger, here: &str) -> Result<Markup, Refusal> {
    let lang = visit.lang;
    let ledger = |of: WhoseLedger| vec![("ledger", whose_word(of).to_owned())];
    let may = WhoseLedger::of(visit.actor()?);
    let of: Vec<NavLink> =
        may.iter().map(|w| NavLink::new(whose_name(*w), urls::with_query(here, &ledger(*w))).current(*w == whose)).collect();
    let pages = [
        (text("記録", "Lines"), urls::ledger()),
        (text("対象ごとの回数", "Counts by subject"), urls::ledger_subjects()),
        (text("日別・種類別", "By day and kind"), urls::ledger_chart()),
        (text("レビュー", "Reviews"), urls::ledger_reviews()),
    ];
    let links: Vec<NavLink> =
        pages.into_iter().map(|(name, page)| NavLink::new(name, urls::with_query(&page, &ledger(whose))).current(page == here)).collect();
    Ok(html! {
        @if of.len() > 1 { (tabs(lang, &text("台帳", "Ledgers"), &of)) }
        (tabs(lang, &text("台帳の画面", "Pages of the ledger"), &links))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_the_whole_query() {
        let query_then = LogQuery {
            actor: Some("person_1".into()),
            subject: Some("case_2/81".into()),
            item: Some(rules::id::ItemNo(81)),
            kind: Some("signed_in".into()),
            outcome: Some("refused".into()),
            address: Some("192.0.2.1".into()),
            from: Some("2026-11-21T15:00:00Z".parse().expect("a time")),
            until: Some("2026-11-22T00:30:15Z".parse().expect("a time")),
            rising: true,
        };
        let written: Vec<(String, String)> = pairs(WhoseLedger::Own, &query_then).into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
        assert_eq!(query(&Fields(written)), Ok(query_then));
    }

    #[test]
    fn a_moment_is_one_of_japan() {
        let fields = |t: &str| Fields(vec![("from".into(), t.into())]);
        let at = moment_of(&fields("2026-11-22T09:30"), "from").expect("a time");
        assert_eq!(at, Some("2026-11-22T00:30:00Z".parse().expect("a time")));
        assert!(moment_of(&fields("22.11.2026"), "from").is_err());
    }
}
