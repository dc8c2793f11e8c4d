//! Apps that change a little of what the official app declares.

use serde_json::{Value, json};

use crate::support::{Browser, LOGIN, Server, demo, mti_in};

const WECHAT_TYPE: &str = "auths/loginTypes/WeChatType/e.json";
const USER_MODEL: &str = "auths.models.UserModel";

#[tokio::test]
async fn one_key_of_a_function_is_changed_and_the_others_are_inherited() {
    let app = demo();
    app.write(WECHAT_TYPE, r#"{"functionList": [{"name": "getLoginCode", "desc": "ours"}]}"#);
    mti_in(app.path(), &["check"], "").ended_with(0);

    let definition = mti_in(app.path(), &["get", LOGIN, "--format", "json"], "").ended_with(0).json();
    let functions = definition["functions"].as_array().expect("functions");
    let function = functions.iter().find(|one| one["name"] == "getLoginCode").expect("the function");
    assert_eq!((&function["desc"], &function["loginRequired"]), (&json!("ours"), &json!(false)));
    let arguments: Vec<&Value> =
        function["args"].as_array().expect("arguments").iter().map(|argument| &argument["name"]).collect();
    assert_eq!(arguments, ["code", "state"]);

    let server = Server::dev(app.path());
    let mut browser = Browser::at(&server);
    let foreign_state = browser.call(LOGIN, "getLoginCode", json!({"code": "abc", "state": "x".repeat(32)})).await;
    assert_eq!(foreign_state.error(), "STATE_MISMATCH");
    browser.register("zhang-san").await;
    let document: Value = reqwest::get(format!("{}/api/acme/demo/openapi.json", server.origin()))
        .await
        .expect("an answer")
        .json()
        .await
        .expect("a document");
    let operation = &document["paths"][format!("/api/acme/demo/{}/getLoginCode", LOGIN.replace('.', "/"))]["post"];
    assert_eq!(operation["description"], "ours");
    let properties = &operation["requestBody"]["content"]["application/json"]["schema"]["properties"];
    assert!(properties["code"].is_object() && properties["state"].is_object(), "{operation:#}");

    let explained = mti_in(app.path(), &["explain", LOGIN], "").ended_with(0).stdout;
    assert!(explained.contains(r#"/desc = "ours"  acme.demo@"#), "{explained}");
    assert!(explained.contains("/loginRequired = 0  mti.base@"), "{explained}");
}

#[test]
fn a_function_that_can_no_longer_be_called_is_an_error_where_it_is_declared() {
    let app = demo();
    app.write(
        WECHAT_TYPE,
        "{\"functionList\": [\n  {\"name\": \"getLoginCode\",\n   \"args\": [{\"name\": \"state\"}]}]}",
    );
    let found = mti_in(app.path(), &["check", "--format", "json"], "").ended_with(1).json();
    let all = found["diagnostics"].as_array().expect("diagnostics");
    let [error] = all.as_slice() else { panic!("{found:#}") };
    assert_eq!((&error["code"], &error["severity"]), (&json!("MTI0418"), &json!("error")));
    assert_eq!((&error["file"], &error["line"], &error["column"]), (&json!(WECHAT_TYPE), &json!(3), &json!(12)));
    assert!(error["message"].as_str().expect("a message").contains("`code`"), "{error:#}");
}

#[test]
fn a_model_is_given_one_more_field_by_naming_it() {
    let app = demo();
    app.write("auths/models/UserModel/e.json", "{}");
    app.write(
        "auths/models/UserModel/UserModel.json",
        r#"{"fields": [{"name": "department", "dataType": "Stext"}, {"name": "nick", "maxLen": 5}],
            "indexList": [["department"]]}"#,
    );
    mti_in(app.path(), &["check"], "").ended_with(0);
    let call =
        |method: &str, arguments: Value| mti_in(app.path(), &["call", USER_MODEL, method, &arguments.to_string()], "");
    let row = json!({"userId": "ann", "nick": "Ann", "department": "R&D"});
    let added = call("create", json!({"rowData": row})).ended_with(0).json();
    assert_eq!((&added["department"], &added["isActive"]), (&json!("R&D"), &json!(true)));
    let again = call("create", json!({"rowData": row})).ended_with(1);
    assert!(again.stderr.contains("userId"), "the unique list is inherited: {}", again.stderr);
    let long = json!({"userId": "bo", "nick": "Bo the Great"});
    assert!(call("create", json!({"rowData": long})).ended_with(1).stderr.contains("nick"));

    let explained = mti_in(app.path(), &["explain", USER_MODEL, "--format", "json"], "").ended_with(0).json();
    let values = explained["config"].as_array().expect("values");
    let app_of = |pointer: &str| &values.iter().find(|one| one["pointer"] == pointer).expect("the value")["appKey"];
    assert_eq!(app_of("/fields/2/dataType").as_str().map(|key| key.starts_with("mti.base@")), Some(true));
    assert_eq!(app_of("/fields/2/maxLen").as_str().map(|key| key.starts_with("acme.demo@")), Some(true));
}

#[test]
fn what_a_model_inherits_and_what_not_is_said() {
    let app = demo();
    app.write("auths/models/UserModel/e.json", "{}");
    app.write("auths/models/UserModel/UserModel.json", "{\"fields\": [\n  {\"name\": \"department\"}]}");
    let found = mti_in(app.path(), &["check"], "").ended_with(1).stdout;
    assert!(found.contains("auths/models/UserModel/UserModel.json:2:3"), "{found}");
    assert!(found.contains("only a field `department` of an overridden model would give it one"), "{found}");

    app.write("auths/models/UserModel/UserModel.json", r#"{"fields": [{"name": "nick", "dataType": "Stext"}]}"#);
    app.write(
        "auths/models/UserModel/e.json",
        r#"{"title": "Users", "type": "models.NormalType", "override": "replace"}"#,
    );
    let found = mti_in(app.path(), &["check"], "").ended_with(1).stdout;
    assert!(found.contains("no field is the primary key"), "{found}");
    assert!(found.contains(r#"`e.json` says `"override": "replace"`"#), "{found}");
}
