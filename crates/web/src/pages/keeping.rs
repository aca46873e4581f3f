//! Retention and erasure: the rules, what is due and when, holds, and erasures with their certificates.

use app::keeping::{Due, KeepingRead};
use maud::{Markup, html};
use rules::command::Command;
use rules::id::{self, Id};
use rules::keeping::{Matter, Record, Rule};
use rules::party::Role;
use rules::refusal::Refusal;
use rules::request::Ask;
use rules::text::{Lang, Text, text, worded};

use super::form::{Again, Form, act, saved_at};
use super::signs::time;
use crate::components::{
    Choice, Column, Event, Input, Kind, Row, Table, Tile, Tone, csrf, date_field, details, empty, input_field, link_button, notice, select,
    submit, table, tag, text_field, tiles, timeline,
};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

const ADMINISTRATORS: Guard = Guard::Roles(&[Role::Administrator]);

pub const ROUTES: &[Route] = &[
    get("/keeping", ADMINISTRATORS, show),
    post("/keeping/hold", ADMINISTRATORS, hold),
    post("/keeping/lift", ADMINISTRATORS, lift),
    post("/keeping/erase", ADMINISTRATORS, erase),
    post("/keeping/rule", ADMINISTRATORS, rule),
];

/// How long a request of this page waits for the second person, in hours.
const HOURS: u16 = 168;

pub fn title() -> Text {
    text("保存と消去", "Retention and erasure")
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, None)?.into())
}

fn page(visit: &Visit, again: Again) -> Result<Page, app::Error> {
    let lang = visit.lang;
    let read = visit.app.keeping(visit.actor()?)?;
    let over = read.due.iter().filter(|d| d.kept.over && d.holds.is_empty()).count();
    let standing = read.holds.iter().filter(|h| h.hold.lifted.is_none()).count();
    let main = html! {
        (tiles(lang, &[
            Tile::new(text("保存期間が終わったもの", "Time is over"), over).tone(if over > 0 { Tone::Warn } else { Tone::Neutral }).link("#due"),
            Tile::new(text("有効な保全", "Holds that stand"), standing).tone(if standing > 0 { Tone::Info } else { Tone::Neutral }).link("#holds"),
            Tile::new(text("消去の記録", "Erasures"), read.erased.len()).link("#erased"),
        ]))
        section id="due" { h2 { (text("いつまで保存するか", "Kept until when").get(lang)) } (due(visit, &read)) (erase_form(visit, &read, again)) }
        section id="holds" { h2 { (text("保全", "Holds").get(lang)) } (holds(visit, &read)) (hold_forms(visit, &read, again)) }
        section id="erased" { h2 { (text("消去の記録", "Erasures").get(lang)) } (erased(visit, &read)) }
        section id="rules" { h2 { (text("保存期間の規則", "Rules of retention").get(lang)) } (rules_table(lang, &read)) (rule_form(visit, again)) }
    };
    let mut page = visit.page(title(), main);
    page.lead = Some(text(
        "期間が終わっても自動では消去されません。消去は申請し、別の管理者が承認したときに行われます。",
        "Nothing is erased by itself when its time is over: an erasure is requested, and done when another administrator approves it.",
    ));
    page.corner = link_button(lang, Kind::Secondary, &text("申請", "Requests"), &urls::requests());
    if visit.query.is_on("saved") && again.is_none() {
        page.notices = notice(lang, Tone::Success, &text("受け付けました。", "It is taken."), html! {});
    }
    Ok(page)
}

fn due(visit: &Visit, read: &KeepingRead) -> Markup {
    let lang = visit.lang;
    let (dated, open): (Vec<&Due>, Vec<&Due>) = read.due.iter().partition(|d| d.kept.last.is_some());
    if read.due.is_empty() {
        return empty(
            lang,
            &text("対象はまだありません", "Nothing yet"),
            &text(
                "例: 終わった案件、証跡、廃止したアカウントが、保存期限の順に並びます。",
                "For example ended cases, documents and closed accounts, by the day until which they are kept.",
            ),
            html! {},
        );
    }
    let events: Vec<Event> = dated.iter().map(|d| event(lang, d)).collect();
    html! {
        @if events.is_empty() { p.muted { (text("期限の決まったものはまだありません。", "Nothing has a day yet.").get(lang)) } } @else { (timeline(lang, &events)) }
        @if !open.is_empty() {
            (details(lang, &worded(format!("期間がまだ始まっていないもの（{}件）", open.len()), format!("Not begun yet ({})", open.len())), false, html! {
                ul { @for d in open { li { (d.matter.name().get(lang)) " " (d.name.get(lang)) ": " (d.kept.words.get(lang)) (held(lang, d)) } } }
            }))
        }
    }
}

