//! Models and databases as elements: the levels behind `models.NormalType` and the database Types.

mod batch;
mod database;
mod failure;
mod model;
mod model_level;
mod sled_level;
mod wire;

use std::sync::Arc;

use mti_element::{LevelCode, NativeCode};

pub use batch::{Batch, Outcomes};
pub use database::{Connection, DataDirectory, DatabaseElement, DatabaseSteps};
pub use model::{Declaration, Model, ModelSteps, Rows, Table};
pub use model_level::ModelLevel;
pub use sled_level::SledLevel;
pub use wire::{RelatedDepth, TriggerEvent};

/// The levels of this crate, each with the element of the official app that declares it.
pub fn levels() -> Vec<(&'static str, Arc<dyn LevelCode>)> {
    vec![
        ("models.NormalType", Arc::new(NativeCode::<ModelLevel>::new())),
        ("databases.SledType", Arc::new(NativeCode::<SledLevel>::new())),
    ]
}
