//! Acts: each kind of command that a token may give, with its fields as a JSON body.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use rules::command::{Command, Kind};
use rules::policy;
use rules::refusal::{Refusal, Why};
use rules::text::text;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::call::{Body, Call};
use super::problem::{self, Failure};
use super::{Guard, Reply, Route, Takes, view, views};
use crate::route::Method;

/// Acts of a person in a browser or of the installation: the policy refuses them to every token. Dangerous ones need
/// a fresh proof of who it is, which no token can give.
pub const fn is_for_tokens(kind: Kind) -> bool {
    let in_person = matches!(
        kind,
        Kind::FoundInstallation
            | Kind::AcceptInvitation
            | Kind::SetNewPassword
            | Kind::ChangePassword
            | Kind::MakeRequest
            | Kind::EndRequest
            | Kind::ReviewRequest
            | Kind::ReviewAccounts
            | Kind::AcknowledgeAlert
            | Kind::SaveGroup
            | Kind::EndSession
            | Kind::ReportLeak
            | Kind::SaveLogView
            | Kind::RemoveLogView
            | Kind::ReviewLog
            | Kind::PlaceHold
            | Kind::SetRetention
            | Kind::ProposeAnchor
            | Kind::RemoveAnchor
            | Kind::SendPackage
            | Kind::ReceivePackage
    );
    !in_person && !policy::is_dangerous(kind)
}

/// One route for each act. Evidence comes as a file, by a route of its own.
pub fn routes() -> impl Iterator<Item = Route> {
    Kind::ALL.iter().filter(|k| is_for_tokens(**k) && **k != Kind::AddEvidence).map(|kind| Route {
        method: Method::Post,
        path: Cow::Owned(format!("/api/v1/acts/{}", kind.code())),
        guard: Guard::Write,
        about: kind.name().en,
        query: &[],
        takes: Takes::Act(*kind),
        gives: view::<views::Done>(),
        handler: act,
    })
}

/// Why there is no route for a kind of act, if it is one.
pub fn elsewhere(code: &str) -> Option<Refusal> {
    let kind = *Kind::ALL.iter().find(|k| k.code() == code)?;
    Some(if kind == Kind::AddEvidence {
        let words =
            text("証跡は POST /api/v1/evidence でファイルとして送信してください。", "Send evidence as a file to POST /api/v1/evidence.");
        Refusal::new(Why::NotFound, words)
    } else {
        Refusal::new(
            Why::Forbidden,
            text("この操作はAPIトークンではできません。画面で行ってください。", "A token may not do this; do it in the browser."),
        )
    })
}

fn act(call: &Call) -> Result<Reply, Failure> {
    let (Takes::Act(kind), Body::Json(body)) = (call.route.takes, &call.body) else { return Err(problem::broken()) };
    let done = call.app.execute(call.actor()?, read(kind, body)?)?;
    super::reads::json(&views::Done::from(done))
}

/// The schema of each command's fields, by its code; nothing in it refers to elsewhere.
pub fn schemas() -> &'static BTreeMap<&'static str, Value> {
    static SCHEMAS: LazyLock<BTreeMap<&'static str, Value>> = LazyLock::new(|| {
        let settings = SchemaSettings::draft2020_12().with(|s| {
            s.inline_subschemas = true;
            s.meta_schema = None;
        });
        let whole = settings.into_generator().into_root_schema_for::<Command>().to_value();
        let variants = whole["oneOf"].as_array().map(Vec::as_slice).unwrap_or_default();
        let code = |v: &Value| Kind::ALL.iter().map(|k| k.code()).find(|c| v["properties"]["act"]["const"] == *c);
        variants.iter().filter_map(|v| Some((code(v)?, fields_only(v.clone())))).collect()
    });
    &SCHEMAS
}

