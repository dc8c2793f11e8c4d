//! Browsers in which somebody has given the right password before. Whoever tries passwords elsewhere cannot shut them out.

use mti_data::q::Literal;
use mti_data::q::Operator;
use mti_data::{Batch, Filter};
use mti_element::{AppHandle, Cookie, Result, Visitor};
use serde::Deserialize;
use serde_json::json;

use super::tries::KNOWN_BROWSER_COOKIE;
use crate::names::KNOWN_BROWSERS;
use crate::states::alive;
use crate::token::{Token, hash_of, hash_of_brought};
use crate::{Clock, store};

/// How long a browser stays known after the last sign-in.
pub(crate) const LIFETIME_SECONDS: i64 = 180 * 24 * 60 * 60;

/// How many browsers of one account are known.
const MOST_PER_ACCOUNT: usize = 20;

#[derive(Deserialize)]
struct Key {
    id: i64,
}

/// What an account is known by here and where tries are counted: names that are typed wrong may be passwords.
pub(crate) fn account_hash(name: &str) -> String {
    hash_of(&format!("password login\n{name}"))
}

/// The hash of the visitor's browser, if it is known to the account.
pub(crate) async fn recognise(app: &AppHandle<'_>, visitor: &Visitor, account: &str) -> Result<Option<String>> {
    let Some(hash) = brought_by(visitor) else { return Ok(None) };
    let row = Filter::equal("browserHash", hash.as_str()) & Filter::equal("accountHash", account);
    let known: Option<Key> = store::one(app, KNOWN_BROWSERS, row & alive(Clock::of(app))).await?;
    Ok(known.map(|_| hash))
}

/// Adds to a batch that the visitor's browser is known to the account from now on. The browser gets a new cookie each
/// time, so that nobody can plant one and share in what it is good for.
pub(crate) async fn remembering(app: &AppHandle<'_>, batch: Batch, visitor: &Visitor, account: &str) -> Result<Batch> {
    let token = Token::random();
    let of_account = Filter::equal("accountHash", account);
    let mut batch = batch;
    if let Some(earlier) = brought_by(visitor) {
        let earlier = Filter::equal("browserHash", earlier);
        batch = batch.delete(KNOWN_BROWSERS, earlier.clone() & of_account.clone());
        // The browser stays known to others who sign in with it.
        batch = batch.update(KNOWN_BROWSERS, earlier, store::row(json!({ "browserHash": token.hash() })));
    }
    let known: Vec<Key> = store::newest(app, KNOWN_BROWSERS, of_account, 2 * MOST_PER_ACCOUNT as u64).await?;
    let surplus: Vec<_> = known.into_iter().skip(MOST_PER_ACCOUNT - 1).map(|key| Literal::from(key.id)).collect();
    if !surplus.is_empty() {
        batch = batch.delete(KNOWN_BROWSERS, Filter::compare("id", Operator::In, Literal::List(surplus)));
    }
    let row = json!({
        "browserHash": token.hash(),
        "accountHash": account,
        "expiresAt": Clock::of(app) + LIFETIME_SECONDS,
    });
    visitor.set_cookie(Cookie {
        name: KNOWN_BROWSER_COOKIE,
        value: token.to_secret(),
        max_age_seconds: LIFETIME_SECONDS.unsigned_abs(),
    });
    Ok(batch.insert(KNOWN_BROWSERS, store::row(row)))
}

/// Adds to a batch that no browser is known to the account any more.
pub(crate) fn forgetting(batch: Batch, name: &str) -> Batch {
    batch.delete(KNOWN_BROWSERS, Filter::equal("accountHash", account_hash(name)))
}

fn brought_by(visitor: &Visitor) -> Option<String> {
    hash_of_brought(visitor.cookie(KNOWN_BROWSER_COOKIE)?.reveal())
}
