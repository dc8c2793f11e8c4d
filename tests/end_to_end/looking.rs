//! `tree`, `get` and `explain`.

use serde_json::json;

use crate::support::{LOGIN, Tree, command, demo, mti, mti_in};

#[test]
fn the_tree_shows_every_element_with_its_kind_type_and_app() {
    let app = demo();
    let tree = mti_in(app.path(), &["tree"], "").ended_with(0);
    let line = |name: &str| {
        let found = tree.stdout.lines().find(|line| line.contains(&format!("─ {name} ")));
        found.unwrap_or_else(|| panic!("no {name} in {}", tree.stdout)).to_owned()
    };
    assert!(line("MyWeChatLogin").ends_with("instance of auths.loginTypes.WeChatType  acme.demo@0.1.0"));
    assert!(line("WeChatType").contains("type of auths.loginTypes.Meta  mti.base@"));
    assert!(tree.stdout.starts_with("acme.demo@0.1.0 < mti.base@"));
}

#[test]
fn the_tree_as_json_lists_elements_by_name() {
    let app = demo();
    let tree = mti_in(app.path(), &["tree", "--format", "json"], "").ended_with(0).json();
    let elements = tree["elements"].as_array().expect("elements");
    let names: Vec<&str> = elements.iter().map(|element| element["fullName"].as_str().expect("a name")).collect();
    assert!(names.is_sorted());
    let login = elements.iter().find(|element| element["fullName"] == LOGIN).expect("the login");
    assert_eq!(
        login,
        &json!({
            "fullName": LOGIN, "kind": "instance", "type": "auths.loginTypes.WeChatType", "title": "微信登录",
            "appKey": "acme.demo@0.1.0", "quarantined": false,
        })
    );
}

