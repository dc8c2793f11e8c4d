use std::sync::{Arc, Mutex, PoisonError};

use mti_core::{Code, Diagnostic, Severity};

use crate::App;
use crate::command::login_components::login_components;
use crate::command::near_misses::near_misses;
use crate::output::Output;

/// What is wrong with the files of an app that is served. It does not keep the rest from being served, but it is said:
/// everything once, to people as `check` says it, to programs in the log.
#[derive(Debug)]
pub(crate) struct Findings {
    app: App,
    output: Arc<Output>,
    check: fn(&App) -> Vec<Diagnostic>,
    last: Mutex<Look>,
    /// Held by the one who looks.
    looking: Mutex<()>,
}

/// What was found when the app was looked at last.
#[derive(Debug, Clone)]
struct Look {
    /// The generation that was looked at; absent while all that is known comes from opening the app.
    generation: Option<u64>,
    diagnostics: Arc<[Diagnostic]>,
}

impl Findings {
    /// What is known without reading more. Nothing is said yet. Each look is by `check`.
    pub(crate) fn of(app: App, output: Arc<Output>, check: fn(&App) -> Vec<Diagnostic>) -> Arc<Self> {
        let mut diagnostics = app.diagnostics();
        // A look makes one finding of those who suffer from one cause.
        diagnostics.retain(|finding| finding.code != Code::QuarantinedDependency);
        let last = Look { generation: None, diagnostics: diagnostics.into() };
        Arc::new(Self { app, output, check, last: Mutex::new(last), looking: Mutex::new(()) })
    }

    /// The app that they are about.
    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// What was found at the last look.
    pub(crate) fn last(&self) -> Arc<[Diagnostic]> {
        self.last_look().diagnostics
    }

    /// Says what was found at the last look.
    pub(crate) fn tell_last(&self) {
        self.tell(self.last().to_vec());
    }

    /// All that is wrong with the app as it is now. Says what was not found at the look before.
    pub(crate) async fn look(self: &Arc<Self>) -> Arc<[Diagnostic]> {
        let findings = Arc::clone(self);
        tokio::task::spawn_blocking(move || findings.look_here()).await.unwrap_or_else(|error| {
            tracing::error!("the app could not be checked: {error}");
            self.last()
        })
    }

    /// What the last reload failed with; empty when it succeeded.
    pub(crate) async fn reload_failure(&self) -> Vec<Diagnostic> {
        let app = self.app.clone();
        // It waits for a reload that is in progress.
        tokio::task::spawn_blocking(move || app.reload_failure()).await.unwrap_or_else(|error| {
            tracing::error!("the last reload could not be asked about: {error}");
            Vec::new()
        })
    }

    fn look_here(&self) -> Arc<[Diagnostic]> {
        let _one_at_a_time = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = Some(self.app.snapshot().generation());
        let before = self.last_look();
        if before.generation == generation {
            return before.diagnostics;
        }
        let diagnostics: Arc<[Diagnostic]> = {
            let mut diagnostics = (self.check)(&self.app);
            diagnostics.extend(near_misses(&self.app));
            diagnostics.extend(login_components(&self.app));
            diagnostics.into()
        };
        let news = diagnostics.iter().filter(|finding| !before.diagnostics.contains(finding));
        self.tell(news.cloned().collect());
        let look = Look { generation, diagnostics: Arc::clone(&diagnostics) };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = look;
        diagnostics
    }

    /// Says what the filter of the log lets through.
    fn tell(&self, mut findings: Vec<Diagnostic>) {
        if self.output.is_json() {
            findings.iter().for_each(log);
            return;
        }
        findings.retain(|finding| match finding.severity {
            Severity::Error => tracing::enabled!(tracing::Level::ERROR),
            Severity::Warning => tracing::enabled!(tracing::Level::WARN),
            Severity::Note => tracing::enabled!(tracing::Level::DEBUG),
        });
        self.output.findings_remark(&findings);
    }

    fn last_look(&self) -> Look {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn log(finding: &Diagnostic) {
    let element = finding.element.as_ref().map_or("", |name| name.as_str());
    let app = finding.app.as_ref().map_or("", |app| app.as_str());
    let place = finding.location.as_ref().map(ToString::to_string).unwrap_or_default();
    let (code, place, help) = (finding.code.id(), place, finding.help.as_deref().unwrap_or_default());
    let message = finding.message.as_str();
    match finding.severity {
        Severity::Error => tracing::error!(code, element, app, place, help, "{message}"),
        Severity::Warning => tracing::warn!(code, element, app, place, help, "{message}"),
        Severity::Note => tracing::debug!(code, element, app, place, help, "{message}"),
    }
}
