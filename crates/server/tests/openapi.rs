//! The description of what may be called: for programs, and for people.

use std::collections::BTreeSet;

use mti_element::Fail;
use mti_server::FamilyFailures;
use serde_json::{Value, json};

use crate::client::{get, post};
use crate::shop::{ALICE, COOKIE, Shop, kiosk, shop, shop_with};

const DOCUMENT: &str = "/api/acme/shop/openapi.json";
const PAGE: &str = "/api/acme/shop/";

async fn document(shop: &Shop) -> Value {
    let answer = get(DOCUMENT).send(shop.address).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    answer.json()
}

/// The path of every operation with the operation.
fn operations(document: &Value) -> Vec<(&str, &Value)> {
    document["paths"].as_object().unwrap().iter().map(|(path, item)| (path.as_str(), &item["post"])).collect()
}

fn is_anonymous(operation: &Value) -> bool {
    operation["security"] == json!([])
}

/// A body of what an operation requires.
fn body_for(operation: &Value) -> Value {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let required = schema["required"].as_array().into_iter().flatten();
    let sample = |kind: &Value| match kind.as_str() {
        Some("string") => json!("text"),
        Some("number" | "integer") => json!(1),
        Some("object") => json!({}),
        other => panic!("no sample of {other:?}"),
    };
    required
        .map(|name| name.as_str().unwrap())
        .map(|name| (name, sample(&schema["properties"][name]["type"])))
        .collect()
}

/// Whether a value is what a part of the document says.
fn is_valid(document: &Value, schema: &Value, value: &Value) -> bool {
    let mut root = schema.clone();
    root["components"] = document["components"].clone();
    jsonschema::draft202012::new(&root).unwrap().is_valid(value)
}

fn schema_of_answer<'a>(document: &'a Value, operation: &'a Value, status: u16) -> &'a Value {
    let response = &operation["responses"][status.to_string()];
    let response = match response["$ref"].as_str() {
        Some(reference) => document.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        None => response,
    };
    assert!(response.is_object(), "{status} of {operation}");
    &response["content"]["application/json"]["schema"]
}

#[tokio::test]
async fn what_is_described_is_what_a_call_finds() {
    let shop = shop().await;
    shop.gate().open.add_permits(100);
    let document = document(&shop).await;
    let described = operations(&document).into_iter().map(|(path, _)| path);
    let described: BTreeSet<&str> = described.filter(|path| !path.contains("/Refusing/")).collect();
    let mut found = BTreeSet::new();
    for (_, definition) in shop.app.get_all_elements_define() {
        for function in &definition.functions {
            let segments = definition.name.as_str().split('.').chain([function.name.as_str()]);
            let encoded: Vec<String> =
                segments.map(|segment| url::form_urlencoded::byte_serialize(segment.as_bytes()).collect()).collect();
            let path = format!("/api/acme/shop/{}", encoded.join("/"));
            let required = function.args.iter().filter(|argument| argument.required);
            let body: Value = required.map(|argument| (argument.name.clone(), json!("text"))).collect();
            let answer = post(&path, body.to_string())
                .with("Authorization", &format!("Bearer {ALICE}"))
                .send(shop.address)
                .await;
            // What of its functions an element implements that does not even load is left open by its answers.
            if answer.status != 404 && !path.contains("/Refusing/") {
                found.insert(path);
            }
        }
    }
    assert!(found.len() > 10, "{found:?}");
    assert_eq!(described, found.iter().map(String::as_str).collect());
}

#[tokio::test]
async fn every_operation_answers_as_it_is_described() {
    let shop = shop().await;
    shop.gate().open.add_permits(100);
    let document = document(&shop).await;
    let mut succeeded = 0;
    for (path, operation) in operations(&document) {
        let body = body_for(operation).to_string();
        let stranger = post(path, body.clone()).json().send(shop.address).await;
        assert_eq!(stranger.status == 401, !is_anonymous(operation), "{path}");
        let answer = post(path, body).json().with("Authorization", &format!("Bearer {ALICE}")).send(shop.address).await;
        for answer in [stranger, answer] {
            let schema = schema_of_answer(&document, operation, answer.status);
            assert!(is_valid(&document, schema, &answer.json()), "{path}: {} is not {schema}", answer.body);
            succeeded += usize::from(answer.status == 200);
        }
    }
    assert!(succeeded > 5, "{succeeded}");
}

