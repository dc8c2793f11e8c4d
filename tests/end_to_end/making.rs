//! `new`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Browser, LOGIN, Server, Tree, demo, mti_in};

/// An app that `new app` made.
fn new_app(arguments: &[&str]) -> Tree {
    let tree = Tree::new("");
    mti_in(tree.path(), &[&["new", "app", ".", "--id", "acme.shop"], arguments].concat(), "").ended_with(0);
    tree
}

fn is_sound(app: &Tree) {
    let checked = mti_in(app.path(), &["check"], "").ended_with(0);
    assert!(checked.stdout.ends_with("elements checked: nothing found\n"), "{}", checked.stdout);
}

fn json_of(app: &Tree, path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(app.join(path)).expect("a file")).expect("JSON")
}

#[tokio::test]
async fn a_new_app_is_sound_and_runs() {
    let tree = Tree::new("");
    let made = mti_in(tree.path(), &["new", "app", "shops/first", "--id", "acme.demo", "--title", "Läden <1>"], "");
    let made = made.ended_with(0);
    assert!(made.stdout.contains("made shops/first/app.json\n"), "{}", made.stdout);
    let app = tree.join("shops/first");
    let manifest = json_of(&tree, "shops/first/app.json");
    assert_eq!((&manifest["appId"], &manifest["title"]), (&json!("acme.demo"), &json!("Läden <1>")));
    let ignored = fs::read_to_string(app.join(".gitignore")).expect("a file");
    assert_eq!(ignored.lines().collect::<Vec<_>>(), ["/appData/", ".env"]);
    assert!(fs::read_to_string(app.join("README.md")).expect("a file").contains("mti dev"));
    mti_in(&app, &["check"], "").ended_with(0);
    let login = ["new", "instance", LOGIN, "--type", "auths.loginTypes.WeChatType"];
    let made = mti_in(&app, &login, "").ended_with(0);
    assert!(made.stderr.contains("made up"), "{}", made.stderr);
    mti_in(&app, &["check"], "").ended_with(0);
    let server = Server::dev(&app);
    let mut browser = Browser::at(&server);
    assert_eq!(browser.open("/acme/demo/").await.0, 200);
    browser.call(LOGIN, "getLoginConfig", json!({})).await.data();
    assert_eq!(server.terminate().code, Some(0));
}

#[test]
fn a_new_app_in_rust_is_a_package() {
    let app = new_app(&["--rust"]);
    is_sound(&app);
    let metadata = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(app.path())
        .output()
        .expect("cargo starts");
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("JSON");
    let package = &metadata["packages"][0];
    assert_eq!((&package["name"], &package["dependencies"][0]["name"]), (&json!("shop"), &json!("mti")));
    let ignored = fs::read_to_string(app.join(".gitignore")).expect("a file");
    assert!(ignored.contains("/target/"), "{ignored}");
}

