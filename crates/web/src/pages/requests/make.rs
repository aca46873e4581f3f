//! Making a request: its kind is chosen from a list, and then only its own fields are asked for.

use app::read::{Askable, Asked};
use jiff::Timestamp;
use maud::{Markup, html};
use rules::account::Standing;
use rules::command::Command;
use rules::id::{self, Id};
use rules::party::Role;
use rules::refusal::Refusal;
use rules::request::{Ask, AskKind};
use rules::text::{Text, text, worded};

use super::super::form::{Again, Form, settle};
use super::super::organisations::{open_roles, role_choices};
use super::super::word;
use super::{lasts, title};
use crate::components::{
    Choice, Crumb, Input, Kind, Tone, actions, checkbox, checkboxes, csrf, date_field, empty, input_field, link_button, notice, select,
    submit, text_field,
};
use crate::route::Answer;
use crate::shell::Page;
use crate::urls;
use crate::visit::{Fields, Visit};

/// What it is for, and what happens when it is approved.
const fn says(kind: AskKind) -> Text {
    match kind {
        AskKind::Register => text(
            "新しい人のアカウントを作る。承認されると招待リンクができます。",
            "An account for a new person. Approval makes an invitation link.",
        ),
        AskKind::ChangeRoles => text("役割を加える、または変える。", "Other or further roles."),
        AskKind::Resume => text("停止中のアカウントを再び使えるようにする。", "A suspended account is to be used again."),
        AskKind::Reissue => text(
            "パスワード（必要なら認証要素も）を無効にし、新しく設定してもらう。本人確認の記録が必要です。",
            "The password, and the factors if need be, are revoked and set anew. The identity check is recorded.",
        ),
        AskKind::Alternate => text(
            "いつもの認証要素を使えない人が、期限付きでサインインする。本人確認の記録が必要です。",
            "Somebody without their usual factor signs in for a while. The identity check is recorded.",
        ),
        AskKind::OutOfHours => {
            text("決められた曜日・時間帯の外で、一度だけサインインする。", "One sign-in outside the allowed days and hours.")
        }
        AskKind::Privilege => text("登録された特権使用者が、期限付きで権限や規則を変える。", "A named person uses privilege for a while."),
        AskKind::BreakGlass => text(
            "非常時アカウントを期限付きで有効にする。直ちに警告され、事後確認が必要です。",
            "An emergency account opens for a while. It warns at once and is reviewed afterwards.",
        ),
        AskKind::View => text(
            "運用者が、ある組織の案件を読み取り専用で閲覧する。その組織の承認が必要です。",
            "An operator looks at an organisation's cases, read only, with that organisation's approval.",
        ),
        AskKind::LiftHold => text("保全の対象を、再び変更・消去できるようにする。", "What a hold keeps may change and go again."),
        AskKind::Erase => text("保存期間が終わったものを、完全に消去する。", "Something whose time is over leaves for good."),
        AskKind::OpenEscrow => {
            text("預託したマスター鍵を、二人の合言葉で取り戻す。", "The master key is taken back with the words of two people.")
        }
    }
}

/// Why this visitor cannot ask for it now, if it is so.
fn closed(kind: AskKind, can: &Askable) -> Option<Text> {
    let none = |fits: fn(&Asked) -> bool| !can.people.iter().any(fits);
    match kind {
        AskKind::Register => None,
        AskKind::ChangeRoles if none(|a| !a.roles.is_empty()) => Some(text("対象になる人がいません。", "There is nobody to ask for.")),
        AskKind::Resume if none(|a| is_fit(AskKind::Resume, a)) => {
            Some(text("停止中のアカウントはありません。", "No account is suspended."))
        }
        AskKind::Privilege if !can.privilege => {
            Some(text("アクセス規則に登録された特権使用者だけが申請できます。", "Only people named in the access rules can ask."))
        }
        AskKind::BreakGlass if can.emergency.is_empty() => Some(text(
            "待機中の非常時アカウントがありません。組織管理者または運用者が申請します。",
            "No emergency account stands by. Administrators and operators ask for one.",
        )),
        AskKind::LiftHold | AskKind::Erase => {
            Some(text("「保存期間と保全」の画面から申請してください。", "Ask for it on the page Retention and holds."))
        }
        AskKind::OpenEscrow => Some(text("「鍵」の画面から申請してください。", "Ask for it on the page Keys.")),
        AskKind::View if can.tenants.is_empty() => Some(text("運用者だけが申請できます。", "Only operators can ask.")),
        AskKind::ChangeRoles
        | AskKind::Resume
        | AskKind::Reissue
        | AskKind::Alternate
        | AskKind::OutOfHours
        | AskKind::Privilege
        | AskKind::BreakGlass
        | AskKind::View => None,
    }
}

