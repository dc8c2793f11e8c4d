//! Which fields the levels of this family read and write of the models that an app may override.
//!
//! A model that lost one would otherwise be found out by the people who cannot sign in any more. The models that are not
//! listed are `protected`: an app that overrides one of those is told so.

use mti_data::{DataType, NeededFields};
use mti_element::OpenContext;

use crate::names::{CORP_MEMBERS, CORPS, PASSWORD_ACCOUNTS, USERS, WECHAT_BINDINGS};

/// What the login service needs: users and organisations.
pub(crate) fn of_service(context: &OpenContext<'_>) {
    NeededFields::of(USERS)
        .field("userId", DataType::Stext)
        .field("nick", DataType::Stext)
        .field("isActive", DataType::Boolean)
        .field("isAdmin", DataType::Boolean)
        .declare(context);
    NeededFields::of(CORPS).field("corpId", DataType::Stext).field("corpName", DataType::Stext).declare(context);
    NeededFields::of(CORP_MEMBERS)
        .field("corpId", DataType::Stext)
        .field("userId", DataType::Stext)
        .field("status", DataType::Integer)
        .declare(context);
}

/// What WeChat logins need: bindings.
pub(crate) fn of_wechat(context: &OpenContext<'_>) {
    NeededFields::of(WECHAT_BINDINGS)
        .field("id", DataType::Integer)
        .field("appId", DataType::Stext)
        .field("userId", DataType::Stext)
        .field("openId", DataType::Stext)
        .field("unionId", DataType::Stext)
        .declare(context);
}

/// What logins by password need: accounts.
pub(crate) fn of_password(context: &OpenContext<'_>) {
    NeededFields::of(PASSWORD_ACCOUNTS)
        .field("id", DataType::Integer)
        .field("userId", DataType::Stext)
        .field("username", DataType::Stext)
        .field("passwordHash", DataType::Stext)
        .declare(context);
}
