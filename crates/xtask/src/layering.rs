use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::TidyError;

/// The crates of ours that each crate may depend on. Development dependencies are free: tests may reach
/// across layers. A crate that is missing here may depend on all: what wires everything together, and apps.
const LAYERS: [(&str, &[&str]); 11] = [
    ("mti-core", &[]),
    ("mti-element-macros", &[]),
    ("mti-secret", &[]),
    ("mti-element", &["mti-core", "mti-element-macros", "mti-secret"]),
    ("mti-registry", &["mti-core", "mti-element"]),
    ("mti-data", &["mti-core", "mti-element"]),
    ("mti-wechat", &["mti-secret"]),
    ("mti-wechat-sim", &["mti-secret"]),
    ("mti-login-types", &["mti-core", "mti-element", "mti-data", "mti-wechat"]),
    ("mti-server", &["mti-core", "mti-element", "mti-registry"]),
    ("xtask", &[]),
];

/// A package of the workspace, as `cargo metadata` describes it.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its `Cargo.toml`.
    pub manifest_path: PathBuf,
    /// What it depends on directly.
    pub dependencies: Vec<Dependency>,
    /// What cargo builds from it.
    pub targets: Vec<Target>,
}

/// One direct dependency of a package.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// The name of the package that is depended on.
    pub name: String,
    /// `dev`, `build`, or absent for a normal one.
    pub kind: Option<String>,
}

/// One library, program, test or bench of a package.
#[derive(Debug, Deserialize)]
pub struct Target {
    /// `lib`, `bin`, `test`, `bench`, …
    pub kind: Vec<String>,
    /// Its root file.
    pub src_path: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// Returns the packages of the workspace below `root`.
pub(crate) fn packages(root: &Path) -> Result<Vec<Package>, TidyError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .map_err(TidyError::Cargo)?;
    if !output.status.success() {
        return Err(TidyError::Metadata(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    Ok(metadata.packages)
}

/// Returns one line for each normal dependency between crates of ours that their layers forbid.
pub fn forbidden_dependencies(packages: &[Package]) -> Vec<String> {
    let is_ours = |name: &str| packages.iter().any(|package| package.name == name);
    let mut problems = Vec::new();
    for package in packages {
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == package.name) else { continue };
        let normal = package.dependencies.iter().filter(|dependency| dependency.kind.is_none());
        for dependency in normal.filter(|dependency| is_ours(&dependency.name)) {
            if !allowed.contains(&dependency.name.as_str()) {
                let (name, other) = (&package.name, &dependency.name);
                problems.push(format!("`{name}` must not depend on `{other}`: see ARCHITECTURE.md"));
            }
        }
    }
    problems
}
