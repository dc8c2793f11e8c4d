/// A mistake in a Q expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}{}", .help.as_ref().map(|help| format!("; {help}")).unwrap_or_default())]
pub struct QError {
    /// Where the mistake is: characters (Unicode scalar values) from the start of the text, the first is 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead, where that can be guessed.
    pub help: Option<String>,
}

impl QError {
    pub(crate) fn new(column: usize, message: impl Into<String>) -> Self {
        Self { column, message: message.into(), help: None }
    }

    pub(crate) fn with_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}
