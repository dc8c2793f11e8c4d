use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_io_timeout::TimeoutStream;

use crate::answer::answer;
use crate::metrics::Gauge;
use crate::options::Limits;
use crate::site::Site;

/// The smallest buffer that hyper accepts.
const SMALLEST_BUFFER: usize = 8192;

/// Answers the requests of one connection, one after the other, until the client leaves or the server stops.
pub(crate) async fn serve(site: Arc<Site>, stream: TcpStream, peer: SocketAddr, mut stop: watch::Receiver<()>) {
    let open = Gauge::raise(&site.metrics.connections);
    let limits = &site.options.limits;
    let has_begun = AtomicBool::new(false);
    let service = service_fn(|request| {
        has_begun.store(true, Ordering::Relaxed);
        let site = &site;
        async move { Ok::<_, Infallible>(answer(site, peer.ip(), request).await) }
    });
    // A client that leaves what was written to it unread is given up.
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.write_timeout));
    let stream = TokioIo::new(Box::pin(stream));
    let mut connection = pin!(protocol(limits).serve_connection(stream, service));
    let finished = tokio::select! {
        result = connection.as_mut() => Some(result),
        _ = stop.changed() => None,
    };
    let result = match finished {
        Some(result) => result,
        // Nobody has asked for anything yet.
        None if !has_begun.load(Ordering::Relaxed) => Ok(()),
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!("a connection ended: {error}");
    }
    drop(open);
}

fn protocol(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    // A request has at most a hundred headers: hyper's own limit, for which it needs no memory of its own.
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes.max(SMALLEST_BUFFER))
        .half_close(false);
    builder
}
