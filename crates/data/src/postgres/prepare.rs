//! Tables that follow their models: made once, with their first rows, and only ever added to.
//!
//! What is known of each table stands in a row of a table of its own, whose key decides which of several nodes makes
//! the table: the others wait for it.

use std::fmt::Write as _;
use std::sync::Arc;

use deadpool_postgres::{GenericClient, Object};
use serde::{Deserialize, Serialize};
use tokio_postgres::IsolationLevel;
use tokio_postgres::error::SqlState;

use super::attempt_error::AttemptError;
use super::connections::Connections;
use super::execute::{self, Step};
use super::generations::{self, GENERATIONS};
use super::session::Session;
use super::sql::{Bound, Sql, quoted};
use super::table::{Column, ColumnType, Index, Table};
use crate::{DataError, ModelSchema, Row, TableChange};

/// Where it is noted what tables look like.
const RECORDS: &str = "mti_models";

/// What is noted of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Record {
    /// The field of the primary key.
    key: String,
    /// Every column that the table has, by its field, also those that the model no longer declares.
    columns: Vec<(String, String)>,
    indexes: Vec<IndexRecord>,
    /// The fields of columns that the model does not declare.
    #[serde(default)]
    hidden: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct IndexRecord {
    name: String,
    fields: Vec<String>,
    unique: bool,
}

/// A table that is to be made ready.
pub(super) struct Wanted<'a> {
    pub(super) table: &'a Table,
    /// The rows that it begins with, if it is made.
    pub(super) seed: &'a [Step],
    /// Whether this process made it ready in this shape before.
    pub(super) is_again: bool,
    /// Whether this process has a newer schema of the model by now. Its table is left as it is.
    pub(super) is_outdated: &'a (dyn Fn() -> bool + Sync),
}

/// Makes the table of a model, or brings the one that is there in line with it, unless this process did so before, or
/// did so for a newer schema. Answers whether it was made.
pub(super) async fn prepare(
    connections: &Connections,
    connection: &mut Object,
    wanted: Wanted<'_>,
) -> Result<bool, AttemptError> {
    let Wanted { table, seed, is_again, is_outdated } = wanted;
    match stored(&connections.session(connection), table, "").await {
        Ok(Some(record)) if record.serves(table) => return Ok(false),
        // Whoever changed it since may be newer: nodes of two versions would change it back and forth for ever.
        Ok(Some(record)) if is_again && record.suits(table)? => return Ok(false),
        Ok(Some(record)) if is_outdated() => {
            return record.check_outdated(table).map(|()| false).map_err(AttemptError::from);
        }
        Ok(_) => {}
        Err(Failed::NoRecords) => make_records(connections, &connections.session(connection)).await?,
        Err(Failed::Attempt(failed)) => return Err(failed),
    }
    let server = Server::of(&connections.session(connection)).await?;
    let transaction = connections.begin_long(connection, server.isolation(), server.more_settings()).await?;
    let session = transaction.session();
    let migration = Migration { session: &session, table, server };
    let created = migration.claim().await?;
    let record = if created {
        let record = migration.make().await?;
        execute::run(&session, seed).await?;
        record
    } else {
        let Some(record) = stored(&session, table, " FOR UPDATE").await.map_err(AttemptError::from)? else {
            return Err(AttemptError::again(DataError::corrupt("the record of a table came and went")));
        };
        if record.serves(table) {
            // Another node has done it meanwhile.
            return Ok(false);
        }
        // The record is locked now: a newer schema was here before, or comes after.
        if is_outdated() {
            record.check_outdated(table)?;
            return Ok(false);
        }
        migration.adapt(record).await?
    };
    migration.note(&record).await?;
    // Nobody remembers a table that was not there.
    if created {
        transaction.commit().await?;
    } else {
        generations::raise_with(&session).await?;
        transaction.commit().await?;
        generations::notify(connections, connection).await;
    }
    Ok(created)
}

