//! Numbers that tell the processes which share a database that something has changed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::{GenericClient, Object};
use futures_util::{StreamExt as _, stream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_postgres::AsyncMessage;
use tokio_postgres::error::SqlState;

use super::attempt_error::AttemptError;
use super::background;
use super::connect::Connector;
use super::connections::Connections;
use super::prepare::make_records;
use super::retry::Effect;
use super::session::Session;
use super::sql::{Bound, Sql, fitting, quoted};
use crate::DataError;

/// Where the numbers are.
pub(super) const GENERATIONS: &str = "mti_generations";

/// How long it takes until the server is asked again to notify, when it could not be reached.
const LISTEN_AGAIN: Duration = Duration::from_secs(2);

/// Hears from the server that a number was raised.
#[derive(Debug, Default)]
pub(super) struct Listener {
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    /// Kept, so that who waits is not told that nothing can come any more.
    hears: Arc<watch::Sender<u64>>,
    task: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// What is raised when tables changed, or rows were put in from a backup.
pub(super) const TABLES: &str = "tables";

/// The number of a topic; 0 when nobody has raised it.
pub(super) async fn current(connections: &Connections, topic: &str) -> Result<u64, DataError> {
    let mut sql = Sql::new(&format!("SELECT generation FROM {GENERATIONS} WHERE topic = "));
    sql.bind(Bound::Text(topic.to_owned()));
    ask(connections, &sql).await.map(Option::unwrap_or_default)
}

/// Raises the number of a topic, and notifies those who listen.
pub(super) async fn raise(connections: &Connections, topic: &str) -> Result<u64, DataError> {
    // Raised twice is as good as raised once.
    let raised = ask(connections, &raising(topic)).await?.unwrap_or_default();
    if let Ok(mut lease) = connections.lease().await {
        notify(connections, lease.connection()).await;
        drop(lease.end(Ok(())));
    }
    Ok(raised)
}

/// Raises the number of the tables with what a transaction does, or not at all. [`notify`] is for afterwards: it would
/// break the transaction on a server that cannot. It comes last, as others wait for the row until the transaction ends.
pub(super) async fn raise_with(session: &Session<'_, impl GenericClient>) -> Result<(), AttemptError> {
    session.query(&raising(TABLES), None).await.map(drop)
}

fn raising(topic: &str) -> Sql {
    let mut sql = Sql::new(&format!("INSERT INTO {GENERATIONS} (topic, generation) VALUES ("));
    sql.bind(Bound::Text(topic.to_owned())).push(&format!(
        ", 1) ON CONFLICT (topic) DO UPDATE SET generation = {GENERATIONS}.generation + 1 RETURNING generation"
    ));
    sql
}

/// Tells those who listen that a number was raised.
pub(super) async fn notify(connections: &Connections, connection: &Object) {
    let mut sql = Sql::new("SELECT pg_notify(");
    sql.bind(Bound::Text(channel(connections))).push(", '')::text");
    // Not every server can: those who wait ask from time to time too.
    if let Err(failed) = connections.session(connection).query(&sql, None).await {
        tracing::debug!("the server does not notify: {}", failed.error);
    }
}

async fn ask(connections: &Connections, sql: &Sql) -> Result<Option<u64>, DataError> {
    let mut attempts = connections.attempts(Effect::None);
    loop {
        let mut lease = attempts.lease().await?;
        let done = number(connections, lease.connection(), sql).await;
        if let Some(number) = attempts.after(lease, done).await? {
            return Ok(number);
        }
    }
}

async fn number(connections: &Connections, connection: &Object, sql: &Sql) -> Result<Option<u64>, AttemptError> {
    let session = connections.session(connection);
    let answered = match session.query(sql, None).await {
        Err(failed) if failed.state == Some(SqlState::UNDEFINED_TABLE) => {
            make_records(connections, &session).await?;
            session.query(sql, None).await?
        }
        answered => answered?,
    };
    let number = answered.first().and_then(|row| row.try_get::<_, i64>(0).ok());
    Ok(number.and_then(|number| u64::try_from(number).ok()))
}

impl Listener {
    /// Changes when the server notifies, or may have without being heard.
    pub(super) fn notices(&self, connections: &Connections) -> watch::Receiver<u64> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.get_or_insert_with(|| Running::start(connections)).hears.subscribe()
    }

    pub(super) fn stop(&self) {
        drop(self.running.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Running {
    fn start(connections: &Connections) -> Self {
        let hears = Arc::new(watch::Sender::new(0));
        let teller = Arc::clone(&hears);
        let options = connections.options().clone();
        let statement = format!("LISTEN {}", quoted(&channel(connections)));
        let listening = async move {
            if !options.listens {
                return;
            }
            let Ok(connector) = Connector::new(&options).await else { return };
            loop {
                match listen(&connector, &statement, &teller).await {
                    Ok(()) => {}
                    Err(error) if error.as_db_error().is_some_and(|answer| never_notifies(answer.code())) => {
                        tracing::debug!("the server does not notify: {}", AttemptError::of_connection(&error).error);
                        return;
                    }
                    Err(error) => {
                        tracing::debug!("not listening to the server: {}", AttemptError::of_connection(&error).error);
                    }
                }
                tokio::time::sleep(LISTEN_AGAIN).await;
            }
        };
        let task = match background::runtime() {
            Ok(runtime) => Some(runtime.spawn(listening)),
            Err(error) => {
                // Those who wait for a notice ask from time to time too.
                tracing::warn!("not listening to the server: {error}");
                None
            }
        };
        Self { hears, task }
    }
}

/// Listens on a connection of its own, until that is lost.
async fn listen(
    connector: &Connector,
    statement: &str,
    hears: &watch::Sender<u64>,
) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = connector.connection().await?;
    let mut messages = Box::pin(stream::poll_fn(move |context| connection.poll_message(context)));
    let mut begun = Box::pin(client.batch_execute(statement));
    let mut listening = false;
    loop {
        tokio::select! {
            begun = &mut begun, if !listening => {
                begun?;
                listening = true;
                // What was said before is not heard any more.
                hears.send_modify(|heard| *heard += 1);
            }
            message = messages.next() => match message {
                Some(Ok(AsyncMessage::Notification(_))) => hears.send_modify(|heard| *heard += 1),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
        }
    }
}

/// Whether a server that answers so has no `LISTEN`.
fn never_notifies(code: &SqlState) -> bool {
    [SqlState::FEATURE_NOT_SUPPORTED, SqlState::SYNTAX_ERROR].contains(code)
}

/// What is listened to: the schema, so that apps which share a server do not wake each other.
fn channel(connections: &Connections) -> String {
    fitting(&format!("mti:{}", connections.options().schema.as_deref().unwrap_or_default()))
}
