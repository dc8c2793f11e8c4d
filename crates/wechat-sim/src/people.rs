use serde::{Deserialize, Serialize};

use crate::error::SimulatorError;

/// Somebody with a WeChat account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Person {
    /// Names the person in this simulator and determines the openIds.
    pub id: String,
    /// What the person is there for.
    #[serde(default)]
    pub title: String,
    /// What the person calls himself.
    pub nickname: String,
    /// Whether there is a picture.
    #[serde(default = "yes")]
    pub has_avatar: bool,
    /// Whether applications learn a unionId.
    #[serde(default = "yes")]
    pub has_union_id: bool,
    /// Whether the answer is marked `is_snapshotuser`, with a unionId that several people share.
    #[serde(default)]
    pub is_snapshot: bool,
}

impl Person {
    /// Whether the id can be part of an address.
    pub(crate) fn check(&self) -> Result<(), SimulatorError> {
        let is_known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_well_formed = (1..=64).contains(&self.id.len()) && self.id.bytes().all(is_known);
        is_well_formed.then_some(()).ok_or_else(|| SimulatorError::MalformedPerson(self.id.chars().take(80).collect()))
    }
}

/// What WeChat calls those who do not tell their name.
pub(crate) const ANONYMOUS: &str = "微信用户";

/// The people who come with the simulator.
pub fn cast() -> Vec<Person> {
    vec![
        person("zhang-san", "An ordinary user / 普通用户", "张三💤"),
        person("li-si", "Another ordinary user / 另一位普通用户", "李四"),
        person("mona", "A name in Latin letters, with a quote / 拉丁字母", "Mona O'Neill & \"Söhne\""),
        person("script", "Markup as a nickname / 昵称含脚本", "<script>alert('微信')</script>"),
        person("rtl", "Right-to-left and invisible characters / 从右到左", "\u{202e}مرحبا\u{200b}abc"),
        person("long", "A very long nickname / 超长昵称", &"很长的昵称".repeat(200)),
        Person { has_avatar: false, ..person("nameless", "Empty nickname, no picture / 空昵称", "") },
        Person { has_avatar: false, ..person("anonymous", "Does not tell his name / 匿名", ANONYMOUS) },
        Person { has_union_id: false, ..person("no-union", "Has no unionId / 无 unionId", "王五") },
        Person {
            is_snapshot: true, ..person("snapshot", "A snapshot user, to be refused / 快照页用户", ANONYMOUS)
        },
    ]
}

fn person(id: &str, title: &str, nickname: &str) -> Person {
    Person {
        id: id.to_owned(),
        title: title.to_owned(),
        nickname: nickname.to_owned(),
        has_avatar: true,
        has_union_id: true,
        is_snapshot: false,
    }
}

fn yes() -> bool {
    true
}
