use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;

use crate::command::findings::Findings;

/// Logs what is wrong with an app's files, and what every reload has brought to light, for as long as the app is there.
pub(crate) async fn log_findings(findings: Arc<Findings>) {
    let mut reloads = findings.app().subscribe();
    let mut outdated = findings.app().snapshot().outdated().to_vec();
    findings.look().await;
    loop {
        match reloads.recv().await {
            Ok(reloaded) => {
                for name in outdated.iter().filter(|name| !reloaded.outdated.contains(name)) {
                    tracing::info!(element = %name, "is no longer outdated");
                }
                outdated = reloaded.outdated;
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
        findings.look().await;
    }
}
