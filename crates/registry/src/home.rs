use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use mti_core::{AppKey, AppSearchPath, Diagnostic};
use mti_element::{AppView, Resources, RunningApp};
use serde_json::Value;
use tokio::sync::broadcast;

use crate::codes::Codes;
use crate::current::Current;
use crate::reload::Reloaded;
use crate::retirement::Retirement;
use crate::slot::Slots;
use crate::snapshot::Snapshot;

/// How many reloads a subscriber may lag behind before it misses one.
const EVENT_CAPACITY: usize = 64;

/// What an app is beyond its snapshots: how they are made, and what the process shares.
#[derive(Debug)]
pub(crate) struct Home {
    recipe: Recipe,
    resources: Arc<Resources>,
    slots: Slots,
    current: Current,
    /// What the last reload failed with. Holding it makes a reload the only one.
    reload_failure: Mutex<Vec<Diagnostic>>,
    /// What of the app cannot be watched.
    watch_problem: Mutex<Option<Diagnostic>>,
    retirement: Retirement,
    events: broadcast::Sender<Reloaded>,
}

/// Everything that every snapshot is made with besides the files.
pub(crate) struct Recipe {
    /// Where parents are looked for.
    pub(crate) search: AppSearchPath,
    /// The code in this binary.
    pub(crate) codes: Codes,
    /// Config that lies below everything else, by the Type that it is for.
    pub(crate) type_defaults: BTreeMap<String, Value>,
    /// Reads what placeholders take their values from.
    pub(crate) environment: Box<dyn Fn() -> BTreeMap<String, String> + Send + Sync>,
    /// The files that it reads, as absolute paths.
    pub(crate) environment_files: Vec<PathBuf>,
}

/// What the elements of a snapshot are made of besides their files. Snapshots share it for as long as it stays the
/// same.
#[derive(Debug, PartialEq)]
pub(crate) struct Inputs {
    /// The running app.
    pub(crate) running: AppKey,
    /// What placeholders take their values from.
    pub(crate) environment: BTreeMap<String, String>,
    /// Config that lies below everything else, by the Type that it is for.
    pub(crate) type_defaults: BTreeMap<String, Value>,
}

impl Home {
    pub(crate) fn new(
        recipe: Recipe,
        resources: Arc<Resources>,
        first: impl FnOnce(&Recipe, &Arc<Resources>, &Slots) -> Snapshot,
    ) -> Arc<Self> {
        Arc::new_cyclic(|home| {
            let slots = Slots::new(Weak::clone(home));
            let current = Current::new(Arc::new(first(&recipe, &resources, &slots)));
            Self {
                recipe,
                resources,
                slots,
                current,
                reload_failure: Mutex::default(),
                watch_problem: Mutex::default(),
                retirement: Retirement::default(),
                events: broadcast::Sender::new(EVENT_CAPACITY),
            }
        })
    }

    pub(crate) fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    pub(crate) fn resources(&self) -> &Arc<Resources> {
        &self.resources
    }

    pub(crate) fn slots(&self) -> &Slots {
        &self.slots
    }

    pub(crate) fn current(&self) -> &Current {
        &self.current
    }

    pub(crate) fn retirement(&self) -> &Retirement {
        &self.retirement
    }

    pub(crate) fn events(&self) -> &broadcast::Sender<Reloaded> {
        &self.events
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load()
    }

    /// Begins a reload, one at a time, with what the last one failed with.
    pub(crate) fn begin_reload(&self) -> MutexGuard<'_, Vec<Diagnostic>> {
        self.reload_failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What of the app cannot be watched.
    pub(crate) fn watch_problem(&self) -> Option<Diagnostic> {
        self.watch_problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces what is known not to be watched, and returns what was known before.
    pub(crate) fn set_watch_problem(&self, problem: Option<Diagnostic>) -> Option<Diagnostic> {
        mem::replace(&mut *self.watch_problem.lock().unwrap_or_else(PoisonError::into_inner), problem)
    }
}

impl RunningApp for Home {
    fn now(&self) -> Arc<dyn AppView> {
        self.snapshot()
    }
}

impl Recipe {
    /// What elements are made of now. What is the same as before is shared with before.
    pub(crate) fn inputs(&self, running: AppKey, before: Option<&Arc<Inputs>>) -> Arc<Inputs> {
        let now = Inputs { running, environment: (self.environment)(), type_defaults: self.type_defaults.clone() };
        match before {
            Some(before) if **before == now => Arc::clone(before),
            _ => Arc::new(now),
        }
    }
}

impl fmt::Debug for Recipe {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Recipe")
            .field("search", &self.search)
            .field("codes", &self.codes)
            .finish_non_exhaustive()
    }
}
