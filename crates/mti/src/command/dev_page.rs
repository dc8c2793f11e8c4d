//! The page of `dev` on which a developer sees what state his app is in.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use mti_core::{Diagnostic, ElementName, Severity, render};
use mti_registry::Snapshot;
use serde_json::{Value, json};

use crate::App;

const STYLE: &str = include_str!("../../pages/dev.css");
const SCRIPT: &str = include_str!("../../pages/dev.js");

/// The path of the page.
pub(crate) const PAGE: &str = "dev";

/// What the page shows besides the app itself.
pub(crate) struct DevPage {
    pub(crate) app: App,
    /// Where the simulated WeChat is.
    pub(crate) simulator: String,
}

impl DevPage {
    /// The page, at `/dev`, and what it is made of. No app has a page with a dot in its path there.
    pub(crate) fn routes(self) -> Router {
        Router::new()
            .route("/dev", get(page))
            .route("/dev/page.css", get(async || typed("text/css; charset=utf-8", STYLE)))
            .route("/dev/page.js", get(async || typed("text/javascript; charset=utf-8", SCRIPT)))
            .route("/dev/state.json", get(state))
            .with_state(Arc::new(self))
    }
}

async fn page(State(page): State<Arc<DevPage>>) -> impl IntoResponse {
    typed("text/html; charset=utf-8", page.html())
}

/// What tells the page that it is out of date.
async fn state(State(page): State<Arc<DevPage>>) -> Json<Value> {
    Json(json!({"generation": page.app.snapshot().generation()}))
}

fn typed(content_type: &'static str, body: impl IntoResponse) -> impl IntoResponse {
    ([(CONTENT_TYPE, content_type), (CACHE_CONTROL, "no-store")], body)
}

impl DevPage {
    fn html(&self) -> String {
        let snapshot = self.app.snapshot();
        let generation = snapshot.generation();
        let manifest = snapshot.chain().apps.first().map(|app| &app.manifest);
        let title = manifest.and_then(|manifest| manifest.title.clone()).unwrap_or_else(|| self.app.key().to_string());
        let (title, content) = (escape(&title), self.content(&snapshot));
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
<body data-generation="{generation}">
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

    fn content(&self, snapshot: &Snapshot) -> String {
        let mut content = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_content(&mut content, snapshot);
        content
    }

    fn write_content(&self, content: &mut String, snapshot: &Snapshot) -> std::fmt::Result {
        let key = self.app.key();
        let apps = snapshot.chain().apps.iter().map(|app| app.key().to_string()).collect::<Vec<_>>().join(" < ");
        let (portal, simulator) = (format!("{}/{}/", key.id.org(), key.id.name()), escape(&self.simulator));
        let broken = Broken::of(snapshot);
        writeln!(content, "<dl>")?;
        writeln!(content, "<dt>App</dt><dd><code>{}</code></dd>", escape(&apps))?;
        writeln!(content, "<dt>Elements</dt><dd>{}{}</dd>", snapshot.len(), broken.summary())?;
        writeln!(content, r#"<dt>Portal</dt><dd><a href="{0}">{0}</a></dd>"#, escape(&portal))?;
        writeln!(content, r#"<dt>WeChat</dt><dd><a href="{simulator}/sim/">{simulator}/sim/</a>, simulated</dd>"#)?;
        writeln!(content, "</dl>")?;
        write_list(content, "Goes on in its last good version", "outdated", &broken.outdated)?;
        write_list(content, "Quarantined", "quarantined", &broken.quarantined)?;
        write_findings(content, snapshot.diagnostics())
    }
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

fn write_findings(content: &mut String, diagnostics: &[Diagnostic]) -> std::fmt::Result {
    let (findings, notes): (Vec<_>, Vec<_>) = diagnostics.iter().cloned().partition(Diagnostic::is_finding);
    if findings.is_empty() {
        writeln!(
            content,
            "<p class=\"well\">No finding. <code>mti check</code> looks deeper: it loads every element.</p>"
        )?;
    } else {
        writeln!(content, "<h2>Findings</h2>")?;
    }
    for finding in &findings {
        let class = if finding.severity == Severity::Error { "error" } else { "warning" };
        writeln!(content, "<pre class=\"{class}\">{}</pre>", rendered(finding))?;
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

fn rendered(finding: &Diagnostic) -> String {
    escape(render::human(std::slice::from_ref(finding), false).trim_end())
}

/// Text as it stands in HTML, in an attribute too.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}
