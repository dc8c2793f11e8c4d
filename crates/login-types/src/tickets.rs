use mti_data::{Batch, Filter};
use mti_element::{AppHandle, Failure, Result, Visitor};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::browser;
use crate::names::BIND_TICKETS;
use crate::states::alive;
use crate::token::{Token, hash_of_brought};
use crate::{Clock, fails, store};

/// How long a ticket may be used.
pub(crate) const TICKET_SECONDS: i64 = 300;

/// Proof that somebody holds an identity that is bound to nobody yet: handed out once, taken back once.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ticket<I> {
    /// The identity.
    pub(crate) identity: I,
    /// What its holder is called there.
    pub(crate) nick: Option<String>,
}

impl<I: Serialize + DeserializeOwned> Ticket<I> {
    /// Hands out a ticket of an instance.
    pub(crate) async fn issue(
        &self,
        app: &AppHandle<'_>,
        login_type: &str,
        visitor: Option<&Visitor>,
    ) -> Result<Token> {
        let ticket = Token::random();
        let row = json!({
            "ticketHash": ticket.hash(),
            "loginType": login_type,
            "identity": serde_json::to_value(&self.identity)?,
            "nick": self.nick,
            "browserHash": browser::mark_for(visitor),
            "expiresAt": Clock::of(app) + TICKET_SECONDS,
        });
        store::run(app, Batch::new().insert(BIND_TICKETS, store::row(row))).await?;
        Ok(ticket)
    }

    /// Takes a ticket back.
    pub(crate) async fn redeem(
        app: &AppHandle<'_>,
        login_type: &str,
        visitor: Option<&Visitor>,
        ticket: &str,
    ) -> Result<Self> {
        let refused = || -> Failure { fails::LOGIN_CODE_INVALID.because("this ticket has expired; please scan again") };
        let hash = hash_of_brought(ticket).ok_or_else(refused)?;
        let filter = Filter::equal("ticketHash", hash)
            & Filter::equal("loginType", login_type)
            & browser::brought_by(visitor)
            & alive(Clock::of(app));
        store::take(app, BIND_TICKETS, filter).await?.pop().ok_or_else(refused)
    }
}