fn event(lang: Lang, due: &Due) -> Event {
    let day = due.kept.last.map(|d| d.to_string()).unwrap_or_default();
    let name = due.matter.name();
    let (tone, state) = match (due.kept.over, due.holds.is_empty()) {
        (_, false) => (Tone::Info, text("保全中", "held")),
        (true, true) => (Tone::Warn, text("期間終了", "time is over")),
        (false, true) => (Tone::Neutral, text("保存中", "kept")),
    };
    let what = worded(format!("{}「{}」: {}", name.ja, due.name.ja, state.ja), format!("{} {}: {}", name.en, due.name.en, state.en));
    let more = html! { @if !due.kept.over { p.small.muted { (due.kept.words.get(lang)) } } (held(lang, due)) };
    Event { time: (day.clone(), day), what, who: None, tone: Some(tone), more: Some(more) }
}

fn held(lang: Lang, due: &Due) -> Markup {
    html! {
        @for hold in &due.holds {
            p.small { (tag(lang, Tone::Info, &text("保全", "Hold"))) " " (hold.reason) " " span.muted { (hold.id) } }
        }
    }
}

/// Choices among matters, each by its subject.
fn choices<'a>(all: impl Iterator<Item = (&'a Matter, &'a Text)>) -> Vec<Choice<'static>> {
    all.map(|(matter, name)| {
        let kind = matter.name();
        Choice::new(matter.subject(), worded(format!("{}: {}", kind.ja, name.ja), format!("{}: {}", kind.en, name.en)))
    })
    .collect()
}

fn reason(form: &Form, lang: Lang, label: Text) -> Markup {
    text_field(lang, &form.field("reason", label, "").required())
}

fn erase_form(visit: &Visit, read: &KeepingRead, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "erase", again);
    let may = choices(read.due.iter().filter(|d| d.kept.over && d.holds.is_empty()).map(|d| (&d.matter, &d.name)));
    if may.is_empty() && form.refused.is_none() {
        return html! {};
    }
    html! {
        h3 { (text("消去を申請する", "Request an erasure").get(lang)) }
        form method="post" action=(urls::keeping_act("erase")) data-submit-key data-keep="erase" {
            (csrf(&visit.csrf))
            (form.summary())
            (select(lang, &form.field("matter", text("対象", "What"), "").required(), &may))
            (reason(&form, lang, text("理由", "Reason")))
            (submit(lang, Kind::Danger, &text("消去を申請する", "Request the erasure")))
        }
    }
}

fn hold_forms(visit: &Visit, read: &KeepingRead, again: Again) -> Markup {
    let lang = visit.lang;
    let (place, lift) = (Form::new(visit, "hold", again), Form::new(visit, "lift", again));
    let standing: Vec<Choice> = read
        .holds
        .iter()
        .filter(|h| h.hold.lifted.is_none())
        .map(|h| {
            let words = |name: &str| format!("{} ({name})", h.hold.reason);
            Choice::new(h.hold.id.to_string(), worded(words(&h.name.ja), words(&h.name.en)))
        })
        .collect();
    html! {
        h3 { (text("保全を指定する", "Place a hold").get(lang)) }
        p { (text("すぐに有効になります。解除には、申請と別の管理者の承認が必要です。", "It stands at once. Lifting it needs a request and another administrator's approval.").get(lang)) }
        form method="post" action=(urls::keeping_act("hold")) data-submit-key data-keep="hold" {
            (csrf(&visit.csrf))
            (place.summary())
            (select(lang, &place.field("matter", text("対象", "What"), "").required(), &choices(read.matters.iter().map(|(m, n)| (m, n)))))
            (reason(&place, lang, text("理由（事案の名前など）", "Reason, such as the name of the incident")))
            (submit(lang, Kind::Primary, &text("保全を指定する", "Place the hold")))
        }
        @if !standing.is_empty() || lift.refused.is_some() {
            h3 { (text("保全の解除を申請する", "Request to lift a hold").get(lang)) }
            form method="post" action=(urls::keeping_act("lift")) data-submit-key data-keep="lift" {
                (csrf(&visit.csrf))
                (lift.summary())
                (select(lang, &lift.field("hold", text("保全", "Hold"), "").required(), &standing))
                (reason(&lift, lang, text("解除の理由", "Why it may be lifted")))
                (submit(lang, Kind::Secondary, &text("解除を申請する", "Request it")))
            }
        }
    }
}

