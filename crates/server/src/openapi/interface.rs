use std::collections::BTreeMap;
use std::sync::Arc;

use mti_core::manifest::Function;
use mti_element::{AppView as _, ElementDefinition, Fail};
use mti_registry::Snapshot;

use super::Context;
use crate::percent::encode_segment;

/// What of an app may be called from outside, in order of names.
pub(super) struct Interface {
    pub(super) title: String,
    pub(super) app_id: String,
    pub(super) version: String,
    pub(super) elements: Vec<CallableElement>,
}

/// An element with functions that answer.
pub(super) struct CallableElement {
    pub(super) definition: Arc<ElementDefinition>,
    pub(super) functions: Vec<CallableFunction>,
}

pub(super) struct CallableFunction {
    pub(super) declared: Function,
    /// Where it is called: `/api/acme/demo/auths/loginTypes/MyWeChatLogin/getLoginCode`.
    pub(super) path: String,
    /// How its calls can fail, by HTTP status.
    pub(super) failures: BTreeMap<u16, Vec<Fail>>,
}

impl Interface {
    /// Reads the definitions of a snapshot; no element is loaded. What a call would not find is left out: elements that are not to be
    /// seen or broken, Types and Metas, whose code serves others, and functions that nothing implements.
    pub(super) fn of(snapshot: &Snapshot, context: &Context) -> Self {
        let elements = snapshot.names().into_iter().filter_map(|name| {
            let definition = snapshot.definition(name.as_str()).ok()?;
            let functions: Vec<_> = definition
                .functions
                .iter()
                .filter(|function| snapshot.answers(name.as_str(), &function.name))
                .map(|function| CallableFunction::new(&definition, function, context))
                .collect();
            (!functions.is_empty()).then_some(CallableElement { definition, functions })
        });
        let elements = elements.collect();
        let key = snapshot.key();
        let running = snapshot.chain().apps.first();
        let title = running.and_then(|app| app.manifest.title.clone()).unwrap_or_else(|| key.id.to_string());
        Self { title, app_id: key.id.to_string(), version: key.version.to_string(), elements }
    }
}

impl CallableFunction {
    fn new(definition: &ElementDefinition, function: &Function, context: &Context) -> Self {
        let segments = definition.name.as_str().split('.').chain([function.name.as_str()]);
        let mut path = context.base.clone();
        for segment in segments {
            path.push('/');
            path.push_str(&encode_segment(segment));
        }
        Self { declared: function.clone(), path, failures: failures(definition, function, context) }
    }
}

fn failures(definition: &ElementDefinition, function: &Function, context: &Context) -> BTreeMap<u16, Vec<Fail>> {
    let everywhere = [
        Fail::API_PARAMS_ERROR,
        Fail::PERMISSION_DENIED,
        Fail::ELEMENT_NOT_FOUND,
        Fail::FUNCTION_NOT_FOUND,
        Fail::RATE_LIMITED,
        Fail::ELEMENT_EXCEPTION,
    ];
    let of_strangers = function.login_required.then_some(Fail::LOGIN_REQUIRED);
    let of_families = context
        .failures
        .iter()
        .filter(|family| is_within(definition, family.namespace))
        .flat_map(|family| family.kinds.iter().copied());
    let mut by_status: BTreeMap<u16, Vec<Fail>> = BTreeMap::new();
    for kind in everywhere.into_iter().chain(of_strangers).chain(of_families) {
        let kinds = by_status.entry(kind.http_status).or_default();
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    by_status
}

/// Whether an element, or a Type that it is of, has that name or lies below it.
fn is_within(definition: &ElementDefinition, namespace: &str) -> bool {
    let mut names = std::iter::once(&definition.name).chain(&definition.types);
    names.any(|name| {
        let rest = name.as_str().strip_prefix(namespace);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}
