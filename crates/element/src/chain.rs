use std::fmt;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use mti_core::{AppKey, ElementName};

use crate::{LevelCode, MethodDescriptor};

/// The code of an element, most derived level first: its own, then that of its Type, of its Type's Type and so
/// on, each name with its overrides from the running app down to the base.
///
/// A call enters at the first level that implements the method. `sup` goes on at the first one after the
/// calling level that does.
#[derive(Default)]
pub struct Chain {
    levels: Vec<ChainLevel>,
    slots: HashMap<Box<str>, Slot, RandomState>,
}

/// One level of a chain: which definition it comes from, and its code.
#[derive(Debug, Clone)]
pub struct ChainLevel {
    /// The element whose definition declares the code.
    pub element: ElementName,
    /// The app that the definition belongs to.
    pub app: AppKey,
    /// The code.
    pub code: Arc<dyn LevelCode>,
}

/// A method of a chain, with its places.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    pub(crate) method: &'static str,
    /// Most derived level first.
    pub(crate) places: Vec<Place>,
}

/// Where a method is implemented: the level in the chain, and the method in the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) level: u32,
    pub(crate) method: u32,
}

impl Chain {
    /// Joins levels to a chain, most derived first.
    pub fn new(levels: Vec<ChainLevel>) -> Self {
        let mut slots: HashMap<Box<str>, Slot, RandomState> = HashMap::default();
        for (level, chain_level) in (0..).zip(&levels) {
            for (method, descriptor) in (0..).zip(chain_level.code.methods()) {
                let slot = slots
                    .entry(descriptor.name.into())
                    .or_insert_with(|| Slot { method: descriptor.name, places: Vec::new() });
                slot.places.push(Place { level, method });
            }
        }
        Self { levels, slots }
    }

    /// The levels, most derived first.
    pub fn levels(&self) -> &[ChainLevel] {
        &self.levels
    }

    /// The names of all methods, in order.
    pub fn method_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.slots.keys().map(AsRef::as_ref).collect();
        names.sort_unstable();
        names
    }

    /// Every level that implements a method, most derived first, with the descriptor that it has there.
    pub fn implementations(&self, method: &str) -> impl Iterator<Item = (&ChainLevel, &MethodDescriptor)> {
        self.slots.get(method).into_iter().flat_map(|slot| &slot.places).filter_map(|place| {
            let level = self.levels.get(place.level as usize)?;
            Some((level, level.code.methods().get(place.method as usize)?))
        })
    }

    /// A method with its places, if any level implements it.
    pub(crate) fn slot(&self, method: &str) -> Option<&Slot> {
        self.slots.get(method)
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(&self.levels).finish()
    }
}
