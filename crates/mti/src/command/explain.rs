use serde_json::Value;

use crate::command::arguments::NameArgument;
use crate::command::opening::Opening;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

/// Says where everything about an element comes from. It works on broken elements too.
pub(crate) fn run(arguments: &NameArgument, opening: &Opening<'_>, output: &Output) -> Result<Exit, CommandError> {
    let explanation = opening.open()?.explain(&arguments.name)?;
    if output.is_json() {
        output.json(&serde_json::to_value(&explanation).unwrap_or(Value::Null));
    } else {
        output.result(&explanation.to_string());
    }
    Ok(Exit::Done)
}
