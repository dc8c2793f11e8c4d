//! What a reload makes anew, what it leaves alone, and what a broken edit does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mti_element::{Level, Live, OpenContext, Result, level, steps};
use mti_registry::App;
use mti_testkit::Tree;
use serde_json::json;
use tokio::sync::Notify;

use crate::words::{BASE, CHILD, MarkA, Plain, builder, call, tree};

fn live(app: &App, name: &str) -> Arc<Live> {
    app.get_element(name).unwrap().live().unwrap()
}

fn open(tree: &Tree) -> App {
    builder(tree, "base").open().unwrap()
}

const OTHER: &str = r#"
//- base/words/Other/e.json
{"title": "Other", "type": "words.PlainType"}
//- base/words/Other/Other.json
{"word": "other"}
"#;

#[tokio::test]
async fn only_what_was_edited_is_made_anew() {
    let tree = tree(&[BASE, OTHER]);
    let app = open(&tree);
    let (hello, other) = (live(&app, "words.Hello"), live(&app, "words.Other"));
    tree.write("base/words/Hello/Hello.json", r#"{"word": "bye"}"#);
    let reloaded = app.reload(None).unwrap();
    assert_eq!(reloaded.remade.iter().map(ToString::to_string).collect::<Vec<_>>(), ["words.Hello"]);
    assert!(!Arc::ptr_eq(&hello, &live(&app, "words.Hello")));
    assert!(Arc::ptr_eq(&other, &live(&app, "words.Other")));
    assert_eq!(call(&app, "words.Hello", "say").await, "say bye");
}

#[test]
fn a_new_title_or_interface_re_makes_nothing_and_shows() {
    let tree = tree(&[BASE]);
    let app = open(&tree);
    let before = live(&app, "words.Hello");
    tree.write(
        "base/words/Hello/e.json",
        r#"{"title": "Salut", "type": "words.PlainType", "functionList": [{"name": "word", "title": "Word"}]}"#,
    );
    assert!(app.reload(None).unwrap().remade.is_empty());
    assert!(Arc::ptr_eq(&before, &live(&app, "words.Hello")));
    let definition = app.get_element_define("words.Hello").unwrap();
    assert_eq!((definition.title.as_str(), definition.functions.len()), ("Salut", 2));
}

#[test]
fn a_new_default_of_the_type_re_makes_those_that_it_reaches() {
    let tree = tree(&[
        BASE,
        r#"
//- base/words/Silent/e.json
{"title": "Silent", "type": "words.PlainType"}
"#,
    ]);
    let app = open(&tree);
    let hello = live(&app, "words.Hello");
    let _silent = live(&app, "words.Silent");
    tree.write("base/words/PlainType/config.json", r#"{"word": "anything"}"#);
    let reloaded = app.reload(None).unwrap();
    assert_eq!(reloaded.remade.iter().map(ToString::to_string).collect::<Vec<_>>(), ["words.Silent"]);
    assert!(Arc::ptr_eq(&hello, &live(&app, "words.Hello")));
}

#[tokio::test]
async fn a_handle_follows_reloads_and_the_element_may_come_and_go() {
    let tree = tree(&[BASE]);
    let app = open(&tree);
    let hello = app.get_element("words.Hello").unwrap();
    let say = async || hello.call("say", json!({})).await;
    assert_eq!(say().await.unwrap(), "say hello");
    tree.write("base/words/Hello/Hello.json", r#"{"word": "bye"}"#);
    app.reload(None).unwrap();
    assert_eq!(say().await.unwrap(), "say bye");
    tree.remove("base/words/Hello");
    app.reload(None).unwrap();
    assert_eq!(say().await.unwrap_err().kind().name, "ELEMENT_NOT_FOUND");
    assert_eq!(app.get_element("words.Hello").unwrap_err().kind().name, "ELEMENT_NOT_FOUND");
    tree.write_all(BASE);
    app.reload(None).unwrap();
    assert_eq!(say().await.unwrap(), "say hello");
}

#[tokio::test]
async fn a_broken_edit_keeps_the_last_good_version_and_mending_recovers() {
    let tree = tree(&[BASE, OTHER]);
    let app = open(&tree);
    let before = live(&app, "words.Hello");
    for (file, broken) in [
        ("base/words/Hello/e.json", r#"{"title": "Hello", "#),
        ("base/words/Hello/e.json", r#"{"title": "Hello", "type": "words.PlaneType"}"#),
        ("base/words/Hello/Hello.json", "[]"),
        ("base/words/Hello/Hello.json", r#"{"word": "unspeakable"}"#),
        ("base/words/Hello/Hello.json", r#"{"word": "${NOT_SET}"}"#),
        ("base/words/PlainType/e.json", r#"{"title": "Plain words""#),
    ] {
        tree.write(file, broken);
        let reloaded = app.reload(None).unwrap();
        assert!(!reloaded.outdated.is_empty(), "{broken}");
        assert!(reloaded.diagnostics.iter().any(mti_core::Diagnostic::is_error), "{broken}");
        assert_eq!(app.snapshot().outdated(), reloaded.outdated);
        assert!(Arc::ptr_eq(&before, &live(&app, "words.Hello")), "{broken}");
        assert_eq!(call(&app, "words.Other", "say").await, "say other");
        tree.write_all(BASE);
        let mended = app.reload(None).unwrap();
        assert!(mended.outdated.is_empty() && mended.diagnostics.is_empty(), "{:?}", mended.diagnostics);
        assert!(Arc::ptr_eq(&before, &live(&app, "words.Hello")), "{broken}");
    }
    // Two broken edits after each other still leave the version before both.
    tree.write("base/words/Hello/e.json", "{");
    app.reload(None).unwrap();
    tree.write("base/words/Hello/e.json", "{{");
    app.reload(None).unwrap();
    assert!(Arc::ptr_eq(&before, &live(&app, "words.Hello")));
}

/// Nobody knew yet that the edit was broken: a reload loads nothing that nobody has used.
#[tokio::test]
async fn an_element_that_was_not_used_yet_keeps_its_last_good_version_too() {
    let tree = tree(&[BASE, OTHER]);
    let app = open(&tree);
    let mut events = app.subscribe();
    for broken in [r#"{"word": "unspeakable"}"#, r#"{"word": [7]}"#, r#"{"word": 7}"#] {
        tree.write("base/words/Hello/Hello.json", broken);
        let reloaded = app.reload(None).unwrap();
        assert!(reloaded.outdated.is_empty() && reloaded.remade.is_empty(), "{broken}: nothing was loaded");
        events.recv().await.unwrap();
    }
    assert_eq!(call(&app, "words.Hello", "say").await, "say hello");
    let told = tokio::time::timeout(Duration::from_secs(20), events.recv()).await.unwrap().unwrap();
    assert_eq!(told.outdated.iter().map(ToString::to_string).collect::<Vec<_>>(), ["words.Hello"]);
    assert_eq!(told.diagnostics[0].code.name(), "config-wrong-type");
    assert_eq!(app.snapshot().outdated(), told.outdated);
    let version = live(&app, "words.Hello");
    assert_eq!(app.reload(None).unwrap().outdated.len(), 1, "it still is");
    assert!(Arc::ptr_eq(&version, &live(&app, "words.Hello")));
    tree.write("base/words/Hello/Hello.json", r#"{"word": "bye"}"#);
    assert!(app.reload(None).unwrap().outdated.is_empty());
    assert_eq!(call(&app, "words.Hello", "say").await, "say bye");
}

#[tokio::test]
async fn an_element_that_was_not_used_yet_goes_on_in_the_newest_version_that_works() {
    let tree = tree(&[BASE]);
    let app = open(&tree);
    for word in ["second", "third", "unspeakable"] {
        tree.write("base/words/Hello/Hello.json", format!(r#"{{"word": "{word}"}}"#));
        app.reload(None).unwrap();
    }
    assert_eq!(call(&app, "words.Hello", "say").await, "say third");
}

#[test]
fn a_broken_chain_leaves_everything_as_it_was() {
    let tree = tree(&[BASE, CHILD]);
    let app = builder(&tree, "child").open().unwrap();
    tree.write(
        "child/app.json",
        r#"{"appId": "acme.child", "version": "1.0.0", "extends": [{"appId": "acme.gone", "version": "1.0.0"}]}"#,
    );
    let findings = app.reload(None).unwrap_err();
    assert_eq!(findings[0].code.name(), "parent-missing");
    assert!(app.get_element("words.Hello").is_ok());
    tree.write_all(CHILD);
    app.reload(None).unwrap();
}

#[tokio::test]
async fn an_override_comes_and_goes() {
    let tree = tree(&[BASE, CHILD]);
    let app = builder(&tree, "child").level::<MarkA>("acme.child", "words.PlainType").open().unwrap();
    assert_eq!(call(&app, "words.Hello", "say").await, "say hello");
    tree.write("child/words/PlainType/e.json", r#"{"backend": "rust"}"#);
    app.reload(None).unwrap();
    assert_eq!(call(&app, "words.Hello", "say").await, "say Ahello");
    tree.remove("child/words");
    app.reload(None).unwrap();
    assert_eq!(call(&app, "words.Hello", "say").await, "say hello");
}

#[tokio::test]
async fn the_environment_is_read_anew() {
    let tree = tree(&[BASE]);
    tree.write("base/words/Hello/Hello.json", r#"{"word": "${WORD}"}"#);
    let word = Arc::new(Mutex::new("first"));
    let read = {
        let word = Arc::clone(&word);
        move || [("WORD".to_owned(), (*word.lock().unwrap()).to_owned())].into()
    };
    let app = builder(&tree, "base").environment_from(read).open().unwrap();
    let before = live(&app, "words.Hello");
    assert!(app.reload(None).unwrap().remade.is_empty());
    assert!(Arc::ptr_eq(&before, &live(&app, "words.Hello")));
    *word.lock().unwrap() = "second";
    app.reload(None).unwrap();
    assert_eq!(call(&app, "words.Hello", "word").await, "second");
}

static RETIRED: AtomicBool = AtomicBool::new(false);
static HAS_RETIRED: Notify = Notify::const_new();
static ENTERED: Notify = Notify::const_new();
static GO_ON: Notify = Notify::const_new();

steps! {
    "words.PlainType": Slow, SlowSteps {
        /// Waits until the test lets it go on.
        "wait" fn wait() -> bool;
    }
}

pub(crate) struct Waiting;

impl Level for Waiting {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }

    async fn retire(&self) {
        RETIRED.store(true, Ordering::SeqCst);
        HAS_RETIRED.notify_one();
    }
}

#[level]
impl SlowSteps for Waiting {
    async fn wait(&self, _: Slow<'_>) -> Result<bool> {
        ENTERED.notify_one();
        GO_ON.notified().await;
        Ok(RETIRED.load(Ordering::SeqCst))
    }
}

#[tokio::test]
async fn an_element_retires_after_its_last_call_and_not_before() {
    let tree = tree(&[BASE]);
    let app = App::builder(tree.join("base")).level::<Waiting>("acme.base", "words.PlainType").open().unwrap();
    let hello = app.get_element("words.Hello").unwrap();
    let in_flight = tokio::spawn(async move { hello.call("wait", json!({})).await });
    ENTERED.notified().await;
    tree.write("base/words/Hello/Hello.json", r#"{"word": "bye"}"#);
    assert_eq!(app.reload(None).unwrap().remade.len(), 1);
    GO_ON.notify_one();
    assert_eq!(in_flight.await.unwrap().unwrap(), false, "it retired while a call was in progress");
    tokio::time::timeout(Duration::from_secs(20), HAS_RETIRED.notified()).await.unwrap();
}

#[tokio::test]
async fn watching_reloads_after_an_edit_and_tells_subscribers() {
    let tree = tree(&[BASE]);
    let app = App::builder(tree.join("base")).level::<Plain>("acme.base", "words.PlainType").open().unwrap();
    let mut events = app.subscribe();
    let watching = app.watch().unwrap();
    tree.write("base/words/Hello/Hello.json", r#"{"word": "watched"}"#);
    let mut reloaded = async || tokio::time::timeout(Duration::from_secs(20), events.recv()).await.unwrap().unwrap();
    reloaded().await;
    assert_eq!(call(&app, "words.Hello", "say").await, "say watched");
    tree.write("base/words/Hello/e.json", "{");
    assert_eq!(reloaded().await.outdated.len(), 1);
    drop(watching);
}

#[test]
fn an_edit_of_nothing_publishes_nothing() {
    let tree = tree(&[BASE]);
    let app = open(&tree);
    let generation = app.snapshot().generation();
    tree.write("base/words/Hello/.Hello.json.swp", "an editor was here");
    let path = tree.join("base/words/Hello/.Hello.json.swp").canonicalize().unwrap();
    assert_eq!(app.reload(Some(&[path])).unwrap().generation, generation);
    tree.write("base/initData.json", r#"{"words.Hello": [{"a": 1}]}"#);
    let path = tree.join("base/initData.json").canonicalize().unwrap();
    assert_ne!(app.reload(Some(&[path])).unwrap().generation, generation);
    assert_eq!(app.get_element_define("words.Hello").unwrap().initial_rows.len(), 1);
}

#[test]
fn while_an_element_is_broken_a_file_that_no_element_is_made_of_publishes_nothing() {
    let tree = tree(&[BASE]);
    let app = open(&tree);
    live(&app, "words.Hello");
    tree.write("base/words/Hello/Hello.json", r#"{"word": "unspeakable"}"#);
    let broken = app.reload(None).unwrap();
    assert_eq!(broken.outdated.len(), 1);
    tree.write("base/words/Hello/.Hello.json.swp", "an editor was here");
    let path = tree.join("base/words/Hello/.Hello.json.swp").canonicalize().unwrap();
    let again = app.reload(Some(&[path])).unwrap();
    assert_eq!((again.generation, again.outdated), (broken.generation, broken.outdated));
}

#[test]
fn what_a_failed_reload_passed_over_is_read_by_the_next() {
    let tree = tree(&[BASE, CHILD]);
    let app = builder(&tree, "child").open().unwrap();
    let path = |path: &str| tree.join(path).canonicalize().unwrap();
    tree.write("child/app.json", "{");
    assert!(app.reload(Some(&[path("child/app.json")])).is_err());
    assert_eq!(app.reload_failure()[0].code.name(), "json-syntax");
    tree.write_all(CHILD);
    // Only another file is named, and the mended one is read all the same.
    app.reload(Some(&[path("base/words/Hello/Hello.json")])).unwrap();
    assert!(app.reload_failure().is_empty());
}

#[test]
fn among_ten_thousand_elements_one_edit_re_makes_one() {
    use std::fmt::Write as _;
    let mut text = BASE.to_owned();
    for index in 0..10_000 {
        let place = format!("base/many/N{index}");
        writeln!(text, "//- {place}/e.json\n{{\"title\": \"N\", \"type\": \"words.PlainType\"}}").unwrap();
        writeln!(text, "//- {place}/config.json\n{{\"word\": \"{index}\"}}").unwrap();
    }
    let tree = tree(&[&text]);
    let app = open(&tree);
    let before: Vec<_> = (0..10_000).map(|index| live(&app, &format!("many.N{index}"))).collect();
    tree.write("base/many/N77/config.json", r#"{"word": "edited"}"#);
    let path = tree.join("base/many/N77/config.json").canonicalize().unwrap();
    let reloaded = app.reload(Some(&[path])).unwrap();
    assert_eq!(reloaded.remade.iter().map(ToString::to_string).collect::<Vec<_>>(), ["many.N77"]);
    let kept =
        before.iter().enumerate().filter(|(index, old)| Arc::ptr_eq(old, &live(&app, &format!("many.N{index}"))));
    assert_eq!(kept.count(), 9_999);
}
