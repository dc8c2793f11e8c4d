use std::time::Duration;

use mti_core::Code;
use mti_element::{Failure, OpenContext, Problems, Result, Secret};
use mti_wechat::{DEFAULT_SCOPE, Endpoints};
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
        let mut problems = Problems::default();
        let app_id = problems.take(app_id(context, &config));
        let app_secret = problems.take(app_secret(context, &config, &manifest));
        let is_active = problems.take(config.flag("isActive"));
        let endpoints = endpoints(&config, &mut problems);
        let code_display = problems.take(code_display(&config));
        let scope = problems.take(config.text("scope"));
        let redirect_uri = problems.take(redirect_uri(&config));
        let redirect_uris = redirect_uris([&config, &manifest], &mut problems);
        let timeout = problems.take(config.whole_number("timeoutMs", 1..=MAX_TIMEOUT_MILLISECONDS));
        let allow_register = problems.take(allow_register(&config, &manifest));
        let read = || {
            let timeout = timeout?.unwrap_or(DEFAULT_TIMEOUT_MILLISECONDS);
            Some(Self {
                app_id: app_id?,
                app_secret: app_secret?,
                is_active: is_active?.unwrap_or(true),
                endpoints: endpoints?,
                code_display: code_display?,
                scope: scope?.filter(|scope| !scope.is_empty()).unwrap_or(DEFAULT_SCOPE).to_owned(),
                redirect_uri: redirect_uri?,
                redirect_uris: redirect_uris?,
                timeout: Duration::from_millis(timeout.into()),
                allow_register: allow_register?,
            })
        };
        read().ok_or_else(|| problems.into_failure())
    }
}

fn app_id(context: &OpenContext<'_>, config: &Keys<'_>) -> Result<String> {
    const KEY: &str = "authConfig.appId";
    let Some(app_id) = config.text(KEY)?.filter(|app_id| !app_id.trim().is_empty()) else {
        return Err(missing(context, config, Code::WeChatAppIdMissing, KEY, "AppID"));
    };
    config.refuse_open_placeholder(KEY, Code::WeChatAppIdMissing)?;
    if !is_of_a_website(app_id) {
        // It may be the secret, in the wrong place: it is not repeated.
        let message = "is not of the form that WeChat gives AppIDs of website applications: `wx` and 16 characters, `0` to `9` and `a` to `f`";
        config.warn(Code::WeChatAppIdMalformed, KEY, message);
    }
    Ok(app_id.to_owned())
}

