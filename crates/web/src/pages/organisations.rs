//! Organisations and their people: members and roles, invitations, and the operator's list of all organisations.

use maud::{Markup, html};
use rules::command::{Command, Kind as Act};
use rules::id::{self, Id};
use rules::party::{INVITATION_DAYS, Invitation, Membership, Organisation, OrganisationKind, Person, Role};
use rules::policy::Place;
use rules::refusal::Refusal;
use rules::text::{Lang, Text, text, worded};

use app::read::OrganisationRead;

use super::accounts::may_after_proof;
use crate::answer;
use crate::components::{
    Button, Choice, Column, Crumb, Fault, Field, Input, Kind, Row, Table, Tone, actions, checkboxes, csrf, details, error_summary,
    input_field, link_button, notice, submit, table, tag, text_field,
};
use crate::pages::word;
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

const WHO: Guard = Guard::Roles(&[Role::Administrator, Role::Operator]);

pub const ROUTES: &[Route] = &[
    get("/organisations", WHO, list),
    post("/organisations", Guard::Roles(&[Role::Operator]), create),
    get("/organisations/{organisation}", WHO, show),
    post("/organisations/{organisation}/invitations", WHO, invite),
    post("/organisations/{organisation}/roles", WHO, set_roles),
];

fn title() -> Text {
    text("組織", "Organisations")
}

fn list(visit: &Visit) -> Result<Answer, app::Error> {
    if !visit.has(Role::Operator) {
        return Ok(Answer::Go(urls::organisation(visit.app.own_organisation(visit.actor()?)?.id)));
    }
    let all = visit.app.organisations(visit.actor()?)?;
    Ok(visit.page(title(), list_view(visit, &all, None)).into())
}

fn kind_names(kinds: &[OrganisationKind], lang: Lang) -> String {
    kinds.iter().map(|k| k.name().get(lang).to_owned()).collect::<Vec<_>>().join(if lang == Lang::Ja { "、" } else { ", " })
}

fn list_view(visit: &Visit, all: &[Organisation], refused: Option<&Refusal>) -> Markup {
    let lang = visit.lang;
    let error = |name: &str| refused.filter(|r| r.field == Some(name)).map(|r| &r.text);
    let columns = vec![Column::new(text("名前", "Name")), Column::new(text("種類", "Kind"))];
    let rows = all
        .iter()
        .map(|o| Row::new(vec![html! { a href=(urls::organisation(o.id)) data-row { (o.name) } }, html! { (kind_names(&o.kinds, lang)) }]));
    let kinds: Vec<Choice> = OrganisationKind::ALL.iter().map(|k| Choice::new(word(k), k.name())).collect();
    let chosen: Vec<&str> = visit.form.all("kinds").collect();
    html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        (table(lang, &Table::new(worded(format!("登録されている組織（{}）", all.len()), format!("All organisations ({})", all.len())), columns, rows.collect())))
        h2 { (text("組織を登録する", "Add an organisation").get(lang)) }
        form.narrow method="post" action=(urls::organisations()) {
            (csrf(&visit.csrf))
            (text_field(lang, &Field::new("name", text("組織の名前", "Organisation")).value(visit.form.text("name")).error(error("name")).required()))
            (checkboxes(lang, &Field::new("kinds", text("組織の種類", "Kind of organisation")).hint(text("自社で自己評価する場合は、事業者と評価機関の両方を選びます。", "For a self-evaluation choose both provider and evaluation body.")).error(error("kinds")).required(), &kinds, &chosen))
            (submit(lang, Kind::Primary, &text("登録する", "Add")))
        }
    }
}

fn create(visit: &Visit) -> Result<Answer, app::Error> {
    let made = visit.form.words("kinds").map_err(app::Error::from).and_then(|kinds| {
        visit.app.execute(visit.actor()?, Command::CreateOrganisation { name: visit.form.text("name").to_owned(), kinds })
    });
    match made {
        Ok(done) => Ok(Answer::Go(format!("{}/{}?saved=created", urls::organisations(), done.made.unwrap_or_default()))),
        Err(app::Error::Refused(refusal)) => {
            let all = visit.app.organisations(visit.actor()?)?;
            Ok(Answer::Refused(answer::status(refusal.why), Box::new(visit.page(title(), list_view(visit, &all, Some(&refusal))))))
        }
        Err(other) => Err(other),
    }
}

