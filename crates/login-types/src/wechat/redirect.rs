use mti_element::{AppView, Fail, Failure, Result};
use url::Url;

use super::config::WeChatConfig;
use crate::public_url::{PublicUrl, callback_address, default_callback};

/// Where the browser may come back to: the configured address, a further one that is allowed, or an address of this
/// installation. Never anywhere else, or a code could be sent to a stranger.
pub(crate) fn choose(app: &dyn AppView, config: &WeChatConfig, asked_for: Option<&str>) -> Result<Url> {
    let Some(asked_for) = asked_for else {
        let configured = config.redirect_uri.clone().or_else(|| default_callback(app));
        return configured
            .ok_or_else(|| Fail::ELEMENT_EXCEPTION.failure().noting("the public URL has no place for paths"));
    };
    let refused = || -> Failure {
        Fail::API_PARAMS_ERROR.because(
            "argument `redirectUri` must be the configured `redirectUri`, one of `redirectUris`, or an address of this site",
        )
    };
    let address = callback_address(asked_for).ok_or_else(refused)?;
    let is_configured = config.redirect_uri.iter().chain(&config.redirect_uris).any(|allowed| *allowed == address);
    let is_ours = || PublicUrl::of(app).is_some_and(|public| public.origin() == address.origin());
    if is_configured || is_ours() { Ok(address) } else { Err(refused()) }
}
