use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What can be turned while the simulator runs. The default is WeChat on a good day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Knobs {
    /// `Content-Type` of the server interfaces.
    pub content_type: String,
    /// How an error's text ends.
    pub rid_style: RidStyle,
    /// Whether `/` is written `\/` in JSON.
    pub escape_slash: bool,
    /// What happens when the user refuses.
    pub deny_mode: DenyMode,
    /// Whether the callback is requested twice.
    pub double_callback: bool,
    /// Life of a code, in seconds.
    pub code_ttl: u64,
    /// Life of a QR picture, in seconds.
    pub qr_ttl: u64,
    /// Life of an access token, in seconds.
    pub token_ttl: u64,
    /// Life of a refresh token, in seconds.
    pub refresh_ttl: u64,
    /// What a refresh brings.
    pub refresh_semantics: RefreshSemantics,
    /// Errcode of an expired code: 40029, or 42003 as documented.
    pub expired_code_errcode: i64,
    /// Whether applications learn unionIds.
    pub union_id: UnionIdMode,
    /// Who is marked as a snapshot user.
    pub snapshot: SnapshotMode,
    /// Whether nobody tells his name and picture.
    pub privacy: bool,
    /// What nicknames look like.
    pub nickname: Nickname,
    /// Id of the person who holds the phone where nobody is asked (`snsapi_base`); `None` is the first.
    pub phone_owner: Option<String>,
    /// Whether `/connect/oauth2/authorize` insists on the documented order of parameters.
    pub strict_order: bool,
    /// Whether `/connect/qrconnect` does too.
    pub strict_order_qrconnect: bool,
    /// Whether `redirect_uri` must be encoded completely.
    pub strict_encoding: bool,
    /// Longest `state` on `/connect/oauth2/authorize`.
    pub state_max: usize,
    /// Whether a port in `redirect_uri` is refused, as WeChat does.
    pub refuse_ports: bool,
    /// Whether `/connect/oauth2/authorize` wants WeChat's own browser.
    pub require_wechat_browser: bool,
    /// Whether the server interfaces take `POST`.
    pub accept_post: bool,
    /// The addresses that may exchange codes; `None` is all, others get 40164.
    pub ip_allow_list: Option<Vec<IpAddr>>,
    /// Calls per minute and interface before 45011.
    pub minute_quota: Option<u32>,
    /// Calls per day and interface before 45009.
    pub daily_quota: Option<u32>,
    /// An error page with this code in place of every authorize page.
    pub page_error: Option<u32>,
    /// This `wx_errcode` in place of every answer to the long poll.
    pub poll_error: Option<u16>,
    /// How long the long poll holds, in milliseconds.
    pub poll_hold_ms: u64,
    /// Whether the authorize page offers to confirm without scanning.
    pub fast_login: bool,
    /// How long the server interfaces wait before they answer, in milliseconds.
    pub latency_ms: u64,
    /// What goes wrong, and where. The first that applies is used.
    pub faults: Vec<Fault>,
}

/// Something that goes wrong at an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// Where.
    pub endpoint: Endpoint,
    /// For how many calls; `None` is for all.
    #[serde(default)]
    pub times: Option<u32>,
    /// What.
    pub effect: Effect,
}

/// The server interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `/sns/oauth2/access_token`.
    AccessToken,
    /// `/sns/oauth2/refresh_token`.
    RefreshToken,
    /// `/sns/auth`.
    Auth,
    /// `/sns/userinfo`.
    Userinfo,
}

/// What goes wrong. Up to [`Effect::HalfOpen`] the request is not processed; after it, it is, and the
/// answer is spoiled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Effect {
    /// This errcode.
    Errcode(i64),
    /// A redirect to this address.
    Redirect(String),
    /// This HTTP status and an HTML page.
    Status(u16),
    /// No answer, ever.
    HalfOpen,
    /// The connection ends before the answer is complete.
    Drop,
    /// One byte of the answer, then this many milliseconds, and so on.
    Drip(u64),
    /// The answer is followed by this many spaces.
    Oversize(usize),
    /// Status 200 and nothing.
    Empty,
    /// Half of the answer.
    Truncated,
    /// A byte order mark before the answer.
    ByteOrderMark,
    /// An answer about somebody else.
    WrongOpenid,
    /// An answer without this field.
    Missing(String),
    /// Numbers in quotes.
    StringNumbers,
    /// `openid` twice, the first one somebody else's.
    DuplicateKeys,
    /// An additional field nested this deep.
    DeepNesting(usize),
    /// An additional field beyond all numbers.
    HugeNumber,
    /// Ten megabytes of zeros in gzip.
    GzipBomb,
}

/// How an error's text ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RidStyle {
    /// `, rid: 8hex-8hex-8hex`.
    New,
    /// `, hints: [ req_id: … ]`.
    Old,
    /// Without an id.
    None,
}

/// What happens when the user refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DenyMode {
    /// No redirect at all: the authorize page says so and waits on.
    None,
    /// A redirect with `state` and no `code`.
    StateOnly,
    /// A redirect with `code=authdeny`.
    Authdeny,
}

/// What a refresh brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RefreshSemantics {
    /// The same access token with a new life, or a new one if it was expired.
    Renew,
    /// A new access token each time.
    AlwaysNew,
}

/// Whether applications learn unionIds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UnionIdMode {
    /// Yes, but for people who have none.
    On,
    /// No.
    Off,
    /// Not in a person's first login to an application, but in all others.
    Late,
    /// Others than before: the application moved to another account.
    Rekeyed,
}

/// Who is marked `is_snapshotuser`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SnapshotMode {
    /// The people who are snapshot users.
    Own,
    /// Everybody, real users too.
    Everybody,
    /// Nobody, although some have virtual unionIds.
    Unmarked,
}

/// What nicknames look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Nickname {
    /// As people call themselves.
    Own,
    /// Emoji beyond the basic plane, joined and flagged.
    Emoji,
    /// Raw control characters inside the JSON text.
    ControlCharacters,
    /// Bytes that are no UTF-8.
    InvalidUtf8,
    /// A megabyte.
    Megabyte,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            content_type: "text/plain".to_owned(),
            rid_style: RidStyle::New,
            escape_slash: true,
            deny_mode: DenyMode::None,
            double_callback: false,
            code_ttl: 600,
            qr_ttl: 300,
            token_ttl: 7200,
            refresh_ttl: 30 * 24 * 3600,
            refresh_semantics: RefreshSemantics::Renew,
            expired_code_errcode: 40029,
            union_id: UnionIdMode::On,
            snapshot: SnapshotMode::Own,
            privacy: false,
            nickname: Nickname::Own,
            phone_owner: None,
            strict_order: true,
            strict_order_qrconnect: false,
            strict_encoding: false,
            state_max: 128,
            refuse_ports: false,
            require_wechat_browser: false,
            accept_post: true,
            ip_allow_list: None,
            minute_quota: None,
            daily_quota: None,
            page_error: None,
            poll_error: None,
            poll_hold_ms: 25_000,
            fast_login: false,
            latency_ms: 0,
            faults: Vec::new(),
        }
    }
}
