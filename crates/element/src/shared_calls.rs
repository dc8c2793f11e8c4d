use std::fmt;
use std::sync::Arc;

use crate::{AppView, BoxFuture, Result};

/// The calls of one client: of an address, or of the network that it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallCount {
    /// The client: the same number in every process.
    pub client: u64,
    /// How many calls.
    pub calls: u64,
}

/// Where the processes that serve one app tell each other how much their clients call. The login family implements it
/// over a table; the HTTP server, which asks for it about once a second, knows no tables.
pub trait SharedCalls: Send + Sync + fmt::Debug {
    /// Tells the other processes what was counted here since the last time, and gives what they have told since then.
    fn exchange(&self, app: Arc<dyn AppView>, counted: Vec<CallCount>) -> BoxFuture<'_, Result<Vec<CallCount>>>;
}
