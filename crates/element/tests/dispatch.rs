//! Virtual calls, super, native values, state per level, calls across elements.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mti_element::{
    Fail, Level, LevelCode, NativeCode, OpenContext, Resources, Result, Secret, This, level, opaque_step_value, steps,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{Declared, TestApp};

steps! {
    /// Somebody who greets.
    "greetings.PlainType": Greeter, GreeterSteps {
        /// The whole greeting.
        "greet" fn greet(first_name: String, times: Option<u32>) -> String;
        /// The name as it is spoken.
        "spokenName" fn spoken_name(who: Person) -> String;
        /// Something with a secret in it.
        "ticket" fn ticket() -> Ticket;
        /// How often it was called.
        "count" fn count() -> usize;
        /// Calls itself for ever.
        "loop" fn endless();
        /// Greets through another element.
        "relay" fn relay(to: String) -> String;
        /// The language.
        property "language" fn language() -> String;
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Person {
    first_name: String,
    /// Lost on the way through JSON: only a native value keeps it.
    #[serde(skip)]
    shared: Option<Arc<str>>,
}

#[derive(Debug)]
pub(crate) struct Ticket(Secret);
opaque_step_value!(Ticket);

struct Plain {
    language: String,
    calls: AtomicUsize,
}

#[derive(Deserialize)]
struct PlainConfig {
    language: String,
}

impl Level for Plain {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        let PlainConfig { language } = context.config()?;
        Ok(Self { language, calls: AtomicUsize::new(0) })
    }
}

#[level]
impl GreeterSteps for Plain {
    async fn greet(&self, this: Greeter<'_>, first_name: String, times: Option<u32>) -> Result<String> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let name = this.spoken_name(Person { first_name, shared: Some(Arc::from("kept")) }).await?;
        Ok(format!("hello {name}").repeat(times.unwrap_or(1) as usize))
    }

    async fn spoken_name(&self, _: Greeter<'_>, who: Person) -> Result<String> {
        Ok(format!("{} ({})", who.first_name, who.shared.as_deref().unwrap_or("lost")))
    }

    async fn ticket(&self, _: Greeter<'_>) -> Result<Ticket> {
        Ok(Ticket(Secret::new("canary")))
    }

    async fn count(&self, _: Greeter<'_>) -> Result<usize> {
        Ok(self.calls.load(Ordering::Relaxed))
    }

    async fn endless(&self, this: Greeter<'_>) -> Result<()> {
        this.endless().await
    }

    async fn relay(&self, this: Greeter<'_>, to: String) -> Result<String> {
        let other: Greeter<'_> = this.app().get(&to)?;
        other.greet("Relay".to_owned(), None).await
    }

    async fn language(&self, _: Greeter<'_>) -> Result<String> {
        Ok(self.language.clone())
    }
}

steps! {
    /// Somebody who greets with a title: steps of a Type below that of [`Greeter`].
    "greetings.TitledType": Titled, TitledSteps {
        /// The name with the title, and the name that it stands before.
        "bothNames" fn both_names(first_name: String) -> (String, String);
    }
}

struct Lord;

impl Level for Lord {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level(GreeterSteps)]
impl TitledSteps for Lord {
    async fn both_names(&self, this: Titled<'_>, first_name: String) -> Result<(String, String)> {
        let who = Person { first_name, shared: None };
        let titled = this.through::<Greeter<'_>>()?.spoken_name(who.clone()).await?;
        let plain = this.sup().through::<Greeter<'_>>()?.spoken_name(who).await?;
        Ok((titled, plain))
    }
}

#[level(part)]
impl GreeterSteps for Lord {
    async fn spoken_name(&self, this: Greeter<'_>, who: Person) -> Result<String> {
        if let Err(failure) = this.through::<Titled<'_>>() {
            return Ok(failure.operator_message());
        }
        Ok(format!("Lord {}", this.sup().spoken_name(who).await?))
    }
}

struct Doctor;

