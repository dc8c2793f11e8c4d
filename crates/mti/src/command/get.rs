use std::fmt::Write as _;

use mti_core::ElementName;
use mti_core::manifest::{Argument, Function};
use mti_element::{ElementDefinition, Kind};
use mti_registry::without_secrets;
use serde_json::{Value, json};

use crate::command::arguments::NameArgument;
use crate::command::opening::Opening;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

/// Shows the merged definition of an element. Nothing is loaded.
pub(crate) fn run(arguments: &NameArgument, opening: &Opening<'_>, output: &Output) -> Result<Exit, CommandError> {
    let definition = opening.open()?.get_element_define(&arguments.name)?;
    if output.is_json() {
        output.json(&document(&definition));
    } else {
        output.result(&text(&definition));
    }
    Ok(Exit::Done)
}

fn document(definition: &ElementDefinition) -> Value {
    json!({
        "fullName": definition.name.as_str(),
        "kind": definition.kind.as_str(),
        "type": definition.types.first().map_or("", |name| name.as_str()),
        "types": definition.types.iter().map(ElementName::as_str).collect::<Vec<_>>(),
        "title": definition.title,
        "appKey": definition.app.to_string(),
        "functions": definition.functions.iter().map(function_document).collect::<Vec<_>>(),
        "config": without_secrets(definition.config.value()),
    })
}

fn function_document(function: &Function) -> Value {
    json!({
        "name": function.name,
        "title": function.title,
        "args": function.args.iter().map(argument_document).collect::<Vec<_>>(),
        "returnType": function.return_type,
        "desc": function.desc,
        "async": function.is_async,
        "loginRequired": function.login_required,
        "ignoreSign": function.ignore_sign,
    })
}

fn argument_document(argument: &Argument) -> Value {
    json!({
        "name": argument.name,
        "title": argument.title,
        "dataType": argument.data_type,
        "required": argument.required,
        "value": argument.value,
    })
}

fn text(definition: &ElementDefinition) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_text(&mut text, definition);
    text
}

fn write_text(text: &mut String, definition: &ElementDefinition) -> std::fmt::Result {
    writeln!(text, "{}", definition.name)?;
    writeln!(text, "  title   {}", definition.title)?;
    writeln!(text, "  kind    {}", definition.kind.as_str())?;
    if definition.kind != Kind::Meta {
        let types = definition.types.iter().map(ElementName::as_str).collect::<Vec<_>>().join(" < ");
        writeln!(text, "  type    {types}")?;
    }
    writeln!(text, "  app     {}", definition.app)?;
    if !definition.functions.is_empty() {
        writeln!(text, "\nfunctions")?;
    }
    for function in &definition.functions {
        let access = if function.login_required { "login required" } else { "anonymous" };
        let title = function.title.as_deref().unwrap_or_default();
        writeln!(text, "  {:<40} {access:<14} {title}", signature(function))?;
    }
    let config = without_secrets(definition.config.value());
    if !config.is_null() {
        writeln!(text, "\nconfig")?;
        for line in format!("{config:#}").lines() {
            writeln!(text, "  {line}")?;
        }
    }
    Ok(())
}

/// `getLoginCode(code, state?)`.
fn signature(function: &Function) -> String {
    let arguments = function.args.iter().map(|argument| {
        let mark = if argument.required { "" } else { "?" };
        format!("{}{mark}", argument.name)
    });
    format!("{}({})", function.name, arguments.collect::<Vec<_>>().join(", "))
}
