use std::ops::RangeInclusive;

use mti_core::Code;
use mti_core::json::Pointer;
use mti_core::merge::Layered;
use mti_core::placeholder::{Substitution, substitute};
use mti_element::{Failure, OpenContext, Result, Value};

/// The keys of one of the two documents that an element is declared with.
///
/// They are read one by one, so that every finding says in an author's words what is wrong, and where. A key that is
/// `null` counts as missing. What a placeholder put there is always a text: numbers and truth values may be quoted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keys<'c> {
    context: &'c OpenContext<'c>,
    document: Document,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Document {
    Manifest,
    Config,
}

impl<'c> Keys<'c> {
    /// The keys of the merged config.
    pub(crate) fn of_config(context: &'c OpenContext<'c>) -> Self {
        Self { context, document: Document::Config }
    }

    /// The keys of the merged `e.json`.
    pub(crate) fn of_manifest(context: &'c OpenContext<'c>) -> Self {
        Self { context, document: Document::Manifest }
    }

    /// A text.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&'c str>> {
        let Some(value) = self.value(key)? else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| self.wrong_type(key, "a string"))
    }

    /// A list of texts, each with its own key; one that is no text is a failure of its own.
    pub(crate) fn texts(&self, key: &str) -> Result<Vec<(String, Result<&'c str>)>> {
        let Some(value) = self.value(key)? else { return Ok(Vec::new()) };
        let items = value.as_array().ok_or_else(|| self.wrong_type(key, "a list of strings"))?;
        let texts = items.iter().enumerate().map(|(index, item)| {
            let key = format!("{key}.{index}");
            let text = item.as_str().ok_or_else(|| self.wrong_type(&key, "a string"));
            (key, text)
        });
        Ok(texts.collect())
    }

    /// A truth value, which may be written 0 or 1 too.
    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>> {
        let Some(value) = self.value(key)? else { return Ok(None) };
        let flag = match value {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) => number.as_u64().filter(|number| *number <= 1).map(|number| number == 1),
            Value::String(text) => match text.as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        };
        flag.map(Some).ok_or_else(|| self.wrong_type(key, "0 or 1, or a boolean"))
    }

    /// A whole number within bounds.
    pub(crate) fn whole_number(&self, key: &str, bounds: RangeInclusive<u32>) -> Result<Option<u32>> {
        let Some(value) = self.value(key)? else { return Ok(None) };
        let number = match value {
            Value::String(text) => text.parse().ok(),
            value => value.as_u64().and_then(|number| u32::try_from(number).ok()),
        };
        number
            .filter(|number| bounds.contains(number))
            .map(Some)
            .ok_or_else(|| self.wrong_type(key, &format!("a whole number from {} to {}", bounds.start(), bounds.end())))
    }

    /// The failure of an element that cannot work with what this key says. The message goes on after the key's name.
    pub(crate) fn problem(&self, code: Code, key: &str, message: &str) -> Failure {
        let pointer = pointer_of(key);
        match self.document {
            Document::Config => self.context.config_problem(code, &pointer, format!("config key `{key}` {message}")),
            Document::Manifest => {
                self.context.manifest_problem(code, &pointer, format!("`{key}` of `e.json` {message}"))
            }
        }
    }

    /// Reports something about a key that is probably not meant. The message goes on after the key's name.
    pub(crate) fn warn(&self, code: Code, key: &str, message: &str) {
        let pointer = pointer_of(key);
        match self.document {
            Document::Config => self.context.warn(code, &pointer, format!("config key `{key}` {message}")),
            Document::Manifest => self.context.manifest_warn(code, &pointer, format!("`{key}` of `e.json` {message}")),
        }
    }

    /// Whether a file gives the key, if only `""`.
    pub(crate) fn is_written(&self, key: &str) -> bool {
        self.written(key).is_some()
    }

    /// Refuses a needed text in which a placeholder is not closed: it would be taken for the value.
    pub(crate) fn refuse_open_placeholder(&self, key: &str, code: Code) -> Result<()> {
        let is_open = self.written(key).is_some_and(|text| !placeholders(text).malformed.is_empty());
        if !is_open {
            return Ok(());
        }
        let message = "has a placeholder that is not closed, or names nothing: write `${NAME}`, or `$${` for the characters themselves";
        Err(self.problem(code, key, message))
    }

    /// Says which variables a text without a value was to have one from: `the variable `A` is set, and has no value`.
    pub(crate) fn empty_variables(&self, key: &str) -> Option<String> {
        let names: Vec<String> = placeholders(self.written(key)?).used.iter().map(|name| format!("`{name}`")).collect();
        match names.as_slice() {
            [] => None,
            [name] => Some(format!("the variable {name} is set, and has no value")),
            names => Some(format!("the variables {} are set, and have no value", names.join(", "))),
        }
    }

    /// A text as it stands in the file that gives it, before variables had their values put in.
    fn written(&self, key: &str) -> Option<String> {
        let document = self.document();
        let (source, span) = document.source(&Pointer::parse(&pointer_of(key))?)?;
        serde_json::from_str(span?.of(source.text.as_ref()?)).ok()
    }

    fn document(&self) -> &'c Layered {
        let definition = self.context.definition();
        match self.document {
            Document::Config => &definition.config,
            Document::Manifest => &definition.manifest,
        }
    }

    fn wrong_type(&self, key: &str, wanted: &str) -> Failure {
        self.problem(Code::ConfigWrongType, key, &format!("must be {wanted}"))
    }

    /// The value of a key, whose parts are separated by full stops.
    fn value(&self, key: &str) -> Result<Option<&'c Value>> {
        let mut value = self.document().value();
        let mut read = 0;
        for part in key.split('.') {
            let holder = key.get(..read).unwrap_or_default().trim_end_matches('.');
            value = match value {
                Value::Null => return Ok(None),
                Value::Object(members) => match members.get(part) {
                    None => return Ok(None),
                    Some(member) => member,
                },
                _ if holder.is_empty() => {
                    return Err(self.context.config_problem(Code::ConfigWrongType, "", "the config must be an object"));
                }
                _ => return Err(self.wrong_type(holder, "an object")),
            };
            read += part.len() + 1;
        }
        Ok(Some(value).filter(|value| !value.is_null()))
    }
}

/// The placeholders of a text.
fn placeholders(text: String) -> Substitution {
    substitute(&mut Value::String(text), &|_| Some(String::new()))
}

fn pointer_of(key: &str) -> String {
    key.split('.').fold(String::new(), |pointer, part| pointer + "/" + part)
}
