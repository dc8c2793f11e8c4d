use std::fs;
use std::path::{Path, PathBuf};

use mti_core::{AppId, AppManifest};
use serde_json::json;

use super::NewAppArguments;
use super::files::NewFiles;
use crate::embedded::base_app;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

const README: &str = include_str!("../../../templates/README.md");
const LIBRARY: &str = include_str!("../../../templates/lib.rs");
const MAIN: &str = include_str!("../../../templates/main.rs");
const TEST: &str = include_str!("../../../templates/app_test.rs");

/// Where the source of this library was when it was built.
const SOURCE: &str = env!("CARGO_MANIFEST_DIR");

/// Names that mean something else to Rust, or to the program of an app.
const TAKEN: [&str; 51] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mti",
    "mut",
    "override",
    "priv",
    "pub",
    "ref",
    "return",
    "self",
    "serde",
    "serde_json",
    "static",
    "std",
    "struct",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "unsafe",
    "use",
];

/// Makes an app that inherits the official one.
pub(super) fn make(arguments: &NewAppArguments, output: &Output) -> Result<Exit, CommandError> {
    let id = AppId::parse(&arguments.id)
        .map_err(|error| CommandError::usage(format!("`{}` is no app id: {error}", arguments.id)))?;
    let title = arguments.title.as_deref().unwrap_or(id.name());
    let command = if arguments.rust { "cargo run --" } else { "mti" };
    let workspace = enclosing_workspace(&arguments.directory).filter(|_| arguments.rust);
    let mut files = NewFiles::at(&arguments.directory);
    files.json(
        "app.json",
        &json!({
            "appId": id.as_str(),
            "title": title,
            "version": "0.1.0",
            "extends": parents(),
        }),
    );
    files.text("README.md", README.replace("{{title}}", title).replace("{{command}}", command));
    let target = if arguments.rust { "/target/\n" } else { "" };
    files.text(".gitignore", format!("/appData/\n{target}.env\n"));
    if arguments.rust {
        files.text("Cargo.toml", cargo_manifest(&id, workspace.is_none()));
        let library = package_name(&id).replace('-', "_");
        files.text("src/lib.rs", LIBRARY);
        files.text("src/main.rs", MAIN.replace("{{crate}}", &library));
        files.text("tests/app.rs", TEST.replace("{{crate}}", &library));
    }
    files.write()?;
    files.report(&[], output);
    if let Some(workspace) = workspace {
        let manifest = workspace.display();
        output.remark(&format!(
            "`{manifest}` is a workspace: name this directory in its `members`, unless they take it in already"
        ));
    }
    output.remark(&format!("next: cd {} && {command} dev", arguments.directory.display()));
    Ok(Exit::Done)
}

/// The official app, in versions that go with this one.
fn parents() -> serde_json::Value {
    let (base, _) = AppManifest::read(&*base_app());
    let parent = base.map(|base| {
        let (id, version) = (base.key.id, base.key.version);
        json!({"appId": id.as_str(), "version": format!("^{}.{}", version.major, version.minor)})
    });
    parent.into_iter().collect()
}

/// The manifest of the workspace that a package in that directory would be part of.
fn enclosing_workspace(directory: &Path) -> Option<PathBuf> {
    let directory = std::path::absolute(directory).ok()?;
    directory.ancestors().skip(1).map(|above| above.join("Cargo.toml")).find(|manifest| {
        let text = fs::read_to_string(manifest).unwrap_or_default();
        text.lines().any(|line| line.trim() == "[workspace]" || line.trim_start().starts_with("[workspace."))
    })
}

/// A program of the app, which is a workspace of its own unless it lies in one. A command that was built from source takes the library from there.
fn cargo_manifest(id: &AppId, is_alone: bool) -> String {
    let library = if Path::new(SOURCE).join("Cargo.toml").is_file() {
        format!("{{ path = {SOURCE:?} }}")
    } else {
        format!("{:?}", env!("CARGO_PKG_VERSION"))
    };
    let name = package_name(id);
    let workspace = if is_alone { "[workspace]\n\n" } else { "" };
    format!(
        "[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n\n{workspace}[dependencies]\nmti = {library}\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\nserde_json = \"1\"\n"
    )
}

/// The name of the app as that of a package, which may have letters of ASCII only.
fn package_name(id: &AppId) -> String {
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    let name: String = id.name().chars().filter(|&character| is_allowed(character)).collect();
    let is_free =
        name.chars().next().is_some_and(|first| first.is_ascii_alphabetic()) && !TAKEN.contains(&name.as_str());
    if is_free { name } else { format!("app-{name}") }
}
