use std::time::Duration;

use mti_secret::Secret;

use crate::answer::{Answer, Defect};
use crate::identity::{OpenId, UnionId};

/// What a code or a refresh token is worth.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Opens `/sns/userinfo`, for two hours as a rule.
    pub access_token: Secret,
    /// Opens new access tokens without any secret: to be guarded like a password.
    pub refresh_token: Option<Secret>,
    /// How long the access token lives, when WeChat said so.
    pub expires_in: Option<Duration>,
    /// Who signed in.
    pub open_id: OpenId,
    /// Who signed in, across the applications of one open-platform account. An empty one counts as none.
    pub union_id: Option<UnionId>,
    /// What was granted, separated by commas.
    pub scope: String,
    /// The openId is virtual and may stand for several people: such an answer must not sign anybody in.
    pub is_snapshot_user: bool,
}

impl Tokens {
    pub(crate) fn from_answer(answer: &Answer) -> Result<Self, Defect> {
        let access_token = answer.required_text("access_token", "`access_token` is missing")?;
        let refresh_token = answer.optional_text("refresh_token", "`refresh_token` is not a text")?;
        let expires_in = answer
            .optional_integer("expires_in", "`expires_in` is no integer")?
            .map(|seconds| u64::try_from(seconds).map_err(|_| "`expires_in` is negative"))
            .transpose()?;
        Ok(Self {
            access_token: Secret::new(access_token.to_owned()),
            refresh_token: refresh_token.map(|token| Secret::new(token.to_owned())),
            expires_in: expires_in.map(Duration::from_secs),
            open_id: answer.open_id()?,
            union_id: answer.union_id()?,
            scope: answer.display_text("scope"),
            is_snapshot_user: answer.flag("is_snapshotuser", "`is_snapshotuser` is neither a number nor a boolean")?,
        })
    }
}
