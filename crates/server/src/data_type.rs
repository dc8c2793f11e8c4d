use mti_core::manifest::Argument;
use mti_element::Value;

/// What the `dataType` of an argument or a result means in JSON. The description of the interface and the check of calls
/// both follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DataType {
    Text,
    Date,
    Datetime,
    Time,
    Number,
    Integer,
    Checkbox,
    Boolean,
    Object,
    Row,
    Array,
    /// Not known here: any value.
    Any,
}

impl DataType {
    /// The data type of that name, with or without `datatypes.` before it.
    pub(crate) fn of(name: Option<&str>) -> Self {
        let name = name.unwrap_or_default();
        match name.strip_prefix("datatypes.").unwrap_or(name) {
            "Stext" | "Ltext" | "Phone" | "Radio" | "Dropdown" => Self::Text,
            "Date" => Self::Date,
            "Datetime" => Self::Datetime,
            "Time" => Self::Time,
            "Numeric" | "Money" | "Percent" => Self::Number,
            "AutoInt" | "Integer" => Self::Integer,
            "Checkbox" => Self::Checkbox,
            "Boolean" => Self::Boolean,
            "JitDict" | "JitMap" => Self::Object,
            "RowData" => Self::Row,
            "JitList" | "RowList" => Self::Array,
            _ => Self::Any,
        }
    }

    /// What a value of it must be, in words, if `value` is something else. Numbers are left to the step, whose type knows
    /// their range.
    fn mismatch(self, value: &Value) -> Option<&'static str> {
        let (fits, wanted) = match self {
            Self::Text | Self::Date | Self::Datetime | Self::Time => (value.is_string(), "a string"),
            Self::Boolean => (value.is_boolean(), "`true` or `false`"),
            Self::Object => (value.is_object(), "an object"),
            Self::Row => (value.is_object() || value.is_null(), "an object or `null`"),
            Self::Array => (value.is_array(), "an array"),
            Self::Number | Self::Integer | Self::Checkbox | Self::Any => (true, ""),
        };
        (!fits).then_some(wanted)
    }
}

/// What is wrong with the value that a call gives for an argument, if it is not as declared: of another data type, or none
/// of the values that the argument's `enum` lists.
pub(crate) fn fault(argument: &Argument, value: &Value) -> Option<String> {
    if value.is_null() && !argument.required {
        return None;
    }
    if let Some(wanted) = DataType::of(argument.data_type.as_deref()).mismatch(value) {
        return Some(format!("argument `{}` must be {wanted}", argument.name));
    }
    let listed = argument.schema.get("enum").and_then(Value::as_array)?;
    if listed.contains(value) {
        return None;
    }
    let listed: Vec<String> = listed
        .iter()
        .map(|listed| format!("`{}`", listed.as_str().map_or_else(|| listed.to_string(), str::to_owned)))
        .collect();
    Some(format!("argument `{}` must be one of {}", argument.name, listed.join(", ")))
}
