use axum::http::header::{ACCEPT_LANGUAGE, HeaderValue};
use axum::http::{HeaderMap, Uri};

use crate::cookies;

/// The cookie that keeps what a visitor chose. It says nothing else about him.
const COOKIE_NAME: &str = "mti_lang";

/// The same over https, where nobody but this host can set it. The language is no secret of an app: all on one host share it.
const SECURE_COOKIE_NAME: &str = "__Host-mti_lang";

/// For how long it does, in seconds.
const COOKIE_SECONDS: u32 = 365 * 24 * 60 * 60;

/// A language that pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Chinese,
}

impl Language {
    /// All of them, in the order that they are offered in.
    pub(crate) const ALL: [Self; 2] = [Self::Chinese, Self::English];

    /// The one that the visitor chose before, else the one that his browser likes best.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let kept = |wanted: &str| cookies::pairs(headers).find(|(name, _)| *name == wanted);
        let chosen = kept(SECURE_COOKIE_NAME).or_else(|| kept(COOKIE_NAME)).and_then(|(_, tag)| Self::named(tag));
        chosen.unwrap_or_else(|| Self::preferred(headers))
    }

    /// The one that an address asks for: `?lang=en`.
    pub(crate) fn asked_for(address: &Uri) -> Option<Self> {
        let mut pairs = address.query()?.split('&');
        pairs.find_map(|pair| pair.strip_prefix("lang=")).and_then(Self::named)
    }

    /// What keeps it as the visitor's choice, as the value of `Set-Cookie`.
    pub(crate) fn cookie(self, is_secure: bool) -> Option<HeaderValue> {
        let (name, secure) = if is_secure { (SECURE_COOKIE_NAME, "; Secure") } else { (COOKIE_NAME, "") };
        let tag = self.tag();
        let cookie = format!("{name}={tag}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax{secure}");
        HeaderValue::try_from(cookie).ok()
    }

    /// The one that a browser likes best, of those that there are (RFC 9110, 12.5.4). English when it names none of them.
    fn preferred(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
        let mut best = (0, Self::English);
        for (language, weight) in lines.flat_map(|line| line.split(',')).filter_map(weighted) {
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    /// The one of a tag, whatever its region.
    fn named(tag: &str) -> Option<Self> {
        // With an underscore it is what systems call their languages.
        let primary = tag.split(['-', '_']).next()?;
        if primary.eq_ignore_ascii_case("zh") {
            Some(Self::Chinese)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Self::English)
        } else {
            None
        }
    }

    /// The tag that stands in a page's `lang`.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    /// What it calls itself.
    pub(crate) fn own_name(self) -> &'static str {
        self.choose("English", "中文")
    }

    /// The one of two texts that is in this language.
    pub(crate) fn choose<T>(self, english: T, chinese: T) -> T {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }
}

/// One range of the header with its weight in thousandths.
fn weighted(range: &str) -> Option<(Language, u16)> {
    let mut parts = range.split(';').map(str::trim);
    let language = Language::named(parts.next()?)?;
    let mut parameters = parts.filter_map(|part| part.split_once('='));
    let weight = match parameters.find(|(name, _)| name.trim_end().eq_ignore_ascii_case("q")) {
        Some((_, weight)) => thousandths(weight.trim_start())?,
        None => 1000,
    };
    Some((language, weight))
}

/// A weight as it is written: 0 to 1 with at most three digits behind the point.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let digits = fraction.len() <= 3 && fraction.bytes().all(|digit| digit.is_ascii_digit());
    let fraction: u16 = if digits { format!("{fraction:0<3}").parse().ok()? } else { return None };
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}
