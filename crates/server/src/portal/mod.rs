//! The portal: plain pages that sign people in and out, made of an app's login methods.

mod assets;
mod methods;
pub(crate) mod static_file;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::http::header::{HeaderValue, LOCATION};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use mti_core::AppId;
use mti_registry::{App, Snapshot};
use serde::Serialize;

use crate::page;
use crate::percent::encode_segment;
use assets::Assets;
use methods::Method;

/// The pages of the portal and what they are made of.
pub(crate) struct Portal {
    assets: Assets,
    /// The org and the app as they stand in a path, and the app alone.
    path: String,
    name: String,
    origin: String,
    frame_origins: Vec<String>,
    rendered: Mutex<Option<Arc<Rendered>>>,
}

/// The pages as a snapshot has them.
struct Rendered {
    generation: u64,
    portal: Bytes,
    callback: Bytes,
}

/// What the scripts of a page are told. Every address is relative to the page, so that it holds behind any proxy.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Settings<'a> {
    title: &'a str,
    origin: &'a str,
    api: String,
    portal: &'a str,
    frame_origins: &'a [String],
    methods: &'a [Method],
}

impl Portal {
    pub(crate) fn new(app: &AppId, origin: &str, frame_origins: &[String]) -> Self {
        let name = encode_segment(app.name());
        Self {
            assets: Assets::new(),
            path: format!("{}/{name}", encode_segment(app.org())),
            name,
            origin: origin.to_owned(),
            frame_origins: frame_origins.to_vec(),
            rendered: Mutex::new(None),
        }
    }

    /// Where people sign in and out.
    pub(crate) fn page(&self, app: &App) -> Response<Body> {
        page::html(self.rendered(app).portal.clone())
    }

    /// Where a login sends the browser back to.
    pub(crate) fn callback(&self, app: &App) -> Response<Body> {
        page::html(self.rendered(app).callback.clone())
    }

    /// To the portal from its address without the slash.
    pub(crate) fn redirect(&self) -> Response<Body> {
        let location = HeaderValue::try_from(format!("{}/", self.name));
        let headers = location.map(|location| (LOCATION, location)).into_iter().collect::<Vec<_>>();
        page::empty(StatusCode::PERMANENT_REDIRECT, &headers)
    }

    /// A style sheet, a script or a picture.
    pub(crate) fn asset(&self, file: &str, head: &Parts) -> Response<Body> {
        self.assets.answer(file, head.uri.query(), &head.headers)
    }

    fn rendered(&self, app: &App) -> Arc<Rendered> {
        let snapshot = app.snapshot();
        let mut rendered = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rendered) = &*rendered
            && rendered.generation == snapshot.generation()
        {
            return Arc::clone(rendered);
        }
        let fresh = Arc::new(self.render(&snapshot));
        *rendered = Some(Arc::clone(&fresh));
        fresh
    }

    fn render(&self, snapshot: &Snapshot) -> Rendered {
        let methods = methods::of(snapshot);
        let running = snapshot.chain().apps.first();
        let title = running.map_or_else(
            || self.path.clone(),
            |app| app.manifest.title.clone().unwrap_or_else(|| app.manifest.key.id.to_string()),
        );
        let settings = |levels_up: &str, portal| Settings {
            title: &title,
            origin: &self.origin,
            api: format!("{levels_up}api/{}/", self.path),
            portal,
            frame_origins: &self.frame_origins,
            methods: &methods,
        };
        Rendered {
            generation: snapshot.generation(),
            portal: self.document(&settings("../../", "./"), "portal/", "portal.js"),
            callback: self.document(&settings("../../../", "../"), "../portal/", "callback.js"),
        }
    }

    fn document(&self, settings: &Settings<'_>, assets: &str, script: &str) -> Bytes {
        // Inside a script element only `<` could end it.
        let json = serde_json::to_string(settings).unwrap_or_default().replace('<', "\\u003c");
        let title = page::escape(settings.title);
        let version = self.assets.version();
        Bytes::from(format!(
            r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" type="image/svg+xml" href="{assets}icon.svg?v={version}">
<link rel="stylesheet" href="{assets}portal.css?v={version}">
<script type="application/json" id="settings">{json}</script>
<script type="module" src="{assets}{script}?v={version}"></script>
</head>
<body>
<main id="main" aria-busy="true"></main>
<noscript><p class="notice">This page needs JavaScript. / 本页面需要启用 JavaScript。</p></noscript>
</body>
</html>
"#
        ))
    }
}

impl fmt::Debug for Portal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Portal").field("path", &self.path).finish_non_exhaustive()
    }
}
