use serde_json::Value;

use crate::datatype::{DataType, ValueKind};
use crate::scalar::{number_value, whole};
use crate::{calendar, nearest};

/// How deep the JSON of one field may nest.
const MAX_JSON_DEPTH: usize = 64;

/// How many bytes the JSON of one field may have.
const MAX_JSON_LENGTH: usize = 1 << 20;

/// A field of a model.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the field's declaration")]
pub struct Field {
    /// The name: rows are keyed by it.
    pub name: String,
    /// The name that people read.
    pub title: String,
    /// The type.
    pub data_type: DataType,
    /// Whether it is the primary key.
    pub primary_key: bool,
    /// Whether a row has to have a value.
    pub required: bool,
    /// Whether two rows may not have the same value.
    pub unique: bool,
    /// Whether forms offer it for editing; the database does not mind.
    pub read_only: bool,
    /// The value of rows that are inserted without one.
    pub default: Option<Value>,
    /// What its values may be.
    pub limits: Limits,
}

/// What the values of a field may be, beyond its type.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Limits {
    /// The most characters (Unicode scalar values) of a text.
    pub max_length: usize,
    /// The fewest characters of a text.
    pub min_length: usize,
    /// How many digits a number may have before its decimal point.
    pub max_digits: Option<u32>,
    /// How many digits of a number's fraction are kept; none are cut when absent.
    pub decimal: Option<u32>,
    /// The values to choose from; any when empty.
    pub choices: Vec<Choice>,
}

/// One value to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What people read.
    pub label: String,
}

/// A value that a field does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field `{field}`: {message}")]
pub struct FieldError {
    /// The field's name.
    pub field: String,
    /// What is wrong with the value; the value itself is not in it.
    pub message: String,
}

impl FieldError {
    pub(crate) fn new(field: &str, message: impl Into<String>) -> Self {
        Self { field: field.to_owned(), message: message.into() }
    }
}

impl Field {
    /// Checks a value and gives it in the one form in which it is stored; null passes when the field need not have a
    /// value.
    pub fn check(&self, value: &Value) -> Result<Value, FieldError> {
        self.checked(value).map_err(|message| FieldError::new(&self.name, message))
    }

    fn checked(&self, value: &Value) -> Result<Value, String> {
        if value.is_null() {
            let missing = self.required || self.primary_key;
            return if missing { Err("a value is required".to_owned()) } else { Ok(Value::Null) };
        }
        match self.data_type {
            DataType::Stext | DataType::Ltext => self.text(value).map(Value::from),
            DataType::Phone => self.phone(value),
            DataType::Radio | DataType::Dropdown => self.choice(value),
            DataType::Date | DataType::Datetime | DataType::Time => {
                moment(self.data_type, self.text(value)?).map(Value::from)
            }
            DataType::Integer | DataType::AutoInt => self.whole_number(value),
            DataType::Checkbox => truth(value).map(|ticked| Value::from(i64::from(ticked))),
            DataType::Boolean => truth(value).map(Value::from),
            DataType::Numeric | DataType::Money | DataType::Percent => self.number(value),
            DataType::Json => json(value),
        }
    }

    /// The field without its limits, for values that have been stored.
    pub(crate) fn relaxed(&self) -> Self {
        let data_type = if self.data_type == DataType::Phone { DataType::Ltext } else { self.data_type };
        let limits = Limits { max_length: usize::MAX, ..Limits::default() };
        Self { data_type, required: false, limits, ..self.clone() }
    }

