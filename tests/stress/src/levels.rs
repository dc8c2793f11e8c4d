use std::sync::{Arc, Mutex, PoisonError};

use mti_data::{Model, Row};
use mti_element::{Fail, Level, OpenContext, Result, Value, level, steps};
use mti_registry::App;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::gates::Gates;
use crate::objects::{Object, Objects, RetireMode};

steps! {
    /// Words, whose levels are scripts.
    "words.Type": Words, WordSteps {
        /// What the element is made of.
        "read" fn read() -> Value;
        /// The same, after a wait at a gate.
        "hold" fn hold(gate: u64) -> Value;
    }
}

steps! {
    /// A door that lets everybody in, if no guard stands before it.
    "doors.Type": Door, DoorSteps {
        /// Lets a visitor in.
        "enter" fn enter(who: String) -> Value;
    }
}

steps! {
    /// Two elements that always have the same number: their Type's config says it.
    "stamps.Type": Stamp, StampSteps {
        /// The number.
        "number" fn number() -> u64;
    }
}

steps! {
    /// Calls that take long, and reach other elements late.
    "slow.Type": Slow, SlowSteps {
        /// Waits at a gate and does something then. What is read before and after comes from one snapshot.
        "linger" fn linger(gate: Option<u64>, then: Then) -> Value;
    }
}

steps! {
    /// Elements that ask for each other while they load.
    "circle.Type": Circle, CircleSteps {
        /// Never answers: the element does not load.
        "turn" fn turn() -> bool;
    }
}

/// What a call does after its wait.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Then {
    /// Reads the second of the two stamps; the first one was read before the wait.
    Compare,
    /// Reads a word.
    Read(String),
    /// Adds a row to a model.
    Create(String, Row),
    /// Asks for an element of the circle.
    Turn(String),
}

/// The level of `doors.Type`.
#[derive(Level)]
pub(crate) struct OpenDoor;

#[level]
impl DoorSteps for OpenDoor {
    async fn enter(&self, _: Door<'_>, who: String) -> Result<Value> {
        Ok(json!({ "welcome": who }))
    }
}

/// The level of `stamps.Type`.
pub(crate) struct Stamped {
    number: u64,
    object: Object,
}

#[derive(Deserialize)]
struct StampConfig {
    number: u64,
}

impl Level for Stamped {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        let StampConfig { number } = context.config()?;
        let objects = resource::<Arc<Objects>>(context)?;
        Ok(Self { number, object: objects.open(context.definition().name.as_str(), RetireMode::Sound) })
    }

    async fn retire(&self) {
        self.object.retire().await;
    }
}

#[level]
impl StampSteps for Stamped {
    async fn number(&self, _: Stamp<'_>) -> Result<u64> {
        let _call = self.object.enter();
        Ok(self.number)
    }
}

/// The level of `slow.Type`.
pub(crate) struct Lingering {
    gates: Arc<Gates>,
}

impl Level for Lingering {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        Ok(Self { gates: context.resources().get_or_insert_with(Gates::default) })
    }
}

#[level]
impl SlowSteps for Lingering {
    async fn linger(&self, this: Slow<'_>, gate: Option<u64>, then: Then) -> Result<Value> {
        let app = this.app();
        let first = app.get::<Stamp<'_>>("stamps.First")?.number().await?;
        match gate {
            Some(gate) => self.gates.pass(gate).await,
            None => tokio::task::yield_now().await,
        }
        Ok(match then {
            Then::Compare => json!([first, app.get::<Stamp<'_>>("stamps.Second")?.number().await?]),
            Then::Read(name) => app.get::<Words<'_>>(&name)?.read().await?,
            Then::Create(model, row) => Value::Object(app.get::<Model<'_>>(&model)?.create(row).await?),
            Then::Turn(name) => json!(app.get::<Circle<'_>>(&name)?.turn().await?),
        })
    }
}

/// How a level reaches the app while it is loaded, which it must not. A resource of the app.
#[derive(Debug, Default)]
pub(crate) struct WayBack(Mutex<Option<App>>);

impl WayBack {
    /// Opens the way, or closes it: while it is open, the app keeps itself.
    pub(crate) fn set(&self, app: Option<App>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = app;
    }

    fn app(&self) -> Option<App> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The level of `circle.Type`: it asks for the next element of the circle while it loads.
pub(crate) struct Turning;

#[derive(Deserialize)]
struct CircleConfig {
    next: String,
}

impl Level for Turning {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        let CircleConfig { next } = context.config()?;
        let app = resource::<WayBack>(context)?.app().ok_or_else(|| Fail::ELEMENT_EXCEPTION.because("no way back"))?;
        app.get_element(&next)?;
        Ok(Self)
    }
}

#[level]
impl CircleSteps for Turning {
    async fn turn(&self, _: Circle<'_>) -> Result<bool> {
        Ok(true)
    }
}

fn resource<R: Send + Sync + 'static>(context: &OpenContext<'_>) -> Result<Arc<R>> {
    let missing = || Fail::ELEMENT_EXCEPTION.because("a resource of the test is missing");
    context.resources().get::<R>().ok_or_else(missing)
}
