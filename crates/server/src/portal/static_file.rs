use std::fmt::Write as _;

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};
use axum::http::{Response, StatusCode};

/// For how long a browser may use a file without asking.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Freshness {
    /// For ever: the address has the version in it.
    Immutable,
    /// Not at all, but it may keep the file while its tag stays the same.
    Revalidated,
}

impl Freshness {
    /// That of a file whose address names a version: only the present one is for ever.
    pub(crate) fn of(query: Option<&str>, version: &str) -> Self {
        let is_current = query.and_then(|query| query.strip_prefix("v=")) == Some(version);
        if is_current { Self::Immutable } else { Self::Revalidated }
    }
}

/// The answer that gives out a file, or says that the browser has it already.
pub(crate) fn answer(
    content: Bytes,
    content_type: HeaderValue,
    tag: &str,
    freshness: Freshness,
    asked: &HeaderMap,
) -> Response<Body> {
    let is_known = asked.get_all(IF_NONE_MATCH).iter().any(|header| holds(header, tag));
    let mut response = Response::new(if is_known { Body::empty() } else { Body::from(content) });
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static(match freshness {
            Freshness::Immutable => "public, max-age=31536000, immutable",
            Freshness::Revalidated => "no-cache",
        }),
    );
    if let Ok(tag) = HeaderValue::try_from(format!("\"{tag}\"")) {
        headers.insert(ETAG, tag);
    }
    response
}

/// A tag that changes with the content: its FNV-1a hash. Nobody gains by making two files collide.
pub(crate) fn tag(content: &[u8]) -> String {
    let hash = content
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mut tag = String::with_capacity(16);
    // Writing to a string cannot fail.
    let _ = write!(tag, "{hash:016x}");
    tag
}

fn holds(header: &HeaderValue, tag: &str) -> bool {
    let listed = header.to_str().unwrap_or_default().split(',').map(str::trim);
    listed.map(|one| one.strip_prefix("W/").unwrap_or(one)).any(|one| one == "*" || one.trim_matches('"') == tag)
}
