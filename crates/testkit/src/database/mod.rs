//! What every database is held to, and PostgreSQL servers to hold it on.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a check that does not hold panics: that is what it is for"
)]

mod batches;
mod contract;
pub mod fixtures;
mod postgres;
mod queries;
mod rows;
mod schema_changes;
mod tables;
mod uniqueness;

pub use contract::{Shared, find, insert, prepare};
pub use postgres::{PostgresServer, PostgresSettings, TestDatabase};

/// The checks, each for an empty database. [`database_contract`](crate::database_contract) makes tests of them.
pub mod checks {
    pub use super::batches::*;
    pub use super::queries::*;
    pub use super::rows::*;
    pub use super::schema_changes::*;
    pub use super::tables::*;
    pub use super::uniqueness::*;
}