/// What [`prepare`] would change. Changes nothing.
pub(super) async fn changes(
    connections: &Connections,
    connection: &mut Object,
    table: &Table,
) -> Result<Vec<TableChange>, AttemptError> {
    // All rows of a column may have to be looked at.
    let transaction = connections.begin_long(connection, IsolationLevel::ReadCommitted, "").await?;
    let session = &transaction.session();
    let record = match stored(session, table, "").await {
        Ok(Some(record)) => record,
        Ok(None) | Err(Failed::NoRecords) => return Ok(vec![TableChange::Make]),
        Err(Failed::Attempt(failed)) => return Err(failed),
    };
    record.check_key(table)?;
    let mut changes = Vec::new();
    for column in &table.columns {
        let name = column.field.clone();
        match record.column_type(&name) {
            None => changes.push(TableChange::AddField { name }),
            Some(there) if there != column.kind.name() => {
                if is_used(session, table, column).await? {
                    return Err(kept(table, column, there).into());
                }
                changes.push(TableChange::ChangeField { name });
            }
            Some(_) if record.hidden.contains(&name) => changes.push(TableChange::AddField { name }),
            Some(_) => {}
        }
    }
    let hidden = record.not_declared(table).into_iter().filter(|name| !record.hidden.contains(name));
    changes.extend(hidden.map(|name| TableChange::HideField { name }));
    let added = table.indexes.iter().filter(|index| !record.indexes.iter().any(|there| there.name == index.name));
    changes.extend(added.map(|index| TableChange::AddIndex { fields: index.fields.clone(), unique: index.unique }));
    let dropped = record.indexes.iter().filter(|there| !table.indexes.iter().any(|index| index.name == there.name));
    changes.extend(dropped.map(|index| TableChange::DropIndex { fields: index.fields.clone(), unique: index.unique }));
    Ok(changes)
}

/// Whether any row has a value in a column.
async fn is_used(
    session: &Session<'_, impl GenericClient>,
    table: &Table,
    column: &Column,
) -> Result<bool, AttemptError> {
    let used = Sql::new(&format!("SELECT 1 FROM {} WHERE {} IS NOT NULL LIMIT 1", table.name, column.name));
    Ok(!session.query(&used, Some(table)).await?.is_empty())
}

/// The error of a column that would have to become of another type, and is in use.
fn kept(table: &Table, column: &Column, there: &str) -> DataError {
    let (field, wanted) = (&column.field, column.kind.name());
    let message =
        format!("`{field}` is kept as `{there}` and would now be `{wanted}`; give the new field another name");
    DataError::SchemaChanged { model: table.schema.model().to_owned(), message }
}

/// Why a record was not read.
enum Failed {
    /// There is no table of records yet.
    NoRecords,
    Attempt(AttemptError),
}

impl From<Failed> for AttemptError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::NoRecords => Self::again(DataError::corrupt("the table of records is gone")),
            Failed::Attempt(failed) => failed,
        }
    }
}

async fn stored(
    session: &Session<'_, impl GenericClient>,
    table: &Table,
    lock: &str,
) -> Result<Option<Record>, Failed> {
    let mut sql = Sql::new(&format!("SELECT record FROM {RECORDS} WHERE namespace = "));
    sql.bind(Bound::Text(table.schema.namespace().to_owned())).push(" AND model = ");
    sql.bind(Bound::Text(table.schema.model().to_owned())).push(lock);
    let answered = session.query(&sql, None).await.map_err(|failed| {
        let is_missing = failed.state == Some(SqlState::UNDEFINED_TABLE);
        if is_missing { Failed::NoRecords } else { Failed::Attempt(failed) }
    })?;
    let Some(row) = answered.first() else { return Ok(None) };
    let unreadable = || Failed::Attempt(DataError::corrupt("the record of a table cannot be read").into());
    let text: &str = row.try_get(0).map_err(|_| unreadable())?;
    // A row that was just claimed has nothing in it yet, and nobody else sees it.
    serde_json::from_str(text).map(Some).map_err(|_| unreadable())
}

