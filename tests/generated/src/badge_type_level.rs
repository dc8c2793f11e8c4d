//! The code of the login Type `auths.loginTypes.BadgeType`.

use mti::prelude::*;
use serde_json::json;

/// What was shown proves nothing.
pub const PROOF_INVALID: Fail = Fail::new("PROOF_INVALID", 90001, 401, "this does not say who you are");

steps! {
    /// BadgeType. What it has in common with every login is in the steps of the Meta.
    "auths.loginTypes.BadgeType": BadgeType, BadgeTypeSteps {
        /// Signs in with what proves who somebody is.
        "getLoginCode" fn get_login_code(proof: String) -> LoginCode;
        /// Whose proof it is; nobody's, when it is none. Visitors cannot call this.
        "identify" fn identify(proof: String) -> Option<UserId>;
    }
}

/// The level that `auths.loginTypes.BadgeType` contributes.
#[derive(Debug, Level)]
pub struct BadgeTypeLevel;

#[level(BadgeTypeSteps)]
impl LoginTypeSteps for BadgeTypeLevel {
    async fn auth_type(&self, _: LoginType<'_>) -> Result<String> {
        Ok("BadgeType".to_owned())
    }

    async fn is_active(&self, _: LoginType<'_>) -> Result<bool> {
        Ok(true)
    }

    /// What the sign-in page is told. Never a secret.
    async fn get_login_config(&self, this: LoginType<'_>) -> Result<Value> {
        let (is_active, auth_type) = (this.is_active().await?, this.auth_type().await?);
        Ok(json!({ "isActive": is_active, "authType": auth_type, "authConfig": {} }))
    }
}

#[level(part)]
impl BadgeTypeSteps for BadgeTypeLevel {
    async fn get_login_code(&self, this: BadgeType<'_>, proof: String) -> Result<LoginCode> {
        if !this.through::<LoginType<'_>>()?.is_active().await? {
            return Err(fails::LOGIN_TYPE_INACTIVE.into());
        }
        let user = this.identify(proof).await?.ok_or(PROOF_INVALID)?;
        let (login_type, binding) = (this.name().to_owned(), this.name().to_owned());
        let app = this.app();
        let service = app.get::<AuthService<'_>>(AUTH_SERVICE)?;
        let issued = service.issue_login_code(login_type, user, binding, None).await?;
        Ok(issued.ok_or(PROOF_INVALID)?)
    }

    async fn identify(&self, _: BadgeType<'_>, _proof: String) -> Result<Option<UserId>> {
        // Nobody gets in until this says whose proof it is: of a row of a model of yours, or of another service.
        Ok(None)
    }
}
