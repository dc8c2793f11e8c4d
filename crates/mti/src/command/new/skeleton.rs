//! What the config of an instance begins with.

use mti_core::ElementName;
use mti_login_types::WECHAT_TYPE;
use serde_json::{Value, json};

use super::WeChatArguments;
use crate::exit::CommandError;

/// The Type of models.
pub(super) const MODEL_TYPE: &str = "models.NormalType";

/// The config of a new instance of these Types, nearest first.
pub(super) fn config(
    types: &[ElementName],
    name: &ElementName,
    wechat: &WeChatArguments,
) -> Result<Value, CommandError> {
    let is = |wanted: &str| types.iter().any(|type_name| type_name.as_str() == wanted);
    if is(WECHAT_TYPE) {
        return Ok(login(name, wechat));
    }
    if wechat.app_id.is_some() {
        return Err(CommandError::usage("`--app-id` and `--app-secret` are for WeChat logins"));
    }
    Ok(if is(MODEL_TYPE) { model() } else { json!({}) })
}

/// The config of a WeChat login. Every login has made-up values of its own, because two logins of one application would share their users.
fn login(name: &ElementName, wechat: &WeChatArguments) -> Value {
    let number = fingerprint(name.as_str());
    let app_id = wechat.app_id.clone().unwrap_or_else(|| format!("wx{number:016x}"));
    let app_secret = wechat.app_secret.clone().unwrap_or_else(|| format!("{number:016x}{:016x}", fingerprint(&app_id)));
    json!({"authConfig": {"appId": app_id, "appSecret": app_secret}})
}

/// The fields of a model.
fn model() -> Value {
    json!({
        "fields": [
            {"name": "id", "title": "ID", "dataType": "AutoInt", "primaryKey": true},
            {"name": "name", "title": "Name", "dataType": "Stext"},
        ],
    })
}

/// A number that two names hardly share: FNV-1a.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |number, byte| (number ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
