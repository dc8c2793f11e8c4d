//! A WeChat login for the members of one organisation.

use mti::login_types::LoginCode;
use mti::prelude::*;
use serde::Deserialize;

/// The code of `auths.loginTypes.MembersOnlyType`: what it changes of the WeChat login below it.
#[derive(Debug, Deserialize, Level)]
#[serde(rename_all = "camelCase")]
pub struct MembersOnly {
    corp_id: String,
}

#[level]
impl WeChatSteps for MembersOnly {
    /// Whoever is no member has no organisation to sign in to.
    async fn list_corps(&self, this: WeChat<'_>, user_id: UserId) -> Result<Vec<Corp>> {
        let mut corps = this.sup().list_corps(user_id).await?;
        corps.retain(|corp| corp.corp_id == self.corp_id);
        if corps.is_empty() {
            return Err(Fail::PERMISSION_DENIED.because("only members may sign in here: ask to be made one"));
        }
        Ok(corps)
    }

    /// Whoever registers goes by the name that he has in WeChat, whatever he says that it is.
    async fn register(&self, this: WeChat<'_>, bind_ticket: String, _: Option<String>) -> Result<LoginCode> {
        this.sup().register(bind_ticket, None).await
    }
}

/// The `mti` command with the code of this app.
pub fn program() -> mti::Program {
    mti::main().level::<MembersOnly>("acme.members-only", "auths.loginTypes.MembersOnlyType")
}
