//! The OpenAPI document stands in the repository as it is served, and speaks of everything there is.

use std::collections::BTreeSet;
use std::path::Path;

use rules::command::Kind;
use serde_json::Value;
use web::api::{self, Gives, Takes};
use web::route::Method;

#[test]
fn the_document_in_the_repository_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api/openapi.json");
    let made = serde_json::to_string_pretty(&api::document()).unwrap() + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "docs/api/openapi.json is out of date: run `BLESS=1 cargo test -p web --test openapi` and look at the difference"
    );
}

#[test]
fn every_route_and_every_act_appears() {
    let document = api::document();
    for route in api::all() {
        let method = if route.method == Method::Get { "get" } else { "post" };
        let operation = &document["paths"][route.path.as_ref()][method];
        assert!(operation["operationId"].is_string(), "{} is missing", route.path);
        if let Takes::Act(kind) = route.takes {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            assert_eq!(schema["type"], "object", "{}", kind.code());
            assert!(schema["properties"].get("act").is_none(), "the address says the act already: {}", kind.code());
        }
        if let Gives::View(_) = route.gives {
            assert!(
                operation["responses"]["200"]["content"]["application/json"]["schema"].is_object() || route.path.ends_with("openapi.json")
            );
        }
    }
    let acts = document["paths"].as_object().unwrap().keys().filter(|p| p.starts_with("/api/v1/acts/")).count();
    // Dangerous acts and those in person are no token's; evidence and packages come as files.
    assert_eq!(acts, Kind::ALL.len() - 38);
}

#[test]
fn operations_have_names_of_their_own_and_every_reference_leads_somewhere() {
    let document = api::document();
    let mut ids = BTreeSet::new();
    for operation in document["paths"].as_object().unwrap().values().flat_map(|p| p.as_object().unwrap().values()) {
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "twice: {}", operation["operationId"]);
    }
    let mut found = 0;
    walk(&document, &mut |value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads out of the document"));
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
            found += 1;
        }
    });
    assert!(found > 50, "only {found} references");
}

fn walk(value: &Value, see: &mut impl FnMut(&Value)) {
    see(value);
    match value {
        Value::Array(all) => all.iter().for_each(|v| walk(v, see)),
        Value::Object(all) => all.values().for_each(|v| walk(v, see)),
        _ => {}
    }
}
