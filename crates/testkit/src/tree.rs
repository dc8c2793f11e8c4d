use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A directory tree written as one string, in a temporary directory that goes away with it.
///
/// A line `//- path` begins a file; what follows up to the next such line is its text.
///
/// ```
/// let tree = mti_testkit::Tree::new(r#"
/// //- app.json
/// {"appId": "acme.shop", "version": "1.0.0"}
/// //- greetings/Meta/e.json
/// {"title": "Greetings", "type": ""}
/// "#);
/// assert!(tree.path().join("greetings/Meta/e.json").is_file());
/// ```
#[derive(Debug)]
pub struct Tree {
    directory: TempDir,
}

impl Tree {
    /// Writes the tree.
    ///
    /// # Panics
    ///
    /// When the text does not begin with a `//- path` line, or the tree cannot be written: a test cannot go on.
    pub fn new(text: &str) -> Self {
        let tree = Self { directory: TempDir::new().unwrap_or_else(|error| panic!("no temporary directory: {error}")) };
        tree.write_all(text);
        tree
    }

    /// A directory with nothing in it yet, such as for the data of one test: `App::builder(…).data(data.path())`.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    pub fn empty() -> Self {
        Self::new("")
    }

    /// The root of the tree.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A path below the root.
    pub fn join(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    /// Adds or replaces the files of another such string.
    ///
    /// # Panics
    ///
    /// As [`Tree::new`].
    pub fn write_all(&self, text: &str) {
        let mut file: Option<(&str, String)> = None;
        for line in text.lines() {
            if let Some(path) = line.trim_start().strip_prefix("//- ") {
                if let Some((path, content)) = file.replace((path.trim(), String::new())) {
                    self.write(path, content);
                }
            } else if let Some((_, content)) = &mut file {
                content.push_str(line);
                content.push('\n');
            } else {
                assert!(line.trim().is_empty(), "a tree begins with a line `//- path`, not with `{line}`");
            }
        }
        if let Some((path, content)) = file {
            self.write(path, content);
        }
    }

    /// Adds or replaces one file.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.join(path);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, content));
        if let Err(error) = written {
            panic!("`{}` cannot be written: {error}", path.display());
        }
    }

    /// Removes a file or a directory with all that is in it.
    ///
    /// # Panics
    ///
    /// When it cannot be removed.
    pub fn remove(&self, path: &str) {
        let path = self.join(path);
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        if let Err(error) = removed {
            panic!("`{}` cannot be removed: {error}", path.display());
        }
    }
}
