//! The access rules of an organisation: who may come in from where and when, and what a password and a session have to be.

mod told;
mod typed;

use app::read::AccountsRead;
use maud::{Markup, html};
use rules::access::Access;
use rules::account::{ALWAYS_TWO_FACTORS, AccountKind, Standing};
use rules::command::{Command, Kind as Act};
use rules::party::Role;
use rules::policy::Place;
use rules::refusal::Refusal;
use rules::text::{Text, text, worded};

use super::accounts::may_after_proof;
use super::form::{self, Again, Form};
use super::word;
use crate::components::{
    Area, Choice, Input, Kind, Tone, actions, checkbox, checkboxes, csrf, input_field, link_button, notice, radios, submit, text_field,
    textarea,
};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[get("/access", Guard::SignedIn, show), post("/access", Guard::Roles(&[Role::Administrator]), save)];

fn title() -> Text {
    text("アクセス規則", "Access rules")
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, None)?.into())
}

fn page(visit: &Visit, again: Again) -> Result<Page, app::Error> {
    let actor = visit.actor()?;
    let main = if actor.has(Role::Administrator) {
        let read = visit.app.accounts(actor)?;
        rules_form(visit, &read, again)
    } else {
        told::told(visit, &visit.app.own_access(actor)?)
    };
    let mut page = visit.page(title(), main);
    page.notices = html! { (page.notices) (told::older_tls(visit)) };
    page.lead = Some(text("この組織の人すべてに適用されます。", "They hold for everybody of this organisation."));
    if actor.has(Role::Administrator) {
        page.corner = link_button(visit.lang, Kind::Secondary, &super::accounts::title(), &urls::accounts());
    }
    Ok(page)
}

/// The days of the week, 1 for Monday to 7 for Sunday.
pub(super) const DAYS: [(i8, Text); 7] = [
    (1, text("月", "Mon")),
    (2, text("火", "Tue")),
    (3, text("水", "Wed")),
    (4, text("木", "Thu")),
    (5, text("金", "Fri")),
    (6, text("土", "Sat")),
    (7, text("日", "Sun")),
];

/// Ticked boxes: as they were sent, otherwise as they stand.
fn ticked(visit: &Visit, form: &Form, name: &str, stands: Vec<String>) -> Vec<String> {
    if form.refused.is_some() { visit.form.all(name).map(str::to_owned).collect() } else { stands }
}

fn boxes(visit: &Visit, form: &Form, name: &'static str, label: Text, hint: Text, choices: &[Choice], stands: Vec<String>) -> Markup {
    let chosen = ticked(visit, form, name, stands);
    let chosen: Vec<&str> = chosen.iter().map(String::as_str).collect();
    checkboxes(visit.lang, &form.field(name, label, "").hint(hint), choices, &chosen)
}

fn lines<T: ToString>(all: &[T]) -> String {
    all.iter().map(T::to_string).collect::<Vec<_>>().join("\n")
}

fn rules_form(visit: &Visit, read: &AccountsRead, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "access", again);
    let stands = &read.access;
    let may = may_after_proof(visit, Act::SetAccess, Place::Installation);
    let privilege = text(
        "規則の変更には特権が必要です。登録された管理端末から、特権の利用を申請し、承認を受けてください。",
        "Changing the rules takes privilege: from a management terminal, request it and have it approved.",
    );
    html! {
        (form::saved_notice(visit, "access"))
        @if !may { (notice(lang, Tone::Warn, &privilege, html! { p { a href=(urls::new_request("privilege")) { (text("特権の利用を申請する", "Request privilege").get(lang)) } } })) }
        (form.summary())
        form method="post" action=(urls::access()) data-submit-key data-keep="access" {
            (csrf(&visit.csrf))
            h2 { (text("パスワード", "Passwords").get(lang)) }
            (told::profiles(visit, &form, &stands.profile))
            h2 { (text("2段階認証", "Second factor").get(lang)) }
            (second_factor(visit, &form, stands))
            h2 { (text("曜日と時間帯", "Days and hours").get(lang)) }
            (days_and_hours(visit, &form, stands))
            h2 { (text("接続元", "Where people come from").get(lang)) }
            (places(visit, &form, stands))
            h2 { (text("セッション", "Sessions").get(lang)) }
            (sessions(visit, &form, stands))
            h2 { (text("アカウントと特権", "Accounts and privilege").get(lang)) }
            (accounts(visit, &form, read))
            @if may { (actions(submit(lang, Kind::Primary, &text("規則を保存する", "Save the rules")))) }
        }
    }
}

