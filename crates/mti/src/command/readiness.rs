use std::collections::BTreeSet;
use std::sync::Arc;

use mti_core::{ElementName, Severity};
use mti_element::{BoxFuture, Map, Value};
use mti_server::{Readiness, ReadinessReport};
use serde_json::json;

use crate::command::findings::Findings;

/// The most elements that are named.
const MOST_NAMES: usize = 20;

/// An app can answer while its default database takes writes. What is wrong with its files is said, and keeps nothing from being answered: last good
/// versions go on.
#[derive(Debug)]
pub(crate) struct AppReadiness {
    pub(crate) findings: Arc<Findings>,
}

impl Readiness for AppReadiness {
    fn check(&self) -> BoxFuture<'_, ReadinessReport> {
        Box::pin(async move {
            let is_ready = match self.findings.app().default_database().await {
                // Nothing is written, but all that a write needs is asked.
                Ok(Some(database)) => database.execute(Vec::new()).await.is_ok(),
                Ok(None) => true,
                Err(_) => false,
            };
            ReadinessReport { is_ready, details: self.details().await }
        })
    }
}

impl AppReadiness {
    async fn details(&self) -> Map<String, Value> {
        let findings = self.findings.last();
        let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        let errors = findings.iter().filter(|finding| finding.is_error());
        let snapshot = self.findings.app().snapshot();
        // One finding may speak of many that are quarantined for one cause.
        let quarantined = snapshot.quarantined();
        let broken: BTreeSet<&str> = errors
            .filter_map(|finding| finding.element.as_ref())
            .chain(&quarantined)
            .map(ElementName::as_str)
            .collect();
        let outdated = snapshot.outdated().iter().map(ElementName::as_str);
        Map::from_iter([
            ("outdated".to_owned(), outdated.collect::<Vec<_>>().into()),
            ("findings".to_owned(), json!({"errors": count(Severity::Error), "warnings": count(Severity::Warning)})),
            ("elementsWithErrors".to_owned(), broken.into_iter().take(MOST_NAMES).collect::<Vec<_>>().into()),
            ("unwatched".to_owned(), self.findings.app().watch_problem().is_some().into()),
            ("reloadFailed".to_owned(), (!self.findings.reload_failure().await.is_empty()).into()),
        ])
    }
}
