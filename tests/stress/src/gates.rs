use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{oneshot, watch};

/// Where calls wait in the middle until the test lets them go on. A resource of the app.
#[derive(Debug, Default)]
pub(crate) struct Gates {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    gates: HashMap<u64, Inside>,
}

/// The side of a gate that the call sees.
#[derive(Debug)]
struct Inside {
    entered: Option<oneshot::Sender<()>>,
    opened: watch::Receiver<bool>,
}

/// A gate, as the test holds it. Dropping it opens the gate.
#[derive(Debug)]
pub(crate) struct Gate {
    /// The number by which the call names it.
    pub(crate) number: u64,
    entered: Option<oneshot::Receiver<()>>,
    open: watch::Sender<bool>,
}

impl Gates {
    /// A new gate, closed.
    pub(crate) fn close_one(&self) -> Gate {
        let ((entered, has_entered), (open, opened)) = (oneshot::channel(), watch::channel(false));
        let mut inner = self.inner();
        inner.next += 1;
        let number = inner.next;
        inner.gates.insert(number, Inside { entered: Some(entered), opened });
        Gate { number, entered: Some(has_entered), open }
    }

    /// Waits at a gate until it is open.
    pub(crate) async fn pass(&self, number: u64) {
        let Some(mut gate) = self.inner().gates.remove(&number) else { return };
        if let Some(entered) = gate.entered.take() {
            // The test may have given up waiting.
            let _gone = entered.send(());
        }
        // A gate that was dropped is open.
        let _dropped = gate.opened.wait_for(|is_open| *is_open).await;
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate {
    /// Waits until a call has come to the gate. Returns `false` if the call ended before it came there.
    pub(crate) async fn entered(&mut self) -> bool {
        match self.entered.take() {
            Some(entered) => entered.await.is_ok(),
            None => true,
        }
    }

    /// Lets the call go on.
    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }
}
