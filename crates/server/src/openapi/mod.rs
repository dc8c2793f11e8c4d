//! What may be called over HTTP, for programs (an OpenAPI 3.1 document) and for people (a page).

mod document;
mod interface;
mod page;
mod schema;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::body::{Body, Bytes};
use axum::http::Response;
use axum::http::StatusCode;
use axum::http::header::{HeaderMap, HeaderValue, VARY};
use mti_registry::{App, Snapshot};

use crate::language::Language;
use crate::options::FamilyFailures;
use crate::page as pages;
use crate::portal::static_file::{self, Freshness};
use interface::Interface;

/// The document and the page, made anew for every snapshot that somebody asks them of.
pub(crate) struct OpenApi {
    context: Context,
    written: RwLock<Option<Arc<Written>>>,
    /// Held by the one who writes, on a thread that may wait.
    writing: Mutex<()>,
}

/// What the documents say that is not in the app.
pub(crate) struct Context {
    /// Where the server is reached, without a slash at the end.
    pub(crate) server: String,
    /// `/api/{org}/{app}`, as it stands in a path.
    pub(crate) base: String,
    /// The portal's directory, relative to the page.
    pub(crate) portal: String,
    /// The cookie that a session is in.
    pub(crate) cookie: String,
    pub(crate) failures: Vec<FamilyFailures>,
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Document,
    Page,
}

struct Written {
    generation: u64,
    document: Text,
    english: Text,
    chinese: Text,
}

struct Text {
    content: Bytes,
    tag: String,
}

impl OpenApi {
    pub(crate) fn new(context: Context) -> Self {
        Self { context, written: RwLock::default(), writing: Mutex::default() }
    }

    /// Answers with one of them.
    pub(crate) async fn answer(self: &Arc<Self>, app: &App, form: Form, headers: &HeaderMap) -> Response<Body> {
        let Some(written) = self.current(app).await else {
            return pages::failure(StatusCode::INTERNAL_SERVER_ERROR, &[]);
        };
        let (text, content_type) = match form {
            Form::Document => (&written.document, "application/json"),
            Form::Page => {
                (Language::of(headers).choose(&written.english, &written.chinese), "text/html; charset=utf-8")
            }
        };
        let content_type = HeaderValue::from_static(content_type);
        let mut response =
            static_file::answer(text.content.clone(), content_type, &text.tag, Freshness::Revalidated, headers);
        if form == Form::Page {
            response.headers_mut().insert(VARY, HeaderValue::from_static("accept-language, cookie"));
        }
        response
    }

    async fn current(self: &Arc<Self>, app: &App) -> Option<Arc<Written>> {
        let snapshot = app.snapshot();
        if let Some(written) = self.published(snapshot.generation()) {
            return Some(written);
        }
        let this = Arc::clone(self);
        let written = tokio::task::spawn_blocking(move || this.write(&snapshot)).await;
        written.inspect_err(|_| tracing::error!("describing the interface panicked")).ok()
    }

    fn published(&self, generation: u64) -> Option<Arc<Written>> {
        let written = self.written.read().unwrap_or_else(PoisonError::into_inner);
        written.as_ref().filter(|written| written.generation == generation).map(Arc::clone)
    }

    /// Whoever comes while somebody writes waits for that.
    fn write(&self, snapshot: &Snapshot) -> Arc<Written> {
        let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(written) = self.published(snapshot.generation()) {
            return written;
        }
        let interface = Interface::of(snapshot, &self.context);
        let fresh = Arc::new(Written {
            generation: snapshot.generation(),
            document: Text::new(document::write(&interface, &self.context)),
            english: Text::new(page::write(&interface, &self.context, Language::English)),
            chinese: Text::new(page::write(&interface, &self.context, Language::Chinese)),
        });
        *self.written.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&fresh));
        drop(writing);
        fresh
    }
}

impl Text {
    fn new(text: String) -> Self {
        Self { tag: static_file::tag(text.as_bytes()), content: Bytes::from(text) }
    }
}

impl fmt::Debug for OpenApi {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OpenApi").field("base", &self.context.base).finish_non_exhaustive()
    }
}
