use std::fmt;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use mti_core::ElementName;
use mti_element::{Retired, RetiredLevel};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinSet;

/// How long one level may take to let go of what it holds before the log says so and others no longer wait for it.
const DEADLINE: Duration = Duration::from_secs(10);

/// How many elements retire at once. More wait in the queue.
const MOST_AT_ONCE: usize = 64;

/// How many levels may hang, each with a thread that cannot be ended, before no more are asked to let go.
const MOST_HANGING: usize = 384;

/// How many elements may wait. Further ones are dropped without being retired, and the log says so.
const QUEUE_CAPACITY: usize = 4096;

/// Where elements that were changed or removed end, after their last call.
///
/// Each level retires on a thread of its own, under a deadline: one that panics or hangs keeps no other from retiring. The threads are started when the first element retires.
#[derive(Default)]
pub(crate) struct Retirement {
    queue: OnceLock<Option<Sender<Retired>>>,
    counts: Arc<Counts>,
}

/// How many elements that a reload replaced or removed have let go of what they held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retirements {
    /// Those that wait for their turn or are letting go right now.
    pub pending: u64,
    /// Those that are done.
    pub retired: u64,
    /// Those that panicked, exceeded the deadline, or found no place in the queue.
    pub failed: u64,
}

#[derive(Default)]
struct Counts {
    taken_in: AtomicU64,
    retired: AtomicU64,
    failed: AtomicU64,
    /// The levels that have exceeded the deadline and still go on.
    hanging: AtomicUsize,
}

impl Retirement {
    /// Takes in what is left of an element. Never waits.
    pub(crate) fn take_in(&self, retired: Retired) {
        self.counts.taken_in.fetch_add(1, Ordering::Relaxed);
        let queue = self.queue.get_or_init(|| start(Arc::clone(&self.counts)));
        let (retired, reason) = match queue.as_ref().map(|queue| queue.try_send(retired)) {
            Some(Ok(())) => return,
            Some(Err(TrySendError::Full(retired))) => (Some(retired), "too many elements are waiting to retire"),
            Some(Err(TrySendError::Closed(retired))) => (Some(retired), "the thread that retires elements has ended"),
            None => (None, "the thread that retires elements could not be started"),
        };
        self.counts.failed.fetch_add(1, Ordering::Relaxed);
        let element = retired.as_ref().map(|retired| retired.name().as_str()).unwrap_or_default();
        tracing::error!(element, "an element was dropped without being retired: {reason}");
    }

    pub(crate) fn counts(&self) -> Retirements {
        let retired = self.counts.retired.load(Ordering::Relaxed);
        let failed = self.counts.failed.load(Ordering::Relaxed);
        let taken_in = self.counts.taken_in.load(Ordering::Relaxed);
        Retirements { pending: taken_in.saturating_sub(retired + failed), retired, failed }
    }
}

/// Starts the thread that supervises. It ends with the app, after the elements that are still in the queue.
fn start(counts: Arc<Counts>) -> Option<Sender<Retired>> {
    let (sender, queue) = mpsc::channel(QUEUE_CAPACITY);
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        // One for each level that lets go or hangs, so that none waits for a thread while its time runs.
        .max_blocking_threads(2 * MOST_AT_ONCE + MOST_HANGING)
        .thread_name("mti-retire")
        .enable_all()
        .build();
    let started = runtime.and_then(|runtime| {
        thread::Builder::new().name("mti-retire".to_owned()).spawn(move || supervise(runtime, queue, &counts))
    });
    match started {
        Ok(_) => Some(sender),
        Err(error) => {
            tracing::warn!("elements that a reload replaces are dropped without being retired: {error}");
            None
        }
    }
}

fn supervise(runtime: Runtime, mut queue: Receiver<Retired>, counts: &Arc<Counts>) {
    runtime.block_on(async {
        let mut running = JoinSet::new();
        while let Some(retired) = queue.recv().await {
            while running.try_join_next().is_some() {}
            if running.len() >= MOST_AT_ONCE {
                running.join_next().await;
            }
            running.spawn(retire(retired, Arc::clone(counts)));
        }
        while running.join_next().await.is_some() {}
    });
    // A level that hangs in a blocking call cannot be ended; nobody waits for it.
    runtime.shutdown_background();
}

/// Lets an element go level by level, and counts how it ended.
async fn retire(retired: Retired, counts: Arc<Counts>) {
    let element = retired.name().clone();
    let mut is_well = true;
    for level in retired.into_levels() {
        is_well &= let_go(&element, level, &counts).await;
    }
    let count = if is_well { &counts.retired } else { &counts.failed };
    count.fetch_add(1, Ordering::Relaxed);
}

/// Lets one level go on a thread that may block, and reports it when that fails or takes too long.
async fn let_go(element: &ElementName, level: RetiredLevel, counts: &Arc<Counts>) -> bool {
    if counts.hanging.load(Ordering::Relaxed) >= MOST_HANGING {
        tracing::error!(%element, "a level was dropped without being retired: {MOST_HANGING} others hang");
        return false;
    }
    let runtime = Handle::current();
    let mut task = tokio::task::spawn_blocking(move || runtime.block_on(level.retire()));
    match tokio::time::timeout(DEADLINE, &mut task).await {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => tracing::error!(%element, "a level panicked while its element retired: {error}"),
        Err(_) => {
            tracing::error!(
                %element,
                "a level of the element has not retired within {} s; nobody waits for it any more",
                DEADLINE.as_secs()
            );
            counts.hanging.fetch_add(1, Ordering::Relaxed);
            let counts = Arc::clone(counts);
            tokio::spawn(async move {
                // However it ends: its thread is free again.
                let _ended = task.await;
                counts.hanging.fetch_sub(1, Ordering::Relaxed);
            });
        }
    }
    false
}

impl fmt::Debug for Retirement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Retirement").field(&self.counts()).finish()
    }
}
