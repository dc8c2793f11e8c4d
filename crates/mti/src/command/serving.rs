//! What `serve` and `dev` have in common: an app that answers by HTTP until the process is told to end.

use std::sync::Arc;
use std::time::Duration;

use mti_core::{AppKey, Severity};
use mti_data::Database;
use mti_login_types::{AUTH_SERVICE, PublicUrl, SessionAuthenticator, sweep};
use mti_server::{Server, ServerOptions};
use tokio::task::JoinHandle;
use url::Url;

use crate::App;
use crate::command::arguments::ServeArguments;
use crate::command::readiness::DatabaseReadiness;
use crate::command::shutdown::Shutdown;
use crate::command::{databases, wechat};
use crate::exit::CommandError;

/// How often what has expired is taken out of the tables.
const SWEEP_PERIOD: Duration = Duration::from_mins(1);

/// An app that is ready to answer.
pub(crate) struct Serving {
    app: App,
    server: Server,
    url: Url,
    shutdown: Shutdown,
    database: Option<Arc<dyn Database>>,
}

impl Serving {
    /// Takes the address and opens the database, so that whatever is in the way is known before anything is answered.
    pub(crate) async fn start(app: App, arguments: &ServeArguments) -> Result<Self, CommandError> {
        let shutdown = Shutdown::listen()
            .map_err(|error| CommandError::usage(format!("cannot listen for signals to end: {error}")))?;
        let readiness = Arc::new(DatabaseReadiness::default());
        let options = ServerOptions {
            readiness: Arc::clone(&readiness) as _,
            public_url: arguments.public_url.clone(),
            frame_origins: wechat::page_origins(&app),
            ..ServerOptions::new(arguments.bind, Arc::new(SessionAuthenticator))
        };
        let server = Server::bind((*app).clone(), options).await?;
        let public_url = public_url(arguments, &server)?;
        app.resources().insert(PublicUrl(public_url.clone()));
        let database = databases::open_default(&app).await?;
        if let Some(database) = &database {
            readiness.watch(Arc::clone(database));
        }
        let url = portal(&public_url, &app.key());
        Ok(Self { app, server, url, shutdown, database })
    }

    /// The app that is served.
    pub(crate) fn key(&self) -> AppKey {
        self.app.key()
    }

    /// Where its portal is.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Answers until the process is told to end, then lets the requests in progress be answered and closes the databases.
    pub(crate) async fn run(self) -> Result<(), CommandError> {
        let Self { app, server, url, mut shutdown, database } = self;
        log_findings(&app);
        tracing::info!(app = %app.key(), address = %server.local_address(), %url, "serving");
        let sweeping = start_sweeping(app.clone());
        let served = server.serve(shutdown.asked()).await;
        sweeping.abort();
        databases::close(database).await;
        tracing::info!("stopped");
        Ok(served?)
    }
}

fn public_url(arguments: &ServeArguments, server: &Server) -> Result<Url, CommandError> {
    match &arguments.public_url {
        Some(url) => Ok(url.clone()),
        None => Url::parse(server.origin())
            .map_err(|error| CommandError::usage(format!("`{}` makes no URL: {error}", server.origin()))),
    }
}

/// `http://127.0.0.1:8080/acme/demo/`.
fn portal(public_url: &Url, app: &AppKey) -> Url {
    let mut portal = public_url.clone();
    if let Ok(mut path) = portal.path_segments_mut() {
        path.pop_if_empty().extend([app.id.org(), app.id.name(), ""]);
    }
    portal
}

/// What is wrong does not keep the rest from being served, but it is said.
fn log_findings(app: &App) {
    for finding in app.diagnostics() {
        let element = finding.element.as_ref().map_or("", |name| name.as_str());
        let place = finding.location.as_ref().map_or("", |location| location.file.as_str());
        let (code, message) = (finding.code.id(), finding.message.as_str());
        match finding.severity {
            Severity::Error => tracing::error!(code, element, file = place, "{message}"),
            Severity::Warning => tracing::warn!(code, element, file = place, "{message}"),
            Severity::Note => tracing::debug!(code, element, file = place, "{message}"),
        }
    }
}

/// Takes what has expired out of the tables from time to time, in an app that people can sign in to.
fn start_sweeping(app: App) -> JoinHandle<()> {
    tokio::spawn(async move {
        if app.get_element_define(AUTH_SERVICE).is_err() {
            return;
        }
        let mut period = tokio::time::interval(SWEEP_PERIOD);
        period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // The first tick is at once: nothing has expired since the last start that could not wait.
        period.tick().await;
        loop {
            period.tick().await;
            match sweep(app.view()).await {
                Ok(swept) => tracing::debug!(rows = swept.rows, "swept"),
                Err(failure) => tracing::warn!("cannot sweep: {}", failure.operator_message()),
            }
        }
    })
}
