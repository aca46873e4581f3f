//! The REST interface against a whole server: what it gives, to whom, and how it says no.

use std::collections::BTreeSet;

use rules::command::Kind;
use serde_json::{Value, json};
use web::api::{self, Guard, Takes};
use web::route::Method;
use web::testing::{CANARY, EVALUATOR, HOSPITAL, OFFICER, OPERATOR, Reply, SECRETARIAT, STRANGER, World};

/// The reply is a problem of this status, worded in both languages.
#[track_caller]
fn problem(reply: &Reply, status: u16) -> Value {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert_eq!(reply.header("content-type"), "application/problem+json");
    let problem = reply.json();
    assert_eq!(problem["status"], status);
    assert!(problem["type"].as_str().unwrap().starts_with("urn:akashi:problem:"));
    assert!(!problem["title"].as_str().unwrap().is_empty());
    assert!(!problem["detail"]["ja"].as_str().unwrap().is_empty() && !problem["detail"]["en"].as_str().unwrap().is_empty());
    problem
}

fn get(world: &World, path: &str, token: &str) -> Reply {
    world.call("GET", path, Some(token), None)
}

/// A route's address with the ids of the demonstration's running case and what goes with it.
fn filled(world: &World, path: &str, case: &str) -> String {
    let library = world.app.library(&world.actor(OFFICER)).unwrap();
    let sheet = world.app.content.sheets()[0].id.to_string();
    path.replace("{case}", case)
        .replace("{no}", "9")
        .replace("{n}", "1")
        .replace("{sheet}", &sheet)
        .replace("{evidence}", &library[0].id.to_string())
}

#[test]
fn without_a_token_nothing_is_said() {
    let world = World::shared();
    for route in api::all() {
        let path = filled(world, &route.path, &world.running.to_string());
        let method = if route.method == Method::Get { "GET" } else { "POST" };
        for token in [None, Some(""), Some("no-token"), Some(world.session(OFFICER).as_str())] {
            let reply = world.call(method, &path, token, None);
            match route.guard {
                Guard::Open => assert_eq!(reply.status, 200, "{path}"),
                Guard::Token | Guard::Write => {
                    problem(&reply, 401);
                    assert_eq!(reply.header("www-authenticate"), "Bearer", "{path}");
                }
            }
        }
    }
    problem(&world.call("GET", "/api/v1/nothing/here", None, None), 401);
    // A session cookie opens nothing here.
    assert_eq!(world.page("/api/v1/me", Some(OFFICER), rules::text::Lang::Ja).status, 401);
}

#[test]
fn every_view_answers_an_officer() {
    let world = World::shared();
    let token = world.token(OFFICER, false);
    for route in api::all().iter().filter(|r| r.method == Method::Get) {
        let case = if route.path.ends_with("certificate.pdf") { world.certified } else { world.running };
        let reply = get(world, &filled(world, &route.path, &case.to_string()), &token);
        assert_eq!(reply.status, 200, "{}: {}", route.path, reply.text());
        assert!(!reply.body.is_empty());
        assert_eq!(reply.header("cache-control"), "no-store");
    }
    let detail = get(world, &format!("/api/v1/cases/{}", world.running), &token).json();
    assert_eq!(detail["progress"]["total"]["items"], 253);
    assert_eq!(detail["state"], "returned");
    let items = get(world, &format!("/api/v1/cases/{}/items", world.running), &token).json();
    assert_eq!(items["items"].as_array().unwrap().len(), 253);
    let item = get(world, &format!("/api/v1/cases/{}/items/9", world.running), &token).json();
    assert_eq!(item["item"]["no"], 9);
    assert!(!item["answers"].as_array().unwrap().is_empty() && !item["stands"]["improvement_answer"].is_null());
    let me = get(world, "/api/v1/me", &token).json();
    assert_eq!((me["write"].as_bool(), me["organisation"]["name"].as_str()), (Some(false), Some("みどり医療クラウド株式会社")));
    let hits = get(world, "/api/v1/search?q=%E5%9F%8B%E3%82%81%E8%BE%BC%E3%81%BF%E3%81%AA%E3%81%84%E8%A8%80%E8%91%89", &token).json();
    assert_eq!(hits["hits"], json!([]));
}

