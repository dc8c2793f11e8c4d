use std::fs;
use std::path::Path;

use super::level::Registration;
use crate::exit::CommandError;

/// Where the program of an app is put together: `program()` of its library, or, without one, `main`.
const SOURCES: [&str; 2] = ["src/lib.rs", "src/main.rs"];

/// Registers a level in the program of an app, where that has the shape that `new app --rust` gives it. Gives back in which file it did; another
/// shape is left as it is.
pub(super) fn register(directory: &Path, level: &Registration) -> Result<Option<&'static str>, CommandError> {
    for file in SOURCES {
        let path = directory.join(file);
        let Ok(source) = fs::read_to_string(&path) else { continue };
        let Some(edited) = with_level(&source, level) else { continue };
        fs::write(&path, edited)
            .map_err(|error| CommandError::usage(format!("cannot write `{}`: {error}", path.display())))?;
        return Ok(Some(file));
    }
    Ok(None)
}

fn with_level(source: &str, level: &Registration) -> Option<String> {
    let mut lines: Vec<String> = source.lines().map(str::to_owned).collect();
    let mut beginnings = lines.iter().enumerate().filter(|(_, line)| line.trim_start().starts_with("mti::main()"));
    let (at, _) = beginnings.next()?;
    if beginnings.next().is_some() || lines.contains(&level.declaration) {
        return None;
    }
    let line = lines.get(at)?.clone();
    let indent: String = line.chars().take_while(|character| character.is_whitespace()).collect();
    let rest = line.trim_start().strip_prefix("mti::main()")?;
    let rest = (!rest.is_empty()).then(|| format!("{indent}    {rest}"));
    let chain = [format!("{indent}mti::main()"), format!("{indent}    {}", level.call)];
    lines.splice(at..=at, chain.into_iter().chain(rest));
    let is_module = |line: &String| ["pub mod ", "mod ", "#[path"].iter().any(|start| line.starts_with(start));
    let is_item = |line: &String| ["use ", "fn ", "pub fn ", "///"].iter().any(|start| line.starts_with(start));
    let first = lines.iter().position(|line| is_module(line) || is_item(line))?;
    if lines.get(first).is_some_and(is_module) {
        // In the order of the alphabet, as the formatter has them.
        let behind = lines.iter().skip(first).take_while(|line| is_module(line) && **line < level.declaration).count();
        lines.insert(first + behind, level.declaration.clone());
    } else {
        lines.splice(first..first, [level.declaration.clone(), String::new()]);
    }
    Some(lines.join("\n") + "\n")
}
