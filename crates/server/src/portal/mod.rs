//! The portal: plain pages that sign people in and out, made of an app's login methods.

mod assets;
mod methods;
mod return_to;
pub(crate) mod static_file;
mod theme;

use std::fmt;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, SET_COOKIE, X_FRAME_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use mti_core::AppId;
use mti_registry::{App, Snapshot};
use serde::Serialize;

use crate::language::Language;
use crate::options::{FrameOrigins, ServerOptions};
use crate::page;
use crate::percent::encode_segment;
use crate::security_headers::{Ancestors, content_security_policy};
use crate::site::frame_origin;
use assets::Assets;
use methods::Method;
use return_to::Destination;
use static_file::Freshness;

/// The ways to sign in, for components that stand on pages of others.
const METHODS: &str = "methods.json";

/// The colour of the app.
const THEME: &str = "theme.css";

/// The pages of the portal and what they are made of.
pub(crate) struct Portal {
    assets: Assets,
    /// The org and the app as they stand in a path, and the app alone.
    path: String,
    name: String,
    origin: String,
    frame_origins: FrameOrigins,
    /// Where developers see how the app is doing, relative to the portal.
    development_page: Option<String>,
    rendered: Mutex<Option<Arc<Rendered>>>,
}

/// The pages as a snapshot has them.
struct Rendered {
    generation: u64,
    policy: HeaderValue,
    /// The policy of the callback page and its like, which come back in the frame that a login page was shown in.
    framed_policy: HeaderValue,
    pages: Vec<Pages>,
    methods: Bytes,
    /// The style sheet and its version.
    theme: Option<(Bytes, String)>,
}

/// The pages in one language.
struct Pages {
    language: Language,
    /// The portal, for a browser with the cookie of a session.
    portal: Bytes,
    /// The portal, for one without.
    visitors_portal: Bytes,
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
    elements: String,
    methods: &'a [Method],
    /// Where browsers may be sent on to, besides this origin.
    return_to: &'a [Destination],
    /// Whether there is anybody to ask for: without a cookie nobody is signed in.
    has_session: bool,
}

/// What a page is made of, next to what its scripts are told.
struct Document<'a> {
    language: Language,
    settings: Settings<'a>,
    /// Where the portal is, from the page.
    base: &'a str,
    script: &'a str,
    development_page: Option<&'a str>,
    theme_version: Option<&'a str>,
}

impl Portal {
    pub(crate) fn new(app: &AppId, origin: &str, options: &ServerOptions) -> Self {
        let name = encode_segment(app.name());
        Self {
            assets: Assets::new(),
            path: format!("{}/{name}", encode_segment(app.org())),
            name,
            origin: origin.to_owned(),
            frame_origins: Arc::clone(&options.frame_origins),
            development_page: options.development_page.as_ref().map(|page| format!("../../{page}")),
            rendered: Mutex::new(None),
        }
    }

    /// Where people sign in and out.
    pub(crate) fn page(&self, app: &App, head: &Parts, has_session: bool) -> Response<Body> {
        let chosen = Language::asked_for(&head.uri);
        let language = chosen.unwrap_or_else(|| Language::of(&head.headers));
        let rendered = self.rendered(app);
        let of_visitor = |pages: &Pages| if has_session { pages.portal.clone() } else { pages.visitors_portal.clone() };
        let mut response = page::html(rendered.page(language, of_visitor));
        guard(response.headers_mut(), &rendered.policy, "DENY");
        let is_secure = self.origin.starts_with("https:");
        let cookie = chosen.and_then(|language| language.cookie(is_secure));
        response.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
        response
    }

    /// Where a login sends the browser back to.
    pub(crate) fn callback(&self, app: &App, head: &Parts) -> Response<Body> {
        let rendered = self.rendered(app);
        let mut response = page::html(rendered.page(Language::of(&head.headers), |pages| pages.callback.clone()));
        guard(response.headers_mut(), &rendered.framed_policy, "SAMEORIGIN");
        response
    }

    /// Gives the policy of the app's pages to one that the portal has no part in. It may show the same logins, and be what
    /// one of them comes back to.
    pub(crate) fn guard(&self, app: &App, headers: &mut HeaderMap) {
        guard(headers, &self.rendered(app).framed_policy, "SAMEORIGIN");
    }

    /// To the portal from its address without the slash.
    pub(crate) fn redirect(&self) -> Response<Body> {
        let location = HeaderValue::try_from(format!("{}/", self.name));
        let headers = location.map(|location| (LOCATION, location)).into_iter().collect::<Vec<_>>();
        page::empty(StatusCode::PERMANENT_REDIRECT, &headers)
    }

    /// A style sheet, a script, a picture, or the ways to sign in.
    pub(crate) fn asset(&self, app: &App, file: &str, head: &Parts) -> Response<Body> {
        match file {
            METHODS => json(self.rendered(app).methods.clone()),
            THEME => match &self.rendered(app).theme {
                Some((theme, version)) => {
                    let freshness = Freshness::of(head.uri.query(), version);
                    static_file::answer(theme.clone(), style_sheet(), version, freshness, &head.headers)
                }
                None => page::not_found(),
            },
            _ => self.assets.answer(file, head.uri.query(), &head.headers),
        }
    }

