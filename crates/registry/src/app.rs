use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use mti_core::{AppKey, Diagnostic, ElementName};
use mti_element::{AppView, Chain, Element, ElementDefinition, Facade, Resources, Result};
use tokio::sync::broadcast;

use crate::builder::{AppBuilder, AppError};
use crate::check::{Depth, check};
use crate::explain::{Explanation, explain};
use crate::home::Home;
use crate::reload::{Reloaded, reload};
use crate::retirement::Retirements;
use crate::selector::Selector;
use crate::snapshot::Snapshot;
use crate::watch::{WatchError, Watching};

/// A running app: where names become live elements. Cheap to clone.
#[derive(Clone)]
pub struct App {
    home: Arc<Home>,
}

impl App {
    /// Opens the app in a directory, with nothing but what is on disk. See [`App::builder`] for more.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, AppError> {
        Self::builder(directory).open()
    }

    /// Says with what to open the app in a directory: code, environment, the places of its parents.
    pub fn builder(directory: impl Into<PathBuf>) -> AppBuilder {
        AppBuilder::new(directory.into())
    }

    #[cold]
    #[inline(never)]
    fn load_element(&self, name: &str) -> Result<Element> {
        self.home.snapshot().element(name)
    }

    pub(crate) fn at_home(home: Arc<Home>) -> Self {
        Self { home }
    }

    /// The live element of that full name, loaded at its first use.
    ///
    /// The nearest definition along the app chain wins; its type chain is walked by name from the running app.
    /// Fails with `ELEMENT_NOT_FOUND`, which says where it looked and which names are near, or, for an element
    /// that is quarantined or does not load, with the diagnostics that say why.
    #[inline]
    pub fn get_element(&self, name: &str) -> Result<Element> {
        match self.home.current().find(name) {
            Some(slot) if slot.is_ready() => Ok(Element::new(slot)),
            _ => self.load_element(name),
        }
    }

    /// The element of that name through the steps of its Type: `app.get::<WeChat>("auths.loginTypes.MyWeChatLogin")`.
    pub fn get<F: Facade<'static>>(&self, name: &str) -> Result<F> {
        self.get_element(name)?.through()
    }

    /// The names of the instances whose type chain holds `type_name`, in order: `app.instances_of(LoginType::TYPE)`.
    /// Nothing is loaded. A broken one is among them: asking for it says what is wrong, and keeps nobody from the others.
    pub fn instances_of(&self, type_name: &str) -> Vec<ElementName> {
        self.home.snapshot().instances_of(type_name)
    }

    /// The elements that a selector names, loaded: see [`Selector`].
    pub fn find_elements(&self, selector: &str) -> Result<Vec<Element>> {
        let snapshot = self.home.snapshot();
        let names = Selector::parse(selector)?.select(&snapshot);
        names.iter().map(|name| snapshot.element(name.as_str())).collect()
    }

    /// The definitions of the elements that a selector names. Nothing is loaded.
    pub fn find_elements_define(&self, selector: &str) -> Result<Vec<Arc<ElementDefinition>>> {
        let snapshot = self.home.snapshot();
        let names = Selector::parse(selector)?.select(&snapshot);
        names.iter().map(|name| snapshot.definition(name.as_str())).collect()
    }

    /// The merged definition of an element. Nothing is loaded.
    pub fn get_element_define(&self, name: &str) -> Result<Arc<ElementDefinition>> {
        self.home.snapshot().definition(name)
    }

    /// The merged definitions of all sound elements, by name. Nothing is loaded.
    pub fn get_all_elements_define(&self) -> BTreeMap<ElementName, Arc<ElementDefinition>> {
        let snapshot = self.home.snapshot();
        let names = snapshot.names();
        names.into_iter().filter_map(|name| Some((name.clone(), snapshot.definition(name.as_str()).ok()?))).collect()
    }

    /// The running app and its parents, nearest first.
    pub fn app_hierarchy(&self) -> Vec<AppKey> {
        self.home.snapshot().chain().apps.iter().map(|app| app.key().clone()).collect()
    }

    /// The running app's id and version.
    pub fn key(&self) -> AppKey {
        self.home.snapshot().key().clone()
    }

    /// Everything that decides what an element is: its definitions, its type chain, its levels, the origin of
    /// every config value, what is wrong with it. Works on broken elements too.
    pub fn explain(&self, name: &str) -> Result<Explanation> {
        explain(&self.home.snapshot(), name)
    }

    /// The levels that answer calls of an element; of a Type or Meta, those that it gives to its instances. Nothing is
    /// loaded.
    pub fn levels(&self, name: &str) -> Result<Arc<Chain>> {
        self.home.snapshot().levels(name)
    }

    /// What is wrong with the app's files, as far as it is known without loading an element.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        self.home.snapshot().diagnostics().to_vec()
    }

    /// All that can be found wrong: also merges every config and loads every instance, which is free of input
    /// and output.
    pub fn check(&self) -> Vec<Diagnostic> {
        check(&self.home.snapshot(), Depth::Levels)
    }

    /// What can be found wrong without opening an element: also merges every config, and asks what is loaded already.
    pub fn check_definitions(&self) -> Vec<Diagnostic> {
        check(&self.home.snapshot(), Depth::Definitions)
    }

    /// A file of an element's front end: of the nearest definition that has it under its `frontend/`.
    pub fn frontend_file(&self, element: &str, file: &str) -> Option<Vec<u8>> {
        crate::frontend::frontend_file(&self.home.snapshot(), element, file)
    }

    /// The environment of the app: what placeholders take their values from.
    pub fn env_vars(&self) -> BTreeMap<String, String> {
        self.home.snapshot().environment().clone()
    }

    /// Reads what is on disk anew and puts it in the place of what was: see [`Reloaded`]. Nothing of it waits for
    /// readers or keeps them waiting.
    ///
    /// `changed` are the paths that may have changed, as a file watcher reports them; with none, all are looked at.
    /// Fails, and changes nothing, when the app chain as a whole is broken.
    pub fn reload(&self, changed: Option<&[PathBuf]>) -> Result<Reloaded, Vec<Diagnostic>> {
        reload(&self.home, changed)
    }

    /// What the last reload failed with: the app as a whole is broken on disk, and goes on as it was. Empty when the
    /// last reload succeeded. Waits for a reload that is in progress.
    pub fn reload_failure(&self) -> Vec<Diagnostic> {
        self.home.begin_reload().clone()
    }

    /// Reloads whenever files of the app or of its parents change, for as long as the returned value is kept.
    ///
    /// Where the system does not watch all of the app, everything is read every few seconds instead, and
    /// [`App::watch_problem`] says so.
    pub fn watch(&self) -> Result<Watching, WatchError> {
        Watching::start(&self.home)
    }

    /// What of the app's files cannot be watched, and what to do about that. `None` while they are watched, and while
    /// nothing is to be.
    pub fn watch_problem(&self) -> Option<Diagnostic> {
        self.home.watch_problem()
    }

    /// What every reload from now on did.
    pub fn subscribe(&self) -> broadcast::Receiver<Reloaded> {
        self.home.events().subscribe()
    }

    /// How many elements that reloads replaced or removed have retired.
    pub fn retirements(&self) -> Retirements {
        self.home.retirement().counts()
    }

    /// What the whole process shares.
    pub fn resources(&self) -> &Resources {
        self.home.resources()
    }

    /// The number of the app as it is now: every reload that changes something raises it.
    pub fn generation(&self) -> u64 {
        self.home.current().generation()
    }

    /// The app as it is now, for the length of a call.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.home.snapshot()
    }

    /// The app as it is now, as families see it.
    pub fn view(&self) -> Arc<dyn AppView> {
        self.home.snapshot()
    }
}

impl fmt::Debug for App {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "App({})", self.key())
    }
}
