//! Levels, steps and dispatch, without a registry.

mod dispatch;
mod failures;
mod support;
