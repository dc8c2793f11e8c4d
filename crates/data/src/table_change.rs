use std::fmt;

/// One thing that [`Database::prepare`](crate::Database::prepare) changes about a stored table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TableChange {
    /// The table is made.
    Make,
    /// Rows get a field.
    AddField {
        /// Its name.
        name: String,
    },
    /// A field that no row has a value in gets another kind of values.
    ChangeField {
        /// Its name.
        name: String,
    },
    /// A field is not shown any more. Nothing is taken out of the rows that are there.
    HideField {
        /// Its name.
        name: String,
    },
    /// A combination of fields is indexed.
    AddIndex {
        /// The fields.
        fields: Vec<String>,
        /// Whether two rows may not have the same values there.
        unique: bool,
    },
    /// A combination of fields is not indexed any more.
    DropIndex {
        /// The fields.
        fields: Vec<String>,
        /// Whether two rows could not have the same values there.
        unique: bool,
    },
}

impl fmt::Display for TableChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = |unique: &bool| if *unique { "unique combination" } else { "index" };
        match self {
            Self::Make => formatter.write_str("make the table"),
            Self::AddField { name } => write!(formatter, "add field `{name}`"),
            Self::ChangeField { name } => write!(formatter, "change the type of the empty field `{name}`"),
            Self::HideField { name } => write!(formatter, "hide field `{name}`, keeping what is stored"),
            Self::AddIndex { fields, unique } => write!(formatter, "add {} ({})", kind(unique), fields.join(", ")),
            Self::DropIndex { fields, unique } => write!(formatter, "drop {} ({})", kind(unique), fields.join(", ")),
        }
    }
}
