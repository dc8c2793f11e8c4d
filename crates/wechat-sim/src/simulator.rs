use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::net::TcpListener;

use crate::error::SimulatorError;
use crate::handle::SimulatorHandle;
use crate::listener::{Listener, Peer};
use crate::options::SimulatorOptions;
use crate::routes;
use crate::world::World;

/// A WeChat that listens, and answers once it is told to [`serve`](Self::serve).
#[derive(Debug)]
pub struct Simulator {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    world: Arc<World>,
}

impl Simulator {
    /// Takes the address. Others than loopback ones are refused.
    pub async fn bind(options: SimulatorOptions) -> Result<Self, SimulatorError> {
        let wanted = options.bind;
        if !wanted.ip().is_loopback() {
            return Err(SimulatorError::NotLoopback(wanted));
        }
        if options.people.is_empty() {
            return Err(SimulatorError::NobodyThere);
        }
        let failed = |source| SimulatorError::Bind { address: wanted, source };
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let tls = options.authority.as_ref().map(|authority| authority.server_config()).transpose()?;
        Ok(Self { listener, address, tls, world: Arc::new(World::new(options, address)) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as a base address for `endpoints.open` and `endpoints.api`, without a slash at its
    /// end.
    pub fn url(&self) -> String {
        self.world.own_url()
    }

    /// Reaches into it, before and while it answers.
    pub fn handle(&self) -> SimulatorHandle {
        SimulatorHandle { world: Arc::clone(&self.world) }
    }

    /// Answers until `shutdown` is ready, then ends all long polls and returns.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), SimulatorError> {
        let world = self.world;
        let service = routes::router(Arc::clone(&world)).into_make_service_with_connect_info::<Peer>();
        axum::serve(Listener::new(self.listener, self.tls), service)
            .with_graceful_shutdown(async move {
                shutdown.await;
                world.close();
            })
            .await
            .map_err(SimulatorError::Serve)
    }
}
