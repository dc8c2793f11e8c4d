//! A small family for the tests: elements that say words.

use mti_element::{Fail, Level, OpenContext, Result, level, steps};
use mti_registry::{App, AppBuilder};
use mti_testkit::Tree;
use serde::Deserialize;

steps! {
    /// Something that says words.
    "words.PlainType": Words, WordSteps {
        /// What it says.
        "say" fn say() -> String;
        /// The word in it.
        "word" fn word() -> String;
    }
}

/// The base level.
pub(crate) struct Plain {
    word: String,
}

#[derive(Deserialize)]
struct PlainConfig {
    word: String,
}

impl Level for Plain {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        let PlainConfig { word } = context.config()?;
        if word == "unspeakable" {
            return Err(Fail::ELEMENT_EXCEPTION.because("it cannot be spoken"));
        }
        Ok(Self { word })
    }
}

#[level]
impl WordSteps for Plain {
    async fn say(&self, this: Words<'_>) -> Result<String> {
        Ok(format!("say {}", this.word().await?))
    }

    async fn word(&self, _: Words<'_>) -> Result<String> {
        Ok(self.word.clone())
    }
}

macro_rules! marking_levels {
    ($($(#[$documentation:meta])* $level:ident $mark:literal;)*) => {$(
        $(#[$documentation])*
        pub(crate) struct $level;

        impl Level for $level {
            fn open(_: &OpenContext<'_>) -> Result<Self> {
                Ok(Self)
            }
        }

        #[level]
        impl WordSteps for $level {
            async fn word(&self, this: Words<'_>) -> Result<String> {
                Ok(format!("{}{}", $mark, this.sup().word().await?))
            }
        }
    )*};
}

marking_levels! {
    /// Marks a word with `A`.
    MarkA "A";
    /// Marks a word with `B`.
    MarkB "B";
    /// Marks a word with `C`.
    MarkC "C";
}

/// The base app of most tests: a Meta, a Type with code, an instance.
pub(crate) const BASE: &str = r#"
//- base/app.json
{"appId": "acme.base", "version": "1.2.0"}
//- base/words/Meta/e.json
{"title": "Words", "type": ""}
//- base/words/PlainType/e.json
{"title": "Plain words", "type": "words.Meta", "backend": "rust",
 "functionList": [{"name": "say", "title": "Say", "loginRequired": 0}]}
//- base/words/PlainType/config.json
{"word": "nothing"}
//- base/words/Hello/e.json
{"title": "Hello", "type": "words.PlainType"}
//- base/words/Hello/Hello.json
{"word": "hello"}
"#;

/// A child app that adds nothing.
pub(crate) const CHILD: &str = r#"
//- child/app.json
{"appId": "acme.child", "version": "1.0.0", "extends": [{"appId": "acme.base", "version": "^1.0"}]}
"#;

/// The tree of the strings, and a builder for the app in one of its directories, with the base level registered.
pub(crate) fn tree(texts: &[&str]) -> Tree {
    Tree::new(&texts.concat())
}

/// A builder for an app of a tree.
pub(crate) fn builder(tree: &Tree, app: &str) -> AppBuilder {
    App::builder(tree.join(app)).level::<Plain>("acme.base", "words.PlainType")
}

/// The codes of all findings, in order.
pub(crate) fn codes(app: &App) -> Vec<&'static str> {
    app.check().iter().filter(|finding| finding.is_finding()).map(|finding| finding.code.name()).collect()
}

/// Calls a method without arguments.
pub(crate) async fn call(app: &App, name: &str, method: &str) -> String {
    let answer = app.get_element(name).unwrap().call(method, serde_json::json!({})).await.unwrap();
    answer.as_str().unwrap().to_owned()
}
