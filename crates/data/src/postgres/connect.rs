//! Connects to the first of several hosts that is as it should be.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::Connect;
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, LoadBalanceHosts, SslMode as DriverSslMode};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, Error, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connections::GRACE;
use super::encryption;
use super::options::{Encryption, PostgresOptions, SslMode};
use crate::DataError;

/// An encrypted stream to a server.
type Encrypted = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

/// Knows the hosts of a database, and which of them took the last connection.
#[derive(Clone)]
pub(super) struct Connector(Arc<Hosts>);

struct Hosts {
    /// What the driver connects to each host with.
    configs: Vec<Config>,
    encrypting: MakeRustlsConnect,
    is_shuffled: bool,
    /// How long each host but the last one may take. The limit for all of them ends the last one.
    host_timeout: Duration,
    /// The host that took the last connection, which is asked first: a dead host before it costs its time once.
    preferred: AtomicUsize,
}

impl Connector {
    /// Reads the certificates to trust from a file or from the system, off the runtime's own threads.
    pub(super) async fn new(options: &PostgresOptions) -> Result<Self, DataError> {
        let encryption = if options.has_network_host() { options.encryption.clone() } else { Encryption::default() };
        let encrypting = tokio::task::spawn_blocking(move || encryption::connector(&encryption))
            .await
            .map_err(|_| DataError::Unavailable { message: "the program is ending".to_owned(), retryable: false })??;
        Ok(Self(Arc::new(Hosts {
            configs: (0..options.host_count()).map(|host| config_of(options, host)).collect(),
            encrypting,
            is_shuffled: options.connection.get_load_balance_hosts() == LoadBalanceHosts::Random,
            host_timeout: options.host_timeout(),
            preferred: AtomicUsize::new(0),
        })))
    }

    /// A connection to the first host that takes one and, where that is asked for, takes writes. Fails with the error
    /// of the host that was asked last.
    pub(super) async fn connection(&self) -> Result<(Client, Connection<Socket, Encrypted>), Error> {
        let Hosts { configs, encrypting, is_shuffled, host_timeout, preferred } = &*self.0;
        let count = configs.len();
        let first = if *is_shuffled { rand::random_range(0..count) } else { preferred.load(Ordering::Relaxed) };
        let order = (0..count).map(|offset| (first + offset) % count);
        let mut hosts = order.filter_map(|host| Some((host, configs.get(host)?))).peekable();
        while let Some((host, config)) = hosts.next() {
            let connecting = config.connect(encrypting.clone());
            let is_last = hosts.peek().is_none();
            let connected = if is_last {
                connecting.await
            } else {
                match tokio::time::timeout(*host_timeout, connecting).await {
                    Ok(connected) => connected,
                    Err(_) => continue,
                }
            };
            match connected {
                Ok(connected) => {
                    preferred.store(host, Ordering::Relaxed);
                    return Ok(connected);
                }
                Err(error) if is_last => return Err(error),
                Err(error) => tracing::debug!(host, "the next host is asked: {error}"),
            }
        }
        // The driver says that there is no host.
        Config::new().connect(encrypting.clone()).await
    }
}

impl Connect for Connector {
    fn connect(
        &self,
        _: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        Box::pin(async {
            let (client, connection) = self.connection().await?;
            let served = tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!("a connection to the database ended: {error}");
                }
            });
            Ok((client, served))
        })
    }
}

/// What the driver connects to one of the hosts with.
fn config_of(options: &PostgresOptions, index: usize) -> Config {
    const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(30);
    let all = &options.connection;
    let mut config = Config::new();
    let host = all.get_hosts().get(index);
    match host {
        Some(Host::Tcp(name)) => drop(config.host(name)),
        Some(Host::Unix(directory)) => drop(config.host_path(directory)),
        None => {}
    }
    if let Some(address) = all.get_hostaddrs().get(index) {
        config.hostaddr(*address);
    }
    config.port(options.port(index));
    if let Some(user) = all.get_user() {
        config.user(user);
    }
    if let Some(password) = all.get_password() {
        config.password(password);
    }
    if let Some(dbname) = all.get_dbname() {
        config.dbname(dbname);
    }
    if let Some(more) = all.get_options() {
        config.options(more);
    }
    config.application_name(all.get_application_name().unwrap_or("mti"));
    // Who can read what passes through a socket can read the server's memory: `sslmode` is for networks, as in
    // PostgreSQL's own clients.
    config.ssl_mode(match options.encryption.mode {
        _ if matches!(host, Some(Host::Unix(_))) => DriverSslMode::Disable,
        SslMode::Disable => DriverSslMode::Disable,
        SslMode::Prefer => DriverSslMode::Prefer,
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => DriverSslMode::Require,
    });
    config.ssl_negotiation(all.get_ssl_negotiation());
    config.channel_binding(all.get_channel_binding());
    config.target_session_attrs(options.target());
    config.load_balance_hosts(all.get_load_balance_hosts());
    // A name may lead to several addresses, the first of which may be dead.
    config.connect_timeout(all.get_connect_timeout().copied().unwrap_or(options.host_timeout() / 2));
    config.tcp_user_timeout(options.timeout + 2 * GRACE);
    config.keepalives(all.get_keepalives());
    config.keepalives_idle(KEEP_ALIVE_AFTER);
    if let Some(interval) = all.get_keepalives_interval() {
        config.keepalives_interval(interval);
    }
    if let Some(retries) = all.get_keepalives_retries() {
        config.keepalives_retries(retries);
    }
    config
}
