use std::collections::HashSet;
use std::time::Duration;

use crate::bounded::BoundedMap;
use crate::identifiers::random_text;

/// How many codes, and tokens of each kind, are remembered.
const CAPACITY: usize = 10_000;

/// Everything that was handed out.
#[derive(Debug)]
pub(crate) struct Grants {
    pub(crate) codes: BoundedMap<Code>,
    pub(crate) access_tokens: BoundedMap<Token>,
    pub(crate) refresh_tokens: BoundedMap<RefreshToken>,
    /// Who has signed in to what, for unionIds that appear late.
    acquainted: HashSet<(String, String)>,
}

/// Who authorized which application, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authorization {
    pub(crate) app_id: String,
    pub(crate) person_id: String,
    pub(crate) scope: String,
}

/// A code, good for one exchange.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) authorization: Authorization,
    pub(crate) created: Duration,
    pub(crate) is_used: bool,
}

/// An access token.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) authorization: Authorization,
    pub(crate) created: Duration,
}

/// A refresh token, and the access token that it renews.
#[derive(Debug, Clone)]
pub(crate) struct RefreshToken {
    pub(crate) authorization: Authorization,
    pub(crate) created: Duration,
    pub(crate) access_token: String,
}

impl Grants {
    pub(crate) fn new() -> Self {
        Self {
            codes: BoundedMap::new(CAPACITY),
            access_tokens: BoundedMap::new(CAPACITY),
            refresh_tokens: BoundedMap::new(CAPACITY),
            acquainted: HashSet::new(),
        }
    }

    pub(crate) fn issue_code(&mut self, authorization: Authorization, now: Duration) -> String {
        let code = format!("0{}", random_text(31));
        self.codes.insert(code.clone(), Code { authorization, created: now, is_used: false });
        code
    }

    pub(crate) fn issue_access_token(&mut self, authorization: Authorization, now: Duration) -> String {
        let token = format!("99_{}", random_text(100));
        self.access_tokens.insert(token.clone(), Token { authorization, created: now });
        token
    }

    pub(crate) fn issue_refresh_token(
        &mut self,
        authorization: Authorization,
        access_token: String,
        now: Duration,
    ) -> String {
        let token = format!("99_{}", random_text(100));
        let grant = RefreshToken { authorization, created: now, access_token };
        self.refresh_tokens.insert(token.clone(), grant);
        token
    }

    /// Notes that a person signs in to an application, and says whether it is the first time.
    pub(crate) fn is_first_login(&mut self, person_id: &str, app_id: &str) -> bool {
        let pair = (person_id.to_owned(), app_id.to_owned());
        let is_first = !self.acquainted.contains(&pair);
        if self.acquainted.len() < CAPACITY {
            self.acquainted.insert(pair);
        }
        is_first
    }
}