/// Whether a kind can be about this person.
fn is_fit(kind: AskKind, of: &Asked) -> bool {
    match kind {
        AskKind::ChangeRoles => !of.roles.is_empty(),
        AskKind::Resume => of.own && of.standing == Standing::Suspended,
        AskKind::Reissue | AskKind::Alternate | AskKind::OutOfHours => of.own,
        AskKind::Register
        | AskKind::Privilege
        | AskKind::BreakGlass
        | AskKind::View
        | AskKind::LiftHold
        | AskKind::Erase
        | AskKind::OpenEscrow => false,
    }
}

pub(super) fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, visit.query.word("ask")?, None)?.into())
}

fn page(visit: &Visit, kind: Option<AskKind>, again: Again) -> Result<Page, app::Error> {
    let can = visit.app.askable(visit.actor()?)?;
    let (name, main) = match kind {
        None => (text("申請する", "Make a request"), choose(visit, &can)),
        Some(kind) => match closed(kind, &can) {
            Some(why) => (kind.name(), empty(visit.lang, &text("この申請はできません", "This cannot be requested"), &why, back(visit))),
            None => (kind.name(), form(visit, kind, &can, again)?),
        },
    };
    let mut page = visit.page(name.clone(), main);
    page.lead = kind.map(says);
    page.breadcrumb = vec![Crumb::link(title(), urls::requests())];
    if kind.is_some() {
        page.breadcrumb.push(Crumb::link(text("申請する", "Make a request"), urls::new_request("")));
    }
    page.breadcrumb.push(Crumb::here(name));
    Ok(page)
}

fn back(visit: &Visit) -> Markup {
    link_button(visit.lang, Kind::Secondary, &text("ほかの申請を選ぶ", "Choose another"), &urls::new_request(""))
}

fn choose(visit: &Visit, can: &Askable) -> Markup {
    let lang = visit.lang;
    let (open, shut): (Vec<AskKind>, Vec<AskKind>) = AskKind::ALL.into_iter().partition(|k| closed(*k, can).is_none());
    html! {
        dl.facts {
            @for kind in open {
                dt { a href=(urls::new_request(&word(&kind))) data-row { (kind.name().get(lang)) } }
                dd { (says(kind).get(lang)) }
            }
        }
        @if !shut.is_empty() {
            h2 { (text("いまは申請できないもの", "Not open to you now").get(lang)) }
            dl.facts {
                @for kind in shut {
                    dt { (kind.name().get(lang)) }
                    dd.muted { (closed(kind, can).unwrap_or(text("", "")).get(lang)) }
                }
            }
        }
    }
}

/// The hours that are proposed for a kind.
const fn usual_hours(kind: AskKind) -> u16 {
    match kind {
        AskKind::Privilege => 2,
        AskKind::OutOfHours | AskKind::BreakGlass => 4,
        AskKind::Reissue | AskKind::Alternate | AskKind::View => 24,
        // How long it may wait for a decision.
        AskKind::OpenEscrow => 4,
        AskKind::Register | AskKind::ChangeRoles | AskKind::Resume | AskKind::LiftHold | AskKind::Erase => 24 * 7,
    }
}

fn named(name: &str) -> Text {
    worded(name, name)
}

