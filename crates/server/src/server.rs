use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mti_registry::App;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::connection;
use crate::error::ServerError;
use crate::options::ServerOptions;
use crate::places::{Place, Places};
use crate::sharing::Sharing;
use crate::site::Site;

/// How many clients the operating system lets wait.
const BACKLOG: u32 = 1024;

/// How long to wait when the operating system has no connection to spare.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// An app that is reachable by HTTP.
pub struct Server {
    site: Arc<Site>,
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Listens at an address. Clients may connect from here on; they are answered once [`serve`](Self::serve) runs.
    ///
    /// Must be called inside a tokio runtime, as `async` functions are.
    #[expect(clippy::unused_async, reason = "a listener belongs to the runtime that it is made in")]
    pub async fn bind(app: App, options: ServerOptions) -> Result<Self, ServerError> {
        let asked = options.address;
        let (listener, address) = listen(asked).map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => ServerError::PortInUse { address: asked },
            _ => ServerError::Bind { address: asked, source },
        })?;
        let site = Arc::new(Site::new(app, options, address)?);
        Ok(Self { site, listener, address })
    }

    /// Where it listens: the port that was found, when any free one was asked for.
    pub fn local_address(&self) -> SocketAddr {
        self.address
    }

    /// The origin of its pages, as browsers write it: `https://login.example.com`.
    pub fn origin(&self) -> &str {
        &self.site.origin
    }

    /// Answers requests until `shutdown` is done. Then no further connection is accepted, idle ones are closed, and
    /// requests in progress are answered, for as long as [`Limits::drain_timeout`](crate::Limits::drain_timeout) allows.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> Result<(), ServerError> {
        let Self { site, listener, .. } = self;
        let (stop, stopped) = watch::channel(());
        let mut connections = JoinSet::new();
        let sharing = Sharing::begin(&site);
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            tokio::select! {
                () = shutdown.as_mut() => break,
                Some(ended) = connections.join_next() => note_end(ended),
                (place, stream, peer) = accept(&listener, &site.places) => {
                    let (site, stopped) = (Arc::clone(&site), stopped.clone());
                    connections.spawn(async move {
                        connection::serve(site, stream, peer, stopped).await;
                        drop(place);
                    });
                }
            }
        }
        drop(listener);
        drop(sharing);
        site.is_draining.store(true, Ordering::Relaxed);
        tracing::info!(connections = connections.len(), "stopping");
        // Every connection that has ended meanwhile has let go of its receiver: nobody need be listening.
        let _ = stop.send(());
        drain(&mut connections, site.options.limits.drain_timeout).await;
        Ok(())
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A port whose last connections are still timing out may be taken over; one that somebody listens on may not.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// The next connection, once there is a place for it.
async fn accept(listener: &TcpListener, places: &Arc<Places>) -> (Place, TcpStream, SocketAddr) {
    let mut free = places.free().await;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let place = match places.take(free, peer.ip()) {
                    Ok(place) => place,
                    Err(still_free) => {
                        tracing::debug!(address = %peer.ip(), "closed a connection: its address has too many");
                        free = still_free;
                        continue;
                    }
                };
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!("a connection has gone again: {error}");
                }
                return (place, stream, peer);
            }
            Err(error) if is_of_one_connection(&error) => {
                tracing::debug!("a connection has gone again: {error}");
            }
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn drain(connections: &mut JoinSet<()>, limit: Duration) {
    let all = async {
        while let Some(ended) = connections.join_next().await {
            note_end(ended);
        }
    };
    if tokio::time::timeout(limit, all).await.is_err() {
        tracing::warn!(connections = connections.len(), "cut off connections that did not end in time");
        connections.shutdown().await;
    }
}

fn note_end(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("a connection's task panicked");
    }
}
