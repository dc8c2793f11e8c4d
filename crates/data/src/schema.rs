mod field_parse;
mod parse;

use std::sync::Arc;

use serde_json::Value;

use crate::field::FieldError;
use crate::{Field, Row, nearest};

/// What the rows of a model are: its fields and the combinations of them that are unique or indexed.
///
/// A row with null in any field of a unique combination collides with no other; an empty text does.
///
/// Two schemas are equal if they have the same shape, whatever their generations.
#[derive(Clone, Debug)]
pub struct ModelSchema {
    model: Arc<str>,
    namespace: Arc<str>,
    generation: u64,
    fields: Vec<Field>,
    primary_key: usize,
    constraints: Vec<Constraint>,
}

/// A combination of fields by which rows are found fast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// The fields, in the order in which they are compared.
    pub fields: Vec<String>,
    /// Whether two rows may not have the same values there.
    pub unique: bool,
}

/// Something wrong in the JSON of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaProblem {
    /// Where, as a JSON pointer into the JSON that was read.
    pub pointer: String,
    /// What.
    pub message: String,
    /// What to write instead, where that can be guessed.
    pub help: Option<String>,
}

impl ModelSchema {
    /// Reads a schema from a model's JSON: `fields`, `uniqueList` and `indexList`. `namespace` keeps the tables of
    /// different apps apart: their appId.
    pub fn parse(model: &str, namespace: &str, definition: &Value) -> Result<Self, Vec<SchemaProblem>> {
        parse::parse(model, namespace, definition)
    }

    /// The model's fullName.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The same, for those who keep it.
    pub(crate) fn shared_model(&self) -> Arc<str> {
        Arc::clone(&self.model)
    }

    /// What keeps the tables of different apps apart.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The same schema, of a generation: of several schemas of one model, the one of the largest generation is the
    /// newest. Numbers are compared within one process only; a schema is parsed as one of generation 0.
    #[must_use]
    pub fn of_generation(self, generation: u64) -> Self {
        Self { generation, ..self }
    }

    /// Which of the schemas of its model this is: see [`ModelSchema::of_generation`].
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The fields, as declared.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The primary key.
    pub fn primary_key(&self) -> &Field {
        #[expect(clippy::indexing_slicing, reason = "a schema is only made with the index of one of its fields")]
        &self.fields[self.primary_key]
    }

    /// The unique and indexed combinations of fields, those of single unique fields included, the primary key not.
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    /// A whole row for an insert: every value checked, what is missing filled with defaults. An assigned primary key
    /// may stay null.
    pub fn complete(&self, row: &Row) -> Result<Row, FieldError> {
        self.known_fields(row)?;
        let mut complete = Row::with_capacity(self.fields.len());
        for field in &self.fields {
            let given = row.get(&field.name).or(field.default.as_ref()).unwrap_or(&Value::Null);
            let assigned = field.data_type == crate::DataType::AutoInt && given.is_null();
            let value = if assigned { Value::Null } else { field.check(given)? };
            complete.insert(field.name.clone(), value);
        }
        Ok(complete)
    }

    /// The schema for rows that have been stored: of a value only its type counts. What a declaration limits beyond that may
    /// have been tightened since, and a row is brought back as it was.
    #[must_use]
    pub fn relaxed(&self) -> Self {
        Self { fields: self.fields.iter().map(Field::relaxed).collect(), ..self.clone() }
    }

    /// The changes of an update: every value checked, the primary key not among them.
    pub fn check_changes(&self, changes: &Row) -> Result<Row, FieldError> {
        self.known_fields(changes)?;
        changes
            .iter()
            .filter_map(|(name, value)| self.field(name).map(|field| (field, value)))
            .map(|(field, value)| {
                if field.primary_key {
                    return Err(FieldError::new(&field.name, "the primary key of a row does not change"));
                }
                Ok((field.name.clone(), field.check(value)?))
            })
            .collect()
    }

    /// The row with exactly the model's fields, in their order.
    pub fn project(&self, mut row: Row) -> Row {
        let as_declared = row.len() == self.fields.len() && row.keys().eq(self.fields.iter().map(|field| &field.name));
        if as_declared {
            return row;
        }
        let take = |field: &Field| (field.name.clone(), row.remove(&field.name).unwrap_or(Value::Null));
        self.fields.iter().map(take).collect()
    }

    /// The mistake of naming a field that is not there.
    pub(crate) fn unknown_field(&self, name: &str) -> FieldError {
        let help = nearest::did_you_mean(name, self.fields.iter().map(|field| field.name.as_str()));
        let help = help.map(|help| format!("; {help}")).unwrap_or_default();
        FieldError::new(name, format!("there is no such field{help}"))
    }

    fn known_fields(&self, row: &Row) -> Result<(), FieldError> {
        match row.keys().find(|name| self.field(name).is_none()) {
            Some(name) => Err(self.unknown_field(name)),
            None => Ok(()),
        }
    }
}

impl PartialEq for ModelSchema {
    fn eq(&self, other: &Self) -> bool {
        let Self { model, namespace, generation: _, fields, primary_key, constraints } = self;
        *model == other.model
            && *namespace == other.namespace
            && *fields == other.fields
            && *primary_key == other.primary_key
            && *constraints == other.constraints
    }
}
