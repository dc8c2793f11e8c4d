//! `{{NAME}}` and `${NAME}` in the strings of a config.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::diagnostic::{Code, Diagnostic, Location};
use crate::json::{Pointer, Span};
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
            located(finding, document, &missing.pointer, missing.offset)
        });
        let malformed = self.malformed.iter().map(|malformed| {
            let finding = Diagnostic::new(Code::BadPlaceholder, "this placeholder is not closed, or names nothing")
                .with_help("write `{{NAME}}` or `${NAME}`; the characters themselves are written `\\\\{{` and `$${`");
            located(finding, document, &malformed.pointer, malformed.offset)
        });
        missing.chain(malformed).collect()
    }
}

/// The finding at the placeholder that begins at a byte of the string at `pointer`.
fn located(mut finding: Diagnostic, document: &Layered, pointer: &Pointer, offset: usize) -> Diagnostic {
    let Some((source, span)) = document.source(pointer) else { return finding };
    finding.app = Some(source.app.id.clone());
    finding.location = Some(match (span, &source.text) {
        (Some(span), Some(text)) => {
            let literal = span.of(text);
            let start = span.start + written_offset(literal, offset);
            let rest = text.get(start..span.end).unwrap_or_default();
            let length = placeholder(rest).map_or("${".len(), |(_, after)| rest.len() - after.len());
            Location::at(&*source.file, text, Span::new(start, start + length))
        }
        _ => Location::file(&*source.file),
    });
    finding
}

/// Where the byte `offset` of a string is written in its JSON literal, which may have escapes before it.
fn written_offset(literal: &str, offset: usize) -> usize {
    let mut characters = literal.char_indices().skip(1);
    let mut passed = 0;
    while let Some((at, character)) = characters.next() {
        if passed >= offset {
            return at;
        }
        if character != '\\' {
            passed += character.len_utf8();
            continue;
        }
        match characters.next() {
            Some((digits, 'u')) => {
                let digits = literal.get(digits + 1..digits + 5).unwrap_or_default();
                passed += match u32::from_str_radix(digits, 16).unwrap_or_default() {
                    // Of the two halves of a pair each counts for two of its four bytes.
                    0xD800..0xE000 => 2,
                    unit => char::from_u32(unit).map_or(1, char::len_utf8),
                };
                characters.nth(3);
            }
            _ => passed += 1,
        }
    }
    // What is not found is shown at the string.
    0
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