fn second_factor(visit: &Visit, form: &Form, stands: &Access) -> Markup {
    let lang = visit.lang;
    let free = Role::ALL.into_iter().filter(|r| !ALWAYS_TWO_FACTORS.contains(r));
    let choices: Vec<Choice> = free.clone().map(|r| Choice::new(word(&r), r.name())).collect();
    let held = free.filter(|r| stands.second_factor.contains(r)).map(|r| word(&r)).collect();
    html! {
        fieldset.field {
            legend { (text("常に必要な役割", "Roles that always need one").get(lang)) }
            @for role in ALWAYS_TWO_FACTORS {
                @let id = format!("always-{}", word(&role));
                div.choice { input type="checkbox" id=(id) checked disabled; label for=(id) { (role.name().get(lang)) } }
            }
            p.hint { (text("項目95により、外せません。", "Item 95 demands it; they cannot be unticked.").get(lang)) }
        }
        (boxes(visit, form, "second_factor", text("ほかに2段階認証を必要とする役割", "Other roles that need a second factor"), text("選んだ役割の人は、次のサインインで要素を登録します。", "People of these roles register a factor when they next sign in."), &choices, held))
    }
}

fn days_and_hours(visit: &Visit, form: &Form, stands: &Access) -> Markup {
    let lang = visit.lang;
    let choices: Vec<Choice> = DAYS.iter().map(|(n, name)| Choice::new(n.to_string(), name.clone())).collect();
    let held = stands.days.iter().map(ToString::to_string).collect();
    let hm = |t: jiff::civil::Time| t.strftime("%H:%M").to_string();
    let (from, until) = stands.hours.map(|(a, b)| (hm(a), hm(b))).unwrap_or_default();
    html! {
        (boxes(visit, form, "days", text("サインインできる曜日", "Days on which people may sign in"), text("1つも選ばなければ、毎日です。", "None ticked means every day."), &choices, held))
        div.columns {
            (text_field(lang, &form.field("hours", text("開始時刻（日本時間）", "From (Japan)"), &from).hint(text("例: 08:00。開始・終了とも空欄なら終日です。", "For example 08:00; both empty means all day."))))
            (text_field(lang, &form.field("until", text("終了時刻（日本時間）", "Until (Japan)"), &until).hint(text("例: 20:00。22:00から06:00のように日をまたげます。", "For example 20:00; a span such as 22:00 to 06:00 may pass midnight."))))
        }
    }
}

fn places(visit: &Visit, form: &Form, stands: &Access) -> Markup {
    let lang = visit.lang;
    let now = worded(format!("いまの接続元: {}", visit.address), format!("You come from {}", visit.address));
    let certificate = visit.certificate.map(|c| c.to_string());
    let (networks, management, certificates) = (lines(&stands.networks), lines(&stands.management), lines(&stands.certificates));
    let area = Area { rows: 4, ..Area::default() };
    html! {
        p { (now.get(lang)) @if let Some(certificate) = &certificate { br; (text("いまのクライアント証明書: ", "Your client certificate: ").get(lang)) code { (certificate) } } }
        (textarea(lang, area, &form.field("networks", text("接続を許可するネットワーク", "Networks to come from"), &networks).hint(text("1行に1つ。例: 203.0.113.0/24。空欄ならどこからでも接続できます。", "One a line, such as 203.0.113.0/24. Empty allows all."))))
        (textarea(lang, area, &form.field("management", text("管理端末のネットワーク", "Networks of management terminals"), &management).hint(text("特権を使う操作は、ここからだけ行えます（項目103）。1行に1つ。空欄なら限定しません。", "Privilege is used from these only (item 103). One a line; empty sets no limit."))))
        (textarea(lang, area, &form.field("certificates", text("クライアント証明書の指紋（SHA-256）", "Fingerprints of client certificates (SHA-256)"), &certificates).hint(text("1行に1つ、16進数64桁（:で区切られていても構いません）。空欄なら証明書は不要です。", "One a line, 64 hexadecimal digits, with or without colons. Empty needs no certificate."))))
    }
}

