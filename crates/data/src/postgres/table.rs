//! What the table of a model looks like: names, column types, and how rows become values and back.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use super::execute::Step;
use super::sql::{Bound, fitting, quoted};
use crate::datatype::DataType;
use crate::scalar::number_value;
use crate::{DataError, Field, ModelSchema, Row, ValueKind};

/// The table of a model.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) schema: Arc<ModelSchema>,
    /// Its name, quoted.
    pub(super) name: String,
    /// The sequence that its keys come from, quoted, when it assigns them.
    pub(super) sequence: Option<String>,
    pub(super) columns: Vec<Column>,
    key: usize,
    pub(super) indexes: Vec<Index>,
    /// The name of the constraint of its primary key.
    pub(super) key_constraint: String,
    /// Every column, as [`selection`] writes them.
    pub(super) selection: String,
}

/// The column of a field.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) field: String,
    /// Its name, quoted.
    pub(super) name: String,
    pub(super) kind: ColumnType,
}

/// An index, of a unique combination or of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Index {
    /// Its name, as it is.
    pub(super) name: String,
    pub(super) fields: Vec<String>,
    pub(super) unique: bool,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnType {
    Text,
    Integer,
    Number,
    Boolean,
    Json,
    Date,
    Datetime,
    Time,
}

impl Table {
    pub(super) fn new(schema: &Arc<ModelSchema>) -> Self {
        // An appId has no colon.
        let raw_name = format!("{}:{}", schema.namespace(), schema.model());
        let columns: Vec<Column> = schema.fields().iter().map(Column::new).collect();
        let key = schema.fields().iter().position(|field| field.primary_key).unwrap_or_default();
        let assigns_keys = schema.primary_key().data_type == DataType::AutoInt;
        let index = |fields: &[String], unique: bool| Index {
            name: fitting(&format!("{raw_name}:{}:{}", if unique { "unique" } else { "index" }, fields.join(","))),
            fields: fields.to_vec(),
            unique,
        };
        Self {
            name: quoted(&fitting(&raw_name)),
            sequence: assigns_keys.then(|| quoted(&fitting(&format!("{raw_name}:sequence")))),
            key,
            indexes: schema
                .constraints()
                .iter()
                .map(|combination| index(&combination.fields, combination.unique))
                .collect(),
            key_constraint: fitting(&format!("{raw_name}:key")),
            selection: selection(columns.iter()),
            columns,
            schema: Arc::clone(schema),
        }
    }

    pub(super) fn key(&self) -> &Column {
        #[expect(clippy::indexing_slicing, reason = "a table is only made with the index of one of its columns")]
        &self.columns[self.key]
    }

    pub(super) fn column(&self, field: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.field == field)
    }

    /// The fields that may not repeat together, by the name of what forbids it.
    pub(super) fn violated(&self, constraint: &str) -> Vec<String> {
        if let Some(index) = self.indexes.iter().find(|index| index.name == constraint) {
            return index.fields.clone();
        }
        if constraint == self.key_constraint {
            return vec![self.key().field.clone()];
        }
        // Somebody else's constraint: its name is all there is to say.
        vec![constraint.to_owned()]
    }

    /// A row with every column, as [`Table::selection`] names them.
    pub(super) fn decode(&self, row: &tokio_postgres::Row) -> Result<Row, DataError> {
        decode(row, self.columns.iter())
    }
}

/// Columns as rows are read: `"id", "born"::text`.
pub(super) fn selection<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    columns.map(Column::selected).collect::<Vec<_>>().join(", ")
}

/// A row that begins with these columns.
pub(super) fn decode<'a>(
    row: &tokio_postgres::Row,
    columns: impl ExactSizeIterator<Item = &'a Column>,
) -> Result<Row, DataError> {
    let mut decoded = Row::with_capacity(columns.len());
    for (index, column) in columns.enumerate() {
        decoded.insert(column.field.clone(), column.decode(row, index)?);
    }
    Ok(decoded)
}

impl Column {
    fn new(field: &Field) -> Self {
        Self {
            field: field.name.clone(),
            name: quoted(&column_name(&field.name)),
            kind: ColumnType::of(field.data_type),
        }
    }

    /// How the column is read.
    pub(super) fn selected(&self) -> String {
        if self.kind.is_read_as_text() { format!("{}::text", self.name) } else { self.name.clone() }
    }

    /// A value for the column.
    pub(super) fn bound(&self, value: &Value) -> Bound {
        match (self.kind, value) {
            (_, Value::Null) => Bound::Null,
            (ColumnType::Json, value) => Bound::Text(value.to_string()),
            (ColumnType::Number, Value::Number(number)) => number.as_f64().map_or(Bound::Null, Bound::Number),
            (_, Value::Number(number)) => number.as_i64().map_or(Bound::Null, Bound::Integer),
            (_, Value::Bool(value)) => Bound::Boolean(*value),
            (_, Value::String(text)) => Bound::Text(text.clone()),
            (_, other) => Bound::Text(other.to_string()),
        }
    }

    /// The value at a place of a row.
    pub(super) fn decode(&self, row: &tokio_postgres::Row, index: usize) -> Result<Value, DataError> {
        let unreadable = || DataError::corrupt(format!("column `{}` cannot be read as {:?}", self.field, self.kind));
        let value = match self.kind {
            ColumnType::Integer => row.try_get::<_, Option<i64>>(index).map_err(|_| unreadable())?.map(Value::from),
            ColumnType::Number => row.try_get::<_, Option<f64>>(index).map_err(|_| unreadable())?.map(number_value),
            ColumnType::Boolean => row.try_get::<_, Option<bool>>(index).map_err(|_| unreadable())?.map(Value::from),
            ColumnType::Json => {
                let text = row.try_get::<_, Option<&str>>(index).map_err(|_| unreadable())?;
                text.map(serde_json::from_str).transpose().map_err(|_| unreadable())?
            }
            ColumnType::Text | ColumnType::Date | ColumnType::Datetime | ColumnType::Time => {
                row.try_get::<_, Option<&str>>(index).map_err(|_| unreadable())?.map(Value::from)
            }
        };
        Ok(value.unwrap_or(Value::Null))
    }
}

