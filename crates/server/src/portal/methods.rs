use mti_core::ElementName;
use mti_core::manifest::Function;
use mti_element::{AppView, ElementDefinition, Value};
use serde::Serialize;

use crate::percent::encode_segment;

/// The family whose instances are ways to sign in.
const LOGIN_TYPES: &str = "auths.loginTypes.Meta";

/// One way to sign in, as the scripts are told of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a key that the scripts read")]
pub(super) struct Method {
    name: String,
    title: String,
    #[serde(rename = "type")]
    type_name: String,
    is_default: bool,
    /// What its Type brings for people to sign in with; absent, the portal makes do with a form or a link.
    component: Option<Component>,
    #[serde(skip)]
    sort: i64,
    /// Whether it says by `getLoginConfig` that it is in use.
    has_config: bool,
    /// What people type to sign in; absent when they are sent to another site instead.
    sign_in_fields: Option<Vec<Field>>,
    /// What they type to bind it, likewise.
    bind_fields: Option<Vec<Field>>,
    can_bind: bool,
    can_unbind: bool,
    can_bind_by_ticket: bool,
    /// Whether somebody unknown may become a user by the ticket that he was given, and by nothing else: its `e.json` or
    /// its config says so with `allowRegister`.
    can_register: bool,
}

/// A custom element, and the module below `elements/` that defines it.
#[derive(Debug, Serialize)]
struct Component {
    tag: String,
    module: String,
}

#[derive(Debug, Serialize)]
struct Field {
    name: String,
    title: String,
}

/// The ways to sign in to an app, in the order that they are shown in. Those that are broken are left out.
pub(super) fn of(view: &dyn AppView) -> Vec<Method> {
    let mut methods: Vec<Method> = view
        .instances_of(LOGIN_TYPES)
        .iter()
        .filter_map(|name| view.definition(name.as_str()).ok())
        .filter_map(|definition| method(view, &definition))
        .collect();
    methods.sort_by_key(|method| (method.sort, !method.is_default));
    methods
}

fn method(view: &dyn AppView, definition: &ElementDefinition) -> Option<Method> {
    let sign_in = definition.function("getLoginCode")?;
    let bind = definition.function("bind");
    let is_elsewhere = definition.function("getAuthorizeUrl").is_some();
    let fields_of = |function: &Function| (!is_elsewhere).then(|| fields(function));
    Some(Method {
        name: definition.name.to_string(),
        title: definition.title.clone(),
        type_name: definition.types.first().map(ElementName::last_segment).unwrap_or_default().to_owned(),
        is_default: definition.manifest_value("default").is_some_and(is_true),
        component: component(view, definition),
        sort: definition.manifest_value("sort").and_then(Value::as_i64).unwrap_or(i64::MAX),
        has_config: definition.function("getLoginConfig").is_some(),
        sign_in_fields: fields_of(sign_in),
        bind_fields: bind.and_then(fields_of),
        can_bind: bind.is_some(),
        can_unbind: definition.function("unbind").is_some(),
        can_bind_by_ticket: definition.function("bindByTicket").is_some(),
        can_register: definition.function("register").is_some_and(is_by_ticket)
            && said(definition, "allowRegister").is_some_and(is_true),
    })
}

/// The `loginComponent` of the element itself or of the nearest of its Types that has one.
fn component(view: &dyn AppView, definition: &ElementDefinition) -> Option<Component> {
    let declared = |owner: &ElementDefinition| {
        let value = owner.manifest_value("loginComponent")?;
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let (tag, file) = (text("tag")?, text("module")?);
        let is_sound = is_tag(tag) && file.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
        let directories = owner.name.as_str().split('.').chain(file.split('/')).map(encode_segment);
        is_sound.then(|| Component { tag: tag.to_owned(), module: directories.collect::<Vec<_>>().join("/") })
    };
    declared(definition).or_else(|| {
        let types = definition.types.iter();
        types.filter_map(|name| view.definition(name.as_str()).ok()).find_map(|owner| declared(&owner))
    })
}

/// Whether it is the name of a custom element, of the plain kind.
fn is_tag(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.contains('-')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The arguments that a person can type: who is signed in is known.
fn fields(function: &Function) -> Vec<Field> {
    let typed = function.args.iter().filter(|argument| argument.name != "userId" && argument.name != "state");
    typed
        .map(|argument| Field {
            name: argument.name.clone(),
            title: argument.title.clone().unwrap_or_else(|| argument.name.clone()),
        })
        .collect()
}

fn is_by_ticket(function: &Function) -> bool {
    !function.login_required
        && function.args.iter().any(|argument| argument.name == "bindTicket")
        && function.args.iter().all(|argument| !argument.required || argument.name == "bindTicket")
}

fn said<'a>(definition: &'a ElementDefinition, key: &str) -> Option<&'a Value> {
    definition.manifest_value(key).or_else(|| definition.config.value().get(key))
}

fn is_true(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_i64() == Some(1))
}