/// Makes the tables of the driver's own, and the schema that they belong in. Another node may be at it too.
pub(super) async fn make_records(
    connections: &Connections,
    session: &Session<'_, impl GenericClient>,
) -> Result<(), AttemptError> {
    let mut text = String::new();
    if let Some(schema) = &connections.options().schema
        && !has_schema(session, schema).await?
    {
        // Writing to a text cannot fail.
        let _written: std::fmt::Result = write!(text, "CREATE SCHEMA IF NOT EXISTS {}; ", quoted(schema));
    }
    let _written: std::fmt::Result = write!(
        text,
        "CREATE TABLE IF NOT EXISTS {RECORDS} \
         (namespace text NOT NULL, model text NOT NULL, record text NOT NULL, PRIMARY KEY (namespace, model)); \
         CREATE TABLE IF NOT EXISTS {GENERATIONS} (topic text NOT NULL PRIMARY KEY, generation bigint NOT NULL)"
    );
    match session.run(&text, None).await {
        // `IF NOT EXISTS` looks before it makes: who is beaten in between is told so.
        Err(failed) if failed.is_already_there() => Err(AttemptError::again(failed.error)),
        made => made,
    }
}

/// Whether a schema is there. `IF NOT EXISTS` is refused to a user who may make no schemas, also when there is nothing
/// to make.
async fn has_schema(session: &Session<'_, impl GenericClient>, schema: &str) -> Result<bool, AttemptError> {
    let mut sql = Sql::new("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = ");
    sql.bind(Bound::Text(schema.to_owned()));
    Ok(!session.query(&sql, None).await?.is_empty())
}

/// Whose server it is, where that makes a difference to a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    /// PostgreSQL, and what is as PostgreSQL documents it.
    Postgres,
    Cockroach,
}

impl Server {
    async fn of(session: &Session<'_, impl GenericClient>) -> Result<Self, AttemptError> {
        let answered = session.query(&Sql::new("SELECT version()"), None).await?;
        let version = answered.first().and_then(|row| row.try_get::<_, &str>(0).ok()).unwrap_or_default();
        Ok(if version.contains("CockroachDB") { Self::Cockroach } else { Self::Postgres })
    }

    /// CockroachDB changes tables in serializable transactions only.
    fn isolation(self) -> IsolationLevel {
        match self {
            Self::Postgres => IsolationLevel::ReadCommitted,
            Self::Cockroach => IsolationLevel::Serializable,
        }
    }

    /// CockroachDB would commit what came before each change of a table, also that the table is being made.
    fn more_settings(self) -> &'static str {
        match self {
            Self::Postgres => "",
            Self::Cockroach => "; SET LOCAL autocommit_before_ddl = off",
        }
    }

    /// What makes texts compare by code points. CockroachDB's do so by themselves, and know no `COLLATE "C"`.
    fn collation(self) -> &'static str {
        match self {
            Self::Postgres => " COLLATE \"C\"",
            Self::Cockroach => "",
        }
    }
}

/// A table that is made or changed, in a transaction.
struct Migration<'a, C> {
    session: &'a Session<'a, C>,
    table: &'a Table,
    server: Server,
}

