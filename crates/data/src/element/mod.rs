//! Models and databases as elements: the levels behind `models.NormalType` and the database Types.

mod batch;
mod database;
mod failure;
mod model;
mod model_level;
mod needed_fields;
#[cfg(feature = "postgres")]
mod postgres_level;
mod sled_level;
mod wire;

use std::sync::Arc;

use mti_element::{LevelCode, NativeCode};

pub use batch::{Batch, Outcomes};
use database::stand_in;
pub use database::{
    Connection, DEFAULT_DATABASE, DataDirectory, DatabaseElement, DatabaseSteps, DefaultDatabase, database_of,
    default_database,
};
pub use model::{Declaration, Model, ModelSteps, Rows, Table};
pub use model_level::ModelLevel;
pub use needed_fields::NeededFields;
#[cfg(feature = "postgres")]
pub use postgres_level::PostgresLevel;
pub use sled_level::SledLevel;
pub use wire::{RelatedDepth, TriggerEvent};

/// The levels of this crate, each with the element of the official app that declares it.
pub fn levels() -> Vec<(&'static str, Arc<dyn LevelCode>)> {
    vec![
        ("models.NormalType", Arc::new(NativeCode::<ModelLevel>::new())),
        ("databases.SledType", Arc::new(NativeCode::<SledLevel>::new())),
        #[cfg(feature = "postgres")]
        ("databases.PgSqlType", Arc::new(NativeCode::<PostgresLevel>::new())),
    ]
}