fn form(visit: &Visit, kind: AskKind, can: &Askable, again: Again) -> Result<Markup, app::Error> {
    let lang = visit.lang;
    let form = Form::new(visit, "request", again);
    let asked = visit.query.text("person").to_owned();
    let people: Vec<Choice> = can
        .people
        .iter()
        .filter(|a| is_fit(kind, a))
        .map(|a| {
            Choice::new(
                a.person.id.to_string(),
                worded(format!("{}（{}）", a.person.name, a.person.email), format!("{} ({})", a.person.name, a.person.email)),
            )
        })
        .collect();
    let person = || select(lang, &form.field("person", text("対象の人", "Whom it is about"), &asked).required(), &people);
    let identity = || {
        text_field(
            lang,
            &form
                .field("identity", text("本人確認の方法", "How the identity was checked"), "")
                .hint(text(
                    "例: 社員証と顔を対面で確認（総務課 佐藤）",
                    "For example: staff card and face, in person, by Sato of general affairs",
                ))
                .required(),
        )
    };
    let held: Vec<String> =
        can.people.iter().find(|a| a.person.id.to_string() == asked).map(|a| a.roles.iter().map(word).collect()).unwrap_or_default();
    let fields = match kind {
        AskKind::Register => html! {
            (input_field(lang, Input::Email, &form.field("email", text("メールアドレス（ID）", "Mail address, which is the id"), visit.query.text("email")).required()))
            (roles(visit, &form, &[])?)
        },
        AskKind::ChangeRoles => html! { (person()) (roles(visit, &form, &held)?) },
        AskKind::Resume | AskKind::OutOfHours => person(),
        AskKind::Reissue => html! {
            (person()) (identity())
            (checkbox(lang, &form.field("factors", text("第2の認証要素も無効にする（端末の紛失など）", "Revoke the second factors too, such as after the loss of a device"), ""), form.is_on("factors", false)))
            (checkbox(lang, &form.field("initial", text("リンクではなく初期パスワードを渡す", "Hand over an initial password instead of a link"), "").hint(text("メールを受け取れない人のために。初期パスワードで開くのは、パスワードの変更画面だけです。", "For who gets no mail. An initial password opens nothing but the form to change it.")), form.is_on("initial", false)))
        },
        AskKind::Alternate => html! { (person()) (identity()) },
        AskKind::Privilege | AskKind::LiftHold | AskKind::Erase | AskKind::OpenEscrow => html! {},
        AskKind::BreakGlass => {
            let accounts: Vec<Choice> = can.emergency.iter().map(|p| Choice::new(p.id.to_string(), named(&p.name))).collect();
            select(lang, &form.field("person", text("非常時アカウント", "Emergency account"), &asked).required(), &accounts)
        }
        AskKind::View => {
            let tenants: Vec<Choice> = can.tenants.iter().map(|o| Choice::new(o.id.to_string(), named(&o.name))).collect();
            html! {
                (select(lang, &form.field("organisation", text("閲覧する組織", "Organisation to look at"), visit.query.text("organisation")).required(), &tenants))
                (checkbox(lang, &form.field("emergency", text("緊急: 承認を待たずに直ちに閲覧する", "Emergency: look at once, before approval"), "").hint(text("その組織の管理者に直ちに警告されます。承認または却下は後から行われます。", "That organisation's administrators are warned at once, and decide afterwards.")), form.is_on("emergency", false)))
            }
        }
    };
    let example = text(
        "判断する人と、後から読む人に分かるように。例: 障害番号1234の調査のため",
        "So that who decides, and who reads it later, understands. For example: to look into fault 1234",
    );
    Ok(html! {
        @if kind == AskKind::BreakGlass { (notice(lang, Tone::Warn, &text("通常の手段で対応できない場合にだけ申請してください。", "Only when the usual means do not help."), html! {})) }
        (form.summary())
        form.narrow method="post" action=(urls::new_request(&word(&kind))) data-submit-key {
            (csrf(&visit.csrf))
            (fields)
            (text_field(lang, &form.field("reason", text("理由", "Reason"), "").hint(example).required()))
            (when(visit, kind, &form))
            (actions(html! { (submit(lang, Kind::Primary, &text("申請する", "Request it"))) (back(visit)) }))
        }
    })
}

fn roles(visit: &Visit, form: &Form, held: &[String]) -> Result<Markup, app::Error> {
    let own = visit.app.own_organisation(visit.actor()?)?;
    let chosen: Vec<&str> =
        if form.refused.is_some() { visit.form.all("roles").collect() } else { held.iter().map(String::as_str).collect() };
    let mut open = open_roles(visit, &own);
    // Whoever holds a role that the visitor cannot give keeps it in the list, or it would be lost without a word.
    open.extend(Role::ALL.into_iter().filter(|r| held.contains(&word(r))));
    open.sort();
    open.dedup();
    let field = form.field("roles", text("役割", "Roles"), "").required();
    Ok(checkboxes(
        visit.lang,
        &field.hint(text("必要な役割をすべて選びます。", "All the roles the person is to have.")),
        &role_choices(&open),
        &chosen,
    ))
}

