use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use crate::command::arguments::ServeArguments;
use crate::command::findings::Findings;
use crate::command::opening::Opening;
use crate::command::serving::{Serving, ServingOptions};
use crate::command::{databases, runtime};
use crate::exit::{CommandError, Exit};
use crate::output::Output;

/// Serves the app until it is told to stop.
pub(crate) fn run(arguments: &ServeArguments, opening: &Opening<'_>, output: &Output) -> Result<Exit, CommandError> {
    if arguments.data.data.is_none() && arguments.data.database_url.is_none() {
        warn_of_link(&opening.directory()?);
    }
    let app = databases::place(opening.find()?, &arguments.data, output)?.open()?;
    runtime()?.block_on(async {
        // An element is loaded at its first use, so none is opened to be looked at.
        let findings = Findings::of(app, Arc::clone(opening.output), |app| app.check_definitions());
        let serving = Serving::start(findings, arguments, ServingOptions::default()).await?;
        if output.is_json() {
            output.json_line(&json!({"app": serving.key().to_string(), "url": serving.url().as_str()}));
        } else {
            output.result(&format!("serving {} at {}", serving.key(), serving.url()));
        }
        serving.run().await
    })?;
    Ok(Exit::Done)
}

/// Warns of data below an app that is reached through a link: whoever switches the link leaves the data behind.
fn warn_of_link(app: &Path) {
    let Ok(path) = std::path::absolute(app) else { return };
    if let Some(link) = path.ancestors().find(|ancestor| ancestor.is_symlink()) {
        tracing::warn!(
            "`{}` is a link, and the data lies below it, in `{}`: a deployment that switches the link leaves the data \
             behind; keep it elsewhere with `--data`",
            link.display(),
            path.join("appData").display()
        );
    }
}
