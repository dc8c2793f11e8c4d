use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

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
    /// The fields, with the kind of their values.
    pub(super) fields: Vec<(String, String)>,
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

    pub(super) fn new(schema: &ModelSchema, record: &TableRecord) -> Self {
        let key_field =
            |name: &String| schema.field(name).map(|field| KeyField { name: name.clone(), kind: field.kind() });
        let index = |record: &IndexRecord| Index {
            id: record.id,
            fields: record.fields.iter().filter_map(key_field).collect(),
            unique: record.unique,
        };
        let primary_key = schema.primary_key();
        Self {
            id: record.id,
            model: schema.model().to_owned(),
            fields: schema.fields().len(),
            primary_key: KeyField { name: primary_key.name.clone(), kind: primary_key.kind() },
            assigns_keys: primary_key.data_type == DataType::AutoInt,
            indexes: record.indexes.iter().map(index).collect(),
            rows_read: AtomicU64::new(0),
        }
    }
}

/// The tables that have been prepared, by namespace and model.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    prepared: RwLock<HashMap<String, HashMap<String, Arc<Table>>>>,
}

impl Tables {
    pub(crate) fn get(&self, schema: &ModelSchema) -> Result<Arc<Table>, DataError> {
        let prepared = self.prepared.read().unwrap_or_else(PoisonError::into_inner);
        prepared
            .get(schema.namespace())
            .and_then(|models| models.get(schema.model()))
            .cloned()
            .ok_or_else(|| DataError::NotPrepared { model: schema.model().to_owned() })
    }

    pub(crate) fn put(&self, schema: &ModelSchema, table: Table) {
        let mut prepared = self.prepared.write().unwrap_or_else(PoisonError::into_inner);
        let models = prepared.entry(schema.namespace().to_owned()).or_default();
        models.insert(schema.model().to_owned(), Arc::new(table));
    }
}
