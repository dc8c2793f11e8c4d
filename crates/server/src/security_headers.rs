use axum::http::header::{
    CONTENT_SECURITY_POLICY, Entry, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};

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

/// Adds what every answer carries. A further route that sets a policy of its own decides by it who may frame it.
pub(crate) fn add(headers: &mut HeaderMap, policy: &HeaderValue) {
    const FIXED: [(HeaderName, HeaderValue); 4] = [
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ];
    headers.reserve(FIXED.len() + 3);
    if let Entry::Vacant(entry) = headers.entry(CONTENT_SECURITY_POLICY) {
        entry.insert(policy.clone());
        headers.entry(X_FRAME_OPTIONS).or_insert(HeaderValue::from_static("DENY"));
    }
    for (name, value) in FIXED {
        headers.entry(name).or_insert(value);
    }
}
