use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mti_core::{AppId, Code, Diagnostic};

use crate::command::arguments::GlobalArguments;
use crate::environment::EnvironmentSource;
use crate::exit::CommandError;
use crate::output::Output;
use crate::{App, AppBuilder, Program};

/// How every command opens the app that it is about.
pub(crate) struct Opening<'a> {
    pub(crate) program: &'a Program,
    /// The name that it was called by.
    pub(crate) program_name: &'a str,
    pub(crate) arguments: &'a GlobalArguments,
    pub(crate) output: &'a Arc<Output>,
}

/// The app before it is opened, with its environment.
pub(crate) struct Found {
    /// What is wrong with the environment files.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What opens it.
    pub(crate) builder: AppBuilder,
}

impl Opening<'_> {
    /// Finds the app and reads its environment.
    pub(crate) fn find(&self) -> Result<Found, CommandError> {
        let directory = self.directory()?;
        let environment = EnvironmentSource::open(&directory, self.arguments.env_file.as_deref())
            .map_err(|error| CommandError::usage(error.to_string()))?;
        let diagnostics = environment.diagnostics();
        let files = environment.files();
        let builder = App::builder(&directory).environment_from(move || environment.variables());
        let builder = builder.environment_files(files);
        let builder = self.program.register(builder.app_path(self.app_path()));
        Ok(Found { diagnostics, builder })
    }

    /// Opens the app for looking at it.
    pub(crate) fn open(&self) -> Result<App, CommandError> {
        let found = self.find()?;
        self.output.diagnostics_remark(&found.diagnostics);
        Ok(found.builder.open()?)
    }

    /// Names the app's own program where the plain command lacks the code of the app `id`.
    pub(crate) fn advise(&self, id: &AppId, findings: &mut [Diagnostic]) {
        if !self.is_without_the_code_of_the_app() {
            return;
        }
        let of_app = |one: &&Diagnostic| one.code == Code::MissingCode && one.app.as_ref() == Some(id);
        // What needs such an element is quarantined with it, and says the same.
        let advice: HashSet<String> = findings.iter().filter(of_app).filter_map(|one| one.help.clone()).collect();
        for help in findings.iter_mut().filter_map(|one| one.help.as_mut()).filter(|help| advice.contains(*help)) {
            *help = format!("run `cargo run -- check` in the directory of the app: {help}");
        }
    }

    /// Whether this is the plain command, and the app has a program of its own.
    pub(crate) fn is_without_the_code_of_the_app(&self) -> bool {
        let has_program = self.directory().is_ok_and(|directory| directory.join("Cargo.toml").is_file());
        has_program && self.program.is_plain()
    }

    /// The directory that was named, or the nearest one from here upwards that holds an app.
    pub(crate) fn directory(&self) -> Result<PathBuf, CommandError> {
        if let Some(directory) = &self.arguments.app {
            return if directory.join(APP_FILE).is_file() {
                Ok(directory.clone())
            } else {
                Err(CommandError::usage(format!("there is no `{APP_FILE}` in `{}`", directory.display())))
            };
        }
        let here = std::env::current_dir()
            .map_err(|error| CommandError::usage(format!("cannot tell the current directory: {error}")))?;
        let nearest = here.ancestors().find(|directory| directory.join(APP_FILE).is_file()).map(Path::to_path_buf);
        nearest.ok_or_else(|| {
            CommandError::usage(format!(
                "there is no `{APP_FILE}` in `{}` or above it: go to an app, or name one with `--app DIR`",
                here.display()
            ))
        })
    }

    /// The directories of the option, and then those of the variable.
    fn app_path(&self) -> Vec<PathBuf> {
        let variable = std::env::var_os(APP_PATH_VARIABLE);
        let lists = [self.arguments.app_path.as_deref(), variable.as_deref()];
        let directories = lists.into_iter().flatten().flat_map(std::env::split_paths);
        directories.filter(|directory| !directory.as_os_str().is_empty()).collect()
    }
}

const APP_FILE: &str = "app.json";
const APP_PATH_VARIABLE: &str = "MTI_APP_PATH";
