use std::sync::{Arc, OnceLock};

use mti_data::Database;
use mti_element::{BoxFuture, Map};
use mti_server::{Readiness, ReadinessReport};

/// An app can answer while its default database takes writes.
#[derive(Debug, Default)]
pub(crate) struct DatabaseReadiness {
    database: OnceLock<Arc<dyn Database>>,
}

impl DatabaseReadiness {
    /// The database, once it is open. Without one, there is nothing to wait for.
    pub(crate) fn watch(&self, database: Arc<dyn Database>) {
        self.database.get_or_init(|| database);
    }
}

impl Readiness for DatabaseReadiness {
    fn check(&self) -> BoxFuture<'_, ReadinessReport> {
        Box::pin(async move {
            let is_ready = match self.database.get() {
                // Nothing is written, but all that a write needs is asked.
                Some(database) => database.execute(Vec::new()).await.is_ok(),
                None => true,
            };
            ReadinessReport { is_ready, details: Map::new() }
        })
    }
}
