use std::fmt;

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataType {
    /// A short text: at most 255 characters unless its field says otherwise.
    Stext,
    /// A long text: at most 1024 characters unless its field says otherwise.
    Ltext,
    /// A number.
    Numeric,
    /// An amount of money.
    Money,
    /// A percentage.
    Percent,
    /// A whole number that the database assigns, for primary keys only.
    AutoInt,
    /// A day, `2026-11-22`.
    Date,
    /// A point in time without a zone, `2026-11-22 18:30:00`.
    Datetime,
    /// A time of day, `18:30:00`.
    Time,
    /// True or false.
    Boolean,
    /// A whole number of 64 bits.
    Integer,
    /// Any JSON.
    Json,
    /// 1 or 0.
    Checkbox,
    /// One of a list of values.
    Radio,
    /// One of a list of values.
    Dropdown,
    /// A telephone number.
    Phone,
}

/// What the values of a type are, to compare and to store them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// Text, ordered by Unicode code points.
    Text,
    /// Whole numbers of 64 bits.
    Integer,
    /// Floating-point numbers of 64 bits.
    Number,
    /// Truth values.
    Boolean,
    /// JSON, which is neither compared nor ordered.
    Json,
}

impl DataType {
    /// Every type.
    pub const ALL: [Self; 16] = [
        Self::Stext,
        Self::Ltext,
        Self::Numeric,
        Self::Money,
        Self::Percent,
        Self::AutoInt,
        Self::Date,
        Self::Datetime,
        Self::Time,
        Self::Boolean,
        Self::Integer,
        Self::Json,
        Self::Checkbox,
        Self::Radio,
        Self::Dropdown,
        Self::Phone,
    ];

    /// The type of that name, with or without `datatypes.` before it.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.strip_prefix("datatypes.").unwrap_or(name);
        Self::ALL.into_iter().find(|data_type| data_type.name() == name)
    }

    /// The name, as a model's JSON writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stext => "Stext",
            Self::Ltext => "Ltext",
            Self::Numeric => "Numeric",
            Self::Money => "Money",
            Self::Percent => "Percent",
            Self::AutoInt => "AutoInt",
            Self::Date => "Date",
            Self::Datetime => "Datetime",
            Self::Time => "Time",
            Self::Boolean => "Boolean",
            Self::Integer => "Integer",
            Self::Json => "Json",
            Self::Checkbox => "Checkbox",
            Self::Radio => "Radio",
            Self::Dropdown => "Dropdown",
            Self::Phone => "Phone",
        }
    }

    /// What its values are.
    pub const fn kind(self) -> ValueKind {
        match self {
            Self::Stext
            | Self::Ltext
            | Self::Date
            | Self::Datetime
            | Self::Time
            | Self::Radio
            | Self::Dropdown
            | Self::Phone => ValueKind::Text,
            Self::AutoInt | Self::Integer | Self::Checkbox => ValueKind::Integer,
            Self::Numeric | Self::Money | Self::Percent => ValueKind::Number,
            Self::Boolean => ValueKind::Boolean,
            Self::Json => ValueKind::Json,
        }
    }

    /// How many characters its texts have at most when the field does not say.
    pub const fn default_max_length(self) -> usize {
        match self {
            Self::Ltext => 1024,
            Self::Phone => 32,
            _ => 255,
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl ValueKind {
    /// The name that a store notes down, and messages show.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "whole numbers",
            Self::Number => "numbers",
            Self::Boolean => "truth values",
            Self::Json => "JSON",
        }
    }

    /// The kind of that name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Text, Self::Integer, Self::Number, Self::Boolean, Self::Json]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

impl fmt::Display for ValueKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
