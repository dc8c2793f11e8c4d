use std::fmt;

use crate::answer::{Answer, Defect};
use crate::identity::{OpenId, UnionId};

/// What WeChat tells about a person.
///
/// None of the texts identifies anyone. A nickname may be empty, very long, the same for everybody
/// ("微信用户"), or contain emoji, right-to-left marks and markup: escape it wherever it is shown. The `Debug`
/// form contains nothing personal.
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
    /// The person, the same as in the tokens.
    pub open_id: OpenId,
    /// The person across the applications of one open-platform account.
    pub union_id: Option<UnionId>,
    /// What the person calls himself.
    pub nickname: String,
    /// Address of the avatar. It dies when the person changes his avatar. Anything but `http` and `https`
    /// counts as none.
    pub avatar: Option<String>,
    /// The language setting.
    pub language: String,
    /// Empty since 2021.
    pub country: String,
    /// Empty since 2021.
    pub province: String,
    /// Empty since 2021.
    pub city: String,
    /// Privileges of the account.
    pub privileges: Vec<String>,
}

/// The languages in which WeChat writes names of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Simplified Chinese.
    #[default]
    SimplifiedChinese,
    /// Traditional Chinese.
    TraditionalChinese,
    /// English.
    English,
}

impl Profile {
    pub(crate) fn from_answer(answer: &Answer) -> Result<Self, Defect> {
        let avatar = answer.display_text("headimgurl");
        let is_address = avatar.starts_with("https://") || avatar.starts_with("http://");
        Ok(Self {
            open_id: answer.open_id()?,
            union_id: answer.union_id()?,
            nickname: answer.display_text("nickname"),
            avatar: is_address.then_some(avatar),
            language: answer.display_text("language"),
            country: answer.display_text("country"),
            province: answer.display_text("province"),
            city: answer.display_text("city"),
            privileges: answer.display_list("privilege"),
        })
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Profile").finish_non_exhaustive()
    }
}

impl Language {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SimplifiedChinese => "zh_CN",
            Self::TraditionalChinese => "zh_TW",
            Self::English => "en",
        }
    }
}
