//! The code of the Type `models.AuditedType`: models that differ in some steps.

use mti::prelude::*;

/// The level that `models.AuditedType` contributes. The steps that it does not name are inherited.
#[derive(Debug, Level)]
pub struct AuditedTypeLevel;

#[level]
impl ModelSteps for AuditedTypeLevel {
    /// Adds a row. `this.sup()` is what would be done without this level.
    async fn create(&self, this: Model<'_>, row_data: Row) -> Result<Row> {
        this.sup().create(row_data).await
    }
}
