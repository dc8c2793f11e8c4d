//! The page of `dev` on which a developer sees what state his app is in.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use axum::{Json, Router};
use mti_core::{Diagnostic, ElementName, Severity, render};
use mti_registry::Snapshot;
use mti_server::escape;
use serde_json::{Value, json};

use crate::command::findings::Findings;

const STYLE: &str = include_str!("../../pages/dev.css");
const SCRIPT: &str = include_str!("../../pages/dev.js");

/// The path of the page.
pub(crate) const PAGE: &str = "dev";

/// What the page shows besides the app itself.
pub(crate) struct DevPage {
    pub(crate) findings: Arc<Findings>,
    /// Where the simulated WeChat is.
    pub(crate) simulator: String,
}

impl DevPage {
    /// The page, at `/dev`, what it is made of, and the way from `/` to the portal.
    pub(crate) fn routes(self) -> Router {
        Router::new()
            .route("/", get(to_portal))
            .route("/dev", get(page))
            .route("/dev/page.css", get(async || typed("text/css; charset=utf-8", STYLE)))
            .route("/dev/page.js", get(async || typed("text/javascript; charset=utf-8", SCRIPT)))
            .route("/dev/state.json", get(state))
            .with_state(Arc::new(self))
    }
}

async fn to_portal(State(page): State<Arc<DevPage>>) -> Redirect {
    Redirect::to(&page.portal())
}

async fn page(State(page): State<Arc<DevPage>>) -> impl IntoResponse {
    typed("text/html; charset=utf-8", page.html().await)
}

/// What tells the page that it is out of date.
async fn state(State(page): State<Arc<DevPage>>) -> Json<Value> {
    let failure = fingerprint(&page.findings.reload_failure().await);
    Json(json!({"generation": page.findings.app().snapshot().generation(), "failure": failure}))
}

