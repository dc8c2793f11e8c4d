//! `check`.

use serde_json::{Value, json};

use crate::support::{LOGIN, Tree, demo, mti_in};

/// The config of the WeChat login of [`demo`].
const CONFIG: &str = "auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json";

#[test]
fn a_sound_app_has_no_findings() {
    let app = demo();
    let clean = mti_in(app.path(), &["check"], "").ended_with(0);
    let last = clean.stdout.lines().last().expect("a summary");
    assert!(last.contains(" elements checked: "), "{last}");
    assert!(!last.contains("error") && !last.contains("warning"), "{last}");
}

#[test]
fn findings_show_their_place_and_are_counted() {
    let app = demo();
    app.write("broken/e.json", "{\n  \"title\": \"Broken\",\n  \"type\": \"auths.loginTypes.WeChatTyp\"\n}");
    let findings = mti_in(app.path(), &["check"], "").ended_with(1);
    assert!(findings.stdout.contains("broken/e.json:3:11"), "{}", findings.stdout);
    assert!(findings.stdout.contains("auths.loginTypes.WeChatType"), "{}", findings.stdout);
    let last = findings.stdout.lines().last().expect("a summary");
    assert!(last.ends_with(" elements checked: 1 error"), "{last}");
}

#[test]
fn diagnostics_as_json_have_every_key() {
    let app = demo();
    app.write("broken/e.json", "{\n  \"title\": \"Broken\",\n  \"type\": \"no.such.Type\"\n}");
    let findings = mti_in(app.path(), &["check", "--format", "json"], "").ended_with(1);
    assert!(findings.stderr.contains(" elements checked: 1 error"), "{}", findings.stderr);
    let found = findings.json();
    let all = found["diagnostics"].as_array().expect("diagnostics");
    for one in all {
        let keys: Vec<&String> = one.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["code", "severity", "message", "element", "file", "line", "column", "help"]);
    }
    let error = all.iter().find(|one| one["severity"] == "error").expect("an error");
    assert_eq!(
        (&error["file"], &error["element"], &error["line"]),
        (&json!("broken/e.json"), &json!("broken"), &json!(3))
    );
    assert!(error["code"].as_str().expect("a code").starts_with("MTI"));
}

#[test]
fn instances_are_loaded_for_their_problems() {
    let app = demo();
    app.write(CONFIG, "{\"authConfig\": {\n  \"appId\": \"wx0123456789abcdef\"\n}}");
    let found = mti_in(app.path(), &["check", "--format", "json"], "").ended_with(1).json();
    let error = find(&found, |one| one["element"] == LOGIN);
    assert!(error["message"].as_str().expect("a message").contains("appSecret"), "{error:#}");
    assert_eq!(error["file"], CONFIG);
}

#[test]
fn two_secrets_that_differ_are_a_warning_that_shows_neither() {
    let app = demo();
    app.write(
        "auths/loginTypes/MyWeChatLogin/e.json",
        r#"{"type": "auths.loginTypes.WeChatType", "title": "t", "appSecret": "canary-in-the-manifest"}"#,
    );
    let warned = mti_in(app.path(), &["check"], "").ended_with(1);
    assert!(warned.stdout.lines().last().expect("a summary").ends_with("1 warning"), "{}", warned.stdout);
    for secret in ["canary-in-the-manifest", "0123456789abcdef0123456789abcdef"] {
        assert!(!warned.stdout.contains(secret), "{}", warned.stdout);
    }
}

