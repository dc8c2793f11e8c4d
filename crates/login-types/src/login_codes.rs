use mti_data::{Batch, Filter};
use mti_element::{AppHandle, Fail, Result, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::browser;
use crate::names::LOGIN_CODES;
use crate::states::alive;
use crate::store::{self, Conflict};
use crate::token::{Token, hash_of_brought};
use crate::{Clock, Corp, UserId, fails};

/// How long a login code may be used.
pub(crate) const CODE_SECONDS: i64 = 300;

/// How often a wrong organisation may be named with one login code.
const MOST_TRIES: i64 = 5;

/// What `getLoginCode` answers with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoginCode {
    /// Good for one session.
    pub login_code: Token,
    /// The organisations to choose from.
    pub corp_list: Vec<Corp>,
}

/// Somebody who has shown who he is, and what a login code is issued for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// The user.
    pub user_id: UserId,
    /// The organisations that the user may choose from.
    pub corps: Vec<Corp>,
    /// What connects identity and user, such as `wechat:<appId>`: when it is dissolved, the codes and sessions that
    /// came through it end.
    pub binding: String,
    /// The row that says so, which has to be there still when the code is issued.
    pub evidence: Option<Evidence>,
}

/// A row that connects an identity to a user.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// The model.
    pub model: String,
    /// The row's primary key.
    pub id: i64,
}

/// Issues a login code, to be brought back by the browser of the visitor; none when the evidence has gone meanwhile.
pub(crate) async fn issue(
    app: &AppHandle<'_>,
    login_type: &str,
    visitor: Option<&Visitor>,
    sign_in: SignIn,
) -> Result<Option<LoginCode>> {
    let code = Token::random();
    let mut batch = Batch::new();
    if let Some(evidence) = &sign_in.evidence {
        let still_there = Filter::equal("id", evidence.id) & Filter::equal("userId", sign_in.user_id.as_str());
        batch = batch.require(&evidence.model, still_there, 1..=1);
    }
    let row = store::row(json!({
        "codeHash": code.hash(),
        "loginType": login_type,
        "binding": sign_in.binding,
        "userId": sign_in.user_id,
        "corps": sign_in.corps,
        "browserHash": browser::mark_for(visitor),
        "tries": 0,
        "expiresAt": Clock::of(app) + CODE_SECONDS,
    }));
    match store::run(app, batch.insert(LOGIN_CODES, row)).await {
        Ok(_) => Ok(Some(LoginCode { login_code: code, corp_list: sign_in.corps })),
        Err(failure) if Conflict::behind(&failure) == Some(Conflict::Unmet) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// A login code that somebody brought back and that is good.
#[derive(Debug)]
pub(crate) struct BroughtCode {
    /// The row, as long as it is good.
    pub(crate) filter: Filter,
    /// What it says.
    pub(crate) row: CodeRow,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CodeRow {
    pub(crate) login_type: String,
    pub(crate) binding: String,
    pub(crate) user_id: UserId,
    corps: Vec<Corp>,
    tries: i64,
}

impl BroughtCode {
    /// Finds the code among those that the bearer may bring; it is not used up yet.
    pub(crate) async fn find(app: &AppHandle<'_>, allowed: Filter, code: &str) -> Result<Self> {
        let hash = hash_of_brought(code).ok_or(fails::LOGIN_CODE_INVALID)?;
        let filter = Filter::equal("codeHash", hash)
            & alive(Clock::of(app))
            & allowed
            & Filter::compare("tries", mti_data::q::Operator::Less, MOST_TRIES);
        let row = store::one(app, LOGIN_CODES, filter.clone()).await?.ok_or(fails::LOGIN_CODE_INVALID)?;
        Ok(Self { filter, row })
    }

    /// The organisation that is meant by an id or a name of the list; none, written as an empty text, when the list is
    /// empty. A wrong one counts as a try.
    pub(crate) async fn choose(&self, app: &AppHandle<'_>, corp: &str) -> Result<String> {
        if corp.is_empty() && self.row.corps.is_empty() {
            return Ok(String::new());
        }
        if let Some(chosen) = self.row.corps.iter().find(|offered| offered.corp_id == corp) {
            return Ok(chosen.corp_id.clone());
        }
        let mut named = self.row.corps.iter().filter(|offered| offered.corp_name == corp);
        match (named.next(), named.next()) {
            (Some(chosen), None) => Ok(chosen.corp_id.clone()),
            (Some(_), Some(_)) => Err(Fail::API_PARAMS_ERROR
                .because("several of the organisations have this name; choose one by its `corpId`")),
            (None, _) => Err(self.count_try(app).await?),
        }
    }

    /// Counts one try, however many are made at once.
    async fn count_try(&self, app: &AppHandle<'_>) -> Result<mti_element::Failure> {
        for tries in self.row.tries..MOST_TRIES {
            let seen = self.filter.clone() & Filter::equal("tries", tries);
            let counted = store::row(json!({ "tries": tries + 1 }));
            let outcomes = store::run(app, Batch::new().update(LOGIN_CODES, seen, counted)).await?;
            if outcomes.iter().any(|outcome| !outcome.rows().is_empty()) {
                return Ok(fails::CORP_NOT_FOUND.failure());
            }
        }
        Ok(fails::LOGIN_CODE_INVALID.failure())
    }
}