fn number(visit: &Visit, form: &Form, name: &'static str, label: Text, hint: Text, stands: u16) -> Markup {
    input_field(visit.lang, Input::Number, &form.field(name, label, &stands.to_string()).hint(hint).required())
}

fn sessions(visit: &Visit, form: &Form, stands: &Access) -> Markup {
    html! {
        div.columns {
            (number(visit, form, "idle_minutes", text("操作がないとき終了するまで（分）", "Minutes without a request"), text("1から240まで", "1 to 240"), stands.idle_minutes))
            (number(visit, form, "session_hours", text("操作を続けても終了するまで（時間）", "Hours at most"), text("1から24まで", "1 to 24"), stands.session_hours))
            (number(visit, form, "sessions", text("1人が同時に使えるセッション数", "Sessions of one person"), text("1から20まで", "1 to 20"), stands.sessions))
            (number(visit, form, "sessions_together", text("組織全体で同時に使えるセッション数", "Sessions of all together"), text("1から10000まで", "1 to 10,000"), stands.sessions_together))
        }
    }
}

fn accounts(visit: &Visit, form: &Form, read: &AccountsRead) -> Markup {
    let lang = visit.lang;
    let stands = &read.access;
    let people = read
        .accounts
        .iter()
        .filter(|a| a.membership.is_some() && a.account.kind == AccountKind::Person && a.account.standing != Standing::Closed);
    let choices: Vec<Choice> =
        people.map(|a| Choice::new(a.person.id.to_string(), worded(a.person.name.clone(), a.person.name.clone()))).collect();
    let held = stands.privileged.iter().map(ToString::to_string).collect();
    html! {
        (checkbox(lang, &form.field("approval", text("アカウントの登録と権限の追加に、別の管理者の承認を必要とする", "New accounts and wider rights need another administrator's approval"), "").hint(text("項目68。管理者が2人以上いる場合に有効にしてください。", "Item 68. Switch it on when there are two administrators or more.")), form.is_on("approval", stands.approval)))
        (boxes(visit, form, "privileged", text("特権使用者", "People who may ask for privilege"), text("選んだ人だけが、承認を受けている間に限り、権限や規則の変更などの特権を使えます（項目100、101）。選ぶ場合は2人以上。1人も選ばなければ、役割だけで使えます。", "Only they may use privilege, such as changing rights and rules, while a request is approved (items 100, 101). Two at least; none leaves privilege with the roles."), &choices, held))
        div.columns {
            (number(visit, form, "stale_days", text("長期間未使用とみなす日数", "Days until an account counts as unused"), text("7から365まで", "7 to 365"), stands.stale_days))
            (number(visit, form, "review_months", text("定期レビューの間隔（か月）", "Months between reviews"), text("1から12まで", "1 to 12"), stands.review_months))
        }
    }
}

fn save(visit: &Visit) -> Result<Answer, app::Error> {
    let command: Result<Command, Refusal> = typed::access(&visit.form).map(|access| Command::SetAccess { access: Box::new(access) });
    form::act(visit, command, form::saved_at(&urls::access()), |refusal| page(visit, Some(("access", refusal))))
}

/// The profiles to choose from; `told` shows each with its rule.
fn choose(visit: &Visit, form: &Form, stands: &str, choices: &[Choice]) -> Markup {
    radios(visit.lang, &form.field("profile", text("パスワードの方式", "Password profile"), stands).required(), choices, false)
}