#[test]
fn another_tenants_things_do_not_exist() {
    let world = World::shared();
    let stranger = world.token(STRANGER, true);
    let about_a_case = |r: &&api::Route| r.path.contains("{case}") || r.path.contains("{evidence}");
    let mut looked_at = 0;
    for route in api::all().iter().filter(about_a_case) {
        for case in [world.running, world.certified] {
            let path = filled(world, &route.path, &case.to_string());
            let reply = match route.takes {
                Takes::Sheet => world.call("POST", &path, Some(&stranger), Some(("text/csv", "項目番号,対応策\n1,x\n".into()))),
                _ => get(world, &path, &stranger),
            };
            problem(&reply, 404);
            looked_at += 1;
        }
    }
    assert!(looked_at >= 18, "{looked_at}");
    for case in [world.running, world.certified] {
        problem(&world.act("submit_round", &stranger, &json!({ "case": case })), 404);
    }
    // The other way round, and what the lists hold.
    for email in [OFFICER, SECRETARIAT, EVALUATOR, HOSPITAL, OPERATOR] {
        let token = world.token(email, true);
        problem(&get(world, &format!("/api/v1/cases/{}", world.strange), &token), 404);
        assert!(!get(world, "/api/v1/cases", &token).text().contains(&world.strange.to_string()));
    }
    assert!(get(world, "/api/v1/search?q=canary", &world.token(OFFICER, false)).json()["hits"].as_array().unwrap().is_empty());
    let own = get(world, &format!("/api/v1/cases/{}/items/1", world.strange), &stranger).json();
    assert_eq!(own["stands"]["answer"]["text"], CANARY, "the stranger's own words come back as they were written");
}

#[test]
fn sides_read_what_is_theirs() {
    let world = World::shared();
    let (evaluator, hospital) = (world.token(EVALUATOR, false), world.token(HOSPITAL, false));
    let detail = |case, token: &str| get(world, &format!("/api/v1/cases/{case}"), token);
    assert_eq!(detail(world.running, &evaluator).json()["side"], "body");
    problem(&detail(world.running, &hospital), 404);
    let seen = detail(world.certified, &hospital).json();
    assert_eq!(seen["side"], "institution");
    assert_eq!((&seen["assignments"], &seen["names"], &seen["disclosed_to"]), (&json!([]), &json!({}), &json!([])));
    problem(&get(world, &format!("/api/v1/cases/{}?side=applicant", world.running), &evaluator), 404);
    let wrong = problem(&get(world, &format!("/api/v1/cases/{}?side=inside", world.running), &evaluator), 422);
    assert_eq!(wrong["field"], "side");
    // The body does not see who of the applicant does what.
    let items = get(world, &format!("/api/v1/cases/{}/items", world.running), &evaluator).json();
    assert!(items["items"].as_array().unwrap().iter().all(|i| i["work"]["owner"].is_null() && i["review"].is_null()));
    for list in ["products", "evidence"] {
        problem(&get(world, &format!("/api/v1/{list}"), &evaluator), 403);
    }
}

#[test]
fn a_reading_token_changes_nothing() {
    let world = World::shared();
    let token = world.token(OFFICER, false);
    for route in api::all().iter().filter(|r| r.guard == Guard::Write) {
        problem(&world.call("POST", &route.path, Some(&token), Some(("application/json", b"{}".to_vec()))), 403);
    }
    // An import is looked at with a reading token, and taken over only with one that writes.
    let csv = "項目番号,対応策\n200,読み取り専用のトークンでは保存されません。\n";
    let path = format!("/api/v1/cases/{}/import", world.running);
    let looked = world.call("POST", &path, Some(&token), Some(("text/csv", csv.into())));
    assert_eq!(looked.status, 200, "{}", looked.text());
    assert_eq!((looked.json()["differences"].as_array().unwrap().len(), &looked.json()["taken"]), (1, &Value::Null));
    problem(&world.call("POST", &format!("{path}?take=all"), Some(&token), Some(("text/csv", csv.into()))), 403);
}

