use mti_core::AppId;

use crate::openapi::Form;
use crate::percent::decode_segment;

/// What a path asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// A function of an element.
    Call(CallPath),
    /// The description of what may be called.
    Api(Form),
    /// Something below `/api/` that can be no function of this app.
    UnknownCall,
    /// The portal, with the slash at its end that the addresses in it are relative to.
    Portal,
    /// The portal without that slash.
    PortalWithoutSlash,
    /// Where a login sends the browser back to.
    Callback,
    /// A file that the portal is made of.
    Asset(String),
    /// A front-end file of an element: the segments after `elements/`.
    ElementFile(Vec<String>),
    /// Whether the process is alive.
    Health,
    /// Whether it can do its work.
    Ready,
    /// Its counters.
    Metrics,
    /// Anything else.
    Unknown,
}

/// The element and the function that a call names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CallPath {
    pub(crate) element: String,
    pub(crate) function: String,
}

/// The most segments that a path to a file may have.
const SEGMENT_LIMIT: usize = 64;

impl Route {
    /// Reads a path.
    pub(crate) fn of(path: &str, app: &AppId) -> Self {
        if let Some(rest) = path.strip_prefix("/api/") {
            return match within(rest, app) {
                Some("") => Self::Api(Form::Page),
                Some("openapi.json") => Self::Api(Form::Document),
                Some(rest) => call_path(rest).map_or(Self::UnknownCall, Self::Call),
                None => Self::UnknownCall,
            };
        }
        match path {
            "/healthz" => Self::Health,
            "/readyz" => Self::Ready,
            "/metrics" => Self::Metrics,
            "/api" => Self::UnknownCall,
            _ => path.strip_prefix('/').and_then(|rest| Self::page(rest, app)).unwrap_or(Self::Unknown),
        }
    }

    fn page(rest: &str, app: &AppId) -> Option<Self> {
        let Some(rest) = within(rest, app) else {
            let (org, name) = rest.split_once('/')?;
            return is_app(org, name, app).then_some(Self::PortalWithoutSlash);
        };
        match rest {
            "" => return Some(Self::Portal),
            "auth/callback" => return Some(Self::Callback),
            _ => {}
        }
        if let Some(file) = rest.strip_prefix("portal/") {
            return Some(Self::Asset(decode_segment(file)?.into_owned()));
        }
        let segments = rest.strip_prefix("elements/")?.split('/').take(SEGMENT_LIMIT + 1);
        let segments: Vec<String> = segments.map(|raw| decode_segment(raw).map(Into::into)).collect::<Option<_>>()?;
        (2..=SEGMENT_LIMIT).contains(&segments.len()).then_some(Self::ElementFile(segments))
    }

    /// The word for it in logs and metrics.
    pub(crate) fn kind(&self) -> RouteKind {
        match self {
            Self::Call(_) | Self::UnknownCall => RouteKind::Call,
            Self::Api(_) => RouteKind::Api,
            Self::Portal | Self::PortalWithoutSlash => RouteKind::Portal,
            Self::Callback => RouteKind::Callback,
            Self::Asset(_) => RouteKind::Asset,
            Self::ElementFile(_) => RouteKind::ElementFile,
            Self::Health | Self::Ready | Self::Metrics => RouteKind::Probe,
            Self::Unknown => RouteKind::Other,
        }
    }
}

/// What kind of thing was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RouteKind {
    Call,
    Api,
    Portal,
    Callback,
    Asset,
    ElementFile,
    Probe,
    Other,
}

impl RouteKind {
    pub(crate) const ALL: [Self; 8] =
        [Self::Call, Self::Api, Self::Portal, Self::Callback, Self::Asset, Self::ElementFile, Self::Probe, Self::Other];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Api => "api",
            Self::Portal => "portal",
            Self::Callback => "callback",
            Self::Asset => "asset",
            Self::ElementFile => "element_file",
            Self::Probe => "probe",
            Self::Other => "other",
        }
    }
}

/// What follows `{org}/{app}/` when they are this app's.
fn within<'path>(rest: &'path str, app: &AppId) -> Option<&'path str> {
    let (org, rest) = rest.split_once('/')?;
    let (name, rest) = rest.split_once('/')?;
    is_app(org, name, app).then_some(rest)
}

fn is_app(org: &str, name: &str, app: &AppId) -> bool {
    let is = |raw: &str, wanted: &str| raw == wanted || decode_segment(raw).is_some_and(|decoded| decoded == wanted);
    is(org, app.org()) && is(name, app.name())
}

fn call_path(rest: &str) -> Option<CallPath> {
    let (path, function) = rest.rsplit_once('/')?;
    let mut element = String::with_capacity(path.len());
    for raw in path.split('/') {
        let segment = decode_segment(raw).filter(|segment| !segment.contains('.'))?;
        if !element.is_empty() {
            element.push('.');
        }
        element.push_str(&segment);
    }
    // A path that ends in a slash names no function, and is told so.
    let function = if function.is_empty() { String::new() } else { decode_segment(function)?.into_owned() };
    Some(CallPath { element, function })
}