impl Level for Doctor {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl GreeterSteps for Doctor {
    async fn spoken_name(&self, this: Greeter<'_>, who: Person) -> Result<String> {
        Ok(format!("Dr. {}", this.sup().spoken_name(who).await?))
    }
}

fn plain() -> Arc<dyn LevelCode> {
    Arc::new(NativeCode::<Plain>::new())
}

fn doctor() -> Arc<dyn LevelCode> {
    Arc::new(NativeCode::<Doctor>::new())
}

fn app() -> Arc<TestApp> {
    let declared = |name, levels| Declared {
        name,
        types: &["greetings.PlainType", "greetings.Meta"],
        config: json!({"language": "en"}),
        levels,
    };
    TestApp::with(vec![
        declared("greetings.Anna", vec![plain()]),
        declared("greetings.House", vec![doctor(), plain()]),
        declared("greetings.Twice", vec![doctor(), doctor(), plain()]),
        Declared { name: "other.Thing", types: &["other.Meta"], config: json!({}), levels: Vec::new() },
    ])
}

#[tokio::test]
async fn an_inherited_method_calls_the_overridden_step_and_the_step_its_super() {
    let app = app();
    let call = async |name: &str| app.element(name).call("greet", json!({"firstName": "Ada"})).await.unwrap();
    assert_eq!(call("greetings.Anna").await, "hello Ada (kept)");
    assert_eq!(call("greetings.House").await, "hello Dr. Ada (kept)");
    assert_eq!(call("greetings.Twice").await, "hello Dr. Dr. Ada (kept)");
}

#[tokio::test]
async fn the_steps_of_the_type_above_are_called_through_its_facade() {
    let lord: Arc<dyn LevelCode> = Arc::new(NativeCode::<Lord>::new());
    let of_types = |name, types| Declared {
        name,
        types,
        config: json!({"language": "en"}),
        levels: vec![doctor(), Arc::clone(&lord), plain()],
    };
    let app = TestApp::with(vec![
        of_types("greetings.Manor", &["greetings.TitledType", "greetings.PlainType"]),
        of_types("greetings.Inn", &["greetings.PlainType"]),
    ]);
    let manor: Titled<'_> = app.element("greetings.Manor").through().unwrap();
    let (titled, plain) = manor.both_names("Bo".to_owned()).await.unwrap();
    assert_eq!(titled, "Dr. Lord Bo (lost)", "virtual: entered at the most derived level");
    assert_eq!(plain, "Bo (lost)", "entered below the level that asked");
    let greeting = app.element("greetings.Inn").call("greet", json!({"firstName": "Bo"})).await.unwrap().to_string();
    assert!(greeting.contains("`greetings.Inn` is not a `greetings.TitledType`"), "{greeting}");
}

#[tokio::test]
async fn every_element_has_its_own_state() {
    let app = app();
    app.element("greetings.House").call("greet", json!({"firstName": "Ada"})).await.unwrap();
    assert_eq!(app.element("greetings.House").call("count", json!({})).await.unwrap(), 1);
    assert_eq!(app.element("greetings.Anna").call("count", json!(null)).await.unwrap(), 0);
}

#[tokio::test]
async fn typed_calls_from_outside_take_native_values() {
    let app = app();
    let house: Greeter<'_> = app.element("greetings.House").through().unwrap();
    let person = Person { first_name: "Bo".to_owned(), shared: Some(Arc::from("native")) };
    assert_eq!(house.spoken_name(person).await.unwrap(), "Dr. Bo (native)");
    assert_eq!(house.greet("Bo".to_owned(), Some(2)).await.unwrap(), "hello Dr. Bo (kept)hello Dr. Bo (kept)");
    assert_eq!(house.ticket().await.unwrap().0.reveal(), "canary");
    assert_eq!(app.element("greetings.House").property::<String>("language").await.unwrap(), "en");
}

#[tokio::test]
async fn a_secret_does_not_cross_a_border() {
    let failure = app().element("greetings.Anna").call("ticket", json!({})).await.unwrap_err();
    assert!(failure.is(Fail::ELEMENT_EXCEPTION));
    assert!(failure.operator_message().contains("Ticket"));
    assert!(!failure.operator_message().contains("canary"));
}

#[tokio::test]
async fn arguments_are_checked_at_the_border() {
    let app = app();
    let anna = app.element("greetings.Anna");
    for (arguments, expected) in [
        (json!({}), "`firstName` is missing"),
        (json!({"firstName": 7}), "`firstName` must be a string"),
        (json!({"firstName": "Ada", "first_name": "Bo"}), "`first_name` is not an argument"),
        (json!(["Ada"]), "must be a JSON object"),
    ] {
        let failure = anna.call("greet", arguments).await.unwrap_err();
        assert!(failure.is(Fail::API_PARAMS_ERROR));
        assert!(failure.message().contains(expected), "{}", failure.message());
    }
}

#[tokio::test]
async fn an_unknown_method_names_the_nearest() {
    let failure = app().element("greetings.Anna").call("gret", json!({})).await.unwrap_err();
    assert!(failure.is(Fail::FUNCTION_NOT_FOUND));
    assert!(failure.message().contains("`greet`"), "{}", failure.message());
}

#[tokio::test]
async fn super_below_the_last_level_says_so() {
    let app = TestApp::with(vec![Declared {
        name: "greetings.Baseless",
        types: &["greetings.PlainType"],
        config: json!({}),
        levels: vec![doctor()],
    }]);
    let arguments = json!({"who": {"first_name": "Ada"}});
    let failure = app.element("greetings.Baseless").call("spokenName", arguments).await.unwrap_err();
    assert!(failure.is(Fail::FUNCTION_NOT_FOUND));
    assert!(failure.operator_message().contains("no `sup` to call"), "{}", failure.operator_message());
}

#[tokio::test]
async fn endless_recursion_ends_with_a_trace() {
    let failure = app().element("greetings.House").call("loop", json!({})).await.unwrap_err();
    assert!(failure.operator_message().contains("loop@1 < loop@1"), "{}", failure.operator_message());
}

#[tokio::test]
async fn a_step_reaches_other_elements_by_name() {
    let app = app();
    let relayed = app.element("greetings.Anna").call("relay", json!({"to": "greetings.House"})).await.unwrap();
    assert_eq!(relayed, "hello Dr. Relay (kept)");
    let failure = app.element("greetings.Anna").call("relay", json!({"to": "other.Thing"})).await.unwrap_err();
    assert!(failure.operator_message().contains("`other.Thing` is not a `greetings.PlainType`"));
}

#[tokio::test]
async fn descriptors_tell_what_was_declared() {
    let live = app().element("greetings.House").live().unwrap();
    let levels: Vec<_> = live.chain().implementations("spokenName").collect();
    assert_eq!(levels.len(), 2);
    let (_, greet) = live.chain().implementations("greet").next().unwrap();
    assert_eq!(greet.arguments, ["firstName", "times"]);
    assert_eq!(greet.documentation, "The whole greeting.");
    assert!(greet.source.file.ends_with("dispatch.rs"));
    assert_eq!(live.chain().method_names(), ["count", "greet", "language", "loop", "relay", "spokenName", "ticket"]);
}

#[test]
fn config_of_the_wrong_kind_names_the_key_and_not_the_value() {
    let declared = Declared {
        name: "greetings.Broken",
        types: &[],
        config: json!({"language": ["canary"]}),
        levels: vec![plain()],
    };
    let failure = TestApp::try_with(vec![declared]).unwrap_err();
    let message = failure.operator_message();
    assert!(message.contains("`language` in the config must be a string"), "{message}");
    assert!(!message.contains("canary"), "{message}");
}

#[test]
fn a_view_is_debugged_by_name_only() {
    let element = app().element("greetings.Anna");
    assert_eq!(format!("{:?}", This::outside(element).unwrap()), "This(greetings.Anna)");
}

#[test]
fn making_a_resource_may_ask_for_another() {
    let resources = Resources::default();
    let text = resources.get_or_insert_with(|| resources.get_or_insert_with(|| 7_u32).to_string());
    assert_eq!(*text, "7");
    assert_eq!(*resources.get_or_insert_with(|| 8_u32), 7);
}
