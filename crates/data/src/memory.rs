use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Bound, ControlFlow};
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;
use tokio::sync::mpsc;

use crate::store::{self, Direction, Importer, Keyspace, Overlay, Tables, Visitor};
use crate::transfer::{next_part, nobody_takes};
use crate::{
    Aggregate, BoundFilter, BoxFuture, DataError, Database, Delivery, ModelSchema, Operation, Outcome, Page, Prepared,
    Query, Row, TableChange, TablePart, TableToFill,
};

/// A database that lives as long as the process: for tests, and for trying things out.
#[derive(Default)]
pub struct MemoryDatabase {
    contents: RwLock<Contents>,
}

type Keys = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Default)]
struct Contents {
    keys: Keys,
    tables: Tables,
    closed: bool,
}

impl MemoryDatabase {
    /// An empty database.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many rows of a model were read, since it was prepared, to answer queries and to carry out batches.
    pub fn rows_read(&self, schema: &ModelSchema) -> Result<u64, DataError> {
        self.read(|_, tables| tables.get(schema).map(|table| table.rows_read()))
    }

    fn read<T>(&self, read: impl FnOnce(&Keys, &Tables) -> Result<T, DataError>) -> Result<T, DataError> {
        let contents = self.contents.read().unwrap_or_else(PoisonError::into_inner);
        if contents.closed { Err(DataError::closed()) } else { read(&contents.keys, &contents.tables) }
    }

    fn write<T>(
        &self,
        step: impl FnOnce(&mut Overlay<'_, Keys>, &mut Tables) -> Result<T, DataError>,
    ) -> Result<T, DataError> {
        let mut contents = self.contents.write().unwrap_or_else(PoisonError::into_inner);
        if contents.closed {
            return Err(DataError::closed());
        }
        let mut tables = contents.tables.clone();
        let mut overlay = Overlay::new(&contents.keys);
        let result = step(&mut overlay, &mut tables)?;
        let changes = overlay.into_changes();
        contents.tables = tables;
        for (key, value) in changes {
            match value {
                Some(value) => contents.keys.insert(key, value),
                None => contents.keys.remove(&key),
            };
        }
        Ok(result)
    }
}

impl Database for MemoryDatabase {
    fn prepare(&self, schema: Arc<ModelSchema>, seed: Vec<Row>) -> BoxFuture<'_, Result<Prepared, DataError>> {
        Box::pin(async move { self.write(|overlay, tables| store::prepare(overlay, tables, &schema, &seed)) })
    }

    fn changes(&self, schema: Arc<ModelSchema>) -> BoxFuture<'_, Result<Vec<TableChange>, DataError>> {
        Box::pin(async move { self.read(|keys, tables| store::changes(keys, tables, &schema)) })
    }

    fn find(&self, schema: Arc<ModelSchema>, query: Query) -> BoxFuture<'_, Result<Page, DataError>> {
        Box::pin(async move { self.read(|keys, tables| store::find(keys, &*tables.get(&schema)?, &schema, &query)) })
    }

    fn execute(&self, operations: Vec<Operation>) -> BoxFuture<'_, Result<Vec<Outcome>, DataError>> {
        Box::pin(async move { self.write(|overlay, tables| store::execute(overlay, tables, operations)) })
    }

    fn aggregate(
        &self,
        schema: Arc<ModelSchema>,
        filter: BoundFilter,
        field: String,
        aggregate: Aggregate,
    ) -> BoxFuture<'_, Result<Value, DataError>> {
        Box::pin(async move {
            self.read(|keys, tables| {
                store::aggregate(keys, &*tables.get(&schema)?, &schema, &filter, &field, aggregate)
            })
        })
    }

    fn export(
        &self,
        schemas: Vec<Arc<ModelSchema>>,
        parts: mpsc::Sender<TablePart>,
    ) -> BoxFuture<'_, Result<(), DataError>> {
        Box::pin(async move {
            let mut read = Vec::new();
            let _to_the_end = self.read(|keys, tables| {
                store::export(keys, tables, &schemas, &mut |part| {
                    read.push(part);
                    ControlFlow::Continue(())
                })
            })?;
            for part in read {
                parts.send(part).await.map_err(|_| nobody_takes())?;
            }
            Ok(())
        })
    }

    fn import(
        &self,
        tables: Vec<TableToFill>,
        mut deliveries: mpsc::Receiver<Delivery>,
    ) -> BoxFuture<'_, Result<u64, DataError>> {
        Box::pin(async move {
            let mut parts = Vec::new();
            while let Some(part) = next_part(deliveries.recv().await)? {
                parts.push(part);
            }
            let rows = parts.iter().map(|part| part.rows.len() as u64).sum();
            self.write(|overlay, prepared| {
                let importer = Importer::begin(overlay, prepared, tables)?;
                parts.into_iter().try_for_each(|part| importer.add(overlay, part))?;
                importer.finish(overlay, prepared)?;
                while store::discard_some(overlay)? {}
                Ok(rows)
            })
        })
    }

    fn epoch(&self) -> u64 {
        self.contents.read().unwrap_or_else(PoisonError::into_inner).tables.epoch()
    }

    fn close(&self) -> BoxFuture<'_, Result<(), DataError>> {
        Box::pin(async move {
            let mut contents = self.contents.write().unwrap_or_else(PoisonError::into_inner);
            *contents = Contents { closed: true, ..Contents::default() };
            Ok(())
        })
    }
}

impl fmt::Debug for MemoryDatabase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MemoryDatabase").finish_non_exhaustive()
    }
}

impl Keyspace for Keys {
    fn get(&self, key: &[u8]) -> Result<Option<impl AsRef<[u8]>>, DataError> {
        Ok(BTreeMap::get(self, key))
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        direction: Direction,
        visit: &mut Visitor<'_>,
    ) -> Result<ControlFlow<()>, DataError> {
        if from >= to {
            return Ok(ControlFlow::Continue(()));
        }
        let mut entries = self.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
        let mut next = || match direction {
            Direction::Forward => entries.next(),
            Direction::Backward => entries.next_back(),
        };
        while let Some((key, value)) = next() {
            if visit(key, value)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}