#[test]
fn a_token_ends_when_it_is_revoked_and_when_it_expires() {
    let world = World::fresh();
    let (first, second) = (world.token(OFFICER, true), world.token(OFFICER, false));
    let id = world.app.tokens(&world.actor(OFFICER)).unwrap().into_iter().find(|t| t.write).unwrap().id;
    let done = world.act("revoke_token", &first, &json!({ "token": id }));
    assert_eq!(done.status, 200, "{}", done.text());
    problem(&get(&world, "/api/v1/me", &first), 401);
    assert_eq!(get(&world, "/api/v1/me", &second).status, 200);
    world.app.clock.advance(jiff::SignedDuration::from_hours(31 * 24));
    problem(&get(&world, "/api/v1/me", &second), 401);
}

#[test]
fn an_act_says_what_it_did_and_repeats_as_nothing() {
    let world = World::fresh();
    let token = world.token(OFFICER, true);
    let made = world.act("create_product", &token, &json!({ "name": "API製品", "description": "" }));
    assert_eq!(made.status, 200, "{}", made.text());
    let product = made.json()["made"].as_str().unwrap().to_owned();
    assert!(made.json()["pos"].is_i64() && made.json()["changes"] == 1 && made.json().get("secret").is_none());
    assert!(get(&world, "/api/v1/products", &token).text().contains(&product));

    let item = |no: u16| get(&world, &format!("/api/v1/cases/{}/items/{no}", world.running), &token).json();
    let base = item(140)["stands"]["answer"]["pos"].as_i64().unwrap_or(0);
    let answer = |base: i64| {
        world.act(
            "give_answer",
            &token,
            &json!({ "case": world.running, "item": 140, "base": base, "content": { "text": "規程を定めています。" } }),
        )
    };
    assert_eq!(answer(base).status, 200);
    let after = item(140);
    assert_eq!(after["stands"]["answer"]["text"], "規程を定めています。");
    assert_eq!(answer(after["stands"]["answer"]["pos"].as_i64().unwrap()).json(), json!({ "pos": null, "changes": 0, "made": null }));
    let late =
        world.act("give_answer", &token, &json!({ "case": world.running, "item": 140, "base": base, "content": { "text": "別の文" } }));
    assert_eq!(problem(&late, 409)["type"], "urn:akashi:problem:conflict");
    let closed = world.act("submit_round", &token, &json!({ "case": world.certified }));
    assert_eq!(problem(&closed, 409)["type"], "urn:akashi:problem:state");
    problem(&world.act("decide_case", &token, &json!({ "case": world.running, "certify": true, "grounds": "x" })), 403);
    // What lends power over accounts needs a person who proves who they are.
    let operator = world.token(OPERATOR, true);
    let organisation = world.actor(OFFICER).organisation.unwrap();
    let invite = json!({ "organisation": organisation, "email": "new@example.jp", "roles": ["colleague"] });
    problem(&world.act("invite_person", &operator, &invite), 403);
}

