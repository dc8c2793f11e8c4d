use std::net::SocketAddr;

use mti_wechat_sim::{Simulator, SimulatorHandle, SimulatorOptions};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::exit::CommandError;

/// A simulated WeChat that answers beside the app.
pub(crate) struct Simulation {
    url: String,
    handle: SimulatorHandle,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Simulation {
    /// Starts it at a loopback address.
    pub(crate) async fn start(bind: SocketAddr) -> Result<Self, CommandError> {
        let simulator = Simulator::bind(SimulatorOptions { bind, ..SimulatorOptions::default() }).await?;
        let (url, handle) = (simulator.url(), simulator.handle());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let shutdown = async {
                // Dropping the other end asks for the same.
                let _ = stopped.await;
            };
            if let Err(error) = simulator.serve(shutdown).await {
                tracing::error!("{}", crate::exit::in_one_sentence(&error));
            }
        });
        Ok(Self { url, handle, stop, task })
    }

    /// Its base address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What reaches into it.
    pub(crate) fn handle(&self) -> SimulatorHandle {
        self.handle.clone()
    }

    /// Ends it.
    pub(crate) async fn stop(self) {
        let Self { stop, task, .. } = self;
        drop(stop);
        if task.await.is_err() {
            tracing::error!("the simulator panicked");
        }
    }
}
