use mti_core::{Code, suggest};
use serde_json::{Value, json};

use crate::command::arguments::ExplainArguments;
use crate::command::opening::Opening;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

/// Says where everything about an element comes from, broken ones included, or what a code means.
pub(crate) fn run(arguments: &ExplainArguments, opening: &Opening<'_>, output: &Output) -> Result<Exit, CommandError> {
    if let Some(code) = &arguments.code {
        return explain_code(code, output);
    }
    let name = arguments.name.as_deref().unwrap_or_default();
    let explanation = opening.open()?.explain(name)?;
    if output.is_json() {
        output.json(&serde_json::to_value(&explanation).unwrap_or(Value::Null));
    } else {
        output.result(&explanation.to_string());
    }
    Ok(Exit::Done)
}

fn explain_code(text: &str, output: &Output) -> Result<Exit, CommandError> {
    let code = Code::find(text).ok_or_else(|| CommandError::usage(unknown_code(text)))?;
    if output.is_json() {
        output.json(&json!({
            "code": code.id(),
            "name": code.name(),
            "severity": code.severity().as_str(),
            "summary": code.summary(),
            "explanation": code.explanation(),
            "example": Some(code.example()).filter(|example| !example.is_empty()),
        }));
        return Ok(Exit::Done);
    }
    let severity = code.severity().as_str();
    output.result(&format!("{severity}[{code}] {}: {}\n\n{}", code.name(), code.summary(), code.explanation()));
    if !code.example().is_empty() {
        output.result(&format!("\nThe smallest app that shows it:\n\n{}", indented(code.example())));
    }
    Ok(Exit::Done)
}

fn unknown_code(text: &str) -> String {
    let words = Code::all().iter().flat_map(|code| [code.id(), code.name()]);
    match suggest::nearest(text, words, 1).first() {
        Some(nearest) => format!("there is no code `{text}`: did you mean `{nearest}`?"),
        None => format!("there is no code `{text}`: codes are written `MTI0101` or `json-syntax`"),
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
