use mti_core::ElementName;
use mti_element::{BoxFuture, Map};
use mti_server::{Readiness, ReadinessReport};

use crate::App;
use crate::command::databases;

/// An app can answer while its default database takes writes. That an element is outdated is said, and keeps nothing from being answered: its
/// last good version goes on.
#[derive(Debug)]
pub(crate) struct AppReadiness {
    pub(crate) app: App,
}

impl Readiness for AppReadiness {
    fn check(&self) -> BoxFuture<'_, ReadinessReport> {
        Box::pin(async move {
            let is_ready = match databases::default(&self.app).await {
                // Nothing is written, but all that a write needs is asked.
                Ok(Some(database)) => database.execute(Vec::new()).await.is_ok(),
                Ok(None) => true,
                Err(_) => false,
            };
            let snapshot = self.app.snapshot();
            let outdated = snapshot.outdated().iter().map(ElementName::as_str);
            let details = Map::from_iter([("outdated".to_owned(), outdated.collect::<Vec<_>>().into())]);
            ReadinessReport { is_ready, details }
        })
    }
}
