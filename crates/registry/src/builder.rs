use std::collections::BTreeMap;
use std::fmt;
use std::path::{self, PathBuf};
use std::sync::Arc;

use mti_core::{AppFiles, AppId, AppSearchPath, Diagnostic, DiskFiles, render, resolve_chain};
use mti_element::{Language, Level, LevelCode, Resources};
use serde_json::Value;

use crate::app::App;
use crate::codes::{Codes, RegistrationError};
use crate::home::{Home, Recipe};
use crate::initial_data::InitialData;
use crate::link::{Linking, link};

/// Says with what to open an app.
#[must_use = "an app is opened by `open`"]
pub struct AppBuilder {
    root: PathBuf,
    search: AppSearchPath,
    codes: Codes,
    environment: Box<dyn Fn() -> BTreeMap<String, String> + Send + Sync>,
    environment_files: Vec<PathBuf>,
    type_defaults: BTreeMap<String, Value>,
    resources: Resources,
    registration_error: Option<RegistrationError>,
}

/// Why an app could not be opened at all. Broken elements are no reason: they are quarantined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// There is no app in the directory, or its parents cannot be put in order.
    #[error("{}", render::human(.0, false).trim_end())]
    Chain(Vec<Diagnostic>),
    /// A level was registered wrongly.
    #[error(transparent)]
    Registration(#[from] RegistrationError),
}

impl AppError {
    /// The diagnostics that say what is wrong with the app's files.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::Chain(diagnostics) => diagnostics,
            Self::Registration(_) => &[],
        }
    }
}

impl AppBuilder {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self {
            root,
            search: AppSearchPath::default(),
            codes: Codes::default(),
            environment: Box::new(BTreeMap::new),
            environment_files: Vec::new(),
            type_defaults: BTreeMap::new(),
            resources: Resources::default(),
            registration_error: None,
        }
    }

    /// Looks for parent apps in these directories, before the siblings of the app.
    pub fn app_path(mut self, directories: Vec<PathBuf>) -> Self {
        self.search.directories = directories;
        self
    }

    /// Adds an app that is part of the binary, as the last place where a parent is looked for.
    pub fn embedded(mut self, files: Arc<dyn AppFiles>) -> Self {
        self.search.embedded.push(files);
        self
    }

    /// What an app inherits that names no parents.
    pub fn default_parent(mut self, app: AppId) -> Self {
        self.search.default_parent = Some(app);
        self
    }

    /// Registers a level for the definition of `element` in the app `app`. Registering a pair twice is an error,
    /// which `open` reports.
    pub fn level<L: Level>(mut self, app: &str, element: &str) -> Self {
        let registered = self.codes.register::<L>(app, element);
        self.note(registered)
    }

    /// As [`AppBuilder::level`], for code that is there already.
    pub fn code(mut self, app: &str, element: &str, code: Arc<dyn LevelCode>) -> Self {
        let registered = self.codes.register_code(app, element, code);
        self.note(registered)
    }

    /// Adds a language besides Rust that levels may be written in.
    pub fn language(mut self, language: Arc<dyn Language>) -> Self {
        self.codes.add_language(language);
        self
    }

    /// What placeholders in config take their values from. The library itself reads no environment.
    pub fn environment(self, variables: BTreeMap<String, String>) -> Self {
        self.environment_from(move || variables.clone())
    }

    /// As [`AppBuilder::environment`], read anew at every reload.
    pub fn environment_from(mut self, read: impl Fn() -> BTreeMap<String, String> + Send + Sync + 'static) -> Self {
        self.environment = Box::new(read);
        self
    }

    /// The files that [`AppBuilder::environment_from`] reads: [`App::watch`] reloads when they change, wherever they are.
    /// They need not exist.
    pub fn environment_files(mut self, files: Vec<PathBuf>) -> Self {
        self.environment_files = files.into_iter().map(|file| path::absolute(&file).unwrap_or(file)).collect();
        self
    }

    /// Adds something that the process has one of.
    pub fn resource<R: Send + Sync + 'static>(self, resource: R) -> Self {
        self.resources.insert(resource);
        self
    }

    /// Adds config for every element of a Type, below everything that the apps say.
    pub fn type_defaults(mut self, type_name: impl Into<String>, config: Value) -> Self {
        self.type_defaults.insert(type_name.into(), config);
        self
    }

    /// Discovers the app and its parents and links their elements. Nothing is loaded.
    pub fn open(self) -> Result<App, AppError> {
        if let Some(error) = self.registration_error {
            return Err(error.into());
        }
        let files: Arc<dyn AppFiles> = Arc::new(DiskFiles::new(&self.root));
        let (chain, diagnostics) = resolve_chain(files, &self.search);
        let Some(chain) = chain else { return Err(AppError::Chain(diagnostics)) };
        let Some(running) = chain.keys().next().cloned() else { return Err(AppError::Chain(diagnostics)) };
        self.codes.refresh(&chain);
        let recipe = Recipe {
            search: self.search,
            codes: self.codes,
            environment: self.environment,
            environment_files: self.environment_files,
            type_defaults: self.type_defaults,
        };
        let home = Home::new(recipe, Arc::new(self.resources), |recipe, resources, slots| {
            let linking = Linking {
                codes: &recipe.codes,
                inputs: recipe.inputs(running, None),
                resources: Arc::clone(resources),
                slots,
                before: None,
            };
            let initial_data = InitialData::read(&chain);
            link(chain, diagnostics, initial_data, linking)
        });
        Ok(App::at_home(home))
    }

    fn note(mut self, registered: Result<(), RegistrationError>) -> Self {
        if let Err(error) = registered {
            self.registration_error.get_or_insert(error);
        }
        self
    }
}

impl fmt::Debug for AppBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AppBuilder").field("root", &self.root).finish_non_exhaustive()
    }
}
