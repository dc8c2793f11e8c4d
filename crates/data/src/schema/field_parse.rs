use serde_json::{Map, Value};

use super::parse::Reader;
use crate::datatype::{DataType, ValueKind};
use crate::nearest::did_you_mean;
use crate::q::{Operator, is_identifier};
use crate::{Choice, Field, Limits};

/// The longest name that every database takes, in bytes.
const MAX_NAME_LENGTH: usize = 63;

/// The most characters that a field's `maxLen` may allow.
const MAX_TEXT_LENGTH: u64 = 1 << 20;

/// Reads one field.
impl Reader {
    pub(super) fn field(&mut self, pointer: &str, item: &Map<String, Value>) -> Option<Field> {
        let name = self.name(pointer, item);
        let data_type = self.data_type(pointer, item, name.as_deref());
        let (name, data_type) = (name?, data_type?);
        let title = self.text(pointer, item, "title").unwrap_or_else(|| name.clone());
        let primary_key = self.flag(pointer, item, "primaryKey");
        let mut field = Field {
            name,
            title,
            data_type,
            primary_key,
            required: self.flag(pointer, item, "required"),
            unique: self.flag(pointer, item, "unique"),
            read_only: self.flag(pointer, item, "readOnly"),
            default: None,
            limits: self.limits(pointer, item, data_type),
        };
        if data_type == DataType::AutoInt && !primary_key {
            self.report(&format!("{pointer}/dataType"), "`AutoInt` is for the primary key");
        }
        if data_type == DataType::Json && field.unique {
            self.report(&format!("{pointer}/unique"), "JSON is not compared, so it cannot be unique");
        }
        if let Some(default) = item.get("default").filter(|default| !default.is_null()) {
            match field.check(default) {
                Ok(value) => field.default = Some(value),
                Err(error) => self.report(&format!("{pointer}/default"), error.message),
            }
        }
        Some(field)
    }

    fn name(&mut self, pointer: &str, item: &Map<String, Value>) -> Option<String> {
        let Some(name) = self.text(pointer, item, "name") else {
            if !item.contains_key("name") {
                self.report(pointer, "`name` is missing");
            }
            return None;
        };
        let pointer = format!("{pointer}/name");
        if !is_identifier(&name) {
            self.report(&pointer, "a field's name is letters, digits and `_`, not beginning with a digit");
        }
        if name.len() > MAX_NAME_LENGTH {
            self.report(&pointer, format!("a field's name has at most {MAX_NAME_LENGTH} bytes"));
        }
        if let Some((_, word)) = name.rsplit_once("__")
            && Operator::from_word(word).is_some()
        {
            self.report(&pointer, format!("a field's name cannot end in `__{word}`: filters read it as an operator"));
        }
        Some(name)
    }

    fn data_type(&mut self, pointer: &str, item: &Map<String, Value>, field: Option<&str>) -> Option<DataType> {
        let Some(name) = self.text(pointer, item, "dataType") else {
            if !item.contains_key("dataType") {
                self.report_missing_data_type(pointer, field);
            }
            return None;
        };
        let data_type = DataType::from_name(&name);
        if data_type.is_none() {
            let names = || DataType::ALL.into_iter().map(DataType::name);
            let help = did_you_mean(&name, names())
                .unwrap_or_else(|| format!("the types are `{}`", names().collect::<Vec<_>>().join("` `")));
            let message = format!("no data type `{name}`");
            self.report_with_help(&format!("{pointer}/dataType"), message, help);
        }
        data_type
    }

    fn report_missing_data_type(&mut self, pointer: &str, field: Option<&str>) {
        let message = "`dataType` is missing";
        match field {
            Some(field) => {
                let help = format!(
                    "add a `dataType`; only a field `{field}` of an overridden model would give it one, and there is none"
                );
                self.report_with_help(pointer, message, help);
            }
            None => self.report(pointer, message),
        }
    }

    fn limits(&mut self, pointer: &str, item: &Map<String, Value>, data_type: DataType) -> Limits {
        let max_length = self.number(pointer, item, "maxLen", MAX_TEXT_LENGTH);
        let min_length = self.number(pointer, item, "minLen", MAX_TEXT_LENGTH);
        let limits = Limits {
            max_length: max_length.unwrap_or(data_type.default_max_length()),
            min_length: min_length.unwrap_or(0),
            max_digits: match data_type.kind() {
                ValueKind::Number => Some(self.number(pointer, item, "maxDigits", 300).unwrap_or(18)),
                _ => None,
            },
            decimal: self.number(pointer, item, "decimal", 17),
            choices: self.choices(pointer, item, data_type),
        };
        if limits.min_length > limits.max_length {
            self.report(&format!("{pointer}/minLen"), "`minLen` is larger than `maxLen`");
        }
        limits
    }

    fn choices(&mut self, pointer: &str, item: &Map<String, Value>, data_type: DataType) -> Vec<Choice> {
        let choosing = matches!(data_type, DataType::Radio | DataType::Dropdown);
        if !choosing || self.flag(pointer, item, "allowManualInput") {
            return Vec::new();
        }
        let Some(options) = item.get("options") else {
            return Vec::new();
        };
        let pointer = format!("{pointer}/options");
        let Some(options) = options.as_array() else {
            self.report(&pointer, "expected a list of `{\"label\", \"value\"}`");
            return Vec::new();
        };
        let mut choices = Vec::new();
        for (index, option) in options.iter().enumerate() {
            match option.get("value").and_then(Value::as_str) {
                Some(value) => {
                    let label = option.get("label").and_then(Value::as_str).unwrap_or(value);
                    choices.push(Choice { value: value.to_owned(), label: label.to_owned() });
                }
                None => self.report(&format!("{pointer}/{index}"), "expected an object with a text `value`"),
            }
        }
        choices
    }
}
