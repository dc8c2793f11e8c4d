use axum::http::header::{
    CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use crate::request_id::RequestId;

/// For a year, browsers come over https only. Neighbours below the same domain are not the server's to decide for.
const HTTPS_ONLY: &str = "max-age=31536000";

/// What no page of a login needs. The page of WeChat in a frame may reach WeChat's own client on the computer.
const PERMISSIONS: &str =
    "camera=(), display-capture=(), geolocation=(), microphone=(), midi=(), payment=(), serial=(), usb=()";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Who may show a page in a frame.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ancestors {
    /// Nobody.
    None,
    /// Pages of the same origin: where a login page in a frame sends that frame back to.
    Own,
}

/// The policy of a page. Nothing is inline, nothing comes from elsewhere; only frames may show other origins, and from there come back to this one.
pub(crate) fn content_security_policy(frame_origins: &[String], ancestors: Ancestors) -> HeaderValue {
    let frames =
        if frame_origins.is_empty() { "'none'".to_owned() } else { format!("'self' {}", frame_origins.join(" ")) };
    let ancestors = match ancestors {
        Ancestors::None => "'none'",
        Ancestors::Own => "'self'",
    };
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         frame-src {frames}; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    );
    // Origins that were parsed and serialised hold nothing that a header cannot.
    HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

/// What every answer carries: prepared once and copied, as hashing every name anew for every answer would cost more.
#[derive(Debug)]
pub(crate) struct CommonHeaders(HeaderMap);

impl CommonHeaders {
    /// Those of a site that browsers reach over https, or over http.
    pub(crate) fn new(policy: HeaderValue, is_secure: bool) -> Self {
        // Room for those that most answers have of their own.
        let mut headers = HeaderMap::with_capacity(14);
        headers.insert(CONTENT_SECURITY_POLICY, policy);
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
        headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
        headers.insert("permissions-policy", HeaderValue::from_static(PERMISSIONS));
        if is_secure {
            headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HTTPS_ONLY));
        }
        headers.insert(REQUEST_ID, HeaderValue::from_static(""));
        Self(headers)
    }

    /// Adds them. What an answer says itself stays; one that sets a policy of its own decides by it who may frame it.
    pub(crate) fn add_to(&self, headers: &mut HeaderMap, request_id: RequestId) {
        let own = std::mem::replace(headers, self.0.clone());
        if own.contains_key(CONTENT_SECURITY_POLICY) {
            headers.remove(X_FRAME_OPTIONS);
        }
        let mut current = None;
        // Of a header that is there several times, only the first comes with its name.
        for (name, value) in own {
            if let Some(name) = name {
                headers.insert(&name, value);
                current = Some(name);
            } else if let Some(name) = &current {
                headers.append(name, value);
            }
        }
        if let Ok(id) = HeaderValue::from_str(request_id.as_str()) {
            headers.insert(REQUEST_ID, id);
        }
    }
}
