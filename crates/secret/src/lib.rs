//! [`Secret`]: a value that is never shown.
//!
//! The crate depends on nothing of ours, so that a protocol client can keep its secrets without knowing elements.

mod sealed_secrets;
mod secret;

pub use crate::secret::{REDACTED, Secret};
