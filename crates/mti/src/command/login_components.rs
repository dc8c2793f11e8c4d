use mti_core::json::Pointer;
use mti_core::{Code, Diagnostic, ElementName};
use mti_element::{AppView as _, ElementDefinition, Value};
use mti_login_types::LOGIN_META;

use crate::App;

/// The key.
const KEY: &str = "loginComponent";

/// The `loginComponent` entries that the portal passes over: it would show a form instead, and say nothing.
pub(super) fn login_components(app: &App) -> Vec<Diagnostic> {
    let snapshot = app.snapshot();
    let mut found = Vec::new();
    for name in snapshot.names() {
        // What cannot be defined is reported already.
        let Ok(definition) = app.get_element_define(name.as_str()) else { continue };
        let is_login = definition.types.iter().map(ElementName::as_str).any(|type_name| type_name == LOGIN_META);
        let Some(component) = definition.manifest_value(KEY).filter(|_| is_login) else { continue };
        found.extend(problem(app, &definition, component).map(|(key, problem)| {
            let place = key.map_or_else(|| Pointer::ROOT.key(KEY), |key| Pointer::ROOT.key(KEY).key(key));
            let finding =
                Diagnostic::new(Code::BadLoginComponent, problem).with_element(definition.name.clone()).with_help(
                    "write `{\"tag\": \"my-login\", \"module\": \"my-login.js\"}`, with the module in `frontend/`",
                );
            let holder = definition.manifest.origin(&place);
            match holder.or_else(|| definition.manifest.origin(&Pointer::ROOT.key(KEY))) {
                Some(origin) => finding.with_app(origin.app.id).with_location(origin.location),
                None => finding,
            }
        }));
    }
    found
}

/// What is wrong with the entry of an element, and with which key of it.
fn problem(app: &App, definition: &ElementDefinition, component: &Value) -> Option<(Option<&'static str>, String)> {
    let Value::Object(members) = component else {
        return Some((None, format!("`{KEY}` must be an object")));
    };
    for key in ["tag", "module"] {
        match members.get(key) {
            None => return Some((None, format!("`{KEY}` has no `{key}`"))),
            Some(Value::String(_)) => {}
            Some(_) => return Some((Some(key), format!("`{key}` of `{KEY}` must be a string"))),
        }
    }
    let text = |key: &str| members.get(key).and_then(Value::as_str).unwrap_or_default();
    let (tag, module) = (text("tag"), text("module"));
    if !is_tag(tag) {
        let message = "is no name of a custom element: small letters, digits, and at least one `-`";
        return Some((Some("tag"), format!("`tag` of `{KEY}` {message}")));
    }
    if module.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
        return Some((Some("module"), format!("`module` of `{KEY}` must be a file in the element's `frontend/`")));
    }
    let is_there = app.frontend_file(definition.name.as_str(), module).is_some();
    let lost = || format!("there is no file `{}` in the element's `frontend/`", module.escape_debug());
    (!is_there).then(|| (Some("module"), lost()))
}

fn is_tag(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.contains('-')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
