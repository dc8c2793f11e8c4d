//! Reading the members of an object, noting every one that is not as it should be.

use serde_json::{Map, Value};

use crate::app_id::AppId;
use crate::diagnostic::{Code, Diagnostic, Location, Severity};
use crate::json::{Pointer, Span, locate};
use crate::suggest::nearest;
use crate::text::shorten;

/// How many problems of one document are reported.
const PROBLEM_LIMIT: usize = 50;

/// Something wrong at a place of a document, whose text may or may not be at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// Which kind of finding.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// Where in the document.
    pub pointer: Pointer,
    /// Whether the key there is meant, rather than its value.
    pub on_key: bool,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl FieldProblem {
    /// The finding, pointing into the text of the file that the document was read from.
    pub fn into_diagnostic(self, app: Option<&AppId>, file: &str, text: &str) -> Diagnostic {
        let span = locate(text, &self.pointer)
            .map_or(Span::new(0, 1), |found| found.key.filter(|_| self.on_key).unwrap_or(found.value));
        let mut diagnostic = Diagnostic::new(self.code, self.message)
            .with_severity(self.severity)
            .with_location(Location::at(file, text, span))
            .with_help(self.help);
        diagnostic.app = app.cloned();
        diagnostic
    }
}

/// Reads one object member by member.
pub(crate) struct FieldReader<'document, 'problems> {
    object: &'document Map<String, Value>,
    pointer: Pointer,
    wrong_type: Code,
    problems: &'problems mut Vec<FieldProblem>,
}

impl<'document, 'problems> FieldReader<'document, 'problems> {
    /// A reader of `object`, which is at `pointer`; values of the wrong type are reported as `wrong_type`.
    pub(crate) fn new(
        object: &'document Map<String, Value>,
        pointer: Pointer,
        wrong_type: Code,
        problems: &'problems mut Vec<FieldProblem>,
    ) -> Self {
        Self { object, pointer, wrong_type, problems }
    }

    /// A text.
    pub(crate) fn text(&mut self, key: &str) -> Option<&'document str> {
        match self.object.get(key)? {
            Value::String(text) => Some(text),
            other => self.refuse(key, other, "a string"),
        }
    }

    /// A text, owned.
    pub(crate) fn string(&mut self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    /// `true` or `false`, also written 1 and 0.
    pub(crate) fn flag(&mut self, key: &str) -> Option<bool> {
        match self.object.get(key)? {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) if number.as_u64() == Some(0) => Some(false),
            Value::Number(number) if number.as_u64() == Some(1) => Some(true),
            other => self.refuse(key, other, "`true` or `false`"),
        }
    }

    /// A number.
    pub(crate) fn number(&mut self, key: &str) -> Option<f64> {
        match self.object.get(key)? {
            Value::Number(number) => number.as_f64(),
            other => self.refuse(key, other, "a number"),
        }
    }

    /// An object.
    pub(crate) fn object(&mut self, key: &str) -> Option<&'document Map<String, Value>> {
        match self.object.get(key)? {
            Value::Object(object) => Some(object),
            other => self.refuse(key, other, "an object"),
        }
    }

    /// An array of objects; each comes with its place.
    pub(crate) fn objects(&mut self, key: &str) -> Vec<(Pointer, &'document Map<String, Value>)> {
        let items = match self.object.get(key) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => {
                let _: Option<()> = self.refuse(key, other, "an array of objects");
                return Vec::new();
            }
        };
        let array = self.pointer.key(key);
        let mut objects = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let pointer = array.index(index);
            match item {
                Value::Object(object) => objects.push((pointer, object)),
                other => {
                    let message = format!("item {index} of `{key}` must be an object, not {}", kind(other));
                    self.report(self.wrong_type, pointer, message, "write an object in braces".to_owned());
                }
            }
        }
        objects
    }

    /// One of a few words. Another word, and `null`, are reported.
    pub(crate) fn word<T: Copy>(&mut self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        if let Some(&(_, meaning)) = words.iter().find(|&&(word, _)| word == text) {
            return Some(meaning);
        }
        let known: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        let help = match nearest(text, words.iter().map(|&(word, _)| word), 1).first() {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write {}", known.join(" or ")),
        };
        self.report(
            Code::UnknownWord,
            self.pointer.key(key),
            format!("`{key}` cannot be `{}`", shorten(text, 40)),
            help,
        );
        None
    }

    /// Reports a value of another kind than `expected`.
    fn refuse<T>(&mut self, key: &str, value: &Value, expected: &str) -> Option<T> {
        self.report(
            self.wrong_type,
            self.pointer.key(key),
            format!("`{key}` must be {expected}, not {}", kind(value)),
            format!("write {expected}, or leave `{key}` out"),
        );
        None
    }

    /// Whether the object has the member at all.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.object.contains_key(key)
    }

    /// Reports a problem with the value at `pointer`.
    pub(crate) fn report(&mut self, code: Code, pointer: Pointer, message: String, help: String) {
        self.push(code, code.severity(), pointer, message, help, false);
    }

    /// Reports a problem with the key at `pointer`.
    pub(crate) fn report_key(
        &mut self,
        code: Code,
        severity: Severity,
        pointer: Pointer,
        message: String,
        help: String,
    ) {
        self.push(code, severity, pointer, message, help, true);
    }

    fn push(&mut self, code: Code, severity: Severity, pointer: Pointer, message: String, help: String, on_key: bool) {
        if self.problems.len() >= PROBLEM_LIMIT {
            return;
        }
        let last = self.problems.len() + 1 == PROBLEM_LIMIT;
        self.problems.push(FieldProblem {
            code,
            severity,
            message: if last { format!("{message}; further problems of this file are not shown") } else { message },
            pointer,
            on_key,
            help,
        });
    }

    /// The place of the member `key`.
    pub(crate) fn at(&self, key: &str) -> Pointer {
        self.pointer.key(key)
    }

    /// The place of the object itself.
    pub(crate) fn here(&self) -> Pointer {
        self.pointer.clone()
    }
}

/// What a value is, for people.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "`null`",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
