use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use mti_core::AppId;
use mti_data::DefaultDatabase;
use mti_element::{Language, Level, LevelCode, Secret};
use mti_login_types::PublicUrl;
use mti_server::Visits;
use serde_json::Value;
use url::Url;

use crate::embedded::{BASE_APP, base_app};
use crate::environment::{EnvironmentError, EnvironmentSource};
use crate::official;
use crate::visit::{self, Visit, VisitorRequest};

/// A running app with everything official: the base app, its levels, and the environment of the app.
///
/// It is the [`mti_registry::App`] that it derefs to; only the way in differs.
#[derive(Clone)]
pub struct App {
    inner: mti_registry::App,
    /// What visits share: made for the first one, and kept here, as it holds the app.
    visits: Arc<OnceLock<Result<Arc<Visits>, String>>>,
}

/// Says with what to open an app.
#[must_use = "an app is opened by `open`"]
pub struct AppBuilder {
    inner: mti_registry::AppBuilder,
    directory: PathBuf,
    environment: Option<ReadEnvironment>,
    env_file: Option<PathBuf>,
    data: Option<PathBuf>,
}

/// Reads the environment, at the start and at every reload.
type ReadEnvironment = Box<dyn Fn() -> BTreeMap<String, String> + Send + Sync>;

/// Why an app could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Its files are not those of an app, or a level was registered wrongly.
    #[error(transparent)]
    App(#[from] mti_registry::AppError),
    /// Its `.env` cannot be read.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
}

/// Why a URL names no database. It shows nothing of the URL, which has a password in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseUrlError {
    /// It is not a URL of a database, or asks for something that there is not.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Options(#[from] mti_data::PostgresOptionsError),
    /// The program was built without the feature `postgres`.
    #[error("this program was built without a PostgreSQL driver")]
    NoDriver,
}

impl App {
    /// Opens the app in a directory. Its data is in `appData` there, and placeholders in its config take their values from
    /// its `.env` and from the environment of the process.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, OpenError> {
        Self::builder(directory).open()
    }

    /// Says with what to open the app in a directory: levels, environment, the places of parents and data.
    pub fn builder(directory: impl Into<PathBuf>) -> AppBuilder {
        AppBuilder::new(directory.into())
    }

    /// The same app without anything official about it.
    pub fn into_inner(self) -> mti_registry::App {
        self.inner
    }

    /// Begins the visit of somebody whose request another web framework received: see [`Visit`](crate::Visit).
    pub fn visit(&self, request: VisitorRequest) -> Visit {
        Visit::begin(self.visits.get_or_init(|| visit::visits_of(self)).clone(), request)
    }
}

impl Deref for App {
    type Target = mti_registry::App;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

impl AppBuilder {
    fn new(directory: PathBuf) -> Self {
        let inner = mti_registry::App::builder(&directory).embedded(base_app());
        let inner = match AppId::parse(BASE_APP) {
            Ok(base) => inner.default_parent(base),
            Err(_) => inner,
        };
        Self { inner: official::register(inner), directory, environment: None, env_file: None, data: None }
    }

    /// Looks for parent apps in these directories, before the siblings of the app.
    pub fn app_path(self, directories: Vec<PathBuf>) -> Self {
        self.with(|inner| inner.app_path(directories))
    }

    /// Registers the level that the definition of `element` in the app `app` declares with `"backend": "rust"`. Registering
    /// one twice for a definition is an error, which `open` reports.
    pub fn level<L: Level>(self, app: &str, element: &str) -> Self {
        self.with(|inner| inner.level::<L>(app, element))
    }

    /// As [`AppBuilder::level`], for code that is there already.
    pub fn code(self, app: &str, element: &str, code: Arc<dyn LevelCode>) -> Self {
        self.with(|inner| inner.code(app, element, code))
    }

    /// Adds a language besides Rust that levels may be written in.
    pub fn language(self, language: Arc<dyn Language>) -> Self {
        self.with(|inner| inner.language(language))
    }

    /// What placeholders in config take their values from, instead of the app's `.env` and the environment of the process.
    pub fn environment(self, variables: BTreeMap<String, String>) -> Self {
        self.environment_from(move || variables.clone())
    }

    /// A file with variables for placeholders in config, before those of the app's `.env` and of the process.
    pub fn env_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.env_file = Some(file.into());
        self
    }

    /// As [`AppBuilder::environment`], read anew at every reload.
    pub fn environment_from(mut self, read: impl Fn() -> BTreeMap<String, String> + Send + Sync + 'static) -> Self {
        self.environment = Some(Box::new(read));
        self
    }

    /// The files that [`AppBuilder::environment_from`] reads, so that [`mti_registry::App::watch`] sees them change.
    pub fn environment_files(self, files: Vec<PathBuf>) -> Self {
        self.with(|inner| inner.environment_files(files))
    }

    /// Where embedded databases are, instead of in the app's `appData`.
    pub fn data(mut self, directory: impl Into<PathBuf>) -> Self {
        self.data = Some(directory.into());
        self
    }

    /// Keeps what `databases.Default` keeps on a PostgreSQL server, whatever the apps declare it to be:
    /// `postgres://user:password@host:5432/database`. Nothing is connected before it is used.
    pub fn database_url(self, url: &str) -> Result<Self, DatabaseUrlError> {
        let database = official::database_at(&Secret::new(url))?;
        Ok(self.resource(DefaultDatabase(database)))
    }

    /// The URL that browsers reach the app at. Over https, cookies are `Secure` and their names begin with `__Host-`.
    pub fn public_url(self, url: Url) -> Self {
        self.resource(PublicUrl(url))
    }

    /// Adds something that the process has one of.
    pub fn resource<R: Send + Sync + 'static>(self, resource: R) -> Self {
        self.with(|inner| inner.resource(resource))
    }

    /// Adds config for every element of a Type, below everything that the apps say.
    pub fn type_defaults(self, type_name: &str, config: Value) -> Self {
        self.with(|inner| inner.type_defaults(type_name, config))
    }

    /// Discovers the app and its parents and links their elements. Nothing is loaded, and no database is opened.
    pub fn open(self) -> Result<App, OpenError> {
        let mut inner = self.inner;
        let environment = if let Some(read) = self.environment {
            read
        } else {
            let source = EnvironmentSource::open(&self.directory, self.env_file.as_deref())?;
            for finding in source.diagnostics() {
                tracing::warn!(code = finding.code.id(), "{}", finding.message);
            }
            inner = inner.environment_files(source.files());
            Box::new(move || source.variables())
        };
        let data = self.data.unwrap_or_else(|| self.directory.join("appData"));
        let inner = official::place_data(inner.environment_from(environment), data);
        Ok(App { inner: inner.open()?, visits: Arc::default() })
    }

    fn with(self, change: impl FnOnce(mti_registry::AppBuilder) -> mti_registry::AppBuilder) -> Self {
        Self { inner: change(self.inner), ..self }
    }
}

impl fmt::Debug for App {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(formatter)
    }
}

impl fmt::Debug for AppBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AppBuilder")
            .field("inner", &self.inner)
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}