#[test]
fn every_element_is_sound_as_it_is_made() {
    let app = new_app(&[]);
    for arguments in [
        vec!["instance", "auths.loginTypes.MyWeChatLogin", "--type", "auths.loginTypes.WeChatType"],
        vec!["instance", "auths.loginTypes.Second", "--type", "auths.loginTypes.WeChatType", "--title", "第二"],
        vec!["instance", "databases.Second", "--type", "databases.SledType"],
        vec!["model", "shop.models.Order"],
        vec!["type", "words.Meta", "--type", ""],
        vec!["type", "words.PlainType", "--type", "words.Meta"],
        vec!["instance", "words.Hello", "--type", "words.PlainType"],
        vec!["type", "auths.loginTypes.StaffType", "--type", "auths.loginTypes.WeChatType"],
        vec!["type", "models.AuditedType", "--type", "models.NormalType", "--instance", "shop.models.Invoice"],
        vec!["model", "shop.models.Receipt", "--type", "models.AuditedType"],
    ] {
        let made = mti_in(app.path(), &[&["new"], &*arguments].concat(), "").ended_with(0);
        assert!(made.stdout.contains("e.json"), "{}", made.stdout);
        is_sound(&app);
    }
    let tree = mti_in(app.path(), &["tree", "--format", "json"], "").ended_with(0).json();
    let kind = |name: &str| {
        let elements = tree["elements"].as_array().expect("elements");
        let found = elements.iter().find(|element| element["fullName"] == name).expect("the element");
        found["kind"].as_str().expect("a kind").to_owned()
    };
    assert_eq!((kind("words.Meta"), kind("words.PlainType")), ("meta".to_owned(), "type".to_owned()));
    assert_eq!(kind("auths.loginTypes.StaffType"), "type");
    assert_eq!((kind("auths.loginTypes.MyStaff"), kind("words.Hello")), ("instance".to_owned(), "instance".to_owned()));
    assert_eq!(json_of(&app, "auths/loginTypes/Second/e.json")["title"], "第二");
    let row = mti_in(app.path(), &["call", "shop.models.Order", "create", r#"{"rowData": {"name": "first"}}"#], "");
    assert_eq!(row.ended_with(0).json(), json!({"id": 1, "name": "first"}));
    // Two logins of one application would share their users.
    let app_id =
        |login: &str| json_of(&app, &format!("auths/loginTypes/{login}/{login}.json"))["authConfig"]["appId"].clone();
    assert_ne!(app_id("MyWeChatLogin"), app_id("Second"));
}

#[test]
fn a_login_takes_its_application_from_the_command_line() {
    let app = new_app(&[]);
    let arguments =
        ["new", "instance", LOGIN, "--type", "auths.loginTypes.WeChatType", "--app-id", "wx00000000000000aa"];
    let half = mti_in(app.path(), &arguments, "").ended_with(2);
    assert!(half.stderr.contains("--app-secret"), "{}", half.stderr);
    let whole = [&arguments[..], &["--app-secret", "${WECHAT_APP_SECRET}"]].concat();
    let made = mti_in(app.path(), &whole, "").ended_with(0);
    assert!(made.stderr.contains("WECHAT_APP_SECRET"), "what is missing is said: {}", made.stderr);
    app.write(".env", "WECHAT_APP_SECRET=secret\n");
    is_sound(&app);
    let model = ["new", "instance", "shop.Order", "--type", "models.NormalType", "--app-id", "a", "--app-secret", "b"];
    mti_in(app.path(), &model, "").ended_with(2);
    assert!(!app.join("shop").exists());
}

#[test]
fn nothing_is_written_over() {
    let app = new_app(&[]);
    let again = mti_in(app.path(), &["new", "app", ".", "--id", "acme.other"], "").ended_with(2);
    assert!(again.stderr.contains("app.json"), "{}", again.stderr);
    assert_eq!(json_of(&app, "app.json")["appId"], "acme.shop");
    mti_in(app.path(), &["new", "model", "shop.Order"], "").ended_with(0);
    let again = mti_in(app.path(), &["new", "model", "shop.Order"], "").ended_with(2);
    assert!(again.stderr.contains("`shop.Order`"), "{}", again.stderr);
    // A file that is no element yet is not written over either, nor is anything else written.
    app.write("shop/Receipt/Receipt.json", "mine");
    let beside = mti_in(app.path(), &["new", "model", "shop.Receipt"], "").ended_with(2);
    assert!(beside.stderr.contains("Receipt.json"), "{}", beside.stderr);
    assert!(!app.join("shop/Receipt/e.json").exists());
    let inherited = mti_in(app.path(), &["new", "model", "auths.models.UserModel"], "").ended_with(2);
    assert!(inherited.stderr.contains("mti.base@"), "{}", inherited.stderr);
}

#[test]
fn names_and_types_that_cannot_be_are_refused() {
    let app = demo();
    for (arguments, words) in [
        (vec!["model", "shop.1"], "`1`"),
        (vec!["model", "shop..a"], "empty segment"),
        (vec!["model", "shop.target.Order"], "`target`"),
        (vec!["instance", "a.b", "--type", "auths.loginTypes.Meta"], "Meta"),
        (vec!["instance", "a.b", "--type", LOGIN], "auths.loginTypes.WeChatType"),
        (vec!["type", "a.b", "--type", "auths.loginTypes.WeChatType", "--rust"], "Cargo.toml"),
        (vec!["type", "a.b", "--type", "auths.loginTypes.Meta", "--instance", "a.c"], "--instance"),
        (vec!["app", "elsewhere", "--id", "acme"], "org.name"),
    ] {
        let refused = mti_in(app.path(), &[&["new"], &*arguments].concat(), "").ended_with(2);
        assert!(refused.stderr.contains(words), "{arguments:?}: {}", refused.stderr);
        assert_eq!(refused.stdout, "");
    }
    let unknown = mti_in(app.path(), &["new", "instance", "a.b", "--type", "auths.loginTypes.WeChatTyp"], "");
    assert!(unknown.ended_with(1).stderr.contains("`auths.loginTypes.WeChatType`"));
    assert!(!app.join("a").exists() && !app.join("shop").exists() && !app.join("elsewhere").exists());
}

/// How the app in `tests/generated` was made.
const GENERATED: [&[&str]; 8] = [
    &["type", "words.Meta", "--type", ""],
    &["type", "words.PlainType", "--type", "words.Meta", "--rust"],
    &["instance", "words.Hello", "--type", "words.PlainType"],
    &["type", "auths.loginTypes.StaffType", "--type", "auths.loginTypes.WeChatType", "--rust"],
    &["type", "auths.loginTypes.PhraseType", "--type", "auths.loginTypes.PasswordType", "--rust"],
    &["type", "auths.loginTypes.BadgeType", "--type", "auths.loginTypes.Meta", "--rust"],
    &["instance", "auths.loginTypes.Badges", "--type", "auths.loginTypes.BadgeType"],
    &["type", "models.AuditedType", "--type", "models.NormalType", "--rust"],
];

/// `tests/generated` is a package of the workspace: it is compiled, and its tests run its program. With `MTI_UPDATE_GENERATED` it is made anew.
#[test]
fn what_is_made_is_what_is_compiled_and_run() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace");
    let tree = Tree::new("//- Cargo.toml\n[workspace]\nmembers = [\"app\"]\nresolver = \"3\"\n");
    mti_in(tree.path(), &["new", "app", "app", "--id", "acme.generated", "--rust"], "").ended_with(0);
    let app = tree.join("app");
    for arguments in GENERATED {
        let made = mti_in(&app, &[&["new"], arguments].concat(), "").ended_with(0);
        assert!(!made.stderr.contains("error"), "{}", made.stderr);
        let registered = made.stderr.contains("registered it in src/lib.rs");
        assert_eq!(registered, arguments.contains(&"--rust"), "{}", made.stderr);
    }
    let kept = workspace.join("tests/generated");
    let mut compared = 0;
    for file in walkdir::WalkDir::new(&app).into_iter().map(|entry| entry.expect("an entry")) {
        if !file.file_type().is_file() {
            continue;
        }
        let path = file.path().strip_prefix(&app).expect("a file below the app");
        let library = format!("{:?}", workspace.join("crates/mti"));
        let text = fs::read_to_string(file.path()).expect("a file").replace(&library, "\"../../crates/mti\"");
        if std::env::var_os("MTI_UPDATE_GENERATED").is_some() {
            fs::create_dir_all(kept.join(path).parent().expect("a directory")).expect("a directory");
            fs::write(kept.join(path), &text).expect("a file");
        }
        assert_eq!(fs::read_to_string(kept.join(path)).unwrap_or_default(), text, "{}", path.display());
        compared += 1;
    }
    assert!(compared > 20, "{compared}");
}

#[test]
fn a_type_is_made_below_one_whose_level_only_the_program_of_the_app_has() {
    let app = new_app(&["--rust"]);
    let new = |arguments: &[&str]| mti_in(app.path(), &[&["new"], arguments].concat(), "").ended_with(0);
    new(&["type", "words.Meta", "--type", "", "--rust"]);
    new(&["type", "words.PlainType", "--type", "words.Meta"]);
    let made = new(&["instance", "words.Hello", "--type", "words.PlainType"]);
    assert!(made.stderr.contains("words.Meta"), "what it waits for is said: {}", made.stderr);
    assert_eq!(json_of(&app, "words/Hello/e.json")["type"], "words.PlainType");
}

#[test]
fn a_main_of_another_shape_is_left_as_it_is() {
    let app = new_app(&["--rust"]);
    let library = "pub fn program() -> mti::Program {\n    let program = mti::main();\n    program\n}\n";
    app.write("src/lib.rs", library);
    let made = mti_in(app.path(), &["new", "type", "words.Meta", "--type", "", "--rust"], "").ended_with(0);
    assert!(made.stderr.contains("`pub mod meta_level;`") && made.stderr.contains(".level::<"), "{}", made.stderr);
    assert_eq!(fs::read_to_string(app.join("src/lib.rs")).expect("a file"), library);
}

#[test]
fn an_app_whose_program_is_in_main_alone_has_its_levels_registered_there() {
    let app = new_app(&["--rust"]);
    fs::remove_file(app.join("src/lib.rs")).expect("a file");
    app.write("src/main.rs", "fn main() -> std::process::ExitCode {\n    mti::main().run()\n}\n");
    mti_in(app.path(), &["new", "type", "words.Meta", "--type", "", "--rust"], "").ended_with(0);
    let main = fs::read_to_string(app.join("src/main.rs")).expect("a file");
    let expected = "pub mod meta_level;\n\nfn main() -> std::process::ExitCode {\n    mti::main()\n        \
         .level::<meta_level::MetaLevel>(\"acme.shop\", \"words.Meta\")\n        .run()\n}\n";
    assert_eq!(main, expected);
}

#[test]
fn what_is_not_filled_in_yet_is_a_next_step_and_no_error() {
    let app = new_app(&[]);
    let made = mti_in(app.path(), &["new", "instance", "databases.Orders", "--type", "databases.PgSqlType"], "");
    let made = made.ended_with(0);
    assert!(made.stderr.starts_with("next, in databases/Orders/Orders.json:1:1: `host` is missing"), "{}", made.stderr);
    assert!(!made.stderr.contains("error"), "{}", made.stderr);
    let as_json = ["new", "instance", "databases.More", "--type", "databases.PgSqlType", "--format", "json"];
    let as_json = mti_in(app.path(), &as_json, "").ended_with(0);
    assert_eq!(as_json.json_remark()["diagnostics"][0]["element"], "databases.More");
}

#[test]
fn a_name_that_rust_has_already_is_none_of_a_package() {
    for (id, name) in [("acme.mti", "app-mti"), ("acme.match", "app-match"), ("acme.my-shop", "my-shop")] {
        let tree = Tree::new("");
        mti_in(tree.path(), &["new", "app", ".", "--id", id, "--rust"], "").ended_with(0);
        let manifest = fs::read_to_string(tree.join("Cargo.toml")).expect("a file");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{manifest}");
        let main = fs::read_to_string(tree.join("src/main.rs")).expect("a file");
        assert!(main.contains(&format!("{}::program()", name.replace('-', "_"))), "{main}");
    }
}

#[test]
fn a_new_login_type_is_told_what_is_left_to_do() {
    let app = new_app(&["--rust"]);
    let type_of = ["new", "type", "auths.loginTypes.SmsType", "--type", "auths.loginTypes.Meta", "--rust"];
    let made = mti_in(app.path(), &type_of, "").ended_with(0);
    assert!(made.stderr.contains("`identify`") && made.stderr.contains("nobody gets in"), "{}", made.stderr);
    let functions = json_of(&app, "auths/loginTypes/SmsType/e.json")["functionList"].clone();
    let names: Vec<_> = functions.as_array().expect("functions").iter().map(|function| &function["name"]).collect();
    assert_eq!(names, ["getLoginConfig", "getLoginCode"]);
}

#[test]
fn a_program_inside_a_workspace_is_part_of_it() {
    let tree = Tree::new("//- Cargo.toml\n[workspace]\nmembers = [\"apps/*\"]\nresolver = \"3\"\n");
    let made = mti_in(tree.path(), &["new", "app", "apps/shop", "--id", "acme.shop", "--rust"], "").ended_with(0);
    assert!(made.stderr.contains("is a workspace"), "{}", made.stderr);
    let metadata = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(tree.join("apps/shop"))
        .output()
        .expect("cargo starts");
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
}

#[test]
fn an_element_of_a_parent_is_overridden() {
    let app = new_app(&["--rust"]);
    let new = |name: &str, more: &[&str]| mti_in(app.path(), &[&["new", "override", name], more].concat(), "");
    new("auths.models.UserModel", &[]).ended_with(0);
    is_sound(&app);
    let element =
        mti_in(app.path(), &["explain", "auths.models.UserModel", "--format", "json"], "").ended_with(0).json();
    assert_eq!(element["definitions"].as_array().expect("definitions").len(), 2);
    assert!(new("auths.models.UserModel", &[]).ended_with(2).stderr.contains("in this app already"));
    new("auths.loginTypes.WeChatType", &["--rust"]).ended_with(0);
    assert_eq!(json_of(&app, "auths/loginTypes/WeChatType/e.json"), json!({"backend": "rust"}));
    new("auths.loginTypes.PasswordType", &["--rust"]).ended_with(0);
    let library = fs::read_to_string(app.join("src/lib.rs")).expect("a file");
    for name in ["WeChatType", "PasswordType"] {
        assert!(library.contains(&format!("(\"acme.shop\", \"auths.loginTypes.{name}\")")), "{library}");
    }
    let no_steps = new("auths.loginTypes.services.AuthSvc", &["--rust"]).ended_with(2);
    assert!(no_steps.stderr.contains("#[level]"), "{}", no_steps.stderr);
    new("no.such.Element", &[]).ended_with(1);
}