#[tokio::test]
async fn arguments_are_described_as_they_are_taken() {
    let shop = shop().await;
    let document = document(&shop).await;
    let path = "/api/acme/shop/probes/Probe/echo";
    let operation = &document["paths"][path]["post"];
    assert_eq!(operation["operationId"], "probes.Probe.echo");
    assert_eq!(operation["summary"], "Echo");
    assert_eq!(operation["tags"], json!(["probes.Probe"]));
    assert_eq!(operation["requestBody"]["required"], true);
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(
        *schema,
        json!({
            "type": "object",
            "properties": {
                "text": {"type": "string", "title": "Text"},
                "times": {"type": "number", "title": "Times", "default": 1},
            },
            "required": ["text"],
            "additionalProperties": false,
        })
    );
    for (body, is_taken) in [
        (json!({"text": "a"}), true),
        (json!({"text": "a", "times": 2}), true),
        (json!({}), false),
        (json!({"text": 1}), false),
        (json!({"text": "a", "times": "b"}), false),
        (json!({"text": "a", "more": 1}), false),
    ] {
        let answer = post(path, body.to_string()).send(shop.address).await;
        assert_eq!((answer.status == 200, is_valid(&document, schema, &body)), (is_taken, is_taken), "{body}");
    }
}

/// Whatever the step would make of it: the declaration decides, the same for every language.
#[tokio::test]
async fn what_a_declaration_narrows_is_described_and_refused() {
    let shop = shop().await;
    shop.edit("probes/Probe/e.json", |manifest| {
        manifest["functionList"] = json!([{
            "name": "echo",
            "args": [
                {"name": "text", "dataType": "Stext", "required": true,
                 "schema": {"enum": ["a", "b"], "maxLength": 9, "description": "One of two."}},
                {"name": "times", "dataType": "Boolean"},
            ],
            "returnType": "Stext",
            "returnSchema": {"minLength": 1},
            "loginRequired": 0,
        }]);
    });
    let document = document(&shop).await;
    let path = "/api/acme/shop/probes/Probe/echo";
    let operation = &document["paths"][path]["post"];
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(
        schema["properties"],
        json!({
            "text": {"type": "string", "enum": ["a", "b"], "maxLength": 9, "description": "One of two."},
            "times": {"type": ["boolean", "null"]},
        })
    );
    let answered = schema_of_answer(&document, operation, 200);
    assert_eq!(answered["allOf"][1]["properties"]["data"], json!({"type": "string", "minLength": 1}));
    for (body, refusal) in [
        (json!({"text": "c"}), "argument `text` must be one of `a`, `b`"),
        (json!({"text": ["a"]}), "argument `text` must be a string"),
        (json!({"text": null}), "argument `text` must be a string"),
        (json!({"text": "a", "times": 1}), "argument `times` must be `true` or `false`"),
    ] {
        let answer = post(path, body.to_string()).send(shop.address).await;
        assert_eq!((answer.status, &answer.json()["errmsg"]), (400, &json!(refusal)), "{body}");
        assert!(!is_valid(&document, schema, &body), "{body}");
    }
    assert!(is_valid(&document, schema, &json!({"text": "a", "times": null})));
}

#[tokio::test]
async fn who_is_signed_in_may_show_it_in_two_ways() {
    let shop = shop().await;
    let document = document(&shop).await;
    let greeting = &document["paths"]["/api/acme/shop/probes/Probe/secretGreeting"]["post"];
    assert_eq!(greeting["security"], json!([{"sessionCookie": []}, {"sessionToken": []}]));
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(
        (&schemes["sessionCookie"]["in"], &schemes["sessionCookie"]["name"]),
        (&json!("cookie"), &json!(COOKIE))
    );
    assert_eq!(
        (&schemes["sessionToken"]["type"], &schemes["sessionToken"]["scheme"]),
        (&json!("http"), &json!("bearer"))
    );
}

