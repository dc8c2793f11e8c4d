use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::HashMap;
use serde::{Deserialize, Serialize};

use crate::datatype::{DataType, ValueKind};
use crate::{DataError, ModelSchema};

/// Where the rows of a model are, and by which fields they are indexed.
#[derive(Debug)]
pub(crate) struct Table {
    pub(super) id: u32,
    pub(super) model: String,
    /// How many fields a row has.
    pub(super) fields: usize,
    pub(super) primary_key: KeyField,
    /// Whether the table assigns the primary keys.
    pub(super) assigns_keys: bool,
    pub(super) indexes: Vec<Index>,
    /// How many rows were read.
    pub(super) rows_read: AtomicU64,
    /// The newest schema that the table was prepared with.
    pub(super) schema: Arc<ModelSchema>,
    /// Every field that its rows may have, also those that the schema no longer declares.
    kinds: Vec<KeyField>,
}

/// A field that is part of a key.
#[derive(Clone, Debug)]
pub(super) struct KeyField {
    pub(super) name: String,
    pub(super) kind: ValueKind,
}

/// An index of a table.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) id: u32,
    pub(super) fields: Vec<KeyField>,
    pub(super) unique: bool,
}

/// What a store notes of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct TableRecord {
    pub(super) id: u32,
    /// The primary key's name.
    pub(super) key: String,
    /// The fields, with the kind of their values: also those that the model no longer declares, since rows may still
    /// have values in them.
    pub(super) fields: Vec<(String, String)>,
    /// The names of the fields that the model no longer declares.
    #[serde(default)]
    pub(super) hidden: Vec<String>,
    pub(super) indexes: Vec<IndexRecord>,
    /// The number of the newest index.
    pub(super) newest_index: u32,
}

/// What a store notes of an index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct IndexRecord {
    pub(super) id: u32,
    pub(super) fields: Vec<String>,
    pub(super) unique: bool,
}

impl Table {
    /// How many rows were read.
    pub(crate) fn rows_read(&self) -> u64 {
        self.rows_read.load(Ordering::Relaxed)
    }

    /// The table that a record notes, as the model's schema has it.
    pub(super) fn new(schema: &Arc<ModelSchema>, record: &TableRecord) -> Result<Self, DataError> {
        let kinds = record.fields.iter().map(|(name, kind)| {
            let kind = ValueKind::from_name(kind).ok_or_else(|| {
                DataError::corrupt(format!("field `{name}` of model `{}` holds `{kind}`", schema.model()))
            })?;
            Ok(KeyField { name: name.clone(), kind })
        });
        let kinds = kinds.collect::<Result<Vec<_>, DataError>>()?;
        let key_field = |name: &String| kinds.iter().find(|field| field.name == *name).cloned();
        let index = |record: &IndexRecord| Index {
            id: record.id,
            fields: record.fields.iter().filter_map(key_field).collect(),
            unique: record.unique,
        };
        let primary_key = schema.primary_key();
        Ok(Self {
            id: record.id,
            model: schema.model().to_owned(),
            fields: schema.fields().len(),
            primary_key: KeyField { name: primary_key.name.clone(), kind: primary_key.kind() },
            assigns_keys: primary_key.data_type == DataType::AutoInt,
            indexes: record.indexes.iter().map(index).collect(),
            rows_read: AtomicU64::new(0),
            schema: Arc::clone(schema),
            kinds,
        })
    }

    /// Checks that a caller's schema, which may be older than the table's, means the same by its fields.
    pub(super) fn check(&self, schema: &ModelSchema) -> Result<(), DataError> {
        if std::ptr::eq(Arc::as_ptr(&self.schema), schema) {
            return Ok(());
        }
        let changed = |message: String| DataError::SchemaChanged { model: self.model.clone(), message };
        let (expected, key) = (&schema.primary_key().name, &self.primary_key.name);
        if expected != key {
            return Err(changed(format!("its primary key is `{key}`, and the caller expects `{expected}`")));
        }
        for field in schema.fields() {
            let (name, expected) = (&field.name, field.kind());
            let message = match self.kinds.iter().find(|stored| stored.name == *name) {
                Some(stored) if stored.kind == expected => continue,
                Some(stored) => format!("`{name}` holds {}, and the caller expects {expected}", stored.kind),
                None => {
                    format!("its table has no field `{name}`: only an older or a newer version of the model has it")
                }
            };
            return Err(changed(message));
        }
        Ok(())
    }
}

/// The tables that have been prepared, by namespace and model.
///
/// A store publishes them together with what it writes: a reader sees a table and its indexes, or neither. A copy is
/// cheap, and changes apart from what it was copied from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    prepared: Arc<HashMap<String, HashMap<String, Arc<Table>>>>,
    epoch: u64,
}

impl Tables {
    /// No tables yet, for a store that was opened again: of a later epoch, so that callers prepare what is missing.
    pub(super) fn succeeding(known: &Self) -> Self {
        Self { prepared: Arc::default(), epoch: known.epoch + 1 }
    }

    /// The newest schema of each table.
    pub(super) fn schemas(&self) -> impl Iterator<Item = &Arc<ModelSchema>> {
        self.prepared.values().flat_map(|models| models.values().map(|table| &table.schema))
    }

    /// The table of a model, for a caller with this schema of it: perhaps an older one than the table's.
    pub(crate) fn get(&self, schema: &ModelSchema) -> Result<Arc<Table>, DataError> {
        let table = self.find(schema).ok_or_else(|| DataError::NotPrepared { model: schema.model().to_owned() })?;
        table.check(schema)?;
        Ok(Arc::clone(table))
    }

    /// The table of a model, if it was prepared with a newer schema than this one.
    pub(super) fn newer(&self, schema: &ModelSchema) -> Option<&Arc<Table>> {
        self.find(schema).filter(|table| table.schema.generation() > schema.generation())
    }

    /// Puts a table in the place of the one that its model had.
    pub(super) fn put(&mut self, table: Table) {
        let namespaces = Arc::make_mut(&mut self.prepared);
        let models = namespaces.entry(table.schema.namespace().to_owned()).or_default();
        models.insert(table.schema.model().to_owned(), Arc::new(table));
    }

    /// How often a table was changed that was there before.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Notes that a table was changed.
    pub(super) fn raise_epoch(&mut self) {
        self.epoch += 1;
    }

    /// Whether both are copies of the same tables, with no change since.
    pub(crate) fn is_copy_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.prepared, &other.prepared)
    }

    fn find(&self, schema: &ModelSchema) -> Option<&Arc<Table>> {
        self.prepared.get(schema.namespace())?.get(schema.model())
    }
}
