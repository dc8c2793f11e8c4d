use std::fmt;

use url::Url;

use crate::answer::Defect;
use crate::code::AuthorizationCode;

/// Where the page has its picture.
const PICTURE_PATH: &str = "/connect/qrcode/";

/// The lengths that WeChat's name of a code may have. Real ones have 16 characters.
const UUID_LENGTHS: std::ops::RangeInclusive<usize> = 8..=64;

/// A QR code that WeChat made for one authorization: its name, and the picture for the phone to scan.
#[derive(Debug, Clone)]
pub struct QrCode {
    /// Its name.
    pub uuid: QrUuid,
    /// What to show.
    pub picture: QrPicture,
}

/// WeChat's name of a QR code. Whoever has it can follow what the phone does with the code, so its `Debug` form is
/// redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct QrUuid(String);

impl QrUuid {
    /// Takes a text that can be such a name.
    pub fn parse(text: &str) -> Option<Self> {
        let is_name = UUID_LENGTHS.contains(&text.len()) && text.bytes().all(is_of_uuid);
        is_name.then(|| Self(text.to_owned()))
    }

    /// The plain text.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The name of the one code that an authorize page shows. A page that tells of a mistake shows none.
    pub(crate) fn of_page(body: &[u8]) -> Result<Self, Defect> {
        let page = String::from_utf8_lossy(body);
        let mut found = None;
        for (start, _) in page.match_indices(PICTURE_PATH) {
            let rest = page.get(start + PICTURE_PATH.len()..).unwrap_or_default();
            let end = rest.find(|character| !u8::try_from(character).is_ok_and(is_of_uuid)).unwrap_or(rest.len());
            let (name, behind) = rest.split_at(end);
            // A script of the page may put addresses together: what does not end as an attribute does is no name.
            let Some(name) = Self::parse(name).filter(|_| behind.starts_with(['"', '\''])) else { continue };
            if found.as_ref().is_some_and(|earlier| *earlier != name) {
                return Err("the authorize page shows several codes");
            }
            found = Some(name);
        }
        found.ok_or("the authorize page shows no code")
    }
}

impl fmt::Debug for QrUuid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("QrUuid(<redacted>)")
    }
}

fn is_of_uuid(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=')
}

/// A picture of one of the kinds that browsers may be given without a second look.
#[derive(Clone)]
pub struct QrPicture {
    /// `image/jpeg` or `image/png`, by what the picture begins with.
    pub media_type: &'static str,
    /// The picture.
    pub bytes: Vec<u8>,
}

impl QrPicture {
    pub(crate) fn of_answer(bytes: Vec<u8>) -> Result<Self, Defect> {
        let media_type = match bytes.as_slice() {
            [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
            [0x89, b'P', b'N', b'G', ..] => "image/png",
            _ => return Err("the picture is neither JPEG nor PNG"),
        };
        Ok(Self { media_type, bytes })
    }
}

impl fmt::Debug for QrPicture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What it shows holds the code's name.
        formatter.debug_struct("QrPicture").field("media_type", &self.media_type).finish_non_exhaustive()
    }
}

/// What a phone has done with a QR code.
#[derive(Debug, Clone)]
pub enum QrProgress {
    /// Nothing yet.
    Waiting,
    /// Somebody scanned it, and is asked whether he agrees.
    Scanned,
    /// He did not agree. The code can be scanned again.
    Cancelled,
    /// It is of no use any more, by its age or by a fault of WeChat's: another one has to be made.
    Expired,
    /// He agreed.
    Confirmed(AuthorizationCode),
}

impl QrProgress {
    /// Reads `window.wx_errcode=408;window.wx_code='';`.
    pub(crate) fn of_answer(body: &[u8]) -> Result<Self, Defect> {
        const NOT_UNDERSTOOD: Defect = "the answer to the poll is not the two assignments that it should be";
        let script = std::str::from_utf8(body).map_err(|_| NOT_UNDERSTOOD)?.trim();
        let assignments = script
            .strip_prefix("window.wx_errcode=")
            .and_then(|rest| rest.split_once(";window.wx_code='"))
            .and_then(|(errcode, rest)| Some((errcode, rest.strip_suffix("';")?)))
            .filter(|(_, code)| !code.contains('\''));
        let (errcode, code) = assignments.ok_or(NOT_UNDERSTOOD)?;
        match errcode {
            "408" => Ok(Self::Waiting),
            "404" => Ok(Self::Scanned),
            "403" => Ok(Self::Cancelled),
            "402" | "500" => Ok(Self::Expired),
            "405" => {
                AuthorizationCode::parse(code).map(Self::Confirmed).map_err(|_| "a confirmation came without a code")
            }
            _ => Err(NOT_UNDERSTOOD),
        }
    }

    /// How a poll says what was seen last, so that it is answered when there is something else.
    pub(crate) fn as_last(&self) -> Option<&'static str> {
        match self {
            Self::Scanned => Some("404"),
            Self::Cancelled => Some("403"),
            Self::Waiting | Self::Expired | Self::Confirmed(_) => None,
        }
    }
}

/// Whether an address is that of WeChat's authorize page, or of what stands in for it. No other page is fetched.
pub(crate) fn is_page_at(address: &Url, open: &Url) -> bool {
    address.origin() == open.origin() && address.username().is_empty() && address.password().is_none()
}
