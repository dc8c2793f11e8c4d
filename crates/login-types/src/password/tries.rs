//! How often passwords may be tried. Tries are rows, so the count is exact however many processes share the database.
//!
//! A wrong password counts for the account, for the address that it came from, and for the two together: an attacker who
//! uses up what he has is refused himself, and nobody else. Many attackers together can use up what an account has;
//! then its owner still gets in from a browser in which he has signed in before, which has a count of its own.

use std::net::IpAddr;

use mti_data::{Batch, Filter};
use mti_element::{AppHandle, Fail, Result, Visitor};
use serde_json::json;

use super::known_browsers;
use super::queue::{Queue, Turn};
use crate::Clock;
use crate::names::PASSWORD_TRIES;
use crate::states::alive;
use crate::store::{self, Conflict};
use crate::token::hash_of;

/// The cookie of a browser in which somebody has signed in with a password.
pub const KNOWN_BROWSER_COOKIE: &str = "mti_known";

/// The span over which tries are counted.
pub(crate) const WINDOW_SECONDS: i64 = 900;

/// Wrong passwords for one account from one address, or from one known browser.
const MOST_FROM_ONE_PLACE: u64 = 10;

/// Wrong passwords for one account from all browsers that are not known.
const MOST_PER_ACCOUNT: u64 = 100;

/// Wrong passwords from one address, for whichever accounts, but from known browsers.
const MOST_PER_ADDRESS: u64 = 100;

/// How many tries are under way at once: fewer than one place has, so that one person's own sign-ins, which count until
/// they turn out right, do not get in each other's way.
const MOST_AT_ONCE: usize = 8;

/// The same for those who are signed in already: few, so that most of the hashing is for those who are not.
const MOST_SIGNED_IN_AT_ONCE: usize = 2;

/// What is noted down in the place of an address for calls in process. A hash of an address is 64 hexadecimal digits.
const IN_PROCESS: &str = "in-process";

/// A try that counts until it turns out to be right.
pub(crate) struct Try<'v> {
    visitor: Option<&'v Visitor>,
    account: String,
    same_place: Filter,
    _turn: Turn,
}

impl<'v> Try<'v> {
    /// Counts one more try on an account, of a visitor or of a call in process. It is counted before anything is
    /// compared, so that many at once get no further than many in turn.
    pub(crate) async fn begin(app: &AppHandle<'_>, visitor: Option<&'v Visitor>, account_name: &str) -> Result<Self> {
        let turn = turn_of(app, visitor).await?;
        let account = known_browsers::account_hash(account_name);
        let browser = match visitor {
            Some(visitor) => known_browsers::recognise(app, visitor, &account).await?.unwrap_or_default(),
            None => String::new(),
        };
        let network = visitor.map_or_else(|| IN_PROCESS.to_owned(), |visitor| network_hash(visitor.address));
        let now = Clock::of(app);
        let of_account = Filter::equal("accountHash", account.as_str());
        let of_browser = Filter::equal("browserHash", browser.as_str());
        let of_network = Filter::equal("networkHash", network.as_str());
        let row = store::row(json!({
            "accountHash": account,
            "networkHash": network,
            "browserHash": browser,
            "expiresAt": now + WINDOW_SECONDS,
        }));
        let (same_place, bounds) = if browser.is_empty() {
            let same_place = of_account.clone() & of_network.clone() & of_browser.clone();
            let of_account = (of_account & of_browser.clone(), MOST_PER_ACCOUNT);
            // A process is no address: one of its users must not shut the others out.
            let of_address = visitor.map(|_| (of_network & of_browser, MOST_PER_ADDRESS));
            (same_place, [of_account].into_iter().chain(of_address).collect())
        } else {
            (of_account & of_browser, Vec::new())
        };
        let bounds = [vec![(same_place.clone(), MOST_FROM_ONE_PLACE)], bounds].concat();
        let batch = bounds.iter().fold(Batch::new(), |batch, (filter, most)| {
            batch.require(PASSWORD_TRIES, filter.clone() & alive(now), 0..=most - 1)
        });
        match store::run(app, batch.insert(PASSWORD_TRIES, row)).await {
            Ok(_) => Ok(Self { visitor, account, same_place, _turn: turn }),
            Err(failure) if Conflict::behind(&failure) == Some(Conflict::Unmet) => {
                let address = visitor.map(|visitor| tracing::field::display(visitor.address));
                tracing::warn!(target: "mti::security", address, "too many wrong passwords");
                let failure = Fail::RATE_LIMITED.because("too many wrong passwords; please try again in 15 minutes");
                Err(failure.retry_after(wait(app, bounds, now).await?))
            }
            Err(failure) => Err(failure),
        }
    }

    /// The password was right: the tries of this account from this place count no more.
    pub(crate) async fn succeed(self, app: &AppHandle<'_>) -> Result<()> {
        store::run(app, Batch::new().delete(PASSWORD_TRIES, self.same_place)).await?;
        Ok(())
    }

    /// The same for a sign-in: the browser is known to the account from now on.
    pub(crate) async fn succeed_and_remember(self, app: &AppHandle<'_>) -> Result<()> {
        let batch = Batch::new().delete(PASSWORD_TRIES, self.same_place);
        let batch = match self.visitor {
            Some(visitor) => known_browsers::remembering(app, batch, visitor, &self.account).await?,
            None => batch,
        };
        store::run(app, batch).await?;
        Ok(())
    }
}

/// How many seconds it takes until there may be one more try in each of these bounds.
async fn wait(app: &AppHandle<'_>, bounds: Vec<(Filter, u64)>, now: i64) -> Result<u64> {
    let mut longest = 1;
    for (filter, most) in bounds {
        if store::count(app, PASSWORD_TRIES, filter.clone() & alive(now)).await? >= most {
            longest = longest
                .max(store::first_expiry(app, PASSWORD_TRIES, filter, WINDOW_SECONDS).await?.unwrap_or_default());
        }
    }
    Ok(longest)
}

/// A caller's turn to have a password tried or hashed. A visitor who is signed in already may call without limit, so such
/// visitors wait in a queue of their own and cannot take the places of those who want to sign in.
pub(crate) async fn turn_of(app: &AppHandle<'_>, visitor: Option<&Visitor>) -> Result<Turn> {
    match visitor {
        Some(Visitor { principal: Some(_), .. }) => app.resource(SignedIn::default).0.turn().await,
        Some(_) => app.resource(SigningIn::default).0.turn().await,
        None => app.resource(InProcess::default).0.turn().await,
    }
}

/// Those who want to sign in, and whose tries are under way. A resource of the process.
struct SigningIn(Queue);

impl Default for SigningIn {
    fn default() -> Self {
        Self(Queue::new(MOST_AT_ONCE))
    }
}

/// Those who are signed in, and whose passwords are tried or hashed. A resource of the process.
struct SignedIn(Queue);

impl Default for SignedIn {
    fn default() -> Self {
        Self(Queue::new(MOST_SIGNED_IN_AT_ONCE))
    }
}

/// Calls in process that try a password. A resource of the process.
struct InProcess(Queue);

impl Default for InProcess {
    fn default() -> Self {
        Self(Queue::new(MOST_AT_ONCE))
    }
}

/// What counts as one address. Whoever has one IPv6 address has a whole /64 of them.
fn network_hash(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => hash_of(&address.to_string()),
        IpAddr::V6(address) => hash_of(&format!("{:x}/64", u128::from(address) >> 64)),
    }
}