    fn text<'a>(&self, value: &'a Value) -> Result<&'a str, String> {
        let text = value.as_str().ok_or_else(|| format!("expected a text, found {}", kind_of(value)))?;
        let Limits { min_length, max_length, .. } = self.limits;
        let length = text.chars().count();
        if length > max_length {
            return Err(format!("{length} characters, at most {max_length} are allowed"));
        }
        if length < min_length {
            return Err(format!("{length} characters, at least {min_length} are needed"));
        }
        without_nul(text)
    }

    fn phone(&self, value: &Value) -> Result<Value, String> {
        let text = self.text(value)?;
        let allowed = |character: char| character.is_ascii_digit() || "+-() ".contains(character);
        if text.chars().all(allowed) {
            Ok(Value::from(text))
        } else {
            Err("a telephone number is digits, `+`, `-`, `(`, `)` and spaces".to_owned())
        }
    }

    fn choice(&self, value: &Value) -> Result<Value, String> {
        let text = self.text(value)?;
        let choices = || self.limits.choices.iter().map(|choice| choice.value.as_str());
        if self.limits.choices.is_empty() || choices().any(|choice| choice == text) {
            return Ok(Value::from(text));
        }
        let help = nearest::did_you_mean(text, choices()).map(|help| format!("; {help}")).unwrap_or_default();
        Err(format!("not one of the values to choose from{help}"))
    }

    fn whole_number(&self, value: &Value) -> Result<Value, String> {
        let number = value.as_i64().or_else(|| value.as_f64().and_then(whole));
        match number {
            Some(number) if number < 1 && self.data_type == DataType::AutoInt => {
                Err("an assigned number is 1 or more".to_owned())
            }
            Some(number) => Ok(Value::from(number)),
            None if value.is_number() => Err("expected a whole number of 64 bits".to_owned()),
            None => Err(format!("expected a whole number, found {}", kind_of(value))),
        }
    }

    fn number(&self, value: &Value) -> Result<Value, String> {
        let number = value.as_f64().ok_or_else(|| format!("expected a number, found {}", kind_of(value)))?;
        if !value.is_f64() && !value.as_i64().is_some_and(is_exact) {
            return Err("more digits than a number holds; use `Integer` for whole numbers of 64 bits".to_owned());
        }
        let number = self.limits.decimal.map_or(number, |decimal| rounded(number, decimal)) + 0.0;
        match self.limits.max_digits {
            Some(digits) if number.abs() >= power_of_ten(digits) => {
                Err(format!("more than {digits} digits before the decimal point"))
            }
            _ => Ok(number_value(number)),
        }
    }

    /// What the field's values are.
    pub fn kind(&self) -> ValueKind {
        self.data_type.kind()
    }
}

/// A day or time in the form in which it is stored.
pub(crate) fn moment(data_type: DataType, text: &str) -> Result<String, String> {
    match data_type {
        DataType::Date => calendar::day(text).ok_or_else(|| "expected a day, as `2026-11-22`".to_owned()),
        DataType::Time => calendar::time(text).ok_or_else(|| "expected a time, as `18:30:00`".to_owned()),
        _ => {
            calendar::day_and_time(text).ok_or_else(|| "expected a day and a time, as `2026-11-22 18:30:00`".to_owned())
        }
    }
}

/// What a value is, for messages.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn truth(value: &Value) -> Result<bool, String> {
    match (value, value.as_i64()) {
        (Value::Bool(value), _) => Ok(*value),
        (_, Some(0)) => Ok(false),
        (_, Some(1)) => Ok(true),
        _ => Err(format!("expected true, false, 1 or 0, found {}", kind_of(value))),
    }
}

fn json(value: &Value) -> Result<Value, String> {
    plain_json(value, MAX_JSON_DEPTH)?;
    let length = serde_json::to_string(value).map_or(usize::MAX, |text| text.len());
    if length > MAX_JSON_LENGTH {
        return Err(format!("more than {MAX_JSON_LENGTH} bytes of JSON"));
    }
    Ok(value.clone())
}

fn plain_json(value: &Value, depth: usize) -> Result<(), String> {
    let Some(deeper) = depth.checked_sub(1) else {
        return Err(format!("nested deeper than {MAX_JSON_DEPTH} levels"));
    };
    match value {
        Value::String(text) => without_nul(text).map(drop),
        Value::Array(items) => items.iter().try_for_each(|item| plain_json(item, deeper)),
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            without_nul(name)?;
            plain_json(member, deeper)
        }),
        _ => Ok(()),
    }
}

/// Not every database can store U+0000, so none does.
pub(crate) fn without_nul(text: &str) -> Result<&str, String> {
    if text.contains('\0') { Err("a text cannot contain U+0000".to_owned()) } else { Ok(text) }
}

/// Whether a float holds this whole number and its neighbours.
fn is_exact(number: i64) -> bool {
    number.unsigned_abs() <= 1 << 53
}

fn power_of_ten(digits: u32) -> f64 {
    10_f64.powi(i32::try_from(digits).unwrap_or(i32::MAX))
}

fn rounded(number: f64, decimal: u32) -> f64 {
    // Through the decimal form: what a reader of the number would round, not its binary neighbour.
    let digits = usize::try_from(decimal.min(17)).unwrap_or(17);
    format!("{number:.digits$}").parse().unwrap_or(number)
}