fn typed(content_type: &'static str, body: impl IntoResponse) -> impl IntoResponse {
    ([(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-store")], body)
}

impl DevPage {
    /// Where the app's portal is, from here.
    fn portal(&self) -> String {
        let app = self.findings.app().key().id;
        format!("{}/{}/", app.org(), app.name())
    }

    async fn html(&self) -> String {
        // What is found may be about a later generation than the page says: then it is loaded again.
        let snapshot = self.findings.app().snapshot();
        let found = Found {
            failure: self.findings.reload_failure().await,
            watch_problem: self.findings.app().watch_problem(),
            findings: self.findings.look().await,
        };
        let generation = snapshot.generation();
        let manifest = snapshot.chain().apps.first().map(|app| &app.manifest);
        let title = manifest
            .and_then(|manifest| manifest.title.clone())
            .unwrap_or_else(|| self.findings.app().key().to_string());
        let (title, content) = (escape(&title), self.content(&snapshot, &found));
        let failure = fingerprint(&found.failure);
        format!(
            r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} in development</title>
<link rel="stylesheet" href="dev/page.css">
<script src="dev/page.js" defer></script>
<noscript><meta http-equiv="refresh" content="5"></noscript>
</head>
<body data-generation="{generation}" data-failure="{failure}">
<main>
<h1>{title}</h1>
{content}
<p id="gone" role="status" hidden>The server does not answer: it was stopped, or is busy.</p>
</main>
</body>
</html>
"#
        )
    }

    fn content(&self, snapshot: &Snapshot, found: &Found) -> String {
        let mut content = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_content(&mut content, snapshot, found);
        content
    }

    fn write_content(&self, content: &mut String, snapshot: &Snapshot, found: &Found) -> std::fmt::Result {
        let apps = snapshot.chain().apps.iter().map(|app| app.key().to_string()).collect::<Vec<_>>().join(" < ");
        let (portal, simulator) = (self.portal(), escape(&self.simulator));
        let broken = Broken::of(snapshot);
        writeln!(content, "<dl>")?;
        writeln!(content, "<dt>App</dt><dd><code>{}</code></dd>", escape(&apps))?;
        writeln!(content, "<dt>Elements</dt><dd>{}{}</dd>", snapshot.len(), broken.summary())?;
        writeln!(content, r#"<dt>Portal</dt><dd><a href="{0}">{0}</a></dd>"#, escape(&portal))?;
        writeln!(
            content,
            r#"<dt>WeChat</dt><dd><a href="{simulator}/sim/">{simulator}/sim/</a>, simulated: it approves the logins that wait, without a phone</dd>"#
        )?;
        writeln!(content, "</dl>")?;
        write_failure(content, &found.failure)?;
        if let Some(problem) = &found.watch_problem {
            writeln!(content, "<h2>Changes show late</h2>")?;
            write_finding(content, problem)?;
        }
        write_list(content, "Still serving the last good version", "outdated", &broken.outdated)?;
        write_list(content, "Quarantined", "quarantined", &broken.quarantined)?;
        write_findings(content, &found.findings)
    }
}

/// What is wrong with the app's files.
struct Found {
    /// What the last reload failed with.
    failure: Vec<Diagnostic>,
    /// What of the app's files cannot be watched.
    watch_problem: Option<Diagnostic>,
    /// What is wrong with the app that goes on.
    findings: Arc<[Diagnostic]>,
}

/// The elements that something is wrong with.
struct Broken {
    outdated: Vec<ElementName>,
    quarantined: Vec<ElementName>,
}

impl Broken {
    fn of(snapshot: &Snapshot) -> Self {
        Self { outdated: snapshot.outdated().to_vec(), quarantined: snapshot.quarantined() }
    }

    /// `, 1 outdated, 2 quarantined`.
    fn summary(&self) -> String {
        let counts = [(self.outdated.len(), "outdated"), (self.quarantined.len(), "quarantined")];
        let there_are = counts.iter().filter(|(count, _)| *count > 0);
        there_are.map(|(count, word)| format!(", {count} {word}")).collect::<Vec<_>>().concat()
    }
}

fn write_list(content: &mut String, title: &str, class: &str, names: &[ElementName]) -> std::fmt::Result {
    if names.is_empty() {
        return Ok(());
    }
    writeln!(content, "<h2>{title}</h2>\n<ul class=\"{class}\">")?;
    for name in names {
        writeln!(content, "<li><code>{}</code></li>", escape(name.as_str()))?;
    }
    writeln!(content, "</ul>")
}

fn write_failure(content: &mut String, failure: &[Diagnostic]) -> std::fmt::Result {
    if failure.is_empty() {
        return Ok(());
    }
    writeln!(content, "<h2>The app cannot be read: still serving its last good version</h2>")?;
    failure.iter().filter(|finding| finding.is_finding()).try_for_each(|finding| write_finding(content, finding))
}

fn write_findings(content: &mut String, diagnostics: &[Diagnostic]) -> std::fmt::Result {
    let (findings, notes): (Vec<_>, Vec<_>) = diagnostics.iter().cloned().partition(Diagnostic::is_finding);
    if findings.is_empty() {
        writeln!(content, "<p class=\"well\">No finding: every element loads.</p>")?;
    } else {
        writeln!(content, "<h2>Findings</h2>")?;
    }
    for finding in &findings {
        write_finding(content, finding)?;
    }
    if !notes.is_empty() {
        writeln!(content, "<details><summary>Notes ({})</summary>", notes.len())?;
        for note in &notes {
            writeln!(content, "<pre>{}</pre>", rendered(note))?;
        }
        writeln!(content, "</details>")?;
    }
    Ok(())
}

fn write_finding(content: &mut String, finding: &Diagnostic) -> std::fmt::Result {
    let class = if finding.severity == Severity::Error { "error" } else { "warning" };
    writeln!(content, "<pre class=\"{class}\">{}</pre>", rendered(finding))
}

/// What tells one failed reload from another; empty for none.
fn fingerprint(failure: &[Diagnostic]) -> String {
    if failure.is_empty() {
        return String::new();
    }
    let mut hasher = DefaultHasher::new();
    render::human(failure, false).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

fn rendered(finding: &Diagnostic) -> String {
    escape(render::human(std::slice::from_ref(finding), false).trim_end())
}
