use std::sync::Arc;

use mti_data::{Database, Declaration, Model};
use mti_element::Kind;
use tokio::runtime::Runtime;

use crate::App;
use crate::command::arguments::DataArguments;
use crate::command::opening::Opening;
use crate::command::{databases, runtime};
use crate::exit::CommandError;
use crate::output::Output;

/// The Type that all models are below.
const MODEL_TYPE: &str = "models.NormalType";

/// What is done about elements that do not load. Which of them are models, nobody can tell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// Nothing is done.
    Refused,
    /// They are named, and left out.
    LeftOut,
}

/// The models of an app, by the databases that keep them.
pub(super) struct Models {
    pub(super) runtime: Runtime,
    pub(super) app: App,
    pub(super) databases: Vec<Kept>,
}

/// The models that one database keeps, in order of their names.
pub(super) struct Kept {
    pub(super) name: String,
    pub(super) database: Arc<dyn Database>,
    pub(super) models: Vec<Declaration>,
}

impl Models {
    /// Opens the app, and finds out what its models declare.
    pub(super) fn open(
        data: &DataArguments,
        opening: &Opening<'_>,
        broken: Broken,
        output: &Output,
    ) -> Result<Self, CommandError> {
        let app = databases::place(opening.find()?, data, output)?.open()?;
        let quarantined = app.snapshot().quarantined();
        let names: Vec<String> = quarantined.iter().map(|name| format!("`{name}`")).collect();
        if !names.is_empty() {
            let names = names.join(", ");
            // A model that is left out unnoticed is lost with the next restore.
            if broken == Broken::Refused {
                return Err(CommandError::usage(format!(
                    "{names} cannot be loaded, and the rows of a model among them would be missing: mend what `mti check` \
                     says, or leave them out with `--partial`"
                )));
            }
            output.remark(&format!("left out, as they cannot be loaded: {names}; `mti check` says why"));
        }
        let runtime = runtime()?;
        let databases = runtime.block_on(declared(&app))?;
        Ok(Self { runtime, app, databases })
    }

    /// What all models declare.
    pub(super) fn declarations(&self) -> impl Iterator<Item = &Declaration> {
        self.databases.iter().flat_map(|kept| &kept.models)
    }

    /// Closes the databases. What they acknowledged is on the disk in any case.
    pub(super) fn close(self) {
        for Kept { name, database, .. } in self.databases {
            if let Err(error) = self.runtime.block_on(database.close()) {
                tracing::warn!(%error, "cannot close `{name}`");
            }
        }
    }
}

async fn declared(app: &App) -> Result<Vec<Kept>, CommandError> {
    let mut databases: Vec<Kept> = Vec::new();
    for definition in app.find_elements_define(&format!(".{MODEL_TYPE}"))? {
        if definition.kind != Kind::Instance {
            continue;
        }
        let declaration = app.get::<Model<'_>>(definition.name.as_str())?.declaration().await?;
        match databases.iter_mut().find(|kept| Arc::ptr_eq(&kept.database, &declaration.database)) {
            Some(kept) => kept.models.push(declaration),
            None => databases.push(Kept {
                name: declaration.database_name.clone(),
                database: Arc::clone(&declaration.database),
                models: vec![declaration],
            }),
        }
    }
    Ok(databases)
}
