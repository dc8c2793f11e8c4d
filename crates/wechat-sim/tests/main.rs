//! The simulator, through HTTP.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod authorize;
mod contract;
mod control;
mod control_page;
mod faults;
mod guard;
mod inside_wechat;
mod lifetimes;
mod look;
mod people;
mod qr_login;
mod registering;
mod server_calls;
mod support;
mod tls;