impl<C: GenericClient> Migration<'_, C> {
    /// Whether it falls to this node to make the table. It waits for others that are at it.
    async fn claim(&self) -> Result<bool, AttemptError> {
        let mut sql = Sql::new(&format!("INSERT INTO {RECORDS} (namespace, model, record) VALUES ("));
        sql.bind(Bound::Text(self.table.schema.namespace().to_owned())).push(", ");
        sql.bind(Bound::Text(self.table.schema.model().to_owned()));
        sql.push(", '') ON CONFLICT (namespace, model) DO NOTHING RETURNING model");
        Ok(!self.session.query(&sql, None).await?.is_empty())
    }

    async fn note(&self, record: &Record) -> Result<(), AttemptError> {
        let text = serde_json::to_string(record).map_err(|error| DataError::corrupt(error.to_string()))?;
        let mut sql = Sql::new(&format!("UPDATE {RECORDS} SET record = "));
        sql.bind(Bound::Text(text)).push(" WHERE namespace = ");
        sql.bind(Bound::Text(self.table.schema.namespace().to_owned())).push(" AND model = ");
        sql.bind(Bound::Text(self.table.schema.model().to_owned()));
        self.session.query(&sql, None).await.map(drop)
    }

    /// Makes the table, its sequence and its indexes.
    async fn make(&self) -> Result<Record, AttemptError> {
        let table = self.table;
        if let Some(sequence) = &table.sequence {
            self.run(&format!("CREATE SEQUENCE IF NOT EXISTS {sequence}")).await?;
        }
        let key = table.key();
        let mut columns: Vec<String> = Vec::new();
        for column in &table.columns {
            let mut declared = self.declared(column);
            if column.field == key.field {
                declared.push_str(" NOT NULL");
                if let Some(sequence) = &table.sequence {
                    let _written: std::fmt::Result =
                        write!(declared, " DEFAULT nextval('{}')", sequence.replace('\'', "''"));
                }
            }
            columns.push(declared);
        }
        let constraint = quoted(&table.key_constraint);
        columns.push(format!("CONSTRAINT {constraint} PRIMARY KEY ({})", key.name));
        self.run(&format!("CREATE TABLE IF NOT EXISTS {} ({})", table.name, columns.join(", "))).await?;
        for index in &table.indexes {
            self.build(index).await?;
        }
        Ok(Record {
            key: key.field.clone(),
            columns: table.columns.iter().map(Column::record).collect(),
            indexes: table.indexes.iter().map(Index::record).collect(),
            hidden: Vec::new(),
        })
    }

    /// Adds what the model has and the table has not. Columns that the model no longer declares stay, with what is in
    /// them; indexes that it no longer declares go.
    async fn adapt(&self, mut record: Record) -> Result<Record, AttemptError> {
        let table = self.table;
        record.check_key(table)?;
        for column in &table.columns {
            let wanted = column.kind.name();
            match record.columns.iter_mut().find(|(field, _)| *field == column.field) {
                Some((_, there)) if there == wanted => {}
                Some((_, there)) => {
                    if !self.replace_if_empty(column).await? {
                        return Err(kept(table, column, there).into());
                    }
                    wanted.clone_into(there);
                    // What was indexed went with the column.
                    record.indexes.retain(|index| !index.fields.contains(&column.field));
                }
                None => {
                    self.run(&format!("ALTER TABLE {} ADD COLUMN IF NOT EXISTS {}", table.name, self.declared(column)))
                        .await?;
                    record.columns.push(column.record());
                }
            }
        }
        for index in &record.indexes {
            if !table.indexes.iter().any(|wanted| wanted.name == index.name) {
                self.run(&format!("DROP INDEX IF EXISTS {}", quoted(&index.name))).await?;
            }
        }
        for index in &table.indexes {
            if !record.indexes.iter().any(|there| there.name == index.name) {
                self.build(index).await?;
            }
        }
        record.indexes = table.indexes.iter().map(Index::record).collect();
        record.hidden = record.not_declared(table);
        Ok(record)
    }

    /// Makes a column anew in another type, while no row has a value in it.
    async fn replace_if_empty(&self, column: &Column) -> Result<bool, AttemptError> {
        let Table { name: table, .. } = self.table;
        let declared = self.declared(column);
        let (old, new) = (quoted("mti~old"), quoted("mti~new"));
        let declared_new = format!("{new}{}", declared.strip_prefix(column.name.as_str()).unwrap_or_default());
        // Where a transaction does not take back what it did to tables, an attempt that failed has left them behind.
        for spare in [&old, &new] {
            self.run(&format!("ALTER TABLE {table} DROP COLUMN IF EXISTS {spare}")).await?;
        }
        // Changing the table shuts writers out until the transaction ends, so what is looked at stays so.
        self.run(&format!("ALTER TABLE {table} ADD COLUMN {declared_new}")).await?;
        if is_used(self.session, self.table, column).await? {
            return Ok(false);
        }
        // Not every server gives the name of a column away in the transaction that drops it.
        self.run(&format!("ALTER TABLE {table} RENAME COLUMN {} TO {old}", column.name)).await?;
        self.run(&format!("ALTER TABLE {table} RENAME COLUMN {new} TO {}", column.name)).await?;
        self.run(&format!("ALTER TABLE {table} DROP COLUMN {old}")).await?;
        Ok(true)
    }

    async fn build(&self, index: &Index) -> Result<(), AttemptError> {
        let columns: Vec<String> = index
            .fields
            .iter()
            .filter_map(|field| self.table.column(field))
            .map(|column| format!("{} ASC NULLS FIRST", column.name))
            .collect();
        self.run(&format!(
            "CREATE {}INDEX IF NOT EXISTS {} ON {} ({})",
            if index.unique { "UNIQUE " } else { "" },
            quoted(&index.name),
            self.table.name,
            columns.join(", ")
        ))
        .await
    }

    /// `"name" text COLLATE "C"`.
    fn declared(&self, column: &Column) -> String {
        let collation = if column.kind == ColumnType::Text { self.server.collation() } else { "" };
        format!("{} {}{collation}", column.name, column.kind.name())
    }

    async fn run(&self, text: &str) -> Result<(), AttemptError> {
        self.session.run(text, Some(self.table)).await
    }
}

