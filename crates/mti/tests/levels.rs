use mti::prelude::*;
use mti::{App, OpenError};

use crate::facade::app;

steps! {
    /// Something that greets.
    "greetings.PlainType": Greeting, GreetingSteps {
        /// What is said to somebody.
        "greet" fn greet(name: String) -> String;
        /// The word that it begins with.
        property "word" fn word() -> String;
    }
}

/// The code of the Type.
struct Plain;

impl Level for Plain {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl GreetingSteps for Plain {
    async fn greet(&self, this: Greeting<'_>, name: String) -> Result<String> {
        Ok(format!("{}, {name}", this.word().await?))
    }

    async fn word(&self, _: Greeting<'_>) -> Result<String> {
        Ok("hello".to_owned())
    }
}

/// A Type below it that overrides one step.
struct Loud;

impl Level for Loud {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl GreetingSteps for Loud {
    async fn word(&self, this: Greeting<'_>) -> Result<String> {
        Ok(this.sup().word().await?.to_uppercase())
    }
}

const FILES: [(&str, &str); 5] = [
    ("app.json", r#"{"appId": "acme.greetings", "version": "0.1.0"}"#),
    ("greetings/Meta/e.json", r#"{"title": "Greetings", "type": ""}"#),
    ("greetings/PlainType/e.json", r#"{"title": "Plain", "type": "greetings.Meta", "backend": "rust"}"#),
    ("greetings/LoudType/e.json", r#"{"title": "Loud", "type": "greetings.PlainType", "backend": "rust"}"#),
    ("greetings/Hello/e.json", r#"{"title": "Hello", "type": "greetings.LoudType"}"#),
];

#[tokio::test]
async fn an_inherited_method_calls_the_step_that_is_overridden() {
    let directory = app(&FILES);
    let app = App::builder(directory.path())
        .level::<Plain>("acme.greetings", "greetings.PlainType")
        .level::<Loud>("acme.greetings", "greetings.LoudType")
        .open()
        .expect("an app");
    let hello = app.get::<Greeting<'_>>("greetings.Hello").expect("the element");
    assert_eq!(hello.greet("you".to_owned()).await.expect("a greeting"), "HELLO, you");
    let wire = app.get_element("greetings.Hello").expect("the element");
    let said = wire.call("greet", serde_json::json!({"name": "you"})).await.expect("a greeting");
    assert_eq!(said, "HELLO, you");
}

#[tokio::test]
async fn a_level_that_is_not_in_the_binary_quarantines_what_needs_it() {
    let directory = app(&FILES);
    let app = App::builder(directory.path()).level::<Plain>("acme.greetings", "greetings.PlainType").open();
    let app = app.expect("an app");
    let failure = app.get_element("greetings.Hello").expect_err("its Type has no code");
    assert!(!failure.diagnostics().is_empty());
    assert!(app.get_element("greetings.PlainType").is_ok());
}

#[test]
fn a_level_is_registered_once() {
    let directory = app(&FILES);
    let twice = App::builder(directory.path())
        .level::<Plain>("acme.greetings", "greetings.PlainType")
        .level::<Loud>("acme.greetings", "greetings.PlainType")
        .open();
    let error = twice.expect_err("two levels for one definition");
    assert!(matches!(error, OpenError::App(mti::AppError::Registration(_))), "{error}");
}
