//! The server through its only door: HTTP.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

mod arguments;
mod calls;
mod client;
mod element_files;
mod garbage;
mod keep_alive;
mod lifecycle;
mod limits;
mod observability;
mod openapi;
mod pages;
mod portal_scripts;
mod proxies;
mod sessions;
mod shop;
mod visits;