impl Record {
    /// Whether the table is as it should be.
    fn serves(&self, table: &Table) -> bool {
        self.key == table.key().field
            && table.columns.iter().all(|column| self.columns.contains(&column.record()))
            && self.indexes.len() == table.indexes.len()
            && table.indexes.iter().all(|index| self.indexes.contains(&index.record()))
            && self.hidden == self.not_declared(table)
    }

    /// Whether the model can live with the table as it is, though others may have other wishes for its indexes.
    fn suits(&self, table: &Table) -> Result<bool, DataError> {
        self.check_key(table)?;
        for column in &table.columns {
            match self.column_type(&column.field) {
                None => return Ok(false),
                Some(there) if there != column.kind.name() => return Err(kept(table, column, there)),
                Some(_) => {}
            }
        }
        Ok(true)
    }

    /// Checks that an outdated model can live with the table as it is.
    fn check_outdated(&self, table: &Table) -> Result<(), DataError> {
        if self.suits(table)? {
            return Ok(());
        }
        let message = "its table lacks some of the fields, and a newer version of the model decides about them";
        Err(DataError::SchemaChanged { model: table.schema.model().to_owned(), message: message.to_owned() })
    }

    fn check_key(&self, table: &Table) -> Result<(), DataError> {
        let key = &table.key().field;
        if *key == self.key {
            return Ok(());
        }
        let message =
            format!("its primary key was `{}` and is now `{key}`; name the old one, or rename the model", self.key);
        Err(DataError::SchemaChanged { model: table.schema.model().to_owned(), message })
    }

    fn column_type(&self, field: &str) -> Option<&str> {
        self.columns.iter().find(|(name, _)| name == field).map(|(_, column_type)| column_type.as_str())
    }

    /// The fields of the columns that the model does not declare.
    fn not_declared(&self, table: &Table) -> Vec<String> {
        let columns = self.columns.iter().map(|(field, _)| field);
        columns.filter(|field| table.column(field).is_none()).cloned().collect()
    }
}

impl Column {
    fn record(&self) -> (String, String) {
        (self.field.clone(), self.kind.name().to_owned())
    }
}

impl Index {
    fn record(&self) -> IndexRecord {
        IndexRecord { name: self.name.clone(), fields: self.fields.clone(), unique: self.unique }
    }
}

/// The rows that a table begins with, checked.
pub(super) fn seeds(table: &Arc<Table>, rows: Vec<Row>) -> Result<Vec<Step>, DataError> {
    rows.into_iter().map(|row| Step::seed(table, row)).collect()
}

/// The table of a model.
pub(super) fn table_of(schema: &Arc<ModelSchema>) -> Arc<Table> {
    Arc::new(Table::new(schema))
}
