//! The facade library: what `mti::App` adds to an app, and what an author of levels writes with.

#![expect(clippy::expect_used, reason = "a test that cannot go on panics")]

mod code_examples;
mod facade;
mod guide;
mod guide_of_logins;
mod levels;
mod readme;
mod visiting;