#[test]
fn every_act_takes_any_body_without_breaking() {
    let world = World::fresh();
    let tokens: Vec<String> = [OFFICER, SECRETARIAT, EVALUATOR, OPERATOR].iter().map(|e| world.token(e, true)).collect();
    for kind in Kind::ALL {
        for body in [
            json!({}),
            json!([]),
            json!(null),
            json!({ "act": "withdraw_case" }),
            json!({ "case": 5, "item": "x", "items": {}, "name": [] }),
        ] {
            let reply = world.act(kind.code(), &tokens[0], &body);
            assert!((400..500).contains(&reply.status), "{} with {body}: {} {}", kind.code(), reply.status, reply.text());
            let status = reply.status;
            problem(&reply, status);
        }
    }
    for code in ["found_installation", "accept_invitation", "change_password", "issue_token"] {
        problem(&world.act(code, &tokens[0], &json!({})), 403);
    }
    problem(&world.act("add_evidence", &tokens[0], &json!({})), 404);
    problem(&world.act("no_such_act", &tokens[0], &json!({})), 404);
    // With well-formed fields for a case, whoever asks: an answer or a no, never a break.
    for token in &tokens {
        for route in api::all() {
            let Takes::Act(kind) = route.takes else { continue };
            if kind == Kind::RevokeToken {
                continue;
            }
            let reply = world.act(kind.code(), token, &example(&world, route));
            assert!(reply.status < 500, "{}: {}", kind.code(), reply.text());
        }
    }
}

/// A body that fits an act's schema, in the demonstration's running case.
fn example(world: &World, route: &api::Route) -> Value {
    let document = api::document();
    let schema = &document["paths"][route.path.as_ref()]["post"]["requestBody"]["content"]["application/json"]["schema"];
    let mut body = json!({});
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        body[name] = match (name, schema["properties"][name]["type"].as_str()) {
            ("case", _) => json!(world.running),
            ("person", _) => json!(world.actor(EVALUATOR).person),
            ("items", _) => json!([1, 2]),
            ("lang", _) => json!("ja"),
            ("part", _) => json!("first"),
            ("finding", _) => json!("seen"),
            (_, Some("integer")) => json!(1),
            (_, Some("boolean")) => json!(true),
            (_, Some("array")) => json!([]),
            (_, Some("object")) => json!({}),
            _ => json!("x"),
        };
    }
    body
}

#[test]
fn everything_that_is_wrong_with_rows_is_told_with_row_and_field() {
    let world = World::shared();
    let token = world.token(OFFICER, true);
    let rows = json!({ "register": "asset_ledger", "rows": [{ "number": ["A-1"] }, { "no_such_field": ["x"] }] });
    let told = problem(&world.act("import_entries", &token, &rows), 422);
    let faults = told["faults"].as_array().unwrap();
    for row in [1, 2] {
        assert!(faults.iter().any(|f| f["row"] == row && f["field"].is_string() && f["text"]["en"].is_string()), "{told}");
    }
    assert!(faults.iter().any(|f| f["row"] == 2 && f["field"] == "no_such_field"), "{told}");
}

#[test]
fn what_cannot_be_read_is_named() {
    let world = World::shared();
    let token = world.token(OFFICER, true);
    let field = |code: &str, body: Value| problem(&world.act(code, &token, &body), 422)["field"].as_str().unwrap_or("—").to_owned();
    let case = world.running;
    assert_eq!(field("give_answer", json!({ "case": case, "item": 1, "base": 0 })), "content");
    assert_eq!(field("give_answer", json!({ "case": case, "item": "one", "base": 0, "content": {} })), "item");
    assert_eq!(field("give_answer", json!({ "case": "case_1", "item": 1, "base": 0, "content": {} })), "case");
    assert_eq!(field("give_answer", json!({ "case": case, "item": 1, "base": 0, "content": {}, "contents": {} })), "contents");
    assert_eq!(field("set_due", json!({ "case": case, "due": "tomorrow" })), "due");
    assert_eq!(field("create_product", json!({ "name": " ", "description": "" })), "name");
    let broken = world.call("POST", "/api/v1/acts/set_due", Some(&token), Some(("application/json", b"{\"case\": ".to_vec())));
    assert!(problem(&broken, 422)["detail"]["en"].as_str().unwrap().contains("line 1"));
    let form = world.call("POST", "/api/v1/acts/set_due", Some(&token), Some(("application/x-www-form-urlencoded", b"case=1".to_vec())));
    problem(&form, 415);
    problem(&world.call("POST", "/api/v1/acts/set_due", Some(&token), None), 415);
    let large = vec![b' '; 4 * 1024 * 1024 + 1];
    problem(&world.call("POST", "/api/v1/acts/set_due", Some(&token), Some(("application/json", large))), 413);
    problem(&world.call("DELETE", "/api/v1/me", Some(&token), None), 405);
    problem(&get(world, "/api/v1/nothing/here", &token), 404);
    problem(&get(world, "/api/v1/cases/case_1", &token), 404);
    problem(&get(world, &format!("/api/v1/cases/{case}/items/999"), &token), 404);
    problem(&get(world, "/api/v1/cases?before=yesterday", &token), 422);
}

