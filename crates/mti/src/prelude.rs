//! What the author of a level writes with, in one line: `use mti::prelude::*;`

pub use mti_data::{Filter, Model, Row};
pub use mti_element::{
    AppHandle, Element, Facade, Fail, Failure, Level, Map, OpenContext, Principal, Result, Secret, StepValue, This,
    Value, Visitor, level, opaque_step_value, steps,
};
pub use mti_login_types::{Corp, Identity, LoginType, LoginTypeSteps, Profile, User, UserId, WeChat, WeChatSteps};
