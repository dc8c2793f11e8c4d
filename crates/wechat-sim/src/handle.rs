use std::sync::Arc;

use mti_secret::Secret;

use crate::apps::AppRegistration;
use crate::error::SimulatorError;
use crate::knobs::Knobs;
use crate::people::Person;
use crate::world::World;

/// Reaches into a simulator that is running, or about to.
#[derive(Debug, Clone)]
pub struct SimulatorHandle {
    pub(crate) world: Arc<World>,
}

impl SimulatorHandle {
    /// How it behaves.
    pub fn knobs(&self) -> Knobs {
        self.world.contents().knobs.clone()
    }

    /// Makes it behave otherwise.
    pub fn set_knobs(&self, knobs: Knobs) {
        self.world.contents().knobs = knobs;
        self.world.announce_change();
    }

    /// Adds an application, or replaces the one of the same id.
    pub fn register(&self, app: AppRegistration) {
        self.world.contents().apps.register(app);
    }

    /// Gives an application a new secret; the old one is wrong from now on.
    pub fn reset_secret(&self, app_id: &str, secret: Secret) -> Result<(), SimulatorError> {
        let mut contents = self.world.contents();
        let app = contents.apps.resolve(app_id);
        app.ok_or_else(|| SimulatorError::UnknownApp(app_id.to_owned()))?.secret = Some(secret);
        Ok(())
    }

    /// A code as the browser would bring it, without a browser.
    pub fn mint_code(&self, app_id: &str, person_id: &str) -> Result<String, SimulatorError> {
        self.world.mint_code(app_id, person_id, "snsapi_login")
    }

    /// Adds a person, or replaces the one of the same id.
    pub fn add_person(&self, person: Person) -> Result<(), SimulatorError> {
        self.world.contents().put_person(person)
    }

    /// Who can sign in.
    pub fn people(&self) -> Vec<Person> {
        self.world.people()
    }

    /// Puts everything back to the start.
    pub fn reset(&self) {
        self.world.reset();
    }
}
