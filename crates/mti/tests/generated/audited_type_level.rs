//! The code of the Type `models.AuditedType`: models that differ in some steps.

use mti::data::ModelSteps;
use mti::prelude::*;

/// The level that `models.AuditedType` contributes. The steps that it does not name are inherited.
#[derive(Debug)]
pub(crate) struct AuditedTypeLevel;

impl Level for AuditedTypeLevel {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl ModelSteps for AuditedTypeLevel {
    /// Adds a row. `this.sup()` is what would be done without this level.
    async fn create(&self, this: Model<'_>, row_data: Row) -> Result<Row> {
        this.sup().create(row_data).await
    }
}
