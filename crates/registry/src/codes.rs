use std::collections::BTreeMap;
use std::sync::Arc;

use mti_core::{AppChain, AppId, ElementName};
use mti_element::{Language, Level, LevelCode, NativeCode};

/// Where the code of levels comes from: what is compiled into this binary, by the definition that it belongs to, and what
/// languages find on disk.
#[derive(Debug, Default, Clone)]
pub struct Codes {
    levels: BTreeMap<(AppId, ElementName), Arc<dyn LevelCode>>,
    languages: Vec<Arc<dyn Language>>,
}

/// Why a level could not be registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// The app or element name is none.
    #[error("`{name}` in the registration of a level is not a name: {reason}")]
    Name {
        /// The name as it was given.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Two levels for one definition.
    #[error("two levels are registered for `{element}` of app `{app}`: {first} and {second}")]
    Twice {
        /// The app.
        app: AppId,
        /// The element.
        element: ElementName,
        /// The level that was there first.
        first: String,
        /// The level that came second.
        second: String,
    },
}

impl Codes {
    /// Registers a level written in Rust for the definition of `element` in the app `app`.
    pub fn register<L: Level>(&mut self, app: &str, element: &str) -> Result<(), RegistrationError> {
        self.register_code(app, element, Arc::new(NativeCode::<L>::new()))
    }

    /// Registers code in whatever language. Registering a pair of app and element twice is an error.
    pub fn register_code(
        &mut self,
        app: &str,
        element: &str,
        code: Arc<dyn LevelCode>,
    ) -> Result<(), RegistrationError> {
        let app = AppId::parse(app)
            .map_err(|error| RegistrationError::Name { name: app.to_owned(), reason: error.to_string() })?;
        let element = ElementName::parse(element)
            .map_err(|error| RegistrationError::Name { name: element.to_owned(), reason: error.to_string() })?;
        match self.levels.entry((app, element)) {
            std::collections::btree_map::Entry::Vacant(vacant) => {
                vacant.insert(code);
                Ok(())
            }
            std::collections::btree_map::Entry::Occupied(occupied) => Err(RegistrationError::Twice {
                app: occupied.key().0.clone(),
                element: occupied.key().1.clone(),
                first: format!("{:?}", occupied.get()),
                second: format!("{code:?}"),
            }),
        }
    }

    /// Adds a language that levels may be written in.
    pub fn add_language(&mut self, language: Arc<dyn Language>) {
        self.languages.push(language);
    }

    /// The language of that name.
    pub(crate) fn language(&self, name: &str) -> Option<&Arc<dyn Language>> {
        self.languages.iter().find(|language| language.name() == name)
    }

    /// Has every language look at the code that is on disk now, and says whether any of it is not as it was.
    pub(crate) fn refresh(&self, apps: &AppChain) -> bool {
        self.languages.iter().fold(false, |changed, language| language.refresh(apps) | changed)
    }

    /// The code for a definition.
    pub(crate) fn find(&self, app: &AppId, element: &ElementName) -> Option<&Arc<dyn LevelCode>> {
        self.levels.get(&(app.clone(), element.clone()))
    }

    /// Every registered pair.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&AppId, &ElementName)> {
        self.levels.keys().map(|(app, element)| (app, element))
    }
}
