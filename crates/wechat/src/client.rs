use std::time::Duration;

use mti_secret::Secret;
use url::Url;

use crate::answer::{Answer, Defect};
use crate::code::AuthorizationCode;
use crate::credentials::AppCredentials;
use crate::endpoints::{Endpoints, join};
use crate::error::{Refusal, UnavailableCause, WeChatError};
use crate::identity::OpenId;
use crate::operation::Operation;
use crate::profile::{Language, Profile};
use crate::qr_code::{QrCode, QrPicture, QrProgress, QrUuid, is_page_at};
use crate::tokens::Tokens;
use crate::transport::{Deadline, build_client, fetch};

/// How WeChat says that it is busy.
const BUSY: i64 = -1;

/// Calls the open platform's server interfaces, and those that its authorize page uses.
///
/// Make one per process and clone it: clones share their connections. Every call takes the time that it may
/// use in all; an answer of errcode -1 is asked for once more within that time, nothing else is ever retried.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
}

impl Client {
    /// Builds a client that trusts the system's certificates (`SSL_CERT_FILE` and `SSL_CERT_DIR` name others)
    /// and uses no proxy, whatever the environment says: a proxy would see the secret of an `http` exchange.
    pub fn new() -> Result<Self, WeChatError> {
        Ok(Self { http: build_client()? })
    }

    /// Trades a code for tokens. A code is good for one successful exchange.
    pub async fn exchange_code(
        &self,
        endpoints: &Endpoints,
        credentials: &AppCredentials,
        code: &AuthorizationCode,
        deadline: Duration,
    ) -> Result<Tokens, WeChatError> {
        let call = Call {
            operation: Operation::ExchangeCode,
            parameters: &[
                ("appid", &credentials.app_id),
                ("secret", credentials.app_secret.reveal()),
                ("code", code.reveal()),
                ("grant_type", "authorization_code"),
            ],
            parse: Answer::parse,
        };
        let answer = self.ask(endpoints, &call, deadline).await?;
        Tokens::from_answer(&answer).map_err(|defect| malformed(call.operation, defect))
    }