#[test]
fn placeholders_are_looked_up_nearest_first() {
    let app = demo();
    app.write(CONFIG, r#"{"authConfig": {"appId": "${E2E_APP_ID}", "appSecret": "{{E2E_SECRET}}"}}"#);
    let missing = mti_in(app.path(), &["check"], "").ended_with(1);
    assert!(missing.stdout.contains("E2E_APP_ID") && missing.stdout.contains("E2E_SECRET"), "{}", missing.stdout);
    app.write(".env", "E2E_APP_ID=wx00000000000000aa\nE2E_SECRET=from-the-app\n");
    mti_in(app.path(), &["check"], "").ended_with(0);
    app.write("other.env", "E2E_APP_ID=wx00000000000000bb\n");
    let env_file = app.join("other.env");
    let arguments = ["get", LOGIN, "--format", "json", "--env-file", env_file.to_str().expect("a UTF-8 path")];
    let definition = mti_in(app.path(), &arguments, "").ended_with(0).json();
    assert_eq!(definition["config"]["authConfig"]["appId"], "wx00000000000000bb");
    let absent = mti_in(app.path(), &["check", "--env-file", "/no/such.env"], "").ended_with(2);
    assert!(absent.stderr.contains("/no/such.env"), "{}", absent.stderr);
}

#[test]
fn a_broken_line_of_an_environment_file_is_a_finding_without_its_value() {
    let app = demo();
    app.write(".env", "GOOD=1\nsecret value without a name\n");
    let found = mti_in(app.path(), &["check", "--format", "json"], "").ended_with(1);
    let finding = find(&found.json(), |one| one["file"] == ".env");
    assert_eq!(finding["line"], 2);
    assert!(!found.stdout.contains("secret value"), "{}", found.stdout);
}

#[test]
fn an_environment_file_that_is_not_utf8_is_told_by_its_line() {
    let app = demo();
    std::fs::write(app.join(".env"), b"A=b\nSECRET=\xff\xfecanary\nE2E_SECRET=s\n").expect("a file");
    app.write(CONFIG, r#"{"authConfig": {"appId": "wx0123456789abcdef", "appSecret": "${E2E_SECRET}"}}"#);
    let found = mti_in(app.path(), &["check", "--format", "json"], "").ended_with(1);
    let all = found.json()["diagnostics"].clone();
    assert_eq!(all.as_array().map(Vec::len), Some(1), "{all:#}");
    assert_eq!((&all[0]["code"], &all[0]["file"], &all[0]["line"]), (&json!("MTI0507"), &json!(".env"), &json!(2)));
    assert!(all[0]["message"].as_str().expect("a message").contains("UTF-8"), "{all:#}");
    assert!(!found.stdout.contains("canary"), "{}", found.stdout);
}

#[test]
fn a_variable_without_a_value_and_a_placeholder_that_is_not_closed_are_errors_of_what_is_needed() {
    let app = demo();
    app.write(CONFIG, "{\"authConfig\": {\n  \"appId\": \"${E2E_APP_ID}\",\n  \"appSecret\": \"${E2E_SECRET\"\n}}");
    app.write(".env", "E2E_APP_ID=\n");
    let found = mti_in(app.path(), &["check", "--format", "json"], "").ended_with(1).json();
    let [id, secret] = ["MTI0601", "MTI0602"].map(|code| find(&found, |one| one["code"] == code));
    assert_eq!((&id["line"], &id["column"], &id["severity"]), (&json!(2), &json!(12), &json!("error")));
    assert!(id["message"].as_str().expect("a message").contains("`E2E_APP_ID` is set, and has no value"), "{id:#}");
    assert_eq!((&secret["line"], &secret["column"], &secret["severity"]), (&json!(3), &json!(16), &json!("error")));
    assert!(secret["message"].as_str().expect("a message").contains("not closed"), "{secret:#}");
    app.write(CONFIG, r#"{"authConfig": {"appId": "wx0123456789abcdef", "appSecret": "$${literal"}}"#);
    mti_in(app.path(), &["check"], "").ended_with(0);
    app.write(CONFIG, r#"{"authConfig": {"appId": "", "appSecret": "s"}}"#);
    let empty = mti_in(app.path(), &["check"], "").ended_with(1);
    assert!(empty.stdout.contains("`authConfig.appId` is empty: put"), "{}", empty.stdout);
}

#[test]
fn a_component_that_the_portal_would_pass_over_is_a_finding() {
    let app = demo();
    app.write("auths/loginTypes/MyWeChatLogin/frontend/mine.js", "export {};");
    for (component, place, said) in [
        (r#""mine""#, "1:90", "must be an object"),
        (r#"{"tag": "my-login"}"#, "1:90", "has no `module`"),
        (r#"{"tag": "my-login", "module": 5}"#, "1:120", "must be a string"),
        (r#"{"tag": "mine", "module": "mine.js"}"#, "1:98", "custom element"),
        (r#"{"tag": "my-login", "module": "../e.json"}"#, "1:120", "`frontend/`"),
        (r#"{"tag": "my-login", "module": "lost.js"}"#, "1:120", "no file `lost.js`"),
    ] {
        let manifest = format!(
            "{{\"type\": \"auths.loginTypes.WeChatType\", \"title\": \"t\", \"sort\": 1000000, \"loginComponent\": {component}}}"
        );
        app.write("auths/loginTypes/MyWeChatLogin/e.json", &manifest);
        let found = mti_in(app.path(), &["check"], "").ended_with(1);
        assert!(found.stdout.contains("warning[MTI0608]") && found.stdout.contains(said), "{}", found.stdout);
        assert!(found.stdout.contains(&format!("e.json:{place} ")), "{place}: {}", found.stdout);
    }
    app.write(
        "auths/loginTypes/MyWeChatLogin/e.json",
        r#"{"type": "auths.loginTypes.WeChatType", "title": "t", "loginComponent": {"tag": "my-login", "module": "mine.js"}}"#,
    );
    mti_in(app.path(), &["check"], "").ended_with(0);
}

#[test]
fn a_key_that_nothing_reads_is_shown_at_the_key() {
    let app = demo();
    app.write(CONFIG, r#"{"authConfig": {"appId": "wx0123456789abcdef", "appSecret": "s"}, "isActve": false}"#);
    let found = mti_in(app.path(), &["check"], "").ended_with(1);
    assert!(found.stdout.contains("MyWeChatLogin.json:1:67 "), "{}", found.stdout);
}

#[test]
fn an_app_without_a_sound_chain_is_checked_all_the_same() {
    let app = Tree::new(
        r#"
//- app.json
{
  "appId": "acme.demo",
  "version": "0.1.0",
  "extends": [{"appId": "acme.missing", "version": "1.0.0"}]
}
"#,
    );
    let found = mti_in(app.path(), &["check"], "").ended_with(1);
    assert!(found.stdout.contains("app.json:4:"), "{}", found.stdout);
    assert!(found.stdout.lines().last().expect("a summary").contains("checked: 1 error"), "{}", found.stdout);
}

fn find(found: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
    let all = found["diagnostics"].as_array().expect("diagnostics");
    all.iter().find(|one| wanted(one)).unwrap_or_else(|| panic!("not in {found:#}")).clone()
}

#[test]
fn findings_as_sarif_name_rule_level_and_place() {
    let app = demo();
    app.write("broken/e.json", "{\n  \"title\": \"Broken\",\n  \"type\": \"no.such.Type\"\n}");
    let log = mti_in(app.path(), &["check", "--format", "sarif"], "").ended_with(1).json();
    assert_eq!(log["version"], "2.1.0");
    let result = &log["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(result["level"], "error");
    assert_eq!(place["artifactLocation"]["uri"], "broken/e.json");
    assert_eq!(place["region"], json!({"startLine": 3, "startColumn": 11}));
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
    for result in log["runs"][0]["results"].as_array().expect("results") {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("a small index")];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(rule["shortDescription"]["text"].is_string() && rule["fullDescription"]["text"].is_string());
    }
    mti_in(app.path(), &["tree", "--format", "sarif"], "").ended_with(2);
}

#[test]
fn findings_in_a_parent_app_are_relative_to_its_root_in_sarif() {
    let apps = tempfile::tempdir().expect("a directory");
    let write = |path: &str, text: &str| {
        let path = apps.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    };
    write("base/app.json", r#"{"appId": "acme.base", "version": "1.0.0"}"#);
    write("base/broken/e.json", r#"{"title": "Broken", "type": "no.such.Type"}"#);
    write(
        "shop/app.json",
        r#"{"appId": "acme.shop", "version": "1.0.0", "extends": [{"appId": "acme.base", "version": "1.0.0"}]}"#,
    );
    let log = mti_in(&apps.path().join("shop"), &["check", "--format", "sarif"], "").ended_with(1).json();
    let run = &log["runs"][0];
    let artifact = &run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(artifact, &json!({"uri": "broken/e.json", "uriBaseId": "acme.base"}));
    assert!(run["originalUriBaseIds"]["acme.base"]["description"]["text"].is_string());
}

#[test]
fn a_key_that_is_nearly_a_known_one_is_a_warning_where_it_stands() {
    let app = demo();
    app.write(
        CONFIG,
        "{\n  \"authConfig\": {\"appId\": \"wx0123456789abcdef\", \"appSecret\": \"s\"},\n  \"isActve\": false,\n  \"ours\": 1\n}",
    );
    app.write(
        "auths/loginTypes/MyWeChatLogin/e.json",
        r#"{"type": "auths.loginTypes.WeChatType", "title": "t", "alowRegister": 1, "appSecret": "s",
            "functionList": [{"name": "getLoginConfig", "loginRequird": 0}]}"#,
    );
    let found = mti_in(app.path(), &["check", "--format", "json"], "").ended_with(1).json();
    for (key, meant) in [("isActve", "isActive"), ("alowRegister", "allowRegister"), ("loginRequird", "loginRequired")]
    {
        let warning = find(&found, |one| one["message"] == format!("nothing reads the key `{key}`"));
        assert_eq!(
            (&warning["severity"], &warning["code"], &warning["help"]),
            (&json!("warning"), &json!("MTI0506"), &json!(format!("did you mean `{meant}`?")))
        );
    }
    let warning = find(&found, |one| one["message"] == "nothing reads the key `isActve`");
    assert_eq!((&warning["line"], &warning["element"]), (&json!(3), &json!(LOGIN)));
    let all = found["diagnostics"].as_array().expect("diagnostics");
    assert!(!all.iter().any(|one| one["message"].as_str().is_some_and(|text| text.contains("`ours`"))), "{found:#}");
}

#[test]
fn a_key_of_the_manifest_in_a_config_is_a_warning_that_says_where_it_belongs() {
    let app = demo();
    app.write("models/Note/e.json", r#"{"type": "models.NormalType", "title": "Note"}"#);
    let fields = r#"[{"name": "id", "title": "Key", "dataType": "AutoInt", "primaryKey": true}]"#;
    app.write("models/Note/Note.json", &format!("{{\n  \"db\": \"databases.Second\",\n  \"fields\": {fields}\n}}"));
    let found = mti_in(app.path(), &["check", "--format", "json"], "").ended_with(1).json();
    let warning = find(&found, |one| one["code"] == "MTI0506");
    assert_eq!(
        (&warning["severity"], &warning["element"], &warning["line"], &warning["help"]),
        (&json!("warning"), &json!("models.Note"), &json!(2), &json!("move `db` into the element's `e.json`"))
    );
}

#[test]
fn a_missing_key_points_at_the_one_that_was_probably_meant() {
    let app = demo();
    app.write(CONFIG, "{\n  \"authConfg\": {\"appId\": \"wx0123456789abcdef\", \"appSecret\": \"s\"}\n}");
    let found = mti_in(app.path(), &["check", "--format", "json"], "").ended_with(1).json();
    let error = find(&found, |one| one["severity"] == "error");
    assert_eq!(error["help"], "did you mean `authConfig` where it says `authConfg`?");
    assert_eq!((&error["line"], &error["column"]), (&json!(2), &json!(3)));
}

#[test]
fn the_plain_command_names_the_program_of_the_app_for_code_that_it_lacks() {
    let app = demo();
    app.write("words/e.json", r#"{"title": "Words", "type": "", "backend": "rust"}"#);
    let without = mti_in(app.path(), &["check"], "").ended_with(1).stdout;
    assert!(!without.contains("cargo run"), "{without}");
    app.write("Cargo.toml", "[package]\nname = \"demo\"\n");
    let with = mti_in(app.path(), &["check"], "").ended_with(1).stdout;
    assert!(
        with.contains("run `cargo run -- check` in the directory of the app: it is for the app's own program"),
        "{with}"
    );
}
