//! The WeChat client, through its public doors, against a server that answers what it is told to.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod answers;
mod authorize;
mod code;
mod endpoints;
mod errcodes;
mod faults;
mod leaks;
mod profile;
mod qr_code;
mod retry;
mod support;
