use std::fmt;

use mti_element::{Fail, REDACTED, Result, Secret, StepValue, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{LoginCode, Token};

/// The application at the WeChat open platform.
///
/// Its JSON form names it and hides the secret; so does its `Debug` form. A JSON form cannot be read back while its
/// secret is hidden: a placeholder must not become a secret.
#[derive(Debug, Clone)]
pub struct AuthConfig {
    /// The application's public identifier.
    pub app_id: String,
    /// Its secret.
    pub app_secret: Secret,
}

impl StepValue for AuthConfig {
    fn into_wire(self) -> Result<Value> {
        Ok(json!({ "appId": self.app_id, "appSecret": REDACTED }))
    }

    fn into_language(self) -> Result<Value> {
        Ok(json!({ "appId": self.app_id, "appSecret": self.app_secret.seal() }))
    }

    fn from_wire(value: Value) -> Result<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire {
            app_id: String,
            app_secret: Secret,
        }
        let wrong =
            || Fail::ELEMENT_EXCEPTION.failure().noting("`authConfig` must be an object with `appId` and `appSecret`");
        // Serde's message could quote the secret.
        let Wire { app_id, app_secret } = serde_json::from_value(value).map_err(|_| wrong())?;
        if app_secret.reveal() == REDACTED {
            return Err(
                wrong().noting("the `appSecret` of `authConfig` is hidden outside native levels: give the real one")
            );
        }
        Ok(Self { app_id, app_secret })
    }
}

/// What `getLoginConfig` answers with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginConfig {
    /// Whether the login may be used.
    pub is_active: bool,
    /// The name of the Type.
    pub auth_type: String,
    /// The application, as far as everybody may know it.
    pub auth_config: PublicAuthConfig,
}

/// What everybody may know of the application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublicAuthConfig {
    /// Its public identifier.
    pub app_id: String,
}

/// What `getAuthorizeUrl` answers with.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizeUrl {
    /// Where to send the browser.
    pub url: String,
    /// What comes back with the code, and belongs to this browser.
    pub state: Token,
    /// How many seconds there are to come back in.
    pub expires_in: i64,
    /// How the page that asked should show the QR code; absent, it shows WeChat's page in a frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_display: Option<CodeDisplay>,
}

/// Who shows the QR code, and thereby says what the phone does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodeDisplay {
    /// WeChat's page, in a frame.
    Frame,
    /// The page that people sign in on, by `showCode` and `followCode`.
    Own,
}

/// What `showCode` answers with.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownCode {
    /// The picture to scan, as a `data:` URL.
    pub picture: String,
    /// How many seconds there are to confirm in. WeChat may make an end of the code earlier.
    pub expires_in: i64,
}

impl fmt::Debug for ShownCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ShownCode").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// What `followCode` answers with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FollowedCode {
    /// What the phone has done.
    pub status: CodeStatus,
    /// Of a code that was confirmed, what `getLoginCode` or `bind` answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<CodeResult>,
}

/// What a phone has done with a QR code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodeStatus {
    /// Nothing yet.
    Waiting,
    /// Somebody scanned it, and is asked whether he agrees.
    Scanned,
    /// He did not agree. The code can be scanned again.
    Cancelled,
    /// The code is of no use any more: another one has to be shown.
    Expired,
    /// He agreed.
    Confirmed,
}

/// What a confirmed QR code led to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CodeResult {
    /// Somebody signs in.
    Login(LoginCode),
    /// The account is bound.
    Bind(Done),
}

/// A QR code of WeChat's.
#[derive(Clone, Serialize, Deserialize)]
pub struct OpenedCode {
    /// WeChat's name of it. Whoever has it can follow the code: it is for no browser.
    pub uuid: String,
    /// Its picture, as a `data:` URL.
    pub picture: String,
}

impl fmt::Debug for OpenedCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OpenedCode").finish_non_exhaustive()
    }
}

/// What WeChat says of a QR code.
#[derive(Clone, Serialize, Deserialize)]
pub struct CodeNews {
    /// What the phone has done.
    pub status: CodeStatus,
    /// The authorization code, when it is confirmed.
    #[serde(default)]
    pub code: Option<String>,
}

impl From<CodeStatus> for CodeNews {
    fn from(status: CodeStatus) -> Self {
        Self { status, code: None }
    }
}

impl fmt::Debug for CodeNews {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CodeNews").field("status", &self.status).finish_non_exhaustive()
    }
}

impl fmt::Debug for AuthorizeUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address holds the state.
        formatter.debug_struct("AuthorizeUrl").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// The answer of `bind` and `unbind`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Always true.
    pub success: bool,
    /// Always `操作成功`.
    pub message: String,
}

impl Done {
    /// The one answer.
    pub fn new() -> Self {
        Self { success: true, message: "操作成功".to_owned() }
    }
}

impl Default for Done {
    fn default() -> Self {
        Self::new()
    }
}

/// What `getUserAuthInfo` answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserAuthInfo {
    /// Whether one can sign in with it.
    pub is_active: bool,
}

/// What WeChat tells about a person. None of it identifies anybody; escape it wherever it is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// What the person calls himself.
    pub nickname: String,
    /// Address of a picture.
    pub avatar: Option<String>,
    /// The person across applications, if WeChat says so here.
    pub union_id: Option<String>,
}

impl fmt::Debug for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Profile").finish_non_exhaustive()
    }
}