#[test]
fn an_export_comes_back_as_an_import_without_differences_and_changes_are_listed() {
    let world = World::fresh();
    let token = world.token(OFFICER, true);
    let path = |what: &str| format!("/api/v1/cases/{}/{what}", world.running);
    let xlsx = get(&world, &path("export.xlsx"), &token);
    assert!(xlsx.header("content-disposition").starts_with("attachment; filename="));
    let again = world.call("POST", &path("import?name=x.xlsx"), Some(&token), Some(("application/octet-stream", xlsx.body))).json();
    assert_eq!((&again["differences"], &again["faults"], &again["items"]), (&json!([]), &json!([]), &json!(253)), "{again}");

    let csv = "項目番号,対応策\n200,委託先の監査を年1回実施しています。\n999,ない項目\n201,\n";
    let send = |take: &str| world.call("POST", &path(&format!("import?take={take}")), Some(&token), Some(("text/csv", csv.into())));
    let looked = send("none").json();
    assert_eq!(looked["taken"], Value::Null);
    assert_eq!(looked["differences"][0]["file"], "委託先の監査を年1回実施しています。");
    assert_eq!(looked["faults"].as_array().unwrap().len(), 1, "{looked}");
    assert_eq!(problem(&send("some"), 422)["field"], "take");
    let taken = send("all").json();
    assert_eq!((&taken["differences"], &taken["faults"]), (&looked["differences"], &looked["faults"]));
    assert!(taken["taken"]["changes"].as_u64().unwrap() >= 1);
    assert_eq!(send("all").json()["taken"], Value::Null, "the second time nothing differs");
    let unreadable = world.call("POST", &path("import"), Some(&token), Some(("application/octet-stream", vec![0, 159, 146, 150, 1, 2])));
    assert_eq!(problem(&unreadable, 422)["field"], "file");
    problem(&world.call("POST", &path("import"), Some(&token), Some(("application/json", b"{}".to_vec()))), 415);
}

/// A form with a file, as a program sends it.
fn multipart(fields: &[(&str, &str)], name: &str, content: &[u8]) -> (&'static str, Vec<u8>) {
    let mut body = vec![];
    for (field, value) in fields {
        body.extend(format!("--limit\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n").bytes());
    }
    body.extend(format!("--limit\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n").bytes());
    body.extend(content);
    body.extend(b"\r\n--limit--\r\n");
    ("multipart/form-data; boundary=limit", body)
}

