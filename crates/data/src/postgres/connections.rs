//! A pool of connections to one database, which replaces those that can no longer be used.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::{
    ClientWrapper, GenericClient as _, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolConfig, QueueMode,
    RecyclingMethod, Runtime, Timeouts,
};
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tokio_postgres::IsolationLevel;

use super::attempt_error::{AttemptError, Spoils, late_connection};
use super::connect::Connector;
use super::options::PostgresOptions;
use super::retry::{Effect, RetryLoop};
use super::session::{LongTransaction, Session, answered};
use super::sql::quoted;
use crate::DataError;

/// How late an answer may be, as the server should have ended the statement by itself.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// How long a statement may take that changes tables, or moves all of their rows.
const LONG_TIMEOUT: Duration = Duration::from_mins(10);

/// How long it may wait for others to be done with the table.
const LONG_LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection may lie unused until the server is asked whether it is still there.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// How many statements a connection keeps prepared.
const MAX_PREPARED: usize = 256;

/// The connections of a database. They are made when they are needed.
#[derive(Debug)]
pub(super) struct Connections {
    options: PostgresOptions,
    pool: OnceCell<Pool>,
    spoiled: Spoiled,
}

impl Connections {
    pub(super) fn new(options: PostgresOptions) -> Self {
        Self { options, pool: OnceCell::new(), spoiled: Spoiled::default() }
    }

    pub(super) fn options(&self) -> &PostgresOptions {
        &self.options
    }

    pub(super) fn close(&self) {
        if let Some(pool) = self.pool.get() {
            pool.close();
        }
    }

    /// Drops the statements that are kept prepared, on all connections.
    pub(super) fn forget_statements(&self) {
        if let Some(pool) = self.pool.get() {
            pool.manager().statement_caches.clear();
        }
    }

    /// A connection that the caller has to itself.
    pub(super) async fn lease(&self) -> Result<Lease, DataError> {
        let taken = Instant::now();
        let connection = self.take().await.map_err(|failed| failed.error)?;
        Ok(Lease {
            connection: Some(connection),
            patience: self.patience(),
            in_transaction: false,
            taken,
            spoiled: self.spoiled.clone(),
        })
    }

    /// Begins attempts at something that may leave this behind.
    pub(super) fn attempts(&self, effect: Effect) -> RetryLoop<'_> {
        RetryLoop::new(self, effect)
    }

    /// A session on a connection, for ordinary statements.
    pub(super) fn session<'c>(&self, connection: &'c Object) -> Session<'c, Object> {
        Session::new(connection, self.patience())
    }

    /// Begins a transaction whose statements may take long; `settings` are more statements that it begins with.
    pub(super) async fn begin_long<'c>(
        &self,
        connection: &'c mut Object,
        isolation: IsolationLevel,
        settings: &str,
    ) -> Result<LongTransaction<'c>, AttemptError> {
        let begun = connection.build_transaction().isolation_level(isolation).start();
        let transaction = answered(self.patience(), begun, None).await?;
        let long = LongTransaction::new(transaction, LONG_TIMEOUT + GRACE);
        let limits = format!(
            "SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}{settings}",
            LONG_TIMEOUT.as_millis(),
            LONG_LOCK_TIMEOUT.as_millis()
        );
        long.session().run(&limits, None).await?;
        Ok(long)
    }

    fn patience(&self) -> Duration {
        self.options.timeout + GRACE
    }

    async fn take(&self) -> Result<Object, AttemptError> {
        let pool = self.pool.get_or_try_init(|| self.open()).await?;
        let connection = pool
            .get()
            .await
            .map_err(|error| AttemptError::of_pool(error, &self.options.place(), self.options.timeout))?;
        if connection.statement_cache.size() > MAX_PREPARED {
            connection.statement_cache.clear();
        }
        Ok(connection)
    }

    async fn open(&self) -> Result<Pool, AttemptError> {
        let connector = Connector::new(&self.options).await?;
        let PostgresOptions { pool_size, timeout, .. } = self.options;
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        // The connector has the driver's settings for each host.
        let manager = Manager::from_connect(tokio_postgres::Config::new(), connector, recycling);
        // A host has its own time to take a connection.
        let create = self.options.host_timeout() * u32::try_from(self.options.host_count()).unwrap_or(1);
        let timeouts = Timeouts { wait: Some(timeout), create: Some(create), recycle: None };
        // The connection that was used last has its statements prepared, its server process in the caches of a core,
        // and is the least likely to have been cut for being idle.
        let config = PoolConfig { max_size: pool_size, timeouts, queue_mode: QueueMode::Lifo };
        let pool = Pool::builder(manager)
            .config(config)
            .runtime(Runtime::Tokio1)
            .post_create(beginning(&self.options))
            .pre_recycle(self.spoiled.check(timeout.min(GRACE)))
            .build();
        pool.map_err(|error| DataError::Unavailable { message: error.to_string(), retryable: false }.into())
    }
}

