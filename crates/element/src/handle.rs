use std::fmt;
use std::sync::Arc;

use mti_core::ElementName;
use serde_json::Value;

use crate::{AppView, CallContext, ElementDefinition, Facade, Live, NativeCall, Result, StepValue, This, Visitor};

/// A handle to an element. It is a copyable word and follows reloads: every call goes to the element as it is at
/// that moment, and finishes on the snapshot that it began on. Keep the app for as long as handles are used.
#[derive(Clone, Copy)]
pub struct Element {
    source: &'static dyn ElementSource,
}

/// What stands behind an [`Element`]: the place of one name in an app. The registry implements it.
pub trait ElementSource: Send + Sync {
    /// The full name.
    fn name(&self) -> &ElementName;

    /// The live object as of now, and the snapshot that it belongs to.
    fn enter(&self) -> Result<(Arc<Live>, Arc<dyn AppView>)>;

    /// The app that the name belongs to.
    fn app(&self) -> Result<Arc<dyn RunningApp>>;
}

/// An app, which reloads replace one snapshot of after the other. Whoever holds it keeps the app, and no snapshot. The
/// registry implements it.
pub trait RunningApp: Send + Sync {
    /// The app as of now.
    fn now(&self) -> Arc<dyn AppView>;
}

impl Element {
    /// A handle to a place that the registry keeps for as long as the process lives.
    pub fn new(source: &'static dyn ElementSource) -> Self {
        Self { source }
    }

    /// The full name.
    pub fn name(&self) -> &'static ElementName {
        self.source.name()
    }

    /// The definition as of now, overrides merged.
    pub fn definition(&self) -> Result<Arc<ElementDefinition>> {
        self.app()?.definition(self.name().as_str())
    }

    /// Calls a method in process: a JSON object of named arguments in, JSON out. Such a call is trusted.
    pub async fn call(&self, method: &str, arguments: Value) -> Result<Value> {
        let (live, app) = self.enter()?;
        live.call(&CallContext::in_process(app), method, arguments).await
    }

    /// Calls a method for a visitor from outside. The interface that the element declares is the caller's to
    /// check: see [`ElementDefinition::function`].
    pub async fn call_for(&self, visitor: Arc<Visitor>, method: &str, arguments: Value) -> Result<Value> {
        let (live, app) = self.enter()?;
        live.call(&CallContext::remote(app, visitor), method, arguments).await
    }

    /// Reads a property as the Rust value that it is.
    pub async fn property<T: StepValue>(&self, name: &str) -> Result<T> {
        let call = NativeCall::<(), T>::new((), |()| Ok(Value::Null));
        This::outside(*self)?.invoke(name, call).await
    }

    /// The element through the steps of its Type: typed calls that follow reloads.
    pub fn through<F: Facade<'static>>(&self) -> Result<F> {
        F::checked(This::outside(*self)?)
    }

    /// The live object as of now.
    pub fn live(&self) -> Result<Arc<Live>> {
        Ok(self.source.enter()?.0)
    }

    pub(crate) fn enter(&self) -> Result<(Arc<Live>, Arc<dyn AppView>)> {
        self.source.enter()
    }

    /// The app that it belongs to, as of now.
    pub fn app(&self) -> Result<Arc<dyn AppView>> {
        Ok(self.source.app()?.now())
    }

    pub(crate) fn running_app(&self) -> Result<Arc<dyn RunningApp>> {
        self.source.app()
    }
}

/// Two handles are the same when they lead to the same name of the same app.
impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::addr_eq(self.source, other.source)
    }
}

impl Eq for Element {}

impl fmt::Debug for Element {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Element({})", self.name())
    }
}