impl ColumnType {
    fn of(data_type: DataType) -> Self {
        match (data_type, data_type.kind()) {
            (DataType::Date, _) => Self::Date,
            (DataType::Datetime, _) => Self::Datetime,
            (DataType::Time, _) => Self::Time,
            (_, ValueKind::Text) => Self::Text,
            (_, ValueKind::Integer) => Self::Integer,
            (_, ValueKind::Number) => Self::Number,
            (_, ValueKind::Boolean) => Self::Boolean,
            (_, ValueKind::Json) => Self::Json,
        }
    }

    /// The type's name, as a record of the table notes it down.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "bigint",
            Self::Number => "double precision",
            Self::Boolean => "boolean",
            // Kept as it was written: `jsonb` would turn its numbers into decimals and sort its keys.
            Self::Json => "json",
            Self::Date => "date",
            Self::Datetime => "timestamp",
            Self::Time => "time",
        }
    }

    /// Whether values come and go in the text form of the type.
    pub(super) const fn is_read_as_text(self) -> bool {
        matches!(self, Self::Json | Self::Date | Self::Datetime | Self::Time)
    }
}

/// A field's name, unless every table has a column of that name already.
fn column_name(field: &str) -> String {
    const TAKEN: [&str; 6] = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];
    let taken = TAKEN.contains(&field) || field.starts_with("crdb_internal") || field.starts_with("ybctid");
    if taken { fitting(&format!("{field}~")) } else { field.to_owned() }
}

/// The tables that have been made ready, by namespace and model.
#[derive(Debug, Default)]
pub(super) struct Tables {
    ready: RwLock<HashMap<String, HashMap<String, Ready>>>,
}

/// What this process knows of the table of one model.
#[derive(Debug, Default)]
struct Ready {
    /// As the newest schema has it that was made ready.
    table: Option<Arc<Table>>,
    /// The rows that it begins with, for a server that turns out to have no such table.
    seed: Arc<[Step]>,
    /// The generation of the newest schema that a caller began to make ready.
    newest: u64,
}

impl Tables {
    /// The table of a model that was made ready.
    pub(super) fn get(&self, schema: &Arc<ModelSchema>) -> Result<Arc<Table>, DataError> {
        self.with(schema, |ready| match ready.and_then(|ready| ready.table.as_ref()) {
            Some(table) if Arc::ptr_eq(&table.schema, schema) || table.schema == *schema => Ok(Arc::clone(table)),
            // The same model in another shape, as a reload of the app leaves it for a moment. Which values may not
            // repeat, the newest schema says.
            Some(newest) => Ok(Arc::new(Table { indexes: newest.indexes.clone(), ..Table::new(schema) })),
            None => Err(DataError::NotPrepared { model: schema.model().to_owned() }),
        })
    }

    /// Whether the model was made ready in this very shape, last.
    pub(super) fn has(&self, schema: &ModelSchema) -> bool {
        self.with(schema, |ready| {
            ready.and_then(|ready| ready.table.as_ref()).is_some_and(|table| *table.schema == *schema)
        })
    }

    /// Notes that a schema is about to be made ready: from now on, older ones are outdated.
    pub(super) fn begin(&self, schema: &ModelSchema) {
        self.change(schema, |ready| ready.newest = ready.newest.max(schema.generation()));
    }

    /// Whether a newer schema of the model was made ready, or is about to be.
    pub(super) fn is_outdated(&self, schema: &ModelSchema) -> bool {
        self.with(schema, |ready| ready.is_some_and(|ready| ready.newest > schema.generation()))
    }

    /// The table of a model as it was made ready last, with the rows that it begins with.
    pub(super) fn newest(&self, schema: &ModelSchema) -> Option<(Arc<Table>, Arc<[Step]>)> {
        self.with(schema, |ready| {
            let ready = ready?;
            Some((Arc::clone(ready.table.as_ref()?), Arc::clone(&ready.seed)))
        })
    }

    /// Notes that a table was made ready, which begins with these rows. The one of a newer schema stays.
    pub(super) fn put(&self, table: &Arc<Table>, seed: &Arc<[Step]>) {
        let generation = table.schema.generation();
        self.change(&table.schema, |ready| {
            if ready.table.as_ref().is_none_or(|known| known.schema.generation() <= generation) {
                ready.table = Some(Arc::clone(table));
                ready.seed = Arc::clone(seed);
            }
        });
    }

    fn with<T>(&self, schema: &ModelSchema, read: impl FnOnce(Option<&Ready>) -> T) -> T {
        let ready = self.ready.read().unwrap_or_else(PoisonError::into_inner);
        read(ready.get(schema.namespace()).and_then(|models| models.get(schema.model())))
    }

    fn change(&self, schema: &ModelSchema, change: impl FnOnce(&mut Ready)) {
        let mut ready = self.ready.write().unwrap_or_else(PoisonError::into_inner);
        let models = ready.entry(schema.namespace().to_owned()).or_default();
        change(models.entry(schema.model().to_owned()).or_default());
    }
}
