//! `call`.

use serde_json::json;

use crate::support::{LOGIN, demo, free_address, mti_in};

#[test]
fn a_method_answers_json() {
    let app = demo();
    let config = mti_in(app.path(), &["call", LOGIN, "getLoginConfig"], "").ended_with(0);
    assert_eq!(
        config.json(),
        json!({"isActive": true, "authType": "WeChatType", "authConfig": {"appId": "wx0123456789abcdef"}})
    );
    assert_eq!(config.stderr, "");
}

#[test]
fn a_property_is_read_like_a_method() {
    let app = demo();
    assert_eq!(mti_in(app.path(), &["call", LOGIN, "authType"], "").ended_with(0).json(), json!("WeChatType"));
    assert_eq!(mti_in(app.path(), &["call", LOGIN, "isActive"], "").ended_with(0).json(), json!(true));
}

#[test]
fn a_secret_property_is_not_shown() {
    let app = demo();
    let read = mti_in(app.path(), &["call", LOGIN, "authConfig"], "");
    assert!(!read.stdout.contains("0123456789abcdef0123456789abcdef"), "{}", read.stdout);
    assert!(!read.stderr.contains("0123456789abcdef0123456789abcdef"), "{}", read.stderr);
}

#[test]
fn arguments_come_by_name_from_the_line_or_from_standard_input() {
    let app = demo();
    let row = r#"{"filter": "Q(userId='user123')", "orderList": []}"#;
    let found = mti_in(app.path(), &["call", "auths.models.UserModel", "get", row], "").ended_with(0).json();
    assert_eq!(found["nick"], "张三");
    let found = mti_in(app.path(), &["call", "auths.models.UserModel", "get", "-"], row).ended_with(0).json();
    assert_eq!(found["nick"], "张三");
}

#[test]
fn arguments_on_standard_input_have_a_limit_that_is_named() {
    const LIMIT: usize = 1 << 20;
    let app = demo();
    let row = r#"{"filter": "Q(userId='user123')"}"#;
    let call = |input: &str| mti_in(app.path(), &["call", "auths.models.UserModel", "get", "-"], input);
    let fits = format!("{row}{}", " ".repeat(LIMIT - row.len()));
    assert_eq!(call(&fits).ended_with(0).json()["nick"], "张三");
    let refused = call(&format!("{fits}garbage")).ended_with(2);
    assert!(refused.stderr.contains("larger than 1048576 bytes"), "{}", refused.stderr);
}

#[test]
fn what_is_written_is_there_for_the_next_call_in_the_data_directory_that_was_named() {
    let app = demo();
    let data = app.join("elsewhere");
    let data = data.to_str().expect("a UTF-8 path");
    let create = r#"{"rowData": {"userId": "new", "nick": "New"}}"#;
    mti_in(app.path(), &["call", "auths.models.UserModel", "create", create, "--data", data], "").ended_with(0);
    let get = r#"{"filter": "Q(userId='new')"}"#;
    let there = mti_in(app.path(), &["call", "auths.models.UserModel", "get", get, "--data", data], "").ended_with(0);
    assert_eq!(there.json()["nick"], "New");
    let elsewhere = mti_in(app.path(), &["call", "auths.models.UserModel", "get", get], "").ended_with(0);
    assert_eq!(elsewhere.json(), json!(null));
    assert!(app.join("elsewhere/databases/Default").is_dir());
    assert!(app.join("appData/databases/Default").is_dir());
}

#[test]
fn looking_at_an_app_leaves_no_data_behind() {
    let app = demo();
    for arguments in
        [vec!["check"], vec!["tree"], vec!["get", LOGIN], vec!["explain", LOGIN], vec!["call", LOGIN, "authType"]]
    {
        mti_in(app.path(), &arguments, "").ended_with(0);
    }
    assert!(!app.join("appData").exists());
}

