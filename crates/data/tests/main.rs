//! The public doors of `mti-data`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

mod crash;
mod data_types;
mod databases;
mod databases_agree;
#[cfg(target_os = "linux")]
mod disk_full;
mod elements;
mod index_agrees;
mod postgres;
mod postgres_connect;
mod postgres_failover;
mod postgres_network;
mod q_binding;
mod q_syntax;
#[cfg(unix)]
mod replaced_directory;
mod rows_read;
mod schema_changes;
mod schemas;
mod shared_databases;
mod sled_store;
mod transfer;

/// What the testkit has for tests of databases.
mod contract {
    pub(crate) use mti_testkit::database::{Shared, find, insert, prepare};
}

use mti_testkit::database::fixtures;
