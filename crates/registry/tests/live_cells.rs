//! An element has one live object while it is made of the same, and that object retires once.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use mti_element::{AppView, Element, Fail, Level, OpenContext, Result, level};
use mti_registry::{App, Retirements};
use serde_json::json;

use crate::words::{BASE, Plain, WordSteps, Words, tree};

const OTHER: &str = r#"
//- base/words/Other/e.json
{"title": "Other", "type": "words.PlainType"}
//- base/words/Other/Other.json
{"word": "other"}
//- base/words/Third/e.json
{"title": "Third", "type": "words.PlainType"}
//- base/words/Third/Third.json
{"word": "third"}
"#;

/// Waits until the retirements of an app are as wanted.
async fn retirements(app: &App, wanted: impl Fn(Retirements) -> bool) -> Retirements {
    let until = async {
        while !wanted(app.retirements()) {
            tokio::task::yield_now().await;
        }
        app.retirements()
    };
    let found = tokio::time::timeout(Duration::from_mins(1), until).await;
    found.unwrap_or_else(|_| panic!("the elements do not retire: {:?}", app.retirements()))
}

#[test]
fn an_element_that_an_older_snapshot_loads_late_is_the_one_of_the_new_snapshot() {
    let tree = tree(&[BASE]);
    let app = App::builder(tree.join("base")).level::<Plain>("acme.base", "words.PlainType").open().unwrap();
    let older = app.snapshot();
    tree.write("base/words/Hello/e.json", r#"{"title": "Salut", "type": "words.PlainType"}"#);
    assert!(app.reload(None).unwrap().generation > older.generation());
    let late = older.live("words.Hello").unwrap();
    assert!(Arc::ptr_eq(&late, &app.get_element("words.Hello").unwrap().live().unwrap()));
}

#[tokio::test]
async fn a_replaced_element_that_an_older_snapshot_loads_late_retires_too() {
    let tree = tree(&[BASE]);
    let app = App::builder(tree.join("base")).level::<Plain>("acme.base", "words.PlainType").open().unwrap();
    let older = app.snapshot();
    tree.write("base/words/Hello/Hello.json", r#"{"word": "bye"}"#);
    assert!(app.reload(None).unwrap().remade.is_empty(), "nothing was loaded");
    drop(older.live("words.Hello").unwrap());
    drop(older);
    let found = retirements(&app, |found| found.retired == 1).await;
    assert_eq!(found, Retirements { pending: 0, retired: 1, failed: 0 });
}

/// A level that retires as the word in its config says.
struct Leaving(String);

impl Level for Leaving {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        let config: serde_json::Value = context.config()?;
        Ok(Self(config["word"].as_str().unwrap_or_default().to_owned()))
    }

    async fn retire(&self) {
        match self.0.as_str() {
            "panics" => panic!("a retirement that panics"),
            "hangs" => loop {
                std::thread::park();
            },
            _ => {}
        }
    }
}

#[level]
impl WordSteps for Leaving {
    async fn word(&self, _: Words<'_>) -> Result<String> {
        Ok(self.0.clone())
    }
}

#[tokio::test]
async fn a_retirement_that_panics_or_hangs_keeps_no_other_element_from_retiring() {
    let tree = tree(&[BASE, OTHER]);
    tree.write("base/words/Hello/Hello.json", r#"{"word": "panics"}"#);
    tree.write("base/words/Other/Other.json", r#"{"word": "hangs"}"#);
    let app = App::builder(tree.join("base")).level::<Leaving>("acme.base", "words.PlainType").open().unwrap();
    for name in ["words.Hello", "words.Other"] {
        app.get_element(name).unwrap().call("word", json!({})).await.unwrap();
    }
    tree.write("base/words/Hello/Hello.json", r#"{"word": "hello"}"#);
    tree.write("base/words/Other/Other.json", r#"{"word": "other"}"#);
    assert_eq!(app.reload(None).unwrap().remade.len(), 2);
    retirements(&app, |found| found.failed == 1).await;
    app.get_element("words.Third").unwrap();
    tree.write("base/words/Third/Third.json", r#"{"word": "another"}"#);
    assert_eq!(app.reload(None).unwrap().remade.len(), 1);
    let found = retirements(&app, |found| found.retired == 1).await;
    assert_eq!(found, Retirements { pending: 1, retired: 1, failed: 1 });
}

static LET_GO: AtomicUsize = AtomicUsize::new(0);

/// The level below those that fail to retire.
struct Below;

impl Level for Below {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }

    async fn retire(&self) {
        LET_GO.fetch_add(1, Ordering::SeqCst);
    }
}

#[level]
impl WordSteps for Below {
    async fn say(&self, _: Words<'_>) -> Result<String> {
        Ok("below".to_owned())
    }
}

/// More elements hang than there are threads for those that retire at once.
#[tokio::test]
async fn levels_that_panic_or_hang_keep_neither_those_below_nor_later_elements_from_retiring() {
    const HANGING: usize = 130;
    let tree = tree(&[BASE]);
    tree.write("base/words/Late/e.json", r#"{"title": "Late", "type": "words.LoudType"}"#);
    tree.write("base/words/LoudType/e.json", r#"{"title": "Loud", "type": "words.PlainType", "backend": "rust"}"#);
    let names: Vec<_> = (0..=HANGING).map(|index| format!("words.N{index}")).collect();
    for (index, name) in names.iter().enumerate() {
        let place = format!("base/{}", name.replace('.', "/"));
        let word = if index == 0 { "panics" } else { "hangs" };
        tree.write(&format!("{place}/e.json"), r#"{"title": "N", "type": "words.LoudType"}"#);
        tree.write(&format!("{place}/config.json"), format!(r#"{{"word": "{word}"}}"#));
    }
    let builder = App::builder(tree.join("base")).level::<Below>("acme.base", "words.PlainType");
    let app = builder.level::<Leaving>("acme.base", "words.LoudType").open().unwrap();
    for name in names.iter().map(String::as_str).chain(["words.Late"]) {
        app.get_element(name).unwrap().call("say", json!({})).await.unwrap();
    }
    for name in &names {
        fs::remove_dir_all(tree.join(&format!("base/{}", name.replace('.', "/")))).unwrap();
    }
    assert_eq!(app.reload(None).unwrap().remade.len(), HANGING + 1);
    retirements(&app, |found| found.failed == HANGING as u64 + 1).await;
    assert_eq!(LET_GO.load(Ordering::SeqCst), HANGING + 1, "the levels below retire all the same");
    fs::remove_dir_all(tree.join("base/words/Late")).unwrap();
    app.reload(None).unwrap();
    retirements(&app, |found| found.retired == 1).await;
}

fn hello_now(app: &App) -> Arc<mti_element::Live> {
    app.get_element("words.Hello").unwrap().live().unwrap()
}

#[tokio::test]
async fn a_typed_handle_keeps_no_snapshot_and_no_replaced_element() {
    let tree = tree(&[BASE, OTHER]);
    let app = App::builder(tree.join("base")).level::<Plain>("acme.base", "words.PlainType").open().unwrap();
    let hello = app.get::<Words<'_>>("words.Hello").unwrap();
    let other = hello.app().get::<Words<'_>>("words.Other").unwrap();
    let first = Arc::downgrade(&app.snapshot());
    for (name, word) in [("Hello", "bye"), ("Other", "another")] {
        tree.write(&format!("base/words/{name}/{name}.json"), format!(r#"{{"word": "{word}"}}"#));
    }
    assert_eq!(app.reload(None).unwrap().remade.len(), 2);
    assert!(first.upgrade().is_none(), "a handle keeps the snapshot that it was made on");
    retirements(&app, |found| found.retired == 2).await;
    assert_eq!(hello.word().await.unwrap(), "bye");
    assert_eq!(other.word().await.unwrap(), "another");
    assert!(hello.app().view().live("words.Hello").is_ok_and(|live| Arc::ptr_eq(&live, &hello_now(&app))));
}

#[tokio::test]
async fn there_is_no_next_level_outside_of_a_step() {
    let tree = tree(&[BASE]);
    let app = App::builder(tree.join("base")).level::<Plain>("acme.base", "words.PlainType").open().unwrap();
    let hello = app.get::<Words<'_>>("words.Hello").unwrap();
    let failure = hello.sup().word().await.unwrap_err();
    assert!(failure.is(Fail::FUNCTION_NOT_FOUND), "{failure}");
    assert!(failure.operator_message().contains("outside of its own steps"), "{}", failure.operator_message());
    assert_eq!(hello.word().await.unwrap(), "hello");
}

static ASKS: AtomicBool = AtomicBool::new(false);
static HANDLES: Mutex<Vec<Element>> = Mutex::new(Vec::new());

/// A level that asks for every other element while it is opened.
struct Asking;

impl Level for Asking {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        if ASKS.load(Ordering::SeqCst) {
            let handles = HANDLES.lock().unwrap().clone();
            for other in handles.iter().filter(|other| *other.name() != context.definition().name) {
                other.live()?;
            }
        }
        Ok(Self)
    }
}

#[level]
impl WordSteps for Asking {
    async fn word(&self, _: Words<'_>) -> Result<String> {
        Ok("asked".to_owned())
    }
}

#[test]
fn asking_for_a_live_element_while_loading_fails_and_shows_the_path() {
    let tree = tree(&[BASE, OTHER]);
    let app = App::builder(tree.join("base")).level::<Asking>("acme.base", "words.PlainType").open().unwrap();
    *HANDLES.lock().unwrap() = ["words.Hello", "words.Other"].map(|name| app.get_element(name).unwrap()).to_vec();
    ASKS.store(true, Ordering::SeqCst);
    tree.write("base/words/Hello/Hello.json", r#"{"word": "one"}"#);
    tree.write("base/words/Other/Other.json", r#"{"word": "two"}"#);
    let reloaded = app.reload(None).unwrap();
    assert_eq!(reloaded.outdated.len(), 2, "both go on in their last good version");
    let told: Vec<_> = reloaded.diagnostics.iter().map(|finding| finding.message.as_str()).collect();
    for path in ["`words.Hello` → `words.Other`", "`words.Other` → `words.Hello`"] {
        assert!(told.iter().any(|message| message.contains(path)), "{told:?}");
    }
}

static SELF: OnceLock<Element> = OnceLock::new();

/// A level that waits, while it is opened, for a thread that asks for the element being opened.
struct Circling;

impl Level for Circling {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        if let Some(element) = SELF.get() {
            std::thread::scope(|scope| scope.spawn(|| element.live()).join().unwrap())?;
        }
        Ok(Self)
    }
}

#[level]
impl WordSteps for Circling {
    async fn word(&self, _: Words<'_>) -> Result<String> {
        Ok("went round".to_owned())
    }
}

#[tokio::test]
async fn a_circle_of_loading_through_another_thread_ends_and_says_which() {
    let tree = tree(&[BASE]);
    let app = App::builder(tree.join("base")).level::<Circling>("acme.base", "words.PlainType").open().unwrap();
    let older = app.get_element("words.Hello").unwrap();
    SELF.set(older).unwrap();
    let view = app.snapshot();
    tree.write("base/words/Hello/Hello.json", r#"{"word": "one"}"#);
    let reloaded = app.reload(None).unwrap();
    // What is published yet is the version before, which the thread finds loaded: no circle.
    assert!(reloaded.outdated.is_empty() && reloaded.generation > view.generation());
    tree.remove("base/words/Hello");
    app.reload(None).unwrap();
    tree.write_all(BASE);
    app.reload(None).unwrap();
    let failure = older.call("word", json!({})).await.unwrap_err();
    let told = failure.operator_message();
    assert!(told.contains("`words.Hello` → a thread that it waits for → `words.Hello`"), "{told}");
}

static OPENED: AtomicUsize = AtomicUsize::new(0);

struct Counted;

impl Level for Counted {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        OPENED.fetch_add(1, Ordering::SeqCst);
        Ok(Self)
    }
}

#[level]
impl WordSteps for Counted {
    async fn word(&self, _: Words<'_>) -> Result<String> {
        Err(Fail::ELEMENT_EXCEPTION.because("nobody calls it"))
    }
}

#[test]
fn check_keeps_nothing_that_it_opens() {
    let tree = tree(&[BASE]);
    let app = App::builder(tree.join("base")).level::<Counted>("acme.base", "words.PlainType").open().unwrap();
    app.check();
    let by_check = OPENED.load(Ordering::SeqCst);
    assert_eq!(by_check, 1, "check opens what it checks, once");
    app.get_element("words.Hello").unwrap();
    assert_eq!(OPENED.load(Ordering::SeqCst), by_check + 1, "check kept what it had opened");
}