fn holds(visit: &Visit, read: &KeepingRead) -> Markup {
    let lang = visit.lang;
    if read.holds.is_empty() {
        return html! { p.muted { (text("保全はありません。例: 事故の調査が終わるまで、関係する案件を残すとき。", "None. For example, to keep a case until an incident is investigated.").get(lang)) } };
    }
    let columns = vec![
        Column::new(text("理由", "Reason")),
        Column::new(text("対象", "What")),
        Column::new(text("指定", "Placed")),
        Column::new(text("状態", "State")),
    ];
    let rows = read.holds.iter().map(|h| {
        Row::new(vec![
            html! { (h.hold.reason) br; span.small.muted { (h.hold.id) } },
            html! { (h.hold.matter.name().get(lang)) " " (h.name.get(lang)) },
            html! { (time(h.hold.at)) br; (h.by) },
            html! {
                @match &h.hold.lifted {
                    None => { (tag(lang, Tone::Info, &text("有効", "Stands"))) },
                    Some((at, _, why)) => {
                        (tag(lang, Tone::Neutral, &text("解除済み", "Lifted"))) br;
                        span.small { (time(*at)) " " @if let Some(by) = &h.lifted_by { (by) } br; (why) }
                    },
                }
            },
        ])
    });
    table(lang, &Table::new(text("保全（新しい順）", "Holds, the newest first"), columns, rows.collect()).caption_hidden())
}

fn erased(visit: &Visit, read: &KeepingRead) -> Markup {
    let lang = visit.lang;
    if read.erased.is_empty() {
        return html! { p.muted { (text("消去の記録はありません。", "Nothing was erased.").get(lang)) } };
    }
    let columns = vec![
        Column::new(text("日時", "When")),
        Column::new(text("対象", "What")),
        Column::new(text("根拠", "Authority")),
        Column::new(text("証明書", "Certificate")),
    ];
    let rows = read.erased.iter().map(|e| {
        let erasure = &e.erasure;
        Row::new(vec![
            time(erasure.at),
            html! { (erasure.matter.name().get(lang)) br; span.small.muted { (erasure.matter.subject()) } },
            html! { span lang="ja" { (erasure.authority) } },
            html! {
                @match &e.certified {
                    None => { (tag(lang, Tone::Info, &text("確認中", "Being looked at"))) },
                    Some(c) => {
                        a href=(urls::file(c.evidence, None)) { (text("証明書（PDF）", "Certificate (PDF)").get(lang)) } br;
                        @if c.clean { (tag(lang, Tone::Success, &text("残りなし", "Nothing left"))) } @else { (tag(lang, Tone::Danger, &text("残りあり", "Something left"))) }
                    },
                }
            },
        ])
    });
    table(lang, &Table::new(text("消去（新しい順）", "Erasures, the newest first"), columns, rows.collect()).caption_hidden())
}

