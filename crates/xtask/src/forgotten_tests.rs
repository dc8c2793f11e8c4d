use std::fs;
use std::path::Path;

use walkdir::WalkDir;

use crate::{Package, TidyError};

/// Returns one line for each Rust file in the directory of a package's test binary that the binary does
/// not name: its tests would never run.
pub(crate) fn forgotten_tests(package: &Package) -> Result<Vec<String>, TidyError> {
    let mut problems = Vec::new();
    let is_test = |kinds: &[String]| kinds.iter().any(|kind| kind == "test");
    for target in package.targets.iter().filter(|target| is_test(&target.kind)) {
        let (root, Some(directory)) = (&target.src_path, target.src_path.parent()) else { continue };
        let is_another_root = |path: &Path| package.targets.iter().any(|other| other.src_path == path);
        for entry in WalkDir::new(directory).max_depth(1).sort_by_file_name() {
            let entry = entry.map_err(|error| TidyError::Read { path: directory.to_owned(), source: error.into() })?;
            let path = entry.path();
            let is_rust = path.extension().is_some_and(|extension| extension == "rs");
            if is_rust && !is_another_root(path) && !names(root, path)? {
                problems.push(format!("`{}` is in no test binary: name it in `{}`", path.display(), root.display()));
            }
        }
    }
    Ok(problems)
}

/// Whether the root file of a test binary declares the module of another file.
fn names(root: &Path, file: &Path) -> Result<bool, TidyError> {
    let source = fs::read_to_string(root).map_err(|source| TidyError::Read { path: root.to_owned(), source })?;
    let Some(module) = file.file_stem().and_then(|stem| stem.to_str()) else { return Ok(false) };
    let declaration = format!("mod {module};");
    Ok(source.lines().any(|line| line.trim_start().trim_start_matches("pub ") == declaration))
}
