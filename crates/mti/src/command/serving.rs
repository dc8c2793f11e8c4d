//! What `serve` and `dev` have in common: an app that answers by HTTP until the process is told to end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use mti_core::AppKey;
use mti_element::SharedCalls;
use mti_login_types::{AUTH_SERVICE, CallTable, Followers, PublicUrl, SessionAuthenticator, WECHAT_TYPE, fails, sweep};
use mti_registry::Watching;
use mti_server::{FamilyFailures, Server, ServerOptions, TrustedProxies};
use tokio::task::JoinHandle;
use url::Url;

use crate::App;
use crate::command::arguments::ServeArguments;
use crate::command::findings::Findings;
use crate::command::readiness::AppReadiness;
use crate::command::reloading::log_findings;
use crate::command::shutdown::Shutdown;
use crate::command::{databases, wechat};
use crate::exit::CommandError;

/// How often what has expired is taken out of the tables.
const SWEEP_PERIOD: Duration = Duration::from_mins(1);

/// Where the login family and its services are.
const LOGIN_NAMESPACE: &str = "auths.loginTypes";

/// In what `serve` and `dev` differ.
#[derive(Default)]
pub(crate) struct ServingOptions {
    /// Whether changes to the app's files are taken in, though nobody asked for it.
    pub(crate) watches: bool,
    /// Whether only requests to this machine's own names are answered.
    pub(crate) local_hosts_only: bool,
    /// The path of the page that tells developers how the app is doing.
    pub(crate) development_page: Option<&'static str>,
    /// Further routes.
    pub(crate) routes: Option<Router>,
}

/// An app that is ready to answer.
pub(crate) struct Serving {
    app: App,
    findings: Arc<Findings>,
    server: Server,
    public_url: Url,
    shutdown: Shutdown,
    watching: Option<Watching>,
}

impl Serving {
    /// Takes the address and opens the database, so that whatever is in the way is known before anything is answered.
    pub(crate) async fn start(
        findings: Arc<Findings>,
        arguments: &ServeArguments,
        options: ServingOptions,
    ) -> Result<Self, CommandError> {
        let app = findings.app().clone();
        let shutdown = Shutdown::listen()
            .map_err(|error| CommandError::usage(format!("cannot listen for signals to end: {error}")))?;
        let server_options = ServerOptions {
            readiness: Arc::new(AppReadiness { findings: Arc::clone(&findings) }),
            public_url: arguments.public_url.clone(),
            frame_origins: Arc::new(wechat::page_origins),
            failures: vec![
                FamilyFailures { namespace: LOGIN_NAMESPACE, kinds: fails::OF_LOGINS },
                FamilyFailures { namespace: WECHAT_TYPE, kinds: fails::OF_WECHAT },
            ],
            shared_calls: app.shares_database().then(|| Arc::new(CallTable::new()) as Arc<dyn SharedCalls>),
            trusted_proxies: TrustedProxies {
                networks: arguments.trusted_proxies.iter().flat_map(|list| list.0.clone()).collect(),
                header: arguments.proxy_header.into(),
            },
            local_hosts_only: options.local_hosts_only,
            development_page: options.development_page.map(str::to_owned),
            extra: options.routes.clone(),
            ..ServerOptions::new(arguments.bind, Arc::new(SessionAuthenticator))
        };
        let server = Server::bind((*app).clone(), server_options).await?;
        if arguments.public_url.is_none() && server.local_address().ip().is_unspecified() {
            warn_of_no_address(&server);
        }
        let public_url = public_url(arguments, &server)?;
        app.resources().insert(PublicUrl(public_url.clone()));
        databases::open_default(&app).await?;
        let watching = (arguments.watch || options.watches).then(|| app.watch()).transpose();
        let watching = watching.map_err(|error| CommandError::usage(error.to_string()))?;
        Ok(Self { app, findings, server, public_url, shutdown, watching })
    }

    /// The app that is served.
    pub(crate) fn key(&self) -> AppKey {
        self.app.key()
    }

    /// Where its portal is: `http://127.0.0.1:8080/acme/demo/`.
    pub(crate) fn url(&self) -> Url {
        let app = self.app.key().id;
        self.page(&[app.org(), app.name(), ""])
    }

    /// Where a page is: `http://127.0.0.1:8080/dev`.
    pub(crate) fn page(&self, path: &[&str]) -> Url {
        let mut page = self.public_url.clone();
        if let Ok(mut segments) = page.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        page
    }

    /// Answers until the process is told to end, then lets the requests in progress be answered and closes the databases.
    pub(crate) async fn run(self) -> Result<(), CommandError> {
        let url = self.url();
        let Self { app, findings, server, mut shutdown, watching, .. } = self;
        findings.tell_last();
        tracing::info!(app = %app.key(), address = %server.local_address(), %url, "serving");
        let background = [tokio::spawn(sweep_again_and_again(app.clone())), tokio::spawn(log_findings(findings))];
        let asked_to_end = async {
            shutdown.asked().await;
            app.resources().get_or_insert_with(Followers::default).dismiss();
        };
        let served = server.serve(asked_to_end).await;
        background.iter().for_each(JoinHandle::abort);
        drop(watching);
        databases::close_default(&app).await;
        tracing::info!("stopped");
        Ok(served?)
    }
}

/// Browsers would be sent to an address that only this machine understands, if at all.
fn warn_of_no_address(server: &Server) {
    tracing::warn!(
        "links, addresses to come back to and cookies are for `{}`, which browsers do not use: say with `--public-url` where they reach the app, such as `--public-url https://login.example.com`",
        server.origin()
    );
}

fn public_url(arguments: &ServeArguments, server: &Server) -> Result<Url, CommandError> {
    match &arguments.public_url {
        Some(url) => Ok(url.clone()),
        None => Url::parse(server.origin())
            .map_err(|error| CommandError::usage(format!("`{}` makes no URL: {error}", server.origin()))),
    }
}

/// Takes what has expired out of the tables from time to time, in an app that people can sign in to.
async fn sweep_again_and_again(app: App) {
    let mut period = tokio::time::interval(SWEEP_PERIOD);
    period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The first tick is at once: nothing has expired since the last start that could not wait.
    period.tick().await;
    loop {
        period.tick().await;
        if app.get_element_define(AUTH_SERVICE).is_err() {
            continue;
        }
        match sweep(app.view()).await {
            Ok(swept) => tracing::debug!(rows = swept.rows, "swept"),
            Err(failure) => tracing::warn!("cannot sweep: {}", failure.operator_message()),
        }
    }
}