/// Without the tag that the address stands for; other names than these are refused.
fn fields_only(mut variant: Value) -> Value {
    if let Some(properties) = variant["properties"].as_object_mut() {
        properties.remove("act");
    }
    if let Some(required) = variant["required"].as_array_mut() {
        required.retain(|name| name != "act");
    }
    variant["additionalProperties"] = Value::Bool(false);
    variant
}

/// Reads a command; what cannot be read is named.
fn read(kind: Kind, body: &Value) -> Result<Command, Failure> {
    let Value::Object(body) = body else { return Err(problem::unreadable(None, "an object is wanted")) };
    let schema = schemas().get(kind.code()).ok_or_else(problem::broken)?;
    let known: Vec<&str> = schema["properties"].as_object().map(|p| p.keys().map(String::as_str).collect()).unwrap_or_default();
    if let Some(strange) = body.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(problem::unknown_field(strange, &known));
    }
    let needed = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default().iter().filter_map(Value::as_str);
    if let Some(lacking) = needed.into_iter().find(|name| !body.contains_key(*name)) {
        return Err(problem::missing(lacking));
    }
    command(kind, body.clone()).map_err(|error| problem::unreadable(culprit(kind, body, &known), &error.to_string()))
}

fn command(kind: Kind, mut fields: Map<String, Value>) -> Result<Command, serde_json::Error> {
    fields.insert("act".to_owned(), kind.code().into());
    serde_json::from_value(Value::Object(fields))
}

/// The field that cannot be read: alone, a sound one gets as far as the next field being missed.
fn culprit<'b>(kind: Kind, body: &'b Map<String, Value>, known: &[&str]) -> Option<&'b str> {
    let sound = |name: &str, value: &Value| match command(kind, Map::from_iter([(name.to_owned(), value.clone())])) {
        Ok(_) => true,
        Err(error) => known.iter().any(|other| *other != name && error.to_string() == format!("missing field `{other}`")),
    };
    body.iter().find(|(name, value)| !sound(name, value)).map(|(name, _)| name.as_str())
}

#[cfg(test)]
mod tests {
    use rules::act::{Actor, Means};
    use rules::id::Id;
    use rules::party::Role;
    use rules::policy::Place;
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_has_a_schema_or_a_reason_to_have_none() {
        for kind in Kind::ALL {
            let with_a_file = matches!(kind, Kind::AddEvidence | Kind::SendPackage | Kind::ReceivePackage);
            assert_eq!(schemas().contains_key(kind.code()), !with_a_file, "{}", kind.code());
        }
    }

    #[test]
    fn what_is_not_for_tokens_the_policy_refuses_to_every_token() {
        let token = Actor {
            person: Some(Id::new(1, [1; 10])),
            organisation: Some(Id::new(1, [2; 10])),
            roles: Role::ALL.to_vec(),
            belongs_to: vec![],
            means: Means::Token { id: Id::new(1, [3; 10]), write: true },
            address: "local".into(),
            grants: Default::default(),
        };
        for kind in Kind::ALL.iter().filter(|k| !is_for_tokens(**k)) {
            assert!(policy::may(*kind, &token, Place::Installation).is_err(), "{}", kind.code());
        }
    }

    #[test]
    fn the_field_that_cannot_be_read_is_named() {
        let case = "case_0190a5d0000070008000000000000000";
        let name = |body: Value| {
            culprit(Kind::GiveAnswer, body.as_object().unwrap(), &["case", "item", "base", "content", "ready"]).map(str::to_owned)
        };
        assert_eq!(name(json!({ "case": "x", "item": 1, "base": 0, "content": {} })), Some("case".into()));
        assert_eq!(name(json!({ "case": case, "item": "1", "base": 0, "content": {} })), Some("item".into()));
        assert_eq!(name(json!({ "case": case, "item": 1, "base": 0, "content": { "text": 5 } })), Some("content".into()));
        assert_eq!(name(json!({ "case": case, "item": 1, "base": 0, "content": {} })), None);
    }
}
