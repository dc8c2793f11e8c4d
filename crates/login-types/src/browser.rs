use mti_data::Filter;
use mti_data::q::{Literal, Operator};
use mti_element::{Cookie, Visitor};

use crate::token::{Token, hash_of_brought};

/// The cookie that ties what a sign-in hands out to the browser that began it.
pub const BROWSER_COOKIE: &str = "mti_browser";

/// Every authorization that is begun renews it, so it only has to outlive one.
const LIFETIME_SECONDS: u64 = 24 * 60 * 60;

/// A browser, known by the hash of its cookie.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    hash: String,
}

impl Browser {
    /// The visitor's browser, if it has been here before.
    pub(crate) fn of(visitor: &Visitor) -> Option<Self> {
        let cookie = visitor.cookie(BROWSER_COOKIE)?;
        hash_of_brought(cookie.reveal()).map(|hash| Self { hash })
    }

    /// Gives the visitor's browser its cookie, if it has none.
    pub(crate) fn greet(visitor: &Visitor) {
        if Self::of(visitor).is_none() {
            Self::of_or_new(visitor);
        }
    }

    /// The visitor's browser; it gets a cookie if it has none.
    pub(crate) fn of_or_new(visitor: &Visitor) -> Self {
        let known = Self::of(visitor).zip(visitor.cookie(BROWSER_COOKIE).cloned());
        let (browser, value) = known.unwrap_or_else(|| {
            let token = Token::random();
            (Self { hash: token.hash() }, token.to_secret())
        });
        visitor.set_cookie(Cookie { name: BROWSER_COOKIE, value, max_age_seconds: LIFETIME_SECONDS });
        browser
    }

    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }
}

/// What is noted down with a thing that was asked for in process. The hash of a browser is 64 hexadecimal digits, so no
/// visitor is ever known by this; nor by nothing, as one without a cookie would be.
const IN_PROCESS: &str = "in-process";

/// What is noted down with a thing that is handed to somebody. A visitor who has no cookie yet gets one: what is his can
/// be brought back by his browser only.
pub(crate) fn mark_for(visitor: Option<&Visitor>) -> String {
    visitor.map_or_else(|| IN_PROCESS.to_owned(), |visitor| Browser::of_or_new(visitor).hash)
}

/// The rows of things that somebody may bring back: in process all of them, otherwise those of his browser, and those
/// that were handed out in process.
pub(crate) fn brought_by(visitor: Option<&Visitor>) -> Filter {
    let Some(visitor) = visitor else { return Filter::All };
    let mut marks = vec![Literal::from(IN_PROCESS)];
    marks.extend(Browser::of(visitor).map(|browser| Literal::from(browser.hash)));
    Filter::compare("browserHash", Operator::In, Literal::List(marks))
}
