use std::fs;
use std::path::Path;

use mti::App;
use tempfile::TempDir;

/// An app in a temporary directory.
pub(crate) fn app(files: &[(&str, &str)]) -> TempDir {
    let directory = TempDir::new().expect("a temporary directory");
    for (path, content) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().expect("files are below the root")).expect("a directory");
        fs::write(path, content).expect("a file");
    }
    directory
}

const MANIFEST: &str = r#"{"appId": "acme.demo", "version": "0.1.0"}"#;

#[test]
fn an_app_inherits_the_embedded_base_app() {
    let directory = app(&[("app.json", MANIFEST)]);
    let app = App::open(directory.path()).expect("an app");
    let hierarchy: Vec<String> = app.app_hierarchy().iter().map(|key| key.id.to_string()).collect();
    assert_eq!(hierarchy, ["acme.demo", "mti.base"]);
    let login_type = app.get_element_define("auths.loginTypes.WeChatType").expect("a definition");
    assert_eq!(login_type.kind, mti::element::Kind::Type);
}

#[test]
fn every_level_that_the_base_app_declares_is_registered() {
    let directory = app(&[("app.json", MANIFEST)]);
    let app = App::open(directory.path()).expect("an app");
    let findings: Vec<_> = app.check().into_iter().filter(mti::core::Diagnostic::is_finding).collect();
    assert!(findings.is_empty(), "{}", mti::core::render::human(&findings, false));
}

#[test]
fn the_environment_can_be_replaced() {
    let files = [("app.json", MANIFEST), (".env", "FACADE_TEST_VARIABLE=from the file\n")];
    let directory = app(&files);
    let own = App::open(directory.path()).expect("an app");
    assert_eq!(own.env_vars().get("FACADE_TEST_VARIABLE").map(String::as_str), Some("from the file"));
    assert!(own.env_vars().contains_key("PATH"), "the environment of the process lies below");
    let replaced = App::builder(directory.path()).environment([("A".to_owned(), "B".to_owned())].into()).open();
    let replaced = replaced.expect("an app").env_vars();
    assert_eq!(replaced.into_iter().collect::<Vec<_>>(), [("A".to_owned(), "B".to_owned())]);
}

#[test]
fn a_directory_without_an_app_cannot_be_opened() {
    let nowhere = TempDir::new().expect("a temporary directory");
    let error = App::open(nowhere.path()).expect_err("there is no app");
    assert!(error.to_string().contains("app.json"), "{error}");
}

#[test]
fn the_demo_app_is_sound() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps/demo");
    let app = App::open(directory).expect("the demo app");
    let findings: Vec<_> = app.check().into_iter().filter(mti::core::Diagnostic::is_finding).collect();
    assert!(findings.is_empty(), "{}", mti::core::render::human(&findings, false));
    let login = app.get::<mti::login_types::WeChat<'_>>("auths.loginTypes.MyWeChatLogin");
    assert!(login.is_ok());
}
