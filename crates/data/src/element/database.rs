use std::path::PathBuf;
use std::sync::Arc;

use mti_element::{opaque_step_value, steps};

use crate::Database;

steps! {
    /// A database element, whatever its Type.
    "databases.Meta": DatabaseElement, DatabaseSteps {
        /// The database behind the element, opened when it is first used.
        "connect" fn connect() -> Connection;
    }
}

/// The database behind a database element.
#[derive(Debug, Clone)]
pub struct Connection(pub Arc<dyn Database>);

opaque_step_value!(Connection);

/// The directory in which an app's embedded databases lie, each in `databases/<Name>`. A resource of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDirectory(pub PathBuf);
