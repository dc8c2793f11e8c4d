//! Data: the types of fields, the schemas of models, Q expressions, and the databases that keep rows.
//!
//! A [`ModelSchema`] is read from a model's JSON; a [`Filter`] is parsed from a Q expression and bound to a schema; a
//! [`Database`] keeps the rows of any number of models. [`MemoryDatabase`] and [`SledDatabase`] share one engine over
//! ordered keys, and every database gives the same answers to the same questions.

mod aggregate;
mod calendar;
mod database;
mod datatype;
mod element;
mod error;
mod field;
mod memory;
mod nearest;
mod open_databases;
mod operation;
mod order;
#[cfg(feature = "postgres")]
mod postgres;
mod row;
mod scalar;
mod schema;
mod sled_database;
mod store;
mod table_change;
mod transfer;

pub mod q;

pub use aggregate::Aggregate;
pub use database::{BoxFuture, Database, Generations, Page, Prepared, Query};
pub use datatype::{DataType, ValueKind};
#[cfg(feature = "postgres")]
pub use element::PostgresLevel;
pub use element::{
    Batch, Connection, DEFAULT_DATABASE, DataDirectory, DatabaseElement, DatabaseSteps, Declaration, DefaultDatabase,
    Model, ModelLevel, ModelSteps, NeededFields, Outcomes, RelatedDepth, Rows, SledLevel, Table, TriggerEvent,
    database_of, default_database, levels,
};
pub use error::DataError;
pub use field::{Choice, Field, FieldError, Limits};
pub use memory::MemoryDatabase;
pub use operation::{Action, Operation, Outcome};
pub use order::Order;
#[cfg(feature = "postgres")]
pub use postgres::{Encryption, PostgresDatabase, PostgresOptions, PostgresOptionsError, SslMode};
pub use q::{BoundFilter, Filter, QError};
pub use row::{FieldValue, Row};
pub use scalar::Scalar;
pub use schema::{Constraint, ModelSchema, SchemaProblem};
pub use sled_database::{SledDatabase, SledOptions};
pub use table_change::TableChange;
pub use transfer::{Delivery, TablePart, TableToFill};
