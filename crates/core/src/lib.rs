//! Definitions of apps and elements, as they are on disk.
//!
//! This crate reads: it names elements, parses `app.json` and `e.json` with positions, discovers the elements of an app, orders an app and its parents
//! into a chain, merges documents, and says what is wrong where. It loads no code, opens no connection, reads no environment and prints nothing.
//!
//! Reading is total: a function that can meet broken input returns what it could make of it together with its [`Diagnostic`]s, and only the edge decides
//! what is fatal.

mod app_id;
pub mod chain;
mod definition;
mod diagnostic;
mod discovery;
pub mod env_file;
pub mod files;
pub mod json;
pub mod manifest;
pub mod merge;
mod name;
pub mod placeholder;
pub mod render;
pub mod suggest;
mod text;
mod version;

pub use app_id::{AppId, AppIdError, AppKey};
pub use chain::{AppChain, AppSearchPath, resolve_chain};
pub use definition::{CONFIG_SCHEMA, ConfigCandidate, Definition, SourceFile};
pub use diagnostic::{Code, Diagnostic, Excerpt, Location, Severity, is_secret_name};
pub use discovery::{AppTree, Discovered, Refresh, discover};
pub use files::{AppFiles, DiskFiles, MemoryFiles};
pub use manifest::{AppManifest, ElementManifest};
pub use name::{ElementName, NameError, composed};
pub use version::{VersionError, VersionRequirement, parse_version};
