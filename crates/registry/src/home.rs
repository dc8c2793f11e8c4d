use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use mti_core::AppKey;
use mti_element::Resources;
use serde_json::Value;

use crate::codes::Codes;
use crate::current::Current;
use crate::slot::Slots;
use crate::snapshot::Snapshot;

/// What an app is beyond its snapshots: how they are made, and what the process shares.
#[derive(Debug)]
pub(crate) struct Home {
    recipe: Recipe,
    resources: Arc<Resources>,
    #[expect(dead_code, reason = "a reload finds the places of its names here")]
    slots: Slots,
    current: Current,
}

/// Everything that a snapshot is made of besides the files.
#[derive(Debug)]
pub(crate) struct Recipe {
    /// The running app.
    pub(crate) running: AppKey,
    /// The code in this binary.
    pub(crate) codes: Codes,
    /// What placeholders take their values from.
    pub(crate) environment: Arc<BTreeMap<String, String>>,
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
            Self { recipe, resources, slots, current }
        })
    }

    pub(crate) fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    pub(crate) fn resources(&self) -> &Resources {
        &self.resources
    }

    pub(crate) fn current(&self) -> &Current {
        &self.current
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load()
    }
}