/// What happened just now, on top of the page of an organisation.
#[derive(Default)]
struct Now<'a> {
    refused: Option<&'a Refusal>,
    /// The person whose roles were refused.
    person: Option<Id<id::Person>>,
    /// The one-time link of an invitation just made, and whom it is for.
    link: Option<(String, &'a str)>,
    /// The organisation is the visitor's own, and its new accounts need another's approval.
    approval: bool,
}

impl Now<'_> {
    /// The error summary leads to the form that was refused: that of a person, or the invitation's.
    fn summary(&self, lang: Lang, refusal: &Refusal) -> Markup {
        let Some(person) = self.person else { return answer::summary(lang, refusal) };
        let at = Field::new("roles", refusal.text.clone()).form(&person.to_string()).id();
        error_summary(lang, &[Fault { at: Some(at), what: refusal.text.clone() }])
    }
}

fn page(visit: &Visit, id: Id<id::Organisation>, now: &Now) -> Result<Page, app::Error> {
    let read = visit.app.organisation(visit.actor()?, id)?;
    let name = worded(read.organisation.name.clone(), read.organisation.name.clone());
    let kinds = worded(kind_names(&read.organisation.kinds, Lang::Ja), kind_names(&read.organisation.kinds, Lang::En));
    let own = visit.actor()?.organisation == Some(id);
    let now = &Now { approval: own && visit.app.own_access(visit.actor()?)?.approval, link: now.link.clone(), ..*now };
    let mut page = visit.page(name.clone(), view(visit, &read, now));
    page.lead = Some(kinds);
    if visit.has(Role::Operator) {
        page.breadcrumb = vec![Crumb::link(title(), urls::organisations()), Crumb::here(name)];
    }
    let said = match visit.query.text("saved") {
        "created" => {
            Some(text("組織を登録しました。続けて最初の人を招待してください。", "The organisation is added. Now invite its first person."))
        }
        "roles" => Some(text("役割を変更しました。", "The roles are changed.")),
        "ended" => Some(text("所属を終了しました。", "The membership has ended.")),
        _ => None,
    };
    page.notices =
        html! { @if let Some(said) = said.filter(|_| now.refused.is_none()) { (notice(visit.lang, Tone::Success, &said, html! {})) } };
    Ok(page)
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(page(visit, visit.param("organisation")?, &Now::default())?.into())
}

/// The roles that can be given in an organisation of these kinds by this visitor.
pub(super) fn open_roles(visit: &Visit, organisation: &Organisation) -> Vec<Role> {
    let fits = |r: &Role| r.kind().is_none_or(|k| organisation.kinds.contains(&k)) && (*r != Role::Operator || visit.has(Role::Operator));
    Role::ALL.into_iter().filter(fits).collect()
}

pub(super) fn role_choices(roles: &[Role]) -> Vec<Choice<'static>> {
    roles.iter().map(|r| Choice::new(word(r), r.name())).collect()
}

pub(super) fn role_names(roles: &[Role], lang: Lang) -> Markup {
    html! { span.row { @for role in roles { (tag(lang, Tone::Neutral, &role.name())) } } }
}

fn view(visit: &Visit, read: &OrganisationRead, now: &Now) -> Markup {
    let lang = visit.lang;
    let place = Place::Organisation(read.organisation.id);
    let may = |kind| may_after_proof(visit, kind, place);
    let own = visit.signed.as_ref().is_some_and(|s| s.organisation.id == read.organisation.id && s.actor.has(Role::Administrator));
    html! {
        @if let Some(refusal) = now.refused { (now.summary(lang, refusal)) }
        @if let Some((link, email)) = &now.link { (link_once(visit, link, email)) }
        h2 { (text("所属する人", "Members").get(lang)) }
        (members(visit, read, now, may(Act::SetRoles)))
        h2 { (text("招待", "Invitations").get(lang)) }
        (invitations(visit, &read.invitations))
        @if own && now.approval { (requested(lang)) }
        @else if may(Act::InvitePerson) { (invite_form(visit, &read.organisation, now)) }
    }
}

