//! The program that `mti new` has made does what is said of it.

use std::process::{Command, Output};

/// Runs it, with data in a directory of its own.
fn run(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_generated"));
    program.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().expect("the program starts")
}

/// What a call prints.
fn call(data: &str, name: &str, method: &str, arguments: &str) -> String {
    let called = run(&["call", name, method, arguments, "--data", data]);
    let errors = String::from_utf8_lossy(&called.stderr).into_owned();
    if called.status.success() { String::from_utf8_lossy(&called.stdout).into_owned() } else { errors }
}

#[test]
fn it_checks_itself() {
    let checked = run(&["check"]);
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success() && said.contains(": nothing found"), "{said}");
}

#[test]
fn its_levels_answer() {
    let data = std::env::temp_dir().join(format!("mti-generated-{}", std::process::id()));
    let path = data.to_str().expect("a path in UTF-8");
    let said = call(path, "words.Hello", "greet", r#"{"name": "you"}"#);
    assert_eq!(said.trim(), r#""hello you, this is words.Hello""#);
    let row = call(path, "models.MyAudited", "create", r#"{"rowData": {"name": "a"}}"#);
    assert!(row.contains(r#""id": 1"#), "{row}");
    for (name, auth_type) in [("MyStaff", "WeChatType"), ("MyPhrase", "PasswordType"), ("Badges", "BadgeType")] {
        let config = call(path, &format!("auths.loginTypes.{name}"), "getLoginConfig", "{}");
        assert!(config.contains(&format!(r#""authType": "{auth_type}""#)), "{config}");
    }
    let nobody = call(path, "auths.loginTypes.Badges", "getLoginCode", r#"{"proof": "made up"}"#);
    assert!(nobody.contains("PROOF_INVALID"), "{nobody}");
    std::fs::remove_dir_all(data).expect("the data of this test");
}
