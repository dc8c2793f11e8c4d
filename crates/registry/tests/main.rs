//! Apps on disk, resolved to live elements.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod check;
mod explain;
mod languages;
mod lazy;
mod levels;
mod live_cells;
mod lost_code;
mod merging;
mod quarantine;
mod reload;
mod resolve;
mod selectors;
mod watching;
mod words;