/// Where new accounts and wider rights need approval, they begin as requests (item 68).
fn requested(lang: Lang) -> Markup {
    let words = text(
        "この組織では、アカウントの登録と権限の追加に別の管理者の承認が必要です。",
        "In this organisation new accounts and wider rights need another administrator's approval.",
    );
    html! {
        p { (words.get(lang)) }
        (actions(html! {
            (link_button(lang, Kind::Primary, &text("登録を申請する", "Request an account"), &urls::new_request("register")))
            (link_button(lang, Kind::Secondary, &text("権限の変更を申請する", "Request other rights"), &urls::new_request("change_roles")))
        }))
    }
}

/// The link is in this answer alone: not in an address, not in the log, and only its digest in the database.
fn link_once(visit: &Visit, link: &str, email: &str) -> Markup {
    let lang = visit.lang;
    let address = format!("{}{}?link={link}", visit.app.config.address, urls::invitation());
    let told = worded(format!("{email} さんへの招待リンクを作りました。"), format!("Here is the invitation link for {email}."));
    let how = worded(
        format!(
            "このリンクは今だけ表示されます。コピーして、本人だけに届く方法（対面、本人宛てのメールなど）で渡してください。{INVITATION_DAYS}日以内に一度だけ使えます。本人が開くと、名前とパスワードを登録できます。"
        ),
        format!(
            "It is shown only now. Copy it and give it to that person alone, such as in person or by mail to them. It works once, within {INVITATION_DAYS} days; who opens it sets a name and a password."
        ),
    );
    html! { (notice(lang, Tone::Success, &told, html! { p { code.secret { (address) } } p { (how.get(lang)) } })) }
}

fn members(visit: &Visit, read: &OrganisationRead, now: &Now, changeable: bool) -> Markup {
    let lang = visit.lang;
    let mut columns =
        vec![Column::new(text("名前", "Name")), Column::new(text("メールアドレス", "Mail address")), Column::new(text("役割", "Roles"))];
    if changeable {
        columns.push(Column::new(text("変更", "Change")));
    }
    let rows = read.members.iter().map(|(person, membership)| {
        let mut cells = vec![html! { (person.name) }, html! { (person.email) }, role_names(&membership.roles, lang)];
        if changeable {
            cells.push(roles_form(visit, &read.organisation, person, membership, now));
        }
        Row::new(cells)
    });
    table(lang, &Table::new(worded(format!("{}人", read.members.len()), format!("{} people", read.members.len())), columns, rows.collect()))
}

fn roles_form(visit: &Visit, organisation: &Organisation, person: &Person, membership: &Membership, now: &Now) -> Markup {
    let lang = visit.lang;
    let wrong = now.person == Some(person.id);
    let kept: Vec<String> = membership.roles.iter().map(word).collect();
    let chosen: Vec<&str> = if wrong { visit.form.all("roles").collect() } else { kept.iter().map(String::as_str).collect() };
    let id = person.id.to_string();
    let label = worded(format!("{}さんの役割", person.name), format!("Roles of {}", person.name));
    let about = worded(format!("（{}さん）", person.name), format!("of {}", person.name));
    let form = html! {
        form method="post" action=(urls::organisation_act(organisation.id, "roles")) {
            (csrf(&visit.csrf))
            input type="hidden" name="person" value=(id);
            (checkboxes(lang, &Field::new("roles", label).form(&id).error(now.refused.filter(|_| wrong).map(|r| &r.text)), &role_choices(&open_roles(visit, organisation)), &chosen))
            div.actions {
                (Button::new(Kind::Primary, text("役割を保存する", "Save the roles")).act("act", "save").small().about(about.clone()).submit(lang))
                (Button::new(Kind::Danger, text("所属を終了する", "End the membership")).act("act", "end").small().about(about).submit(lang))
            }
        }
    };
    details(lang, &text("役割を変更", "Change roles"), wrong, form)
}

