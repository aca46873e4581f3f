//! Addresses of routes with ids that exist.

use app::draft::Draft;
use app::questionnaire_file::QuestionnaireWishes;
use app::read::registers::Wanted;
use app::register_rows::RowsFormat;
use rules::act::Actor;
use rules::command::Command;
use rules::id::{self, Id, Pos};
use rules::questionnaire::Layout;
use rules::text::Lang;
use web::testing::{OFFICER, OPERATOR, STRANGER, World};

/// What pages need in their query to be about something; the workbench goes to its first item unless nothing fits.
const QUERIES: &[(&str, &str)] = &[("/cases/{case}/rounds/compare", "?from=1&to=1"), ("/cases/{case}/bench", "?q=nothing+fits+this")];

/// A register that asks for no links.
const REGISTER: &str = "periodic_review";

/// A document that is made for no entry.
const DOCUMENT: &str = "sla";

/// A version of it of the actor's organisation; one is proposed where there is none.
fn paper(world: &World, actor: &Actor) -> String {
    let newest = || world.app.document_read(actor, DOCUMENT, None, Default::default()).unwrap().versions.first().map(|(v, _)| v.id);
    if newest().is_none() {
        let propose = Command::ProposeDocument { document: DOCUMENT.into(), entry: None, case: None, label: None };
        world.app.execute(actor, propose).unwrap();
    }
    newest().unwrap().to_string()
}

/// An entry of the actor's organisation; one is made from the register's own example where there is none.
fn entry(world: &World, actor: &Actor) -> String {
    let list = || world.app.entries(actor, REGISTER, &Wanted::default(), 1).unwrap().listed.entries;
    if list().is_empty() {
        let example = &world.app.register(REGISTER).unwrap().example;
        let fields = example.iter().map(|(field, typed)| (field.clone(), vec![typed.clone()])).collect();
        let write = Command::WriteEntry { register: REGISTER.into(), entry: None, base: Pos::NEVER, label: None, fields };
        world.app.execute(actor, write).unwrap();
    }
    list()[0].entry.id.to_string()
}

/// A questionnaire of the actor's organisation: a register that was exported serves as the form that somebody sent.
fn questionnaire(world: &World, actor: &Actor, case: Id<id::Case>) -> String {
    let all = || world.app.questionnaires(actor).unwrap();
    if all().is_empty() {
        entry(world, actor);
        let bytes = world.app.export_register(actor, REGISTER, RowsFormat::Xlsx, Lang::Ja).unwrap();
        let worksheet = world.app.register(REGISTER).unwrap().name.ja.to_string();
        let draft = Draft { name: "form.xlsx".into(), bytes };
        let says = rules::questionnaire::usual();
        let layout =
            Layout { worksheet, first_row: 1, number: None, question: 0, choice: Some(60), words: Some(61), target: Some(62), says };
        let wishes = QuestionnaireWishes { name: "Yearly form".into(), asker: "North Hospital".into(), due: None, case, layout };
        world.app.add_questionnaire(actor, &draft, wishes).unwrap();
    }
    all()[0].questionnaire.id.to_string()
}

/// The route's address with every parameter filled: the case's own, and of what is not in a case the demonstration's.
/// With the stranger's case everything is the stranger's.
pub fn filled(world: &World, path: &str, case: Id<id::Case>) -> String {
    let owner = if case == world.strange { STRANGER } else { OFFICER };
    let actor = world.actor(owner);
    let evidence = || world.app.library(&actor).unwrap()[0].id.to_string();
    let value = |name: &str| match name {
        "case" => case.to_string(),
        "no" | "item" => if case == world.strange { "1" } else { "9" }.to_owned(),
        "n" | "round" | "seq" => "1".to_owned(),
        "sheet" => world.app.content.sheets()[0].id.to_string(),
        "evidence" | "id" => evidence(),
        "product" => world.app.products(&actor).unwrap()[0].id.to_string(),
        "organisation" => actor.organisation.unwrap().to_string(),
        "code" => {
            let facts = world.app.case(&world.actor(OFFICER), world.certified, None).unwrap().facts;
            facts.certificate.unwrap().code
        }
        "token" => {
            if world.app.tokens(&actor).unwrap().is_empty() {
                world.token(owner, false);
            }
            world.app.tokens(&actor).unwrap()[0].id.to_string()
        }
        "phrase" => {
            world.app.phrases(&world.actor(if owner == OFFICER { "evaluator@example.jp" } else { owner })).unwrap()[0].id.to_string()
        }
        "register" => REGISTER.to_owned(),
        "document" => DOCUMENT.to_owned(),
        "clause" => world.app.document_type(DOCUMENT).unwrap().clauses().next().unwrap().id.clone(),
        "paper" => paper(world, &actor),
        "entry" => entry(world, &actor),
        "secret" => world.app.execute(&actor, Command::MakeFeed { whole: false }).unwrap().secret.unwrap(),
        "questionnaire" => questionnaire(world, &actor, case),
        "line" => "1".to_owned(),
        // None is configured here: its address is one of nothing.
        "provider" => "nowhere".to_owned(),
        "person" => world.actor(OPERATOR).person.unwrap().to_string(),
        other => panic!("{path} has a parameter {{{other}}} that tests/filled does not know yet"),
    };
    let query = QUERIES.iter().find(|(p, _)| *p == path).map_or("", |(_, q)| q);
    let parts = path.split('/').map(|part| match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
        Some(name) => value(name),
        None => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/") + query
}
