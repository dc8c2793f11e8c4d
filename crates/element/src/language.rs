use std::fmt;
use std::sync::Arc;

use mti_core::{AppChain, Definition, Diagnostic};

use crate::LevelCode;

/// A language besides Rust that levels are written in: what finds the code of a definition in its directory.
///
/// An app has its own, so that the code of two apps in one process cannot collide. A level that it gives is a level like
/// any other: the chain does not know what it is written in.
pub trait Language: Send + Sync + fmt::Debug {
    /// Its name, as `backend` in an `e.json` says it.
    fn name(&self) -> &'static str;

    /// Looks at the code of the app and its parents as it is on disk now, and says whether any of it is not as it was.
    /// Called before the app is linked, at the start and at every reload.
    fn refresh(&self, apps: &AppChain) -> bool;

    /// The code of the level that a definition declares. Code that did not change is the very same value as before: an
    /// element keeps its live object when its levels do.
    ///
    /// Code that cannot be loaded quarantines the element, with these diagnostics.
    fn level(&self, definition: &Definition) -> Result<Arc<dyn LevelCode>, Vec<Diagnostic>>;
}
