//! The login family against a scripted open platform, through the doors that callers use.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails is a test that fails")]

mod authorize;
mod bind;
mod bindings;
mod clock;
mod config;
mod demo;
mod issuing;
mod leaks;
mod overrides;
mod own_codes;
mod password_changes;
mod password_tries;
mod passwords;
mod permission;
mod profiles;
mod races;
mod sessions;
mod sharing;
mod sign_in;
mod support;
mod sweep;
mod tickets;
