//! Levels, steps and dispatch, without a registry.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod configs;
mod dispatch;
mod failures;
mod support;
