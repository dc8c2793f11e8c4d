//! The code of the Type `{{name}}`.

use mti::prelude::*;

steps! {
    /// {{title}}.
    "{{name}}": {{pascal}}, {{pascal}}Steps {
        /// Says hello to somebody.
        "greet" fn greet(name: String) -> String;
    }
}

/// The level that `{{name}}` contributes.
#[derive(Debug, Level)]
pub struct {{pascal}}Level;

#[level]
impl {{pascal}}Steps for {{pascal}}Level {
    async fn greet(&self, this: {{pascal}}<'_>, name: String) -> Result<String> {
        Ok(format!("hello {name}, this is {}", this.name()))
    }
}
