//! The code of the Type `words.PlainType`.

use mti::prelude::*;

steps! {
    /// PlainType.
    "words.PlainType": PlainType, PlainTypeSteps {
        /// Says hello to somebody.
        "greet" fn greet(name: String) -> String;
    }
}

/// The level that `words.PlainType` contributes.
#[derive(Debug, Level)]
pub struct PlainTypeLevel;

#[level]
impl PlainTypeSteps for PlainTypeLevel {
    async fn greet(&self, this: PlainType<'_>, name: String) -> Result<String> {
        Ok(format!("hello {name}, this is {}", this.name()))
    }
}
