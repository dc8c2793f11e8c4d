//! A stress test: callers call while an editor changes files, code and schemas, and everything stays right.
//!
//! One app is open, with parents, words whose levels are scripts, a guarded door, two stamps that must agree, and models
//! on an embedded database and on a PostgreSQL server. Callers read, write and try duplicates all the time. The editor
//! changes the files, breaks and repairs them, has the app reload (by itself or by its watcher), and knows what must be
//! served after each change. Between rounds everything stops, and what must hold then is checked: live objects, snapshots,
//! rows, indexes, uniqueness.
//!
//! What the editor and each caller do is decided by the seed.

mod apps;
mod callers;
mod clock;
mod edit;
mod editor;
mod eventually;
mod expected;
mod findings;
mod gates;
mod held;
mod levels;
mod log;
mod long_edits;
mod memory;
mod model_source;
mod objects;
mod quiet;
mod row_callers;
mod rows;
mod run;
mod schema_edits;
mod script;
mod serving;
mod sources;
mod world;

pub use findings::Findings;
pub use run::{Options, run};
