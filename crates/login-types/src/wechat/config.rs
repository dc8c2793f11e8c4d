use std::time::Duration;

use mti_core::Code;
use mti_element::{Failure, OpenContext, Result, Secret};
use mti_wechat::{DEFAULT_SCOPE, EndpointError, Endpoints};
use url::Url;

use super::CodeDisplay;
use crate::keys::Keys;
use crate::public_url::callback_address;

/// How long an exchange may take when the config does not say.
const DEFAULT_TIMEOUT_MILLISECONDS: u32 = 5_000;

/// How long it may take at most.
const MAX_TIMEOUT_MILLISECONDS: u32 = 60_000;

/// The config of an instance, checked.
#[derive(Debug)]
pub(crate) struct WeChatConfig {
    pub(crate) app_id: String,
    pub(crate) app_secret: Secret,
    pub(crate) is_active: bool,
    pub(crate) endpoints: Endpoints,
    pub(crate) code_display: CodeDisplay,
    pub(crate) scope: String,
    pub(crate) redirect_uri: Option<Url>,
    pub(crate) redirect_uris: Vec<Url>,
    pub(crate) timeout: Duration,
    pub(crate) allow_register: bool,
}

impl WeChatConfig {
    pub(crate) fn read(context: &OpenContext<'_>) -> Result<Self> {
        let config = Keys::of_config(context);
        let manifest = Keys::of_manifest(context);
        let scope = config.text("scope")?.filter(|scope| !scope.is_empty());
        let redirect_uri = config.text("redirectUri")?.filter(|address| !address.is_empty());
        let timeout = config.whole_number("timeoutMs", 1..=MAX_TIMEOUT_MILLISECONDS)?;
        Ok(Self {
            app_id: app_id(context, &config)?,
            app_secret: app_secret(context, &config, &manifest)?,
            is_active: config.flag("isActive")?.unwrap_or(true),
            endpoints: endpoints(&config)?,
            code_display: code_display(&config)?,
            scope: scope.unwrap_or(DEFAULT_SCOPE).to_owned(),
            redirect_uri: redirect_uri.map(|address| callback(&config, "redirectUri", address)).transpose()?,
            redirect_uris: redirect_uris([&config, &manifest])?,
            timeout: Duration::from_millis(timeout.unwrap_or(DEFAULT_TIMEOUT_MILLISECONDS).into()),
            allow_register: allow_register(&config, &manifest)?,
        })
    }
}

fn app_id(context: &OpenContext<'_>, config: &Keys<'_>) -> Result<String> {
    const KEY: &str = "authConfig.appId";
    let app_id = config.text(KEY)?.filter(|app_id| !app_id.trim().is_empty());
    app_id.map(str::to_owned).ok_or_else(|| missing(context, config, Code::WeChatAppIdMissing, KEY, "AppID"))
}

/// `authConfig.appSecret`, else `appSecret` of `e.json`.
fn app_secret(context: &OpenContext<'_>, config: &Keys<'_>, manifest: &Keys<'_>) -> Result<Secret> {
    const KEY: &str = "authConfig.appSecret";
    let configured = config.text(KEY)?.filter(|secret| !secret.is_empty());
    let declared = manifest.text("appSecret")?.filter(|secret| !secret.is_empty());
    if configured.zip(declared).is_some_and(|(configured, declared)| configured != declared) {
        context.manifest_warn(
            Code::WeChatSecretsDiffer,
            "/appSecret",
            "`appSecret` of `e.json` and `authConfig.appSecret` of the config differ: the config's is used",
        );
    }
    let secret = configured.or(declared).map(Secret::new);
    secret.ok_or_else(|| missing(context, config, Code::WeChatAppSecretMissing, KEY, "AppSecret"))
}

/// The failure of a login without a key that it cannot do without. It names the file that the key belongs in, whether
/// or not there is one.
fn missing(context: &OpenContext<'_>, config: &Keys<'_>, code: Code, key: &str, what: &str) -> Failure {
    let definition = context.definition();
    let directory = definition.name.as_str().replace('.', "/") + "/";
    let mut files = definition.config.sources().filter(|source| source.text.is_some()).map(|source| &*source.file);
    let message = if let Some(file) = files.find(|file| file.starts_with(&directory)) {
        format!("is missing: put the application's {what} from the WeChat open platform into `{file}`")
    } else {
        let file = format!("{}.json", definition.name.last_segment());
        format!(
            "is missing, and so is the config: write `{directory}{file}` with the application's {what} from the WeChat \
             open platform"
        )
    };
    config.problem(code, key, &message)
}

fn endpoints(config: &Keys<'_>) -> Result<Endpoints> {
    let problem =
        |key: &str, error: EndpointError| config.problem(Code::BadEndpoint, key, &format!("is wrong: {error}"));
    let (open, api) = (config.text("endpoints.open")?, config.text("endpoints.api")?);
    // One after the other, to name the one that is wrong.
    Endpoints::new(open, None).map_err(|error| problem("endpoints.open", error))?;
    let endpoints = Endpoints::new(open, api).map_err(|error| problem("endpoints.api", error))?;
    match config.text("endpoints.poll")? {
        Some(poll) => endpoints.polled_at(poll).map_err(|error| problem("endpoints.poll", error)),
        None => Ok(endpoints),
    }
}

fn code_display(config: &Keys<'_>) -> Result<CodeDisplay> {
    const KEY: &str = "codeDisplay";
    match config.text(KEY)? {
        None | Some("frame") => Ok(CodeDisplay::Frame),
        Some("own") => Ok(CodeDisplay::Own),
        Some(_) => Err(config.problem(Code::ConfigWrongType, KEY, "must be `frame` or `own`")),
    }
}

/// The `redirectUris` of the config and of `e.json`.
fn redirect_uris(documents: [&Keys<'_>; 2]) -> Result<Vec<Url>> {
    let mut addresses = Vec::new();
    for document in documents {
        for (key, address) in document.texts("redirectUris")? {
            addresses.push(callback(document, &key, address)?);
        }
    }
    Ok(addresses)
}

fn callback(document: &Keys<'_>, key: &str, address: &str) -> Result<Url> {
    callback_address(address).ok_or_else(|| {
        let message = "must be an absolute `http` or `https` address without user name and `#`";
        document.problem(Code::BadRedirectUri, key, message)
    })
}

/// `allowRegister` of `e.json`, else of the config; off when neither says so.
fn allow_register(config: &Keys<'_>, manifest: &Keys<'_>) -> Result<bool> {
    let configured = config.flag("allowRegister")?;
    Ok(manifest.flag("allowRegister")?.or(configured).unwrap_or(false))
}