fn is_of_a_website(app_id: &str) -> bool {
    let number = app_id.strip_prefix("wx").unwrap_or_default();
    number.len() == 16 && number.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// `authConfig.appSecret`, else `appSecret` of `e.json`.
fn app_secret(context: &OpenContext<'_>, config: &Keys<'_>, manifest: &Keys<'_>) -> Result<Secret> {
    const KEY: &str = "authConfig.appSecret";
    const MANIFEST_KEY: &str = "appSecret";
    let configured = config.text(KEY)?.filter(|secret| !secret.is_empty());
    let declared = manifest.text(MANIFEST_KEY)?.filter(|secret| !secret.is_empty());
    if configured.is_some() {
        config.refuse_open_placeholder(KEY, Code::WeChatAppSecretMissing)?;
    } else if declared.is_some() {
        manifest.refuse_open_placeholder(MANIFEST_KEY, Code::WeChatAppSecretMissing)?;
    }
    if configured.zip(declared).is_some_and(|(configured, declared)| configured != declared) {
        context.manifest_warn(
            Code::WeChatSecretsDiffer,
            "/appSecret",
            "`appSecret` of `e.json` and `authConfig.appSecret` of the config differ: the config's is used",
        );
    }
    if let Some(secret) = configured.or(declared) {
        if is_padded(secret) {
            let (keys, key) = if configured.is_some() { (config, KEY) } else { (manifest, MANIFEST_KEY) };
            let message = "begins or ends with white space, a byte order mark or a quotation mark, which WeChat takes for a part of it: a line \
                           break at the end of a file or of a Kubernetes secret is the usual cause";
            keys.warn(Code::WeChatAppSecretPadded, key, message);
        }
        return Ok(Secret::new(secret));
    }
    // One that is empty is meant to be there.
    let (keys, key) = if config.is_written(KEY) || !manifest.is_written(MANIFEST_KEY) {
        (config, KEY)
    } else {
        (manifest, MANIFEST_KEY)
    };
    Err(missing(context, keys, Code::WeChatAppSecretMissing, key, "AppSecret"))
}

/// Whether something stands around a secret that belongs to the place that it was copied from. Nothing of it is shown.
fn is_padded(secret: &str) -> bool {
    let is_padding = |character: char| character.is_whitespace() || matches!(character, '\u{feff}' | '"' | '\'' | '`');
    secret.starts_with(is_padding) || secret.ends_with(is_padding)
}

/// The failure of a login without a key that it cannot do without. It names the file that the key belongs in, whether
/// or not there is one, or the variable that should have had a value.
fn missing(context: &OpenContext<'_>, keys: &Keys<'_>, code: Code, key: &str, what: &str) -> Failure {
    if let Some(empty) = keys.empty_variables(key) {
        let message = format!("is empty: {empty}: write the application's {what} there, from the WeChat open platform");
        return keys.problem(code, key, &message);
    }
    let definition = context.definition();
    let directory = definition.name.as_str().replace('.', "/") + "/";
    let state = if keys.is_written(key) { "empty" } else { "missing" };
    let mut files = definition.config.sources().filter(|source| source.text.is_some()).map(|source| &*source.file);
    let message = if let Some(file) = files.find(|file| file.starts_with(&directory)) {
        format!("is {state}: put the application's {what} from the WeChat open platform into `{file}`")
    } else {
        let file = format!("{}.json", definition.name.last_segment());
        format!(
            "is {state}, and so is the config: write `{directory}{file}` with the application's {what} from the WeChat \
             open platform"
        )
    };
    keys.problem(code, key, &message)
}

fn endpoints(config: &Keys<'_>, problems: &mut Problems) -> Option<Endpoints> {
    // Each by itself, to name all that are wrong.
    let mut address = |key: &str| {
        let text = problems.take(config.text(key))?;
        let read = text.map_or(Ok(()), |text| Endpoints::new(Some(text), None).map(drop));
        let problem = |error| config.problem(Code::BadEndpoint, key, &format!("is wrong: {error}"));
        problems.take(read.map_err(problem))?;
        Some(text)
    };
    let [open, api, poll] = ["endpoints.open", "endpoints.api", "endpoints.poll"].map(&mut address);
    let (open, api, poll) = (open?, api?, poll?);
    let endpoints = Endpoints::new(open, api).and_then(|endpoints| match poll {
        Some(poll) => endpoints.polled_at(poll),
        None => Ok(endpoints),
    });
    problems.take(endpoints.map_err(Failure::from))
}

fn code_display(config: &Keys<'_>) -> Result<CodeDisplay> {
    const KEY: &str = "codeDisplay";
    match config.text(KEY)? {
        None | Some("frame") => Ok(CodeDisplay::Frame),
        Some("own") => Ok(CodeDisplay::Own),
        Some(_) => Err(config.problem(Code::ConfigWrongType, KEY, "must be `frame` or `own`")),
    }
}

fn redirect_uri(config: &Keys<'_>) -> Result<Option<Url>> {
    const KEY: &str = "redirectUri";
    let address = config.text(KEY)?.filter(|address| !address.is_empty());
    address.map(|address| callback(config, KEY, address)).transpose()
}

/// The `redirectUris` of the config and of `e.json`.
fn redirect_uris(documents: [&Keys<'_>; 2], problems: &mut Problems) -> Option<Vec<Url>> {
    let mut addresses = Some(Vec::new());
    for document in documents {
        let texts = problems.take(document.texts("redirectUris"));
        if texts.is_none() {
            addresses = None;
        }
        for (key, address) in texts.into_iter().flatten() {
            let address = problems.take(address.and_then(|address| callback(document, &key, address)));
            addresses = addresses.zip(address).map(|(mut addresses, address)| {
                addresses.push(address);
                addresses
            });
        }
    }
    addresses
}

fn callback(document: &Keys<'_>, key: &str, address: &str) -> Result<Url> {
    callback_address(address).ok_or_else(|| {
        let message = if address.trim() != address {
            "begins or ends with white space"
        } else if address.chars().any(|character| !character.is_ascii_graphic() || character == '\\') {
            "has characters that an address must not have: percent-encode them, as `%E7%99%BB` for `登`"
        } else {
            "must be an absolute `http` or `https` address without user name and `#`"
        };
        document.problem(Code::BadRedirectUri, key, message)
    })
}

/// `allowRegister` of `e.json`, else of the config; off when neither says so.
fn allow_register(config: &Keys<'_>, manifest: &Keys<'_>) -> Result<bool> {
    let configured = config.flag("allowRegister")?;
    Ok(manifest.flag("allowRegister")?.or(configured).unwrap_or(false))
}
