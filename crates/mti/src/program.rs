use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use mti_element::{Language, Level, LevelCode, NativeCode};

use crate::{App, AppBuilder, command};

/// The `mti` command with the levels of an app: what `main` of an app with Rust code returns from.
///
/// ```no_run
/// # use mti::prelude::*;
/// # #[derive(Level)]
/// # struct ByStaffList;
/// # #[level]
/// # impl WeChatSteps for ByStaffList {}
/// fn main() -> std::process::ExitCode {
///     mti::main().level::<ByStaffList>("acme.shop", "auths.loginTypes.StaffWeChatType").run()
/// }
/// ```
#[must_use = "nothing happens before `run`"]
pub struct Program {
    levels: Vec<Registration>,
    languages: Vec<Arc<dyn Language>>,
}

/// A level, and the definition that it belongs to.
struct Registration {
    app: String,
    element: String,
    code: Arc<dyn LevelCode>,
}

impl Program {
    pub(crate) fn new() -> Self {
        Self { levels: Vec::new(), languages: Vec::new() }
    }

    /// Adds the level that the definition of `element` in the app `app` declares with `"backend": "rust"`. Adding one twice for a definition is an
    /// error, which every command reports.
    pub fn level<L: Level>(mut self, app: impl Into<String>, element: impl Into<String>) -> Self {
        let code = Arc::new(NativeCode::<L>::new());
        self.levels.push(Registration { app: app.into(), element: element.into(), code });
        self
    }

    /// Adds a language besides Rust that levels of the app may be written in. A program opens one app: a language holds
    /// the code of one.
    pub fn language(mut self, language: Arc<dyn Language>) -> Self {
        self.languages.push(language);
        self
    }

    /// Does what the arguments of the process say.
    pub fn run(self) -> ExitCode {
        self.run_with(std::env::args_os())
    }

    /// Does what `arguments` say; the first is the name of the program.
    pub fn run_with(self, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
        command::run(&self, arguments)
    }

    /// Says with what to open an app that these levels belong to: what every command opens an app with.
    pub fn app(&self, directory: impl Into<PathBuf>) -> AppBuilder {
        self.register(App::builder(directory))
    }

    /// Whether it has no level of an app's own.
    pub(crate) fn is_plain(&self) -> bool {
        self.levels.is_empty()
    }

    /// Gives the levels to an app that is about to be opened.
    pub(crate) fn register(&self, builder: AppBuilder) -> AppBuilder {
        let builder = self.languages.iter().fold(builder, |builder, language| builder.language(Arc::clone(language)));
        self.levels
            .iter()
            .fold(builder, |builder, level| builder.code(&level.app, &level.element, Arc::clone(&level.code)))
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let levels = self.levels.iter().map(|level| format!("{}:{}", level.app, level.element));
        formatter.debug_list().entries(levels).finish()
    }
}
