//! The OpenAPI 3.1 document, made of the list of routes and the schemas of commands and views.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::call::Call;
use super::problem::{Failure, Problem};
use super::{Gives, Guard, Reply, Route, Takes, acts, all};
use crate::route::Method;

pub fn show(_: &Call) -> Result<Reply, Failure> {
    Ok(Reply::Json(document()))
}

/// The whole document; the same for every installation.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|s| {
        s.definitions_path = "/components/schemas".into();
        s.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let problem = schema::<Problem>(&mut generator);
    let mut paths = Map::new();
    for route in all() {
        let method = match route.method {
            Method::Get => "get",
            Method::Post => "post",
        };
        let known = paths.entry(route.path.as_ref()).or_insert_with(|| json!({}));
        known[method] = operation(route, &mut generator, &problem);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Akashi",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Every act and every view of Akashi. A token is issued in the browser and speaks for one person in one organisation; what it may see and do follows from that person's roles. What one may not see answers 404, as if it did not exist.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": generator.take_definitions(false),
        },
    })
}

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

fn operation(route: &Route, generator: &mut SchemaGenerator, problem: &Value) -> Value {
    let mut out = json!({
        "operationId": operation_id(route),
        "summary": route.about,
        "security": if route.guard == Guard::Open { json!([]) } else { json!([{ "token": [] }]) },
        "responses": responses(route, generator, problem),
    });
    let parameters: Vec<Value> = path_names(&route.path)
        .map(|n| parameter(n, "path", true, ""))
        .chain(route.query.iter().map(|(n, about)| parameter(n, "query", false, about)))
        .collect();
    if !parameters.is_empty() {
        out["parameters"] = parameters.into();
    }
    if let Some(body) = body(route.takes) {
        out["requestBody"] = body;
    }
    out
}

/// `get_cases_items` for `GET /api/v1/cases/{case}/items`, made one of a kind by the names in braces.
fn operation_id(route: &Route) -> String {
    let method = if route.method == Method::Get { "get" } else { "post" };
    let words = route.path.trim_start_matches("/api/").trim_start_matches("v1/");
    format!("{method}_{}", words.replace(['/', '.', '{', '}'], "_").replace("__", "_").trim_end_matches('_'))
}

fn path_names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn parameter(name: &str, place: &str, required: bool, about: &str) -> Value {
    let mut out = json!({ "name": name, "in": place, "required": required, "schema": { "type": "string" } });
    if !about.is_empty() {
        out["description"] = about.into();
    }
    out
}

fn body(takes: Takes) -> Option<Value> {
    let file = json!({ "type": "string", "format": "binary" });
    let content = match takes {
        Takes::Nothing => return None,
        Takes::Act(kind) => json!({ "application/json": { "schema": acts::schemas().get(kind.code()) } }),
        Takes::Evidence => json!({ "multipart/form-data": { "schema": {
            "type": "object",
            "required": ["file", "label"],
            "properties": {
                "file": file,
                "label": { "enum": ["public", "disclosable", "confidential"] },
                "valid_until": { "type": "string", "format": "date" },
                "series": { "type": "string", "description": "Id of the document this is a new version of." },
            },
        } } }),
        Takes::Sheet => json!({
            "multipart/form-data": { "schema": { "type": "object", "required": ["file"], "properties": { "file": file } } },
            "application/octet-stream": { "schema": file },
            "text/csv": { "schema": { "type": "string" } },
        }),
    };
    Some(json!({ "required": true, "content": content }))
}

fn responses(route: &Route, generator: &mut SchemaGenerator, problem: &Value) -> Value {
    let content = match route.gives {
        Gives::View(schema) => json!({ "application/json": { "schema": schema(generator) } }),
        Gives::File(media) => json!({ media: { "schema": { "type": "string", "format": "binary" } } }),
    };
    let mut out = json!({ "200": { "description": "Done", "content": content } });
    let mut statuses = vec![("default", "Any other problem")];
    if route.guard != Guard::Open {
        statuses.extend([("401", "No valid token"), ("403", "Not allowed"), ("404", "Not there, or not to be seen")]);
    }
    if route.takes != Takes::Nothing {
        statuses.extend([
            ("409", "Not possible now, or somebody else changed it"),
            ("413", "Too large"),
            ("415", "Wrong media type"),
            ("422", "The input is not right"),
        ]);
    }
    for (status, description) in statuses {
        out[status] = json!({ "description": description, "content": { "application/problem+json": { "schema": problem } } });
    }
    out
}
