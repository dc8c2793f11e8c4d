//! What tests of apps and of Types are written with.
//!
//! A whole app tree is one string: see [`Tree`].

mod tree;

pub use tree::Tree;
