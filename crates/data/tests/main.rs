//! The public doors of `mti-data`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

mod contract;
mod crash;
mod data_types;
mod databases;
mod elements;
mod fixtures;
mod index_agrees;
mod q_binding;
mod q_syntax;
mod rows_read;
mod schemas;
mod sled_store;
mod transfer;
