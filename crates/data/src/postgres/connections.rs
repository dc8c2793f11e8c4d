//! Connections, and what is run on them: with patience that ends, and again where that is safe.

use std::time::Duration;

use deadpool_postgres::{
    GenericClient, Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolConfig, QueueMode, RecyclingMethod,
    Runtime, Timeouts, Transaction,
};
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_postgres::config::SslMode as DriverSslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{IsolationLevel, Row, Statement};

use super::encryption::Encrypting;
use super::options::{PostgresOptions, SslMode};
use super::sql::{Sql, quoted};
use super::table::Table;
use super::trouble::{Remedy, Trouble, late_connection};
use crate::DataError;

/// How many attempts there are at most, the first included.
const MAX_ATTEMPTS: u32 = 40;

/// How many attempts there are on connections that get lost.
const MAX_LOST: u32 = 3;

/// The longest pause between two attempts.
const MAX_PAUSE: Duration = Duration::from_millis(250);

/// How long an answer may be late, when the server should have ended the statement by itself.
const GRACE: Duration = Duration::from_secs(2);

/// How long bringing a table in line with its model may take: it may have to build indexes.
pub(super) const MIGRATION_TIMEOUT: Duration = Duration::from_mins(10);

/// How long it may wait for others to be done with the table.
const MIGRATION_LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// How many statements a connection keeps prepared.
const MAX_PREPARED: usize = 256;

/// The most values that the protocol lets a statement have.
const MAX_VALUES: usize = u16::MAX as usize;

/// The connections of a database. They are made when they are needed.
#[derive(Debug)]
pub(super) struct Connections {
    options: PostgresOptions,
    pool: OnceCell<Pool>,
}

/// What an attempt that was broken off may have left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing: it only reads, or what it does ends with a transaction that was not committed.
    None,
    /// All of it, or nothing: which is not known.
    Unknown,
}

impl Connections {
    pub(super) fn new(options: PostgresOptions) -> Self {
        Self { options, pool: OnceCell::new() }
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

    /// A connection that nobody else uses meanwhile.
    pub(super) async fn lease(&self) -> Result<Lease, DataError> {
        let connection = self.take().await.map_err(|trouble| trouble.error)?;
        Ok(Lease { connection: Some(connection), patience: self.patience(), in_transaction: false })
    }

    /// Begins to try something, which is tried again where that is safe and can help.
    pub(super) fn attempts(&self, effect: Effect) -> Attempts<'_> {
        let deadline = Instant::now() + self.options.timeout;
        Attempts { connections: self, effect, deadline, failed: 0, lost: 0 }
    }

    async fn take(&self) -> Result<Object, Trouble> {
        let pool = self.pool.get_or_try_init(|| self.open()).await?;
        let connection =
            pool.get().await.map_err(|error| Trouble::of_pool(error, &self.options.place(), self.options.timeout))?;
        if connection.statement_cache.size() > MAX_PREPARED {
            connection.statement_cache.clear();
        }
        Ok(connection)
    }

    /// Runs a statement that is a transaction by itself.
    pub(super) async fn query(
        &self,
        connection: &impl GenericClient,
        sql: &Sql,
        table: Option<&Table>,
    ) -> Result<Vec<Row>, Trouble> {
        check_values(sql)?;
        let answered = async {
            let statement = connection.prepare_cached(sql.text()).await?;
            connection.query(&statement, &sql.values()).await
        };
        self.answer(self.patience(), answered, table).await
    }

