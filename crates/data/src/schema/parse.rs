use serde_json::{Map, Value};

use super::{Constraint, ModelSchema, SchemaProblem};
use crate::Field;
use crate::datatype::DataType;
use crate::nearest::did_you_mean;

/// How many fields a model may have.
const MAX_FIELDS: usize = 256;

/// How many unique and indexed combinations a model may have.
const MAX_CONSTRAINTS: usize = 32;

/// How many fields a combination may have.
const MAX_CONSTRAINT_FIELDS: usize = 8;

/// What an override has to say, and what not.
const INHERITED: &str = "fields are inherited, by name and key by key, from the model of the same name that this one overrides; where there is none, or `e.json` says `\"override\": \"replace\"`, nothing is";

pub(super) fn parse(model: &str, namespace: &str, definition: &Value) -> Result<ModelSchema, Vec<SchemaProblem>> {
    let mut reader = Reader { problems: Vec::new() };
    let schema = reader.schema(model, namespace, definition);
    match schema {
        Some(schema) if reader.problems.is_empty() => Ok(schema),
        _ => Err(reader.problems),
    }
}

/// Reads on past mistakes, to report all of them.
pub(super) struct Reader {
    pub(super) problems: Vec<SchemaProblem>,
}

impl Reader {
    fn schema(&mut self, model: &str, namespace: &str, definition: &Value) -> Option<ModelSchema> {
        let Some(definition) = definition.as_object() else {
            self.report("", "expected an object with `fields`");
            return None;
        };
        let fields = self.fields(definition);
        if fields.is_empty() {
            return None;
        }
        let primary_key = self.primary_key(&fields)?;
        let single = fields.iter().filter(|field| field.unique && !field.primary_key);
        let mut constraints: Vec<Constraint> =
            single.map(|field| Constraint { fields: vec![field.name.clone()], unique: true }).collect();
        for (key, unique) in [("uniqueList", true), ("indexList", false)] {
            self.constraints(definition, key, unique, &fields, &mut constraints);
        }
        if constraints.len() > MAX_CONSTRAINTS {
            self.report("", format!("more than {MAX_CONSTRAINTS} unique and indexed combinations"));
        }
        Some(ModelSchema {
            model: model.into(),
            namespace: namespace.into(),
            generation: 0,
            fields,
            primary_key,
            constraints,
        })
    }