    /// Trades a refresh token for tokens. The answer has no unionId.
    pub async fn refresh(
        &self,
        endpoints: &Endpoints,
        app_id: &str,
        refresh_token: &Secret,
        deadline: Duration,
    ) -> Result<Tokens, WeChatError> {
        let call = Call {
            operation: Operation::Refresh,
            parameters: &[
                ("appid", app_id),
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh_token.reveal()),
            ],
            parse: Answer::parse,
        };
        let answer = self.ask(endpoints, &call, deadline).await?;
        Tokens::from_answer(&answer).map_err(|defect| malformed(call.operation, defect))
    }

    /// Asks whether an access token is still good for a person.
    pub async fn check_token(
        &self,
        endpoints: &Endpoints,
        access_token: &Secret,
        open_id: &OpenId,
        deadline: Duration,
    ) -> Result<(), WeChatError> {
        let call = Call {
            operation: Operation::CheckToken,
            parameters: &[("access_token", access_token.reveal()), ("openid", open_id.as_str())],
            parse: Answer::parse,
        };
        let answer = self.ask(endpoints, &call, deadline).await?;
        match answer.errcode() {
            Ok(Some(0)) => Ok(()),
            _ => Err(malformed(call.operation, "`errcode` is missing")),
        }
    }

    /// Fetches what WeChat tells about a person. An answer about anybody else is an error.
    pub async fn user_info(
        &self,
        endpoints: &Endpoints,
        access_token: &Secret,
        open_id: &OpenId,
        language: Language,
        deadline: Duration,
    ) -> Result<Profile, WeChatError> {
        let call = Call {
            operation: Operation::UserInfo,
            parameters: &[
                ("access_token", access_token.reveal()),
                ("openid", open_id.as_str()),
                ("lang", language.as_str()),
            ],
            parse: Answer::parse_profile,
        };
        let answer = self.ask(endpoints, &call, deadline).await?;
        let profile = Profile::from_answer(&answer).map_err(|defect| malformed(call.operation, defect))?;
        if profile.open_id != *open_id {
            return Err(WeChatError::IdentityMismatch { operation: call.operation });
        }
        Ok(profile)
    }

    /// Opens an authorize page, as a browser would, and fetches the QR code that it shows.
    pub async fn open_qr_code(
        &self,
        endpoints: &Endpoints,
        page: Url,
        deadline: Duration,
    ) -> Result<QrCode, WeChatError> {
        let operation = Operation::AuthorizePage;
        if !is_page_at(&page, endpoints.open()) {
            return Err(malformed(operation, "the authorize page is somewhere else than `endpoints.open`"));
        }
        let deadline = Deadline::starting_now(deadline);
        let body = self.fetch(operation, page, deadline).await?;
        let uuid = QrUuid::of_page(&body).map_err(|defect| malformed(operation, defect))?;
        let operation = Operation::QrPicture;
        let mut address = join(endpoints.open(), operation.path());
        address = join(&address, &[uuid.reveal()]);
        let body = self.fetch(operation, address, deadline).await?;
        let picture = QrPicture::of_answer(body).map_err(|defect| malformed(operation, defect))?;
        Ok(QrCode { uuid, picture })
    }

    /// Waits for the phone to do something else with a QR code than it was seen doing last. WeChat holds such a poll for
    /// some 25 seconds; when the time that it may take here is over, nothing has changed either.
    pub async fn follow_qr_code(
        &self,
        endpoints: &Endpoints,
        uuid: &QrUuid,
        seen: QrProgress,
        deadline: Duration,
    ) -> Result<QrProgress, WeChatError> {
        let operation = Operation::QrPoll;
        let mut address = join(endpoints.poll(), operation.path());
        address.query_pairs_mut().append_pair("uuid", uuid.reveal());
        if let Some(last) = seen.as_last() {
            address.query_pairs_mut().append_pair("last", last);
        }
        match self.fetch(operation, address, Deadline::starting_now(deadline)).await {
            Err(WeChatError::Unavailable { cause: UnavailableCause::Timeout, .. }) => Ok(seen),
            Err(error) => Err(error),
            Ok(body) => QrProgress::of_answer(&body).map_err(|defect| malformed(operation, defect)),
        }
    }

    async fn ask(&self, endpoints: &Endpoints, call: &Call<'_>, deadline: Duration) -> Result<Answer, WeChatError> {
        let deadline = Deadline::starting_now(deadline);
        match self.attempt(endpoints, call, deadline).await {
            Err(WeChatError::Refused(refusal)) if refusal.errcode == BUSY => {
                tracing::debug!(operation = %call.operation, rid = refusal.rid, "WeChat is busy, trying once more");
                let pause = Duration::from_millis(rand::random_range(50..=250));
                if deadline.remaining().is_none_or(|left| left <= pause) {
                    return Err(WeChatError::Refused(refusal));
                }
                tokio::time::sleep(pause).await;
                self.attempt(endpoints, call, deadline).await.map_err(|error| match error {
                    WeChatError::Refused(refusal) => WeChatError::Refused(Refusal { retried: true, ..refusal }),
                    other => other,
                })
            }
            outcome => outcome,
        }
    }

    async fn attempt(&self, endpoints: &Endpoints, call: &Call<'_>, deadline: Deadline) -> Result<Answer, WeChatError> {
        let operation = call.operation;
        let mut address = join(endpoints.api(), operation.path());
        address.query_pairs_mut().extend_pairs(call.parameters);
        let body = self.fetch(operation, address, deadline).await?;
        let answer = (call.parse)(&body).map_err(|defect| malformed(operation, defect))?;
        // Success may carry an errcode of 0: its presence says nothing.
        match answer.errcode().map_err(|defect| malformed(operation, defect))? {
            None | Some(0) => Ok(answer),
            Some(errcode) => {
                Err(WeChatError::Refused(Refusal { operation, errcode, rid: answer.rid(), retried: false }))
            }
        }
    }

    async fn fetch(&self, operation: Operation, address: Url, deadline: Deadline) -> Result<Vec<u8>, WeChatError> {
        let answer = fetch(&self.http, address, deadline).await;
        answer.map_err(|cause| WeChatError::Unavailable { operation, cause })
    }
}

/// One request, and how its answer is read.
struct Call<'a> {
    operation: Operation,
    parameters: &'a [(&'a str, &'a str)],
    parse: fn(&[u8]) -> Result<Answer, Defect>,
}

fn malformed(operation: Operation, defect: Defect) -> WeChatError {
    WeChatError::Unavailable { operation, cause: UnavailableCause::Malformed(defect) }
}