#[test]
fn the_tree_marks_quarantined_elements() {
    let app = demo();
    app.write("broken/e.json", r#"{"title": "Broken", "type": "no.such.Type"}"#);
    let tree = mti_in(app.path(), &["tree"], "").ended_with(0);
    assert!(tree.stdout.lines().any(|line| line.contains("broken") && line.contains("quarantined")), "{}", tree.stdout);
    let listed = mti_in(app.path(), &["tree", "--format", "json"], "").ended_with(0).json();
    let listed = listed["elements"].as_array().expect("elements");
    assert!(listed.iter().any(|element| element["fullName"] == "broken" && element["quarantined"] == true));
    let explained = mti_in(app.path(), &["explain", "broken", "--format", "json"], "").ended_with(0).json();
    let broken = listed.iter().find(|element| element["fullName"] == "broken").expect("the element");
    assert!(broken["kind"].is_string(), "{broken}");
    assert_eq!(broken["kind"], explained["kind"]);
}

#[test]
fn get_shows_the_merged_definition() {
    let app = demo();
    let definition = mti_in(app.path(), &["get", LOGIN, "--format", "json"], "").ended_with(0).json();
    assert_eq!(definition["fullName"], LOGIN);
    assert_eq!(definition["kind"], "instance");
    assert_eq!(definition["type"], "auths.loginTypes.WeChatType");
    assert_eq!(definition["title"], "微信登录");
    assert_eq!(definition["appKey"], "acme.demo@0.1.0");
    assert_eq!(definition["config"]["authConfig"], json!({"appId": "wx0123456789abcdef", "appSecret": "<redacted>"}));
    let functions = definition["functions"].as_array().expect("functions");
    let login_code = functions.iter().find(|function| function["name"] == "getLoginCode").expect("getLoginCode");
    assert_eq!(login_code["loginRequired"], false);
    assert_eq!(login_code["args"][0]["name"], "code");
    let text = mti_in(app.path(), &["get", LOGIN], "").ended_with(0).stdout;
    assert!(text.contains("getLoginCode(code, state)"), "{text}");
    assert!(!text.contains("0123456789abcdef0123456789abcdef"), "{text}");
}

#[test]
fn get_shows_everything_that_is_declared_of_a_function() {
    let app = Tree::new(
        r#"
//- app.json
{"appId": "acme.words", "version": "0.1.0"}
//- words/Meta/e.json
{"title": "Words", "type": "", "functionList": [
  {"name": "greet", "title": "Greet", "returnType": "Stext", "async": true, "ignoreSign": true, "loginRequired": 0,
   "args": [{"name": "name", "title": "Name", "dataType": "Stext", "required": true}, {"name": "times", "value": 2}]},
  {"name": "plain"}
]}
"#,
    );
    let definition = mti_in(app.path(), &["get", "words.Meta", "--format", "json"], "").ended_with(0).json();
    assert_eq!(
        definition["functions"],
        json!([
            {
                "name": "greet", "title": "Greet", "returnType": "Stext", "desc": null,
                "async": true, "loginRequired": false, "ignoreSign": true,
                "args": [
                    {"name": "name", "title": "Name", "dataType": "Stext", "required": true, "value": null},
                    {"name": "times", "title": null, "dataType": null, "required": false, "value": 2},
                ],
            },
            {
                "name": "plain", "title": null, "returnType": null, "desc": null,
                "async": false, "loginRequired": true, "ignoreSign": false, "args": [],
            },
        ])
    );
}

#[test]
fn explain_says_where_values_come_from() {
    let app = demo();
    let text = mti_in(app.path(), &["explain", LOGIN], "").ended_with(0).stdout;
    assert!(text.contains("acme.demo@0.1.0 auths/loginTypes/MyWeChatLogin/MyWeChatLogin.json:1:"), "{text}");
    let explanation = mti_in(app.path(), &["explain", LOGIN, "--format", "json"], "").ended_with(0).json();
    let values = explanation["config"].as_array().expect("values");
    let app_id = values.iter().find(|value| value["pointer"] == "/authConfig/appId").expect("the appId");
    assert_eq!((&app_id["value"], &app_id["line"]), (&json!("wx0123456789abcdef"), &json!(1)));
    let secret = values.iter().find(|value| value["pointer"] == "/authConfig/appSecret").expect("the appSecret");
    assert_eq!(secret["value"], "<redacted>");
}

#[test]
fn explain_says_what_a_method_does_takes_and_answers() {
    let app = demo();
    let text = mti_in(app.path(), &["explain", LOGIN], "").ended_with(0).stdout;
    assert!(text.contains("\n  getLoginCode(code: String, state: Option<String>) -> LoginCode\n      "), "{text}");
    assert!(text.contains("mti-login-types: src/wechat/"), "the source of an official level names its crate: {text}");
    let explanation = mti_in(app.path(), &["explain", LOGIN, "--format", "json"], "").ended_with(0).json();
    let methods = explanation["methods"].as_array().expect("methods");
    let is_active = methods.iter().find(|method| method["name"] == "isActive").expect("the property");
    assert_eq!((&is_active["kind"], &is_active["signature"]), (&json!("property"), &json!("() -> bool")));
    assert!(methods.iter().all(|method| method["documentation"].as_str().is_some_and(|text| !text.is_empty())));
}

#[test]
fn explain_works_on_a_quarantined_element() {
    let app = demo();
    app.write("broken/e.json", r#"{"title": "Broken", "type": "no.such.Type"}"#);
    let explanation = mti_in(app.path(), &["explain", "broken", "--format", "json"], "").ended_with(0).json();
    assert_eq!(explanation["quarantined"], true);
    assert_eq!(explanation["diagnostics"][0]["file"], "broken/e.json");
}

#[test]
fn an_unknown_name_brings_the_nearest_ones() {
    let app = demo();
    for looking in ["get", "explain"] {
        let unknown = mti_in(app.path(), &[looking, "auths.loginTypes.MyWeChatLogn"], "").ended_with(1);
        assert!(unknown.stderr.contains("ELEMENT_NOT_FOUND"), "{}", unknown.stderr);
        assert!(unknown.stderr.contains(LOGIN), "{}", unknown.stderr);
        assert!(unknown.stderr.contains("acme.demo@0.1.0, mti.base@"), "{}", unknown.stderr);
        assert_eq!(unknown.stdout, "");
    }
}

#[test]
fn the_app_is_the_nearest_one_upwards_or_the_one_that_is_named() {
    let app = demo();
    let inside = app.join("auths/loginTypes");
    assert!(mti_in(&inside, &["tree"], "").ended_with(0).stdout.starts_with("acme.demo@"));
    let path = app.path().to_str().expect("a UTF-8 path");
    assert!(mti(&["tree", "--app", path]).ended_with(0).stdout.starts_with("acme.demo@"));
    assert!(mti(&["-a", path, "tree"]).ended_with(0).stdout.starts_with("acme.demo@"));
    let nowhere = mti(&["tree"]).ended_with(2);
    assert!(nowhere.stderr.contains("--app"), "{}", nowhere.stderr);
    let wrong = mti(&["tree", "--app", "/nowhere"]).ended_with(2);
    assert!(wrong.stderr.contains("/nowhere"), "{}", wrong.stderr);
}

#[test]
fn parents_are_found_on_the_app_path() {
    let parents = Tree::new(
        r#"
//- acme.parent/app.json
{"appId": "acme.parent", "version": "1.2.3"}
//- acme.parent/greetings/Meta/e.json
{"title": "Greetings", "type": ""}
"#,
    );
    let child = Tree::new(
        r#"
//- app.json
{"appId": "acme.child", "version": "0.1.0", "extends": [{"appId": "acme.parent", "version": "^1.2"}]}
"#,
    );
    let path = parents.path().to_str().expect("a UTF-8 path");
    let tree = mti_in(child.path(), &["tree", "--app-path", path], "").ended_with(0);
    assert!(tree.stdout.starts_with("acme.child@0.1.0 < acme.parent@1.2.3"), "{}", tree.stdout);
    let nowhere = Tree::new("");
    for (option, variable) in [(parents.path(), nowhere.path()), (nowhere.path(), parents.path())] {
        let mut both = command(child.path(), &["tree", "--app-path", option.to_str().expect("a UTF-8 path")]);
        let output = both.env("MTI_APP_PATH", variable).output().expect("the command runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let missing = mti_in(child.path(), &["tree"], "").ended_with(1);
    assert!(missing.stderr.contains("acme.parent"), "{}", missing.stderr);
}

#[test]
fn colours_are_used_when_asked_for_and_never_in_a_pipe() {
    let app = demo();
    app.write("broken/e.json", r#"{"title": "Broken", "type": "no.such.Type"}"#);
    assert!(!mti_in(app.path(), &["check"], "").stdout.contains('\u{1b}'));
    assert!(mti_in(app.path(), &["check", "--color", "always"], "").stdout.contains('\u{1b}'));
    assert!(!mti_in(app.path(), &["check", "--color", "never"], "").stdout.contains('\u{1b}'));
}

#[test]
fn wrong_usage_ends_with_2_and_help_with_0() {
    for wrong in
        [vec!["nonsense"], vec![], vec!["get"], vec!["tree", "--format", "xml"], vec!["serve", "--bind", "here"]]
    {
        let finished = mti(&wrong).ended_with(2);
        assert_eq!(finished.stdout, "");
        assert!(!finished.stderr.is_empty());
    }
    assert!(mti(&["--help"]).ended_with(0).stdout.contains("explain"));
    assert!(mti(&["--version"]).ended_with(0).stdout.starts_with("mti "));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::process::Stdio;
    let app = demo();
    let mut child = crate::support::command(app.path(), &["tree"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the command ends");
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn explain_says_what_a_code_means() {
    let by_number = mti(&["explain", "--code", "mti0101"]).ended_with(0).stdout;
    assert!(by_number.starts_with("error[MTI0101] json-syntax: "), "{by_number}");
    assert!(by_number.contains("//- a/e.json"), "the example is shown: {by_number}");
    assert_eq!(mti(&["explain", "--code", "json-syntax"]).ended_with(0).stdout, by_number);
    let known = mti(&["explain", "--code", "MTI0104", "--format", "json"]).ended_with(0).json();
    let keys: Vec<&String> = known.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["code", "name", "severity", "summary", "explanation", "example"]);
    assert_eq!((&known["name"], &known["example"]), (&json!("not-utf8"), &json!(null)));
    let near = mti(&["explain", "--code", "json-sintax"]).ended_with(2);
    assert!(near.stderr.contains("`json-syntax`"), "{}", near.stderr);
    mti(&["explain", "--code", "MTI0101", LOGIN]).ended_with(2);
    mti(&["explain"]).ended_with(2);
}

#[test]
fn a_command_that_does_not_exist_brings_the_nearest_one() {
    let unknown = mti(&["chek"]).ended_with(2);
    assert!(unknown.stderr.contains("'check'"), "{}", unknown.stderr);
}

#[test]
fn shells_are_told_of_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = mti(&["completions", shell]).ended_with(0).stdout;
        for word in ["mti", "wechat-sim", "env-file", "instance"] {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
    mti(&["completions", "telnet"]).ended_with(2);
}
