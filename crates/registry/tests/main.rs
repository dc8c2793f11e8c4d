//! Apps on disk, resolved to live elements.

mod check;
mod explain;
mod lazy;
mod levels;
mod quarantine;
mod resolve;
mod selectors;
mod words;
