//! The code of the Type `{{name}}`: a login by password that differs in some steps.

use mti::login_types::{PasswordLogin, PasswordSteps};
use mti::prelude::*;

/// The level that `{{name}}` contributes. The steps that it does not name are inherited.
#[derive(Debug, Level)]
pub struct {{pascal}}Level;

#[level]
impl PasswordSteps for {{pascal}}Level {
    /// The organisations that a user may sign in to. `this.sup()` is what would be done without this level.
    async fn list_corps(&self, this: PasswordLogin<'_>, user_id: UserId) -> Result<Vec<Corp>> {
        this.sup().list_corps(user_id).await
    }
}
