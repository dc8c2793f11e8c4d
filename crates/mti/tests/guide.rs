//! The Rust code of `docs/writing-types.md` and `docs/writing-logins.md`, word for word: it compiles, and does what is
//! said of it.

use std::fs;
use std::path::Path;

use mti::prelude::*;
use mti_testkit::Tree;
use serde_json::json;

use crate::guide::hello::{Gate, Greeting, GuestBook, NOBODY_NAMED, program, who_greets};
use crate::guide_of_logins::CLUB;

#[rustfmt::skip]
#[expect(unreachable_pub, reason = "in the guide it is a crate of its own")]
mod hello {
    use mti::prelude::*;

    steps! {
        /// What is said to somebody who comes in.
        "greetings.Meta": Greeting, GreetingSteps {
            /// The whole greeting.
            "greet" fn greet(name: String) -> String;
            /// How somebody is addressed.
            "address" fn address(name: String) -> String;
            /// The word that it begins with.
            property "firstWord" fn first_word() -> String;
        }
    }

    use serde::Deserialize;

    /// Nobody was named.
    pub const NOBODY_NAMED: Fail = Fail::new("NOBODY_NAMED", 90001, 400, "say who is to be greeted");

    #[derive(Deserialize, Level)]
    #[serde(rename_all = "camelCase")]
    pub struct Plain {
        first_word: String,
    }

    #[level]
    impl GreetingSteps for Plain {
        async fn greet(&self, this: Greeting<'_>, name: String) -> Result<String> {
            if name.is_empty() {
                return Err(NOBODY_NAMED.into());
            }
            Ok(format!("{}, {}", this.first_word().await?, this.address(name).await?))
        }

        async fn address(&self, _: Greeting<'_>, name: String) -> Result<String> {
            Ok(name)
        }

        async fn first_word(&self, _: Greeting<'_>) -> Result<String> {
            Ok(self.first_word.clone())
        }
    }

    #[derive(Deserialize, Level)]
    pub struct Titled {
        title: String,
    }

    #[level]
    impl GreetingSteps for Titled {
        async fn address(&self, this: Greeting<'_>, name: String) -> Result<String> {
            Ok(format!("{} {}", self.title, this.sup().address(name).await?))
        }
    }

    use serde::Serialize;

    steps! {
        /// A greeting that writes down whom it met.
        "greetings.GuestBookType": GuestBook, GuestBookSteps {
            /// Greets a guest, and writes the guest down.
            "welcome" fn welcome(name: String) -> Guest;
        }
    }

    /// A guest who was written down.
    #[derive(Debug, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Guest {
        pub name: String,
        pub greeting: String,
        pub came_at: i64,
    }

    pub struct Book;

    impl Level for Book {
        fn open(context: &OpenContext<'_>) -> Result<Self> {
            NeededFields::of("greetings.models.Guest")
                .field("name", DataType::Stext)
                .field("greeting", DataType::Stext)
                .field("cameAt", DataType::Integer)
                .declare(context);
            Ok(Self)
        }
    }

    #[level(GreetingSteps)]
    impl GuestBookSteps for Book {
        async fn welcome(&self, this: GuestBook<'_>, name: String) -> Result<Guest> {
            let greeting = this.through::<Greeting<'_>>()?.greet(name.clone()).await?;
            let row = row! { "name": name, "greeting": greeting, "cameAt": Clock::of(&this.app()) };
            let row = this.app().get::<Model<'_>>("greetings.models.Guest")?.create(row).await?;
            Ok(Guest::deserialize(row)?)
        }
    }

    #[level(part)]
    impl GreetingSteps for Book {
        async fn address(&self, this: Greeting<'_>, name: String) -> Result<String> {
            Ok(format!("dear {}", this.sup().address(name).await?))
        }
    }

    use mti::core::Code;

    #[derive(Deserialize)]
    pub struct Gate {
        key: Secret,
    }

    impl Level for Gate {
        fn open(context: &OpenContext<'_>) -> Result<Self> {
            let gate: Self = context.config()?;
            if gate.key.reveal().len() < 16 {
                return Err(context.config_problem(Code::ConfigWrongType, "/key", "`key` has fewer than 16 characters"));
            }
            Ok(gate)
        }

        async fn retire(&self) {
            tracing::debug!("after the last call: what was opened is closed here");
        }
    }

    #[level]
    impl GreetingSteps for Gate {
        async fn greet(&self, this: Greeting<'_>, name: String) -> Result<String> {
            if !name.starts_with(self.key.reveal()) {
                return Err(Fail::PERMISSION_DENIED.because("say the word first"));
            }
            this.sup().greet(name).await
        }
    }

    pub(super) fn who_greets(app: &mti::App) -> Result<Vec<String>> {
        let mut titles = Vec::new();
        for name in app.instances_of(Greeting::TYPE) {
            titles.push(app.get_element_define(name.as_str())?.title.clone());
        }
        for element in app.find_elements(".greetings.PlainType:#sort>3")? {
            titles.push(element.name().to_string());
        }
        Ok(titles)
    }

    pub fn program() -> mti::Program {
        mti::main()
            .level::<Plain>("acme.hello", "greetings.PlainType")
            .level::<Titled>("acme.hello", "greetings.TitledType")
            .level::<Book>("acme.hello", "greetings.GuestBookType")
    }
}

