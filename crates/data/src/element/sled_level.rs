use std::sync::Arc;

use mti_element::{Fail, Level, OpenContext, Result, level};

use crate::element::{Connection, DataDirectory, DatabaseElement, DatabaseSteps, stand_in};
use crate::{SledDatabase, SledOptions};

/// The code of `databases.SledType`: the embedded database of an app, for one process at a time.
#[derive(Debug)]
pub struct SledLevel {
    database: Option<Arc<SledDatabase>>,
}

impl Level for SledLevel {
    fn open(context: &OpenContext<'_>) -> Result<Self> {
        let directory = context.resources().get::<DataDirectory>();
        let database = directory.map(|directory| {
            let name = context.definition().name.last_segment();
            SledDatabase::shared(&SledOptions {
                directory: directory.0.join("databases").join(name),
                program: "mti".to_owned(),
            })
        });
        Ok(Self { database })
    }

    async fn retire(&self) {
        if let Some(database) = &self.database
            && let Err(error) = database.release().await
        {
            tracing::warn!("closing an embedded database: {error}");
        }
    }
}

#[level]
impl DatabaseSteps for SledLevel {
    async fn connect(&self, this: DatabaseElement<'_>) -> Result<Connection> {
        if let Some(connected) = stand_in(this.app().view().resources(), this.name()) {
            return Ok(connected);
        }
        match &self.database {
            Some(database) => Ok(Connection(Arc::clone(database) as _)),
            None => Err(Fail::ELEMENT_EXCEPTION.failure().noting(format!(
                "`{}` has nowhere to keep its data: the process was started without a data directory",
                this.name()
            ))),
        }
    }
}
