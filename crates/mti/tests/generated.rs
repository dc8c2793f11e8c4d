//! What `mti new type --rust` writes: compiled here, and compared with what the command writes by the end-to-end tests.

mod audited_type_level;
mod plain_type_level;
mod staff_type_level;

use std::path::Path;

use mti::App;
use mti::login_types::WeChat;

use crate::facade::app;

const FILES: [(&str, &str); 10] = [
    ("app.json", r#"{"appId": "acme.shop", "version": "0.1.0"}"#),
    ("words/Meta/e.json", r#"{"title": "Meta", "type": ""}"#),
    (
        "words/PlainType/e.json",
        r#"{"title": "PlainType", "type": "words.Meta", "backend": "rust", "functionList": [
            {"name": "greet", "title": "greet", "returnType": "Stext",
             "args": [{"name": "name", "title": "name", "dataType": "Stext", "required": true}]}]}"#,
    ),
    ("words/Hello/e.json", r#"{"title": "Hello", "type": "words.PlainType"}"#),
    (
        "auths/loginTypes/StaffType/e.json",
        r#"{"title": "Staff", "type": "auths.loginTypes.WeChatType", "backend": "rust"}"#,
    ),
    ("auths/loginTypes/MyStaff/e.json", r#"{"title": "MyStaff", "type": "auths.loginTypes.StaffType"}"#),
    (
        "auths/loginTypes/MyStaff/MyStaff.json",
        r#"{"authConfig": {"appId": "wx0123456789abcdef", "appSecret": "secret"}}"#,
    ),
    ("models/AuditedType/e.json", r#"{"title": "Audited", "type": "models.NormalType", "backend": "rust"}"#),
    ("models/MyAudited/e.json", r#"{"title": "MyAudited", "type": "models.AuditedType"}"#),
    (
        "models/MyAudited/MyAudited.json",
        r#"{"fields": [{"name": "id", "title": "ID", "dataType": "AutoInt", "primaryKey": true},
                       {"name": "name", "title": "Name", "dataType": "Stext"}]}"#,
    ),
];

fn open(directory: &Path) -> App {
    App::builder(directory)
        .level::<plain_type_level::PlainTypeLevel>("acme.shop", "words.PlainType")
        .level::<staff_type_level::StaffTypeLevel>("acme.shop", "auths.loginTypes.StaffType")
        .level::<audited_type_level::AuditedTypeLevel>("acme.shop", "models.AuditedType")
        .open()
        .expect("an app")
}

#[tokio::test]
async fn generated_levels_are_sound_and_work() {
    let directory = app(&FILES);
    let app = open(directory.path());
    let findings: Vec<_> = app.check().into_iter().filter(mti::core::Diagnostic::is_finding).collect();
    assert!(findings.is_empty(), "{}", mti::core::render::human(&findings, false));

    let hello = app.get_element("words.Hello").expect("the element");
    let said = hello.call("greet", serde_json::json!({"name": "you"})).await.expect("a greeting");
    assert_eq!(said, "hello you, this is words.Hello");

    let row = app.get_element("models.MyAudited").expect("the model");
    let row = row.call("create", serde_json::json!({"rowData": {"name": "a"}})).await.expect("a row");
    assert_eq!(row, serde_json::json!({"id": 1, "name": "a"}));

    let login = app.get::<WeChat<'_>>("auths.loginTypes.MyStaff").expect("the login");
    assert_eq!(login.auth_type().await.expect("a name"), "WeChatType");
}
