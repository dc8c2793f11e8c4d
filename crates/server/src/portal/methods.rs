use mti_core::ElementName;
use mti_core::manifest::Function;
use mti_element::{AppView, ElementDefinition, Value};
use serde::Serialize;

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
    /// Whether somebody unknown may become a user by the ticket that he was given, and by nothing else.
    can_register: bool,
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
        .filter_map(|definition| method(&definition))
        .collect();
    methods.sort_by_key(|method| (method.sort, !method.is_default));
    methods
}

fn method(definition: &ElementDefinition) -> Option<Method> {
    let sign_in = definition.function("getLoginCode")?;
    let bind = definition.function("bind");
    let is_elsewhere = definition.function("getAuthorizeUrl").is_some();
    let fields_of = |function: &Function| (!is_elsewhere).then(|| fields(function));
    Some(Method {
        name: definition.name.to_string(),
        title: definition.title.clone(),
        type_name: definition.types.first().map(ElementName::last_segment).unwrap_or_default().to_owned(),
        is_default: definition.manifest_value("default").is_some_and(is_true),
        sort: definition.manifest_value("sort").and_then(Value::as_i64).unwrap_or(i64::MAX),
        has_config: definition.function("getLoginConfig").is_some(),
        sign_in_fields: fields_of(sign_in),
        bind_fields: bind.and_then(fields_of),
        can_bind: bind.is_some(),
        can_unbind: definition.function("unbind").is_some(),
        can_bind_by_ticket: definition.function("bindByTicket").is_some(),
        can_register: definition.function("register").is_some_and(is_by_ticket),
    })
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

fn is_true(value: &Value) -> bool {
    value.as_bool().unwrap_or_else(|| value.as_i64() == Some(1))
}
