use std::io;
use std::net::SocketAddr;

use thiserror::Error;

/// What the simulator cannot do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SimulatorError {
    /// It was to listen where others could reach it.
    #[error("the simulator listens on loopback addresses only, not on `{0}`")]
    NotLoopback(SocketAddr),
    /// It cannot listen there.
    #[error("cannot listen on `{address}`")]
    Bind {
        /// Where it was to listen.
        address: SocketAddr,
        /// Why it cannot.
        #[source]
        source: io::Error,
    },
    /// It stopped listening.
    #[error("the simulator stopped")]
    Serve(#[source] io::Error),
    /// The certificates for TLS cannot be made or read.
    #[error("no certificate for TLS")]
    Authority(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There is nobody who could sign in.
    #[error("the simulator needs at least one person")]
    NobodyThere,
    /// Nobody has this id.
    #[error("there is no person `{0}`, see `/sim/people`")]
    UnknownPerson(String),
    /// The application is not registered and cannot be learned.
    #[error("there is no application `{0}`, register it or use `wx` and 16 hexadecimal digits")]
    UnknownApp(String),
    /// A person that cannot be.
    #[error("a person's id is 1 to 64 lower-case letters, digits and `-`, not `{0}`")]
    MalformedPerson(String),
    /// An application that cannot be.
    #[error("an appId is `wx` and 16 hexadecimal digits, not `{0}`")]
    MalformedApp(String),
    /// There is no room for more.
    #[error("there are too many {0} already; `POST /sim/reset` forgets those that were added")]
    TooMany(&'static str),
    /// No login with this uuid waits for an answer.
    #[error("no login `{0}` waits for an answer")]
    UnknownLogin(String),
}
