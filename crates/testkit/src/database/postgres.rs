//! A PostgreSQL server of one's own, in a temporary directory.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use mti_data::{PostgresDatabase, PostgresOptions};
use mti_element::Secret;
use tokio_postgres::NoTls;

use super::Shared;

/// Names a server to use, instead of starting one. Its user has to be allowed to make schemas.
const SERVER_VARIABLE: &str = "MTI_TEST_DATABASE_URL";

/// The password of the servers that are started here.
const PASSWORD: &str = "p@ss/wörd";

/// The same, as a URL has it.
const PASSWORD_IN_URL: &str = "p%40ss%2Fw%C3%B6rd";

/// Runs one server, and tidies up when whoever started it is gone, however he went: then its input ends.
///
/// It is told `start`, `stop`, `crash` (no time to write anything more) or `promote`, and answers `up` or `down`.
const KEEPER: &str = r#"
set -u
umask 077
place=$(mktemp -d "$PLACE/mti-postgres-XXXXXXXX") || exit 1
server=
down() {
    if [ -n "$server" ]; then kill -"$1" "$server" 2>/dev/null; wait "$server" 2>/dev/null; server=; fi
}
printf '%s' "$PASSWORD" >"$place/password"
if [ -n "$PRIMARY" ]; then
    "$BIN/pg_basebackup" -h "$PRIMARY" -p "$PRIMARY_PORT" -U mti -D "$place/data" \
        --write-recovery-conf --checkpoint=fast --no-sync
else
    "$BIN/initdb" -D "$place/data" -U mti --pwfile="$place/password" --auth-local=trust --auth-host="$ENTRY" \
        --encoding=UTF8 --no-locale --no-sync
fi >"$place/log" 2>&1 || { cat "$place/log" >&2; rm -rf "$place"; exit 1; }
if [ -n "$CERTIFICATE" ]; then
    printf '%s' "$CERTIFICATE" >"$place/data/server.crt"
    printf '%s' "$CERTIFICATE_KEY" >"$place/data/server.key"
fi
echo "$place"
while read -r order; do
    case $order in
    start)
        setpriv --pdeathsig KILL "$BIN/postgres" -D "$place/data" -p "$PORT" -k "$place" -h 127.0.0.1 $SETTINGS \
            >>"$place/log" 2>&1 </dev/null &
        server=$!
        until "$BIN/pg_isready" -q -h "$place" -p "$PORT"; do
            if ! kill -0 "$server" 2>/dev/null; then cat "$place/log" >&2; break; fi
            sleep 0.02
        done
        echo up ;;
    stop) down INT; echo down ;;
    crash) down QUIT; echo down ;;
    promote) "$BIN/pg_ctl" promote --wait --silent -D "$place/data" >>"$place/log" 2>&1 && echo up ;;
    esac
done
down QUIT
rm -rf "$place"
"#;

/// A PostgreSQL server that ends with the value, or with the process at the latest.
#[derive(Debug)]
pub struct PostgresServer {
    keeper: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    place: PathBuf,
    port: u16,
}

/// What a server is started with.
#[derive(Clone, Debug, Default)]
pub struct PostgresSettings {
    /// Settings as on its command line: `-c log_statement=all`.
    pub options: String,
    /// A certificate and its key, in PEM. With one, the server encrypts.
    pub certificate: Option<(String, String)>,
    /// Whether passwords do not matter. Checking them costs much, and more without optimisation.
    pub lets_anybody_in: bool,
    /// Whether what is committed has to reach the disk. Tests gain nothing by it, measurements do.
    pub durable: bool,
}

impl PostgresServer {
    /// Starts a server in a temporary directory, as an unprivileged user when this is run by root.
    ///
    /// # Panics
    ///
    /// When there is no PostgreSQL, with what to install; and when it does not start.
    pub fn start(settings: &PostgresSettings) -> Self {
        Self::start_as(settings, None)
    }