fn invitations(visit: &Visit, all: &[Invitation]) -> Markup {
    let lang = visit.lang;
    if all.is_empty() {
        return html! { p.muted { (text("招待はまだありません。", "No invitations yet.").get(lang)) } };
    }
    let now = visit.app.clock.now();
    let columns = vec![
        Column::new(text("メールアドレス", "Mail address")),
        Column::new(text("役割", "Roles")),
        Column::new(text("期限", "Expires")),
        Column::new(text("状態", "State")),
    ];
    let rows = all.iter().map(|i| {
        let (tone, state) = match (i.accepted, i.expires < now) {
            (true, _) => (Tone::Success, text("受諾済み", "Accepted")),
            (false, true) => (Tone::Warn, text("期限切れ", "Expired")),
            (false, false) => (Tone::Info, text("受諾待ち", "Waiting")),
        };
        let day = rules::act::japan(i.expires).date().to_string();
        Row::new(vec![html! { (i.email) }, role_names(&i.roles, lang), html! { time datetime=(day) { (day) } }, tag(lang, tone, &state)])
    });
    table(lang, &Table::new(text("招待の一覧", "All invitations"), columns, rows.collect()).caption_hidden())
}

fn invite_form(visit: &Visit, organisation: &Organisation, now: &Now) -> Markup {
    let lang = visit.lang;
    let refused = now.refused.filter(|_| now.person.is_none());
    let error = |name: &str| refused.filter(|r| r.field == Some(name)).map(|r| &r.text);
    let typed = |name: &str| if refused.is_some() { visit.form.text(name).to_owned() } else { String::new() };
    let chosen: Vec<&str> = if refused.is_some() { visit.form.all("roles").collect() } else { vec![] };
    html! {
        h3 { (text("人を招待する", "Invite a person").get(lang)) }
        form.narrow method="post" action=(urls::organisation_act(organisation.id, "invitations")) {
            (csrf(&visit.csrf))
            (input_field(lang, Input::Email, &Field::new("email", text("メールアドレス", "Mail address")).value(&typed("email")).error(error("email")).required()))
            (checkboxes(lang, &Field::new("roles", text("役割", "Roles")).error(error("roles")).required(), &role_choices(&open_roles(visit, organisation)), &chosen))
            (submit(lang, Kind::Primary, &text("招待リンクを作る", "Make an invitation link")))
        }
    }
}

fn invite(visit: &Visit) -> Result<Answer, app::Error> {
    let organisation = visit.param("organisation")?;
    let email = visit.form.text("email");
    let made = visit
        .form
        .words("roles")
        .map_err(app::Error::from)
        .and_then(|roles| visit.app.execute(visit.actor()?, Command::InvitePerson { organisation, email: email.to_owned(), roles }));
    match made {
        // No redirect: the link would have to travel in an address.
        Ok(done) => Ok(page(visit, organisation, &Now { link: done.secret.map(|s| (s, email)), ..Now::default() })?.into()),
        Err(app::Error::Refused(refusal)) => again(visit, organisation, &refusal, None),
        Err(other) => Err(other),
    }
}

fn set_roles(visit: &Visit) -> Result<Answer, app::Error> {
    let organisation = visit.param("organisation")?;
    let person: Id<id::Person> = visit.form.need("person")?;
    let ends = visit.form.text("act") == "end";
    let roles: Vec<Role> = if ends { vec![] } else { visit.form.words("roles")? };
    if roles.is_empty() && !ends {
        let none = text(
            "役割を1つ以上選んでください。すべて外す場合は「所属を終了する」を使ってください。",
            "Choose at least one role; to take all away, end the membership.",
        );
        return again(visit, organisation, &Refusal::invalid("roles", none), Some(person));
    }
    match visit.app.execute(visit.actor()?, Command::SetRoles { organisation, person, roles }) {
        Ok(_) => Ok(Answer::Go(format!("{}?saved={}", urls::organisation(organisation), if ends { "ended" } else { "roles" }))),
        Err(app::Error::Refused(refusal)) => again(visit, organisation, &refusal, Some(person)),
        Err(other) => Err(other),
    }
}

fn again(
    visit: &Visit,
    organisation: Id<id::Organisation>,
    refusal: &Refusal,
    person: Option<Id<id::Person>>,
) -> Result<Answer, app::Error> {
    let now = Now { refused: Some(refusal), person, ..Now::default() };
    Ok(Answer::Refused(answer::status(refusal.why), Box::new(page(visit, organisation, &now)?)))
}
