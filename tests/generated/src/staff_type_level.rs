//! The code of the Type `auths.loginTypes.StaffType`: a WeChat login that differs in some steps.

use mti::prelude::*;

/// The level that `auths.loginTypes.StaffType` contributes. The steps that it does not name are inherited.
#[derive(Debug, Level)]
pub struct StaffTypeLevel;

#[level]
impl WeChatSteps for StaffTypeLevel {
    /// Who this person is here. `this.sup()` is what would be done without this level.
    async fn match_user(&self, this: WeChat<'_>, who: Identity) -> Result<Option<UserId>> {
        this.sup().match_user(who).await
    }
}
