use std::time::Duration;

use mti_core::Code;
use mti_element::{Failure, OpenContext, Result, Secret, Value};
use mti_wechat::{DEFAULT_SCOPE, Endpoints};
use serde::{Deserialize, Deserializer};
use url::Url;

use crate::public_url::callback_address;

/// How long an exchange may take when the config does not say.
const DEFAULT_TIMEOUT_MILLISECONDS: u64 = 5_000;

/// How long it may take at most.
const MAX_TIMEOUT_MILLISECONDS: u64 = 60_000;

/// The config of an instance, checked.
#[derive(Debug)]
pub(crate) struct WeChatConfig {
    pub(crate) app_id: String,
    pub(crate) app_secret: Secret,
    pub(crate) is_active: bool,
    pub(crate) endpoints: Endpoints,
    pub(crate) scope: String,
    pub(crate) redirect_uri: Option<Url>,
    pub(crate) redirect_uris: Vec<Url>,
    pub(crate) timeout: Duration,
    pub(crate) allow_register: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    #[serde(default)]
    auth_config: AuthConfigKeys,
    #[serde(default)]
    endpoints: EndpointKeys,
    #[serde(default, deserialize_with = "flag")]
    is_active: Option<bool>,
    scope: Option<String>,
    redirect_uri: Option<String>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    timeout_ms: Option<u64>,
    #[serde(default, deserialize_with = "flag")]
    allow_register: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthConfigKeys {
    app_id: Option<String>,
    app_secret: Option<Secret>,
}

#[derive(Default, Deserialize)]
struct EndpointKeys {
    open: Option<String>,
    api: Option<String>,
}

impl WeChatConfig {
    pub(crate) fn read(context: &OpenContext<'_>) -> Result<Self> {
        let keys: Keys = context.config()?;
        let endpoints = endpoints(context, &keys.endpoints)?;
        let redirect_uri = keys.redirect_uri.as_deref().filter(|address| !address.is_empty());
        let redirect_uri =
            redirect_uri.map(|address| callback(context, "/redirectUri", "`redirectUri`", address)).transpose()?;
        Ok(Self {
            app_id: app_id(context, keys.auth_config.app_id)?,
            app_secret: app_secret(context, keys.auth_config.app_secret)?,
            is_active: keys.is_active.unwrap_or(true),
            endpoints,
            scope: keys.scope.filter(|scope| !scope.is_empty()).unwrap_or_else(|| DEFAULT_SCOPE.to_owned()),
            redirect_uri,
            redirect_uris: redirect_uris(context, &keys.redirect_uris)?,
            timeout: timeout(context, keys.timeout_ms)?,
            allow_register: allow_register(context, keys.allow_register)?,
        })
    }
}

fn app_id(context: &OpenContext<'_>, configured: Option<String>) -> Result<String> {
    let app_id = configured.filter(|app_id| !app_id.trim().is_empty()).ok_or_else(|| {
        context.config_problem(
            Code::WeChatAppIdMissing,
            "/authConfig/appId",
            "config key `authConfig.appId` is missing: put the application's AppID from the WeChat open platform there",
        )
    })?;
    Ok(app_id)
}

/// `authConfig.appSecret`, else `appSecret` of `e.json`.
fn app_secret(context: &OpenContext<'_>, configured: Option<Secret>) -> Result<Secret> {
    let configured = configured.filter(|secret| !secret.is_empty());
    let declared = match context.manifest_value("appSecret") {
        None | Some(Value::Null) => None,
        Some(Value::String(secret)) => Some(Secret::new(secret.as_str())).filter(|secret| !secret.is_empty()),
        Some(_) => {
            return Err(context.config_problem(
                Code::ConfigWrongType,
                "/authConfig/appSecret",
                "`appSecret` of `e.json` must be a string",
            ));
        }
    };
    if let (Some(configured), Some(declared)) = (&configured, &declared)
        && configured.reveal() != declared.reveal()
    {
        context.warn(
            Code::WeChatSecretsDiffer,
            "/authConfig/appSecret",
            "`appSecret` of `e.json` and `authConfig.appSecret` of the config differ: the config's is used",
        );
    }
    configured.or(declared).ok_or_else(|| {
        context.config_problem(
            Code::WeChatAppSecretMissing,
            "/authConfig/appSecret",
            "config key `authConfig.appSecret` is missing: put the application's AppSecret from the WeChat open platform \
             there, or into `appSecret` of `e.json`",
        )
    })
}

fn endpoints(context: &OpenContext<'_>, keys: &EndpointKeys) -> Result<Endpoints> {
    // One at a time, to name the one that is wrong.
    for (pointer, open, api) in
        [("/endpoints/open", keys.open.as_deref(), None), ("/endpoints/api", None, keys.api.as_deref())]
    {
        if let Err(error) = Endpoints::new(open, api) {
            let key = pointer.trim_start_matches('/').replace('/', ".");
            return Err(context.config_problem(Code::BadEndpoint, pointer, format!("config key `{key}`: {error}")));
        }
    }
    Ok(Endpoints::new(keys.open.as_deref(), keys.api.as_deref())?)
}

/// The `redirectUris` of the config and of `e.json`.
fn redirect_uris(context: &OpenContext<'_>, configured: &[String]) -> Result<Vec<Url>> {
    let wrong = || -> Failure {
        context.config_problem(
            Code::ConfigWrongType,
            "/redirectUris",
            "`redirectUris` of `e.json` must be a list of strings",
        )
    };
    let declared = match context.manifest_value("redirectUris") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().ok_or_else(wrong)).collect::<Result<Vec<_>>>()?
        }
        Some(_) => return Err(wrong()),
    };
    let all = configured.iter().map(String::as_str).chain(declared);
    all.map(|address| callback(context, "/redirectUris", "each of `redirectUris`", address)).collect()
}

fn callback(context: &OpenContext<'_>, pointer: &str, subject: &str, address: &str) -> Result<Url> {
    callback_address(address).ok_or_else(|| {
        context.config_problem(
            Code::BadRedirectUri,
            pointer,
            format!("{subject} must be an absolute `http` or `https` address without user name and `#`"),
        )
    })
}

fn timeout(context: &OpenContext<'_>, configured: Option<u64>) -> Result<Duration> {
    let milliseconds = configured.unwrap_or(DEFAULT_TIMEOUT_MILLISECONDS);
    if !(1..=MAX_TIMEOUT_MILLISECONDS).contains(&milliseconds) {
        let message = format!("config key `timeoutMs` must be from 1 to {MAX_TIMEOUT_MILLISECONDS}");
        return Err(context.config_problem(Code::ConfigWrongType, "/timeoutMs", message));
    }
    Ok(Duration::from_millis(milliseconds))
}

/// `allowRegister` of `e.json`, else of the config; off when neither says so.
fn allow_register(context: &OpenContext<'_>, configured: Option<bool>) -> Result<bool> {
    match context.manifest_value("allowRegister") {
        None | Some(Value::Null) => Ok(configured.unwrap_or(false)),
        Some(value) => truth(value).ok_or_else(|| {
            context.config_problem(
                Code::ConfigWrongType,
                "/allowRegister",
                "`allowRegister` of `e.json` must be 0 or 1, or a boolean",
            )
        }),
    }
}

/// A truth value, which may be written 0 or 1 too.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        value => truth(&value).map(Some).ok_or_else(|| serde::de::Error::custom("expected a boolean, 0 or 1")),
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        value => value.as_u64().filter(|number| *number <= 1).map(|number| number == 1),
    }
}
