//! Findings, for people and for programs.

mod human;
mod json;

pub use human::human;
pub use json::json;
