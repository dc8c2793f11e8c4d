use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use mti_core::ElementName;
use serde_json::{Value, json};

use crate::exit::CommandError;
use crate::output::Output;

/// Files that are about to be made.
pub(crate) struct NewFiles {
    root: PathBuf,
    /// Paths from the root, with slashes.
    files: Vec<(String, String)>,
}

impl NewFiles {
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), files: Vec::new() }
    }

    /// A file with a text.
    pub(crate) fn text(&mut self, path: impl Into<String>, text: impl Into<String>) {
        self.files.push((path.into(), text.into()));
    }

    /// A file with a JSON document.
    pub(crate) fn json(&mut self, path: impl Into<String>, document: &Value) {
        self.text(path, format!("{document:#}\n"));
    }

    /// Makes them, or, if one is there already, none.
    pub(crate) fn write(&self) -> Result<(), CommandError> {
        for (path, _) in &self.files {
            if self.root.join(path).symlink_metadata().is_ok() {
                let path = self.root.join(path);
                return Err(CommandError::usage(format!("`{}` is there already: nothing was written", path.display())));
            }
        }
        for (path, text) in &self.files {
            let path = self.root.join(path);
            write_new(&path, text)
                .map_err(|error| CommandError::usage(format!("cannot write `{}`: {error}", path.display())))?;
        }
        Ok(())
    }

    /// Says what was made.
    pub(crate) fn report(&self, elements: &[ElementName], output: &Output) {
        if output.is_json() {
            let files: Vec<&str> = self.files.iter().map(|(path, _)| path.as_str()).collect();
            let elements: Vec<&str> = elements.iter().map(ElementName::as_str).collect();
            output.json(&json!({"directory": self.root.to_string_lossy(), "files": files, "elements": elements}));
            return;
        }
        for (path, _) in &self.files {
            output.result(&format!("made {}", self.root.join(path).display()));
        }
    }
}

/// Writes a file that is not there yet.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    File::create_new(path)?.write_all(text.as_bytes())
}
