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

/// Who brings back what a sign-in handed out.
#[derive(Debug)]
pub(crate) enum Bearer {
    /// A call in process.
    Trusted,
    /// A visitor, with the browser that he is known by.
    Visitor(Option<Browser>),
}

impl Bearer {
    pub(crate) fn of(visitor: Option<&Visitor>) -> Self {
        visitor.map_or(Self::Trusted, |visitor| Self::Visitor(Browser::of(visitor)))
    }

    /// What is noted down with a thing that is handed to him: nothing when it was asked for in process.
    pub(crate) fn mark(&self) -> &str {
        match self {
            Self::Visitor(Some(browser)) => browser.hash(),
            Self::Trusted | Self::Visitor(None) => "",
        }
    }

    /// The rows of things that he may bring back: those of his browser, and those that were handed out in process.
    pub(crate) fn filter(&self) -> Filter {
        match self {
            Self::Trusted => Filter::All,
            Self::Visitor(None) => Filter::equal("browserHash", ""),
            Self::Visitor(Some(browser)) => {
                let allowed = vec![Literal::from(browser.hash()), Literal::from("")];
                Filter::compare("browserHash", Operator::In, Literal::List(allowed))
            }
        }
    }
}