#[expect(dead_code, reason = "`main` is that of another program")]
mod hello_main {
    use super::hello as acme_hello;

    fn main() -> std::process::ExitCode {
        acme_hello::program().run()
    }
}

/// The files of the guide.
const HELLO: &str = r#"
//- app.json
{ "appId": "acme.hello", "version": "0.1.0" }
//- greetings/Meta/e.json
{ "title": "Greetings", "type": "" }
//- greetings/PlainType/e.json
{
  "title": "A plain greeting", "type": "greetings.Meta", "backend": "rust",
  "functionList": [{
    "name": "greet", "title": "Greet somebody", "returnType": "Stext", "loginRequired": 0,
    "args": [{ "name": "name", "title": "Who", "dataType": "Stext", "required": true }]
  }]
}
//- greetings/PlainType/PlainType.json
{ "firstWord": "hello" }
//- greetings/Desk/e.json
{ "title": "At the desk", "type": "greetings.PlainType" }
//- greetings/TitledType/e.json
{ "title": "With a title", "type": "greetings.PlainType", "backend": "rust" }
//- greetings/Doctor/e.json
{ "title": "At the doctor's", "type": "greetings.TitledType", "sort": 4 }
//- greetings/Doctor/Doctor.json
{ "title": "Dr." }
//- greetings/GuestBookType/e.json
{ "title": "With a guest book", "type": "greetings.PlainType", "backend": "rust" }
//- greetings/GuestBookType/config.schema.json
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "properties": {
    "guests": { "type": "array", "x-merge": { "by": "name" }, "items": { "type": "object" } },
    "languages": { "type": "array", "x-merge": "union" }
  }
}
//- greetings/Book/e.json
{ "title": "At the door", "type": "greetings.GuestBookType" }
//- greetings/models/Guest/e.json
{ "title": "Guests", "type": "models.NormalType" }
//- greetings/models/Guest/Guest.json
{
  "fields": [
    { "name": "id", "title": "Id", "dataType": "AutoInt", "primaryKey": true },
    { "name": "name", "title": "Name", "dataType": "Stext" },
    { "name": "greeting", "title": "Greeting", "dataType": "Stext" },
    { "name": "cameAt", "title": "When, in Unix seconds", "dataType": "Integer" }
  ]
}
"#;

#[tokio::test]
async fn the_inherited_greeting_calls_the_overridden_step() -> Result<()> {
    let tree = Tree::new(HELLO);
    let app = program().app(tree.path()).open()?;
    assert_eq!(app.check(), []);

    let doctor: Greeting<'_> = app.get("greetings.Doctor")?;
    assert_eq!(doctor.greet("Ada".to_owned()).await?, "hello, Dr. Ada");

    let failure = app.get_element("greetings.Desk")?.call("greet", json!({ "name": "" })).await.unwrap_err();
    assert!(failure.is(NOBODY_NAMED));

    let book: GuestBook<'_> = app.get("greetings.Book")?;
    assert_eq!(book.welcome("Bo".to_owned()).await?.greeting, "hello, dear Bo");
    Ok(())
}

#[tokio::test]
async fn the_other_examples_of_the_guide_do_what_they_say() -> Result<()> {
    let tree = Tree::new(HELLO);
    tree.write_all(
        r#"
//- greetings/Desk/e.json
{ "title": "At the gate", "type": "greetings.PlainType", "backend": "rust" }
//- greetings/Desk/Desk.json
{ "key": "open sesame and more" }
"#,
    );
    let open = || program().level::<Gate>("acme.hello", "greetings.Desk").app(tree.path()).open();
    let app = open()?;
    let desk: Greeting<'_> = app.get("greetings.Desk")?;
    assert!(desk.greet("Ada".to_owned()).await.unwrap_err().is(Fail::PERMISSION_DENIED));
    assert_eq!(desk.greet("open sesame and more".to_owned()).await?, "hello, open sesame and more");
    assert_eq!(who_greets(&app)?, ["At the door", "At the gate", "At the doctor's", "greetings.Doctor"]);

    tree.write("greetings/Desk/Desk.json", "{\n  \"key\": \"too short\"\n}");
    let findings = open()?.check();
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding.location.as_ref().and_then(|place| place.line), Some(2), "{finding:?}");
    Ok(())
}

#[test]
fn the_code_of_the_guides_is_in_these_files() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    for (guide, compiled, files) in [
        ("writing-types.md", include_str!("guide.rs"), HELLO),
        ("writing-logins.md", include_str!("guide_of_logins.rs"), CLUB),
    ] {
        let compiled = without_space(&compiled.replace("pub(super) ", ""));
        let text = fs::read_to_string(directory.join(guide)).expect("the guide");
        let blocks = |begin: &str| -> Vec<String> {
            text.split(begin).skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
        };
        assert!(!blocks("```rust\n").is_empty());
        for block in blocks("```rust\n") {
            assert!(compiled.contains(&without_space(&block)), "copy this of {guide} into the test:\n{block}");
        }
        for file in blocks("```json\n") {
            assert!(
                without_space(files).contains(&without_space(&file)),
                "copy this of {guide} into the tree:\n{file}"
            );
        }
    }
}

fn without_space(code: &str) -> String {
    code.split_whitespace().collect()
}
