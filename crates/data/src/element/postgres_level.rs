use std::sync::Arc;
use std::time::Duration;

use mti_core::Code;
use mti_element::{Failure, Level, OpenContext, Result, Secret, Value, level};

use crate::element::{Connection, DatabaseElement, DatabaseSteps, stand_in};
use crate::{Encryption, PostgresDatabase, PostgresOptions, PostgresOptionsError, SslMode};

/// The port of PostgreSQL.
const DEFAULT_PORT: u16 = 5432;

/// The code of `databases.PgSqlType`: a database on a PostgreSQL server, which any number of processes may share.
#[derive(Debug)]
pub struct PostgresLevel {
    database: Arc<PostgresDatabase>,
}

impl Level for PostgresLevel {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        Ok(Self { database: PostgresDatabase::shared(&Config { context }.options()?) })
    }

    async fn retire(&self) {
        if let Err(error) = self.database.release().await {
            tracing::warn!("closing the connections of a database: {error}");
        }
    }
}

#[level]
impl DatabaseSteps for PostgresLevel {
    async fn connect(&self, this: DatabaseElement<'_>) -> Result<Connection> {
        let connected = stand_in(this.app().view().resources(), this.name());
        Ok(connected.unwrap_or_else(|| Connection(Arc::clone(&self.database) as _)))
    }
}

/// The config of an instance: `{host, port, dbname, user, password}` or `{url}`, and how to use the server.
#[derive(Clone, Copy)]
struct Config<'c> {
    context: &'c OpenContext<'c>,
}

impl<'c> Config<'c> {
    fn options(self) -> Result<PostgresOptions> {
        let options = match self.text("url")? {
            Some(url) => self.with_url(&Secret::new(url))?,
            None => self.with_parts()?,
        };
        self.with_use(options)
    }

    fn with_url(self, url: &Secret) -> Result<PostgresOptions> {
        for key in ["host", "port", "dbname", "user", "password"] {
            if self.value(key).is_some() {
                return Err(self.problem(key, format!("`{key}` and `url` say the same: leave one of them out")));
            }
        }
        self.checked(PostgresOptions::from_url(url))
    }

    fn with_parts(self) -> Result<PostgresOptions> {
        let needed = |key: &str| {
            self.text(key)?.ok_or_else(|| {
                let message = format!(
                    "`{key}` is missing: a database has `host`, `port`, `dbname`, `user` and `password`, or a `url`"
                );
                self.context.config_problem(Code::ConfigKeyMissing, &format!("/{key}"), message)
            })
        };
        let password = self.text("password")?.map(Secret::new);
        let hosts = self.hosts(needed("host")?)?;
        let (dbname, user) = (needed("dbname")?, needed("user")?);
        let ((host, port), more) = hosts.split_first().ok_or_else(|| self.bad_host())?;
        let first = PostgresOptions::at(host, *port, dbname, user, password.as_ref());
        Ok(more.iter().fold(first, |options, (host, port)| options.or_at(host, *port)))
    }

    /// The hosts with their ports: one port for all, or one for each.
    fn hosts(self, hosts: &str) -> Result<Vec<(&str, u16)>> {
        let hosts: Vec<&str> = hosts.split(',').map(str::trim).collect();
        if hosts.iter().any(|host| host.is_empty()) {
            return Err(self.bad_host());
        }
        let ports = match self.value("port") {
            None => vec![DEFAULT_PORT],
            Some(Value::String(ports)) => ports.split(',').map(|port| port.trim().parse().unwrap_or(0)).collect(),
            Some(port) => vec![port.as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or(0)],
        };
        if ports.contains(&0) || ports.len() > 1 && ports.len() != hosts.len() {
            let message = "`port` is a whole number from 1 to 65535: one for all hosts, or one for each, with commas";
            return Err(self.problem("port", message.to_owned()));
        }
        Ok(hosts.into_iter().zip(ports.into_iter().cycle()).collect())
    }

    fn bad_host(self) -> Failure {
        let message = "`host` is a name, an address, or the directory of a socket; several have commas between";
        self.problem("host", message.to_owned())
    }

    fn with_use(self, mut options: PostgresOptions) -> Result<PostgresOptions> {
        let root_certificates = self.text("sslRootCert")?;
        if let Some(name) = self.text("sslMode")? {
            let mode = SslMode::from_name(name).ok_or_else(|| {
                let message = "`sslMode` is one of `disable`, `prefer`, `require`, `verify-ca` and `verify-full`";
                self.problem("sslMode", message.to_owned())
            })?;
            options = options.encryption(Encryption { mode, root_certificates: root_certificates.map(Into::into) });
        } else if root_certificates.is_some() {
            return Err(self.problem("sslRootCert", "`sslRootCert` needs an `sslMode` that verifies".to_owned()));
        }
        if let Some(name) = self.text("targetSessionAttrs")? {
            options = self.checked(options.target_session_attrs(name))?;
        }
        if let Some(name) = self.text("channelBinding")? {
            options = self.checked(options.channel_binding(name))?;
        }
        if let Some(schema) = self.text("schema")? {
            options = self.checked(options.schema(schema))?;
        }
        if let Some(size) = self.number("poolSize")? {
            options = self.checked(options.pool_size(usize::try_from(size).unwrap_or(usize::MAX)))?;
        }
        if let Some(timeout) = self.number("timeoutMs")? {
            options = self.checked(options.timeout(Duration::from_millis(timeout)))?;
        }
        Ok(options)
    }

    /// What stands at a key; null counts as nothing.
    fn value(self, key: &str) -> Option<&'c Value> {
        self.context.definition().config.value().get(key).filter(|value| !value.is_null())
    }

    fn text(self, key: &str) -> Result<Option<&'c str>> {
        let text = self.value(key).map(|value| value.as_str().filter(|text| !text.is_empty()));
        match text {
            Some(None) => {
                let message = format!("`{key}` must be a text that is not empty");
                Err(self.context.config_problem(Code::ConfigWrongType, &format!("/{key}"), message))
            }
            text => Ok(text.flatten()),
        }
    }

    /// A whole number, which a placeholder leaves as a text.
    fn number(self, key: &str) -> Result<Option<u64>> {
        let number = self.value(key).map(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()));
        match number {
            Some(None) => {
                let message = format!("`{key}` must be a whole number");
                Err(self.context.config_problem(Code::ConfigWrongType, &format!("/{key}"), message))
            }
            number => Ok(number.flatten()),
        }
    }

    fn checked<T>(self, result: Result<T, PostgresOptionsError>) -> Result<T> {
        result.map_err(|error| self.problem(error.key, error.message))
    }

    fn problem(self, key: &str, message: String) -> Failure {
        self.context.config_problem(Code::BadDatabaseConfig, &format!("/{key}"), message)
    }
}