    /// Makes statements ready. What is queried with them is on its way as soon as it is first polled, so that several
    /// are run in the order in which they are.
    pub(super) async fn prepare<'s>(
        &self,
        connection: &impl GenericClient,
        statements: impl Iterator<Item = (&'s Sql, &'s Table)>,
    ) -> Result<Vec<Ready<'s>>, Trouble> {
        let mut ready = Vec::with_capacity(statements.size_hint().0);
        for (sql, table) in statements {
            check_values(sql)?;
            let prepared = connection.prepare_cached(sql.text());
            let statement = self.answer(self.patience(), prepared, Some(table)).await?;
            ready.push(Ready { statement, sql, table });
        }
        Ok(ready)
    }

    /// Runs a statement that was made ready.
    pub(super) async fn query_ready(
        &self,
        connection: &impl GenericClient,
        Ready { statement, sql, table }: &Ready<'_>,
    ) -> Result<Vec<Row>, Trouble> {
        let values = sql.values();
        self.answer(self.patience(), connection.query(statement, &values), Some(table)).await
    }

    /// Runs text with statements in it, none of which has values.
    pub(super) async fn run(
        &self,
        connection: &impl GenericClient,
        text: &str,
        patience: Duration,
        table: Option<&Table>,
    ) -> Result<(), Trouble> {
        self.answer(patience, connection.batch_execute(text), table).await
    }

    /// Asks the server whether it answers.
    pub(super) async fn ask(&self, connection: &impl GenericClient) -> Result<(), Trouble> {
        self.run(connection, "", self.patience(), None).await
    }

    /// Begins a transaction.
    pub(super) async fn begin<'a>(
        &self,
        connection: &'a mut Object,
        isolation: IsolationLevel,
    ) -> Result<Transaction<'a>, Trouble> {
        let begun = connection.build_transaction().isolation_level(isolation).start();
        self.answer(self.patience(), begun, None).await
    }

    /// Ends a transaction. When the connection is lost now, whether it happened is not known.
    pub(super) async fn commit(&self, transaction: Transaction<'_>) -> Result<(), Trouble> {
        self.answer(self.patience(), transaction.commit(), None).await.map_err(Trouble::in_commit)
    }

    /// Sends the end of a transaction. When the connection is lost now, whether it happened is not known.
    pub(super) async fn send_commit(&self, connection: &impl GenericClient) -> Result<(), Trouble> {
        self.run(connection, "COMMIT", self.patience(), None).await.map_err(Trouble::in_commit)
    }

    /// Takes a transaction back that came into trouble, and answers with that.
    pub(super) async fn take_back(&self, connection: &impl GenericClient, trouble: Trouble) -> Trouble {
        if matches!(trouble.remedy, Remedy::Reconnect | Remedy::Abandon) {
            return trouble;
        }
        match self.run(connection, "ROLLBACK", self.patience(), None).await {
            Ok(()) => trouble,
            Err(_) => trouble.on_lost_connection(),
        }
    }

    pub(super) fn patience(&self) -> Duration {
        self.options.timeout + GRACE
    }

    async fn answer<T>(
        &self,
        patience: Duration,
        answered: impl Future<Output = Result<T, tokio_postgres::Error>>,
        table: Option<&Table>,
    ) -> Result<T, Trouble> {
        match tokio::time::timeout(patience, answered).await {
            Ok(answer) => answer.map_err(|error| Trouble::of_statement(&error, table)),
            Err(_) => Err(Trouble::silence(patience)),
        }
    }

    async fn open(&self) -> Result<Pool, Trouble> {
        let PostgresOptions { encryption, pool_size, timeout, .. } = self.options.clone();
        let encrypting = tokio::task::spawn_blocking(move || Encrypting::new(&encryption))
            .await
            .map_err(|_| DataError::Unavailable { message: "the program is ending".to_owned(), retryable: false })??;
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(connection_config(&self.options), encrypting, recycling);
        let settings = settings(&self.options);
        let late = late_connection(&self.options.place(), timeout);
        let prepare = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
            let settings = settings.clone();
            let late = late.clone();
            Box::pin(async move {
                match tokio::time::timeout(timeout, client.batch_execute(&settings)).await {
                    Ok(set) => set.map_err(HookError::Backend),
                    Err(_) => Err(HookError::message(late)),
                }
            })
        });
        // Recycling asks nothing of the server.
        let timeouts = Timeouts { wait: Some(timeout), create: Some(timeout), recycle: None };
        // The connection that was used last has its statements prepared, its server process in the caches of a core,
        // and is the least likely to have been cut for being idle.
        let config = PoolConfig { max_size: pool_size, timeouts, queue_mode: QueueMode::Lifo };
        let pool = Pool::builder(manager).config(config).runtime(Runtime::Tokio1).post_create(prepare).build();
        pool.map_err(|error| DataError::Unavailable { message: error.to_string(), retryable: false }.into())
    }
}

/// A statement that was made ready on a connection.
pub(super) struct Ready<'s> {
    statement: Statement,
    sql: &'s Sql,
    table: &'s Table,
}

/// A connection that nobody else uses meanwhile.
pub(super) struct Lease {
    connection: Option<Object>,
    patience: Duration,
    /// Whether a transaction may be open.
    in_transaction: bool,
}

impl Lease {
    pub(super) fn connection(&mut self) -> &mut Object {
        #[expect(clippy::expect_used, reason = "only what consumes the lease takes the connection out of it")]
        self.connection.as_mut().expect("a lease has a connection")
    }

    /// The connection, for something that begins a transaction and ends it. When it is dropped before its end, the
    /// transaction is taken back.
    pub(super) async fn transact<T>(
        &mut self,
        transaction: impl AsyncFnOnce(&Object) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        self.in_transaction = true;
        let done = transaction(self.connection()).await;
        self.in_transaction = false;
        done
    }

