//! The code of the Type `{{name}}`: a WeChat login that differs in some steps.

use mti::prelude::*;

/// The level that `{{name}}` contributes. The steps that it does not name are inherited.
#[derive(Debug, Level)]
pub struct {{pascal}}Level;

#[level]
impl WeChatSteps for {{pascal}}Level {
    /// Who this person is here. `this.sup()` is what would be done without this level.
    async fn match_user(&self, this: WeChat<'_>, who: Identity) -> Result<Option<UserId>> {
        this.sup().match_user(who).await
    }
}