/// Makes the settings that every connection begins with.
fn beginning(options: &PostgresOptions) -> Hook {
    let timeout = options.timeout;
    let late = late_connection(&options.place(), timeout);
    let idle = (timeout + 2 * GRACE).as_millis();
    let mut settings = format!(
        "SET default_transaction_isolation = 'read committed'; SET statement_timeout = {}; \
         SET idle_in_transaction_session_timeout = {idle}; SET datestyle = 'ISO'; SET client_min_messages = warning",
        timeout.as_millis()
    );
    if let Some(schema) = &options.schema {
        settings.push_str("; SET search_path = ");
        settings.push_str(&quoted(schema));
    }
    Hook::async_fn(move |client: &mut ClientWrapper, _| {
        let settings = settings.clone();
        let late = late.clone();
        Box::pin(async move {
            match tokio::time::timeout(timeout, client.batch_execute(&settings)).await {
                Ok(set) => set.map_err(HookError::Backend),
                Err(_) => Err(HookError::message(late)),
            }
        })
    })
}

/// Up to when connections were made that can no longer be used.
#[derive(Clone, Debug, Default)]
struct Spoiled(Arc<Mutex<Option<Instant>>>);

impl Spoiled {
    /// Connections that were made before this instant lead to a node that cannot be used.
    fn extend_to(&self, instant: Instant) {
        let mut until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *until = Some(until.map_or(instant, |until| until.max(instant)));
    }

    fn contains(&self, created: Instant) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| created < until)
    }

    /// Lets a pooled connection be used again only if nothing is known against it, and if the server still answers on
    /// one that lay unused for a while. A statement that is sent on it afterwards cannot get lost on a connection that
    /// had ended unnoticed long before.
    fn check(&self, patience: Duration) -> Hook {
        let spoiled = self.clone();
        Hook::async_fn(move |client: &mut ClientWrapper, metrics| {
            let spoiled = spoiled.clone();
            let (created, unused) = (metrics.created, metrics.last_used());
            Box::pin(async move {
                if spoiled.contains(created) {
                    return Err(HookError::message("it leads to a node that cannot be used"));
                }
                if unused < TRUSTED_FOR || client.is_closed() {
                    return Ok(());
                }
                let asked = Instant::now();
                let Ok(answered) = tokio::time::timeout(patience, client.batch_execute("")).await else {
                    // The others would be silent too, one after another.
                    spoiled.extend_to(asked);
                    return Err(HookError::message("the server does not answer on it"));
                };
                answered.map_err(HookError::Backend)
            })
        })
    }
}

/// A connection that its holder has to itself.
pub(super) struct Lease {
    connection: Option<Object>,
    patience: Duration,
    /// Whether a transaction may be open.
    in_transaction: bool,
    /// When the connection was asked for.
    taken: Instant,
    spoiled: Spoiled,
}

impl Lease {
    pub(super) fn connection(&mut self) -> &mut Object {
        #[expect(clippy::expect_used, reason = "only what consumes the lease takes the connection out of it")]
        self.connection.as_mut().expect("a lease has a connection")
    }

    /// Whether the connection was made for this lease.
    pub(super) fn is_new(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| Object::metrics(connection).recycle_count == 0)
    }

    /// The connection, for something that begins a transaction and ends it. When it is dropped before its end, the
    /// transaction is rolled back.
    pub(super) async fn transact<T>(
        &mut self,
        transaction: impl AsyncFnOnce(&Object) -> Result<T, AttemptError>,
    ) -> Result<T, AttemptError> {
        self.in_transaction = true;
        let done = transaction(self.connection()).await;
        self.in_transaction = false;
        done
    }

    /// Returns the connection to the pool, unless what was done spoiled it.
    pub(super) fn end<T>(mut self, done: Result<T, AttemptError>) -> Result<T, AttemptError> {
        let connection = self.connection.take();
        let spoils = done.as_ref().map_or_else(|failed| failed.spoils, |_| Spoils::Nothing);
        if spoils == Spoils::Node {
            // Those that were made since may lead to another node already.
            self.spoiled.extend_to(self.taken);
            if let Some(pool) = connection.as_ref().and_then(Object::pool) {
                drop(pool.retain(|_, metrics| !self.spoiled.contains(metrics.created)));
            }
        }
        if spoils != Spoils::Nothing {
            drop(connection.map(Object::take));
        }
        done
    }
}

impl Drop for Lease {
    /// The caller was cancelled with a reply pending. The connection counts as in use until the reply arrives or times
    /// out: a caller who comes and goes keeps the server no busier than others do.
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let (patience, in_transaction) = (self.patience, self.in_transaction);
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move {
                let last = if in_transaction { "ROLLBACK" } else { "" };
                if !matches!(tokio::time::timeout(patience, connection.batch_execute(last)).await, Ok(Ok(()))) {
                    drop(Object::take(connection));
                }
            })),
            Err(_) => drop(Object::take(connection)),
        }
    }
}
