use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use walkdir::WalkDir;

use crate::{Package, TidyError};

/// Returns one line for each test that `docs/security.md` names and no package has: a defence that the page claims
/// would go untested. Names stand in backticks in the last column of the table of attacks.
pub(crate) fn missing_security_tests(root: &Path, packages: &[Package]) -> Result<Vec<String>, TidyError> {
    let page = root.join("docs/security.md");
    if !page.exists() {
        return Ok(Vec::new());
    }
    let text = read(&page)?;
    let table = text.split("\n## ").find(|section| section.starts_with("The attack list")).unwrap_or_default();
    let named: BTreeSet<&str> = table.lines().filter_map(last_column).flat_map(quoted).collect();
    let mut problems = Vec::new();
    if named.is_empty() {
        problems.push("`docs/security.md` names no tests under `## The attack list`".to_owned());
    }
    let known = functions_of_tests(packages)?;
    let missing = named.into_iter().filter(|name| !known.contains(*name));
    problems.extend(missing.map(|name| format!("`docs/security.md` names the test `{name}`, which does not exist")));
    Ok(problems)
}

/// The names of all functions that stand right below `#[test]` or another attribute that ends in `test`.
fn functions_of_tests(packages: &[Package]) -> Result<BTreeSet<String>, TidyError> {
    let mut names = BTreeSet::new();
    let targets = packages.iter().flat_map(|package| &package.targets);
    let roots: BTreeSet<&Path> = targets
        .filter(|target| target.kind.iter().any(|kind| kind == "test"))
        .filter_map(|target| target.src_path.parent())
        .collect();
    for root in roots {
        for entry in WalkDir::new(root) {
            let failed = |error: walkdir::Error| TidyError::Read { path: root.to_owned(), source: error.into() };
            let path = entry.map_err(failed)?.into_path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                let source = read(&path)?;
                let mut is_test = false;
                for line in source.lines().map(str::trim) {
                    if line.starts_with("#[") {
                        is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                    } else {
                        let function = line.trim_start_matches("async ").strip_prefix("fn ");
                        let name = function.and_then(|rest| rest.split(['(', '<']).next());
                        names.extend(name.filter(|_| is_test).map(str::to_owned));
                        is_test = false;
                    }
                }
            }
        }
    }
    Ok(names)
}

fn last_column(line: &str) -> Option<&str> {
    line.strip_prefix('|')?.trim_end().strip_suffix('|')?.rsplit('|').next()
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn read(path: &Path) -> Result<String, TidyError> {
    fs::read_to_string(path).map_err(|source| TidyError::Read { path: path.to_owned(), source })
}
