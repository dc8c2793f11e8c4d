use std::path::PathBuf;
use std::sync::Arc;

use mti_element::{AppHandle, AppView, Resources, Result, opaque_step_value, steps};

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

/// The database that models use which name none, where no app says otherwise.
pub const DEFAULT_DATABASE: &str = "databases.Default";

/// The kind of default element that models without a database of their own are kept in.
pub(super) const DEFAULT_KIND: &str = "defaultDatabase";

/// The full name of the database that models use which name none.
pub fn default_database(app: &dyn AppView) -> &str {
    app.default_element(DEFAULT_KIND).unwrap_or(DEFAULT_DATABASE)
}

/// What stands in for [`DEFAULT_DATABASE`], whatever the apps declare it to be. A resource of the process.
#[derive(Debug, Clone)]
pub struct DefaultDatabase(pub Arc<dyn Database>);

/// The database that a database element stands for.
pub async fn database_of(app: AppHandle<'_>, element: &str) -> Result<Arc<dyn Database>> {
    let connected = match stand_in(app.view().resources(), element) {
        Some(connected) => connected,
        None => app.get::<DatabaseElement<'_>>(element)?.connect().await?,
    };
    Ok(connected.0)
}

/// What stands in for a database element, if something does.
pub(super) fn stand_in(resources: &Resources, element: &str) -> Option<Connection> {
    let stands_in = if element == DEFAULT_DATABASE { resources.get::<DefaultDatabase>() } else { None };
    stands_in.map(|default| Connection(Arc::clone(&default.0)))
}

/// The directory in which an app's embedded databases lie, each in `databases/<Name>`. A resource of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDirectory(pub PathBuf);
