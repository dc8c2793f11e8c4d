use mti_core::ElementName;
use mti_login_types::{LOGIN_META, PASSWORD_TYPE, WECHAT_TYPE};
use serde_json::Value;

use super::level::{greet, pascal, words};

/// The code of a level in Python: the `__init__.py` of its element.
pub(super) struct NewPythonLevel {
    pub(super) source: String,
    /// The entries in `functionList`, when the level has steps that none of its Types has.
    pub(super) functions: Vec<Value>,
}

const OF_LOGINS: &str = r#"    def listCorps(self, userId):
        """The organisations that a user may sign in to."""
        return super().listCorps(userId)
"#;

const OWN: &str = r#"    def greet(self, name):
        """A greeting."""
        return f"hello {name}"
"#;

const OTHER: &str = "    # A method that has the name of one below replaces it; `super()` calls it.\n    pass\n";

impl NewPythonLevel {
    /// The code of `name`, which lies above these levels, nearest first.
    pub(super) fn new(name: &ElementName, title: &str, below: &[ElementName]) -> Self {
        let is = |wanted: &str| below.iter().any(|name| name.as_str() == wanted);
        let (body, functions) = match below {
            _ if is(WECHAT_TYPE) || is(PASSWORD_TYPE) => (OF_LOGINS, Vec::new()),
            [] | [_] if !is(LOGIN_META) => (OWN, vec![greet()]),
            _ => (OTHER, Vec::new()),
        };
        let class = if is_identifier(name.last_segment()) {
            name.last_segment().to_owned()
        } else {
            pascal(&words(name.last_segment()))
        };
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ").replace(['\\', '"'], "'");
        // What lies below a Meta has no class, and neither has what Python cannot name.
        let base = below.first().filter(|base| below.len() > 1 && base.segments().all(is_identifier));
        let (import, base) = match base {
            Some(base) => (format!("from {base} import {}", base.last_segment()), base.last_segment()),
            None => ("import mti".to_owned(), "mti.Level"),
        };
        let source = format!("\"\"\"{title}\"\"\"\n\n{import}\n\n\nclass {class}({base}):\n{body}");
        Self { source, functions }
    }
}

fn is_identifier(segment: &str) -> bool {
    let mut characters = segment.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|character| character.is_alphanumeric() || character == '_')
}
