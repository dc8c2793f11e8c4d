use std::time::{Duration, Instant};

use super::command::PATIENCE;

/// How often is looked.
const PERIOD: Duration = Duration::from_millis(20);

/// Looks again and again until something holds. It is a failure that it never does.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "it never came to this: {what}");
        tokio::time::sleep(PERIOD).await;
    }
}
