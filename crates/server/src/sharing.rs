use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::site::Site;

/// How often processes tell each other.
const PERIOD: Duration = Duration::from_secs(1);

/// How long few calls are kept in mind: by then they do not count any more.
const MEMORY: Duration = Duration::from_mins(1);

/// Tells other processes that serve the same app what addresses call here, and counts what they tell, until it is
/// dropped. No request waits for it: a limit that is reached in one process holds in the others a second later.
#[derive(Debug)]
pub(crate) struct Sharing(Option<JoinHandle<()>>);

impl Sharing {
    pub(crate) fn begin(site: &Arc<Site>) -> Self {
        let is_wanted = site.anonymous_calls.is_some() && site.options.shared_calls.is_some();
        Self(is_wanted.then(|| tokio::spawn(exchange_again_and_again(Arc::clone(site)))))
    }
}

impl Drop for Sharing {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

async fn exchange_again_and_again(site: Arc<Site>) {
    let (Some(limiter), Some(shared)) = (&site.anonymous_calls, &site.options.shared_calls) else { return };
    let mut period = tokio::time::interval(PERIOD);
    period.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut forgotten_at = Instant::now();
    let mut is_working = true;
    loop {
        period.tick().await;
        let forgets = forgotten_at.elapsed() >= MEMORY;
        if forgets {
            forgotten_at = Instant::now();
        }
        match shared.exchange(site.app.view(), limiter.take_tally(forgets)).await {
            Ok(counts) => {
                for count in counts {
                    limiter.count_elsewhere(count);
                }
                is_working = true;
            }
            // Each process goes on by itself; that is said once.
            Err(failure) if is_working => {
                is_working = false;
                tracing::warn!("calls are counted in this process alone: {}", failure.operator_message());
            }
            Err(_) => {}
        }
    }
}
