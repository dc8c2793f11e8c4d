use mti_core::is_secret_name;
use mti_element::REDACTED;
use serde_json::Value;

/// A document as it may be shown: values whose key says that they are secret are redacted, and so are passwords in
/// addresses.
pub fn without_secrets(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, member)| {
                let shown = if is_secret_name(key) { Value::from(REDACTED) } else { without_secrets(member) };
                (key.clone(), shown)
            })
            .collect(),
        Value::Array(items) => items.iter().map(without_secrets).collect(),
        Value::String(text) => Value::from(without_password(text)),
        other => other.clone(),
    }
}

/// An address without the password in it: `postgres://user:<redacted>@host/db`.
fn without_password(text: &str) -> String {
    let hidden = || {
        let (scheme, rest) = text.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let (user_info, host) = authority.rsplit_once('@')?;
        let (user, _) = user_info.split_once(':')?;
        let after = rest.strip_prefix(authority)?;
        Some(format!("{scheme}://{user}:{REDACTED}@{host}{after}"))
    };
    hidden().unwrap_or_else(|| text.to_owned())
}
