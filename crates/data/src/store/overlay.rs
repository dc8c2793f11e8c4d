use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use super::{Direction, Keyspace, Visitor};
use crate::DataError;

/// Keys that were set, or removed.
pub(crate) type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A key, and what was noted of it before: nothing, or its value or removal.
type Replaced = (Vec<u8>, Option<Option<Vec<u8>>>);

/// A keyspace with changes on top that are not in it yet, the newest of which can be taken back.
pub(crate) struct Overlay<'a, K> {
    base: &'a K,
    changes: Changes,
    /// What the changes since the last savepoint replaced.
    undo: Vec<Replaced>,
}

/// A value from either layer.
pub(crate) enum Layered<'a, B> {
    Changed(&'a [u8]),
    Base(B),
}

impl<'a, K: Keyspace> Overlay<'a, K> {
    pub(crate) fn new(base: &'a K) -> Self {
        Self { base, changes: Changes::new(), undo: Vec::new() }
    }

    pub(super) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.change(key, Some(value));
    }

    pub(super) fn remove(&mut self, key: Vec<u8>) {
        self.change(key, None);
    }

    /// Does all of a step or nothing of it.
    pub(crate) fn atomically<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<T, DataError>,
    ) -> Result<T, DataError> {
        self.undo.clear();
        let result = step(self);
        if result.is_err() {
            self.take_back();
        }
        result
    }

    /// How many keys have changed.
    pub(crate) fn len(&self) -> usize {
        self.changes.len()
    }

    pub(crate) fn into_changes(self) -> Changes {
        self.changes
    }

    fn change(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        let before = self.changes.insert(key.clone(), value);
        self.undo.push((key, before));
    }

    fn take_back(&mut self) {
        while let Some((key, before)) = self.undo.pop() {
            match before {
                Some(value) => self.changes.insert(key, value),
                None => self.changes.remove(&key),
            };
        }
    }
}

impl<K: Keyspace> Keyspace for Overlay<'_, K> {
    fn get(&self, key: &[u8]) -> Result<Option<impl AsRef<[u8]>>, DataError> {
        match self.changes.get(key) {
            Some(changed) => Ok(changed.as_deref().map(Layered::Changed)),
            None => Ok(self.base.get(key)?.map(Layered::Base)),
        }
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        direction: Direction,
        visit: &mut Visitor<'_>,
    ) -> Result<ControlFlow<()>, DataError> {
        if from >= to {
            return Ok(ControlFlow::Continue(()));
        }
        let changes = self.changes.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
        let (changes, earlier): (Box<dyn Iterator<Item = _>>, _) = match direction {
            Direction::Forward => (Box::new(changes), Ordering::Less),
            Direction::Backward => (Box::new(changes.rev()), Ordering::Greater),
        };
        let mut changes = changes.peekable();
        let below = self.base.scan(from, to, direction, &mut |key, value| {
            while let Some((changed, new)) = changes.next_if(|(changed, _)| changed.as_slice().cmp(key) == earlier) {
                if let Some(new) = new
                    && visit(changed, new)?.is_break()
                {
                    return Ok(ControlFlow::Break(()));
                }
            }
            match changes.next_if(|(changed, _)| changed.as_slice() == key) {
                Some((_, None)) => Ok(ControlFlow::Continue(())),
                Some((_, Some(new))) => visit(key, new),
                None => visit(key, value),
            }
        })?;
        if below.is_break() {
            return Ok(below);
        }
        for (changed, new) in changes {
            if let Some(new) = new
                && visit(changed, new)?.is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

impl<B: AsRef<[u8]>> AsRef<[u8]> for Layered<'_, B> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Changed(value) => value,
            Self::Base(value) => value.as_ref(),
        }
    }
}
