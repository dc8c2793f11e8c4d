//! Opening and closing an app's database by itself, rather than by its first use.

use std::sync::Arc;

use mti_data::{Connection, DEFAULT_DATABASE, DataError, Database, DatabaseElement, DefaultDatabase, default_database};
use mti_element::Result;

use crate::App;

/// The Type of databases that one process has for itself.
const EMBEDDED: &str = "databases.SledType";

impl App {
    /// Opens the default database now instead of at its first use. Whatever is in its way is known then: a server that
    /// cannot be reached, or a directory that another process holds. `serve` and `dev` do it when they start.
    ///
    /// An app need not have a default database, and one that is quarantined is among its [diagnostics], so neither is a
    /// failure. The error behind the failure is [`DataError::behind`] it.
    ///
    /// [diagnostics]: mti_registry::App::diagnostics
    pub async fn connect(&self) -> Result<()> {
        let Some(database) = self.default_database().await? else { return Ok(()) };
        // Databases open at their first use, so this one is used: for nothing.
        database.execute(Vec::new()).await.map(drop).map_err(DataError::into_failure)
    }

    /// Closes the default database. What it acknowledged is on the disk in any case.
    pub async fn disconnect(&self) -> Result<()> {
        match self.default_database().await? {
            Some(database) => database.close().await.map_err(DataError::into_failure),
            None => Ok(()),
        }
    }

    /// Whether other processes may have the default database too: only one at a time has an embedded one.
    pub(crate) fn shares_database(&self) -> bool {
        let view = self.view();
        self.stand_in().is_some() || view.definition(default_database(&*view)).is_ok_and(|found| !found.is_a(EMBEDDED))
    }

    /// The default database, as the app has it now, whether it is open or not.
    pub(crate) async fn default_database(&self) -> Result<Option<Arc<dyn Database>>> {
        if let Some(stands_in) = self.stand_in() {
            return Ok(Some(Arc::clone(&stands_in.0)));
        }
        let view = self.view();
        let Ok(element) = self.get::<DatabaseElement<'_>>(default_database(&*view)) else { return Ok(None) };
        let Connection(database) = element.connect().await?;
        Ok(Some(database))
    }

    /// What stands in for the default database.
    pub(crate) fn stand_in(&self) -> Option<Arc<DefaultDatabase>> {
        let is_replaced = default_database(&*self.view()) == DEFAULT_DATABASE;
        self.resources().get().filter(|_| is_replaced)
    }
}
