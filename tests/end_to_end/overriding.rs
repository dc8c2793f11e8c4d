//! Apps that change a little of what the official app declares.

use serde_json::{Value, json};

use crate::support::{Browser, LOGIN, Server, Tree, demo, mti_in};

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

/// A model of users of the app's own, without `isActive`, and one login by password.
fn app_without_active_users() -> Tree {
    let app = demo();
    app.write("initData.json", "{}");
    app.write(
        "auths/models/UserModel/e.json",
        r#"{"title": "Users", "type": "models.NormalType", "override": "replace"}"#,
    );
    app.write(
        "auths/models/UserModel/UserModel.json",
        r#"{
  "fields": [
    {"name": "id", "dataType": "AutoInt", "primaryKey": true},
    {"name": "userId", "dataType": "Stext"},
    {"name": "nick", "dataType": "Json"},
    {"name": "isAdmin", "dataType": "Boolean"}
  ]
}"#,
    );
    app
}

#[test]
fn a_model_that_lost_a_field_is_an_error_that_names_who_needs_it() {
    let app = app_without_active_users();
    let found = mti_in(app.path(), &["check", "--format", "json"], "").ended_with(1).json();
    let all = found["diagnostics"].as_array().expect("diagnostics");
    let [missing, unsuitable] = all.as_slice() else { panic!("{found:#}") };
    let file = "auths/models/UserModel/UserModel.json";
    for (one, line, column) in [(missing, 2, 13), (unsuitable, 5, 34)] {
        assert_eq!((&one["code"], &one["severity"]), (&json!("MTI0708"), &json!("error")));
        assert_eq!((&one["file"], &one["line"], &one["column"]), (&json!(file), &json!(line), &json!(column)));
        let message = one["message"].as_str().expect("a message");
        assert!(message.ends_with("; `auths.loginTypes.services.AuthSvc` needs it"), "{message}");
    }
    assert!(missing["message"].as_str().expect("a message").contains("no field `isActive`"), "{missing:#}");
    let message = unsuitable["message"].as_str().expect("a message");
    assert!(message.contains("`nick` of JSON (`Json`) instead of text"), "{message}");

    app.write("auths/models/UserModel/e.json", "{}");
    app.write(file, r#"{"fields": [{"name": "nick", "title": "Name"}]}"#);
    mti_in(app.path(), &["check"], "").ended_with(0);
}

#[test]
fn what_several_elements_miss_is_one_finding() {
    let app = demo();
    app.write("auths/loginTypes/SecondLogin/e.json", r#"{"title": "Second", "type": "auths.loginTypes.WeChatType"}"#);
    app.write(
        "auths/loginTypes/SecondLogin/SecondLogin.json",
        r#"{"authConfig": {"appId": "wx0123456789abcde0", "appSecret": "0123456789abcdef0123456789abcdef"}}"#,
    );
    app.write("auths/loginTypes/WeChatType/WeChatAuthModel/e.json", "{}");
    app.write(
        "auths/loginTypes/WeChatType/WeChatAuthModel/WeChatAuthModel.json",
        r#"{"fields": [{"name": "unionId", "dataType": "Integer"}]}"#,
    );
    let found = mti_in(app.path(), &["check", "--format", "json"], "").ended_with(1).json();
    let all = found["diagnostics"].as_array().expect("diagnostics");
    let [one] = all.as_slice() else { panic!("{found:#}") };
    let message = one["message"].as_str().expect("a message");
    assert!(
        message.ends_with("; `auths.loginTypes.MyWeChatLogin` and `auths.loginTypes.SecondLogin` need it"),
        "{message}"
    );
}

#[test]
fn users_without_a_field_are_not_taken_for_disabled_ones() {
    let app = app_without_active_users();
    let call = |element: &str, method: &str, arguments: Value| {
        mti_in(app.path(), &["call", element, method, &arguments.to_string()], "")
    };
    call(USER_MODEL, "create", json!({"rowData": {"userId": "ann", "isAdmin": true}})).ended_with(0);
    let found = call("auths.loginTypes.services.AuthSvc", "findUser", json!({"userId": "ann"})).ended_with(1);
    assert!(found.stderr.contains("ELEMENT_EXCEPTION"), "{}", found.stderr);
    assert!(found.stderr.contains("missing field `isActive`"), "{}", found.stderr);
}