#[test]
fn a_failure_has_its_name_on_standard_error() {
    let app = demo();
    let refused = mti_in(app.path(), &["call", LOGIN, "getLoginCode", r#"{"code": ""}"#], "").ended_with(1);
    assert!(refused.stderr.starts_with("error: WECHAT_CODE_INVALID: "), "{}", refused.stderr);
    assert_eq!(refused.stdout, "");
}

#[test]
fn a_failure_as_json_is_the_envelope_of_http() {
    let app = demo();
    let arguments = ["call", LOGIN, "getLoginCode", r#"{"code": ""}"#, "--format", "json"];
    let envelope = mti_in(app.path(), &arguments, "").ended_with(1).json_remark();
    let keys: Vec<&String> = envelope.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["errcode", "errmsg", "error", "requestId", "sysTime", "duration", "data"]);
    assert_eq!((&envelope["errcode"], &envelope["error"]), (&json!(31001), &json!("WECHAT_CODE_INVALID")));
    assert_eq!(envelope["data"], json!({}));
    assert!(envelope["requestId"].is_string() && envelope["sysTime"].is_u64() && envelope["duration"].is_u64());
}

#[test]
fn an_app_that_cannot_be_opened_fails_a_call_as_everything_else_does() {
    let app = demo();
    app.write("app.json", "{\"appId\": \"acme.demo\",\n \"version\": \"1\"}");
    let call = ["call", LOGIN, "getLoginConfig"];
    let told = mti_in(app.path(), &call, "").ended_with(1);
    assert!(told.stderr.starts_with("error: ELEMENT_EXCEPTION: the app cannot be opened\n"), "{}", told.stderr);
    assert!(told.stderr.contains(" --> app.json:2:13"), "{}", told.stderr);
    let envelope = mti_in(app.path(), &[&call[..], &["--format", "json"]].concat(), "").ended_with(1).json_remark();
    assert_eq!((&envelope["errcode"], &envelope["error"]), (&json!(20005), &json!("ELEMENT_EXCEPTION")));
    assert_eq!((&envelope["data"], &envelope["diagnostics"][0]["code"]), (&json!({}), &json!("MTI0205")));
}

#[test]
fn an_unknown_method_brings_the_nearest_ones() {
    let app = demo();
    let unknown = mti_in(app.path(), &["call", LOGIN, "getLoginConfg"], "").ended_with(1);
    assert!(
        unknown.stderr.contains("FUNCTION_NOT_FOUND") && unknown.stderr.contains("getLoginConfig"),
        "{}",
        unknown.stderr
    );
    let unknown = mti_in(app.path(), &["call", "auths.loginTypes.MyWeChatLogi", "getLoginConfig"], "").ended_with(1);
    assert!(unknown.stderr.contains("ELEMENT_NOT_FOUND") && unknown.stderr.contains(LOGIN), "{}", unknown.stderr);
}

#[test]
fn a_wrong_argument_is_named() {
    let app = demo();
    let unknown = mti_in(app.path(), &["call", LOGIN, "getLoginCode", r#"{"cod": "x"}"#], "").ended_with(1);
    assert!(unknown.stderr.contains("API_PARAMS_ERROR") && unknown.stderr.contains("`cod`"), "{}", unknown.stderr);
    for not_an_object in ["[]", "nonsense canary", "\"text\""] {
        let wrong = mti_in(app.path(), &["call", LOGIN, "getLoginCode", not_an_object], "").ended_with(2);
        assert!(wrong.stderr.contains("JSON") && !wrong.stderr.contains("canary"), "{}", wrong.stderr);
    }
}

#[test]
fn an_element_that_does_not_load_shows_why() {
    let app = demo();
    app.write("auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json", r#"{"authConfig": {}}"#);
    let failed = mti_in(app.path(), &["call", LOGIN, "getLoginConfig"], "").ended_with(1);
    assert!(failed.stderr.contains("appId"), "{}", failed.stderr);
    assert!(failed.stderr.contains("MyWeChatLogin.json:1:"), "{}", failed.stderr);
}

#[test]
fn an_element_reaches_no_wechat_that_is_not_there() {
    let app = demo();
    let nobody = free_address();
    app.write(
        "auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json",
        &json!({
            "authConfig": {"appId": "wx0123456789abcdef", "appSecret": "s"},
            "endpoints": {"open": format!("http://{nobody}"), "api": format!("http://{nobody}")},
        })
        .to_string(),
    );
    let failed = mti_in(app.path(), &["call", LOGIN, "getLoginCode", r#"{"code": "canary"}"#], "").ended_with(1);
    assert!(failed.stderr.contains("WECHAT_UNAVAILABLE"), "{}", failed.stderr);
    assert!(!failed.stderr.contains("canary"), "{}", failed.stderr);
}

#[test]
fn a_database_url_that_is_none_is_refused_without_showing_it() {
    let app = demo();
    for url in [
        "mysql://user:canary@localhost/db",
        "postgres://user:canary@localhost:port/db",
        "postgres://user:canary@localhost/db?sslmode=maybe",
        "postgres://user:canary@localhost/db?unheard=of",
        "canary",
    ] {
        let refused = mti_in(app.path(), &["call", LOGIN, "authType", "--database-url", url], "").ended_with(2);
        assert!(refused.stderr.contains("--database-url") && !refused.stderr.contains("canary"), "{}", refused.stderr);
    }
}

#[test]
fn arguments_that_are_no_object_bring_an_example_with_those_of_the_method() {
    let app = demo();
    for text in ["Q(a=1)", "[1]"] {
        let refused = mti_in(app.path(), &["call", "auths.models.UserModel", "query", text], "").ended_with(2);
        assert!(refused.stderr.contains("a JSON object by name, such as `'{\"filter\": \"…\""), "{}", refused.stderr);
    }
    let refused = mti_in(app.path(), &["call", LOGIN, "getLoginConfig", "nothing"], "").ended_with(2);
    assert!(refused.stderr.contains("takes no arguments, which is `'{}'`"), "{}", refused.stderr);
}
