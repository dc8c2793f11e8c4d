use std::io::Read as _;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use mti_core::render;
use mti_element::{Fail, Failure};
use serde_json::{Value, json};

use crate::OpenError;
use crate::command::arguments::CallArguments;
use crate::command::databases;
use crate::command::opening::Opening;
use crate::command::runtime;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

/// The most bytes of arguments that are read from standard input.
const INPUT_LIMIT: u64 = 1 << 20;

/// Calls a method of an element in process, and prints what it answers.
pub(crate) fn run(arguments: &CallArguments, opening: &Opening<'_>, output: &Output) -> Result<Exit, CommandError> {
    let named = named_arguments(&arguments.arguments, || example(arguments, opening))?;
    let mut builder = databases::place(opening.find()?, &arguments.data, output)?;
    if let Some(url) = &arguments.public_url {
        builder = builder.public_url(url.clone());
    }
    let app = builder.open().map_err(unopened)?;
    let element = app.get_element(&arguments.name)?;
    let result = runtime()?.block_on(element.call(&arguments.method, named));
    output.json(&result.map_err(databases::unavailable)?);
    Ok(Exit::Done)
}

/// A call of an app that cannot be opened fails as one of a broken element does.
fn unopened(error: OpenError) -> CommandError {
    match CommandError::from(error) {
        CommandError::App(diagnostics) => {
            Fail::ELEMENT_EXCEPTION.because("the app cannot be opened").diagnosed(diagnostics).into()
        }
        other => other,
    }
}

/// The JSON object on the command line, or on standard input for `-`.
fn named_arguments(text: &str, example: impl Fn() -> String) -> Result<Value, CommandError> {
    let read;
    let text = if text == "-" {
        let unread = |error| CommandError::usage(format!("cannot read the arguments from standard input: {error}"));
        let mut bytes = Vec::new();
        // One byte more tells input that is too long from input that just fits.
        std::io::stdin().lock().take(INPUT_LIMIT + 1).read_to_end(&mut bytes).map_err(unread)?;
        if bytes.len() as u64 > INPUT_LIMIT {
            return Err(CommandError::usage(format!(
                "the arguments on standard input are larger than {INPUT_LIMIT} bytes; bring many rows in several calls \
                 of `createOrUpdateMany`"
            )));
        }
        read = String::from_utf8(bytes).map_err(|error| unread(std::io::Error::other(error.utf8_error())))?;
        read.as_str()
    } else {
        text
    };
    // The text may hold a code or a password: it is not repeated.
    match serde_json::from_str(text) {
        Ok(Value::Object(named)) => Ok(Value::Object(named)),
        Ok(_) => Err(CommandError::usage(format!("the arguments must be a JSON object by name{}", example()))),
        Err(error) => Err(CommandError::usage(format!(
            "the arguments must be a JSON object by name{}: what was given is not JSON at line {}, column {}",
            example(),
            error.line(),
            error.column()
        ))),
    }
}

/// How the arguments of that method are written, where it is known: `, such as '{"filter": "…"}'`.
fn example(arguments: &CallArguments, opening: &Opening<'_>) -> String {
    let explanation = opening.find().ok().and_then(|found| found.builder.open().ok()?.explain(&arguments.name).ok());
    let method = explanation.into_iter().flat_map(|known| known.methods).find(|method| method.name == arguments.method);
    let names = match method {
        Some(method) if method.arguments.is_empty() => {
            return ": this one takes no arguments, which is `'{}'`".to_owned();
        }
        Some(method) => method.arguments,
        None => vec!["code".to_owned()],
    };
    let members: Vec<String> = names.iter().map(|name| format!("\"{name}\": \"…\"")).collect();
    format!(", such as `'{{{}}}'`", members.join(", "))
}

/// A failure as HTTP would answer it, with the diagnostics behind it, if there are any.
pub(crate) fn envelope(failure: &Failure, started: Instant) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut envelope = json!({
        "errcode": failure.kind().errcode,
        "errmsg": failure.message(),
        "error": failure.kind().name,
        "requestId": format!("cli-{}-{}", std::process::id(), now.as_nanos()),
        "sysTime": milliseconds(now),
        "duration": milliseconds(started.elapsed()),
        "data": failure.data().cloned().unwrap_or_else(|| json!({})),
    });
    if !failure.diagnostics().is_empty()
        && let (Some(envelope), Value::Object(diagnostics)) =
            (envelope.as_object_mut(), render::json(failure.diagnostics()))
    {
        envelope.extend(diagnostics);
    }
    envelope
}

fn milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
