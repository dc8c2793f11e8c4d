//! What the tests drive the command with.

mod browser;
mod command;
mod eventually;
mod server;
mod tree;

pub(crate) use browser::{Answer, Browser, client_builder};
pub(crate) use command::{command, mti, mti_in, signal};
pub(crate) use eventually::eventually;
pub(crate) use server::{Server, free_address};
pub(crate) use tree::{APP_ID, LOGIN, Tree, demo};
