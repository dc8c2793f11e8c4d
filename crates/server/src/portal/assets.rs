use axum::body::{Body, Bytes};
use axum::http::Response;
use axum::http::header::{HeaderMap, HeaderValue};

use super::static_file::{self, Freshness};
use crate::page;

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The files, each with its content type.
const FILES: [(&str, &str, &str); 14] = [
    ("account.js", SCRIPT, include_str!("../../portal/account.js")),
    ("api.js", SCRIPT, include_str!("../../portal/api.js")),
    ("callback.js", SCRIPT, include_str!("../../portal/callback.js")),
    ("dom.js", SCRIPT, include_str!("../../portal/dom.js")),
    ("flow.js", SCRIPT, include_str!("../../portal/flow.js")),
    ("icon.svg", "image/svg+xml", include_str!("../../portal/icon.svg")),
    ("method.js", SCRIPT, include_str!("../../portal/method.js")),
    ("pages.css", "text/css; charset=utf-8", include_str!("../../portal/pages.css")),
    ("portal.css", "text/css; charset=utf-8", include_str!("../../portal/portal.css")),
    ("portal.js", SCRIPT, include_str!("../../portal/portal.js")),
    ("return-to.js", SCRIPT, include_str!("../../portal/return-to.js")),
    ("sessions.js", SCRIPT, include_str!("../../portal/sessions.js")),
    ("sign-in.js", SCRIPT, include_str!("../../portal/sign-in.js")),
    ("texts.js", SCRIPT, include_str!("../../portal/texts.js")),
];

/// What the pages of the portal are made of.
pub(super) struct Assets {
    version: String,
    files: Vec<Asset>,
}

struct Asset {
    name: &'static str,
    content_type: HeaderValue,
    content: Bytes,
}

impl Assets {
    pub(super) fn new() -> Self {
        let everything: String = FILES.iter().map(|(_, _, content)| *content).collect();
        let version = static_file::tag(everything.as_bytes());
        let files = FILES.into_iter().map(|(name, content_type, content)| Asset {
            name,
            content_type: HeaderValue::from_static(content_type),
            content: Bytes::from(versioned(content, &version)),
        });
        Self { files: files.collect(), version }
    }

    /// What stands for the content of all files; it is in their addresses.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    pub(super) fn answer(&self, name: &str, query: Option<&str>, asked: &HeaderMap) -> Response<Body> {
        let Some(asset) = self.files.iter().find(|asset| asset.name == name) else {
            return page::not_found();
        };
        let freshness = Freshness::of(query, &self.version);
        static_file::answer(asset.content.clone(), asset.content_type.clone(), &self.version, freshness, asked)
    }
}

/// A script whose imports name the version too, as the page does.
fn versioned(content: &str, version: &str) -> String {
    content.replace(".js\";\n", &format!(".js?v={version}\";\n"))
}
