use std::time::Duration;

/// A login that waits for the phone.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pub(crate) app_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) scope: String,
    pub(crate) state: String,
    /// Whether `connect_redirect=1` keeps WeChat's browser from requesting the callback twice.
    pub(crate) wants_one_callback: bool,
    pub(crate) flow: Flow,
    pub(crate) created: Duration,
    pub(crate) stage: Stage,
}

/// Where the login began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// On a desktop, which shows a picture and polls.
    QrCode,
    /// In WeChat's own browser, which is redirected.
    InsideWeChat,
}

/// How far the phone is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    Waiting,
    Scanned,
    Cancelled,
    Confirmed { code: String },
}

impl Stage {
    /// Its name on the control page and in answers.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Scanned => "scanned",
            Self::Cancelled => "cancelled",
            Self::Confirmed { .. } => "confirmed",
        }
    }
}

/// What the long poll says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PollAnswer {
    pub(crate) errcode: u16,
    pub(crate) code: String,
}

impl PollAnswer {
    pub(crate) const WAITING: u16 = 408;
    pub(crate) const SCANNED: u16 = 404;
    pub(crate) const CONFIRMED: u16 = 405;
    pub(crate) const CANCELLED: u16 = 403;
    pub(crate) const EXPIRED: u16 = 402;

    pub(crate) fn without_code(errcode: u16) -> Self {
        Self { errcode, code: String::new() }
    }
}

impl Ticket {
    /// What there is to say to a page that was told `last` before; `None` is nothing new.
    pub(crate) fn news(&self, last: Option<u16>, is_expired: bool) -> Option<PollAnswer> {
        let errcode = match &self.stage {
            // A confirmed login is delivered even if the picture ran out meanwhile.
            Stage::Confirmed { code } => {
                return Some(PollAnswer { errcode: PollAnswer::CONFIRMED, code: code.clone() });
            }
            _ if is_expired => PollAnswer::EXPIRED,
            Stage::Waiting => return None,
            Stage::Scanned => PollAnswer::SCANNED,
            Stage::Cancelled => PollAnswer::CANCELLED,
        };
        (last != Some(errcode)).then(|| PollAnswer::without_code(errcode))
    }

    /// The address to which the browser goes, put together as WeChat's page does it: by appending.
    pub(crate) fn callback(&self, code: Option<&str>) -> String {
        let code = code.map(|code| format!("code={code}&")).unwrap_or_default();
        format!("{}{code}state={}", self.callback_prefix(), self.encoded_state())
    }

    pub(crate) fn callback_prefix(&self) -> String {
        let address = self.redirect_uri.replace("&amp;", "&");
        let separator = if address.contains('?') { '&' } else { '?' };
        format!("{address}{separator}")
    }

    pub(crate) fn encoded_state(&self) -> String {
        url::form_urlencoded::byte_serialize(self.state.as_bytes()).collect()
    }
}