    fn fields(&mut self, definition: &Map<String, Value>) -> Vec<Field> {
        let items = match definition.get("fields") {
            Some(Value::Array(items)) if items.is_empty() => {
                self.report("/fields", "a model has at least one field");
                return Vec::new();
            }
            Some(Value::Array(items)) if items.len() <= MAX_FIELDS => items,
            Some(Value::Array(_)) => {
                self.report("/fields", format!("more than {MAX_FIELDS} fields"));
                return Vec::new();
            }
            Some(_) => {
                self.report("/fields", "expected a list of fields");
                return Vec::new();
            }
            None => {
                self.report_with_help("", "`fields` is missing", INHERITED);
                return Vec::new();
            }
        };
        let mut fields: Vec<Field> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let pointer = format!("/fields/{index}");
            let Some(item) = item.as_object() else {
                self.report(&pointer, "expected an object with `name` and `dataType`");
                continue;
            };
            let Some(field) = self.field(&pointer, item) else {
                continue;
            };
            if fields.iter().any(|other| other.name == field.name) {
                self.report(&format!("{pointer}/name"), format!("a second field `{}`", field.name));
            } else {
                fields.push(field);
            }
        }
        fields
    }

    fn primary_key(&mut self, fields: &[Field]) -> Option<usize> {
        let mut keys = fields.iter().enumerate().filter(|(_, field)| field.primary_key);
        let Some((index, key)) = keys.next() else {
            let message = "no field is the primary key: one needs `\"primaryKey\": true`";
            self.report_with_help("/fields", message, INHERITED);
            return None;
        };
        if keys.next().is_some() {
            self.report("/fields", "more than one field is the primary key");
        }
        if !matches!(key.data_type, DataType::AutoInt | DataType::Integer | DataType::Stext) {
            let message = format!("the primary key `{}` has to be `AutoInt`, `Integer` or `Stext`", key.name);
            self.report("/fields", message);
        }
        Some(index)
    }

    fn constraints(
        &mut self,
        definition: &Map<String, Value>,
        key: &str,
        unique: bool,
        fields: &[Field],
        constraints: &mut Vec<Constraint>,
    ) {
        let items = match definition.get(key) {
            None | Some(Value::Null) => return,
            Some(Value::Array(items)) => items,
            Some(_) => {
                return self.report(&format!("/{key}"), "expected a list of lists of field names");
            }
        };
        for (index, item) in items.iter().enumerate() {
            let pointer = format!("/{key}/{index}");
            let Some(names) = self.combination(&pointer, item, fields) else {
                continue;
            };
            let constraint = Constraint { fields: names, unique };
            if !constraints.contains(&constraint) {
                constraints.push(constraint);
            }
        }
    }

    /// The field names of one item: a list of them, or an object that has it.
    fn combination(&mut self, pointer: &str, item: &Value, fields: &[Field]) -> Option<Vec<String>> {
        let list = match item {
            Value::Object(members) => members.get("fieldNameList").or_else(|| members.get("fields")),
            other => Some(other),
        };
        let Some(list) = list.and_then(Value::as_array).filter(|list| !list.is_empty()) else {
            self.report(pointer, "expected a list of field names, or an object with `fieldNameList`");
            return None;
        };
        if list.len() > MAX_CONSTRAINT_FIELDS {
            self.report(pointer, format!("more than {MAX_CONSTRAINT_FIELDS} fields"));
        }
        let before = self.problems.len();
        let mut names: Vec<String> = Vec::new();
        for name in list {
            let known = name.as_str().and_then(|name| fields.iter().find(|field| field.name == name));
            match known {
                None => {
                    let shown = name.as_str().unwrap_or_default();
                    let help = did_you_mean(shown, fields.iter().map(|field| field.name.as_str()));
                    let message = format!("no field `{shown}`");
                    self.report_with_help(pointer, message, help.unwrap_or_else(|| INHERITED.to_owned()));
                }
                Some(field) if field.data_type == DataType::Json => {
                    self.report(pointer, format!("`{}` is JSON, which is not compared", field.name));
                }
                Some(field) if names.contains(&field.name) => {
                    self.report(pointer, format!("`{}` twice", field.name));
                }
                Some(field) => names.push(field.name.clone()),
            }
        }
        (self.problems.len() == before).then_some(names)
    }

    pub(super) fn text(&mut self, pointer: &str, item: &Map<String, Value>, key: &str) -> Option<String> {
        let value = item.get(key)?;
        if value.is_string() {
            return value.as_str().map(str::to_owned);
        }
        self.report(&format!("{pointer}/{key}"), "expected a text");
        None
    }

    /// A truth value, which may be written 0 or 1 too.
    pub(super) fn flag(&mut self, pointer: &str, item: &Map<String, Value>, key: &str) -> bool {
        match item.get(key) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(value)) => *value,
            Some(value) if value.as_u64().is_some_and(|number| number <= 1) => value.as_u64() == Some(1),
            Some(_) => {
                self.report(&format!("{pointer}/{key}"), "expected true or false");
                false
            }
        }
    }

    pub(super) fn number<N: TryFrom<u64>>(
        &mut self,
        pointer: &str,
        item: &Map<String, Value>,
        key: &str,
        largest: u64,
    ) -> Option<N> {
        let value = item.get(key).filter(|value| !value.is_null())?;
        let number = value.as_u64().filter(|number| *number <= largest).and_then(|number| N::try_from(number).ok());
        if number.is_none() {
            self.report(&format!("{pointer}/{key}"), format!("expected a whole number from 0 to {largest}"));
        }
        number
    }

    pub(super) fn report(&mut self, pointer: &str, message: impl Into<String>) {
        self.problems.push(SchemaProblem { pointer: pointer.to_owned(), message: message.into(), help: None });
    }

    pub(super) fn report_with_help(&mut self, pointer: &str, message: impl Into<String>, help: impl Into<String>) {
        let (message, help) = (message.into(), Some(help.into()));
        self.problems.push(SchemaProblem { pointer: pointer.to_owned(), message, help });
    }
}