fn rules_table(lang: Lang, read: &KeepingRead) -> Markup {
    let columns = vec![
        Column::new(text("記録", "Record")),
        Column::new(text("期間", "Period")),
        Column::new(text("起算", "From")),
        Column::new(text("適用開始", "In force from")),
        Column::new(text("根拠", "Source")),
    ];
    let row = |rule: &Rule, own: bool| {
        Row::new(vec![
            html! { (rule.about().get(lang)) br; span.small.muted { (rule.id) } @if own { " " (tag(lang, Tone::Info, &text("自組織", "Own"))) } },
            html! { (rule.period().get(lang)) },
            html! { (rule.starts.get(lang)) },
            super::signs::date(rule.effective),
            html! { span lang="ja" { (rule.source) } @if !rule.verified && !own { br; (tag(lang, Tone::Warn, &text("原文未確認", "Not verified"))) } },
        ])
    };
    let rows = read.own.iter().map(|r| row(r, true)).chain(read.rules.iter().map(|r| row(r, false)));
    html! {
        p { (text("複数の規則が当てはまるときは、最も長いものによります。医療機関の記録の期間は、参考として示しています。", "Of several rules that apply the longest counts. The periods of medical institutions' records are shown for reference.").get(lang)) }
        (table(lang, &Table::new(text("保存期間の規則", "Rules of retention"), columns, rows.collect()).caption_hidden()))
    }
}

fn rule_form(visit: &Visit, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "rule", again);
    let names = [
        text("評価案件", "Cases"),
        text("証跡", "Evidence"),
        text("廃止したアカウントの氏名・アドレス", "Names and addresses of closed accounts"),
        text("ログ", "Logs"),
    ];
    let records: Vec<Choice> = Record::ALL.iter().zip(names).map(|(r, name)| Choice::new(r.word(), name)).collect();
    html! {
        h3 { (text("自組織の規則を設定する", "Set a rule of the organisation").get(lang)) }
        p { (text("カタログの規則より長くすることだけができます。同じ名前の規則は置き換わります。", "A rule can only lengthen those of the catalogue. One of the same name is replaced.").get(lang)) }
        form method="post" action=(urls::keeping_act("rule")) data-submit-key data-keep="rule" {
            (csrf(&visit.csrf))
            (form.summary())
            (text_field(lang, &form.field("id", text("名前", "Name"), "").required()))
            (select(lang, &form.field("record", text("記録", "Record"), "").required(), &records))
            (input_field(lang, Input::Number, &form.field("months", text("期間（か月）", "Period in months"), "").required()))
            (date_field(lang, &form.field("effective", text("適用開始日", "In force from"), "").required()))
            (text_field(lang, &form.field("source", text("根拠（契約や決定）", "Source: a contract or decision"), "").required()))
            (submit(lang, Kind::Primary, &text("設定する", "Set")))
        }
    }
}

fn hold(visit: &Visit) -> Result<Answer, app::Error> {
    let form = &visit.form;
    let command = form.need("matter").map(|matter| Command::PlaceHold { matter, reason: form.text("reason").to_owned() });
    act(visit, command, saved_at(&urls::keeping()), |refusal| page(visit, Some(("hold", refusal))))
}

fn ask(visit: &Visit, ask: Result<Ask, Refusal>, name: &'static str) -> Result<Answer, app::Error> {
    let reason = visit.form.text("reason").to_owned();
    let command = ask.map(|ask| Command::MakeRequest { organisation: None, ask, reason, begin: None, hours: HOURS });
    act(visit, command, saved_at(&urls::keeping()), |refusal| page(visit, Some((name, refusal))))
}

fn lift(visit: &Visit) -> Result<Answer, app::Error> {
    ask(visit, visit.form.need::<Id<id::Hold>>("hold").map(|hold| Ask::LiftHold { hold }), "lift")
}

fn erase(visit: &Visit) -> Result<Answer, app::Error> {
    ask(visit, visit.form.need("matter").map(|matter| Ask::Erase { matter }), "erase")
}

fn rule(visit: &Visit) -> Result<Answer, app::Error> {
    let form = &visit.form;
    let missing = || Refusal::invalid("effective", text("入力または選択してください。", "Enter or choose something."));
    let read = || -> Result<Command, Refusal> {
        Ok(Command::SetRetention {
            rule: Rule {
                id: form.text("id").to_owned(),
                record: form.need("record")?,
                months: form.need("months")?,
                starts: worded("", ""),
                effective: form.date("effective")?.ok_or_else(missing)?,
                source: form.text("source").to_owned(),
                verified: true,
            },
        })
    };
    act(visit, read(), saved_at(&urls::keeping()), |refusal| page(visit, Some(("rule", refusal))))
}
