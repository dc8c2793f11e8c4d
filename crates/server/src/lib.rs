//! HTTP for an app: element calls, the portal, the front-end files of elements, health and metrics.
//!
//! [`Server::bind`] takes an address and [`Server::serve`] answers there until it is told to stop. Every call of an
//! element passes through one place which asks the definition what may be called by whom; the server
//! itself knows neither how people sign in nor what any element does.

mod address;
mod answer;
mod arguments;
mod call;
mod caller;
mod connection;
mod cookies;
mod data_type;
mod descriptors;
mod element_file;
mod envelope;
mod error;
mod error_page;
mod exchange;
mod exposition;
mod forwarded;
mod framing;
mod greeting;
mod health;
mod host;
mod known_tokens;
mod language;
mod metrics;
mod openapi;
mod options;
mod page;
mod percent;
mod places;
mod portal;
mod rate_limit;
mod request_id;
mod route;
mod security_headers;
mod server;
mod sharing;
mod site;
mod trusted_proxies;
mod visit;

/// The types of HTTP that visits take and give.
pub use axum::http;

pub use crate::error::ServerError;
pub use crate::health::{AlwaysReady, Readiness, ReadinessReport};
pub use crate::options::{FamilyFailures, FrameOrigins, Limits, ServerOptions};
pub use crate::page::escape;
pub use crate::server::Server;
pub use crate::trusted_proxies::{ForwardingHeader, ProxyNetwork, ProxyNetworkError, TrustedProxies};
pub use crate::visit::{Visit, VisitorRequest, Visits};
