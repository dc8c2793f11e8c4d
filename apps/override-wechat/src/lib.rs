//! An audit of every WeChat sign-in, whoever declared the login.

use mti::prelude::*;

/// What this app adds to `auths.loginTypes.WeChatType`: a row of `audits.models.SignIn` for every login code.
#[derive(Debug, Level)]
pub struct Audited;

#[level]
impl WeChatSteps for Audited {
    /// A code that cannot be written down is told to nobody.
    async fn issue_login_code(&self, this: WeChat<'_>, sign_in: SignIn) -> Result<Option<LoginCode>> {
        let row = row! {
            "loginType": this.name(),
            "userId": &sign_in.user_id,
            "address": this.visitor().map(|visitor| visitor.address.to_string()),
            "signedInAt": Clock::of(&this.app()),
        };
        let issued = this.sup().issue_login_code(sign_in).await?;
        if issued.is_some() {
            this.app().get::<Model<'_>>("audits.models.SignIn")?.create(row).await?;
        }
        Ok(issued)
    }
}

/// The `mti` command with the code of this app.
pub fn program() -> mti::Program {
    mti::main().level::<Audited>("acme.override-wechat", mti::login_types::WECHAT_TYPE)
}
