use mti::prelude::*;

steps! {
    /// Words: every level says that it was there.
    "words.Meta": Words, WordsSteps {
        /// A greeting, and to whom.
        "say" fn say(name: String) -> String;
        /// The greeting alone.
        "greeting" fn greeting() -> String;
        /// Whether it is said aloud.
        property "isLoud" fn is_loud() -> bool;
        /// What fails at the lowest level.
        "refuse" fn refuse() -> ();
    }
}

/// The level of `words.PlainType` in the app below.
#[derive(Debug, Level)]
pub(crate) struct Plain;

#[level]
impl WordsSteps for Plain {
    async fn say(&self, this: Words<'_>, name: String) -> Result<String> {
        Ok(format!("below({} {name})", this.greeting().await?))
    }

    async fn greeting(&self, _: Words<'_>) -> Result<String> {
        Ok("hello".to_owned())
    }

    async fn is_loud(&self, _: Words<'_>) -> Result<bool> {
        Ok(false)
    }

    async fn refuse(&self, _: Words<'_>) -> Result<()> {
        Err(Fail::PERMISSION_DENIED.because("not a word"))
    }
}

/// The level of `words.PlainType` in the app above the one in Python.
#[derive(Debug, Level)]
pub(crate) struct Framed;

#[level]
impl WordsSteps for Framed {
    async fn say(&self, this: Words<'_>, name: String) -> Result<String> {
        Ok(format!("above({})", this.sup().say(name).await?))
    }

    async fn greeting(&self, this: Words<'_>) -> Result<String> {
        Ok(format!("[{}]", this.sup().greeting().await?))
    }

    async fn is_loud(&self, this: Words<'_>) -> Result<bool> {
        Ok(!this.sup().is_loud().await?)
    }
}
