//! The code of the Type `{{name}}`: models that differ in some steps.

use mti::prelude::*;

/// The level that `{{name}}` contributes. The steps that it does not name are inherited.
#[derive(Debug, Level)]
pub struct {{pascal}}Level;

#[level]
impl ModelSteps for {{pascal}}Level {
    /// Adds a row. `this.sup()` is what would be done without this level.
    async fn create(&self, this: Model<'_>, row_data: Row) -> Result<Row> {
        this.sup().create(row_data).await
    }
}
