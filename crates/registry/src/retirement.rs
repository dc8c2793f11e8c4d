use std::fmt;
use std::sync::OnceLock;
use std::thread;

use mti_element::Retired;
use tokio::sync::mpsc::{self, UnboundedSender};

/// Where elements that were changed or removed end: one thread that lets their levels let go of what they hold,
/// after the last call. It is started when the first element retires.
#[derive(Default)]
pub(crate) struct Retirement {
    queue: OnceLock<Option<UnboundedSender<Retired>>>,
}

impl Retirement {
    /// Takes in what is left of an element.
    pub(crate) fn queue(&self) -> Option<&UnboundedSender<Retired>> {
        self.queue.get_or_init(start).as_ref()
    }
}

/// Starts the thread. It ends with the app, after the elements that are still in the queue.
fn start() -> Option<UnboundedSender<Retired>> {
    let (sender, mut queue) = mpsc::unbounded_channel::<Retired>();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let started = runtime.and_then(|runtime| {
        thread::Builder::new().name("mti-retire".to_owned()).spawn(move || {
            runtime.block_on(async {
                while let Some(retired) = queue.recv().await {
                    retired.retire().await;
                }
            });
        })
    });
    match started {
        Ok(_) => Some(sender),
        Err(error) => {
            tracing::warn!("elements that a reload replaces are dropped without being retired: {error}");
            None
        }
    }
}

impl fmt::Debug for Retirement {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Retirement")
    }
}