    fn rendered(&self, app: &App) -> Arc<Rendered> {
        let snapshot = app.snapshot();
        let mut rendered = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rendered) = &*rendered
            && rendered.generation == snapshot.generation()
        {
            return Arc::clone(rendered);
        }
        let fresh = Arc::new(self.render(app, &snapshot));
        *rendered = Some(Arc::clone(&fresh));
        fresh
    }

    fn render(&self, app: &App, snapshot: &Snapshot) -> Rendered {
        let framed = (self.frame_origins)(app).into_iter().filter(|origin| frame_origin(origin).is_ok());
        let framed: Vec<String> = framed.collect();
        let methods = methods::of(snapshot);
        let return_to = return_to::destinations(snapshot);
        let running = snapshot.chain().apps.first();
        let title = running.map_or_else(
            || self.path.clone(),
            |app| app.manifest.title.clone().unwrap_or_else(|| app.manifest.key.id.to_string()),
        );
        let theme = running.and_then(|app| app.manifest.theme.as_deref()).and_then(theme::style_sheet).map(Bytes::from);
        let theme = theme.map(|sheet| (sheet.clone(), static_file::tag(&sheet)));

        let document = |language, base: &str, portal, script, has_session| {
            let settings = Settings {
                title: &title,
                origin: &self.origin,
                api: format!("{base}../../api/{}/", self.path),
                portal,
                elements: format!("{base}elements/"),
                methods: &methods,
                return_to: &return_to,
                has_session,
            };
            let theme_version = theme.as_ref().map(|(_, version)| &**version);
            // The callback page may stand in a frame, and is gone in a moment.
            let development_page = self.development_page.as_deref().filter(|_| base.is_empty());
            self.document(&Document { language, settings, base, script, development_page, theme_version })
        };
        let pages = Language::ALL.map(|language| Pages {
            language,
            portal: document(language, "", "./", "portal.js", true),
            visitors_portal: document(language, "", "./", "portal.js", false),
            callback: document(language, "../", "../", "callback.js", true),
        });
        Rendered {
            generation: snapshot.generation(),
            policy: content_security_policy(&framed, Ancestors::None),
            framed_policy: content_security_policy(&framed, Ancestors::Own),
            methods: Bytes::from(serde_json::to_vec(&methods).unwrap_or_default()),
            pages: pages.into(),
            theme,
        }
    }

    fn document(&self, document: &Document<'_>) -> Bytes {
        let Document { language, settings, base, script, development_page, theme_version } = document;
        // Inside a script element only `<` could end it.
        let json = serde_json::to_string(settings).unwrap_or_default().replace('<', "\\u003c");
        let title = page::escape(settings.title);
        let initial = page::escape(settings.title.trim().chars().next().map(String::from).as_deref().unwrap_or("·"));
        let version = self.assets.version();
        let lang = language.tag();
        let theme = theme_version
            .map(|version| format!("<link rel=\"stylesheet\" href=\"{base}portal/{THEME}?v={version}\">\n"))
            .unwrap_or_default();
        let footer = development_page.map(|page| development_footer(*language, page)).unwrap_or_default();
        // The callback page cannot be loaded a second time.
        let switch = if base.is_empty() { language_switch(*language) } else { String::new() };
        Bytes::from(format!(
            r#"<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" type="image/svg+xml" href="{base}portal/icon.svg?v={version}">
<link rel="stylesheet" href="{base}portal/portal.css?v={version}">
{theme}<script type="application/json" id="settings">{json}</script>
<script type="module" src="{base}portal/{script}?v={version}"></script>
</head>
<body>
<header class="bar"><a class="brand" href="{portal}"><span class="tile" aria-hidden="true">{initial}</span><span>{title}</span></a>{switch}</header>
<main id="main" aria-busy="true"></main>
{footer}<noscript><p class="notice">This page needs JavaScript. / 本页面需要启用 JavaScript。</p></noscript>
</body>
</html>
"#,
            portal = settings.portal,
        ))
    }
}

fn guard(headers: &mut HeaderMap, policy: &HeaderValue, frame_options: &'static str) {
    headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static(frame_options));
}

impl Rendered {
    fn page(&self, language: Language, of: impl Fn(&Pages) -> Bytes) -> Bytes {
        self.pages.iter().find(|pages| pages.language == language).map(of).unwrap_or_default()
    }
}

/// The way to where developers see how the app is doing.
fn development_footer(language: Language, page: &str) -> String {
    let text = match language {
        Language::Chinese => "开发模式：应用的诊断与模拟服务",
        Language::English => "Development mode: findings in this app, and simulated services",
    };
    format!("<footer class=\"development\"><a href=\"{}\">{text}</a></footer>\n", page::escape(page))
}

/// Links to the page in its other languages.
fn language_switch(current: Language) -> String {
    let mut links = String::new();
    for language in Language::ALL {
        let (tag, name) = (language.tag(), language.own_name());
        let current = if language == current { " aria-current=\"true\"" } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(links, "<a href=\"?lang={tag}\" lang=\"{tag}\" hreflang=\"{tag}\"{current}>{name}</a>");
    }
    format!("<nav class=\"languages\" aria-label=\"语言 / Language\">{links}</nav>")
}

fn json(content: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(content));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn style_sheet() -> HeaderValue {
    HeaderValue::from_static("text/css; charset=utf-8")
}

impl fmt::Debug for Portal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Portal").field("path", &self.path).finish_non_exhaustive()
    }
}
