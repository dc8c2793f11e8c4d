use std::any::{Any, TypeId, type_name};
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use mti_core::{AppKey, ElementName};

use crate::{CallContext, Element, ElementDefinition, Facade, Frame, Live, Result, This};

/// The app as families see it, at one moment: a snapshot that does not change under a call. The registry
/// implements it.
pub trait AppView: Send + Sync + fmt::Debug {
    /// The running app.
    fn key(&self) -> &AppKey;

    /// Whether there is an element of that name, in whatever state. Cheap, also for names that nobody has.
    fn contains(&self, name: &str) -> bool;

    /// The live object of that name, loaded if it is not yet.
    fn live(&self, name: &str) -> Result<Arc<Live>>;

    /// A handle to the element of that name, which follows reloads.
    fn element(&self, name: &str) -> Result<Element>;

    /// The merged definition of that name. Nothing is loaded.
    fn definition(&self, name: &str) -> Result<Arc<ElementDefinition>>;

    /// The names of all elements, in order. Nothing is loaded.
    fn names(&self) -> Vec<ElementName>;

    /// The names of the instances whose type chain holds `type_name`, in order. Nothing is loaded.
    fn instances_of(&self, type_name: &str) -> Vec<ElementName>;

    /// The default element of a kind, such as `defaultDatabase`: its full name as the nearest app gives it in
    /// `settings.defaultElement`.
    fn default_element(&self, kind: &str) -> Option<&str>;

    /// The environment of the app: the variables that placeholders take their values from.
    fn environment(&self) -> &BTreeMap<String, String>;

    /// What the whole process shares.
    fn resources(&self) -> &Resources;
}

/// The app, as a step reaches it.
pub struct AppHandle<'a> {
    place: Place<'a>,
}

enum Place<'a> {
    Within(&'a Frame<'a>),
    Beside(&'a CallContext, Option<&'a Frame<'a>>),
    Outside(&'a Arc<dyn AppView>),
    Now(Arc<dyn AppView>),
}

impl<'a> AppHandle<'a> {
    pub(crate) fn within(frame: &'a Frame<'a>) -> Self {
        Self { place: Place::Within(frame) }
    }

    pub(crate) fn beside(context: &'a CallContext, caller: Option<&'a Frame<'a>>) -> Self {
        Self { place: Place::Beside(context, caller) }
    }

    /// The app outside of any call: what is called through it is trusted, and stays on this snapshot.
    pub fn outside(view: &'a Arc<dyn AppView>) -> Self {
        Self { place: Place::Outside(view) }
    }

    /// The app as of now, for a handle that is held outside of any call: what is asked for through it follows reloads.
    pub(crate) fn now(view: Arc<dyn AppView>) -> Self {
        Self { place: Place::Now(view) }
    }

    /// Another element through the steps of its Type. It is called as part of the same call: same snapshot, same
    /// visitor.
    pub fn get<F: Facade<'a>>(&self, name: &str) -> Result<F> {
        let (context, caller) = match &self.place {
            Place::Within(frame) => (frame.context().clone(), Some(*frame)),
            Place::Beside(context, caller) => ((*context).clone(), *caller),
            Place::Outside(view) => (CallContext::in_process(Arc::clone(view)), None),
            Place::Now(view) => return F::checked(This::outside(view.element(name)?)?),
        };
        F::checked(This::beside(self.view().live(name)?, context, caller))
    }

    /// The names of the instances whose type chain holds `type_name`, in order. Nothing is loaded.
    pub fn instances_of(&self, type_name: &str) -> Vec<ElementName> {
        self.view().instances_of(type_name)
    }

    /// The app at the moment that the call began.
    pub fn view(&self) -> &Arc<dyn AppView> {
        match &self.place {
            Place::Within(frame) => frame.context().app(),
            Place::Beside(context, _) => context.app(),
            Place::Outside(view) => view,
            Place::Now(view) => view,
        }
    }

    /// What the whole process shares of this type; made by `make` when it is asked for first.
    pub fn resource<R: Send + Sync + 'static>(&self, make: impl FnOnce() -> R) -> Arc<R> {
        self.view().resources().get_or_insert_with(make)
    }
}

impl fmt::Debug for AppHandle<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AppHandle({})", self.view().key())
    }
}

/// What a process has one of, by type: an HTTP client, a clock, the place where data lies.
#[derive(Default)]
pub struct Resources {
    values: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Resources {
    /// Adds a resource and gives back the one of that type that was there before, if any.
    pub fn insert<R: Send + Sync + 'static>(&self, resource: R) -> Option<Arc<R>> {
        let earlier = self.lock().insert(TypeId::of::<R>(), Arc::new(resource));
        earlier.and_then(|earlier| earlier.downcast().ok())
    }

    /// The resource of a type.
    pub fn get<R: Send + Sync + 'static>(&self) -> Option<Arc<R>> {
        self.lock().get(&TypeId::of::<R>()).cloned().and_then(|resource| resource.downcast().ok())
    }

    /// The resource of a type, made now if there is none. `make` may ask for other resources. Threads that ask for the
    /// same type at once may each make one; the first is kept, and all get that one.
    pub fn get_or_insert_with<R: Send + Sync + 'static>(&self, make: impl FnOnce() -> R) -> Arc<R> {
        if let Some(found) = self.get() {
            return found;
        }
        let resource = Arc::new(make());
        let mut values = self.lock();
        let kept = Arc::clone(values.entry(TypeId::of::<R>()).or_insert_with(|| Arc::clone(&resource) as _));
        kept.downcast().unwrap_or(resource)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<TypeId, Arc<dyn Any + Send + Sync>>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Resources {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}({})", type_name::<Self>(), self.lock().len())
    }
}
