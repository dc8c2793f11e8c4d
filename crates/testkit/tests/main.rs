//! The contract of login Types: the demo app keeps to it, and overrides that do not are found.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails is a test that fails")]

mod login;
