use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use walkdir::WalkDir;

use crate::layering::Target;
use crate::{Package, TidyError};

/// Returns one line for each Rust file beside the test binaries of a package that none of them names: its
/// tests would never run.
pub(crate) fn forgotten_tests(package: &Package) -> Result<Vec<String>, TidyError> {
    let mut problems = Vec::new();
    let is_test = |target: &&Target| target.kind.iter().any(|kind| kind == "test");
    let roots: Vec<&Path> = package.targets.iter().filter(is_test).map(|target| &*target.src_path).collect();
    let directories: BTreeSet<&Path> = roots.iter().filter_map(|root| root.parent()).collect();
    for directory in directories {
        let mut declared = BTreeSet::new();
        for root in roots.iter().filter(|root| root.parent() == Some(directory)) {
            declared.extend(modules(root)?);
        }
        for entry in WalkDir::new(directory).max_depth(1).sort_by_file_name() {
            let read = |error: walkdir::Error| TidyError::Read { path: directory.to_owned(), source: error.into() };
            let path = entry.map_err(read)?.into_path();
            let is_rust = path.extension().is_some_and(|extension| extension == "rs");
            let is_named = path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| declared.contains(stem));
            let is_root = package.targets.iter().any(|target| target.src_path == path);
            if is_rust && !is_root && !is_named {
                problems.push(format!("`{}` is in no test binary", path.display()));
            }
        }
    }
    Ok(problems)
}

/// The modules that the root file of a test binary declares.
fn modules(root: &Path) -> Result<Vec<String>, TidyError> {
    let source = fs::read_to_string(root).map_err(|source| TidyError::Read { path: root.to_owned(), source })?;
    let declarations = source.lines().filter_map(|line| line.trim().strip_suffix(';')?.strip_prefix("mod "));
    Ok(declarations.map(str::to_owned).collect())
}
