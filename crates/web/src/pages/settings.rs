//! What an organisation decides for itself, and its phrases to reuse.

use maud::{Markup, html};
use rules::command::{Command, Kind as Act};
use rules::id::{self, Id};
use rules::party::{Organisation, OrganisationKind, Role, Settings};
use rules::policy::{self, Place};
use rules::refusal::Refusal;
use rules::text::{text, worded};

use super::form::{self, Again, Form};
use crate::components::{Area, Button, Input, Kind, checkbox, csrf, empty, facts, input_field, link_button, submit, text_field, textarea};
use crate::route::{Answer, Guard, Route, get, post};
use crate::shell::Page;
use crate::urls;
use crate::visit::Visit;

const ADMINISTRATORS: Guard = Guard::Roles(&[Role::Administrator]);
const WRITERS: Guard = Guard::Roles(&[Role::Evaluator, Role::Secretariat, Role::Officer, Role::Colleague]);

pub const ROUTES: &[Route] = &[
    get("/settings", ADMINISTRATORS, show),
    post("/settings", ADMINISTRATORS, save),
    get("/phrases", WRITERS, show_phrases),
    post("/phrases", WRITERS, add_phrase),
    post("/phrases/remove", WRITERS, remove_phrase),
];

fn show(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(settings_page(visit, None)?.into())
}

fn settings_page(visit: &Visit, again: Again) -> Result<Page, app::Error> {
    let own = visit.app.own_organisation(visit.actor()?)?;
    let main = if own.kinds.contains(&OrganisationKind::Body) {
        settings_form(visit, &own, again)
    } else {
        empty(
            visit.lang,
            &text("設定する項目はありません", "There is nothing to set"),
            &text("この画面の設定は、評価機関が行います。", "These settings are those of evaluation bodies."),
            html! {},
        )
    };
    let mut page = visit.page(text("組織の設定", "Settings of the organisation"), main);
    page.corner = link_button(visit.lang, Kind::Secondary, &super::keeping::title(), &urls::keeping());
    Ok(page)
}

fn settings_form(visit: &Visit, own: &Organisation, again: Again) -> Markup {
    let lang = visit.lang;
    let form = Form::new(visit, "settings", again);
    let stands = &own.settings;
    let months = stands.validity_months.map(|m| m.to_string()).unwrap_or_default();
    html! {
        (form::saved_notice(visit, "settings"))
        (facts(lang, &[(text("組織", "Organisation"), html! { (own.name) })]))
        form.narrow method="post" action=(urls::settings()) data-submit-key data-keep="settings" {
            (csrf(&visit.csrf))
            (form.summary())
            (input_field(lang, Input::Number, &form.field("validity_months", text("認定証の有効期間（か月）", "Months a certificate is valid"), &months).hint(text("1から120まで。空欄にすると期限を定めません。", "1 to 120; empty sets no end."))))
            (text_field(lang, &form.field("number_prefix", text("整理番号の先頭", "Beginning of reference numbers"), &stands.number_prefix).hint(text("例: AK とすると AK-2026-0001 のようになります。", "AK gives AK-2026-0001.")).required()))
            (checkbox(lang, &form.field("second_evaluator", text("すべての判定に第2評価者の承認を必要とする", "Every verdict needs a second evaluator's approval"), ""), form.is_on("second_evaluator", stands.second_evaluator)))
            (submit(lang, Kind::Primary, &text("保存する", "Save")))
        }
    }
}

fn save(visit: &Visit) -> Result<Answer, app::Error> {
    let form = &visit.form;
    let command = form.read("validity_months").map(|validity_months| Command::SetSettings {
        settings: Settings {
            validity_months,
            second_evaluator: form.is_on("second_evaluator"),
            number_prefix: form.text("number_prefix").to_owned(),
        },
    });
    form::act(visit, command, form::saved_at(&urls::settings()), |refusal| settings_page(visit, Some(("settings", refusal))))
}

fn show_phrases(visit: &Visit) -> Result<Answer, app::Error> {
    Ok(phrases_page(visit, None)?.into())
}

fn phrases_page(visit: &Visit, again: Again) -> Result<Page, app::Error> {
    let (lang, actor) = (visit.lang, visit.actor()?);
    let phrases = visit.app.phrases(actor)?;
    let may = policy::may(Act::AddPhrase, actor, Place::Installation).is_ok();
    let form = Form::new(visit, "phrase", again);
    let main = html! {
        (form::saved_notice(visit, "phrase"))
        p { (text("判定の改善策や備考などに繰り返し使う文です。組織の全員が使えます。", "Texts used again and again, in improvements and remarks. Everybody of the organisation can use them.").get(lang)) }
        @if phrases.is_empty() { (empty(lang, &text("定型文はまだありません", "No phrases yet"), &text("下のフォームから加えてください。", "Add one below."), html! {})) }
        @else {
            ul.stack {
                @for phrase in &phrases {
                    li.row {
                        span.prose { (phrase.text) }
                        @if may {
                            form method="post" action=(urls::phrases_remove()) {
                                (csrf(&visit.csrf))
                                input type="hidden" name="phrase" value=(phrase.id);
                                (Button::new(Kind::Quiet, text("削除", "Remove")).small().about(worded(phrase.text.clone(), phrase.text.clone())).submit(lang))
                            }
                        }
                    }
                }
            }
        }
        @if may {
            h2 { (text("定型文を加える", "Add a phrase").get(lang)) }
            form method="post" action=(urls::phrases()) data-submit-key data-keep="phrase" {
                (csrf(&visit.csrf))
                (form.summary())
                (textarea(lang, Area::default(), &form.field("text", text("定型文", "Phrase"), "").required()))
                (submit(lang, Kind::Primary, &text("加える", "Add")))
            }
        }
    };
    Ok(visit.page(text("定型文", "Phrases"), main))
}

fn add_phrase(visit: &Visit) -> Result<Answer, app::Error> {
    let command = Command::AddPhrase { text: visit.form.text("text").to_owned() };
    form::act(visit, Ok(command), form::saved_at(&urls::phrases()), |refusal| phrases_page(visit, Some(("phrase", refusal))))
}

fn remove_phrase(visit: &Visit) -> Result<Answer, app::Error> {
    let phrase: Result<Id<id::Phrase>, Refusal> = visit.form.need("phrase");
    form::act(visit, phrase.map(|phrase| Command::RemovePhrase { phrase }), urls::phrases(), |refusal| {
        phrases_page(visit, Some(("phrase", refusal)))
    })
}
