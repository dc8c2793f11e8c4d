use std::path::PathBuf;
use std::time::Duration;

use mti_element::Secret;
use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, Host, TargetSessionAttrs};

/// The port of PostgreSQL.
pub(super) const DEFAULT_PORT: u16 = 5432;

/// How many connections a database has when its options do not say.
const DEFAULT_POOL_SIZE: usize = 16;

/// How many it may have.
const MAX_POOL_SIZE: usize = 1000;

/// How long a statement may take when the options do not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long it may be allowed to take.
const MAX_TIMEOUT: Duration = Duration::from_hours(1);

/// The longest identifier of PostgreSQL, in bytes.
pub(super) const MAX_IDENTIFIER: usize = 63;

/// How a PostgreSQL server is reached, and how it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresOptions {
    /// What the driver connects with; its `Debug` hides the password.
    pub(super) connection: Config,
    pub(super) encryption: Encryption,
    /// Whether a host has to take writes; chosen by how many hosts there are, when absent.
    target: Option<TargetSessionAttrs>,
    pub(super) schema: Option<String>,
    pub(super) pool_size: usize,
    pub(super) timeout: Duration,
    pub(super) listens: bool,
}

/// Whether connections are encrypted, and what the server has to prove.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Encryption {
    /// How much is asked of the server.
    pub mode: SslMode,
    /// A file with the certificates of the authorities to trust, in PEM; those of the system when absent.
    pub root_certificates: Option<PathBuf>,
}

/// How much is asked of the server, with the names and meanings that `sslmode` has in PostgreSQL's own clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SslMode {
    /// Never encrypted.
    Disable,
    /// Encrypted when the server can; the server proves nothing.
    #[default]
    Prefer,
    /// Encrypted; the server proves nothing.
    Require,
    /// Encrypted, with a certificate from an authority that is trusted.
    VerifyCa,
    /// Encrypted, with a certificate from an authority that is trusted, for the name of the host.
    VerifyFull,
}

/// Something in the options that cannot be used. It holds no value of an option: one of them is a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PostgresOptionsError {
    /// The key that it is about; `url` for all that is in the URL.
    pub key: &'static str,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl PostgresOptionsError {
    fn new(key: &'static str, message: impl Into<String>) -> Self {
        Self { key, message: message.into() }
    }
}

