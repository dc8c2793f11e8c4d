//! The declared interface of an element.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value, json};

use super::field::{FieldProblem, FieldReader};
use crate::diagnostic::Code;
use crate::json::Pointer;
use crate::merge::MergeRules;
use crate::text::shorten;

/// One entry of `functionList`: a function that may be called over HTTP.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Its name on the wire.
    pub name: String,
    /// Its title.
    pub title: Option<String>,
    /// Its arguments; another one is refused.
    pub args: Vec<Argument>,
    /// The data type of its result.
    pub return_type: Option<String>,
    /// `returnSchema`: the JSON Schema of its result, beyond the data type.
    pub return_schema: Option<Map<String, Value>>,
    /// What it does: `desc`, or `description`.
    pub desc: Option<String>,
    /// `async`.
    pub is_async: bool,
    /// Whether a caller must be signed in; so unless the entry says otherwise.
    pub login_required: bool,
    /// `ignoreSign`.
    pub ignore_sign: bool,
}

/// One declared argument of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// Its name on the wire.
    pub name: String,
    /// Its title.
    pub title: Option<String>,
    /// Its data type.
    pub data_type: Option<String>,
    /// `schema`: keywords of JSON Schema that narrow the data type, such as `enum`, `maxLength` and `description`.
    pub schema: Map<String, Value>,
    /// Whether a call without it is refused.
    pub required: bool,
    /// What it is when a call leaves it out.
    pub value: Option<Value>,
}

impl Function {
    /// The `functionList` of a merged document. What was wrong in it was reported of the files that it was merged of.
    pub fn list_of(document: &Value) -> Vec<Self> {
        document.as_object().map(|document| read_functions(document, &mut Vec::new())).unwrap_or_default()
    }
}

/// How documents with a `functionList` merge: entries of one name are one, key by key.
pub fn function_list_rules() -> &'static MergeRules {
    static RULES: LazyLock<MergeRules> = LazyLock::new(|| {
        let schema = json!({"properties": {"functionList": {"x-merge": {"by": "name"}}}});
        MergeRules::new(vec![Arc::new(schema)])
    });
    &RULES
}

/// Reads the `functionList` of an object.
pub(super) fn read_functions(object: &Map<String, Value>, problems: &mut Vec<FieldProblem>) -> Vec<Function> {
    let entries = FieldReader::new(object, Pointer::ROOT, Code::WrongType, problems).objects("functionList");
    let mut names = HashSet::new();
    let mut functions = Vec::with_capacity(entries.len());
    for (pointer, entry) in entries {
        if let Some(name) = read_name(entry, &pointer, "function", &mut names, problems) {
            functions.push(read_function(name, entry, &pointer, problems));
        }
    }
    functions
}

fn read_function(
    name: String,
    entry: &Map<String, Value>,
    pointer: &Pointer,
    problems: &mut Vec<FieldProblem>,
) -> Function {
    let mut reader = FieldReader::new(entry, pointer.clone(), Code::WrongType, problems);
    let function = Function {
        name,
        title: reader.string("title"),
        args: Vec::new(),
        return_type: reader.string("returnType"),
        return_schema: reader.object("returnSchema").cloned(),
        desc: reader.string("desc").or_else(|| reader.string("description")),
        is_async: reader.flag("async").unwrap_or(false),
        login_required: reader.flag("loginRequired").unwrap_or(true),
        ignore_sign: reader.flag("ignoreSign").unwrap_or(false),
    };
    let entries = reader.objects("args");
    let mut names = HashSet::new();
    let mut args = Vec::with_capacity(entries.len());
    for (pointer, entry) in entries {
        if let Some(name) = read_name(entry, &pointer, "argument", &mut names, problems) {
            let mut reader = FieldReader::new(entry, pointer, Code::WrongType, problems);
            args.push(Argument {
                name,
                title: reader.string("title"),
                data_type: reader.string("dataType"),
                schema: reader.object("schema").cloned().unwrap_or_default(),
                required: reader.flag("required").unwrap_or(false),
                value: entry.get("value").cloned(),
            });
        }
    }
    Function { args, ..function }
}

/// The name of an entry: there, not empty, and not one of `names` already.
fn read_name<'entry>(
    entry: &'entry Map<String, Value>,
    pointer: &Pointer,
    what: &str,
    names: &mut HashSet<&'entry str>,
    problems: &mut Vec<FieldProblem>,
) -> Option<String> {
    let before = problems.len();
    let mut reader = FieldReader::new(entry, pointer.clone(), Code::WrongType, problems);
    let name = reader.text("name").filter(|name| !name.trim().is_empty());
    let Some(name) = name else {
        // A name of the wrong type was reported as such.
        if problems.len() == before {
            FieldReader::new(entry, pointer.clone(), Code::WrongType, problems).report(
                Code::FunctionUnnamed,
                pointer.clone(),
                format!("the {what} has no `name`"),
                "add a `name`: it is what callers write".to_owned(),
            );
        }
        return None;
    };
    if !names.insert(name) {
        reader.report(
            Code::DuplicateFunction,
            reader.at("name"),
            format!("the {what} `{}` is declared twice", shorten(name, 80)),
            "keep one of the two entries".to_owned(),
        );
        return None;
    }
    Some(name.to_owned())
}