    /// Lets others have the connection, unless it is gone or in the middle of something.
    pub(super) fn end<T>(mut self, done: Result<T, Trouble>) -> Result<T, Trouble> {
        let connection = self.connection.take();
        if done.as_ref().is_err_and(|trouble| matches!(trouble.remedy, Remedy::Reconnect | Remedy::Abandon)) {
            drop(connection.map(Object::take));
        }
        done
    }
}

impl Drop for Lease {
    /// Whoever asked went away before the server had answered. Whoever came next would wait for that answer too, so
    /// nobody gets the connection until it is there. It counts as in use so long: who asks and goes away again and
    /// again keeps the server no busier than others.
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

/// Something that is tried until it is done, or trying again cannot help.
pub(super) struct Attempts<'a> {
    connections: &'a Connections,
    effect: Effect,
    deadline: Instant,
    failed: u32,
    lost: u32,
}

impl Attempts<'_> {
    /// A connection for the next attempt.
    pub(super) async fn lease(&self) -> Result<Lease, DataError> {
        self.connections.lease().await
    }

    /// What an attempt achieved, if anything: else it may be tried again now. Fails when it may not.
    pub(super) async fn after<T>(
        &mut self,
        mut lease: Lease,
        done: Result<T, Trouble>,
    ) -> Result<Option<T>, DataError> {
        if done.as_ref().is_err_and(|trouble| trouble.state == Some(SqlState::FEATURE_NOT_SUPPORTED)) {
            lease.connection().statement_cache.clear();
        }
        let Trouble { error, remedy, .. } = match lease.end(done) {
            Ok(done) => return Ok(Some(done)),
            Err(trouble) => trouble,
        };
        self.failed += 1;
        let late = self.failed >= MAX_ATTEMPTS || Instant::now() >= self.deadline;
        match remedy {
            Remedy::None | Remedy::Abandon => Err(error),
            Remedy::Again if late => Err(error),
            Remedy::Again => {
                tokio::time::sleep(pause(self.failed)).await;
                Ok(None)
            }
            Remedy::Reconnect => {
                self.lost += 1;
                match self.effect {
                    Effect::Unknown => Err(unknown_outcome(error)),
                    Effect::None if late || self.lost >= MAX_LOST => Err(error),
                    Effect::None => Ok(None),
                }
            }
        }
    }
}

/// What the driver connects with.
pub(super) fn connection_config(options: &PostgresOptions) -> tokio_postgres::Config {
    const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(30);
    let mut config = options.connection.clone();
    config.ssl_mode(match options.encryption.mode {
        SslMode::Disable => DriverSslMode::Disable,
        SslMode::Prefer => DriverSslMode::Prefer,
        SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => DriverSslMode::Require,
    });
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(options.timeout);
    }
    if config.get_application_name().is_none() {
        config.application_name("mti");
    }
    config.keepalives_idle(KEEP_ALIVE_AFTER).tcp_user_timeout(options.timeout + 2 * GRACE);
    config
}

/// What every connection begins with.
fn settings(options: &PostgresOptions) -> String {
    let timeout = options.timeout.as_millis();
    let idle = (options.timeout + 2 * GRACE).as_millis();
    let mut settings = format!(
        "SET default_transaction_isolation = 'read committed'; SET statement_timeout = {timeout}; \
         SET idle_in_transaction_session_timeout = {idle}; SET datestyle = 'ISO'; SET client_min_messages = warning"
    );
    if let Some(schema) = &options.schema {
        settings.push_str("; SET search_path = ");
        settings.push_str(&quoted(schema));
    }
    settings
}

/// What a transaction that changes tables begins with.
pub(super) fn migration_settings() -> String {
    format!(
        "SET LOCAL statement_timeout = {}; SET LOCAL lock_timeout = {}",
        MIGRATION_TIMEOUT.as_millis(),
        MIGRATION_LOCK_TIMEOUT.as_millis()
    )
}

/// Some time between nothing and what has doubled with every attempt.
fn pause(attempt: u32) -> Duration {
    const FIRST: Duration = Duration::from_millis(4);
    let longest = FIRST.saturating_mul(1 << attempt.min(10)).min(MAX_PAUSE);
    longest.mul_f64(rand::random_range(0.0..1.0))
}

fn check_values(sql: &Sql) -> Result<(), Trouble> {
    if sql.value_count() <= MAX_VALUES {
        return Ok(());
    }
    let message = format!("a filter has at most {MAX_VALUES} values; split it");
    Err(DataError::TooLarge { message }.into())
}

/// What is said of a write when its connection was lost.
pub(super) fn unknown_outcome(error: DataError) -> DataError {
    match error {
        DataError::Unavailable { message, .. } => DataError::Unavailable {
            message: format!("{message}; the connection was lost during a write, which may have taken effect"),
            retryable: false,
        },
        other => other,
    }
}
