//! What the JSON Schema of a Type says about merging: the keyword `x-merge`.

use std::sync::Arc;

use serde_json::Value;

use crate::diagnostic::Code;
use crate::json::Pointer;
use crate::manifest::FieldProblem;
use crate::text::shorten;

/// The keyword, which stands beside the `type` of an array.
const KEYWORD: &str = "x-merge";

/// How many schemas apply at one place, at most.
const MOST_AT_ONE_PLACE: usize = 32;

/// How the lists of a document merge, as schemas say. Without a schema every list is replaced.
#[derive(Debug, Clone, Default)]
pub struct MergeRules {
    /// Nearest first.
    schemas: Vec<Arc<Value>>,
}

impl MergeRules {
    /// The rules of several schemas. Where two speak of the same place, the first one decides.
    pub fn new(schemas: Vec<Arc<Value>>) -> Self {
        Self { schemas }
    }

    /// These rules, and below them those of `base`.
    #[must_use]
    pub fn over(mut self, base: &Self) -> Self {
        self.schemas.extend(base.schemas.iter().cloned());
        self
    }

    /// The rules of a whole document.
    pub(super) fn at_root(&self) -> RulesAt<'_> {
        RulesAt::of(self.schemas.iter().map(|schema| Applied { root: schema, here: schema }))
    }

    /// What `x-merge` says in a schema and cannot mean.
    pub fn problems(schema: &Value) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        find_problems(schema, &Pointer::ROOT, &mut problems);
        problems
    }
}

/// How one list merges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListMerge<'r> {
    /// The nearest list holds: `"replace"`.
    Replace,
    /// The lists add up, equal items once: `"union"`.
    Union,
    /// Items that say the same under this key are one, merged key by key; the others add up: `{"by": "name"}`.
    By(&'r str),
}

impl<'r> ListMerge<'r> {
    fn read(rule: &'r Value) -> Option<Self> {
        match rule {
            Value::String(word) if word == "replace" => Some(Self::Replace),
            Value::String(word) if word == "union" => Some(Self::Union),
            Value::Object(members) if members.len() == 1 => {
                members.get("by")?.as_str().filter(|key| !key.is_empty()).map(Self::By)
            }
            _ => None,
        }
    }
}

/// The schemas that apply at one place of a document, nearest first.
#[derive(Debug, Clone, Default)]
pub(super) struct RulesAt<'r> {
    applied: Vec<Applied<'r>>,
}

#[derive(Debug, Clone, Copy)]
struct Applied<'r> {
    /// The whole schema, which `$ref` refers into.
    root: &'r Value,
    /// The part of it that is about this place.
    here: &'r Value,
}

impl<'r> RulesAt<'r> {
    /// Adds what `$ref` and `allOf` lead to.
    fn of(direct: impl Iterator<Item = Applied<'r>>) -> Self {
        let mut waiting: Vec<Applied<'r>> = direct.collect();
        waiting.reverse();
        let mut applied = Vec::new();
        while let Some(next) = waiting.pop() {
            if applied.len() == MOST_AT_ONE_PLACE {
                break;
            }
            if applied.iter().any(|known: &Applied<'_>| std::ptr::eq(known.here, next.here)) {
                continue;
            }
            applied.push(next);
            let Applied { root, here } = next;
            let referred = here.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
            let parts = here.get("allOf").and_then(Value::as_array).into_iter().flatten();
            let further = parts.rev().chain(referred.and_then(|target| root.pointer(target)));
            waiting.extend(further.map(|here| Applied { root, here }));
        }
        Self { applied }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.applied.is_empty()
    }

    /// The rules of the member `key` of the object that is here.
    pub(super) fn member(&self, key: &str) -> Self {
        self.inner(|here| {
            let named = here.get("properties").and_then(|properties| properties.get(key));
            named.or_else(|| here.get("additionalProperties"))
        })
    }

    /// The rules of the items of the array that is here.
    pub(super) fn item(&self) -> Self {
        self.inner(|here| here.get("items"))
    }

    /// How the array that is here merges.
    pub(super) fn list(&self) -> ListMerge<'r> {
        let mut said = self.applied.iter().filter_map(|schema| schema.here.get(KEYWORD).and_then(ListMerge::read));
        said.next().unwrap_or(ListMerge::Replace)
    }

    fn inner(&self, part: impl Fn(&'r Value) -> Option<&'r Value>) -> Self {
        if self.is_empty() {
            return Self::default();
        }
        let parts = self.applied.iter();
        Self::of(parts.filter_map(|&Applied { root, here }| Some(Applied { root, here: part(here)? })))
    }
}

/// Looks at what is a schema, and not at what only looks like one, such as a default.
fn find_problems(schema: &Value, here: &Pointer, problems: &mut Vec<FieldProblem>) {
    let Some(members) = schema.as_object() else { return };
    for (key, value) in members {
        let place = here.key(key);
        match (key.as_str(), value) {
            (KEYWORD, rule) if ListMerge::read(rule).is_none() => problems.push(FieldProblem {
                code: Code::BadMergeRule,
                severity: Code::BadMergeRule.severity(),
                pointer: place,
                on_key: false,
                message: format!("`{KEYWORD}` cannot be `{}`", shorten(&rule.to_string(), 80)),
                help: "write `\"replace\"`, `\"union\"`, or `{\"by\": \"name\"}` with the key that items are known by"
                    .to_owned(),
            }),
            ("properties" | "patternProperties" | "$defs" | "definitions", Value::Object(parts)) => {
                for (name, part) in parts {
                    find_problems(part, &place.key(name), problems);
                }
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => {
                for (index, part) in parts.iter().enumerate() {
                    find_problems(part, &place.index(index), problems);
                }
            }
            ("items" | "additionalProperties", part) => find_problems(part, &place, problems),
            _ => {}
        }
    }
}
