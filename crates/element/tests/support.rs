//! An app in memory: names and live objects, nothing on disk.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use mti_core::manifest::ElementManifest;
use mti_core::merge::{Layer, Layered, SourceRef};
use mti_core::{AppId, AppKey, ElementName};
use mti_element::{
    AppView, Chain, ChainLevel, Element, ElementDefinition, ElementSource, Fail, Kind, LevelCode, Live, Resources,
    Result, RunningApp, Value,
};

/// An app with the elements that a test puts into it.
#[derive(Debug)]
pub(crate) struct TestApp {
    key: AppKey,
    lives: OnceLock<BTreeMap<String, Arc<Live>>>,
    resources: Resources,
    environment: BTreeMap<String, String>,
}

/// An element to be: its name, its type, its config and its levels, most derived first.
pub(crate) struct Declared {
    pub(crate) name: &'static str,
    pub(crate) types: &'static [&'static str],
    pub(crate) config: Value,
    pub(crate) levels: Vec<Arc<dyn LevelCode>>,
}

impl TestApp {
    pub(crate) fn with(elements: Vec<Declared>) -> Arc<Self> {
        Self::try_with(elements).unwrap()
    }

    pub(crate) fn try_with(elements: Vec<Declared>) -> Result<Arc<Self>> {
        let key = AppKey { id: AppId::parse("acme.test").unwrap(), version: "1.0.0".parse().unwrap() };
        let app = Arc::new(Self {
            key,
            lives: OnceLock::new(),
            resources: Resources::default(),
            environment: BTreeMap::new(),
        });
        let lives = elements
            .into_iter()
            .map(|declared| Ok((declared.name.to_owned(), Arc::new(app.open(declared)?))))
            .collect::<Result<_>>()?;
        app.lives.set(lives).unwrap();
        Ok(app)
    }

    pub(crate) fn element(self: &Arc<Self>, name: &str) -> Element {
        let live = self.live(name).unwrap();
        Element::new(Box::leak(Box::new(Handle { name: live.name().clone(), app: Arc::clone(self) })))
    }

    fn open(&self, declared: Declared) -> Result<Live> {
        let name = ElementName::parse(declared.name)?;
        let origin = SourceRef { app: self.key.clone(), file: Arc::from("config.json"), text: None };
        let definition = ElementDefinition {
            name: name.clone(),
            app: self.key.clone(),
            kind: Kind::Instance,
            title: "a test".to_owned(),
            types: declared.types.iter().map(|name| ElementName::parse(name)).collect::<Result<_, _>>()?,
            functions: Vec::new(),
            header: ElementManifest::default(),
            manifest: Layered::default(),
            initial_rows: Arc::default(),
            initial_rows_findings: Arc::default(),
            findings: Vec::new(),
            config: Layered::new(vec![Layer { origin, value: declared.config }]),
            config_schema: None,
        };
        let levels = declared
            .levels
            .into_iter()
            .map(|code| ChainLevel { element: name.clone(), app: self.key.clone(), code })
            .collect();
        Live::open(Arc::new(definition), Arc::new(Chain::new(levels)), &self.resources, 1)
    }
}

impl AppView for TestApp {
    fn key(&self) -> &AppKey {
        &self.key
    }

    fn contains(&self, name: &str) -> bool {
        self.live(name).is_ok()
    }

    fn live(&self, name: &str) -> Result<Arc<Live>> {
        self.lives.get().and_then(|lives| lives.get(name)).cloned().ok_or_else(|| Fail::ELEMENT_NOT_FOUND.failure())
    }

    fn element(&self, _: &str) -> Result<Element> {
        Err(Fail::ELEMENT_NOT_FOUND.failure())
    }

    fn definition(&self, name: &str) -> Result<Arc<ElementDefinition>> {
        Ok(Arc::clone(self.live(name)?.definition()))
    }

    fn names(&self) -> Vec<ElementName> {
        Vec::new()
    }

    fn instances_of(&self, _: &str) -> Vec<ElementName> {
        Vec::new()
    }

    fn default_element(&self, _: &str) -> Option<&str> {
        None
    }

    fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    fn resources(&self) -> &Resources {
        &self.resources
    }
}

struct Handle {
    name: ElementName,
    app: Arc<TestApp>,
}

impl ElementSource for Handle {
    fn name(&self) -> &ElementName {
        &self.name
    }

    fn enter(&self) -> Result<(Arc<Live>, Arc<dyn AppView>)> {
        Ok((self.app.live(self.name.as_str())?, Arc::clone(&self.app) as _))
    }

    fn app(&self) -> Result<Arc<dyn RunningApp>> {
        Ok(Arc::new(Unchanging(Arc::clone(&self.app))))
    }
}

/// An app that is never reloaded.
struct Unchanging(Arc<TestApp>);

impl RunningApp for Unchanging {
    fn now(&self) -> Arc<dyn AppView> {
        Arc::clone(&self.0) as _
    }
}
