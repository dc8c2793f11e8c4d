use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::redirect::Policy;
use url::Url;

use crate::error::{UnavailableCause, WeChatError};

/// The largest body that is read, in bytes.
pub const MAX_BODY_LENGTH: usize = 64 * 1024;

/// The time that a whole exchange may take, all its attempts together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    started: Instant,
    total: Duration,
}

impl Deadline {
    pub(crate) fn starting_now(total: Duration) -> Self {
        Self { started: Instant::now(), total }
    }

    /// What is left, if anything is.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.total.checked_sub(self.started.elapsed()).filter(|left| !left.is_zero())
    }
}

/// Builds the one HTTP client.
///
/// No redirects, no proxy, no compression, no retries of its own. HTTP/1.1 only: the calls are small and
/// rare, and it keeps addresses out of the trace events of HTTP/2's implementation.
pub(crate) fn build_client() -> Result<reqwest::Client, WeChatError> {
    // Fails when a provider is installed already, which is as good.
    rustls::crypto::ring::default_provider().install_default().ok();
    builder().build().or_else(|error| {
        tracing::warn!(
            error = %error.without_url(),
            "no certificates of this system can be used: only loopback endpoints will work"
        );
        builder().tls_certs_only([]).build().map_err(WeChatError::Setup)
    })
}

/// Sends one request and reads the body of its answer.
pub(crate) async fn fetch(
    client: &reqwest::Client,
    address: Url,
    deadline: Deadline,
) -> Result<Vec<u8>, UnavailableCause> {
    let timeout = deadline.remaining().ok_or(UnavailableCause::Timeout)?;
    let mut response = client.get(address).timeout(timeout).send().await.map_err(cause)?;
    let status = response.status();
    if status.is_redirection() {
        return Err(UnavailableCause::Redirected(status.as_u16()));
    }
    if status != StatusCode::OK {
        return Err(UnavailableCause::Status(status.as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(cause)? {
        if body.len() + chunk.len() > MAX_BODY_LENGTH {
            return Err(UnavailableCause::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("mti-wechat/", env!("CARGO_PKG_VERSION")))
        .http1_only()
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
}

fn cause(error: reqwest::Error) -> UnavailableCause {
    // The address contains the secret and the code.
    let error = error.without_url();
    if error.is_timeout() {
        UnavailableCause::Timeout
    } else if error.is_connect() {
        UnavailableCause::Connect(error)
    } else {
        UnavailableCause::Interrupted(error)
    }
}
