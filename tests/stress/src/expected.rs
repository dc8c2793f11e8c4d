use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Value, json};

use crate::objects::RetireMode;
use crate::sources::{Door, Layer, Sources};

/// What calls must answer, given what was on disk at every reload: the last good version of everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Expected {
    /// The words that there are.
    pub(crate) words: BTreeMap<String, Word>,
    /// The levels that the Type of the words gives its instances.
    levels: Levels,
    /// The number of both stamps.
    pub(crate) stamp: u64,
    /// The version of the guard.
    pub(crate) guard: u64,
    /// The elements that must be served in their last good version.
    pub(crate) outdated: BTreeSet<String>,
}

/// By app: version, and what the app's code shares.
type Levels = BTreeMap<&'static str, (u64, u64)>;

/// What one word is made of. The same word twice is the same live object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Word {
    value: u64,
    retire: RetireMode,
    levels: Levels,
    title: u64,
}

impl Word {
    /// Whether a live object of one word may not be kept for the other.
    pub(crate) fn is_another_object_than(&self, other: &Self) -> bool {
        (self.value, self.retire, &self.levels) != (other.value, other.retire, &other.levels)
    }

    /// The title in its definition.
    pub(crate) fn title(&self) -> String {
        self.title.to_string()
    }

    /// Whether an answer of `read` is of this word.
    pub(crate) fn is_answered_by(&self, answer: &Value) -> bool {
        answer.get("value") == Some(&json!(self.value)) && answer.get("levels") == Some(&json!(self.levels))
    }
}

impl Expected {
    /// What is to be served after a reload of these files.
    pub(crate) fn after(&self, sources: &Sources) -> Self {
        let mut next = self.clone();
        next.outdated.clear();
        if sources.joined_layers().all(|(_, code)| code.is_sound()) {
            next.levels = sources
                .joined_layers()
                .map(|(layer, code)| {
                    let shared = if layer == Layer::Child { sources.shared } else { 0 };
                    (layer.app(), (code.version, shared))
                })
                .collect();
        } else {
            next.outdated.insert("words.Type".to_owned());
        }
        next.words = sources
            .visible_words()
            .filter_map(|(name, source)| {
                let kept = self.words.get(name);
                let word = match (kept, source.breakage) {
                    (_, None) => Word {
                        value: source.value,
                        retire: source.retire,
                        levels: next.levels.clone(),
                        title: source.title,
                    },
                    (Some(kept), Some(_)) => {
                        next.outdated.insert(name.clone());
                        kept.clone()
                    }
                    (None, Some(_)) => return None,
                };
                Some((name.clone(), word))
            })
            .collect();
        if sources.stamp_is_broken {
            next.outdated.insert("stamps.Type".to_owned());
        } else {
            next.stamp = sources.stamp;
        }
        if sources.guard.is_sound() && sources.door == Door::There {
            next.guard = sources.guard.version;
        } else {
            next.outdated.insert("doors.Type".to_owned());
        }
        next
    }
}

/// What is expected, for callers: they compare only while nothing is being changed.
#[derive(Debug, Default)]
pub(crate) struct Published {
    /// Odd while a change is under way.
    number: AtomicU64,
    expected: RwLock<Arc<Expected>>,
}

impl Published {
    /// What is expected now, with the number by which [`Published::still_holds`] knows it. `None` during a change.
    pub(crate) fn settled(&self) -> Option<(u64, Arc<Expected>)> {
        let number = self.number.load(Ordering::SeqCst);
        let expected = Arc::clone(&self.expected.read().unwrap_or_else(PoisonError::into_inner));
        (number.is_multiple_of(2) && self.still_holds(number)).then_some((number, expected))
    }

    /// Whether nothing has changed since.
    pub(crate) fn still_holds(&self, number: u64) -> bool {
        self.number.load(Ordering::SeqCst) == number
    }

    /// What was expected last.
    pub(crate) fn latest(&self) -> Arc<Expected> {
        Arc::clone(&self.expected.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins a change: from now on nothing is compared.
    pub(crate) fn begin(&self) {
        self.number.fetch_add(1, Ordering::SeqCst);
    }

    /// Ends a change.
    pub(crate) fn end(&self, expected: Expected) {
        *self.expected.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(expected);
        self.number.fetch_add(1, Ordering::SeqCst);
    }
}