#[test]
fn evidence_comes_in_as_a_file_and_goes_out_as_it_came() {
    let world = World::fresh();
    let token = world.token(OFFICER, true);
    let send = |fields: &[(&str, &str)], name: &str, content: &[u8]| {
        world.call("POST", "/api/v1/evidence", Some(&token), Some(multipart(fields, name, content)))
    };
    // Larger than the framework would take by itself.
    let mut pdf = b"%PDF-1.7\n".to_vec();
    pdf.resize(3 * 1024 * 1024, b'x');
    let made = send(&[("label", "public"), ("valid_until", "2027-03-31")], "監査報告書.pdf", &pdf);
    assert_eq!(made.status, 200, "{}", made.text());
    let id = made.json()["made"].as_str().unwrap().to_owned();
    let library = get(&world, "/api/v1/evidence", &token).json();
    let listed = library["evidence"].as_array().unwrap().iter().find(|e| e["id"] == id.as_str()).unwrap();
    assert_eq!(
        (&listed["label"], &listed["valid_until"], &listed["name"]),
        (&json!("public"), &json!("2027-03-31"), &json!("監査報告書.pdf"))
    );
    let file = get(&world, &format!("/api/v1/evidence/{id}/file"), &token);
    assert!(file.body == pdf && file.header("content-type") == "application/pdf");
    let second = send(&[("series", &id), ("label", "public")], "監査報告書.pdf", b"%PDF-1.7\nsecond");
    assert_eq!(second.status, 200, "{}", second.text());
    for (fields, name, content, status, field) in [
        (&[("label", "public")][..], "a.pdf", &b"PK\x03\x04"[..], 422, "file"),
        (&[("label", "public")][..], "a.pdf", b"", 422, "file"),
        (&[][..], "a.pdf", b"%PDF-1.7", 422, "label"),
        (&[("label", "secret")][..], "a.pdf", b"%PDF-1.7", 422, "label"),
        (&[("label", "public"), ("valid_until", "soon")][..], "a.pdf", b"%PDF-1.7", 422, "valid_until"),
    ] {
        assert_eq!(problem(&send(fields, name, content), status)["field"], field);
    }
    // Many small fields together are too large as well.
    let words = "x".repeat(1024 * 1024);
    let fields: Vec<(&str, &str)> = (0..5).map(|_| ("label", words.as_str())).collect();
    problem(&send(&fields, "a.pdf", b"%PDF-1.7"), 413);
    let too_large = vec![b'x'; usize::try_from(world.app.config.upload_limit).unwrap() + 1];
    problem(&send(&[], "a.pdf", &too_large), 413);
    problem(&world.call("POST", "/api/v1/evidence", Some(&token), Some(("application/pdf", pdf))), 415);
}

#[test]
fn every_view_fits_the_names_of_its_schema() {
    let (world, document) = (World::shared(), api::document());
    let token = world.token(OFFICER, false);
    let mut missing = BTreeSet::new();
    for route in api::all().iter().filter(|r| r.method == Method::Get && matches!(r.gives, api::Gives::View(_)) && r.guard == Guard::Token)
    {
        let reply = get(world, &filled(world, &route.path, &world.running.to_string()), &token).json();
        let schema = &document["paths"][route.path.as_ref()]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        compare(&document, schema, &reply, &route.path, &mut missing);
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Names that a value has and its schema does not, or that the schema wants and the value lacks, through every level.
fn compare(document: &Value, schema: &Value, value: &Value, at: &str, out: &mut BTreeSet<String>) {
    let schema = match schema["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).unwrap(),
        None => schema,
    };
    let other: Vec<&Value> =
        schema["anyOf"].as_array().or(schema["oneOf"].as_array()).into_iter().flatten().filter(|s| s["type"] != "null").collect();
    match value {
        Value::Object(fields) if schema["properties"].is_object() => {
            for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).filter(|n| !fields.contains_key(*n)) {
                out.insert(format!("{at}: `{name}` is required and not there"));
            }
            for (name, inner) in fields {
                match schema["properties"].get(name) {
                    Some(known) => compare(document, known, inner, &format!("{at}.{name}"), out),
                    None => drop(out.insert(format!("{at}: `{name}` is not in the schema"))),
                }
            }
        }
        Value::Array(all) => all.iter().take(5).for_each(|v| compare(document, &schema["items"], v, &format!("{at}[]"), out)),
        Value::Object(_) if other.len() == 1 => compare(document, other[0], value, at, out),
        _ => {}
    }
}
