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
#[derive(Debug)]
pub(crate) struct {{pascal}}Level;

impl Level for {{pascal}}Level {
    fn open(_: &OpenContext<'_>) -> Result<Self> {
        Ok(Self)
    }
}

#[level]
impl {{pascal}}Steps for {{pascal}}Level {
    async fn greet(&self, this: {{pascal}}<'_>, name: String) -> Result<String> {
        Ok(format!("hello {name}, this is {}", this.name()))
    }
}
