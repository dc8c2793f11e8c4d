//! The code of the Type `{{name}}`: models that differ in some steps.

use mti::data::ModelSteps;
use mti::prelude::*;

/// The level that `{{name}}` contributes. The steps that it does not name are inherited.
#[derive(Debug)]
pub(crate) struct {{pascal}}Level;

impl Level for {{pascal}}Level {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl ModelSteps for {{pascal}}Level {
    /// Adds a row. `this.sup()` is what would be done without this level.
    async fn create(&self, this: Model<'_>, row_data: Row) -> Result<Row> {
        this.sup().create(row_data).await
    }
}
