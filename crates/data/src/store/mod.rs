//! The engine over ordered keys that the embedded databases share: how rows, unique combinations, indexes and counters
//! become keys, how a batch is carried out, and how a filter finds its rows.

mod execute;
mod find;
mod keys;
mod overlay;
mod plan;
mod prepare;
mod rows;
mod table;
mod transfer;

#[cfg(feature = "postgres")]
pub(crate) use execute::MAX_OPERATIONS;
pub(crate) use execute::execute;
pub(crate) use find::{aggregate, find};
pub(crate) use keys::{COMMITS_KEY, FORMAT, FORMAT_KEY};
pub(crate) use overlay::{Changes, Overlay};
pub(crate) use prepare::{changes, prepare, prepare_again};
pub(crate) use table::Tables;
pub(crate) use transfer::{Importer, discard_some, export};

use std::ops::ControlFlow;

use crate::DataError;

/// What is called with one key and its value; it says whether to go on.
pub(crate) type Visitor<'a> = dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, DataError> + 'a;

/// Keys in order, each with its value.
pub(crate) trait Keyspace {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<impl AsRef<[u8]>>, DataError>;

    /// Visits the keys from `from` up to, but not including, `to`, or the same backwards.
    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        direction: Direction,
        visit: &mut Visitor<'_>,
    ) -> Result<ControlFlow<()>, DataError>;
}

/// In which direction keys are visited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The smallest key first.
    Forward,
    /// The largest key first.
    Backward,
}
