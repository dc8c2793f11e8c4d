use std::io;
use std::net::SocketAddr;

/// Why the server did not start, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// Another program listens there.
    #[error("`{address}` is in use by another program: stop it, or choose another address")]
    PortInUse {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The operating system does not let this program listen there.
    #[error("cannot listen on `{address}`")]
    Bind {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// The public URL cannot be one.
    #[error("`{url}` cannot be the public URL: it must be `http` or `https`, without user, query and fragment")]
    PublicUrl {
        /// The URL.
        url: url::Url,
    },
    /// A page that the portal may embed is not named by its origin.
    #[error("`{origin}` is not an origin that pages can be embedded from: write `https://host` or `http://host:port`")]
    FrameOrigin {
        /// What was written.
        origin: String,
    },
}