/// When it begins and for how long, for the kinds that hold something open.
fn when(visit: &Visit, kind: AskKind, form: &Form) -> Markup {
    let lang = visit.lang;
    if !lasts(kind) {
        return html! {};
    }
    let later = !matches!(kind, AskKind::BreakGlass | AskKind::Reissue);
    let most = kind.longest().as_hours();
    let hours = usual_hours(kind).to_string();
    html! {
        @if later {
            (date_field(lang, &form.field("begin", text("開始日（日本時間）", "Day on which it begins (Japan)"), "").hint(text("空欄ならすぐに始まります。30日先まで。例: 2026-12-01", "Empty begins at once; at most 30 days ahead. For example 2026-12-01"))))
            (text_field(lang, &form.field("begin_time", text("開始時刻（日本時間）", "Time at which it begins (Japan)"), "").hint(text("例: 22:00", "For example 22:00"))))
        }
        (input_field(lang, Input::Number, &form.field("hours", text("時間数", "Hours"), &hours).hint(worded(format!("1から{most}まで。過ぎると自動で終わります。"), format!("1 to {most}. It ends by itself."))).required()))
    }
}

/// Japan has one offset the whole year.
const JAPAN: jiff::tz::Offset = jiff::tz::Offset::constant(9);

/// The moment a request is to begin: a day and a time on clocks in Japan.
fn begin(form: &Fields) -> Result<Option<Timestamp>, Refusal> {
    let written = form.text("begin_time").trim();
    let Some(day) = form.date("begin")? else {
        let alone = text("開始日も入力してください。", "Give the day as well.");
        return if written.is_empty() { Ok(None) } else { Err(Refusal::invalid("begin", alone)) };
    };
    let wrong = || Refusal::invalid("begin_time", text("時刻は 22:00 の形で入力してください。", "Write the time as 22:00."));
    let time: jiff::civil::Time = if written.is_empty() { jiff::civil::Time::MIN } else { written.parse().map_err(|_| wrong())? };
    Ok(Some(JAPAN.to_timestamp(day.to_datetime(time)).map_err(|_| wrong())?))
}

fn command(visit: &Visit, kind: AskKind) -> Result<Command, Refusal> {
    let form = &visit.form;
    let person = || form.need::<Id<id::Person>>("person");
    let identity = form.text("identity").to_owned();
    let ask = match kind {
        AskKind::Register => Ask::Register { email: form.text("email").to_owned(), roles: form.words("roles")? },
        AskKind::ChangeRoles => Ask::ChangeRoles { person: person()?, roles: form.words("roles")? },
        AskKind::Resume => Ask::Resume { person: person()? },
        AskKind::Reissue => Ask::Reissue { person: person()?, identity, factors: form.is_on("factors"), initial: form.is_on("initial") },
        AskKind::Alternate => Ask::Alternate { person: person()?, identity },
        AskKind::OutOfHours => Ask::OutOfHours { person: person()? },
        AskKind::Privilege => Ask::Privilege,
        AskKind::BreakGlass => Ask::BreakGlass { account: person()? },
        AskKind::View => Ask::View { emergency: form.is_on("emergency") },
        AskKind::OpenEscrow => Ask::OpenEscrow,
        AskKind::LiftHold => Ask::LiftHold { hold: form.need("hold")? },
        AskKind::Erase => Ask::Erase { matter: rules::keeping::Matter::Case { case: form.need("case")? } },
    };
    let (begin, hours) = if lasts(kind) { (begin(form)?, form.need("hours")?) } else { (None, usual_hours(kind)) };
    let organisation = if kind == AskKind::View { Some(form.need("organisation")?) } else { None };
    Ok(Command::MakeRequest { organisation, ask, reason: form.text("reason").to_owned(), begin, hours })
}

pub(super) fn make(visit: &Visit) -> Result<Answer, app::Error> {
    let kind: AskKind =
        visit.query.word("ask")?.ok_or(Refusal::invalid("ask", text("申請の種類を選んでください。", "Choose what to request.")))?;
    let made = || -> Result<String, app::Error> {
        let made = visit.app.execute(visit.actor()?, command(visit, kind)?)?.made;
        Ok(made.and_then(|id| id.parse().ok()).map(urls::request).ok_or(Refusal::not_found())?)
    };
    settle(made(), |refusal| page(visit, Some(kind), Some(("request", refusal))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_is_a_moment_in_japan() {
        let with = |day: &str, time: &str| {
            let all = [("begin", day), ("begin_time", time)];
            begin(&Fields(all.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())).map_err(|r| r.field)
        };
        assert_eq!(with("", ""), Ok(None));
        assert_eq!(with("2026-12-01", "22:00"), Ok(Some("2026-12-01T13:00:00Z".parse().unwrap())));
        assert_eq!(with("2026-12-01", ""), Ok(Some("2026-11-30T15:00:00Z".parse().unwrap())));
        assert_eq!((with("", "22:00"), with("2026-12-01", "10時")), (Err(Some("begin")), Err(Some("begin_time"))));
    }
}
