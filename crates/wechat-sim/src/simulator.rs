use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use url::Url;

use crate::error::SimulatorError;
use crate::handle::SimulatorHandle;
use crate::options::SimulatorOptions;
use crate::routes;
use crate::world::World;

/// A WeChat that listens, and answers once it is told to [`serve`](Self::serve).
#[derive(Debug)]
pub struct Simulator {
    listener: TcpListener,
    address: SocketAddr,
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
        let base = match options.public_url.clone() {
            Some(base) => base,
            None => loopback_url(address),
        };
        Ok(Self { listener, address, world: Arc::new(World::new(options, base)) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as a base address for `endpoints.open` and `endpoints.api`, without a slash at its
    /// end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Reaches into it, before and while it answers.
    pub fn handle(&self) -> SimulatorHandle {
        SimulatorHandle { world: Arc::clone(&self.world) }
    }

    /// Its routes, to be served in some other way, by TLS for instance.
    pub fn router(&self) -> Router {
        routes::router(Arc::clone(&self.world))
    }

    /// Answers until `shutdown` is ready, then ends all long polls and returns.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), SimulatorError> {
        let router = self.router();
        let world = self.world;
        axum::serve(self.listener, router)
            .with_graceful_shutdown(async move {
                shutdown.await;
                world.close();
            })
            .await
            .map_err(SimulatorError::Serve)
    }
}

fn loopback_url(address: SocketAddr) -> Url {
    let text = format!("http://{address}");
    #[expect(clippy::expect_used, reason = "the address is a socket address")]
    Url::parse(&text).expect("a socket address makes a URL")
}
