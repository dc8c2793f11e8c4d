use tokio::sync::watch;

/// A place that callers do not get past until a test lets them.
pub(crate) struct Gate(watch::Sender<State>);

struct State {
    is_open: bool,
    /// How many may still pass although it is closed.
    passes: usize,
    /// How many stand before it.
    waiting: usize,
}

impl Gate {
    pub(crate) fn close(&self) {
        self.close_after(0);
    }

    /// Closes when this many more have passed.
    pub(crate) fn close_after(&self, passes: usize) {
        self.0.send_replace(State { is_open: false, passes, waiting: 0 });
    }

    pub(crate) fn open(&self) {
        self.0.send_modify(|state| state.is_open = true);
    }

    /// Waits until a caller stands before the gate.
    pub(crate) async fn reached(&self) {
        self.0.subscribe().wait_for(|state| state.waiting > 0).await.unwrap();
    }

    /// Goes through, once it is open.
    pub(crate) async fn pass(&self) {
        let mut may_pass = false;
        self.0.send_modify(|state| {
            may_pass = state.is_open || state.passes > 0;
            state.passes = state.passes.saturating_sub(1);
            state.waiting += usize::from(!may_pass);
        });
        if !may_pass {
            self.0.subscribe().wait_for(|state| state.is_open).await.unwrap();
        }
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self(watch::Sender::new(State { is_open: true, passes: 0, waiting: 0 }))
    }
}
