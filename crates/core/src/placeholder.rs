//! `{{NAME}}` and `${NAME}` in the strings of a config.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic};
use crate::json::Pointer;
use crate::merge::Layered;

/// What [`substitute`] did and could not do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Substitution {
    /// The variables whose values were put in, or were asked for in vain.
    pub used: BTreeSet<String>,
    /// The placeholders whose variable is not set; they were left as they are.
    pub missing: Vec<MissingVariable>,
    /// The placeholders that are not closed or name nothing; they were left as they are.
    pub malformed: Vec<Malformed>,
}

impl Substitution {
    /// What could not be done, as findings that name the file and the line. `document` is what was substituted in.
    pub fn diagnostics(&self, document: &Layered) -> Vec<Diagnostic> {
        let missing = self.missing.iter().map(|missing| {
            let finding = Diagnostic::new(Code::VariableMissing, format!("the variable `{}` is not set", missing.name))
                .with_help(format!("add `{}=…` to `.env`, or set it in the environment", missing.name));
            located(finding, document, &missing.pointer)
        });
        let malformed = self.malformed.iter().map(|malformed| {
            let finding = Diagnostic::new(Code::BadPlaceholder, "this placeholder is not closed, or names nothing")
                .with_help("write `{{NAME}}` or `${NAME}`; the characters themselves are written `\\\\{{` and `$${`");
            located(finding, document, &malformed.pointer)
        });
        missing.chain(malformed).collect()
    }
}

fn located(mut finding: Diagnostic, document: &Layered, pointer: &Pointer) -> Diagnostic {
    if let Some(origin) = document.origin(pointer) {
        finding.app = Some(origin.app.id);
        finding.location = Some(origin.location);
    }
    finding
}

/// A placeholder whose variable is not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingVariable {
    /// The variable.
    pub name: String,
    /// The string it stands in.
    pub pointer: Pointer,
    /// The byte of the string at which the placeholder begins.
    pub offset: usize,
}

/// A placeholder that is not closed or names nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The string it stands in.
    pub pointer: Pointer,
    /// The byte of the string at which it begins.
    pub offset: usize,
}

/// Replaces the placeholders in every string of `value`, at any depth; keys are left alone.
///
/// A name is `[A-Za-z_][A-Za-z0-9_.]*` and may have spaces around it. `$${` stands for `${` and `\{{` for `{{`. What `lookup` answers is put in as it is, and
/// never expanded again.
pub fn substitute(value: &mut Value, lookup: &dyn Fn(&str) -> Option<String>) -> Substitution {
    let mut substitution = Substitution::default();
    visit(value, &Pointer::ROOT, lookup, &mut substitution);
    substitution
}

fn visit(
    value: &mut Value,
    pointer: &Pointer,
    lookup: &dyn Fn(&str) -> Option<String>,
    substitution: &mut Substitution,
) {
    match value {
        Value::String(text) => {
            if text.contains("{{") || text.contains("${") {
                *text = expand(text, pointer, lookup, substitution);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                visit(item, &pointer.index(index), lookup, substitution);
            }
        }
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                visit(member, &pointer.key(key), lookup, substitution);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn expand(
    text: &str,
    pointer: &Pointer,
    lookup: &dyn Fn(&str) -> Option<String>,
    substitution: &mut Substitution,
) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let offset = text.len() - rest.len();
        if let Some(after) = rest.strip_prefix("$${") {
            expanded.push_str("${");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("\\{{") {
            expanded.push_str("{{");
            rest = after;
        } else if let Some((name, after)) = placeholder(rest) {
            substitution.used.insert(name.to_owned());
            if let Some(value) = lookup(name) {
                expanded.push_str(&value);
            } else {
                expanded.push_str(rest.get(..rest.len() - after.len()).unwrap_or_default());
                substitution.missing.push(MissingVariable { name: name.to_owned(), pointer: pointer.clone(), offset });
            }
            rest = after;
        } else {
            // In `{{{NAME}}}` the first brace is text, and the placeholder begins at the second.
            let opens = rest.starts_with("${") || rest.starts_with("{{") && !rest.starts_with("{{{");
            if opens {
                substitution.malformed.push(Malformed { pointer: pointer.clone(), offset });
            }
            let taken = if opens { 2 } else { next.len_utf8() };
            let (literal, after) = rest.split_at_checked(taken).unwrap_or((rest, ""));
            expanded.push_str(literal);
            rest = after;
        }
    }
    expanded
}

/// The name of the placeholder that `text` starts with, and what follows it.
fn placeholder(text: &str) -> Option<(&str, &str)> {
    let (inner, close) = match text.strip_prefix("{{") {
        Some(inner) => (inner, "}}"),
        None => (text.strip_prefix("${")?, "}"),
    };
    let (name, after) = inner.split_once(close)?;
    let name = name.trim_matches(' ');
    let mut bytes = name.bytes();
    let starts = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let goes_on = bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    (starts && goes_on).then_some((name, after))
}