impl PostgresOptions {
    /// Reads a URL: `postgres://user:password@host:5432/database?sslmode=verify-full`.
    ///
    /// Besides the parameters of PostgreSQL's own clients it may have `schema`, `poolSize` and `timeoutMs`. What is
    /// special in a URL is percent-encoded, also in the password. Of several hosts (`host1:5432,host2:5433`) the first
    /// that takes writes is used. A socket is the `host` parameter, or the host with its slashes percent-encoded.
    pub fn from_url(url: &Secret) -> Result<Self, PostgresOptionsError> {
        const FORM: &str = "a database URL is `postgres://user:password@host:port/database`, with what is special in a URL percent-encoded";
        let bad = |message: &str| PostgresOptionsError::new("url", format!("{message}: {FORM}"));
        let text = url.reveal().trim();
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(bad("the URL begins with neither `postgres://` nor `postgresql://`"));
        }
        let (address, query) = text.split_once('?').unwrap_or((text, ""));
        let (address, query) =
            (address.split('#').next().unwrap_or_default(), query.split('#').next().unwrap_or_default());
        let mut own = Vec::new();
        let mut foreign = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(value)
                .decode_utf8()
                .map_err(|_| bad("a parameter of the URL is not UTF-8"))?
                .into_owned();
            match OwnKey::from_name(key) {
                Some(key) => own.push((key, value)),
                None => foreign.push(pair),
            }
        }
        let driver_url =
            if foreign.is_empty() { address.to_owned() } else { format!("{address}?{}", foreign.join("&")) };
        // The driver's error names the parameter that it is about, and shows no value.
        let connection: Config = driver_url.parse().map_err(|error: tokio_postgres::Error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            bad(&format!("the URL cannot be read ({})", if cause.is_empty() { "its form is wrong" } else { &cause }))
        })?;
        let (hosts, addresses) = (connection.get_hosts(), connection.get_hostaddrs());
        let is_nameless = |host: &Host| matches!(host, Host::Tcp(name) if name.is_empty());
        if hosts.is_empty() && addresses.is_empty() || hosts.iter().any(is_nameless) {
            return Err(bad("the URL names no host"));
        }
        let mut options = Self::new(connection);
        let (hosts, ports) = (options.host_count(), options.connection.get_ports().len());
        let addresses = options.connection.get_hostaddrs().len();
        if ports > 1 && ports != hosts || addresses > 0 && addresses != hosts {
            return Err(bad("the URL has another number of hosts than of ports, or of `hostaddr`"));
        }
        for (key, value) in own {
            options.set(key, "url", &value)?;
        }
        Ok(options)
    }

    /// The options for a server without saying more than where it is and who asks.
    pub fn at(host: &str, port: u16, dbname: &str, user: &str, password: Option<&Secret>) -> Self {
        let mut connection = Config::new();
        connection.host(host).port(port).dbname(dbname).user(user);
        if let Some(password) = password {
            connection.password(password.reveal());
        }
        Self::new(connection)
    }

    /// Adds a host, for when none of those before it takes a connection. Each has a port of its own.
    #[must_use]
    pub fn or_at(mut self, host: &str, port: u16) -> Self {
        self.connection.host(host).port(port);
        self
    }

    /// Sets what a host has to be like, with the names of PostgreSQL's own clients: `any`, or `read-write` (also called
    /// `primary`) for one that takes writes. That is the default with several hosts. With one, the default is `any`: a
    /// server that takes no writes for a while can still be read.
    pub fn target_session_attrs(mut self, name: &str) -> Result<Self, PostgresOptionsError> {
        self.set(OwnKey::TargetSessionAttrs, "targetSessionAttrs", name)?;
        Ok(self)
    }

    /// Sets whether the password is bound to the encrypted channel, so that a server between learns nothing by it:
    /// `disable`, `prefer` (the default) or `require`.
    pub fn channel_binding(mut self, name: &str) -> Result<Self, PostgresOptionsError> {
        self.set(OwnKey::ChannelBinding, "channelBinding", name)?;
        Ok(self)
    }

    /// Sets how connections over a network are encrypted. A socket is not, as with PostgreSQL's own clients.
    #[must_use]
    pub fn encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = encryption;
        self
    }

    /// Keeps the tables in this schema; it is made when it is not there. Without one they are where the server's
    /// `search_path` leads.
    pub fn schema(mut self, schema: &str) -> Result<Self, PostgresOptionsError> {
        self.set(OwnKey::Schema, "schema", schema)?;
        Ok(self)
    }

    /// How many connections there are at most, from 1 to 1000.
    pub fn pool_size(mut self, size: usize) -> Result<Self, PostgresOptionsError> {
        if !(1..=MAX_POOL_SIZE).contains(&size) {
            return Err(PostgresOptionsError::new(
                "poolSize",
                format!("`poolSize` is a whole number from 1 to {MAX_POOL_SIZE}"),
            ));
        }
        self.pool_size = size;
        Ok(self)
    }

    /// How long connecting, waiting for a connection, and a statement may take each, up to an hour.
    pub fn timeout(mut self, timeout: Duration) -> Result<Self, PostgresOptionsError> {
        if timeout.is_zero() || timeout > MAX_TIMEOUT {
            return Err(PostgresOptionsError::new(
                "timeoutMs",
                format!("`timeoutMs` is a whole number of milliseconds from 1 to {}", MAX_TIMEOUT.as_millis()),
            ));
        }
        self.timeout = timeout;
        Ok(self)
    }

    /// Where the server is, for messages: `db.example.com:5432`.
    pub(super) fn place(&self) -> String {
        let (hosts, addresses) = (self.connection.get_hosts(), self.connection.get_hostaddrs());
        let place = |index: usize| match (hosts.get(index), addresses.get(index)) {
            (Some(Host::Tcp(name)), _) => format!("{name}:{}", self.port(index)),
            (Some(Host::Unix(directory)), _) => format!("{}:{}", directory.display(), self.port(index)),
            (None, Some(address)) => format!("{address}:{}", self.port(index)),
            (None, None) => String::new(),
        };
        (0..self.host_count()).map(place).collect::<Vec<_>>().join(", ")
    }

    /// How many hosts there are: at least one.
    pub(super) fn host_count(&self) -> usize {
        self.connection.get_hosts().len().max(self.connection.get_hostaddrs().len()).max(1)
    }

    /// The port of one of the hosts.
    pub(super) fn port(&self, host: usize) -> u16 {
        let ports = self.connection.get_ports();
        ports.get(host).or(ports.first()).copied().unwrap_or(DEFAULT_PORT)
    }

    /// Whether any host is reached over a network.
    pub(super) fn has_network_host(&self) -> bool {
        let hosts = self.connection.get_hosts();
        hosts.is_empty() || hosts.iter().any(|host| matches!(host, Host::Tcp(_)))
    }

    /// What a host has to be like.
    pub(super) fn target(&self) -> TargetSessionAttrs {
        let by_default = if self.host_count() > 1 { TargetSessionAttrs::ReadWrite } else { TargetSessionAttrs::Any };
        self.target.unwrap_or(by_default)
    }

    /// How long one host may take until a connection is ready.
    pub(super) fn host_timeout(&self) -> Duration {
        let share = || self.timeout / u32::try_from(self.host_count()).unwrap_or(u32::MAX);
        self.connection.get_connect_timeout().copied().unwrap_or_else(share)
    }

    /// Whether a connection is kept to hear of changes by `LISTEN`. Without it they are seen within two seconds.
    #[must_use]
    pub fn listening(self, listens: bool) -> Self {
        Self { listens, ..self }
    }

    fn new(connection: Config) -> Self {
        Self {
            connection,
            encryption: Encryption::default(),
            target: None,
            schema: None,
            pool_size: DEFAULT_POOL_SIZE,
            timeout: DEFAULT_TIMEOUT,
            listens: true,
        }
    }

    fn set(&mut self, key: OwnKey, place: &'static str, value: &str) -> Result<(), PostgresOptionsError> {
        let number = || value.parse::<u64>().ok();
        match key {
            OwnKey::SslMode => {
                self.encryption.mode = SslMode::from_name(value).ok_or_else(|| {
                    PostgresOptionsError::new(
                        place,
                        "`sslmode` is one of `disable`, `prefer`, `require`, `verify-ca` and `verify-full`",
                    )
                })?;
            }
            OwnKey::TargetSessionAttrs => {
                self.target = Some(match value {
                    "any" => TargetSessionAttrs::Any,
                    "read-write" | "primary" => TargetSessionAttrs::ReadWrite,
                    _ => {
                        let name = if place == "url" { "target_session_attrs" } else { place };
                        let message = format!("`{name}` is `any` or `read-write`: models are written to");
                        return Err(PostgresOptionsError::new(place, message));
                    }
                });
            }
            OwnKey::ChannelBinding => {
                self.connection.channel_binding(match value {
                    "disable" => ChannelBinding::Disable,
                    "prefer" => ChannelBinding::Prefer,
                    "require" => ChannelBinding::Require,
                    _ => {
                        let name = if place == "url" { "channel_binding" } else { place };
                        let message = format!("`{name}` is one of `disable`, `prefer` and `require`");
                        return Err(PostgresOptionsError::new(place, message));
                    }
                });
            }
            OwnKey::SslRootCert => self.encryption.root_certificates = Some(PathBuf::from(value)),
            OwnKey::Schema => {
                let fits = !value.is_empty() && value.len() <= MAX_IDENTIFIER && !value.contains('\0');
                if !fits || value.starts_with("pg_") {
                    let message =
                        format!("`schema` is a name of at most {MAX_IDENTIFIER} bytes that does not begin with `pg_`");
                    return Err(PostgresOptionsError::new(place, message));
                }
                self.schema = Some(value.to_owned());
            }
            OwnKey::PoolSize => {
                let size = number().and_then(|size| usize::try_from(size).ok()).unwrap_or_default();
                *self = self.clone().pool_size(size)?;
            }
            OwnKey::TimeoutMs => {
                *self = self.clone().timeout(Duration::from_millis(number().unwrap_or_default()))?;
            }
        }
        Ok(())
    }
}

impl SslMode {
    /// The mode of that name: `disable`, `prefer`, `require`, `verify-ca` or `verify-full`.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }
}

/// A parameter of the URL that the driver does not know, or knows by half.
#[derive(Clone, Copy)]
enum OwnKey {
    SslMode,
    SslRootCert,
    TargetSessionAttrs,
    ChannelBinding,
    Schema,
    PoolSize,
    TimeoutMs,
}

impl OwnKey {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "sslmode" | "sslMode" => Self::SslMode,
            "sslrootcert" | "sslRootCert" => Self::SslRootCert,
            "target_session_attrs" | "targetSessionAttrs" => Self::TargetSessionAttrs,
            "channel_binding" | "channelBinding" => Self::ChannelBinding,
            "schema" => Self::Schema,
            "poolSize" => Self::PoolSize,
            "timeoutMs" => Self::TimeoutMs,
            _ => return None,
        })
    }
}
