use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use mti_core::ElementName;
use mti_element::{AppView, ElementSource, Fail, Live, Result, RunningApp};

use crate::home::Home;

/// The place of one name in one app: what a handle points to.
///
/// Places are never freed, so a handle is a plain reference: taking one writes to no shared memory, and it can
/// neither dangle nor keep an old element alive. What stays behind when an app is dropped is some fifty bytes for
/// each name that it ever had.
pub(crate) struct Slot {
    pub(crate) name: ElementName,
    /// Where the element of this name is in every snapshot of the app.
    pub(crate) index: usize,
    /// Whether the current element was loaded. A stale `true` does no harm: calls look for themselves.
    ready: AtomicBool,
    home: Weak<Home>,
}

/// The places of an app's names, past and present.
#[derive(Debug)]
pub(crate) struct Slots {
    home: Weak<Home>,
    by_name: Mutex<HashMap<ElementName, &'static Slot>>,
}

impl Slots {
    pub(crate) fn new(home: Weak<Home>) -> Self {
        Self { home, by_name: Mutex::default() }
    }

    /// The place of a name, made if the app never had the name before.
    pub(crate) fn place_of(&self, name: &ElementName) -> &'static Slot {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = by_name.get(name) {
            return slot;
        }
        let slot: &'static Slot = Box::leak(Box::new(Slot {
            name: name.clone(),
            index: by_name.len(),
            ready: AtomicBool::new(false),
            home: self.home.clone(),
        }));
        by_name.insert(name.clone(), slot);
        slot
    }
}

impl Slot {
    #[inline]
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    pub(crate) fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    pub(crate) fn clear_ready(&self) {
        self.ready.store(false, Ordering::Release);
    }

    pub(crate) fn home(&self) -> Result<Arc<Home>> {
        self.home.upgrade().ok_or_else(|| {
            Fail::ELEMENT_EXCEPTION.failure().noting(format!(
                "the app that `{}` belongs to was dropped: keep the `App` for as long as its elements are used",
                self.name
            ))
        })
    }
}

impl ElementSource for Slot {
    fn name(&self) -> &ElementName {
        &self.name
    }

    fn enter(&self) -> Result<(Arc<Live>, Arc<dyn AppView>)> {
        let snapshot = self.home()?.snapshot();
        let live = snapshot.node_at(self)?.live()?;
        Ok((live, snapshot))
    }

    fn app(&self) -> Result<Arc<dyn RunningApp>> {
        Ok(self.home()?)
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Slot({})", self.name)
    }
}
