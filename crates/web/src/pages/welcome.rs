//! The first visit: the one-time link of the console makes the first organisation and operator; invitations make the others.

use maud::{Markup, html};
use rules::access::Access;
use rules::act::Actor;
use rules::command::{Command, Secret};
use rules::party::{Invitation, OrganisationKind, Role};
use rules::password::Profile;
use rules::refusal::Refusal;
use rules::text::{Text, text};

use super::kept::Kept;
use crate::answer;
use crate::components::{Choice, Field, Input, Kind, checkboxes, csrf, facts, input_field, submit, text_field};
use crate::route::{Answer, Guard, Route, get, post};
use crate::urls;
use crate::visit::Visit;

pub const ROUTES: &[Route] = &[
    get("/welcome", Guard::Public, show),
    post("/welcome", Guard::Public, found),
    get("/invitation", Guard::Public, show_invitation),
    post("/invitation", Guard::Public, accept),
];

fn title() -> Text {
    text("証しを始める", "Set up Akashi")
}

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    if !visit.app.is_new()? {
        return Ok(Answer::Go(urls::home()));
    }
    Ok(visit.page(title(), form(visit, None)).into())
}

fn new_password(visit: &Visit, profile: &Profile, refused: Option<&Refusal>) -> Markup {
    let hint = super::account::password_rules(profile);
    let error = refused.filter(|r| r.field == Some("password")).map(|r| &r.text);
    input_field(visit.lang, Input::NewPassword, &Field::new("password", text("パスワード", "Password")).hint(hint).error(error).required())
}

fn form(visit: &Visit, refused: Option<&Refusal>) -> Markup {
    let lang = visit.lang;
    let error = |name: &str| refused.filter(|r| r.field == Some(name)).map(|r| &r.text);
    let link = visit.form.get("link").unwrap_or(visit.query.text("link"));
    let kinds: Vec<Choice> = OrganisationKind::ALL.iter().map(|k| Choice::new(crate::pages::word(k), k.name())).collect();
    let chosen: Vec<&str> = visit.form.all("kinds").collect();
    html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        form.narrow method="post" action=(urls::welcome()) {
            (csrf(&visit.csrf))
            input type="hidden" name="link" value=(link);
            (text_field(lang, &Field::new("organisation", text("組織の名前", "Organisation")).value(visit.form.text("organisation")).error(error("organisation")).required()))
            (checkboxes(lang, &Field::new("kinds", text("組織の種類", "Kind of organisation")).hint(text("自社で自己評価する場合は、事業者と評価機関の両方を選びます。", "For a self-evaluation choose both provider and evaluation body.")).error(error("kinds")), &kinds, &chosen))
            (text_field(lang, &Field::new("name", text("あなたの名前", "Your name")).value(visit.form.text("name")).error(error("name")).required()))
            (input_field(lang, Input::Email, &Field::new("email", text("メールアドレス", "Mail address")).value(visit.form.text("email")).error(error("email")).required()))
            (new_password(visit, visit.app.profile(&Access::default()), refused))
            (submit(lang, Kind::Primary, &text("始める", "Begin")))
        }
    }
}

fn found(visit: &Visit) -> Result<Answer, app::Error> {
    let form_data = &visit.form;
    let command = Command::FoundInstallation {
        link: Secret(form_data.text("link").to_owned()),
        organisation: form_data.text("organisation").to_owned(),
        kinds: form_data.words("kinds")?,
        name: form_data.text("name").to_owned(),
        email: form_data.text("email").to_owned(),
        password: Secret(form_data.text("password").to_owned()),
        lang: visit.lang,
    };
    begin(visit, command, form_data.text("email"), title(), form)
}

/// Executes a command that makes an account, and signs in to it.
fn begin(
    visit: &Visit,
    command: Command,
    email: &str,
    title: Text,
    form: fn(&Visit, Option<&Refusal>) -> Markup,
) -> Result<Answer, app::Error> {
    let installation = Actor { address: visit.address.clone(), ..Actor::system() };
    match visit.app.execute(&installation, command) {
        Ok(_) => {
            let session = visit.app.sign_in_from(email, visit.form.text("password"), visit.door(), None)?;
            super::steps::opened(visit, &session, &Kept::default())
        }
        Err(app::Error::Refused(refusal)) => {
            Ok(Answer::Refused(answer::status(refusal.why), Box::new(visit.page(title, form(visit, Some(&refusal))))))
        }
        Err(other) => Err(other),
    }
}

fn invitation_title() -> Text {
    text("招待の受諾", "Accept the invitation")
}

fn show_invitation(visit: &Visit) -> Result<Answer, app::Error> {
    visit.app.invitation_by_link(visit.query.text("link"))?.ok_or(Refusal::not_found())?;
    Ok(visit.page(invitation_title(), invitation_form(visit, None)).into())
}

fn invitation_form(visit: &Visit, refused: Option<&Refusal>) -> Markup {
    let lang = visit.lang;
    let link = visit.form.get("link").unwrap_or(visit.query.text("link"));
    let invitation = visit.app.invitation_by_link(link).ok().flatten();
    let member = |i: &Invitation| Actor { organisation: Some(i.organisation), ..Actor::system() };
    let access = invitation.as_ref().and_then(|i| visit.app.own_access(&member(i)).ok()).unwrap_or_default();
    let error = |name: &str| refused.filter(|r| r.field == Some(name)).map(|r| &r.text);
    html! {
        @if let Some(refusal) = refused { (answer::summary(lang, refusal)) }
        @if let Some(invitation) = &invitation {
            @let roles: Vec<String> = invitation.roles.iter().map(|r: &Role| r.name().get(lang).to_owned()).collect();
            (facts(lang, &[
                (text("メールアドレス", "Mail address"), html! { (invitation.email) }),
                (text("役割", "Roles"), html! { (roles.join(text("、", ", ").get(lang))) }),
            ]))
        }
        form.narrow method="post" action=(urls::invitation()) {
            (csrf(&visit.csrf))
            input type="hidden" name="link" value=(link);
            (text_field(lang, &Field::new("name", text("あなたの名前", "Your name")).value(visit.form.text("name")).error(error("name")).required()))
            (new_password(visit, visit.app.profile(&access), refused))
            p.hint { (text("すでにアカウントをお持ちの場合は、今のパスワードを入力してください。", "If you have an account already, enter its password.").get(lang)) }
            (submit(lang, Kind::Primary, &text("受諾する", "Accept")))
        }
    }
}

fn accept(visit: &Visit) -> Result<Answer, app::Error> {
    let link = visit.form.text("link");
    let email = visit.app.invitation_by_link(link)?.ok_or(Refusal::not_found())?.email;
    let command = Command::AcceptInvitation {
        link: Secret(link.to_owned()),
        name: visit.form.text("name").to_owned(),
        password: Secret(visit.form.text("password").to_owned()),
        lang: visit.lang,
    };
    begin(visit, command, &email, invitation_title(), invitation_form)
}