    /// Starts a standby, which follows this server until one of the two ends, or the standby is promoted.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    pub fn start_standby(&self, settings: &PostgresSettings) -> Self {
        Self::start_as(settings, Some(self))
    }

    fn start_as(settings: &PostgresSettings, primary: Option<&Self>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let mut options = format!("-c max_connections=300 -c logging_collector=off {}", settings.options);
        if !settings.durable {
            options.push_str(" -c fsync=off -c full_page_writes=off");
        }
        if settings.certificate.is_some() {
            options.push_str(" -c ssl=on");
        }
        let (certificate, key) = settings.certificate.clone().unwrap_or_default();
        let mut command = unprivileged();
        command
            .args(["sh", "-c", KEEPER])
            .env("BIN", programs())
            .env("PLACE", std::env::temp_dir())
            .env("PORT", port.to_string())
            .env("PASSWORD", PASSWORD)
            .env("ENTRY", if settings.lets_anybody_in { "trust" } else { "scram-sha-256" })
            .env("SETTINGS", options)
            .env("PRIMARY", primary.map_or(Path::new(""), |primary| primary.place.as_path()))
            .env("PRIMARY_PORT", primary.map_or(0, Self::port).to_string())
            .env("CERTIFICATE", certificate)
            .env("CERTIFICATE_KEY", key)
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        // Not by the keys that end the tests: it sees their end, and tidies up.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut keeper = command.spawn().expect("`setpriv`, which util-linux has, and `sh` start");
        let orders = keeper.stdin.take();
        let mut answers = BufReader::new(keeper.stdout.take().expect("a pipe"));
        let mut place = String::new();
        answers.read_line(&mut place).expect("UTF-8");
        assert!(!place.is_empty(), "PostgreSQL could not make a cluster: see above");
        let mut server = Self { keeper, orders, answers, place: place.trim().into(), port };
        server.resume();
        server
    }

    /// The server that the tests of this process share: the one that `MTI_TEST_DATABASE_URL` names, else a private one.
    pub fn shared_url() -> String {
        static SHARED: OnceLock<String> = OnceLock::new();
        let start = || {
            if let Ok(url) = std::env::var(SERVER_VARIABLE) {
                return url;
            }
            let server = Self::start(&PostgresSettings { lets_anybody_in: true, ..PostgresSettings::default() });
            let url = server.url();
            // It ends with the process, whose end closes the pipe to it.
            std::mem::forget(server);
            url
        };
        SHARED.get_or_init(start).clone()
    }

    /// The URL of its database, with the password in it.
    pub fn url(&self) -> String {
        format!("postgres://mti:{PASSWORD_IN_URL}@localhost:{}/postgres", self.port)
    }

    /// The port that it listens on, at 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory of its socket. Whoever may enter it needs no password.
    pub fn socket_directory(&self) -> &Path {
        &self.place
    }

    /// The password, as it is.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Ends the server in the middle of whatever it does. The data stays.
    pub fn crash(&mut self) {
        self.order("crash", "down");
    }

    /// Ends the server: what it does is broken off, its standby gets what was written.
    pub fn stop(&mut self) {
        self.order("stop", "down");
    }

    /// Makes a standby the primary. It takes writes when this returns.
    pub fn promote(&mut self) {
        self.order("promote", "up");
    }

    /// Starts it again.
    pub fn resume(&mut self) {
        self.order("start", "up");
    }

    fn order(&mut self, order: &str, expected: &str) {
        writeln!(self.orders.as_mut().expect("a pipe"), "{order}").expect("its keeper listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("UTF-8");
        assert_eq!(answer.trim(), expected, "PostgreSQL did not {order}");
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        drop(self.orders.take());
        drop(self.keeper.wait());
    }
}

/// A database that a test has for itself: a schema on the shared server.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    schema: String,
}

impl TestDatabase {
    /// Chooses a schema that nobody has. It is made when it is first used.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { url: PostgresServer::shared_url(), schema: format!("mti_test_{}_{number}", std::process::id()) }
    }

    /// What `--database-url` takes. It is patient: many tests may share few processors.
    pub fn url(&self) -> String {
        let separator = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{separator}schema={}&timeoutMs=60000", self.url, self.schema)
    }

    /// The URL of the server, without the schema.
    pub fn server_url(&self) -> &str {
        &self.url
    }

    /// The schema.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// What a driver connects with.
    pub fn options(&self) -> PostgresOptions {
        PostgresOptions::from_url(&Secret::new(self.url())).expect("a URL")
    }

    /// Waits until no connection is left of the processes that call themselves so (`application_name`). What they were
    /// at when they were killed goes on at the server, for a moment.
    ///
    /// # Panics
    ///
    /// When the server cannot be asked.
    pub async fn wait_until_left_by(&self, application: &str) {
        const PERIOD: Duration = Duration::from_millis(2);
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.expect("the server answers");
        let served = tokio::spawn(connection);
        let asked = "SELECT 1 FROM pg_stat_activity WHERE application_name = $1 LIMIT 1";
        while !client.query(asked, &[&application]).await.expect("the server answers").is_empty() {
            tokio::time::sleep(PERIOD).await;
        }
        served.abort();
    }

    /// A node: a database element of its own, with its own connections.
    pub fn node(&self) -> Shared {
        Arc::new(PostgresDatabase::new(self.options()))
    }
}

impl Default for TestDatabase {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TestDatabase {
    /// A server that others use is left as it was found.
    fn drop(&mut self) {
        if std::env::var_os(SERVER_VARIABLE).is_none() {
            return;
        }
        let (url, schema) = (self.url.clone(), self.schema.clone());
        let drop_schema = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let (client, connection) = tokio_postgres::connect(&url, NoTls).await.map_err(std::io::Error::other)?;
                tokio::spawn(connection);
                let statement = format!("DROP SCHEMA IF EXISTS \"{schema}\" CASCADE");
                client.batch_execute(&statement).await.map_err(std::io::Error::other)
            })
        };
        // Not on the runtime that the test may still be on.
        drop(thread::spawn(drop_schema).join());
    }
}

/// The directory of PostgreSQL's programs.
fn programs() -> PathBuf {
    let has_programs = |directory: &Path| {
        ["initdb", "postgres", "pg_isready", "pg_basebackup", "pg_ctl"]
            .iter()
            .all(|name| directory.join(name).is_file())
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).filter_map(|directory| directory.join("initdb").canonicalize().ok());
    let on_path = on_path.filter_map(|program| program.parent().map(Path::to_path_buf));
    let mut of_debian: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    of_debian.sort();
    on_path.chain(of_debian.into_iter().rev()).find(|directory| has_programs(directory)).unwrap_or_else(|| {
        panic!(
            "there is no PostgreSQL server to test with: install Debian's package `postgresql` \
             (`tests/tools/postgresql` does), or name a server with {SERVER_VARIABLE}"
        )
    })
}

/// `setpriv` to a user without privileges: PostgreSQL does not run as root.
fn unprivileged() -> Command {
    let mut command = Command::new("setpriv");
    let user = std::fs::metadata("/proc/self").map(|process| std::os::unix::fs::MetadataExt::uid(&process));
    if user.ok() == Some(0) {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    } else {
        command.arg("--");
    }
    command
}