#[tokio::test]
async fn failures_of_a_family_are_described_for_its_elements_only() {
    const SHUT: Fail = Fail::new("SHUT", 90001, 423, "the shop is shut");
    let shop =
        shop_with(|options| options.failures = vec![FamilyFailures { namespace: "probes", kinds: &[SHUT] }]).await;
    let document = document(&shop).await;
    for (path, operation) in operations(&document) {
        let is_probe = path.contains("/probes/") || path.contains("/%E6%8E%A2%E9%92%88/");
        assert_eq!(operation["responses"].get("423").is_some(), is_probe, "{path}");
    }
    let text = document["components"]["responses"]["Failure423"]["description"].as_str().unwrap();
    assert!(text.contains("`SHUT` (90001): the shop is shut"), "{text}");
}

#[tokio::test]
async fn what_an_app_may_not_see_is_not_described_to_it() {
    let below = kiosk().await;
    let answer = get("/api/acme/kiosk/openapi.json").send(below.address).await;
    let document = answer.json();
    assert_eq!(document["servers"], json!([{"url": below.origin}]));
    assert!(operations(&document).iter().all(|(path, _)| path.starts_with("/api/acme/kiosk/")));
    assert!(answer.body.contains("probes.Probe.echo") && !answer.body.contains("Hidden"), "{}", answer.body);
}

#[tokio::test]
async fn the_server_is_named_as_browsers_reach_it() {
    let shop =
        shop_with(|options| options.public_url = Some("https://shop.example.com/mounted/".parse().unwrap())).await;
    assert_eq!(document(&shop).await["servers"], json!([{"url": "https://shop.example.com/mounted"}]));
    let nowhere = get("/nowhere").send(shop.address).await;
    assert!(nowhere.body.contains("href=\"/mounted/acme/shop/\""), "{}", nowhere.body);
}

#[tokio::test]
async fn a_description_holds_until_the_app_changes() {
    let shop = shop().await;
    for path in [DOCUMENT, PAGE] {
        let first = get(path).send(shop.address).await;
        assert!(!first.body.contains("lateGreeting"));
        let again = get(path).with("If-None-Match", first.header("etag").unwrap()).send(shop.address).await;
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
    }
    shop.edit("probes/Probe/e.json", |manifest| {
        manifest["functionList"] = json!([{"name": "whoAmI", "title": "lateGreeting", "loginRequired": 0}]);
    });
    for path in [DOCUMENT, PAGE] {
        assert!(get(path).send(shop.address).await.body.contains("lateGreeting"), "{path}");
    }
}

#[tokio::test]
async fn people_read_a_page_in_their_language() {
    let shop = shop().await;
    let languages = [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN", "需要登录"),
        ("fr, en;q=0.5, zh;q=0.4", "en", "sign-in required"),
        ("zh;q=0, en;q=0.001", "en", "sign-in required"),
        ("de", "en", "sign-in required"),
        ("en;q=nonsense, ZH-hant;q=0.1", "zh-CN", "需要登录"),
    ];
    for (header, language, sentence) in languages {
        let page = get(PAGE).with("Accept-Language", header).send(shop.address).await;
        assert_eq!((page.status, page.header("vary")), (200, Some("accept-language, cookie")), "{header}");
        assert!(page.body.contains(&format!("<html lang=\"{language}\">")), "{header}");
        assert!(page.body.contains(sentence), "{header}");
    }
    let page = get(PAGE).send(shop.address).await;
    assert!(page.body.contains("<title>Shop &lt;/script&gt;&lt;b&gt;: "));
    assert!(!page.body.contains("<b>") && !page.body.contains("<script") && !page.body.contains("style="));
    assert!(
        page.body.contains("id=\"probes.Probe.echo\"") && page.body.contains("POST /api/acme/shop/probes/Probe/echo")
    );
    let style = page.body.split('"').find(|text| text.ends_with("pages.css")).unwrap().replace("../../../", "/");
    assert_eq!(get(&style).send(shop.address).await.status, 200);
}

#[tokio::test]
async fn descriptions_are_read_and_nothing_else() {
    let shop = shop().await;
    for path in [DOCUMENT, PAGE] {
        let called = post(path, "").send(shop.address).await;
        assert_eq!((called.status, called.error().as_str()), (404, "ELEMENT_NOT_FOUND"), "{path}");
        let deleted = crate::client::Request::new("DELETE", path).send(shop.address).await;
        assert_eq!((deleted.status, deleted.header("allow")), (405, Some("GET, HEAD")), "{path}");
    }
    assert_eq!(get("/api/acme/other/openapi.json").send(shop.address).await.status, 405);
}
