//! The built `mti` command, from outside: what it prints, how it ends, and whole logins over HTTP.

#![expect(clippy::expect_used, reason = "a test that cannot go on panics")]

mod calling;
mod checking;
mod database;
#[cfg(unix)]
mod deploying;
#[cfg(target_os = "linux")]
mod disk_full;
mod durability;
mod failover;
mod killed;
mod login;
mod looking;
mod making;
mod many_nodes;
#[cfg(target_os = "linux")]
mod memory;
mod overriding;
mod own_code;
mod postgresql;
mod reloading;
mod schemas;
mod secrets;
mod serving;
mod simulator;
mod support;
mod tickets;
#[cfg(target_os = "linux")]
mod watching;
